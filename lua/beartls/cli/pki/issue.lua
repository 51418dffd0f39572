-- issue.lua: `beartls pki issue`: a certificate and its key from an authority.

local codes = require "beartls.cli.codes"
local store = require "beartls.cli.pki.store"

local issue = {}

issue.command = {
  name = "pki issue",
  takes = "DIR",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Issues a certificate from the authority in DIR and writes it and its key there, as NAME.pem and NAME.key by "
    .. "the first of its names.",
  options = {
    store.options.server, store.options.client,
    { "as", "BASE", "write BASE.pem and BASE.key, wherever that is" },
    { "key", "FILE", "a key that is there already, instead of a new one" },
    store.options.days, store.options.key_kind, store.options.password, store.options.force, store.options.json,
  },
  notes = codes.help .. [[


examples:
  beartls pki issue demo --server www.example.org,192.0.2.7
  beartls pki issue demo --client bob --days 30]],
}

local function make(values, given)
  local ca, message, code = store.load(values[1], values)
  if not ca then
    return nil, message, code
  end
  given.days, given.key, given.key_kind = values.days, values.key, values.key_kind
  local identity
  identity, message, code = ca:issue(given)
  if identity and values.key then
    identity.key = nil -- it has its file
  end
  return identity, message, code
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function issue.run(values, out)
  local given, identity, base
  local ok, message, code = store.check_values(values)
  if ok then
    given, message = store.one_of(values)
  end
  if given then
    base = values.as or values[1] .. "/" .. store.base((values.server or values.client)[1])
    ok, message, code = store.may_write({ base .. ".pem", not values.key and base .. ".key" or nil }, values.force)
    if ok then
      identity, message, code = make(values, given)
    end
  end
  if not identity then
    return out:misused(issue.command, message, code)
  end
  return store.write(issue.command, store.files_of_identity(base, identity), values.force, out)
end

return issue
