local tls = require "beartls"
local pair = require "support.pair"
local pki = require "support.pki"

local function failure_of(p)
  return p.client:failure(), p.server:failure()
end

describe("a session", function()
  it("shakes hands in memory and carries data both ways", function()
    local p = pair.open()
    assert.is_true(p.client:write "hello")
    assert.is_true(p.server:write "world")
    p:settle()
    assert.equal("hello", p.server:read())
    assert.equal("world", p.client:read())
    assert.same({ nil, "nothing has arrived yet", "want_read" }, { p.client:read() })
  end)

  it("tells what was negotiated, with IANA names", function()
    local p = pair.open({ alpn = { "b", "a" } }, { alpn = { "a", "b" } })
    for _, session in ipairs { p.client, p.server } do
      assert.equal("TLSv1.3", session:version())
      assert.equal("TLS_AES_128_GCM_SHA256", session:cipher())
      assert.equal("x25519", session:group())
      assert.equal("rsa_pss_rsae_sha256", session:signature_scheme())
      assert.equal("a", session:alpn())
      assert.equal("localhost", session:server_name())
      assert.is_false(session:resumed())
    end
    assert.is_true(p.client:verified())
    assert.is_false(p.server:verified())
    assert.matches("localhost", p.client:peer_certificate():subject())
    assert.is_nil(p.server:peer_certificate())
    assert.equal(p.client:peer_certificate():fingerprint(), p.server:local_certificate():fingerprint())
    assert.is_nil(p.client:local_certificate())
  end)

  it("knows nothing before the handshake is done, and says so", function()
    local p = pair.new()
    assert.equal("handshake", p.client:state())
    assert.is_nil(p.client:version())
    assert.is_nil(p.client:cipher())
    assert.is_nil(p.client:peer_certificate())
    local ok, _, code = p.client:write "too early"
    assert.is_nil(ok)
    assert.equal("want_read", code)
    assert.is_nil((p.client:export("EXPERIMENTAL", 20)))
  end)

  it("works with every byte fed alone", function()
    local p = pair.new({ certificate = pki.path "client_rsa.pem", key = pki.path "client_rsa.key" },
      { verify_client = "require", trust = pki.path "trust.pem" })
    p:settle(1)
    assert.equal("open", p.client:state())
    p.client:write(("x"):rep(40000))
    p:settle(1)
    assert.equal(("x"):rep(40000), pair.read_all(p.server))
  end)

  it("takes megabytes at once and gives them back in any portion", function()
    local p = pair.open()
    local big = ("0123456789abcdef"):rep(200000)
    assert.is_true(p.client:write(big))
    p.server:feed(p.client:drain())
    assert.equal(big:sub(1, 10), p.server:read(10))
    assert.equal(big:sub(11, 20000), p.server:read(19990))
    assert.equal(big:sub(20001), p.server:read())
  end)

  it("gives nothing until there are as many bytes as wanted, or no more can come", function()
    local p = pair.open()
    p.client:write "0123456789"
    p:settle()
    assert.equal("want_read", select(3, p.server:read(20, 11)))
    assert.equal("01234", p.server:read(5, 10))
    assert.equal("want_read", select(3, p.server:read(20, 6)))
    p.client:close()
    p:settle()
    assert.equal("56789", p.server:read(20, 6))
    assert.equal("closed", select(3, p.server:read(20, 6)))
  end)

  it("writes a part of a string, and raises for what is not inside it", function()
    local p = pair.open()
    for _, case in ipairs { { 1, 5, "hello" }, { 3, 3, "l" }, { 4, nil, "lo" }, { 6, 5, "" }, { 1, 0, "" } } do
      assert.is_true(p.client:write("hello", case[1], case[2]))
      p:settle()
      assert.equal(case[3], pair.read_all(p.server))
    end
    for _, case in ipairs { { 0, 5 }, { 1, 6 }, { 7, 5 }, { -1, 5 }, { 0 / 0, 5 }, { 1, 0 / 0 }, { 1, 2 ^ 70 } } do
      assert.has_error(function() p.client:write("hello", case[1], case[2]) end)
    end
    assert.is_nil(p.client:drain())
  end)

  it("writes nothing for an empty string", function()
    local p = pair.open()
    assert.is_true(p.client:write "")
    assert.is_nil(p.client:drain())
  end)
end)

