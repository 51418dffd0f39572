-- Private keys against the RFCs' vectors, RSA Laboratories' and Wycheproof's.
local der = require "beartls.pki.der"
local primitives = require "primitives"
local tls = require "beartls"
local vectors = require "support.vectors"

local bytes, hex = vectors.bytes, vectors.hex

describe("Ed25519 (RFC 8032, 7.1)", function()
  local function key_of(secret)
    return der.element(0x30, der.integer(0) .. der.element(0x30, der.oid "1.3.101.112")
      .. der.element(4, der.element(4, bytes(secret))))
  end

  for _, case in ipairs {
    { "test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        .. "d25bf5f0595bbe24655141438e7a100b" },
    { "test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        .. "387b2eaeb4302aeeb00d291612bb0c00" },
    { "test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        .. "4a7c15e9716ed28dc027beceea1ec40a" },
    { "test SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      nil, -- the signature is over it, too
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        .. "454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        .. "3dca179c138ac17ad9bef1177331a704" },
  } do
    it(case[1], function()
      local key = assert(tls.key.parse(key_of(case[2])))
      local signature = assert(key:sign("ed25519", bytes(case[4])))
      assert.equal(case[5], hex(signature))
      if case[3] then
        assert.equal(case[3], hex(key:public "der"):sub(-64))
      end
      assert.is_true(primitives.verify(key:public "der", "ed25519", nil, bytes(case[4]), signature))
    end)
  end
end)

describe("RFC 8410's keys (10.3)", function()
  local public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    .. "-----END PUBLIC KEY-----\n"
  local function pem(text)
    return "-----BEGIN PRIVATE KEY-----\n" .. text .. "\n-----END PRIVATE KEY-----\n"
  end
  local with_public = pem("MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    .. "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=")

  it("are read, without the public key and with it and attributes", function()
    local plain = pem "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
    assert.equal(public, assert(tls.key.parse(plain)):public())
    assert.equal(plain, assert(tls.key.parse(with_public)):pem())
  end)

  it("are refused when the public key is another's", function()
    local _, _, code = tls.key.parse((with_public:gsub("AxZuE=", "AxZuI=")))
    assert.equal("config_key_malformed", code)
  end)
end)

describe("ECDSA (RFC 6979, A.2.5 to A.2.7, with SHA-256)", function()
  local curves = {
    { "1.2.840.10045.3.1.7", 32, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721" },
    { "1.3.132.0.34", 48,
      "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5" },
    { "1.3.132.0.35", 66,
      "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC"
        .. "1466F6D8FBEC67DB89EC0C08B0E996B83538" },
  }

  -- r and s of a signature in DER, as numbers without leading zeros.
  local function numbers(signature)
    local at = signature:byte(2) == 0x81 and 4 or 3
    local n = signature:byte(at + 1)
    local r, s = signature:sub(at + 2, at + 1 + n), signature:sub(at + 4 + n)
    return hex(r):gsub("^0+", "") .. " " .. hex(s):gsub("^0+", "")
  end

  for _, case in ipairs {
    { 1, "sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
      "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8" },
    { 1, "test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
      "19F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083" },
    { 2, "sample", "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD",
      "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0" },
    { 2, "test", "6D6DEFAC9AB64DABAFE36C6BF510352A4CC27001263638E5B16D9BB51D451559F918EEDAF2293BE5B475CC8F0188636B",
      "2D46F3BECBCC523D5F1A1256BF0C9B024D879BA9E838144C8BA6BAEB4B53B47D51AB373F9845C0514EEFB14024787265" },
    { 3, "sample",
      "1511BB4D675114FE266FC4372B87682BAECC01D3CC62CF2303C92B3526012659D16876E25C7C1E57648F23B73564D67F"
        .. "61C6F14D527D54972810421E7D87589E1A7",
      "4A171143A83163D6DF460AAF61522695F207A58B95C0644D87E52AA1A347916E4F7A72930B1BC06DBE22CE3F58264AFD"
        .. "23704CBB63B29B931F7DE6C9D949A7ECFC" },
    { 3, "test",
      "E871C4A14F993C6C7369501900C4BC1E9C7B0B4BA44E04868B30B41D8071042EB28C4C250411D0CE08CD197E4188EA48"
        .. "76F279F90B3D8D74A3C76E6F1E4656AA8",
      "CD52DBAA33B063C3A6CD8058A1FB0A46A4754B034FCC644766CA14DA8CA5CA9FDE00E88C1AD60CCBA759025299079D7A"
        .. "427EC3CC5B619BFBC828E7769BCD694E86" },
  } do
    local curve = curves[case[1]]
    it(("signs %q with %d bytes"):format(case[2], curve[2]), function()
      local key = der.element(0x30, der.integer(1) .. der.element(4, bytes(curve[3]))
        .. der.context(0, der.oid(curve[1])))
      local signature = primitives.sign(key, "ecdsa", "sha256", case[2])
      assert.equal((case[3] .. " " .. case[4]):lower(), numbers(signature))
      local spki = assert(tls.key.parse(key)):public "der"
      assert.is_true(primitives.verify(spki, "ecdsa", "sha256", case[2], signature))
    end)
  end
end)

describe("RSASSA-PSS", function()
  for _, case in ipairs(dofile "spec/vectors/rsa_pss.lua") do
    it(("signs RSA Laboratories' example %s, of %d bits"):format(case.name, case.bits), function()
      local key, message = bytes(case.key), bytes(case.message)
      local signature = primitives.sign(key, "pss", "sha1", message, bytes(case.salt))
      assert.equal(vectors.hex(bytes(case.signature)), hex(signature))
      local spki = assert(tls.key.parse(key)):public "der"
      assert.equal(case.bits, tls.key.parse(key):bits())
      assert.is_true(primitives.verify(spki, "pss", "sha1", message, signature, 20))
      assert.is_false(primitives.verify(spki, "pss", "sha1", message, signature, 19))
    end)
  end
end)

describe("RSA decryption", function()
  -- The premaster secret of TLS, 48 bytes, is all that beartls decrypts; none of these has that length. What the
  -- private operation gives is looked at here.
  local function check(group, test)
    local em, is_premaster = primitives.rsa_private(bytes(group.privateKeyPkcs8), bytes(test.ct))
    assert(is_premaster == 0, "taken for a premaster secret")
    local padding, message = (em or ""):match "^%z\2([^%z]+)%z(.*)$"
    return padding and #padding >= 8 and message == bytes(test.msg)
  end

  it("agrees with Wycheproof's rsa_pkcs1_2048_test", function()
    local differences, why = vectors.differences("rsa_pkcs1_2048_test", check)
    if not differences then
      pending(why)
      return
    end
    assert.equal("", differences)
  end)
end)

describe("PBKDF2 (RFC 6070; RFC 7914, 11; and Python's)", function()
  for _, case in ipairs {
    { "sha1", "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
    { "sha1", "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
    { "sha1", "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1" },
    { "sha1", "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
      "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038" },
    { "sha1", "pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3" },
    { "sha256", "passwd", "salt", 1,
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef31"
        .. "7c71b845b1e30bd509112041d3a19783" },
    { "sha384", ("p"):rep(200), "s", 3,
      "36f5f9b62de5a326225e1d97a91110e04c12ef61c4f06fd6ac9dd094fc690dd916d98b15daf0c41ce62acacb4e4091000568" },
    { "sha512", "passwordPASSWORDpassword", "saltSALT", 1000,
      "a3105b58a2874e87c49bd5a40cd1fae5aa199b16557d913c848102d904e3884e8521a24ee065438b516c8d1343548f0d"
        .. "0dc0cdb9d6bd0661e6fcd845ff50b8f90640d6d37a99" },
  } do
    it(("with %s and %d rounds"):format(case[1], case[4]), function()
      assert.equal(case[5], hex(primitives.pbkdf2(case[1], case[2], case[3], case[4], #case[5] / 2)))
    end)
  end

  it("refuses no rounds, and passwords and salts without measure", function()
    assert.is_nil(primitives.pbkdf2("sha1", "password", "salt", 0, 20))
    assert.is_nil(primitives.pbkdf2("sha1", ("p"):rep(1025), "salt", 1, 20))
    assert.is_nil(primitives.pbkdf2("sha1", "password", ("s"):rep(1025), 1, 20))
  end)
end)

describe("a password of PKCS#12", function()
  for given, want in pairs {
    [""] = "0000", ["Beavis"] = "0042006500610076006900730000", ["\195\169"] = "00e90000",
    ["\226\130\172"] = "20ac0000", ["\240\159\152\128"] = "d83dde000000",
    ["\233"] = "00e90000", ["a\195"] = "006100c30000", -- no UTF-8: Latin-1
    ["\192\128"] = "00c000800000", ["\237\160\128"] = "00ed00a000800000",
    ["\244\144\128\128"] = "00f40090008000800000",
  } do
    it(("%q is %s"):format(given, want), function()
      assert.equal(want, hex(primitives.utf16(given)))
    end)
  end
end)
