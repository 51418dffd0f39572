-- handshake_trace: watch a handshake with a server, message by message, even if it fails.
-- usage: lua handshake_trace.lua HOST [PORT [CA-FILE]]
local tls, socket, trace = require "beartls", require "beartls.socket", require "beartls.trace"
local luasocket = require "socket"

local host, port = arg[1] or "example.com", tonumber(arg[2] or 443)
local config = assert(tls.config { trace = true, trust = arg[3] })

local stream = socket.wrap(assert(luasocket.connect(host, port)), config, host)
stream:settimeout(10)
local ok, message = stream:handshake()
stream:close()

trace.print(stream:events(), io.stdout)
print(ok and "it worked" or "it failed: " .. message)
