-- memory.lua: a store in the memory of this Lua state: bounded, what was used least recently goes first.
--
-- A store is where sessions keep what resumes them (option tickets of tls.config). Any object with these methods is
-- one; they may yield, they never raise, and what they are given and give is binary:
--
--   store:put(key, value, seconds)  keeps the value for that long, in place of what was there: true, or nil, err
--   store:add(key, value, seconds)  the same, only if there is nothing: true; false when there is; or nil, err
--   store:take(key)                 gives the value and forgets it, in one step: nobody else gets it; nil[, err]
--   store:get(key)                  gives the value, which stays; nil[, err]
--
-- Keys have 32 bytes or so, values up to 64 kB. `add` is for shared ticket keys alone (beartls.store.ticket_keys).

local options = require "beartls.options"

local memory = {}

---@class beartls.store
local store = {}
store.__index = store
store.__name = "beartls.store.memory"

-- What an entry takes besides its strings, roughly.
local OVERHEAD = 200

local function is_count(value)
  return type(value) == "number" and value >= 1
end

local known = {
  entries = { is_count, "how many entries it may hold" },
  bytes = { is_count, "how many bytes it may hold" },
  time = { options.is_type "function", "a function that returns seconds" },
}

---Makes a store. One that is given to several configs is shared by them: clients and servers may use the same one.
---@param given table|nil { entries = 10000, bytes = 33554432: what it may hold (an entry itself counts for 200 bytes),
---time = os.time }
---@return beartls.store
function memory.new(given)
  given = given or {}
  options.check(given, known, "memory.new", 2)
  local self = setmetatable({
    most_entries = given.entries or 10000, most_bytes = given.bytes or 32 * 1024 * 1024,
    time = given.time or os.time, entries = {}, count = 0, bytes = 0,
  }, store)
  self.ring = {} -- its `older` is the entry that was used last, its `newer` the one that goes next
  self.ring.older, self.ring.newer = self.ring, self.ring
  return self
end

local function unlink(entry)
  entry.newer.older, entry.older.newer = entry.older, entry.newer
end

local function link_first(self, entry)
  local ring = self.ring
  entry.older, entry.newer = ring.older, ring
  ring.older.newer, ring.older = entry, entry
end

local function remove(self, entry)
  unlink(entry)
  self.entries[entry.key] = nil
  self.count = self.count - 1
  self.bytes = self.bytes - entry.size
end

-- The entry of that key, if it has one that has not expired.
local function find(self, key)
  local entry = self.entries[key]
  if entry and self.time() >= entry.expires then
    remove(self, entry)
    return nil
  end
  return entry
end

---Keeps a value.
---@param key string
---@param value string
---@param seconds number
---@return true|nil
---@return string|nil err
function store:put(key, value, seconds)
  local old = self.entries[key]
  if old then
    remove(self, old)
  end
  local entry = { key = key, value = value, size = #key + #value + OVERHEAD, expires = self.time() + seconds }
  if entry.size > self.most_bytes then
    return nil, "the value is longer than all that the store may hold"
  end
  self.entries[key] = entry
  link_first(self, entry)
  self.count = self.count + 1
  self.bytes = self.bytes + entry.size
  while self.count > self.most_entries or self.bytes > self.most_bytes do
    remove(self, self.ring.newer)
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
  if find(self, key) then
    return false
  end
  return self:put(key, value, seconds)
end

---Gives a value and forgets it.
---@param key string
---@return string|nil
function store:take(key)
  local entry = find(self, key)
  if not entry then
    return nil
  end
  remove(self, entry)
  return entry.value
end

---Gives a value, which stays and counts as used.
---@param key string
---@return string|nil
function store:get(key)
  local entry = find(self, key)
  if not entry then
    return nil
  end
  unlink(entry)
  link_first(self, entry)
  return entry.value
end

---How many entries and bytes it holds.
---@return integer entries
---@return integer bytes
function store:size()
  return self.count, self.bytes
end

function store:__tostring()
  return ("beartls.store.memory (%d entries)"):format(self.count)
end

return memory
