-- inbox.lua: plaintext that has arrived and that nobody has read yet: strings, of which the first is
-- read from `at` on. `size` is how many bytes there are.

local find, gsub, sub = string.find, string.gsub, string.sub

---@class beartls.stream.inbox
local methods = {}

local inbox_mt = { __index = methods }

---Appends a string that is not empty.
function methods:put(data)
  self.last = self.last + 1
  self[self.last] = data
  self.size = self.size + #data
end

local function drop_first(self)
  self[self.first] = nil
  self.at = 1
  if self.first == self.last then
    self.first, self.last = 1, 0
  else
    self.first = self.first + 1
  end
end

---Takes at most n bytes (there are some), as many as the first string has: no byte is copied twice.
---@param n integer
---@return string
function methods:take(n)
  local chunk, at = self[self.first], self.at
  local left = #chunk - at + 1
  if n < left then
    self.at = at + n
    self.size = self.size - n
    return sub(chunk, at, at + n - 1)
  end
  drop_first(self)
  self.size = self.size - left
  return at == 1 and chunk or sub(chunk, at)
end

---Takes what the first string has up to the end of the line, without it.
---@return string
---@return boolean ended whether that end was there
function methods:take_line()
  local at = self.at
  local newline = find(self[self.first], "\n", at, true)
  local piece = self:take(newline and newline - at + 1 or self.size)
  if newline then
    piece = sub(piece, 1, -2)
  end
  if find(piece, "\r", 1, true) then
    piece = gsub(piece, "\r", "") -- LuaSocket drops them wherever they are
  end
  return piece, newline ~= nil
end

---@return beartls.stream.inbox
return function()
  return setmetatable({ first = 1, last = 0, at = 1, size = 0 }, inbox_mt)
end
