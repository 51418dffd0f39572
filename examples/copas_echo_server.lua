-- copas_echo_server: serve under copas: one coroutine for each client; echo each line.
-- usage: lua copas_echo_server.lua PORT CERTIFICATE-FILE KEY-FILE
local copas = require "copas" -- before anything that loads socket.http
local tls, streams, luasocket = require "beartls", require "beartls.copas", require "socket"

local config = assert(tls.config { certificate = arg[2], key = arg[3] })

local function echo(stream)
  stream:settimeout(60) -- for each call: an idle client is given up
  local line = stream:receive "*l" -- not stream:lines(): on Lua 5.1 an iterator cannot wait
  while line and stream:send(line .. "\n") do
    line = stream:receive "*l"
  end
end

local listener = assert(luasocket.bind("127.0.0.1", tonumber(arg[1])))
copas.addserver(listener, streams.handler(config, echo, { timeout = 10 }))
copas.loop(1) -- copas 1.1.7 has timeouts only while its loop goes round
