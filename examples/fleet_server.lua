-- fleet_server: greets whoever connects, and resumes what any other server with the same Redis has begun.
-- usage: lua fleet_server.lua REDIS-SOCKET PORT CERTIFICATE KEY [CONNECTIONS]
local redis, socket, tls = require "beartls.store.redis", require "beartls.socket", require "beartls"

local store = redis.new { path = arg[1] }
local config = assert(tls.config { certificate = arg[3], key = arg[4], tickets = store })
local listener = assert(require("socket").bind("*", tonumber(arg[2])))

for _ = 1, tonumber(arg[5]) or math.huge do
  local tcp = assert(listener:accept())
  tcp:settimeout(10)
  local stream = assert(socket.accept(tcp, config))
  if stream:handshake() then
    stream:send(stream:resumed() and "welcome back\n" or "welcome\n")
  end
  stream:close()
  local trouble, seconds = store:failure()
  if trouble then
    print(("Redis: %s; full handshakes for %d seconds"):format(trouble, seconds))
  end
end
