local loopback = require "support.loopback"
local pki = require "support.pki"
local stream = require "beartls.stream"

-- Sends in pieces of at most n bytes, so that each is a record of its own.
local function send_records(s, data, n)
  for i = 1, #data, n do
    assert.equal(math.min(i + n - 1, #data), s:send(data, i, math.min(i + n - 1, #data)))
  end
end

local function noise(n)
  local parts = {}
  local x = 1
  for i = 1, n / 8 do
    x = (x * 16807) % 2147483647
    parts[i] = ("%08x"):format(x)
  end
  return table.concat(parts)
end

describe("a stream", function()
  it("shakes hands at handshake(), after which there is nothing left to do", function()
    local client, server = loopback.streams()
    local a, b = loopback.shake(client, server)
    assert.same({ true }, a)
    assert.same({ true }, b)
    assert.is_true(client:handshake())
    assert.is_nil(client:want())
  end)

  it("shakes hands at the first send or receive", function()
    local client, server = loopback.streams()
    for _ = 1, 10 do
      client:send("")
      server:receive(0)
    end
    assert.equal("open", client:state())
    assert.equal("open", server:state())
    assert.equal(5, client:send "hello")
    assert.equal("hello", server:receive(5))
  end)

  it("says what a non-blocking call is missing", function()
    local client, server, there = loopback.streams()
    assert.same({ nil, "want_read", "want_read" }, { client:handshake() })
    assert.equal("read", client:want())
    local fresh, _, wire = loopback.streams()
    wire.capacity = 10
    assert.same({ nil, "want_write", "want_write" }, { fresh:handshake() })
    assert.equal("write", fresh:want())
    assert.same({ nil, "want_read", "", "want_read" }, { client:receive() })
    assert.same({ nil, "want_read", 0, "want_read" }, { client:send "x" })
    loopback.shake(client, server)
    there.capacity = 100
    local last, err, partial, code = client:send(("x"):rep(1000))
    assert.same({ nil, "want_write", 1000, "want_write" }, { last, err, partial, code })
    assert.equal("write", client:want())
  end)

  it("answers the questions that its session answers", function()
    local alpn = { alpn = { "echo" } }
    local client, server = loopback.open { client = alpn, server = alpn }
    for _, s in ipairs { client, server } do
      local session = s:session()
      for _, name in ipairs {
        "state", "version", "cipher", "group", "signature_scheme", "alpn", "server_name", "resumed",
        "verified", "is_client",
      } do
        assert.equal(session[name](session), s[name](s), name)
      end
      assert.equal(session:export("EXPERIMENTAL", 16), s:export("EXPERIMENTAL", 16))
      local binding = "tls-server-end-point"
      assert.equal(session:channel_binding(binding), s:channel_binding(binding))
      assert.equal("function", type(s:events()))
    end
    assert.equal("echo", client:alpn())
    assert.equal(client:peer_certificate():fingerprint(), server:local_certificate():fingerprint())
    assert.equal(client:peer_chain()[1]:fingerprint(), client:peer_certificate():fingerprint())
    server:send "x"
    client:receive(1) -- TLS 1.3 gives its tickets behind the handshake
    assert.truthy(client:ticket())
    assert.is_nil(client:failure())
    assert.matches("^beartls%.stream %(open%)$", tostring(client))
  end)

  it("raises for misuse", function()
    local client = loopback.open()
    for _, case in ipairs {
      { "receive", "*x", says = "the pattern must be" },
      { "receive", "", says = "the pattern must be" },
      { "receive", -1, says = "the pattern must be" },
      { "receive", "-1", says = "the pattern must be" },
      { "receive", 0 / 0, says = "the pattern must be" },
      { "receive", true, says = "the pattern must be" },
      { "receive", "*l", {}, says = "the prefix must be a string, not a table" },
      { "receiveany", 0, says = "the limit must be a number of bytes" },
      { "receiveany", "1", says = "the limit must be a number of bytes" },
      { "receiveany", 0 / 0, says = "the limit must be a number of bytes" },
      { "send", says = "must be a string, not a nil" },
      { "send", {}, says = "must be a string, not a table" },
      { "send", "x", "y", says = "an index must be a number" },
      { "send", "x", 1, {}, says = "an index must be a number" },
      { "shutdown", "reading", says = '"send", "receive" or "both"' },
    } do
      local ok, err = pcall(client[case[1]], client, case[2], case[3], case[4])
      assert.is_false(ok)
      assert.truthy(err:find(case.says, 1, true), err)
    end
    assert.equal("open", client:state())
  end)
end)

describe("a failed handshake", function()
  local failures = {
    {
      name = "an untrusted certificate",
      how = { client = { trust = pki.path "other_root.pem" } },
      code = "certificate_untrusted", alert = "alert_unknown_ca",
    },
    {
      name = "a wrong name",
      how = { name = "elsewhere.example" },
      code = "certificate_name_mismatch", alert = "alert_bad_certificate",
    },
  }

  for _, case in ipairs(failures) do
    it("keeps saying why, and lets nothing through: " .. case.name, function()
      local client, server, there, back = loopback.streams(case.how)
      local a, b = loopback.shake(client, server)
      assert.equal(case.code, a[3])
      assert.equal(case.alert, b[3])
      local before = #loopback.logged(there) + #loopback.logged(back)
      for s, said in pairs { [client] = a, [server] = b } do
        assert.is_nil(said[1])
        assert.equal(said[2], s:failure().message)
        assert.equal(said[3], s:failure().code)
        for _ = 1, 2 do
          assert.same({ nil, said[2], 0, said[3] }, { s:send "PLAINTEXT" })
          assert.same({ nil, said[2], "pre", said[3] }, { s:receive("*l", "pre") })
          assert.same({ nil, said[2], said[3] }, { s:handshake() })
        end
      end
      assert.equal(before, #loopback.logged(there) + #loopback.logged(back))
      assert.is_nil((loopback.logged(there) .. loopback.logged(back)):find "PLAINTEXT")
      assert.equal(1, client:close())
      assert.is_nil(loopback.logged(there):find "PLAINTEXT")
    end)
  end

  it("says that the connection ended in its middle, by a close_notify or without", function()
    local client, _, _, back = loopback.streams()
    client:handshake()
    back:close()
    local ok, message, code = client:handshake()
    assert.is_nil(ok)
    assert.equal("truncated", code)
    assert.matches("closed the connection in the middle of the handshake", message)
    assert.same({ nil, message, "", "truncated" }, { client:receive "*a" })
  end)

  it("tells the alert that the peer sent before it stopped listening", function()
    local client, server, there, back = loopback.streams { name = "elsewhere.example" }
    client:handshake()
    server:handshake()
    client:handshake()
    client:close()
    assert.is_true(there.closed)
    -- The server has not read the alert yet, and cannot send any more.
    back.broken = "closed"
    server.pending, server.sent = "more of a handshake", 0
    local _, message, code = server:handshake()
    assert.equal("alert_bad_certificate", code)
    assert.equal(message, server:failure().message)
  end)
end)

describe("receiving", function()
  -- What is sent, in records of how many bytes, and what each call has to return.
  local cases = {
    {
      name = "lines", sent = "one\ntwo\n\nthree\n",
      calls = { { "*l", "one" }, { nil, "two" }, { "l", "" }, { "*l", "three" } },
    },
    {
      name = "lines that end in CR LF, and stray CRs", sent = "a\r\nb\rc\n\r\n",
      calls = { { "*l", "a" }, { "*l", "bc" }, { "*l", "" } },
    },
    {
      name = "counts", sent = "0123456789",
      calls = { { 1, "0" }, { "2", "12" }, { 3.7, "345" }, { 0, "" }, { 4, "6789" } },
    },
    {
      name = "counts and lines mixed", sent = "abc\ndef\nghi",
      calls = { { 2, "ab" }, { "*l", "c" }, { 1, "d" }, { "*l", "ef" }, { 3, "ghi" } },
    },
    {
      name = "a line with a prefix", sent = "two\n",
      calls = { { "*l", "one two", prefix = "one " } },
    },
    {
      name = "counts with a prefix", sent = "cdef",
      calls = {
        { 4, "abcd", prefix = "ab" }, { 2, "xyz", prefix = "xyz" }, { 2, "xy", prefix = "xy" },
        { 2, "ef" },
      },
    },
    {
      name = "zeros and all other bytes", sent = "\0\1\255\n\0",
      calls = { { "*l", "\0\1\255" }, { 1, "\0" } },
    },
  }

  for _, size in ipairs { 1, 3, 1000 } do
    for _, case in ipairs(cases) do
      it(("of %s works in records of %d"):format(case.name, size), function()
        local client, server, _, back = loopback.open()
        back.piece = size == 1 and 1 or 65536
        send_records(client, case.sent, size)
        for _, call in ipairs(case.calls) do
          assert.same({ call[2] }, { server:receive(call[1], call.prefix) })
        end
        assert.is_false(server:dirty())
      end)
    end
  end

  it("gives what it has got so far, once, when it has to wait", function()
    local client, server = loopback.open()
    client:send "half a li"
    assert.same({ nil, "want_read", "half a li", "want_read" }, { server:receive "*l" })
    client:send "ne\nrest"
    assert.same({ "half a line" }, { server:receive("*l", "half a li") })
    assert.same({ nil, "want_read", "rest", "want_read" }, { server:receive(5) })
    assert.same({ nil, "want_read", "rest", "want_read" }, { server:receive(5, "rest") })
    client:send "!"
    assert.same({ "rest!" }, { server:receive(5, "rest") })
    assert.same({ nil, "want_read", "", "want_read" }, { server:receive(0) })
    assert.same({ nil, "want_read", "pre", "want_read" }, { server:receive("*a", "pre") })
    client:send "x"
    assert.same({ nil, "want_read", "x", "want_read" }, { server:receive "*a" })
  end)

  it("does not take more for a line or for everything than it may", function()
    local client, server = loopback.open()
    client:send "12345\n1234567\nrest\n"
    assert.same({ "12345" }, { server:receive("*l", nil, 5) })
    assert.same({ "=1234567" }, { server:receive("*l", "=", 8) })
    local data, message, partial, code = server:receive("*l", "=", 4)
    assert.same({ nil, "=rest", "peer_too_long" }, { data, partial, code })
    assert.equal("the peer sends more than the 4 bytes that it may", message)
    client:send(("x"):rep(100000)) -- without an end
    data, message, partial, code = server:receive("*l", nil, 50000)
    assert.same({ nil, "the peer sends more than the 50000 bytes that it may" }, { data, message })
    assert.is_true(#partial > 50000 and code == "peer_too_long")
    assert.equal("want_read", select(4, server:receive("*l", partial, 100000)))
    client:send "12345"
    client:close()
    assert.equal("12345", server:receive("*a", nil, 5))

    client, server = loopback.open()
    client:send "123456"
    client:close()
    assert.same({ nil, "the peer sends more than the 5 bytes that it may", "123456", "peer_too_long" },
      { server:receive("*a", nil, 5) })
  end)

  it("reads everything until the close", function()
    local client, server = loopback.open()
    send_records(client, ("line\n"):rep(1000), 7)
    client:close()
    assert.same({ "line" }, { server:receive() })
    assert.same({ ("line\n"):rep(999) }, { server:receive "*a" })
    assert.same({ nil, "closed", "", "closed" }, { server:receive "*a" })
    assert.same({ nil, "closed", "pre", "closed" }, { server:receive("*a", "pre") })
  end)

  it("of megabytes in small pieces gives every byte once", function()
    local client, server = loopback.open()
    local data = noise(1048576)
    assert.equal(#data, client:send(data))
    local parts = {}
    for i = 1, #data / 1024 do
      parts[i] = assert(server:receive(1024))
    end
    assert.is_true(table.concat(parts) == data)
  end)

  it("of numbers of bytes and of lines, mixed, gives every byte once, and says when there is more", function()
    local client, server = loopback.open()
    local data = noise(60000):gsub("[\r\n]", "-"):gsub(("."):rep(1000), "%0\n")
    assert.equal(#data, client:send(data))
    local got, calls, n = {}, { 1, "*l", 700, 40000, "*l", 3 }, 0
    repeat
      n = n + 1
      local pattern = calls[n % #calls + 1]
      local piece, err, partial = server:receive(pattern)
      got[n] = piece and pattern == "*l" and piece .. "\n" or piece or partial
      local all = #table.concat(got) == #data
      assert.equal(not all, server:dirty())
    until err
    assert.is_true(table.concat(got) == data)
  end)

  it("that collects many bytes gives what came before the end, then the end", function()
    for _, cut in ipairs { false, true } do
      local client, server, there = loopback.open()
      client:send(("x"):rep(20000))
      if cut then
        there:close()
      else
        client:close()
      end
      local word = cut and "truncated" or "closed"
      assert.same({ nil, word, ("x"):rep(20000), word }, { server:receive(30000) })
      assert.same({ nil, word, "", word }, { server:receive(30000) })
    end
  end)

  it("that has to wait for many bytes gives what there is", function()
    local client, server = loopback.open()
    client:send(("x"):rep(20000))
    assert.same({ nil, "want_read", ("x"):rep(20000), "want_read" }, { server:receive(30000) })
    assert.is_false(server:dirty())
    client:send(("y"):rep(10001))
    assert.equal(("x"):rep(20000) .. ("y"):rep(10000), (server:receive(30000, ("x"):rep(20000))))
    assert.equal("y", (server:receive(1)))
  end)

  it("of whatever there is gives that, as soon as there is something, and in the end how it ended", function()
    local client, server = loopback.open()
    assert.same({ nil, "want_read", "", "want_read" }, { server:receiveany() })
    client:send "first"
    client:send "second"
    assert.equal("fir", server:receiveany(3))
    assert.equal("sts", server:receiveany(3.5))
    assert.equal("econd", server:receiveany())
    client:send "last"
    client:close()
    assert.equal("last", server:receiveany())
    assert.same({ nil, "closed", "", "closed" }, { server:receiveany() })
  end)

  it("iterates over lines, the last of which may be without an end", function()
    local client, server = loopback.open()
    client:send "one\ntwo\r\nthree"
    client:close()
    local lines = {}
    for line in server:lines() do
      lines[#lines + 1] = line
    end
    assert.same({ "one", "two", "three" }, lines)
    assert.is_nil(server:failure())
  end)

  it("iterates over complete lines only when the connection was cut, and says so", function()
    local client, server, there = loopback.open()
    client:send "one\nhal"
    there:close()
    local lines = {}
    for line in server:lines() do
      lines[#lines + 1] = line
    end
    assert.same({ "one" }, lines)
    assert.equal("truncated", server:failure().code)
  end)

  it("goes on with a line that an iterator had to wait for", function()
    local client, server = loopback.open()
    local next_line = server:lines()
    client:send "begun "
    assert.same({ nil, "want_read", "want_read" }, { next_line() })
    client:send "and ended\n"
    assert.same({ "begun and ended" }, { next_line() })
  end)
end)

describe("sending", function()
  it("takes LuaSocket's indices and returns the last one, as an integer", function()
    local client, server = loopback.open()
    for _, case in ipairs {
      { 1, 3, "abc", last = 3 }, { nil, nil, "abc", last = 3 }, { 2, nil, "bc", last = 3 },
      { 2, 2, "b", last = 2 }, { -2, nil, "bc", last = 3 }, { 1, -2, "ab", last = 2 },
      { 0, 100, "abc", last = 3 }, { "2", "3", "bc", last = 3 }, { 5, nil, "", last = 4 },
      { 3, 2, "", last = 2 }, { -100, nil, "abc", last = 3 },
    } do
      local last = client:send("abc", case[1], case[2])
      assert.equal(case.last, last)
      assert.equal(tostring(case.last), tostring(last))
      local got = #case[3] > 0 and server:receive(#case[3]) or ""
      assert.equal(case[3], got)
    end
    assert.equal(0, client:send "")
    assert.equal(2, client:send(42))
    assert.equal("42", server:receive(2))
  end)

  it("encrypts no more than the transport takes", function()
    local client, _, there = loopback.open()
    there.capacity = 1000
    local data = noise(1000000)
    local last, err, partial, code = client:send(data)
    assert.same({ nil, "want_write", 65536, "want_write" }, { last, err, partial, code })
    assert.same({ nil, "want_write", 65536, "want_write" }, { client:send(data, partial + 1) })
  end)

  it("loses nothing and sends nothing twice when the transport takes a part", function()
    local client, server, there = loopback.open()
    there.capacity = 999
    local data = noise(300000)
    local sent, got = 0, {}
    for _ = 1, 100000 do
      local last, _, partial = client:send(data, sent + 1)
      sent = last or partial
      local _, _, piece = server:receive(#data)
      got[#got + 1] = piece
      if last then
        break
      end
    end
    assert.equal(#data, sent)
    got[#got + 1] = select(3, server:receive(#data))
    assert.is_true(table.concat(got) == data)
  end)

  it("gets the rest out with the next call, whichever that is", function()
    for _, call in ipairs { "send", "receive", "shutdown", "close" } do
      local client, server, there = loopback.open()
      there.capacity = 5
      assert.same({ nil, "want_write", 5, "want_write" }, { client:send "hello" })
      there.capacity = math.huge
      client[call](client, call == "send" and "" or call == "shutdown" and "send" or nil)
      assert.equal("hello", server:receive(5), call)
    end
  end)

  it("gets the rest out although there is something to read", function()
    local client, server, there = loopback.open()
    server:send "one\ntwo\n"
    assert.equal("one", client:receive())
    there.capacity = 5
    assert.same({ nil, "want_write", 5, "want_write" }, { client:send "hello" })
    there.capacity = math.huge
    assert.equal("two", client:receive())
    assert.equal("hello", server:receive(5))
  end)

  it("goes on while a receive waits", function()
    local client, server, there = loopback.open()
    there.capacity = 5
    assert.same({ nil, "want_write", 5, "want_write" }, { client:send "hello" })
    local wants = {}
    there.on_wait = function(want)
      wants[#wants + 1] = want
      there.capacity = there.capacity + 5
      if server:receive(5) then
        server:send "world"
      end
      return true
    end
    assert.equal("world", client:receive(5))
    assert.equal("both", wants[1])
    assert.equal("read", wants[#wants])
  end)

  it("waits for the transport where it can, and says timeout when that took too long", function()
    local client, server, there = loopback.open()
    there.capacity = 5000
    local got = {}
    there.on_wait = function(want)
      assert.equal("both", want)
      got[#got + 1] = select(3, server:receive(1e9))
      return true
    end
    assert.equal(100000, client:send(("x"):rep(100000)))
    got[#got + 1] = select(3, server:receive(1e9))
    assert.equal(("x"):rep(100000), table.concat(got))
    there.capacity = 0
    there.on_wait = function()
      return nil, "timeout"
    end
    assert.same({ nil, "timeout", 1, "timeout" }, { client:send "x" })
    assert.same({ nil, "timeout", "", "timeout" }, { client:receive() })
    there.capacity = 5000
    assert.equal(1, client:send("x", 2))
    assert.equal("x", server:receive(1))
  end)
end)

describe("both directions at once", function()
  local function both_send_first(n, how)
    how = how or {}
    local client, server, there, back = loopback.open(how)
    there.capacity, back.capacity = 50000, 50000
    local results = {}
    local function one(s, mine, letter)
      return function()
        results[mine] = { s:send(letter:rep(n)) }
        if results[mine][1] then
          results[mine].got = s:receive(n)
        end
      end
    end
    local idle = 0
    local function yield()
      idle = idle + 1
      coroutine.yield()
      if idle > (how.rounds or 1e9) then
        return nil, "timeout"
      end
      return true
    end
    if how.kind ~= "waiting" then
      there.on_wait, back.on_wait = yield, yield
    end
    loopback.run(one(client, 1, "c"), one(server, 2, "s"))
    return results, client, server
  end

  it("do not wait for each other when both send before they receive", function()
    local n = 1000000
    local results = both_send_first(n)
    assert.equal(n, results[1][1])
    assert.equal(n, results[2][1])
    assert.is_true(results[1].got == ("s"):rep(n))
    assert.is_true(results[2].got == ("c"):rep(n))
  end)

  it("block when both send more than unread_limit, as on plain TCP", function()
    local how = { rounds = 1000, stream = { unread_limit = 100000 } }
    local results, client, server = both_send_first(1000000, how)
    for i, s in ipairs { client, server } do
      assert.equal("timeout", results[i][2])
      assert.is_true(s.inbox.size >= 100000 and s.inbox.size < 100000 + 65536 * 2)
    end
  end)

  it("work with a coroutine that reads and one that writes, on a transport that waits", function()
    local client, server, there, back = loopback.open { kind = "waiting" }
    there.capacity, back.capacity = 50000, 50000
    local n = 500000
    local got = {}
    local function writes(s)
      return function()
        assert.equal(n, s:send(("x"):rep(n)))
      end
    end
    local function reads(s)
      return function()
        local data = s:receive(n)
        got[#got + 1] = data
      end
    end
    loopback.run(writes(client), reads(client), writes(server), reads(server))
    assert.equal(2, #got)
    assert.equal(n, #got[1])
    assert.equal(n, #got[2])
  end)
end)

-- Two coroutines on one stream: one is in receive when the other begins to send.
describe("a coroutine that sends", function()
  it("leaves what arrives to the one that reads", function()
    local client, server, there = loopback.open()
    local waits = {}
    there.capacity = 10
    there.on_wait = function(want)
      waits[#waits + 1] = want
      if #waits == 2 then
        server:send "for the reader"
        there.capacity = math.huge
      end
      coroutine.yield()
      return true
    end
    local got
    loopback.run(function()
      got = client:receive(14)
    end, function()
      assert.equal(1000, client:send(("x"):rep(1000)))
      assert.equal("write", waits[2])
      assert.equal(0, client.inbox.size)
    end)
    assert.equal("for the reader", got)
    assert.equal(1000, #server:receive(1000))
  end)

  it("does not take in anything when somebody has begun to read while it waited", function()
    local client, server, there = loopback.open()
    there.capacity = 10
    there.on_wait = function()
      coroutine.yield()
      return true
    end
    local got
    loopback.run(function()
      client:send(("x"):rep(1000))
    end, function()
      got = client:receive(5)
    end, function()
      server:send "hello"
      coroutine.yield()
      there.capacity = math.huge
    end)
    assert.equal("hello", got)
  end)

  it("does not keep the one that reads from hearing why the peer left", function()
    local client, server, there = loopback.open { kind = "waiting" }
    local heard, said
    loopback.run(function()
      heard = { client:receive() }
    end, function()
      there.broken = "closed"
      said = { client:send "x" }
      server:send "bye\n"
      server:close()
    end)
    assert.same({ nil, "closed", 1, "closed" }, said)
    assert.same({ "bye" }, heard)
    assert.same({ nil, "closed", "", "closed" }, { client:receive() })
  end)
end)

describe("two coroutines that send", function()
  it("do so one after the other, whichever the host wakes first", function()
    local client, server, there = loopback.open()
    there.capacity = 70000
    there.on_wait = function()
      coroutine.yield()
      return true
    end
    local long, short = ("a"):rep(300000), "b"
    local first = coroutine.create(function()
      assert(client:send(long))
    end)
    local second = coroutine.create(function()
      assert(client:send(short))
    end)
    assert(coroutine.resume(first))
    local got = {}
    for _ = 1, 100 do
      got[#got + 1] = server:receiveany()
      for _, task in ipairs { second, first } do
        if coroutine.status(task) ~= "dead" then
          assert(coroutine.resume(task))
        end
      end
    end
    assert.is_true(table.concat(got) == long .. short)
  end)

  it("are not held up by one that has died in the middle", function()
    local client, _, there = loopback.open()
    there.capacity = 70000
    there.on_wait = function()
      coroutine.yield()
      error "the host is out of order"
    end
    local first = coroutine.create(function()
      client:send(("a"):rep(300000))
    end)
    assert(coroutine.resume(first))
    assert.is_false((coroutine.resume(first)))
    there.capacity = math.huge
    local second = coroutine.create(function()
      return client:send "b"
    end)
    assert.same({ true, 1 }, { coroutine.resume(second) })
  end)
end)

describe("the end of a stream", function()
  it("is closed after a close_notify, and truncated without one", function()
    for err, closes in pairs {
      closed = function(client)
        client:close()
      end,
      truncated = function(_, transport)
        transport:close()
      end,
    } do
      local client, server, there = loopback.open()
      client:send "some data"
      closes(client, there)
      assert.equal("some", server:receive(4))
      assert.same({ nil, err, " data", err }, { server:receive(100) })
      assert.is_true(server:dirty())
      assert.same({ nil, err, "", err }, { server:receive() })
      if err == "truncated" then -- else the other direction is still open (RFC 8446, 6.1)
        assert.same({ nil, err, 0, err }, { server:send "x" })
      end
      assert.same({ nil, err, "", err }, { server:receive "*a" })
    end
  end)

  it("does not make cut data look whole", function()
    local client, server, there = loopback.open()
    client:send "some data"
    there:close()
    assert.same({ nil, "truncated", "some data", "truncated" }, { server:receive "*a" })
    assert.equal("truncated", server:failure().code)
  end)

  it("gives what arrived before a failure, then the failure", function()
    local client, server, there = loopback.open()
    client:send "good"
    there.to.bytes = there.to.bytes .. "no TLS record at all"
    assert.equal("good", server:receive(4))
    local data, message, partial, code = server:receive(1)
    assert.is_nil(data)
    assert.matches("^peer_", code)
    assert.equal("", partial)
    assert.equal(server:failure().message, message)
    assert.same({ nil, message, 0, code }, { server:send "x" })
    -- and the peer was told
    local _, _, _, alert = client:receive()
    assert.matches("^alert_", alert)
  end)

  it("is the transport's own sentence when that broke", function()
    local client, _, there, back = loopback.open()
    there.receive_error = "No route to host"
    back:close()
    local data, message, _, code = client:receive()
    assert.is_nil(data)
    assert.equal("io_error", code)
    assert.equal("could not receive from the peer: No route to host", message)
    assert.same({ message = message, code = code }, client:failure())
    local other, _, wire = loopback.open()
    wire.broken = "Network is down"
    local _, sentence, last = other:send "x"
    assert.equal("could not send to the peer: Network is down", sentence)
    assert.equal(1, last)
  end)

  it("is noticed by a send, which first reads what the peer had to say", function()
    local client, server, _, back = loopback.open()
    client:send "last words"
    client:close()
    back.broken = "closed"
    local last, err = server:send "x"
    assert.is_nil(last)
    assert.equal("closed", err)
    assert.equal("last words", server:receive "*a")
  end)

  it("makes everything say closed after close(), which can be called again", function()
    local client, server, there = loopback.open()
    server:send "unread"
    assert.equal(1, client:close())
    assert.equal(1, client:close())
    assert.is_true(there.closed)
    assert.same({ nil, "closed", "pre", "closed" }, { client:receive("*a", "pre") })
    assert.same({ nil, "closed", 0, "closed" }, { client:send "x" })
    assert.same({ nil, "closed", "closed" }, { client:handshake() })
    assert.same({ nil, "closed", "closed" }, { client:shutdown "send" })
    assert.is_false(client:dirty())
    assert.is_nil(client:want())
    assert.equal("beartls.stream (closed)", tostring(client))
    assert.equal("TLSv1.3", client:version())
  end)

  it("leaves the wire untouched when the handshake never began", function()
    local client, server, there, back = loopback.streams()
    client:close()
    server:close()
    assert.equal("", loopback.logged(there) .. loopback.logged(back))
  end)

  it("does not wait for long for a peer that takes nothing", function()
    local client, _, there = loopback.open()
    there.capacity = 0
    there.on_wait = function()
      assert.is_true(there.limit > 0)
      return nil, "timeout"
    end
    assert.equal(1, client:close())
    assert.is_true(there.closed)
  end)

  it("of sending is a close_notify, too", function()
    local client, server, there = loopback.open()
    client:send "last words"
    assert.equal(1, client:shutdown "send")
    assert.equal("send", there.shut)
    assert.equal("last words", server:receive "*a")
    assert.same({ nil, "closed", "", "closed" }, { server:receive() })
    assert.same({ nil, "closed", 0, "closed" }, { client:send "x" })
    server:send "an answer"
    server:close()
    assert.equal("an answer", client:receive "*a")
    assert.same({ nil, "closed", "", "closed" }, { client:receive() })
  end)

  it("comes with the end of its block on Lua 5.4", function()
    if _VERSION ~= "Lua 5.4" then
      return
    end
    local client, server = loopback.open()
    local block = assert(load "local client = ... do local s <close> = client end")
    block(client)
    assert.same({ nil, "closed", "", "closed" }, { server:receive() })
  end)

  it("may be a handshake, some data and the close in one segment", function()
    local client, server, _, back = loopback.streams()
    client:handshake()
    server:handshake()
    client:handshake()
    assert.is_true(server:handshake())
    server:send "short and sweet"
    server:close()
    back.piece = 65536
    assert.is_true(client:handshake())
    assert.equal("short and sweet", client:receive "*a")
    assert.same({ nil, "closed", "", "closed" }, { client:receive() })
  end)
end)

describe("stream.new", function()
  it("takes a session that has been fed before", function()
    local client, server, there = loopback.open()
    client:send "early"
    server:session():feed(there.to.bytes)
    there.to.bytes = ""
    assert.equal("early", server:receive(5))
  end)

  it("asks a transport for nothing that it need not have", function()
    local client, server = loopback.sessions()
    local there, back = loopback.wire()
    local function bare(t)
      return {
        send = function(_, ...) return t:send(...) end,
        receive = function() return t:receive() end,
        close = function() t:close() end,
      }
    end
    local a, b = stream.new(client, bare(there)), stream.new(server, bare(back))
    loopback.shake(a, b)
    assert.equal(2, a:send "hi")
    assert.equal("hi", b:receive(2))
    assert.same({ nil, "want_read", "", "want_read" }, { b:receive(1) })
    assert.is_false(b:dirty())
    a:close()
    assert.same({ nil, "closed", "", "closed" }, { b:receive(1) })
  end)
end)
