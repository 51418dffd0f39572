-- OpenSSL's client against our server in TLS 1.3: what both say of the same session.

local luasocket = require "socket"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("openssl", it, pending)

local all_suites = { "-ciphersuites", table.concat(peer.suites13, ":") }
-- A client that verifies us, on the frozen clock.
local verifies = { "-CAfile", pki.path "trust.pem", "-attime", pki.NOW, "-verify_return_error",
  "-verify_hostname", "localhost", all_suites }
local openssl_groups = { x25519 = "X25519", secp256r1 = "P-256", secp384r1 = "P-384", secp521r1 = "P-521" }
local temporary_keys = { x25519 = "X25519", secp256r1 = "ECDH, prime256v1", secp384r1 = "ECDH, secp384r1",
  secp521r1 = "ECDH, secp521r1" }

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
  local options = { identity = not given.identities and "server_ec" or nil }
  for name, value in pairs(given) do
    options[name] = value
  end
  return peer.config(options)
end

-- The stream with a client of these arguments, and the client.
local function meet(given, arguments, how)
  local client = peer.s_client(port, { verifies, arguments }, how)
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
  return output
end

-- The client writes a session down when its ticket has come.
local function wait_for_file(path)
  local deadline = luasocket.gettime() + 10
  while (process.read_file(path) or "") == "" and luasocket.gettime() < deadline do
    luasocket.sleep(0.01)
  end
end

