-- new.lua: `beartls pki new`: all that mutual TLS needs, in one directory.

local codes = require "beartls.cli.codes"
local files = require "beartls.files"
local issuing = require "beartls.pki"
local settings = require "beartls.cli.settings"
local store = require "beartls.cli.pki.store"

local new = {}

new.command = {
  name = "pki new",
  takes = "DIR",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Makes an authority in DIR (ca.pem, ca.key), and a server (server.pem, server.key) and a client (client.pem, "
    .. "client.key) whose certificates it has issued: ready for mutual TLS.",
  options = {
    { "server", "NAMES", "the server's host names and addresses (as it is without: localhost,127.0.0.1,::1)",
      kind = "list" },
    { "client", "NAMES", "the client's name, mail address, URI (as it is without: client)", kind = "list" },
    store.options.name, store.options.days, store.options.key_kind, store.options.password, store.options.force,
    store.options.json,
  },
  notes = codes.help .. [[


examples:
  beartls pki new demo
  beartls pki new demo --server db.example.org,10.0.0.7 --client alice,alice@example.org]],
}

local names_of_files = { "ca", "server", "client" }

local function paths_in(directory)
  local paths = {}
  for _, name in ipairs(names_of_files) do
    for _, ending in ipairs { ".pem", ".key" } do
      paths[#paths + 1] = ("%s/%s%s"):format(directory, name, ending)
    end
  end
  return paths
end

-- The list of files, or nil, message, code.
local function make(directory, values, server, client)
  local password, message, code = store.password(values)
  if message then
    return nil, message, code
  end
  local ca
  ca, message, code = issuing.ca { name = values.name, key_kind = values.key_kind }
  local list = ca and store.files_of(directory, ca, password)
  for i, given in ipairs(ca and { server, client } or {}) do
    given.days, given.key_kind = values.days, values.key_kind
    local identity
    identity, message, code = ca:issue(given)
    if not identity then
      return nil, message, code
    end
    for _, file in ipairs(store.files_of_identity(directory .. "/" .. names_of_files[i + 1], identity)) do
      list[#list + 1] = file
    end
  end
  return list, message, code
end

local function advise(directory, host, out)
  if out.json then
    return
  end
  out:print()
  out:print "try it:"
  out:print(("  beartls serve --cert %s/server.pem --key %s/server.key --client-ca %s/ca.pem 4433"):format(directory,
    directory, directory))
  out:print(("  beartls connect --cert %s/client.pem --key %s/client.key --ca %s/ca.pem %s"):format(
    directory, directory, directory, settings.where(host, 4433)))
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function new.run(values, out)
  local directory = values[1]
  local server, client, list
  local ok, message, code = store.check_values(values)
  if ok then
    server, message = store.names(values.server or { "localhost", "127.0.0.1", "::1" }, false)
  end
  if server and not (server.dns or server.ip) then
    server, message = nil, "--server wants at least one host name or address"
  end
  if server then
    client, message = store.names(values.client or { "client" }, true)
  end
  if client then
    ok, message, code = store.may_write(paths_in(directory), values.force)
    if ok then
      list, message, code = make(directory, values, server, client)
    end
  end
  if list then
    ok, message, code = files.make_directory(directory)
  end
  if not (list and ok) then
    return out:misused(new.command, message, code)
  end
  local exit = store.write(new.command, list, values.force, out)
  if exit == codes.fine then
    advise(directory, (server.dns or server.ip)[1], out)
  end
  return exit
end

return new
