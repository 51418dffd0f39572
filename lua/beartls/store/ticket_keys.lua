-- ticket_keys.lua: ticket keys that servers share through a store, made by whoever comes first and replaced by the
-- clock.
--
-- Time is cut into periods of one lifetime. Each has a random key, which seals in its period and opens in the one after
-- it, too. In the store it is sealed with a key that is derived from a secret that only the servers have: the store can
-- forget it (and should, which is why it is not simply derived from the secret), but not use it. The key of the next
-- period is fetched ahead of time, so that clocks may differ by an eighth of a lifetime.

local core = require "beartls.core"
local options = require "beartls.options"

local ticket_keys = {}

---@class beartls.store.ticket_keys
local ring = {}
ring.__index = ring

local LIFETIME = 43200

local known = {
  secret = {
    function(value)
      return type(value) == "string" and #value >= 32
    end,
    "a string of at least 32 bytes, which nobody can guess",
  },
  lifetime = {
    function(value)
      return type(value) == "number" and value >= 60
    end,
    "a number of seconds, at least 60",
  },
  time = { options.is_type "function", "a function that returns seconds since the epoch" },
}

---Makes the keys of servers that share the store and the secret. Nothing is asked of the store before apply or keys.
---@param store beartls.store with `add`
---@param given table { secret = 32 random bytes or more, the same for all servers; lifetime = 43200 seconds for which a
---key seals, and opens once more; time = os.time }
---@return beartls.store.ticket_keys
function ticket_keys.new(store, given)
  if not options.is_store(store) or type(store.add) ~= "function" then
    error("ticket_keys.new: the store must be an object with the methods put, add, take and get", 2)
  end
  options.check(given or {}, known, "ticket_keys.new", 2)
  if not (given and given.secret) then
    error("ticket_keys.new: the option secret is missing: at least 32 random bytes that the servers share", 2)
  end
  return setmetatable({
    store = store, secret = given.secret, lifetime = given.lifetime or LIFETIME, time = given.time or os.time,
    by_period = {}, applied = setmetatable({}, { __mode = "k" }),
  }, ring)
end

-- From what the store has under that name: the key, or nil.
local function open(self, name, value)
  local key = type(value) == "string" and core.unseal(core.derive(self.secret, "beartls ticket key"), name, value)
  return key and #key == 32 and key or nil
end

-- The key of a period, or nil, err. Only one that is needed now or next is made.
local function fetch(self, period, may_make)
  local name = core.derive(self.secret, ("beartls ticket key of %.0f, %.17g"):format(period, self.lifetime))
  local value, err = self.store:get(name)
  local key = open(self, name, value)
  if key or not may_make then
    return key, err
  end
  local made = core.random(32)
  local sealed = core.seal(core.derive(self.secret, "beartls ticket key"), name, made)
  local added
  added, err = self.store:add(name, sealed, (period + 2) * self.lifetime - self.time())
  if added then
    return made
  elseif added == false then
    value, err = self.store:get(name) -- somebody else was first
    return open(self, name, value), err
  end
  return nil, err
end

-- Fetches what is missing for this moment, and drops what is over: the period, or nil, err for what could not be had.
local function update(self)
  local now = self.time() / self.lifetime
  local period = math.floor(now)
  local have, failure = self.by_period, nil
  for old in pairs(have) do
    if old < period - 1 then
      have[old] = nil
    end
  end
  local function need(n, may_make)
    if not have[n] then
      local err
      have[n], err = fetch(self, n, may_make)
      failure = failure or err
    end
  end
  need(period, true)
  if now - period > 0.875 then
    need(period + 1, true)
  end
  if self.looked_back ~= period then -- nobody makes it any more: it is asked for once
    need(period - 1, false)
    self.looked_back = not failure and period or nil
  end
  return period, failure
end

---The keys as they are to be used now: what the option ticket_keys and config:set_ticket_keys take. While the store
---does not answer, those that are there stay in use.
---@return string[]|nil keys the one that seals first
---@return string|nil err there are none, since the store does not answer; else what the keys are called
function ring:keys()
  local period, err = update(self)
  local list, names = {}, {}
  for _, n in ipairs { period, period - 1, period + 1 } do
    if self.by_period[n] then
      list[#list + 1] = self.by_period[n]
      names[#names + 1] = ("%.0f"):format(n)
    end
  end
  if #list == 0 then
    return nil, err or "the store gives no ticket key"
  end
  return list, table.concat(names, " ")
end

---Gives the keys to a config whenever they have changed; to be called now and then, such as before each accept: it
---costs nothing when there is nothing to do. A config that has never got any goes by keys of its own.
---@param config beartls.config
---@return true|nil
---@return string|nil err
function ring:apply(config)
  local keys, names = self:keys()
  if not keys then
    return nil, names
  end
  if self.applied[config] ~= names then
    local ok, err = config:set_ticket_keys(keys)
    if not ok then
      return nil, err
    end
    self.applied[config] = names
  end
  return true
end

return ticket_keys
