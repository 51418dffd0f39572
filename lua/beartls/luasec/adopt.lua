-- adopt.lua: takes over the descriptor of somebody else's socket. The object that had it is left without, as programs
-- expect that hand a socket to ssl.wrap; what it had read ahead is lost with it, so that nothing said in plaintext is
-- taken for protected.

local luasocket = require "socket"
local transport = require "beartls.socket.transport"

local adopt = {}

---A transport for a descriptor, which it closes in the end.
---@param fd number
---@return table transport
function adopt.fd(fd)
  -- Only what has connected, or has tried to, may send and receive. This attempt fails before a packet is sent: the
  -- address is of another family.
  local tcp = assert(luasocket.tcp4())
  tcp:connect("::1", 1)
  tcp:close()
  tcp:setfd(fd)
  return transport.new(tcp)
end

---A transport for what an object with getfd and setfd has open.
---@param socket table|userdata LuaSocket's, or anything that has these two
---@return table transport
function adopt.socket(socket)
  local fd = socket:getfd()
  socket:setfd(-1)
  return adopt.fd(fd)
end

return adopt
