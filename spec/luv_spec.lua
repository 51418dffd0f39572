local cases = require "support.loop_cases"
local loopback = require "support.loopback"
local pki = require "support.pki"
local new_coroutines = require "support.coroutines"
local process = require "support.process"

local there, uv = pcall(require, "luv")
if not there then
  describe("a stream on luv", function()
    pending "needs lua-luv"
  end)
  return
end

local luv = require "beartls.luv"
local task = require "beartls.luv.task"

-- On Lua 5.1 a coroutine cannot yield within a pcall.
local pcall_and_yield = _VERSION == "Lua 5.1" and require "coxpcall".pcall or pcall

local coroutines = new_coroutines(luv.go, function()
  local alarm = uv.new_timer() -- so that the loop goes round
  alarm:start(100, 0, function() end)
  uv.run "once"
  alarm:close()
end, pcall_and_yield)

local host = { name = "luv", adapter = luv, spawn = coroutines.spawn, run = coroutines.run }

function host.sleep(seconds)
  task.await(function() end, seconds)
end

function host.listen()
  local listener, waiting = uv.new_tcp(), {}
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen(16, function(err)
    assert(not err, err)
    local tcp = uv.new_tcp()
    assert(listener:accept(tcp))
    waiting[#waiting + 1] = tcp
  end))
  return { uv = listener, waiting = waiting }, listener:getsockname().port
end

function host.accept(listener)
  while not listener.waiting[1] do
    host.sleep(0.01)
  end
  return table.remove(listener.waiting, 1)
end

function host.close(listener)
  listener.uv:close()
  for _, tcp in ipairs(listener.waiting) do
    tcp:close()
  end
  -- luv 1.44 crashes when a Lua state ends with handles that are being closed.
  for _ = 1, coroutines.is_running() and 0 or 10 do
    uv.run "nowait"
  end
end

function host.serve(...)
  local server = assert(luv.listen("127.0.0.1", 0, ...))
  return { uv = server, waiting = {} }, server:getsockname().port
end

function host.reset(tcp)
  tcp:close_reset()
end

describe("a stream on luv", function()
  for _, case in ipairs(cases) do
    it(case.name, function()
      case.run(host)
    end)
  end
end)

-- A server of luv.listen that runs `handler`, and its port.
local function serve(handler, given)
  return host.serve(select(2, loopback.configs()), handler, given)
end

local function echo(s)
  while true do
    local data = s:receiveany()
    if not data then
      return
    end
    assert(s:send(data))
  end
end

-- Waits in a coroutine until a callback has said something: until(done) is true.
local function until_true(condition)
  while not condition() do
    host.sleep(0.01)
  end
end

