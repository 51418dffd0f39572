-- request.lua: requests for certificates (PKCS #10, RFC 2986): made by whoever has a key, signed by an authority that
-- never sees it.

local algorithms = require "beartls.pki.algorithms"
local certificate = require "beartls.pki.certificate"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local names = require "beartls.pki.names"
local parts = require "beartls.pki.parts"
local subject = require "beartls.pki.subject"
local x509 = require "beartls.decode.x509"

local request = {}

---@class beartls.request
---@field dns string[] the names that it asks for, of each kind
---@field ip string[]
---@field email string[]
---@field uri string[]
local methods = {}

local request_mt = { __index = methods }

---@return string
function methods:der()
  return self.bytes
end

---@return string
function methods:pem()
  return core.pem_encode("CERTIFICATE REQUEST", self.bytes)
end

---The subject that it asks for, in words (RFC 4514).
---@return string
function methods:subject()
  return x509.name(self.read.subject)
end

function request_mt:__tostring()
  return ("beartls.request (%s)"):format(self:subject())
end

local function refuse(message)
  return nil, "the request cannot be used: " .. message, "request_malformed"
end

---Reads a request and checks its signature: whoever made it has the private key.
---@param text string PEM or DER
---@return beartls.request|nil
---@return string|nil message
---@return string|nil code "request_malformed", "request_not_signed", "config_no_request", "config_pem_malformed"
function request.parse(text)
  local blocks, message, code = core.pem_decode(text)
  if not blocks then
    return nil, message, code
  end
  for _, block in ipairs(blocks) do
    if not block.label or block.label == "CERTIFICATE REQUEST" or block.label == "NEW CERTIFICATE REQUEST" then
      local read, why = parts.request(block.bytes)
      if not read then
        return refuse(why)
      elseif not x509.parts(read.subject) then
        return refuse "its subject is malformed"
      elseif not core.is_signed(read.public_key, read.algorithm, read.body, read.signature) then
        return nil, "the request is not signed with the key that it is for", "request_not_signed"
      end
      local n = read.names
      return setmetatable({
        bytes = block.bytes, read = read, dns = n.dns, ip = n.ip, email = n.email, uri = n.uri,
      }, request_mt)
    end
  end
  return nil, "there is no certificate request in it", "config_no_request"
end

---Makes a request.
---@param given table options of pki.request, checked
---@param key beartls.key
---@return beartls.request|nil
---@return string|nil message
---@return string|nil code
function request.make(given, key)
  local general_names, message, code = names.encode(given)
  local name
  if general_names then
    name, message, code = certificate.subject(given)
  end
  if not name then
    return nil, message, code
  end
  local wanted = general_names ~= "" and der.sequence(der.oid "1.2.840.113549.1.9.14", der.set_of {
    extensions.encode { extensions.subject_alternative_name(general_names, name == subject.EMPTY) },
  }) or ""
  local body = der.sequence(der.integer(0), name, key:public("der"), der.context(0, wanted))
  local bytes
  bytes, message, code = algorithms.sign(key, algorithms.scheme_of(key), body)
  if not bytes then
    return nil, message, code
  end
  return request.parse(bytes)
end

-- The request's subject as the option subject.
local function subject_of(read)
  local list = {}
  for _, part in ipairs(x509.parts(read.subject)) do
    for _, attribute in ipairs(part) do
      if not attribute.value then
        return nil, ("the request's subject has an attribute %s, which is not issued: say what the subject is to be")
          :format(attribute.name), "config_subject"
      end
      list[#list + 1] = { attribute.name, attribute.value }
    end
  end
  return list
end

---The options of ca:issue for a request: what the authority says counts; where it says nothing, what is asked for.
---@param self beartls.request
---@param given table options of ca:sign
---@return table|nil
---@return string|nil message
---@return string|nil code
function request.options(self, given)
  local out = {}
  for name, value in pairs(given) do
    out[name] = value
  end
  if not (given.dns or given.ip or given.email or given.uri) then
    if self.read.names.other then
      return nil, "the request asks for names that are not issued: say for which names it is to be", "config_name"
    end
    for _, kind in ipairs { "dns", "ip", "email", "uri" } do
      out[kind] = #self[kind] > 0 and self[kind] or nil
    end
  end
  if not (given.name or given.subject) and self.read.subject ~= subject.EMPTY then
    local parts_of_it, message, code = subject_of(self.read)
    if not parts_of_it then
      return nil, message, code
    end
    out.subject = parts_of_it
  end
  return out
end

---@param value any
---@return boolean
function request.is(value)
  return getmetatable(value) == request_mt
end

return request
