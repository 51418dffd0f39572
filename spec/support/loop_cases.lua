-- loop_cases.lua: what every adapter for an event loop has to do, in one list. Each adapter's spec gives a host:
--
--   name                        of the adapter
--   adapter                     the module
--   run(f, ...)                 runs functions in coroutines of the loop until all have returned, in bounded time
--   spawn(f)                    begins one more, from within one
--   sleep(seconds)              suspends a coroutine
--   listen()                    a listening socket on loopback, and its port
--   accept(listener)            waits for a connection, which it gives as the host has it
--   close(listener)             closes it, which ends serve
--   serve(config, f, options)   the adapter's way to serve many, begun within a coroutine; what close takes, and a port
--   reset(connection)           resets an accepted connection, which has something unread
--   one_way                     whether a coroutine that sends cannot take in what arrives meanwhile
--   one_writer                  whether two coroutines cannot wait to send at the same time

local assert = require "luassert"
local loopback = require "support.loopback"
local luasocket = require "socket"
local pki = require "support.pki"

-- More than what two kernels' buffers and ours hold together.
local MUCH = 12 * 1024 * 1024
-- For what has to time out.
local SHORT = 0.15

local function pattern(n)
  return ("0123456789abcdef"):rep(n / 16)
end

-- Waits until something is the case; what never is fails the spec.
local function until_true(host, condition)
  local deadline = luasocket.gettime() + 20
  while not condition() do
    assert(luasocket.gettime() < deadline, "that does not happen")
    host.sleep(0.02)
  end
end

-- Runs both ends of a connection, each in a coroutine of its own, when their handshake is done.
local function with_pair(host, client_end, server_end, how)
  how = how or {}
  local client_config, server_config = loopback.configs(how.client, how.server)
  local listener, port = host.listen()
  host.run(function()
    local s = assert(host.adapter.accept(host.accept(listener), server_config))
    assert(s:handshake())
    server_end(s)
    s:close()
  end, function()
    local s = assert(host.adapter.connect("localhost", port, client_config, { timeout = 20 }))
    client_end(s)
    s:close()
  end)
  host.close(listener)
end

