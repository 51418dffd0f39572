-- protect.lua: LuaSocket's socket.protect, out of which coroutines can yield: what socket.try has thrown becomes nil
-- and that, other errors stay errors. (On Lua 5.1 itself no coroutine can yield out of a pcall.)

local luasocket = require "socket"

local function unwrap(ok, ...)
  if ok then
    return ...
  end
  return luasocket.protect(error)((...), 0) -- it alone knows what socket.try throws
end

---@param f function
---@return function
return function(f)
  return function(...)
    return unwrap(pcall(f, ...))
  end
end
