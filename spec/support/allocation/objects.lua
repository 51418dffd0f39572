-- objects.lua: for failalloc.c: certificates, keys, trust, configs, and what can be wrong with them. Gives a function;
-- what is loaded before is not tried.

local core = require "beartls.core"
local pki = require "support.pki"
local revocation = require "support.revocation"
local tls = require "beartls"

local text = {}
for _, name in ipairs { "trust.pem", "server_chain_ec.pem", "server_ec.pem", "server_ec.key", "server_rsa.pem",
  "key_pkcs1.der", "key_pkcs8.der", "key_sec1.pem", "key_crlf.pem", "key_two.pem", "key_oversized.der",
  "key_ed25519.pem", "key_proc_type.pem" } do
  text[name] = pki.read(name)
end

-- What an authority says about a certificate of its own.
local made = {}
do
  local function clock() return pki.NOW end
  local ca = assert(require("beartls.pki").ca { name = "root", time = clock })
  made.root, made.leaf = ca.certificate:pem(), assert(ca:issue { name = "leaf", client = true }).certificate
  local about = { key = ca.key, issuer = ca.certificate, now = pki.NOW - 1 }
  about.entries = { { serial = made.leaf:serial(), reason = 1 }, { serial = "07" } }
  made.crl = revocation.crl(about)
  about.answers = { { certificate = made.leaf } }
  made.ocsp = revocation.ocsp(about)
end

-- A function with arguments must answer nil and a code, of which this is the third.
local function fails(code, ...)
  local value, _, got = ...
  assert(value == nil and got == code, got)
end

local function certificates()
  local certificate = assert(tls.certificate.parse(text["server_rsa.pem"]))
  for _, method in ipairs { "subject", "issuer", "common_name", "serial", "version", "not_before", "not_after",
    "dns_names", "ip_addresses", "key_type", "key_bits", "signature_algorithm", "fingerprint", "pin", "der", "pem",
    "key_usage", "extended_key_usage", "names", "subject_attributes", "extensions", "list" } do
    assert(certificate[method](certificate), method)
  end
  assert(certificate:matches_name "localhost")
  assert(tls.certificate.parse(certificate:der()):pem() == certificate:pem())
  fails("certificate_malformed", tls.certificate.parse(certificate:der():sub(1, -2)))
  fails("config_no_certificate", tls.certificate.parse(text["server_ec.key"]))
end

local function keys()
  for _, name in ipairs { "server_ec.key", "key_pkcs1.der", "key_pkcs8.der", "key_sec1.pem", "key_crlf.pem",
    "key_ed25519.pem" } do
    local key = assert(tls.key.parse(text[name]))
    assert(key:type() and key:bits() and key:pin() and key:pem() and key:public())
  end
  local key = assert(tls.key.generate "p256")
  assert(key:sign("ecdsa_secp256r1_sha256", "message"))
  assert(tls.key.parse(text["key_proc_type.pem"], "password") or true)
  fails("config_key_ambiguous", tls.key.parse(text["key_two.pem"]))
  fails("config_key_malformed", tls.key.parse(text["key_oversized.der"]))
  fails("config_no_key", tls.key.parse(text["server_ec.pem"]))
end

local function trusts()
  local trust = assert(tls.trust.parse(text["trust.pem"]))
  assert(#trust:list() > 0 and trust:memory() > 0)
  assert(trust:add(text["server_ec.pem"]))
  local chain = assert(tls.certificate.parse(text["server_chain_ec.pem"]))
  assert(trust:verify(chain, { name = "localhost", usage = "server", time = pki.NOW }))
  fails("certificate_name_mismatch", trust:verify(chain, { name = "elsewhere.test", time = pki.NOW }))
end

local function revocations()
  local crls = assert(tls.crls.parse(made.crl))
  assert(#crls == 1 and crls:list()[1].count == 2 and crls:find(made.leaf) and #crls:entries() == 2)
  local trust = assert(tls.trust.parse(made.root))
  fails("certificate_revoked", trust:verify(made.leaf, { usage = "client", time = pki.NOW, crls = crls }))
  assert(trust:verify(made.leaf, { usage = "client", time = pki.NOW, ocsp = made.ocsp }))
  assert(tls.ocsp.decode(made.ocsp).answers[1].state == "good")
  fails("crl_malformed", tls.crls.parse(made.crl:sub(1, -2)))
  assert(#assert(assert(tls.config { trust = trust, crls = crls }):identity()) == 64)
end

local function configs()
  local certificate, key = tls.certificate.parse(text["server_ec.pem"]), tls.key.parse(text["server_ec.key"])
  local config = assert(tls.config {
    identities = { { certificate = certificate, key = key }, { certificate = certificate, key = key } },
    trust = tls.trust.parse(text["trust.pem"]), verify_client = "request", alpn = { "h2", "http/1.1" },
    cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" }, groups = { "x25519", "secp256r1" },
    pins = { certificate:pin() },
  })
  assert(config:server():state() and config:client("localhost"):drain())
  fails("config_key_mismatch", tls.config { certificate = certificate, key = tls.key.parse(text["key_pkcs1.der"]) })
  fails("config_unknown_name", tls.config { groups = { "nothing" } })
  fails("config_ticket_malformed", tls.ticket.decode "nothing")
  assert(not pcall(tls.config, { certficate = certificate }))
end

local function functions()
  assert(#core.hash("sha256", "x") == 32 and #core.random(64) == 64)
  assert(core.pem_decode(core.pem_encode("THING", ("x"):rep(500))))
  assert(core.ip_text(core.ip_address "2001:db8::1") == "2001:db8::1")
end

return function()
  certificates()
  keys()
  trusts()
  revocations()
  configs()
  functions()
end
