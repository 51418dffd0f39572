-- rules.lua: the options of pki.ca, ca:issue and the others, for options.check.

local algorithms = require "beartls.pki.algorithms"
local core = require "beartls.core"
local crl = require "beartls.pki.crl"
local options = require "beartls.options"
local text = require "beartls.decode.text"

local rules = {}

local is_string_list = options.is_list_of "string"

local function is_some_names(value)
  return type(value) == "string" or is_string_list(value)
end

local function is_subject(value)
  if type(value) ~= "table" then
    return false
  end
  for _, part in ipairs(value) do
    if type(part) ~= "table" or type(part[1]) ~= "string" or type(part[2]) ~= "string" then
      return false
    end
  end
  return #value > 0 or next(value) == nil
end

local function is_positive(value)
  return type(value) == "number" and value > 0 and value < 4e6
end

local function is_moment(value)
  return type(value) == "number" and value >= 0 and value <= 253402300799
end

local function is_path_length(value)
  return type(value) == "number" and value >= 0 and value <= 255 and value % 1 == 0
end

local name_kinds = { dns = true, ip = true, email = true, uri = true }

local function is_subtrees(value)
  if type(value) ~= "table" then
    return false
  end
  for kind, list in pairs(value) do
    if not name_kinds[kind] or not is_some_names(list) then
      return false
    end
  end
  return true
end

local names = { is_some_names, "a name or a list of names" }
local subtrees = { is_subtrees, "a table such as { dns = { \"example.org\" }, ip = \"10.0.0.0/8\" }" }
local moment = { is_moment, "seconds since the epoch" }
local string_rule = { options.is_type "string", "a string" }

local subject = {
  name = string_rule, subject = { is_subject, 'a list such as { { "O", "Example" }, { "CN", "alice" } }' },
}
local key = {
  key = options.known.key, password = options.known.password,
  key_kind = { options.is_one_of((table.unpack or unpack)(algorithms.key_kinds)), -- luacheck: ignore 143 113
    "one of " .. table.concat(algorithms.key_kinds, ", ") },
}
local validity = { days = { is_positive, "a number of days" }, not_before = moment, not_after = moment }
local leaf_names = { dns = names, ip = names, email = names, uri = names }
local purposes = { server = options.switch, client = options.switch }
local clock = { time = options.known.time }

---The options of several tables; the later ones win.
---@param ... table
---@return table
function rules.merge(...)
  local all = {}
  for _, list in ipairs { ... } do
    for name, rule in pairs(list) do
      all[name] = rule
    end
  end
  return all
end

rules.authority = rules.merge(subject, key, validity, clock, {
  path_length = { is_path_length, "a number from 0 to 255" }, permitted = subtrees, excluded = subtrees,
})
rules.leaf = rules.merge(subject, key, validity, leaf_names, purposes)
rules.request = rules.merge(subject, key, leaf_names)
rules.sign = rules.merge(subject, validity, leaf_names, purposes)
rules.load = rules.merge(clock, { password = options.known.password, root = options.known.certificate })

local function is_revoked(value)
  if options.is_a(value, "beartls.certificate") then
    return true
  elseif type(value) ~= "table" then
    return false
  end
  for name in pairs(value) do
    if name ~= "certificate" and name ~= "serial" and name ~= "time" and name ~= "reason" then
      return false
    end
  end
  local serial = value.serial
  return (options.is_a(value.certificate, "beartls.certificate")
    or type(serial) == "string" and #serial % 2 == 0 and #serial <= 40 and not serial:find "^%X*$"
      and not serial:find "%X")
    and (value.time == nil or is_moment(value.time)) and (value.reason == nil or crl.reasons[value.reason] ~= nil)
end

local function is_revoked_list(value)
  if type(value) ~= "table" then
    return false
  end
  for _, item in ipairs(value) do
    if not is_revoked(item) then
      return false
    end
  end
  return #value > 0 or next(value) == nil
end

rules.crl = {
  revoked = { is_revoked_list, 'a list of certificates or { certificate or serial = ..., reason = "keyCompromise" }' },
  previous = { crl.is, "what ca:crl or pki.parse_crl gave" },
  days = validity.days,
  number = { is_moment, "a number" },
}

---The options of an authority, with a name of its own if they have none: two of the same name confuse whoever looks
---for the issuer.
---@param given table
---@return table
function rules.named(given)
  if given.name or given.subject then
    return given
  end
  return rules.merge(given, { name = "beartls CA " .. text.hex(core.random(4)) })
end

return rules
