-- The rules of the house, measured.

local function lines_of(path)
  local list = {}
  for line in io.lines(path) do
    list[#list + 1] = line
  end
  return list
end

local function files(pattern)
  local list = {}
  local pipe = io.popen("ls " .. pattern .. " 2>/dev/null")
  for path in pipe:lines() do
    list[#list + 1] = path
  end
  pipe:close()
  assert(#list > 0, "there is no " .. pattern)
  return list
end

local sources = files "src/*/*.c src/*/*.h"
local modules = files "lua/beartls/*.lua lua/beartls/*/*.lua"

-- Design, section 2: a floor may include what is on its own floor or below.
local floors = { core = 1, crypto = 2, pki = 3, tls = 4, binding = 5, embed = 6 }

-- Headers of C99, of BearSSL and of Lua: there on every system.
local anywhere = {}
for _, name in ipairs { "limits", "stdarg", "stddef", "stdint", "stdio", "string", "bearssl", "lua", "lauxlib" } do
  anywhere[name .. ".h"] = true
end

describe("the sources in C", function()
  for _, path in ipairs(sources) do
    local floor = path:match "^src/(%w+)/"
    local text = table.concat(lines_of(path), "\n") .. "\n"

    it(path .. " includes nothing from above its floor, and Lua only in the bindings", function()
      for other in text:gmatch '#include "(%w+)/' do
        assert.is_truthy(floors[other], "no such floor: " .. other)
        assert.is_true(floors[other] <= floors[floor], path .. " includes from " .. other)
      end
      if floors[floor] < floors.binding then
        assert.is_nil(text:find("#include <l[ua][au][ux]") and text:find("#include <lua", 1, true))
        assert.is_nil(text:find("#include <lauxlib", 1, true))
      end
    end)

    it(path .. " wants nothing of a system but C's own headers, unless it is the file for that", function()
      for header in text:gmatch "#include <([%w_/.]+)>" do
        assert.is_true(anywhere[header] or path == "src/core/system.c", path .. " includes " .. header)
      end
      for _, macro in ipairs { "_WIN32", "__linux__", "__APPLE__", "__unix__" } do
        local named = text:find(macro, 1, true) ~= nil
        assert.is_true(not named or path == "src/core/system.c" or path == "src/binding/compat.h", macro)
      end
    end)

    it(path .. " takes memory from the Lua state alone and touches no file", function()
      for _, name in ipairs { "malloc", "calloc", "realloc", "fopen", "printf", "socket", "strcpy", "sprintf" } do
        assert.is_nil(text:find("[^%w_]" .. name .. "%("), path .. " calls " .. name)
      end
    end)

    it(path .. " opens by saying what it owns, and stays small", function()
      assert.matches("^/%* [%w_]+%.[ch] %-%- ", text)
      assert.is_true(#lines_of(path) <= 500, path .. " is longer than 500 lines")
    end)

    it(path .. " has functions that are seen whole", function()
      local start
      for i, line in ipairs(lines_of(path)) do
        if line == "{" then
          start = i
        elseif line == "}" and start then
          assert.is_true(i - start <= 61, ("%s: the function at line %d has more than 60 lines"):format(path, start))
          start = nil
        end
      end
    end)
  end

  it("call their functions btls_ when other files may call them", function()
    for _, path in ipairs(files "src/*/*.h") do
      for _, line in ipairs(lines_of(path)) do
        local name = line:match "^[%w_ ]+[ %*]([%w_]+)%("
        if name and not line:find "^%s" and not line:find "^typedef" and not line:find "^#" then
          assert.matches(path == "src/embed/beartls.h" and "^beartls_open" or "^btls_", name, 1, path .. ": " .. line)
        end
      end
    end
  end)
end)

describe("the modules in Lua", function()
  for _, path in ipairs(modules) do
    it(path .. " opens with a comment and has no tabs", function()
      local list = lines_of(path)
      assert.matches("^%-%-", list[1])
      for i, line in ipairs(list) do
        assert.is_nil(line:find "\t", ("%s:%d"):format(path, i))
      end
    end)
  end
end)

describe("the examples", function()
  for _, path in ipairs(files "examples/*.lua") do
    it(path .. " is one wish in at most 40 lines", function()
      local list = lines_of(path)
      assert.is_true(#list <= 40)
      assert.matches("^%-%- " .. path:match "([%w_]+)%.lua$" .. ": ", list[1])
      assert.matches("usage: lua ", table.concat(list, "\n", 1, 4))
    end)
  end
end)
