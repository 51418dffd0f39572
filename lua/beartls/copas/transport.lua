-- transport.lua: LuaSocket's connection under copas, as a stream's transport: LuaSocket's transport, but it waits by
-- handing its coroutine to copas.
--
-- What copas is given to wait for is not the connection but a stand-in, which reports a deadline that has passed as
-- something to read or write. So there are timeouts with every copas, also where it has none of its own (1.1.7), if
-- only its loop goes round: copas.loop(seconds). And copas 1.1.7, which closes what a coroutine waited for last when
-- the coroutine ends, closes nothing that another one still uses.

local copas = require "copas"
local luasocket = require "socket"
local socket_transport = require "beartls.socket.transport"

-- How long one waits for another coroutine that waits for the same, in seconds, before it looks again.
local PAUSE = 0.01

-- A socket that can always be written to.
local always

local transport = setmetatable({}, { __index = socket_transport })
transport.__index = transport

---Raises when it is no connection. What copas.wrap gave is one, too.
transport.check = socket_transport.check

-- ---- the stand-in ----

local standin = {}
standin.__index = standin

local function is_over(deadline)
  return deadline and luasocket.gettime() >= deadline
end

function standin:getfd()
  if is_over(self.write_deadline) then
    return always:getfd()
  end
  return self.tcp:getfd()
end

function standin:dirty()
  return is_over(self.read_deadline) or self.tcp:dirty()
end

-- copas tries first and waits when that gives "timeout": the first try always does.
local function try(self, kind, success)
  if self[kind] == "asked" then
    self[kind] = "waits"
    return nil, "timeout", success == 1 and 0 or ""
  end
  return success
end

function standin:receive()
  return try(self, "read", "")
end

function standin:send()
  return try(self, "write", 1)
end

function standin.close()
end

-- ---- the transport ----

---Makes a transport of a connection.
---@param tcp table LuaSocket's, or what copas.wrap made of it
function transport.new(tcp)
  if type(tcp) == "table" and tcp.socket then
    tcp = tcp.socket
  end
  local self = socket_transport.new(tcp, transport)
  self.block, self.total = nil, nil -- under copas every connection has 0
  self.standin = setmetatable({ tcp = tcp }, standin)
  self.waits = 0
  return self
end

local functions = { read = "receive", write = "send" }

-- In one direction: a coroutine of copas waits for one thing at a time. So a send does not take in what arrives
-- meanwhile: another coroutine has to. And a receive first gets the rest of a send out, if nobody else is at it.
function transport:wait(want, mainly)
  if self:never_waits() then
    return false
  end
  local place, left = self.standin, self:time_left()
  local kind = want
  if want == "both" then
    kind = mainly == "read" and place.write and "read" or "write"
  end
  if left and left <= 0 then
    return nil, "timeout"
  elseif self.tcp:getfd() >= luasocket._SETSIZE then
    return nil, "its descriptor is too large for select"
  elseif place[kind] then
    if not copas.pause then -- copas 1.1.7 has nothing else to wait with
      error(("beartls.copas: another coroutine already waits to %s: one at a time may"):format(kind), 0)
    end
    copas.pause(PAUSE)
    return true
  end
  place[kind] = "asked"
  place[kind .. "_deadline"] = left and luasocket.gettime() + left
  always = always or luasocket.udp4()
  if copas.settimeouts then
    copas.settimeouts(place, nil, kind == "write" and (left or -1) or nil, kind == "read" and (left or -1) or nil)
  end
  self.waits = self.waits + 1
  copas[functions[kind]](place, kind == "read" and 0 or "x")
  self.waits = self.waits - 1
  local over = is_over(place[kind .. "_deadline"])
  place[kind], place[kind .. "_deadline"] = nil, nil
  if self.leaving then
    self:close()
  elseif over then
    return nil, "timeout"
  end
  return true
end

-- A connection that is closed is nothing that copas can wait for: whoever waits is woken by its end, and the last one
-- closes it.
function transport:close()
  if self.waits == 0 then
    return socket_transport.close(self)
  end
  self.leaving = true
  self.tcp:shutdown "both"
end

return transport
