-- report.lua: the table that the bench prints.

local report = {}

local FORMAT = "%-50s %12s %12s %7s"

-- Three digits, or all that stand before the point.
local function shown(value)
  if value == nil then
    return "-"
  elseif type(value) == "string" then
    return value
  elseif value >= 100 then
    return ("%.0f"):format(value)
  elseif value >= 10 then
    return ("%.1f"):format(value)
  end
  return ("%.2f"):format(value)
end

function report.line(text)
  print(text or "")
  io.stdout:flush()
end

---The head of a table: what its columns are, beartls and LuaSec unless given.
function report.section(title, ours, theirs)
  report.line()
  report.line(FORMAT:format(title, ours or "beartls", theirs or "LuaSec", ours and "" or "ratio"))
  report.line(("-"):rep(84))
end

-- The ratio says how many times better beartls is, whatever "better" means: below 1 it is worse.
local function row(what, ours, theirs, ratio)
  report.line((FORMAT:format("  " .. what, shown(ours), shown(theirs), ratio and shown(ratio) or "")))
end

---A row of which more is better.
function report.rate(what, ours, theirs)
  row(what, ours, theirs, ours and theirs and ours / theirs)
end

---A row that compares nothing.
function report.plain(what, left, right)
  row(what, left, right)
end

---A row of which less is better.
function report.cost(what, ours, theirs)
  row(what, ours, theirs, ours and theirs and theirs / ours)
end

return report
