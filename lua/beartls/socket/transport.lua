-- transport.lua: a LuaSocket object that never blocks by itself, as a stream's transport (see stream.lua).

local luasocket = require "socket"

-- What is asked of LuaSocket at a time. It gives what there is, without waiting for the rest.
local CHUNK = 65536
-- How much of what nobody will read is taken off a connection that is being closed.
local LEFTOVERS = 64

local transport = {}
transport.__index = transport

---Makes a transport of a connection, whose timeouts it takes over.
---@param tcp table LuaSocket's
function transport.new(tcp)
  local self = setmetatable({ tcp = tcp, list = { tcp } }, transport)
  if tcp.gettimeout then
    self:settimeout((tcp:gettimeout()))
    self:settimeout(select(2, tcp:gettimeout()), "t")
  end
  tcp:settimeout(0)
  tcp:settimeout(nil, "t")
  return self
end

function transport:send(bytes, first)
  local last, err, partial = self.tcp:send(bytes, first)
  return last, err == "timeout" and "want_write" or err, partial
end

-- Through receive, not from the descriptor: LuaSocket may have bytes in its buffer.
function transport:receive()
  local bytes, err, partial = self.tcp:receive(CHUNK)
  if bytes then
    return bytes
  elseif partial and partial ~= "" then
    return partial
  end
  return nil, err == "timeout" and "want_read" or err
end

-- Like LuaSocket's, both timeouts count from the beginning of the call.
function transport:begin(seconds)
  self.limit = seconds
  self.start = (self.block or self.total or seconds) and luasocket.gettime()
end

-- How many seconds this call may still wait: nil for any number of them.
local function time_left(self)
  local least = math.min(self.block or math.huge, self.total or math.huge, self.limit or math.huge)
  if least == math.huge then
    return nil
  end
  return least - (luasocket.gettime() - self.start)
end

function transport:wait(want)
  if self.block == 0 or self.total == 0 then
    return false
  end
  local tcp, left = self.tcp, time_left(self)
  if left and left <= 0 then
    return nil, "timeout"
  end
  local _, err
  if want == "read" then
    tcp:settimeout(left)
    _, err = tcp:receive(0) -- waits until there is something
    tcp:settimeout(0)
  elseif tcp:getfd() >= luasocket._SETSIZE then
    return nil, "its descriptor is too large for select"
  else
    _, _, err = luasocket.select(want == "both" and self.list or nil, self.list, left)
  end
  if err == "timeout" then
    return nil, "timeout"
  end
  return true
end

function transport:settimeout(seconds, mode)
  if seconds ~= nil and type(seconds) ~= "number" then
    error("settimeout: the timeout must be a number of seconds or nil", 3)
  elseif seconds and seconds < 0 then
    seconds = nil
  end
  if mode == nil or mode == "b" then
    self.block = seconds
  elseif mode == "t" then
    self.total = seconds
  else
    error('settimeout: the mode must be "b" or "t"', 3)
  end
  return 1
end

function transport:gettimeout()
  return self.block or -1, self.total or -1
end

function transport:dirty()
  return self.tcp:dirty()
end

function transport:getfd()
  return math.floor(self.tcp:getfd())
end

for _, name in ipairs { "getpeername", "getsockname", "setoption", "getoption", "shutdown" } do
  transport[name] = function(self, ...)
    return self.tcp[name](self.tcp, ...)
  end
end

-- Closed with something unread, a connection is reset, and the reset can overtake what we have
-- sent.
function transport:close()
  self.tcp:shutdown "send"
  for _ = 1, LEFTOVERS do
    if not self:receive() then
      break
    end
  end
  self.tcp:close()
end

return transport
