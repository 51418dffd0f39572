-- compare.lua: sets the verdicts beside what they should be, and takes out what is explained.

local chains = require "differential.chains"
local differences = require "differential.differences"
local judges = require "differential.judges"

local compare = {}

local function has_all(case, names)
  local present = {}
  for _, name in ipairs(case.about) do
    present[name] = true
  end
  for _, name in ipairs(names) do
    if not present[name] then
      return false
    end
  end
  return true
end

-- The row that explains why somebody does that, or nil.
local function explanation(who, does, case)
  for _, row in ipairs(differences) do
    if row.who == who and row.does == does and has_all(case, row.about) then
      return row
    end
  end
end

-- Some variations make a second fault of the first one: a name that is not the host's is not permitted, either; who has
-- name constraints and is no CA breaks two rules; who is self-signed and has no subject has no issuer.
local also = {
  certificate_name_mismatch = "certificate_name_constraint", certificate_not_ca = "certificate_nonconforming",
  certificate_untrusted = "certificate_nonconforming",
}

local function has_other_code(verdict, case)
  return verdict.code and case.code and verdict.code ~= case.code and verdict.code ~= also[case.code]
end

local function describe(who, does, case, text)
  return ("%s %s case %d (a %s for %s): %s\n%s"):format(who, does, case.id, case.usage, tostring(case.host),
    #case.about > 0 and table.concat(case.about, "; ") or "nothing special", text or "")
end

-- One judge's verdicts, counted.
local function count(who, verdicts, cases, report)
  local sum = { asked = 0, right = 0, explained = 0 }
  for _, case in ipairs(cases) do
    local verdict = verdicts[case.id]
    if verdict then
      sum.asked = sum.asked + 1
      local does = verdict.accepts and "accepts" or "refuses"
      local row = explanation(who, does, case)
      if has_other_code(verdict, case) then
        table.insert(report.unexplained, describe(who, ("gives %s, not %s, on"):format(verdict.code, case.code), case,
          verdict.text))
      elseif verdict.accepts == (case.wrong == nil) then
        sum.right = sum.right + 1
      elseif row then
        sum.explained = sum.explained + 1
        report.used[row] = (report.used[row] or 0) + 1
      else
        table.insert(report.unexplained, describe(who, does, case, verdict.text))
      end
    end
  end
  return sum
end

---Makes cases and compares the verdicts on them.
---@param how_many integer
---@param seed integer
---@param seconds integer how long the other programs may take
---@return table { valid =, faulty = (how many), who = { name = { asked =, right =, explained = } },
---unexplained = sentences, used = { row of differences = how often }, faults = { name = how often } }
function compare.run(how_many, seed, seconds)
  local cases = chains.make(how_many, seed, os.time())
  local verdicts = judges.others(cases, seconds)
  verdicts.ours = judges.ours(cases)
  local report = { valid = 0, faulty = 0, who = {}, unexplained = {}, used = {}, faults = {} }
  for _, case in ipairs(cases) do
    local kind = case.wrong and "faulty" or "valid"
    report[kind] = report[kind] + 1
    if case.wrong then
      report.faults[case.wrong] = (report.faults[case.wrong] or 0) + 1
    end
  end
  for who, of in pairs(verdicts) do
    report.who[who] = count(who, of, cases, report)
  end
  return report
end

return compare
