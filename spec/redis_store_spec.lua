-- The store in Redis, over sockets in memory that say what a spec wants. spec/hosts/redis_spec.lua starts a real one.
local redis = require "beartls.store.redis"
local resp = require "beartls.store.redis.resp"

-- A socket that gives these bytes, whatever it is sent, and then what `ending` says.
local function saying(bytes, ending)
  local socket = { sent = "", bytes = bytes, closed = false }
  function socket:send(data)
    if self.refuses then
      return nil, self.refuses
    end
    self.sent = self.sent .. data
    return #data
  end
  function socket:receive(n)
    assert(type(n) == "number" and not self.closed)
    if #self.bytes < n then
      return nil, ending or "closed"
    end
    local part = self.bytes:sub(1, n)
    self.bytes = self.bytes:sub(n + 1)
    return part
  end
  function socket:close()
    self.closed = true
  end
  return socket
end

-- A store whose connections are these sockets, in order; then there is none.
local function store_of(sockets, given)
  given = given or {}
  local next_one = 0
  given.connect = given.connect or function()
    next_one = next_one + 1
    return sockets[next_one], "connection refused"
  end
  return redis.new(given)
end

local function never()
  return false
end

describe("a command", function()
  it("is an array of binary strings", function()
    assert.equal("*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$1\r\n7\r\n", resp.command("SET", "a\r\n", 7))
  end)
end)

