-- footprint.lua: how long `require` takes, and what lies on the disk.

local measure = require "bench.measure"
local report = require "bench.report"

local footprint = {}

-- ---- require ----

-- Milliseconds that a piece of Lua takes in a new process, and that process besides.
local function seconds_of(code)
  local program = ('local clock = require "socket".gettime; local start = clock(); %s; '
    .. 'print("seconds " .. ("%%.6f"):format(clock() - start))'):format(code)
  return measure.program(program).seconds
end

local loads = {
  { "require", 'require "beartls"', 'require "ssl"' },
  { "require, and a client that believes the system", 'assert(require "beartls".config {}:client "example.org")',
    'assert(require "ssl".newcontext { mode = "client", protocol = "any", verify = "peer", '
    .. 'cafile = "/etc/ssl/certs/ca-certificates.crt" })' },
}

local function has(module)
  return pcall(require, module)
end

function footprint.run_loads(pace)
  report.section "milliseconds, from the first line of a program"
  for _, load in ipairs(loads) do
    local times = { {}, {} }
    for _ = 1, pace.processes do
      for i = 1, 2 do
        if i == 1 or has "ssl" then
          table.insert(times[i], seconds_of(load[i + 1]))
        end
      end
    end
    report.cost(load[1], 1000 * measure.median(times[1]), times[2][1] and 1000 * measure.median(times[2]))
  end
end

-- ---- files ----

-- Where a module would be loaded from.
local function find(name, path)
  for template in path:gmatch "[^;]+" do
    local file_name = template:gsub("%?", (name:gsub("%.", "/")))
    local file = io.open(file_name, "rb")
    if file then
      file:close()
      return file_name
    end
  end
end

local function size_of(path)
  local file = path and io.open(path, "rb")
  if not file then
    return nil
  end
  local size = file:seek "end"
  file:close()
  return size
end

-- Without what only a debugger reads, as packages ship it.
local function stripped_size(path)
  local copy = os.tmpname()
  local size = measure.line_of(("strip -o %s '%s' 2>/dev/null && wc -c <%s"):format(copy, path, copy))
  os.remove(copy)
  return tonumber(size) or size_of(path)
end

-- The libraries of OpenSSL that a module is linked to.
local function libraries_of(path)
  local list = {}
  local pipe = path and io.popen(("ldd '%s' 2>/dev/null"):format(path))
  for line in pipe and pipe:lines() or function() end do
    local name, file = line:match "^%s*(lib[%w]+)%.so%S* => (%S+)"
    if name == "libssl" or name == "libcrypto" then
      list[#list + 1] = { name, file }
    end
  end
  if pipe then
    pipe:close()
  end
  return list
end

function footprint.run_sizes()
  report.section "on disk, kB"
  local core, ssl = find("beartls.core", package.cpath), find("ssl", package.cpath)
  local ours, theirs = stripped_size(core), ssl and stripped_size(ssl)
  report.cost("the C module", ours / 1000, theirs and theirs / 1000)
  local all = theirs
  for _, library in ipairs(libraries_of(ssl)) do
    local size = size_of(library[2])
    all = all + size
    report.cost(library[1], nil, size / 1000)
  end
  report.cost("the C module and what it needs", ours / 1000, all and all / 1000)
  local modules = tonumber(measure.line_of "find lua/beartls -name '*.lua' ! -name meta.lua -exec cat {} + | wc -c")
  report.cost("Lua modules, the command's included", modules / 1000)
  local program = core:gsub("beartls/core%.so$", "game-static")
  report.cost("a static program: Lua, beartls, its modules, libc", (stripped_size(program) or 0) / 1000)
end

return footprint
