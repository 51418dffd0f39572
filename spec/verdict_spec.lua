-- What the verdict says: which names a certificate is for, why a chain is not believed, what a session keeps of it.
local graph = require "support.graph"
local pki = require "support.pki"
local tls = require "beartls"

local der = graph.der
local cert = graph.certificate

local root = cert { "Root", ca = true }
local ica = cert { "ICA", by = "Root", ca = true }
local leaf = cert { "leaf", by = "ICA", dns = "www.example.test" }
local other_root = cert { "Other root", ca = true }

local function verdict(case)
  return graph.verdict(case, root)
end

describe("a name in the certificate", function()
  for _, row in ipairs {
    { "a.test", "a.test", true }, { "A.test", "a.TEST", true }, { "a.test", "a.test.", true },
    { "*.a.test", "b.a.test", true }, { "*.A.test", "B.a.test", true }, { "*.a.test", "xn--b.a.test", true },
    { "*.a.test", "a.test", false }, { "*.a.test", "c.b.a.test", false }, { "*.a.test", ".a.test", false },
    { "*.test", "a.test", false }, { "*", "a", false }, { "*.", "a.", false }, { "*.*.test", "a.b.test", false },
    { "a.*.test", "a.b.test", false }, { "a*.b.test", "ac.b.test", false }, { "*a.b.test", "ca.b.test", false },
    { "xn--*.b.test", "xn--a.b.test", false }, { "*..test", "a..test", false }, { "a.test.", "a.test", false },
    { "-a.test", "-a.test", false }, { "a..test", "a..test", false }, { "a b.test", "a b.test", false },
    { "a_b.test", "a_b.test", true }, { "192.0.2.1", "192.0.2.1", false }, { "", "a.test", false },
  } do
    it(("%q, asked for %q: %s"):format(row[1], row[2], row[3] and "yes" or "no"), function()
      local named = cert { "leaf", by = "ICA", change = function(plan)
        table.insert(plan.extensions,
          graph.extension("2.5.29.17", false, der.sequence(der.context_primitive(2, row[1]))))
      end }
      local path, message, code = verdict { sent = { named, ica }, name = row[2] }
      assert.equal(row[3] and "trusted" or "certificate_name_mismatch", path and "trusted" or code, message)
    end)
  end
end)

describe("the verdict", function()
  local function failure_of(case)
    local path, _, code, failure = verdict(case)
    assert.is_nil(path)
    assert.equal(code, failure.code)
    return failure
  end

  for _, row in ipairs {
    { "asks for the intermediate that was not sent", { leaf }, 0, "leaf",
      "did not send its intermediate: ask for 'ICA'" },
    { "asks for the root that is not trusted", { leaf, ica }, 1, "ICA", "'Root' is a root that the option trust",
      { other_root } },
    { "tells a root that is not trusted", { leaf, ica, root }, 2, "Root", "give it with the option trust",
      { other_root } },
    { "tells a trusted CA that has another key now", { leaf, ica }, 1, "ICA", "has another key",
      { cert { "Root", key = "new root", ca = true } } },
    { "tells a root that was made anew", { leaf, ica, root }, 2, "Root", "one of that name is trusted",
      { cert { "Root", key = "new root", ca = true } } },
    { "tells the certificate that has expired, however far up", { leaf, ica }, 2, "Root", "too old",
      { cert { "Root", ca = true, to = -1 } } },
    { "tells what would do but for one fault", { leaf, cert { "ICA", by = "Root", ca = true, to = -1 },
      cert { "ICA", by = "Nobody", ca = true } }, 1, "ICA", "renewed" },
    { "tells what the peer lacks to be a server", { cert { "leaf", by = "ICA", eku = { "clientAuth" } }, ica }, 0,
      "leaf", "lacks serverAuth" },
    { "tells who may not issue", { leaf, cert { "ICA", by = "Root", ku = { "digitalSignature" } } }, 1, "ICA",
      "CA:TRUE" },
  } do
    it(row[1], function()
      local failure = failure_of { sent = row[2], trusted = row[6] }
      assert.equal(row[3], failure.position)
      assert.equal(row[4], failure.certificate:common_name())
      assert.matches(row[5], failure.hint, 1, true)
      assert.matches("CN=" .. row[4], failure.message, 1, true)
    end)
  end

  it("names the name and the CA that does not permit it", function()
    local strict = cert { "ICA", by = "Root", ca = true, excluded = { dns = "example.test" } }
    local failure = failure_of { sent = { leaf, strict } }
    assert.equal("certificate_name_constraint", failure.code)
    assert.equal(0, failure.position)
    assert.matches("is for www.example.test, which 'CN=ICA' above it excludes", failure.message, 1, true)
  end)

  it("is not asked with options that do not exist", function()
    local trust, chain = assert(tls.trust.parse(root)), assert(tls.certificate.parse(leaf .. ica))
    for _, options in ipairs { { nmae = "a.test" }, { "a.test" }, { name = 1 }, { name = "a\0b" }, { usage = "peer" },
      { time = "now" }, { time = 0 / 0 }, { time = 1e300 } } do
      assert.has_error(function() trust:verify(chain, options) end)
    end
    assert.has_error(function() trust:verify("chain") end)
  end)

  it("does not count parts of seconds", function()
    local trust, chain = assert(tls.trust.parse(root)), assert(tls.certificate.parse(leaf .. ica))
    local last = chain:not_after()
    assert.is_truthy(trust:verify(chain, { time = last + 0.9 }))
    assert.is_nil((trust:verify(chain, { time = last + 1 })))
    assert.is_nil((trust:verify(chain, { time = chain:not_before() - 0.1 })))
    assert.is_nil((trust:verify(chain, { time = -0.5 })))
  end)

  it("leaves a store as it was: it may still grow", function()
    local trust = assert(tls.trust.parse(other_root))
    local chain = assert(tls.certificate.parse(leaf .. ica))
    assert.is_nil((trust:verify(chain, { time = pki.NOW })))
    assert(trust:add(root))
    assert.is_truthy(trust:verify(chain, { time = pki.NOW }))
  end)
end)

describe("a session", function()
  local pair = require "support.pair"

  it("tells the path that it believed, and forgets it when it is resumed", function()
    local p = pair.new():settle()
    local path = p.client:verified_chain()
    assert.equal(p.client:peer_certificate(), path[1])
    assert.equal(path[#path]:issuer(), path[#path]:subject())
    assert.is_nil(p.server:verified_chain())
  end)

  it("that verifies nothing believes no path", function()
    local p = pair.new({ insecure_no_verify = true }):settle()
    assert.is_false(p.client:verified())
    assert.is_nil(p.client:verified_chain())
  end)

  it("that failed tells the certificate at fault and where it stands", function()
    local trust = assert(tls.trust.parse(other_root))
    local p = pair.new({ trust = trust }):settle()
    local failure = p.client:failure()
    assert.equal("certificate_untrusted", failure.code)
    assert.equal(#p.client:peer_chain() - 1, failure.position)
    assert.equal(p.client:peer_chain()[#p.client:peer_chain()], failure.certificate)
    assert.is_nil(p.client:verified_chain())
  end)
end)
