-- memory_pair: a client and a server without sockets: bytes in, bytes out.
-- usage: lua memory_pair.lua CA-FILE CERTIFICATE-FILE KEY-FILE    (a certificate for localhost)
local tls = require "beartls"

local client = assert(assert(tls.config { trust = arg[1] }):client "localhost")
local server = assert(assert(tls.config { certificate = arg[2], key = arg[3] }):server())

local function carry(from, to) -- true if there was something to carry
  local bytes = from:drain()
  return bytes ~= nil and assert(to:feed(bytes))
end

local function settle()
  repeat
    local there, back = carry(client, server), carry(server, client)
  until not (there or back)
end

settle()
print(client:state(), server:state(), client:version(), client:cipher())

assert(client:write "hello")
settle()
print(server:read())

client:close()
settle()
print(select(3, server:read())) --> closed
