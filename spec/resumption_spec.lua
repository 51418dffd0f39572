local tls = require "beartls"
local pair = require "support.pair"
local pki = require "support.pki"

local function mutual()
  return { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" },
    { verify_client = "require", trust = pki.path "trust.pem" }
end

-- The classic engine, which knows no tickets (RFC 5077), by suites that are its alone.
local CLASSIC = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
  "TLS_RSA_WITH_AES_128_CBC_SHA" }

local function open(client, server)
  local options = { {}, {} }
  for i, given in ipairs { client or {}, server or {} } do
    for name, value in pairs(given) do
      options[i][name] = value
    end
    options[i].cipher_suites = CLASSIC
  end
  return pair.open(options[1], options[2])
end

-- A second connection of the same two configs, with the ticket of the first.
local function again(p, ticket, name)
  return pair.new(p.client_config, p.server_config, { name = name, client = { ticket = ticket } }):settle()
end

describe("resumption by session id", function()
  it("skips certificates and key exchange, on both sides", function()
    local p = open()
    local q = again(p, assert(p.client:ticket()))
    assert.equal("open", q.client:state())
    assert.is_true(q.client:resumed())
    assert.is_true(q.server:resumed())
    assert.equal(p.client:cipher(), q.client:cipher())
    assert.is_nil(q.client:group())
    q.client:write "again"
    q:settle()
    assert.equal("again", q.server:read())
  end)

  it("keeps who the peers are, and the verdict on them", function()
    local p = open(mutual())
    local q = again(p, p.client:ticket())
    assert.is_true(q.server:resumed())
    assert.is_true(q.client:verified())
    assert.is_true(q.server:verified())
    assert.equal(p.client:peer_certificate():fingerprint(), q.client:peer_certificate():fingerprint())
    assert.equal(p.server:peer_certificate():fingerprint(), q.server:peer_certificate():fingerprint())
  end)

  it("works again and again from one ticket, and from the ticket of a resumed session", function()
    local p = open()
    local ticket = p.client:ticket()
    for _ = 1, 3 do
      local q = again(p, ticket)
      assert.is_true(q.client:resumed())
      ticket = q.client:ticket()
    end
  end)

  it("survives being written down", function()
    local p = open()
    local bytes = p.client:ticket():encode()
    assert.is_true(again(p, assert(tls.ticket.decode(bytes))).client:resumed())
    assert.same({ nil, "these bytes are not a ticket of beartls", "config_ticket_malformed" },
      { tls.ticket.decode(bytes:sub(1, -2)) })
    assert.is_nil(tls.ticket.decode(bytes .. "x"))
    assert.is_nil(tls.ticket.decode "")
    for i = 1, #bytes do
      tls.ticket.decode(bytes:sub(1, i - 1))
      tls.ticket.decode(bytes:sub(1, i - 1) .. string.char((bytes:byte(i) + 1) % 256) .. bytes:sub(i + 1))
    end
  end)

  it("is not offered under another name, with another version or suite", function()
    local p = open()
    local ticket = p.client:ticket()
    assert.is_false(again(p, ticket, "www.example.test").client:resumed())
    local suites = tls.config(pair.client_options { cipher_suites = { "TLS_RSA_WITH_AES_128_CBC_SHA" } })
    local q = pair.new(suites, p.server_config, { client = { ticket = ticket } }):settle()
    assert.equal("open", q.client:state())
    assert.is_false(q.client:resumed())
  end)

  it("by another config judges the server again", function()
    local p = open({ insecure_no_verify = true }, { certificate = pki.path "server_untrusted.pem",
      key = pki.path "server_untrusted.key" })
    local strict = tls.config(pair.client_options { cipher_suites = CLASSIC })
    local q = pair.new(strict, p.server_config, { client = { ticket = p.client:ticket() } }):settle()
    assert.equal("certificate_untrusted", q.client:failure().code)
    local r = open()
    local other = tls.config(pair.client_options { cipher_suites = CLASSIC })
    assert.is_true(pair.new(other, r.server_config, { client = { ticket = r.client:ticket() } }):settle()
      .client:resumed())
  end)

  it("ends after two hours, and when a certificate expires", function()
    local now = pki.NOW
    local clock = function() return now end
    local p = open({ time = clock }, { time = clock })
    local ticket = p.client:ticket()
    now = pki.NOW + 7200
    assert.is_true(again(p, ticket).client:resumed())
    now = pki.NOW + 7201
    assert.is_false(again(p, ticket).client:resumed())
    now = pki.NOW - 1
    assert.is_false(again(p, ticket).client:resumed())
  end)

  it("is refused by a server that keeps nothing, or has forgotten", function()
    local p = open({}, { tickets = false })
    local q = again(p, p.client:ticket())
    assert.equal("open", q.client:state())
    assert.is_false(q.client:resumed())
  end)

  it("is forgotten by a server whose session failed", function()
    local p = open()
    local ticket = p.client:ticket()
    p.client:write "x"
    local wire = p.client:drain()
    p.server:feed(wire:sub(1, -2) .. string.char((wire:byte(-1) + 1) % 256))
    assert.equal("peer_bad_record_mac", p.server:failure().code)
    assert.is_false(again(p, ticket).client:resumed())
  end)

  it("gives a server no ticket, and a client none before it is open", function()
    local p = pair.new()
    assert.equal("want_read", select(3, p.client:ticket()))
    p:settle()
    assert.equal("config_not_a_client", select(3, p.server:ticket()))
  end)

  it("keeps no more than a bounded number of sessions", function()
    local p = open()
    local first = p.client:ticket()
    local last
    for _ = 1, 1100 do
      local q = pair.new(p.client_config, p.server_config):settle()
      last = q.client:ticket()
    end
    assert.is_true(again(p, last).client:resumed())
    assert.is_false(again(p, first).client:resumed())
  end)
end)
