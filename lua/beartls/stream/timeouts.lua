-- timeouts.lua: LuaSocket's settimeout for the transports of every host: until when a call of the program may wait.
-- Each coroutine has a deadline of its own: one may read while another one writes.

local huge, min = math.huge, math.min

local timeouts = {}

local weak = { __mode = "k" }

local function settimeout(self, seconds, mode)
  if seconds ~= nil and type(seconds) ~= "number" then
    error("settimeout: the timeout must be a number of seconds or nil", 3)
  elseif seconds and seconds < 0 then
    seconds = nil
  end
  if mode == nil or mode == "b" then
    self.block = seconds
  elseif mode == "t" then
    self.total = seconds
  else
    error('settimeout: the mode must be "b" or "t"', 3)
  end
  return 1
end

local function gettimeout(self)
  return self.block or -1, self.total or -1
end

---Gives a class of transports settimeout(seconds, mode), gettimeout(), begin(seconds), time_left() and never_waits().
---Like LuaSocket's, both timeouts, "b" and "t", count from the beginning of the call.
---@param class table
---@param now fun(): number seconds, from wherever they count
function timeouts.add(class, now)
  class.settimeout, class.gettimeout = settimeout, gettimeout

  function class:begin(seconds)
    local least = min(self.block or huge, self.total or huge, seconds or huge)
    if least < huge or self.deadlines then
      self.deadlines = self.deadlines or setmetatable({}, weak)
      self.deadlines[coroutine.running() or "main"] = least == 0 and 0 or least < huge and now() + least or nil
    end
  end

  local function deadline(self)
    return self.deadlines and self.deadlines[coroutine.running() or "main"]
  end

  -- Whether this call may not wait at all.
  function class:never_waits()
    return deadline(self) == 0
  end

  -- How many seconds this call may still wait: nil for any number of them.
  function class:time_left()
    local at = deadline(self)
    return at and at - now()
  end
end

return timeouts
