-- parts.lua: takes certificates, requests and revocation lists in DER apart, as far as issuing needs it. Whether to
-- believe what they say is decided elsewhere.

local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local reader = require "beartls.decode.reader"

local parts = {}

local SEQUENCE, SET, OID, BIT_STRING, OCTET_STRING = 0x30, 0x31, 0x06, 0x03, 0x04
local BOOLEAN, INTEGER, ENUMERATED, UTC_TIME, GENERALIZED_TIME = 0x01, 0x02, 0x0A, 0x17, 0x18
local CONTEXT_0, CONTEXT_3 = 0xA0, 0xA3

local function next_is(r, tag)
  return r:more() and r.bytes:byte(r.at) == tag
end

-- The next element with its tag and length.
local function whole(r, tag, what)
  local start = r.at
  r:expect(tag, what)
  return r.bytes:sub(start, r.at - 1)
end

-- The bytes of the next BIT STRING, which has no unused bits.
local function octets(r, what)
  local value = r:expect(BIT_STRING, what)
  if value:u8(what) ~= 0 then
    value:fail("%s: it does not end with a byte", what)
  end
  return value:rest()
end

-- What a signature is over, and the signature (RFC 5280, 4.1.1).
local function signed(bytes, what)
  local outer = reader.new(bytes)
  local r = outer:expect(SEQUENCE, what)
  outer:finish(what)
  local body = whole(r, SEQUENCE, "body")
  local out = {
    body = body, algorithm = whole(r, SEQUENCE, "signature algorithm"), signature = octets(r, "signature"),
  }
  r:finish(what)
  return out, reader.new(body):expect(SEQUENCE, "body")
end

-- Extensions: the value of each, by its OID in DER.
local function extension_values(r)
  local found = {}
  local list = r:expect(SEQUENCE, "extensions")
  while list:more() do
    local extension = list:expect(SEQUENCE, "extension")
    local oid = whole(extension, OID, "type of an extension")
    if found[oid] then
      extension:fail "an extension is there twice"
    end
    if next_is(extension, BOOLEAN) then
      extension:element "critical"
    end
    found[oid] = extension:expect(OCTET_STRING, "value of an extension"):rest()
  end
  return found
end

local function extension(found, name)
  return found[der.oid(extensions.oids[name])]
end

local function identifier(found)
  local value = extension(found, "subject_key_identifier")
  return value and reader.new(value):expect(OCTET_STRING, "key identifier"):rest()
end

local function certificate(bytes)
  local out, body = signed(bytes, "certificate")
  if next_is(body, CONTEXT_0) then
    body:element "version"
  end
  body:expect(INTEGER, "serial number")
  body:expect(SEQUENCE, "signature algorithm")
  out.issuer = whole(body, SEQUENCE, "issuer")
  body:expect(SEQUENCE, "validity")
  out.subject = whole(body, SEQUENCE, "subject")
  out.public_key = whole(body, SEQUENCE, "public key")
  while body:more() do
    local tag, contents = body:element "extensions"
    local found = tag == CONTEXT_3 and extension_values(contents) or {}
    out.identifier, out.is_constrained = identifier(found), extension(found, "name_constraints") ~= nil
  end
  return out
end

-- GeneralNames as the options dns, ip, email, uri; other says that there are names of other kinds.
local function general_names(value)
  local out = { dns = {}, ip = {}, email = {}, uri = {} }
  local kinds = { [0x81] = "email", [0x82] = "dns", [0x86] = "uri", [0x87] = "ip" }
  local list = reader.new(value):expect(SEQUENCE, "names")
  while list:more() do
    local tag, contents = list:element "name"
    local kind, name = kinds[tag], contents:rest()
    if kind == "ip" then
      name = core.ip_text(name) or contents:fail "an address that is neither IPv4 nor IPv6"
    end
    if kind then
      table.insert(out[kind], name)
    else
      out.other = true
    end
  end
  return out
end

local EXTENSION_REQUEST = der.oid "1.2.840.113549.1.9.14" -- RFC 2985, 5.4.2

-- RFC 2986, 4.1.
local function request(bytes)
  local out, body = signed(bytes, "certificate request")
  if whole(body, INTEGER, "version") ~= der.integer(0) then
    body:fail "version: not 1"
  end
  out.subject = whole(body, SEQUENCE, "subject")
  out.public_key = whole(body, SEQUENCE, "public key")
  local attributes = body:expect(CONTEXT_0, "attributes")
  body:finish "certificate request"
  out.names = { dns = {}, ip = {}, email = {}, uri = {} }
  while attributes:more() do
    local attribute = attributes:expect(SEQUENCE, "attribute")
    local is_wanted = whole(attribute, OID, "type of an attribute") == EXTENSION_REQUEST
    local values = attribute:expect(SET, "values of an attribute")
    if is_wanted then
      local value = extension(extension_values(values), "subject_alternative_name")
      out.names = value and general_names(value) or out.names
    end
  end
  return out
end

-- UTCTime and GeneralizedTime as they are: nothing is done with them but to write them again.
local function time(r)
  return whole(r, next_is(r, UTC_TIME) and UTC_TIME or GENERALIZED_TIME, "time")
end

local function revoked(entry)
  local out = { serial = entry:expect(INTEGER, "serial number"):rest(), time = time(entry) }
  if entry:more() then
    local value = extension(extension_values(entry), "reason")
    out.reason = value and reader.new(value):expect(ENUMERATED, "reason"):u8 "reason"
  end
  return out
end

-- RFC 5280, 5.1: version 2, or 1 without extensions.
local function crl(bytes)
  local out, body = signed(bytes, "revocation list")
  if next_is(body, INTEGER) then
    body:element "version"
  end
  body:expect(SEQUENCE, "signature algorithm")
  out.issuer = whole(body, SEQUENCE, "issuer")
  time(body)
  if next_is(body, UTC_TIME) or next_is(body, GENERALIZED_TIME) then
    time(body)
  end
  out.entries = {}
  local entries = next_is(body, SEQUENCE) and body:expect(SEQUENCE, "revoked certificates")
  while entries and entries:more() do
    table.insert(out.entries, revoked(entries:expect(SEQUENCE, "revoked certificate")))
  end
  out.number = "\0"
  if body:more() then
    local value = extension(extension_values(body:expect(CONTEXT_0, "extensions")), "crl_number")
    out.number = value and reader.new(value):expect(INTEGER, "number"):rest() or out.number
  end
  return out
end

local function public_key(bytes)
  local info = reader.new(bytes):expect(SEQUENCE, "public key")
  local algorithm = info:expect(SEQUENCE, "algorithm")
  return { algorithm = whole(algorithm, OID, "algorithm"), bits = octets(info, "bits of the key") }
end

local function attempt(decode)
  return function(bytes)
    local ok, result = reader.try(decode, bytes)
    if ok then
      return result
    end
    return nil, result
  end
end

---A certificate: { issuer, subject, public_key } in DER, its key identifier, and whether it constrains names.
---@type fun(der: string): table|nil, string|nil
parts.certificate = attempt(certificate)

---A request: { body, algorithm, signature, subject, public_key } in DER, and names.
---@type fun(der: string): table|nil, string|nil
parts.request = attempt(request)

---A revocation list: { body, algorithm, signature, issuer } in DER, its number, and entries { serial, time, reason }.
---@type fun(der: string): table|nil, string|nil
parts.crl = attempt(crl)

---A SubjectPublicKeyInfo: the OID of its algorithm in DER, and its bits.
---@type fun(der: string): table|nil, string|nil
parts.public_key = attempt(public_key)

return parts
