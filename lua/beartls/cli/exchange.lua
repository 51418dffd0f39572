-- exchange.lua: what goes on between standard input, an open stream and standard output, in both
-- directions at once.

local luasocket = require "socket"

-- How long one select may take: an interrupt is noticed between two of them.
local TICK = 0.5
local CHUNK = 65536

local methods = {}

local exchange_mt = { __index = methods }

---Whether a call that did not block has only to be tried again.
local function is_passing(code)
  return code == "want_read" or code == "want_write" or code == "timeout"
end

---@param stream beartls.stream one that is open and does not block
---@param source table what stdin.open has returned
---@param out beartls.cli.output
---@param idle number|nil seconds of silence after the end of the input that are enough
local function new(stream, source, out, idle)
  return setmetatable({
    stream = stream, source = source, out = out, idle = idle,
    reading = true, pending = nil, first = 1, sent = 0, received = 0,
    heard = luasocket.gettime(),
  }, exchange_mt)
end

-- Standard input to the peer: nil, message, code when the connection has ended.
local function pass_input(x, readable)
  if x.reading and not x.pending and (x.source.always_ready or readable[x.source]) then
    x.pending, x.first = x.source:read(), 1
    x.reading = x.pending ~= nil
    x.heard = luasocket.gettime()
  end
  if not x.pending then
    return true
  end
  local last, message, partial, code = x.stream:send(x.pending, x.first)
  x.sent = x.sent + (last or partial) - x.first + 1
  if last then
    x.pending = nil
  elseif is_passing(code) then
    x.first = partial + 1
  else
    return nil, message, code
  end
  return true
end

-- The peer to standard output: nil, message, code when the connection has ended.
local function pass_output(x)
  local data, message, partial, code = x.stream:receive(CHUNK)
  data = data or partial
  if data and data ~= "" then
    x.received = x.received + #data
    x.heard = luasocket.gettime()
    if not x.out:put(data) or not x.out:flush() then
      return nil, "nobody reads standard output any more", "io_output"
    end
  end
  if message and not is_passing(code) then
    return nil, message, code
  end
  return true
end

local function is_over(x)
  if x.reading or x.pending then
    return false
  elseif not x.idle then
    return x.sent == 0
  end
  return luasocket.gettime() - x.heard >= x.idle
end

local function wait(x)
  local readers, writers = { x.stream }, nil
  local seconds = TICK
  if x.reading and not x.pending then
    readers[2] = not x.source.always_ready and x.source or nil
    seconds = x.source.always_ready and 0 or seconds
  end
  if x.pending or x.stream:want() == "write" then
    writers = { x.stream }
  end
  if x.idle and not x.reading then
    seconds = math.min(seconds, x.idle)
  end
  return (luasocket.select(readers, writers, seconds))
end

---Carries until one side has ended: message and code of that; the code is "done" when it was us.
---@return string|nil message
---@return string code
function methods:run()
  local x = self
  while true do
    local ok, message, code = pass_input(x, wait(x))
    if ok then
      ok, message, code = pass_output(x)
    end
    x.out:events(x.stream)
    if not ok then
      return message, code
    elseif is_over(x) then
      return nil, "done"
    end
  end
end

---Closes our direction, and listens for what the peer still says, at most for so many seconds.
---@param seconds number
---@return string|nil message
---@return string code "done" when nothing more came
function methods:finish(seconds)
  local x = self
  local deadline = luasocket.gettime() + seconds
  x.stream:shutdown "send"
  repeat
    local ok, message, code = pass_output(x)
    x.out:events(x.stream)
    if not ok then
      return message, code == "closed" and "done" or code
    end
    luasocket.select({ x.stream }, nil, math.min(TICK, seconds))
  until luasocket.gettime() > deadline
  return nil, "done"
end

return { new = new, is_passing = is_passing, TICK = TICK }
