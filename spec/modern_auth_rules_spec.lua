-- The rules of authentication in TLS 1.3, each broken once by a peer that otherwise does everything right.

local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted = require "support.scripted"
local tls = require "beartls"
local wire = require "support.wire"

local ILLEGAL, DECODE, MISSING = "peer_illegal_parameter", "peer_malformed_message", "peer_missing_extension"
local MISPLACED, UNSUPPORTED, UNEXPECTED = "peer_extension_misplaced", "peer_unsupported_extension",
  "peer_unexpected_message"
local SCHEME, SIGNATURE, FINISHED = "peer_signature_scheme", "peer_bad_signature", "peer_bad_finished"

-- A server that shows a certificate and breaks one step of its flight.
local function broken_server(instead, options)
  local server = rules.server_of_client(options)
  return server:server_hello():server_flight(instead)
end

local function broken_client(options)
  options = options or {}
  options.verify_client = options.verify_client or "require"
  options.trust = options.trust or pki.path "client_ec.pem"
  return rules.client_of_server(options):client_hello():listen()
end

describe("hard point 11, CertificateVerify (RFC 8446, 4.4.3, 4.2.3):", function()
  local function verify(how, name)
    return function(peer) return peer:verify(name or "server_ec", how) end
  end
  local function with(name)
    return { trust = pki.path(name .. ".pem") }
  end

  for _, case in ipairs {
    { "the client's context string", verify { context = "TLS 1.3, client CertificateVerify" }, SIGNATURE, 51 },
    { "another transcript", verify { hash = ("h"):rep(32) }, SIGNATURE, 51 },
    { "another key", verify(nil, "client_ec"), SIGNATURE, 51 },
    { "a signature of nothing", verify { signature = "" }, SIGNATURE, 51 },
    { "a signature that is no DER", verify { signature = ("s"):rep(70) }, SIGNATURE, 51 },
    { "ECDSA with SHA-1", verify { number = 0x0203 }, SCHEME, 47 },
    { "a hash that does not belong to its curve",
      verify { scheme = "ecdsa_secp256r1_sha256", number = 0x0503 }, SCHEME, 47 },
    { "the scheme of another kind of key", verify { number = 0x0804 }, SCHEME, 47 },
    { "a scheme that does not exist", verify { number = 0x7a7a }, SCHEME, 47 },
    { "PKCS#1", verify({ scheme = "rsa_pkcs1_sha256", number = 0x0401 }, "server_rsa"), SCHEME, 47, "server_rsa" },
    { "PKCS#1 with SHA-1", verify({ scheme = "rsa_pkcs1_sha256", number = 0x0201 }, "server_rsa"), SCHEME, 47,
      "server_rsa" },
    { "a PSS scheme for RSASSA-PSS keys", verify({ scheme = "rsa_pss_rsae_sha256", number = 0x0809 }, "server_rsa"),
      SCHEME, 47, "server_rsa" },
    { "PSS of another hash than it says", verify({ scheme = "rsa_pss_rsae_sha384", number = 0x0804 }, "server_rsa"),
      SIGNATURE, 51, "server_rsa" },
    { "nothing", wire.message(15, ""), DECODE, 50 },
    { "something behind the signature", wire.message(15, "\4\3\0\1xy"), DECODE, 50 },
  } do
    it(("a server that signs with %s is refused"):format(case[1]), function()
      broken_server({ verify = case[2], certificate = case[5] and scripted.certificate(case[5]) },
        case[5] and with(case[5])):expect(case[3], case[4], true)
    end)
  end

  it("a scheme that was not offered is refused, though we know it", function()
    broken_server({ certificate = scripted.certificate "server_p384",
      verify = verify({ scheme = "ecdsa_secp384r1_sha384", number = 0x0503 }, "server_p384") },
      { trust = pki.path "server_p384.pem", signature_schemes = { "ecdsa_secp256r1_sha256" } }):expect(SCHEME, 47, true)
  end)

  it("a server that shows no signature is refused", function()
    broken_server { verify = false }:expect(UNEXPECTED, 10, true)
  end)

  for _, case in ipairs {
    { "the server's context string", { context = "TLS 1.3, server CertificateVerify" }, SIGNATURE, 51 },
    { "another scheme than was offered", { number = 0x0203 }, SCHEME, 47 },
  } do
    it(("a client that signs with %s is refused"):format(case[1]), function()
      local client = broken_client()
      client:say(client.certificate "client_ec"):say(client:verify("client_ec", case[2])):expect(case[3], case[4], true)
    end)
  end

  it("a client that shows a certificate and no signature is refused", function()
    local client = broken_client()
    client:say(client.certificate "client_ec"):say(client:finished()):expect(UNEXPECTED, 10, true)
  end)
end)

