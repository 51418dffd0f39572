-- Name constraints (RFC 5280, 4.2.1.10): which names a CA may stand above. And names compared as 7.1 has it.
local graph = require "support.graph"
local pki = require "support.pki"
local tls = require "beartls"

local der = graph.der
local cert = graph.certificate

local EMAIL, DNS, DIRECTORY, URI, IP = 1, 2, 4, 6, 7

local function general_name(type, value)
  return type == DIRECTORY and der.context(DIRECTORY, value) or der.context_primitive(type, value)
end

local function subtrees(n, list)
  local all = {}
  for i, subtree in ipairs(list or {}) do
    all[i] = der.sequence(general_name(subtree[1], subtree[2]))
  end
  return #all > 0 and der.context(n, table.concat(all)) or ""
end

local function constraints(row)
  return graph.extension("2.5.29.30", true, der.sequence(subtrees(0, row.permitted), subtrees(1, row.excluded)))
end

local function names(list)
  local all = {}
  for i, name in ipairs(list) do
    all[i] = general_name(name[1], name[2])
  end
  return graph.extension("2.5.29.17", false, der.sequence(table.concat(all)))
end

-- Root with the row's constraints, and a leaf with its names.
local function verdict(row)
  local root = cert { "Root", ca = true, change = function(plan)
    table.insert(plan.extensions, constraints(row))
  end }
  local leaf = cert { row.subject or "leaf", key = "leaf", by = "Root", change = function(plan)
    if row.san then
      table.insert(plan.extensions, names(row.san))
    end
  end }
  local trust = assert(tls.trust.parse(root))
  return trust:verify(assert(tls.certificate.parse(leaf)), { time = pki.NOW, usage = "client" })
end

local function ip(text)
  return (text:gsub("%x%x ?", function(two) return string.char(tonumber(two:sub(1, 2), 16)) end))
end

local function dn(...)
  return graph.name { ... }
end

local NET, NET6 = ip "C0000200 FFFFFF00", ip("20010DB8" .. ("00"):rep(12) .. "FFFFFFFF" .. ("00"):rep(12))
local HOST, FAR = ip "C0000207", ip "C0000307"
local HOST6, FAR6 = ip("20010DB8" .. ("00"):rep(11) .. "01"), ip("20010DB9" .. ("00"):rep(11) .. "01")

