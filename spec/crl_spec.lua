-- Revocation lists: reading them, and the verdict with them. OCSP is in ocsp_spec.lua.

local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local pair = require "support.pair"
local pki = require "beartls.pki"
local process = require "support.process"
local revocation = require "support.revocation"
local tls = require "beartls"

local NOW = 1780272000 -- 2026-06-01
local DAY = 86400

local function clock()
  return NOW
end

local ca = assert(pki.ca { name = "root", time = clock })
local intermediate = assert(ca:intermediate { name = "intermediate" })
local other = assert(pki.ca { name = "root", time = clock }) -- of the same name, with another key
local trust = assert(ca:trust())
local client = assert(ca:issue { name = "client", client = true })
local second = assert(ca:issue { name = "second", client = true })
local below = assert(intermediate:issue { name = "below", client = true })

-- A list of the authority, with what is special about it.
local function list_of(authority, given)
  given = given or {}
  given.key, given.issuer, given.now = authority.key, authority.certificate, given.now or NOW - DAY
  given.next_update = given.next_update == nil and NOW + 30 * DAY or given.next_update
  return revocation.crl(given)
end

-- Of one list or a table of them.
local function lists(given)
  local all = type(given) == "table" and given or { given }
  local set = assert(tls.crls.parse(all[1]))
  for i = 2, #all do
    assert(set:add(all[i]))
  end
  return set
end

local function verdict(identity, options)
  options.time, options.usage = options.time or NOW, "client"
  local path, message, code = trust:verify(identity.certificate, options)
  return path and "trusted" or code, message
end

local function entry(identity, given)
  given = given or {}
  given.serial = identity.certificate:serial()
  return given
end

