-- Paths, and the rules for the certificates on them. Each row of a table is one case, and a spec.
local graph = require "support.graph"

local der = graph.der
local cert = graph.certificate

-- Those that most cases have in common.
local root = cert { "Root", ca = true }
local ica = cert { "ICA", by = "Root", ca = true }
local leaf = cert { "leaf", by = "ICA", dns = "www.example.test" }
local other_root = cert { "Other root", ca = true }

local function verdict(case)
  return graph.verdict(case, root)
end

-- A row: a sentence, what to expect ("trusted", or the code), and the case. Optional: path, the common names on it;
-- says, a pattern of the message.
local function each(rows)
  for _, row in ipairs(rows) do
    it(row[1], function()
      local path, message, code, failure = verdict(row)
      assert.equal(row[2], path and "trusted" or code, message)
      if failure then -- not when it could not even be read
        assert.is_string(failure.hint)
        assert.is_number(failure.position)
      end
      if row.says then
        assert.matches(row.says, message)
      end
      if row.path then
        local names = {}
        for i, c in ipairs(path) do
          names[i] = c:common_name()
        end
        assert.equal(row.path, table.concat(names, " < "))
      end
    end)
  end
end

describe("a path", function()
  local ica_expired = cert { "ICA", by = "Root", ca = true, from = -60, to = -30 }
  local ica_server_not = cert { "ICA", by = "Root", ca = true, eku = { "clientAuth" } }
  local ica_elsewhere = cert { "ICA", by = "Root", ca = true, permitted = { dns = "elsewhere.test" } }
  local ica_not_ca = cert { "ICA", by = "Root", ca = false, ku = { "digitalSignature" } }
  local ica_silent = cert { "ICA", by = "Root", ku = { "digitalSignature" } }
  local ica_unknown = cert { "ICA", by = "Root", ca = true, change = function(plan)
    table.insert(plan.extensions, graph.extension("1.3.6.1.4.1.99999.1", true, der.null))
  end }
  local ica_by_other = cert { "ICA", by = "Other root", ca = true }
  local ica_other_key = cert { "ICA", by = "Root", ca = true, key = "another ICA" }
  local ica_other_key_bare = cert { "ICA", by = "Root", ca = true, key = "another ICA", bare = true }
  local bare_leaf = cert { "leaf", by = "ICA", dns = "www.example.test", bare = true }
  local root_crossed = cert { "Root", by = "Other root", ca = true }
  local stranger = cert { "Stranger", ca = true }
  local in_circle = cert { "c", by = "A", dns = "a.test" }
  local a_by_b, b_by_a = cert { "A", by = "B", ca = true }, cert { "B", by = "A", ca = true }

  each {
    { "goes from the leaf through an intermediate to a root", "trusted", sent = { leaf, ica },
      path = "leaf < ICA < Root" },
    { "leaves out a root that was sent", "trusted", sent = { leaf, ica, root }, path = "leaf < ICA < Root" },
    { "is found in any order", "trusted", sent = { leaf, root, ica }, path = "leaf < ICA < Root" },
    { "is found among strangers", "trusted", sent = { leaf, stranger, other_root, ica, stranger } },
    { "is found when all is there twice", "trusted", sent = { leaf, leaf, ica, ica, root, root } },
    { "needs no key identifiers", "trusted", sent = { bare_leaf, cert { "ICA", by = "Root", ca = true, bare = true } },
      trusted = { cert { "Root", ca = true, bare = true } } },
    { "tries the next issuer when one has another key", "trusted", sent = { bare_leaf, ica_other_key_bare, ica } },
    { "tries the right key first", "trusted", sent = { leaf, ica_other_key, ica } },
    { "avoids an expired intermediate", "trusted", sent = { leaf, ica_expired, ica } },
    { "avoids an intermediate for another purpose", "trusted", sent = { leaf, ica_server_not, ica } },
    { "avoids an intermediate for other names", "trusted", sent = { leaf, ica_elsewhere, ica } },
    { "avoids one that is no CA", "trusted", sent = { leaf, ica_not_ca, ica } },
    { "avoids one that does not say that it is a CA", "trusted", sent = { leaf, ica_silent, ica } },
    { "avoids one with a critical extension that nobody knows", "trusted", sent = { leaf, ica_unknown, ica } },
    { "avoids a root that nobody trusts", "trusted", sent = { leaf, ica_by_other, other_root, ica } },
    { "goes through a root that is crossed when the root itself is not trusted", "trusted",
      sent = { leaf, ica, root, root_crossed }, trusted = { other_root }, path = "leaf < ICA < Root < Other root" },
    { "ends at the first that is trusted", "trusted", sent = { leaf, ica, root_crossed },
      trusted = { root, other_root }, path = "leaf < ICA < Root" },
    { "is another one when the crossed certificate has expired", "trusted",
      sent = { leaf, ica, cert { "Root", by = "Other root", ca = true, to = -1 } }, trusted = { root, other_root } },
    { "is another one when the trusted root has expired", "trusted", sent = { leaf, ica, root_crossed },
      trusted = { cert { "Root", ca = true, to = -1 }, other_root }, path = "leaf < ICA < Root < Other root" },
    { "may end at an intermediate", "trusted", sent = { leaf }, trusted = { ica }, path = "leaf < ICA" },
    { "may end at an intermediate that was sent with all above it", "trusted", sent = { leaf, ica, root },
      trusted = { ica }, path = "leaf < ICA" },
    { "may be the leaf alone", "trusted", sent = { leaf }, trusted = { leaf }, path = "leaf" },
    { "is not the leaf's namesake", "certificate_untrusted", sent = { leaf },
      trusted = { cert { "leaf", key = "another", dns = "www.example.test" } } },
    { "does not go round in circles", "certificate_untrusted", says = "not trusted",
      sent = { in_circle, a_by_b, b_by_a } },
    { "finds its way out of a circle", "trusted", path = "c < A < B < Root",
      sent = { in_circle, a_by_b, b_by_a, cert { "B", by = "Root", ca = true } } },
    { "may go through a CA whose key was changed", "trusted", path = "leaf < ICA < ICA < Root",
      sent = { leaf, cert { "ICA", by = "ICA", by_key = "old ICA", ca = true },
        cert { "ICA", key = "old ICA", by = "Root", ca = true } } },
  }

  it("may have ten certificates, and no more", function()
    local sent = { cert { "deep", by = "C8", dns = "a.test" } }
    for i = 8, 1, -1 do
      table.insert(sent, cert { "C" .. i, by = i > 1 and "C" .. i - 1 or "Root", ca = true })
    end
    assert.equal(10, #assert(verdict { sent = sent }))
    sent[1] = cert { "deeper", by = "C9", dns = "a.test" }
    table.insert(sent, 2, cert { "C9", by = "C8", ca = true })
    local _, message, code = verdict { sent = sent }
    assert.equal("certificate_path_too_long", code)
    assert.matches("longer than 10", message)
  end)

  it("is found at once when key identifiers point to it", function()
    local sent = { leaf }
    for i = 1, 20 do -- of keys that are costly to try
      table.insert(sent, cert { "ICA", by = "Root", key = ("p521 of %d"):format(i % 3), ca = true, to = 30 + i })
    end
    table.insert(sent, ica)
    assert.equal(3, #assert(verdict { sent = sent }))
  end)

  it("is given up when there are too many ways", function()
    -- Each of them may have issued each other one, by its name; the signatures tell only when they are checked.
    local sent = { cert { "lost", by = "Maze", by_key = "maze 1", dns = "a.test", bare = true } }
    for i = 1, 18 do
      table.insert(sent, 2, cert { "Maze", key = "maze " .. i, by = "Maze", by_key = "maze " .. i + 1, ca = true,
        bare = true })
    end
    local _, _, code = verdict { sent = sent }
    assert.equal("certificate_too_complex", code)
  end)
end)

describe("a certificate", function()
  local function made(c)
    c[1], c.by = c[1] or "leaf", c.by or "ICA"
    c.dns = c.dns == nil and "www.example.test" or c.dns
    return cert(c)
  end

  local function changed(change)
    return made { change = change }
  end

  local function inserted(oid, critical, value)
    return changed(function(plan)
      table.insert(plan.extensions, graph.extension(oid, critical, value))
    end)
  end

  local function below(c)
    c[1], c.by, c.ca = "ICA", "Root", c.ca == nil and true or c.ca
    return { leaf, cert(c) }
  end

  local function critical(name)
    return function(plan)
      for _, extension in ipairs(plan.extensions) do
        extension.critical = extension.critical or extension.oid == name
      end
    end
  end

  local SKI, AKI, AIA = "2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1"
  local aia = der.sequence(der.sequence(der.oid "1.3.6.1.5.5.7.48.1", der.context_primitive(6, "http://a.test")))

  each {
    { "is believed on its first and last second", "trusted", sent = { leaf, ica }, days = 30 },
    { "is not believed before", "certificate_not_yet_valid", sent = { leaf, ica }, days = -31 },
    { "is not believed after", "certificate_expired", sent = { leaf, ica }, days = 31, says = "server's certificate" },
    { "above the leaf has to be valid as well", "certificate_expired", sent = below { to = -1 }, says = "1 above the" },
    { "that is trusted has to be valid as well", "certificate_expired", sent = { leaf, ica },
      trusted = { cert { "Root", ca = true, to = -1 } }, says = "2 above the" },
    { "that was changed is found out", "certificate_bad_signature", says = "server's certificate",
      sent = { changed(function(plan)
        plan.spoil = function(signature) return signature:sub(1, -2) .. string.char((signature:byte(-1) + 1) % 256) end
      end), ica } },
    { "may not sign with SHA-1", "certificate_weak_signature", sent = { changed(function(plan)
      plan.scheme = "ecdsa_sha1"
    end), ica } },
    { "may be signed by SHA-1 when it is trusted itself", "trusted", sent = { leaf, ica },
      trusted = { cert { "Root", ca = true, change = function(plan) plan.scheme = "ecdsa_sha1" end } } },
    { "says inside and outside how it was signed", "certificate_malformed", sent = { changed(function(plan)
      plan.inner_scheme = "ecdsa_secp384r1_sha384"
    end), ica } },
    { "may have a critical extension that is understood", "trusted", sent = { changed(critical "2.5.29.17"), ica } },
    { "may have any extension that is not critical", "trusted",
      sent = { inserted("1.3.6.1.4.1.99999.1", false, "\1\2\3"), ica } },
    { "may have no critical one that is unknown", "certificate_critical_extension", says = "1%.3%.6%.1%.4%.1%.99999%.1",
      sent = { inserted("1.3.6.1.4.1.99999.1", true, der.null), ica } },
    { "has no critical subject key identifier", "certificate_nonconforming", sent = { changed(critical(SKI)), ica } },
    { "has no critical authority key identifier", "certificate_nonconforming", sent = { changed(critical(AKI)), ica } },
    { "may say where its issuer is", "trusted", sent = { inserted(AIA, false, aia), ica } },
    { "says so without being critical", "certificate_nonconforming", sent = { inserted(AIA, true, aia), ica } },
    { "says so in DER", "certificate_malformed", sent = { inserted(AIA, false, "http://a.test"), ica } },
    { "has each extension once", "certificate_malformed", says = "extension 2%.5%.29%.35 is",
      sent = { changed(function(plan)
      table.insert(plan.extensions, plan.extensions[#plan.extensions])
    end), ica } },
    { "does not write that it is no CA, which is the default", "certificate_malformed", sent = { changed(function(plan)
      table.insert(plan.extensions, graph.extension("2.5.29.19", true, der.sequence(der.boolean(false))))
    end), ica } },
    { "has some key usage, if it has one", "certificate_malformed",
      sent = { inserted("2.5.29.15", true, "\3\2\7\0"), ica } },
    { "has some extended key usage, if it has one", "certificate_malformed",
      sent = { inserted("2.5.29.37", false, der.sequence()), ica } },
    { "has some names, if it has any", "certificate_malformed", sent = { made { dns = false,
      change = function(plan) table.insert(plan.extensions, graph.extension("2.5.29.17", false, der.sequence())) end },
      ica } },
    { "has OIDs in their shortest form", "certificate_malformed",
      sent = { inserted("2.5.29.37", false, der.sequence "\6\4\85\29\128\37"), ica } },
    { "with name constraints is a CA", "certificate_nonconforming",
      sent = { made { permitted = { dns = "example.test" } }, ica } },
    { "that may sign certificates is a CA", "certificate_nonconforming",
      sent = { made { ku = { "keyCertSign" } }, ica } },
    { "of a CA may stand for a server", "trusted", sent = { made { ca = true }, ica } },
    { "of a CA has a key that signs certificates", "certificate_nonconforming",
      sent = { made { ca = true, ku = { "digitalSignature" } }, ica } },
    { "without a subject has a critical subjectAltName", "trusted", sent = { made { "", key = "leaf" }, ica } },
    { "of nobody at all is not believed", "certificate_nonconforming", sent = { made { "", key = "leaf",
      change = function(plan)
        for _, extension in ipairs(plan.extensions) do
          extension.critical = false
        end
      end }, ica } },
    { "has no issuer without a name", "certificate_nonconforming", sent = { made { by = "", by_key = "ICA" } },
      trusted = { cert { "", key = "ICA", ca = true, san = { dns = "ca.test" } } } },
    { "is for servers", "certificate_wrong_usage", sent = { made { eku = { "clientAuth" } }, ica } },
    { "is for clients", "certificate_wrong_usage", sent = { made { eku = { "serverAuth" } }, ica }, usage = "client" },
    { "may be for both", "trusted", sent = { made { eku = { "clientAuth", "serverAuth" } }, ica } },
    { "has a key that signs or deciphers", "certificate_wrong_usage",
      sent = { made { ku = { "keyAgreement" } }, ica } },
    { "above the leaf is a CA", "certificate_not_ca", sent = below { ca = false, ku = { "digitalSignature" } } },
    { "above the leaf has a key that signs certificates", "certificate_not_ca", sent = below { ku = { "cRLSign" } } },
    { "above the leaf may be for servers alone", "trusted", sent = below { eku = { "serverAuth" } } },
    { "above the leaf is not for others alone", "certificate_wrong_usage", sent = below { eku = { "clientAuth" } },
      says = "1 above the" },
    { "that is trusted is not for others alone", "certificate_wrong_usage", sent = { leaf, ica },
      trusted = { cert { "Root", ca = true, eku = { "clientAuth" } } }, says = "2 above the" },
    { "that is trusted is a CA", "certificate_not_ca", sent = { leaf, ica },
      trusted = { cert { "Root", ku = { "digitalSignature" } } } },
    { "that is trusted has a key that signs certificates", "certificate_not_ca", sent = { leaf, ica },
      trusted = { cert { "Root", ca = true, ku = { "cRLSign" } } } },
    { "of version 1 may be trusted when it has issued itself", "trusted", sent = { leaf, ica },
      trusted = { cert { "Root", change = function(plan) plan.version = 1 end } } },
    { "of version 1 is no intermediate", "certificate_not_ca", sent = below { change = function(plan)
      plan.version = 1
    end } },
    { "of version 1 is no intermediate, also when it has issued itself", "certificate_not_ca",
      sent = { cert { "leaf", by = "Root", by_key = "new root", dns = "a.test" },
        cert { "Root", by = "Root", key = "new root", by_key = "Root",
          change = function(plan) plan.version = 1 end } } },
    { "with a path length of 0 may issue leaves", "trusted", sent = below { path_length = 0 } },
    { "with a path length of 0 issues no CAs", "certificate_path_too_long", sent = { leaf, ica },
      trusted = { cert { "Root", ca = true, path_length = 0 } }, says = "2 above the .* 0 CAs" },
    { "with a path length of 0 may stand above a leaf that is a CA", "trusted",
      sent = { made { ca = true }, cert { "ICA", by = "Root", ca = true, path_length = 0 } } },
    { "that was issued by itself does not count", "trusted",
      sent = { leaf, cert { "ICA", by = "ICA", by_key = "old ICA", ca = true, path_length = 0 },
        cert { "ICA", key = "old ICA", by = "Root", ca = true, path_length = 0 } } },
  }

  for _, kind in ipairs { "p256", "p384", "p521", "ed25519", "rsa2048" } do
    it("may have a key, and be signed with one, of the kind " .. kind, function()
      local name = kind .. " of a CA"
      assert(verdict { sent = { cert { "k", key = kind .. " of a leaf", by = name, dns = "a.test" } },
        trusted = { cert { name, ca = true } } })
    end)
  end

  it("may be signed with RSA-PSS", function()
    local pss = cert { "leaf", by = "rsa2048 of a CA", dns = "a.test", change = function(plan)
      plan.scheme = "rsa_pss_rsae_sha256"
    end }
    assert(verdict { sent = { pss }, trusted = { cert { "rsa2048 of a CA", ca = true } } })
  end)
end)
