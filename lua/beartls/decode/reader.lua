-- reader.lua -- reads bytes that nobody vouches for: every length is checked against what is there.
-- What is wrong is thrown as a failure and caught by reader.try, so that a decoder reads like the
-- RFC's structs and needs no check of its own. Positions count from 1, as in raw:byte(n).
local reader = {}

local methods = {}
local mt = { __index = methods }
local failure_mt = {}

-- Level 0 keeps the failure a table: a mistake in a decoder is an ordinary error and gets through
-- reader.try.
local function fail(at, message, ...)
  error(setmetatable({ message = message:format(...), at = at }, failure_mt), 0)
end

---@param bytes string
---@param first? integer
---@param last? integer the last byte that belongs to it
function reader.new(bytes, first, last)
  return setmetatable({ bytes = bytes, at = first or 1, stop = last or #bytes }, mt)
end

---Calls decode(...); what is malformed comes back as a sentence.
---@return boolean ok, any result_or_sentence
function reader.try(decode, ...)
  local ok, result = pcall(decode, ...)
  if ok then
    return true, result
  end
  if getmetatable(result) ~= failure_mt then
    error(result, 0)
  end
  return false, ("%s (at byte %d)"):format(result.message, result.at)
end

function methods:fail(message, ...)
  fail(self.at, message, ...)
end

function methods:left()
  return self.stop - self.at + 1
end

function methods:more()
  return self.at <= self.stop
end

local function step(self, n, what)
  local at = self.at
  local left = self.stop - at + 1
  if n > left then
    fail(at, "%s: %d byte%s wanted, %d left", what, n, n == 1 and "" or "s", left)
  end
  self.at = at + n
  return at
end

---@param what string what is being read, for the sentence
function methods:u8(what)
  return self.bytes:byte(step(self, 1, what))
end

function methods:u16(what)
  local at = step(self, 2, what)
  local a, b = self.bytes:byte(at, at + 1)
  return a * 256 + b
end

function methods:u24(what)
  local at = step(self, 3, what)
  local a, b, c = self.bytes:byte(at, at + 2)
  return (a * 256 + b) * 256 + c
end

function methods:u32(what)
  return self:u16(what) * 65536 + self:u16(what)
end

---n bytes as a string.
function methods:take(n, what)
  local at = step(self, n, what)
  return self.bytes:sub(at, at + n - 1)
end

function methods:rest()
  return self:take(self:left(), "rest")
end

local function size(self, width, what)
  if width == 1 then
    return self:u8(what)
  elseif width == 2 then
    return self:u16(what)
  end
  return self:u24(what)
end

---A vector with a length of 1, 2 or 3 bytes before it, as a string.
function methods:data(width, what)
  return self:take(size(self, width, what), what)
end

---A vector with a length of 1, 2 or 3 bytes before it, as a reader of its own; copies nothing.
function methods:vector(width, what)
  local n = size(self, width, what)
  local at = step(self, n, what)
  return reader.new(self.bytes, at, at + n - 1)
end

---A vector of 16-bit code points, each through `name`, appended to `list` one by one, so that what
---was read before something malformed is kept.
function methods:codes(list, width, name, what)
  local items = self:vector(width, what)
  while items:more() do
    list[#list + 1] = name(items:u16(what))
  end
  return list
end

---Nothing may follow.
function methods:finish(what)
  if self:more() then
    fail(self.at, "%s: %d byte%s too many", what, self:left(), self:left() == 1 and "" or "s")
  end
end

---One DER element with a definite length (X.690, 8.1).
---@return integer tag, table contents a reader, integer start of the element
function methods:element(what)
  local start = self.at
  local tag, n = self:u8(what), self:u8(what)
  if n >= 0x80 then
    local width = n - 0x80
    if width == 0 or width > 3 then
      fail(start, "%s: no DER length that could fit", what)
    end
    n = size(self, width, what)
  end
  local at = step(self, n, what)
  return tag, reader.new(self.bytes, at, at + n - 1), start
end

---The contents of a DER element that must have this tag.
function methods:expect(tag, what)
  local start = self.at
  local found, contents = self:element(what)
  if found ~= tag then
    fail(start, "%s: tag 0x%02x where 0x%02x belongs", what, found, tag)
  end
  return contents, start
end

return reader
