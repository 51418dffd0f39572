-- transport.lua: a TCP handle (or a pipe) of luv as a stream's transport (see stream.lua). luv says what has happened
-- in callbacks; here that is kept until the pump asks.

local new_waiters = require "beartls.luv.waiters"
local timeouts = require "beartls.stream.timeouts"
local uv = require "luv"

-- How many bytes may be queued, in either direction: from there on nothing is read, and nothing more is taken to be
-- written. It bounds what a peer that is slow, or too fast, can make us keep.
local HIGH = 65536
-- How long a handle that is being closed may take to get its last bytes out, in milliseconds.
local CLOSE_MS = 5000

local transport = {}
transport.__index = transport
timeouts.add(transport, function()
  return uv.hrtime() / 1e9
end)

-- A write to a peer that has gone raises SIGPIPE, which ends the process unless somebody catches it. luv does not;
-- LuaSocket would, but need not be there. A program that closes all handles of the loop closes this one, too.
local sigpipe

local function catch_sigpipe()
  if not sigpipe or sigpipe:is_closing() then
    sigpipe = uv.new_signal()
    sigpipe:start("sigpipe", function() end)
    sigpipe:unref()
  end
end

---Raises when it is no stream of luv.
---@param tcp any
---@param what string the function that was called
function transport.check(tcp, what)
  if type(tcp) ~= "userdata" or not pcall(uv.is_readable, tcp) then
    error(what .. ": a connected TCP handle or pipe of luv is wanted, not a " .. type(tcp), 3)
  end
end

---Makes a transport of a connection.
---@param tcp userdata luv's
function transport.new(tcp)
  catch_sigpipe()
  local self = setmetatable({
    tcp = tcp,
    queue = {}, first = 1, last = 0, size = 0, -- what has arrived
    reading = false, ended = nil, gone = nil,  -- how the peer's bytes have ended, why it takes no more of ours
    waiters = new_waiters(), closing = false,
  }, transport)
  -- Made once for each connection, not for each read or write.
  self.on_read = function(err, data)
    self:take(err, data)
  end
  self.on_written = function(err)
    self.gone = err and "closed" or self.gone
    self.waiters:wake "write"
  end
  return self
end

function transport:wait(want)
  if self:never_waits() then
    return false
  elseif want ~= "write" then
    if self.size > 0 or self.ended then
      return true
    end
    self:read_on()
  end
  return self.waiters:wait(want, self:time_left())
end

-- ---- bytes ----

-- luv has read something, or will not any more.
function transport:take(err, data)
  if self.closing then
    return -- what nobody will read any more
  elseif data then
    self.last = self.last + 1
    self.queue[self.last] = data
    self.size = self.size + #data
    if self.size >= HIGH then
      self.reading = false
      self.tcp:read_stop()
    end
  else
    self.ended = (not err or err == "ECONNRESET" or err == "EPIPE") and "closed" or err
  end
  self.waiters:wake "read"
end

function transport:read_on()
  if not (self.reading or self.ended) then
    self.reading = true
    local ok, err = self.tcp:read_start(self.on_read)
    if not ok then
      self.ended = err
    end
  end
end

function transport:receive()
  if self.size > 0 then
    local bytes = self.queue[self.first]
    self.queue[self.first] = nil
    self.first = self.first + 1
    self.size = self.size - #bytes
    return bytes
  elseif self.ended then
    return nil, self.ended
  end
  self:read_on()
  return nil, "want_read"
end

function transport:send(bytes, first)
  if self.gone then
    return nil, self.gone, first - 1
  elseif self.tcp:get_write_queue_size() >= HIGH then
    return nil, "want_write", first - 1
  end
  local stop = math.min(#bytes, first + HIGH - 1)
  local part = first == 1 and stop == #bytes and bytes or bytes:sub(first, stop)
  local request, err, name = self.tcp:write(part, self.on_written)
  if not request then
    return nil, (name == "EPIPE" or name == "ECONNRESET" or name == "EBADF") and "closed" or err, first - 1
  end
  return stop
end

function transport:dirty()
  return self.size > 0 or self.ended ~= nil
end

-- ---- the end ----

-- Ends our direction behind what is queued. Whether luv will say when that is done.
local function end_ours(self)
  if not self.shut then
    self.shut = self.tcp:shutdown(function(err)
      if self.finish and err ~= "ECANCELED" then -- else the handle is closed already, maybe the whole loop
        self.finish()
      end
    end) and true
  end
  return self.shut
end

function transport:shutdown(how)
  if how ~= "receive" then
    end_ours(self)
  end
  if how ~= "send" then
    self.reading = false
    self.tcp:read_stop()
    self.ended = "closed"
    self.waiters:wake "read"
  end
  return 1
end

-- Whoever waits hears of it now; the handle is closed when what was queued has left, or takes too long. Meanwhile what
-- the peer sends is taken and dropped: closed with something unread, a connection is reset, and the reset can overtake
-- what we have sent.
function transport:close()
  if self.closing then
    return
  end
  self.closing = true
  local tcp, limit = self.tcp, uv.new_timer()
  function self.finish()
    if not limit:is_closing() then
      limit:close()
      if not tcp:is_closing() then
        tcp:close()
      end
    end
  end
  if tcp:is_closing() or not end_ours(self) then
    self.finish()
  else
    limit:start(CLOSE_MS, 0, self.finish)
    if not self.ended then
      tcp:read_start(self.on_read)
    end
  end
  self.queue, self.size, self.ended = {}, 0, "closed"
  self.waiters:close()
end

-- ---- questions ----

for _, name in ipairs { "getpeername", "getsockname" } do
  transport[name] = function(self)
    local address, err = self.tcp[name](self.tcp)
    if type(address) ~= "table" then
      return address, err
    end
    return address.ip, address.port, address.family
  end
end

function transport:getfd()
  return self.tcp:fileno()
end

local set = { ["tcp-nodelay"] = "nodelay", keepalive = "keepalive" }

---LuaSocket's "tcp-nodelay" and "keepalive".
function transport:setoption(name, value)
  if not set[name] then
    return nil, "unsupported option"
  end
  local ok, err = self.tcp[set[name]](self.tcp, value, value and set[name] == "keepalive" and 60 or nil)
  if not ok then
    return nil, err
  end
  return 1
end

function transport.getoption()
  return nil, "unsupported option"
end

return transport
