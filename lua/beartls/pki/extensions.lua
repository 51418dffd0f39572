-- extensions.lua: the extensions of certificates (RFC 5280, 4.2.1). An extension is a table { oid, critical, value },
-- so that the gallery of faults can change one before it is written.

local core = require "beartls.core"
local der = require "beartls.pki.der"

local extensions = {}

extensions.oids = {
  subject_key_identifier = "2.5.29.14", key_usage = "2.5.29.15", subject_alternative_name = "2.5.29.17",
  basic_constraints = "2.5.29.19", crl_number = "2.5.29.20", reason = "2.5.29.21", name_constraints = "2.5.29.30",
  authority_key_identifier = "2.5.29.35", extended_key_usage = "2.5.29.37",
}

---@param name string of extensions.oids, or an OID
---@param critical boolean
---@param value string DER
---@return table
function extensions.new(name, critical, value)
  return { oid = extensions.oids[name] or name, critical = critical, value = value }
end

---Extensions ::= SEQUENCE OF Extension.
---@param list table[]
---@return string
function extensions.encode(list)
  local all = {}
  for i, extension in ipairs(list) do
    all[i] = der.sequence(der.oid(extension.oid), extension.critical and der.boolean(true) or "",
      der.octet_string(extension.value))
  end
  return der.sequence(table.concat(all))
end

---Whether the subject is an authority, and how many more may stand between it and a leaf.
---@param is_ca boolean
---@param path_length integer|nil
---@return table
function extensions.basic_constraints(is_ca, path_length)
  return extensions.new("basic_constraints", true, der.sequence(is_ca and der.boolean(true) or "",
    path_length and der.integer(path_length) or ""))
end

local usage_bits = {
  digitalSignature = 0, nonRepudiation = 1, keyEncipherment = 2, dataEncipherment = 3, keyAgreement = 4,
  keyCertSign = 5, cRLSign = 6,
}

---@param names string[] as certificate:key_usage() has them
---@return table
function extensions.key_usage(names)
  local bits = {}
  for i, name in ipairs(names) do
    bits[i] = usage_bits[name]
  end
  return extensions.new("key_usage", true, der.named_bits(bits))
end

local purposes = { serverAuth = 1, clientAuth = 2 }

---@param names string[] "serverAuth", "clientAuth"
---@return table
function extensions.extended_key_usage(names)
  local all = {}
  for i, name in ipairs(names) do
    all[i] = der.oid("1.3.6.1.5.5.7.3." .. purposes[name])
  end
  return extensions.new("extended_key_usage", false, der.sequence(table.concat(all)))
end

---@param general_names string what names.encode gives
---@param critical boolean when the subject is empty (RFC 5280, 4.2.1.6)
---@return table
function extensions.subject_alternative_name(general_names, critical)
  return extensions.new("subject_alternative_name", critical, der.sequence(general_names))
end

---@param permitted string what names.subtrees gives
---@param excluded string
---@return table
function extensions.name_constraints(permitted, excluded)
  return extensions.new("name_constraints", true, der.sequence(
    permitted ~= "" and der.context(0, permitted) or "", excluded ~= "" and der.context(1, excluded) or ""))
end

---How a public key is found again: the first 160 bits of its SHA-256 (RFC 7093, 2, method 1).
---@param public_key string the bits of SubjectPublicKeyInfo
---@return string 20 bytes
function extensions.key_identifier(public_key)
  return core.hash("sha256", public_key):sub(1, 20)
end

---@param identifier string
---@return table
function extensions.subject_key_identifier(identifier)
  return extensions.new("subject_key_identifier", false, der.octet_string(identifier))
end

---@param identifier string
---@return table
function extensions.authority_key_identifier(identifier)
  return extensions.new("authority_key_identifier", false, der.sequence(der.context_primitive(0, identifier)))
end

return extensions
