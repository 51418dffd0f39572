-- GnuTLS in both roles: gnutls-cli against our server, our client against gnutls-serv. It has no
-- clock that could be set: it goes by the machine's.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("gnutls-cli", it, pending)

local trust = pki.path "trust.pem"

local function identity(name)
  return { "--x509certfile", pki.path(name .. ".pem"), "--x509keyfile", pki.path(name .. ".key") }
end

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

-- ---- GnuTLS's names ----

-- TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA", "AES-128-CBC", "SHA1"
local function parts_of(suite)
  local exchange, rest = suite:match "^TLS_(.+)_WITH_(.+)$"
  local cipher, mac = rest:match "^(.+_CBC)_(SHA%d*)$"
  if not cipher then
    cipher, mac = rest:gsub("_SHA%d+$", ""), "AEAD"
  end
  local function dashed(name)
    return (name:gsub("_EDE", ""):gsub("_", "-"))
  end
  return dashed(exchange), dashed(cipher), (mac:gsub("^SHA$", "SHA1"))
end

local versions = { ["TLSv1"] = "TLS1.0", ["TLSv1.1"] = "TLS1.1", ["TLSv1.2"] = "TLS1.2" }

-- The priority string of those who speak one version, one suite and these groups.
local function only(version, suite, groups)
  local exchange, cipher, mac = parts_of(suite)
  return table.concat({ "NONE", "VERS-" .. versions[version], exchange, cipher, mac, groups or "GROUP-ALL",
    "SIGN-ALL", "CTYPE-X509", "COMP-NULL" }, ":+")
end

