-- failalloc.lua: what failalloc.c runs with a failing allocator: a mutual handshake, data, close, resumption. Gives
-- a function; what is loaded before is not tried.

local tls = require "beartls"
local pki = require "support.pki"

-- Files are read beforehand: what is tried is beartls, not io.
local text = {}
for _, name in ipairs { "trust.pem", "server_ec.pem", "server_ec.key", "client_ec.pem", "client_ec.key" } do
  text[name] = pki.read(name)
end

local function carry(from, to)
  local bytes = from:drain()
  return bytes and (to:feed(bytes) or true)
end

local function settle(a, b)
  for _ = 1, 100 do
    local there, back = carry(a, b), carry(b, a)
    if not there and not back then
      return
    end
  end
end

local function options(name, given)
  given.certificate = assert(tls.certificate.parse(text[name .. ".pem"]))
  given.key = assert(tls.key.parse(text[name .. ".key"]))
  given.trust = assert(tls.trust.parse(text["trust.pem"]))
  given.time = pki.now
  given.trace = true
  return given
end

return function()
  local client_config = assert(tls.config(options("client_ec", { alpn = { "x" } })))
  local server_config = assert(tls.config(options("server_ec", { verify_client = "require", alpn = { "x" } })))
  local ticket
  for round = 1, 2 do
    local client = assert(client_config:client("localhost", { ticket = ticket }))
    local server = assert(server_config:server())
    settle(client, server)
    assert(client:write(("data"):rep(10000)))
    assert(server:write "answer")
    settle(client, server)
    assert(#assert(server:read()) == 40000)
    assert(client:read() == "answer")
    assert(client:resumed() == (round == 2))
    ticket = assert(client:ticket())
    assert(client:export("EXPERIMENTAL", 32))
    for event in client:events() do
      assert(event.fields)
    end
    assert(#server:peer_chain() == 1 and server:peer_certificate():subject())
    client:close()
    settle(client, server)
    assert(client:state() == "closed" and server:state() == "closed")
  end
end
