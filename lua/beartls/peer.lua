-- peer.lua: is the peer of a session who it has to be? For authorisation in mutual TLS.

local nearest = require "beartls.nearest"

local peer = {}

local function equal(a, b)
  return a == b
end

-- RFC 5280, 7.5: the part before the @ as it is, the domain without regard to case.
local function canonical_email(text)
  local mailbox, domain = text:match "^(.*)@([^@]*)$"
  return mailbox and mailbox .. "@" .. domain:lower() or text
end

local function equal_email(a, b)
  return canonical_email(a) == canonical_email(b)
end

-- Each kind: what the certificate has of it, and when one of these is the one that is wanted.
local kinds = {
  uri = { function(certificate) return certificate:uris() end, equal },
  email = { function(certificate) return certificate:emails() end, equal_email },
  subject = { function(certificate) return { certificate:subject() } end, equal },
  pin = { function(certificate) return { certificate:pin() } end, equal },
  dns = {
    function(certificate) return certificate:dns_names() end,
    function(_, name, certificate) return certificate:matches_name(name) end,
  },
  ip = {
    function(certificate) return certificate:ip_addresses() end,
    function(_, address, certificate) return certificate:matches_name(address) end,
  },
}

local kind_names = { "dns", "email", "ip", "pin", "subject", "uri" }

-- A SPIFFE ID counts only when it is the one URI of the certificate (X.509-SVID, 2).
local function is_ambiguous(kind, found, wanted)
  return kind == "uri" and #found > 1 and wanted:lower():find "^spiffe://" ~= nil
end

local function has_one(kind, found, wanted, certificate)
  if is_ambiguous(kind, found, wanted) then
    return false
  end
  for _, name in ipairs(found) do
    if kinds[kind][2](name, wanted, certificate) then
      return true
    end
  end
  return false
end

-- Is one of them there, or does the function say yes to one that is?
local function has_any(kind, wanted, certificate)
  local found = kinds[kind][1](certificate)
  if type(wanted) == "function" then
    for _, name in ipairs(found) do
      if not is_ambiguous(kind, found, name) and wanted(name) then
        return true
      end
    end
    return false
  end
  for _, one in ipairs(type(wanted) == "table" and wanted or { wanted }) do
    if has_one(kind, found, one, certificate) then
      return true
    end
  end
  return false
end

local function is_address(text)
  return text:find "^[%d.]+$" ~= nil or text:find(":", 1, true) ~= nil
end

local function check_value(kind, value)
  local list = type(value) == "table" and value or { value }
  for _, one in ipairs(list) do
    if type(one) ~= "string" and type(one) ~= "function" or type(one) == "function" and value ~= one then
      return false
    end
    if type(one) == "string" and (kind == "dns" and is_address(one) or kind == "ip" and not is_address(one)) then
      return false
    end
  end
  return #list > 0
end

-- Raises for what can only be a mistake: a condition that is misspelt or empty would let everybody in.
local function check(wanted)
  if type(wanted) ~= "table" or next(wanted) == nil then
    error("peer_matches wants a table that says who the peer has to be: { uri = ... }", 4)
  end
  for kind, value in pairs(wanted) do
    if not kinds[kind] then
      local hint = type(kind) == "string" and nearest(kind, kind_names)
      error(("peer_matches: there is no %q%s"):format(tostring(kind),
        hint and (", did you mean %q?"):format(hint) or ""), 4)
    elseif not check_value(kind, value) then
      error(("peer_matches: %s must be a name of that kind, a list of such, or a function"):format(kind), 4)
    end
  end
end

---Whether the peer is who it has to be. Each kind that is asked for must fit; of a list, one.
---@param session beartls.session
---@param wanted table<string, string|string[]|function> by kind: dns, ip, email, uri, subject, pin
---@return boolean
---@return string|nil why_not
function peer.matches(session, wanted)
  check(wanted)
  if not session:is_vouched() then
    return false, "nobody vouches for the peer's certificate"
  end
  local certificate = session:peer_certificate()
  for _, kind in ipairs(kind_names) do
    if wanted[kind] and not has_any(kind, wanted[kind], certificate) then
      local found = table.concat(kinds[kind][1](certificate), ", ")
      return false, ("the peer's certificate (%s) has %s"):format(certificate:subject(),
        found == "" and "no " .. kind or ("another %s: %s"):format(kind, found))
    end
  end
  return true
end

return peer
