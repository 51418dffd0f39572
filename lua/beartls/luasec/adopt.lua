-- adopt.lua: takes over the descriptor of somebody else's socket. The object that had it is left without, as programs
-- expect that hand a socket to ssl.wrap; what it had read ahead is lost with it, so that nothing said in plaintext is
-- taken for protected.
--
-- For a program that does not wait, what follows the last record of the handshake stays with the system: LuaSec leaves
-- it there, and event loops wait for it there. So records are read one by one until then; and what answers them must
-- not be held back for an acknowledgement of what has answered the one before.

local luasocket = require "socket"
local transport = require "beartls.socket.transport"

local adopt = {}

local HEADER = 5

-- LuaSocket's connections read ahead. Its datagram sockets do not, and the one that reads here is lent the descriptor
-- for each read; so it never has one of its own to close.
local reader

local function read_exactly(self, most)
  if not reader then
    reader = assert(luasocket.udp())
    reader:close()
    reader:settimeout(0)
  end
  reader:setfd(self.tcp:getfd())
  local bytes, err = reader:receive(most)
  reader:setfd(-1)
  if bytes == "" or not bytes and err ~= "timeout" then
    return transport.receive(self) -- which knows what to call it
  elseif not bytes then
    return nil, "want_read"
  end
  return bytes
end

-- Until the end of a record and no further (RFC 8446, 5.1).
local function receive_record(self)
  if not self:never_waits() or self.tcp:dirty() then
    return transport.receive(self)
  end
  local bytes, err = read_exactly(self, self.missing > 0 and self.missing or HEADER - #self.header)
  if not bytes then
    return nil, err
  elseif self.missing > 0 then
    self.missing = self.missing - #bytes
  else
    self.header = self.header .. bytes
    if #self.header >= HEADER then
      local high, low = self.header:byte(HEADER - 1, HEADER)
      self.header, self.missing = "", high * 256 + low
    end
  end
  return bytes
end

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
  local own = transport.new(tcp)
  own.receive, own.header, own.missing = receive_record, "", 0
  own.delays = tcp:getoption "tcp-nodelay" == false
  if own.delays then
    tcp:setoption("tcp-nodelay", true)
  end
  return own
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

---The handshake is done: from now on as much is read at a time as there is.
---@param own table what adopt gave
function adopt.read_ahead(own)
  own.receive = nil
  if own.delays then
    own.tcp:setoption("tcp-nodelay", false)
  end
end

return adopt
