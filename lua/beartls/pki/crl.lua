-- crl.lua: certificate revocation lists (RFC 5280, 5): what an authority takes back before its time.

local algorithms = require "beartls.pki.algorithms"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local parts = require "beartls.pki.parts"
local options = require "beartls.options"

local crl = {}

local DAY = 86400

---@class beartls.crl
local methods = {}

local crl_mt = { __index = methods }

---@return string
function methods:der()
  return self.bytes
end

---@return string
function methods:pem()
  return core.pem_encode("X509 CRL", self.bytes)
end

---Whether it takes this certificate back.
---@param certificate beartls.certificate
---@return boolean
function methods:lists(certificate)
  return self.serials[certificate:serial()] == true
end

function crl_mt:__len()
  return #self.entries
end

local function hex(bytes)
  return (bytes:gsub("^%z", ""):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function new(bytes, read)
  local serials = {}
  for _, entry in ipairs(read.entries) do
    serials[hex(entry.serial)] = true
  end
  return setmetatable({ bytes = bytes, read = read, entries = read.entries, serials = serials }, crl_mt)
end

---Reads a list. Nobody has checked its signature yet.
---@param text string PEM or DER
---@return beartls.crl|nil
---@return string|nil message
---@return string|nil code "crl_malformed", "config_no_crl", "config_pem_malformed"
function crl.parse(text)
  local blocks, message, code = core.pem_decode(text)
  if not blocks then
    return nil, message, code
  end
  for _, block in ipairs(blocks) do
    if not block.label or block.label == "X509 CRL" then
      local read, why = parts.crl(block.bytes)
      if not read then
        return nil, "the revocation list cannot be used: " .. why, "crl_malformed"
      end
      return new(block.bytes, read)
    end
  end
  return nil, "there is no revocation list in it", "config_no_crl"
end

---@param value any
---@return boolean
function crl.is(value)
  return getmetatable(value) == crl_mt
end

-- RFC 5280, 5.3.1.
local reasons = {
  keyCompromise = 1, cACompromise = 2, affiliationChanged = 3, superseded = 4, cessationOfOperation = 5,
  certificateHold = 6, privilegeWithdrawn = 9, aACompromise = 10,
}

crl.reasons = reasons

local function unhex(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- What the option revoked names, as an entry: a certificate, or a table about one.
local function entry_of(given, now)
  if options.is_a(given, "beartls.certificate") then
    given = { certificate = given }
  end
  local serial = given.serial or given.certificate:serial()
  return {
    serial = unhex(serial), time = der.time(given.time or now), reason = given.reason and reasons[given.reason],
  }
end

local function encode_entry(entry)
  local reason = entry.reason and extensions.encode {
    extensions.new("reason", false, der.enumerated(entry.reason)),
  } or ""
  return der.sequence(der.integer(entry.serial), entry.time, reason)
end

-- Those of the list before, and the new ones that are not among them.
local function merged(previous, given, now)
  local list, seen = {}, {}
  local function add(entry)
    local key = hex(entry.serial)
    if not seen[key] then
      seen[key] = true
      list[#list + 1] = entry
    end
  end
  for _, entry in ipairs(previous and previous.entries or {}) do
    add(entry)
  end
  for _, item in ipairs(given.revoked or {}) do
    add(entry_of(item, now))
  end
  return list
end

-- Greater than the number before, whoever counted: numbers are the time at which a list was made.
local function number_after(previous, now)
  local number, last = math.floor(now), 0
  for i = 1, previous and #previous.read.number or 0 do
    last = last * 256 + previous.read.number:byte(i)
  end
  return math.max(number, last + 1)
end

---Makes a list.
---@param given table options of ca:crl, checked
---@param issuer beartls.authority
---@param now number
---@return beartls.crl|nil
---@return string|nil message
---@return string|nil code
function crl.make(given, issuer, now)
  local previous = given.previous
  if previous and previous.read.issuer ~= issuer.subject then
    return nil, "the list before was not made by this authority", "config_crl"
  elseif previous and not core.is_signed(issuer.key:public("der"), previous.read.algorithm, previous.read.body,
    previous.read.signature) then
    return nil, "the list before was not signed with the key of this authority", "config_crl"
  end
  local all = {}
  for i, entry in ipairs(merged(previous, given, now)) do
    all[i] = encode_entry(entry)
  end
  local list = { extensions.new("crl_number", false, der.integer(given.number or number_after(previous, now))) }
  if issuer.identifier then
    table.insert(list, 1, extensions.authority_key_identifier(issuer.identifier))
  end
  local bytes, message, code = algorithms.sign(issuer.key, issuer.scheme, der.sequence(
    der.integer(1), algorithms.identifier(issuer.scheme), issuer.subject,
    der.time(now), der.time(math.min(now + (given.days or 30) * DAY, der.LAST_MOMENT)),
    #all > 0 and der.sequence(table.concat(all)) or "", der.context(0, extensions.encode(list))))
  if not bytes then
    return nil, message, code
  end
  return crl.parse(bytes)
end

return crl
