-- dial.lua: a TCP connection, or why there is none.

local luasocket = require "socket"
local unreachable = require "beartls.stream.unreachable"

local dial = { where = unreachable.where }

---Connects.
---@param host string a name or an address, without brackets
---@param port integer|string
---@param seconds number|nil how long that may take
---@return table|nil tcp LuaSocket's object
---@return table|nil failure { message, code, hint }
function dial.tcp(host, port, seconds)
  local tcp, err = luasocket.tcp()
  if tcp then
    tcp:settimeout(seconds)
    local ok
    ok, err = tcp:connect(host, port)
    if ok then
      tcp:setoption("tcp-nodelay", true) -- a record is a whole: nothing gets better by waiting
      return tcp
    end
    tcp:close()
  end
  return nil, unreachable.failure(host, port, err)
end

return dial
