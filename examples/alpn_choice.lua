-- alpn_choice: agree on the protocol inside TLS while shaking hands (RFC 7301).
-- usage: lua alpn_choice.lua CA-FILE CERTIFICATE-FILE KEY-FILE    (a certificate for localhost)
local tls = require "beartls"

local function try(client_speaks, server_speaks)
  local client = assert(tls.config { trust = arg[1], alpn = client_speaks }):client "localhost"
  local server = assert(tls.config { certificate = arg[2], key = arg[3], alpn = server_speaks }):server()
  repeat
    local there, back = client:drain(), server:drain()
    if there then server:feed(there) end
    if back then client:feed(back) end
  until not (there or back)
  return client:alpn() or client:failure().code
end

print(try({ "h2", "http/1.1" }, { "http/1.1", "h2" })) --> http/1.1: the server prefers
print(try({ "h2" }, { "http/1.1" })) --> alert_no_application_protocol