describe("a reply", function()
  it("is read as what it is", function()
    for bytes, wanted in pairs {
      ["+OK\r\n"] = { true, "OK" }, ["-ERR no\r\n"] = { false, "ERR no" }, [":-12\r\n"] = { true, -12 },
      ["$3\r\na\r\n\r\n"] = { true, "a\r\n" }, ["$0\r\n\r\n"] = { true, "" }, ["$-1\r\n"] = { true },
      ["*2\r\n$1\r\nx\r\n:1\r\n"] = { true, { n = 2, "x", 1 } }, ["*-1\r\n"] = { true, { n = -1 } },
      ["*2\r\n$-1\r\n:0\r\n"] = { true, { n = 2, nil, 0 } }, ["*1\r\n-ERR x\r\n"] = { false, "ERR x" },
    } do
      assert.same(wanted, { resp.read(saying(bytes), never) })
    end
  end)

  it("that is malformed, too long or cut short is the end of its connection", function()
    for _, bytes in ipairs { "", "+OK", "+OK\n", "OK\r\n", "\r\n", "$x\r\n", "$5\r\nabc\r\n", "$3\r\nabcde", "$-2\r\n",
      "$131073\r\n" .. ("x"):rep(131073) .. "\r\n", "$99999999999999999999\r\n", "*17\r\n" .. (":1\r\n"):rep(17),
      "*1\r\n*1\r\n:1\r\n", "*2\r\n:1\r\n", ":x\r\n", "+" .. ("x"):rep(600) .. "\r\n", ("x"):rep(5000),
      "HTTP/1.1 400 Bad Request\r\n\r\n", "$1e3\r\n", "$0x10\r\n" } do
      local ok, err = resp.read(saying(bytes), never)
      assert.is_nil(ok)
      assert.is_string(err)
    end
  end)

  it("that trickles in has its time", function()
    local calls = 0
    local ok, err = resp.read(saying(("x"):rep(400)), function()
      calls = calls + 1
      return calls > 10
    end)
    assert.same({ nil, "timeout" }, { ok, err })
    assert.equal(11, calls)
  end)

  it("of whatever bytes raises nothing", function()
    math.randomseed(5)
    local alphabet = { "+", "-", ":", "$", "*", "\r\n", "1", "2", "3", "OK", "\0", "-1", "\n", "\r", "999999" }
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(12) do
        parts[i] = alphabet[math.random(#alphabet)]
      end
      local ok, value = resp.read(saying(table.concat(parts)), never)
      assert(ok or type(value) == "string")
    end
  end)
end)

describe("the store in Redis", function()
  it("says what it wants in few words, under its prefix", function()
    local socket = saying "+OK\r\n+OK\r\n$-1\r\n$1\r\nv\r\n$1\r\nv\r\n$-1\r\n"
    local store = store_of({ socket }, { prefix = "p:" })
    assert.is_true(store:put("k", "v", 7200))
    assert.is_true(store:add("k", "v", 0.5))
    assert.is_false(store:add("k", "v", 10.9))
    assert.equal("v", store:get "k")
    assert.equal("v", store:take "k")
    assert.is_nil(store:take "k")
    assert.equal(resp.command("SET", "p:k", "v", "EX", 7200) .. resp.command("SET", "p:k", "v", "EX", 1, "NX")
      .. resp.command("SET", "p:k", "v", "EX", 10, "NX") .. resp.command("GET", "p:k")
      .. resp.command("GETDEL", "p:k"):rep(2), socket.sent)
    assert.is_nil(store:failure())
  end)

  it("authenticates and selects its database, on every connection", function()
    local sockets = { saying "+OK\r\n+OK\r\n$-1\r\n", saying "+OK\r\n+OK\r\n$1\r\nx\r\n" }
    local store = store_of(sockets, { username = "me", password = "secret", database = 3 })
    assert.is_nil(store:get "k")
    store:close()
    assert.equal("x", store:get "k")
    for _, socket in ipairs(sockets) do
      assert.equal(resp.command("AUTH", "me", "secret") .. resp.command("SELECT", 3)
        .. resp.command("GET", "beartls:k"), socket.sent)
    end
    local refused = saying "-WRONGPASS invalid\r\n"
    store = store_of({ refused }, { password = "wrong" })
    local value, err = store:get "k"
    assert.is_nil(value)
    assert.matches("WRONGPASS", err)
    assert.is_true(refused.closed)
    local repeating = saying "-ERR unknown command 'AUTH', with args beginning with: 'p%w' \r\n"
    store = store_of({ repeating }, { password = "p%w" })
    assert.is_nil(store:get "k")
    assert.equal("Redis does not take the password", (store:failure()))
  end)

  it("takes in two steps what has no GETDEL, and knows it from then on", function()
    local two = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\nv\r\n:1\r\n"
    local none = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$-1\r\n:0\r\n"
    local sockets = { saying "-ERR unknown command `GETDEL`, with args beginning with: \r\n", saying(two .. none) }
    local store = store_of(sockets)
    assert.equal("v", store:take "k")
    assert.is_nil(store:take "k")
    local transaction = resp.command "MULTI" .. resp.command("GET", "beartls:k") .. resp.command("DEL", "beartls:k")
      .. resp.command "EXEC"
    assert.equal(transaction:rep(2), sockets[2].sent)
    assert.is_nil(store:failure())
  end)

  it("is left alone after an error, longer each time, and by all but one when it may be back", function()
    local now, tries, up = 100, 0, false
    local store = redis.new {
      time = function() return now end,
      connect = function()
        tries = tries + 1
        return up and saying "$1\r\nv\r\n$1\r\nv\r\n" or nil, "connection refused"
      end,
    }
    for i, pause in ipairs { 1, 2, 4, 8, 16, 30, 30 } do
      local value, err = store:get "k"
      assert.same({ nil, "connection refused" }, { value, err })
      assert.equal(i, tries)
      assert.same({ "connection refused", pause }, { store:failure() })
      now = now + pause - 1
      for _, method in ipairs { "get", "take", "put", "add" } do
        assert.is_nil((store[method](store, "k", "v", 10)))
      end
      assert.equal(i, tries)
      now = now + 1
    end
    up = true
    assert.equal("v", store:get "k")
    assert.is_nil(store:failure())
    assert.equal("v", store:get "k")
    assert.equal(8, tries)
  end)

  it("is asked by one only while it is not known whether it is back", function()
    local now, tries, down = 100, 0, true
    local store = redis.new {
      time = function() return now end,
      connect = function()
        tries = tries + 1
        if down then
          return nil, "refused"
        end
        coroutine.yield()
        return saying "$1\r\nv\r\n"
      end,
    }
    store:get "k"
    now, down = 102, false
    local got = {}
    local first = coroutine.create(function() got[1] = store:get "k" end)
    coroutine.resume(first)
    assert.is_nil((store:get "k"))
    assert.equal(2, tries)
    coroutine.resume(first)
    assert.equal("v", got[1])
  end)

  it("goes on with a new connection when Redis has closed an idle one, and fails when that is closed, too", function()
    local sockets = { saying "$1\r\na\r\n", saying "$1\r\nb\r\n", saying "" }
    local store = store_of(sockets)
    assert.equal("a", store:get "k")
    assert.equal("b", store:get "k")
    assert.is_true(sockets[1].closed)
    local value, err = store:get "k"
    assert.same({ nil, "closed" }, { value, err })
    assert.is_true(sockets[3].closed)
  end)

  it("closes what has answered nonsense, or nothing in time, and says so", function()
    for _, case in ipairs { { "HTTP/1.1 400\r\n", nil, "no Redis" }, { "", "timeout", "^timeout$" },
      { "-OOM command not allowed\r\n", nil, "OOM" }, { "-LOADING\r\n", nil, "LOADING" },
      { "$5\r\nab", "timeout", "^timeout$" } } do
      local socket = saying(case[1], case[2])
      local store = store_of { socket }
      local ok, err = store:put("k", "v", 1)
      assert.is_nil(ok)
      assert.matches(case[3], err)
      assert.is_true(socket.closed)
      assert.matches(case[3], (store:failure()))
    end
    local socket = saying ""
    socket.refuses = "timeout"
    assert.same({ nil, "timeout" }, { store_of({ socket }):get "k" })
  end)

  it("has a connection for each coroutine that waits, up to a number, and takes them again", function()
    local opened, waiting = {}, {}
    local store = redis.new {
      connections = 2,
      connect = function()
        local socket = saying(("$1\r\nv\r\n"):rep(10))
        local receive = socket.receive
        function socket:receive(n)
          if n == 1 and waiting[coroutine.running()] then
            coroutine.yield()
          end
          return receive(self, n)
        end
        opened[#opened + 1] = socket
        return socket
      end,
    }
    local got, threads = {}, {}
    for i = 1, 3 do
      threads[i] = coroutine.create(function()
        got[i] = { store:get "k" }
      end)
      waiting[threads[i]] = true
      coroutine.resume(threads[i])
    end
    assert.equal(2, #opened)
    assert.same({ nil, "all connections to Redis are in use" }, got[3])
    for i = 1, 2 do
      while coroutine.status(threads[i]) ~= "dead" do
        assert(coroutine.resume(threads[i]))
      end
      assert.same({ "v" }, got[i])
    end
    assert.equal("v", store:get "k")
    assert.equal(2, #opened)
    assert.is_nil(store:failure())
    store:close()
    assert.is_true(opened[1].closed and opened[2].closed)
    -- A coroutine that was given up in the middle does not hold its connection for ever.
    store:get "k"
    for _ = 1, 5 do
      do
        local thread = coroutine.create(function() store:get "k" end)
        waiting[thread] = true
        coroutine.resume(thread)
        waiting[thread] = nil
      end
      opened = {}
      collectgarbage()
      collectgarbage()
    end
    assert.equal("v", store:get "k")
  end)

  it("counts connections that are being made", function()
    local opened, threads, got = 0, {}, {}
    local store = redis.new {
      connections = 2,
      connect = function()
        opened = opened + 1
        coroutine.yield()
        return saying "$1\r\nv\r\n"
      end,
    }
    for i = 1, 5 do
      threads[i] = coroutine.create(function() got[i] = { store:get "k" } end)
      assert(coroutine.resume(threads[i]))
    end
    assert.equal(2, opened)
    for i = 1, 2 do
      assert(coroutine.resume(threads[i]))
      assert.same({ "v" }, got[i])
    end
  end)

  it("gives connections back to a host that pools them, and greets none twice", function()
    local socket, released = saying(("$1\r\nv\r\n"):rep(2)), 0
    function socket.getreusedtimes() return 5 end
    local store = store_of({}, { connect = function() return socket end, password = "x",
      release = function(given)
        assert.equal(socket, given)
        released = released + 1
      end })
    assert.equal("v", store:get "k")
    assert.equal("v", store:get "k")
    assert.equal(2, released)
    assert.equal(resp.command("GET", "beartls:k"):rep(2), socket.sent)
  end)

  it("says what is misspelt or of the wrong kind, and who it is", function()
    assert.matches('did you mean "prefix"', select(2, pcall(redis.new, { prefx = "x" })))
    for _, wrong in ipairs { { timeout = 0 }, { port = "x" }, { connect = 5 }, { host = 1 }, { database = 1.5 } } do
      assert.has_error(function() redis.new(wrong) end)
    end
    assert.equal("beartls.store.redis (/run/redis.sock)", tostring(redis.new { path = "/run/redis.sock" }))
  end)
end)