describe("callbacks on luv", function()
  local client_config = loopback.configs()

  it("connect, write, read and close", function()
    local server, port = serve(echo)
    local said, ended = {}, nil
    host.run(function()
      luv.connect("localhost", port, client_config, { timeout = 20 }, function(err, s)
        assert(not err, err)
        s:read_start(function(failed, data)
          assert(not failed, failed)
          said[#said + 1] = data or "end"
          if data and table.concat(said) == "onetwothree" then
            s:shutdown "send"
          end
        end)
        for i, word in ipairs { "one", "two", "three" } do
          s:write(word, function(failed)
            assert(not failed, failed)
            ended = i
          end)
        end
      end)
      until_true(function()
        return said[#said] == "end"
      end)
    end)
    assert.equal("onetwothreeend", table.concat(said))
    assert.equal(3, ended)
    host.close(server)
  end)

  it("hear why there is no connection, and why one has ended", function()
    local server, port = serve(function(s)
      s:session():close() -- as if it were lost
      s:session():drain()
    end)
    local refused, ending
    host.run(function()
      luv.connect("127.0.0.1", 1, client_config, nil, function(...)
        refused = { ... }
      end)
      luv.connect("localhost", port, client_config, nil, function(_, s)
        s:read_start(function(...)
          ending = { ... }
          s:close()
        end)
      end)
      until_true(function()
        return refused and ending
      end)
    end)
    assert.equal("could not connect to 127.0.0.1:1: connection refused", refused[1])
    assert.equal("io_connection_refused", refused[3])
    assert.same({ "truncated", nil, "truncated" }, ending)
    host.close(server)
  end)

  it("hear nothing more after a close", function()
    local server, port = serve(echo)
    local calls = 0
    host.run(function()
      local s = assert(luv.connect("localhost", port, client_config))
      s:read_start(function()
        calls = calls + 1
        s:close()
      end)
      s:write "hello"
      until_true(function()
        return calls > 0
      end)
      host.sleep(0.05)
    end)
    assert.equal(1, calls)
    host.close(server)
  end)

  it("are told of a peer that is idle, and go on", function()
    local server, port = serve(echo)
    local heard = {}
    host.run(function()
      local s = assert(luv.connect("localhost", port, client_config))
      s:settimeout(0.1)
      s:read_start(function(err, data)
        heard[#heard + 1] = err or data
      end)
      until_true(function()
        return heard[2]
      end)
      s:write "hello"
      until_true(function()
        return heard[#heard] == "hello"
      end)
      s:close()
    end)
    assert.equal("timeout", heard[1])
    assert.equal("timeout", heard[2])
    host.close(server)
  end)

  it("get nothing while reading is stopped, and everything when it goes on", function()
    local data = ("0123456789abcdef"):rep(65536)
    local server, port = serve(function(s)
      assert(s:send(data))
    end)
    local got, size, stopped = {}, 0, false
    host.run(function()
      local s = assert(luv.connect("localhost", port, client_config))
      local function take(err, part)
        assert(not err and not stopped, err or "called back while stopped")
        got[#got + 1], size = part, size + #(part or "")
        if size > 100000 and size < 200000 then
          s:read_stop()
          stopped = true
        end
      end
      s:read_start(take)
      until_true(function()
        return stopped
      end)
      host.sleep(0.1)
      stopped, size = false, size + 100000
      s:read_start(take)
      until_true(function()
        return size == #data + 100000
      end)
      s:close()
    end)
    assert.is_true(table.concat(got) == data)
    host.close(server)
  end)

  it("know how much has been written but has not left, and get an error for what never will", function()
    local server, port = serve(function(s)
      host.sleep(0.3)
      s:receive "*a"
    end)
    local errors = {}
    host.run(function()
      local s = assert(luv.connect("localhost", port, client_config))
      for i = 1, 3 do
        s:write(("x"):rep(8 * 1024 * 1024), function(err)
          errors[i] = err or "none"
        end)
      end
      host.sleep(0.1)
      assert.is_true(s:get_write_queue_size() > 16 * 1024 * 1024)
      s:close()
      until_true(function()
        return errors[3]
      end)
      assert.equal(0, s:get_write_queue_size())
    end)
    assert.same({ "closed", "closed", "closed" }, errors)
    host.close(server)
  end)

  it("raise when what is written is no string", function()
    local server, port = serve(echo)
    host.run(function()
      local s = assert(luv.connect("localhost", port, client_config))
      local ok, err = pcall(s.write, s, {})
      assert.is_false(ok)
      assert.matches("must be a string, not a table", err)
      s:close()
    end)
    host.close(server)
  end)
end)

describe("luv.listen", function()
  it("says why it cannot", function()
    local server, message = luv.listen("203.0.113.1", 0, select(2, loopback.configs()), echo)
    assert.is_nil(server)
    assert.matches("EADDRNOTAVAIL", message)
    host.close { uv = uv.new_timer(), waiting = {} } -- the loop hears that it has been closed
  end)
end)

describe("luv.wrap and luv.accept", function()
  it("take pipes, too", function()
    local client_config, server_config = loopback.configs()
    local ends = {}
    for i, fd in ipairs(uv.socketpair and assert(uv.socketpair(nil, nil, nil, nil)) or {}) do
      ends[i] = uv.new_pipe(false)
      assert(ends[i]:open(fd))
    end
    if not ends[2] then
      pending "needs uv.socketpair"
      return
    end
    local heard
    host.run(function()
      local s = assert(luv.accept(ends[1], server_config))
      heard = s:receive "*a"
      s:close()
    end, function()
      local s = assert(luv.wrap(ends[2], client_config, "localhost"))
      assert(s:send "through a pipe")
      s:close()
      host.sleep(0.05)
    end)
    assert.equal("through a pipe", heard)
  end)
end)

describe("outside of coroutines, luv", function()
  it("raises instead of waiting, but closes", function()
    local config = loopback.configs()
    local ok, err = pcall(luv.connect, "127.0.0.1", 1, config)
    assert.is_false(ok)
    assert.matches("call it in a coroutine", err)
    local server, port = serve(echo)
    local s
    host.run(function()
      s = assert(luv.connect("localhost", port, config))
    end)
    ok, err = pcall(s.receive, s)
    assert.is_false(ok)
    assert.matches("call it in a coroutine", err)
    s:settimeout(0)
    assert.equal("want_read", select(2, s:receive()))
    s:close()
    host.close(server)
  end)
end)

-- In a process of its own: LuaSocket, which ignores SIGPIPE for all, is not loaded in it.
local reset_program = [[
local uv, luv, tls = require "luv", require "beartls.luv", require "beartls"
local config = assert(tls.config { trust = %q, certificate = %q, key = %q })
local server, port
server = assert(luv.listen("127.0.0.1", 0, config, function(s)
  s.transport.tcp:close_reset()
  s.closed = true
  server:close()
end))
luv.go(function()
  local s = assert(luv.connect("localhost", server:getsockname().port, config))
  local ok, err
  repeat
    ok, err = s:send(("x"):rep(100000))
  until not ok
  print("the peer is gone:", err)
  assert(not package.loaded.socket, "LuaSocket is here")
  s:close()
end)
uv.run()
print "alive"
]]

describe("a peer that resets its connection", function()
  teardown(process.cleanup)

  it("does not end the process with SIGPIPE, LuaSocket or not", function()
    local file = process.tmpdir() .. "/reset.lua"
    process.write_file(file, reset_program:format(pki.path "trust.pem", pki.path "server_ec.pem",
      pki.path "server_ec.key"))
    -- Who runs this ignores the signal, and so would the child.
    local lua = "env --default-signal=PIPE " .. (os.getenv "BEARTLS_LUA" or "lua5.4")
    local output, code = process.run(lua .. " " .. file)
    assert.equal(0, code, output)
    assert.matches("the peer is gone:\t%w+\nalive", output)
  end)
end)
