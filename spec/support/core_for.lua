-- core_for.lua: the core for another Lua than the one that runs the specs: that of a program which embeds it.

local process = require "support.process"

local here = io.popen("pwd"):read "*l"

---Builds it, if that has not been done.
---@param lua "lua5.4"|"lua5.3"|"lua5.1"|"luajit"
---@return { LUA_PATH: string, LUA_CPATH: string }|nil environment where such a program finds beartls and spec/
---@return string|nil why_not
return function(lua)
  if process.run("command -v " .. lua .. " && pkg-config --exists " .. lua) == "" then
    return nil, "needs " .. lua .. " and its headers"
  end
  local output, code = process.run("make --no-print-directory -s all LUA=" .. lua, { seconds = 120 })
  assert(code == 0, output)
  return {
    LUA_PATH = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/spec/?.lua;;"):format(here, here, here),
    LUA_CPATH = ("%s/build/%s/?.so;;"):format(here, lua),
  }
end
