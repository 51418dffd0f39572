-- suites.lua: the cipher suites as OpenSSL calls and describes them.

local suites = {}

-- In the order in which OpenSSL prefers them when nobody says otherwise; 3DES, which it has no more, last.
local names = {
  "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
  "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_256_CCM_8", "TLS_RSA_WITH_AES_256_CCM",
  "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CCM_8", "TLS_RSA_WITH_AES_128_CCM",
  "TLS_RSA_WITH_AES_256_CBC_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
}

-- TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA is ECDHE-RSA-AES128-SHA; those of TLS 1.3 keep their name.
local function openssl_name(name)
  if not name:find "_WITH_" then
    return name
  end
  local short = name:gsub("^TLS_", ""):gsub("^RSA_WITH_", ""):gsub("WITH_", ""):gsub("3DES_EDE_CBC", "DES_CBC3")
    :gsub("AES_", "AES"):gsub("_CBC_", "_"):gsub("CCM_8", "CCM8"):gsub("POLY1305_SHA256", "POLY1305"):gsub("_", "-")
  return short
end

local ciphers = {
  { "CHACHA20", "CHACHA20/POLY1305(256)", 256 }, { "AES_256_GCM", "AESGCM(256)", 256 },
  { "AES_128_GCM", "AESGCM(128)", 128 }, { "AES_256_CCM_8", "AESCCM8(256)", 256 },
  { "AES_128_CCM_8", "AESCCM8(128)", 128 }, { "AES_256_CCM", "AESCCM(256)", 256 },
  { "AES_128_CCM", "AESCCM(128)", 128 }, { "AES_256_CBC", "AES(256)", 256 }, { "AES_128_CBC", "AES(128)", 128 },
  { "3DES_EDE_CBC", "3DES(168)", 112, 168 },
}

local macs = { SHA = "SHA1", SHA256 = "SHA256", SHA384 = "SHA384" }

-- key, authentication, encryption, mac: as OpenSSL describes a suite; bits: how strong it is, and of how many bits its
-- key is.
local function describe(name)
  local before = name:match "^TLS_(.*)_WITH_"
  local suite = {
    iana = name, openssl = openssl_name(name),
    is_13 = before == nil,
    modern = before == nil or before ~= "RSA" and not name:find "_CBC_",
    key = before == nil and "any" or before == "RSA" and "RSA" or "ECDH",
    authentication = before == nil and "any" or before:match "[^_]+$",
    mac = macs[name:match "_CBC_(.*)$"] or "AEAD",
  }
  for _, cipher in ipairs(ciphers) do
    if not suite.bits and name:find(cipher[1], 1, true) then
      suite.encryption, suite.bits, suite.algbits = cipher[2], cipher[3], cipher[4] or cipher[3]
    end
  end
  return suite
end

---All of them, and each by its IANA name.
suites.list, suites.by_name = {}, {}
for i, name in ipairs(names) do
  suites.list[i] = describe(name)
  suites.by_name[name] = suites.list[i]
end

---Those of TLS 1.3 that are offered when nobody says otherwise.
suites.default13 = { names[1], names[2], names[3] }

return suites
