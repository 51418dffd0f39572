local tls = require "beartls"
local pki = require "support.pki"

local function certificate(name)
  return assert(tls.certificate.load(pki.path(name .. ".pem")))
end

local function verdict(trust, name, options)
  options = options or {}
  options.time = options.time or pki.NOW
  local path, message, code = trust:verify(certificate(name), options)
  return path and "trusted" or code, message
end

describe("trust", function()
  local trust = assert(tls.trust.load(pki.path "trust.pem"))

  for _, case in ipairs {
    { "server_rsa", "trusted" }, { "server_ec", "trusted" }, { "server_p384", "trusted" },
    { "server_p521", "trusted" }, { "server_rsa4096", "trusted" },
    { "server_chain_rsa", "trusted" }, { "server_chain_ec", "trusted" },
    { "server_no_intermediate", "certificate_untrusted" }, { "server_untrusted", "certificate_untrusted" },
    { "server_self_signed", "certificate_untrusted" }, { "server_expired", "certificate_expired" },
    { "server_not_yet", "certificate_not_yet_valid" }, { "server_client_eku", "certificate_wrong_usage" },
    { "server_critical_unknown", "certificate_critical_extension" }, { "server_rsa1024", "certificate_weak_key" },
    { "server_sha1", "certificate_weak_signature" }, { "server_not_from_ca", "certificate_not_ca" },
    { "client_ec", "certificate_wrong_usage" },
  } do
    it(("finds %s %s"):format(case[1], case[2]), function()
      local code, message = verdict(trust, case[1])
      assert.equal(case[2], code, message)
      assert.is_true(case[2] == "trusted" or #message > 20)
    end)
  end

  it("judges clients by the usage that clients need, and no name", function()
    assert.equal("trusted", verdict(trust, "client_ec", { usage = "client" }))
    assert.equal("trusted", verdict(trust, "client_rsa", { usage = "client" }))
    assert.equal("certificate_wrong_usage", verdict(trust, "server_ec", { usage = "client" }))
    assert.equal("certificate_expired", verdict(trust, "client_expired", { usage = "client" }))
  end)

  it("matches the name when one is asked for", function()
    assert.equal("trusted", verdict(trust, "server_ec", { name = "www.example.test" }))
    local code, message = verdict(trust, "server_ec", { name = "example.org" })
    assert.equal("certificate_name_mismatch", code)
    assert.matches("localhost.*not for example.org", message)
  end)

  it("says what to do about an intermediate that was not sent", function()
    local _, message = verdict(trust, "server_no_intermediate")
    assert.matches("intermediate EC", message)
  end)

  it("in a leaf itself needs no path, whether it calls itself a CA or not", function()
    for _, name in ipairs { "server_self_signed", "server_self_signed_ca", "server_untrusted" } do
      local direct = assert(tls.trust.load(pki.path(name .. ".pem")))
      assert.equal("trusted", verdict(direct, name, { name = "localhost" }))
      assert.equal("certificate_name_mismatch", verdict(direct, name, { name = "example.org" }))
      assert.equal("certificate_untrusted", verdict(direct, "server_ec"))
    end
    local expired = assert(tls.trust.load(pki.path "server_expired.pem"))
    assert.equal("certificate_expired", verdict(expired, "server_expired"))
  end)

  it("in an intermediate is enough", function()
    local direct = assert(tls.trust.load(pki.path "intermediate_ec.pem"))
    assert.equal("trusted", verdict(direct, "server_no_intermediate"))
    assert.equal("trusted", verdict(direct, "server_chain_ec"))
  end)
end)
