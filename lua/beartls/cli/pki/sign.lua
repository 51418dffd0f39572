-- sign.lua: `beartls pki sign`: a certificate for a request.

local codes = require "beartls.cli.codes"
local files = require "beartls.files"
local issuing = require "beartls.pki"
local store = require "beartls.cli.pki.store"

local sign = {}

sign.command = {
  name = "pki sign",
  takes = "DIR REQUEST",
  count = { 2, 2 },
  shows_on_stdout = true,
  about = "Issues a certificate for the request in the file REQUEST from the authority in DIR. It is for the names "
    .. "that the request asks for, unless --server or --client say others; it never becomes an authority's.",
  options = {
    store.options.server, store.options.client,
    { "out", "FILE", "where it goes (as it is without: beside the request, as .pem)" },
    store.options.days, store.options.password, store.options.force, store.options.json,
  },
  notes = codes.help,
}

local function make(values, given)
  local ca, message, code = store.load(values[1], values)
  local bytes, request
  if ca then
    bytes, message, code = files.read(values[2], "request")
  end
  if bytes then
    request, message, code = issuing.parse_request(bytes)
  end
  if not request then
    return nil, message, code
  end
  given.days = values.days
  return ca:sign(request, given)
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function sign.run(values, out)
  local path = values.out or values[2]:gsub("%.%w+$", "") .. ".pem"
  local given, identity = {}, nil
  local ok, message, code = store.check_values(values)
  if ok and (values.server or values.client) then
    given, message = store.one_of(values)
  end
  if given and ok then
    ok, message, code = store.may_write({ path }, values.force)
  end
  if given and ok then
    identity, message, code = make(values, given)
  end
  if not identity then
    return out:misused(sign.command, message, code)
  end
  return store.write(sign.command, {
    { path = path, bytes = identity.certificate:pem(), certificate = identity.certificate },
  }, values.force, out)
end

return sign
