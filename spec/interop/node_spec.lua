-- Node.js's tls module in both roles: see support/node_peer.js.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("node", it, pending)

local PEER = "spec/support/node_peer.js"
local curves = { x25519 = "X25519", secp256r1 = "P-256", secp384r1 = "P-384", secp521r1 = "P-521" }
local trust = "caFile=" .. pki.path "trust.pem"

local function identity(name)
  return { "certFile=" .. pki.path(name .. ".pem"), "keyFile=" .. pki.path(name .. ".key") }
end

local function fact(line, name)
  return line:match("%f[%w]" .. name .. "=([^;\n]*)")
end

-- What is the same for both sides of a session.
local function assert_agreed(stream, line)
  assert.equal(stream:version(), fact(line, "version"))
  assert.equal(stream:cipher(), fact(line, "cipher"))
  assert.equal(tostring(stream:resumed()), fact(line, "resumed"))
  assert.equal(stream:alpn() or "none", fact(line, "alpn"))
  assert.equal(peer.hex(stream:export("EXPERIMENTAL-beartls", 32, "")), fact(line, "exported"))
end

describe("Node.js's server and our client agree on", function()
  local servers = {}
  after_each(peer.hang_up)
  teardown(process.cleanup)

  -- A server for all specs with the same words.
  local function server(...)
    local words = peer.words { ... }
    if not servers[words] then
      servers[words] = process.start("node " .. PEER .. " server " .. words)
      servers[words].port = tonumber((servers[words]:wait_for "port (%d+)\n"))
    end
    return servers[words]
  end

  -- The stream, and what the server says of it.
  local function connect(one, ...)
    local stream, message = peer.connect(one.port, ...)
    assert(stream, message)
    local line = assert(stream:receive "*l")
    assert_agreed(stream, line)
    return stream, line
  end

  for _, name in ipairs { "server_rsa", "server_ec" } do
    it("every suite with every group, the certificate being that of " .. name, function()
      local one = server(identity(name), "ciphers=" .. table.concat(peer.suites13, ":"))
      for _, suite in ipairs(peer.suites13) do
        for _, group in ipairs(peer.groups) do
          local stream, line = connect(one, { cipher_suites = { suite }, groups = { group } })
          assert.equal("TLSv1.3", stream:version())
          assert.equal(group, stream:group())
          assert.equal("localhost", fact(line, "name"))
          stream:close()
        end
      end
    end)
  end

  for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
    local client = { max_version = version, identity = "client_ec" }

    it(("mutual %s, the protocol, and what is sent back"):format(version), function()
      local one = server(identity "server_rsa", trust, "requestCert=true", "ALPNProtocols=a,b")
      client.alpn = { "b" }
      local stream, line = connect(one, client)
      assert.equal(version, stream:version())
      assert.equal("true", fact(line, "authorized"))
      assert.equal("client EC", fact(line, "subject"))
      assert.equal("b", stream:alpn())
      assert(stream:send(("x"):rep(100000)))
      assert.equal(100000, #assert(stream:receive(100000)))
    end)

    it(("a session of %s to resume"):format(version), function()
      local one = server(identity "server_rsa", trust, "requestCert=true")
      local config = peer.config { max_version = version, identity = "client_ec" }
      local stream = connect(one, config)
      -- Its first line may come before the ticket; in a resumed session of TLS 1.3 there is none.
      assert(stream:send "goes round\n")
      assert.equal("goes round", stream:receive "*l")
      local resumed, line = connect(one, config, { ticket = assert(stream:ticket()) })
      assert.is_true(resumed:resumed())
      assert.is_true(resumed:verified())
      assert.equal("client EC", fact(line, "subject"))
    end)
  end

  it("a group after a HelloRetryRequest", function()
    local stream = connect(server(identity "server_ec", "ecdhCurve=P-384"), { trace = 100 })
    assert.equal("secp384r1", stream:group())
    assert.equal(1, peer.count_events(stream, "hello_retry_request", "received"))
  end)
end)

describe("Node.js's client and our server agree on", function()
  local listener, port, node
  setup(function()
    listener, port = peer.listen()
    if process.has "node" then
      node = process.start("node " .. PEER .. " client", { open = true })
    end
  end)
  after_each(peer.hang_up)
  teardown(function()
    process.cleanup()
    listener:close()
  end)

  -- The stream with a client of these words, and what it says when we have closed.
  local function meet(config, words)
    process.write_file(node.files.out, "")
    node:send(table.concat(words, ";") .. ";port=" .. port .. ";" .. trust .. "\n")
    local stream, message = peer.accept(listener, config)
    assert(stream, message)
    assert.equal("from node", stream:receive "*l")
    assert(stream:send "from us\n")
    return stream, function()
      local exported = stream:export("EXPERIMENTAL-beartls", 32, "")
      stream:close()
      local line = node:wait_for "(version=[^\n]*)\n"
      assert.equal("true", fact(line, "authorized"))
      assert.equal(stream:cipher(), fact(line, "cipher"))
      assert.equal(peer.hex(exported), fact(line, "exported"))
      return line
    end
  end

  for _, kind in ipairs(peer.kinds) do
    it("every suite and every group, our key being " .. kind[1], function()
      local config = peer.config { identity = "server_" .. kind[1], cipher_suites = peer.suites13 }
      for i, suite in ipairs(peer.suites13) do
        local group = peer.groups[i]
        local stream, said = meet(config, { "ciphers=" .. suite, "ecdhCurve=" .. curves[group] })
        assert.equal("TLSv1.3", stream:version())
        assert.equal(suite, stream:cipher())
        assert.equal(group, stream:group())
        said()
      end
    end)
  end

  for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
    it(("mutual %s, the protocol, and a session to resume"):format(version), function()
      local config = peer.config { identity = "server_ec", verify_client = "require", alpn = { "a", "b" },
        max_version = version }
      for i = 1, 3 do
        local stream, said = meet(config, { "ALPNProtocols=x,b", table.concat(identity "client_rsa", ";"),
          i > 1 and "resume=true" or "" })
        assert.equal(version, stream:version())
        assert.equal(i > 1, stream:resumed())
        assert.is_true(stream:verified())
        assert.equal("b", stream:alpn())
        assert.matches("CN=client RSA", stream:peer_certificate():subject(), 1, true)
        assert.equal(tostring(i > 1), fact(said(), "resumed"))
      end
    end)
  end

  it("a group after a HelloRetryRequest", function()
    local stream, said = meet(peer.config { identity = "server_ec", groups = { "secp521r1" }, trace = 100 },
      { "ecdhCurve=X25519:P-521" })
    assert.equal("secp521r1", stream:group())
    assert.equal(1, peer.count_events(stream, "hello_retry_request", "sent"))
    said()
  end)
end)