describe("closing", function()
  it("is told to the peer, which reads to the end first", function()
    local p = pair.open()
    p.client:write "last words"
    assert.is_true(p.client:close())
    assert.equal("closing", p.client:state())
    p:settle()
    assert.equal("last words", p.server:read())
    assert.equal("closed", select(3, p.server:read()))
    p.server:close()
    p:settle()
    assert.equal("closed", p.client:state())
    assert.equal("closed", p.server:state())
    assert.same({ nil, "the session is closed", "closed" }, { p.server:read() })
    assert.same({ nil, "the session is closed", "closed" }, { p.server:write "more" })
  end)

  it("does not hang on data that nobody has read (BearSSL 0.6 does)", function()
    local p = pair.open()
    p.server:write(("unread"):rep(5000))
    p.client:feed(p.server:drain())
    p.client:close()
    p:settle()
    p.server:close()
    p:settle()
    assert.equal("closed", p.client:state())
    assert.equal("closed", p.server:state())
    assert.equal(("unread"):rep(5000), pair.read_all(p.client))
  end)

  it("is answered at once in TLS 1.2, and closes one direction alone in TLS 1.3", function()
    local p = pair.open { max_version = "TLSv1.2" }
    p.client:close()
    p:settle()
    assert.equal("closed", p.server:state())
    p = pair.open()
    p.client:close()
    p:settle()
    assert.equal("open", p.server:state())
    assert.is_true(p.server:write "an answer")
    assert.is_true(p.server:feed(nil))
  end)

  it("discards what arrives after our own close in TLS 1.2, and hears it in TLS 1.3", function()
    for version, heard in pairs { ["TLSv1.2"] = "", ["TLSv1.3"] = "too late" } do
      local p = pair.open { max_version = version }
      p.client:close()
      assert.equal(heard == "" and "closed" or "want_read", select(3, p.client:read()))
      p.server:write "too late"
      p.server:close()
      p:settle()
      assert.equal("closed", p.client:state())
      assert.equal(heard, pair.read_all(p.client))
    end
  end)

  it("is told apart from a cut connection", function()
    local p = pair.open()
    p.server:write "half of it"
    p.client:feed(p.server:drain())
    local ok, message, code = p.client:feed(nil)
    assert.is_nil(ok)
    assert.equal("truncated", code)
    assert.matches("close_notify", message)
    assert.equal("half of it", p.client:read())
    assert.equal("truncated", select(3, p.client:read()))
    assert.equal("failed", p.client:state())
  end)

  it("takes no bytes for no bytes, before the handshake and after it", function()
    local p = pair.new()
    assert.is_true(p.client:feed "")
    p:settle()
    assert.is_true(p.client:feed "")
    assert.is_true(p.server:feed "")
    assert.equal("open", p.client:state())
  end)

  it("is in order when the transport ends after our close_notify", function()
    local p = pair.open()
    p.client:close()
    assert.is_true(p.client:feed(nil))
    assert.equal("closed", p.client:state())
  end)

  it("in the middle of the handshake is harmless", function()
    local p = pair.new()
    p.client:close()
    p:settle()
    assert.equal("closed", p.client:state())
    assert.is_nil(p.server:write "x")
  end)

  it("may be asked for twice, and after a failure", function()
    local p = pair.open()
    p.client:close()
    assert.is_true(p.client:close())
    p.server:feed "garbage that is no record"
    assert.is_true(p.server:close())
    assert.equal("failed", p.server:state())
  end)

  it("ignores what comes after the end", function()
    local p = pair.open()
    p.client:close()
    p:settle()
    p.server:close()
    p:settle()
    assert.is_true(p.client:feed "anything")
    assert.is_true(p.server:feed "anything")
  end)
end)

