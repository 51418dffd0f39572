-- mtls_client: show a certificate to a server that wants one; send lines, print what comes back.
-- usage: lua mtls_client.lua HOST PORT CA-FILE CERTIFICATE-FILE KEY-FILE <lines
local tls, socket = require "beartls", require "beartls.socket"

local host, port = arg[1], tonumber(arg[2])
local config = assert(tls.config { trust = arg[3], certificate = arg[4], key = arg[5] })

local stream, message, code, failure = socket.connect(host, port, config, { timeout = 10 })
if not stream then
  io.stderr:write(message, " (", code, ")\n", failure and failure.hint or "", "\n")
  os.exit(1)
end

print("server: " .. stream:peer_certificate():subject())
print("we are: " .. stream:local_certificate():subject())
for line in io.lines() do
  assert(stream:send(line .. "\n"))
  print((assert(stream:receive "*l")))
end
stream:close()
