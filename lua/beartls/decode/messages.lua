-- messages.lua -- the layouts of handshake messages up to TLS 1.2 (RFC 5246, 7.4; RFC 8422, 5).
-- Each function reads a message's body into `fields`; what was read before something malformed
-- stays there. The context says what the bytes do not: version and cipher_suite.
local certificates = require "beartls.decode.certificates"
local extensions = require "beartls.decode.extensions"
local hello = require "beartls.decode.hello"
local messages13 = require "beartls.decode.messages13"
local names = require "beartls.decode.names"

local messages = {}

local group_name = names.of("groups")
local scheme_name = names.of("signature_schemes")
local certificate_type_name = names.of("certificate_types")
local status_type_name = names.of("status_types")

local without_schemes = { ["SSLv3"] = true, ["TLSv1"] = true, ["TLSv1.1"] = true }

-- "ECDHE_RSA" of the suite that was chosen, nil when that is not known.
local function key_exchange(context)
  local suite = context.cipher_suite
  local exchange = suite and suite:match("^TLS_(.-)_WITH_")
  -- RFC 6655 turns the words around in two of its suites.
  return exchange == "PSK_DHE" and "DHE_PSK" or exchange
end

local function read_signature(r, fields, context)
  if not without_schemes[context.version] then
    fields.signature_scheme = scheme_name(r:u16("signature scheme"))
  end
  fields.signature_length = #r:data(2, "signature")
end

local function certificate(r, fields)
  certificates.begin(fields)
  local list = r:vector(3, "certificates")
  while list:more() do
    certificates.add(fields, list:data(3, "certificate"))
  end
end

-- RFC 8422, 5.4.
local function ecdhe_parameters(r, fields)
  fields.kind = "ecdhe"
  local kind = r:u8("curve type")
  if kind ~= 3 then
    r:fail("curve type: %d where 3, a named curve, belongs", kind)
  end
  fields.group = group_name(r:u16("group"))
  fields.public = r:data(1, "public key")
end

local function dhe_parameters(r, fields)
  fields.kind = "dhe"
  fields.prime_bits = #r:data(2, "prime") * 8
  fields.generator_length = #r:data(2, "generator")
  fields.public = r:data(2, "public key")
end

local function server_key_exchange(r, fields, context)
  local exchange = key_exchange(context)
  if not exchange then
    -- Not seen: curve type 3 gives the named curves away.
    exchange = r.bytes:byte(r.at) == 3 and "ECDHE" or "DHE"
  end
  local psk = exchange:find("PSK", 1, true)
  if psk then
    fields.identity_hint = r:data(2, "identity hint")
  end
  if exchange:find("^ECDH") then
    ecdhe_parameters(r, fields)
  elseif exchange:find("^DH") then
    dhe_parameters(r, fields)
  elseif not psk then
    fields.length = #r:rest()
    return
  end
  if not psk and not exchange:find("anon", 1, true) then
    read_signature(r, fields, context)
  end
end

local function certificate_request(r, fields, context)
  fields.certificate_types = {}
  local types = r:vector(1, "certificate types")
  while types:more() do
    table.insert(fields.certificate_types, certificate_type_name(types:u8("certificate type")))
  end
  if not without_schemes[context.version] then
    fields.signature_schemes = {}
    r:codes(fields.signature_schemes, 2, scheme_name, "signature schemes")
  end
  fields.authorities = {}
  extensions.authorities(r, fields.authorities)
end

-- Which exchange it is cannot be seen in the bytes, but a length that fits exactly tells nearly as
-- much.
local function guess_client_exchange(r)
  local first = r.bytes:byte(r.at)
  return first and first == r:left() - 1 and "ECDHE" or nil
end

local function client_key_exchange(r, fields, context)
  local exchange = key_exchange(context) or guess_client_exchange(r)
  if not exchange then
    fields.kind = "unknown"
    fields.length = #r:rest()
    return
  end
  if exchange:find("PSK", 1, true) then
    fields.identity = r:data(2, "identity")
    fields.kind = "psk"
  end
  if exchange:find("^ECDH") then
    fields.kind = "ecdhe"
    fields.public = r:data(1, "public key")
  elseif exchange:find("^DH") then
    fields.kind = "dhe"
    fields.public = r:data(2, "public key")
  elseif exchange:find("^RSA") then
    fields.kind = "rsa"
    fields.encrypted_premaster_length = #r:data(2, "encrypted premaster secret")
  else
    fields.kind = fields.kind or "unknown"
    fields.length = #r:rest()
  end
end

local function finished(r, fields)
  fields.verify_data = r:rest()
end

-- RFC 5077, 3.3.
local function new_session_ticket(r, fields)
  fields.lifetime_hint = r:u32("lifetime hint")
  fields.ticket_length = #r:data(2, "ticket")
end

-- RFC 6066, 8.
local function certificate_status(r, fields)
  fields.status_type = status_type_name(r:u8("status type"))
  fields.response_length = #r:data(3, "response")
end

local function nothing()
end

-- A message that is known by name alone: its body is counted, not read.
local function not_read(r, fields)
  fields.undecoded_length = #r:rest()
end

local layouts = {
  hello_request = nothing,
  client_hello = hello.client,
  server_hello = hello.server,
  hello_retry_request = hello.server,
  new_session_ticket = new_session_ticket,
  certificate = certificate,
  server_key_exchange = server_key_exchange,
  certificate_request = certificate_request,
  server_hello_done = nothing,
  certificate_verify = read_signature,
  client_key_exchange = client_key_exchange,
  finished = finished,
  certificate_status = certificate_status,
}

---The name of a handshake message.
---@param raw string at least its first byte
---@return string
function messages.type_of(raw)
  local code = raw:byte(1)
  if code == 2 and hello.is_retry(raw:sub(7, 38)) then
    return "hello_retry_request"
  end
  return names.message_types[code] or ("0x%02x"):format(code)
end

---The function that reads the body of a message.
---@param type_name string
---@param version string|nil
function messages.layout(type_name, version)
  local own = version == "TLSv1.3" and messages13[type_name]
  return own or layouts[type_name] or messages13[type_name] or not_read
end

return messages
