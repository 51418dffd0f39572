-- revocation.lua: revocation lists and OCSP responses with whatever is wrong with them, made in DER.

local algorithms = require "beartls.pki.algorithms"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"

local revocation = {}

local function unhex(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- Contents of a DER element at `at`, and where the next one begins.
local function element(bytes, at)
  local n, start = bytes:byte(at + 1), at + 2
  if n >= 0x80 then
    local count = n - 0x80
    n = 0
    for i = start, start + count - 1 do
      n = n * 256 + bytes:byte(i)
    end
    start = start + count
  end
  return bytes:sub(start, start + n - 1), start + n
end

---The whole subject of a certificate, and the bits of its public key.
function revocation.subject_and_key(certificate)
  local tbs = element(element(certificate:der(), 1), 1)
  local at, elements = 1, {}
  while at <= #tbs do
    local _, next_at = element(tbs, at)
    elements[#elements + 1] = tbs:sub(at, next_at - 1)
    at = next_at
  end
  local subject, spki = elements[6], elements[7]
  local inside = element(spki, 1)
  local _, bits_at = element(inside, 1)
  return subject, (element(inside, bits_at)):sub(2)
end

---A list. given: key, issuer (a certificate), now, and what is special: entries = { { serial = hex, time =, reason =,
---extensions = list } }, extensions = list, next_update = seconds or false, version = 1, scheme, inner_scheme, spoil,
---no_key_id
function revocation.crl(given)
  local scheme = given.scheme or algorithms.scheme_of(given.key)
  local entries = {}
  for i, entry in ipairs(given.entries or {}) do
    local list = entry.extensions or {}
    if entry.reason then
      list[#list + 1] = extensions.new("reason", false, der.enumerated(entry.reason))
    end
    entries[i] = der.sequence(der.integer(unhex(entry.serial)), der.time(entry.time or given.now),
      #list > 0 and extensions.encode(list) or "")
  end
  local list = {}
  if not given.no_key_id and given.issuer:subject_key_id() then
    list[1] = extensions.authority_key_identifier(unhex(given.issuer:subject_key_id()))
  end
  for _, extension in ipairs(given.extensions or {}) do
    list[#list + 1] = extension
  end
  local parts = {
    given.version == 1 and "" or der.integer(1), algorithms.identifier(given.inner_scheme or scheme),
    (revocation.subject_and_key(given.issuer)), der.time(given.this_update or given.now),
    given.next_update ~= false and der.time(given.next_update or given.now + 86400) or "",
    #entries > 0 and der.sequence(table.concat(entries)) or "",
    #list > 0 and der.context(0, extensions.encode(list)) or "",
  }
  return assert(algorithms.sign(given.key, scheme, der.sequence(table.concat(parts)), given.spoil))
end

---IssuingDistributionPoint from its parts, which DER writes.
function revocation.distribution_point(...)
  return extensions.new("2.5.29.28", true, der.sequence(...))
end

---The part that names it.
function revocation.full_name(uri)
  return der.context(0, der.context(0, der.context_primitive(6, uri)))
end

local function generalized(seconds)
  return der.element(0x18, os.date("!%Y%m%d%H%M%SZ", seconds))
end

local hash_oids = { sha1 = "1.3.14.3.2.26", sha256 = "2.16.840.1.101.3.4.2.1" }

local states = {
  good = function() return der.context_primitive(0, "") end,
  unknown = function() return der.context_primitive(2, "") end,
  revoked = function(answer)
    return der.context(1, generalized(answer.time)
      .. (answer.reason and der.context(0, der.enumerated(answer.reason)) or ""))
  end,
}

local function single(answer, given)
  local name, key = revocation.subject_and_key(answer.issuer or given.issuer)
  local hash = answer.hash or "sha1"
  answer.time = answer.time or given.now
  return der.sequence(
    der.sequence(der.sequence(der.oid(hash_oids[hash]), der.null), der.octet_string(core.hash(hash, name)),
      der.octet_string(core.hash(hash, key)), der.integer(unhex(answer.serial or answer.certificate:serial()))),
    states[answer.state or "good"](answer), generalized(answer.this_update or given.now),
    answer.next_update ~= false and der.context(0, generalized(answer.next_update or given.now + 86400)) or "",
    answer.extensions and der.context(1, extensions.encode(answer.extensions)) or "")
end

---An OCSP response. given: issuer and key (of the responder), now, answers = { { certificate or serial =, state =
---"good" | "revoked" | "unknown", time =, reason =, this_update =, next_update = seconds or false, hash =,
---extensions = } }, responder = the delegated responder's certificate, by_key, certificates = list, status, scheme,
---spoil, extensions, version
function revocation.ocsp(given)
  if given.status then
    return der.sequence(der.enumerated(given.status))
  end
  local scheme = given.scheme or algorithms.scheme_of(given.key)
  local answers = {}
  for i, answer in ipairs(given.answers) do
    answers[i] = single(answer, given)
  end
  local name, key = revocation.subject_and_key(given.responder or given.issuer)
  local data = der.sequence(
    given.version and der.context(0, der.integer(given.version)) or "",
    given.by_key and der.context(2, der.octet_string(core.hash("sha1", key))) or der.context(1, name),
    generalized(given.now), der.sequence(table.concat(answers)),
    given.extensions and der.context(1, extensions.encode(given.extensions)) or "")
  local signature = assert(given.key:sign(scheme, data))
  local certificates = {}
  for i, certificate in ipairs(given.certificates or { given.responder }) do
    certificates[i] = certificate:der()
  end
  local basic = der.sequence(data, algorithms.identifier(scheme),
    der.bit_string(given.spoil and given.spoil(signature) or signature),
    #certificates > 0 and der.context(0, der.sequence(table.concat(certificates))) or "")
  return der.sequence(der.enumerated(0), der.context(0, der.sequence(der.oid "1.3.6.1.5.5.7.48.1.1",
    der.octet_string(basic))))
end

return revocation
