-- resuming_server.lua: a server in a process of its own that says of each connection whether it was resumed. It prints
-- its port and serves until it is stopped.
-- usage: lua spec/support/resuming_server.lua MAX-VERSION [REDIS-SOCKET [TICKET-KEYS-SECRET]]

local pki = require "support.pki"
local redis = require "beartls.store.redis"
local socket = require "beartls.socket"
local ticket_keys = require "beartls.store.ticket_keys"
local tls = require "beartls"

local store = arg[2] and redis.new { path = arg[2], timeout = 1 }
local ring = arg[3] and ticket_keys.new(store, { secret = arg[3], time = pki.now })
local config = assert(tls.config {
  certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key", time = pki.now, max_version = arg[1],
  tickets = not ring and store or true,
})

local listener = assert(require("socket").bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
io.stdout:flush()
while true do
  local tcp = assert(listener:accept())
  tcp:settimeout(10)
  if ring then
    ring:apply(config)
  end
  local stream = assert(socket.accept(tcp, config))
  if stream:handshake() then
    stream:send((stream:resumed() and "resumed" or "full") .. "\n")
    stream:receive "*l"
  end
  stream:close()
end