-- Permitted, excluded or both, the names, and whether they are kept.
local kept, broken = "trusted", "certificate_name_constraint"
local rows = {
  -- dNSName
  { "permits a domain itself", kept, permitted = { { DNS, "a.test" } }, san = { { DNS, "a.test" } } },
  { "permits what is below it", kept, permitted = { { DNS, "a.test" } }, san = { { DNS, "b.c.a.test" } } },
  { "permits it in any case", kept, permitted = { { DNS, "A.test" } }, san = { { DNS, "b.a.TEST" } } },
  { "does not permit another domain", broken, permitted = { { DNS, "a.test" } }, san = { { DNS, "b.test" } } },
  { "does not permit one that ends alike", broken, permitted = { { DNS, "a.test" } }, san = { { DNS, "ba.test" } } },
  { "does not permit what is above", broken, permitted = { { DNS, "a.test" } }, san = { { DNS, "test" } } },
  { "permits one of several", kept, permitted = { { DNS, "a.test" }, { DNS, "b.test" } }, san = { { DNS, "b.test" } } },
  { "permits all or none of the names", broken, permitted = { { DNS, "a.test" } },
    san = { { DNS, "a.test" }, { DNS, "b.test" } } },
  { "permits every name below nothing", kept, permitted = { { DNS, "" } }, san = { { DNS, "a.test" } } },
  { "excludes every name below nothing", broken, excluded = { { DNS, "" } }, san = { { DNS, "a.test" } } },
  { "excludes a domain itself", broken, excluded = { { DNS, "a.test" } }, san = { { DNS, "a.test" } } },
  { "excludes what is below it", broken, excluded = { { DNS, "a.test" } }, san = { { DNS, "b.a.test" } } },
  { "does not exclude another one", kept, excluded = { { DNS, "a.test" } }, san = { { DNS, "ba.test" } } },
  { "excludes what it permits", broken, permitted = { { DNS, "test" } }, excluded = { { DNS, "a.test" } },
    san = { { DNS, "a.test" } } },
  { "permits a wildcard below a domain", kept, permitted = { { DNS, "a.test" } }, san = { { DNS, "*.a.test" } } },
  { "does not permit a wildcard that can stand for others", broken, permitted = { { DNS, "b.a.test" } },
    san = { { DNS, "*.a.test" } } },
  { "excludes a wildcard that can stand for what is excluded", broken, excluded = { { DNS, "b.a.test" } },
    san = { { DNS, "*.a.test" } } },
  { "does not exclude a wildcard for what is deeper", kept, excluded = { { DNS, "c.b.a.test" } },
    san = { { DNS, "*.a.test" } } },
  { "with a leading dot permits what is below", kept, permitted = { { DNS, ".a.test" } },
    san = { { DNS, "b.a.test" } } },
  { "with a leading dot does not permit the domain itself", broken, permitted = { { DNS, ".a.test" } },
    san = { { DNS, "a.test" } } },
  { "with a leading dot excludes the domain itself", broken, excluded = { { DNS, ".a.test" } },
    san = { { DNS, "a.test" } } },
  { "permits nothing that is no name", broken, permitted = { { DNS, "a.test" } }, san = { { DNS, ".a.test" } } },
  { "excludes whatever is no name", broken, excluded = { { DNS, "b.test" } }, san = { { DNS, "a..test" } } },
  { "says nothing about names of other types", kept, permitted = { { DNS, "a.test" }, { IP, NET } },
    san = { { EMAIL, "a@b.test" } } },
  -- iPAddress
  { "permits an address in a net", kept, permitted = { { IP, NET } }, san = { { IP, HOST } } },
  { "does not permit one out of it", broken, permitted = { { IP, NET } }, san = { { IP, FAR } } },
  { "excludes an address in a net", broken, excluded = { { IP, NET } }, san = { { IP, HOST } } },
  { "does not exclude one out of it", kept, excluded = { { IP, NET } }, san = { { IP, FAR } } },
  { "permits an IPv6 address in a net", kept, permitted = { { IP, NET6 } }, san = { { IP, HOST6 } } },
  { "does not permit an IPv6 address out of it", broken, permitted = { { IP, NET6 } }, san = { { IP, FAR6 } } },
  { "excludes an IPv6 address in a net", broken, excluded = { { IP, NET6 } }, san = { { IP, HOST6 } } },
  { "for IPv4 permits no IPv6 address", broken, permitted = { { IP, NET } }, san = { { IP, HOST6 } } },
  { "for IPv4 excludes no IPv6 address", kept, excluded = { { IP, NET } }, san = { { IP, HOST6 } } },
  { "excludes every address below 0.0.0.0/0", broken, excluded = { { IP, ip "00000000 00000000" } },
    san = { { IP, FAR } } },
  -- rfc822Name
  { "permits a mailbox", kept, permitted = { { EMAIL, "a@b.test" } }, san = { { EMAIL, "a@B.test" } } },
  { "does not permit a mailbox in another case", broken, permitted = { { EMAIL, "a@b.test" } },
    san = { { EMAIL, "A@b.test" } } },
  { "permits all mailboxes of a host", kept, permitted = { { EMAIL, "b.test" } }, san = { { EMAIL, "a@b.test" } } },
  { "does not permit those of a host below", broken, permitted = { { EMAIL, "b.test" } },
    san = { { EMAIL, "a@c.b.test" } } },
  { "permits those of hosts below, with a leading dot", kept, permitted = { { EMAIL, ".b.test" } },
    san = { { EMAIL, "a@c.b.test" } } },
  { "does not permit those of the host itself then", broken, permitted = { { EMAIL, ".b.test" } },
    san = { { EMAIL, "a@b.test" } } },
  { "excludes a mailbox", broken, excluded = { { EMAIL, "b.test" } }, san = { { EMAIL, "a@b.test" } } },
  { "permits nothing that is no mailbox", broken, permitted = { { EMAIL, "b.test" } },
    san = { { EMAIL, "a@a@b.test" } } },
  { "looks at mailboxes of the subject", broken, permitted = { { EMAIL, "b.test" } },
    subject = { { "CN", "x" }, { "emailAddress", "a@c.test" } } },
  { "permits mailboxes of the subject", kept, permitted = { { EMAIL, "b.test" } },
    subject = { { "CN", "x" }, { "emailAddress", "a@b.test" } } },
  { "looks at those only when there are no others", kept, permitted = { { EMAIL, "b.test" } },
    subject = { { "CN", "x" }, { "emailAddress", "a@c.test" } }, san = { { EMAIL, "a@b.test" } } },
  -- uniformResourceIdentifier
  { "permits a URI's host", kept, permitted = { { URI, "a.test" } }, san = { { URI, "https://u:p@A.test:8/x@y" } } },
  { "does not permit a host below", broken, permitted = { { URI, "a.test" } },
    san = { { URI, "spiffe://b.a.test/x" } } },
  { "permits a host below, with a leading dot", kept, permitted = { { URI, ".a.test" } },
    san = { { URI, "spiffe://b.a.test/x" } } },
  { "is not taken in by a user that looks like a host", broken, permitted = { { URI, "a.test" } },
    san = { { URI, "https://a.test@b.test/" } } },
  { "permits no URI without a host", broken, permitted = { { URI, "a.test" } }, san = { { URI, "urn:a.test" } } },
  { "permits no URI whose host is an address", broken, permitted = { { URI, "a.test" } },
    san = { { URI, "https://192.0.2.1/" } } },
  { "excludes a URI's host", broken, excluded = { { URI, "a.test" } }, san = { { URI, "spiffe://a.test/x" } } },
  { "excludes every URI whose host is an address", broken, excluded = { { URI, "a.test" } },
    san = { { URI, "https://[::1]/" } } },
  { "excludes every URI whose host is an IPv4 address", broken, excluded = { { URI, "a.test" } },
    san = { { URI, "https://192.0.2.1/" } } },
  -- directoryName
  { "permits a subject that begins with a name", kept, permitted = { { DIRECTORY, dn({ "C", "DE" }, { "O", "x" }) } },
    subject = { { "C", "DE" }, { "O", "x" }, { "CN", "y" } } },
  { "permits it whatever its case and spaces", kept, permitted = { { DIRECTORY, dn({ "O", "The  big X" }) } },
    subject = { { "O", " the BIG x " }, { "CN", "y" } } },
  { "does not permit another subject", broken, permitted = { { DIRECTORY, dn({ "C", "DE" }, { "O", "x" }) } },
    subject = { { "C", "DE" }, { "O", "z" }, { "CN", "y" } } },
  { "does not permit a shorter one", broken, permitted = { { DIRECTORY, dn({ "C", "DE" }, { "O", "x" }) } },
    subject = { { "C", "DE" } } },
  { "excludes a subject", broken, excluded = { { DIRECTORY, dn { "O", "x" } } },
    subject = { { "O", "X" }, { "CN", "y" } } },
  { "looks at directoryNames of the subjectAltName", broken, permitted = { { DIRECTORY, dn { "O", "x" } } },
    subject = { { "O", "x" } }, san = { { DIRECTORY, dn { "O", "z" } } } },
  -- what is not understood
  { "of another type counts only when there is such a name", kept, excluded = { { DIRECTORY, dn { "O", "x" } } } },
  { "with a wildcard is none", "certificate_nonconforming", permitted = { { DNS, "*.a.test" } },
    san = { { DNS, "a.test" } } },
  { "with an address for a net is none", "certificate_nonconforming", permitted = { { IP, HOST } },
    san = { { IP, HOST } } },
  { "with holes in its mask is none", "certificate_nonconforming", permitted = { { IP, ip "C0000200 FF00FF00" } },
    san = { { IP, HOST } } },
  { "with two at signs is none", "certificate_nonconforming", permitted = { { EMAIL, "a@a@b.test" } },
    san = { { EMAIL, "a@b.test" } } },
}

