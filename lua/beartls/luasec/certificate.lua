-- certificate.lua: certificates as LuaSec gives them (ssl.x509).

local attributes = require "beartls.luasec.attributes"
local core = require "beartls.core"
local object = require "beartls.luasec.object"
local tls = require "beartls"
local verdict = require "beartls.luasec.verdict"

local methods = {}
local kind = object.kind("SSL:Certificate", "X509 certificate", methods)

local certificate = { kind = kind }

local function check(self, what)
  return kind:check(self, 1, what).certificate
end

local function push_name(list)
  local out = {}
  for i, attribute in ipairs(list) do
    out[i] = {
      oid = attribute.oid, name = attributes.names[attribute.oid] or attribute.type or attribute.oid,
      value = attribute.value,
    }
  end
  return out
end

---@return { oid: string, name: string, value: string }[]
function methods:subject()
  return push_name(check(self, "subject"):subject_attributes())
end

---@return { oid: string, name: string, value: string }[]
function methods:issuer()
  return push_name(check(self, "issuer"):issuer_attributes())
end

-- Lists by kind; nothing for a kind that there is none of.
local lists = {
  dns = "dNSName", ip = "iPAddress", email = "rfc822Name", uri = "uniformResourceIdentifier",
}

---The subjectAltName, and nothing else: LuaSec has no more.
---@return table { ["2.5.29.17"] = { name =, dNSName = { ... }, iPAddress =, rfc822Name =, uniformResourceIdentifier =,
---[OID of an otherName] = { name =, ... } } }
function methods:extensions()
  local names = check(self, "extensions"):names()
  local found = {}
  for from, to in pairs(lists) do
    if #names[from] > 0 then
      found[to] = names[from]
    end
  end
  for _, other in ipairs(names.other) do
    local list = found[other.oid] or { name = attributes.others[other.oid] or other.oid }
    found[other.oid] = list
    list[#list + 1] = other.value
  end
  if next(found) == nil then
    return {}
  end
  found.name = "X509v3 Subject Alternative Name"
  return { ["2.5.29.17"] = found }
end

local function date(t)
  local day = os.date("!*t", t)
  return os.date("!%b ", t) .. ("%2d %02d:%02d:%02d %d GMT"):format(day.day, day.hour, day.min, day.sec, day.year)
end

---@return string such as "Dec 24 00:22:44 2026 GMT"
function methods:notbefore()
  return date(check(self, "notbefore"):not_before())
end

---@return string
function methods:notafter()
  return date(check(self, "notafter"):not_after())
end

---@param time number seconds since the epoch
---@return boolean
function methods:validat(time)
  return check(self, "validat"):validat(object.check_number(time, 2, "validat"))
end

---@return string hexadecimal digits
function methods:serial()
  return check(self, "serial"):serial():upper()
end

local digests = { sha1 = true, sha256 = true, sha512 = true }

---@param name "sha1"|"sha256"|"sha512"|nil "sha1" unless given
---@return string|nil digits hexadecimal
---@return string|nil message
function methods:digest(name)
  local own = check(self, "digest")
  name = name or "sha1"
  if not digests[name] then
    return nil, ("digest algorithm not supported (%s)"):format(tostring(name))
  end
  local hex = core.hash(name, own:der()):gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end)
  return hex
end

---@return string
function methods:pem()
  return check(self, "pem"):pem()
end

---@return string pem
---@return "RSA"|"EC"|"Unknown" type
---@return integer bits
function methods:pubkey()
  local own = check(self, "pubkey")
  return own:public_key(), attributes.keys[own:key_type()] or "Unknown", own:key_bits()
end

---Whether this certificate, if it is trusted, vouches for the first of those given, the others helping.
---@param ... userdata certificates
---@return true|nil
---@return string|nil why_not in OpenSSL's words
function methods:issued(...)
  local pems = {}
  for i = 1, math.max(select("#", ...), 1) do
    pems[i] = kind:check((select(i, ...)), i + 1, "issued").certificate:pem()
  end
  local trust = assert(tls.trust.parse(check(self, "issued"):pem()))
  local ok, text = verdict.of_chain(trust, assert(tls.certificate.parse(table.concat(pems))), {})
  if not ok then
    return nil, text
  end
  return true
end

---@return string such as "RSA-SHA256"
function methods:getsignaturename()
  local name = check(self, "getsignaturename"):signature_algorithm()
  return attributes.signatures[name] or name
end

local encodings = { ai5 = true, utf8 = true }

---Names are always UTF-8 here.
---@param name "ai5"|"utf8"
---@return boolean
function methods:setencode(name)
  check(self, "setencode")
  return encodings[object.check_string(name, 2, "setencode")] == true
end

---Wraps a certificate of ours.
---@param own beartls.certificate
---@return userdata
function certificate.new(own)
  return kind:new { certificate = own }
end

---Reads a certificate from PEM: the first one that is there.
---@param pem string
---@return userdata|nil certificate
function certificate.load(pem)
  local own = tls.certificate.parse(object.check_string(pem, 1, "load"))
  return own and certificate.new(own:list()[1])
end

return certificate
