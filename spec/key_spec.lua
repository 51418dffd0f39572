local tls = require "beartls"
local pki = require "support.pki"
local process = require "support.process"

local function certificate(name)
  return assert(tls.certificate.load(pki.path(name)))
end

describe("a private key", function()
  teardown(process.cleanup)

  it("is read in every plain form", function()
    local rsa, ec = certificate "server_rsa.pem", certificate "server_ec.pem"
    for name, owner in pairs { ["server_rsa.key"] = rsa, ["key_pkcs1.pem"] = rsa, ["key_pkcs1.der"] = rsa,
      ["key_pkcs8.der"] = rsa, ["server_ec.key"] = ec, ["key_sec1.pem"] = ec, ["key_crlf.pem"] = ec } do
      local key = assert(tls.key.load(pki.path(name)))
      assert.is_true(key:matches(owner), name)
      assert.is_false(key:matches(owner == rsa and ec or rsa))
      assert.equal(owner:key_type(), key:type())
      assert.equal(owner:key_bits(), key:bits())
      assert.equal(owner:curve(), key:curve())
      assert.equal(owner:pin(), key:pin())
    end
  end)

  it("never shows its secret in words", function()
    assert.equal("beartls.key (EC, 256 bits)", tostring(assert(tls.key.load(pki.path "server_ec.key"))))
  end)

  for _, case in ipairs {
    { "key_pbes2.pem", "config_key_encrypted" }, { "key_proc_type.pem", "config_key_encrypted" },
    { "key_two.pem", "config_key_ambiguous" }, { "server_ec.pem", "config_no_key" },
    { "key_secp256k1.pem", "config_key_unsupported" },
    { "key_oversized.der", "config_key_malformed" },
  } do
    it(("in %s is refused as %s, with a sentence that names the file"):format(case[1], case[2]), function()
      local key, message, code = tls.key.load(pki.path(case[1]))
      assert.is_nil(key)
      assert.equal(case[2], code)
      assert.matches(case[1], message, 1, true)
    end)
  end

  it("is refused when it is cut, and never crashes when it is changed", function()
    for _, name in ipairs { "key_pkcs1.der", "key_pkcs8.der" } do
      local der = pki.read(name)
      for i = 0, #der - 1, 3 do
        assert.is_nil((tls.key.parse(der:sub(1, i))))
        tls.key.parse(der:sub(1, i) .. string.char((der:byte(i + 1) + 129) % 256) .. der:sub(i + 2))
      end
    end
    local pem = pki.read "server_ec.key"
    for i = 1, #pem do
      tls.key.parse(pem:sub(1, i - 1) .. "A" .. pem:sub(i + 1))
    end
  end)

  it("on a curve must be a number of that curve, and its public part must be its own", function()
    local function int(n, size)
      return ("\0"):rep(size - 1) .. string.char(n)
    end
    local order = ("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"):gsub("%x%x", function(hex)
      return string.char(tonumber(hex, 16))
    end)
    local function sec1(scalar, rest)
      local curve = "\160\10\6\8\42\134\72\206\61\3\1\7"
      local body = "\2\1\1\4" .. string.char(#scalar) .. scalar .. curve .. (rest or "")
      return "\48" .. string.char(#body) .. body
    end
    assert.is_truthy(tls.key.parse(sec1(int(1, 32))))
    assert.is_truthy(tls.key.parse(sec1(order:sub(1, -2) .. "\80")))
    for _, scalar in ipairs { int(0, 32), order, ("\255"):rep(32), int(1, 31), int(1, 33), int(1, 48), "" } do
      assert.equal("config_key_malformed", select(3, tls.key.parse(sec1(scalar))))
    end
    local wrong = "\161\68\3\66\0\4" .. ("\1"):rep(64)
    assert.equal("config_key_malformed", select(3, tls.key.parse(sec1(int(1, 32), wrong))))
  end)

  for _, kind in ipairs { "p256", "p384", "p521", "ed25519", "rsa2048" } do
    it(("of kind %s can be made, differs each time, and openssl agrees with its PEM"):format(kind), function()
      local one, two = assert(tls.key.generate(kind)), assert(tls.key.generate(kind))
      assert.not_equal(one:pem(), two:pem())
      local path = process.tmpdir() .. "/key.pem"
      process.write_file(path, one:pem())
      local output, code = process.run("openssl pkey -check -noout -in " .. path)
      assert.equal(0, code, output)
      assert.equal(one:pem(), assert(tls.key.parse(one:pem())):pem())
      process.write_file(path .. ".crt", (process.run(("openssl req -x509 -key %s -subj /CN=x -days 1"):format(path))))
      assert.is_true(one:matches(assert(tls.certificate.load(path .. ".crt"))))
      assert.is_false(two:matches(assert(tls.certificate.load(path .. ".crt"))))
    end)
  end

  for kind, scheme in pairs { p256 = "ecdsa_secp256r1_sha256", p384 = "ecdsa_secp384r1_sha384",
    p521 = "ecdsa_secp521r1_sha512", ed25519 = "ed25519", rsa2048 = "rsa_pss_rsae_sha256" } do
    it(("of kind %s signs with %s, and openssl verifies that"):format(kind, scheme), function()
      local key = assert(tls.key.generate(kind))
      local path = process.tmpdir() .. "/signed"
      process.write_file(path, "a message")
      process.write_file(path .. ".sig", assert(key:sign(scheme, "a message")))
      process.write_file(path .. ".pub", key:public())
      local options = kind == "ed25519" and "-rawin" or "-rawin -digest " .. scheme:match "sha%d+"
      if kind == "rsa2048" then
        options = options .. " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32"
      end
      local output, code = process.run(("openssl pkeyutl -verify -pubin -inkey %s.pub %s -in %s -sigfile %s.sig")
        :format(path, options, path, path))
      assert.equal(0, code, output)
      local signature, message, why = key:sign(kind == "p256" and "ed25519" or "ecdsa_secp256r1_sha256", "a message")
      assert.is_nil(signature)
      assert.equal("config_key_scheme", why)
      assert.matches(kind == "p256" and "ed25519" or "ecdsa_secp256r1_sha256", message, 1, true)
      assert.error_matches(function()
        key:sign("sha256WithRSA", "a message")
      end, "signature scheme")
    end)
  end

  it("gives its public part as PEM and as DER", function()
    local key = assert(tls.key.load(pki.path "server_ec.key"))
    local path = process.tmpdir() .. "/public"
    local output = process.run("openssl pkey -pubout -in " .. pki.path "server_ec.key")
    assert.equal(output, key:public())
    assert.equal(output, key:public "pem")
    process.write_file(path, key:public "der")
    assert.equal(output, (process.run("openssl pkey -pubin -inform DER -in " .. path)))
  end)

  it("of an unknown kind is refused by name", function()
    local key, message, code = tls.key.generate "rsa512"
    assert.is_nil(key)
    assert.matches("rsa512", message)
    assert.equal("config_key_unsupported", code)
  end)
end)
