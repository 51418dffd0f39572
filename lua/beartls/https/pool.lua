-- pool.lua: connections that wait for their next request, each for a server as reached through a proxy with a config:
-- never for another identity. They are bounded in number, for each server and in all, and in the time that they wait.

local luasocket = require "socket"

---@class beartls.https.pool
local methods = {}
local pool_mt = { __index = methods }

---What may be shared by whom.
---@param to beartls.https.address
---@param through beartls.https.proxy|false
---@param config beartls.config
---@param connect function|nil how it is connected
---@return string|nil
---@return string|nil message
---@return string|nil code those of config:identity
function methods.key(_, to, through, config, connect)
  local identity, message, code = config:identity()
  if not identity then
    return nil, message, code
  end
  local key = { identity, to.host, to.port, tostring(connect) }
  if through then
    for _, part in ipairs {
      through.host, through.port, through.authorization or "", tostring(through.tls),
      through.tls and through.config and through.config:identity() or "",
    } do
      key[#key + 1] = part
    end
  end
  return table.concat(key, "\n")
end

local function remove(self, i)
  local entry = table.remove(self.idle, i)
  return entry.wire
end

-- The oldest come first.
local function drop_old(self)
  while self.idle[1] and (self.idle[1].until_time <= luasocket.gettime() or #self.idle > self.max_idle) do
    remove(self, 1):close()
  end
end

---A connection for this key, or nil. Those that the server has closed meanwhile, or has said something on, are no use.
---@param key string
---@return beartls.https.wire|nil
function methods:take(key)
  drop_old(self)
  for i = #self.idle, 1, -1 do
    if self.idle[i].key == key then
      local wire = remove(self, i)
      if wire:is_idle() then
        return wire
      end
      wire:close()
    end
  end
end

---Keeps a connection for later.
---@param key string
---@param wire beartls.https.wire
function methods:put(key, wire)
  local same, oldest = 0, nil
  for i = #self.idle, 1, -1 do
    if self.idle[i].key == key then
      same, oldest = same + 1, i
    end
  end
  if same >= self.max_idle_per_host then
    if not oldest then
      return wire:close()
    end
    remove(self, oldest):close()
  end
  table.insert(self.idle, { key = key, wire = wire, until_time = luasocket.gettime() + self.idle_timeout })
  drop_old(self)
end

---Closes all that wait.
function methods:close()
  while #self.idle > 0 do
    remove(self, #self.idle):close()
  end
end

---@param limits { max_idle: integer|nil, max_idle_per_host: integer|nil, idle_timeout: number|nil }
---@return beartls.https.pool
return function(limits)
  return setmetatable({
    idle = {}, max_idle = limits.max_idle or 16, max_idle_per_host = limits.max_idle_per_host or 4,
    idle_timeout = limits.idle_timeout or 30,
  }, pool_mt)
end
