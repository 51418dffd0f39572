-- What conformance suites try on certificates, requests for them and signatures, beside what the specs of the rules
-- have.

local graph = require "support.graph"
local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted = require "support.scripted"
local scripted12 = require "support.scripted12"
local tls = require "beartls"
local wire = require "support.wire"

local DECODE, UNSUPPORTED, TWICE = "peer_malformed_message", "peer_unsupported_extension", "peer_extension_twice"
local UNEXPECTED, NOTHING = "peer_unexpected_message", "peer_nothing_in_common"
local SCHEME = "peer_signature_scheme"

local function server13(options)
  return rules.server_of_client(options)
end

local function server12(options)
  return scripted12.new(assert(rules.client_config(options):client "localhost"), false):listen()
end

local function client13(options)
  return rules.client_of_server(options)
end

local function client12(options)
  return scripted12.new(assert(rules.server_config(options):server()), true)
end

-- ---- key usage ----

-- An identity whose certificate is trusted itself, with that key usage.
local function identity(usage, kind)
  local name = (kind or "p256") .. " of " .. table.concat(usage or {}, " ")
  local pem = graph.certificate { name, key = name, dns = { "localhost" }, ku = usage }
  return { certificate = assert(tls.certificate.parse(pem)), key = graph.key(name),
    trust = assert(tls.trust.parse(pem)) }
end

describe("a key that may not sign the handshake (RFC 8446, 4.4.2.2; RFC 5246, 7.4.2, 7.4.6):", function()
  local USAGES = {
    { nil, true }, { { "digitalSignature" }, true }, { { "digitalSignature", "keyEncipherment" }, true },
    { { "keyEncipherment" }, false }, { { "keyAgreement", "keyEncipherment" }, false },
    { { "nonRepudiation", "keyEncipherment" }, false },
  }

  local function each(body)
    for _, usage in ipairs(USAGES) do
      body(identity(usage[1]), usage[2])
    end
  end

  local function judge(peer, may, encrypted)
    if may then
      peer:expect_open()
      return
    end
    local failure = peer:expect("certificate_wrong_usage", 43, encrypted)
    assert.equal("its key usage lacks digitalSignature", failure.hint)
    assert.is_nil(table.concat(failure.certificate:key_usage(), " "):find "digitalSignature")
  end

  it("a server's is refused in TLS 1.3", function()
    each(function(id, may)
      local server = server13 { trust = id.trust }:server_hello():server_flight {
        certificate = scripted.certificate(id.certificate), verify = function(s) return s:verify(id.key) end }
      judge(server:listen(), may, true)
    end)
  end)

  it("a server's is refused in TLS 1.2", function()
    each(function(id, may)
      local server = server12 { trust = id.trust }:server_hello():server_flight {
        certificate = scripted12.certificate(id.certificate),
        key_exchange = function(s) return s:key_exchange { key = id.key } end }:listen()
      if may then
        server:finish()
      end
      judge(server, may, false)
    end)
  end)

  it("a client's is refused in TLS 1.3", function()
    each(function(id, may)
      local client = client13 { verify_client = "require", trust = id.trust }:client_hello():listen()
      client:say(scripted.certificate(id.certificate)):say(client:verify(id.key))
      if may then
        client:client_flight():listen()
      end
      judge(client, may, true)
    end)
  end)

  it("a client's is refused in TLS 1.2", function()
    each(function(id, may)
      if may then
        return
      end
      local client = client12 { verify_client = "require", trust = id.trust }:client_hello():listen()
      client:say(client.certificate(id.certificate)):client_key_exchange():say(client:verify(id.key))
      judge(client, may, false)
    end)
  end)

  it("is refused even where nothing else of the certificate is looked at", function()
    local id = identity { "keyEncipherment" }
    local server = server13 { insecure_no_verify = true }:server_hello():server_flight {
      certificate = scripted.certificate(id.certificate), verify = function(s) return s:verify(id.key) end }
    judge(server, false, true)
  end)
end)

