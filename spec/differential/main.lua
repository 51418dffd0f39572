-- main.lua: `make differential [N=3000] [SEED=1]`: some thousands of chains, our verdict beside OpenSSL's and GnuTLS'.

local compare = require "differential.compare"
local differences = require "differential.differences"
local process = require "support.process"

local how_many, seed = tonumber(arg[1] or 3000), tonumber(arg[2] or os.time() % 1e6)
print(("%d chains, seed %d"):format(how_many, seed))
local report = compare.run(how_many, seed, 60 + how_many)
process.cleanup()

print(("%d valid, %d with one of %s faults"):format(report.valid, report.faulty, #require "differential.faults"))
for _, who in ipairs { "ours", "openssl", "gnutls" } do
  local sum = report.who[who]
  print(("%-8s asked %5d   as it should be %5d   explained %4d   unexplained %4d"):format(who, sum.asked, sum.right,
    sum.explained, sum.asked - sum.right - sum.explained))
end
print "\nexplained:"
for _, row in ipairs(differences) do
  print(("%5d  %s %s: %s: %s"):format(report.used[row] or 0, row.who, row.does, table.concat(row.about, ", "), row.why))
end
if #report.unexplained > 0 then
  print("\nunexplained:\n" .. table.concat(report.unexplained, "\n"))
  os.exit(1)
end
