-- Keys that are encrypted with a password, and PKCS#12.
local der = require "beartls.pki.der"
local pair = require "support.pair"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

local function openssl(command, ...)
  local output, code = process.run("openssl " .. command:format(...))
  assert(code == 0, output)
end

local function read(path)
  return assert(process.read_file(path))
end

-- Fails with that code, whatever the sentence.
local function fails(code, object, message, found)
  assert.is_nil(object)
  assert.equal(code, found)
  assert.is_string(message)
end

describe("an encrypted private key", function()
  local plain = assert(tls.key.load(pki.path "server_ec.key"))
  local rsa = assert(tls.key.load(pki.path "server_rsa.key"))
  local path

  setup(function()
    path = process.tmpdir() .. "/key"
  end)
  teardown(process.cleanup)

  local pkcs8 = "pkcs8 -topk8 -in spec/pki/server_ec.key -passout pass:secret -out %s "
  local old = "rsa -traditional -in spec/pki/server_rsa.key -passout pass:secret -out %s "
  for _, case in ipairs {
    { "AES-128-CBC", pkcs8 .. "-v2 aes128" }, { "AES-192-CBC", pkcs8 .. "-v2 aes-192-cbc" },
    { "AES-256-CBC", pkcs8 .. "-v2 aes256" }, { "3DES", pkcs8 .. "-v2 des3" },
    { "HMAC-SHA-1", pkcs8 .. "-v2 aes256 -v2prf hmacWithSHA1" },
    { "HMAC-SHA-224", pkcs8 .. "-v2 aes256 -v2prf hmacWithSHA224" },
    { "HMAC-SHA-256", pkcs8 .. "-v2 aes256 -v2prf hmacWithSHA256" },
    { "HMAC-SHA-384", pkcs8 .. "-v2 aes256 -v2prf hmacWithSHA384" },
    { "HMAC-SHA-512", pkcs8 .. "-v2 aes256 -v2prf hmacWithSHA512" },
    { "PBES2 in DER", pkcs8 .. "-v2 aes256 -outform DER" },
    { "PKCS#12's SHA-1 and 3DES", pkcs8 .. "-v1 PBE-SHA1-3DES" },
    { "AES-128-CBC in the old form", old .. "-aes128", rsa }, { "AES-192-CBC in the old form", old .. "-aes192", rsa },
    { "AES-256-CBC in the old form", old .. "-aes256", rsa }, { "3DES in the old form", old .. "-des3", rsa },
  } do
    it(("with %s needs its password"):format(case[1]), function()
      openssl(case[2], path)
      local want = case[3] or plain
      assert.equal(want:pem(), assert(tls.key.load(path, "secret")):pem())
      fails("config_key_encrypted", tls.key.load(path))
      for _, wrong in ipairs { "", "Secret", "secret ", ("x"):rep(2000) } do
        fails("config_key_password", tls.key.load(path, wrong))
      end
    end)
  end

  it("with scrypt is refused by name", function()
    openssl("pkcs8 -topk8 -in spec/pki/server_ec.key -scrypt -passout pass:secret -out %s", path)
    local _, message, code = tls.key.load(path, "secret")
    assert.equal("config_key_unsupported", code)
    assert.matches("scrypt", message)
  end)

  it("asks a function for the password, only when there is need, and once", function()
    local calls = 0
    local function password()
      calls = calls + 1
      return "secret"
    end
    assert(tls.key.load(pki.path "server_ec.key", password))
    assert(tls.key.parse(plain:pem(), password))
    fails("io_file", tls.key.load("spec/pki/nowhere.key", password))
    assert.equal(0, calls)
    assert(tls.key.load(pki.path "key_pbes2.pem", password))
    assert.equal(1, calls)
    fails("config_key_encrypted", tls.key.load(pki.path "key_pbes2.pem", function() end))
  end)

  for _, kind in ipairs { "p256", "ed25519", "rsa2048" } do
    it(("of kind %s is written, and openssl reads it"):format(kind), function()
      local key = assert(tls.key.generate(kind))
      local pem = assert(key:pem "pass word")
      assert.matches("^%-%-%-%-%-BEGIN ENCRYPTED PRIVATE KEY%-%-%-%-%-\n", pem)
      process.write_file(path, pem)
      openssl("pkey -in %s -passin 'pass:pass word' -out %s.plain", path, path)
      assert.equal(key:pem(), assert(tls.key.load(path .. ".plain")):pem())
      assert.equal(key:pem(), assert(tls.key.parse(pem, "pass word")):pem())
    end)
  end

  it("is never encrypted twice the same way", function()
    assert.not_equal(plain:pem "secret", plain:pem "secret")
  end)

  it("is not written with an empty password, nor with one that is too long to be read", function()
    assert.error_matches(function()
      plain:pem ""
    end, "empty password")
    fails("config_key_password", plain:pem(("x"):rep(1025)))
  end)

  -- EncryptedPrivateKeyInfo with all that can be wrong in it.
  local function info(given)
    local prf = der.element(0x30, der.oid "1.2.840.113549.2.9" .. "\5\0")
    local kdf = der.element(0x30, der.oid "1.2.840.113549.1.5.12" .. der.element(0x30,
      der.element(4, "saltsalt") .. der.integer(given.rounds or 1) .. (given.key_size or "") .. prf))
    local scheme = der.element(0x30, der.oid "2.16.840.1.101.3.4.1.42" .. der.element(4, given.iv or ("i"):rep(16)))
    return der.element(0x30, der.element(0x30, der.oid "1.2.840.113549.1.5.13" .. der.element(0x30, kdf .. scheme))
      .. der.element(4, given.data or ("d"):rep(32)))
  end

  for name, case in pairs {
    ["whose padding is wrong"] = { {}, "config_key_password" },
    ["that wants more rounds than there is time for"] = { { rounds = 10000001 }, "config_key_unsupported" },
    ["that wants no rounds"] = { { rounds = 0 }, "config_key_malformed" },
    ["with an initial vector that is too short"] = { { iv = "i" }, "config_key_malformed" },
    ["with a key of another length than the cipher's"] = { { key_size = der.integer(16) }, "config_key_malformed" },
    ["without data"] = { { data = "" }, "config_key_malformed" },
    ["with data that are no blocks"] = { { data = "ddddd" }, "config_key_malformed" },
  } do
    it(name .. " is refused", function()
      fails(case[2], tls.key.parse(info(case[1]), "secret"))
    end)
  end

  it("is refused when it is cut, and never crashes when it is changed", function()
    openssl("pkcs8 -topk8 -in spec/pki/server_ec.key -v2 aes256 -iter 2 -passout pass:x -outform DER -out %s", path)
    local bytes = read(path)
    assert(tls.key.parse(bytes, "x"))
    for i = 0, #bytes - 1 do
      assert.is_nil((tls.key.parse(bytes:sub(1, i), "x")))
      for _, flip in ipairs { 1, 128 } do
        local changed = bytes:sub(1, i) .. string.char((bytes:byte(i + 1) + flip) % 256) .. bytes:sub(i + 2)
        local key, _, code = tls.key.parse(changed, "x")
        assert.is_truthy(key or code)
      end
    end
  end)
end)