describe("a name constraint", function()
  for _, row in ipairs(rows) do
    it(row[1], function()
      local path, message, code = verdict(row)
      assert.equal(row[2], path and kept or code, message)
    end)
  end

  it("on a kind of name that is not understood refuses such names, and no others", function()
    local other = der.context(0, der.oid "1.2.3.4" .. der.context(0, der.null))
    local extension = graph.extension("2.5.29.30", true, der.sequence(der.context(1, der.sequence(other))))
    local function judge(san)
      local root = cert { "Root", ca = true, change = function(plan) table.insert(plan.extensions, extension) end }
      local leaf = cert { "leaf", by = "Root", change = function(plan)
        table.insert(plan.extensions, graph.extension("2.5.29.17", false, der.sequence(san)))
      end }
      return assert(tls.trust.parse(root)):verify(assert(tls.certificate.parse(leaf)), { time = pki.NOW })
    end
    assert.is_truthy(judge(der.context_primitive(DNS, "a.test")))
    assert.equal(broken, select(3, judge(other)))
  end)

  it("holds for every CA above, so that one below cannot widen what one above permits", function()
    local function judge(name)
      local trust = assert(tls.trust.parse(cert { "Root", ca = true, permitted = { dns = "a.test" } }))
      return trust:verify(assert(tls.certificate.parse(cert { "leaf", by = "ICA", dns = name }
        .. cert { "ICA", by = "Root", ca = true, permitted = { dns = { "b.test", "x.a.test" } } })), { time = pki.NOW })
    end
    assert.is_truthy(judge "x.a.test")
    assert.equal(broken, select(3, judge "a.test"))
    assert.equal(broken, select(3, judge "b.test"))
  end)

  it("holds for CAs between, but not for those that issued themselves", function()
    local function judge(by, key)
      local trust = assert(tls.trust.parse(cert { "Root", ca = true, permitted = { dns = "a.test" } }))
      return trust:verify(assert(tls.certificate.parse(cert { "leaf", by = by, by_key = key, dns = "a.test" }
        .. cert { by, key = key, by = "Root", ca = true, dns = "b.test" })), { time = pki.NOW })
    end
    assert.equal(broken, select(3, judge("ICA", "ICA")))
    assert.is_truthy(judge("Root", "new root"))
  end)

  it("is not compared with more names than anybody needs", function()
    local many = { permitted = {}, san = {} }
    for i = 1, 1500 do
      many.permitted[i], many.san[i] = { DNS, ("p%d.test"):format(i) }, { DNS, ("n%d.test"):format(i) }
    end
    many.permitted[1501] = { DNS, "test" }
    local before = os.clock()
    assert.equal("certificate_too_complex", select(3, verdict(many)))
    assert.is_true(os.clock() - before < 5)
  end)
end)

