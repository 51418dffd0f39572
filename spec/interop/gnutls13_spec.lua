-- GnuTLS in both roles in TLS 1.3: gnutls-cli against our server, our client against gnutls-serv. It has no clock that
-- could be set: it goes by the machine's.

local luasocket = require "socket"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("gnutls-cli", it, pending)

local trust = pki.path "trust.pem"

local ciphers = {
  TLS_AES_128_GCM_SHA256 = "AES-128-GCM", TLS_AES_256_GCM_SHA384 = "AES-256-GCM",
  TLS_CHACHA20_POLY1305_SHA256 = "CHACHA20-POLY1305", TLS_AES_128_CCM_SHA256 = "AES-128-CCM",
}
-- What GnuTLS calls the signature of each kind of key.
local signatures = {
  rsa = "RSA-PSS-RSAE-SHA256", rsa_pss = "RSA-PSS-SHA256", ec = "ECDSA-SECP256R1-SHA256",
  p384 = "ECDSA-SECP384R1-SHA384", p521 = "ECDSA-SECP521R1-SHA512", ed25519 = "EdDSA-Ed25519",
}
local TLS13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+AES-128-CCM"

local PSK = TLS13 .. ":+ECDHE-PSK:+PSK"

local function identity(name)
  return { "--x509certfile", pki.path(name .. ".pem"), "--x509keyfile", pki.path(name .. ".key") }
end

-- The priority string of those who have these groups only, in that order, and this suite.
local function only(groups, suite)
  local names = {}
  for i, group in ipairs(groups) do
    names[i] = ":+GROUP-" .. group:upper()
  end
  return TLS13 .. ":-GROUP-ALL" .. table.concat(names)
    .. (suite and ":-CIPHER-ALL:+" .. ciphers[suite] or "")
end

-- What its programs print of a session.
local function description(suite, group, kind)
  return ("(TLS1.3-X.509)-(ECDHE-%s)-(%s)-(%s)"):format(group:upper(), signatures[kind], ciphers[suite])
end

-- ---- gnutls-cli ----

local listener, port

local function listen()
  listener, port = peer.listen()
end

local function stop_listening()
  listener:close()
end

local function config_of(given)
  if type(given) ~= "table" then
    return given
  end
  local options = { identity = "server_ec" }
  for name, value in pairs(given) do
    options[name] = value
  end
  return peer.config(options)
end

local function gnutls_cli(arguments, how)
  return process.start(peer.words("gnutls-cli", "--x509cafile", trust, "--verify-hostname", "localhost",
    "--sni-hostname", "localhost", "-p", port, arguments, "127.0.0.1"), how)
end

