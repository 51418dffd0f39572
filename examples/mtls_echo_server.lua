-- mtls_echo_server: serve clients that show a certificate of our CA; answer each line with who sent it.
-- usage: lua mtls_echo_server.lua PORT CA-FILE CERTIFICATE-FILE KEY-FILE [CONNECTIONS]
local tls, socket, luasocket = require "beartls", require "beartls.socket", require "socket"

local config = assert(tls.config {
  trust = arg[2],
  certificate = arg[3],
  key = arg[4],
  verify_client = "require",
})

local function serve(stream)
  local who = stream:peer_certificate():common_name()
  for line in stream:lines() do
    assert(stream:send(who .. ": " .. line .. "\n"))
  end
end

local listener = assert(luasocket.bind("127.0.0.1", tonumber(arg[1])))
for _ = 1, tonumber(arg[5] or math.huge) do
  local stream = socket.accept(assert(listener:accept()), config)
  stream:settimeout(10)
  local ok, message = stream:handshake()
  if ok then
    ok, message = pcall(serve, stream)
  end
  if not ok then
    io.stderr:write("refused: ", tostring(message), "\n")
  end
  stream:close()
end
