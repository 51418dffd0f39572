-- transport.lua: a LuaSocket object that never blocks by itself, as a stream's transport (see stream.lua).

local luasocket = require "socket"
local timeouts = require "beartls.stream.timeouts"

-- What is asked of LuaSocket at a time. It gives what there is, without waiting for the rest.
local CHUNK = 65536
-- How much of what nobody will read is taken off a connection that is being closed.
local LEFTOVERS = 64

local transport = {}
transport.__index = transport
timeouts.add(transport, luasocket.gettime)

---Raises when it is no connection.
---@param tcp any
---@param what string the function that was called
function transport.check(tcp, what)
  local kind = type(tcp)
  if kind ~= "userdata" and kind ~= "table" or not (tcp.send and tcp.receive) then
    error(what .. ": a connected LuaSocket object is wanted, not a " .. kind, 3)
  elseif tostring(tcp):find("^%w+{[ms]%a+er}") then -- a master or a server: it is not connected
    error(what .. ": the LuaSocket object is not connected", 3)
  end
end

---Makes a transport of a connection, whose timeouts it takes over.
---@param tcp table LuaSocket's
---@param class table|nil what it is made of, unless of this
function transport.new(tcp, class)
  local self = setmetatable({ tcp = tcp, list = { tcp } }, class or transport)
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

function transport:wait(want)
  if self:never_waits() then
    return false
  end
  local tcp, left = self.tcp, self:time_left()
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
