-- luarocks, unchanged, on the drop-in for LuaSec: it searches, downloads and installs from an https server.

local https_site = require "support.https_site"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local LUAROCKS = "/usr/bin/luarocks"
local here = io.popen("pwd"):read "*l"

local it = process.has "nginx" and peer.needs("luarocks", it, pending) or peer.needs("nginx", it, pending)

-- A rock of one module, and the server's list of what it has.
local ROCKSPEC = [[
rockspec_format = "3.0"
package, version = "bear", "1.0-1"
source = { url = "https://127.0.0.1:%d/bear-1.0.tar.gz" }
description = { summary = "a bear", license = "MIT" }
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { bear = "bear.lua" } }
]]
local MANIFEST = [[
commands, modules = {}, {}
repository = { bear = { ["1.0-1"] = { { arch = "rockspec" } } } }
]]

local site, dir

local function luarocks(arguments, env)
  env = env or {}
  -- What it has fetched before, or could not, it does not fetch again.
  os.execute(("rm -rf %s/.cache %s/tree"):format(dir, dir))
  -- LuaRocks knows no LUA_PATH but its own: absolute, since it changes directories.
  env.LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(here, here)
  env.LUA_CPATH = package.cpath
  env.HOME, env.LUAROCKS_CONFIG = dir, dir .. "/config.lua"
  return process.run(("%s -l beartls.as_ssl %s --lua-version %s --tree %s/tree --only-server=https://127.0.0.1:%d %s")
    :format(LUA, LUAROCKS, _VERSION:match "%d.%d", dir, site.port, arguments), { env = env, seconds = 60 })
end

describe("luarocks", function()
  setup(function()
    dir = process.tmpdir()
    site = https_site.start()
    process.write_file(dir .. "/config.lua", "")
    process.write_file(site.html .. "/manifest", MANIFEST)
    process.write_file(site.html .. ("/manifest-%s"):format(_VERSION:match "%d.%d"), MANIFEST)
    process.write_file(site.html .. "/bear-1.0-1.rockspec", ROCKSPEC:format(site.port))
    os.execute(("mkdir %s/bear-1.0"):format(dir))
    process.write_file(dir .. "/bear-1.0/bear.lua", "return 'growl'\n")
    os.execute(("cd %s && tar czf %s/bear-1.0.tar.gz bear-1.0"):format(dir, site.html))
  end)
  teardown(process.cleanup)

  it("searches", function()
    local output, code = luarocks "search bear"
    assert.equal(0, code, output)
    assert.matches("bear.-1%.0%-1 %(rockspec%) %- https://127%.0%.0%.1:" .. site.port, output)
  end)

  it("installs", function()
    local output, code = luarocks "install bear"
    assert.equal(0, code, output)
    local ran = process.run(("%s -e 'package.path=%q print((require%q))'"):format(LUA,
      ("%s/tree/share/lua/%s/?.lua"):format(dir, _VERSION:match "%d.%d"), "bear"))
    assert.equal("growl\n", ran)
  end)

  it("is kept from servers that nobody believes, if that is wanted", function()
    local output, code = luarocks("install bear", { BEARTLS_STRICT = "1" })
    assert.not_equal(0, code)
    assert.matches("certificate verify failed: the server's certificate [^\n]* is not trusted", output)
    output, code = luarocks("install bear",
      { BEARTLS_STRICT = "1", SSL_CERT_FILE = here .. "/" .. pki.path "trust.pem" })
    assert.equal(0, code, output)
  end)
end)
