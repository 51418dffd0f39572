-- curl against `beartls serve`: what a person sees who tries a server of ours with it, and what the
-- server says of the same connection.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("curl", it, pending)

local trust = pki.path "trust.pem"

local function identity(name)
  return { "--cert", pki.path(name .. ".pem"), "--key", pki.path(name .. ".key") }
end

-- `beartls serve --http` with these arguments; it knows its port.
local function beartls_serve(...)
  return peer.beartls_serve("--http", ...)
end

-- curl for a page of the server under a name: exit code, and all that it says.
local function curl13(server, name, ...)
  local url = ("https://%s:%d/"):format(name, server.port)
  local output, code = process.run(peer.words("curl", "--disable", "--silent", "--show-error", "--verbose", "--noproxy",
    "*", "--max-time", "10", "--resolve", ("%s:%d:127.0.0.1"):format(name, server.port),
    { ... }, url))
  return code, output
end

-- curl that speaks no more than TLS 1.2.
local function curl(server, name, ...)
  return curl13(server, name, "--tls-max", "1.2", ...)
end

local function row(text, label)
  return text:match("<th>" .. label .. "</th><td>(.-)</td>")
end

describe("curl and beartls serve agree on", function()
  local servers = {}
  teardown(process.cleanup)

  local function server(...)
    local key = peer.words(...)
    servers[key] = servers[key] or beartls_serve(...)
    return servers[key]
  end

  for _, name in ipairs { "server_rsa", "server_ec", "server_p384", "server_chain_rsa", "server_chain_ec" } do
    it("one-way TLS with the certificate of " .. name, function()
      local code, text = curl(server(identity(name)), "localhost", "--cacert", trust)
      assert.equal(0, code, text)
      assert.matches("SSL certificate verify ok", text, 1, true)
      assert.equal("TLSv1.2", row(text, "version"))
      assert.equal("http/1.1 (ALPN)", row(text, "protocol"))
      assert.equal("localhost", row(text, "server name"))
      assert.equal("the client showed no certificate", row(text, "trusted"))
      assert.matches("ALPN: server accepted http/1.1", text, 1, true)
    end)
  end

  local suites = {
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CCM", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "TLS_RSA_WITH_AES_256_CBC_SHA",
  }
  for _, suite in ipairs(suites) do
    it(suite, function()
      local one = server(identity "server_rsa", "--cipher", table.concat(suites, ","))
      local code, text = curl(one, "localhost", "--cacert", trust, "--ciphers", peer.openssl_name(suite))
      assert.equal(0, code, text)
      assert.equal(suite, row(text, "cipher suite"))
      assert.matches("SSL connection using TLSv1.2 / " .. peer.openssl_name(suite) .. "\n", text, 1, true)
    end)
  end

  for _, name in ipairs { "client_rsa", "client_ec" } do
    it("mutual TLS with the certificate of " .. name, function()
      local one = server(identity "server_rsa", "--client-ca", trust)
      local code, text = curl(one, "localhost", "--cacert", trust, identity(name))
      assert.equal(0, code, text)
      assert.equal("yes: we have verified the client's certificate", row(text, "trusted"))
      assert.matches("CN=client ", row(text, "peer"), 1, true)
    end)
  end
end)

