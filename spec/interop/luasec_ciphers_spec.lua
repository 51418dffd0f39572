-- OpenSSL's cipher lists, read by us and by OpenSSL.

local ciphers = require "beartls.luasec.ciphers"
local peer = require "support.peer"
local process = require "support.process"
local suites = require "beartls.luasec.suites"

local it = peer.needs("openssl", it, pending)

local ours = {}
for _, suite in ipairs(suites.list) do
  ours[suite.openssl] = not suite.is_13
end

local function read_by_us(list)
  local out = {}
  for i, name in ipairs(ciphers.read(list) or {}) do
    out[i] = suites.by_name[name].openssl
  end
  return out
end

-- Of what OpenSSL chooses, those that we have.
local function read_by_openssl(list)
  local out = {}
  for line in process.run("openssl ciphers -v " .. process.quote(list)):gmatch "[^\n]+" do
    local name = line:match "^%S+"
    if ours[name] then
      out[#out + 1] = name
    end
  end
  return out
end

describe("a cipher list chooses what it chooses for OpenSSL:", function()
  for _, list in ipairs {
    "DEFAULT", "ALL", "ALL:COMPLEMENTOFALL", "HIGH", "HIGH+kEECDH:HIGH+kEDH:HIGH:!PSK:!SRP:!3DES:!aNULL", "TLSv1",
    "TLSv1.2", "SSLv3", "TLSv1.0", "RSA", "kRSA", "ECDHE", "EECDH+AESGCM:EECDH+CHACHA20:!aECDSA",
    "ALL:+kRSA:@STRENGTH", "AES128:-AESGCM:AES256", "aRSA", "ECDSA", "SHA", "SHA1", "SHA256", "SHA384", "AESCCM",
    "AESCCM8", "AES128-SHA:AES256-SHA", "FIPS", "CBC", "FOO:AES128-SHA", "HIGH:!FOO:-AES128:+CHACHA20:AES128",
    "DEFAULT:!kRSA", "DEFAULT:@STRENGTH", "ALL:!AESGCM:@STRENGTH:+AES256", "HIGH:MEDIUM:!eNULL", "AES+aRSA",
    "kEECDH,AES128 kRSA;!SHA1", "ECDHE-RSA-AES128-GCM-SHA256:DEFAULT", "!ALL", "CHACHA20:AESGCM:@SECLEVEL=0",
    "COMPLEMENTOFDEFAULT", "aNULL", "", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA",
    "HIGH:-kECDHE:kECDHE+AES128:@STRENGTH:-AES128:AES128+SHA256", "ALL:!kRSA+SHA1:+aRSA:-CHACHA20",
  } do
    it(list == "" and "the empty one" or list, function()
      assert.same(read_by_openssl(list), read_by_us(list))
    end)
  end

  it("3DES has to be called by its name", function()
    assert.same({ "DES-CBC3-SHA" }, read_by_us "DES-CBC3-SHA")
    assert.equal(3, #read_by_us "3DES")
    assert.same({ "AES128-SHA" }, read_by_us "3DES:AES128-SHA:!3DES")
  end)

  it("of TLS 1.3 names stand for themselves", function()
    assert.same({ "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256" },
      ciphers.read13 "TLS_AES_128_GCM_SHA256:TLS_FOO:TLS_CHACHA20_POLY1305_SHA256")
    assert.is_nil(ciphers.read13 "ECDHE-RSA-AES128-GCM-SHA256")
    assert.same({}, ciphers.read13 "")
  end)
end)