-- DER with indefinite lengths for all that is constructed, and strings in pieces: BER as some programs write it.
local function to_ber(bytes)
  local out, at = {}, 1
  while at <= #bytes do
    local tag, n, from = bytes:byte(at), bytes:byte(at + 1), at + 2
    if n >= 128 then
      local size = n - 128
      n = 0
      for i = from, from + size - 1 do
        n = n * 256 + bytes:byte(i)
      end
      from = from + size
    end
    local contents = bytes:sub(from, from + n - 1)
    if tag % 64 >= 32 then -- constructed
      contents = string.char(tag) .. "\128" .. to_ber(contents) .. "\0\0"
    elseif tag == 4 or tag == 128 then
      local half = math.floor(n / 2)
      contents = string.char(tag + 32) .. "\128" .. der.element(4, contents:sub(1, half))
        .. der.element(4, contents:sub(half + 1)) .. "\0\0"
    else
      contents = bytes:sub(at, from + n - 1)
    end
    out[#out + 1] = contents
    at = from + n
  end
  return table.concat(out)
end

describe("PKCS#12", function()
  local leaf = assert(tls.certificate.load(pki.path "server_chain_ec.pem"))
  local key = assert(tls.key.load(pki.path "server_chain_ec.key"))
  local directory

  setup(function()
    directory = process.tmpdir()
  end)
  teardown(process.cleanup)

  local function export(options, password)
    local path = directory .. "/file.p12"
    -- The root first, so that the file's order is not the chain's.
    openssl("pkcs12 -export -inkey spec/pki/server_chain_ec.key -in spec/pki/server_chain_ec.pem -certfile "
      .. "spec/pki/root_ec.pem -passout 'pass:%s' -out %s %s", password or "secret", path, options or "")
    return path
  end

  local function check(path, password)
    local chain = assert(tls.certificate.load(path, password))
    local found = assert(tls.key.load(path, password))
    assert.equal(key:pem(), found:pem())
    assert.is_true(found:matches(chain))
    assert.equal(3, #chain:list())
    assert.equal(leaf:fingerprint(), chain:fingerprint())
    for i, certificate in ipairs(chain:list()) do
      local above = chain:list()[i + 1]
      assert.equal(certificate:issuer(), (above or certificate):subject())
    end
  end

  for name, case in pairs {
    ["as OpenSSL makes it"] = {}, ["with a MAC of SHA-1"] = { "-macalg sha1" },
    ["with a MAC of SHA-384"] = { "-macalg sha384" }, ["with a MAC of SHA-512"] = { "-macalg sha512" },
    ["with AES-128 and AES-192"] = { "-certpbe AES-128-CBC -keypbe AES-192-CBC" },
    ["with 3DES"] = { "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1" },
    ["whose certificates are not encrypted"] = { "-certpbe NONE" },
    ["without a MAC"] = { "-nomac" },
    ["with a password beyond Latin-1"] = { "-certpbe PBE-SHA1-3DES", "sécrèt €😀" },
  } do
    it(name .. " gives the key and the chain in order", function()
      local path = export(case[1], case[2])
      check(path, case[2] or "secret")
      fails("config_key_password", tls.key.load(path, "wrong"))
      if case[1] ~= "-nomac" and case[1] ~= "-certpbe NONE" then
        fails("config_key_password", tls.certificate.load(path, "wrong"))
        fails("config_key_encrypted", tls.certificate.load(path))
      end
      fails("config_key_encrypted", tls.key.load(path))
    end)
  end

  it("with an empty password needs none", function()
    local path = export("", "")
    check(path, "")
    check(path)
    check(path, function()
      error "nobody should ask"
    end)
  end)

  it("with nothing encrypted needs no password", function()
    check(export "-certpbe NONE -keypbe NONE -nomac")
  end)

  it("is understood in BER, too", function()
    local bytes = to_ber(read(export()))
    local chain = assert(tls.certificate.parse(bytes, "secret"))
    assert.equal(3, #chain:list())
    assert.equal(key:pem(), assert(tls.key.parse(bytes, "secret")):pem())
  end)

  it("as NSS writes it, which is BER, is understood", function()
    check(pki.path "key_nss.p12", "secret")
  end)

  it("with RC2 is refused by name, and the hint says what helps", function()
    local _, message, code = tls.key.load(export "-certpbe PBE-SHA1-RC2-40 -legacy", "secret")
    assert.equal("config_key_unsupported", code)
    assert.matches("RC2", message)
  end)

  it("without a key has certificates alone", function()
    local path = directory .. "/certificates.p12"
    openssl("pkcs12 -export -nokeys -in spec/pki/server_chain_ec.pem -passout pass:secret -out %s", path)
    assert.equal(2, #assert(tls.certificate.load(path, "secret")):list())
    fails("config_no_key", tls.key.load(path, "secret"))
  end)

  it("without a certificate has a key alone", function()
    local path = directory .. "/key.p12"
    openssl("pkcs12 -export -nocerts -inkey spec/pki/server_chain_ec.key -passout pass:secret -out %s", path)
    assert.equal(key:pem(), assert(tls.key.load(path, "secret")):pem())
    fails("config_no_certificate", tls.certificate.load(path, "secret"))
  end)

  it("serves as certificate and key of a config, and its password is asked for once", function()
    local path, asked = export(), 0
    local p = pair.new({}, { certificate = path, key = path, password = function()
      asked = asked + 1
      return "secret"
    end })
    p:settle()
    assert.is_true(p.client:verified())
    assert.equal(leaf:fingerprint(), p.client:peer_certificate():fingerprint())
    assert.equal(1, asked)
    fails("config_key_password", tls.config { certificate = path, key = path, password = "wrong" })
  end)

  it("is refused when it is cut, and never crashes or hangs when it is changed", function()
    local bytes = read(export "-iter 2 -macalg sha256")
    assert(tls.key.parse(bytes, "secret"))
    for i = 0, #bytes - 1, 7 do
      assert.is_nil((tls.key.parse(bytes:sub(1, i), "secret")))
      local changed = bytes:sub(1, i) .. string.char((bytes:byte(i + 1) + 1) % 256) .. bytes:sub(i + 2)
      local found, _, code = tls.key.parse(changed, "secret")
      assert.is_truthy(found or code)
    end
  end)

  it("that nests without end is refused", function()
    local bytes = ("\48\128"):rep(50000)
    fails("config_pkcs12_malformed", tls.key.parse("\48\128\2\1\3" .. bytes, "secret"))
    local nested = ""
    for _ = 1, 40 do
      nested = der.element(0x30, nested)
    end
    fails("config_pkcs12_malformed", tls.key.parse(der.element(0x30, "\2\1\3" .. nested), "secret"))
  end)
end)