-- ---- requests ----

describe("a client's answer to a CertificateRequest of TLS 1.2 (RFC 5246, 7.4.4, 7.4.6; RFC 8422, 5.5):", function()
  local RSA, ECDSA, DSS = 1, 64, 2
  local PKCS1, PSS, P256, ED25519 = 0x0401, 0x0804, 0x0403, 0x0807

  local function answer(name, types, schemes)
    local server = server12 { certificate = pki.path(name .. ".pem"), key = pki.path(name .. ".key") }:server_hello()
    local list = {}
    for i, number in ipairs(types) do
      list[i] = string.char(number)
    end
    server:server_flight { request = wire.message(13, hello.vector(1, table.concat(list)) .. hello.list(schemes)
      .. "\0\0") }:listen()
    local shown, verified
    for _, message in ipairs(server.messages) do
      if message:byte() == 11 then
        shown = #message > 7
      elseif message:byte() == 15 then
        verified = message:byte(5) * 256 + message:byte(6)
      end
    end
    return shown, verified
  end

  for _, case in ipairs {
    { "client_rsa", { RSA }, { PKCS1 }, PKCS1 },
    { "client_rsa", { DSS, RSA, ECDSA }, { 0x2a01, P256, PSS, 0xff01 }, PSS },
    { "client_rsa", { ECDSA }, { P256, PKCS1, PSS } },
    { "client_rsa", { RSA }, { P256 } },
    { "client_rsa", { RSA }, { 0x0101 } },
    { "client_rsa_pss", { RSA }, { 0x0809 }, 0x0809 },
    { "server_rsa1024", { RSA }, { 0x0806 } }, -- too short for SHA-512 (RFC 8017, 9.1.1)
    { "server_rsa1024", { RSA }, { 0x0806, 0x0805 }, 0x0805 },
    { "client_ec", { ECDSA }, { P256 }, P256 },
    { "client_ec", { RSA }, { P256, PKCS1 } },
    { "client_ec", { ECDSA }, { 0x0503 }, 0x0503 },
    { "client_ec", { DSS }, { P256 } },
    { "client_ed25519", { ECDSA }, { ED25519 }, ED25519 },
    { "client_ed25519", { RSA }, { ED25519 } },
    { "client_ed25519", { ECDSA }, { P256 } },
  } do
    it(("%s for types %s and schemes %s: %s"):format(case[1], table.concat(case[2], " "), table.concat(case[3], " "),
      case[4] and ("signs with %d"):format(case[4]) or "an empty Certificate"), function()
      local shown, verified = answer(case[1], case[2], case[3])
      assert.same({ case[4] ~= nil, case[4] }, { shown, verified })
    end)
  end
end)

describe("a CertificateRequest of TLS 1.3 (RFC 8446, 4.3.2):", function()
  local SCHEMES = "\0\13\0\4\0\2\4\3"
  local function request(extensions)
    return wire.message(13, "\0" .. hello.vector(2, extensions))
  end

  for _, case in ipairs {
    { "with signature_algorithms twice", SCHEMES .. SCHEMES, TWICE, 47 },
    { "with half a scheme for certificates", SCHEMES .. "\0\50\0\5\0\3\4\3\0", DECODE, 50 },
    { "with empty signature_algorithms_cert", SCHEMES .. "\0\50\0\2\0\0", DECODE, 50 },
    { "with something behind its schemes", "\0\13\0\5\0\2\4\3\0", DECODE, 50 },
    { "with an extension that is cut off", SCHEMES .. "\122\122\0\1", DECODE, 50 },
  } do
    it(case[1] .. " is refused", function()
      server13():server_hello():server_flight { request = request(case[2]) }:expect(case[3], case[4], true)
    end)
  end

  it("is answered with what its schemes allow, and with nothing if there is nothing", function()
    for _, case in ipairs { { "client_rsa", 0x0401 }, { "client_rsa", 0x0804, true }, { "client_ec", 0x0403, true },
      { "client_ec", 0x0503 }, { "client_ed25519", 0x0807, true }, { "client_ed25519", 0x0403 } } do
      local server = server13 { certificate = pki.path(case[1] .. ".pem"), key = pki.path(case[1] .. ".key") }
      server:server_hello():server_flight { request = request("\0\13" .. hello.vector(2,
        hello.list { 0x2a01, case[2], 0xff01 }) .. "\0\50\0\4\0\2\4\1\122\122\0\0") }:listen():expect_open()
      assert.equal(case[3] and 1 or 0, server:heard(15))
    end
  end)
end)

