-- messages13.lua -- the layouts of handshake messages that TLS 1.3 has of its own, or writes in another way than the
-- versions before it (RFC 8446, 4.3 to 4.6).
local certificates = require "beartls.decode.certificates"
local extensions = require "beartls.decode.extensions"

local update_name = { [0] = "update_not_requested", [1] = "update_requested" }

local messages13 = {}

-- RFC 8446, 4.3.1.
function messages13.encrypted_extensions(r, fields)
  extensions.read(r, fields, "encrypted_extensions")
  local alpn = fields.extensions.application_layer_protocol_negotiation
  fields.alpn = type(alpn) == "table" and alpn[1] or nil
end

-- RFC 8446, 4.3.2.
function messages13.certificate_request(r, fields)
  fields.context = r:data(1, "context")
  extensions.read(r, fields, "certificate_request")
  local found = fields.extensions
  fields.signature_schemes = type(found.signature_algorithms) == "table" and found.signature_algorithms or nil
  fields.authorities = type(found.certificate_authorities) == "table" and found.certificate_authorities or {}
end

-- RFC 8446, 4.4.2: each certificate has extensions of its own.
function messages13.certificate(r, fields)
  fields.context = r:data(1, "context")
  certificates.begin(fields)
  local list = r:vector(3, "certificates")
  while list:more() do
    certificates.add(fields, list:data(3, "certificate"))
    local own = {}
    extensions.read(list, own, "certificate")
    fields.malformed = fields.malformed or own.malformed
    if own.extensions.status_request then
      fields.ocsp_response = own.extensions.status_request
    end
  end
end

-- RFC 8446, 4.6.1.
function messages13.new_session_ticket(r, fields)
  fields.lifetime = r:u32("lifetime")
  r:u32("age add") -- what hides the age of the ticket is not worth telling
  fields.nonce_length = #r:data(1, "nonce")
  fields.ticket_length = #r:data(2, "ticket")
  extensions.read(r, fields, "new_session_ticket")
end

-- RFC 8446, 4.6.3.
function messages13.key_update(r, fields)
  local code = r:u8("request")
  fields.request = update_name[code] or ("0x%02x"):format(code)
end

-- RFC 8446, 4.5.
function messages13.end_of_early_data()
end

return messages13