describe("curl and beartls serve both say why:", function()
  after_each(process.cleanup)

  -- What, the server's arguments, the name that curl looks for, curl's arguments, its exit code, what
  -- it says, what the server says of it.
  for _, case in ipairs {
    { "no certificate where the server wants one", { identity "server_rsa", "--client-ca", trust }, "localhost",
      { "--cacert", trust }, 35, "TLS alert, handshake failure (552)",
      { code = "certificate_missing", alert = "handshake_failure", sent_by = "us" } },
    { "a certificate that the server does not trust", { identity "server_rsa", "--client-ca", trust }, "localhost",
      { "--cacert", trust, identity "client_untrusted" }, 35, "TLS alert, unknown CA (560)",
      { code = "certificate_untrusted", alert = "unknown_ca", sent_by = "us" } },
    { "a client's certificate that has expired", { identity "server_rsa", "--client-ca", trust }, "localhost",
      { "--cacert", trust, identity "client_expired" }, 60, "TLS alert, certificate expired (557)",
      { code = "certificate_expired", alert = "certificate_expired", sent_by = "us" } },
    { "curl does not trust the server", identity "server_untrusted", "localhost",
      { "--cacert", trust }, 60, "TLS alert, unknown CA (560)",
      { code = "alert_unknown_ca", alert = "unknown_ca", sent_by = "peer" } },
    { "the server's certificate has expired", identity "server_expired", "localhost",
      { "--cacert", trust }, 60, "TLS alert, certificate expired (557)",
      { code = "alert_certificate_expired", alert = "certificate_expired", sent_by = "peer" } },
    { "no suite in common", identity "server_rsa", "localhost",
      { "--cacert", trust, "--ciphers", "AES256-SHA256" }, 35, "TLS alert, handshake failure (552)",
      { code = "peer_nothing_in_common", alert = "handshake_failure", sent_by = "us" } },
  } do
    it(case[1], function()
      local server = beartls_serve(case[2])
      local code, text = curl(server, case[3], case[4])
      assert.equal(case[5], code, text)
      assert.matches(case[6], text, 1, true)
      local line = server:wait_for '({[^\n]*"fact":"failure"[^\n]*})\n'
      for name, value in pairs(case[7]) do
        assert.matches(('"%s":"%s"'):format(name, value), line, 1, true)
      end
    end)
  end

  it("the certificate is for another name, which curl finds after the handshake", function()
    local server = beartls_serve(identity "server_other_host")
    local code, text = curl(server, "localhost", "--cacert", trust)
    assert.equal(60, code)
    assert.matches("no alternative certificate subject name matches target host name 'localhost'", text, 1, true)
    server:wait_for '"fact":"closed"[^\n]*"received":0'
  end)
end)

describe("In TLS 1.3 curl and beartls serve", function()
  local servers = {}
  teardown(process.cleanup)

  local function server(...)
    local key = peer.words(...)
    servers[key] = servers[key] or beartls_serve(...)
    return servers[key]
  end

  for _, kind in ipairs(peer.kinds) do
    it(("agree on every suite, the server's key being %s"):format(kind[1]), function()
      local one = server(identity("server_" .. kind[1]), "--cipher", table.concat(peer.suites13, ","))
      for _, suite in ipairs(peer.suites13) do
        local code, text = curl13(one, "localhost", "--cacert", trust, "--tls13-ciphers", suite)
        assert.equal(0, code, text)
        assert.equal("TLSv1.3", row(text, "version"))
        assert.equal(suite, row(text, "cipher suite"))
        assert.equal("localhost", row(text, "server name"))
        assert.matches("SSL connection using TLSv1.3 / " .. suite .. "\n", text, 1, true)
        assert.matches("SSL certificate verify ok", text, 1, true)
        assert.matches("ALPN: server accepted http/1.1", text, 1, true)
      end
    end)

    it(("agree on a client's certificate whose key is %s"):format(kind[1]), function()
      local code, text = curl13(server(identity "server_ec", "--client-ca", trust), "localhost", "--cacert", trust,
        identity("client_" .. kind[1]))
      assert.equal(0, code, text)
      assert.equal("yes: we have verified the client's certificate", row(text, "trusted"))
    end)
  end

  it("both say why there is no certificate where the server wants one", function()
    local one = beartls_serve(identity "server_ec", "--client-ca", trust)
    local code, text = curl13(one, "localhost", "--cacert", trust)
    assert.is_true(code ~= 0, text)
    assert.matches("tlsv13 alert certificate required", text, 1, true)
    local line = one:wait_for '({[^\n]*"fact":"failure"[^\n]*})\n'
    assert.matches('"alert":"certificate_required"', line, 1, true)
  end)
end)
