-- coroutines.lua: for the specs of event loops that leave it to the program to count its coroutines: runs functions
-- until all have returned or one has failed.

local luasocket = require "socket"

-- Bounds every run, in seconds.
local PATIENCE = 60

---@param go fun(f: function) begins a coroutine on the loop
---@param turn fun() lets the loop go round once, in bounded time
---@param pcall_and_yield function a pcall within which coroutines can yield
---@return table { spawn = as loop_cases has it, run = likewise, is_running() }
return function(go, turn, pcall_and_yield)
  local coroutines = {}
  local running, failure = 0, nil

  function coroutines.spawn(f)
    running = running + 1
    go(function()
      local ok, err = pcall_and_yield(f)
      running = running - 1
      failure = failure or not ok and err
    end)
  end

  function coroutines.run(...)
    running, failure = 0, nil
    for _, f in ipairs { ... } do
      coroutines.spawn(f)
    end
    local deadline = luasocket.gettime() + PATIENCE
    while running > 0 and not failure and luasocket.gettime() < deadline do
      turn()
    end
    local left = running
    running = 0
    if failure then
      error(failure, 0)
    end
    assert(left == 0, "the coroutines do not come to an end")
  end

  function coroutines.is_running()
    return running > 0
  end

  return coroutines
end
