-- cli.lua: the command beartls: which subcommand, its help, and what happens when something goes
-- wrong that nobody has thought of.

local arguments = require "beartls.cli.arguments"
local codes = require "beartls.cli.codes"
local output = require "beartls.cli.output"
local nearest = require "beartls.nearest"

local cli = {}

-- In the order of the help. Each module has `command` (see arguments.lua) and `run(values, out)`.
local names = { "demo", "connect", "serve", "show" }
local abouts = {
  demo = "watch a client and a server shake hands",
  connect = "talk to a TLS server from the terminal",
  serve = "be a TLS server: echo, or a page about the connection",
  show = "a certificate, chain or key in words",
}

local function overview()
  local lines = {
    "beartls: TLS for Lua", "", "usage: beartls COMMAND ...", "", "commands:",
  }
  for _, name in ipairs(names) do
    lines[#lines + 1] = ("  %-9s%s"):format(name, abouts[name])
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "beartls COMMAND --help says more about each."
  lines[#lines + 1] = ""
  lines[#lines + 1] = codes.help
  return table.concat(lines, "\n")
end

local function has(name)
  return abouts[name] ~= nil
end

local function unknown_command(out, name)
  local near = nearest(name, names)
  out:note(("beartls: there is no command %q%s (usage)"):format(name,
    near and (", did you mean %q?"):format(near) or ""))
  out:note("  hint: beartls --help")
  return codes.usage
end

-- The command that argv begins with, and the rest of argv.
local function run(argv, out)
  local name = argv[1]
  local rest = {}
  for i = 2, #argv do
    rest[#rest + 1] = argv[i]
  end
  if name == "help" and rest[1] then
    name, rest = rest[1], { "--help" }
  end
  if name == nil then
    out:note(overview())
    return codes.usage
  elseif name == "--help" or name == "-h" or name == "help" then
    out:print(overview())
    return codes.fine
  elseif name == "--version" then
    out:print("beartls " .. require("beartls")._VERSION)
    return codes.fine
  elseif not has(name) then
    return unknown_command(out, name)
  end
  local module = require("beartls.cli." .. name)
  local values, message = arguments.parse(module.command, rest)
  if not values then
    return out:misused(module.command, message)
  elseif values.help then
    out.stdout:write(arguments.help(module.command))
    return codes.fine
  end
  out:configure(values, module.command.shows_on_stdout and 1 or 2)
  return module.run(values, out)
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
  local ok, exit = pcall(run, argv, out)
  if not ok then
    exit = explain(out, exit)
  end
  out.stdout:flush()
  out.stderr:flush()
  return exit
end

return cli
