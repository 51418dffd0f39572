-- from_inside.lua: a session reads, and the strings that it makes set off the collector, whose finalizers ask the
-- session for its state. In a process of its own, where there is little else to collect. Prints what they were told,
-- and how much was read.

local pair = require "support.pair"
local tune = require "support.tune"
local wire = require "support.wire"

-- Garbage whose end calls f.
local function at_its_end(f)
  local newproxy = rawget(_G, "newproxy") -- Lua 5.1 and LuaJIT give finalizers to userdata only
  if newproxy then
    getmetatable(newproxy(true)).__gc = f
  else
    setmetatable({}, { __gc = f })
  end
end

local ROUNDS = 10 -- the collector need not be at it while a string is made, but will be before long
local p = pair.open(wire.configs())
local said
-- A round of the collector has to end within the megabyte that is read.
if _VERSION == "Lua 5.4" then
  collectgarbage("incremental", 100, 1000, 10)
else
  tune("pause", 100)
  tune("stepmul", 1000)
end

-- Reads a megabyte; returns how much it was.
local function read_all()
  p.client:write(("data"):rep(250000))
  p.server:feed(p.client:drain())
  collectgarbage()
  for _ = 1, 500 do
    at_its_end(function()
      local ok, message = pcall(p.server.state, p.server)
      said = said or not ok and message
    end)
  end
  local size = 0
  repeat
    local data = p.server:read(1000)
    size = size + #(data or "")
  until not data
  return size
end

local size
for _ = 1, ROUNDS do
  size = read_all()
  if said then
    break
  end
end
print(said)
print(size)
