-- Nothing stands in the way of Lua 5.5, which Debian 12 does not have: what it took away or changed since 5.4 is not
-- used, neither in C (spec/support/lua55/lua.h turns the headers of 5.4 into those of 5.5, as far as they differ) nor
-- in Lua.

local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local C = "cc -std=gnu99 -Wall -Wextra -Werror -fsyntax-only -Ispec/support/lua55 -Isrc $(pkg-config --cflags lua5.4) "

describe("For Lua 5.5", function()
  teardown(process.cleanup)

  local function c_compiles(text)
    local file = process.tmpdir() .. "/x.c"
    process.write_file(file, "#include <lua.h>\n" .. text .. "\n")
    local output, code = process.run(C .. file)
    return code == 0, output
  end

  local function complaints(text)
    local file = process.tmpdir() .. "/x.lua"
    process.write_file(file, text .. "\n")
    return (process.run("lua5.1 spec/support/lua55.lua " .. file):gsub(file .. ":", ""))
  end

  if LUA ~= "lua5.4" or not (process.has "lua5.1" and process.has "luacheck") then
    pending("the sources are looked at where Lua 5.4, 5.1 and luacheck are installed, by the first of them")
    return
  end

  it("the C sources compile with what its interface changed", function()
    local output, code = process.run("for f in src/binding/*.c src/embed/*.c spec/support/*.c; do " .. C
      .. "-Ispec/support $f || exit 1; done", { seconds = 60 })
    assert.equal(0, code, output)
  end)

  it("the check in C finds what is gone", function()
    assert.is_true(c_compiles "int f(lua_State *L); int f(lua_State *L) { return lua_gc(L, LUA_GCSTEP, (size_t)9); }")
    for _, use in ipairs {
      "lua_gc(L, LUA_GCSTEP, 9)", "lua_newstate(0, 0)", "lua_setcstacklimit(L, 200)", "lua_gc(L, LUA_GCSETPAUSE, 100)",
    } do
      local ok, output = c_compiles(("void f(lua_State *L); void f(lua_State *L) { (void)L; (void)%s; }"):format(use))
      assert.is_false(ok, use)
      assert.matches("error", output)
    end
  end)

  it("the Lua sources have nothing that it refuses", function()
    assert.equal("", (process.run("lua5.1 spec/support/lua55.lua lua/beartls/command"
      .. " $(find lua src spec examples -name '*.lua')", { seconds = 60 })))
  end)

  it("the check in Lua finds what it refuses", function()
    for text, line in pairs {
      ["for i = 1, 3 do\n  i = i + 1\nend"] = "2: the variable of a loop is assigned: i",
      ["for k, v in next, {} do\n  local function f() k = v end\nend"] = "2: the variable of a loop is assigned: k",
      ["local global = 1"] = "1: global is a word of the language",
      ["collectgarbage('setpause', 100)"] = "1: collectgarbage knows no setpause any more",
    } do
      assert.matches(line, complaints(text), 1, true)
    end
    for _, text in ipairs {
      "for i = 1, 3 do local i = i i = 2 end", "for k, v in next, {} do v = 1 end", "local i for i = 1, 2 do end i = 2",
      "for i = 1, 2 do local function f(i) i = 1 end f() end", "x.global = 1",
    } do
      assert.equal("", complaints(text))
    end
  end)
end)
