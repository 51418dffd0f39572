-- Issuing: what is in a certificate, a request, a revocation list, and what is refused. What other programs say about
-- them is in spec/interop/issuing_spec.lua.
local core = require "beartls.core"
local der = require "beartls.pki.der"
local issuing = require "beartls.pki"
local names = require "beartls.pki.names"
local pki = require "support.pki"
local process = require "support.process"
local subject = require "beartls.pki.subject"
local tls = require "beartls"

local DAY, HOUR = 86400, 3600

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

describe("DER", function()
  for _, case in ipairs {
    { "zero as one byte", der.integer(0), "020100" },
    { "127 as one byte", der.integer(127), "02017f" },
    { "128 with a zero before its high bit", der.integer(128), "02020080" },
    { "a large number", der.integer(2 ^ 40), "0206010000000000" },
    { "bytes without needless zeros", der.integer "\0\0\1\2", "02020102" },
    { "bytes with a high bit", der.integer "\255", "020200ff" },
    { "no bytes as zero", der.integer "", "020100" },
    { "true", der.boolean(true), "0101ff" },
    { "an OID with arcs of several bytes", der.oid "1.2.840.113549.1.1.11", "06092a864886f70d01010b" },
    { "an OID below 2", der.oid "2.999.3", "0603883703" },
    { "named bits without zeros at their end", der.named_bits { 5, 6 }, "03020106" },
    { "the first named bit", der.named_bits { 0 }, "03020780" },
    { "named bits of two bytes", der.named_bits { 0, 8 }, "0303078080" },
    { "no named bits", der.named_bits {}, "030100" },
    { "a long length", der.octet_string(("a"):rep(200)):sub(1, 3), "0481c8" },
    { "a longer length", der.octet_string(("a"):rep(70000)):sub(1, 5), "0483011170" },
    { "a set in the order of its bytes", der.set_of { "\2\1\2", "\2\1\1" }, "3106020101020102" },
    { "the last moment that UTCTime knows", der.time(2524607999), "170d" .. hex "491231235959Z" },
    { "the first that it does not", der.time(2524608000), "180f" .. hex "20500101000000Z" },
    { "the last moment of all", der.time(der.LAST_MOMENT), "180f" .. hex "99991231235959Z" },
  } do
    it("writes " .. case[1], function()
      assert.equal(case[3], hex(case[2]))
    end)
  end
end)

