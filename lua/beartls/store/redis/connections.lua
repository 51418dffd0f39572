-- connections.lua: a few connections to Redis, each for one coroutine at a time, and what happens when there is none:
-- for a while nobody tries, and everybody is told at once.

local resp = require "beartls.store.redis.resp"

local connections = {}
connections.__index = connections

-- After errors in a row, this is how long Redis is left alone, in seconds: doubled each time.
local FIRST_PAUSE, LONGEST_PAUSE = 1, 30

-- A socket of LuaSocket, connected, with our timeout.
local function connect_with_luasocket(self)
  local make = require("socket").tcp
  if self.path then
    local unix = require "socket.unix" -- older ones are a function, newer ones a table
    make = type(unix) == "table" and (unix.stream or unix.tcp) or unix
  end
  local socket, err = make()
  if not socket then
    return nil, err
  end
  socket:settimeout(self.timeout)
  local ok
  ok, err = socket:connect(self.path or self.host, not self.path and self.port or nil)
  if not ok then
    socket:close()
    return nil, err
  end
  return socket
end

-- Sends commands at once and reads as many replies; the last one, as resp.read gives it.
local function exchange(self, socket, bytes, replies)
  local deadline = self.time() + self.timeout + 1 -- the clock may count whole seconds
  local function late()
    return self.time() > deadline
  end
  local sent, err = socket:send(bytes)
  if not sent then
    return nil, err or "closed"
  end
  local ok, value
  for _ = 1, replies do
    ok, value = resp.read(socket, late)
    if not ok then
      return ok, value
    end
  end
  return ok, value
end

-- What a new connection begins with, and how many replies that has.
local function greeting(self)
  local bytes, replies = "", 0
  if self.password then
    bytes = self.username and resp.command("AUTH", self.username, self.password)
      or resp.command("AUTH", self.password)
    replies = 1
  end
  if self.database then
    bytes = bytes .. resp.command("SELECT", self.database)
    replies = replies + 1
  end
  return bytes, replies
end

-- What Redis does not understand, it repeats: the password, too.
local function without_secret(self, err)
  if self.password and err:find(self.password, 1, true) then
    return "Redis does not take the password"
  end
  return err
end

local function open(self)
  local socket, err = self.connect(self.host, self.port, self.timeout)
  if not socket then
    return nil, err or "no connection"
  end
  local bytes, replies = greeting(self)
  -- A host that pools connections itself gives one that has been greeted.
  if replies > 0 and not (socket.getreusedtimes and (socket:getreusedtimes() or 0) > 0) then
    local ok
    ok, err = exchange(self, socket, bytes, replies)
    if not ok then
      socket:close()
      return nil, without_secret(self, err)
    end
  end
  return socket
end

local function count_busy(self)
  local n = 0
  for _ in pairs(self.busy) do
    n = n + 1
  end
  return n
end

local function give_back(self, socket)
  self.busy[socket] = nil
  if self.release then
    self.release(socket)
  else
    self.idle[#self.idle + 1] = socket
  end
end

local function drop(self, socket)
  self.busy[socket] = nil
  socket:close()
end

-- ---- errors ----

---Leaves Redis alone for a while.
---@param err string why
---@return nil
---@return string err
function connections:failed(err)
  self.failures = self.failures + 1
  self.paused_until = self.time() + math.min(FIRST_PAUSE * 2 ^ (self.failures - 1), LONGEST_PAUSE)
  self.err = err
  self:close()
  return nil, err
end

-- One of many may try whether it is back; the others do not wait for the answer.
local function may_try(self)
  if self.failures == 0 then
    return true
  elseif self.time() < self.paused_until then
    return false
  end
  self.paused_until = self.time() + FIRST_PAUSE
  return true
end

---Sends commands and reads their replies.
---@param bytes string the commands
---@param replies integer how many they are
---@return boolean|nil ok true: all went well; false: Redis says that something is wrong; nil: there is no Redis
---@return any value the last reply, or what is wrong
function connections:ask(bytes, replies)
  if not may_try(self) then
    return nil, self.err
  end
  for _ = 1, 2 do
    local socket = table.remove(self.idle)
    local used = socket ~= nil
    if not socket then
      if count_busy(self) >= self.most then
        return nil, "all connections to Redis are in use"
      end
      local err
      local opening = {} -- counts, since connecting may yield
      self.busy[opening] = true
      socket, err = open(self)
      self.busy[opening] = nil
      if not socket then
        return self:failed(err)
      end
    end
    self.busy[socket] = true
    local ok, value = exchange(self, socket, bytes, replies)
    if ok then
      self.failures = 0
      give_back(self, socket)
      return true, value
    end
    drop(self, socket)
    if ok == false then
      return false, value
    elseif not (used and value == "closed") then -- else Redis has closed it meanwhile: once more with a new one
      return self:failed(value)
    end
  end
  return self:failed("closed")
end


---What went wrong last, while Redis is left alone for it.
---@return string|nil err
---@return number|nil seconds until it is asked again
function connections:failure()
  if self.failures > 0 then
    return self.err, math.max(0, self.paused_until - self.time())
  end
end

---Closes those that nobody is using.
function connections:close()
  for i = #self.idle, 1, -1 do
    table.remove(self.idle, i):close()
  end
end

---@param settings table those of redis.new, complete
return function(settings)
  settings.connect = settings.connect or function()
    return connect_with_luasocket(settings)
  end
  settings.idle = {}
  settings.busy = setmetatable({}, { __mode = "k" }) -- one whose coroutine was given up does not count for ever
  settings.failures, settings.paused_until = 0, 0
  return setmetatable(settings, connections)
end
