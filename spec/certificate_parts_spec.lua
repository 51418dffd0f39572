-- What a certificate says in lists; spec/pki/everything.pem has one of each.

local tls = require "beartls"
local decode = require "beartls.decode.x509"
local pki = require "support.pki"
local process = require "support.process"

local function load(name)
  return assert(tls.certificate.load(pki.path(name .. ".pem")))
end

-- All kinds of names, with those that are given.
local function names(given)
  for _, kind in ipairs { "dns", "ip", "email", "uri", "directory", "other", "registered_id", "x400", "edi_party" } do
    given[kind] = given[kind] or {}
  end
  return given
end

describe("a certificate with everything in it", function()
  local c = load "everything"

  it("gives the attributes of its names, in order", function()
    assert.same({
      { type = "O", oid = "2.5.4.10", value = "beartls specs", set = 1 },
      { type = "CN", oid = "2.5.4.3", value = "Everything", set = 2 },
    }, c:subject_attributes())
    assert.same({
      { type = "O", oid = "2.5.4.10", value = "beartls specs", set = 1 },
      { type = "CN", oid = "2.5.4.3", value = "beartls test root EC", set = 2 },
    }, c:issuer_attributes())
  end)

  it("gives every alternative name by its kind", function()
    assert.same(names {
      dns = { "one.example.test", "*.two.example.test" },
      ip = { "192.0.2.1", "2001:db8::1" },
      email = { "someone@example.test" },
      uri = { "spiffe://example.test/everything" },
      registered_id = { "1.2.3.4" },
      directory = { [[CN=Directory Name,O=Some\, quoted org,C=DE]] },
      other = {
        { oid = "1.3.6.1.4.1.311.20.2.3", value = "someone@corp.example.test",
          der = "\12\25someone@corp.example.test" },
        { oid = "1.3.6.1.4.1.99999.2", value = "#020107", der = "\2\1\7" },
      },
    }, c:names())
    for method, kind in pairs { dns_names = "dns", ip_addresses = "ip", emails = "email", uris = "uri" } do
      assert.same(c:names()[kind], c[method](c))
    end
  end)

  it("gives what names it may issue", function()
    assert.same({
      permitted = names { dns = { "example.test" }, ip = { "192.0.2.0/24", "2001:db8::/32" },
        email = { "example.test" } },
      excluded = names { dns = { "secret.example.test" }, uri = { ".bad.example.test" },
        ip = { "10.0.0.0/255.0.255.0" }, directory = { "O=Excluded" } },
    }, c:name_constraints())
  end)

  it("gives what it and its key may do", function()
    assert.same({ ca = true, path_length = 3 }, c:basic_constraints())
    assert.same({ "digitalSignature", "keyAgreement", "keyCertSign", "cRLSign", "decipherOnly" }, c:key_usage())
    assert.same({ "serverAuth", "clientAuth", "emailProtection", "OCSPSigning", "1.3.6.1.4.1.311.20.2.2" },
      c:extended_key_usage())
    assert.same({ "2.23.140.1.2.1", "1.3.6.1.4.1.99999.1" }, c:policies())
    assert.is_true(c:must_staple())
  end)

  it("gives where more is to be found", function()
    assert.same({ "http://ocsp.example.test" }, c:ocsp_urls())
    assert.same({ "http://ca.example.test/ca.cer" }, c:issuer_urls())
    assert.same({ "http://ca.example.test/ca.crl", "ldap://ca.example.test/cn=ca" }, c:crl_urls())
  end)

  it("gives the identifiers of its key and of its issuer's", function()
    local root = load "root_ec"
    assert.equal(40, #c:subject_key_id())
    assert.equal(root:subject_key_id(), c:authority_key_id())
    assert.not_equal(c:subject_key_id(), c:authority_key_id())
  end)

  it("gives all extensions as they are", function()
    local list, by_oid = c:extensions(), {}
    for _, extension in ipairs(list) do
      by_oid[extension.oid] = extension
    end
    assert.equal(12, #list)
    assert.same({ oid = "2.5.29.19", name = "basicConstraints", critical = true, value = "\48\6\1\1\255\2\1\3" },
      by_oid["2.5.29.19"])
    assert.same({ oid = "1.3.6.1.5.5.7.1.24", name = "tlsfeature", critical = false, value = "\48\3\2\1\5" },
      by_oid["1.3.6.1.5.5.7.1.24"])
    assert.same({ oid = "2.25.329800735698586629295641978511506172918", critical = false, value = "\12\6a UUID" },
      by_oid["2.25.329800735698586629295641978511506172918"])
  end)
end)

describe("a certificate", function()
  it("without extensions has empty lists, and nil where there is no list", function()
    local c = load "root_rsa"
    assert.same(names {}, c:names())
    assert.is_nil(c:name_constraints())
    assert.is_nil(load("server_ec"):basic_constraints())
    assert.same({ ca = true }, c:basic_constraints())
    for _, method in ipairs { "ocsp_urls", "issuer_urls", "crl_urls", "policies", "extended_key_usage", "dns_names" } do
      assert.same({}, c[method](c), method)
    end
    assert.is_false(c:must_staple())
    assert.is_nil(load("server_ec"):subject_key_id() and load("root_rsa"):authority_key_id())
  end)

  it("knows whom it has issued, by name and signature", function()
    local all = { "root_rsa", "root_ec", "other_root", "intermediate_rsa", "intermediate_ec", "server_ec",
      "server_rsa", "server_chain_ec", "server_self_signed", "server_not_from_ca", "server_untrusted", "client_rsa" }
    local issuers = { intermediate_rsa = "root_rsa", intermediate_ec = "root_ec", server_ec = "root_ec",
      server_rsa = "root_rsa", server_chain_ec = "intermediate_ec", server_not_from_ca = "server_ec",
      server_untrusted = "other_root", client_rsa = "root_rsa" }
    for _, issuer in ipairs(all) do
      for _, name in ipairs(all) do
        assert.equal((issuers[name] or name) == issuer, load(issuer):issued(load(name)), issuer .. " and " .. name)
      end
    end
    assert.has_error(function() load("root_rsa"):issued "root_rsa" end)
  end)

  it("is valid now, unless another time is given", function()
    local c, now = load "server_ec", os.time()
    assert.equal(c:validat(now), c:validat())
  end)

  it("names its signature as certificates do and as TLS does", function()
    for name, want in pairs {
      server_rsa = { "sha256WithRSAEncryption", "rsa_pkcs1_sha256" },
      server_ec = { "ecdsa-with-SHA256", "ecdsa_secp256r1_sha256" },
      server_sha1 = { "sha1WithRSAEncryption", "rsa_pkcs1_sha1" },
      server_md5 = { "md5WithRSAEncryption", nil },
    } do
      local c = load(name)
      assert.equal(want[1], c:signature_algorithm())
      assert.equal(want[2], c:signature_scheme())
    end
  end)

  it("has every root of the system say what the trace's own decoder says", function()
    for _, c in ipairs(assert(tls.trust.system()):list()) do
      local subject, issuer = decode.names(c:der())
      assert.equal(subject, c:subject())
      assert.equal(issuer, c:issuer())
      assert.is_true(c:issued(c) or c:subject() ~= c:issuer())
    end
  end)
end)

describe("a distinguished name", function()
  teardown(process.cleanup)

  -- A certificate with this subject, which openssl does not judge.
  local function subject_of(subject, options)
    local dir = process.tmpdir()
    local output, code = process.run(("openssl req -x509 -new -key %s -out %s/c.pem -subj %s %s"):format(
      pki.path "server_ec.key", dir, process.quote(subject), options or ""))
    assert.equal(0, code, output)
    return assert(tls.certificate.load(dir .. "/c.pem"))
  end

  for _, case in ipairs {
    { "escapes what RFC 4514 escapes", [[/CN=a,b\+c"d\\e<f>g;h]], [[CN=a\,b\+c\"d\\e\<f\>g\;h]], [[a,b+c"d\e<f>g;h]] },
    { "escapes blanks and # at the edges", "/CN= # x #  ", [[CN=\ # x # \ ]], " # x #  " },
    { "escapes a # in front", "/CN=#1", [[CN=\#1]], "#1" },
    { "writes UTF-8 as it is", "/CN=\195\164\226\130\172\240\159\144\187", "CN=\195\164\226\130\172\240\159\144\187",
      "\195\164\226\130\172\240\159\144\187", "-utf8" },
    { "writes control characters as hex", "/CN=a\27[1mb", [[CN=a\1B[1mb]], "a\27[1mb" },
    { "writes those of Latin-1 as hex", "/CN=a\194\155b", [[CN=a\C2\9Bb]], "a\194\155b", "-utf8" },
    { "reads T61String as Latin-1", "/CN=\228", "CN=\195\164", "\195\164" },
    { "reads several values of one part", "/O=x/CN=a+serialNumber=7", "CN=a+serialNumber=7,O=x", "a" },
    { "keeps the order of RFC 4514", "/C=DE/O=o/OU=u/CN=n", "CN=n,OU=u,O=o,C=DE", "n" },
    { "writes what has no name by its OID", "/CN=n/unstructuredName=x", "1.2.840.113549.1.9.2=#0C0178,CN=n", "n" },
  } do
    it(case[1], function()
      local c = subject_of(case[2], (case[5] or "") .. " -multivalue-rdn")
      assert.equal(case[3], c:subject())
      assert.equal(case[4], c:common_name())
      assert.equal(case[3], (decode.names(c:der())))
    end)
  end

  it("is written with its most specific part, however long it is", function()
    local parts = {}
    for i = 1, 40 do
      parts[i] = "/OU=" .. i
    end
    local c = subject_of(table.concat(parts) .. "/CN=n")
    assert.matches("^CN=n,OU=40,OU=39,", c:subject())
    assert.equal(41, #c:subject_attributes())
    assert.equal(41, c:subject_attributes()[41].set)
  end)
end)
