-- Signatures against Wycheproof's vectors and OpenSSL.
local primitives = require "primitives"
local process = require "support.process"
local tls = require "beartls"
local vectors = require "support.vectors"

local bytes, agrees_with = vectors.bytes, vectors.agrees_with

local function hash_name(sha)
  return sha and sha:lower():gsub("-", "")
end

local function pkcs1(group, test)
  return primitives.verify(bytes(group.publicKeyDer), "pkcs1", hash_name(group.sha), bytes(test.msg), bytes(test.sig))
end

local function pss(group, test)
  return primitives.verify(bytes(group.publicKeyDer), "pss", hash_name(group.sha), bytes(test.msg), bytes(test.sig),
    group.sLen, hash_name(group.mgfSha))
end

local function ecdsa(group, test)
  return primitives.verify(bytes(group.publicKeyDer), "ecdsa", hash_name(group.sha), bytes(test.msg), bytes(test.sig))
end

local function ed25519(group, test)
  return primitives.verify(bytes(group.publicKeyDer), "ed25519", nil, bytes(test.msg), bytes(test.sig))
end

-- r and s one behind the other, as long as the order: not a form that TLS has. Here as DER, so that the numbers are
-- tried.
local function p1363(size)
  local function integer(s)
    s = s:gsub("^%z+", "")
    if s == "" or s:byte() >= 128 then
      s = "\0" .. s
    end
    return "\2" .. string.char(#s) .. s
  end
  return function(group, test)
    local signature = bytes(test.sig)
    if #signature ~= 2 * size then
      return false
    end
    local body = integer(signature:sub(1, size)) .. integer(signature:sub(size + 1))
    return primitives.verify(bytes(group.publicKeyDer), "ecdsa", hash_name(group.sha), bytes(test.msg),
      "\48" .. string.char(#body) .. body)
  end
end

describe("RSASSA-PKCS1-v1_5", function()
  for _, bits in ipairs { 2048, 3072, 4096 } do
    for _, hash in ipairs { "sha256", "sha384", "sha512" } do
      -- Without the NULL it is not the encoding of RFC 8017, 9.2, with which ours is compared.
      agrees_with(("rsa_signature_%d_%s_test"):format(bits, hash), pkcs1, { MissingNull = false })
    end
  end
end)

describe("RSASSA-PSS", function()
  for _, name in ipairs {
    "2048_sha256_mgf1_0", "2048_sha256_mgf1_32", "2048_sha384_mgf1_48", "3072_sha256_mgf1_32",
    "4096_sha256_mgf1_32", "4096_sha384_mgf1_48", "4096_sha512_mgf1_32", "4096_sha512_mgf1_64",
    "2048_sha256_mgf1_32_params", "misc",
  } do
    agrees_with(("rsa_pss_%s_test"):format(name), pss)
  end
end)

-- Both forms of padding on moduli of all sizes: OpenSSL signs, we verify, and the other way round.
describe("RSA with a modulus of", function()
  teardown(process.cleanup)

  for _, bits in ipairs { 1024, 1025, 1026, 1031, 1032, 1033, 2047 } do
    it(bits .. " bits signs and verifies as OpenSSL does", function()
      local path = process.tmpdir() .. "/rsa" .. bits
      process.write_file(path .. ".message", "a message")
      assert(process.run(("openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:%d -out %s"):format(bits, path)))
      local key = assert(tls.key.load(path))
      assert.equal(bits, key:bits())
      process.write_file(path .. ".pub", key:public())
      for scheme, options in pairs { rsa_pkcs1_sha256 = "", rsa_pss_rsae_sha256 = " -sigopt rsa_padding_mode:pss"
        .. " -sigopt rsa_pss_saltlen:32" } do
        local command = ("openssl dgst -sha256%s %%s %s.message"):format(options, path)
        local _, code = process.run(command:format(("-sign %s -out %s.sig"):format(path, path)))
        assert.equal(0, code)
        local kind = options == "" and "pkcs1" or "pss"
        local signature = process.read_file(path .. ".sig")
        assert.is_true(primitives.verify(key:public "der", kind, "sha256", "a message", signature, 32))
        assert.is_false(primitives.verify(key:public "der", kind, "sha256", "another", signature, 32))
        assert.is_false(primitives.verify(key:public "der", kind, "sha256", "a message", "\0" .. signature, 32))
        process.write_file(path .. ".sig", assert(key:sign(scheme, "a message")))
        local output
        output, code = process.run(command:format(("-verify %s.pub -signature %s.sig"):format(path, path)))
        assert.equal(0, code, output)
      end
    end)
  end

  it("8192 bits is verified", function()
    local given = dofile "spec/vectors/rsa8192.lua"
    local spki, one, two = bytes(given.spki), bytes(given.pkcs1), bytes(given.pss)
    assert.is_true(primitives.verify(spki, "pkcs1", "sha256", "a message", one))
    assert.is_true(primitives.verify(spki, "pss", "sha512", "a message", two, 64))
    assert.is_false(primitives.verify(spki, "pss", "sha512", "a message", two, 63))
    assert.is_false(primitives.verify(spki, "pss", "sha512", "a message", one, 64))
  end)
end)

describe("the RSA public operation", function()
  local function number(n, size)
    return ("\0"):rep((size or 1) - 1) .. string.char(n)
  end
  local modulus = "\193" .. ("\17"):rep(62) .. "\1"

  it("gives powers", function()
    assert.equal(number(8, 64), primitives.rsa_public(modulus, "\3", number(2, 64)))
    assert.equal(number(0, 64), primitives.rsa_public(modulus, "\3", number(0, 64)))
    assert.equal(number(1, 64), primitives.rsa_public(modulus, "\1\0\1", number(1, 64)))
    local below = "\193" .. ("\17"):rep(62) .. "\0" -- -1: an odd power is itself
    assert.equal(below, primitives.rsa_public(modulus, "\1\0\1", below))
  end)

  for name, given in pairs {
    ["a number that is not below the modulus"] = { modulus, "\3", modulus },
    ["an even modulus"] = { "\193" .. ("\17"):rep(62) .. "\2", "\3" },
    ["a short modulus"] = { "\1" .. ("\17"):rep(63), "\3" },
    ["a leading zero"] = { "\0" .. modulus, "\3" },
    ["the exponent 1"] = { modulus, "\1" },
    ["an even exponent"] = { modulus, "\1\0" },
    ["no exponent"] = { modulus, "" },
    ["an exponent with a leading zero"] = { modulus, "\0\3" },
    ["an exponent that would take long"] = { modulus, ("\255"):rep(33) },
  } do
    it("refuses " .. name, function()
      assert.is_nil(primitives.rsa_public(given[1], given[2], given[3] or number(2, #given[1])))
    end)
  end
end)

describe("ECDSA", function()
  for _, name in ipairs {
    "secp256r1_sha256", "secp256r1_sha512", "secp384r1_sha256", "secp384r1_sha384", "secp384r1_sha512",
    "secp521r1_sha512",
  } do
    agrees_with(("ecdsa_%s_test"):format(name), ecdsa)
  end
  agrees_with("ecdsa_secp256r1_sha256_p1363_test", p1363(32))
  agrees_with("ecdsa_secp384r1_sha384_p1363_test", p1363(48))
end)

describe("Ed25519", function()
  agrees_with("ed25519_test", ed25519)
end)
