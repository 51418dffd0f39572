-- sni_two_sites: one server, two names, two certificates: the client's server_name decides.
-- usage: lua sni_two_sites.lua CA-FILE NAME CERTIFICATE-FILE KEY-FILE NAME CERTIFICATE-FILE KEY-FILE
local tls = require "beartls"

local server_config = assert(tls.config {
  identities = {
    { certificate = arg[3], key = arg[4] },
    { certificate = arg[6], key = arg[7] },
  },
})
local client_config = assert(tls.config { trust = arg[1] })

for _, name in ipairs { arg[2], arg[5] } do
  local client, server = assert(client_config:client(name)), assert(server_config:server())
  repeat
    local there, back = client:drain(), server:drain()
    if there then server:feed(there) end
    if back then client:feed(back) end
  until not (there or back)
  print(server:server_name(), client:peer_certificate():subject(), client:state())
end
