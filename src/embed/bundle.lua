-- bundle.lua: writes the Lua modules named on the command line as a C file for open.c (see modules.h).
-- usage: lua bundle.lua FOLDER FILE ... >modules.c    (FOLDER/a/b.lua is the module a.b, FOLDER/a/init.lua is a)
--
-- Comments and indentation are left out, lines stay where they are: what an error message names is what the
-- sources have there. Sources rather than bytecode, since bytecode is bound to one version and build of Lua.

-- How many bytes stand on a line of the C file.
local WIDTH = 24

-- Where the string that begins at `at` ends: a long bracket, a quote, or nil when none begins there.
local function string_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  if level then
    return select(2, assert(text:find("]" .. level .. "]", at, true)))
  end
  local quote = text:match("^[\"']", at)
  local i = quote and at + 1
  while i and text:sub(i, i) ~= quote do
    i = i + (text:sub(i, i) == "\\" and 2 or 1)
  end
  return i
end

-- Of a comment, only its line ends matter.
local function comment_end(text, at)
  if text:find("^%[=*%[", at + 2) then
    return string_end(text, at + 2)
  end
  return (text:find("\n", at, true) or #text + 1) - 1
end

local function without_comments(text)
  local out, at = {}, 1
  while at <= #text do
    local stop
    if text:find("^%-%-", at) then
      stop = comment_end(text, at)
      out[#out + 1] = text:sub(at, stop):gsub("[^\n]", "")
    elseif text:find("^\n[ \t]+", at) then
      stop = select(2, text:find("^\n[ \t]+", at))
      out[#out + 1] = "\n"
    else
      stop = string_end(text, at) or select(2, text:find("^[^%-%[\"'\n]+", at)) or at
      out[#out + 1] = text:sub(at, stop)
    end
    at = stop + 1
  end
  return table.concat(out)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function compiled(text, path)
  return string.dump(assert((loadstring or load)(text, "@" .. path)))
end

-- The text as the elements of an array of unsigned char.
local function elements(text)
  local lines = {}
  for from = 1, #text, WIDTH do
    lines[#lines + 1] = table.concat({ text:byte(from, from + WIDTH - 1) }, ",")
  end
  return table.concat(lines, ",\n")
end

local folder = arg[1]
local rows = {}
print "/* Written by src/embed/bundle.lua. */\n#include \"embed/modules.h\"\n"
for i = 2, #arg do
  local path = arg[i]:sub(#folder + 2)
  local name = path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local whole = read(arg[i])
  local text = without_comments(whole)
  -- LuaJIT does not always write a table's constants in the same order; the other Luas do.
  assert(rawget(_G, "jit") or compiled(text, path) == compiled(whole, path), path .. " was changed, not only shortened")
  print(("static const unsigned char text%d[] = {\n%s\n};\n"):format(i, elements(text)))
  rows[#rows + 1] = ("    { %q, %q, text%d, sizeof text%d },"):format(name, "@" .. path, i, i)
end
print(("const btls_module btls_modules[] = {\n%s\n    { 0, 0, 0, 0 },\n};"):format(table.concat(rows, "\n")))
