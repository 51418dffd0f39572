-- transport.lua: a socket of cqueues as a stream's transport (see stream.lua). It is used without cqueues' buffers, and
-- without its waiting: cqueues.poll does that.

local cqueues = require "cqueues"
local cqueues_socket = require "cqueues.socket"
local errno = require "cqueues.errno"
local timeouts = require "beartls.stream.timeouts"

-- What is asked of the socket at a time.
local CHUNK = 65536
-- How much of what nobody will read is taken off a connection that is being closed.
local LEFTOVERS = 64

local transport = {}
transport.__index = transport
timeouts.add(transport, cqueues.monotime)

-- cqueues' own handler raises.
function transport.give_error(_, _, why)
  return why
end

---Raises when it is no socket of cqueues.
---@param so any
---@param what string the function that was called
function transport.check(so, what)
  if cqueues_socket.type(so) ~= "socket" then
    error(what .. ": a connected socket of cqueues is wanted, not a " .. type(so), 3)
  end
end

---Makes a transport of a connection.
---@param so userdata cqueues'
function transport.new(so)
  so:setmode("bn", "bn")
  so:setvbuf "no"
  so:onerror(transport.give_error)
  local fd = so:pollfd()
  return setmetatable({
    so = so,
    -- What cqueues.poll takes.
    read = { pollfd = fd, events = "r" }, write = { pollfd = fd, events = "w" }, both = { pollfd = fd, events = "rw" },
  }, transport)
end

-- Our word for an error of the system.
local function explain(why, again)
  if why == errno.EAGAIN then
    return again
  elseif why == nil or why == errno.EPIPE or why == errno.ECONNRESET then
    return "closed"
  end
  return errno.strerror(why)
end

function transport:send(bytes, first)
  local n, why = self.so:send(bytes, first, #bytes)
  if why and why ~= errno.EAGAIN then
    return nil, explain(why), first - 1 -- what it says that it took has got no further than its buffer
  elseif first + n - 1 < #bytes then
    return nil, "want_write", first + n - 1
  end
  return first + n - 1
end

function transport:receive()
  local bytes, why = self.so:recv(-CHUNK)
  if bytes then
    return bytes
  end
  return nil, explain(why, "want_read")
end

function transport:wait(want)
  if self:never_waits() then
    return false
  end
  local left = self:time_left()
  if left and left <= 0 then
    return nil, "timeout"
  end
  if cqueues.poll(self[want], left) == left and left then
    return nil, "timeout"
  end
  return true
end

function transport:shutdown(how)
  self.so:shutdown(how == "send" and "w" or how == "receive" and "r" or "rw")
  return 1
end

-- cqueues wakes whoever waits for the socket. Closed with something unread, a connection is reset, and the reset can
-- overtake what we have sent.
function transport:close()
  self.so:shutdown "w"
  for _ = 1, LEFTOVERS do
    if not self.so:recv(-CHUNK) then
      break
    end
  end
  self.so:close()
end

for name, method in pairs { getpeername = "peername", getsockname = "localname" } do
  transport[name] = function(self)
    local family, address, port = self.so[method](self.so)
    if not family then
      return nil, errno.strerror(address)
    end
    return address, port
  end
end

function transport:getfd()
  return self.so:pollfd()
end

-- cqueues takes options where it makes a socket, not later.
function transport.setoption()
  return nil, "unsupported option"
end
transport.getoption = transport.setoption

return transport