describe("the issuer's name", function()
  local PRINTABLE, TELETEX, BMP, UTF8 = 0x13, 0x14, 0x1E, 0x0C

  -- A name with one common name of that string type, or several, all in one set.
  local function raw(...)
    local all = {}
    for i, part in ipairs { ... } do
      all[i] = der.sequence(der.oid(part[3] or "2.5.4.3"), der.element(part[1], part[2]))
    end
    return der.sequence(der.element(0x31, table.concat(all)))
  end

  local function wide(text)
    return (text:gsub(".", "\0%0"))
  end

  local O = "2.5.4.10"
  for _, row in ipairs {
    { "may be of another string type", true, raw { PRINTABLE, "Root CA" }, raw { UTF8, "Root CA" } },
    { "may be of two-byte characters", true, raw { BMP, wide "Root CA" }, raw { UTF8, "Root CA" } },
    { "may be of Latin-1", true, raw { TELETEX, "Z\252rich" }, raw { UTF8, "Z\195\188rich" } },
    { "may differ in case", true, raw { UTF8, "ROOT ca" }, raw { UTF8, "Root CA" } },
    { "may differ in spaces", true, raw { UTF8, "  Root \t  CA " }, raw { UTF8, "Root CA" } },
    { "may have the values of a set in another order", true, raw({ UTF8, "a" }, { UTF8, "b", O }),
      raw({ UTF8, "B", O }, { UTF8, "A" }) },
    { "may not lack a space", false, raw { UTF8, "RootCA" }, raw { UTF8, "Root CA" } },
    { "may not differ in a letter", false, raw { UTF8, "Root CB" }, raw { UTF8, "Root CA" } },
    { "may not be longer", false, raw { UTF8, "Root CA2" }, raw { UTF8, "Root CA" } },
    { "may not be of another attribute", false, raw { UTF8, "Root CA", O }, raw { UTF8, "Root CA" } },
    { "may not lack a value of a set", false, raw { UTF8, "a" }, raw({ UTF8, "a" }, { UTF8, "b", O }) },
    { "may not have a value twice instead", false, raw({ UTF8, "a" }, { UTF8, "a" }),
      raw({ UTF8, "a" }, { UTF8, "b" }) },
    { "may not have a value once instead", false, raw({ UTF8, "a" }, { UTF8, "b" }),
      raw({ UTF8, "a" }, { UTF8, "a" }) },
  } do
    it(row[1] .. (row[2] and " and is the same" or ""), function()
      local root = cert { "Root", ca = true, change = function(plan)
        plan.subject, plan.issuer = row[4], row[4]
      end }
      local leaf = cert { "leaf", by = "Root", dns = "a.test", change = function(plan) plan.issuer = row[3] end }
      local trust, chain = assert(tls.trust.parse(root)), assert(tls.certificate.parse(leaf))
      local path, _, code = trust:verify(chain, { time = pki.NOW })
      assert.equal(row[2] and "trusted" or "certificate_untrusted", path and "trusted" or code)
    end)
  end
end)
