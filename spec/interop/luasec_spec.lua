-- LuaSec in both roles, in this process: what programs that use it meet when the other side is ours.

local loopback = require "support.loopback"
local peer = require "support.peer"
local pki = require "support.pki"
local socket = require "beartls.socket"

local has_luasec, ssl = pcall(require, "ssl")

local trust = pki.path "trust.pem"

local plain_it = it
local function it(name, body)
  plain_it(name, has_luasec and body or function()
    pending "needs LuaSec"
  end)
end

local suites = {
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CCM", "TLS_RSA_WITH_AES_256_CBC_SHA256",
}

-- Options with `identity` for a certificate of spec/pki and its key.
local function with_identity(given, defaults)
  local out = {}
  for _, options in ipairs { defaults, given } do
    for name, value in pairs(options) do
      if name == "identity" then
        out.certificate, out.key = pki.path(value .. ".pem"), pki.path(value .. ".key")
      else
        out[name] = value
      end
    end
  end
  return out
end

-- Options of LuaSec, whose defaults believe everybody.
local function luasec_options(mode, given)
  return with_identity(given, { mode = mode, protocol = "tlsv1_2", options = "all", cafile = trust,
    verify = mode == "client" and { "peer" } or "none", ciphers = "ALL:@SECLEVEL=0",
    identity = mode == "server" and "server_rsa" or nil })
end

-- Ends of a TCP connection: ours with a stream, LuaSec's with its object; nobody waits.
-- role: what LuaSec is.
local function ends(role, theirs, ours)
  local client, server = loopback.connected()
  local stream, connection
  if role == "server" then
    stream = assert(socket.wrap(client, ours, "localhost"))
    connection = assert(ssl.wrap(server, luasec_options(role, theirs)))
  else
    stream = assert(socket.accept(server, ours))
    connection = assert(ssl.wrap(client, luasec_options(role, theirs)))
    connection:sni "localhost"
  end
  stream:settimeout(0)
  connection:settimeout(0)
  return stream, connection
end

local passing = { want_read = true, want_write = true, wantread = true, wantwrite = true }

-- Handshakes both until neither wants to go on: what our side and LuaSec's have said last.
local function shake(stream, connection)
  local ours, theirs = {}, {}
  loopback.run(function()
    repeat
      ours = { stream:handshake() }
      coroutine.yield()
    until not passing[ours[3]]
  end, function()
    repeat
      theirs = { connection:dohandshake() }
      coroutine.yield()
    until not passing[theirs[2]]
  end)
  return ours, theirs
end

local opened = {}

-- Both ends, open. Ours is a config or options of peer.config.
local function open(role, theirs, ours)
  ours = type(ours) == "table" and peer.config(with_identity(ours, { max_version = "TLSv1.2",
    identity = role == "client" and "server_rsa" or nil })) or ours
  local stream, connection = ends(role, theirs, ours)
  opened = { stream, connection }
  local us, them = shake(stream, connection)
  assert(us[1], us[2])
  assert(them[1], them[2])
  return stream, connection
end

local function hang_up()
  for _, one in ipairs(opened) do
    one:close()
  end
  opened = {}
end

