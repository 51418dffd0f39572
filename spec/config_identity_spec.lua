-- config:identity(): what makes a config another one, and what does not.

local beartls_pki = require "beartls.pki"
local options = require "beartls.options"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

local ca = assert(beartls_pki.ca { name = "root", time = pki.now })
local revoked = assert(ca:issue { name = "leaf", client = true }).certificate
local crl = assert(ca:crl {})
local longer_crl = assert(ca:crl { revoked = { { certificate = revoked } } })

local function read_trust(...)
  local text = {}
  for i, name in ipairs { ... } do
    text[i] = pki.read(name)
  end
  return assert(tls.trust.parse(table.concat(text, "\n")))
end

local pin, other_pin = "sha256//" .. ("A"):rep(43) .. "=", "sha256//B" .. ("A"):rep(42) .. "="

-- The config that the others differ from: new tables each time.
local function base()
  return {
    certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key", trust = pki.path "trust.pem",
    alpn = { "h2", "http/1.1" }, groups = { "x25519", "secp256r1" },
    pins = { pin, other_pin }, crls = { crl, longer_crl },
    psks = { { identity = "a", key = ("k"):rep(32) }, { identity = "b", key = ("l"):rep(32) } },
    ticket_keys = { ("1"):rep(32), ("2"):rep(32) },
  }
end

local function identity(change)
  local given = base()
  for name, value in pairs(change or {}) do
    given[name] = value
    if value == "nothing" then
      given[name] = nil
    end
  end
  return assert(assert(tls.config(given)):identity())
end

-- In its pem, the certificates of a file the other way round.
local function backwards(name)
  local text, list = pki.read(name), {}
  for block in text:gmatch "%-%-%-%-%-BEGIN.-%-%-%-%-%-END[^\n]*" do
    table.insert(list, 1, block)
  end
  return table.concat(list, "\n")
end

