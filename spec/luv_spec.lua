local cases = require "support.loop_cases"
local luasocket = require "socket"

local there, uv = pcall(require, "luv")
if not there then
  describe("a stream on luv", function()
    pending "needs lua-luv"
  end)
  return
end

local luv = require "beartls.luv"
local task = require "beartls.luv.task"

-- Bounds every run, in seconds.
local PATIENCE = 60

-- On Lua 5.1 a coroutine cannot yield within a pcall.
local pcall_and_yield = _VERSION == "Lua 5.1" and require "coxpcall".pcall or pcall

local host = { name = "luv", adapter = luv }

local running, failure

function host.spawn(f)
  running = running + 1
  luv.go(function()
    local ok, err = pcall_and_yield(f)
    running = running - 1
    failure = failure or not ok and err
  end)
end

function host.run(...)
  running, failure = 0, nil
  for _, f in ipairs { ... } do
    host.spawn(f)
  end
  local alarm = uv.new_timer() -- so that the loop goes round
  alarm:start(100, 100, function() end)
  local deadline = luasocket.gettime() + PATIENCE
  while running > 0 and not failure and luasocket.gettime() < deadline do
    uv.run "once"
  end
  alarm:close()
  if failure then
    error(failure, 0)
  end
  assert(running == 0, "the coroutines do not come to an end")
end

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
  for _ = 1, 10 do
    uv.run "nowait"
  end
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