for _, role in ipairs { "server", "client" } do
  describe(("LuaSec's %s and our %s agree on"):format(role, role == "server" and "client" or "server"), function()
    after_each(hang_up)

    for _, suite in ipairs(suites) do
      it(suite, function()
        local server = suite:find "ECDSA" and { identity = "server_ec" } or { identity = "server_rsa" }
        local theirs, ours = { ciphers = peer.openssl_name(suite) .. ":@SECLEVEL=0" }, { cipher_suites = { suite } }
        if role == "server" then
          theirs = with_identity(server, theirs)
        else
          ours = with_identity(server, ours)
        end
        local stream, connection = open(role, theirs, ours)
        assert.equal(suite, stream:cipher())
        assert.equal(peer.openssl_name(suite), connection:info "cipher")
        assert.equal("TLSv1.2", connection:info "protocol")
        assert.equal(role == "server", stream:verified())
        assert.equal(role == "client", connection:getpeercertificate() ~= nil)
      end)
    end

    for _, case in ipairs { { "tlsv1", "TLSv1" }, { "tlsv1_1", "TLSv1.1" } } do
      it(case[2], function()
        local stream, connection = open(role, { protocol = case[1] }, {
          cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" }, min_version = "TLSv1", max_version = case[2] })
        assert.equal(case[2], stream:version())
        assert.equal(case[2], connection:info "protocol")
      end)
    end

    for _, name in ipairs { "client_rsa", "client_ec" } do
      it("mutual TLS with the certificate of " .. name, function()
        local client = { identity = name }
        local stream, connection
        if role == "server" then
          stream, connection = open(role, { verify = { "peer", "fail_if_no_peer_cert" } }, client)
          assert.equal(stream:local_certificate():fingerprint(), connection:getpeercertificate():digest "sha256")
          assert.is_true(connection:getpeerverification())
        else
          stream, connection = open(role, client, { verify_client = "require" })
          assert.matches("CN=client ", stream:peer_certificate():subject(), 1, true)
          assert.is_true(stream:verified())
          assert.is_true(connection:getpeerverification())
        end
      end)
    end

    it("the protocol, the name, and keying material", function()
      local stream, connection = open(role, { alpn = role == "server" and { "b", "a" } or { "x", "a" } },
        { alpn = role == "server" and { "x", "a" } or { "b", "a" } })
      assert.equal("a", stream:alpn())
      assert.equal("a", connection:getalpn())
      assert.equal("localhost", stream:server_name())
      assert.equal("localhost", connection:getsniname())
      local label = "EXPERIMENTAL-beartls"
      assert.equal(connection:exportkeyingmaterial(label, 32), stream:export(label, 32))
    end)

    it("what is sent, in both directions at once, and the end of it", function()
      local stream, connection = open(role, {}, {})
      local sent = ("0123456789abcdef"):rep(20000)
      local ours, theirs = {}, {}
      -- Sends all of it in steps, then reads until nothing has come for long enough.
      local function talk(send, receive, got)
        local first, have = 1, 0
        while first <= #sent or have < #sent do
          if first <= #sent then
            local last, _, partial = send(first)
            first = (last or partial) + 1
          end
          local data, _, partial = receive()
          got[#got + 1] = data or partial
          have = have + #got[#got]
          coroutine.yield()
        end
      end
      loopback.run(function()
        talk(function(first) return stream:send(sent, first) end, function() return stream:receive(8192) end, ours)
      end, function()
        talk(function(first) return connection:send(sent, first) end, function() return connection:receive(8192) end,
          theirs)
      end)
      assert.is_true(sent == table.concat(ours))
      assert.is_true(sent == table.concat(theirs))
      stream:close()
      assert.same({ nil, "closed", "" }, { connection:receive(1) })
    end)

    it("the end, when LuaSec says it", function()
      local stream, connection = open(role, {}, {})
      connection:close()
      assert.same({ nil, "closed", "", "closed" }, { stream:receive "*l" })
    end)
  end)
end

for _, role in ipairs { "server", "client" } do
  describe(("In TLS 1.3 LuaSec's %s and our %s agree on"):format(role, role == "server" and "client" or "server"),
    function()
      after_each(hang_up)

      -- Both ends of TLS 1.3, open. Ours: options.
      local function open13(theirs, ours)
        local config = peer.config(with_identity(ours, { identity = role == "client" and "server_rsa" or nil }))
        local stream, connection = open(role, with_identity(theirs, { protocol = "tlsv1_3" }), config)
        assert.equal("TLSv1.3", stream:version())
        assert.equal("TLSv1.3", connection:info "protocol")
        return stream, connection
      end

      for _, kind in ipairs(peer.kinds) do
        it(("every suite, the server's key being %s"):format(kind[1]), function()
          local server = { identity = "server_" .. kind[1] }
          for _, suite in ipairs(peer.suites13) do
            local theirs, ours = { ciphersuites = suite }, { cipher_suites = peer.suites13 }
            local stream, connection = open13(with_identity(role == "server" and server or {}, theirs),
              with_identity(role == "client" and server or {}, ours))
            assert.equal(suite, stream:cipher())
            assert.equal(suite, connection:info "cipher")
            assert.equal(kind[2], stream:signature_scheme())
            hang_up()
          end
        end)

        it(("a client's certificate whose key is %s"):format(kind[1]), function()
          local client = { identity = "client_" .. kind[1] }
          local stream, connection
          if role == "server" then
            stream, connection = open13({ verify = { "peer", "fail_if_no_peer_cert" } }, client)
            assert.equal(stream:local_certificate():fingerprint(), connection:getpeercertificate():digest "sha256")
          else
            stream, connection = open13(client, { verify_client = "require" })
            assert.is_true(stream:verified())
          end
          assert.is_true(connection:getpeerverification())
        end)
      end

      it("every group", function()
        for group, name in pairs { x25519 = "X25519", secp256r1 = "P-256", secp384r1 = "P-384",
          secp521r1 = "P-521" } do
          local stream = open13({ curveslist = name }, {})
          assert.equal(group, stream:group())
          hang_up()
        end
      end)

      it("the protocol, the name, and keying material", function()
        local stream, connection = open13({ alpn = role == "server" and { "b", "a" } or { "x", "a" } },
          { alpn = role == "server" and { "x", "a" } or { "b", "a" } })
        assert.equal("a", stream:alpn())
        assert.equal("a", connection:getalpn())
        assert.equal("localhost", stream:server_name())
        assert.equal("localhost", connection:getsniname())
        local label = "EXPERIMENTAL-beartls"
        assert.equal(connection:exportkeyingmaterial(label, 32), stream:export(label, 32))
      end)

      it("the end, whoever says it", function()
        local stream, connection = open13({}, {})
        stream:close()
        assert.same({ nil, "closed", "" }, { connection:receive(1) })
        stream, connection = open13({}, {})
        connection:close()
        assert.same({ nil, "closed", "", "closed" }, { stream:receive "*l" })
      end)
    end)
end

describe("LuaSec's server and our client agree that", function()
  after_each(hang_up)

  it("a ticket, which OpenSSL gives although LuaSec keeps no sessions", function()
    local stream = open("server", {}, { max_version = "TLSv1.2" })
    assert.truthy(stream:ticket())
  end)
end)

describe("LuaSec and we both say why:", function()
  after_each(hang_up)

  -- What, LuaSec's role, its options, ours, our code, the alert, who sent it, what LuaSec says.
  for _, case in ipairs {
    { "the server's certificate has expired", "server", { identity = "server_expired" }, {},
      "certificate_expired", "certificate_expired", "us", "sslv3 alert certificate expired" },
    { "we do not trust the server", "server", { identity = "server_untrusted" }, {},
      "certificate_untrusted", "unknown_ca", "us", "tlsv1 alert unknown ca" },
    { "the server's certificate is for another host", "server", { identity = "server_other_host" }, {},
      "certificate_name_mismatch", "bad_certificate", "us", "sslv3 alert bad certificate" },
    { "no certificate where the server wants one", "server", { verify = { "peer", "fail_if_no_peer_cert" } }, {},
      "alert_handshake_failure", "handshake_failure", "peer", "peer did not return a certificate" },
    { "a certificate that the server does not trust", "server", { verify = { "peer", "fail_if_no_peer_cert" } },
      { identity = "client_untrusted" },
      "alert_unknown_ca", "unknown_ca", "peer", "certificate verify failed" },
    { "a certificate of ours that has expired", "server", { verify = { "peer", "fail_if_no_peer_cert" } },
      { identity = "client_expired" },
      "alert_certificate_expired", "certificate_expired", "peer", "certificate verify failed" },
    { "no certificate where we require one", "client", {}, { verify_client = "require" },
      "certificate_missing", "handshake_failure", "us", "sslv3 alert handshake failure" },
    { "a certificate that we do not trust", "client", { identity = "client_untrusted" },
      { verify_client = "require" },
      "certificate_untrusted", "unknown_ca", "us", "tlsv1 alert unknown ca" },
    { "a client's certificate that has expired", "client", { identity = "client_expired" },
      { verify_client = "require" },
      "certificate_expired", "certificate_expired", "us", "sslv3 alert certificate expired" },
    { "the client does not trust us", "client", {}, { identity = "server_untrusted" },
      "alert_unknown_ca", "unknown_ca", "peer", "certificate verify failed" },
    { "our certificate has expired", "client", {}, { identity = "server_expired" },
      "alert_certificate_expired", "certificate_expired", "peer", "certificate verify failed" },
    { "no suite in common", "client", { ciphers = "AES256-SHA256" }, {},
      "peer_nothing_in_common", "handshake_failure", "us", "sslv3 alert handshake failure" },
    { "no version in common", "client", { protocol = "tlsv1_1" }, {},
      "peer_version", "protocol_version", "us", "tlsv1 alert protocol version" },
  } do
    it(case[1], function()
      local ours = peer.config(with_identity(case[4], { max_version = "TLSv1.2",
        identity = case[2] == "client" and "server_rsa" or nil }))
      local stream, connection = ends(case[2], case[3], ours)
      opened = { stream, connection }
      local us, them = shake(stream, connection)
      assert.is_nil(us[1])
      assert.equal(case[5], us[3], us[2])
      assert.equal(case[6], stream:failure().alert)
      assert.equal(case[7], stream:failure().sent_by)
      assert.is_string(stream:failure().hint)
      assert.same({ false, case[8] }, them)
    end)
  end
end)
