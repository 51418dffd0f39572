-- nearest.lua: what somebody may have meant who misspelt a name.

-- How many letters have to be put in, left out, changed or swapped with their neighbour to get from a to b.
local function distance(a, b)
  local rows = { [0] = {} }
  for j = 0, #b do
    rows[0][j] = j
  end
  for i = 1, #a do
    local row, above = { [0] = i }, rows[i - 1]
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], rows[i - 2][j - 2] + 1)
      end
    end
    rows[i] = row
  end
  return rows[#a][#b]
end

---The name that begins with what was written or takes the fewest changes, or nil when none is near.
---@param name string
---@param names string[]
---@return string|nil
local function nearest(name, names)
  local best, least = nil, #name < 3 and 2 or math.max(2, math.floor(#name / 2)) + 1
  for _, candidate in ipairs(names) do
    local begun = #name > 1 and candidate:sub(1, #name) == name
    local d = begun and 1 or distance(name, candidate)
    if d < least then
      best, least = candidate, d
    end
  end
  return best
end

return nearest
