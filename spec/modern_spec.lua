-- The modern engine against itself in memory: TLS 1.3 and TLS 1.2 in one ClientHello.

local tls = require "beartls"
local pair = require "support.pair"
local pki = require "support.pki"

local function with(options, more)
  local out = { max_version = "TLSv1.3" }
  for _, list in ipairs { options or {}, more or {} } do
    for name, value in pairs(list) do
      out[name] = value
    end
  end
  return out
end

local function open(client, server, how)
  return pair.open(with(client), with(server), how)
end

local function identity(name)
  return { certificate = pki.path(name .. ".pem"), key = pki.path(name .. ".key") }
end

local function echoes(p)
  assert(p.client:write "from the client")
  assert(p.server:write "from the server")
  p:settle()
  assert.equal("from the client", p.server:read())
  assert.equal("from the server", p.client:read())
end

local function failure_of(client, server, how)
  local p = pair.new(with(client), with(server), how):settle()
  return p.client:failure(), p.server:failure(), p
end

describe("TLS 1.3", function()
  it("is what two configs agree on", function()
    local p = open()
    for _, side in ipairs { "client", "server" } do
      assert.equal("TLSv1.3", p[side]:version())
      assert.equal("TLS_AES_128_GCM_SHA256", p[side]:cipher())
      assert.equal("x25519", p[side]:group())
      assert.equal("rsa_pss_rsae_sha256", p[side]:signature_scheme())
      assert.is_false(p[side]:resumed())
    end
    assert.is_true(p.client:verified())
    echoes(p)
  end)

  for _, suite in ipairs { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256" } do
    for _, group in ipairs { "x25519", "secp256r1", "secp384r1", "secp521r1" } do
      for _, name in ipairs { "server_rsa", "server_ec", "server_p384", "server_p521" } do
        it(("does %s with %s and %s"):format(suite, group, name), function()
          local p = open({ cipher_suites = { suite } },
            with(identity(name), { groups = { group }, cipher_suites = { suite } }))
          assert.equal(suite, p.client:cipher())
          assert.equal(group, p.server:group())
          echoes(p)
        end)
      end
    end
  end

  it("works byte by byte", function()
    local p = pair.new(with(), with()):settle(1)
    assert.equal("open", p.client:state())
    echoes(p)
  end)

  it("carries a megabyte in both directions", function()
    local p, data = open(), ("0123456789abcdef"):rep(65536)
    p.client:write(data)
    p.server:write(data)
    p:settle(1000)
    assert.equal(data, pair.read_all(p.server))
    assert.equal(data, pair.read_all(p.client))
  end)

  it("sends small records when max_fragment asks for them, on both sides", function()
    local p = open { max_fragment = 512 }
    p.server:write(("x"):rep(2000))
    local bytes, longest, at = p.server:drain(), 0, 1
    while at <= #bytes do
      local high, low = bytes:byte(at + 3, at + 4)
      longest, at = math.max(longest, high * 256 + low), at + 5 + high * 256 + low
    end
    assert.equal(512 + 1 + 16, longest)
  end)

  for _, client in ipairs { "client_rsa", "client_ec", "client_p384" } do
    it("verifies both sides with " .. client, function()
      local p = open(identity(client), { verify_client = "require", trust = pki.path "trust.pem" })
      assert.is_true(p.server:verified())
      assert.matches("client", p.server:peer_certificate():subject())
      echoes(p)
    end)
  end

  it("goes on without a client certificate that is only requested", function()
    local p = open({}, { verify_client = "request", trust = pki.path "trust.pem" })
    assert.is_false(p.server:verified())
    assert.is_nil(p.server:peer_certificate())
  end)

  it("says certificate_required when there is none", function()
    local client, server = failure_of({}, { verify_client = "require", trust = pki.path "trust.pem" })
    assert.equal("certificate_missing", server.code)
    assert.equal("certificate_required", server.alert)
    assert.equal("alert_certificate_required", client.code)
  end)

  it("refuses what is not trusted, with the right alert on both sides", function()
    local client, server = failure_of({}, identity "server_untrusted")
    assert.equal("certificate_untrusted", client.code)
    assert.equal("alert_unknown_ca", server.code)
    client, server = failure_of(identity "client_untrusted",
      { verify_client = "require", trust = pki.path "trust.pem" })
    assert.equal("certificate_untrusted", server.code)
    assert.equal("alert_unknown_ca", client.code)
  end)

  it("agrees on a protocol, or ends", function()
    local p = open({ alpn = { "h2", "http/1.1" } }, { alpn = { "http/1.1" } })
    assert.equal("http/1.1", p.client:alpn())
    assert.equal("http/1.1", p.server:alpn())
    local client, server = failure_of({ alpn = { "h2" } }, { alpn = { "http/1.1" } })
    assert.equal("no_application_protocol", server.alert)
    assert.equal("alert_no_application_protocol", client.code)
  end)

  it("chooses the certificate by server name", function()
    local p = open({}, { identities = { identity "server_rsa", identity "other_site_ec" } },
      { name = "other.example.test" })
    assert.equal("other.example.test", p.server:server_name())
    assert.matches("other", p.client:peer_certificate():subject())
  end)

  it("exports the same keying material on both sides", function()
    local p = open()
    local a = p.client:export("EXPORTER-test", 40, "context")
    assert.equal(40, #a)
    assert.equal(a, p.server:export("EXPORTER-test", 40, "context"))
    assert.not_equal(a, p.server:export("EXPORTER-test", 40))
    assert.equal(p.client:channel_binding "tls-exporter", p.server:channel_binding "tls-exporter")
    local _, _, code = p.client:channel_binding "tls-unique"
    assert.equal("channel_binding_unavailable", code)
  end)

  it("resumes with a ticket, once for each", function()
    local client = assert(tls.config(pair.client_options(with())))
    local server = assert(tls.config(pair.server_options(with())))
    local p = pair.open(client, server)
    local ticket = assert(p.client:ticket())
    local again = pair.open(client, server, { client = { ticket = ticket } })
    assert.is_true(again.client:resumed())
    assert.is_true(again.server:resumed())
    assert.is_true(again.client:verified())
    assert.equal(p.client:peer_certificate():fingerprint(), again.client:peer_certificate():fingerprint())
    echoes(again)
    local spent = pair.open(client, server, { client = { ticket = ticket } })
    assert.is_false(spent.client:resumed())
    local third = pair.open(client, server, { client = { ticket = assert(again.client:ticket()) } })
    assert.is_true(third.client:resumed())
  end)

  it("resumes at another server that has the same ticket keys, and does not at one that has not", function()
    local client = assert(tls.config(pair.client_options(with())))
    local key, other = ("k"):rep(32), ("o"):rep(32)
    local ticket = assert(pair.open(client, with { ticket_keys = { key } }).client:ticket())
    local same = pair.open(client, with { ticket_keys = { other, key } }, { client = { ticket = ticket } })
    assert.is_true(same.client:resumed())
    local p = pair.open(client, with { ticket_keys = { other } }, { client = { ticket = ticket } })
    assert.is_false(p.client:resumed())
    assert.equal("open", p.server:state())
  end)

  it("resumes with the client's certificate still known", function()
    local client = assert(tls.config(pair.client_options(with(identity "client_ec"))))
    local server = assert(tls.config(pair.server_options(with { verify_client = "require",
      trust = pki.path "trust.pem" })))
    local ticket = assert(pair.open(client, server).client:ticket())
    local p = pair.open(client, server, { client = { ticket = ticket } })
    assert.is_true(p.server:resumed())
    assert.is_true(p.server:verified())
    assert.matches("client EC", p.server:peer_certificate():subject())
  end)

  it("keys the handshake with an external key when both have it", function()
    local psks = { { identity = "device 7", key = ("s"):rep(32) } }
    local p = open({ psks = psks }, { psks = psks })
    assert.is_nil(p.client:peer_certificate())
    assert.is_false(p.client:resumed())
    echoes(p)
    p = open({ psks = psks }, {})
    assert.truthy(p.client:peer_certificate())
    local client, server = failure_of({ psks = psks }, { psks = { { identity = "device 7", key = ("x"):rep(32) } } })
    assert.equal("decrypt_error", server.alert)
    assert.equal("alert_decrypt_error", client.code)
  end)

  it("stops at the ClientHello when the server pauses, and goes on with the config that is chosen", function()
    local server = assert(tls.config(pair.server_options(with())))
    local session = assert(server:server { pause = true })
    local client = assert(tls.config(pair.client_options(with { alpn = { "h2" } }))):client "localhost"
    local p = setmetatable({ client = client, server = session }, pair)
    p:settle()
    assert.equal("hello", session:state())
    local hello = session:client_hello()
    assert.equal("localhost", hello.server_name)
    assert.same({ "h2" }, hello.alpn)
    local chosen = assert(tls.config(pair.server_options(with(identity "server_ec", { alpn = { "h2" } }))))
    assert.is_true(session:select(chosen))
    p:settle()
    assert.equal("open", session:state())
    assert.equal("h2", client:alpn())
    assert.equal("ecdsa_secp256r1_sha256", client:signature_scheme())
    local _, _, code = session:select(chosen)
    assert.equal("config_not_paused", code)
  end)

  it("refuses a client after a look at its ClientHello, and says so on both sides", function()
    for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
      local session = assert(assert(tls.config { trust = pki.path "trust.pem" }):server { pause = true })
      local client = assert(tls.config(pair.client_options(with { max_version = version }))):client "localhost"
      local p = setmetatable({ client = client, server = session }, pair)
      assert.equal("config_not_paused", select(3, session:refuse()))
      p:settle()
      local ok, message, code = session:refuse "nobody of that name lives here"
      assert.is_nil(ok)
      assert.equal("nobody of that name lives here", message)
      assert.equal("config_refused", code)
      p:settle()
      assert.equal("unrecognized_name", session:failure().alert)
      assert.equal("us", session:failure().sent_by)
      assert.equal("alert_unrecognized_name", client:failure().code)
    end
  end)

  it("shows every message with its epoch, and when keys are installed", function()
    local p = open({ trace = true }, { trace = true })
    local seen = {}
    for event in p.client:events() do
      seen[#seen + 1] = (event.direction == "sent" and ">" or "<") .. event.type
        .. (event.encrypted and event.content_type ~= "keys" and "*" .. event.epoch or "")
    end
    assert.same({ ">client_hello", "<server_hello", "<handshake_keys", ">change_cipher_spec", ">handshake_keys",
      "<change_cipher_spec", "<encrypted_extensions*handshake", "<certificate*handshake",
      "<certificate_verify*handshake", "<finished*handshake", "<application_keys", ">finished*handshake",
      ">application_keys", "<new_session_ticket*application", "<new_session_ticket*application" }, seen)
  end)

  it("writes the five lines of a session to the key log", function()
    local path = os.tmpname()
    open { keylog = path }
    local labels = {}
    for line in io.lines(path) do
      labels[#labels + 1] = line:match "^(%S+) %x+ %x+$"
    end
    os.remove(path)
    assert.same({ "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
      "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET" }, labels)
  end)
end)

describe("TLS 1.2 in the modern engine", function()
  local suites = {
    { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "server_ec" },
    { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "server_rsa" },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "server_ec" },
    { "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "server_rsa" },
    { "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "server_p384" },
    { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "server_rsa" },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "server_ec" }, { "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "server_p521" },
  }
  -- The classic engine is the oracle: a config whose max_version is TLS 1.2 uses it.
  for _, case in ipairs(suites) do
    for _, engines in ipairs { { "TLSv1.3", "TLSv1.2" }, { "TLSv1.2", "TLSv1.3" } } do
      it(("does %s with the classic engine as %s"):format(case[1], engines[1] == "TLSv1.2" and "client" or "server"),
        function()
          local suite = { cipher_suites = { case[1], "TLS_AES_128_GCM_SHA256" } }
          local p = pair.open(with(suite, { max_version = engines[1] }),
            with(identity(case[2]), { max_version = engines[2], cipher_suites = { case[1] } }))
          assert.equal("TLSv1.2", p.client:version())
          assert.equal(case[1], p.client:cipher())
          assert.equal(case[1], p.server:cipher())
          echoes(p)
        end)
    end
  end
end)
