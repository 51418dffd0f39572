-- trust.lua: what the system's bundle of roots costs: the CPU time of reading it, the file included, and the memory
-- that it takes as long as it is trusted. beartls pays once for all configs, LuaSec for each context.

local files = require "beartls.files"
local measure = require "bench.measure"
local report = require "bench.report"
local system = require "beartls.system"

local has_luasec, luasec = pcall(require, "ssl")

local trust = {}

local KEPT = 20 -- so many at once, so that a page more or less does not matter

local loaders = {
  beartls = system.load_trust,
  luasec = has_luasec and function(path)
    return luasec.newcontext { mode = "client", protocol = "any", verify = "peer", cafile = path }
  end or nil,
}

local function bundle_path()
  for _, path in ipairs(system.bundles) do
    if files.read(path, "trust file") then
      return path
    end
  end
end

local function job(load, path)
  return function(sums)
    local start = measure.cpu()
    assert(load(path))
    measure.add(sums, "load", measure.cpu() - start)
  end
end

-- In a process of its own, so that nothing fits into what other measurements have given back.
local function memory_of(name, path)
  return measure.child("bench.trust", (".measure_memory(%q, %q)"):format(name, path)).kilobytes
end

---Prints how many kilobytes one more set of roots takes.
function trust.measure_memory(name, path)
  local kept, before = {}, nil
  for i = 0, KEPT do
    kept[i] = assert(loaders[name](path))
    measure.collect()
    before = before or measure.resident()
  end
  assert(#kept == KEPT)
  print("kilobytes " .. (measure.resident() - before) / KEPT / 1000)
end

---@param pace table { bulk = seconds for each in a round, rounds = how many }
function trust.run(pace)
  local path = bundle_path()
  if not path then
    return report.line "trust: this system has no bundle of roots"
  end
  local jobs, kilobytes = {}, {}
  for name, load in pairs(loaders) do
    jobs[name] = job(load, path)
    kilobytes[name] = memory_of(name, path)
  end
  local times = measure.in_turns(jobs, { "beartls", "luasec" }, pace.bulk, pace.rounds)
  report.section(("trust: the system's %d roots"):format(#system.load_trust(path)))
  report.cost("loading them, milliseconds", times.beartls.load * 1e3, times.luasec and times.luasec.load * 1e3)
  report.cost("resident memory, kB", kilobytes.beartls, kilobytes.luasec)
  report.line(("  The store itself holds %.0f kB; all configs share it. LuaSec loads one for each context."):format(
    system.load_trust(path):memory() / 1000))
end

return trust
