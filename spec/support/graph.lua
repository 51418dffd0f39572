-- graph.lua: certificates for specs of the verdict: each from one line that says what is unusual about it. Subjects and
-- keys go by names: the same name is the same distinguished name, or the same key, wherever it stands.

local algorithms = require "beartls.pki.algorithms"
local certificate = require "beartls.pki.certificate"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local names = require "beartls.pki.names"
local parts = require "beartls.pki.parts"
local pki = require "support.pki"
local subject = require "beartls.pki.subject"
local tls = require "beartls"

local graph = {}

local DAY = 86400

local keys = {}

---The key of that name: on P-256, unless its name says another kind ("rsa2048 of the root").
---@param name string
function graph.key(name)
  if not keys[name] then
    local kind = name:match "^(%w+) of " or "p256"
    keys[name] = assert(core.key.generate(kind))
  end
  return keys[name]
end

---A distinguished name: "" is the empty one, a table lists type and value, other text is a common name.
---@param name string|string[][]
function graph.name(name)
  if name == "" then
    return subject.EMPTY
  end
  return assert(subject.encode(type(name) == "table" and name or { { "CN", name } }))
end

local function identifier_of(key)
  return extensions.key_identifier(assert(parts.public_key(key:public "der")).bits)
end

local function add_if(list, condition, make, ...)
  if condition then
    list[#list + 1] = make(...)
  end
end

local function extensions_of(c, key, issuer_key)
  local list = {}
  local san = c.san or c.dns and { dns = c.dns }
  add_if(list, c.ca ~= nil or c.path_length, extensions.basic_constraints, c.ca, c.path_length)
  add_if(list, c.ku or c.ca, extensions.key_usage, c.ku or { "keyCertSign", "cRLSign" })
  add_if(list, c.eku, extensions.extended_key_usage, c.eku)
  add_if(list, san, function()
    return extensions.subject_alternative_name(assert(names.encode(san)), c.subject == "")
  end)
  add_if(list, c.permitted or c.excluded, function()
    return extensions.name_constraints(assert(names.subtrees(c.permitted)), assert(names.subtrees(c.excluded)))
  end)
  add_if(list, not c.bare, extensions.subject_key_identifier, identifier_of(key))
  add_if(list, not c.bare, extensions.authority_key_identifier, identifier_of(issuer_key))
  return list
end

---Makes a certificate, valid around the specs' moment.
---@param c table [1]: its subject; by: its issuer, itself when there is none; key, by_key: names of keys, those of the
---subject and issuer when not given; ca, path_length, ku, eku, dns, san, permitted, excluded: what is in its
---extensions; bare: without key identifiers; from, to: days from now; change: function(plan) before it is signed
---@return string pem
function graph.certificate(c)
  c.subject = c[1]
  local issuer = c.by or c.subject
  local key = graph.key(c.key or c.subject)
  local issuer_key = graph.key(c.by_key or (c.by and c.by) or c.key or c.subject)
  local plan = {
    version = 3, serial = certificate.serial(), subject = graph.name(c.subject), issuer = graph.name(issuer),
    not_before = pki.NOW + (c.from or -30) * DAY, not_after = pki.NOW + (c.to or 30) * DAY,
    public_key = key:public "der", key = issuer_key, scheme = algorithms.scheme_of(issuer_key),
    extensions = extensions_of(c, key, issuer_key),
  }
  if c.change then
    c.change(plan)
  end
  return core.pem_encode("CERTIFICATE", assert(certificate.encode(plan)))
end

---An extension that is none of those above.
---@param oid string
---@param critical boolean
---@param value string DER
function graph.extension(oid, critical, value)
  return extensions.new(oid, critical, value)
end

---The verdict on certificates at the specs' moment.
---@param case table sent, trusted: lists of PEM; name, usage; days: later than the moment
---@param root string PEM of whom to trust when the case does not say it
---@return table|nil path
---@return string|nil message
---@return string|nil code
---@return table|nil failure
function graph.verdict(case, root)
  local trust, message, code = tls.trust.parse(table.concat(case.trusted or { root }))
  if not trust then
    return nil, message, code
  end
  local chain
  chain, message, code = tls.certificate.parse(table.concat(case.sent))
  if not chain then
    return nil, message, code
  end
  return trust:verify(chain, { name = case.name, usage = case.usage, time = pki.NOW + (case.days or 0) * 86400 })
end

graph.der = der

return graph
