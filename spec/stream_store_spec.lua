-- Streams serve the store of their config by themselves: servers resume through it, clients offer what is kept there.
local loopback = require "support.loopback"
local memory = require "beartls.store.memory"
local pair = require "support.pair"
local pki = require "support.pki"
local socket = require "beartls.socket"
local stream = require "beartls.stream"
local tls = require "beartls"

local function configs(client, server)
  return assert(tls.config(pair.client_options(client))), assert(tls.config(pair.server_options(server)))
end

-- Two streams over a wire in memory.
local function streams(client_config, server_config, given)
  given = given or {}
  local session = assert(stream.client(client_config, given.name or "localhost", given, given.where or "localhost:1"))
  local there, back = loopback.wire "polling"
  return stream.new(session, there), stream.new(assert(server_config:server()), back)
end

-- Both say a word, so that the client has seen all that the server gives it.
local function talk(client, server)
  loopback.shake(client, server)
  assert.equal("open", client:state())
  assert.equal("open", server:state())
  assert(server:send "welcome\n")
  assert.equal("welcome", client:receive "*l")
  assert(client:send "thanks\n")
  assert.equal("thanks", server:receive "*l")
end

local function connect(...)
  local client, server = streams(...)
  talk(client, server)
  assert.equal(client:resumed(), server:resumed())
  local resumed = client:resumed()
  client:close()
  return resumed
end

-- A store whose answers are given by functions, the others by memory.
local function special(answers)
  local inner, store = memory.new(), {}
  for _, name in ipairs { "put", "add", "take", "get" } do
    store[name] = function(_, ...)
      if answers[name] then
        return answers[name](inner, ...)
      end
      return inner[name](inner, ...)
    end
  end
  return store, inner
end

local CLASSIC = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" }
local versions = {
  ["TLSv1.3"] = {}, ["TLSv1.2"] = { max_version = "TLSv1.2" }, ["the classic engine"] = { cipher_suites = CLASSIC },
}

local function options(kind, more)
  local out = {}
  for _, from in ipairs { versions[kind], more or {} } do
    for k, v in pairs(from) do
      out[k] = v
    end
  end
  return out
end

