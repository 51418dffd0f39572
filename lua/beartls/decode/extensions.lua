-- extensions.lua -- what the extensions of a message say, by name. A decoder gets a reader that
-- ends where the extension ends and the name of the message it stands in; what it leaves over is
-- too much.
local names = require "beartls.decode.names"
local reader = require "beartls.decode.reader"
local x509 = require "beartls.decode.x509"

local extensions = {}

local extension_name = names.of("extensions")
local version_name = names.of("versions")
local group_name = names.of("groups")
local scheme_name = names.of("signature_schemes")
local point_format_name = names.of("point_formats")
local psk_mode_name = names.of("psk_modes")
local status_type_name = names.of("status_types")
local compression_name = names.of("certificate_compressions")

-- The server's answer to what it only acknowledges is empty.
local function empty_is_true(decode)
  return function(r, message)
    if not r:more() then
      return true
    end
    return decode(r, message)
  end
end

local function flag()
  return true
end

-- Bytes that nobody here understands, or that only the peer does.
local function opaque(r)
  local data = r:rest()
  return { data = data, length = #data }
end

local function code_list(width, name, what)
  return function(r)
    return r:codes({}, width, name, what)
  end
end

local function byte_list(name, what)
  return function(r)
    local list, items = {}, r:vector(1, what)
    while items:more() do
      list[#list + 1] = name(items:u8(what))
    end
    return list
  end
end

---Distinguished names, as CertificateRequest and certificate_authorities have them.
---@return table[] authorities {der=, text=}, or {der=, malformed=} for one that is no name
function extensions.authorities(r, list)
  local items = r:vector(2, "authorities")
  while items:more() do
    local der = items:data(2, "authority")
    local text, malformed = x509.name(der)
    list[#list + 1] = { der = der, text = text, malformed = malformed }
  end
  return list
end

-- RFC 6066, 3: only host names were ever defined.
local function server_name(r)
  local list, host = r:vector(2, "server names"), nil
  while list:more() do
    local kind = list:u8("type of a server name")
    local name = list:data(2, "server name")
    if kind == 0 and not host then
      host = name
    end
  end
  if not host then
    r:fail("server names: no host name among them")
  end
  return host
end

-- RFC 7301, 3.1.
local function protocols(r)
  local list, items = {}, r:vector(2, "protocol names")
  while items:more() do
    list[#list + 1] = items:data(1, "protocol name")
  end
  return list
end

-- RFC 6066, 8.
local function status_request(r, message)
  local kind = status_type_name(r:u8("type of a certificate status"))
  if message == "certificate" then -- RFC 8446, 4.4.2.1: the response itself
    return { status_type = kind, response_length = #r:data(3, "response") }
  end
  if kind ~= "ocsp" then
    return { status_type = kind, length = #r:rest() }
  end
  return {
    status_type = kind,
    responder_ids_length = #r:data(2, "responder ids"),
    request_extensions_length = #r:data(2, "request extensions"),
  }
end

-- RFC 6962, 3.3.1.
local function timestamps(r)
  local list, items = {}, r:vector(2, "timestamps")
  while items:more() do
    list[#list + 1] = { length = #items:data(2, "timestamp") }
  end
  return list
end

-- RFC 8446, 4.2.11.
local function pre_shared_key(r, message)
  if message ~= "client_hello" then
    return { selected_identity = r:u16("selected identity") }
  end
  local identities, binders = {}, {}
  local items = r:vector(2, "identities")
  while items:more() do
    local length = #items:data(2, "identity")
    local age = items:u32("ticket age")
    identities[#identities + 1] = { length = length, obfuscated_ticket_age = age }
  end
  items = r:vector(2, "binders")
  while items:more() do
    binders[#binders + 1] = { length = #items:data(1, "binder") }
  end
  return { identities = identities, binders = binders }
end

-- RFC 8446, 4.2.10: only a ticket says how much.
local function early_data(r, message)
  if message == "new_session_ticket" then
    return { max_early_data_size = r:u32("early data size") }
  end
  return true
end

-- RFC 8446, 4.2.1: the client lists, the server chooses.
local function supported_versions(r, message)
  if message == "client_hello" then
    return r:codes({}, 1, version_name, "versions")
  end
  return version_name(r:u16("version"))
end

local function share(r)
  local group = group_name(r:u16("group of a key share"))
  return { group = group, length = #r:data(2, "key share") }
end

-- RFC 8446, 4.2.8: a list, one, or only the group that is wanted.
local function key_share(r, message)
  if message == "hello_retry_request" then
    return { group = group_name(r:u16("group")) }
  elseif message ~= "client_hello" then
    return share(r)
  end
  local list, items = {}, r:vector(2, "key shares")
  while items:more() do
    list[#list + 1] = share(items)
  end
  return list
end

local decoders = {
  server_name = empty_is_true(server_name),
  max_fragment_length = function(r)
    local code = r:u8("fragment length")
    return names.fragment_lengths[code] or ("0x%02x"):format(code)
  end,
  client_certificate_url = flag,
  truncated_hmac = flag,
  status_request = empty_is_true(status_request),
  supported_groups = code_list(2, group_name, "groups"),
  ec_point_formats = byte_list(point_format_name, "point formats"),
  signature_algorithms = code_list(2, scheme_name, "signature schemes"),
  application_layer_protocol_negotiation = protocols,
  signed_certificate_timestamp = empty_is_true(timestamps),
  padding = function(r) return { length = #r:rest() } end,
  encrypt_then_mac = flag,
  extended_master_secret = flag,
  compress_certificate = code_list(1, compression_name, "compressions"),
  record_size_limit = function(r) return r:u16("record size limit") end,
  pre_shared_key = pre_shared_key,
  early_data = early_data,
  supported_versions = supported_versions,
  cookie = function(r)
    local data = r:data(2, "cookie")
    return { data = data, length = #data }
  end,
  psk_key_exchange_modes = byte_list(psk_mode_name, "key exchange modes"),
  certificate_authorities = function(r) return extensions.authorities(r, {}) end,
  post_handshake_auth = flag,
  signature_algorithms_cert = code_list(2, scheme_name, "signature schemes"),
  key_share = key_share,
  application_settings = protocols,
  application_settings_old = protocols,
  renegotiation_info = function(r)
    local data = r:data(1, "renegotiated connection")
    return { data = data, length = #data }
  end,
}

local function decode_one(name, body, message)
  local value = (decoders[name] or opaque)(body, message)
  body:finish(name)
  return value
end

---Reads a list of extensions into fields.extensions (name to value) and fields.extension_order. One
---that is malformed becomes {malformed=} and is told in fields.malformed; the others are read all
---the same.
---@param r table a reader at the list's length
---@param fields table
---@param message string the name of the message that they stand in
function extensions.read(r, fields, message)
  local map, order, seen = {}, {}, {}
  fields.extensions, fields.extension_order = map, order
  local list = r:vector(2, "extensions")
  while list:more() do
    local code = list:u16("type of an extension")
    local name = extension_name(code)
    local ok, value = reader.try(decode_one, name, list:vector(2, name), message)
    order[#order + 1] = name
    if not ok then
      fields.malformed = fields.malformed or value
      value = { malformed = value }
    end
    if seen[code] then
      fields.malformed = fields.malformed or name .. ": it is there twice"
    elseif map[name] == nil then
      map[name] = value
    end
    seen[code] = true
  end
end

return extensions
