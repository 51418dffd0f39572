-- patterns.lua: what LuaSocket's receive can be asked for, from a stream that is open. `parts` begins with the
-- prefix, if there is one; of what fails, the third value is what has been read.

local pump = require "beartls.stream.pump"

local fill, next_piece = pump.fill, pump.next_piece

local function join(parts)
  return #parts > 1 and table.concat(parts) or parts[1] or ""
end

local function too_long(parts, most)
  return nil, ("the peer sends more than the %d bytes that it may"):format(most), join(parts), "peer_too_long"
end

local function receive_line(self, parts, most)
  local size = #(parts[1] or "")
  while true do
    local ok, message, code = fill(self)
    if not ok then
      return nil, message, join(parts), code
    end
    local piece, ended = self.inbox:take_line()
    parts[#parts + 1] = piece
    size = size + #piece
    if most and size > most then
      return too_long(parts, most)
    elseif ended then
      return join(parts)
    end
  end
end

local function receive_all(self, parts, most)
  local before, size = #parts, #(parts[1] or "")
  while true do
    local ok, message, code = fill(self)
    if not ok then
      if code == "closed" and #parts > before then
        return join(parts)
      end
      return nil, message, join(parts), code
    end
    local piece = self.inbox:take(self.inbox.size)
    parts[#parts + 1] = piece
    size = size + #piece
    if most and size > most then
      return too_long(parts, most)
    end
  end
end

local function receive_count(self, parts, n)
  local missing = n - #(parts[1] or "")
  if parts[1] and missing <= 0 then
    return parts[1]
  end
  if missing <= 0 then -- as on LuaSocket, that waits until there is something
    local ok, message, code = fill(self)
    if ok then
      return ""
    end
    return nil, message, "", code
  end
  repeat
    local piece, message, code = next_piece(self, missing)
    if not piece then
      return nil, message, join(parts), code
    end
    parts[#parts + 1] = piece
    missing = missing - #piece
  until missing <= 0
  return join(parts)
end

-- What a pattern asks for: "l", "a", or a number of bytes.
local function check_pattern(pattern)
  local n = tonumber(pattern)
  if n and n >= 0 then
    return "n", math.floor(n)
  elseif pattern == nil then
    return "l"
  elseif type(pattern) == "string" and not n then
    local kind = pattern:gsub("^%*", ""):sub(1, 1)
    if kind == "l" or kind == "a" then
      return kind
    end
  end
  error("receive: the pattern must be \"*l\", \"*a\" or a number of bytes", 3)
end

return { check = check_pattern, l = receive_line, a = receive_all, n = receive_count }
