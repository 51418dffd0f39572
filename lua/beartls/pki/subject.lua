-- subject.lua: distinguished names (RFC 5280, 4.1.2.4): whom a certificate is about, in words.

local der = require "beartls.pki.der"
local nearest = require "beartls.nearest"
local text = require "beartls.decode.text"

local subject = {}

local function is_printable(value)
  return not value:find("[^%w '()+,%-./:=?]")
end

local function is_ascii(value)
  return not value:find "[^\32-\126]"
end

local function utf8(oid, most)
  return { oid = oid, most = most, write = der.utf8_string }
end

local function printable(oid, most)
  return { oid = oid, most = most, write = der.printable_string, is_fine = is_printable,
    letters = "letters, digits and ' ( ) + , - . / : = ?" }
end

local function ia5(oid, most)
  return { oid = oid, most = most, write = der.ia5_string, is_fine = is_ascii, letters = "ASCII" }
end

-- Their string types and lengths are those of RFC 5280, A.1; where it leaves the choice, UTF8String is taken.
local attributes = {
  CN = utf8("2.5.4.3", 64), SN = utf8("2.5.4.4", 40), serialNumber = printable("2.5.4.5", 64),
  C = printable("2.5.4.6", 2), L = utf8("2.5.4.7", 128), ST = utf8("2.5.4.8", 128), STREET = utf8("2.5.4.9", 128),
  O = utf8("2.5.4.10", 64), OU = utf8("2.5.4.11", 64), title = utf8("2.5.4.12", 64), GN = utf8("2.5.4.42", 16),
  UID = utf8("0.9.2342.19200300.100.1.1", 256), DC = ia5("0.9.2342.19200300.100.1.25", 63),
  emailAddress = ia5("1.2.840.113549.1.9.1", 255),
}

local names = {}
for name in pairs(attributes) do
  names[#names + 1] = name
end
table.sort(names)

local function is_utf8(value)
  local i = 1
  while i <= #value do
    local n = text.utf8_size(value, i)
    if not n then
      return false
    end
    i = i + n
  end
  return true
end

local function refuse(name, value, why)
  return nil, ("%s=%s cannot stand in a certificate: %s"):format(name, text.printable(value), why), "config_subject"
end

local function attribute(name, value)
  local kind = attributes[name]
  if not kind then
    local near = nearest(name, names)
    return nil, ("there is no attribute %s for subjects%s"):format(text.printable(name),
      near and (", did you mean %s?"):format(near) or ""), "config_subject"
  elseif value == "" then
    return refuse(name, value, "it is empty")
  elseif not is_utf8(value) or value:find "%c" then
    return refuse(name, value, "it is not UTF-8, or has control characters")
  elseif kind.is_fine and not kind.is_fine(value) then
    return refuse(name, value, "only " .. kind.letters .. " may")
  elseif text.width(value) > kind.most then
    return refuse(name, value, ("it may have %d characters at most"):format(kind.most))
  end
  return der.set_of { der.sequence(der.oid(kind.oid), kind.write(value)) }
end

---A distinguished name in DER.
---@param parts string[][] { { "O", "Example" }, { "CN", "alice" } }, the widest part first
---@return string|nil
---@return string|nil message
---@return string|nil code "config_subject"
function subject.encode(parts)
  local sets = {}
  for i, part in ipairs(parts) do
    local set, message, code = attribute(part[1], part[2])
    if not set then
      return nil, message, code
    end
    sets[i] = set
  end
  return der.sequence(table.concat(sets))
end

---How long a common name may be.
subject.MOST_OF_COMMON_NAME = attributes.CN.most

---The name in DER that has no parts: whom the certificate is for is said by its subjectAltName alone.
subject.EMPTY = der.sequence()

return subject
