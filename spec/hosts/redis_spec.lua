-- Servers in processes of their own that share a real Redis: they resume each other's sessions, and go on without it.

local luasocket = require "socket"
local memory = require "beartls.store.memory"
local pair = require "support.pair"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local redis = require "beartls.store.redis"
local socket = require "beartls.socket"
local tls = require "beartls"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local it = peer.needs("redis-server", it, pending)

local dir, path

local function start_redis(...)
  local server = process.start(peer.words("redis-server", "--port", "0", "--unixsocket", path, "--save", "",
    "--appendonly", "no", "--dir", dir, { ... }))
  server:wait_for "eady to accept connections"
  return server
end

local function start_server(version, ...)
  local server = process.start(peer.words(LUA, "spec/support/resuming_server.lua", version, { ... }))
  server.port = tonumber((server:wait_for "(%d+)\n"))
  return server
end

local function client_config(given)
  return assert(tls.config(pair.client_options(given)))
end

-- One connection: "resumed" or "full", as both sides see it, and the ticket for the next.
local function connect(config, port, ticket)
  local stream, message = socket.connect("127.0.0.1", port, config, { timeout = 20, server_name = "localhost",
    ticket = ticket })
  assert(stream, message)
  stream:settimeout(20)
  local said = assert(stream:receive "*l")
  assert.equal(said == "resumed", stream:resumed())
  local next_ticket = stream:ticket()
  assert(stream:send "bye\n")
  stream:close()
  return said, next_ticket
end

-- OpenSSL's client goes from one server to the other and back.
local function openssl_resumes(version, ...)
  local servers = { start_server(version, path), start_server(version, path) }
  local session = dir .. "/session"
  for i = 1, 4 do
    local client = peer.s_client(servers[i % 2 + 1].port, { "-CAfile", pki.path "trust.pem", "-attime", pki.NOW,
      "-verify_return_error", "-sess_out", session, i > 1 and { "-sess_in", session }, ... }, { open = true })
    client:wait_for(i > 1 and "\nresumed\n" or "\nfull\n")
    client:send "bye\n"
    local _, output = client:wait()
    assert.matches(i > 1 and "Reused, " .. version or "New, " .. version, output, 1, true)
  end
end

