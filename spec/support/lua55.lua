-- lua55.lua: looks in Lua sources for what Lua 5.5 does not compile or run any more; luacheck's parser reads them.
-- usage: lua5.1 spec/support/lua55.lua FILE ...    prints FILE:LINE: what is wrong

package.path = package.path .. ";/usr/share/lua/5.1/?.lua"

local decoder = require "luacheck.decoder"
local parser = require "luacheck.parser"

local path

local function complain(node, what)
  print(("%s:%s: %s"):format(path, node.line or "?", what))
end

-- The names that a statement declares for what follows it in its block.
local function declared(node)
  if node.tag == "Local" then
    return node[1]
  elseif node.tag == "Localrec" then
    return node[1][1] and node[1] or { node[1] }
  end
  return {}
end

local check

local function check_all(node, loop)
  local inner = setmetatable({}, { __index = loop })
  for _, child in ipairs(node) do
    if type(child) == "table" then
      check(child, inner)
      for _, name in ipairs(declared(child)) do
        inner[name[1]] = false -- another variable of that name
      end
    end
  end
end

local function within(loop, names, value)
  local inner = setmetatable({}, { __index = loop })
  for i, name in ipairs(names) do
    inner[name[1] or "..."] = i == 1 and value
  end
  return inner
end

local gone = { setpause = true, setstepmul = true }

-- `loop` has the names that are at present the control variable of a loop, which is a constant in 5.5.
function check(node, loop)
  local tag = node.tag
  if tag == "Id" and node[1] == "global" then
    complain(node, "global is a word of the language")
  elseif tag == "Set" or tag == "OpSet" then
    for _, target in ipairs(node[1]) do
      if target.tag == "Id" and loop[target[1]] then
        complain(target, "the variable of a loop is assigned: " .. target[1])
      end
    end
    check_all(node, loop)
  elseif tag == "Fornum" then
    for k = 2, #node - 1 do
      check(node[k], loop)
    end
    check_all(node[#node], within(loop, { node[1] }, true))
  elseif tag == "Forin" then
    check_all(node[2], loop)
    check_all(node[3], within(loop, node[1], true))
  elseif tag == "Function" then
    check_all(node[2], within(loop, node[1], false))
  elseif tag == "Call" and node[1][1] == "collectgarbage" and node[2] and gone[node[2][1]] then
    complain(node, "collectgarbage knows no " .. node[2][1] .. " any more")
  else
    check_all(node, loop)
  end
end

for i = 1, #arg do
  path = arg[i]
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a"):gsub("^#[^\n]*", "")
  file:close()
  check_all(parser.parse(decoder.decode(text)), {})
end
