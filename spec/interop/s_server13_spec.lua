-- Our client against OpenSSL's server in TLS 1.3: what both say of the same session.

local luasocket = require "socket"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("openssl", it, pending)

local trust = pki.path "trust.pem"
local all_suites = { "-ciphersuites", table.concat(peer.suites13, ":") }
local client_verified = { "-Verify", "3", "-verify_return_error", "-CAfile", trust, "-attime", pki.NOW }

-- What a server with -www shows of the session; the stream is closed.
local function page(stream)
  assert(stream:send "GET / HTTP/1.0\r\n\r\n")
  local text = assert(stream:receive "*a")
  stream:close()
  return text
end

local function connect(...)
  local stream, message = peer.connect(...)
  assert(stream, message)
  assert.equal("TLSv1.3", stream:version())
  return stream
end

describe("In TLS 1.3 s_server and our client agree on", function()
  local servers = {}
  after_each(peer.hang_up)
  teardown(process.cleanup)

  -- A server that shows pages, for all specs with the same arguments.
  local function server(...)
    local arguments = { all_suites, "-www", ... }
    local key = peer.words(arguments)
    servers[key] = servers[key] or peer.s_server(arguments)
    return servers[key].port
  end

  for _, kind in ipairs(peer.kinds) do
    it(("every suite with every group, the server's key being %s"):format(kind[1]), function()
      local port = server(peer.identity("server_" .. kind[1]))
      for _, suite in ipairs(peer.suites13) do
        for _, group in ipairs(peer.groups) do
          local stream = connect(port, { cipher_suites = { suite }, groups = { group } })
          assert.equal(suite, stream:cipher())
          assert.equal(group, stream:group())
          assert.equal(kind[2], stream:signature_scheme())
          assert.is_true(stream:verified())
          local text = page(stream)
          assert.matches("New, TLSv1.3, Cipher is " .. suite .. "\n", text, 1, true)
          assert.matches("\nShared groups: " .. group .. "\n", text, 1, true)
        end
      end
    end)

    it(("a client's certificate whose key is %s"):format(kind[1]), function()
      local port = server(peer.identity "server_ec", client_verified)
      local stream = connect(port, { identity = "client_" .. kind[1] })
      local common_name = stream:local_certificate():subject():match "CN=([^,]+)"
      local text = page(stream)
      assert.matches("Subject: O=beartls specs, CN=" .. common_name .. "\n", text, 1, true)
      assert.matches("Verify return code: 0 (ok)\n", text, 1, true)
    end)
  end

  it("a chain with an intermediate", function()
    for kind, intermediate in pairs { rsa = "intermediate_rsa", ec = "intermediate_ec" } do
      local stream = connect(server(peer.identity("server_chain_" .. kind, intermediate)), {})
      assert.is_true(stream:verified())
      assert.equal(2, #stream:peer_chain())
      stream:close()
    end
  end)

  for name, group in pairs { ["P-256"] = "secp256r1", ["P-384"] = "secp384r1", ["P-521"] = "secp521r1" } do
    it(("the group %s after a HelloRetryRequest"):format(group), function()
      local stream = connect(server(peer.identity "server_rsa", "-groups", name), { trace = 100 })
      assert.equal(group, stream:group())
      assert.equal(1, peer.count_events(stream, "hello_retry_request", "received"))
      assert.matches("\nShared groups: " .. group .. "\n", page(stream), 1, true)
    end)
  end

  it("the protocol that the server prefers, and none if we ask for none", function()
    local port = server(peer.identity "server_rsa", "-alpn", "b,a")
    for _, case in ipairs { { { "a", "b" }, "b" }, { { "x", "a" }, "a" } } do
      local stream = connect(port, { alpn = case[1] })
      assert.equal(case[2], stream:alpn())
      stream:close()
    end
    local stream = connect(port, {})
    assert.is_nil(stream:alpn())
    stream:close()
  end)

  it("the certificate for the name that we ask for", function()
    local port = server(peer.identity "server_rsa", "-servername", "other.example.test", "-cert2",
      pki.path "other_site_ec.pem", "-key2", pki.path "other_site_ec.key")
    for name, subject in pairs { ["other.example.test"] = "CN=other.example.test", localhost = "CN=localhost" } do
      local stream = connect(port, {}, { server_name = name })
      assert.matches(subject, stream:peer_certificate():subject(), 1, true)
      stream:close()
    end
  end)

  for _, suite in ipairs { "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256" } do
    it(("a ticket of a session with %s, each used once"):format(suite), function()
      local config = peer.config { identity = "client_ec", cipher_suites = { suite } }
      local port = server(peer.identity "server_rsa", client_verified, "-context", "specs")
      local stream, ticket = connect(port, config), nil
      for _ = 1, 3 do
        local text = page(stream)
        assert.matches((ticket and "Reused" or "New") .. ", TLSv1.3, Cipher is " .. suite, text, 1, true)
        assert.matches("CN=client EC", text, 1, true)
        ticket = assert(stream:ticket())
        stream = connect(port, config, { ticket = ticket })
        assert.is_true(stream:resumed())
        assert.is_true(stream:verified())
        assert.matches("CN=localhost", stream:peer_certificate():subject(), 1, true)
      end
      stream:close()
    end)
  end

  it("no ticket where the server gives none", function()
    local stream = connect(server(peer.identity "server_rsa", "-num_tickets", "0"), {})
    page(stream)
    assert.equal("peer_no_ticket", select(3, stream:ticket()))
  end)

  it("a key that both were given", function()
    local key = ("k"):rep(32)
    local port = server(peer.identity "server_rsa", "-psk_identity", "a device", "-psk", peer.hex(key))
    local stream = connect(port, { psks = { { identity = "a device", key = key } } })
    assert.is_nil(stream:peer_certificate())
    assert.equal("x25519", stream:group())
    assert.matches("Reused, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256", page(stream), 1, true)
  end)

  it("a certificate where the server has another key than ours", function()
    local port = server(peer.identity "server_rsa", "-psk_identity", "a device", "-psk", peer.hex(("k"):rep(32)))
    local stream = connect(port, { psks = { { identity = "another", key = ("x"):rep(32) } } })
    assert.is_true(stream:verified())
    assert.matches("New, TLSv1.3", page(stream), 1, true)
  end)

  it("a session without the appearance of TLS 1.2", function()
    local stream = connect(server(peer.identity "server_rsa", "-no_middlebox"), { trace = 100 })
    assert.equal(0, peer.count_events(stream, "change_cipher_spec", "received"))
    assert.matches("New, TLSv1.3", page(stream), 1, true)
  end)

  it("small records, if max_fragment asks for them", function()
    local stream = connect(server(peer.identity "server_rsa"), { max_fragment = 512, trace = 1000 })
    assert.matches("New, TLSv1.3", page(stream), 1, true)
    local most = 0
    for event in stream:session():events() do
      if event.content_type == "application_data" and event.direction == "received" then
        most = math.max(most, event.length)
      end
    end
    assert.is_true(most > 0 and most <= 512, tostring(most))
  end)

  it("padded and split records of the server", function()
    local port = server(peer.identity "server_rsa", "-record_padding", "1000", "-max_send_frag", "600")
    local stream = connect(port, {})
    assert.matches("New, TLSv1.3.*</HTML>", page(stream))
  end)
end)

describe("In TLS 1.3 a conversation of s_server and our client", function()
  local server, stream
  before_each(function()
    if not process.has "openssl" then
      return
    end
    server = peer.s_server({ peer.identity "server_rsa", "-keymatexport", "EXPERIMENTAL-beartls",
      "-keymatexportlen", "40" }, { open = true })
    stream = connect(server.port, { trace = 1000 })
  end)
  after_each(peer.hang_up)
  after_each(process.cleanup)

  it("goes on after the server's KeyUpdate, which ours follows if it is asked for", function()
    server:send "from the server\n"
    assert.equal("from the server", stream:receive "*l")
    for i, case in ipairs { { "k", 0 }, { "K", 1 }, { "K", 1 } } do
      peer.count_events(stream, "key_update", "received")
      server:send(case[1] .. "\n")
      -- What the server reads together with a command is lost: it has to have read that.
      assert.equal(stream, luasocket.select({ stream }, nil, 10)[1])
      server:send "goes on\n"
      assert.equal("goes on", stream:receive "*l")
      assert(stream:send(("from the client, %d\n"):format(i)))
      server:wait_for(("from the client, %d\n"):format(i))
      local seen = { received = 0, sent = 0 }
      for event in stream:session():events() do
        if event.type == "key_update" then
          seen[event.direction] = seen[event.direction] + 1
        end
      end
      assert.same({ received = 1, sent = case[2] }, seen)
    end
  end)

  it("exports the same keying material", function()
    local exported = peer.hex(stream:export("EXPERIMENTAL-beartls", 40))
    assert.equal(exported, server:wait_for "Keying material: (%x+)\n")
  end)
end)

describe("In TLS 1.3 s_server and our client both say why:", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  -- What, the server's arguments, our options, the name that we want, our code, the alert, who sent it, what the
  -- server prints of it.
  for _, case in ipairs {
    { "the server's certificate has expired", peer.identity "server_expired", {}, "localhost",
      "certificate_expired", "certificate_expired", "us", "SSL alert number 45" },
    { "we do not trust the server", peer.identity "server_untrusted", {}, "localhost",
      "certificate_untrusted", "unknown_ca", "us", "SSL alert number 48" },
    { "the server's certificate is for another host", peer.identity "server_rsa", {}, "elsewhere.example.test",
      "certificate_name_mismatch", "bad_certificate", "us", "SSL alert number 42" },
    { "no suite in common", { peer.identity "server_rsa", "-ciphersuites", "TLS_AES_256_GCM_SHA384" },
      { cipher_suites = { "TLS_AES_128_GCM_SHA256" } }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "no shared cipher" },
    { "no group in common", { peer.identity "server_rsa", "-groups", "P-521" },
      { groups = { "x25519" }, min_version = "TLSv1.3" }, "localhost",
      "alert_handshake_failure", "handshake_failure", "peer", "no suitable key share" },
    { "no version in common", { peer.identity "server_rsa", "-no_tls1_3" }, { min_version = "TLSv1.3" }, "localhost",
      "alert_protocol_version", "protocol_version", "peer", "unsupported protocol" },
    { "no protocol in common", { peer.identity "server_rsa", "-alpn", "a" }, { alpn = { "b" } }, "localhost",
      "alert_no_application_protocol", "no_application_protocol", "peer", "no application protocol" },
    { "the key of the same name is another", { peer.identity "server_rsa", "-psk_identity", "a device", "-psk",
      ("00"):rep(32) }, { psks = { { identity = "a device", key = ("x"):rep(32) } } }, "localhost",
      "alert_illegal_parameter", "illegal_parameter", "peer", "binder does not verify" },
  } do
    it(case[1], function()
      local server = peer.s_server({ case[2] }, { open = true })
      local stream, message, code, failure = peer.connect(server.port, case[3], { server_name = case[4] })
      assert.is_nil(stream)
      assert.equal(case[5], code, message)
      assert.equal(case[6], failure.alert)
      assert.equal(case[7], failure.sent_by)
      assert.is_string(failure.hint)
      server:wait_for(case[8])
    end)
  end

  -- A server of TLS 1.3 says so only after our handshake is over.
  for _, case in ipairs {
    { "no certificate where the server wants one", {}, "alert_certificate_required",
      "peer did not return a certificate" },
    { "a certificate that the server does not trust", { identity = "client_untrusted" }, "alert_unknown_ca",
      "unable to get local issuer certificate" },
    { "a certificate of ours that has expired", { identity = "client_expired" }, "alert_certificate_expired",
      "certificate has expired" },
  } do
    it(case[1], function()
      local server = peer.s_server({ peer.identity "server_rsa", client_verified }, { open = true })
      local stream = connect(server.port, case[2])
      local _, message, _, code = stream:receive "*a"
      assert.equal(case[3], code, message)
      assert.equal("peer", stream:failure().sent_by)
      assert.is_string(stream:failure().hint)
      server:wait_for(case[4])
    end)
  end
end)
