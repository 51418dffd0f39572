-- measure.lua: clocks, medians, and what the system says about this process.

local socket = require "socket"

local measure = {}

-- What one side does is counted in CPU time of the process: both sides live in it, one after the
-- other.
measure.cpu = os.clock
measure.now = socket.gettime

---Sleeps for a millisecond, which is no CPU time.
function measure.pause()
  socket.sleep(0.001)
end

function measure.median(list)
  local sorted = {}
  for i, value in ipairs(list) do
    sorted[i] = value
  end
  table.sort(sorted)
  local middle = math.floor(#sorted / 2)
  if #sorted % 2 == 1 then
    return sorted[middle + 1]
  end
  return (sorted[middle] + sorted[middle + 1]) / 2
end

---Runs jobs in turns, so that what the machine does besides hurts all of them alike, and each for
---`seconds` in each of `rounds` rounds. A job does one unit of work and adds to the sums that it
---is given.
---@param jobs table<string, fun(sums: table)>
---@param names string[] the order of the jobs; those that are not in `jobs` are left out
---@param seconds number
---@param rounds integer
---@return table<string, table<string, number>> name -> sum -> median over the rounds of sum per unit
function measure.in_turns(jobs, names, seconds, rounds)
  local seen = {}
  for round = 0, rounds do -- round 0 warms up
    for _, name in ipairs(names) do
      local job = jobs[name]
      if job then
        collectgarbage()
        local sums, units, start = {}, 0, measure.now()
        local span = round == 0 and seconds / 4 or seconds
        repeat
          job(sums)
          units = units + 1
        until measure.now() - start >= span
        seen[name] = seen[name] or {}
        for key, sum in pairs(round > 0 and sums or {}) do
          seen[name][key] = seen[name][key] or {}
          table.insert(seen[name][key], sum / units)
        end
      end
    end
  end
  local result = {}
  for name, lists in pairs(seen) do
    result[name] = {}
    for key, list in pairs(lists) do
      result[name][key] = measure.median(list)
    end
  end
  return result
end

---Adds to a sum of a job.
function measure.add(sums, key, amount)
  sums[key] = (sums[key] or 0) + amount
end

---The bytes of memory that this process has in use.
function measure.resident()
  local file = assert(io.open("/proc/self/statm"))
  local pages = file:read "*l":match "^%d+ (%d+)"
  file:close()
  return tonumber(pages) * 4096
end

---All garbage gone, also what is collected in two steps.
function measure.collect()
  for _ = 1, 3 do
    collectgarbage()
  end
end

---The first line of what a command prints, or nil.
function measure.line_of(command)
  local pipe = io.popen(command)
  local line = pipe and pipe:read "*l"
  if pipe then
    pipe:close()
  end
  return line
end

---The interpreter that runs us.
function measure.interpreter()
  local arg = rawget(_G, "arg") or {}
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  return arg[first] or "lua"
end

---The processor, as the kernel names it.
function measure.processor()
  local line = measure.line_of "grep -m 1 'model name' /proc/cpuinfo"
  return line and line:match ":%s*(.*)$" or "a processor without a name"
end

---Runs Lua text in a process of its own.
---@param text string without single quotes
---@param environment string|nil such as "LD_PRELOAD=x"
---@return table<string, number> what it printed: lines of a name and a number
function measure.program(text, environment)
  local command = ("%s LUA_PATH='%s' %s -e '%s'"):format(environment or "", package.path, measure.interpreter(), text)
  local result = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    local name, value = line:match "^(%S+) (%S+)$"
    if name then
      result[name] = tonumber(value)
    end
  end
  pipe:close()
  return result
end

---Runs a function of a module of the bench in a process of its own.
---@param module string such as "bench.idle"
---@param call string what follows its name, such as ".child(1)"
---@param environment string|nil
---@return table<string, number>
function measure.child(module, call, environment)
  return measure.program(("require(%q)%s"):format(module, call), environment)
end

return measure
