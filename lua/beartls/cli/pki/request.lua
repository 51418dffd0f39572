-- request.lua: `beartls pki request`: a key that never leaves its machine, and the request for a certificate of it.

local codes = require "beartls.cli.codes"
local issuing = require "beartls.pki"
local store = require "beartls.cli.pki.store"

local request = {}

request.command = {
  name = "pki request",
  takes = "BASE",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Makes a key and a request for a certificate: BASE.key stays here, BASE.csr goes to an authority.",
  options = {
    store.options.server, store.options.client,
    { "key", "FILE", "a key that is there already, instead of a new one" },
    store.options.key_kind, store.options.force, store.options.json,
  },
  notes = codes.help .. [[


example:
  beartls pki request www --server www.example.org
  beartls pki sign demo www.csr]],
}

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function request.run(values, out)
  local base = values[1]
  local given, made, key
  local ok, message, code = store.check_values(values)
  if ok then
    given, message = store.one_of(values)
  end
  if given then
    ok, message, code = store.may_write({ base .. ".csr", not values.key and base .. ".key" or nil }, values.force)
  end
  if given and ok then
    made, key, code = issuing.request {
      dns = given.dns, ip = given.ip, email = given.email, uri = given.uri, name = given.name,
      key = values.key, key_kind = values.key_kind,
    }
    message = key
  end
  if not made then
    return out:misused(request.command, message, code)
  end
  local list = { { path = base .. ".csr", bytes = made:pem(), about = "request for " .. made:subject() } }
  if not values.key then
    list[2] = { path = base .. ".key", bytes = key:pem(), private = true }
  end
  return store.write(request.command, list, values.force, out)
end

return request
