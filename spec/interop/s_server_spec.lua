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
      local stream = connect(server(peer.identity(case[2]), "-sigalgs", case[3]), { max_version = "TLSv1.2" })
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
    local config = peer.config { max_version = "TLSv1.2" }
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

local function megabyte()
  local lines = {}
  for i = 1, 2 ^ 16 do
    lines[i] = ("%015d"):format(i)
  end
  return table.concat(lines, "\n") .. "\n"
end

local bulk = {
  { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
  { "TLSv1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
  { "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM" },
  { "TLSv1.2", "TLS_RSA_WITH_AES_256_CBC_SHA256" },
  { "TLSv1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
}

describe("between s_server and our client", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  for _, case in ipairs(bulk) do
    local version, suite = case[1], case[2]
    local config = { min_version = version, max_version = version, cipher_suites = { suite } }

    it(("a megabyte comes with %s in %s"):format(suite, version), function()
      local server = peer.s_server({ anything, both_keys, "-quiet" }, { open = true })
      local stream = connect(server.port, config)
      -- Not before: s_server stops reading its stdin when that comes to an end during the handshake.
      local file = server.dir .. "/megabyte"
      process.write_file(file, megabyte())
      os.execute(("cat %s >%s &"):format(process.quote(file), process.quote(server.files.input)))
      local data, word = stream:receive(2 ^ 20)
      assert.is_nil(word)
      assert.is_true(megabyte() == data)
    end)

    it(("a megabyte goes with %s in %s"):format(suite, version), function()
      local server = peer.s_server({ anything, both_keys, "-quiet", "-naccept", "1" }, { open = true })
      local stream = connect(server.port, config)
      assert.equal(2 ^ 20, stream:send(megabyte()))
      stream:close()
      assert.equal(0, (server:wait()))
      assert.is_true(megabyte() == process.read_file(server.files.out))
    end)
  end

  it("our close_notify is understood", function()
    local server = peer.s_server({ both_keys, "-naccept", "1" }, { open = true })
    connect(server.port, {}):close()
    local code, output = server:wait()
    assert.equal(0, code)
    assert.matches("DONE\n", output, 1, true)
    assert.is_nil(output:find "ERROR")
  end)

  it("its close_notify is told apart from a cut connection", function()
    -- s_server says close_notify after a page, but not when it is told to quit.
    for _, case in ipairs { { "-www", "closed" }, { "-tls1_2", "truncated" } } do
      local server = peer.s_server({ both_keys, case[1] }, { open = true })
      local stream = connect(server.port, {})
      assert(stream:send "GET / HTTP/1.0\r\n\r\n")
      if case[1] ~= "-www" then
        server:send "Q\n"
      end
      local data, word, _, code
      repeat
        data, word, _, code = stream:receive "*l"
      until not data
      assert.same({ case[2], case[2] }, { word, code })
    end
  end)

  it("a renegotiation is refused, which OpenSSL takes for the end", function()
    local server = peer.s_server({ both_keys }, { open = true })
    local stream = connect(server.port, { max_version = "TLSv1.2" })
    server:send "before\n"
    assert.equal("before", stream:receive "*l")
    server:send "r\n"
    local data, _, _, code = stream:receive "*l"
    assert.is_nil(data)
    assert.equal("alert_handshake_failure", code)
    server:wait_for "no renegotiation"
  end)
end)

describe("s_server and our client both say why:", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  -- What, the server's arguments, our options, the name that we want, our code, the alert, who sent
  -- it, what the server prints.
  for _, case in ipairs {
    { "the server's certificate has expired", { peer.identity "server_expired" }, {}, "localhost",
      "certificate_expired", "certificate_expired", "us", "SSL alert number 45" },
    { "the server's certificate is not valid yet", { peer.identity "server_not_yet" }, {}, "localhost",
      "certificate_not_yet_valid", "certificate_expired", "us", "SSL alert number 45" },
    { "the server's certificate is from somebody whom we do not trust", { peer.identity "server_untrusted" }, {},
      "localhost", "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "the server's certificate is its own issuer", { peer.identity "server_self_signed" }, {}, "localhost",
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "the server does not show its intermediate", { peer.identity "server_no_intermediate" }, {}, "localhost",
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "the server's certificate is for another host", { peer.identity "server_rsa" }, {}, "elsewhere.example.test",
      "certificate_name_mismatch", "bad_certificate", "us", "SSL alert number 42" },
    { "the server's certificate is for another address", { peer.identity "server_rsa" }, {}, "127.0.0.2",
      "certificate_name_mismatch", "bad_certificate", "us", "SSL alert number 42" },
    { "the server's certificate is a client's", { peer.identity "server_client_eku" }, {}, "localhost",
      "certificate_wrong_usage", "unsupported_certificate", "us", "SSL alert number 43" },
    { "no certificate where the server wants one", { both_keys, client_verified }, {}, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "peer did not return a certificate" },
    { "a certificate that the server does not trust", { both_keys, client_verified },
      { identity = "client_untrusted" }, "localhost",
      "alert_unknown_ca", "unknown_ca", "peer", "unable to get local issuer certificate" },
    { "a certificate of ours that has expired", { both_keys, client_verified }, { identity = "client_expired" },
      "localhost", "alert_certificate_expired", "certificate_expired", "peer", "certificate has expired" },
    { "no suite in common", { both_keys, "-cipher", "AES256-SHA256" }, {}, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "no shared cipher" },
    { "no group in common", { both_keys, "-groups", "P-256" }, { groups = { "x25519" } }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "no shared cipher" },
    { "the server is too old", { both_keys, anything, "-tls1_1" },
      { cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" } }, "localhost",
      "peer_version", "protocol_version", "us", "SSL alert number 70" },
    { "the server is too new", { both_keys, "-tls1_3" }, { max_version = "TLSv1.2" }, "localhost",
      "alert_protocol_version", "protocol_version", "peer", "unsupported protocol" },
    { "no protocol in common", { both_keys, "-alpn", "a" }, { alpn = { "b" } }, "localhost",
      "alert_no_application_protocol", "no_application_protocol", "peer", "no application protocol" },
    { "a name that the server does not know", { both_keys, "-servername", "localhost", "-servername_fatal",
      "-cert2", pki.path "server_ec.pem", "-key2", pki.path "server_ec.key" }, {}, "www.example.test",
      "alert_unrecognized_name", "unrecognized_name", "peer", "callback failed" },
  } do
    it(case[1], function()
      local server = peer.s_server({ case[2], "-naccept", "1" }, { open = true })
      case[3].max_version = "TLSv1.2"
      local stream, message, code, failure = peer.connect(server.port, case[3], { server_name = case[4] })
      assert.is_nil(stream)
      assert.equal(case[5], code, message)
      assert.equal(case[6], failure.alert)
      assert.equal(case[7], failure.sent_by)
      assert.is_string(failure.hint)
      assert.matches(case[8], select(2, server:wait()), 1, true)
    end)
  end
end)