describe("processes that share a Redis", function()
  local server

  before_each(function()
    dir = process.tmpdir()
    path = dir .. "/redis.sock"
    server = process.has "redis-server" and start_redis()
  end)
  after_each(process.cleanup)

  for _, version in ipairs { "TLSv1.3", "TLSv1.2" } do
    it("resume each other's sessions: " .. version, function()
      local one, two = start_server(version, path), start_server(version, path)
      local stranger = start_server(version)
      local config = client_config()
      local said, ticket = connect(config, one.port)
      assert.equal("full", said)
      for _, port in ipairs { two.port, one.port, two.port } do
        said, ticket = connect(config, port, ticket)
        assert.equal("resumed", said)
      end
      assert.equal("full", (connect(config, stranger.port, ticket)))
    end)

    it("and clients that keep their tickets there, too: " .. version, function()
      local one, two = start_server(version, path), start_server(version, path)
      local keys = { ("k"):rep(32) }
      local function client()
        return client_config { tickets = redis.new { path = path, timeout = 2 }, ticket_keys = keys }
      end
      assert.equal("full", (connect(client(), one.port)))
      assert.equal("resumed", (connect(client(), one.port)))
      assert.equal("full", (connect(client(), two.port))) -- a ticket is for the port that it is from
    end)

    it("resume with OpenSSL's client: " .. version, function()
      openssl_resumes(version)
    end)
  end

  it("resume with a client that knows no tickets, by the session's id", function()
    openssl_resumes("TLSv1.2", "-no_ticket")
  end)

  it("are what examples/fleet_server.lua shows", function()
    local ports, servers = {}, {}
    for i = 1, 2 do
      ports[i] = process.free_port()
      servers[i] = process.start(peer.words(LUA, "examples/fleet_server.lua", path, ports[i],
        pki.path "server_rsa.pem", pki.path "server_rsa.key", 2)):wait_for_port(ports[i])
    end
    local config = assert(tls.config { trust = pki.path "trust.pem" })
    local ticket
    for i, wanted in ipairs { "welcome", "welcome back", "welcome back", "welcome" } do
      if i == 4 then
        server:stop()
      end
      local stream = assert(socket.connect("localhost", ports[i % 2 + 1], config, { timeout = 20, ticket = ticket }))
      assert.equal(wanted, stream:receive "*l")
      ticket = stream:ticket()
      stream:close()
    end
    assert.equal(0, (servers[1]:wait()))
    assert.matches("Redis: .-; full handshakes for %d+ seconds", servers[1]:output())
  end)

  it("use a ticket of TLS 1.3 once, whoever sees it", function()
    local one, two = start_server("TLSv1.3", path), start_server("TLSv1.3", path)
    local config = client_config()
    local _, ticket = connect(config, one.port)
    local bytes = ticket:encode()
    assert.equal("resumed", (connect(config, two.port, tls.ticket.decode(bytes))))
    assert.equal("full", (connect(config, one.port, tls.ticket.decode(bytes))))
  end)

  it("leave nothing in it that tells what it is", function()
    local one = start_server("TLSv1.2", path)
    local _, ticket = connect(client_config(), one.port)
    local dump = process.run(("redis-cli -s %s --raw eval %s 0"):format(path, process.quote [[
      local out = {}
      for _, key in ipairs(redis.call("keys", "*")) do
        assert(key:sub(1, 8) == "beartls:" and redis.call("ttl", key) > 7000)
        out[#out + 1] = redis.call("get", key)
      end
      return table.concat(out)
    ]]))
    assert.is_true(#dump > 100)
    -- What the client keeps holds the secret: no 16 bytes of it are there.
    local bytes = ticket:encode()
    for i = 1, #bytes - 15 do
      local part = bytes:sub(i, i + 15)
      assert.is_true(part == ("\0"):rep(16) or not dump:find(part, 1, true))
    end
  end)

  it("go on with full handshakes while it is away, and resume when it is back", function()
    local one, two = start_server("TLSv1.3", path), start_server("TLSv1.3", path)
    local config = client_config { tickets = memory.new() }
    assert.equal("full", (connect(config, one.port)))
    assert.equal("resumed", (connect(config, one.port)))
    server:stop()
    for _ = 1, 10 do
      assert.equal("full", (connect(config, one.port)))
      assert.equal("full", (connect(config, two.port)))
    end
    server = start_redis()
    local deadline = luasocket.gettime() + 20
    while connect(config, one.port) ~= "resumed" do
      assert.is_true(luasocket.gettime() < deadline)
      luasocket.sleep(0.1)
    end
  end)

  it("wait for one that hangs no longer than they were told", function()
    local config = client_config { tickets = memory.new() }
    local one = start_server("TLSv1.3", path)
    connect(config, one.port)
    process.run(("redis-cli -s %s client pause 60000 all"):format(path))
    local start = luasocket.gettime()
    for _ = 1, 5 do
      assert.equal("full", (connect(config, one.port)))
    end
    assert.is_true(luasocket.gettime() - start < 30)
  end)

  it("share ticket keys that it keeps for them, and that it does not know", function()
    local secret = ("s"):rep(32)
    local one, two = start_server("TLSv1.3", path, secret), start_server("TLSv1.3", path, secret)
    local stranger = start_server("TLSv1.3", path, ("t"):rep(32))
    local config = client_config()
    local said, ticket = connect(config, one.port)
    assert.equal("full", said)
    for _, port in ipairs { two.port, one.port } do
      said, ticket = connect(config, port, ticket)
      assert.equal("resumed", said)
    end
    assert.equal("full", (connect(config, stranger.port, ticket)))
    ticket = select(2, connect(config, two.port))
    server:stop()
    assert.equal("resumed", (connect(config, one.port, ticket))) -- they have them
  end)

  it("may be spoken to over TLS, by a stream", function()
    local port = process.free_port()
    process.start(peer.words("redis-server", "--port", "0", "--tls-port", port, "--tls-cert-file",
      pki.path "server_ec.pem", "--tls-key-file", pki.path "server_ec.key", "--tls-ca-cert-file", pki.path "trust.pem",
      "--save", "", "--appendonly", "no")):wait_for_port(port)
    local function store_of(options)
      local config = client_config(options)
      return redis.new { host = "localhost", port = port, timeout = 5, connect = function(host, to, timeout)
        local stream, message = socket.connect(host, to, config, { timeout = timeout })
        if stream then
          stream:settimeout(timeout)
        end
        return stream, message
      end }
    end
    local nobody = store_of {}
    assert.is_nil((nobody:put("k", "v", 10)))
    assert.is_string((nobody:failure()))
    local store = store_of { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key" }
    assert.is_true(store:put("k", ("v"):rep(50000), 10))
    assert.equal(("v"):rep(50000), store:take "k")
    assert.is_nil(store:take "k")
    assert.is_nil((store:failure()))
  end)

  it("that wants a password gets one, and is left alone when that is wrong", function()
    server:stop()
    server = start_redis("--requirepass", "secret")
    local store = redis.new { path = path, timeout = 2, password = "secret", database = 3, prefix = "" }
    assert.is_true(store:put("a\r\n\0", "b\r\n\0", 10))
    assert.is_false(store:add("a\r\n\0", "c", 10))
    assert.is_true(store:add("new", "c", 10))
    assert.equal("b\r\n\0", store:get "a\r\n\0")
    assert.equal("b\r\n\0", store:take "a\r\n\0")
    assert.is_nil(store:take "a\r\n\0")
    assert.is_nil(store:failure())
    local wrong = redis.new { path = path, timeout = 2, password = "guess" }
    assert.is_nil((wrong:get "x"))
    assert.matches("WRONGPASS", (wrong:failure()))
    -- What older ones than 6.2 can do, this one can, too.
    store:put("k", "v", 10)
    store.no_getdel = true
    assert.equal("v", store:take "k")
    assert.is_nil(store:take "k")
    assert.is_nil(store:failure())
  end)
end)
