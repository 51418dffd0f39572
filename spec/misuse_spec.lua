-- Whatever a program hands over: an error that says so, or an answer, never a crash. With `make asan` this is a search.

local pair = require "support.pair"
local pki = require "support.pki"
local tls = require "beartls"

local function objects()
  local p = pair.open()
  return {
    config = p.client_config, session = p.client, ticket = p.client:ticket(),
    certificate = assert(tls.certificate.load(pki.path "server_chain_ec.pem")),
    key = assert(tls.key.load(pki.path "server_ec.key")),
    trust = assert(tls.trust.load(pki.path "trust.pem")),
  }, p
end

local NONE = {}

local function samples()
  local list = { NONE, true, 5, -1, 0.5, 2 ^ 53, -2 ^ 63, 1e300, math.huge, 0 / 0, "", "x", "a\0b", ("long"):rep(500),
    {}, { 1 }, { nil, {} }, print, function() end, io.stdout, coroutine.create(function() end),
    setmetatable({}, { __index = error, __tostring = error, __len = error }) }
  for _, object in pairs((objects())) do
    list[#list + 1] = object
  end
  return list
end

-- What takes long enough to be called rarely, or leaves something behind.
local left_out = { ["key.generate"] = true, ["trust.system"] = true }

-- Calls f with each sample, and with each pair of them after `first`, if there is one.
local function call(name, f, list, first)
  local function try(...)
    local ok, message = pcall(f, ...)
    if not ok then
      assert(type(message) == "string", name .. " raised a " .. type(message))
    end
  end
  local function value(x)
    if x == NONE then
      return nil
    end
    return x
  end
  for _, one in ipairs(list) do
    try(value(one))
    for k = 1, #list, first and 1 or 3 do
      try(value(first or one), value(first and one or list[k]), value(list[k]))
    end
  end
end

describe("a function that is called with anything", function()
  for _, module in ipairs { "beartls", "beartls.core" } do
    local function visit(name, functions)
      for key, f in pairs(functions) do
        local path = name and name .. "." .. key or key
        if type(f) == "function" and not left_out[path] then
          it(("answers: %s, %s"):format(module, path), function()
            call(path, f, samples())
            pair.open()
          end)
        elseif type(f) == "table" and not path:find "metatable" then
          visit(path, f)
        end
      end
    end
    visit(nil, require(module))
  end
end)

describe("a method that is called with anything", function()
  for kind, object in pairs((objects())) do
    for name in pairs(getmetatable(object).__index) do
      it(("answers: %s:%s"):format(kind, name), function()
        local own = objects()
        local list = name == "pem" and { NONE, {}, print, true } or samples() -- a password takes its time
        call(name, own[kind][name], list, own[kind])
        pair.open()
      end)
    end

    it(("answers: what %s objects answer to operators"):format(kind), function()
      for name, f in pairs(getmetatable(object)) do
        if type(f) == "function" then
          call(name, f, samples())
        end
      end
      pair.open()
    end)
  end
end)

-- What a config holds must not be wiped by hand; what nobody holds may.
describe("an object that was wiped", function()
  for kind in pairs((objects())) do
    it("answers with errors: " .. kind, function()
      local own, p = objects()
      local mt = getmetatable(own[kind])
      for _ = 1, 2 do
        mt.__gc(own[kind])
      end
      assert.is_string(tostring(own[kind]))
      for name, method in pairs(mt.__index) do
        for _, argument in ipairs(samples()) do
          local ok, value = pcall(method, own[kind], argument)
          assert.is_true(not ok or value == nil, name)
        end
      end
      for _, session in ipairs { p.client, p.server } do
        pcall(session.write, session, "data")
        pcall(session.drain, session)
        pcall(session.feed, session, "garbage")
        pcall(session.failure, session)
        pcall(session.close, session)
      end
      pcall(tls.config, { certificate = own.certificate, key = own.key })
      pcall(tls.config, { trust = own.trust })
      pcall(own.config.client, own.config, "localhost", { ticket = own.ticket })
      pcall(own.trust.verify, own.trust, own.certificate, { name = "localhost" })
      pcall(own.key.matches, own.key, own.certificate)
    end)
  end
end)
