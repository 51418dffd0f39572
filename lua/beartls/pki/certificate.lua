-- certificate.lua: from the options of pki.ca, ca:issue and ca:sign to a certificate. A plan says what will be in it,
-- part by part; encode writes and signs it (RFC 5280, 4.1).

local algorithms = require "beartls.pki.algorithms"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local names = require "beartls.pki.names"
local options = require "beartls.options"
local parts = require "beartls.pki.parts"
local subject = require "beartls.pki.subject"

local certificate = {}

local DAY = 86400
-- Clocks differ: what is issued now is believed by those that are an hour behind, too.
local BACKDATED = 3600

---The key that the options give or ask for.
---@param given table
---@return beartls.key|nil
---@return string|nil message
---@return string|nil code
function certificate.key_of(given)
  if type(given.key) == "string" then
    return options.load_key(given.key, given.password)
  elseif given.key then
    return given.key
  end
  return core.key.generate(given.key_kind or "p256")
end

---A serial number that nobody can guess and none has twice: 127 random bits, positive, always 16 bytes.
---@return string
function certificate.serial()
  local bytes = core.random(16)
  return string.char(0x40 + bytes:byte() % 0x40) .. bytes:sub(2)
end

local function to_list(subject_parts, name)
  local list = {}
  for i, part in ipairs(subject_parts or {}) do
    list[i] = part
  end
  list[#list + 1] = name and { "CN", name }
  return list
end

---The subject that the options ask for: their subject and name, else the first of the names, where it fits.
---@param given table
---@param issuer beartls.authority|nil
---@return string|nil der
---@return string|nil message
---@return string|nil code
function certificate.subject(given, issuer)
  local name = given.name
  if not name and not given.subject then
    name = names.first(given)
    -- OpenSSL and GnuTLS take an address there for a host's name, which constraints on those do not permit.
    local misleads = issuer and issuer.is_constrained and core.ip_address(name or "")
    if name and (misleads or #name > subject.MOST_OF_COMMON_NAME) then
      name = nil
    end
  end
  return subject.encode(to_list(given.subject, name))
end

-- From when to when: nil, nil, message, code when the issuer does not live that long.
local function validity(given, issuer, now, default_days)
  local from = given.not_before or now - BACKDATED
  local to = given.not_after or now + (given.days or default_days) * DAY
  local last = issuer and issuer.not_after or der.LAST_MOMENT
  if to > last then
    if given.days or given.not_after then
      return nil, nil, ("the authority itself ends on %s: less than that is wanted"):format(
        os.date("!%Y-%m-%d", last)), "config_validity"
    end
    to = last
  end
  if to < from then
    return nil, nil, "the certificate would end before it begins", "config_validity"
  end
  return from, to
end

-- What all certificates have in common.
local function plan(given, issuer, public_key, now, default_days)
  local name, message, code = certificate.subject(given, issuer)
  local from, to
  if name then
    from, to, message, code = validity(given, issuer, now, default_days)
  end
  if not from then
    return nil, message, code
  end
  return {
    version = 3, serial = certificate.serial(), subject = name, not_before = from, not_after = to,
    public_key = public_key, identifier = extensions.key_identifier(assert(parts.public_key(public_key)).bits),
  }
end

-- The issuer's part of a plan, and the identifiers by which a path is built.
local function add_issuer(p, issuer)
  p.issuer, p.key, p.scheme = issuer.subject, issuer.key, issuer.scheme
  table.insert(p.extensions, extensions.subject_key_identifier(p.identifier))
  if issuer.identifier then
    table.insert(p.extensions, extensions.authority_key_identifier(issuer.identifier))
  end
  return p
end

---The plan of an authority's certificate.
---@param given table options of pki.ca
---@param issuer table|nil the authority above it; nil: it issues itself
---@param key beartls.key its own
---@param now number
---@return table|nil plan
---@return string|nil message
---@return string|nil code
function certificate.plan_authority(given, issuer, key, now)
  local permitted, message, code = names.subtrees(given.permitted)
  local excluded, p
  if permitted then
    excluded, message, code = names.subtrees(given.excluded)
  end
  if excluded then
    p, message, code = plan(given, issuer, key:public("der"), now, issuer and 1825 or 3650)
  end
  if not p then
    return nil, message, code
  end
  p.extensions = {
    extensions.basic_constraints(true, given.path_length),
    extensions.key_usage { "keyCertSign", "cRLSign" },
  }
  if permitted ~= "" or excluded ~= "" then
    table.insert(p.extensions, extensions.name_constraints(permitted, excluded))
  end
  return add_issuer(p, issuer or { subject = p.subject, key = key, scheme = algorithms.scheme_of(key) })
end

-- What a leaf is for: a server when it has a host's name, a client otherwise, unless the options say it.
local function purposes(given)
  local server, client = given.server, given.client
  if server == nil and client == nil then
    server = given.dns ~= nil or given.ip ~= nil
    client = not server
  end
  local list = {}
  list[#list + 1] = server and "serverAuth" or nil
  list[#list + 1] = client and "clientAuth" or nil
  return list
end

---The plan of a server's or client's certificate.
---@param given table options of ca:issue
---@param issuer table the authority
---@param public_key string SubjectPublicKeyInfo
---@param now number
---@return table|nil plan
---@return string|nil message
---@return string|nil code
function certificate.plan_leaf(given, issuer, public_key, now)
  local general_names, message, code = names.encode(given)
  local p
  if general_names then
    p, message, code = plan(given, issuer, public_key, now, 397)
  end
  if not p then
    return nil, message, code
  elseif p.subject == subject.EMPTY and general_names == "" then
    return nil, "the certificate would be for nobody: it wants a name, dns, ip, email or uri", "config_name"
  end
  -- RSA key transport encrypts to the server's key.
  local is_rsa = parts.public_key(public_key).algorithm == algorithms.RSA
  p.extensions = {
    extensions.basic_constraints(false),
    extensions.key_usage(is_rsa and { "digitalSignature", "keyEncipherment" } or { "digitalSignature" }),
  }
  local uses = purposes(given)
  if #uses > 0 then
    table.insert(p.extensions, extensions.extended_key_usage(uses))
  end
  if general_names ~= "" then
    table.insert(p.extensions, extensions.subject_alternative_name(general_names, p.subject == subject.EMPTY))
  end
  return add_issuer(p, issuer)
end

---Writes and signs what is planned.
---@param p table
---@return string|nil der
---@return string|nil message
---@return string|nil code
function certificate.encode(p)
  local body = der.sequence(
    p.version > 1 and der.context(0, der.integer(p.version - 1)) or "",
    der.integer(p.serial),
    algorithms.identifier(p.inner_scheme or p.scheme),
    p.issuer,
    der.sequence(der.time(p.not_before), der.time(p.not_after)),
    p.subject,
    p.public_key,
    p.version == 3 and der.context(3, extensions.encode(p.extensions)) or "")
  return algorithms.sign(p.key, p.scheme, body, p.spoil)
end

return certificate
