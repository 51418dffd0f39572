-- json.lua -- tables as JSON text on one line, keys in a fixed order. It writes and does not read.
local text = require "beartls.decode.text"

local json = {}

-- Under these names stand bytes, or a list of them: they are written in hex. Every other string is
-- text.
local bytes_keys = {
  raw = true, random = true, session_id = true, public = true, data = true, der = true,
  verify_data = true, certificates = true, identity = true, identity_hint = true,
}
-- Objects of the core that say what other keys say already.
local skipped = { chain = true }
-- An empty table is a list, but for these.
local object_keys = { fields = true, extensions = true }
-- What of an event comes first, for the eye.
local rank = {
  time = 1, direction = 2, content_type = 3, type = 4, version = 5, encrypted = 6, length = 7,
  fields = 8, raw = 9,
}

local function unicode_escape(code)
  return ("\\u%04x"):format(code)
end

local function string_of(s)
  return '"' .. text.escape(s:gsub('["\\]', "\\%0"), unicode_escape) .. '"'
end

local function number_of(n)
  if n ~= n or n == math.huge or n == -math.huge then
    return "null"
  elseif n == math.floor(n) and math.abs(n) < 2 ^ 53 then
    return ("%.0f"):format(n)
  end
  return ("%.6f"):format(n)
end

local function by_rank(a, b)
  local x, y = rank[a] or 100, rank[b] or 100
  if x ~= y then
    return x < y
  end
  return a < b
end

local encode

local function object_of(t)
  local keys, out = {}, {}
  for key in pairs(t) do
    if not skipped[key] then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys, by_rank)
  for i, key in ipairs(keys) do
    out[i] = string_of(key) .. ":" .. encode(t[key], key)
  end
  return "{" .. table.concat(out, ",") .. "}"
end

local function list_of(t, key)
  local out = {}
  for i, item in ipairs(t) do
    out[i] = encode(item, key)
  end
  return "[" .. table.concat(out, ",") .. "]"
end

function encode(value, key)
  local kind = type(value)
  if kind == "string" then
    return bytes_keys[key] and '"' .. text.hex(value) .. '"' or string_of(value)
  elseif kind == "number" then
    return number_of(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind ~= "table" then
    return "null"
  elseif value[1] ~= nil or (next(value) == nil and not object_keys[key]) then
    return list_of(value, key)
  end
  return object_of(value)
end

---@param value any strings, numbers, booleans, and tables of them that are lists or have strings
--- for keys, without cycles
---@return string
function json.encode(value)
  return encode(value, nil)
end

return json
