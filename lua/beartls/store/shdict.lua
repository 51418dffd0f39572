-- shdict.lua: a store for resumption in a dictionary that all workers of an nginx share (lua_shared_dict). When there
-- is no room, nginx forgets what was used least recently.

local core = require "beartls.core"

-- How long it is remembered that something was taken, in seconds: far longer than a worker that has read it needs to
-- find out.
local CLAIM_SECONDS = 60
local STAMP = 16

---@class beartls.store.shdict
local methods = {}

local shdict_mt = { __index = methods, __name = "beartls.store.shdict" }

-- What set or add of the dictionary says: true, false, or nil and a sentence.
local function outcome(ok, err)
  if ok then
    return true
  elseif err == "exists" then
    return false
  end
  return nil, "the shared dictionary has no room: " .. tostring(err)
end

-- nginx counts in milliseconds, and 0 is for ever.
local function keep(self, how, key, value, seconds)
  return outcome(self.dict[how](self.dict, self.prefix .. key, core.random(STAMP) .. value, math.max(seconds, 0.001)))
end

---Keeps a value.
---@param key string
---@param value string
---@param seconds number how long
---@return true|nil
---@return string|nil message "no memory": it is larger than what can be made room for
function methods:put(key, value, seconds)
  return keep(self, "set", key, value, seconds)
end

---Keeps a value if there is none under that key.
---@param key string
---@param value string
---@param seconds number
---@return boolean|nil added
---@return string|nil message
function methods:add(key, value, seconds)
  return keep(self, "add", key, value, seconds)
end

local function split(stamped)
  if type(stamped) == "string" and #stamped >= STAMP then
    return stamped:sub(STAMP + 1), stamped:sub(1, STAMP)
  end
end

---Gives a value, and keeps it.
---@param key string
---@return string|nil value
function methods:get(key)
  return (split((self.dict:get(self.prefix .. key))))
end

---Gives a value once and forgets it. Two workers may read it at the same time; it is given to the one that is first to
---claim it, which the dictionary decides under its lock.
---@param key string
---@return string|nil value
function methods:take(key)
  local value, stamp = split((self.dict:get(self.prefix .. key)))
  if not value or not self.dict:add(self.prefix .. "taken " .. stamp, true, CLAIM_SECONDS) then
    return nil
  end
  self.dict:delete(self.prefix .. key)
  return value
end

local shdict = {}

---Makes a store of a dictionary of nginx.
---@param dict table|string ngx.shared.NAME, or its name
---@param prefix string|nil what its keys begin with, "beartls " unless given
---@return beartls.store.shdict
function shdict.new(dict, prefix)
  if type(dict) == "string" then
    dict = ngx.shared[dict] or error(("shdict.new: nginx has no lua_shared_dict %q"):format(dict), 2)
  end
  if type(dict) ~= "table" or not (dict.set and dict.add and dict.delete) then
    error(("shdict.new: ngx.shared.NAME is wanted, or its name, not a %s"):format(type(dict)), 2)
  end
  return setmetatable({ dict = dict, prefix = prefix or "beartls " }, shdict_mt)
end

return shdict
