-- handshakes.lua: handshakes per second, and what each side pays for one.
--
-- A handshake begins when the session is made and ends when both sides are open; connecting the
-- sockets is not counted, closing neither. Both sides run in one process, in turns, on one
-- processor: handshakes per second are those of a client and a server together. What a side pays
-- is the CPU time of its own calls, the kernel's share included.
--
-- Resumption has no LuaSec column: LuaSec switches it off itself (SSL_SESS_CACHE_OFF). A resumed
-- handshake has neither certificate nor key exchange, so that one setup stands for all.

local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"

local handshakes = {}

local setups = {
  { "ECDHE_ECDSA P-256, x25519", "ecdsa_gcm", "x25519" },
  { "ECDHE_ECDSA P-256, secp256r1", "ecdsa_gcm", "secp256r1" },
  { "ECDHE_RSA 2048, x25519", "rsa_gcm", "x25519" },
}
local order = { "beartls", "luasec", "memory", "beartls resumed", "memory resumed" }

local function job(library, resumes)
  local first, first_server = peers.open(library)
  local ticket = resumes and library.ticket(first)
  first:close()
  first_server:close()
  return function(sums)
    local client, server, client_time, server_time = peers.connect(library, ticket, measure.cpu)
    measure.add(sums, "client", client_time)
    measure.add(sums, "server", server_time)
    if resumes then
      assert(library.resumed(client), "the bench's connection was not resumed")
    end
    client:close()
    server:close()
  end
end

local function run_setup(suite, group, resumes_too, pace)
  local jobs = {}
  for _, name in ipairs { "beartls", "luasec", "memory" } do
    local library = peers.library(name, suite, group)
    jobs[name] = library and job(library)
    if library and library.ticket and resumes_too then
      jobs[name .. " resumed"] = job(library, true)
    end
  end
  return measure.in_turns(jobs, order, pace.handshakes, pace.rounds)
end

local function per_second(times)
  return times and 1 / (times.client + times.server)
end

local function microseconds(times, side)
  return times and times[side] * 1e6
end

---@param pace table { handshakes = seconds for each in a round, rounds = how many }
function handshakes.run(pace)
  local results = {}
  for i, setup in ipairs(setups) do
    results[i] = run_setup(setup[2], setup[3], i == 1, pace)
  end
  local resumed, in_memory = results[1]["beartls resumed"], results[1]["memory resumed"]
  report.section "handshakes per second, both sides in one process"
  for i, setup in ipairs(setups) do
    report.rate(setup[1], per_second(results[i].beartls), per_second(results[i].luasec))
  end
  report.rate("resumed", per_second(resumed))
  for i, setup in ipairs(setups) do
    report.rate("in memory: " .. setup[1], per_second(results[i].memory))
  end
  report.rate("in memory: resumed", per_second(in_memory))
  report.line(("  A resumed handshake costs beartls %.0f%% of a full one. LuaSec switches resumption off."):format(
    100 * per_second(results[1].beartls) / per_second(resumed)))
  report.section "CPU of a handshake, microseconds"
  for i, setup in ipairs(setups) do
    for _, side in ipairs { "client", "server" } do
      report.cost(setup[1] .. ": " .. side, microseconds(results[i].beartls, side),
        microseconds(results[i].luasec, side))
    end
  end
  for _, side in ipairs { "client", "server" } do
    report.cost("resumed: " .. side, microseconds(resumed, side))
  end
end

return handshakes