-- ---- certificates ----

describe("a server's Certificate, as a client of TLS 1.3 reads it (RFC 8446, 4.4.2):", function()
  local OCSP = "\1\0\0\4\48\2\5\0"
  local function shown(extensions, behind)
    return scripted.certificate("server_ec", function(p)
      p.extensions = hello.extensions(extensions)
    end), behind
  end

  for _, case in ipairs {
    { "with signed_certificate_timestamp that was not asked for", { { 18, "\0\4\0\2xx" } }, UNSUPPORTED, 110 },
    { "with GREASE", { { 0x7A7A, "" } }, UNSUPPORTED, 110 },
    { "with OCSP twice", { { 5, OCSP }, { 5, OCSP } }, TWICE, 47 },
    { "with an empty OCSP response", { { 5, "\1\0\0\0" } }, DECODE, 50 },
    { "with another type of status", { { 5, "\2\0\0\1x" } }, DECODE, 50 },
    { "with OCSP without contents", { { 5, "" } }, DECODE, 50 },
  } do
    it(case[1] .. " is refused", function()
      server13():server_hello():server_flight { certificate = (shown(case[2])) }:expect(case[3], case[4], true)
    end)
  end

  it("extensions of intermediates are read, and mean nothing", function()
    local chain = assert(tls.certificate.load(pki.path "server_chain_ec.pem"))
    local function entries(extensions)
      local list, der = {}, chain:der()
      local first = hello.vector(3, der) .. "\0\0"
      list[1] = first
      list[2] = hello.vector(3, assert(tls.certificate.load(pki.path "intermediate_ec.pem")):der())
        .. hello.extensions(extensions)
      return wire.message(11, "\0" .. hello.vector(3, table.concat(list)))
    end
    for _, case in ipairs {
      { { { 5, OCSP } } }, { { { 18, "" } }, UNSUPPORTED, 110 }, { { { 5, OCSP }, { 5, OCSP } }, TWICE, 47 },
    } do
      local server = server13 { trust = pki.path "trust.pem" }:server_hello():server_flight {
        certificate = entries(case[1]), verify = function(s) return s:verify "server_chain_ec" end }
      if case[2] then
        server:expect(case[2], case[3], true)
      else
        server:listen():expect_open()
      end
    end
  end)

  it("who shows a pre-shared key shows no certificate, and asks for none", function()
    local key = ("k"):rep(32)
    for _, message in ipairs { scripted.certificate "server_ec", wire.message(13, "\0\0\8\0\13\0\4\0\2\4\3"),
      wire.message(15, "\4\3\0\1x") } do
      local config = rules.client_config { psks = { { identity = "us", key = key } } }
      local server = scripted.new(assert(config:client "localhost"), false, { psk = key, external = true }):listen()
      server:server_hello(function(h) hello.add(h, hello.PRE_SHARED_KEY, "\0\0") end)
      server:say(scripted.encrypted_extensions()):say(message):expect(UNEXPECTED, 10, true)
    end
  end)
end)

-- ---- signatures ----