describe("client certificates", function()
  local mine = { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" }
  local none = {}

  for _, case in ipairs {
    { "require", mine, true }, { "request", mine, true }, { "request", none, false }, { "none", mine, false },
  } do
    local mode, client, shown = case[1], case[2], case[3]
    it(("are %s when the server says %q and the client has %s"):format(shown and "verified" or "absent",
      mode, client.key and "one" or "none"), function()
      local p = pair.open(client, { verify_client = mode, trust = pki.path "trust.pem" })
      assert.equal(shown, p.server:verified())
      assert.equal(shown, p.server:peer_certificate() ~= nil)
      assert.equal(shown, p.client:local_certificate() ~= nil)
    end)
  end

  it("that are required and missing end the handshake with an alert that the client sees", function()
    local p = pair.new({}, { verify_client = "require", trust = pki.path "trust.pem" }):settle()
    local client, server = failure_of(p)
    assert.equal("certificate_missing", server.code)
    assert.equal("us", server.sent_by)
    assert.equal("alert_certificate_required", client.code)
    assert.equal("peer", client.sent_by)
    assert.is_string(client.hint)
    p = pair.new({ max_version = "TLSv1.2" }, { verify_client = "require", trust = pki.path "trust.pem" }):settle()
    assert.equal("alert_handshake_failure", p.client:failure().code)
  end)

  for _, mode in ipairs { "request", "require" } do
    it("from an untrusted issuer are refused when the server says " .. mode, function()
      local p = pair.new({ certificate = pki.path "client_untrusted.pem",
        key = pki.path "client_untrusted.key" },
        { verify_client = mode, trust = pki.path "trust.pem" }):settle()
      local client, server = failure_of(p)
      assert.equal("certificate_untrusted", server.code)
      assert.equal("unknown_ca", server.alert)
      assert.equal("alert_unknown_ca", client.code)
    end)
  end
end)

describe("the verdict on the server", function()
  for _, case in ipairs {
    { "server_expired", "localhost", "certificate_expired", "certificate_expired" },
    { "server_not_yet", "localhost", "certificate_not_yet_valid", "certificate_expired" },
    { "server_other_host", "localhost", "certificate_name_mismatch", "bad_certificate" },
    { "server_untrusted", "localhost", "certificate_untrusted", "unknown_ca" },
    { "server_self_signed", "localhost", "certificate_untrusted", "unknown_ca" },
    { "server_cn_only", "localhost", "certificate_name_mismatch", "bad_certificate" },
    { "server_client_eku", "localhost", "certificate_wrong_usage", "unsupported_certificate" },
  } do
    it(("on %s is %s, and both sides know"):format(case[1], case[3]), function()
      local p = pair.new({}, { certificate = pki.path(case[1] .. ".pem"), key = pki.path(case[1] .. ".key") },
        { name = case[2] }):settle()
      local client, server = failure_of(p)
      assert.equal(case[3], client.code)
      assert.equal(case[4], client.alert)
      assert.equal("us", client.sent_by)
      assert.is_string(client.hint)
      assert.equal("alert_" .. case[4], server.code)
      assert.equal("peer", server.sent_by)
    end)
  end

  it("accepts an address that stands in the certificate, and no other", function()
    for _, name in ipairs { "127.0.0.1", "::1" } do
      local p = pair.open({}, {}, { name = name })
      assert.is_true(p.client:verified())
      assert.is_nil(p.server:server_name())
    end
    local p = pair.new({}, {}, { name = "127.0.0.2" }):settle()
    assert.equal("certificate_name_mismatch", p.client:failure().code)
  end)

  it("can be relaxed, one visible word at a time", function()
    local function try(options, server, name)
      local p = pair.new(options, { certificate = pki.path(server .. ".pem"), key = pki.path(server .. ".key") },
        { name = name or "localhost" }):settle()
      return p.client:state(), p.client:verified()
    end
    assert.same({ "open", true }, { try({ insecure_no_name = true }, "server_other_host") })
    assert.same({ "open", true }, { try({ insecure_no_time = true }, "server_expired") })
    assert.same({ "open", false }, { try({ insecure_no_verify = true }, "server_untrusted") })
    assert.same({ "failed", false }, { try({ insecure_no_name = true }, "server_expired") })
    assert.same({ "failed", false }, { try({ insecure_no_time = true }, "server_other_host") })
  end)

  it("honours pins, alone or on top of the chain", function()
    local pin = assert(tls.certificate.load(pki.path "server_rsa.pem")):pin()
    local other = assert(tls.certificate.load(pki.path "server_ec.pem")):pin()
    assert.equal("open", pair.new({ pins = { other, pin } }):settle().client:state())
    assert.equal("certificate_pin_mismatch", pair.new({ pins = { other } }):settle().client:failure().code)
    local alone = pair.new({ pins = { pin }, insecure_no_verify = true, trust = pki.path "other_root.pem" }):settle()
    assert.equal("open", alone.client:state())
    assert.is_true(alone.client:verified())
  end)
end)

describe("server names", function()
  local sites = {
    { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
    { certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key" },
    { certificate = pki.path "other_site_rsa.pem", key = pki.path "other_site_rsa.key" },
    { certificate = pki.path "other_site_ec.pem", key = pki.path "other_site_ec.key" },
  }
  for _, case in ipairs {
    { "localhost", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "localhost" },
    { "localhost", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "localhost" },
    { "other.example.test", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "other.example.test" },
    { "other.example.test", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "other.example.test" },
    { "OTHER.example.TEST", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "other.example.test" },
    { "a.wild.example.test", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "localhost" },
  } do
    it(("choose the identity for %s with %s"):format(case[1], case[2]), function()
      local p = pair.open({ cipher_suites = { case[2] } }, { identities = sites }, { name = case[1] })
      assert.is_true(p.client:peer_certificate():matches_name(case[1]))
      assert.is_true(p.client:peer_certificate():matches_name(case[3]))
      assert.equal(case[1]:lower(), p.server:server_name())
      assert.equal(case[2], p.server:cipher())
    end)
  end
end)

describe("cipher suites", function()
  local core = require "beartls.core"
  local suites_12 = {}
  for _, suite in ipairs(core.cipher_suites) do
    suites_12[#suites_12 + 1] = suite:find "_WITH_" and suite or nil -- the other names are those of TLS 1.3
  end
  for _, suite in ipairs(suites_12) do
    local ecdsa = suite:find "_ECDSA_"
    it(suite .. " carries data", function()
      local version = suite:find "_WITH_" and "TLSv1.2" or "TLSv1.3"
      local p = pair.open({ cipher_suites = { suite }, max_version = version },
        { cipher_suites = { suite }, max_version = version,
        certificate = pki.path(ecdsa and "server_ec.pem" or "server_rsa.pem"),
        key = pki.path(ecdsa and "server_ec.key" or "server_rsa.key") })
      assert.equal(suite, p.client:cipher())
      assert.equal(suite:find "^TLS_RSA_" and "nil" or "string", type(p.client:group()))
      for _, n in ipairs { 1, 15, 16, 17, 16383, 16384, 16385, 50000 } do
        local data = ("z"):rep(n)
        p.client:write(data)
        p.server:write(data)
        p:settle(7001)
        assert.equal(data, pair.read_all(p.server))
        assert.equal(data, pair.read_all(p.client))
      end
    end)
  end

  for _, version in ipairs { "TLSv1", "TLSv1.1" } do
    for _, suite in ipairs { "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA" } do
      it(("%s works in %s, when both are named, with a client certificate too"):format(suite, version), function()
        local ecdsa = suite:find "_ECDSA_"
        local p = pair.open({ cipher_suites = { suite }, min_version = version,
          certificate = pki.path "client_rsa.pem", key = pki.path "client_rsa.key" },
          { cipher_suites = { suite }, min_version = version, max_version = version,
            verify_client = "require", trust = pki.path "trust.pem",
            certificate = pki.path(ecdsa and "server_ec.pem" or "server_rsa.pem"),
            key = pki.path(ecdsa and "server_ec.key" or "server_rsa.key") })
        assert.equal(version, p.client:version())
        p.client:write(("y"):rep(20000))
        p:settle(333)
        assert.equal(20000, #pair.read_all(p.server))
      end)
    end
  end

  it("that are old are not offered unless they are named", function()
    for _, suite in ipairs(core.default_cipher_suites) do
      assert.truthy(suite:find "^TLS_ECDHE_" or not suite:find "_WITH_")
      assert.is_nil(suite:find "CBC")
    end
    local p = pair.new({}, { cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } }):settle()
    local client, server = failure_of(p)
    assert.equal("peer_nothing_in_common", server.code)
    assert.equal("alert_handshake_failure", client.code)
  end)

  it("follow the server's order of preference", function()
    local a, b = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    assert.equal(a, pair.open({ cipher_suites = { b, a } }, { cipher_suites = { a, b } }).client:cipher())
    assert.equal(b, pair.open({ cipher_suites = { a, b } }, { cipher_suites = { b, a } }).client:cipher())
  end)
end)

describe("groups", function()
  for _, group in ipairs { "x25519", "secp256r1", "secp384r1", "secp521r1" } do
    it(group .. " can be asked for alone, whatever the certificate's curve is", function()
      local p = pair.open({ groups = { group } }, { certificate = pki.path "server_ec.pem",
        key = pki.path "server_ec.key" })
      assert.equal(group, p.client:group())
      assert.equal(group, p.server:group())
    end)
  end
end)

describe("versions", function()
  it("that do not overlap end with protocol_version on both sides", function()
    local old = { min_version = "TLSv1", max_version = "TLSv1.1",
      cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" } }
    local client, server = failure_of(pair.new(old):settle())
    assert.equal("peer_version", server.code)
    assert.equal("alert_protocol_version", client.code)
  end)
end)

describe("ALPN", function()
  it("without anything in common ends with no_application_protocol", function()
    local client, server = failure_of(pair.new({ alpn = { "x" } }, { alpn = { "y" } }):settle())
    assert.equal("peer_no_application_protocol", server.code)
    assert.equal("alert_no_application_protocol", client.code)
  end)

  it("is nil when one side does not use it", function()
    assert.is_nil(pair.open({ alpn = { "x" } }, {}).client:alpn())
    assert.is_nil(pair.open({}, { alpn = { "x" } }).client:alpn())
  end)
end)

describe("max_fragment", function()
  for _, n in ipairs { 512, 1024, 2048, 4096 } do
    it(("of %d is asked for by the client and kept by both"):format(n), function()
      local p = pair.open({ max_fragment = n })
      local data = ("f"):rep(3 * n + 1)
      for _, way in ipairs { { p.client, p.server }, { p.server, p.client } } do
        way[1]:write(data)
        local wire = way[1]:drain()
        local at, records = 1, 0
        while at <= #wire do
          local length = wire:byte(at + 3) * 256 + wire:byte(at + 4)
          assert.is_true(length <= n + 24)
          at, records = at + 5 + length, records + 1
        end
        assert.equal(4, records)
        way[2]:feed(wire)
        assert.equal(data, pair.read_all(way[2]))
      end
    end)
  end
end)

describe("exported keying material", function()
  it("is the same on both sides and depends on label, context and session", function()
    local p, q = pair.open(), pair.open()
    local a = p.client:export("EXPERIMENTAL-x", 40)
    assert.equal(40, #a)
    assert.equal(a, p.server:export("EXPERIMENTAL-x", 40))
    assert.equal(p.client:export("EXPERIMENTAL-x", 40, "c"), p.server:export("EXPERIMENTAL-x", 40, "c"))
    assert.equal(a, p.client:export("EXPERIMENTAL-x", 40, "")) -- RFC 8446, 7.5: no context is an empty one
    assert.not_equal(a, p.client:export("EXPERIMENTAL-y", 40))
    assert.not_equal(a, q.client:export("EXPERIMENTAL-x", 40))
  end)

  it("as a channel binding is given only where it is sound", function()
    local p = pair.open()
    assert.equal(p.client:channel_binding "tls-server-end-point", p.server:channel_binding "tls-server-end-point")
    assert.equal(32, #p.client:channel_binding "tls-server-end-point")
    assert.equal(p.client:channel_binding "tls-exporter", p.server:channel_binding "tls-exporter")
    assert.equal("channel_binding_unavailable", select(3, p.client:channel_binding "tls-unique"))
    local extended = pair.open { max_version = "TLSv1.2" }
    assert.equal(12, #extended.client:channel_binding "tls-unique")
    assert.equal(extended.client:channel_binding "tls-unique", extended.server:channel_binding "tls-unique")
    local suites = { cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } }
    local classic = pair.open(suites, suites)
    for _, kind in ipairs { "tls-unique", "tls-exporter" } do
      assert.equal("channel_binding_unavailable", select(3, classic.client:channel_binding(kind)))
    end
    assert.has_error(function() p.client:channel_binding "tls-bogus" end)
  end)

  it("shows both Finished messages, of which the first is tls-unique", function()
    local p = pair.open({ max_version = "TLSv1.2" }, { max_version = "TLSv1.2" })
    for _, case in ipairs { { p, 12 }, { pair.open({ min_version = "TLSv1.3" }), 32 } } do
      local client, server = case[1].client, case[1].server
      for _, side in ipairs { "client", "server" } do
        assert.equal(case[2], #client:finished(side))
        assert.equal(client:finished(side), server:finished(side))
      end
      assert.not_equal(client:finished "client", client:finished "server")
    end
    assert.equal(p.client:channel_binding "tls-unique", p.client:finished "client")
    assert.equal("want_read", select(3, pair.new().client:finished "client"))
    local old = { cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } }
    assert.equal("channel_binding_unavailable", select(3, pair.open(old, old).client:finished "client"))
  end)
end)
