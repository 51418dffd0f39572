-- x509.lua -- who a certificate is about and who issued it, as text (RFC 5280, 4.1; RFC 4514). It
-- reads names and nothing else: whether a certificate is any good is decided elsewhere.
local reader = require "beartls.decode.reader"
local text = require "beartls.decode.text"

local x509 = {}

local SEQUENCE, SET, OID = 0x30, 0x31, 0x06

-- RFC 4514, 3, and what else is seen in certificates.
local attributes = {
  ["2.5.4.3"] = "CN",
  ["2.5.4.4"] = "SN",
  ["2.5.4.5"] = "serialNumber",
  ["2.5.4.6"] = "C",
  ["2.5.4.7"] = "L",
  ["2.5.4.8"] = "ST",
  ["2.5.4.9"] = "STREET",
  ["2.5.4.10"] = "O",
  ["2.5.4.11"] = "OU",
  ["2.5.4.12"] = "title",
  ["2.5.4.15"] = "businessCategory",
  ["2.5.4.17"] = "postalCode",
  ["2.5.4.42"] = "GN",
  ["2.5.4.97"] = "organizationIdentifier",
  ["0.9.2342.19200300.100.1.1"] = "UID",
  ["0.9.2342.19200300.100.1.25"] = "DC",
  ["1.2.840.113549.1.9.1"] = "emailAddress",
  ["1.3.6.1.4.1.311.60.2.1.1"] = "jurisdictionL",
  ["1.3.6.1.4.1.311.60.2.1.2"] = "jurisdictionST",
  ["1.3.6.1.4.1.311.60.2.1.3"] = "jurisdictionC",
}

local function oid_text(contents)
  local arcs, arc, open = {}, 0, true
  while contents:more() do
    local b = contents:u8("object identifier")
    arc = arc * 128 + b % 128
    if arc > 2 ^ 40 then
      contents:fail("object identifier: an arc beyond 2^40")
    end
    open = b >= 0x80
    if not open then
      if #arcs == 0 then
        local top = math.min(math.floor(arc / 40), 2)
        arcs[1] = ("%d"):format(top)
        arc = arc - top * 40
      end
      arcs[#arcs + 1] = ("%d"):format(arc)
      arc = 0
    end
  end
  if open then
    contents:fail("object identifier: it ends inside an arc")
  end
  return table.concat(arcs, ".")
end

local function wide(bytes, size)
  local out = {}
  for i = 1, #bytes - size + 1, size do
    local code = 0
    for k = i, i + size - 1 do
      code = code * 256 + bytes:byte(k)
    end
    out[#out + 1] = text.utf8(code)
  end
  return table.concat(out)
end

local function as_is(bytes)
  return bytes
end

-- String types by tag, each as UTF-8. T61String is read as Latin-1, which is what everybody wrote.
local strings = {
  [0x0C] = as_is, -- UTF8String
  [0x12] = as_is, -- NumericString
  [0x13] = as_is, -- PrintableString
  [0x14] = function(bytes) return wide(bytes, 1) end, -- T61String
  [0x16] = as_is, -- IA5String
  [0x1A] = as_is, -- VisibleString
  [0x1C] = function(bytes) return wide(bytes, 4) end, -- UniversalString
  [0x1E] = function(bytes) return wide(bytes, 2) end, -- BMPString
}

local function escape_byte(code)
  return ("\\%02X"):format(code)
end

-- RFC 4514, 2.4.
local function escape(value)
  value = value:gsub('[,+"\\<>;]', "\\%0"):gsub("^[ #]", "\\%0")
  if value:sub(-1) == " " and value ~= "\\ " then
    value = value:sub(1, -2) .. "\\ "
  end
  return text.escape(value, escape_byte)
end

-- Its value is nil where it is no string, or where the attribute has no name.
local function attribute(r)
  local pair = r:expect(SEQUENCE, "attribute of a name")
  local oid = oid_text(pair:expect(OID, "type of an attribute"))
  local start = pair.at
  local tag, value = pair:element("value of an attribute")
  local key, decode = attributes[oid], strings[tag]
  return {
    name = key or oid, value = key and decode and decode(value:rest()) or nil,
    der = pair.bytes:sub(start, value.stop),
  }
end

local function attribute_text(a)
  return a.name .. "=" .. (a.value and escape(a.value) or "#" .. text.hex(a.der):upper())
end

-- A list of parts, each a list of attributes.
local function parts(r)
  local rdns, list = r:expect(SEQUENCE, "distinguished name"), {}
  while rdns:more() do
    local set, values = rdns:expect(SET, "part of a name"), {}
    while set:more() do
      values[#values + 1] = attribute(set)
    end
    list[#list + 1] = values
  end
  return list
end

-- RFC 4514, 2.1: the last part comes first.
local function name(r)
  local list, texts = parts(r), {}
  for i = #list, 1, -1 do
    local values = {}
    for k, a in ipairs(list[i]) do
      values[k] = attribute_text(a)
    end
    texts[#texts + 1] = table.concat(values, "+")
  end
  return table.concat(texts, ",")
end

---The parts of a distinguished name in DER, in its own order, each a list of attributes. An attribute's value is nil
---when it is no string, or when its type is not known here: then its name is the OID.
---@param der string
---@return { name: string, value: string|nil, der: string }[][]|nil, string|nil malformed
function x509.parts(der)
  local ok, result = reader.try(parts, reader.new(der))
  if ok then
    return result
  end
  return nil, result
end

---A distinguished name in DER as text: "CN=alice,O=Example".
---@param der string
---@return string|nil text, string|nil malformed what is wrong with it
function x509.name(der)
  local ok, result = reader.try(name, reader.new(der))
  if ok then
    return result
  end
  return nil, result
end

local function names(der)
  local tbs = reader.new(der):expect(SEQUENCE, "certificate"):expect(SEQUENCE, "certificate body")
  local tag = tbs:element("version or serial number")
  if tag == 0xA0 then
    tbs:element("serial number")
  end
  tbs:element("signature algorithm")
  local issuer = name(tbs)
  tbs:element("validity")
  return { subject = name(tbs), issuer = issuer }
end

---Subject and issuer of a certificate in DER.
---@param der string
---@return string|nil subject, string issuer_or_malformed
function x509.names(der)
  local ok, result = reader.try(names, der)
  if ok then
    return result.subject, result.issuer
  end
  return nil, result
end

return x509
