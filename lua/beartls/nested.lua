-- nested.lua: TLS inside TLS: a stream of any adapter carries another one. wrap and accept (see stream/adapter.lua)
-- take a stream instead of a connection. The inner one waits as the outer one waits, and has its timeouts, its
-- descriptor, its peer's address.

local adapter = require "beartls.stream.adapter"
local stream = require "beartls.stream"

-- How much the inner stream takes in at a time.
local CHUNK = 65536

local transport = {}
transport.__index = transport

function transport.new(outer)
  outer.carries = true
  return setmetatable({ outer = outer }, transport)
end

function transport.check(outer, what)
  if type(outer) ~= "table" or outer.receiveany ~= stream.methods.receiveany then
    error(("%s: the stream that is to carry another must be one of beartls's, not a %s"):format(what, type(outer)), 3)
  end
end

-- Timeouts count from the beginning of a call to the inner stream.
function transport:begin(seconds)
  if self.outer.transport.begin then
    self.outer.transport:begin(seconds)
  end
end

-- An outer stream that could not get rid of what it has encrypted wants to be called again, with nothing more. So
-- that we are called again, the last byte does not count as sent until then.
function transport:send(bytes, first)
  local last, err, partial = self.outer:send(bytes, self.taken and #bytes + 1 or first)
  self.taken = not last and partial == #bytes
  if last then
    return last
  end
  return nil, err, self.taken and #bytes - 1 or partial
end

-- That the outer stream was cut is known to the inner one by itself: it misses its own close_notify.
function transport:receive()
  local bytes, err = self.outer:receiveany(CHUNK)
  return bytes, err == "truncated" and "closed" or err
end

function transport:want()
  return self.outer:want()
end

function transport:close()
  self.outer.carries = false
  self.outer:close()
end

for _, name in ipairs {
  "dirty", "shutdown", "settimeout", "gettimeout", "getpeername", "getsockname", "setoption", "getoption", "getfd",
} do
  transport[name] = function(self, ...)
    return self.outer[name](self.outer, ...)
  end
end

local nested = adapter.new { name = "nested", transport = transport.new, check = transport.check }
nested.connect = nil -- what would it connect?

return nested