describe("In TLS 1.3 s_client and our server agree on", function()
  setup(listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(stop_listening)

  for _, kind in ipairs(peer.kinds) do
    it(("every suite with every group, our key being %s"):format(kind[1]), function()
      for _, suite in ipairs(peer.suites13) do
        for _, group in ipairs(peer.groups) do
          local stream, client = meet({ identity = "server_" .. kind[1], cipher_suites = peer.suites13 },
            { "-ciphersuites", suite, "-groups", openssl_groups[group] })
          assert.equal(suite, stream:cipher())
          assert.equal(group, stream:group())
          assert.equal(kind[2], stream:signature_scheme())
          local text = said(stream, client)
          assert.matches("New, TLSv1.3, Cipher is " .. suite .. "\n", text, 1, true)
          assert.matches("\nServer Temp Key: " .. temporary_keys[group] .. ",", text, 1, true)
          assert.matches("Verify return code: 0 (ok)\n", text, 1, true)
        end
      end
    end)

    it(("a client's certificate whose key is %s"):format(kind[1]), function()
      local stream, client = meet({ verify_client = "require" }, peer.identity("client_" .. kind[1]))
      assert.is_true(stream:verified())
      local common_name = stream:peer_certificate():subject():match "CN=([^,]+)"
      assert.equal(kind[1], common_name:lower():match "client (.*)":gsub("%-", "_"):gsub("p_", "p"))
      assert.matches("CN = beartls test root RSA", said(stream, client), 1, true)
    end)
  end

  it("no certificate of the client where we only request one", function()
    local stream, client = meet({ verify_client = "request" }, {})
    assert.is_nil(stream:peer_certificate())
    assert.is_false(stream:verified())
    said(stream, client)
  end)

  it("a chain with an intermediate", function()
    for _, name in ipairs { "server_chain_rsa", "server_chain_ec" } do
      local stream, client = meet({ identity = name }, "-showcerts")
      local _, count = said(stream, client):gsub("BEGIN CERTIFICATE", "")
      assert.equal(2, count)
    end
  end)

  it("a group that the client only supports, after a HelloRetryRequest", function()
    for _, case in ipairs { { "P-384:X25519", "x25519" }, { "X25519:P-521", "secp521r1" } } do
      local stream, client = meet({ groups = { case[2] }, trace = 100 }, { "-groups", case[1] })
      assert.equal(case[2], stream:group())
      assert.equal(1, peer.count_events(stream, "hello_retry_request", "sent"))
      assert.matches("New, TLSv1.3", said(stream, client), 1, true)
    end
  end)

  it("the group of the share that the client has sent, if we have it at all", function()
    local stream, client = meet({ trace = 100 }, { "-groups", "P-384:X25519" })
    assert.equal("secp384r1", stream:group())
    assert.equal(0, peer.count_events(stream, "hello_retry_request", "sent"))
    said(stream, client)
  end)

  it("the protocol that we prefer, and none if the client asks for none", function()
    for _, case in ipairs { { "x,b,a", "a" }, { "b", "b" } } do
      local stream, client = meet({ alpn = { "a", "b" } }, { "-alpn", case[1] })
      assert.equal(case[2], stream:alpn())
      assert.matches("\nALPN protocol: " .. case[2] .. "\n", said(stream, client), 1, true)
    end
    local stream, client = meet({ alpn = { "a", "b" } }, {})
    assert.is_nil(stream:alpn())
    said(stream, client)
  end)

  it("the identity for the name that the client asks for", function()
    local identities = {}
    for i, name in ipairs { "server_rsa", "other_site_ec" } do
      identities[i] = { certificate = pki.path(name .. ".pem"), key = pki.path(name .. ".key") }
    end
    local config = peer.config { identities = identities }
    for name, subject in pairs { ["other.example.test"] = "CN = other.example.test", localhost = "CN = localhost" } do
      local stream, client = meet(config, { "-servername", name, "-verify_hostname", name })
      assert.equal(name, stream:server_name())
      assert.matches(subject, said(stream, client), 1, true)
    end
  end)

  for _, suite in ipairs { "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256" } do
    it(("a ticket of a session with %s, with its client's certificate"):format(suite), function()
      local config = config_of { verify_client = "require", cipher_suites = { suite } }
      local file = process.tmpdir() .. "/session"
      for i = 1, 3 do
        local stream, client = meet(config, { peer.identity "client_ec", "-sess_out", file,
          i > 1 and { "-sess_in", file } }, { open = true })
        assert.equal(i > 1, stream:resumed())
        assert.is_true(stream:verified())
        assert.matches("CN=client EC", stream:peer_certificate():subject(), 1, true)
        wait_for_file(file)
        client:send "Q\n"
        assert.matches(i > 1 and "Reused, TLSv1.3" or "New, TLSv1.3", said(stream, client), 1, true)
      end
    end)
  end

  it("no session to resume where tickets are off", function()
    local stream, client = meet({ tickets = false, trace = 100 }, {})
    said(stream, client)
    assert.equal(0, peer.count_events(stream, "new_session_ticket", "sent"))
  end)

  it("a key that both were given, and a certificate where they were given different ones", function()
    local key = ("k"):rep(32)
    for _, case in ipairs { { "a device", "Reused" }, { "another", "New" } } do
      local stream, client = meet({ psks = { { identity = "a device", key = key } } },
        { "-psk_identity", case[1], "-psk", peer.hex(key) })
      assert.equal("x25519", stream:group())
      assert.matches(case[2] .. ", TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256", said(stream, client), 1, true)
    end
  end)

  it("early data, which we refuse", function()
    local dir = process.tmpdir()
    process.write_file(dir .. "/early", ("early data\n"):rep(100))
    -- Our tickets allow none, so that the session must be another server's.
    local other = peer.s_server({ peer.identity "server_ec", "-early_data", "-max_early_data", "16384",
      "-num_tickets", "1" }, { open = true })
    local first = peer.s_client(other.port, { verifies, "-sess_out", dir .. "/session" }, { open = true })
    wait_for_file(dir .. "/session")
    first:stop()
    -- Once it cannot be opened, once it comes before our HelloRetryRequest has been read.
    for retries, groups in pairs { [0] = { "x25519" }, [1] = { "secp521r1" } } do
      local stream, client = meet({ groups = groups, trace = 100 }, { "-sess_in", dir .. "/session", "-early_data",
        dir .. "/early" }, { open = true })
      assert.is_false(stream:resumed())
      assert.equal(retries, peer.count_events(stream, "hello_retry_request", "sent"))
      client:send "late data\n"
      assert.equal("late data", stream:receive "*l")
      client:wait_for "Early data was rejected"
      stream:close()
    end
  end)

  it("a request for an OCSP response, if there is none", function()
    local stream, client = meet({}, "-status")
    assert.matches("OCSP response: no response sent", said(stream, client), 1, true)
  end)

  it("exported keying material", function()
    local stream, client = meet({}, { "-keymatexport", "EXPERIMENTAL-beartls", "-keymatexportlen", "40" })
    local exported = peer.hex(stream:export("EXPERIMENTAL-beartls", 40))
    assert.matches("Keying material: " .. exported .. "\n", said(stream, client), 1, true)
  end)

  it("a session without the appearance of TLS 1.2", function()
    local stream, client = meet({ trace = 100 }, "-no_middlebox")
    assert.equal(0, peer.count_events(stream, "change_cipher_spec", "received"))
    said(stream, client)
  end)

  for _, n in ipairs { 512, 4096 } do
    it(("a max_fragment of %d, which the client asks for"):format(n), function()
      local stream, client = meet({ trace = 10000 }, { "-maxfraglen", n, "-ign_eof" })
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

  it("data in both directions, in small records, before and after the client's KeyUpdate", function()
    local stream, client = meet({ trace = 1000 }, { "-max_send_frag", "512" }, { open = true })
    client:send(("from the client"):rep(100) .. "\n")
    assert.equal(("from the client"):rep(100), stream:receive "*l")
    for i, case in ipairs { { "k", 0 }, { "K", 1 }, { "K", 1 } } do
      peer.count_events(stream, "key_update", "received")
      client:send(case[1] .. "\n")
      -- What the client reads together with a command is lost: it has to have read that.
      assert.equal(stream, luasocket.select({ stream }, nil, 10)[1])
      client:send "goes on\n"
      assert.equal("goes on", stream:receive "*l")
      assert(stream:send(("from the server, %d\n"):format(i)))
      client:wait_for(("from the server, %d\n"):format(i))
      local seen = { received = 0, sent = 0 }
      for event in stream:session():events() do
        if event.type == "key_update" then
          seen[event.direction] = seen[event.direction] + 1
        end
      end
      assert.same({ received = 1, sent = case[2] }, seen)
    end
    stream:close()
    assert.equal(0, (client:wait()))
  end)
end)

describe("In TLS 1.3 s_client and our server both say why:", function()
  setup(listen)
  after_each(peer.hang_up)
  after_each(process.cleanup)
  teardown(stop_listening)

  -- What, our options, the client's arguments, our code, the alert, who sent it, what the client prints.
  for _, case in ipairs {
    { "no certificate where we require one", { verify_client = "require" }, {},
      "certificate_missing", "certificate_required", "us", "SSL alert number 116" },
    { "a certificate that we do not trust", { verify_client = "require" }, peer.identity "client_untrusted",
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "a bad certificate where we only request one", { verify_client = "request" }, peer.identity "client_untrusted",
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "a client's certificate that has expired", { verify_client = "require" }, peer.identity "client_expired",
      "certificate_expired", "certificate_expired", "us", "SSL alert number 45" },
    { "a server's certificate as a client's", { verify_client = "require" }, peer.identity "server_ec",
      "certificate_wrong_usage", "unsupported_certificate", "us", "SSL alert number 43" },
    { "the client does not trust us", { identity = "server_untrusted" }, {},
      "alert_unknown_ca", "unknown_ca", "peer", "unable to get local issuer certificate" },
    { "our certificate has expired", { identity = "server_expired" }, {},
      "alert_certificate_expired", "certificate_expired", "peer", "certificate has expired" },
    { "our certificate is for another host", { identity = "server_other_host" }, {},
      "alert_bad_certificate", "bad_certificate", "peer", "hostname mismatch" },
    { "no suite in common", { cipher_suites = { "TLS_AES_128_GCM_SHA256" } },
      { "-ciphersuites", "TLS_AES_256_GCM_SHA384" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "no group in common", { groups = { "secp384r1" } }, { "-groups", "X25519" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "no signature in common", { identity = "server_ec" }, { "-sigalgs", "RSA-PSS+SHA256" },
      "peer_nothing_in_common", "handshake_failure", "us", "SSL alert number 40" },
    { "no version in common", { min_version = "TLSv1.3" }, { "-tls1_2" },
      "peer_version", "protocol_version", "us", "SSL alert number 70" },
    { "no protocol in common", { alpn = { "a" } }, { "-alpn", "b" },
      "peer_no_application_protocol", "no_application_protocol", "us", "SSL alert number 120" },
    { "the key of the same name is another", { psks = { { identity = "a device", key = ("k"):rep(32) } } },
      { "-psk_identity", "a device", "-psk", ("00"):rep(32) },
      "peer_bad_binder", "decrypt_error", "us", "SSL alert number 51" },
  } do
    it(case[1], function()
      local client = peer.s_client(port, { verifies, case[3] }, { open = true })
      local stream, message, code, failure = peer.accept(listener, config_of(case[2]))
      assert.is_nil(stream)
      assert.equal(case[4], code, message)
      assert.equal(case[5], failure.alert)
      assert.equal(case[6], failure.sent_by)
      assert.is_string(failure.hint)
      client:wait_for(case[7])
    end)
  end
end)
