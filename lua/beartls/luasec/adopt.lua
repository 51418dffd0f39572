-- adopt.lua: takes over the descriptor of somebody else's socket. The object that had it is left without, as programs
-- expect that hand a socket to ssl.wrap; what it had read ahead is lost with it, so that nothing said in plaintext is
-- taken for protected.

local luasocket = require "socket"
local transport = require "beartls.socket.transport"

local adopt = {}

---A transport for a descriptor, which it closes in the end.
---@param fd number
---@return table|nil transport
---@return string|nil err
function adopt.fd(fd)
  local tcp, err = luasocket.tcp4()
  if not tcp then
    return nil, err
  end
  -- Only what has connected, or has tried to, may send and receive. This attempt fails before a packet is sent: the
  -- address is of another family.
  tcp:connect("::1", 1)
  tcp:close()
  tcp:setfd(fd)
  return transport.new(tcp)
end

---A transport for what an object with getfd and setfd has open. When there is none, the object still has it.
---@param socket table|userdata LuaSocket's, or anything that has these two
---@return table|nil transport
---@return string|nil err
function adopt.socket(socket)
  local own, err = adopt.fd(socket:getfd())
  if own then
    socket:setfd(-1)
  end
  return own, err
end

return adopt
