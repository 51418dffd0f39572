-- The store in Redis under event loops: it waits as they do, so that one coroutine's lookup holds up no other.

local loopback = require "support.loopback"
local luasocket = require "socket"
local peer = require "support.peer"
local process = require "support.process"
local redis = require "beartls.store.redis"

local it = peer.needs("redis-server", it, pending)

-- Debian has copas for Lua 5.1 and 5.2 alone, but it is Lua that every version understands.
local function try(name)
  local before = package.path
  package.path = package.path .. ";/usr/share/lua/5.1/?.lua"
  package.loaded["socket.http"] = name == "copas" and nil or package.loaded["socket.http"]
  local ok, module = pcall(require, name)
  package.path = before
  return ok and module
end

local loops = {}

-- Each runs functions as coroutines of its own until all have returned.
function loops.copas(functions)
  local copas, left = try "copas", #functions
  for _, f in ipairs(functions) do
    copas.addthread(function()
      f()
      left = left - 1
    end)
  end
  local deadline = luasocket.gettime() + 30
  while left > 0 and luasocket.gettime() < deadline do
    copas.step(0.02)
  end
  return left
end

function loops.cqueues(functions)
  local loop, left = try("cqueues").new(), #functions
  for _, f in ipairs(functions) do
    loop:wrap(function()
      f()
      left = left - 1
    end)
  end
  assert(loop:loop(30))
  return left
end

function loops.luv(functions)
  local uv, left = try "luv", #functions
  for _, f in ipairs(functions) do
    coroutine.wrap(function()
      f()
      left = left - 1
    end)()
  end
  local timer = uv.new_timer()
  timer:start(30000, 0, uv.stop)
  while left > 0 and timer:is_active() do
    uv.run "once"
  end
  timer:close()
  -- luv 1.44 crashes when a Lua state ends with handles that are being closed.
  for _ = 1, 10 do
    uv.run "nowait"
  end
  return left
end

describe("the store in Redis, under", function()
  local port, dir

  setup(function()
    dir, port = process.tmpdir(), process.free_port()
    if process.has "redis-server" then
      process.start(peer.words("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly",
        "no", "--dir", dir)):wait_for_port(port)
    end
  end)
  teardown(process.cleanup)

  for name, run in pairs(loops) do
    it(name .. ", serves many coroutines at once", function()
      if not try(name) then
        return pending("needs " .. name)
      end
      local adapter = require("beartls." .. name)
      local store = redis.new { port = port, prefix = name, timeout = 10, connect = adapter.plain }
      local functions, done = {}, 0
      for i = 1, 12 do
        functions[i] = function()
          local value = (tostring(i) .. "\r\n\0"):rep(5000)
          for round = 1, 5 do
            local key = ("%d %d"):format(i, round)
            assert(store:put(key, value, 60))
            assert(store:get(key) == value)
            assert(store:take(key) == value)
            assert(store:take(key) == nil)
            done = done + 1
          end
        end
      end
      assert.equal(0, run(functions))
      assert.equal(60, done)
      assert.is_nil((store:failure()))
      run { function() store:close() end }
    end)

    it(name .. ", waits for one that hangs no longer than it was told, and holds nobody up meanwhile", function()
      if not try(name) then
        return pending("needs " .. name)
      end
      local adapter = require("beartls." .. name)
      local listener, silent = loopback.listen()
      local store = redis.new { port = silent, timeout = 0.3, connect = adapter.plain }
      local other = redis.new { port = port, prefix = name, timeout = 10, connect = adapter.plain }
      local answers, waiting, meanwhile = {}, true, 0
      assert.equal(0, run {
        function()
          answers = { store:get "x" }
          waiting = false
        end,
        function()
          while waiting do
            assert(other:put("y", "z", 10))
            meanwhile = meanwhile + 1
          end
        end,
      })
      listener:close()
      assert.same({ nil, "timeout" }, answers)
      assert.is_true(meanwhile > 1)
      -- Nobody listens there any more.
      local nobody = redis.new { port = silent, timeout = 5, connect = adapter.plain }
      assert.equal(0, run { function()
        answers = { nobody:get "x" }
      end })
      assert.is_nil(answers[1])
      assert.matches("could not connect", answers[2])
      run { function() other:close() end }
    end)
  end
end)