describe("streams of configs with a store", function()
  for kind in pairs(versions) do
    it("resume by themselves, again and again, on both sides: " .. kind, function()
      local client, server = configs(options(kind, { tickets = memory.new() }),
        options(kind, { tickets = memory.new() }))
      assert.is_false(connect(client, server))
      for _ = 1, 5 do
        assert.is_true(connect(client, server))
      end
    end)

    it("may share one store for both roles: " .. kind, function()
      local store = memory.new()
      local client, server = configs(options(kind, { tickets = store }), options(kind, { tickets = store }))
      assert.is_false(connect(client, server))
      assert.is_true(connect(client, server))
    end)

    it("resume with a server that keeps its tickets itself: " .. kind, function()
      local client, server = configs(options(kind, { tickets = memory.new() }), options(kind))
      assert.is_false(connect(client, server))
      assert.is_true(connect(client, server))
    end)

    it("do a full handshake, and go on, whatever the store does: " .. kind, function()
      local function nothing() end
      local function no() return nil, "the store is away" end
      local function garbage() return "garbage" end
      local function number() return 42 end
      for _, answers in ipairs {
        { take = no, get = no }, { put = no }, { take = garbage, get = garbage }, { take = number, get = number },
        { put = nothing, take = nothing, get = nothing },
        { take = function(inner) return inner.ring.older.value end, get = function(inner)
          return inner.ring.older.value end },
      } do
        -- What only the server's store does wrong, then what only the client's does.
        for _, side in ipairs { 1, 2 } do
          local one, inner = special(answers)
          inner:put("x", "y", 10)
          local stores = { memory.new(), memory.new() }
          stores[side] = one
          local client, server = configs(options(kind, { tickets = stores[1] }), options(kind, { tickets = stores[2] }))
          for _ = 1, 3 do
            connect(client, server) -- which asserts that it opens
          end
        end
      end
    end)
  end

  it("offer a ticket of TLS 1.3 to the server that gave it, once", function()
    local store = memory.new()
    local client, server = configs({ tickets = store }, { tickets = memory.new() })
    connect(client, server, { where = "localhost:1" })
    assert.is_false(connect(client, server, { where = "localhost:2" }))
    assert.is_true(connect(client, server, { where = "localhost:1" }))
    -- Two were kept: two connections at once resume, a third one does not.
    connect(client, server, { where = "localhost:3" })
    local resumed = 0
    local open = {}
    for i = 1, 3 do
      open[i] = { streams(client, server, { where = "localhost:3" }) }
    end
    for i = 1, 3 do
      talk(open[i][1], open[i][2])
      resumed = resumed + (open[i][1]:resumed() and 1 or 0)
    end
    assert.equal(2, resumed)
  end)

  it("do not offer what another client has kept: another certificate, another config", function()
    local store = memory.new()
    local function client(name, keys)
      return tls.config(pair.client_options { tickets = store, ticket_keys = keys,
        certificate = name and pki.path(name .. ".pem"), key = name and pki.path(name .. ".key") })
    end
    local keys = { ("k"):rep(32) }
    local _, server = configs(nil, { tickets = memory.new(), verify_client = "request", trust = pki.path "trust.pem" })
    assert.is_false(connect(client("client_ec", keys), server))
    assert.is_false(connect(client("client_rsa", keys), server))
    assert.is_false(connect(client(nil, keys), server))
    -- With the same ticket keys equal configs share what is kept, else each has its own.
    assert.is_true(connect(client("client_ec", keys), server))
    connect(client "client_ec", server)
    assert.is_false(connect(client "client_ec", server))
  end)

  it("offer the ticket that is given, and not what the store has", function()
    local client, server = configs({ tickets = memory.new() }, {})
    local a, b = streams(client, server)
    talk(a, b)
    local ticket = a:ticket()
    local count = client:store():size()
    local session = assert(stream.client(client, "localhost", { ticket = ticket }, "localhost:1"))
    assert.equal(count, (client:store():size()))
    local there, back = loopback.wire "polling"
    local c, d = stream.new(session, there), stream.new(server:server(), back)
    talk(c, d)
    assert.is_true(c:resumed())
  end)

  it("wait for a store that yields, without disturbing each other", function()
    local function slow(name)
      return function(inner, ...)
        for _ = 1, 3 do
          coroutine.yield()
        end
        return inner[name](inner, ...)
      end
    end
    local store = special { put = slow "put", take = slow "take", get = slow "get" }
    local client, server = configs({ tickets = memory.new() }, { tickets = store })
    for round = 1, 2 do
      local a, b = streams(client, server)
      local function task(s, word, answer)
        return function()
          repeat
            local ok, message, code = s:handshake()
            assert(ok or code == "want_read", message)
            coroutine.yield()
          until ok
          assert(s:send(word .. "\n"))
          local line
          repeat
            coroutine.yield()
            line = s:receive "*l"
          until line
          assert(line == answer)
        end
      end
      loopback.run(task(a, "one", "two"), task(b, "two", "one"), function()
        -- Another coroutine at the same stream sees that the handshake goes on, and never a pause.
        for _ = 1, 5 do
          local _, _, code = b:handshake()
          assert(code == nil or code == "want_read", code)
          coroutine.yield()
        end
      end)
      assert.equal(round == 2, b:resumed())
    end
  end)

  it("serve the store of the config that is chosen by the ClientHello", function()
    local client, server = configs({ tickets = memory.new() }, { tickets = memory.new() })
    local empty = assert(tls.config {})
    for round = 1, 2 do
      local session = assert(stream.client(client, "localhost", {}, "localhost:1"))
      local there, back = loopback.wire "polling"
      local a = stream.new(session, there)
      local b = stream.new(assert(empty:server { pause = true }), back, { choose = function(hello)
        assert.equal("localhost", hello.server_name)
        return server
      end })
      talk(a, b)
      assert.equal(round == 2, b:resumed())
    end
  end)

  it("do so over sockets: connect, wrap and accept", function()
    local client, server = configs({ tickets = memory.new(), trust = pki.path "trust.pem" },
      { tickets = memory.new() })
    local listener, port = loopback.listen()
    local seen = {}
    for round = 1, 3 do
      local accepted
      local plain = assert(require("socket").connect("127.0.0.1", port))
      local b = assert(socket.accept(listener:accept(), round < 3 and server or function() return server end))
      local a = assert(socket.wrap(plain, client, "localhost"))
      a:settimeout(0)
      b:settimeout(0)
      loopback.select(function()
        assert(loopback.handshake(a))
        seen[round] = a:resumed()
        assert(loopback.receive(a, "*l") == "hi")
      end, function()
        accepted = { loopback.handshake(b) }
        assert(accepted[1], accepted[2])
        assert(loopback.send(b, "hi\n"))
      end)
      a:close()
      b:close()
    end
    listener:close()
    assert.same({ false, true, true }, seen)
  end)

  it("resume when the first bytes were read before", function()
    local client, server = configs({ tickets = memory.new() }, { tickets = memory.new() })
    connect(client, server, { where = "localhost:7" })
    for _, wholly in ipairs { true, false } do
      local session = assert(stream.client(client, "localhost", {}, "localhost:7"))
      local a, b = loopback.connected()
      local hello = session:drain()
      a:send(hello)
      b:settimeout(10)
      local first = assert(b:receive(wholly and #hello or 5))
      local accepted = assert(socket.accept(b, server, { received = first }))
      accepted:settimeout(0)
      assert(loopback.select(function()
        assert(loopback.handshake(accepted))
      end, function()
        a:settimeout(0)
        local one = stream.new(session, require("beartls.socket.transport").new(a))
        one:settimeout(0)
        assert(loopback.handshake(one))
      end) == nil)
      assert.is_true(accepted:resumed())
      a:close()
      b:close()
    end
  end)

  it("leave sessions of configs without a store as they are", function()
    local client, server = configs()
    assert.is_false(connect(client, server))
    assert.is_false(connect(client, server))
  end)
end)