describe("hard point 12, RSA-PSS in the handshake (RFC 8017, 9.1; RFC 8446, 4.2.3):", function()
  it("a server with an RSA key signs with PSS, never with PKCS#1", function()
    local client = rules.client_of_server { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" }
    client:client_hello(function(h) hello.put(h, hello.SCHEMES, hello.list { 0x0401, 0x0201, 0x0806 }) end):listen()
    for _, message in ipairs(client.messages) do
      if message:byte() == 15 then
        assert.equal("\8\6", message:sub(5, 6))
      end
    end
    client:client_flight():listen():expect_open()
  end)

  it("a server with an RSA key has nothing for a client without PSS", function()
    local client = rules.client_of_server { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" }
    client:client_hello(function(h) hello.put(h, hello.SCHEMES, hello.list { 0x0401, 0x0201 }) end)
      :expect("peer_nothing_in_common", 40, false)
  end)

  it("a salt of another length than the hash's is refused", function()
    -- The signature of a key with another scheme has another salt; one byte changed has none at all.
    local key = assert(tls.key.load(pki.path "server_rsa.key"))
    local server = rules.server_of_client { trust = pki.path "server_rsa.pem" }
    local signature = assert(key:sign("rsa_pss_rsae_sha512", "x"))
    server:server_hello():server_flight { certificate = scripted.certificate "server_rsa",
      verify = function(s) return s:verify("server_rsa", { number = 0x0804, signature = signature }) end }
    server:expect(SIGNATURE, 51, true)
  end)
end)

describe("hard point 13, certificates (RFC 8446, 4.3.2, 4.4.2):", function()
  local function request(body)
    return { request = wire.message(13, body) }
  end
  local SCHEMES = "\0\13\0\4\0\2\4\3"

  for _, case in ipairs {
    { "without signature_algorithms", "\0\0\0", MISSING, 109 },
    { "with a context", "\1x\0\8" .. SCHEMES, ILLEGAL, 47 },
    { "with empty signature_algorithms", "\0\0\6\0\13\0\2\0\0", DECODE, 50 },
    { "with half a scheme", "\0\0\9\0\13\0\5\0\3\4\3\0", DECODE, 50 },
    { "with an extension of ServerHello", "\0\0\12\0\51\0\0" .. SCHEMES, MISPLACED, 47 },
    { "with empty certificate_authorities", "\0\0\14\0\47\0\2\0\0" .. SCHEMES, DECODE, 50 },
    { "with an empty authority", "\0\0\16\0\47\0\4\0\2\0\0" .. SCHEMES, DECODE, 50 },
    { "with something behind it", "\0\0\8" .. SCHEMES .. "x", DECODE, 50 },
    { "that is empty", "", DECODE, 50 },
  } do
    it(("a CertificateRequest %s is refused"):format(case[1]), function()
      broken_server(request(case[2])):expect(case[3], case[4], true)
    end)
  end

  it("a CertificateRequest with what nobody knows is taken, and answered with an empty Certificate", function()
    local server = broken_server(request("\0\0\12\122\122\0\0" .. SCHEMES)):listen()
    assert.equal("\11\0\0\4\0\0\0\0", server.messages[2])
    server:expect_open()
  end)

  it("a second CertificateRequest is refused", function()
    local server = rules.server_of_client()
    local message = wire.message(13, "\0\0\8" .. SCHEMES)
    server:server_hello():say(server.encrypted_extensions(), message, message):expect(UNEXPECTED, 10, true)
  end)

  for _, case in ipairs {
    { "that is empty", scripted.certificate(nil), "certificate_missing", 50 },
    { "with a context", function() return scripted.certificate("server_ec", function(p) p.context = "x" end) end,
      ILLEGAL, 47 },
    { "with an empty entry", function()
      return scripted.certificate("server_ec", function(p) p.entries = "\0\0\0\0\0" end)
    end, DECODE, 50 },
    { "with OCSP that was not asked for in that form", function()
      return scripted.certificate("server_ec", function(p) p.extensions = "\0\5\0\5\0\1\2" end)
    end, DECODE, 50 },
    { "with an extension that was not asked for", function()
      return scripted.certificate("server_ec", function(p) p.extensions = "\0\4\122\122\0\0" end)
    end, UNSUPPORTED, 110 },
    { "with an extension of another message", function()
      return scripted.certificate("server_ec", function(p) p.extensions = "\0\4\0\10\0\0" end)
    end, MISPLACED, 47 },
    { "that is cut off", wire.message(11, "\0\0\0\9\0\0\5xx"), DECODE, 50 },
    { "with something behind its list", wire.message(11, "\0\0\0\0\0"), DECODE, 50 },
    { "that is no certificate", wire.message(11, "\0\0\0\10\0\0\5xxxxx\0\0"), "certificate_malformed", 42 },
  } do
    it(("a server's Certificate %s is refused"):format(case[1]), function()
      broken_server { certificate = case[2] }:expect(case[3], case[4], true)
    end)
  end

  it("a client's empty Certificate is refused where one is required, and else taken", function()
    local client = broken_client()
    client:say(client.certificate()):expect("certificate_missing", 116, true)
    client = broken_client { verify_client = "request" }
    client:say(client.certificate()):client_flight():listen():expect_open()
  end)

  it("a client that has been asked must answer, and who has not been asked must not", function()
    local client = broken_client()
    client:say(client:finished()):expect(UNEXPECTED, 10, true)
    client = rules.client_of_server():client_hello():listen()
    client:say(client.certificate "client_ec"):expect(UNEXPECTED, 10, true)
  end)

  it("a client's Certificate with a context, or with what was not asked for, is refused", function()
    local client = broken_client()
    client:say(client.certificate("client_ec", function(p) p.context = "x" end)):expect(ILLEGAL, 47, true)
    client = broken_client()
    client:say(client.certificate("client_ec", function(p) p.extensions = "\0\9\0\5\0\5\1\0\0\1x" end))
      :expect(UNSUPPORTED, 110, true)
  end)

  it("no signature is taken behind an empty Certificate", function()
    local client = broken_client { verify_client = "request" }
    client:say(client.certificate()):say(client:verify "client_ec"):expect(UNEXPECTED, 10, true)
  end)

  for _, role in ipairs { "server", "client" } do
    for _, case in ipairs {
      { "wrong", function(right) return right:sub(1, -2) .. (right:sub(-1) == "x" and "y" or "x") end, FINISHED, 51 },
      { "too short", function(right) return wire.message(20, right:sub(5, -2)) end, DECODE, 50 },
      { "too long", function(right) return wire.message(20, right:sub(5) .. "x") end, DECODE, 50 },
      { "empty", function() return wire.message(20, "") end, DECODE, 50 },
    } do
      it(("a Finished of the %s that is %s is refused"):format(role, case[1]), function()
        if role == "server" then
          broken_server { finished = function(peer) return case[2](peer:finished()) end }:expect(case[3], case[4], true)
        else
          local client = rules.client_of_server():client_hello():listen()
          client:say(case[2](client:finished())):expect(case[3], case[4], true)
        end
      end)
    end
  end
end)

describe("hard points 23 and 24, the verdict in the handshake (RFC 5280, 6; RFC 9525, 6):", function()
  for _, case in ipairs {
    { "server_untrusted", "certificate_untrusted", 48 },
    { "server_expired", "certificate_expired", 45 },
    { "server_other_host", "certificate_name_mismatch", 42 },
    { "server_cn_only", "certificate_name_mismatch", 42 },
    { "server_client_eku", "certificate_wrong_usage", 43 },
    { "server_not_from_ca", nil, nil },
  } do
    it(("a server with %s is told why, before its signature is looked at"):format(case[1]), function()
      local server = rules.server_of_client { trust = pki.path "trust.pem" }
      server:server_hello():say(server.encrypted_extensions()):say(server.certificate(case[1]))
      local failure = server.session:failure()
      assert.matches("^certificate_", failure.code)
      server:expect(case[2] or failure.code, case[3] or failure.alert_number, true)
    end)
  end
end)
