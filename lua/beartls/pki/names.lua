-- names.lua: the names that a certificate is for, as GeneralNames of its subjectAltName, and the subtrees of
-- nameConstraints (RFC 5280, 4.2.1.6 and 4.2.1.10).

local core = require "beartls.core"
local der = require "beartls.pki.der"
local text = require "beartls.decode.text"

local names = {}

-- [n] of GeneralName.
local EMAIL, DNS, URI, IP = 1, 2, 6, 7

local function refuse(kind, value, why)
  return nil, ("%s %s cannot stand in a certificate: %s"):format(kind, text.printable(value), why), "config_name"
end

local function dns(value)
  value = value:gsub("%.$", "")
  if core.ip_address(value) then
    return refuse("the DNS name", value, "it is an address: those go to ip")
  elseif value:find "[\128-\255]" then
    return refuse("the DNS name", value, "write its labels in their ASCII form (xn--...)")
  end
  local host = value:gsub("^%*%.", "", 1)
  if not core.is_dns_name(host) or host:find("_", 1, true) then
    return refuse("the DNS name", value, host:find("*", 1, true)
      and "a wildcard stands for the whole first label and for nothing else"
      or "it is no host name (RFC 1123)")
  elseif host ~= value and not host:find(".", 1, true) then
    return refuse("the DNS name", value, "nobody believes a wildcard for a whole top-level domain")
  end
  return der.context_primitive(DNS, value)
end

local function ip(value)
  local bytes = core.ip_address(value)
  if not bytes then
    return refuse("the address", value, "it is neither IPv4 nor IPv6")
  end
  return der.context_primitive(IP, bytes)
end

-- A mailbox of RFC 5321 without comments, quotes or non-ASCII letters, which RFC 5280 has no room for.
local function email(value)
  local user, host = value:match "^([%w!#$%%&'*+/=?^_`{|}~.-]+)@(.+)$"
  if not user or user:find "^%." or user:find "%.$" or user:find("..", 1, true) or not core.is_dns_name(host) then
    return refuse("the email address", value, "it is none")
  end
  return der.context_primitive(EMAIL, value)
end

-- RFC 3986 as far as RFC 5280 wants it: absolute, ASCII, with something behind the scheme.
local function uri(value)
  if not value:find "^%a[%w+.-]*:[^%s]+$" or value:find "[^\33-\126]" or value:find '[<>"{}|\\^`]' then
    return refuse("the URI", value, "it is no absolute URI in ASCII, such as spiffe://example.org/server")
  end
  return der.context_primitive(URI, value)
end

-- In the order in which they stand in a certificate.
local kinds = { { "dns", dns }, { "ip", ip }, { "email", email }, { "uri", uri } }

local function list_of(value)
  return type(value) == "table" and value or { value }
end

names.list_of = list_of

---GeneralNames without its tag, "" when there are none.
---@param given table { dns =, ip =, email =, uri = }, each a name or a list of names
---@return string|nil
---@return string|nil message
---@return string|nil code "config_name"
function names.encode(given)
  local all = {}
  for _, kind in ipairs(kinds) do
    for _, value in ipairs(list_of(given[kind[1]])) do
      local name, message, code = kind[2](value)
      if not name then
        return nil, message, code
      end
      all[#all + 1] = name
    end
  end
  return table.concat(all)
end

---The first of the names, in the order dns, ip, email, uri.
---@return string|nil
function names.first(given)
  for _, kind in ipairs(kinds) do
    local value = list_of(given[kind[1]])[1]
    if value then
      return value
    end
  end
end

-- An address and as many bytes of mask: "10.0.0.0/8" (RFC 5280, 4.2.1.10).
local function ip_range(value)
  local address, bits = value:match "^([^/]+)/(%d+)$"
  local bytes = core.ip_address(address or value)
  bits = tonumber(bits) or bytes and #bytes * 8
  if not bytes or bits > #bytes * 8 then
    return refuse("the range of addresses", value, "it is none, such as 10.0.0.0/8 or 2001:db8::/32")
  end
  local range, mask = "", ""
  for i = 1, #bytes do
    local free = 2 ^ (8 - math.max(0, math.min(8, bits - (i - 1) * 8)))
    local byte = bytes:byte(i)
    range = range .. string.char(byte - byte % free)
    mask = mask .. string.char(256 - free)
  end
  return der.context_primitive(IP, range .. mask)
end

-- A host and all below it, or with a leading dot only what is below (as most programs read that).
local function domain(tag, kind)
  return function(value)
    local host = value:gsub("^%.", "", 1)
    if not core.is_dns_name(host) then
      return refuse(kind, value, "it is no host name")
    end
    return der.context_primitive(tag, value)
  end
end

local function mailboxes(value)
  if value:find("@", 1, true) then
    return email(value)
  end
  return domain(EMAIL, "the mail domain")(value)
end

local subtrees = {
  { "dns", domain(DNS, "the domain") }, { "ip", ip_range }, { "email", mailboxes },
  { "uri", domain(URI, "the domain of URIs") },
}

---GeneralSubtrees without its tag, "" when there are none.
---@param given table|nil { dns =, ip =, email =, uri = }, each a subtree or a list of them
---@return string|nil
---@return string|nil message
---@return string|nil code "config_name"
function names.subtrees(given)
  local all = {}
  for _, kind in ipairs(subtrees) do
    for _, value in ipairs(list_of(given and given[kind[1]])) do
      local name, message, code = kind[2](value)
      if not name then
        return nil, message, code
      end
      all[#all + 1] = der.sequence(name)
    end
  end
  return table.concat(all)
end

return names
