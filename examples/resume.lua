-- resume: connect twice; the second time without certificates and key exchange.
-- usage: lua resume.lua HOST PORT [CA-FILE]
local tls, socket = require "beartls", require "beartls.socket"

local host, port = arg[1], tonumber(arg[2])
local config = assert(tls.config { trust = arg[3] })

local ticket
for _ = 1, 2 do
  local stream = assert(socket.connect(host, port, config, { timeout = 10, ticket = ticket }))
  print(stream:resumed() and "resumed" or "full handshake", stream:peer_certificate():subject())
  assert(stream:send "hello\n")
  stream:receive "*l" -- the server of TLS 1.3 gives its tickets before its first answer
  ticket = stream:ticket() -- ticket:encode() would keep it beyond this program: it is a secret
  stream:close()
end