describe("revocation lists", function()
  teardown(process.cleanup)

  it("say what is in them", function()
    local revoked = { { certificate = client.certificate, reason = "keyCompromise" } }
    local made = assert(ca:crl { revoked = revoked, days = 7 })
    local set = assert(tls.crls.parse(made:pem()))
    assert.equal(1, #set)
    local about = set:list()[1]
    assert.equal("CN=root", about.issuer)
    assert.equal(1, about.count)
    assert.equal(NOW, about.this_update)
    assert.equal(NOW + 7 * DAY, about.next_update)
    assert.equal(("%x"):format(NOW), about.number)
    assert.same({ date = NOW, reason = "keyCompromise" }, set:find(client.certificate))
    assert.is_nil(set:find(second.certificate))
    assert.same({ { serial = client.certificate:serial(), date = NOW, reason = "keyCompromise" } }, set:entries())
    assert.same({}, set:entries(1, 0))
    assert.has_error(function() set:entries(2) end)
    assert.equal("beartls.crls (1)", tostring(set))
  end)

  it("are read from PEM with several of them, DER, files and directories", function()
    local one, two = assert(ca:crl()), assert(intermediate:crl())
    assert.equal(2, #assert(tls.crls.parse("text\n" .. one:pem() .. ca.certificate:pem() .. two:pem())))
    assert.equal(1, #assert(tls.crls.parse(one:der())))
    local dir = process.tmpdir()
    process.write_file(dir .. "/one.crl", one:der())
    process.write_file(dir .. "/two.pem", two:pem())
    process.write_file(dir .. "/ca.pem", ca.certificate:pem())
    assert.equal(2, #assert(tls.crls.load(dir)))
    assert.equal(1, #assert(tls.crls.load(dir .. "/one.crl")))
    assert.equal("config_no_crl", select(3, tls.crls.load(dir .. "/ca.pem")))
    assert.equal("io_file", select(3, tls.crls.load(dir .. "/nothing")))
    process.write_file(dir .. "/bad.crl", "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n")
    local set, message, code = tls.crls.load(dir)
    assert.is_nil(set)
    assert.equal("crl_malformed", code)
    assert.matches("bad.crl", message, 1, true)
  end)

  it("find each of many serial numbers, in whatever order", function()
    for _, count in ipairs { 1, 2, 3, 1000 } do
      local entries, state = {}, 7
      for i = 1, count do
        state = state * 16807 % 2147483647
        entries[i] = { serial = ("%08x"):format(state), reason = i % 7 ~= 0 and i % 7 or nil }
      end
      local position = math.floor(count / 2) + 1
      entries[position] = entry(client, { reason = 4 })
      local set = lists(list_of(ca, { entries = entries }))
      assert.equal(count, set:list()[1].count)
      assert.equal("superseded", set:find(client.certificate).reason)
      assert.is_nil(set:find(second.certificate))
    end
  end)

  it("that openssl makes are read", function()
    local dir = process.tmpdir()
    process.write_file(dir .. "/ca.pem", ca.certificate:pem())
    process.write_file(dir .. "/ca.key", ca.key:pem())
    process.write_file(dir .. "/c.pem", client.certificate:pem())
    process.write_file(dir .. "/index", "")
    process.write_file(dir .. "/number", "1234\n")
    process.write_file(dir .. "/cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=" .. dir .. "/index\ncrlnumber=" .. dir
      .. "/number\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid:always\n")
    local base = ("openssl ca -config %s/cnf -keyfile %s/ca.key -cert %s/ca.pem -md sha256 "):format(dir, dir, dir)
    local output, code = process.run(base .. "-revoke " .. dir .. "/c.pem -crl_reason cessationOfOperation && " .. base
      .. "-gencrl -crldays 3 -out " .. dir .. "/crl.pem")
    assert.equal(0, code, output)
    local set = assert(tls.crls.load(dir .. "/crl.pem"))
    assert.equal("1234", set:list()[1].number)
    assert.equal("cessationOfOperation", set:find(client.certificate).reason)
    assert.equal("certificate_revoked", verdict(client, { crls = set, time = os.time() }))
    assert.equal("trusted", verdict(second, { crls = set, time = os.time() }))
    output, code = process.run(("openssl verify -CAfile %s/ca.pem -crl_check -CRLfile %s/crl.pem %s/c.pem"):format(
      dir, dir, dir))
    assert.is_true(code ~= 0)
    assert.matches("revoked", output)
  end)

  local malformed = {
    ["a byte behind it"] = function(bytes) return bytes .. "\0" end,
    ["a byte less"] = function(bytes) return bytes:sub(1, -2) end,
    ["nothing in it"] = function() return "\48\2\48\0" end,
  }
  for name, spoil in pairs(malformed) do
    it("with " .. name .. " are not read", function()
      assert.equal("crl_malformed", select(3, tls.crls.parse(spoil(list_of(ca)))))
    end)
  end

  for _, case in ipairs {
    { "of a version that is not there", { version = 1, entries = {} }, "crl_malformed" },
    { "with two different signature algorithms", { inner_scheme = "ecdsa_secp384r1_sha384" }, "crl_malformed" },
    { "that are a delta", { extensions = { extensions.new("2.5.29.27", true, der.integer(1)) } }, "crl_unsupported",
      "delta" },
    { "that are indirect", { extensions = { revocation.distribution_point(der.context_primitive(4, "\255")) } },
      "crl_unsupported", "indirect" },
    { "with a critical extension that nobody knows", { extensions = { extensions.new("1.2.3.4", true, der.null) } },
      "crl_unsupported", "critical extension" },
    { "with an entry that is another issuer's", { entries = { entry(client, { extensions = {
      extensions.new("2.5.29.29", true, der.sequence(der.context_primitive(6, "http://x.test"))) } }) } },
      "crl_unsupported", "entry with a critical" },
  } do
    it(case[1] .. " are refused", function()
      local set, message, code = tls.crls.parse(list_of(ca, case[2]))
      assert.is_nil(set)
      assert.equal(case[3], code, message)
      assert.matches(case[4] or "well-formed", message, 1, true)
    end)
  end

  it("raise for misuse", function()
    assert.has_error(function() trust:verify(client.certificate, { crls = "file" }) end)
    assert.has_error(function() trust:verify(client.certificate, { crl_required = "some" }) end)
    local set = lists(list_of(ca))
    assert(tls.config { trust = trust, crls = set })
    assert.has_error(function() set:add(list_of(ca)) end)
  end)
end)

describe("with revocation lists", function()
  local named = revocation.full_name "http://ca.example.test/1.crl"

  for _, case in ipairs {
    { "a certificate is revoked that is in one", "certificate_revoked", client,
      { list_of(ca, { entries = { entry(client) } }) } },
    { "another one is not", "trusted", second, { list_of(ca, { entries = { entry(client) } }) } },
    { "a certificate on hold is revoked", "certificate_revoked", client,
      { list_of(ca, { entries = { entry(client, { reason = 6 }) } }) } },
    { "an intermediate that is revoked takes those below with it", "certificate_revoked", below,
      { list_of(ca, { entries = { { serial = intermediate.certificate:serial() } } }) } },
    { "one below an intermediate is revoked by its own issuer", "certificate_revoked", below,
      { list_of(ca), list_of(intermediate, { entries = { entry(below) } }) } },
    { "a serial number counts for its own issuer alone", "trusted", below,
      { list_of(ca, { entries = { entry(below) } }) } },
    { "lists of other issuers do not matter", "trusted", client, { list_of(intermediate) } },
    { "a list of another key with the same name does not matter when it says so", "trusted", client,
      { list_of(other, { entries = { entry(client) } }) } },
    { "a list that the issuer's key did not sign is no list", "certificate_crl_untrusted", client,
      { list_of(other, { no_key_id = true }) } },
    { "nor does it revoke", "certificate_crl_untrusted", client,
      { list_of(other, { no_key_id = true, entries = { entry(client) } }) } },
    { "nor does it spoil a good one", "trusted", client, { list_of(other, { no_key_id = true }), list_of(ca) } },
    { "a list whose signature is broken is no list", "certificate_crl_untrusted", client,
      { list_of(ca, { spoil = function(s) return s:sub(1, -2) .. string.char((s:byte(-1) + 1) % 256) end }) } },
    { "a list that is out of date lets nobody in", "certificate_crl_expired", client,
      { list_of(ca, { next_update = NOW - 1 }) } },
    { "but what it takes back stays taken back", "certificate_revoked", client,
      { list_of(ca, { next_update = NOW - 1, entries = { entry(client) } }) } },
    { "a newer list makes up for one that is out of date", "trusted", client,
      { list_of(ca, { next_update = NOW - 1 }), list_of(ca) } },
    { "a list without an end counts for ever", "trusted", client, { list_of(ca, { next_update = false }) } },
    { "a list from the future lets nobody in", "certificate_crl_not_yet_valid", client,
      { list_of(ca, { now = NOW + DAY }) } },
    { "a clock may be five minutes late", "trusted", client, { list_of(ca, { now = NOW + 200 }) } },
    { "a list of version 1 is one", "certificate_revoked", client,
      { list_of(ca, { version = 1, no_key_id = true, entries = { entry(client) } }) } },
  } do
    it(case[1], function()
      local code, message = verdict(case[3], { crls = lists(case[4]) })
      assert.equal(case[2], code, message)
    end)
  end

  for _, case in ipairs {
    { "for users alone says nothing about authorities", "certificate_crl_missing", below,
      { der.context_primitive(1, "\255") } },
    { "for authorities alone says nothing about users", "certificate_crl_missing", client,
      { der.context_primitive(2, "\255") } },
    { "for attribute certificates alone says nothing", "certificate_crl_missing", client,
      { der.context_primitive(5, "\255") } },
    { "for some reasons alone is not enough", "certificate_crl_missing", client,
      { der.context_primitive(3, "\6\64") } },
    { "for users alone is enough for them", "trusted", client, { der.context_primitive(1, "\255") } },
    { "of another distribution point says nothing", "certificate_crl_missing", client, { named } },
  } do
    it("a list " .. case[1], function()
      local set = lists {
        list_of(ca, { extensions = { revocation.distribution_point(table.concat(case[4])) } }), list_of(intermediate),
      }
      local code, message = verdict(case[3], { crls = set, crl_required = true })
      assert.equal(case[2], code, message)
    end)
  end

  it("a list of a certificate's own distribution point is enough, and finds it revoked in any case", function()
    local certificate = require "beartls.pki.certificate"
    local key = assert(tls.key.generate "p256")
    local plan = assert(certificate.plan_leaf({ name = "pointed", client = true }, ca, key:public "der", NOW))
    table.insert(plan.extensions, extensions.new("2.5.29.31", false, der.sequence(der.sequence(named))))
    local pointed = assert(ca:finish(plan, key))
    local function set(entries)
      return lists(list_of(ca, { entries = entries, extensions = { revocation.distribution_point(named) } }))
    end
    assert.equal("trusted", verdict(pointed, { crls = set(), crl_required = true }))
    assert.equal("certificate_revoked", verdict(pointed, { crls = set { entry(pointed) }, crl_required = true }))
    assert.equal("certificate_revoked", verdict(client, { crls = set { entry(client) } }))
  end)

  it("those that are required have to be there", function()
    local of_ca = lists(list_of(ca))
    assert.equal("trusted", verdict(below, { crls = of_ca }))
    assert.equal("certificate_crl_missing", verdict(below, { crls = of_ca, crl_required = "leaf" }))
    assert.equal("certificate_crl_missing", verdict(below, { crls = of_ca, crl_required = true }))
    assert.equal("trusted", verdict(client, { crls = of_ca, crl_required = true }))
    local both = lists { list_of(ca), list_of(intermediate) }
    assert.equal("trusted", verdict(below, { crls = both, crl_required = true }))
    local of_intermediate = lists(list_of(intermediate))
    assert.equal("trusted", verdict(below, { crls = of_intermediate, crl_required = "leaf" }))
    assert.equal("certificate_crl_missing", verdict(below, { crls = of_intermediate, crl_required = true }))
  end)

  it("the sentence says whose certificate it is, since when it is revoked, and why", function()
    local code, message = verdict(client, { crls = lists(list_of(ca, {
      entries = { entry(client, { time = NOW - 40 * DAY, reason = 1 }) } })) })
    assert.equal("certificate_revoked", code)
    assert.matches("^the client's certificate %(CN=client%) was revoked on 2026%-04%-22: keyCompromise$", message)
    message = select(2, verdict(below, { crls = lists(list_of(ca, {
      entries = { { serial = intermediate.certificate:serial() } } })) }))
    assert.matches("CN=intermediate.*was revoked on 2026%-05%-31$", message)
  end)

  it("a list signed with SHA-1 is no list", function()
    local rsa = assert(pki.ca { name = "RSA", key_kind = "rsa2048", time = clock })
    local leaf = assert(rsa:issue { name = "leaf", client = true })
    local believed = assert(rsa:trust())
    for scheme, want in pairs { rsa_pkcs1_sha1 = "certificate_crl_untrusted", rsa_pkcs1_sha256 = "trusted",
      rsa_pss_rsae_sha256 = "trusted" } do
      local path, message, code = believed:verify(leaf.certificate, { usage = "client", time = NOW,
        crls = lists(list_of(rsa, { scheme = scheme })) })
      assert.equal(want, path and "trusted" or code, message)
    end
  end)
end)

describe("a config with revocation lists", function()
  local server = assert(ca:issue { dns = "localhost" })

  -- Shakes hands; the code of each side's failure.
  local function shake(server_options, client_options)
    local options = { certificate = server.certificate, key = server.key, trust = trust, verify_client = "require",
      time = clock }
    for name, value in pairs(server_options) do
      options[name] = value
    end
    local own = { certificate = client.certificate, key = client.key, trust = trust, time = clock }
    for name, value in pairs(client_options or {}) do
      own[name] = value
    end
    local p = pair.new(assert(tls.config(own)), assert(tls.config(options)))
    p:settle()
    local at_client, at_server = p.client:failure(), p.server:failure()
    return at_client and at_client.code, at_server and at_server.code, at_server
  end

  it("turns away clients that are in one, with certificate_revoked", function()
    local revoking = list_of(ca, { entries = { entry(client) } })
    for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
      local at_client, at_server, failure = shake({ crls = lists(revoking), max_version = version })
      assert.equal("certificate_revoked", at_server)
      assert.equal("alert_certificate_revoked", at_client)
      assert.equal("certificate_revoked", failure.alert)
      assert.matches("says so", failure.hint)
    end
    assert.same({}, { shake { crls = lists(list_of(ca)) } })
  end)

  it("is a client's too", function()
    local at_client, at_server = shake({}, { crls = lists(list_of(ca, { entries = { entry(server) } })) })
    assert.equal("certificate_revoked", at_client)
    assert.equal("alert_certificate_revoked", at_server)
  end)

  it("takes files, directories, lists of beartls.pki and tables of them", function()
    local revoking = assert(ca:crl { revoked = { client.certificate } })
    local dir = process.tmpdir()
    local file = dir .. "/list.pem"
    process.write_file(file, revoking:pem())
    for _, crls in ipairs { dir, file, revoking, { file }, { assert(ca:crl()), revoking } } do
      assert.equal("certificate_revoked", (select(2, shake { crls = crls })))
    end
    process.cleanup()
    assert.equal("io_file", select(3, tls.config { crls = "no/such/file" }))
    assert.has_error(function() tls.config { crls = {} } end)
    assert.has_error(function() tls.config { crls = 1 } end)
    assert.equal("config_no_crl", select(3, tls.config { crl_required = true }))
    assert.has_error(function() tls.config { crls = revoking, crl_required = "all" } end)
  end)

  it("does not mind lists that are out of date where time does not matter", function()
    local old = list_of(ca, { next_update = NOW - 1 })
    assert.equal("certificate_crl_expired", (select(2, shake { crls = lists(old) })))
    assert.same({}, { shake { crls = lists(old), insecure_no_time = true } })
  end)
end)
