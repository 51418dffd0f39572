-- ca.lua: `beartls pki ca`: an authority in a directory of its own.

local codes = require "beartls.cli.codes"
local files = require "beartls.files"
local issuing = require "beartls.pki"
local store = require "beartls.cli.pki.store"

local ca = {}

ca.command = {
  name = "pki ca",
  takes = "DIR",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Makes an authority in DIR: ca.pem, its certificate, and ca.key. With --below it is an intermediate: its "
    .. "chain is in ca.pem, and the root, whom all have to trust, in root.pem.",
  options = {
    store.options.name,
    { "below", "DIR", "the authority that issues it" },
    { "permit", "DOMAINS", "it may issue for these domains and address ranges alone: example.org,10.0.0.0/8",
      kind = "list" },
    { "path-length", "N", "how many authorities may stand below it", kind = "number" },
    store.options.days, store.options.key_kind, store.options.password, store.options.force, store.options.json,
  },
  notes = codes.help,
}

local function permitted(list)
  local out = {}
  for _, item in ipairs(list or {}) do
    local kind = item:find("[/:]") and "ip" or "dns"
    out[kind] = out[kind] or {}
    table.insert(out[kind], item)
  end
  return next(out) and out or nil
end

local function make(values)
  local given = {
    name = values.name, days = values.days, key_kind = values.key_kind, path_length = values.path_length,
    permitted = permitted(values.permit),
  }
  if not values.below then
    return issuing.ca(given)
  end
  local above, message, code = store.load(values.below, values)
  if not above then
    return nil, message, code
  end
  return above:intermediate(given)
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function ca.run(values, out)
  local directory = values[1]
  local made, password
  local ok, message, code = store.check_values(values)
  if ok and values.path_length and (values.path_length > 255 or values.path_length % 1 ~= 0) then
    ok, message = nil, "--path-length wants a number from 0 to 255"
  end
  if ok then
    ok, message, code = store.may_write({ directory .. "/ca.pem", directory .. "/ca.key" }, values.force)
  end
  if ok then
    password, message, code = store.password(values)
  end
  if ok and not message then
    made, message, code = make(values)
  end
  if made then
    ok, message, code = files.make_directory(directory)
  end
  if not (made and ok) then
    return out:misused(ca.command, message, code)
  end
  return store.write(ca.command, store.files_of(directory, made, password), values.force, out)
end

return ca
