-- smtp_starttls: begin in clear, then change to TLS on the same connection, as mail servers want it (RFC 3207).
-- usage: lua smtp_starttls.lua HOST [PORT [CA-FILE]]
local tls, socket, luasocket = require "beartls", require "beartls.socket", require "socket"

local host, port = arg[1], tonumber(arg[2] or 25)
local config = assert(tls.config { trust = arg[3] })

local function expect(connection, code) -- reads a reply, which may have several lines
  repeat
    local line = assert(connection:receive "*l")
    assert(line:sub(1, 3) == code, "the server said: " .. line)
  until line:sub(4, 4) ~= "-"
end

local tcp = assert(luasocket.connect(host, port))
tcp:settimeout(10)
expect(tcp, "220")
assert(tcp:send "EHLO client.example\r\n")
expect(tcp, "250")
assert(tcp:send "STARTTLS\r\n")
expect(tcp, "220")

local stream = socket.wrap(tcp, config, host)
assert(stream:handshake())
assert(stream:send "EHLO client.example\r\n")
expect(stream, "250")
print("encrypted with " .. stream:cipher())
assert(stream:send "QUIT\r\n")
expect(stream, "221")
stream:close()
