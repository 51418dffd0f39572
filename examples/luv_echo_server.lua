-- luv_echo_server: thousands of clients in one process, on libuv's loop: echo what they say, hang up on idle ones.
-- usage: lua luv_echo_server.lua PORT CERTIFICATE-FILE KEY-FILE [IDLE-SECONDS]
local tls, luv, uv = require "beartls", require "beartls.luv", require "luv"

local config = assert(tls.config { certificate = arg[2], key = arg[3] })
local idle = tonumber(arg[4] or 60)

local function echo(stream)
  stream:settimeout(idle) -- from here on, for each call
  local data, err = stream:receiveany()
  while data do
    assert(stream:send(data)) -- waits for a client that reads slowly, and nobody else does
    data, err = stream:receiveany()
  end
  io.stderr:write(stream:getpeername(), ": ", err, "\n")
end

assert(luv.listen("127.0.0.1", tonumber(arg[1]), config, echo, {
  timeout = 10, -- for the handshake
  on_error = function(message, _, stream)
    io.stderr:write(stream:getpeername(), ": ", message, "\n")
  end,
}))
uv.run()