describe("the signature of a server of TLS 1.2 (RFC 5246, 7.4.1.4.1; RFC 8422, 5.4):", function()
  for _, case in ipairs {
    { "MD5", 0x0101 }, { "GREASE", 0x7A7A }, { "zero", 0 }, { "SHA-1", 0x0203 }, { "PSS", 0x0804 },
    { "Ed25519", 0x0807 },
  } do
    it(("with %s is refused"):format(case[1]), function()
      server12():server_hello():server_flight { key_exchange = function(s)
        return s:key_exchange { number = case[2] }
      end }:expect(SCHEME, 47, false)
    end)
  end
end)

describe("a server of TLS 1.2 signs", function()
  local function hello_of(change)
    return function(h)
      hello.put(h, hello.GROUPS, hello.list { hello.X25519, hello.SECP256R1 })
      change(h)
    end
  end

  it("with SHA-1 for who names no scheme, if its config names that (RFC 5246, 7.4.1.4.1)", function()
    local client = client12 { signature_schemes = { "ecdsa_secp256r1_sha256", "ecdsa_sha1" } }
    client:client_hello(hello_of(function(h) hello.remove(h, hello.SCHEMES) end)):listen()
    for _, message in ipairs(client.messages) do
      if message:byte() == 12 then
        local at = 8 + message:byte(8)
        assert.equal("\2\3", message:sub(at + 1, at + 2))
      end
    end
    client:finish():expect_open()
  end)

  it("with no key on a curve that the client does not know (RFC 8422, 5.1.1)", function()
    client12():client_hello(function(h) hello.put(h, hello.GROUPS, hello.list { hello.X25519 }) end)
      :expect(NOTHING, 40, false)
    local p384 = { certificate = pki.path "server_p384.pem", key = pki.path "server_p384.key" }
    local function curves(list, options)
      return client12(options):client_hello(function(h)
        hello.put(h, hello.GROUPS, hello.list(list))
        hello.put(h, hello.SCHEMES, hello.list { 0x0403, 0x0503 })
      end)
    end
    curves({ 29, 23 }, p384):expect(NOTHING, 40, false)
    curves({ 29, 24 }, p384):listen():finish():expect_open()
    -- The certificate of P-256, which is there besides.
    curves({ 29, 23 }, { identities = { p384 } }):listen():finish():expect_open()
  end)

  it("with no scheme that is too long for its key (RFC 8017, 9.1.1)", function()
    local function schemes(list)
      return client12 { certificate = pki.path "server_rsa1024.pem", key = pki.path "server_rsa1024.key" }
        :client_hello(function(h)
          h.suites = { 0xC02F }
          hello.put(h, hello.SCHEMES, hello.list(list))
        end)
    end
    schemes { 0x0806 }:expect(NOTHING, 40, false)
    local client = schemes { 0x0806, 0x0805 }:listen()
    assert.equal(1, client:heard(12))
  end)

  it("with any key for who names no group", function()
    client12 { groups = { "x25519" } }:client_hello(function(h) hello.remove(h, hello.GROUPS) end):listen():finish()
      :expect_open()
  end)
end)

describe("a chain of 51 certificates, most of which nobody needs,", function()
  local leaf = assert(tls.certificate.load(pki.path "server_chain_ec.pem")):der()
  local issuer = assert(tls.certificate.load(pki.path "intermediate_ec.pem")):der()
  local stranger = assert(tls.certificate.load(pki.path "server_rsa4096.pem")):der()
  local function chain(behind)
    local list = { hello.vector(3, leaf) .. behind }
    for i = 2, 51 do
      list[i] = hello.vector(3, i == 51 and issuer or stranger) .. behind
    end
    return hello.vector(3, table.concat(list))
  end

  it("is believed in TLS 1.3 and in TLS 1.2", function()
    local options = { trust = pki.path "trust.pem" }
    server13(options):server_hello():server_flight { certificate = wire.message(11, "\0" .. chain "\0\0"),
      verify = function(s) return s:verify "server_chain_ec" end }:listen():expect_open()
    server12(options):server_hello():server_flight { certificate = wire.message(11, chain ""),
      key_exchange = function(s) return s:key_exchange { key = "server_chain_ec" } end }:listen():finish():expect_open()
  end)
end)
