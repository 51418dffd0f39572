local loopback = require "support.loopback"
local luasocket = require "socket"
local pki = require "support.pki"
local socket = require "beartls.socket"

-- Both ends of a connection as streams that do not wait, handshake not yet done.
local function new_pair(how)
  how = how or {}
  local client_config, server_config = loopback.configs(how.client, how.server)
  local near, far = loopback.connected()
  near:settimeout(0)
  far:settimeout(0)
  local client = assert(socket.wrap(near, client_config, how.name or "localhost"))
  local server = assert(socket.accept(far, server_config))
  return client, server, near, far
end

-- Both ends open; they wait for as long as `seconds` says.
local function open_pair(seconds)
  local client, server, near, far = new_pair()
  loopback.select(function()
    assert(loopback.handshake(client))
  end, function()
    assert(loopback.handshake(server))
  end)
  client:settimeout(seconds)
  server:settimeout(seconds)
  return client, server, near, far
end

local function port_of(child)
  return math.floor(assert(tonumber(child:read "*l"), "the child does not listen"))
end

local client_config = loopback.configs()

local echo_server = [[
  local s = assert(socket.accept(listener:accept(), config))
  for line in s:lines() do
    assert(s:send(line .. "\n"))
  end
  assert(not s:failure(), "not closed properly")
  s:close()
]]

