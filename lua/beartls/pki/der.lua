-- der.lua: writes DER (X.690): every function gives a whole element, tag, length and contents, as a string of bytes.
-- Structures read like the RFC's: der.sequence(der.oid "2.5.29.19", der.boolean(true), ...).

local der = {}

local char, floor = string.char, math.floor

local function length(n)
  if n < 0x80 then
    return char(n)
  end
  local bytes = ""
  while n > 0 do
    bytes = char(n % 256) .. bytes
    n = floor(n / 256)
  end
  return char(0x80 + #bytes) .. bytes
end

---Any element.
---@param tag integer its first byte
---@param contents string
---@return string
function der.element(tag, contents)
  return char(tag) .. length(#contents) .. contents
end

local function constructed(tag)
  return function(...)
    return der.element(tag, table.concat { ... })
  end
end

local function primitive(tag)
  return function(contents)
    return der.element(tag, contents)
  end
end

der.sequence = constructed(0x30)
der.octet_string = primitive(0x04)
der.utf8_string = primitive(0x0C)
der.printable_string = primitive(0x13)
der.ia5_string = primitive(0x16)
der.null = der.element(0x05, "")

---SET OF: its elements in the order of their bytes (X.690, 11.6).
---@param elements string[]
---@return string
function der.set_of(elements)
  table.sort(elements)
  return der.element(0x31, table.concat(elements))
end

---[n], constructed: EXPLICIT around an element, or IMPLICIT instead of the tag of a SEQUENCE.
---@param n integer
---@param contents string
---@return string
function der.context(n, contents)
  return der.element(0xA0 + n, contents)
end

---[n], primitive: IMPLICIT instead of the tag of a string.
---@param n integer
---@param contents string
---@return string
function der.context_primitive(n, contents)
  return der.element(0x80 + n, contents)
end

---@param value boolean
---@return string
function der.boolean(value)
  return der.element(0x01, value and "\255" or "\0")
end

---A non-negative INTEGER.
---@param value string|integer big-endian bytes without a sign, or a number
---@return string
function der.integer(value)
  if type(value) == "number" then
    local bytes = ""
    repeat
      bytes = char(value % 256) .. bytes
      value = floor(value / 256)
    until value == 0
    value = bytes
  end
  value = value:gsub("^%z+", "")
  if value == "" or value:byte() >= 0x80 then
    value = "\0" .. value
  end
  return der.element(0x02, value)
end

---@param value integer
---@return string
function der.enumerated(value)
  return der.element(0x0A, char(value))
end

local function base128(arc)
  local bytes = char(arc % 128)
  arc = floor(arc / 128)
  while arc > 0 do
    bytes = char(0x80 + arc % 128) .. bytes
    arc = floor(arc / 128)
  end
  return bytes
end

---@param text string "2.5.4.3"
---@return string
function der.oid(text)
  local first, second, rest = text:match "^(%d+)%.(%d+)(.*)$"
  local contents = base128(first * 40 + second)
  for arc in rest:gmatch "%d+" do
    contents = contents .. base128(tonumber(arc))
  end
  return der.element(0x06, contents)
end

---A BIT STRING of whole bytes.
---@param bytes string
---@return string
function der.bit_string(bytes)
  return der.element(0x03, "\0" .. bytes)
end

---A BIT STRING whose bits have names: no zeros at its end (X.690, 11.2.2).
---@param bits integer[] the numbers of those that are set, bit 0 being the first one
---@return string
function der.named_bits(bits)
  local bytes, last = {}, -1
  for _, bit in ipairs(bits) do
    local at = floor(bit / 8) + 1
    bytes[at] = (bytes[at] or 0) + 2 ^ (7 - bit % 8)
    last = math.max(last, bit)
  end
  local contents = ""
  for i = 1, floor(last / 8) + 1 do
    contents = contents .. char(bytes[i] or 0)
  end
  return der.element(0x03, char((7 - last % 8) % 8) .. contents)
end

-- 9999-12-31T23:59:59Z: what has no end ends then (RFC 5280, 4.1.2.5).
der.LAST_MOMENT = 253402300799

---UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). Times before 1950 are not written.
---@param seconds number since the epoch
---@return string
function der.time(seconds)
  local text = os.date("!%Y%m%d%H%M%SZ", floor(seconds))
  if text < "2050" then
    return der.element(0x17, text:sub(3))
  end
  return der.element(0x18, text)
end

return der