-- A stream of one end, and the bare connection of the other.
-- (That is LuaSocket's: it does not wait for long.)
local function with_raw(host, role, f)
  local client_config, server_config = loopback.configs()
  local listener, port = host.listen()
  host.run(function()
    local far = assert(luasocket.connect("127.0.0.1", port))
    local near = host.accept(listener)
    if role == "server" then
      f(assert(host.adapter.accept(near, server_config)), far)
    else
      f(assert(host.adapter.wrap(near, client_config, "localhost")), far)
    end
  end)
  host.close(listener)
end

local function echo(s)
  while true do
    local data, _, _, code = s:receiveany()
    if not data then
      return code
    end
    assert(s:send(data))
  end
end

local cases = {}

local function case(name, f)
  cases[#cases + 1] = { name = name, run = f }
end

-- ---- beginning ----

case("connects, accepts and talks", function(host)
  local ended
  with_pair(host, function(s)
    assert.equal("open", s:state())
    assert.equal("localhost", s:server_name())
    for _, line in ipairs { "one", "", ("x"):rep(100000), "last" } do
      assert.equal(#line + 1, s:send(line .. "\n"))
      assert.equal(line, s:receive())
    end
    local address, port = s:getpeername()
    assert.equal("127.0.0.1", address)
    assert.equal("number", type(tonumber(port)))
    assert.equal("127.0.0.1", (s:getsockname()))
    assert.is_true(s:getfd() > 2)
  end, function(s)
    ended = echo(s)
  end)
  assert.equal("closed", ended)
end)

case("says where it could not connect to, and why, in every host's words alike", function(host)
  local client_config = loopback.configs()
  local listener, port = host.listen()
  host.close(listener)
  host.run(function()
    local s, message, code, failure = host.adapter.connect("127.0.0.1", port, client_config, { timeout = 10 })
    assert.is_nil(s)
    assert.equal(("could not connect to 127.0.0.1:%d: connection refused"):format(port), message)
    assert.equal("io_connection_refused", code)
    assert.matches("is the server running", failure.hint, 1, true)
    local named = { server_name = "localhost", timeout = 10 }
    s, message, code = host.adapter.connect("nobody.invalid", port, client_config, named)
    assert.is_nil(s)
    assert.matches("^could not connect to nobody%.invalid:", message)
    assert.equal("io_host_not_found", code)
  end)
end)

case("bounds the time for the connection and the handshake together", function(host)
  local client_config = loopback.configs { trace = true }
  local listener, port = host.listen() -- which never accepts
  host.run(function()
    local s, message, code, failure =
      host.adapter.connect("127.0.0.1", port, client_config, { timeout = SHORT })
    assert.is_nil(s)
    assert.equal(("no TLS handshake with 127.0.0.1:%d: timeout"):format(port), message)
    assert.equal("timeout", code)
    assert.equal("client_hello", failure.trace[1].type)
  end)
  host.close(listener)
end)

case("bounds a server's handshake", function(host)
  with_raw(host, "server", function(s, far)
    s:settimeout(SHORT)
    assert.same({ nil, "timeout", "timeout" }, { s:handshake() })
    s:close()
    far:close()
  end)
end)

case("gives the failure of a handshake, and the server learns of it", function(host)
  local client_config, server_config = loopback.configs { trust = pki.path "other_root.pem" }
  local listener, port = host.listen()
  host.run(function()
    local s = assert(host.adapter.accept(host.accept(listener), server_config))
    assert.equal("alert_unknown_ca", select(3, s:handshake()))
    assert.is_nil((s:send "PLAINTEXT"))
    s:close()
  end, function()
    local s, message, code, failure = host.adapter.connect("localhost", port, client_config, { timeout = 20 })
    assert.is_nil(s)
    assert.matches("not trusted", message)
    assert.equal("certificate_untrusted", code)
    assert.equal("us", failure.sent_by)
  end)
  host.close(listener)
end)

case("serves many clients, says which handshakes fail, and gives those up that say nothing", function(host)
  local client_config, server_config = loopback.configs()
  local distrustful = loopback.configs { trust = pki.path "other_root.pem" }
  local failures = {}
  host.run(function()
    local listener, port = host.serve(server_config, function(s)
      assert(s:send(s:receive() .. "\n"))
    end, {
      timeout = 1,
      on_error = function(_, code, s)
        failures[code] = s:state()
      end,
    })
    local silent = assert(luasocket.connect("127.0.0.1", port))
    assert.equal("certificate_untrusted", select(3, host.adapter.connect("localhost", port, distrustful)))
    local open = {}
    for i = 1, 5 do
      open[i] = assert(host.adapter.connect("localhost", port, client_config))
    end
    for i = 5, 1, -1 do
      assert(open[i]:send("hello " .. i .. "\n"))
      assert.equal("hello " .. i, open[i]:receive())
      assert.equal("closed", select(2, open[i]:receive())) -- the function has returned
      open[i]:close()
    end
    until_true(host, function()
      return failures.alert_unknown_ca and failures.timeout
    end)
    silent:settimeout(0)
    until_true(host, function()
      return select(2, silent:receive()) == "closed"
    end)
    silent:close()
    host.close(listener)
  end)
  assert.equal("handshake", failures.timeout)
end)

case("lets a server choose the config by the ClientHello", function(host)
  local client_config, server_config = loopback.configs()
  local asked
  host.run(function()
    local listener, port = host.serve(function(hello)
      asked = hello.server_name
      host.sleep(0.01) -- it may wait
      return server_config
    end, function(s)
      assert(s:send "hello\n")
    end)
    local s = assert(host.adapter.connect("localhost", port, client_config))
    assert.equal("hello", s:receive())
    s:close()
    host.close(listener)
  end)
  assert.equal("localhost", asked)
end)

-- ---- timeouts ----

case("ends a call that waits for an idle peer, after which one can go on", function(host)
  with_pair(host, function(s)
    s:settimeout(SHORT)
    assert.same({ nil, "timeout", "", "timeout" }, { s:receive() })
    assert(s:send "go on\n")
    s:settimeout(20)
    assert.equal("gone on", s:receive())
  end, function(s)
    assert.equal("go on", s:receive())
    assert(s:send "gone on\n")
    assert.equal("closed", select(2, s:receive()))
  end)
end)

case("does not wait at all with a timeout of 0, and says what it would wait for", function(host)
  with_pair(host, function(s)
    s:settimeout(0)
    assert.same({ nil, "want_read", "", "want_read" }, { s:receive() })
    assert.equal("read", s:want())
    local last, err, partial = s:send(pattern(MUCH))
    assert.same({ nil, "want_write" }, { last, err })
    assert.equal("write", s:want())
    assert.is_true(partial < MUCH)
    s:settimeout(20)
    assert(s:send(pattern(MUCH), partial + 1))
  end, function(s)
    host.sleep(0.1)
    assert.equal(MUCH, #assert(s:receive "*a"))
  end)
end)

case("times each coroutine on its own: one that writes does not prolong the wait of one that reads", function(host)
  with_pair(host, function(s)
    local timed_out = false
    s:settimeout(SHORT)
    host.spawn(function()
      timed_out = select(2, s:receive()) == "timeout"
    end)
    until_true(host, function()
      assert(s:send "tick\n")
      return timed_out
    end)
  end, function(s)
    repeat
      local line = s:receive()
    until not line
  end)
end)

case("ends a send to a peer that takes nothing", function(host)
  local timed_out = false
  with_pair(host, function(s)
    s:settimeout(SHORT)
    local last, err, partial = s:send(pattern(MUCH))
    assert.same({ nil, "timeout" }, { last, err })
    assert.is_true(partial < MUCH)
    timed_out = true
    s:settimeout(20)
    assert(s:send(pattern(MUCH), partial + 1))
  end, function(s)
    until_true(host, function()
      return timed_out
    end)
    assert.equal(MUCH, #assert(s:receive "*a"))
  end)
end)

-- ---- much data ----

case("goes both ways at once, one coroutine reading and one writing on each end", function(host)
  local data = pattern(2 * 1024 * 1024)
  local function both_ways(s)
    local sent = false
    host.spawn(function()
      assert.equal(#data, s:send(data))
      sent = true
    end)
    assert.is_true(s:receive(#data) == data)
    until_true(host, function()
      return sent
    end)
  end
  with_pair(host, both_ways, both_ways)
end)

case("sends what two coroutines send one after the other, not mixed, or says that it cannot", function(host)
  local a, b = ("a"):rep(MUCH), ("b"):rep(MUCH)
  local done, refused = 0, false
  with_pair(host, function(s)
    host.spawn(function()
      assert.equal(#a, s:send(a))
      done = done + 1
    end)
    host.spawn(function()
      if host.one_writer then
        local ok, err = pcall(s.send, s, b) -- it does not wait, so that it may be within a pcall everywhere
        assert.is_false(ok)
        refused = err:find("one at a time", 1, true) ~= nil
      else
        assert.equal(#b, s:send(b))
      end
      done = done + 1
    end)
    until_true(host, function()
      return done == 2
    end)
  end, function(s)
    host.sleep(0.1)
    local got = s:receive "*a"
    assert.is_true(refused and got == a or not refused and (got == a .. b or got == b .. a))
  end)
  assert.equal(host.one_writer or false, refused)
end)

case("lets both send before they receive", function(host)
  local data = pattern(MUCH)
  local function send_first(s)
    local received
    if host.one_way then -- then another coroutine has to
      host.spawn(function()
        received = assert(s:receive(#data))
      end)
      assert(s:send(data))
      until_true(host, function()
        return received
      end)
    else
      assert(s:send(data))
      received = assert(s:receive(#data))
    end
    assert.is_true(received == data)
  end
  with_pair(host, send_first, send_first)
end)

case("does not keep more for a slow reader, or of a fast writer, than a bounded amount", function(host)
  local chunk, sent, read = pattern(65536), 0, false
  with_pair(host, function(s)
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    host.sleep(0.1)
    local seen
    repeat -- until the writer is stuck
      seen = sent
      host.sleep(0.2)
    until seen == sent and sent > 0
    assert.is_true(sent < MUCH, "the writer is never held up")
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 1024, "memory has grown with what nobody has read")
    read = true
    local got = 0
    while true do
      local data = s:receiveany()
      if not data then
        break
      end
      got = got + #data
    end
    assert.equal(sent, got)
  end, function(s)
    repeat
      assert(s:send(chunk))
      sent = sent + #chunk
    until read
  end)
end)

-- ---- the end ----

case("tells a peer that has closed from a connection that was cut", function(host)
  for _, how in ipairs { "closed", "truncated" } do
    with_pair(host, function(s)
      assert(s:send "so far")
      if how == "truncated" then
        s:session():close() -- as if this had been lost
        s:session():drain()
        s:shutdown "both"
      end
      s:close()
    end, function(s)
      assert.same({ nil, how, "so far", how }, { s:receive(100) })
    end)
  end
end)

case("delivers what was sent before the close, however much", function(host)
  local data = pattern(MUCH)
  with_pair(host, function(s)
    assert(s:send(data))
  end, function(s)
    host.sleep(0.1)
    assert.is_true(s:receive "*a" == data)
  end)
end)

case("survives a peer that resets the connection, and says closed", function(host)
  with_raw(host, "server", function(s, far)
    far:setoption("linger", { on = true, timeout = 0 })
    far:close()
    host.sleep(0.05)
    local _, message, code = s:handshake()
    assert.is_string(message)
    assert.equal("truncated", code)
    s:close()
  end)
  with_pair(host, function(s)
    host.sleep(0.05)
    host.reset(s.transport.so or s.transport.tcp)
    s.closed = true -- nothing of it is left that could be closed
  end, function(s)
    assert(s:send "what the other end does not read")
    host.sleep(0.1)
    local last, err
    for _ = 1, 100 do
      last, err = s:send(("x"):rep(10000))
      if not last then
        break
      end
      host.sleep(0.01)
    end
    assert.is_nil(last)
    assert.is_true(err == "closed" or err == "truncated", err)
  end)
end)

-- What a coroutine is doing when another one closes the stream.
local under_way = {
  { name = "a receive", call = function(s) return s:receive() end },
  { name = "a receive of everything", call = function(s) return s:receive "*a" end },
  { name = "a send", call = function(s) return s:send(pattern(MUCH)) end },
}

for _, wait in ipairs(under_way) do
  case("wakes " .. wait.name .. " with closed when another coroutine closes the stream", function(host)
    local closed = false
    with_pair(host, function(s)
      local result
      host.spawn(function()
        result = { wait.call(s) }
      end)
      host.sleep(0.1)
      assert.is_nil(result)
      s.transport:settimeout(0) -- close does not wait for the peer
      s:close()
      closed = true
      until_true(host, function()
        return result
      end)
      assert.is_nil(result[1])
      assert.equal("closed", result[2])
      assert.equal("closed", result[4])
    end, function(s)
      until_true(host, function()
        return closed
      end)
      s:receive "*a"
    end)
  end)
end

case("wakes a handshake with closed when another coroutine closes the stream", function(host)
  for _, role in ipairs { "client", "server" } do
    with_raw(host, role, function(s, far)
      local result
      host.spawn(function()
        result = { s:handshake() }
      end)
      host.sleep(0.05)
      s:close()
      until_true(host, function()
        return result
      end)
      assert.same({ nil, "closed", "closed" }, result)
      far:close()
    end)
  end
end)

-- ---- arguments ----

case("raises for arguments of the wrong kind", function(host)
  local config = loopback.configs()
  for _, wrong in ipairs {
    { "connect", {}, 1, says = ".connect: the host must be a string, not a table" },
    { "connect", "localhost", says = ".connect: the port must be a number, not nil" },
    { "connect", "localhost", 1, {}, says = "must be what tls.config returns, not a table" },
    { "connect", "localhost", 1, config, { timout = 1 }, says = "timout" },
    { "connect", "localhost", 1, config, { timeout = "1" }, says = "timeout" },
    { "wrap", "tcp", config, "localhost", says = ".wrap: a connected" },
    { "accept", {}, config, says = ".accept: a connected" },
  } do
    local ok, err = pcall(host.adapter[wrong[1]], wrong[2], wrong[3], wrong[4], wrong[5])
    assert.is_false(ok)
    assert.truthy(tostring(err):find(wrong.says, 1, true), tostring(err))
  end
end)

return cases
