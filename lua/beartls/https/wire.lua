-- wire.lua: what LuaSocket's http takes for its socket: a stream whose calls are bounded in time and whose lines are
-- bounded in length. LuaSocket's http keeps only the message of an error, and here and there (in folded headers) does
-- not look; so send and receive do not return a failure but throw it with socket.try, and socket.protect catches it.

local luasocket = require "socket"

-- How many bytes a line may have, and how many bytes and lines all of a head.
local LINE, HEAD, LINES = 16384, 65536, 256

---@class beartls.https.wire
---@field stream beartls.stream|nil when it is connected
---@field received integer how many bytes of an answer have come since begin()
local methods = {}
local wire_mt = { __index = methods }

---A request begins: from now on the clock runs and what is received is counted.
---@param timeout number seconds that each call may wait
---@param deadline number|nil when all has to be done, as socket.gettime() has it
function methods:begin(timeout, deadline)
  self.timeout, self.deadline, self.received = timeout, deadline, 0
  self:begin_head()
end

---A head begins: a status line and headers, or trailers.
function methods:begin_head()
  self.head_bytes, self.head_lines = 0, 0
end

-- How many seconds the next call may take; at most 0 when there is no time left.
local function seconds_left(self)
  local left = self.deadline and self.deadline - luasocket.gettime() or math.huge
  self.is_last = left < self.timeout
  return math.min(self.timeout, left)
end

-- ---- failures ----

local function timed_out(self)
  if self.is_last then
    return { message = ("the time for the request is over, and %s is not done"):format(self.peer), code = "timeout" }
  end
  return { message = ("%s has not answered for %g seconds"):format(self.peer, self.timeout), code = "timeout" }
end

local function to_failure(self, message, code)
  if code == "timeout" then
    return timed_out(self)
  elseif code == "closed" or code == "truncated" then
    return {
      message = ("%s ended the connection %s"):format(self.peer,
        self.received == 0 and "before it answered" or "in the middle of its answer"),
      code = self.received == 0 and code or "truncated", ended = code,
    }
  end
  local known = self.stream:failure()
  return known and known.code == code and known or { message = message, code = code }
end

local function check_time(self)
  local seconds = seconds_left(self)
  if seconds <= 0 then
    return timed_out(self)
  end
  self.stream:settimeout(seconds)
end

-- ---- what body.lua reads with: nil, failure ----

---Whatever is there, at least one byte.
---@param most integer
---@return string|nil
---@return table|nil failure its field `ended` is "closed" or "truncated" when the peer has ended
function methods:piece(most)
  local late = check_time(self)
  if late then
    return nil, late
  end
  local bytes, message, _, code = self.stream:receiveany(most)
  if not bytes then
    return nil, to_failure(self, message, code)
  end
  self.received = self.received + #bytes
  return bytes
end

---A line of a head.
---@param prefix string|nil
---@return string|nil
---@return table|nil failure
function methods:line(prefix)
  local late = check_time(self)
  if late then
    return nil, late
  end
  local line, message, _, code = self.stream:receive("*l", prefix, LINE)
  if not line then
    return nil, to_failure(self, message, code)
  end
  self.received = self.received + #line + 2
  self.head_bytes, self.head_lines = self.head_bytes + #line + 2, self.head_lines + 1
  if self.head_bytes > HEAD or self.head_lines > LINES then
    return nil, { message = ("%s sends more than %d bytes or %d lines of headers"):format(self.peer, HEAD, LINES),
      code = "peer_too_long" }
  end
  return line
end

-- ---- what LuaSocket's http calls ----

function methods.settimeout()
  return 1 -- it has one number for everything; we know better
end

function methods:connect(host, port)
  if not self.stream then
    local seconds = seconds_left(self)
    if seconds <= 0 then
      luasocket.try(nil, timed_out(self))
    end
    local message, code, failure
    self.stream, message, code, failure = self.open(host, port, seconds)
    if not self.stream then
      luasocket.try(nil, failure or { message = message, code = code })
    end
  end
  return 1
end

function methods:send(...)
  local late = check_time(self)
  if late then
    luasocket.try(nil, late)
  end
  local last, message, _, code = self.stream:send(...)
  return last or luasocket.try(nil, to_failure(self, message, code))
end

-- So many bytes, the first of a status line.
local function start(self, n)
  local late = check_time(self)
  if late then
    return nil, late
  end
  local bytes, message, partial, code = self.stream:receive(n)
  self.received = self.received + #(bytes or partial)
  if not bytes then
    return nil, to_failure(self, message, code)
  end
  return bytes
end

function methods:receive(pattern, prefix)
  local data, failure
  if type(pattern) == "number" then
    data, failure = start(self, pattern)
  else
    data, failure = self:line(prefix)
  end
  return data or luasocket.try(nil, failure)
end

function methods:close()
  if self.stream then
    self.stream:close()
  end
  return 1
end

---Whether the connection is open and nothing has come that nobody asked for.
---@return boolean
function methods:is_idle()
  self.stream:settimeout(0)
  local _, _, _, code = self.stream:receive(0)
  return code == "want_read"
end

---@param peer string whom it leads to, for sentences
---@param open fun(host: string, port: integer, seconds: number): beartls.stream|nil, string|nil, string|nil, table|nil
---@return beartls.https.wire
return function(peer, open)
  return setmetatable({ peer = peer, open = open, received = 0 }, wire_mt)
end
