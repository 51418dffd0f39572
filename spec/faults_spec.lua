-- The gallery of faults: each is refused for its own reason, offline and in a session, whichever side shows it.
local command = require "support.command"
local issuing = require "beartls.pki"
local pair = require "support.pair"
local pki = require "support.pki"
local process = require "support.process"
local socket = require "beartls.socket"
local tls = require "beartls"

local ca = assert(issuing.ca { name = "Gallery CA", time = pki.now })
local trust = assert(ca:trust())
local good_client = assert(ca:issue { name = "alice" })
local good_server = assert(ca:issue { dns = "localhost" })

-- A session in which this side shows `identity`; the other one does as it should.
local function session(identity, is_client, list)
  local client, server = is_client and identity or good_client, is_client and good_server or identity
  local function options(of, verify_client)
    return { trust = trust, certificate = of.certificate, key = of.key, crls = list, verify_client = verify_client }
  end
  return pair.new(options(client), options(server, "require")):settle()
end

describe("the gallery of faults", function()
  teardown(process.cleanup)

  it("is made of certificates that are right but for their fault", function()
    assert.equal("open", session(good_server, false).client:state())
    local names = {}
    for _, fault in ipairs(issuing.faults()) do
      assert.is_nil(names[fault.name])
      names[fault.name] = true
      assert.matches("^certificate_", fault.code or "certificate_")
      assert.is_string(fault.about)
    end
  end)

  for _, fault in ipairs(issuing.faults()) do
    for _, role in ipairs { "server", "client" } do
      local is_client = role == "client"
      local title = ("refuses a %s whose certificate has the fault %s"):format(role, fault.name)
      if fault.code and not (is_client and fault.server_only) then
        it(title, function()
          local identity, list = ca:faulty(fault.name, { client = is_client })
          assert(identity, list)
          assert.equal(fault.by_list or false, list ~= nil)
          local path, message, code = trust:verify(identity.certificate, {
            name = not is_client and "localhost" or nil, usage = role, time = pki.NOW,
            crls = list and assert(tls.crls.parse(list:pem())),
          })
          assert.is_nil(path)
          assert.equal(fault.code, code, message)
          local p = session(identity, is_client, list)
          local judge, shown = p[is_client and "server" or "client"]:failure(), p[role]:failure()
          assert.equal(fault.code, judge.code, judge.message)
          assert.equal("us", judge.sent_by)
          assert.equal("alert_" .. judge.alert, shown.code)
          assert.equal("peer", shown.sent_by)
          assert.is_false(p[is_client and "server" or "client"]:verified())
        end)
      end
    end
  end

  it("has one that RFC 5280 lets pass: no extended key usage", function()
    for _, is_client in ipairs { false, true } do
      local identity = assert(ca:faulty("no_eku", { client = is_client }))
      assert.same({}, identity.certificate:extended_key_usage())
      local p = session(identity, is_client)
      assert.equal("open", p.client:state())
      assert.is_true(p[is_client and "server" or "client"]:verified())
    end
  end)

  it("is made for the names and with the key that are asked for", function()
    local identity = assert(ca:faulty("expired", { dns = "a.test", key = ca.key, subject = { { "O", "x" } } }))
    assert.equal("O=x", identity.certificate:subject())
    assert.same({ "a.test" }, identity.certificate:dns_names())
    assert.equal(ca.key, identity.key)
    local constrained = assert(ca:faulty("name_excluded", { uri = "spiffe://a.test/x", ip = "::1", dns = "*.b.test",
      email = "a@b.test" }))
    assert.equal(2, #constrained.certificate)
    assert.equal("config_name", select(3, ca:faulty("expired", { dns = "a_b" })))
  end)

  it("is there for every kind of authority, an intermediate, too", function()
    local rsa = assert(issuing.ca { key = pki.path "root_rsa.key", time = pki.now })
    local ed25519 = assert(issuing.ca { key_kind = "ed25519", time = pki.now })
    for _, by in ipairs { assert(ca:intermediate()), rsa, ed25519 } do
      for _, fault in ipairs(issuing.faults()) do
        assert.is_truthy(by:faulty(fault.name), fault.name)
      end
    end
  end)

  it("raises for a fault that there is not", function()
    local ok, message = pcall(function() ca:faulty "expird" end)
    assert.is_false(ok)
    assert.matches('there is no fault "expird", did you mean "expired"', message, 1, true)
    assert.has_error(function() ca:faulty("expired", { colour = "red" }) end)
    assert.has_error(function() ca:faulty() end)
  end)
end)

describe("beartls serve --faulty", function()
  local dir

  setup(function()
    dir = process.tmpdir()
  end)
  teardown(process.cleanup)

  local function serve(...)
    local words = { os.getenv "BEARTLS_LUA" or "lua5.4", "lua/beartls/command serve --once --faulty", ... }
    return process.start(table.concat(words, " "), { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
  end

  it("names the faults", function()
    local exit, out = command.run { "serve", "--faulty", "list" }
    assert.equal(0, exit)
    for _, fault in ipairs(issuing.faults()) do
      assert.matches("\n" .. fault.name .. " ", "\n" .. out, 1, true)
    end
    exit, out = command.run { "serve", "--faulty", "list", "--json" }
    assert.equal(0, exit)
    assert.equal(#issuing.faults(), #command.lines_of(out))
    assert.matches('"name":"expired"', out, 1, true)
  end)

  it("shows such a certificate, and prints whom to trust to see its fault alone", function()
    local server = serve("expired", "0")
    local pem, port = server:wait_for "^(%-%-%-%-%-BEGIN.*%-%-%-%-%-\n)listening on [%d.]+:(%d+)"
    process.write_file(dir .. "/root.pem", pem)
    local exit, _, err = command.run { "connect", "--ca", dir .. "/root.pem", "localhost:" .. port }
    assert.equal(4, exit)
    assert.matches("(certificate_expired)", err, 1, true)
    assert.matches("failed:.*alert_certificate_expired", select(2, server:wait()))
  end)

  it("prints the list that tells of a certificate that was taken back", function()
    local server = serve("revoked", "0")
    local root, list, port = server:wait_for(
      "^(%-%-%-%-%-BEGIN CERT.*)(%-%-%-%-%-BEGIN X509 CRL.*%-%-%-%-%-\n)listening on [%d.]+:(%d+)")
    local stream, _, code = socket.connect("127.0.0.1", tonumber(port),
      assert(tls.config { trust = assert(tls.trust.parse(root)), crls = assert(tls.crls.parse(list)) }))
    assert.is_nil(stream)
    assert.equal("certificate_revoked", code)
  end)

  it("takes the authority of a directory", function()
    assert.equal(0, (command.run { "pki", "new", dir .. "/a" }))
    local server = serve("wrong_host", "--authority", dir .. "/a", "0")
    local port = server:wait_for "^listening on [%d.]+:(%d+)"
    local exit, _, err = command.run { "connect", "--ca", dir .. "/a/ca.pem", "localhost:" .. port }
    assert.equal(4, exit)
    assert.matches("(certificate_name_mismatch)", err, 1, true)
  end)

  for _, case in ipairs {
    { "did you mean expired: --faulty list names them", "--faulty", "expird", "0" },
    { "it goes without --cert", "--faulty", "expired", "--cert", "x", "--key", "y", "0" },
    { "--authority goes with --faulty", "--authority", "x", "0" },
    { "no authority is there", "--faulty", "expired", "--authority", "no/where", "0" },
    { "it wants [HOST:]PORT", "--faulty", "expired" },
  } do
    it("says what is wrong with the command line: " .. case[1], function()
      local exit, out, err = command.run { "serve", (table.unpack or unpack)(case, 2) } -- luacheck: ignore 143 113
      assert.same({ 2, "" }, { exit, out })
      assert.matches(case[1], err, 1, true)
    end)
  end
end)
