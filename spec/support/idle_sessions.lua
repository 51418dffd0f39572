-- idle_sessions.lua, run by held.c: prints what a session holds when its handshake is done and nothing is under way,
-- one line for each kind: what it is, bytes of a client, bytes of a server.

local pair = require "support.pair"
local pki = require "support.pki"
local tls = require "beartls"

local held = rawget(_G, "held")
local SESSIONS = 8

local client_identity = { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" }
local asks = { trust = pki.path "trust.pem", verify_client = "require" }

-- Name, the client's options, the server's, whether it is resumed, bytes that went each way before.
local kinds = {
  { "TLS 1.3", {}, {} },
  { "TLS 1.3, mutual", client_identity, asks },
  { "TLS 1.3, resumed", {}, {}, resumed = true },
  { "TLS 1.3, after a megabyte each way", {}, {}, bytes = 2 ^ 20 },
  { "TLS 1.2", { max_version = "TLSv1.2" }, {} },
  { "TLS 1.2, mutual", { max_version = "TLSv1.2", certificate = client_identity.certificate,
    key = client_identity.key }, asks },
  { "classic", { cipher_suites = { "TLS_RSA_WITH_AES_128_CBC_SHA" } }, { cipher_suites = {
    "TLS_RSA_WITH_AES_128_CBC_SHA" }, certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" } },
}

local function send(p, from, to, bytes)
  while bytes > 0 do
    local n = math.min(bytes, 65536)
    assert(from:write(("x"):rep(n)))
    bytes = bytes - n
    p:settle()
    while to:read() do end -- luacheck: ignore
  end
end

-- Sessions that have nothing to do, each of them with its other end.
local function open(client_config, server_config, kind, ticket)
  local p = pair.new(client_config, server_config, { client = { ticket = ticket } })
  p:settle()
  assert(p.client:state() == "open" and p.server:state() == "open", kind[1])
  assert(p.client:resumed() == (ticket ~= nil), kind[1])
  send(p, p.client, p.server, kind.bytes or 1)
  send(p, p.server, p.client, kind.bytes or 1)
  return p.client, p.server
end

-- What one of `kept`, the first or the second of open(), costs.
local function cost_of(which, client_config, server_config, kind)
  local kept, before = {}, nil
  for i = 0, SESSIONS do
    local ticket
    if kind.resumed then
      ticket = assert((open(client_config, server_config, kind)):ticket())
    end
    kept[i] = select(which, open(client_config, server_config, kind, ticket))
    ticket = nil -- luacheck: ignore
    before = before or held()
  end
  local bytes = (held() - before) / SESSIONS
  assert(#kept == SESSIONS) -- none was collected
  return bytes
end

for _, kind in ipairs(kinds) do
  local client_config = assert(tls.config(pair.client_options(kind[2])))
  local server_config = assert(tls.config(pair.server_options(kind[3])))
  print(("%-40s %6.0f %6.0f"):format(kind[1], cost_of(1, client_config, server_config, kind),
    cost_of(2, client_config, server_config, kind)))
end
