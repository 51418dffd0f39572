local tls = require "beartls"
local pki = require "support.pki"

local identity = { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" }

local function with(options)
  local out = {}
  for k, v in pairs(identity) do
    out[k] = v
  end
  for k, v in pairs(options) do
    out[k] = v
  end
  return out
end

describe("tls.config", function()
  it("names the option that is misspelt and suggests the nearest", function()
    for wrong, right in pairs {
      certficate = "certificate", Key = "key", chiper_suites = "cipher_suites", truts = "trust",
      verify_clients = "verify_client", insecure_noverify = "insecure_no_verify",
    } do
      local ok, message = pcall(tls.config, { [wrong] = true })
      assert.is_false(ok)
      assert.matches(wrong, message, 1, true)
      assert.matches('did you mean "' .. right .. '"', message, 1, true)
    end
    local _, message = pcall(tls.config, { something_else_altogether = 1 })
    assert.is_nil(message:find "did you mean")
  end)

  it("raises for a value of the wrong type, naming option, wish and value", function()
    local samples = { 17, "text", true, {}, function() end, io.stdout, coroutine.create(function() end), 1.5 }
    local accepts = {
      certificate = { "string" }, key = { "string" }, password = { "string", "function" }, identities = { "table" },
      trust = { "string" }, verify_client = {}, min_version = {}, max_version = {}, cipher_suites = { "table" },
      groups = { "table" }, signature_schemes = { "table" }, alpn = { "table" }, pins = { "table" },
      tickets = { "boolean" }, max_fragment = {}, trace = { "boolean", 17 }, keylog = { "string", "boolean" },
      time = { "function" }, insecure_no_verify = { "boolean" }, insecure_no_name = { "boolean" },
      insecure_no_time = { "boolean" },
    }
    for option, types in pairs(accepts) do
      local fine = {}
      for _, t in ipairs(types) do
        fine[t] = true
      end
      for _, value in ipairs(samples) do
        if not fine[type(value)] and not fine[value] then
          local ok, message = pcall(tls.config, { [option] = value })
          assert.is_false(ok, option .. " took a " .. type(value))
          assert.matches(option, message, 1, true)
        end
      end
    end
    assert.has_error(function() tls.config "text" end)
    assert.has_error(function() tls.config { alpn = { "a", 5 } } end)
    assert.has_error(function() tls.config { identities = { { certificat = "x" } } } end)
  end)

  it("names a file that is not there", function()
    for option, options in pairs {
      certificate = with { certificate = "no/such.pem" }, key = with { key = "no/such.pem" },
      trust = { trust = "no/such.pem" },
    } do
      local config, message, code = tls.config(options)
      assert.is_nil(config)
      assert.matches("no/such.pem", message, 1, true)
      assert.matches(option, message, 1, true)
      assert.equal("io_file", code)
    end
    assert.equal("io_file", select(3, tls.config { keylog = "no/such/dir/keys" }))
  end)

  it("says when a key does not belong to the certificate", function()
    for _, key in ipairs { "client_rsa.key", "server_ec.key" } do
      local config, message, code = tls.config(with { key = pki.path(key) })
      assert.is_nil(config)
      assert.equal("config_key_mismatch", code)
      assert.matches("localhost", message)
    end
  end)

  it("says when only one of certificate and key is given", function()
    assert.equal("config_identity", select(3, tls.config { certificate = identity.certificate }))
    assert.equal("config_identity", select(3, tls.config { key = identity.key }))
    assert.equal("config_identity", select(3, tls.config { identities = { { key = identity.key } } }))
  end)

  it("says when there is no certificate in a file, or a key where a certificate should be", function()
    local config, message, code = tls.config(with { certificate = pki.path "server_rsa.key" })
    assert.is_nil(config)
    assert.matches("server_rsa.key", message, 1, true)
    assert.is_string(code)
    assert.is_nil((tls.config(with { key = pki.path "server_rsa.pem" })))
    assert.is_nil((tls.config { trust = pki.path "server_rsa.key" }))
  end)

  it("names a suite, group or scheme that nobody knows", function()
    for option, name in pairs { cipher_suites = "TLS_BOGUS", groups = "secp256k1", signature_schemes = "rsa_md2" } do
      local config, message, code = tls.config { [option] = { name } }
      assert.is_nil(config)
      assert.equal("config_unknown_name", code)
      assert.matches(name, message, 1, true)
    end
  end)

  it("finds contradictions", function()
    for _, options in ipairs {
      { min_version = "TLSv1.2", max_version = "TLSv1.1" }, { max_version = "TLSv1.1" },
      { min_version = "TLSv1.3", cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } },
      { cipher_suites = {} }, { pins = { "sha256//short=" } }, { alpn = { "" } },
      { alpn = { ("x"):rep(256) } }, { alpn = { "a\0b" } }, { verify_client = "require" },
    } do
      local config, message, code = tls.config(options)
      assert.is_nil(config)
      assert.is_string(message)
      assert.matches("^config_", code)
    end
  end)

  it("takes objects as well as files", function()
    local config = assert(tls.config {
      certificate = assert(tls.certificate.load(identity.certificate)),
      key = assert(tls.key.load(identity.key)),
      trust = assert(tls.trust.load(pki.path "trust.pem")),
    })
    assert.matches("beartls.config", tostring(config))
    assert.is_truthy(config:server())
  end)

  it("keeps what it was given, whatever becomes of the table", function()
    local function name() -- a string that nothing else holds
      return ("protocol %d"):format(#tostring({}) * 0 + 17) .. ("x"):rep(50)
    end
    local alpn = { name() }
    local config = assert(tls.config { alpn = alpn, trust = pki.path "trust.pem" })
    alpn[1] = nil
    for i = 1, 1000 do
      alpn[2] = ("something else %d"):format(i):rep(4)
    end
    collectgarbage()
    collectgarbage()
    local session = assert(config:client "localhost")
    assert.matches(name(), session:drain(), 1, true)
  end)

  it("without certificate serves nobody, and says so", function()
    local session, message, code = assert(tls.config()):server()
    assert.is_nil(session)
    assert.matches("certificate", message)
    assert.equal("config_no_certificate", code)
  end)

  it("says whether it has a certificate", function()
    assert.is_false(tls.config({ trust = pki.path "trust.pem" }):has_certificate())
    local given = { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" }
    assert.is_true(tls.config(given):has_certificate())
    assert.is_true(tls.config({ identities = { given } }):has_certificate())
    assert.has_error(function() tls.config(given).has_certificate() end)
  end)

  it("wants a server name, unless an insecure_ switch makes it pointless", function()
    local config = assert(tls.config { trust = pki.path "trust.pem" })
    assert.has_error(function() config:client() end)
    assert.has_error(function() config:client(5) end)
    assert.has_error(function() config:client("localhost", { tickets = 1 }) end)
    assert.has_error(function() config:client("localhost", { ticket = 1 }) end)
    assert.has_error(function() config.client() end)
    for _, name in ipairs { "", "a b", "a..b", "-", ("a"):rep(64) .. ".test", "b\195\188cher.example",
      "x/y", "[::1]", "localhost\0evil" } do
      local session, message, code = config:client(name)
      assert.is_nil(session, name)
      assert.is_string(message)
      assert.equal("config_server_name", code)
    end
    assert.is_truthy(tls.config({ trust = pki.path "trust.pem", insecure_no_name = true }):client())
    assert.is_truthy(tls.config({ insecure_no_verify = true }):client())
  end)

  it("asks for a time that is a number", function()
    local config = assert(tls.config { trust = pki.path "trust.pem", time = function() return "soon" end })
    assert.has_error(function() config:client "localhost" end)
  end)

  it("asks for a password only when a key is encrypted", function()
    local asked = 0
    assert(tls.config(with { password = function() asked = asked + 1 return "x" end }))
    assert.equal(0, asked)
  end)
end)

describe("objects that were not made properly", function()
  it("answer with errors", function()
    local p = tls.config { trust = pki.path "trust.pem" }
    local session = p:client "localhost"
    local mt = getmetatable(session)
    for name, method in pairs(mt.__index) do
      for _, self in ipairs { 5, "x", {}, io.stdout, p } do
        assert.has_error(function() method(self) end, nil, name)
      end
    end
    mt.__gc(session)
    assert.has_error(function() session:drain() end)
    assert.has_error(function() session:feed "x" end)
    assert.matches("wiped", tostring(session))
    mt.__gc(session)
  end)
end)
