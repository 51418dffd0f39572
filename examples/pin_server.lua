-- pin_server: believe a server by its public key instead of by a CA (a device, a game host, a test server).
-- usage: lua pin_server.lua HOST PORT sha256//BASE64    (`beartls show FILE` prints a certificate's pin)
local tls, socket = require "beartls", require "beartls.socket"

local config = assert(tls.config {
  pins = { arg[3] },
  insecure_no_verify = true, -- no chain and no name: the pin alone decides
})

local stream, message = socket.connect(arg[1], tonumber(arg[2]), config, { timeout = 10 })
if not stream then
  print("refused: " .. message)
  os.exit(1)
end
print("verified by its pin: " .. tostring(stream:verified()))
print("its certificate says: " .. stream:peer_certificate():subject())
stream:close()
