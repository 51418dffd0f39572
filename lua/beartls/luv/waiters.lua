-- waiters.lua: the coroutines that wait for one connection, each for what it wants and for as long as it may. luv's
-- callbacks wake them.

local task = require "beartls.luv.task"
local uv = require "luv"

---@class beartls.luv.waiters
local methods = {}

local waiters_mt = { __index = methods }

local function now()
  return uv.hrtime() / 1e9
end

local function resume(self, woken, ...)
  for _, co in ipairs(woken) do
    if self.list[co] then -- else one that was resumed before it has woken it
      self.list[co] = nil
      task.resume(co, ...)
    end
  end
end

---Wakes those who wait for this, or for either; all of them unless `want` is given.
---@param want "read"|"write"|nil
function methods:wake(want)
  local woken = {}
  for co, waiter in pairs(self.list) do
    if not want or waiter.want == want or waiter.want == "both" then
      woken[#woken + 1] = co
    end
  end
  resume(self, woken)
end

-- Wakes those whose time is up, and sets the timer for the next one.
local function look_at_clock(self)
  local time, woken, soonest = now(), {}, math.huge
  for co, waiter in pairs(self.list) do
    if waiter.deadline <= time then
      woken[#woken + 1] = co
    else
      soonest = math.min(soonest, waiter.deadline)
    end
  end
  if soonest < math.huge then
    self.timer = self.timer or uv.new_timer()
    self.timer:start(math.ceil((soonest - time) * 1000), 0, function()
      look_at_clock(self)
    end)
  end
  resume(self, woken, "timeout")
end

---Suspends the coroutine that runs until it is woken: true, or nil, "timeout".
---@param want "read"|"write"|"both"
---@param seconds number|nil
---@return true|nil
---@return string|nil err
function methods:wait(want, seconds)
  local co = task.running()
  if not co then
    error("beartls.luv: this has to wait: call it in a coroutine (luv.go), or with settimeout(0)", 0)
  elseif seconds and seconds <= 0 then
    return nil, "timeout"
  end
  self.list[co] = { want = want, deadline = seconds and now() + seconds or math.huge }
  if seconds then
    look_at_clock(self)
  end
  local err = coroutine.yield()
  if err then
    return nil, err
  end
  return true
end

---Wakes all of them, for good.
function methods:close()
  if self.timer and not self.timer:is_closing() then
    self.timer:close()
  end
  self:wake()
end

---@return beartls.luv.waiters
return function()
  return setmetatable({ list = {}, timer = nil }, waiters_mt)
end
