-- What beartls issues, read and judged by OpenSSL and GnuTLS, whose parsers are strict in different ways.
local issuing = require "beartls.pki"
local process = require "support.process"

local dir

local function write(name, text)
  process.write_file(dir .. "/" .. name, text)
  return dir .. "/" .. name
end

local function fine(command, ...)
  local output, code = process.run(command:format(...))
  assert.equal(0, code, output)
  return output
end

local function both_accept(ca, identity, host, client)
  local root = write("root.pem", ca.root:pem())
  local leaf = write("leaf.pem", identity.certificate:pem())
  local name = host and "-verify_hostname " .. host or ""
  assert.matches("leaf.pem: OK", fine("openssl verify -x509_strict -purpose %s %s -CAfile %s -untrusted %s %s",
    client and "sslclient" or "sslserver", name, root, leaf, leaf))
  assert.matches("Chain verification output: Verified. The certificate is trusted.",
    fine("certtool --verify --verify-profile=medium --verify-purpose=1.3.6.1.5.5.7.3.%d %s --load-ca-certificate %s "
      .. "--infile %s", client and 2 or 1, host and "--verify-hostname=" .. host or "", root, leaf), 1, true)
end

describe("what beartls issues", function()
  setup(function()
    dir = process.tmpdir()
  end)
  teardown(process.cleanup)

  for _, kind in ipairs { "p256", "p384", "p521", "ed25519", "rsa2048" } do
    it("is believed by OpenSSL and GnuTLS, with keys of the kind " .. kind, function()
      local ca = assert(issuing.ca { key_kind = kind })
      both_accept(ca, assert(ca:issue { dns = "a.test", key = ca.key }), "a.test")
    end)
  end

  it("is believed through intermediates that are bound to names and a path length", function()
    local ca = assert(issuing.ca { subject = { { "C", "DE" }, { "O", "Söme" } }, name = "Root" })
    local one = assert(ca:intermediate { name = "One", path_length = 1,
      permitted = { dns = "test", ip = "127.0.0.0/8" }, excluded = { dns = "evil.test" } })
    local two = assert(one:intermediate { path_length = 0 })
    both_accept(two, assert(two:issue { dns = { "a.test" }, ip = "127.0.0.1" }), "a.test")
    both_accept(two, assert(two:issue { ip = "127.0.0.1" }), nil)
  end)

  it("is believed of clients, with a subject or without", function()
    local ca = assert(issuing.ca())
    local alice = assert(ca:issue { name = "alice", email = "alice@a.test", uri = "spiffe://a.test/alice" })
    both_accept(ca, alice, nil, true)
    both_accept(ca, assert(ca:issue { uri = "spiffe://a.test/" .. ("x"):rep(80) }), nil, true)
  end)

  it("is believed beyond 2049", function()
    local ca = assert(issuing.ca { not_after = 253402300799 })
    both_accept(ca, assert(ca:issue { dns = "a.test", not_after = 253402300799 }), "a.test")
  end)

  it("reads well in openssl x509 -text", function()
    local ca = assert(issuing.ca { name = "Text CA", path_length = 1 })
    local text = fine("openssl x509 -noout -text -in %s", write("text.pem", ca.certificate:pem()))
    for _, line in ipairs { "Version: 3 (0x2)", "Issuer: CN = Text CA", "Subject: CN = Text CA",
      "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:1",
      "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign", "X509v3 Subject Key Identifier" } do
      assert.matches(line, text, 1, true)
    end
    local identity = assert(ca:issue { dns = { "a.test", "*.b.test" }, ip = "::1", email = "c@d.test", uri = "urn:x" })
    text = fine("openssl x509 -noout -text -in %s", write("text.pem", identity.certificate:pem()))
    for _, line in ipairs { "Issuer: CN = Text CA", "Subject: CN = a.test", "CA:FALSE", "Digital Signature",
      "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
      "X509v3 Subject Alternative Name: \n                DNS:a.test, DNS:*.b.test, IP Address:0:0:0:0:0:0:0:1, "
        .. "email:c@d.test, URI:urn:x\n", "X509v3 Authority Key Identifier" } do
      assert.matches(line, text, 1, true)
    end
  end)

  it("is a request that OpenSSL and GnuTLS believe", function()
    local request = assert(issuing.request { dns = "a.test", name = "a" })
    local path = write("a.csr", request:pem())
    assert.matches("verify OK", fine("openssl req -noout -verify -in %s", path))
    assert.matches("DNSname: a.test", fine("certtool --crq-info --infile %s", path))
    assert.matches("Self signature: verified", fine("certtool --crq-info --infile %s", path))
  end)

  it("is a revocation list that OpenSSL and GnuTLS obey", function()
    local ca = assert(issuing.ca())
    local good, bad = assert(ca:issue { dns = "a.test" }), assert(ca:issue { dns = "a.test" })
    local list = assert(ca:crl { revoked = { { certificate = bad.certificate, reason = "keyCompromise" } } })
    local root, crl = write("root.pem", ca.certificate:pem()), write("ca.crl", list:pem())
    for name, identity in pairs { good = good, bad = bad } do
      local leaf = write(name .. ".pem", identity.certificate:pem())
      local output, code = process.run(("openssl verify -x509_strict -crl_check -CAfile %s -CRLfile %s %s"):format(
        root, crl, leaf))
      assert.equal(name == "good" and 0 or 2, code, output)
      assert.equal(name == "bad", output:find("certificate revoked", 1, true) ~= nil)
      output = process.run(("certtool --verify --load-ca-certificate %s --load-crl %s --infile %s"):format(root, crl,
        leaf))
      assert.equal(name == "bad", output:find("revoked", 1, true) ~= nil, output)
    end
    assert.matches("Key Compromise", fine("openssl crl -noout -text -in %s", crl))
  end)
end)
