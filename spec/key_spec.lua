local der = require "beartls.pki.der"
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
      assert.equal(key:public(), owner:public_key())
      assert.equal(key:public "der", owner:public_key "der")
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
      local bytes = pki.read(name)
      for i = 0, #bytes - 1, 3 do
        assert.is_nil((tls.key.parse(bytes:sub(1, i))))
        tls.key.parse(bytes:sub(1, i) .. string.char((bytes:byte(i + 1) + 129) % 256) .. bytes:sub(i + 2))
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

  it("of the kind RSA-PSS signs only as it is restricted to", function()
    local path = process.tmpdir() .. "/pss"
    local function made(options)
      local output, code = process.run(("openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:1536 %s -out %s")
        :format(options, path))
      assert.equal(0, code, output)
      output, code = process.run(("openssl req -x509 -key %s -subj /CN=x -out %s.pem"):format(path, path))
      assert.equal(0, code, output)
      return assert(tls.key.load(path)), assert(tls.certificate.load(path .. ".pem"))
    end
    local free, owner = made ""
    assert.equal("RSA-PSS", free:type())
    assert.equal("RSA-PSS", owner:key_type())
    assert.is_true(free:matches(owner))
    assert.equal(free:pem(), process.read_file(path))
    for _, hash in ipairs { "sha256", "sha384", "sha512" } do
      assert.equal(192, #assert(free:sign("rsa_pss_pss_" .. hash, "a message")))
    end
    assert.equal("config_key_scheme", select(3, free:sign("rsa_pss_rsae_sha256", "a message")))
    assert.equal("config_key_scheme", select(3, free:sign("rsa_pkcs1_sha256", "a message")))

    local bound = made("-pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 "
      .. "-pkeyopt rsa_pss_keygen_saltlen:48")
    assert.equal(bound:pem(), process.read_file(path))
    local signature = assert(bound:sign("rsa_pss_pss_sha384", "a message"))
    assert.equal("config_key_scheme", select(3, bound:sign("rsa_pss_pss_sha256", "a message")))
    process.write_file(path .. ".sig", signature)
    process.write_file(path .. ".pub", bound:public())
    process.write_file(path .. ".msg", "a message")
    local command = "openssl dgst -sha384 -sigopt rsa_pss_saltlen:48 -verify %s.pub -signature %s.sig %s.msg"
    local output, code = process.run(command:format(path, path, path))
    assert.equal(0, code, output)
  end)

  it("of RSA is refused when its numbers do not fit together", function()
    local text = pki.read "key_pkcs1.der"
    -- The nine integers of an RSAPrivateKey of 2048 bits.
    local numbers, at = {}, 5
    while at < #text do
      local n, from = text:byte(at + 1), at + 2
      if n > 128 then
        local size = n - 128
        n, from = 0, from + size
        for i = from - size, from - 1 do
          n = n * 256 + text:byte(i)
        end
      end
      numbers[#numbers + 1] = text:sub(from, from + n - 1):gsub("^%z", "")
      at = from + n
    end
    assert.equal(9, #numbers)
    local function with(changed)
      local body = {}
      for i = 1, 9 do
        body[i] = der.integer(changed[i] or (i == 1 and 0) or numbers[i])
      end
      return tls.key.parse(der.element(0x30, table.concat(body)))
    end
    local function last(number, change)
      return number:sub(1, -2) .. string.char((number:byte(-1) + change) % 256)
    end
    local n, p = numbers[2], numbers[5]
    assert(with {})
    for name, changed in pairs {
      ["another modulus"] = { [2] = last(n, 2) }, ["an even exponent"] = { [3] = "\1\0\2" },
      ["the exponent 1"] = { [3] = "\1" }, ["another prime"] = { [5] = last(p, 2) },
      ["an even prime"] = { [5] = last(p, 1) }, ["the same prime twice"] = { [6] = p },
      ["no prime"] = { [6] = 0 }, ["a CRT exponent that is too long"] = { [7] = p .. "\1" },
      ["a coefficient that is too long"] = { [9] = p .. "\1" },
    } do
      local key, _, code = with(changed)
      assert.is_nil(key, name)
      assert.equal("config_key_malformed", code, name)
    end
    assert.equal("config_key_unsupported", select(3, with { [3] = ("\255"):rep(33) }))
    assert.equal("config_key_unsupported", select(3, with { 1 }))
    -- What is not looked at when it is read: a signature that is wrong does not leave.
    local broken = assert(with { [7] = last(numbers[7], 2) })
    assert.equal("config_key_malformed", select(3, broken:sign("rsa_pkcs1_sha256", "a message")))
  end)

  it("of an unknown kind is refused by name", function()
    local key, message, code = tls.key.generate "rsa512"
    assert.is_nil(key)
    assert.matches("rsa512", message)
    assert.equal("config_key_unsupported", code)
  end)
end)
