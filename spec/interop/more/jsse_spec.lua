-- Java's JSSE in both roles: see support/JssePeer.java. Run by `make interop-more`.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("java", it, pending)

local trust = pki.path "trust.pem"
-- What it has of ours: AES-CCM it has not.
local suites = {
  ["TLSv1.3"] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256" },
  ["TLSv1.2"] = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
}
local SECONDS = 40

-- JSSE on the identity of a fixture.
local function jsse(role, name, how, ...)
  local keys = process.tmpdir() .. "/keys.p12"
  local said, code = process.run(peer.words("openssl", "pkcs12", "-export", "-in", pki.path(name .. ".pem"), "-inkey",
    pki.path(name .. ".key"), "-passout", "pass:secret", "-out", keys))
  assert.equal(0, code, said)
  return process.start(peer.words("java", "-Xshare:auto", "spec/support/JssePeer.java", role, keys, trust, ...), how)
end

local function fact(line, name)
  return line:match("%f[%w]" .. name .. "=([^;\n]*)")
end

describe("JSSE's server and our client agree on", function()
  after_each(peer.hang_up)
  after_each(process.cleanup)

  for _, kind in ipairs { "rsa", "ec", "p384", "p521" } do
    it("every suite with every group, client certificates and resumption, its key being " .. kind, function()
      local server = jsse("server", "server_" .. kind, {}, "client-auth")
      local port = tonumber((server:wait_for("port (%d+)\n", SECONDS)))
      for _, suite in ipairs(suites["TLSv1.3"]) do
        for _, group in ipairs(peer.groups) do
          local stream, message = peer.connect(port, { cipher_suites = { suite }, groups = { group, "secp256r1",
            "secp384r1", "secp521r1" }, identity = "client_ec", alpn = { "b" } })
          assert(stream, message)
          assert.equal("TLSv1.3", stream:version())
          local line = stream:receive "*l"
          assert.equal(suite, fact(line, "cipher"))
          assert.equal("b", stream:alpn())
          assert.matches("CN=client EC", fact(line, "peer"), 1, true)
          stream:close()
        end
      end
      for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
        local config, ticket = peer.config { identity = "client_ec", max_version = version }, nil
        for i = 1, 3 do
          local stream, message = peer.connect(port, config, { ticket = ticket })
          assert(stream, message)
          assert.equal(version, stream:version())
          assert.equal(i > 1, stream:resumed())
          assert.matches("CN=client EC", fact(stream:receive "*l", "peer"), 1, true)
          assert(stream:send "goes round\n")
          assert.equal("goes round", stream:receive "*l")
          ticket = assert(stream:ticket())
          stream:close()
        end
      end
    end)
  end
end)

describe("JSSE's client and our server agree on", function()
  local listener, port, client
  setup(function()
    listener, port = peer.listen()
    if process.has "java" then
      client = jsse("client", "client_rsa", { open = true })
      client:wait_for("ready\n", SECONDS)
    end
  end)
  after_each(peer.hang_up)
  teardown(function()
    process.cleanup()
    listener:close()
  end)

  -- What our stream is, and what the client says of it.
  local function meet(config, version, suite)
    process.write_file(client.files.out, "")
    client:send(("%d %s %s\n"):format(port, version, suite))
    local stream, message = peer.accept(listener, config)
    assert(stream, message)
    assert.equal("from Java", stream:receive "*l")
    assert(stream:send "from us\n")
    local line = client:wait_for "(version=[^\n]*)\n"
    assert.equal("from us", fact(line, "line"))
    assert.equal(version, stream:version())
    assert.equal(version, fact(line, "version"))
    assert.equal(suite, fact(line, "cipher"))
    stream:close()
    return stream, line
  end

  for _, kind in ipairs { "rsa", "ec", "p384", "p521", "rsa_pss", "ed25519" } do
    it("every suite and group, mutual, our key being " .. kind, function()
      for _, suite in ipairs(suites["TLSv1.3"]) do
        for _, group in ipairs(peer.groups) do
          local stream, line = meet(peer.config { identity = "server_" .. kind, groups = { group },
            verify_client = "require", alpn = { "b" } }, "TLSv1.3", suite)
          assert.equal(group, stream:group())
          assert.is_true(stream:verified())
          assert.equal("b", fact(line, "alpn"))
        end
      end
    end)
  end

  for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
    it("a session to resume, " .. version, function()
      local config = peer.config { identity = "server_ec", verify_client = "require" }
      for i = 1, 3 do
        local stream = meet(config, version, suites[version][1])
        assert.equal(i > 1, stream:resumed())
        assert.matches("CN=client RSA", stream:peer_certificate():subject(), 1, true)
      end
    end)
  end
end)
