-- crl.lua: `beartls pki crl`: what an authority takes back. The list itself is the memory: what was in it stays.

local codes = require "beartls.cli.codes"
local files = require "beartls.files"
local issuing = require "beartls.pki"
local store = require "beartls.cli.pki.store"
local tls = require "beartls"

local crl = {}

crl.command = {
  name = "pki crl",
  takes = "DIR",
  count = { 1, 1 },
  shows_on_stdout = true,
  about = "Makes the list of certificates that the authority in DIR takes back, as crl.pem in DIR. What is in the list "
    .. "that is there already stays in it, and --force lets the new one take its place.",
  options = {
    { "revoke", "FILE", "take this certificate back; may be given more than once", several = true },
    { "reason", "WORD", "why: keyCompromise, superseded, affiliationChanged, cessationOfOperation, "
      .. "privilegeWithdrawn" },
    { "days", "N", "when the next list comes (as it is without: 30)", kind = "number" },
    store.options.password, store.options.force, store.options.json,
  },
  notes = codes.help,
}

-- The option revoked of ca:crl.
local function revoked(values)
  local list = {}
  for i, path in ipairs(values.revoke or {}) do
    local certificate, message, code = tls.certificate.load(path)
    if not certificate then
      return nil, message, code
    end
    list[i] = { certificate = certificate, reason = values.reason }
  end
  return list
end

local function previous(path)
  if not files.exists(path) then
    return nil
  end
  local bytes, message, code = files.read(path, "revocation list")
  if not bytes then
    return nil, message, code
  end
  return issuing.parse_crl(bytes)
end

local function make(values, path)
  local ca, message, code = store.load(values[1], values)
  local list, before, made
  if ca then
    list, message, code = revoked(values)
  end
  for _, item in ipairs(list or {}) do
    if item.certificate:issuer() ~= ca.certificate:subject() then
      return nil, ("%s was not issued by this authority"):format(item.certificate:subject()), "config_crl"
    end
  end
  if list then
    before, message, code = previous(path)
  end
  if message then
    return nil, message, code
  end
  made, message, code = ca:crl { revoked = list, previous = before, days = values.days }
  return made, message, code
end

---Runs the command.
---@param values table what the command line said
---@param out beartls.cli.output
---@return integer exit code
function crl.run(values, out)
  local path = values[1] .. "/crl.pem"
  local made
  local ok, message, code = store.check_values(values)
  if ok and values.reason and not issuing.revocation_reasons[values.reason] then
    ok, message = nil, ("--reason %s is none that there is: see --help"):format(values.reason)
  end
  if ok then
    ok, message, code = store.may_write({ path }, values.force)
  end
  if ok then
    made, message, code = make(values, path)
  end
  if not made then
    return out:misused(crl.command, message, code)
  end
  return store.write(crl.command, {
    { path = path, bytes = made:pem(), about = ("%d taken back"):format(#made.entries) },
  }, values.force, out)
end

return crl
