-- tls_in_tls: through a proxy that is spoken to over TLS, and TLS again with the server behind it.
-- usage: lua tls_in_tls.lua PROXY PORT HOST PATH [CA-FILE]
local nested, socket, tls = require "beartls.nested", require "beartls.socket", require "beartls"

local proxy, port, host, path = arg[1], tonumber(arg[2]), arg[3], arg[4]
local config = assert(tls.config { trust = arg[5] })

local outer = assert(socket.connect(proxy, port, config, { timeout = 10 }))
outer:settimeout(10)
assert(outer:send(("CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n"):format(host, host)))
local status = assert(outer:receive "*l")
assert(status:find "^HTTP/1%.%d 2", status)
repeat until assert(outer:receive "*l") == ""

local inner = assert(nested.wrap(outer, config, host)) -- the proxy sees nothing of what passes from here on
assert(inner:handshake())
print(("%s to %s, and in it %s to %s"):format(outer:version(), proxy, inner:version(), host))
assert(inner:send(("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n"):format(path, host)))
io.write(assert(inner:receive "*a"))
inner:close()
