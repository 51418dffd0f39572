-- arguments.lua: reads a command line by a table that says what the command takes, and prints that
-- table as help.
--
-- A command: {
--   name = "show", takes = "FILE", about = "one line", count = { 1, 1 },
--   options = { { "ca", "FILE", "what it does" }, { "json", nil, "what it does" }, ... },
--   notes = "text at the end of its help",
-- }
-- An option's fields besides: kind = "number" | "list"; several = true when it may be given more
-- than once. Every command has --help (-h).

local nearest = require "beartls.nearest"

local arguments = {}

local help_option = { "help", nil, "print this" }

local function options_of(command)
  local by_name, names = { help = help_option }, { "help" }
  for _, option in ipairs(command.options) do
    by_name[option[1]] = option
    names[#names + 1] = option[1]
  end
  return by_name, names
end

local function unknown(word, names)
  local near = nearest(word:match "^%-+([^=]*)", names)
  return nil, ("there is no option %s%s"):format(word:match "^[^=]*",
    near and (", did you mean --%s?"):format(near) or "")
end

local kinds = {}

function kinds.number(text)
  local n = tonumber(text)
  if not n or n < 0 or n ~= n or n == math.huge then
    return nil, "a number"
  end
  return n
end

function kinds.list(text)
  local items = {}
  for item in text:gmatch "[^,%s]+" do
    items[#items + 1] = item
  end
  if #items == 0 then
    return nil, "names with commas between them"
  end
  return items
end

-- Puts an option's value where it belongs: true, or nil, message.
local function set(values, option, text)
  local key, value = option[1]:gsub("%-", "_"), text
  if option.kind then
    local wish
    value, wish = kinds[option.kind](text)
    if value == nil then
      return nil, ("--%s wants %s, not %q"):format(option[1], wish, text)
    end
  end
  if option.several then
    values[key] = values[key] or {}
    table.insert(values[key], value)
  elseif values[key] ~= nil then
    return nil, ("--%s is given twice"):format(option[1])
  else
    values[key] = value
  end
  return true
end

-- Reads the option at argv[i]: how many of argv it took, or nil, message.
local function read_option(values, by_name, names, argv, i)
  local name, text = argv[i]:match "^%-%-([^=]*)=?(.*)$"
  local has_text = argv[i]:find("=", 1, true) ~= nil
  local option = by_name[name]
  if not option then
    return unknown(argv[i], names)
  elseif not option[2] then
    if has_text then
      return nil, ("--%s takes no value"):format(name)
    end
    values[name:gsub("%-", "_")] = true
    return 1
  end
  local taken = has_text and 1 or 2
  text = has_text and text or argv[i + 1]
  if text == nil or text == "" then
    return nil, ("--%s wants a value: --%s %s"):format(name, name, option[2])
  end
  local ok, message = set(values, option, text)
  return ok and taken, message
end

local function check_count(command, values)
  local least, most = command.count[1], command.count[2]
  if #values < least then
    return nil, ("it wants %s"):format(command.takes)
  elseif #values > most then
    return nil, ("%q is one argument too many"):format(values[most + 1])
  end
  return values
end

---Reads a command line.
---@param command table
---@param argv string[]
---@return table|nil values the arguments at 1, 2 ..., options under their names with _ for -
---@return string|nil message what is wrong
function arguments.parse(command, argv)
  local values, i = {}, 1
  local by_name, names = options_of(command)
  while i <= #argv do
    local word = argv[i]
    if word == "--" then
      for k = i + 1, #argv do
        values[#values + 1] = argv[k]
      end
      break
    elseif word == "-h" then
      values.help = true
      i = i + 1
    elseif word:find "^%-%-" then
      local taken, message = read_option(values, by_name, names, argv, i)
      if not taken then
        return nil, message
      end
      i = i + taken
    elseif word:find "^%-." then
      return unknown(word, names)
    else
      values[#values + 1] = word
      i = i + 1
    end
  end
  if values.help then
    return values
  end
  return check_count(command, values)
end

-- Words of a text in lines of at most `width` columns, the first after `indent` columns, too.
local function wrap(text, indent, width)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if line ~= "" and indent + #line + 1 + #word > width then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

---One line: how the command is used.
---@param command table
---@return string
function arguments.usage(command)
  return ("usage: beartls %s%s%s"):format(command.name, #command.options > 0 and " [options]" or "",
    command.takes and " " .. command.takes or "")
end

---All that --help prints.
---@param command table
---@return string
function arguments.help(command)
  local lines = { arguments.usage(command), "", wrap(command.about, 0, 90), "", "options:" }
  local function add(option)
    local head = ("  --%s%s"):format(option[1], option[2] and " " .. option[2] or "")
    if #head > 22 then
      lines[#lines + 1] = head
      head = ""
    end
    lines[#lines + 1] = ("%-24s%s"):format(head, wrap(option[3], 24, 90))
  end
  for _, option in ipairs(command.options) do
    add(option)
  end
  add(help_option)
  if command.notes then
    lines[#lines + 1] = ""
    lines[#lines + 1] = command.notes
  end
  return table.concat(lines, "\n") .. "\n"
end

return arguments
