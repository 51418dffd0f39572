-- prosody, unchanged, on the drop-in for LuaSec: clients by direct TLS and STARTTLS, with and without certificates, and
-- servers with each other, under each of its network backends.

local luasec = require "support.luasec"
local peer = require "support.peer"
local pki = require "beartls.pki"
local process = require "support.process"
local prosody = require "support.prosody"
local xmpp_client = require "support.xmpp_client"

local has_prosody = process.has "prosody" and process.has "lua5.4"
local plain_it = it
local function it(name, body)
  plain_it(name, has_prosody and body or function()
    pending "needs prosody and Lua 5.4"
  end)
end

-- Whom the clients of this process are made of: LuaSec, where it is there, else the drop-in.
local ssl = (luasec.real or luasec.ours).ssl

local ca, stranger, dir

local function pem(identity)
  return { certificate = identity.certificate:pem(), key = identity.key:pem() }
end

-- Two servers that know of each other: one by its port for direct TLS, the other by that for STARTTLS. (With its
-- backend select, prosody loses outgoing connections with direct TLS, whoever does the TLS.)
local function start_two(backend, identity)
  local one, two = prosody.ports(), prosody.ports()
  local names = { ["_xmpp-server._tcp.two.example.test"] = two.S2S, ["_xmpp-server._tcp.one.example.test"] = one.S2S }
  if backend ~= "select" then
    names["_xmpps-server._tcp.two.example.test"] = two.S2S_DIRECT
  end
  local function start(host, ports, user)
    local issued = host == "two.example.test" and identity or assert(ca:issue { dns = host, server = true,
      client = true })
    local server = prosody.start { host = host, ports = ports, backend = backend, identity = pem(issued),
      ca = ca.certificate:pem(), names = names, users = { [user] = "secret" } }
    server.ports = ports
    return server
  end
  return start("one.example.test", one, "alice"), start("two.example.test", two, "bob")
end

local function connect(server, host, direct, given)
  local params = { cafile = dir .. "/ca.pem" }
  for name, value in pairs(given or {}) do
    params[name] = value
  end
  return xmpp_client.connect(ssl, { host = host, direct = direct, tls = params,
    port = direct and server.ports.C2S_DIRECT or server.ports.C2S })
end

-- What openssl's client says of a server.
local function s_client(port, ...)
  local output = process.run(peer.words("openssl", "s_client", "-connect", "127.0.0.1:" .. port, "-servername",
    "one.example.test", "-CAfile", dir .. "/ca.pem", "-verify_return_error", { ... }))
  return output
end

local function save(name, text)
  process.write_file(dir .. "/" .. name, text)
  return dir .. "/" .. name
end

local function prepare()
  ca, stranger = assert(pki.ca { name = "XMPP CA" }), assert(pki.ca { name = "Stranger" })
  dir = process.tmpdir()
  save("ca.pem", ca.certificate:pem())
end

for _, backend in ipairs { "epoll", "event", "select" } do
  describe("prosody with the backend " .. backend, function()
    local one, two

    setup(function()
      if has_prosody then
        prepare()
        one, two = start_two(backend, assert(ca:issue { dns = "two.example.test", server = true, client = true }))
      end
    end)
    teardown(process.cleanup)

    it("uses that backend", function()
      one:wait_for("using the " .. (backend == "event" and "libevent %S+" or backend) .. " backend")
    end)

    it("serves OpenSSL's client, by direct TLS and by STARTTLS", function()
      assert.matches("Verify return code: 0 %(ok%)", s_client(one.ports.C2S_DIRECT, "-alpn", "xmpp-client"))
      assert.matches("Verify return code: 0 %(ok%)", s_client(one.ports.C2S, "-starttls", "xmpp", "-xmpphost",
        "one.example.test", "-tls1_2"))
      assert.matches("Verify return code: 0 %(ok%)", s_client(one.ports.S2S_DIRECT, "-tls1_3"))
      assert.matches("Verify return code: 0 %(ok%)", s_client(one.ports.S2S, "-starttls", "xmpp-server", "-xmpphost",
        "one.example.test"))
    end)

    it("carries what its clients write to each other, within a server and from one to the other", function()
      local alice = connect(one, "one.example.test", true)
      alice:log_in("alice", "secret")
      alice:write("alice@one.example.test", "to myself")
      assert.equal("to myself", alice:read())
      local bob = connect(two, "two.example.test", false, { protocol = "tlsv1_2" })
      bob:log_in("bob", "secret")
      alice:write("bob@two.example.test", "hello")
      assert.equal("hello", bob:read())
      bob:write("alice@one.example.test", ("long "):rep(20000))
      assert.equal(100000, #alice:read())
      alice:close()
      bob:close()
      for _, server in ipairs { one, two } do
        server:wait_for "certificate chain validation result: valid"
        server:wait_for "certificate identity validation result: valid"
        server:wait_for "Stream encrypted %(TLSv1.3 with TLS_"
      end
    end)

    it("sees the certificates of clients, whoever has issued them", function()
      for name, authority in pairs { carol = ca, mallory = stranger } do
        local issued = pem(assert(authority:issue { name = name, client = true }))
        local client = connect(one, "one.example.test", name == "carol",
          { certificate = save(name .. ".pem", issued.certificate), key = save(name .. ".key", issued.key) })
        client:close()
        local digest, verified = one:wait_for("client certificate (%x+) " .. name .. " (%l+ %S+)")
        local certificate = assert(ssl.loadcertificate(issued.certificate))
        assert.equal(certificate:digest "sha256", digest)
        assert.equal(name == "carol" and "true (nil)" or "false unable", verified)
      end
    end)

    it("binds SCRAM to TLS 1.2, and to nothing in TLS 1.3", function()
      for protocol, wanted in pairs { tlsv1_2 = true, tlsv1_3 = false } do
        local client, features = connect(one, "one.example.test", true, { protocol = protocol })
        client:close()
        assert.matches("<mechanism>SCRAM%-SHA%-1</mechanism>", features)
        assert.equal(wanted, features:find("<mechanism>SCRAM-SHA-1-PLUS</mechanism>", 1, true) ~= nil)
      end
    end)
  end)
end

describe("prosody", function()
  teardown(process.cleanup)

  it("does not talk to a server whose certificate is not believed", function()
    prepare()
    local one = start_two("epoll", assert(stranger:issue { dns = "two.example.test", server = true, client = true }))
    local alice = connect(one, "one.example.test", true)
    alice:log_in("alice", "secret")
    alice:write("bob@two.example.test", "hello")
    local answer = alice:exchange(nil, "<error.-</error>")
    assert.matches("Remote server&apos;s certificate is not trusted", answer)
    alice:close()
    one:wait_for "certificate error%(s%) at depth %d: unable to get local issuer certificate"
    one:wait_for "certificate chain validation result: invalid"
  end)

  it("says in its own words which file it cannot read", function()
    prepare()
    local one = prosody.start { host = "one.example.test", ports = prosody.ports(), backend = "epoll", names = {},
      identity = { certificate = pem(assert(ca:issue { dns = "one.example.test" })).certificate, key = "no key" },
      ca = ca.certificate:pem(), users = {}, listens = { "C2S" } }
    one:wait_for "SSL/TLS: Failed to load '[^\n]*one.example.test.key': Check that the file contains a private key"
  end)
end)
