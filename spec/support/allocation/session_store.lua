-- session_store.lua: for failalloc.c: sessions whose tickets are kept in a store, and ticket keys from there.

local memory = require "beartls.store.memory"
local pair = require "support.pair"
local pki = require "support.pki"
local ticket_keys = require "beartls.store.ticket_keys"
local tls = require "beartls"

-- Files are read beforehand: what is tried is beartls, not io.
local pem, key = pki.read "server_ec.pem", pki.read "server_ec.key"

local function serve(session)
  local wanted, how = session:resumption_key()
  while wanted do
    local store = session:store()
    session:resume_with(store[how](store, wanted))
    wanted, how = session:resumption_key()
  end
  for name, value, seconds in session:to_store() do
    if value then
      session:store():put(name, value, seconds)
    else
      session:store():take(name)
    end
  end
end

-- What a stream does for a client, too (beartls.stream.resumption), which knows more than sessions.
local core = require "beartls.core"

local function kept(config)
  for slot = 1, 2 do
    local name = core.ticket.store_key(config, "localhost", "here", slot)
    local value = config:store():take(name)
    if value then
      return assert(core.ticket.from_store(config, name, value))
    end
  end
end

local function connect(client_config, server_config)
  local p = pair.new(client_config, server_config, { client = { ticket = kept(client_config) } })
  assert(p.client:use_store "here")
  assert(p.server:use_store())
  for _ = 1, 10 do
    local there = pair.carry(p.client, p.server)
    serve(p.server)
    local back = pair.carry(p.server, p.client)
    serve(p.client)
    if not there and not back then
      break
    end
  end
  return p
end

local function try(version, keys)
  local store = memory.new()
  local server = assert(tls.config { certificate = assert(tls.certificate.parse(pem)), key = assert(tls.key.parse(key)),
    time = pki.now, tickets = store, max_version = version, groups = { "x25519", "secp256r1" }, ticket_keys = keys })
  local client = assert(tls.config { trust = assert(tls.trust.parse(pem)), time = pki.now, tickets = memory.new(),
    groups = { "x25519", "secp256r1" }, ticket_keys = keys })
  for round = 1, 2 do
    local p = connect(client, server)
    assert(p.client:state() == "open" and p.server:resumed() == (round == 2))
    if round == 2 then
      p.server:feed "garbage"
      serve(p.server)
      assert(p.server:state() == "failed")
    end
  end
end

return function()
  try(nil, nil)
  try("TLSv1.2", { ("k"):rep(32) })
  local config = assert(tls.config {})
  assert(ticket_keys.new(memory.new(), { secret = ("s"):rep(32), time = pki.now }):apply(config))
end
