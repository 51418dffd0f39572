-- hello.lua -- ClientHello and ServerHello (RFC 5246, 7.4.1; RFC 8446, 4.1), with what programs
-- look for first at hand: server_name, alpn, versions, groups.
local extensions = require "beartls.decode.extensions"
local names = require "beartls.decode.names"
local reader = require "beartls.decode.reader"
local text = require "beartls.decode.text"

local hello = {}

local version_name = names.of("versions")
local suite_name = names.of("cipher_suites")
local compression_name = names.of("compression_methods")

-- A ServerHello with this random is a HelloRetryRequest (RFC 8446, 4.1.3): SHA-256 of
-- "HelloRetryRequest".
local retry_random = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

---@param random string
function hello.is_retry(random)
  return text.hex(random) == retry_random
end

local function read_session_id(r, fields)
  fields.session_id = r:data(1, "session id")
  if #fields.session_id > 32 then
    fields.malformed = ("session id: %d bytes where 32 are the most"):format(#fields.session_id)
  end
end

-- A hello may end before its extensions. Whatever is wrong with them must not hide what could be
-- read, so the failure is given back instead of thrown.
local function read_extensions(r, fields, message)
  fields.extensions, fields.extension_order = {}, {}
  if not r:more() then
    return
  end
  local ok, problem = reader.try(extensions.read, r, fields, message)
  if not ok then
    fields.malformed = fields.malformed or problem
  end
end

-- The value of an extension, nil when it is malformed or of another shape.
local function value(fields, name, wanted)
  local found = fields.extensions[name]
  if type(found) == wanted and not (wanted == "table" and found.malformed) then
    return found
  end
  return nil
end

function hello.client(r, fields)
  fields.version = version_name(r:u16("version"))
  fields.random = r:take(32, "random")
  read_session_id(r, fields)
  fields.cipher_suites = {}
  r:codes(fields.cipher_suites, 2, suite_name, "cipher suites")
  fields.compression_methods = {}
  local methods = r:vector(1, "compression methods")
  while methods:more() do
    table.insert(fields.compression_methods, compression_name(methods:u8("compression method")))
  end
  read_extensions(r, fields, "client_hello")
  fields.server_name = value(fields, "server_name", "string")
  fields.alpn = value(fields, "application_layer_protocol_negotiation", "table")
  fields.supported_versions = value(fields, "supported_versions", "table")
  fields.groups = value(fields, "supported_groups", "table")
  fields.signature_schemes = value(fields, "signature_algorithms", "table")
  fields.key_shares = value(fields, "key_share", "table")
end

---@param context table with `session_id`, what the client offered to resume, where that is known
function hello.server(r, fields, context)
  fields.version = version_name(r:u16("version"))
  fields.selected_version = fields.version
  fields.random = r:take(32, "random")
  local retry = hello.is_retry(fields.random)
  read_session_id(r, fields)
  fields.cipher_suite = suite_name(r:u16("cipher suite"))
  fields.compression = compression_name(r:u8("compression method"))
  read_extensions(r, fields, retry and "hello_retry_request" or "server_hello")
  local alpn = value(fields, "application_layer_protocol_negotiation", "table")
  fields.alpn = alpn and alpn[1]
  fields.supported_versions = value(fields, "supported_versions", "string")
  fields.selected_version = fields.supported_versions or fields.version
  fields.key_share = value(fields, "key_share", "table")
  -- RFC 5246, 7.3: up to TLS 1.2 an echoed session id means "resumed"; later it is only courtesy.
  local offered = context.session_id or ""
  if offered ~= "" and not fields.supported_versions then
    fields.resumed = offered == fields.session_id
  end
end

return hello
