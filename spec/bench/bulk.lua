-- bulk.lua: megabytes per second (10^6 bytes) of application data in one direction, by the size of
-- a message.
--
-- One side sends a burst of messages, then the other receives all of it, so that the clock is read
-- twice a burst and not twice a message; both in one process, all non-blocking. "through both" is
-- what a sender and a receiver on one processor get through; of each side alone it is bytes per
-- second of the CPU time of its own calls, the kernel's share included. "in memory" is beartls'
-- write and drain, feed and read, with no transport between.
--
-- AES-GCM through Lua strings costs at most two copies a byte on each side; copies.lua counts them.

local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"

local bulk = {}

local BURST = 131072 -- bytes; what loopback takes at once
-- Turns in which nothing arrives: how many before the pump sleeps between them, and before it gives up.
local SPINS, STALLED = 20, 5000

local sizes = {
  { 64, "64 B" }, { 1024, "1 KB" }, { 16384, "16 KB" }, { 1048576, "1 MB" },
}
local suites = {
  { "AES128-GCM", "ecdsa_gcm" }, { "ChaCha20-Poly1305", "ecdsa_chacha" },
}
local order = { "plain", "beartls", "luasec", "memory" }

---Sends `count` messages from one end to the other. The seconds of CPU of each side.
---@param from table
---@param to table
---@param message string
---@param count integer
---@return number sender
---@return number receiver
function bulk.transfer(from, to, message, count)
  local cpu = measure.cpu
  local total, size = count * #message, #message
  local sender, receiver = 0, 0
  local sent, last, arrived, stalled = 0, 0, 0, 0
  local t0 = cpu()
  while arrived < total do
    while sent < count do
      local index, done = from:send(message, last + 1)
      last = index
      if not done then
        break
      end
      sent, last = sent + 1, 0
    end
    local t1 = cpu()
    local before = arrived
    repeat
      local want = total - arrived
      local n = to:receive(want < size and want or size)
      arrived = arrived + n
    until n == 0 or arrived >= total
    local t2 = cpu()
    sender, receiver = sender + t1 - t0, receiver + t2 - t1
    stalled = arrived > before and 0 or stalled + 1
    if stalled > SPINS then
      measure.pause() -- the kernel carries bytes over loopback when it finds the time
      assert(stalled < STALLED, "the bench's bytes do not arrive")
    end
    t0 = cpu()
  end
  return sender, receiver
end

local function job(library, size)
  local client, server = peers.open(library)
  local message = ("x"):rep(size)
  local count = math.max(1, BURST / size)
  return function(sums)
    local sender, receiver = bulk.transfer(client, server, message, count)
    measure.add(sums, "sender", sender / (count * size))
    measure.add(sums, "receiver", receiver / (count * size))
  end, function()
    client:close()
    server:close()
  end
end

local function run_setup(suite, size, pace)
  local jobs, closers = {}, {}
  for _, name in ipairs(order) do
    local library = peers.library(name, suite, "x25519")
    if library then
      jobs[name], closers[#closers + 1] = job(library, size)
    end
  end
  local result = measure.in_turns(jobs, order, pace.bulk, pace.rounds)
  for _, close in ipairs(closers) do
    close()
  end
  return result
end

local function megabytes(times, side)
  if not times then
    return nil
  end
  return 1e-6 / (side and times[side] or times.sender + times.receiver)
end

---@param pace table { bulk = seconds for each in a round, rounds = how many }
function bulk.run(pace)
  for _, suite in ipairs(suites) do
    report.section(suite[1] .. ": MB per second")
    local results = {}
    for i, size in ipairs(sizes) do
      local result = run_setup(suite[2], size[1], pace)
      results[i] = result
      report.rate(size[2] .. " through both", megabytes(result.beartls), megabytes(result.luasec))
      for _, side in ipairs { "sender", "receiver" } do
        report.rate(("%s, %s alone"):format(size[2], side), megabytes(result.beartls, side),
          megabytes(result.luasec, side))
      end
    end
    for i, size in ipairs(sizes) do
      report.rate(("in memory: %s through both"):format(size[2]), megabytes(results[i].memory))
    end
    local text = {}
    for i, size in ipairs(sizes) do
      text[i] = ("%s %.0f"):format(size[2], megabytes(results[i].plain))
    end
    report.line("  The same loop with plain TCP: " .. table.concat(text, ", "))
  end
end

return bulk
