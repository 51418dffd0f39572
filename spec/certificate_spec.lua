local tls = require "beartls"
local pki = require "support.pki"
local process = require "support.process"

local function load(name)
  return assert(tls.certificate.load(pki.path(name)))
end

local function openssl(arguments)
  return (process.run("openssl x509 -noout " .. arguments))
end

describe("a certificate", function()
  local rsa, ec = load "server_rsa.pem", load "server_ec.pem"

  it("says who it is, and who says so", function()
    assert.equal("CN=localhost,O=beartls specs", rsa:subject())
    assert.equal("localhost", rsa:common_name())
    assert.equal("CN=beartls test root RSA,O=beartls specs", rsa:issuer())
    assert.equal(3, rsa:version())
    assert.equal("beartls.certificate (CN=localhost,O=beartls specs)", tostring(rsa))
  end)

  it("says from when to when it is valid, in seconds since the epoch", function()
    assert.equal(1767225600, rsa:not_before()) -- 2026-01-01T00:00:00Z
    assert.equal(2082758400, rsa:not_after()) -- 2036-01-01T00:00:00Z, beyond 2^31
    assert.is_false(rsa:validat(rsa:not_before() - 1))
    assert.is_true(rsa:validat(rsa:not_before()))
    assert.is_true(rsa:validat(rsa:not_after()))
    assert.is_false(rsa:validat(rsa:not_after() + 1))
  end)

  it("lists its names", function()
    assert.same({ "localhost", "www.example.test", "*.wild.example.test" }, rsa:dns_names())
    assert.same({ "127.0.0.1", "::1" }, rsa:ip_addresses())
    local client = load "client_ec.pem"
    assert.same({ "client@example.test" }, client:emails())
    assert.same({ "spiffe://example.test/client" }, client:uris())
    assert.same({}, load("server_cn_only.pem"):dns_names())
  end)

  it("says what its key is and may do", function()
    assert.same({ "RSA", 2048, nil }, { rsa:key_type(), rsa:key_bits(), rsa:curve() })
    for name, want in pairs { server_ec = { "EC", 256, "secp256r1" }, server_p384 = { "EC", 384, "secp384r1" },
      server_p521 = { "EC", 521, "secp521r1" }, server_rsa4096 = { "RSA", 4096, nil } } do
      local c = load(name .. ".pem")
      assert.same(want, { c:key_type(), c:key_bits(), c:curve() })
    end
    assert.is_false(rsa:is_ca())
    assert.is_true(load("root_rsa.pem"):is_ca())
    assert.same({ "serverAuth" }, rsa:extended_key_usage())
    assert.same({ "keyCertSign", "cRLSign" }, load("root_ec.pem"):key_usage())
    assert.equal("sha256WithRSAEncryption", rsa:signature_algorithm())
    assert.equal("ecdsa-with-SHA256", ec:signature_algorithm())
    assert.equal("sha1WithRSAEncryption", load("server_sha1.pem"):signature_algorithm())
  end)

  it("has the fingerprints, serial and key hash that openssl finds", function()
    for _, name in ipairs { "server_rsa.pem", "server_ec.pem", "root_ec.pem" } do
      local c, path = load(name), pki.path(name)
      local function found(kind)
        return openssl("-fingerprint -" .. kind .. " -in " .. path):match("=(.*)\n"):gsub(":", ""):lower()
      end
      assert.equal((found "sha256"), c:fingerprint())
      assert.equal((found "sha1"), c:fingerprint "sha1")
      assert.equal(openssl("-serial -in " .. path):match("=(%x+)"):lower(), c:serial())
      local hash = process.run(("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform DER "
        .. "| openssl dgst -sha256 -binary | openssl base64"):format(path))
      assert.equal("sha256//" .. hash:match "%S+", c:pin())
    end
  end)

  it("gives itself back as DER and PEM", function()
    local chain = load "server_chain_ec.pem"
    assert.equal(2, #chain)
    assert.equal(pki.read "server_chain_ec.pem", chain:pem())
    assert.equal(chain, assert(tls.certificate.parse(chain:pem())))
    assert.not_equal(chain, rsa)
    local list = chain:list()
    assert.equal(2, #list)
    assert.equal(chain:subject(), list[1]:subject())
    assert.equal("CN=beartls test intermediate EC,O=beartls specs", list[2]:subject())
    assert.equal(list[1], assert(tls.certificate.parse(chain:der())))
  end)

  it("reads PEM as it is found: CRLF, no last newline, text around, other blocks", function()
    local pem = pki.read "server_ec.pem"
    for _, text in ipairs {
      pki.read "server_ec_crlf.pem", pem:sub(1, -2), "subject=x\n\n" .. pem .. "trailing words", "\r\n" .. pem,
      pki.read "server_ec.key" .. pem, (pem:gsub("\n", "  \n")), (pem:gsub("\n", "\r")),
      (pem:gsub("CERTIFICATE", "X509 CERTIFICATE")),
    } do
      assert.equal(ec, assert(tls.certificate.parse(text)))
    end
  end)

  it("says on which line PEM goes wrong", function()
    local pem = pki.read "server_ec.pem"
    for text, line in pairs {
      [(pem:gsub("\n", "\n!", 3))] = 2,
      [pem:gsub("%-%-%-%-%-END.*", "")] = "inside",
      [pem:gsub("END CERTIFICATE", "END CERTIFICATES")] = "END",
      [pem:gsub("([^\n])\n%-%-%-%-%-END", "\n-----END")] = "cut off",
    } do
      local c, message, code = tls.certificate.parse(text)
      assert.is_nil(c)
      assert.equal("config_pem_malformed", code)
      assert.matches("line %d+: ", message)
      assert.matches(tostring(line), message, 1, true)
    end
  end)

  it("says what is in a file that has no certificate in it", function()
    local c, message, code = tls.certificate.parse(pki.read "server_ec.key")
    assert.is_nil(c)
    assert.equal("config_no_certificate", code)
    assert.matches("PRIVATE KEY", message)
    for _, text in ipairs { "", "hello", ("x"):rep(100000), "-----BEGIN", "\0\0\0" } do
      assert.equal("config_no_certificate", select(3, tls.certificate.parse(text)))
    end
  end)

  it("is strict DER: cut or lengthened anywhere it is refused, changed anywhere it never crashes", function()
    local der = ec:der()
    for i = 0, #der - 1 do
      assert.is_nil((tls.certificate.parse(der:sub(1, i))))
      for _, change in ipairs { 1, 128, 255 } do
        local changed = tls.certificate.parse(der:sub(1, i) .. string.char((der:byte(i + 1) + change) % 256)
          .. der:sub(i + 2))
        if changed then
          for _, ask in ipairs { "subject", "not_after", "dns_names", "key_bits", "pin", "ip_addresses" } do
            changed[ask](changed)
          end
          assert.matches("certificate", tostring(changed))
          changed:matches_name "localhost"
        end
      end
    end
    assert.is_nil((tls.certificate.parse(der .. "\0")))
  end)

  it("in DER with extensions is of version 3, and says so", function()
    local der = load "server_ec.pem":der()
    local before, behind = der:match "^(.-\160\3\2\1)\2(.*)$"
    for version = 0, 255 do
      local changed = before .. string.char(version) .. behind
      assert.equal(version == 2, tls.certificate.parse(changed) ~= nil, version)
    end
  end)

  it("in DER does not write that an extension is not critical, which is the default", function()
    local graph = require "support.graph"
    local oid = graph.der.oid "2.5.29.99"
    local bytes = assert(tls.certificate.parse(graph.certificate { "leaf", dns = "a.test", change = function(plan)
      table.insert(plan.extensions, graph.extension("2.5.29.99", true, graph.der.null))
    end })):der()
    local changed = bytes:gsub(oid .. "\1\1\255", oid .. "\1\1\0", 1)
    assert.is_true(changed ~= bytes)
    assert.equal("certificate_malformed", select(3, tls.certificate.parse(changed)))
  end)
end)

describe("a certificate speaks for a name", function()
  local site, wild, nul = load "server_ec.pem", load "server_wild_com.pem", load "server_nul_name.pem"
  for _, case in ipairs {
    { site, "localhost", true }, { site, "LOCALHOST", true }, { site, "localhost.", true },
    { site, "localhos", false }, { site, "xlocalhost", false }, { site, "localhost.evil", false },
    { site, "www.example.test", true }, { site, "example.test", false },
    { site, "a.wild.example.test", true }, { site, "A.Wild.Example.Test.", true },
    { site, "wild.example.test", false }, { site, "a.b.wild.example.test", false },
    { site, ".wild.example.test", false }, { site, "*.wild.example.test", false },
    { site, "xn--bcher-kva.wild.example.test", true }, { site, "b\195\188cher.wild.example.test", false },
    { site, "127.0.0.1", true }, { site, "127.0.0.2", false }, { site, "127.0.0.01", false }, { site, "127.1", false },
    { site, "::1", true }, { site, "0:0:0:0:0:0:0:1", true }, { site, "0000::0001", true }, { site, "::2", false },
    { site, "::ffff:127.0.0.1", false }, { site, "[::1]", false }, { site, "", false }, { site, ".", false },
    { site, "localhost\0evil", false }, { nul, "localhost", false }, { nul, "localhost\0evil", false },
    { wild, "example.com", false }, { wild, "com", false }, { wild, "foo.example.test", false },
    { wild, "a.b.test", false }, { load "server_cn_only.pem", "localhost", false },
  } do
    it(("%q: %s"):format(case[2], case[3] and "yes" or "no"), function()
      assert.equal(case[3], case[1]:matches_name(case[2]))
    end)
  end
end)
