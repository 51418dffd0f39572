-- Who is at the other end: authorisation by what the peer's certificate says.

local pair = require "support.pair"
local pki = require "beartls.pki"
local tls = require "beartls"

local NOW = 1780272000 -- 2026-06-01

local function clock()
  return NOW
end

local ca = assert(pki.ca { name = "root", time = clock })
local trust = assert(ca:trust())
local server = assert(ca:issue { dns = { "localhost", "*.wild.test" }, ip = "127.0.0.1" })
local alice = assert(ca:issue { name = "alice", subject = { { "O", "Example" } }, client = true,
  email = "Alice@Example.org", uri = "spiffe://example.org/alice", dns = "alice.example.org" })
local two_ids = assert(ca:issue { name = "two", client = true,
  uri = { "spiffe://example.org/one", "spiffe://example.org/two", "urn:two" } })

-- An open pair; what each side's options say besides.
local function open(identity, server_options, client_options)
  local own = { trust = trust, time = clock, certificate = identity and identity.certificate,
    key = identity and identity.key }
  for name, value in pairs(client_options or {}) do
    own[name] = value
  end
  local options = { certificate = server.certificate, key = server.key, trust = trust, time = clock,
    verify_client = "request" }
  for name, value in pairs(server_options or {}) do
    options[name] = value
  end
  return pair.open(assert(tls.config(own)), assert(tls.config(options)))
end

describe("peer_matches", function()
  local at_server = open(alice).server

  for _, case in ipairs {
    { "a URI, byte for byte", { uri = "spiffe://example.org/alice" }, true },
    { "not another URI", { uri = "spiffe://example.org/bob" } },
    { "not a URI in other letters", { uri = "spiffe://EXAMPLE.org/alice" } },
    { "not the beginning of a URI", { uri = "spiffe://example.org/" } },
    { "an address, its domain in any letters", { email = "Alice@EXAMPLE.org" }, true },
    { "not an address whose mailbox is written differently", { email = "alice@example.org" } },
    { "a DNS name", { dns = "alice.example.org" }, true },
    { "a DNS name in other letters", { dns = "ALICE.example.org." }, true },
    { "not another DNS name", { dns = "bob.example.org" } },
    { "a whole subject", { subject = "CN=alice,O=Example" }, true },
    { "not a part of the subject", { subject = "CN=alice" } },
    { "a pin", { pin = alice.certificate:pin() }, true },
    { "not another pin", { pin = server.certificate:pin() } },
    { "one of a list", { uri = { "urn:x", "spiffe://example.org/alice" } }, true },
    { "none of a list", { uri = { "urn:x", "urn:y" } } },
    { "all kinds that are asked for", { uri = "spiffe://example.org/alice", email = "Alice@example.org" }, true },
    { "not when one of the kinds is another", { uri = "spiffe://example.org/alice", email = "bob@example.org" } },
    { "what a function says yes to", { uri = function(uri) return uri:find "^spiffe://example%.org/" end }, true },
    { "not what it says no to", { uri = function() return false end } },
    { "not an IP address that is not there", { ip = "127.0.0.1" } },
  } do
    it("accepts " .. case[1], function()
      local yes, why = at_server:peer_matches(case[2])
      assert.equal(case[3] or false, yes)
      assert.equal(case[3] and "nil" or "string", type(why))
    end)
  end

  it("says why not", function()
    assert.equal("the peer's certificate (CN=alice,O=Example) has another uri: spiffe://example.org/alice",
      select(2, at_server:peer_matches { uri = "urn:x" }))
    assert.equal("the peer's certificate (CN=alice,O=Example) has no ip",
      select(2, at_server:peer_matches { ip = "::1" }))
  end)

  it("knows servers too, wildcards and addresses", function()
    local at_client = open(alice).client
    assert.is_true(at_client:peer_matches { dns = "localhost", ip = "127.0.0.1" })
    assert.is_true(at_client:peer_matches { dns = "x.wild.test" })
    assert.is_false((at_client:peer_matches { dns = "x.y.wild.test" }))
    assert.is_false((at_client:peer_matches { ip = "127.0.0.2" }))
  end)

  it("takes no SPIFFE ID from a certificate with several URIs", function()
    local session = open(two_ids).server
    assert.is_false((session:peer_matches { uri = "spiffe://example.org/one" }))
    assert.is_false((session:peer_matches { uri = function(uri) return uri:find "^spiffe:" end }))
    assert.is_true((session:peer_matches { uri = "urn:two" }))
  end)

  it("is false for a peer without a certificate", function()
    assert.is_false((open(nil).server:peer_matches { subject = "CN=alice,O=Example" }))
  end)

  it("is false when nobody vouches for what the certificate says", function()
    local wanted = { uri = "spiffe://example.org/alice" }
    assert.is_false((open(alice, { insecure_no_verify = true }).server:peer_matches(wanted)))
    local pinned = open(alice, { insecure_no_verify = true, pins = { alice.certificate:pin() } }).server
    assert.is_true(pinned:verified())
    assert.is_false((pinned:peer_matches(wanted)))
  end)

  it("is false until the handshake is done, and when it fails", function()
    local p = pair.new(assert(tls.config { trust = trust, time = clock, certificate = alice.certificate,
      key = alice.key }), assert(tls.config { certificate = server.certificate, key = server.key, trust = trust,
      time = clock, verify_client = "require" }))
    local wanted = { uri = "spiffe://example.org/alice" }
    for _ = 1, 20 do
      local open_now = p.server:state() == "open"
      assert.equal(open_now, (p.server:peer_matches(wanted)))
      local there = pair.carry(p.client, p.server, 1)
      if not there and not pair.carry(p.server, p.client) then
        break
      end
    end
    assert.is_true(p.server:peer_matches(wanted))
    p.server:close()
    assert.is_true(p.server:peer_matches(wanted))
    p.client:feed "garbage that fails the session ....."
    assert.equal("failed", p.client:state())
    assert.is_false((p.client:peer_matches { dns = "localhost" }))
  end)

  it("holds for a session that was resumed", function()
    local first = open(alice)
    local ticket = assert(first.client:ticket())
    local resumed = pair.open(first.client_config, first.server_config, { client = { ticket = ticket } })
    assert.is_true(resumed.server:resumed())
    assert.is_true(resumed.server:peer_matches { uri = "spiffe://example.org/alice" })
    assert.is_true(resumed.client:peer_matches { dns = "localhost" })
  end)

  it("raises for what can only be a mistake", function()
    for _, wanted in ipairs { {}, { url = "spiffe://example.org/alice" }, { uri = {} }, { uri = true }, { uri = { 1 } },
      { dns = "127.0.0.1" }, { ip = "localhost" }, { "uri" } } do
      assert.has_error(function() at_server:peer_matches(wanted) end)
    end
    assert.has_error(function() at_server:peer_matches() end)
    assert.error_matches(function() at_server:peer_matches { emial = "x" } end, 'did you mean "email"')
  end)

  it("is a stream's method, too", function()
    assert.is_function(require("beartls.stream").methods.peer_matches)
    assert.is_function(require("beartls.stream").methods.ocsp_response)
  end)
end)
