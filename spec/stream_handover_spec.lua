-- Streams that begin or end in the middle: a server that looks at the ClientHello before it chooses its config, and a
-- session that one stream gives up and another one goes on with.
local loopback = require "support.loopback"
local pair = require "support.pair"
local pki = require "support.pki"
local socket = require "beartls.socket"
local stream = require "beartls.stream"
local tls = require "beartls"

local sites = {
  ["localhost"] = { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" },
  ["other.example.test"] = { certificate = pki.path "other_site_ec.pem", key = pki.path "other_site_ec.key" },
}

local function config_for(name)
  local site = sites[name]
  return site and assert(tls.config { certificate = site.certificate, key = site.key, time = pki.now })
end

-- A client that wants that name, and a server that asks `choose`; on both kinds of transports.
local function choosing(kind, name, choose)
  local client = assert(assert(tls.config(pair.client_options())):client(name))
  local server = assert(assert(tls.config {}):server { pause = true })
  local there, back = loopback.wire(kind)
  return stream.new(client, there), stream.new(server, back, { choose = choose })
end

-- Both handshake at the same time: what each said last.
local function shake(client, server)
  local results = {}
  local function until_done(who)
    return function()
      repeat
        results[who] = { who:handshake() }
        coroutine.yield()
      until results[who][3] ~= "want_read" and results[who][3] ~= "want_write"
    end
  end
  loopback.run(until_done(client), until_done(server))
  return results[client], results[server]
end

describe("an adapter's accept", function()
  it("takes such a function, and what has been read before", function()
    for _, taken in ipairs { 0, 1, 100 } do
      local near, far = loopback.connected()
      near:settimeout(0)
      local client = assert(socket.wrap(near, assert(tls.config(pair.client_options())), "other.example.test"))
      client:handshake()
      far:settimeout(5)
      local received = taken > 0 and far:receive(taken) or nil
      far:settimeout(0)
      local server = assert(socket.accept(far, function(hello)
        return config_for(hello.server_name)
      end, { received = received }))
      loopback.select(function()
        assert(loopback.handshake(client))
      end, function()
        assert(loopback.handshake(server))
      end)
      assert.is_true(client:peer_certificate():matches_name "other.example.test")
      client:close()
      server:close()
    end
  end)

  it("raises for what is neither a config nor a function", function()
    local near, far = loopback.connected()
    assert.has_error(function() socket.accept(far, {}) end)
    assert.has_error(function() socket.accept(far, assert(tls.config {}), { received = 17 }) end)
    near:close()
    far:close()
  end)
end)

for _, kind in ipairs { "polling", "waiting" } do
  describe("a server that chooses its config by the ClientHello, on a transport that is " .. kind .. ",", function()
    it("answers each name with its own certificate", function()
      for name in pairs(sites) do
        local asked = 0
        local client, server = choosing(kind, name, function(hello)
          asked = asked + 1
          return config_for(hello.server_name)
        end)
        local near, far = shake(client, server)
        assert.is_true(near[1], near[2])
        assert.is_true(far[1], far[2])
        assert.equal(1, asked)
        assert.is_true(client:peer_certificate():matches_name(name))
        assert.equal(name, server:server_name())
      end
    end)

    it("may wait for the config", function()
      local client, server = choosing(kind, "localhost", function(hello)
        for _ = 1, 3 do
          coroutine.yield()
        end
        return config_for(hello.server_name)
      end)
      local near, far = shake(client, server)
      assert.is_true(near[1], near[2])
      assert.is_true(far[1], far[2])
    end)

    it("refuses a name that it has no config for, in the words of the program", function()
      local client, server = choosing(kind, "elsewhere.example.test", function(hello)
        return nil, "there is no site " .. hello.server_name
      end)
      local near, far = shake(client, server)
      assert.same({ "alert_unrecognized_name" }, { near[3] })
      assert.same({ "there is no site elsewhere.example.test", "config_refused" }, { far[2], far[3] })
      assert.equal("unrecognized_name", server:failure().alert)
    end)

    it("refuses with a sentence of its own when the program has none, or a config without a certificate", function()
      for _, choose in ipairs { function() end, function() return (tls.config {}) end } do
        local client, server = choosing(kind, "localhost", choose)
        local near, far = shake(client, server)
        assert.equal("alert_unrecognized_name", near[3])
        assert.equal("config_refused", far[3])
        assert.is_string(far[2])
      end
    end)

    it("does not go on when nobody chooses", function()
      local client, server = choosing(kind, "localhost")
      client:session():drain()
      server:session():feed(assert(assert(tls.config(pair.client_options())):client "localhost"):drain())
      assert.same({ false, "config_not_selected" }, { server:handshake() or false, select(3, server:handshake()) })
      assert.is_true(server:session():select(config_for "localhost"))
      assert.is_truthy(server:session():drain())
    end)
  end)

  describe("a session that a stream gives up, on a transport that is " .. kind .. ",", function()
    local client, server, there, back
    before_each(function()
      client, server, there, back = loopback.open { kind = kind }
      while not client:ticket() do
        client:session():feed(assert(there:receive())) -- what comes behind the handshake
      end
    end)

    it("goes on with another stream, and the first one says closed", function()
      local session = assert(client:release())
      assert.equal("closed", (select(2, client:send "from the grave")))
      assert.equal("closed", (select(2, client:receive(1))))
      assert.equal(1, client:close())
      assert.is_nil(there.closed)
      local next_one = stream.new(session, there)
      assert.is_true(next_one:handshake())
      assert.equal(4, next_one:send "ping")
      assert.equal("ping", server:receive(4))
      assert.equal(4, server:send "pong")
      assert.equal("pong", next_one:receive(4))
      assert.is_truthy(back)
    end)

    it("stays while there is something to read", function()
      server:send "more"
      client:session():feed(assert(there:receive()))
      assert.same({ "io_busy" }, { (select(3, client:release())) })
      assert.equal("more", client:receive(4))
      assert.is_truthy(client:release())
    end)

    it("stays with a coroutine that is using it", function()
      if kind == "waiting" then
        local task = coroutine.create(function() client:receive(1) end)
        assert(coroutine.resume(task))
        assert.same({ "io_busy" }, { (select(3, client:release())) })
      else
        there.capacity = 10
        client:send "more than fits"
        assert.same({ "io_busy" }, { (select(3, client:release())) })
      end
    end)

    it("stays with a coroutine that waits in the middle of a send", function()
      there.capacity, there.on_wait = 10, coroutine.yield
      local task = coroutine.create(function() return client:send(("x"):rep(100000)) end)
      assert(coroutine.resume(task))
      there.capacity = math.huge
      assert.same({ "io_busy" }, { (select(3, client:release())) })
    end)

    it("is nothing to go on with once the peer has closed it, or it has failed", function()
      server:close()
      repeat
        local bytes = there:receive()
        client:session():feed(bytes)
      until not bytes
      assert.same({ "closed" }, { (select(3, client:release())) })
    end)

    it("is none before the handshake, after close and after it was given up", function()
      local early = loopback.streams { kind = kind }
      assert.same({ "closed" }, { (select(3, early:release())) })
      assert.is_truthy(client:release())
      assert.same({ "closed" }, { (select(3, client:release())) })
      server:close()
      assert.same({ "closed" }, { (select(3, server:release())) })
    end)
  end)
end
