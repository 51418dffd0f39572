-- handshakes.lua: handshakes per second, and what each side pays for one.
--
-- A handshake begins when the session is made and ends when both sides are open; connecting the
-- sockets is not counted, closing neither. Both sides run in one process, in turns, on one
-- processor: handshakes per second are those of a client and a server together. What a side pays
-- is the CPU time of its own calls, the kernel's share included.
--
-- Resumption has no LuaSec column: LuaSec switches it off itself (SSL_SESS_CACHE_OFF). A resumed handshake has no
-- certificate (and in TLS 1.2 no key exchange), so that one setup of each version stands for all.

local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"

local handshakes = {}

local setups = {
  { "1.3: ECDSA P-256, x25519", "tls13", "x25519", resumes = "1.3: resumed" },
  { "1.3: mutual, ECDSA P-256, x25519", "tls13_mutual", "x25519" },
  { "1.3: RSA 2048, x25519", "tls13_rsa", "x25519" },
  { "ECDHE_ECDSA P-256, x25519", "ecdsa_gcm", "x25519", resumes = "resumed" },
  { "ECDHE_ECDSA P-256, secp256r1", "ecdsa_gcm", "secp256r1" },
  { "ECDHE_RSA 2048, x25519", "rsa_gcm", "x25519" },
}
local order = { "beartls", "luasec", "memory", "beartls resumed", "memory resumed" }

-- In TLS 1.3 it comes before what the server says first.
local function ticket_of(library, client, server)
  server:send("x", 1)
  repeat until client:receive(1) > 0
  return library.ticket(client)
end

local function job(library, resumes)
  local first, first_server = peers.open(library)
  local ticket = resumes and ticket_of(library, first, first_server)
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

local function run_setup(setup, pace)
  local jobs = {}
  for _, name in ipairs { "beartls", "luasec", "memory" } do
    local library = peers.library(name, setup[2], setup[3])
    jobs[name] = library and job(library)
    if library and library.ticket and setup.resumes then
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

local function report_rates(results)
  report.section "handshakes per second, both sides in one process"
  for i, setup in ipairs(setups) do
    report.rate(setup[1], per_second(results[i].beartls), per_second(results[i].luasec))
    if setup.resumes then
      report.rate(setup.resumes, per_second(results[i]["beartls resumed"]))
    end
  end
  for i, setup in ipairs(setups) do
    report.rate("in memory: " .. setup[1], per_second(results[i].memory))
    if setup.resumes then
      report.rate("in memory: " .. setup.resumes, per_second(results[i]["memory resumed"]))
    end
  end
  for i, setup in ipairs(setups) do
    if setup.resumes then
      report.line(("  %s: costs beartls %.0f%% of a full one. LuaSec switches resumption off."):format(setup.resumes,
        100 * per_second(results[i].beartls) / per_second(results[i]["beartls resumed"])))
    end
  end
end

local function report_costs(results)
  report.section "CPU of a handshake, microseconds"
  for i, setup in ipairs(setups) do
    for _, side in ipairs { "client", "server" } do
      report.cost(setup[1] .. ": " .. side, microseconds(results[i].beartls, side),
        microseconds(results[i].luasec, side))
    end
    for _, side in ipairs(setup.resumes and { "client", "server" } or {}) do
      report.cost(setup.resumes .. ": " .. side, microseconds(results[i]["beartls resumed"], side))
    end
  end
end

---@param pace table { handshakes = seconds for each in a round, rounds = how many }
function handshakes.run(pace)
  local results = {}
  for i, setup in ipairs(setups) do
    results[i] = run_setup(setup, pace)
  end
  report_rates(results)
  report_costs(results)
end

return handshakes
