-- Fallbacks and downgrades, whichever engine answers (RFC 7507; RFC 8446, 4.1.3).

local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted12 = require "support.scripted12"
local tls = require "beartls"

local SCSV = 0x5600
local ECDHE, RSA_CBC = 0xC02F, 0x002F
local SERVERS = {
  modern = { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
  classic = { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key", min_version = "TLSv1",
    cipher_suites = { "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_RSA_WITH_AES_128_CBC_SHA" } },
}

local function client_of(server, max, version, suites, versions)
  local options = { max_version = max }
  for name, value in pairs(SERVERS[server]) do
    options[name] = value
  end
  local client = scripted12.new(assert(rules.server_config(options):server()), true)
  return client:client_hello(function(h)
    h.version, h.suites = version, suites
    hello.put(h, hello.SCHEMES, hello.list { 0x0804, 0x0401, 0x0201 })
    if versions then
      hello.add(h, hello.VERSIONS, hello.list(versions, 1))
    end
  end)
end

describe("a server", function()
  -- Who answers, what it speaks at most; the hello's version, suites besides the signal, supported_versions; refused.
  for _, case in ipairs {
    { "modern", "TLSv1.3", 0x0303, { ECDHE }, nil, true },
    { "modern", "TLSv1.2", 0x0303, { ECDHE }, nil, false },
    { "modern", "TLSv1.3", 0x0303, { ECDHE }, { 0x0303 }, true },
    { "classic", "TLSv1.3", 0x0303, { ECDHE }, nil, true },
    { "classic", "TLSv1.3", 0x0303, { RSA_CBC }, nil, true },
    { "classic", "TLSv1.3", 0x0303, { RSA_CBC }, { 0x0303 }, true },
    { "classic", "TLSv1.2", 0x0303, { RSA_CBC }, nil, false },
    { "classic", "TLSv1.2", 0x0302, { RSA_CBC }, nil, true },
    { "classic", "TLSv1.2", 0x0303, { RSA_CBC }, { 0x0302 }, true },
    { "classic", "TLSv1.2", 0x0301, { RSA_CBC }, nil, true },
    { "classic", "TLSv1.1", 0x0302, { RSA_CBC }, nil, false },
    { "classic", "TLSv1.1", 0x0301, { RSA_CBC }, nil, true },
    { "classic", "TLSv1.1", 0x0304, { RSA_CBC }, nil, false },
  } do
    local versions = case[5] and (" (supported_versions: 0x%04x)"):format(case[5][1]) or ""
    it(("that speaks %s, %s, %s a fallback to 0x%04x%s with suite 0x%04x"):format(case[2], case[1],
      case[6] and "refuses" or "takes", case[3], versions, case[4][1]), function()
      local client = client_of(case[1], case[2], case[3], { case[4][1], SCSV }, case[5])
      if case[6] then
        client:expect("peer_inappropriate_fallback", 86, false)
      else
        client:listen()
        assert.equal("handshake", client.session:state())
        assert.equal(case[4][1], client.their_hello.suite)
      end
      -- Without the signal nobody is refused.
      assert.equal("handshake", client_of(case[1], case[2], case[3], case[4], case[5]).session:state())
    end)
  end

  it("whose key is on a curve that the client does not know has another suite for it (RFC 8422, 5.1.1)", function()
    local config = assert(tls.config { min_version = "TLSv1", identities = {
        { certificate = pki.path "server_p384.pem", key = pki.path "server_p384.key" },
        { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" } },
      cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA" } })
    for groups, suite in pairs { [{ 29, 23 }] = RSA_CBC, [{ 29, 24 }] = 0xC02B } do
      local client = scripted12.new(assert(config:server()), true):client_hello(function(h)
        h.suites = { 0xC02B, RSA_CBC }
        hello.put(h, hello.GROUPS, hello.list(groups))
        hello.put(h, hello.SCHEMES, hello.list { 0x0403, 0x0503, 0x0401 })
      end):listen()
      assert.equal(suite, client.their_hello and client.their_hello.suite)
    end
  end)

  it("that speaks nothing so old says so, signal or not", function()
    client_of("modern", "TLSv1.3", 0x0302, { ECDHE, SCSV }):expect("peer_version", 70, false)
    client_of("modern", "TLSv1.3", 0x0302, { ECDHE }):expect("peer_version", 70, false)
  end)

  it("says in its random that it speaks TLS 1.3, where the modern engine answers in 1.2", function()
    for _, name in ipairs { "modern", "classic" } do
      local client = client_of(name, "TLSv1.3", 0x0303, { ECDHE }):listen()
      assert.equal("DOWNGRD\1", client.their_hello.random:sub(-8))
      client = client_of(name, "TLSv1.2", 0x0303, { ECDHE }):listen()
      assert.not_equal("DOWNGRD\1", client.their_hello.random:sub(-8))
    end
  end)
end)
