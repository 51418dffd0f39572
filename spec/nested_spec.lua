-- TLS inside TLS (lua/beartls/nested.lua): over transports of both kinds, and over LuaSocket.

local loopback = require "support.loopback"
local nested = require "beartls.nested"
local pki = require "support.pki"
local socket = require "beartls.socket"
local tls = require "beartls"

local client_config, server_config = loopback.configs()

-- A function that repeats a call until it is no longer to be called again, from within loopback.run.
local function patient(f)
  return function(...)
    while true do
      local result = { f(...) }
      local code = result[#result]
      if code ~= "want_read" and code ~= "want_write" then
        return (unpack or table.unpack)(result) -- luacheck: std max
      end
      coroutine.yield()
    end
  end
end

local handshake = patient(function(s) return s:handshake() end)

local function send(s, data)
  local first = 1
  return patient(function()
    local last, err, partial, code = s:send(data, first)
    first = partial and partial + 1
    return last, err, code
  end)()
end

local function receive(s, pattern)
  local prefix
  return patient(function()
    local data, err, partial, code = s:receive(pattern, prefix)
    prefix = partial
    return data, err, code
  end)()
end

-- Two outer streams, and two inner ones over them.
local function streams(how)
  local outer_client, outer_server, there, back = loopback.open(how)
  local client = assert(nested.wrap(outer_client, client_config, "localhost"))
  return client, assert(nested.accept(outer_server, server_config)), there, back
end

local function noise(n)
  local parts, x = {}, 1
  for i = 1, n / 8 do
    x = (x * 16807) % 2147483647
    parts[i] = ("%08x"):format(x)
  end
  return table.concat(parts)
end

describe("A stream inside a stream", function()
  for _, kind in ipairs { "polling", "waiting" } do
    for _, capacity in ipairs { 1000, 5000, math.huge } do
      it(("carries much in both directions, over a %s transport that holds %s bytes"):format(kind, capacity), function()
        local client, server, there, back = streams { kind = kind }
        there.capacity, back.capacity = capacity, capacity
        local data, answer = noise(capacity == 1000 and 40000 or 200000), noise(16000)
        loopback.run(function()
          assert.is_true(handshake(client))
          assert.equal(#data, send(client, data))
          assert.equal(answer, receive(client, "*a"))
          client:close()
        end, function()
          assert.is_true(handshake(server))
          assert.equal(data, receive(server, #data))
          assert.equal(#answer, send(server, answer))
          server:close()
        end)
      end)
    end
  end

  it("shows the wire neither whom it asks for nor what it says", function()
    local outer_client, outer_server, there = loopback.open()
    local name = "other.example.test"
    local config = assert(tls.config { certificate = pki.path "other_site_ec.pem",
      key = pki.path "other_site_ec.key" })
    local client = assert(nested.wrap(outer_client, client_config, name))
    local server = assert(nested.accept(outer_server, config))
    loopback.shake(client, server)
    client:send "the secret"
    assert.equal("the secret", server:receive(10))
    assert.equal(name, server:server_name())
    assert.is_nil(loopback.logged(there):find(name, 1, true))
    assert.is_truthy(loopback.logged(there):find("localhost", 1, true)) -- that of the outer handshake
  end)

  it("ends as it should: closed is not cut, on either floor", function()
    for _, case in ipairs {
      { "closed", function(client) client:close() end },
      { "truncated", function(_, there) there.to.ended = true end },
      { "truncated", function(client) client:session():close() client.transport.outer:close() end },
    } do
      local client, server, there = streams()
      loopback.shake(client, server)
      case[2](client, there)
      assert.same({ nil, case[1], "", case[1] }, { server:receive() })
    end
  end)

  it("has a verdict of its own", function()
    local outer_client, outer_server = loopback.open()
    local wary = assert(tls.config { trust = pki.path "other_root.pem", time = pki.now })
    local client = assert(nested.wrap(outer_client, wary, "localhost"))
    local server = assert(nested.accept(outer_server, server_config))
    local ours, theirs = loopback.shake(client, server)
    assert.equal("certificate_untrusted", ours[3])
    assert.equal("alert_unknown_ca", theirs[3])
    assert.is_true(outer_client:verified())
    assert.is_false(client:verified())
  end)

  it("says what a call is missing", function()
    local client, server, there = streams()
    assert.same({ nil, "want_read", "want_read" }, { client:handshake() })
    assert.equal("read", client:want())
    loopback.shake(client, server)
    there.capacity = 50
    local last, _, partial, code = client:send(("x"):rep(1000))
    assert.is_nil(last)
    assert.same({ 1000, "want_write", "write" }, { partial, code, client:want() })
    there.capacity = math.huge
    assert.equal(1000, client:send(("x"):rep(1000), 1001)) -- nothing left but to get it out
    assert.equal(1000, #server:receive(1000))
    assert.is_nil(client:want())
  end)

  it("counts time from the beginning of its own calls, and gives close its bound", function()
    local client, server, there = streams()
    client:handshake(7)
    assert.equal(7, there.limit)
    loopback.shake(client, server)
    there.capacity = 0
    there.on_wait = function()
      assert.is_true(there.limit > 0)
      return nil, "timeout"
    end
    assert.equal(1, client:close())
    assert.is_true(there.closed)
  end)

  it("works on LuaSocket, with timeouts and socket.select", function()
    local luasocket = require "socket"
    local a, b = loopback.connected()
    local outer_client = assert(socket.wrap(a, client_config, "localhost"))
    local outer_server = assert(socket.accept(b, server_config))
    local client = assert(nested.wrap(outer_client, client_config, "localhost"))
    local server = assert(nested.accept(outer_server, server_config))
    client:settimeout(0)
    server:settimeout(0)
    loopback.select(function()
      assert(loopback.handshake(client))
      assert(loopback.send(client, ("y"):rep(300000)))
    end, function()
      assert(loopback.handshake(server))
      assert.equal(300000, #loopback.receive(server, 300000))
    end)
    client:settimeout(0.02)
    assert.same({ nil, "timeout", "", "timeout" }, { client:receive() })
    server:send "now"
    assert.equal(client, luasocket.select({ client }, nil, 5)[1])
    assert.equal("now", client:receive(3))
    assert.equal("127.0.0.1", (client:getpeername()))
    client:close()
    server:settimeout(5)
    assert.same({ nil, "closed", "", "closed" }, { server:receive() })
    server:close()
  end)

  it("wants a stream of beartls's", function()
    local message = select(2, pcall(nested.wrap, {}, client_config, "localhost"))
    assert.matches("nested.wrap: the stream that is to carry another must be one of beartls's, not a table", message, 1,
      true)
    assert.has_error(function() nested.accept(nil, server_config) end)
    assert.is_nil(nested.connect)
  end)
end)
