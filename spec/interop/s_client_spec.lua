-- OpenSSL's client against our server: what both say of the same session.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("openssl", it, pending)

local anything = { "-cipher", "ALL:@SECLEVEL=0" }
local tls12 = "-tls1_2"
-- A client that verifies us, on the frozen clock, and says at the end what it has found.
local verifies = { "-CAfile", pki.path "trust.pem", "-attime", pki.NOW, "-verify_return_error",
  "-verify_hostname", "localhost" }
local both_keys = {
  { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
  { certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key" },
}

-- A server's config of the newest version that OpenSSL's client is asked for.
local function config_of(given)
  local options = { max_version = "TLSv1.2" }
  if not given.identity and not given.identities then
    options.identities = both_keys
  end
  for name, value in pairs(given) do
    options[name] = value
  end
  return peer.config(options)
end

describe("s_client and our server agree on", function()
  local listener, port
  setup(function()
    listener, port = peer.listen()
  end)
  after_each(function()
    peer.hang_up()
    process.cleanup()
  end)
  teardown(function()
    listener:close()
  end)

  -- The stream with a client of these arguments, and the client. What is given is a config or options.
  local function meet(given, ...)
    local client = peer.s_client(port, { verifies, ... })
    local stream, message = peer.accept(listener, type(given) == "table" and config_of(given) or given)
    assert(stream, message)
    return stream, client
  end

  -- What the client says of the session, which is over afterwards.
  local function said(stream, client)
    assert.same({ nil, "closed", "", "closed" }, { stream:receive "*a" })
    stream:close()
    local code, output = client:wait()
    assert.equal(0, code, output)
    assert.matches("Verify return code: 0 (ok)\n", output, 1, true)
    return output
  end

  -- ("New, ..." names the version that the suite is from.)
  local function suite_lines(version, suite)
    return ("    Protocol  : %s\n    Cipher    : %s\n"):format(version, peer.openssl_name(suite))
  end

  for _, suite in ipairs(peer.suites) do
    if not suite:find "3DES" then -- OpenSSL has dropped it
      it(suite, function()
        local stream, client = meet({ cipher_suites = { suite } }, tls12, anything)
        assert.equal(suite, stream:cipher())
        assert.equal("TLSv1.2", stream:version())
        assert.equal(not suite:find "^TLS_RSA", stream:group() ~= nil)
        assert.matches(suite_lines("TLSv1.2", suite), said(stream, client), 1, true)
      end)
    end
  end

  for option, version in pairs { ["-tls1"] = "TLSv1", ["-tls1_1"] = "TLSv1.1" } do
    for _, suite in ipairs { "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } do
      it(("%s with %s, with a client's certificate"):format(version, suite), function()
        local stream, client = meet({ cipher_suites = { suite }, min_version = "TLSv1", verify_client = "require" },
          option, anything, peer.identity "client_rsa")
        assert.equal(version, stream:version())
        assert.equal(suite, stream:cipher())
        assert.is_true(stream:verified())
        assert.matches("CN=client RSA", stream:peer_certificate():subject(), 1, true)
        assert.matches(suite_lines(version, suite), said(stream, client), 1, true)
      end)
    end
  end

  for group, names in pairs {
    x25519 = { "X25519", "X25519" }, secp256r1 = { "P-256", "ECDH, prime256v1" },
    secp384r1 = { "P-384", "ECDH, secp384r1" }, secp521r1 = { "P-521", "ECDH, secp521r1" },
  } do
    it("the group " .. group, function()
      local stream, client = meet({ identity = "server_rsa" }, tls12, "-groups", names[1])
      assert.equal(group, stream:group())
      assert.matches("\nServer Temp Key: " .. names[2] .. ",", said(stream, client), 1, true)
    end)
  end

  for _, case in ipairs {
    { "server_rsa", 1 }, { "server_rsa4096", 1 }, { "server_ec", 1 }, { "server_p384", 1 }, { "server_p521", 1 },
    { "server_chain_rsa", 2 }, { "server_chain_ec", 2 },
  } do
    it("the certificate of " .. case[1], function()
      local text = said(meet({ identity = case[1] }, tls12, "-showcerts"))
      local shown = {}
      for pem in text:gmatch "%-%-%-%-%-BEGIN CERTIFICATE.-END CERTIFICATE%-%-%-%-%-\n" do
        shown[#shown + 1] = pem
      end
      assert.equal(case[2], #shown)
      assert.equal(pki.read(case[1] .. ".pem"), table.concat(shown))
    end)
  end

  for _, case in ipairs {
    { "rsa_pkcs1_sha256", "server_rsa", "RSA+SHA256" }, { "rsa_pkcs1_sha384", "server_rsa", "RSA+SHA384" },
    { "rsa_pkcs1_sha512", "server_rsa", "RSA+SHA512" }, { "ecdsa_secp256r1_sha256", "server_ec", "ECDSA+SHA256" },
    { "ecdsa_secp384r1_sha384", "server_p384", "ECDSA+SHA384" },
  } do
    it("the signature scheme " .. case[1], function()
      local hash = case[3]:match "SHA.*"
      local stream, client = meet({ identity = case[2] }, tls12, "-sigalgs", case[3] .. ":RSA+SHA1")
      assert.equal(case[1], stream:signature_scheme())
      assert.matches("Peer signing digest: " .. hash .. "\n", said(stream, client), 1, true)
    end)
  end

  for _, name in ipairs { "client_rsa", "client_ec", "client_p384" } do
    for _, suite in ipairs { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" } do
      it(("%s's certificate over %s"):format(name, suite), function()
        local stream, client = meet({ cipher_suites = { suite }, verify_client = "require" }, tls12, anything,
          peer.identity(name))
        assert.is_true(stream:verified())
        assert.matches("Acceptable client certificate CA names\nO = beartls specs, CN = beartls test root",
          said(stream, client), 1, true)
      end)
    end
  end

  it("no certificate of the client where we only request one", function()
    local stream, client = meet({ verify_client = "request" }, tls12)
    assert.is_nil(stream:peer_certificate())
    assert.is_false(stream:verified())
    said(stream, client)
  end)

  it("the protocol that we prefer among the client's, and none if it asks for none", function()
    for _, case in ipairs { { "x,b,a", "a" }, { "b", "b" } } do
      local stream, client = meet({ alpn = { "a", "b" } }, tls12, "-alpn", case[1])
      assert.equal(case[2], stream:alpn())
      assert.matches("\nALPN protocol: " .. case[2] .. "\n", said(stream, client), 1, true)
    end
    local stream, client = meet({ alpn = { "a", "b" } }, tls12)
    assert.is_nil(stream:alpn())
    assert.matches("\nNo ALPN negotiated\n", said(stream, client), 1, true)
  end)

  it("the identity for the name that the client asks for", function()
    local config = config_of { identities = {
      both_keys[1], { certificate = pki.path "other_site_ec.pem", key = pki.path "other_site_ec.key" },
    } }
    for name, subject in pairs { ["other.example.test"] = "CN = other.example.test", localhost = "CN = localhost" } do
      local stream, client = meet(config, tls12, "-servername", name, "-verify_hostname", name)
      assert.equal(name, stream:server_name())
      assert.matches(subject, said(stream, client), 1, true)
    end
  end)

  for _, n in ipairs { 512, 4096 } do
    it(("a max_fragment of %d, which the client asks for"):format(n), function()
      local stream, client = meet({ trace = 10000 }, tls12, "-maxfraglen", n, "-ign_eof")
      assert(stream:send(("x"):rep(10000)))
      local most = 0
      for event in stream:events() do
        if event.content_type == "application_data" and event.direction == "sent" then
          most = math.max(most, event.length)
        end
      end
      assert.equal(n, most)
      stream:close()
      assert.matches(("x"):rep(10000), select(2, client:wait()), 1, true)
    end)
  end

  it("a session to resume, five times", function()
    local config = config_of { verify_client = "require" }
    local client = peer.s_client(port, { verifies, tls12, "-reconnect", peer.identity "client_ec" })
    for i = 0, 5 do
      local stream, message = peer.accept(listener, config)
      assert(stream, message)
      assert.equal(i > 0, stream:resumed())
      assert.is_true(stream:verified())
      assert.matches("CN=client EC", stream:peer_certificate():subject(), 1, true)
      stream:receive "*a"
      stream:close()
    end
    local code, text = client:wait()
    assert.equal(0, code, text)
    assert.equal(5, select(2, text:gsub("Reused, TLSv1.2, Cipher is ECDHE", "")))
  end)

  it("no session to resume where tickets are off", function()
    local config = config_of { tickets = false }
    local client = peer.s_client(port, { verifies, tls12, "-reconnect" })
    for _ = 0, 5 do
      local stream = assert(peer.accept(listener, config))
      assert.is_false(stream:resumed())
      stream:receive "*a"
      stream:close()
    end
    local _, text = client:wait()
    assert.is_nil(text:find("Reused", 1, true))
  end)

  it("exported keying material", function()
    local stream, client = meet({}, tls12, "-keymatexport", "EXPERIMENTAL-beartls", "-keymatexportlen", "40")
    local hex = stream:export("EXPERIMENTAL-beartls", 40):gsub(".", function(c)
      return ("%02X"):format(c:byte())
    end)
    assert.matches("Keying material: " .. hex .. "\n", said(stream, client), 1, true)
  end)

  it("data in both directions", function()
    local client = peer.s_client(port, { verifies, tls12, "-quiet" }, { open = true })
    local stream = assert(peer.accept(listener, config_of {}))
    client:send "from the client\n"
    assert.equal("from the client", stream:receive "*l")
    assert(stream:send "from the server\n")
    client:wait_for "from the server\n"
    stream:close()
    assert.equal(0, (client:wait()))
  end)
end)

describe("s_client and our server both say why:", function()
  local listener, port
  setup(function()
    listener, port = peer.listen()
  end)
  after_each(function()
    peer.hang_up()
    process.cleanup()
  end)
  teardown(function()
    listener:close()
  end)

  -- What, our options, the client's arguments, our code, the alert, who sent it, what the client
  -- prints.
  for _, case in ipairs {
    { "no certificate where we require one", { verify_client = "require" }, {},
      "certificate_missing", "handshake_failure", "us", "SSL alert number 40" },
    { "a certificate that we do not trust", { verify_client = "require" }, { peer.identity "client_untrusted" },
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "a bad certificate where we only request one", { verify_client = "request" },
      { peer.identity "client_untrusted" }, "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "a client's certificate that has expired", { verify_client = "require" }, { peer.identity "client_expired" },
      "certificate_expired", "certificate_expired", "us", "SSL alert number 45" },
    { "a server's certificate as a client's", { verify_client = "require" }, { peer.identity "server_ec" },
      "certificate_wrong_usage", "unsupported_certificate", "us", "SSL alert number 43" },
    { "the client does not trust us", { identity = "server_untrusted" }, {},
      "alert_unknown_ca", "unknown_ca", "peer", "unable to get local issuer certificate" },
    { "our certificate has expired", { identity = "server_expired" }, {},
      "alert_certificate_expired", "certificate_expired", "peer", "certificate has expired" },
    { "our certificate is for another host", { identity = "server_other_host" }, {},
      "alert_bad_certificate", "bad_certificate", "peer", "hostname mismatch" },
    { "no suite in common", {}, { "-cipher", "AES256-SHA256" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "no suite for our certificate", { identity = "server_ec" }, { "-cipher", "aRSA" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "no group in common", { groups = { "secp384r1" } }, { "-groups", "X25519" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "the client is too old", {}, { anything, "-tls1_1" },
      "peer_version", "protocol_version", "us", "SSL alert number 70" },
    { "the client fell back", { cipher_suites = { "TLS_RSA_WITH_AES_128_CBC_SHA" }, min_version = "TLSv1" },
      { anything, "-tls1_1", "-fallback_scsv" },
      "peer_inappropriate_fallback", "inappropriate_fallback", "us", "SSL alert number 86" },
    { "no protocol in common", { alpn = { "a" } }, { "-alpn", "b" },
      "peer_no_application_protocol", "no_application_protocol", "us", "SSL alert number 120" },
  } do
    it(case[1], function()
      local client = peer.s_client(port, { verifies, case[3] })
      local stream, message, code, failure = peer.accept(listener, config_of(case[2]))
      assert.is_nil(stream)
      assert.equal(case[4], code, message)
      assert.equal(case[5], failure.alert)
      assert.equal(case[6], failure.sent_by)
      assert.is_string(failure.hint)
      peer.hang_up()
      local exit, output = client:wait()
      assert.equal(1, exit)
      assert.matches(case[7], output, 1, true)
    end)
  end

  it("a renegotiation, which we refuse", function()
    local client = peer.s_client(port, { verifies, tls12 }, { open = true })
    local stream = assert(peer.accept(listener, config_of {}))
    client:send "R\n"
    client:wait_for "RENEGOTIATING"
    assert.is_nil((stream:receive "*l"))
    client:wait_for "no renegotiation"
  end)
end)
