-- main.lua: make bench: beartls beside LuaSec, in one run, as ratios. BEARTLS_BENCH=quick only tries
-- whether everything still works: its figures mean nothing.

package.path = "spec/?.lua;" .. package.path

local tls = require "beartls"
local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"

-- seconds and rounds for what is repeated, how many idle connections, how many processes to start.
local paces = {
  full = { handshakes = 0.25, bulk = 0.12, rounds = 5, connections = 200, processes = 15 },
  quick = { handshakes = 0, bulk = 0, rounds = 1, connections = 10, processes = 1 },
}

local pace = paces[os.getenv "BEARTLS_BENCH" or "full"]
if not pace then
  io.stderr:write "BEARTLS_BENCH is full or quick\n"
  os.exit(2)
end

local function head()
  report.line(("beartls %s beside LuaSec %s (%s), TLS 1.2 where no other version is named"):format(tls._VERSION,
    peers.luasec_version or "(missing)", (measure.line_of "openssl version" or "OpenSSL unknown"):match "^%S+ %S+"))
  report.line(("%s, %s, %s"):format(type(jit) == "table" and jit.version or _VERSION,
    measure.processor(), measure.line_of "uname -srm" or ""))
  if peers.missing then
    report.line(peers.missing)
  end
  report.line "A ratio above 1 says how many times better beartls is, below 1 it is worse."
  report.line "- means that there is nothing to compare; in memory: sessions alone, without sockets."
end

head()
require "bench.handshakes".run(pace)
require "bench.bulk".run(pace)
require "bench.copies".run()
require "bench.idle".run(pace)
require "bench.trust".run(pace)
require "bench.footprint".run_loads(pace)
require "bench.footprint".run_sizes()
