-- Programs with Lua and beartls inside: libbeartls.a in examples/embed/game.c, away from every file of beartls's.
-- What is true of one Lua alone is in spec/hosts/static_spec.lua.

local built = require "support.built"
local pki = require "support.pki"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local here = io.popen("pwd"):read "*l"

-- No module can be found but those that are compiled in.
local nowhere = { LUA_PATH = "", LUA_CPATH = "", LUA_PATH_5_4 = "", LUA_CPATH_5_4 = "", LUA_PATH_5_3 = "",
  LUA_CPATH_5_3 = "" }

local function modules()
  local list = {}
  for path in io.popen("cd lua && find beartls -name '*.lua' ! -name meta.lua"):lines() do
    list[#list + 1] = path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  end
  return list
end

describe("A program with beartls inside", function()
  local game, dir, port

  setup(function()
    if not os.getenv "BEARTLS_ASAN" then
      local output, code = process.run(("make --no-print-directory -s LUA=%s build/%s/game"):format(LUA, LUA),
        { seconds = 120 })
      assert(code == 0, output)
    end
    game = assert(built "game", "make has built no game")
    dir = process.tmpdir()
    process.write_file(dir .. "/ca.pem", pki.read "trust.pem")
    port = process.free_port()
    process.start(("%s spec/support/example_peer.lua echo %d %s %s"):format(LUA, port, pki.path "server_rsa.pem",
      pki.path "server_rsa.key")):wait_for_port(port)
  end)
  teardown(process.cleanup)

  -- Runs it in an empty folder with a script.
  local function run(script, ...)
    return process.run(("cd %s && %s %s 127.0.0.1 %d %s"):format(dir, game, script, port, table.concat({ ... }, " ")),
      { env = nowhere })
  end

  local function run_text(text, ...)
    process.write_file(dir .. "/script.lua", text .. "\nfunction step() end")
    return run("script.lua", ...)
  end

  it("shakes hands in slices, without a file of beartls's", function()
    local output, code = run(here .. "/examples/embed/game.lua", "ca.pem")
    assert.equal(0, code, output)
    local slices = tonumber(output:match "^open after (%d+) slices, TLSv1.3 TLS_AES_128_GCM_SHA256\nhello\nclosed\n")
    assert.is_true(slices and slices >= 5, output) -- the server's flight is longer than 1 kB, a slice 256 bytes
    local frames = tonumber(output:match "\n(%d+) frames, TLS took at most [%d.]+ ms of one\n$")
    assert.is_true(frames and frames >= 3, output)
  end)

  it("does not trust whom it should not", function()
    process.write_file(dir .. "/other.pem", pki.read "other_root.pem")
    local output = run(here .. "/examples/embed/game.lua", "other.pem")
    assert.matches("^.*which is not trusted", output)
  end)

  it("has every module, each of which loads or misses what is not beartls's", function()
    local output, code = run_text([[
      for _, name in ipairs { ... } do
        assert(package.preload[name], name)
        local ok, message = pcall(require, name)
        local missed = not ok and tostring(message):match "module '([^']+)' not found"
        if not ok and message:find "previous error" then -- Lua 5.1 and LuaJIT try a module but once
          missed = "previous error"
        end
        assert(ok or missed and not missed:find "^beartls", message)
        print(name, ok or missed)
      end
    ]], table.concat(modules(), " "))
    assert.equal(0, code, output)
    assert.matches("\nbeartls\ttrue\n", "\n" .. output, 1, true)
    assert.matches("\nbeartls.pki\ttrue\n", output, 1, true)
    assert.matches("\nbeartls.socket\t%l+", output)
  end)

  it("names the lines of the sources", function()
    local output = run_text [[
      local info = debug.getinfo(require "beartls.files".read, "S")
      print(info.source, info.linedefined)
    ]]
    local line = 0
    for text in io.lines "lua/beartls/files.lua" do
      line = line + 1
      if text:find("^function files%.read%(") then
        break
      end
    end
    assert.matches("@beartls/files.lua\t" .. line .. "\n", output, 1, true)
  end)
end)
