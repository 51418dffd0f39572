-- Hashing with keys, agreeing on keys and sealing, against RFCs, Wycheproof's vectors and what must be refused.
local primitives = require "primitives"
local vectors = require "support.vectors"

local bytes, hex, agrees_with = vectors.bytes, vectors.hex, vectors.agrees_with

describe("HMAC", function()
  for _, hash in ipairs { "sha256", "sha384" } do
    -- Shorter tags are the beginning of the whole one.
    agrees_with("hmac_" .. hash .. "_test", function(group, test)
      local tag = primitives.hmac(hash, bytes(test.key), bytes(test.msg))
      return hex(tag:sub(1, group.tagSize / 8)) == test.tag
    end)
  end
end)

describe("HKDF", function()
  local function hkdf(hash, salt, ikm, info, n)
    return hex(primitives.hkdf_expand(hash, primitives.hkdf_extract(hash, salt, ikm), info, n))
  end

  -- RFC 5869, appendix A, cases 1 to 3: the pseudorandom key and its expansion.
  local function range(first, last)
    local list = {}
    for i = first, last do
      list[#list + 1] = string.char(i)
    end
    return table.concat(list)
  end
  for case, given in ipairs {
    { range(0, 12), ("\11"):rep(22), range(0xf0, 0xf9), 42,
      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
    { range(0x60, 0xaf), range(0, 0x4f), range(0xb0, 0xff), 82,
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8"
        .. "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87" },
    { "", ("\11"):rep(22), "", 42, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
  } do
    it("gives what RFC 5869, A." .. case .. " gives", function()
      local salt, ikm, info, n, prk, okm = given[1], given[2], given[3], given[4], given[5], given[6]
      assert.equal(prk, hex(primitives.hkdf_extract("sha256", salt, ikm)))
      assert.equal(okm, hkdf("sha256", salt, ikm, info, n))
    end)
  end

  for _, hash in ipairs { "sha256", "sha384", "sha512" } do
    agrees_with(("hkdf_%s_test"):format(hash), function(_, test)
      if test.size > 255 * #primitives.hash(hash, "") then
        return false -- HKDF-Expand ends there; the callers know
      end
      return hkdf(hash, bytes(test.salt), bytes(test.ikm), bytes(test.info), test.size) == test.okm
    end)
  end
end)

local groups = { x25519 = 29, secp256r1 = 23, secp384r1 = 24, secp521r1 = 25 }
local sizes = { x25519 = { 32, 32, 32 }, secp256r1 = { 32, 65, 32 }, secp384r1 = { 48, 97, 48 },
  secp521r1 = { 66, 133, 66 } }

-- Wycheproof's private keys are numbers, with and without leading zeros.
local function private(name, text)
  text = #text % 2 == 0 and text or "0" .. text
  if name == "x25519" then
    return bytes(text)
  end
  local n = bytes(text):gsub("^%z+", "")
  return ("\0"):rep(sizes[name][1] - #n) .. n
end

local function share(name, test, point)
  local secret = primitives.group_share(groups[name], private(name, test.private), point)
  return secret ~= nil and hex(secret) == test.shared
end

describe("key agreement on", function()
  for _, name in ipairs { "secp256r1", "secp384r1", "secp521r1" } do
    agrees_with(("ecdh_%s_ecpoint_test"):format(name), function(_, test)
      return share(name, test, bytes(test.public))
    end, { CompressedPublic = false })
  end

  -- The keys here are SubjectPublicKeyInfos, of which these are not what we take: RFC 8446 has named curves and
  -- uncompressed points, and DER is DER.
  for _, name in ipairs { "secp256r1", "secp384r1" } do
    agrees_with(("ecdh_%s_test"):format(name), function(_, test)
      local point = primitives.point(bytes(test.public), groups[name])
      return point ~= nil and share(name, test, point)
    end, { CompressedPublic = false, WrongOrder = false, ModifiedGenerator = false, ModifiedCofactor = false,
      NoCofactor = false, ModifiedCurveParameter = false, InvalidAsn = false, UnusedParam = false,
      UnnamedCurve = false })
  end

  -- Points on the twist and numbers above the prime are fine (RFC 7748, 5); a result of zeros is not (6.1).
  agrees_with("x25519_test", function(_, test)
    return share("x25519", test, bytes(test.public))
  end, function(test)
    return not table.concat(test.flags, " "):find "ZeroSharedSecret"
  end)

  it("x25519 gives what RFC 7748, 5.2 and 6.1 give", function()
    local function x25519(key, point)
      return hex(primitives.group_share(29, bytes(key), bytes(point)))
    end
    assert.equal("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", x25519(
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))
    local alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    local bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
    local alices = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    local bobs = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert.equal(alices, hex(primitives.group_public(29, bytes(alice))))
    assert.equal(bobs, hex(primitives.group_public(29, bytes(bob))))
    local secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert.equal(secret, x25519(alice, bobs))
    assert.equal(secret, x25519(bob, alices))
  end)

  it("x25519 a thousand times over gives what RFC 7748, 5.2 gives", function()
    local k = "\9" .. ("\0"):rep(31)
    local u = k
    for _ = 1, 1000 do
      k, u = primitives.group_share(29, k, u), k
    end
    assert.equal("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", hex(k))
  end)

  for name, group in pairs(groups) do
    it(name .. " gives both sides the same secret", function()
      local ours, our_share = primitives.group_generate(group)
      local theirs, their_share = primitives.group_generate(group)
      assert.same(sizes[name], { #ours, #our_share, #primitives.group_share(group, ours, their_share) })
      assert.equal(our_share, primitives.group_public(group, ours))
      assert.are_not.equal(ours, theirs)
      assert.equal(primitives.group_share(group, ours, their_share), primitives.group_share(group, theirs, our_share))
    end)

    it(name .. " refuses shares that are too short, too long, of another group or no point", function()
      local ours, our_share = primitives.group_generate(group)
      local bad = { "", our_share:sub(1, -2), our_share .. "\0", ("\0"):rep(#our_share) }
      for other, number in pairs(groups) do
        if other ~= name then
          bad[#bad + 1] = select(2, primitives.group_generate(number))
        end
      end
      if name ~= "x25519" then
        bad[#bad + 1] = "\5" .. our_share:sub(2)
        bad[#bad + 1] = "\2" .. our_share:sub(2) -- compressed, with more behind it
        bad[#bad + 1] = "\2" .. our_share:sub(2, 1 + sizes[name][3])
        bad[#bad + 1] = our_share:sub(1, -2) .. string.char((our_share:byte(-1) + 1) % 256)
        bad[#bad + 1] = "\0"
      end
      for _, wrong in ipairs(bad) do
        assert.is_nil(primitives.group_share(group, ours, wrong), hex(wrong))
      end
    end)
  end

  it("an unknown group is refused", function()
    for _, group in ipairs { 0, 22, 26, 30, 256, 4588, -1 } do
      assert.is_nil(primitives.group_generate(group))
      assert.is_nil(primitives.group_public(group, ("\1"):rep(32)))
      assert.is_nil(primitives.group_share(group, ("\1"):rep(32), ("\9"):rep(32)))
    end
  end)
end)

describe("sealing with", function()
  local key_sizes = { aes_128_gcm = 128, aes_256_gcm = 256, chacha20_poly1305 = 256, aes_128_ccm = 128,
    aes_256_ccm = 256, aes_128_ccm_8 = 128, aes_256_ccm_8 = 256 }

  for _, given in ipairs {
    { "aes_gcm_test", "aes_128_gcm" }, { "aes_gcm_test", "aes_256_gcm" },
    { "chacha20_poly1305_test", "chacha20_poly1305" },
    { "aes_ccm_test", "aes_128_ccm" }, { "aes_ccm_test", "aes_256_ccm" },
    { "aes_ccm_test", "aes_128_ccm_8" }, { "aes_ccm_test", "aes_256_ccm_8" },
  } do
    local name, aead = given[1], given[2]
    describe(aead, function()
      agrees_with(name, function(_, test)
        local key, nonce, aad = bytes(test.key), bytes(test.iv), bytes(test.aad)
        local sealed = test.ct .. test.tag
        local opened, left = primitives.open(aead, key, nonce, aad, bytes(sealed))
        if opened == nil then
          assert(not left:find "[^%z]", "plaintext was left")
          return false
        end
        return hex(opened) == test.msg and hex(primitives.seal(aead, key, nonce, aad, bytes(test.msg))) == sealed
      end, nil, function(group)
        return group.ivSize == 96 and group.keySize == key_sizes[aead]
          and group.tagSize == (aead:find "_8$" and 64 or 128)
      end)
    end)
  end

  it("ChaCha20-Poly1305 gives what RFC 8439, 2.8.2 gives", function()
    local key = bytes "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    local nonce, aad = bytes "070000004041424344454647", bytes "50515253c0c1c2c3c4c5c6c7"
    local text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      .. "sunscreen would be it."
    local sealed = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
      .. "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b"
      .. "7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
    assert.equal(sealed, hex(primitives.seal("chacha20_poly1305", key, nonce, aad, text)))
    assert.equal(text, primitives.open("chacha20_poly1305", key, nonce, aad, bytes(sealed)))
  end)

  for aead, bits in pairs(key_sizes) do
    it(aead .. " is opened unless a bit of anything has changed; then nothing is left", function()
      local function flip(s, i)
        local byte = s:byte(i)
        return s:sub(1, i - 1) .. string.char(byte % 2 == 0 and byte + 1 or byte - 1) .. s:sub(i + 1)
      end
      local key, nonce, aad = ("k"):rep(bits / 8), ("n"):rep(12), "additional"
      for _, n in ipairs { 0, 1, 15, 16, 17, 255, 16384 } do
        local text = ("t"):rep(n)
        local sealed = primitives.seal(aead, key, nonce, aad, text)
        assert.equal(n + (aead:find "_8$" and 8 or 16), #sealed)
        assert.equal(text, primitives.open(aead, key, nonce, aad, sealed))
        for i = 1, #sealed, math.max(1, math.floor(#sealed / 20)) do
          local opened, left = primitives.open(aead, key, nonce, aad, flip(sealed, i))
          assert.is_nil(opened)
          assert.equal(("\0"):rep(n), left)
        end
        assert.is_nil(primitives.open(aead, flip(key, 1), nonce, aad, sealed))
        assert.is_nil(primitives.open(aead, key, flip(nonce, 12), aad, sealed))
        assert.is_nil(primitives.open(aead, key, nonce, flip(aad, 1), sealed))
        assert.is_nil(primitives.open(aead, key, nonce, "", sealed))
      end
    end)
  end
end)
