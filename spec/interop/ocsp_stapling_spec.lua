-- OCSP responses stapled in the handshake: OpenSSL in both roles, TLS 1.3 and TLS 1.2.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local revocation = require "support.revocation"
local tls = require "beartls"

local it = peer.needs("openssl", it, pending)

-- A file with what the authority says of server_ec, and its bytes.
local function response(state)
  local bytes = revocation.ocsp { issuer = assert(tls.certificate.load(pki.path "root_ec.pem")),
    key = assert(tls.key.load(pki.path "root_ec.key")), now = pki.NOW - 3600,
    answers = { { certificate = assert(tls.certificate.load(pki.path "server_ec.pem")), state = state } } }
  local path = process.tmpdir() .. "/response"
  process.write_file(path, bytes)
  return path, bytes
end

for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
  describe(("In %s a stapled OCSP response"):format(version), function()
    after_each(peer.hang_up)
    after_each(process.cleanup)

    it("of s_server reaches our client, which believes it", function()
      local path, bytes = response "good"
      local server = peer.s_server({ peer.identity "server_ec", "-status_file", path }, { open = true })
      local stream, message = peer.connect(server.port, { max_version = version })
      assert(stream, message)
      assert.equal(version, stream:version())
      assert.is_true(stream:verified())
      assert.is_true(bytes == stream:ocsp_response())
    end)

    it("of s_server that says that the certificate is revoked ends the handshake", function()
      local server = peer.s_server({ peer.identity "server_ec", "-status_file", (response "revoked") }, { open = true })
      local stream, _, code, failure = peer.connect(server.port, { max_version = version })
      assert.is_nil(stream)
      assert.equal("certificate_revoked", code)
      assert.equal("certificate_revoked", failure.alert)
      server:wait_for "alert certificate revoked"
    end)

    it("of ours reaches s_client if it asks for one", function()
      local path = response "good"
      local config = peer.config { identity = "server_ec", staple = path, max_version = version }
      local listener, port = peer.listen()
      for _, asks in ipairs { true, false } do
        local client = peer.s_client(port, { "-CAfile", pki.path "trust.pem", "-attime", pki.NOW,
          "-verify_return_error", asks and "-status" })
        local stream, message = peer.accept(listener, config)
        assert(stream, message)
        assert.equal(version, stream:version())
        stream:receive "*a"
        stream:close()
        local exit, text = client:wait()
        assert.equal(0, exit, text)
        assert.equal(asks, text:find("Cert Status: good", 1, true) ~= nil)
      end
      listener:close()
    end)
  end)
end
