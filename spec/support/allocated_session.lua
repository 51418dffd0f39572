-- allocated_session.lua: what the scripts of allocation/ try of sessions: mutual handshakes, data, close, resumption,
-- trace, failures, with the options that they give.

local pair = require "support.pair"
local pki = require "support.pki"
local tls = require "beartls"
local trace = require "beartls.trace"

-- Files are read beforehand: what is tried is beartls, not io.
local text = {}
for _, name in ipairs { "server_ec.pem", "server_ec.key", "client_ec.pem", "client_ec.key" } do
  text[name] = pki.read(name)
end

-- Each side is given the other's certificate itself, which costs little to verify.
local function config(mine, other, given)
  given.certificate = assert(tls.certificate.parse(text[mine .. ".pem"]))
  given.key = assert(tls.key.parse(text[mine .. ".key"]))
  given.trust = assert(tls.trust.parse(text[other .. ".pem"]))
  given.time, given.trace, given.alpn = pki.now, true, { "x" }
  given.groups = given.groups or { "x25519", "secp256r1" }
  return assert(tls.config(given))
end

local function shake(client_config, server_config, ticket)
  local p = pair.new(client_config, server_config, { client = { ticket = ticket } })
  for _ = 1, 10 do
    local there, back = pair.carry(p.client, p.server), pair.carry(p.server, p.client)
    if not there and not back then
      break
    end
  end
  return p
end

local function talk(p)
  assert(p.client:write(("data"):rep(10000)))
  assert(p.server:write "answer")
  p:settle()
  assert(#assert(p.server:read(39000)) == 39000)
  assert(#assert(p.server:read()) == 1000)
  assert(p.client:read() == "answer")
end

local function look(p)
  assert(p.client:export("EXPERIMENTAL", 32))
  assert(p.client:channel_binding "tls-server-end-point")
  for event in p.client:events() do
    assert(event.fields)
    assert(trace.line(event))
  end
  assert(p.client:alpn() == "x" and p.client:cipher() and p.client:server_name())
  assert(#p.server:peer_chain() == 1 and p.server:peer_certificate():subject())
end

local function try(client_config, server_config)
  local ticket
  for round = 1, 2 do
    local p = shake(client_config, server_config, ticket)
    talk(p)
    look(p)
    assert(p.client:resumed() == (round == 2))
    ticket = assert(tls.ticket.decode(assert(p.client:ticket()):encode()))
    p.client:close()
    p:settle()
    p.server:close()
    p:settle()
    assert(p.client:state() == "closed" and p.server:state() == "closed")
  end
  local p = shake(client_config, server_config)
  p.server:feed "garbage"
  p:settle()
  local failure = assert(p.client:failure())
  assert(failure.code == "alert_unexpected_message" and #failure.trace > 0)
end

---@param given table { client = options, server = options } in which the two differ from each other's defaults
---@return function
return function(given)
  return function()
    local client, server = {}, { verify_client = "require" }
    for name, value in pairs(given.client or {}) do client[name] = value end
    for name, value in pairs(given.server or {}) do server[name] = value end
    try(config("client_ec", "server_ec", client), config("server_ec", "client_ec", server))
  end
end
