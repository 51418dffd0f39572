-- cli.lua: the command beartls: which subcommand, its help, and what happens when something goes
-- wrong that nobody has thought of.

local arguments = require "beartls.cli.arguments"
local codes = require "beartls.cli.codes"
local output = require "beartls.cli.output"
local nearest = require "beartls.nearest"

local cli = {}

-- A group of commands, in the order of its help. Behind each name is a module with `command` (see
-- arguments.lua) and `run(values, out)`, or another group as `group`.
local everything = {
  name = "beartls", about = "beartls: TLS for Lua", modules = "beartls.cli.",
  commands = {
    { "demo", "watch a client and a server shake hands" },
    { "connect", "talk to a TLS server from the terminal" },
    { "serve", "be a TLS server: echo, or a page about the connection" },
    { "show", "a certificate, chain or key in words" },
    { "pki", "make certificates: authorities, servers, clients" },
  },
}

local function overview(group)
  local lines = { group.about, "", ("usage: %s COMMAND ..."):format(group.name), "", "commands:" }
  for _, command in ipairs(group.commands) do
    lines[#lines + 1] = ("  %-9s%s"):format(command[1], command[2])
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = group.name .. " COMMAND --help says more about each."
  if group.notes then
    lines[#lines + 1] = ""
    lines[#lines + 1] = group.notes
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = codes.help
  return table.concat(lines, "\n")
end

local function names_of(group)
  local names = {}
  for i, command in ipairs(group.commands) do
    names[i] = command[1]
  end
  return names
end

local function unknown_command(group, name, out)
  local near = nearest(name, names_of(group))
  out:note(("%s: there is no command %q%s (usage)"):format(group.name, name,
    near and (", did you mean %q?"):format(near) or ""))
  out:note(("  hint: %s --help"):format(group.name))
  return codes.usage
end

local function run_command(module, argv, out)
  local values, message = arguments.parse(module.command, argv)
  if not values then
    return out:misused(module.command, message)
  elseif values.help then
    out:put(arguments.help(module.command))
    return codes.fine
  end
  out:configure(values, module.command.shows_on_stdout and 1 or 2)
  return module.run(values, out)
end

-- The command of a group that argv begins with, and the rest of argv.
local function run(group, argv, out)
  local name = argv[1]
  local rest = {}
  for i = 2, #argv do
    rest[#rest + 1] = argv[i]
  end
  if name == "help" and rest[1] then
    name, rest = table.remove(rest, 1), rest
    table.insert(rest, "--help")
  end
  if name == nil then
    out:note(overview(group))
    return codes.usage
  elseif name == "--help" or name == "-h" or name == "help" then
    out:print(overview(group))
    return codes.fine
  elseif name == "--version" and group == everything then
    out:print("beartls " .. require("beartls")._VERSION)
    return codes.fine
  end
  for _, command in ipairs(group.commands) do
    if command[1] == name then
      local module = require(group.modules .. name)
      return (module.group and run or run_command)(module.group or module, rest, out)
    end
  end
  return unknown_command(group, name, out)
end

local missing_hints = {
  socket = "install LuaSocket: the package lua-socket, or luarocks install luasocket",
  ["beartls.core"] = "build the C core for this Lua: make LUA=lua5.4, lua5.3, lua5.1 or luajit",
}

-- An error that was raised: an interrupt is none.
local function explain(out, err)
  local first = tostring(err):match "^[^\n]*"
  if first:find("interrupted!", 1, true) then
    return codes.interrupted
  end
  local missing = first:match "module '([%w_.]+)' not found"
  out:failure({
    message = missing and ("the Lua module %s is missing for %s"):format(missing, _VERSION)
      or "beartls has a bug: " .. first,
    code = missing and "missing_module" or "internal_error",
    hint = missing_hints[missing or ""],
  }, codes.bug)
  return codes.bug
end

---Runs the command.
---@param argv string[]
---@param io_given table|nil { stdin, stdout, stderr, getenv } for those that are not the process's
---@return integer exit code
function cli.main(argv, io_given)
  local out = output.new(io_given)
  local ok, exit = pcall(run, everything, argv, out)
  if not ok then
    exit = explain(out, exit)
  end
  local written, failure = out:written()
  if not written then
    exit = exit == codes.fine and codes.bug or exit
    out:failure(failure, exit)
  end
  out.stderr:flush()
  return exit
end

return cli
