-- faulty.lua: `beartls serve --faulty`: certificates that a client ought to refuse, from the gallery of beartls.pki.

local issuing = require "beartls.pki"
local nearest = require "beartls.nearest"
local store = require "beartls.cli.pki.store"

local faulty = {}

faulty.options = {
  { "faulty", "NAME", "show a certificate that a client ought to refuse; `--faulty list` names them" },
  { "authority", "DIR", "with --faulty: who issues it, a directory of `beartls pki new`; without it, a new one, "
    .. "whose certificate is printed" },
}

---Prints the gallery.
---@param out beartls.cli.output
function faulty.list(out)
  for _, fault in ipairs(issuing.faults()) do
    if out.json then
      out:fact(out.stdout, "fault", { name = fault.name, about = fault.about, code = fault.code })
    else
      out:print(("%-28s%s"):format(fault.name, fault.about))
    end
  end
end

local function is_known(name)
  local names = {}
  for i, fault in ipairs(issuing.faults()) do
    if fault.name == name then
      return true
    end
    names[i] = fault.name
  end
  local near = nearest(name, names)
  return false, ("--faulty %s is no fault that there is%s: --faulty list names them"):format(name,
    near and (", did you mean %s"):format(near) or "")
end

local function show_pem(name, object, out)
  if out.json then
    out:fact(out.stdout, name, { pem = object:pem() })
  else
    out:put(object:pem())
  end
end

---The certificate that --faulty asks for, or nil, message, code.
---@param values table
---@param out beartls.cli.output
---@return { certificate: beartls.certificate, key: beartls.key }|nil
---@return string|nil message
---@return string|nil code
function faulty.identity(values, out)
  local known, message = is_known(values.faulty)
  local ca, identity, list, code
  if not known then
    return nil, message, "usage"
  elseif values.cert then
    return nil, "--faulty makes a certificate of its own: it goes without --cert", "usage"
  elseif values.authority then
    ca, message, code = store.load(values.authority, {})
  else
    ca, message, code = issuing.ca {}
  end
  if ca then
    identity, list, code = ca:faulty(values.faulty)
    message = list
  end
  if not identity then
    return nil, message, code
  end
  -- Clients have to trust the root, and to have the list, to see what is wrong.
  if not values.authority then
    show_pem("authority", ca.root, out)
  end
  if list then
    show_pem("crl", list, out)
  end
  return identity
end

return faulty