describe("names", function()
  for _, case in ipairs {
    { { dns = "localhost" }, "82096c6f63616c686f7374" },
    { { dns = "a.test." }, "8206612e74657374" },
    { { dns = { "*.a.test", "b" } }, "82082a2e612e74657374820162" },
    { { ip = "127.0.0.1" }, "87047f000001" },
    { { ip = "::1" }, "871000000000000000000000000000000001" },
    { { ip = "2001:db8::192.0.2.1" }, "871020010db80000000000000000c0000201" },
    { { email = "a.b+c@d.test" }, "810c" .. hex "a.b+c@d.test" },
    { { uri = "spiffe://d.test/x" }, "8611" .. hex "spiffe://d.test/x" },
    { { uri = "urn:x", dns = "b" }, "820162860575726e3a78" },
  } do
    it("are written: " .. case[2], function()
      assert.equal(case[2], hex(assert(names.encode(case[1]))))
    end)
  end

  for _, case in ipairs {
    { "dns", "" }, { "dns", "a..b" }, { "dns", "-a.b" }, { "dns", "a_b.test" }, { "dns", "a b" }, { "dns", "a\0b" },
    { "dns", "*" }, { "dns", "*.com" }, { "dns", "f*.example.test" }, { "dns", "a.*.test" }, { "dns", "*.*.a.test" },
    { "dns", "127.0.0.1" }, { "dns", "::1" }, { "dns", "bücher.example" }, { "dns", ("a"):rep(64) .. ".test" },
    { "dns", ("abcdefgh."):rep(28) .. "test" }, { "dns", "https://a.test" }, { "dns", "a.test:443" },
    { "ip", "127.0.0.01" }, { "ip", "127.1" }, { "ip", "256.0.0.1" }, { "ip", "localhost" }, { "ip", "1.2.3.4 " },
    { "ip", "fe80::1%eth0" }, { "ip", "1::2::3" }, { "ip", "[::1]" }, { "ip", "12345::" }, { "ip", "10.0.0.0/8" },
    { "email", "a" }, { "email", "@b.test" }, { "email", "a@" }, { "email", "a@b@c" }, { "email", "a..b@c.test" },
    { "email", "a b@c.test" }, { "email", "ä@c.test" },
    { "uri", "a.test/x" }, { "uri", "http:" }, { "uri", "http://a b" }, { "uri", "http://ä" }, { "uri", "1a:b" },
  } do
    it(("refuse %q as %s, with a sentence"):format(case[2], case[1]), function()
      local encoded, message, code = names.encode { [case[1]] = case[2] }
      assert.is_nil(encoded)
      assert.equal("config_name", code)
      assert.matches("cannot stand in a certificate: ", message)
    end)
  end

  for _, case in ipairs {
    { { dns = "a.test" }, "30088206612e74657374" },
    { { dns = ".a.test" }, "300982072e612e74657374" },
    { { ip = "10.1.2.3/8" }, "300a87080a000000ff000000" },
    { { ip = "192.0.2.7" }, "300a8708c0000207ffffffff" },
    { { ip = "192.0.2.255/27" }, "300a8708c00002e0ffffffe0" },
    { { ip = "::/0" }, "30228720" .. ("0"):rep(64) },
    { { email = "d.test" }, "30088106642e74657374" },
    { { email = "a@d.test" }, "300a81086140642e74657374" },
    { { uri = ".d.test" }, "300986072e642e74657374" },
  } do
    it("may be subtrees: " .. case[2], function()
      assert.equal(case[2], hex(assert(names.subtrees(case[1]))))
    end)
  end

  for _, case in ipairs { { "ip", "10.0.0.0/33" }, { "ip", "10.0.0/8" }, { "ip", "a" }, { "dns", "*.a.test" },
    { "dns", "" }, { "email", "a@" }, { "uri", "http://a.test" } } do
    it(("refuse %q as a subtree of %s"):format(case[2], case[1]), function()
      assert.equal("config_name", select(3, names.subtrees { [case[1]] = case[2] }))
    end)
  end
end)

describe("subjects", function()
  it("are written with the string types that RFC 5280 has for them", function()
    assert.equal("300d310b3009060355040613024445", hex(assert(subject.encode { { "C", "DE" } })))
    assert.equal("300f310d300b06035504030c04c3a478" .. hex "y", hex(assert(subject.encode { { "CN", "äxy" } })))
    assert.equal("3000", hex(subject.EMPTY))
  end)

  for _, case in ipairs {
    { "XX", "a" }, { "CN", "" }, { "CN", ("a"):rep(65) }, { "CN", "a\0b" }, { "CN", "a\nb" }, { "CN", "a\255" },
    { "C", "DEU" }, { "serialNumber", "a*b" }, { "DC", "ä" }, { "emailAddress", "ä@b" },
  } do
    it(("refuse %s=%q"):format(case[1], case[2]), function()
      local encoded, message, code = subject.encode { case }
      assert.is_nil(encoded)
      assert.equal("config_subject", code)
      assert.is_string(message)
    end)
  end

  it("count characters, not bytes", function()
    assert.is_string(subject.encode { { "CN", ("ä"):rep(64) } })
    assert.is_nil(subject.encode { { "CN", ("ä"):rep(65) } })
  end)

  it("suggest the attribute that was meant", function()
    assert.matches("did you mean serialNumber", select(2, subject.encode { { "serialNumer", "1" } }))
  end)
end)

-- One authority for what needs no other.
local ca = assert(issuing.ca { name = "Spec CA", time = pki.now })

