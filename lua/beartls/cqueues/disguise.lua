-- disguise.lua: a stream that looks like a socket of cqueues, for programs that are written for those: the methods that
-- lua-http calls, in cqueues' words: buffers with modes, errors that are numbers and that stay, a handler for them.
--
-- An end without close_notify is the error ECONNRESET, not an end: what was cut must not look whole.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local errors = require "beartls.cqueues.errors"
local formats = require "beartls.cqueues.formats"

-- How long a line may be; longer ones come in pieces, as from cqueues.
local MAXLINE = 4096

---@class beartls.cqueues.disguise
local methods = errors.methods()

local both, oops = errors.both, errors.oops

local disguise_mt = { __index = methods, __name = "beartls.cqueues.disguise" }

-- What cqueues calls the errors of a stream.
local numbers = {
  timeout = errno.ETIMEDOUT, want_read = errno.ETIMEDOUT, want_write = errno.ETIMEDOUT,
  closed = errno.EPIPE, truncated = errno.ECONNRESET,
}

-- ---- reading ----

local function deadline_of(timeout)
  return timeout and cqueues.monotime() + timeout
end

-- The stream's next call may wait until then.
local function limit(self, deadline)
  self.stream:settimeout(deadline and math.max(deadline - cqueues.monotime(), 0))
end

-- All that has been taken in, in one piece.
local function join(self)
  if self.more[1] then
    self.input = self.input .. table.concat(self.more)
    self.more = {}
  end
  return self.input
end

-- Takes in what there is: true, or nil and the number of the error; nil alone at the end.
local function take_in(self, deadline)
  if self.errors.r then
    return nil, self.errors.r
  elseif self.ended then
    return nil
  end
  limit(self, deadline)
  local data, _, _, code = self.stream:receiveany()
  if data then
    self.more[#self.more + 1] = data
    self.size = self.size + #data
    return true
  elseif code == "closed" then
    self.ended = true
    return nil
  end
  return nil, numbers[code] or errno.EPROTO
end

---Waits until there are n bytes to be read.
---@param n integer
---@param timeout number|nil seconds
---@return userdata|nil self nil alone at the end
---@return ... what the handler says
function methods:fill(n, timeout)
  local deadline = deadline_of(timeout)
  while self.size < n do
    local ok, why = take_in(self, deadline)
    if not ok and why then
      return nil, oops(self, "fill", why)
    elseif not ok then
      return nil
    end
  end
  return self
end

---Reads as cqueues' xread does: "*l", "*L", "*h" (a header of MIME), "*a", a number of bytes, or a negative one for
---at most so many.
---@param what string|integer
---@param mode string|number|nil
---@param timeout number|nil seconds
---@return string|nil data nil alone at the end
---@return ... what the handler says
function methods:xread(what, mode, timeout)
  local deadline = deadline_of(type(mode) == "number" and mode or timeout)
  local format, least = formats.find(what)
  while true do
    local used, data
    if self.size >= least or self.ended then
      used, data = format(join(self), self.ended, self.maxline, what)
    end
    if used then
      self.input = self.input:sub(used + 1)
      self.size = self.size - used
      return data
    elseif self.ended then
      return nil
    end
    local ok, why = take_in(self, deadline)
    if not ok and why then
      return nil, oops(self, "read", why)
    end
  end
end

---Gives back what was read, to be read again.
function methods:unget(data)
  self.input = data .. join(self)
  self.size = self.size + #data
  return true
end

-- ---- writing ----

---Writes as cqueues' xwrite does: with "f" into the buffer, else out with all that is there.
---@param data string
---@param mode string|number|nil
---@param timeout number|nil seconds
---@return userdata|nil self
---@return ... what the handler says
function methods:xwrite(data, mode, timeout)
  if type(mode) == "number" then
    mode, timeout = nil, mode
  end
  self.output[#self.output + 1] = data
  if (mode or self.mode):find "f" then
    return self
  end
  return self:flush(mode, timeout)
end

---Sends what is in the buffer; what cannot go in time stays there.
---@param mode string|number|nil
---@param timeout number|nil seconds
---@return userdata|nil self
---@return ... what the handler says
function methods:flush(mode, timeout)
  local deadline = deadline_of(type(mode) == "number" and mode or timeout)
  while self.flushing do -- another coroutine, which may have to give up in the middle of what it sends
    if cqueues.poll(self.flushed, deadline and math.max(deadline - cqueues.monotime(), 0)) ~= self.flushed then
      return nil, oops(self, "flush", errno.ETIMEDOUT)
    end
  end
  while (self.output[1] or self.stream.pending) and not self.errors.w do
    local data = table.concat(self.output)
    self.output, self.flushing = {}, true
    limit(self, deadline)
    local last, _, partial, code = self.stream:send(data)
    self.flushing = false
    self.flushed:signal()
    if not last then
      table.insert(self.output, 1, data:sub(partial + 1))
      return nil, oops(self, "flush", numbers[code] or errno.EPROTO)
    end
  end
  if self.errors.w then
    return nil, oops(self, "flush", self.errors.w)
  end
  return self
end

-- ---- buffers, ends, questions ----

function methods:setmode(_, output)
  self.mode = output or self.mode
  return "b", self.mode
end

function methods.setvbuf()
  return "f", "f" -- without a limit, as lua-http wants it
end

function methods:setmaxline(n)
  self.maxline = n or MAXLINE
end

function methods:pending()
  local size = 0
  for _, data in ipairs(self.output) do
    size = size + #data
  end
  return self.size, size
end

function methods:eof(directions)
  return both({ r = self.ended and self.size == 0, w = self.stream.closed or self.shut }, directions)
end

function methods:shutdown(directions)
  directions = directions or "rw"
  if directions:find "w" and not self.shut then
    self.shut = true
    self:flush("n", 0)
    limit(self, cqueues.monotime())
    self.stream:shutdown "send"
  end
  if directions:find "r" then
    self.ended = true
  end
  return self
end

function methods:close()
  self.ended, self.shut = true, true
  self.stream:close()
end

function methods:connect()
  return self
end

for _, name in ipairs { "pollfd", "events", "timeout" } do
  methods[name] = function(self)
    return self.stream[name](self.stream)
  end
end

for _, name in ipairs { "peername", "localname" } do
  methods[name] = function(self)
    return self.stream.transport.so[name](self.stream.transport.so)
  end
end

---What a program asks that wants to know whether this is TLS, in the words of luaossl's SSL objects.
---@return table
function methods:checktls()
  local stream = self.stream
  local tls = { stream = stream }
  for name, value in pairs {
    getCipherInfo = { name = stream:cipher() }, getAlpnSelected = stream:alpn() or false,
    getHostName = stream:server_name() or false, getVersion = stream:version(),
  } do
    tls[name] = function()
      return value or nil
    end
  end
  return tls
end

---Disguises a stream, which is open.
---@param stream beartls.cqueues.stream
---@return beartls.cqueues.disguise
return function(stream)
  return setmetatable({
    stream = stream, input = "", more = {}, size = 0, -- what has arrived, in pieces, and how much of it there is
    output = {}, mode = "bn", errors = {}, maxline = MAXLINE, ended = false, shut = false,
    flushing = false, flushed = condition.new(),
  }, disguise_mt)
end
