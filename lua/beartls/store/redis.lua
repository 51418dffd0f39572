-- redis.lua: a store in Redis, which any number of processes and hosts share: see memory.lua for what a store is.
--
-- It costs little when Redis is slow or away: every wait is short, and after an error nothing is asked of it for a
-- while (1 second, then 2, 4 ... 30), in which all its methods give nil at once and handshakes are full ones.

local new_connections = require "beartls.store.redis.connections"
local options = require "beartls.options"
local resp = require "beartls.store.redis.resp"

local redis = {}

---@class beartls.store.redis: beartls.store
local store = {}
store.__index = store
store.__name = "beartls.store.redis"

local TIMEOUT = 0.25
local CONNECTIONS = 16

local is_string = options.is_type "string"

local function is_positive(value)
  return type(value) == "number" and value > 0
end

local function is_number(value)
  return type(value) == "number" and value >= 0 and value % 1 == 0
end

local a_function = options.is_type "function"

local known = {
  host = { is_string, "a host name or an address" },
  port = { is_number, "a port number" },
  path = { is_string, "the name of a unix socket" },
  username = { is_string, "a string" },
  password = { is_string, "a string" },
  database = { is_number, "a number" },
  prefix = { is_string, "what its keys begin with in Redis" },
  timeout = { is_positive, "a number of seconds" },
  connections = { is_positive, "how many connections it may have" },
  connect = { a_function, "a function that gives a connected socket, or nil and why not" },
  release = { a_function, "a function that takes a socket that is not needed now" },
  time = { a_function, "a function that returns seconds" },
}

-- The reply to one command, of which an error of Redis is the end, too: true, value; or nil, err.
local function command(self, ...)
  local ok, value = self.connections:ask(resp.command(...), 1)
  if ok == false then
    return self.connections:failed(value)
  end
  return ok, value
end

-- ---- the store ----

local function seconds_of(seconds)
  return ("%d"):format(math.max(1, math.floor(seconds)))
end

---Keeps a value.
---@param key string
---@param value string
---@param seconds number
---@return true|nil
---@return string|nil err
function store:put(key, value, seconds)
  local ok, err = command(self, "SET", self.prefix .. key, value, "EX", seconds_of(seconds))
  if not ok then
    return nil, err
  end
  return true
end

---Keeps a value if there is none under that key.
---@param key string
---@param value string
---@param seconds number
---@return boolean|nil added
---@return string|nil err
function store:add(key, value, seconds)
  local ok, reply = command(self, "SET", self.prefix .. key, value, "EX", seconds_of(seconds), "NX")
  if not ok then
    return nil, reply
  end
  return reply ~= nil
end

-- GETDEL as Redis before 6.2 can do it.
local function take_in_two_steps(self, key)
  local bytes = resp.command "MULTI" .. resp.command("GET", key) .. resp.command("DEL", key) .. resp.command "EXEC"
  local ok, reply = self.connections:ask(bytes, 4)
  if ok == false then
    return self.connections:failed(reply)
  elseif not ok then
    return nil, reply
  end
  return type(reply) == "table" and reply[1] or nil
end

---Gives a value and forgets it.
---@param key string
---@return string|nil
---@return string|nil err
function store:take(key)
  key = self.prefix .. key
  if self.no_getdel then
    return take_in_two_steps(self, key)
  end
  local ok, value = self.connections:ask(resp.command("GETDEL", key), 1)
  if ok then
    return value
  elseif ok == false and value:find "unknown command" then
    self.no_getdel = true
    return take_in_two_steps(self, key)
  elseif ok == false then
    return self.connections:failed(value)
  end
  return nil, value
end

---Gives a value, which stays.
---@param key string
---@return string|nil
---@return string|nil err
function store:get(key)
  local ok, value = command(self, "GET", self.prefix .. key)
  if not ok then
    return nil, value
  end
  return value
end

---What went wrong last, while Redis is left alone for it.
---@return string|nil err
---@return number|nil seconds until it is asked again
function store:failure()
  return self.connections:failure()
end

---Closes the connections that nobody is using; the store can still be used.
function store:close()
  self.connections:close()
end

function store:__tostring()
  local to = self.connections
  return ("beartls.store.redis (%s)"):format(to.path or to.host .. ":" .. to.port)
end

---Makes a store. Nothing is connected before it is used.
---@param given table|nil { host = "127.0.0.1", port = 6379, or path = a unix socket; username, password, database;
---prefix = "beartls:"; timeout = 0.25 seconds for each step; connections = 16 at most; connect = function(host, port,
---timeout) giving a socket, for event loops: what their adapters have as `plain`, or anything with send(bytes),
---receive(n) and close(); release = function(socket) for hosts that pool them, too; time = os.time }
---@return beartls.store.redis
function redis.new(given)
  given = given or {}
  options.check(given, known, "redis.new", 2)
  local connections = new_connections {
    host = given.host or "127.0.0.1", port = given.port or 6379, path = given.path,
    username = given.username, password = given.password, database = given.database,
    timeout = given.timeout or TIMEOUT, most = given.connections or CONNECTIONS,
    connect = given.connect, release = given.release, time = given.time or os.time,
  }
  return setmetatable({ prefix = given.prefix or "beartls:", connections = connections }, store)
end

return redis