-- What its programs print of a session: "(TLS1.2-X.509)-(ECDHE-X25519)-(RSA-SHA256)-(AES-128-GCM)".
local function assert_described(version, suite, text)
  local description = text:match "Description: ([^\n]+)\n" or text
  local exchange, cipher, mac = parts_of(suite)
  local head = ("(%s-X.509)-(%s"):format(versions[version], exchange == "RSA" and "RSA)" or "ECDHE-")
  local tail = mac == "AEAD" and ("-(%s)"):format(cipher) or ("-(%s)-(%s)"):format(cipher, mac)
  assert.equal(head .. "..." .. tail, description:sub(1, #head) .. "..." .. description:sub(-#tail))
end

local TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"

-- ---- gnutls-cli ----

local both_keys = {
  { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
  { certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key" },
}

-- What both parts about gnutls-cli do with it.
local cli = {}

function cli.listen()
  cli.listener, cli.port = peer.listen()
end

function cli.stop_listening()
  cli.listener:close()
end

-- Options of a server, unless they are a config already.
function cli.config(given)
  if type(given) ~= "table" then
    return given
  end
  local options = { max_version = "TLSv1.2" }
  if not given.identity and not given.identities then
    options.identities = both_keys
  end
  for name, value in pairs(given) do
    options[name] = value
  end
  return peer.config(options)
end

function cli.start(arguments, how)
  return process.start(peer.words("gnutls-cli", "--x509cafile", trust, "--verify-hostname", "localhost",
    "--sni-hostname", "localhost", "-p", cli.port, arguments, "127.0.0.1"), how)
end

function cli.accept(given)
  return peer.accept(cli.listener, cli.config(given))
end

describe("gnutls-cli and our server agree on", function()
  setup(cli.listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(cli.stop_listening)

  local function meet(given, ...)
    local client = cli.start { ... }
    local stream, message = cli.accept(given)
    assert(stream, message)
    return stream, client
  end

  -- What the client says of the session, which is over afterwards.
  local function said(stream, client)
    assert.same({ nil, "closed", "", "closed" }, { stream:receive "*a" })
    stream:close()
    local code, output = client:wait()
    assert.equal(0, code, output)
    assert.matches("- Status: The certificate is trusted.", output, 1, true)
    return output
  end

  for _, suite in ipairs(peer.suites) do
    it(suite, function()
      local stream, client = meet({ cipher_suites = { suite } }, "--priority", only("TLSv1.2", suite))
      assert.equal(suite, stream:cipher())
      assert_described("TLSv1.2", suite, said(stream, client))
    end)
  end

  for _, version in ipairs { "TLSv1", "TLSv1.1" } do
    for _, suite in ipairs { "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } do
      it(("%s with %s, with a client's certificate"):format(version, suite), function()
        local stream, client = meet({ cipher_suites = { suite }, min_version = "TLSv1", verify_client = "require" },
          "--priority", only(version, suite), identity "client_rsa")
        assert.equal(version, stream:version())
        assert.is_true(stream:verified())
        assert_described(version, suite, said(stream, client))
      end)
    end
  end

  for _, group in ipairs { "x25519", "secp256r1", "secp384r1", "secp521r1" } do
    it("the group " .. group, function()
      local suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
      local stream, client = meet({}, "--priority", only("TLSv1.2", suite, "GROUP-" .. group:upper()))
      assert.equal(group, stream:group())
      assert.matches("(ECDHE-" .. group:upper() .. ")", said(stream, client), 1, true)
    end)
  end

  for _, case in ipairs {
    { "server_rsa4096", 1 }, { "server_p384", 1 }, { "server_p521", 1 }, { "server_chain_rsa", 2 },
    { "server_chain_ec", 2 },
  } do
    it("the certificate of " .. case[1], function()
      local text = said(meet({ identity = case[1] }, "--priority", TLS12))
      assert.matches(("- Got a certificate list of %d certificates."):format(case[2]), text, 1, true)
    end)
  end

  for _, name in ipairs { "client_rsa", "client_ec", "client_p384" } do
    it(name .. "'s certificate", function()
      local stream, client = meet({ verify_client = "require" }, "--priority", TLS12, identity(name))
      assert.is_true(stream:verified())
      local certificate = assert(require("beartls").certificate.load(pki.path(name .. ".pem")))
      assert.equal(certificate:fingerprint(), stream:peer_certificate():fingerprint())
      assert.matches("- Successfully sent 1 certificate(s) to server.", said(stream, client), 1, true)
    end)
  end

  it("the protocol, the name, and keying material", function()
    local stream, client = meet({ alpn = { "a", "b" } }, "--priority", TLS12, "--alpn", "b", "--alpn", "a",
      "--keymatexport", "EXPERIMENTAL-beartls", "--keymatexportsize", "40")
    assert.equal("a", stream:alpn())
    assert.equal("localhost", stream:server_name())
    local exported = hex(stream:export("EXPERIMENTAL-beartls", 40))
    local text = said(stream, client)
    assert.matches("- Application protocol: a\n", text, 1, true)
    assert.matches("- Key material: " .. exported .. "\n", text, 1, true)
  end)

  it("a session to resume", function()
    local config = cli.config { verify_client = "require" }
    local client = cli.start { "--priority", TLS12, "--resume", identity "client_ec" }
    for _, resumed in ipairs { false, true } do
      local stream = assert(cli.accept(config))
      assert.equal(resumed, stream:resumed())
      assert.is_true(stream:verified())
      assert.matches("CN=client EC", stream:peer_certificate():subject(), 1, true)
      stream:receive "*a"
      stream:close()
    end
    local code, text = client:wait()
    assert.equal(0, code, text)
    assert.matches("*** This is a resumed session", text, 1, true)
  end)

  it("data in both directions", function()
    local client = cli.start({ "--priority", TLS12 }, { input = "from the client\n" })
    local stream = assert(cli.accept {})
    assert.equal("from the client", stream:receive "*l")
    assert(stream:send "from the server\n")
    assert.same({ nil, "closed", "", "closed" }, { stream:receive "*a" })
    stream:close()
    local code, text = client:wait()
    assert.equal(0, code)
    assert.matches("from the server\n", text, 1, true)
  end)
end)

describe("gnutls-cli and our server both say why:", function()
  setup(cli.listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(cli.stop_listening)

  -- What, our options, the client's arguments, our code, the alert, who sent it, what the client
  -- prints.
  for _, case in ipairs {
    { "no certificate where we require one", { verify_client = "require" }, { "--priority", TLS12 },
      "certificate_missing", "handshake_failure", "us", "Received alert [40]" },
    { "a certificate that we do not trust", { verify_client = "require" },
      { "--priority", TLS12, identity "client_untrusted" },
      "certificate_untrusted", "unknown_ca", "us", "Received alert [48]" },
    { "a client's certificate that has expired", { verify_client = "require" },
      { "--priority", TLS12, identity "client_expired" },
      "certificate_expired", "certificate_expired", "us", "Received alert [45]" },
    { "the client does not trust us", { identity = "server_untrusted" }, { "--priority", TLS12 },
      "alert_bad_certificate", "bad_certificate", "peer", "The certificate issuer is unknown" },
    { "our certificate has expired", { identity = "server_expired" }, { "--priority", TLS12 },
      "alert_bad_certificate", "bad_certificate", "peer", "uses expired certificate" },
    { "our certificate is for another host", { identity = "server_other_host" }, { "--priority", TLS12 },
      "alert_bad_certificate", "bad_certificate", "peer", "does not match the expected" },
    { "no suite in common", { cipher_suites = { "TLS_RSA_WITH_AES_128_CBC_SHA" } },
      { "--priority", TLS12 .. ":-RSA" },
      "peer_nothing_in_common", "handshake_failure", "us", "Received alert [40]" },
    { "the client is too old", {}, { "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.1" },
      "peer_version", "protocol_version", "us", "Received alert [70]" },
    { "no protocol in common", { alpn = { "a" } }, { "--priority", TLS12, "--alpn", "b" },
      "peer_no_application_protocol", "no_application_protocol", "us", "Received alert [120]" },
  } do
    it(case[1], function()
      local client = cli.start(case[3])
      local stream, message, code, failure = cli.accept(case[2])
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
    local client = cli.start { "--priority", TLS12, "--rehandshake" }
    local stream = assert(cli.accept {})
    assert.is_nil((stream:receive "*l"))
    stream:close()
    assert.matches("Received alert [100]: No renegotiation is allowed", select(2, client:wait()), 1, true)
  end)
end)

-- ---- gnutls-serv ----

local function gnutls_serv(...)
  local port = process.free_port()
  return peer.serve(port, peer.words("gnutls-serv", "-p", port, ...))
end

local serves = { identity "server_rsa", identity "server_ec", "--x509cafile", trust, "--verify-client-cert" }

describe("gnutls-serv and our client agree on", function()
  local servers = {}
  after_each(peer.hang_up)
  teardown(process.cleanup)

  -- A server that shows pages, for all specs with the same arguments.
  local function server(...)
    local key = peer.words(...)
    servers[key] = servers[key] or gnutls_serv("--http", ...)
    return servers[key]
  end

  local function everything()
    return server(serves, "--alpn", "a", "--alpn", "b", "--priority", "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:+RSA"
      .. ":+AES-128-CCM-8:+AES-256-CCM-8:+3DES-CBC:+SHA256:+SHA384:%SERVER_PRECEDENCE")
  end

  local function connect(...)
    local stream, message = peer.connect(...)
    assert(stream, message)
    return stream
  end

  -- What the server shows of the session; the stream is closed.
  local function page(stream)
    assert(stream:send "GET / HTTP/1.0\r\n\r\n")
    local text = assert(stream:receive "*a")
    stream:close()
    return text
  end

  local function row(text, label)
    return text:match("<TD>" .. label .. ":?</TD><TD>(.-)</TD>")
  end

  for _, suite in ipairs(peer.suites) do
    it(suite, function()
      local stream = connect(everything().port, { cipher_suites = { suite }, max_version = "TLSv1.2" })
      assert.equal(suite, stream:cipher())
      assert.is_true(stream:verified())
      assert_described("TLSv1.2", suite, row(page(stream), "Description"))
    end)
  end

  for _, version in ipairs { "TLSv1", "TLSv1.1" } do
    for _, suite in ipairs { "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } do
      it(("%s with %s, with a client's certificate"):format(version, suite), function()
        local stream = connect(everything().port,
          { cipher_suites = { suite }, min_version = "TLSv1", max_version = version, identity = "client_rsa" })
        assert.equal(version, stream:version())
        local text = page(stream)
        assert_described(version, suite, row(text, "Description"))
        assert.matches("Subject: CN=client RSA,O=beartls specs", text, 1, true)
      end)
    end
  end

  for _, group in ipairs { "x25519", "secp256r1", "secp384r1", "secp521r1" } do
    it("the group " .. group, function()
      local stream = connect(everything().port, { groups = { group }, max_version = "TLSv1.2",
        cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" } })
      assert.equal(group, stream:group())
      assert.matches("(ECDHE-" .. group:upper() .. ")", row(page(stream), "Description"), 1, true)
    end)
  end

  for _, name in ipairs { "server_rsa4096", "server_p384", "server_p521", "server_chain_rsa", "server_chain_ec" } do
    it("the certificate of " .. name, function()
      local stream = connect(server(identity(name)).port, { max_version = "TLSv1.2" })
      assert.is_true(stream:verified())
      assert.equal(name:find "chain" and 2 or 1, #stream:peer_chain())
      stream:close()
    end)
  end

  for _, name in ipairs { "client_rsa", "client_ec", "client_p384" } do
    it(name .. "'s certificate", function()
      local stream = connect(everything().port, { identity = name, max_version = "TLSv1.2" })
      local common_name = stream:local_certificate():subject():match "CN=([^,]+)"
      assert.matches("Subject: CN=" .. common_name .. ",O=beartls specs", page(stream), 1, true)
    end)
  end

  it("the protocol, the name, and what the session is bound to", function()
    local one = gnutls_serv("--http", serves, "--alpn", "a", "--alpn", "b")
    local stream = connect(one.port, { alpn = { "x", "b" }, max_version = "TLSv1.2" })
    assert.equal("b", stream:alpn())
    assert.matches("Server Name: localhost", page(stream), 1, true)
    one:wait_for "%- Application protocol: b\n"
    assert.equal(hex(stream:channel_binding "tls-server-end-point"),
      one:wait_for "'tls%-server%-end%-point': (%x+)\n")
    one:stop()
  end)

  it("a session to resume", function()
    local config = peer.config { identity = "client_ec", max_version = "TLSv1.2" }
    local stream = connect(everything().port, config)
    local ticket, id = assert(stream:ticket()), page(stream):match "Session ID: <i>(%x+)"
    for _ = 1, 2 do
      stream = connect(everything().port, config, { ticket = ticket })
      assert.is_true(stream:resumed())
      assert.is_true(stream:verified())
      ticket = assert(stream:ticket())
      local text = page(stream)
      assert.equal(id, text:match "Session ID: <i>(%x+)")
      assert.matches("Subject: CN=client EC,O=beartls specs", text, 1, true)
    end
  end)
end)

describe("gnutls-serv and our client both say why:", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  local mutual = { serves, "--require-client-cert" }

  -- What, the server's arguments, our options, the name that we want, our code, the alert, who sent
  -- it, what the server prints of it.
  for _, case in ipairs {
    { "the server's certificate has expired", { identity "server_expired" }, {}, "localhost",
      "certificate_expired", "certificate_expired", "us", "Alert[2|45] - Certificate is expired - was received" },
    { "we do not trust the server", { identity "server_untrusted" }, {}, "localhost",
      "certificate_untrusted", "unknown_ca", "us", "Alert[2|48] - CA is unknown - was received" },
    { "the server's certificate is for another host", serves, {}, "elsewhere.example.test",
      "certificate_name_mismatch", "bad_certificate", "us", "Alert[2|42] - Certificate is bad - was received" },
    { "no certificate where the server wants one", mutual, {}, "localhost",
      "alert_decode_error", "decode_error", "peer", "No certificate was found" },
    { "a certificate that the server does not trust", mutual, { identity = "client_untrusted" }, "localhost",
      "alert_access_denied", "access_denied", "peer", "Error in the certificate" },
    { "a certificate of ours that has expired", mutual, { identity = "client_expired" }, "localhost",
      "alert_access_denied", "access_denied", "peer", "Error in the certificate" },
    { "no suite in common", { serves, "--priority", TLS12 .. ":-AES-128-GCM" },
      { cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" } }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "No supported cipher suites" },
    { "no protocol in common", { serves, "--alpn", "a", "--alpn-fatal" }, { alpn = { "b" } }, "localhost",
      "alert_no_application_protocol", "no_application_protocol", "peer", "No common application protocol" },
    { "a name that the server does not know", { serves, "--sni-hostname", "other", "--sni-hostname-fatal" }, {},
      "localhost", "alert_unrecognized_name", "unrecognized_name", "peer", "The SNI host name not recognised" },
  } do
    it(case[1], function()
      local server = gnutls_serv("--echo", "-d", "5", case[2])
      local options = { max_version = "TLSv1.2" }
      for name, value in pairs(case[3]) do
        options[name] = value
      end
      local stream, message, code, failure = peer.connect(server.port, options, { server_name = case[4] })
      assert.is_nil(stream)
      assert.equal(case[5], code, message)
      assert.equal(case[6], failure.alert)
      assert.equal(case[7], failure.sent_by)
      server:wait_for(case[8]:gsub("%p", "%%%0"))
    end)
  end
end)