local OTHERS = {
  { "another certificate with its key", certificate = pki.path "client_rsa.pem", key = pki.path "client_rsa.key" },
  { "no certificate", certificate = "nothing", key = "nothing" },
  { "the same leaf with an intermediate behind it",
    certificate = assert(tls.certificate.parse(pki.read "client_ec.pem" .. "\n" .. pki.read "intermediate_ec.pem")) },
  { "a second identity",
    identities = { { certificate = pki.path "client_rsa.pem", key = pki.path "client_rsa.key" } } },
  { "one certificate more to trust", trust = read_trust("trust.pem", "other_root.pem") },
  { "one less to trust", trust = read_trust "root_ec.pem" },
  { "the system's trust", trust = "nothing" },
  { "a pin less", pins = { pin } },
  { "another pin", pins = { pin, "sha256//C" .. ("A"):rep(42) .. "=" } },
  { "no pins", pins = "nothing" },
  { "a revocation list less", crls = { crl } },
  { "no revocation list", crls = "nothing" },
  { "a revocation list for the leaf at least", crl_required = "leaf" },
  { "revocation lists for all", crl_required = true },
  { "a client's certificate being asked for", verify_client = "request" },
  { "a client's certificate being required", verify_client = "require" },
  { "no verification", insecure_no_verify = true },
  { "no name", insecure_no_name = true },
  { "no time", insecure_no_time = true },
  { "only the older version", max_version = "TLSv1.2" },
  { "only the newer version", min_version = "TLSv1.3" },
  { "suites", cipher_suites = { "TLS_AES_128_GCM_SHA256" } },
  { "suites in one order", cipher_suites = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384" } },
  { "suites in the other order", cipher_suites = { "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256" } },
  { "a group less", groups = { "x25519" } },
  { "groups in the other order", groups = { "secp256r1", "x25519" } },
  { "signature schemes", signature_schemes = { "ecdsa_secp256r1_sha256" } },
  { "a protocol less", alpn = { "h2" } },
  { "protocols in the other order", alpn = { "http/1.1", "h2" } },
  { "protocols split elsewhere", alpn = { "h2h", "ttp/1.1" } },
  { "no protocols", alpn = "nothing" },
  { "smaller records", max_fragment = 4096 },
  { "another pre-shared key",
    psks = { { identity = "a", key = ("K"):rep(32) }, { identity = "b", key = ("l"):rep(32) } } },
  { "another name of a pre-shared key",
    psks = { { identity = "A", key = ("k"):rep(32) }, { identity = "b", key = ("l"):rep(32) } } },
  { "a name and a key that begin elsewhere",
    psks = { { identity = "ak", key = ("k"):rep(31) }, { identity = "b", key = ("l"):rep(32) } } },
  { "no pre-shared keys", psks = "nothing" },
  { "no tickets", tickets = false, ticket_keys = "nothing" },
  { "ticket keys of its own making", ticket_keys = "nothing" },
  { "another ticket key", ticket_keys = { ("1"):rep(32), ("3"):rep(32) } },
  { "the ticket keys in the other order", ticket_keys = { ("2"):rep(32), ("1"):rep(32) } },
  { "a clock of its own", time = pki.now },
}

local SAME = {
  { "the same options" },
  { "objects instead of files", trust = assert(tls.trust.load(pki.path "trust.pem")),
    certificate = assert(tls.certificate.load(pki.path "client_ec.pem")),
    key = assert(tls.key.load(pki.path "client_ec.key")) },
  { "an identity instead of a certificate", certificate = "nothing", key = "nothing",
    identities = { { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" } } },
  { "trust in another order", trust = assert(tls.trust.parse(backwards "trust.pem")) },
  { "pins in another order", pins = { other_pin, pin } },
  { "a pin twice", pins = { other_pin, pin, pin } },
  { "revocation lists in another order", crls = { longer_crl, crl } },
  { "the versions that are the default", min_version = "TLSv1.2", max_version = "TLSv1.3" },
  { "a password that is not needed", password = "none" },
  { "switches that are off", insecure_no_verify = false, insecure_no_name = false, insecure_no_time = false },
  { "a store for tickets", tickets = require("beartls.store.memory").new() },
  { "a trace", trace = true },
  { "a key log", keylog = "/dev/null" },
}

describe("the identity of a config is", function()
  for _, case in ipairs(SAME) do
    it("the same with " .. case[1], function()
      case[1] = nil
      assert.equal(identity(), identity(case))
    end)
  end

  local seen = {}
  for _, case in ipairs(OTHERS) do
    local name = case[1]
    it("another one with " .. name, function()
      case[1] = nil
      local other = identity(case)
      assert.not_equal(identity(), other)
      assert.is_nil(seen[other], "the same as with " .. tostring(seen[other]))
      seen[other] = name
    end)
  end

  it("decided on for every option that there is", function()
    local decided = { staple = true } -- below
    for _, case in ipairs(SAME) do
      for option in pairs(case) do
        decided[option] = true
      end
    end
    for _, case in ipairs(OTHERS) do
      for option in pairs(case) do
        decided[option] = true
      end
    end
    for option in pairs(options.known) do
      assert.is_true(decided[option], option .. ": does it tell who we are or whom we believe?")
    end
  end)

  it("another one with a staple, and with another staple", function()
    local dir = process.tmpdir()
    local seen_staple = { [identity()] = true }
    for i = 1, 2 do
      local leaf = assert(ca:issue { name = "leaf", client = true })
      process.write_file(dir .. "/staple", require("support.revocation").ocsp {
        key = ca.key, issuer = ca.certificate, now = pki.NOW - i, answers = { { certificate = leaf.certificate } },
      })
      local other = identity { staple = dir .. "/staple" }
      assert.is_nil(seen_staple[other])
      seen_staple[other] = true
    end
    process.cleanup()
  end)

  it("64 digits that do not change, also not when a session begins", function()
    local config = assert(tls.config(base()))
    local first = config:identity()
    assert.matches("^%x+$", first)
    assert.equal(64, #first)
    config:client "localhost"
    assert.equal(first, config:identity())
  end)

  it("that of the ticket keys that it was made with, whatever others it is given later", function()
    local config, other = assert(tls.config(base())), assert(tls.config(base()))
    assert(config:set_ticket_keys { ("9"):rep(32) })
    assert.equal(other:identity(), config:identity())
    assert(other:set_ticket_keys { ("8"):rep(32) })
    assert.equal(identity(), other:identity())
  end)

  it("the same before and after the system's roots are needed", function()
    local one, two = assert(tls.config {}), assert(tls.config {})
    assert(two:client "localhost")
    assert.equal(one:identity(), two:identity())
    assert.not_equal(one:identity(), assert(tls.config { insecure_no_verify = true }):identity())
  end)

  it("of its own for each config with a clock of its own", function()
    local one = assert(tls.config { trust = pki.path "trust.pem", time = pki.now })
    local two = assert(tls.config { trust = pki.path "trust.pem", time = pki.now })
    assert.equal(one:identity(), one:identity())
    assert.not_equal(one:identity(), two:identity())
  end)

  it("the same in another process", function()
    local program = [[
      local tls = require "beartls"
      local config = assert(tls.config { certificate = "spec/pki/client_ec.pem", key = "spec/pki/client_ec.key",
        trust = "spec/pki/trust.pem", psks = { { identity = "a", key = ("k"):rep(32) } } })
      io.write(config:identity())
    ]]
    local command = ("%s -e %s"):format(os.getenv "BEARTLS_LUA" or "lua5.4", process.quote(program))
    local environment = { LUA_PATH = package.path, LUA_CPATH = package.cpath }
    assert.equal(assert(tls.config { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key",
      trust = pki.path "trust.pem", psks = { { identity = "a", key = ("k"):rep(32) } } }):identity(),
      (process.run(command, { env = environment })))
  end)

  it("nobody else's method", function()
    assert.has_error(function() tls.config {}.identity() end)
    assert.has_error(function() getmetatable(assert(tls.config {})).__index.identity(io.stdout) end)
  end)
end)
