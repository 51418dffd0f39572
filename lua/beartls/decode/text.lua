-- text.lua -- bytes from a peer as text that is safe to show: no control character, no broken
-- UTF-8.
local text = {}

local byte, sub = string.byte, string.sub

local function tail(b)
  return b ~= nil and b >= 0x80 and b <= 0xBF
end

---How many bytes the UTF-8 character at position i has, nil when there is none: no overlong form,
---no surrogate, nothing beyond U+10FFFF (RFC 3629, 4).
---@param s string
---@param i integer
---@return integer|nil
function text.utf8_size(s, i)
  local a, b, c, d = byte(s, i, i + 3)
  if a < 0x80 then
    return 1
  elseif a < 0xC2 or not tail(b) then
    return nil
  elseif a < 0xE0 then
    return 2
  elseif a < 0xF0 then
    if (a == 0xE0 and b < 0xA0) or (a == 0xED and b > 0x9F) or not tail(c) then
      return nil
    end
    return 3
  elseif a > 0xF4 or (a == 0xF0 and b < 0x90) or (a == 0xF4 and b > 0x8F)
    or not (tail(c) and tail(d)) then
    return nil
  end
  return 4
end

-- C0 and C1 controls, and the characters that turn the direction of writing (U+200E..200F,
-- U+202A..202E, U+2066..2069): they let a name look like another one.
local function unsafe(s, i, n)
  local a, b, c = byte(s, i, i + 2)
  if n == 1 then
    return a < 0x20 or a == 0x7F
  elseif n == 2 then
    return a == 0xC2 and b < 0xA0
  elseif n == 3 and a == 0xE2 then
    return (b == 0x80 and (c == 0x8E or c == 0x8F or (c >= 0xA8 and c <= 0xAE)))
      or (b == 0x81 and c >= 0xA6 and c <= 0xA9)
  end
  return false
end

---The string with every byte that is not safe text passed through `escape`.
---@param s string
---@param escape fun(code: integer): string
---@return string
function text.escape(s, escape)
  if not s:find("[^\32-\126]") then
    return s
  end
  local out, i = {}, 1
  while i <= #s do
    local n = text.utf8_size(s, i)
    if n and not unsafe(s, i, n) then
      out[#out + 1] = sub(s, i, i + n - 1)
    else
      n = n or 1
      for k = i, i + n - 1 do
        out[#out + 1] = escape(byte(s, k))
      end
    end
    i = i + n
  end
  return table.concat(out)
end

local function hex_escape(code)
  return ("\\x%02x"):format(code)
end

---Text for a terminal: what is not safe becomes \xNN.
---@param s string
---@return string
function text.printable(s)
  return text.escape(s, hex_escape)
end

---@param bytes string
---@return string
function text.hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(byte(c))
  end))
end

---The Unicode character as UTF-8, "?" for what is none.
---@param code integer
---@return string
function text.utf8(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    if code >= 0xD800 and code <= 0xDFFF then
      return "?"
    end
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  elseif code > 0x10FFFF then
    return "?"
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64,
    0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

---How many characters a UTF-8 string shows, roughly: one for each that is not a continuation byte.
---@param s string
---@return integer
function text.width(s)
  local _, continued = s:gsub("[\128-\191]", "")
  return #s - continued
end

---The string cut to at most `width` characters, with "..." at its end when something was cut.
---@param s string safe text
---@param width integer
---@return string
function text.cut(s, width)
  if text.width(s) <= width then
    return s
  end
  local i, shown, keep = 1, 0, math.max(width - 3, 0)
  while shown < keep do
    i = i + (text.utf8_size(s, i) or 1)
    shown = shown + 1
  end
  return sub(s, 1, i - 1) .. "..."
end

return text