describe("socket.connect", function()
  it("talks to a blocking echo server, line by line", function()
    local child = loopback.serve(echo_server)
    local s = assert(socket.connect("localhost", port_of(child), client_config))
    assert.equal("open", s:state())
    assert.equal("localhost", s:server_name())
    for _, line in ipairs { "one", "", ("x"):rep(100000), "last" } do
      assert.equal(#line + 1, s:send(line .. "\n"))
      assert.equal(line, s:receive())
    end
    assert.equal(1, s:close())
    loopback.finish(child)
  end)

  it("takes addresses, an IPv6 address with or without brackets", function()
    local probe = luasocket.bind("::1", 0)
    if not probe then
      pending "needs IPv6 on loopback"
      return
    end
    probe:close()
    for host, address in pairs { ["127.0.0.1"] = "127.0.0.1", ["::1"] = "::1", ["[::1]"] = "::1" }
    do
      local child = loopback.serve(echo_server, nil, address)
      local s = assert(socket.connect(host, port_of(child), client_config))
      assert.equal(address, (s:getpeername()))
      s:close()
      loopback.finish(child)
    end
  end)

  it("says where it could not connect to, and why", function()
    local listener, port = loopback.listen()
    listener:close()
    local refused = ("could not connect to localhost:%d: connection refused"):format(port)
    local _, first, refusal, failure = socket.connect("localhost", port, client_config)
    assert.same({ refused, "io_connection_refused" }, { first, refusal })
    assert.same({ refused, "io_connection_refused" }, { failure.message, failure.code })
    assert.matches("is the server running", failure.hint, 1, true)
    local _, message = socket.connect("::1", port, client_config)
    assert.matches("could not connect to %[::1%]:" .. port .. ": ", message)
    local named = { server_name = "localhost" }
    local s, why, code = socket.connect("no..such.host", 443, client_config, named)
    assert.is_nil(s)
    assert.matches("^could not connect to no%.%.such%.host:443: .", why)
    assert.equal("io_host_not_found", code)
  end)

  it("goes the way that the program knows, when there is one", function()
    local child = loopback.serve(echo_server)
    local port, asked = port_of(child), nil
    local s = assert(socket.connect("www.example.test", 443, client_config, {
      timeout = 10,
      dial = function(...)
        asked = { ... }
        return luasocket.connect("127.0.0.1", port)
      end,
    }))
    assert.same({ "www.example.test", 443, 10 }, asked)
    assert.equal("www.example.test", s:server_name())
    s:close()
    loopback.finish(child)
    assert.same({ nil, "no way", "io_x", { message = "no way", code = "io_x" } }, {
      socket.connect("www.example.test", 443, client_config, {
        dial = function()
          return nil, { message = "no way", code = "io_x" }
        end,
      }),
    })
  end)

  it("bounds the time for the connection and the handshake together", function()
    local listener, port = loopback.listen() -- which never accepts
    local s, message, code, failure =
      socket.connect("127.0.0.1", port, loopback.configs { trace = true }, { timeout = 0.1 })
    assert.is_nil(s)
    assert.equal(("no TLS handshake with 127.0.0.1:%d: timeout"):format(port), message)
    assert.equal("timeout", code)
    assert.equal(message, failure.message)
    assert.equal(code, failure.code)
    assert.equal("client_hello", failure.trace[1].type)
    listener:close()
  end)

  it("leaves no timeout behind", function()
    local child = loopback.serve(echo_server)
    local s = assert(socket.connect("localhost", port_of(child), client_config, { timeout = 20 }))
    assert.same({ -1, -1 }, { s:gettimeout() })
    s:close()
    loopback.finish(child)
  end)

  it("gives the failure of a handshake that fails, and the server learns of it", function()
    local child = loopback.serve [[
      local s = assert(socket.accept(listener:accept(), config))
      print(select(3, s:handshake()))
      print(select(2, s:send "PLAINTEXT"))
    ]]
    local named = { server_name = "elsewhere.example" }
    local s, message, code, failure =
      socket.connect("localhost", port_of(child), client_config, named)
    assert.is_nil(s)
    assert.equal("certificate_name_mismatch", code)
    assert.matches("elsewhere%.example", message)
    assert.equal(message, failure.message)
    assert.equal(code, failure.code)
    assert.equal("us", failure.sent_by)
    assert.equal("alert_bad_certificate", child:read "*l")
    assert.truthy(child:read "*l")
    loopback.finish(child)
  end)

  it("refuses a name that is none before it connects", function()
    local s, _, code = socket.connect("127.0.0.1", 1, client_config, { server_name = "bad name" })
    assert.is_nil(s)
    assert.equal("config_server_name", code)
  end)

  it("raises for arguments of the wrong kind", function()
    local near, far = loopback.connected()
    local listener = loopback.listen()
    for _, case in ipairs {
      { "connect", {}, 1, says = "the host must be a string, not a table" },
      { "connect", "localhost", says = "the port must be a number, not nil" },
      { "connect", "localhost", "https", says = "the port must be a number, not https" },
      { "connect", "localhost", 1, {}, says = "must be what tls.config returns, not a table" },
      { "connect", "localhost", 1, client_config, { timout = 1 }, says = "timout" },
      { "connect", "localhost", 1, client_config, { timeout = "1" }, says = "timeout" },
      { "wrap", "tcp", client_config, "localhost", says = "a connected LuaSocket object" },
      { "wrap", luasocket.tcp(), client_config, "localhost", says = "is not connected" },
      { "wrap", listener, client_config, "localhost", says = "is not connected" },
      { "wrap", near, nil, "localhost", says = "must be what tls.config returns, not a nil" },
      { "wrap", near, client_config, "localhost", { timeout = 1 }, says = "timeout" },
      { "accept", near, says = "must be what tls.config returns, not a nil" },
      { "accept", near, client_config, { ticket = 1 }, says = "ticket" },
      { "create", {}, says = "must be what tls.config returns, not a table" },
      { "create", client_config, { timeout = 1 }, says = "timeout" },
    } do
      local ok, err = pcall(socket[case[1]], case[2], case[3], case[4], case[5])
      assert.is_false(ok)
      assert.truthy(tostring(err):find(case.says, 1, true), tostring(err))
    end
    near:close()
    far:close()
    listener:close()
  end)
end)

describe("a non-blocking stream", function()
  it("shakes hands and talks under socket.select, both ends in one process", function()
    local client, server = new_pair()
    assert.same({ nil, "want_read", "want_read" }, { client:handshake() })
    local said
    loopback.select(function()
      assert.is_true(loopback.handshake(client))
      assert.equal(6, loopback.send(client, "hello\n"))
      said = loopback.receive(client, "*a")
    end, function()
      assert.equal("hello", loopback.receive(server, "*l"))
      assert.equal(5, loopback.send(server, "world"))
      server:close()
    end)
    assert.equal("world", said)
    client:close()
  end)

  it("sends more than the socket takes, piece by piece", function()
    local client, server = new_pair()
    local data = ("0123456789abcdef"):rep(262144)
    local got
    loopback.select(function()
      assert.equal(#data, loopback.send(client, data))
      client:close()
    end, function()
      got = loopback.receive(server, "*a")
    end)
    assert.is_true(got == data)
    server:close()
  end)

  it("is readable for socket.select while it has something to say", function()
    local client, server = open_pair(0)
    assert.is_false(server:dirty())
    assert.same({}, (luasocket.select({ server }, nil, 0)))
    client:send "one\ntwo\n"
    assert.equal(server, luasocket.select({ server }, nil, 5)[1])
    assert.equal("one", server:receive())
    assert.is_true(server:dirty())
    assert.equal(server, luasocket.select({ server }, nil, 0)[1])
    assert.equal("two", server:receive())
    assert.same({}, (luasocket.select({ server }, nil, 0)))
    client:close()
    assert.equal(server, luasocket.select({ server }, nil, 5)[1])
    assert.same({ nil, "closed", "", "closed" }, { server:receive() })
    assert.equal(server, luasocket.select({ server }, nil, 0)[1])
    server:close()
  end)

  it("copes with a peer whose bytes come one at a time", function()
    local server_config = select(2, loopback.configs())
    local near, left = loopback.connected()
    local right, far = loopback.connected()
    near:settimeout(0)
    far:settimeout(0)
    local client = assert(socket.wrap(near, client_config, "localhost"))
    local server = assert(socket.accept(far, server_config))
    local echoed
    loopback.select(function()
      assert.is_true(loopback.handshake(client))
      assert.equal(300, loopback.send(client, ("x"):rep(299) .. "\n"))
      echoed = loopback.receive(client, "*l")
      client:close()
    end, function()
      local line = loopback.receive(server, "*l")
      loopback.send(server, line .. "\r\n")
      assert.same({ nil, "closed", "", "closed" }, { loopback.receive(server, 1) })
      server:close()
    end, loopback.passes_on(left, right, 1), loopback.passes_on(right, left, 1))
    assert.equal(("x"):rep(299), echoed)
    left:close()
    right:close()
  end)
end)

describe("blocking programs", function()
  it("that both send 8 MB before they receive do not wait for each other", function()
    local n = 8 * 1024 * 1024
    local child = loopback.serve([[
      local n = ...
      local s = assert(socket.accept(listener:accept(), config))
      s:settimeout(20)
      assert(s:send(("server__"):rep(n / 8)) == n)
      assert(s:receive(n) == ("client__"):rep(n / 8))
      assert(s:send "got it\n")
      s:close()
    ]], nil, nil, n)
    local s = assert(socket.connect("localhost", port_of(child), client_config))
    s:settimeout(20)
    assert.equal(n, s:send(("client__"):rep(n / 8)))
    assert.is_true(s:receive(n) == ("server__"):rep(n / 8))
    assert.equal("got it", s:receive())
    s:close()
    loopback.finish(child)
  end)
end)

describe("timeouts", function()
  it("bound the handshake", function()
    local near, far = loopback.connected()
    local client = assert(socket.wrap(near, client_config, "localhost"))
    assert.equal(1, client:settimeout(0.05))
    assert.same({ nil, "timeout", "timeout" }, { client:handshake() })
    assert.same({ nil, "timeout", "", "timeout" }, { client:receive() })
    assert.same({ nil, "timeout", 0, "timeout" }, { client:send "x" })
    assert.is_nil(client:want())
    client:close()
    far:close()
  end)

  it("end a call that waits for a peer, after which one can go on", function()
    for _, mode in ipairs { "b", "t" } do
      local client, server = open_pair()
      server:settimeout(0.05, mode)
      client:send "hel"
      assert.same({ nil, "timeout", "hel", "timeout" }, { server:receive(5) })
      client:send "lo"
      assert.equal("hello", server:receive(5, "hel"))
      assert.equal(1, server:settimeout(nil, mode))
      client:close()
      server:close()
    end
  end)

  it("end a call although the peer keeps sending a little", function()
    for _, mode in ipairs { "b", "t" } do
      local child = loopback.serve [[
        local s = assert(socket.accept(listener:accept(), config))
        while s:send "." do
          luasocket.sleep(0.02)
        end
      ]]
      local s = assert(socket.connect("localhost", port_of(child), client_config))
      s:settimeout(0.1, mode)
      local data, err, partial = s:receive(1e6)
      assert.is_nil(data)
      assert.equal("timeout", err)
      assert.is_true(#partial > 0)
      s:close()
      loopback.finish(child)
    end
  end)

  it("end a send to a peer that takes nothing", function()
    local client, server = open_pair(0.1)
    local data = ("x"):rep(32 * 1024 * 1024)
    local last, err, partial, code = client:send(data)
    assert.is_nil(last)
    assert.equal("timeout", err)
    assert.equal("timeout", code)
    assert.is_true(partial > 0 and partial < #data)
    client:settimeout(0)
    server:settimeout(0)
    local got
    loopback.select(function()
      assert.equal(0, loopback.send(client, ""))
    end, function()
      got = loopback.receive(server, partial)
    end)
    assert.is_true(got == data:sub(1, partial), "what counts as sent arrives")
    client:close()
    server:close()
  end)

  it("are kept from the connection that is wrapped", function()
    local near, far = loopback.connected()
    if not near.gettimeout then
      pending "needs gettimeout, which this LuaSocket does not have"
      return
    end
    near:settimeout(0.01)
    near:settimeout(7, "t")
    local client = assert(socket.wrap(near, client_config, "localhost"))
    assert.same({ 0.01, 7 }, { client:gettimeout() })
    assert.equal("timeout", (select(2, client:handshake())))
    client:close()
    far:close()
  end)

  it("of the wrong kind raise", function()
    local client, server = open_pair()
    for _, case in ipairs {
      { "1", says = "a number of seconds" }, { 1, "x", says = 'must be "b" or "t"' },
    } do
      local ok, err = pcall(client.settimeout, client, case[1], case[2])
      assert.is_false(ok)
      assert.truthy(err:find(case.says, 1, true), err)
    end
    assert.equal(1, client:settimeout(-1))
    client:close()
    server:close()
  end)
end)

describe("the end of a connection", function()
  it("is closed when the peer said so, and truncated when it just left", function()
    local client, server = open_pair(5)
    client:send "whole"
    client:close()
    assert.equal("whole", server:receive "*a")
    assert.same({ nil, "closed", "", "closed" }, { server:receive() })
    server:close()

    local near
    client, server, near = open_pair(5)
    client:send "cut"
    near:close()
    assert.same({ nil, "truncated", "cut", "truncated" }, { server:receive "*a" })
    assert.same({ nil, "truncated", 0, "truncated" }, { server:send "x" })
    assert.equal("truncated", server:failure().code)
    server:close()
  end)

  it("leaves an object that says closed to everything", function()
    local client, server = open_pair(5)
    assert.equal(1, client:close())
    assert.equal(1, client:close())
    assert.same({ nil, "closed", "", "closed" }, { client:receive() })
    assert.same({ nil, "closed", 0, "closed" }, { client:send "x" })
    assert.same({ nil, "closed", "closed" }, { client:handshake() })
    assert.equal(-1, client:getfd())
    assert.is_false(client:dirty())
    assert.is_nil((client:getpeername()))
    assert.equal(1, client:settimeout(1))
    server:close()
  end)

  it("delivers what was sent although the other side leaves something unread", function()
    local client, server = open_pair(5)
    server:send(("unread"):rep(1000))
    client:send(("x"):rep(500000))
    client:close()
    assert.equal(500000, #server:receive "*a")
    server:close()
  end)

  it("can be of one direction", function()
    local client, server = open_pair(5)
    client:send "question"
    assert.equal(1, client:shutdown "send")
    assert.equal("question", server:receive "*a")
    server:close()
    client:close()
  end)
end)

describe("a wrapped connection", function()
  it("keeps its names, its options and its descriptor", function()
    local near, far = loopback.connected()
    local peer, own, fd = { near:getpeername() }, { near:getsockname() }, near:getfd()
    local client = assert(socket.wrap(near, client_config, "localhost"))
    assert.same(peer, { client:getpeername() })
    assert.same(own, { client:getsockname() })
    assert.equal(fd, client:getfd())
    assert.equal(tostring(math.floor(fd)), tostring(client:getfd()))
    assert.truthy(client:setoption("keepalive", true))
    assert.truthy(client:getoption "keepalive")
    client:close()
    far:close()
  end)

  it("loses nothing of what LuaSocket has already buffered", function()
    local server_config = select(2, loopback.configs())
    local near, far = loopback.connected()
    near:settimeout(0)
    near:send "STARTTLS\n"
    local client = assert(socket.wrap(near, client_config, "localhost"))
    client:handshake() -- the ClientHello follows at once
    luasocket.sleep(0.05)
    assert.equal("STARTTLS", far:receive())
    assert.is_true(far:dirty())
    far:settimeout(0)
    local server = assert(socket.accept(far, server_config))
    assert.is_true(server:dirty())
    loopback.select(function()
      assert.is_true(loopback.handshake(client))
    end, function()
      assert.is_true(loopback.handshake(server))
    end)
    client:close()
    server:close()
  end)

  it("never shows plaintext when the handshake fails", function()
    local near, far = loopback.connected()
    near:settimeout(5)
    far:settimeout(5)
    local client = assert(socket.wrap(near, client_config, "localhost"))
    far:send "220 mail.example ESMTP\r\n"
    local last, message, _, code = client:send "PLAINTEXT"
    assert.is_nil(last)
    assert.equal("peer_not_tls", code)
    assert.equal(message, client:failure().message)
    assert.same({ nil, message, "", code }, { client:receive() })
    client:close()
    local seen = far:receive "*a"
    assert.truthy(#seen > 0)
    assert.is_nil(seen:find("PLAINTEXT", 1, true))
    far:close()
  end)

  it("refuses a server that it has no reason to trust, and the server hears of it", function()
    local client, server = new_pair { client = { trust = pki.path "other_root.pem" } }
    local codes = {}
    loopback.select(function()
      codes.client = select(3, loopback.handshake(client))
      client:close()
    end, function()
      codes.server = select(3, loopback.handshake(server))
    end)
    assert.same({ client = "certificate_untrusted", server = "alert_unknown_ca" }, codes)
    assert.equal("alert_unknown_ca", select(4, server:send "x"))
    server:close()
  end)
end)

-- What a plain LuaSocket connection and a stream have to answer alike. `sent` arrives in these
-- pieces, and after it the end if `closes`; `reads` and `sends` are the arguments of receive and
-- send.
local alike = {
  { name = "lines", sent = { "one\ntwo\r\n", "\n" }, reads = { {}, { "*l" }, { "*line" } } },
  {
    name = "carriage returns", sent = { "a\rb\r\r\nc\r" }, closes = true,
    reads = { {}, {}, {} },
  },
  { name = "a line that does not end", sent = { "abc" }, closes = true, reads = { {}, {} } },
  { name = "a line to wait for", sent = { "ab", "c" }, reads = { { "*l", "pre" }, {} } },
  { name = "counts", sent = { "abc", "defgh" }, reads = { { 4 }, { "2" }, { 1.9 }, { 5 } } },
  {
    name = "a count of nothing", sent = { "abc" }, closes = true,
    reads = { { 0 }, { 0, "pre" }, { 3 }, { 0 }, { 0, "pre" } },
  },
  { name = "a count to wait for", sent = {}, reads = { { 0 }, { 0, "pre" }, { 2, "pre" } } },
  {
    name = "counts with a prefix", sent = { "cdefgh" },
    reads = { { 4, "ab" }, { 2, "xy" }, { 1, "xyz" }, { 9, "z" } },
  },
  { name = "a number as a prefix", sent = { "34\n" }, reads = { { "*l", 12 } } },
  {
    name = "everything", sent = { "ab", "c\r\nd" }, closes = true,
    reads = { { 1 }, { "*a", "pre" }, { "*all" } },
  },
  {
    name = "everything of nothing", sent = {}, closes = true,
    reads = { { "*a", "pre" }, { "*a" } },
  },
  { name = "everything so far", sent = { "abc" }, reads = { { "*a", "pre" }, { "*a" } } },
  { name = "zeros", sent = { "a\0b\nc\0" }, reads = { {}, { 2 } } },
  {
    name = "patterns that are none", sent = { "abc" },
    reads = { { "*x" }, { -1 }, { {} }, { "" }, { "*l", {} }, { 3 } },
  },
  {
    name = "indices of send", sent = {},
    sends = {
      { "abc" }, { "abc", 2 }, { "abc", 2, 2 }, { "abc", -2 }, { "abc", 1, -2 }, { "abc", 0, 100 },
      { "abc", 5 }, { "abc", 3, 2 }, { "" }, { 42 }, { "abc", -100 }, { "abc", "2" }, {}, { {} },
      { "abc", {} },
    },
  },
}

-- The answers of one connection: the first three results of each call, or false when it raises.
local function answers(case, sender, receiver)
  for _, piece in ipairs(case.sent) do
    assert(sender:send(piece))
  end
  if case.closes then
    sender:close()
  end
  receiver:settimeout(0.05)
  local out = {}
  local function call(method, args)
    local ok, a, b, c = pcall(method, receiver, args[1], args[2], args[3])
    out[#out + 1] = ok and { a, b, c } or false
  end
  for _, args in ipairs(case.reads or {}) do
    call(receiver.receive, args)
  end
  for _, args in ipairs(case.sends or {}) do
    call(receiver.send, args)
  end
  receiver:close()
  sender:close()
  return out
end

describe("a stream and a LuaSocket connection are alike", function()
  for _, case in ipairs(alike) do
    it("in " .. case.name, function()
      local near, far = loopback.connected()
      local client, server = open_pair(5)
      assert.same(answers(case, near, far), answers(case, client, server))
    end)
  end
end)

describe("socket.create", function()
  local http = require "socket.http"
  local ltn12 = require "ltn12"

  -- Answers n requests, each on a connection of its own.
  local function serve_http(n)
    return loopback.serve([[
      local n = ...
      local head = "HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n"
      local pages = {
        ["/length"] = head:format("200 OK", "Content-Length: 5\r\n") .. "hello",
        ["/chunked"] = head:format("200 OK", "Transfer-Encoding: chunked\r\n")
          .. "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        ["/close"] = head:format("200 OK", "") .. "until the close",
        ["/cut"] = head:format("200 OK", "") .. "until the cut",
        ["/moved"] = head:format("302 Found",
          ("Location: https://localhost:%d/length\r\nContent-Length: 0\r\n"):format(port)),
      }
      for _ = 1, n do
        local tcp = listener:accept()
        local s = assert(socket.accept(tcp, config))
        local path = (s:receive() or ""):match " (%S+)"
        local length = 0
        while path do
          local line = assert(s:receive())
          length = tonumber(line:lower():match "^content%-length: (%d+)") or length
          if line == "" then
            break
          end
        end
        if path == "/echo" then
          local body = s:receive(length)
          s:send(head:format("200 OK", ("Content-Length: %d\r\n"):format(#body)) .. body)
        elseif path then
          s:send(pages[path])
        end
        if path == "/cut" then
          tcp:close()
        end
        s:close()
      end
    ]], nil, nil, n)
  end

  local function get(port, path, given)
    local body = {}
    local request = {
      url = ("https://localhost:%d%s"):format(port, path),
      scheme = "https",
      create = socket.create(client_config),
      sink = ltn12.sink.table(body),
    }
    for name, value in pairs(given or {}) do
      request[name] = value
    end
    local ok, status = http.request(request)
    return ok and table.concat(body), status
  end

  it("lets socket.http read pages of every length", function()
    local child = serve_http(4)
    local port = port_of(child)
    assert.same({ "hello", 200 }, { get(port, "/length") })
    assert.same({ "hello world", 200 }, { get(port, "/chunked") })
    assert.same({ "until the close", 200 }, { get(port, "/close") })
    assert.same({ nil, "truncated" }, { get(port, "/cut") })
    loopback.finish(child)
  end)

  it("follows redirections, and posts", function()
    local child = serve_http(3)
    local port = port_of(child)
    assert.same({ "hello", 200 }, { get(port, "/moved") })
    local data = ("data"):rep(50000)
    assert.same({ data, 200 }, { get(port, "/echo", {
      method = "POST", source = ltn12.source.string(data), headers = { ["content-length"] = #data },
    }) })
    loopback.finish(child)
  end)

  it("can be what LuaSocket uses for every https URL", function()
    local before = http.schemes and http.schemes.https
    if not before then
      pending "needs a LuaSocket with http.schemes"
      return
    end
    local child = serve_http(2)
    local port = port_of(child)
    http.schemes.https = {
      port = 443,
      create = function()
        return socket.create(client_config)
      end,
    }
    local body, status = http.request(("https://localhost:%d/moved"):format(port))
    http.schemes.https = before
    assert.same({ "hello", 200 }, { body, status })
    loopback.finish(child)
  end)

  it("verifies the host of the URL", function()
    local child = serve_http(1)
    local port = port_of(child)
    local body, message = get(port, "/length", { create = socket.create(client_config,
      { server_name = "elsewhere.example" }) })
    assert.is_nil(body)
    assert.matches("elsewhere%.example", message)
    loopback.finish(child)
  end)

  it("makes objects that say closed until they are connected", function()
    local s = socket.create(client_config)()
    assert.equal(1, s:settimeout(3))
    assert.is_nil((s:send "x"))
    assert.equal("closed", (select(2, s:receive())))
    local listener, port = loopback.listen()
    listener:close()
    local ok, message, code = s:connect("localhost", port)
    assert.is_nil(ok)
    assert.matches("connection refused", message)
    assert.equal("io_connection_refused", code)
    assert.equal(1, s:close())
  end)
end)
