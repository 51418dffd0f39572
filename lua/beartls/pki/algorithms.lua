-- algorithms.lua: which signature scheme goes with a key, and how certificates write it (RFC 4055, 5758, 8410).

local der = require "beartls.pki.der"

local algorithms = {}

-- RFC 5280, A.1; parameters of PKCS #1 are NULL, those of the others absent.
local function pkcs1(arc)
  return der.sequence(der.oid("1.2.840.113549.1.1." .. arc), der.null)
end

local function plain(oid)
  return der.sequence(der.oid(oid))
end

-- RSASSA-PSS with one hash for everything and as long a salt (RFC 4055, 3.1).
local function pss(arc, salt)
  local hash = der.sequence(der.oid("2.16.840.1.101.3.4.2." .. arc), der.null)
  local mask = der.sequence(der.oid "1.2.840.113549.1.1.8", hash)
  return der.sequence(der.oid "1.2.840.113549.1.1.10",
    der.sequence(der.context(0, hash), der.context(1, mask), der.context(2, der.integer(salt))))
end

-- TLS's name of a scheme -> AlgorithmIdentifier.
local identifiers = {
  rsa_pkcs1_sha256 = pkcs1(11), rsa_pkcs1_sha384 = pkcs1(12), rsa_pkcs1_sha512 = pkcs1(13),
  rsa_pss_rsae_sha256 = pss(1, 32), rsa_pss_rsae_sha384 = pss(2, 48), rsa_pss_rsae_sha512 = pss(3, 64),
  rsa_pss_pss_sha256 = pss(1, 32),
  ecdsa_secp256r1_sha256 = plain "1.2.840.10045.4.3.2",
  ecdsa_secp384r1_sha384 = plain "1.2.840.10045.4.3.3",
  ecdsa_secp521r1_sha512 = plain "1.2.840.10045.4.3.4",
  ed25519 = plain "1.3.101.112",
  -- For the gallery of faults alone: nobody should believe these.
  rsa_pkcs1_sha1 = pkcs1(5), ecdsa_sha1 = plain "1.2.840.10045.4.1",
}

---The OID of RSA keys, in DER.
algorithms.RSA = der.oid "1.2.840.113549.1.1.1"

---What pki.ca and ca:issue take as key_kind.
algorithms.key_kinds = { "p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072", "rsa4096" }

local schemes = {
  RSA = "rsa_pkcs1_sha256", ["RSA-PSS"] = "rsa_pss_pss_sha256", Ed25519 = "ed25519",
  secp256r1 = "ecdsa_secp256r1_sha256", secp384r1 = "ecdsa_secp384r1_sha384", secp521r1 = "ecdsa_secp521r1_sha512",
}

---The scheme that a key signs with.
---@param key beartls.key
---@return string
function algorithms.scheme_of(key)
  return schemes[key:curve() or key:type()]
end

---@param scheme string
---@return string AlgorithmIdentifier
function algorithms.identifier(scheme)
  return identifiers[scheme]
end

---Signs what a certificate, request or revocation list says: SEQUENCE { body, algorithm, signature }, the form that
---all three have (RFC 5280, 4.1.1).
---@param key beartls.key
---@param scheme string
---@param body string DER
---@param spoil fun(signature: string): string|nil what the gallery of faults does to the signature
---@return string|nil der
---@return string|nil message
---@return string|nil code
function algorithms.sign(key, scheme, body, spoil)
  local signature, message, code = key:sign(scheme, body)
  if not signature then
    return nil, message, code
  elseif spoil then
    signature = spoil(signature)
  end
  return der.sequence(body, identifiers[scheme], der.bit_string(signature))
end

return algorithms
