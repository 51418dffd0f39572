-- Our client against OpenSSL's server: what both say of the same session.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

local it = peer.needs("openssl", it, pending)

local trust = pki.path "trust.pem"
-- Whatever a server's identity is, OpenSSL 3 speaks old versions and suites only at this level.
local anything = { "-cipher", "ALL:@SECLEVEL=0" }
local both_keys = { peer.identity "server_rsa", "-dcert", pki.path "server_ec.pem", "-dkey",
  pki.path "server_ec.key" }
local client_verified = { "-Verify", "3", "-verify_return_error", "-CAfile", trust, "-attime", pki.NOW }

-- What a server with -www shows of the session, without the list of all that it could do; the
-- stream is closed.
local function page(stream)
  assert(stream:send "GET / HTTP/1.0\r\n\r\n")
  local text = assert(stream:receive "*a")
  stream:close()
  return text:match "\n%-%-%-\n(.*)" or text
end

local function suite_line(version, suite)
  return ("    Protocol  : %s\n    Cipher    : %s\n"):format(version, peer.openssl_name(suite))
end

local function connect(...)
  local stream, message = peer.connect(...)
  assert(stream, message)
  return stream
end

describe("s_server and our client agree on", function()
  local servers = {}
  after_each(peer.hang_up)
  teardown(process.cleanup)

  -- A server that shows pages, for all specs with the same arguments.
  local function server(...)
    local arguments = { anything, "-www", ... }
    local key = peer.words(arguments)
    servers[key] = servers[key] or peer.s_server(arguments)
    return servers[key].port
  end

  for _, suite in ipairs(peer.suites) do
    if not suite:find "3DES" then -- OpenSSL has dropped it
      it(suite, function()
        local stream = connect(server(both_keys), { cipher_suites = { suite } })
        assert.equal(suite, stream:cipher())
        assert.equal("TLSv1.2", stream:version())
        assert.is_true(stream:verified())
        assert.equal(not suite:find "^TLS_RSA", stream:group() ~= nil)
        assert.equal(not suite:find "^TLS_RSA", stream:signature_scheme() ~= nil)
        assert.matches(suite_line("TLSv1.2", suite), page(stream), 1, true)
      end)
    end
  end

  for _, version in ipairs { "TLSv1", "TLSv1.1" } do
    for _, suite in ipairs { "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } do
      it(("%s with %s, with a client's certificate"):format(version, suite), function()
        local stream = connect(server(both_keys, client_verified),
          { cipher_suites = { suite }, min_version = "TLSv1", max_version = version, identity = "client_ec" })
        assert.equal(version, stream:version())
        assert.equal(suite, stream:cipher())
        local text = page(stream)
        assert.matches(suite_line(version, suite), text, 1, true)
        assert.matches("Subject: O=beartls specs, CN=client EC\n", text, 1, true)
      end)
    end
  end

  for group, name in pairs { x25519 = "x25519", secp256r1 = "secp256r1", secp384r1 = "secp384r1",
    secp521r1 = "secp521r1" } do
    it("the group " .. group, function()
      local stream = connect(server(both_keys), { groups = { group } })
      assert.equal(group, stream:group())
      assert.matches("\nShared groups: " .. name .. "\n", page(stream), 1, true)
    end)
  end

  for _, case in ipairs {
    { "server_rsa" }, { "server_rsa4096" }, { "server_ec" }, { "server_p384" }, { "server_p521" },
    { "server_chain_rsa", "intermediate_rsa" }, { "server_chain_ec", "intermediate_ec" },
  } do
    it("the certificate of " .. case[1], function()
      local stream = connect(server(peer.identity(case[1], case[2])), {})
      assert.is_true(stream:verified())
      assert.equal(case[2] and 2 or 1, #stream:peer_chain())
      local certificate = assert(tls.certificate.load(pki.path(case[1] .. ".pem")))
      assert.equal(certificate:fingerprint(), stream:peer_certificate():fingerprint())
      stream:close()
    end)
  end

  for _, case in ipairs {
    { "rsa_pkcs1_sha384", "server_rsa", "RSA+SHA384" }, { "rsa_pkcs1_sha512", "server_rsa", "RSA+SHA512" },
    { "ecdsa_secp384r1_sha384", "server_p384", "ECDSA+SHA384" },
    { "ecdsa_secp521r1_sha512", "server_p521", "ECDSA+SHA512" },
  } do
    it("the signature scheme " .. case[1], function()
      local stream = connect(server(peer.identity(case[2]), "-sigalgs", case[3]), {})
      assert.equal(case[1], stream:signature_scheme())
      stream:close()
    end)
  end

  for _, name in ipairs { "client_rsa", "client_ec", "client_p384" } do
    for _, suite in ipairs { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" } do
      it(("%s's certificate over %s"):format(name, suite), function()
        local stream = connect(server(both_keys, client_verified), { cipher_suites = { suite }, identity = name })
        local subject = stream:local_certificate():subject()
        local common_name = subject:match "CN=([^,]+)"
        assert.matches("Subject: O=beartls specs, CN=" .. common_name .. "\n", page(stream), 1, true)
      end)
    end
  end

  it("the protocol that the server prefers among the client's", function()
    local port = server(both_keys, "-alpn", "b,a")
    local stream = connect(port, { alpn = { "a", "b" } })
    assert.equal("b", stream:alpn())
    stream:close()
    stream = connect(port, { alpn = { "x", "a" } })
    assert.equal("a", stream:alpn())
    stream:close()
  end)

  it("the certificate for the name that the client asks for", function()
    local port = server(peer.identity "server_rsa", "-servername", "other.example.test", "-cert2",
      pki.path "other_site_ec.pem", "-key2", pki.path "other_site_ec.key")
    for name, subject in pairs { ["other.example.test"] = "CN=other.example.test", localhost = "CN=localhost" } do
      local stream = connect(port, {}, { server_name = name })
      assert.matches(subject, stream:peer_certificate():subject(), 1, true)
      stream:close()
    end
  end)

  for _, n in ipairs { 512, 4096 } do
    it(("a max_fragment of %d"):format(n), function()
      local stream = connect(server(both_keys), { max_fragment = n, trace = 10000 })
      page(stream)
      local most = 0
      for event in stream:session():events() do
        if event.content_type == "application_data" and event.direction == "received" then
          most = math.max(most, event.length)
        end
      end
      assert.equal(n, most)
    end)
  end

  it("a session to resume, as often as wanted", function()
    local config = peer.config { identity = "client_ec", cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" } }
    local port = server(both_keys, client_verified, "-context", "specs", "-no_ticket")
    local stream = connect(port, config)
    assert.is_false(stream:resumed())
    local ticket = assert(stream:ticket())
    assert.matches("New, ", page(stream), 1, true)
    for _ = 1, 2 do
      stream = connect(port, config, { ticket = ticket })
      assert.is_true(stream:resumed())
      assert.is_true(stream:verified())
      assert.matches("CN=localhost", stream:peer_certificate():subject(), 1, true)
      ticket = assert(stream:ticket())
      local text = page(stream)
      assert.matches("Reused, TLSv1.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384", text, 1, true)
      assert.matches("CN=client EC", text, 1, true)
    end
  end)

  it("a full handshake when the server has forgotten the session", function()
    local config = peer.config {}
    local stream = connect(server(both_keys), config)
    local ticket = assert(stream:ticket())
    stream:close()
    stream = connect(server(both_keys, "-no_cache"), config, { ticket = ticket })
    assert.is_false(stream:resumed())
    assert.matches("New, ", page(stream), 1, true)
  end)

  it("exported keying material", function()
    local one = peer.s_server({ both_keys, "-keymatexport", "EXPERIMENTAL-beartls", "-keymatexportlen", "40" },
      { open = true })
    local stream = connect(one.port, {})
    local hex = one:wait_for "Keying material: (%x+)\n"
    assert.equal(hex, (stream:export("EXPERIMENTAL-beartls", 40):gsub(".", function(c)
      return ("%02X"):format(c:byte())
    end)))
    stream:close()
    one:stop()
  end)
end)
