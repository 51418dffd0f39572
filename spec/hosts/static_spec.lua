-- libbeartls.a: what it defines, where it is installed, and a program that needs no shared library and no file.

local pki = require "support.pki"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local BUILD = "build/" .. LUA

local function fine(command, how)
  local output, code = process.run(command, how)
  assert.equal(0, code, command .. "\n" .. output)
  return output
end

local function make(goals)
  return fine(("make --no-print-directory -s LUA=%s %s"):format(LUA, goals), { seconds = 120 })
end

local function compile(program, sources, library)
  fine(("cc $(pkg-config --cflags %s) -o %s %s %s $(pkg-config --libs %s) -lm -ldl"):format(LUA, program, sources,
    library, LUA))
end

describe("make static", function()
  setup(function()
    make("static " .. BUILD .. "/game-static")
  end)
  teardown(process.cleanup)

  it("gives an archive that defines nothing but its two functions", function()
    local defined = {}
    for name in fine("nm --defined-only --extern-only " .. BUILD .. "/libbeartls.a"):gmatch " %u ([%w_]+)" do
      defined[#defined + 1] = name
    end
    table.sort(defined)
    assert.same({ "beartls_open", "beartls_open_ssl" }, defined)
  end)

  it("leaves the host's stack and the host's names alone, and wants the library package", function()
    local program = process.tmpdir() .. "/embedder"
    compile(program, "-Isrc spec/support/embedder.c", BUILD .. "/libbeartls.a")
    assert.equal(table.concat({ 'beartls_open: open the library "package" first', "0", "1 values, the last is 7",
      "fine", "fine", "fine", "fine", "0", "0 values", "fine", "fine" }, "\n") .. "\n",
      fine(program, { env = { LUA_PATH = "", LUA_CPATH = "" } }))
  end)

  it("leaves out what is not wanted, and notices when that changes", function()
    local dir = process.tmpdir()
    local function modules(without)
      make(("B=%s %s/embed/modules.c WITHOUT='%s'"):format(dir, dir, without))
      local found = {}
      for name in process.read_file(dir .. "/embed/modules.c"):gmatch '{ "(beartls[%w_.]*)"' do
        found[name] = true
      end
      return found
    end
    local all, some = modules "", modules "cli pki"
    for _, name in ipairs { "beartls", "beartls.peer", "beartls.pki", "beartls.pki.der", "beartls.cli.pki.new" } do
      assert.is_true(all[name], name)
      assert.equal(not name:find "%.cli" and not name:find "%.pki" or nil, some[name], name)
    end
    assert.same(all, modules "")
  end)

  it("installs the archive and the header where a program is built from them", function()
    local to = process.tmpdir()
    make("install-static PREFIX=" .. to)
    process.write_file(to .. "/main.c", "#include <beartls.h>\n#include <lauxlib.h>\n#include <lualib.h>\n"
      .. 'int main(void) { lua_State *L = luaL_newstate(); luaL_openlibs(L); beartls_open(L);\n'
      .. 'return luaL_dostring(L, "print(#require \'beartls\'.trust.system())"); }\n')
    compile(to .. "/main", ("-I%s/include %s/main.c"):format(to, to), to .. "/lib/lua/*/libbeartls.a")
    assert.is_true(tonumber(fine("cd / && LUA_PATH= LUA_CPATH= " .. to .. "/main")) > 0)
    make("uninstall PREFIX=" .. to)
    assert.equal("", fine(("cd %s && find include lib -type f"):format(to)))
  end)

  it("makes a program that shakes hands in a folder with nothing but itself in it", function()
    local port, dir = process.free_port(), process.tmpdir()
    process.start(("%s spec/support/example_peer.lua echo %d %s %s"):format(LUA, port, pki.path "server_rsa.pem",
      pki.path "server_rsa.key")):wait_for_port(port)
    fine(("cp %s/game-static examples/embed/game.lua %s %s"):format(BUILD, pki.path "trust.pem", dir))
    assert.matches("not a dynamic executable", (process.run(("LC_ALL=C ldd %s/game-static"):format(dir))), 1, true)
    -- For root, the folder can be all that there is.
    local root = fine("id -u"):match "^%d+" == "0"
    local command = root and "chroot %s /game-static" or "cd %s && ./game-static"
    local output = fine(command:format(dir) .. " game.lua 127.0.0.1 " .. port .. " trust.pem",
      { env = { LUA_PATH = "", LUA_CPATH = "" } })
    assert.matches("^open after %d+ slices, TLSv1.3 [%w_]+\nhello\nclosed\n%d+ frames", output)
  end)
end)