describe("In TLS 1.3 gnutls-cli and our server agree on", function()
  setup(listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(stop_listening)

  local function meet(given, arguments, how)
    local client = gnutls_cli({ arguments }, how)
    local stream, message = peer.accept(listener, config_of(given))
    assert(stream, message)
    assert.equal("TLSv1.3", stream:version())
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

  for _, kind in ipairs(peer.kinds) do
    it(("every suite and every group, our key being %s"):format(kind[1]), function()
      for i, suite in ipairs(peer.suites13) do
        local group = peer.groups[i]
        local stream, client = meet({ identity = "server_" .. kind[1], cipher_suites = { suite } },
          { "--priority", only({ group }, suite) })
        assert.equal(suite, stream:cipher())
        assert.equal(group, stream:group())
        assert.matches(description(suite, group, kind[1]), said(stream, client), 1, true)
      end
    end)

    it(("a client's certificate whose key is %s"):format(kind[1]), function()
      local name = "client_" .. kind[1]
      local stream, client = meet({ verify_client = "require" }, { "--priority", TLS13, identity(name) })
      assert.is_true(stream:verified())
      local certificate = assert(require("beartls").certificate.load(pki.path(name .. ".pem")))
      assert.equal(certificate:fingerprint(), stream:peer_certificate():fingerprint())
      assert.matches("- Successfully sent 1 certificate(s) to server.", said(stream, client), 1, true)
    end)
  end

  it("a group that the client only supports, after a HelloRetryRequest", function()
    local stream, client = meet({ groups = { "secp521r1" }, trace = 100 },
      { "--priority", only { "x25519", "secp521r1" }, "--single-key-share" })
    assert.equal("secp521r1", stream:group())
    assert.equal(1, peer.count_events(stream, "hello_retry_request", "sent"))
    said(stream, client)
  end)

  it("the protocol, the name, and keying material", function()
    local stream, client = meet({ alpn = { "a", "b" } }, { "--priority", TLS13, "--alpn", "b", "--alpn", "a",
      "--keymatexport", "EXPERIMENTAL-beartls", "--keymatexportsize", "40" })
    assert.equal("a", stream:alpn())
    assert.equal("localhost", stream:server_name())
    local exported = peer.hex(stream:export("EXPERIMENTAL-beartls", 40)):lower()
    local text = said(stream, client)
    assert.matches("- Application protocol: a\n", text, 1, true)
    assert.matches("- Key material: " .. exported .. "\n", text, 1, true)
  end)

  it("a ticket, with the client's certificate", function()
    local config = config_of { verify_client = "require" }
    local client = gnutls_cli { "--priority", TLS13, "--resume", identity "client_ec" }
    for _, resumed in ipairs { false, true } do
      local stream = assert(peer.accept(listener, config))
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

  it("a key that both were given", function()
    local key = ("k"):rep(32)
    local stream, client = meet({ psks = { { identity = "a device", key = key } } }, { "--priority", PSK,
      "--pskusername", "a device", "--pskkey", peer.hex(key) }, { open = true })
    assert.is_nil(stream:peer_certificate())
    client:send "from the client\n"
    assert.equal("from the client", stream:receive "*l")
    client:wait_for "PSK authentication. Connected as 'a device'"
  end)

  it("data in both directions before and after the client's KeyUpdate, in records as small as it asks for", function()
    local stream, client = meet({ trace = 1000 }, { "--priority", TLS13, "--recordsize", "600",
      "--inline-commands" }, { open = true })
    client:send "from the client\n"
    assert.equal("from the client", stream:receive "*l")
    client:send "^rekey^\n"
    assert.equal(stream, luasocket.select({ stream }, nil, 10)[1])
    client:send "goes on\n"
    assert.equal("goes on", stream:receive "*l")
    assert(stream:send(("x"):rep(2000) .. " from the server\n"))
    client:wait_for "x from the server\n"
    local most, updates = 0, 0
    for event in stream:session():events() do
      if event.direction == "sent" and event.type == "application_data" then
        most = math.max(most, event.length)
      elseif event.type == "key_update" then
        updates = updates + 1
      end
    end
    assert.same({ 600, 2 }, { most, updates })
  end)
end)

describe("In TLS 1.3 gnutls-cli and our server both say why:", function()
  setup(listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(stop_listening)

  -- What, our options, the client's arguments, our code, the alert, who sent it, what the client prints.
  for _, case in ipairs {
    { "no certificate where we require one", { verify_client = "require" }, {},
      "certificate_missing", "certificate_required", "us", "Received alert [116]" },
    { "a certificate that we do not trust", { verify_client = "require" }, identity "client_untrusted",
      "certificate_untrusted", "unknown_ca", "us", "Received alert [48]" },
    { "the client does not trust us", { identity = "server_untrusted" }, {},
      "alert_bad_certificate", "bad_certificate", "peer", "The certificate issuer is unknown" },
    { "our certificate has expired", { identity = "server_expired" }, {},
      "alert_bad_certificate", "bad_certificate", "peer", "uses expired certificate" },
    { "no suite in common", { cipher_suites = { "TLS_AES_256_GCM_SHA384" } }, { "--priority", TLS13
      .. ":-AES-256-GCM" }, "peer_nothing_in_common", "handshake_failure", "us", "Received alert [40]" },
    { "no group in common", { groups = { "secp384r1" } }, { "--priority", only { "x25519" } },
      "peer_nothing_in_common", "handshake_failure", "us", "Received alert [40]" },
    { "no version in common", { min_version = "TLSv1.3" }, { "--priority", "NORMAL:-VERS-TLS1.3" },
      "peer_version", "protocol_version", "us", "Received alert [70]" },
    { "no protocol in common", { alpn = { "a" } }, { "--alpn", "b" },
      "peer_no_application_protocol", "no_application_protocol", "us", "Received alert [120]" },
  } do
    it(case[1], function()
      local client = gnutls_cli({ case[3] }, { open = true })
      local stream, message, code, failure = peer.accept(listener, config_of(case[2]))
      assert.is_nil(stream)
      assert.equal(case[4], code, message)
      assert.equal(case[5], failure.alert)
      assert.equal(case[6], failure.sent_by)
      assert.is_string(failure.hint)
      peer.hang_up() -- for which it may wait
      client:wait_for(case[7]:gsub("%p", "%%%0"))
    end)
  end
end)

-- ---- gnutls-serv ----

local function gnutls_serv(...)
  local free = process.free_port()
  return peer.serve(free, peer.words("gnutls-serv", "-p", free, ...))
end

describe("In TLS 1.3 gnutls-serv and our client agree on", function()
  local servers = {}
  after_each(peer.hang_up)
  teardown(process.cleanup)

  -- A server that shows pages, for all specs with the same arguments.
  local function server(...)
    local key = peer.words(...)
    servers[key] = servers[key] or gnutls_serv("--http", ...)
    return servers[key].port
  end

  local function connect(...)
    local stream, message = peer.connect(...)
    assert(stream, message)
    assert.equal("TLSv1.3", stream:version())
    return stream
  end

  -- What the server shows of the session; the stream is closed.
  local function page(stream)
    assert(stream:send "GET / HTTP/1.0\r\n\r\n")
    local text = assert(stream:receive "*a")
    stream:close()
    return text
  end

  local mutual = { "--x509cafile", trust, "--verify-client-cert" }

  for _, kind in ipairs(peer.kinds) do
    it(("every suite with every group, the server's key being %s"):format(kind[1]), function()
      local there = server(identity("server_" .. kind[1]), "--priority", TLS13)
      for _, suite in ipairs(peer.suites13) do
        for _, group in ipairs(peer.groups) do
          local stream = connect(there, { cipher_suites = { suite }, groups = { group } })
          assert.equal(kind[2], stream:signature_scheme())
          assert.is_true(stream:verified())
          assert.matches(description(suite, group, kind[1]), page(stream), 1, true)
        end
      end
    end)

    it(("a client's certificate whose key is %s"):format(kind[1]), function()
      local stream = connect(server(identity "server_ec", mutual), { identity = "client_" .. kind[1] })
      local common_name = stream:local_certificate():subject():match "CN=([^,]+)"
      assert.matches("Subject: CN=" .. common_name .. ",O=beartls specs", page(stream), 1, true)
    end)
  end

  it("a group after a HelloRetryRequest", function()
    for _, group in ipairs { "secp256r1", "secp384r1", "secp521r1" } do
      local stream = connect(server(identity "server_ec", "--priority", only { group }), { trace = 100 })
      assert.equal(group, stream:group())
      assert.equal(1, peer.count_events(stream, "hello_retry_request", "received"))
      assert.matches("(ECDHE-" .. group:upper() .. ")", page(stream), 1, true)
    end
  end)

  it("the protocol, the name, and what the session is bound to", function()
    local one = gnutls_serv("--http", identity "server_rsa", "--alpn", "a", "--alpn", "b")
    local stream = connect(one.port, { alpn = { "x", "b" } })
    assert.equal("b", stream:alpn())
    local bindings = {}
    for _, type in ipairs { "tls-server-end-point", "tls-exporter" } do
      bindings[type] = peer.hex(stream:channel_binding(type)):lower()
    end
    assert.matches("Server Name: localhost", page(stream), 1, true)
    one:wait_for "%- Application protocol: b\n"
    for type, value in pairs(bindings) do
      assert.equal(value, one:wait_for("'" .. type:gsub("%-", "%%-") .. "': (%x+)\n"))
    end
    one:stop()
  end)

  it("a ticket, each used once, with our certificate", function()
    local config = peer.config { identity = "client_ec" }
    local there = server(identity "server_rsa", mutual)
    local stream = connect(there, config)
    for _ = 1, 2 do
      page(stream)
      stream = connect(there, config, { ticket = assert(stream:ticket()) })
      assert.is_true(stream:resumed())
      assert.is_true(stream:verified())
    end
    assert.matches("Subject: CN=client EC,O=beartls specs", page(stream), 1, true)
  end)

  it("a key that both were given", function()
    local key, file = ("k"):rep(32), process.tmpdir() .. "/keys"
    process.write_file(file, "device:" .. peer.hex(key):lower() .. "\n")
    local one = gnutls_serv("--echo", "--pskpasswd", file, "--priority", PSK)
    local stream = connect(one.port, { psks = { { identity = "device", key = key } } })
    assert(stream:send "goes round\n")
    assert.equal("goes round", stream:receive "*l")
    one:wait_for "PSK authentication. Connected as 'device'"
    one:stop()
  end)

  it("records as small as the server asks for, in both directions", function()
    local one = gnutls_serv("--echo", identity "server_rsa", "--recordsize", "600")
    local stream = connect(one.port, { trace = 1000, max_fragment = 1024 })
    assert(stream:send(("x"):rep(2000) .. "\n"))
    assert.equal(2001, #stream:receive(2001))
    local most = { sent = 0, received = 0 }
    for event in stream:session():events() do
      if event.type == "application_data" then
        most[event.direction] = math.max(most[event.direction], event.length)
      end
    end
    assert.equal(600, most.sent)
    assert.is_true(most.received <= 1024)
    one:stop()
  end)
end)

describe("In TLS 1.3 gnutls-serv and our client both say why:", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  -- What, the server's arguments, our options, the name that we want, our code, the alert, who sent it, what the
  -- server prints of it.
  for _, case in ipairs {
    { "the server's certificate has expired", identity "server_expired", {}, "localhost",
      "certificate_expired", "certificate_expired", "us", "Alert[2|45] - Certificate is expired - was received" },
    { "we do not trust the server", identity "server_untrusted", {}, "localhost",
      "certificate_untrusted", "unknown_ca", "us", "Alert[2|48] - CA is unknown - was received" },
    { "the server's certificate is for another host", identity "server_rsa", {}, "elsewhere.example.test",
      "certificate_name_mismatch", "bad_certificate", "us", "Alert[2|42] - Certificate is bad - was received" },
    { "no suite in common", { identity "server_rsa", "--priority", TLS13 .. ":-AES-128-GCM" },
      { cipher_suites = { "TLS_AES_128_GCM_SHA256" } }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "No supported cipher suites" },
    { "no version in common", { identity "server_rsa", "--priority", "NORMAL:-VERS-TLS1.3" },
      { min_version = "TLSv1.3" }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "No supported cipher suites" },
    { "no protocol in common", { identity "server_rsa", "--alpn", "a", "--alpn-fatal" }, { alpn = { "b" } },
      "localhost", "alert_no_application_protocol", "no_application_protocol", "peer",
      "No common application protocol" },
  } do
    it(case[1], function()
      local server = gnutls_serv("--echo", "-d", "5", case[2])
      local stream, message, code, failure = peer.connect(server.port, case[3], { server_name = case[4] })
      assert.is_nil(stream)
      assert.equal(case[5], code, message)
      assert.equal(case[6], failure.alert)
      assert.equal(case[7], failure.sent_by)
      assert.is_string(failure.hint)
      server:wait_for(case[8]:gsub("%p", "%%%0"))
    end)
  end

  -- A server of TLS 1.3 says so only after our handshake is over.
  for _, case in ipairs {
    { "no certificate where the server wants one", {}, "Certificate is required" },
    { "a certificate that the server does not trust", { identity = "client_untrusted" }, "Error in the certificate" },
  } do
    it(case[1], function()
      local server = gnutls_serv("--echo", "-d", "5", identity "server_rsa", "--x509cafile", trust,
        "--require-client-cert", "--verify-client-cert")
      local stream, message = peer.connect(server.port, case[2])
      assert(stream, message)
      local _, _, _, code = stream:receive "*a"
      assert.matches("^alert_", code)
      assert.equal("peer", stream:failure().sent_by)
      assert.is_string(stream:failure().hint)
      server:wait_for(case[3])
    end)
  end
end)