describe("an authority", function()
  teardown(process.cleanup)

  it("is a root that may issue and nothing else, for ten years", function()
    local c = ca.certificate
    assert.equal("CN=Spec CA", c:subject())
    assert.equal(c:subject(), c:issuer())
    assert.equal(3, c:version())
    assert.is_true(c:is_ca())
    assert.same({ "keyCertSign", "cRLSign" }, c:key_usage())
    assert.same({}, c:extended_key_usage())
    assert.equal(pki.NOW - HOUR, c:not_before())
    assert.equal(pki.NOW + 3650 * DAY, c:not_after())
    assert.is_true(ca.key:matches(c))
    assert.equal(c, ca.root)
    assert.equal("beartls.authority (CN=Spec CA)", tostring(ca))
  end)

  it("without a name gets one that no other has", function()
    local a, b = assert(issuing.ca()), assert(issuing.ca())
    assert.matches("^CN=beartls CA %x+$", a.certificate:subject())
    assert.are_not.equal(a.certificate:subject(), b.certificate:subject())
  end)

  it("issues for servers: the names, serverAuth, thirteen months", function()
    local identity = assert(ca:issue { dns = { "localhost", "*.a.test" }, ip = { "127.0.0.1", "::1" } })
    local c = identity.certificate
    assert.equal(1, #c)
    assert.equal("CN=localhost", c:subject())
    assert.same({ "localhost", "*.a.test" }, c:dns_names())
    assert.same({ "127.0.0.1", "::1" }, c:ip_addresses())
    assert.same({ "digitalSignature" }, c:key_usage())
    assert.same({ "serverAuth" }, c:extended_key_usage())
    assert.is_false(c:is_ca())
    assert.equal(pki.NOW - HOUR, c:not_before())
    assert.equal(pki.NOW + 397 * DAY, c:not_after())
    assert.is_true(identity.key:matches(c))
    assert.is_truthy(ca:trust():verify(c, { name = "x.a.test", time = pki.NOW }))
    assert.equal("certificate_wrong_usage",
      select(3, ca:trust():verify(c, { usage = "client", time = pki.NOW })))
  end)

  it("issues for clients: clientAuth, URIs and mail addresses", function()
    local c = assert(ca:issue { name = "alice", uri = "spiffe://a.test/alice", email = "alice@a.test" }).certificate
    assert.equal("CN=alice", c:subject())
    assert.same({ "clientAuth" }, c:extended_key_usage())
    assert.same({ "spiffe://a.test/alice" }, c:uris())
    assert.same({ "alice@a.test" }, c:emails())
    assert.is_truthy(ca:trust():verify(c, { usage = "client", time = pki.NOW }))
  end)

  for _, case in ipairs {
    { { dns = "a.test" }, { "serverAuth" } }, { { ip = "::1" }, { "serverAuth" } },
    { { name = "x" }, { "clientAuth" } }, { { dns = "a.test", client = true }, { "clientAuth" } },
    { { name = "x", server = true }, { "serverAuth" } },
    { { dns = "a.test", server = true, client = true }, { "serverAuth", "clientAuth" } },
    { { dns = "a.test", server = false, client = false }, {} },
  } do
    it("decides by the names what a certificate is for, unless it is told: " .. table.concat(case[2], " "), function()
      case[1].key = ca.key
      assert.same(case[2], assert(ca:issue(case[1])).certificate:extended_key_usage())
    end)
  end

  it("leaves a name that is too long for a common name to the subjectAltName, which is critical then", function()
    local long = ("a"):rep(60) .. ".b.test"
    local c = assert(ca:issue { dns = long, key = ca.key }).certificate
    assert.equal("", c:subject())
    assert.is_true(c:matches_name(long))
    -- subjectAltName, TRUE
    assert.is_truthy(c:der():find("\6\3\85\29\17\1\1\255", 1, true))
  end)

  it("below a constraint does not make an address the common name, which OpenSSL would take for a host's", function()
    local bound = assert(ca:intermediate { permitted = { dns = "a.test", ip = "192.0.2.0/24" }, key = ca.key })
    local below = assert(bound:intermediate { key = ca.key })
    assert.equal("", assert(below:issue { ip = "192.0.2.7", key = ca.key }).certificate:subject())
    assert.equal("CN=b.a.test", assert(below:issue { dns = "b.a.test", key = ca.key }).certificate:subject())
    assert.equal("CN=192.0.2.7", assert(ca:issue { ip = "192.0.2.7", key = ca.key }).certificate:subject())
  end)

  describe("does not issue, nor sign a request for, what the names of those above it do not allow:", function()
    local permitted = { dns = "a.test", ip = "192.0.2.0/24", email = "a.test", uri = "a.test" }
    local bound = assert(ca:intermediate { permitted = permitted, key = ca.key })
    local excluding = assert(ca:intermediate { excluded = { dns = "b.test" }, key = ca.key })
    local root = assert(issuing.ca { permitted = { dns = "a.test" }, key = ca.key, time = pki.now })
    local authorities = {
      ["the authority itself"] = bound,
      ["one above it"] = assert(bound:intermediate { key = ca.key }),
      ["its root"] = root,
      ["the authority, whose root nobody knows"] =
        assert(issuing.load_ca(bound.certificate, ca.key, { time = pki.now })),
    }
    for where, authority in pairs(authorities) do
      it(where, function()
        for _, given in ipairs {
          { dns = "b.test" }, { dns = { "www.a.test", "b.test" } }, { dns = "xa.test" },
          authority ~= root and { ip = "192.0.3.1" } or nil,
        } do
          given.key = ca.key
          local identity, message, code = authority:issue(given)
          assert.same({ nil, "config_name" }, { identity, code })
          assert.matches("nobody would believe this: .* does not permit", message)
          local asked = assert(issuing.parse_request(assert(issuing.request(given)):pem()))
          given.key = nil
          identity, message, code = authority:sign(asked)
          assert.same({ nil, "config_name" }, { identity, code }, message)
        end
        assert.is_truthy(authority:issue { dns = "www.a.test", key = ca.key })
        assert.is_truthy(authority:issue { name = "somebody", key = ca.key })
        assert.is_truthy(authority:issue { dns = "a.test", key = ca.key, not_before = 1e9, not_after = 1.1e9 })
      end)
    end

    it("what is excluded", function()
      assert.equal("config_name", select(3, excluding:issue { dns = "www.b.test", key = ca.key }))
      assert.is_truthy(excluding:issue { dns = "a.test", key = ca.key })
    end)

    it("addresses of mail and URIs, too", function()
      assert.equal("config_name", select(3, bound:issue { email = "x@b.test", key = ca.key }))
      assert.equal("config_name", select(3, bound:issue { uri = "spiffe://b.test/x", key = ca.key }))
      assert.is_truthy(bound:issue { email = "x@a.test", uri = "spiffe://a.test/x", key = ca.key })
    end)

    it("but faults on purpose are issued", function()
      assert.is_truthy(bound:faulty("wrong_host", { dns = "b.test" }))
    end)
  end)

  it("issues nothing for nobody, and nothing that outlives it", function()
    assert.equal("config_name", select(3, ca:issue {}))
    assert.equal("config_validity", select(3, ca:issue { name = "x", days = 4000, key = ca.key }))
    assert.equal("config_validity", select(3, ca:issue { name = "x", key = ca.key, not_before = 2e9, not_after = 1e9 }))
    local short = assert(issuing.ca { days = 10, time = pki.now, key = ca.key })
    local c = assert(short:issue { name = "x", key = ca.key }).certificate
    assert.equal(short.certificate:not_after(), c:not_after())
  end)

  it("takes the ends of the validity as they are given", function()
    local c = assert(ca:issue { name = "x", key = ca.key, not_before = 1e9, not_after = 2e9 }).certificate
    assert.equal(1e9, c:not_before())
    assert.equal(2e9, c:not_after())
  end)

  it("never gives the same serial number twice, and only positive ones of 16 bytes", function()
    local seen = {}
    for _ = 1, 50 do
      local serial = assert(ca:issue { name = "x", key = ca.key }).certificate:serial()
      assert.matches("^[4-7]%x+$", serial)
      assert.equal(32, #serial)
      assert.is_nil(seen[serial])
      seen[serial] = true
    end
  end)

  it("makes others below it, whose certificates come with the chain up to the root, without it", function()
    local one = assert(ca:intermediate { name = "one", key = ca.key, path_length = 1 })
    local two = assert(one:intermediate { name = "two", key = ca.key })
    assert.equal(1, #one.certificate)
    assert.equal(2, #two.certificate)
    assert.equal(ca.certificate, two.root)
    local c = assert(two:issue { dns = "a.test", key = ca.key }).certificate
    assert.equal(3, #c)
    local path = assert(two:trust():verify(c, { name = "a.test", time = pki.NOW }))
    assert.is_true(#path >= 3)
  end)

  it("that changes its key is an intermediate, although it has the root's name", function()
    local new = assert(ca:intermediate { name = "Spec CA" })
    assert.equal(new.certificate:subject(), new.certificate:issuer())
    assert.equal(2, #assert(new:issue { dns = "a.test" }).certificate)
    local again = assert(issuing.load_ca(assert(tls.certificate.parse(new.certificate:pem() .. ca.certificate:pem())),
      new.key))
    assert.equal(new.certificate, again.certificate)
    assert.equal(ca.certificate, again.root)
  end)

  it("reads a key from a file, and keeps the one that it is given", function()
    local identity = assert(ca:issue { name = "x", key = pki.path "server_rsa.key" })
    assert.is_true(identity.key:matches(assert(tls.certificate.load(pki.path "server_rsa.pem"))))
    assert.same({ "digitalSignature", "keyEncipherment" }, identity.certificate:key_usage())
    assert.equal("io_file", select(3, ca:issue { name = "x", key = "no/such.key" }))
  end)

  for _, case in ipairs {
    { "an unknown option", { nmae = "x" }, 'there is no option "nmae", did you mean "name"' },
    { "a name that is none", { dns = 7 }, "a name or a list of names" },
    { "a list of what is no name", { ip = { 1 } }, "a name or a list of names" },
    { "an unknown kind of key", { key_kind = "dsa" }, "one of p256" },
    { "days that are none", { days = -1 }, "a number of days" },
    { "a subject that is none", { subject = { CN = "x" } }, "a list such as" },
    { "no table", "x", "a table of options is wanted" },
  } do
    it("raises for " .. case[1], function()
      local ok, message = pcall(function() ca:issue(case[2]) end)
      assert.is_false(ok)
      assert.matches(case[3], message, 1, true)
      assert.matches("pki_spec.lua:", message, 1, true) -- it is the caller's fault
    end)
  end

  it("comes back from its files, alone or below a root", function()
    local dir = process.tmpdir()
    local one = assert(ca:intermediate { name = "one" })
    process.write_file(dir .. "/ca.pem", ca.certificate:pem())
    process.write_file(dir .. "/ca.key", ca.key:pem())
    process.write_file(dir .. "/one.pem", one.certificate:pem())
    process.write_file(dir .. "/both.pem", one.certificate:pem() .. ca.certificate:pem())
    process.write_file(dir .. "/one.key", one.key:pem())
    local again = assert(issuing.load_ca(dir .. "/ca.pem", dir .. "/ca.key", { time = pki.now }))
    assert.equal(ca.certificate, again.root)
    assert.is_truthy(ca:trust():verify(assert(again:issue { dns = "a.test" }).certificate,
      { name = "a.test", time = pki.NOW }))
    local both = assert(issuing.load_ca(dir .. "/both.pem", dir .. "/one.key"))
    assert.equal(ca.certificate, both.root)
    assert.equal(one.certificate, both.certificate)
    local alone = assert(issuing.load_ca(dir .. "/one.pem", dir .. "/one.key"))
    assert.is_nil(alone.root)
    local under = assert(issuing.load_ca(one.certificate, one.key, { root = dir .. "/ca.pem" }))
    assert.equal(ca.certificate, under.root)
    local c = assert(alone:issue { dns = "a.test" }).certificate
    assert.equal(2, #c)
    assert.is_truthy(alone:trust():verify(c, { name = "a.test" }))
    for code, pair in pairs {
      config_key_mismatch = { "/ca.pem", "/one.key" }, io_file = { "/no.pem", "/ca.key" },
      config_no_key = { "/ca.pem", "/ca.pem" },
    } do
      assert.equal(code, select(3, issuing.load_ca(dir .. pair[1], dir .. pair[2])))
    end
    local leaf = assert(ca:issue { name = "x" })
    assert.equal("config_not_ca", select(3, issuing.load_ca(leaf.certificate, leaf.key)))
    assert.has_error(function() issuing.load_ca(ca.certificate) end)
  end)

  it("that openssl has made issues, too, and points at its key identifier", function()
    local made = assert(issuing.load_ca(pki.path "root_ec.pem", pki.path "root_ec.key", { time = pki.now }))
    local c = assert(made:issue { dns = "a.test" }).certificate
    local trust = assert(tls.trust.load(pki.path "root_ec.pem"))
    assert.is_truthy(trust:verify(c, { name = "a.test", time = pki.NOW }))
    assert.is_truthy(c:der():find("\48\22\128\20" .. made.identifier, 1, true))
  end)
end)

describe("a request", function()
  local request, key = issuing.request { dns = { "a.test", "b.test" }, ip = "192.0.2.1", uri = "urn:x",
    subject = { { "O", "Söme, Inc." } }, name = "a" }
  assert(request, key)

  it("says what it asks for", function()
    assert.equal("CN=a,O=Söme\\, Inc.", request:subject())
    assert.same({ "a.test", "b.test" }, request.dns)
    assert.same({ "192.0.2.1" }, request.ip)
    assert.same({ "urn:x" }, request.uri)
    assert.same({}, request.email)
    local again = assert(issuing.parse_request(request:pem()))
    assert.equal(request:der(), again:der())
    assert.equal("beartls.request (CN=a,O=Söme\\, Inc.)", tostring(again))
  end)

  it("is signed: what it asks for, without the key", function()
    local identity = assert(ca:sign(request))
    local c = identity.certificate
    assert.is_nil(identity.key)
    assert.is_true(key:matches(c))
    assert.equal(request:subject(), c:subject())
    assert.same(request.dns, c:dns_names())
    assert.same(request.ip, c:ip_addresses())
    assert.same({ "serverAuth" }, c:extended_key_usage())
    assert.is_false(c:is_ca())
  end)

  it("is overruled by what the authority says", function()
    local c = assert(ca:sign(request, { name = "other", dns = "c.test", days = 5, client = true })).certificate
    assert.equal("CN=other", c:subject())
    assert.same({ "c.test" }, c:dns_names())
    assert.same({}, c:ip_addresses())
    assert.same({ "clientAuth" }, c:extended_key_usage())
    assert.equal(pki.NOW + 5 * DAY, c:not_after())
    assert.has_error(function() ca:sign(request, { key = key }) end)
    assert.has_error(function() ca:sign(request:pem()) end)
  end)

  it("is refused when its signature is not its key's", function()
    local bytes = request:der()
    for _, at in ipairs { 30, #bytes - 10 } do
      local changed = bytes:sub(1, at - 1) .. string.char((bytes:byte(at) + 1) % 256) .. bytes:sub(at + 1)
      local parsed, message, code = issuing.parse_request(changed)
      assert.is_nil(parsed, tostring(at))
      assert.matches("^request_", code)
      assert.is_string(message)
    end
    local changed = bytes:gsub("a%.test", "x.test")
    assert.equal("request_not_signed", select(3, issuing.parse_request(changed)))
  end)

  it("never crashes, however it is cut or changed", function()
    local bytes = request:der()
    for i = 1, #bytes do
      assert.is_nil((issuing.parse_request(bytes:sub(1, i - 1))))
      assert.is_nil((issuing.parse_request(bytes:sub(1, i - 1) .. string.char((bytes:byte(i) + 128) % 256)
        .. bytes:sub(i + 1))))
    end
    assert.equal("config_no_request", select(3, issuing.parse_request(ca.certificate:pem())))
    assert.equal("config_no_request", select(3, issuing.parse_request "nothing"))
  end)

  it("for nothing but a key is signed under the names that the authority gives", function()
    local bare = assert(issuing.request {})
    assert.equal("", bare:subject())
    assert.equal("config_name", select(3, ca:sign(bare)))
    assert.same({ "a.test" }, assert(ca:sign(bare, { dns = "a.test" })).certificate:dns_names())
  end)

  it("of openssl is signed, too", function()
    local text = process.run(("openssl req -new -key %s -subj '/O=x/CN=y' -addext subjectAltName=DNS:a.test,IP:::1"
      .. " -addext basicConstraints=critical,CA:TRUE"):format(pki.path "server_rsa.key"))
    local read = assert(issuing.parse_request(text))
    assert.same({ "::1" }, read.ip)
    local c = assert(ca:sign(read)).certificate
    assert.equal("CN=y,O=x", c:subject())
    assert.is_false(c:is_ca())
  end)

  it("for names that are not issued is refused, unless the authority gives others", function()
    local text = process.run(("openssl req -new -key %s -subj /CN=y -addext "
      .. "'subjectAltName=otherName:1.2.3.4;UTF8:x'"):format(pki.path "server_rsa.key"))
    local read = assert(issuing.parse_request(text))
    assert.equal("config_name", select(3, ca:sign(read)))
    assert.is_truthy(ca:sign(read, { dns = "a.test" }))
  end)
end)

describe("a revocation list", function()
  local alice = assert(ca:issue { name = "alice", key = ca.key }).certificate
  local bob = assert(ca:issue { name = "bob", key = ca.key }).certificate

  it("names what was taken back", function()
    local list = assert(ca:crl { revoked = { alice, { serial = "0f00", reason = "keyCompromise" } } })
    assert.is_true(list:lists(alice))
    assert.is_false(list:lists(bob))
    assert.equal(2, #list.entries)
    assert.equal(list:der(), assert(issuing.parse_crl(list:pem())):der())
  end)

  it("goes on from the one before", function()
    local first = assert(ca:crl { revoked = { alice } })
    local second = assert(ca:crl { revoked = { alice, { certificate = bob, reason = "superseded", time = 1e9 } },
      previous = assert(issuing.parse_crl(first:pem())) })
    assert.is_true(second:lists(alice))
    assert.is_true(second:lists(bob))
    assert.equal(2, #second.entries)
    assert.is_true(second.read.number > first.read.number)
    assert.equal(4, second.entries[2].reason)
    assert.equal(der.time(1e9), second.entries[2].time)
  end)

  it("of another authority is no list before", function()
    local other = assert(issuing.ca { name = "Spec CA" })
    local stranger = assert(issuing.ca { name = "x" })
    for _, by in ipairs { other, stranger } do
      assert.equal("config_crl", select(3, ca:crl { previous = assert(by:crl()) }))
    end
  end)

  it("may be empty", function()
    local list = assert(ca:crl())
    assert.equal(0, #list.entries)
    assert.is_false(list:lists(alice))
  end)

  it("raises for what names no certificate, and is refused when it is none", function()
    for _, revoked in ipairs { { "x" }, { { reason = "keyCompromise" } }, { { serial = "xyz" } },
      { { serial = "" } }, { { serial = "00", reason = "boredom" } }, { { serial = "00", why = 1 } }, 7 } do
      assert.has_error(function() ca:crl { revoked = revoked } end)
    end
    assert.has_error(function() ca:crl { previous = "x" } end)
    local bytes = assert(ca:crl { revoked = { alice } }):der()
    for i = 1, #bytes - 1 do
      assert.equal(i < 3 and "config_no_crl" or "crl_malformed", select(3, issuing.parse_crl(bytes:sub(1, i))))
    end
  end)
end)

describe("the core's functions for Lua", function()
  it("hash, give random bytes, write and read PEM", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex(core.hash("sha256", "abc")))
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", hex(core.hash("sha1", "abc")))
    assert.equal(16, #core.random(16))
    assert.are_not.equal(core.random(16), core.random(16))
    assert.has_error(function() core.random(65) end)
    local text = core.pem_encode("X", ("abc"):rep(40))
    local blocks = assert(core.pem_decode("before\r\n" .. text .. core.pem_encode("Y", "") .. "after"))
    assert.same({ { label = "X", bytes = ("abc"):rep(40) }, { label = "Y", bytes = "" } }, blocks)
    assert.equal("config_pem_malformed", select(3, core.pem_decode "-----BEGIN X-----\n!\n-----END X-----\n"))
  end)

  it("check signatures", function()
    local read = require("beartls.pki.parts").certificate(ca.certificate:der())
    assert.is_true(core.is_signed(read.public_key, read.algorithm, read.body, read.signature))
    for i, arguments in ipairs {
      { "", read.algorithm, read.body, read.signature }, { read.public_key, "", read.body, read.signature },
      { read.public_key, read.algorithm .. "\0", read.body, read.signature },
      { read.public_key, read.algorithm, read.body .. "\0", read.signature },
      { read.public_key, read.algorithm, read.body, "" },
    } do
      assert.is_false(core.is_signed((table.unpack or unpack)(arguments)), tostring(i)) -- luacheck: ignore 143 113
    end
  end)
end)
