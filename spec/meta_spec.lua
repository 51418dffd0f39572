-- The annotations describe just what is there.
local tls = require "beartls"
local core = require "beartls.core"
local pki = require "support.pki"

local function methods_of(object)
  return getmetatable(object).__index
end

local certificate = assert(tls.certificate.load(pki.path "server_ec.pem"))
local config = assert(tls.config { trust = pki.path "trust.pem" })

local functions = {}
for name, value in pairs(core) do
  functions[name] = type(value) == "function" and value or nil
end

local actual = {
  core = functions,
  config = core.config_metatable.__index,
  session = core.session_metatable.__index,
  certificate = methods_of(certificate),
  key = methods_of(assert(tls.key.load(pki.path "server_ec.key"))),
  trust = methods_of(assert(tls.trust.load(pki.path "trust.pem"))),
  crls = methods_of(assert(tls.crls.parse(assert(assert(require("beartls.pki").ca { name = "x" }):crl()):pem()))),
  ticket = debug.getregistry()["beartls.ticket"].__index,
}

local function annotated()
  local found, comment = {}, false
  for line in io.lines "lua/beartls/meta.lua" do
    local class, name = line:match "^function (%w+)[:.]([%w_]+)%("
    if class then
      found[class] = found[class] or {}
      found[class][name] = comment
    end
    comment = line:find "^%-%-%-" ~= nil
  end
  return found
end

describe("the annotations", function()
  local found = annotated()
  for class, methods in pairs(actual) do
    it(("of %s name every method, and none that is not there"):format(class), function()
      for name in pairs(methods) do
        assert.is_true(found[class][name], ("%s:%s is not annotated"):format(class, name))
      end
      for name in pairs(found[class]) do
        assert.is_function(methods[name], ("%s:%s is annotated and not there"):format(class, name))
      end
    end)
  end

  it("are never loaded by beartls itself", function()
    assert.is_nil(package.loaded["beartls.meta"])
    assert.is_truthy(config)
  end)
end)

-- What a module returns or puts on objects, by the names that the modules use for it.
local public = {}
for _, name in ipairs { "tls", "config_methods", "session_methods", "methods", "socket", "stream", "trace", "decode",
  "files", "system", "options", "json", "cli" } do
  public[name] = true
end

describe("the modules in Lua", function()
  local pipe = io.popen "ls lua/beartls/*.lua"
  for path in pipe:lines() do
    it(path .. " annotates every public function", function()
      local before = ""
      for line in io.lines(path) do
        local name = line:match "^function ([%w_.:]+)%("
        if name and public[name:match "^[%w_]+"] and name:find "[.:]" then
          assert.is_truthy(before:find "^%-%-%-", ("%s: %s has no annotation"):format(path, name))
        end
        before = line
      end
    end)
  end
  pipe:close()
end)
