-- resp.lua: the protocol of Redis (RESP 2): a command as bytes, and a reply read from a socket, within bounds.

local resp = {}

-- What no reply of ours is longer than: a line, a value (64 kB and some), a list.
local LINE = 512
local VALUE = 131072
local LIST = 16

---A command as bytes.
---@param ... string|number
---@return string
function resp.command(...)
  local parts = { ("*%d\r\n"):format(select("#", ...)) }
  for i = 1, select("#", ...) do
    local argument = tostring((select(i, ...)))
    parts[#parts + 1] = ("$%d\r\n"):format(#argument)
    parts[#parts + 1] = argument
    parts[#parts + 1] = "\r\n"
  end
  return table.concat(parts)
end

local malformed = "what answers is no Redis: its reply is malformed"

-- A line without its end: byte by byte, so that nobody can make it long.
local function read_line(socket, late)
  local bytes = {}
  repeat
    local byte, err = socket:receive(1)
    if not byte then
      return nil, err or "closed"
    elseif late() then
      return nil, "timeout"
    end
    bytes[#bytes + 1] = byte
    if #bytes > LINE then
      return nil, malformed
    end
  until byte == "\n"
  local line = table.concat(bytes)
  if line:sub(-2) ~= "\r\n" then
    return nil, malformed
  end
  return line:sub(1, -3)
end

local function count_of(text, most)
  local n = text:match "^%-?%d+$" and tonumber(text)
  return n and n >= -1 and n <= most and n or nil
end

local read

local readers = {
  ["+"] = function(text) return true, text end,
  ["-"] = function(text) return false, text ~= "" and text or malformed end,
  [":"] = function(text)
    local n = tonumber(text)
    if not n then
      return nil, malformed
    end
    return true, n
  end,
  ["$"] = function(text, socket)
    local n = count_of(text, VALUE)
    if not n then
      return nil, malformed
    elseif n < 0 then
      return true, nil
    end
    local value, err = socket:receive(n + 2)
    if not value then
      return nil, err or "closed"
    elseif value:sub(-2) ~= "\r\n" or #value ~= n + 2 then
      return nil, malformed
    end
    return true, value:sub(1, -3)
  end,
  ["*"] = function(text, socket, late, inside)
    local n = count_of(text, LIST)
    if not n or inside then
      return nil, malformed
    end
    local list = { n = n }
    for i = 1, n do
      local ok, value = read(socket, late, true)
      if not ok then
        return ok, value
      end
      list[i] = value
    end
    return true, list
  end,
}

function read(socket, late, inside)
  local line, err = read_line(socket, late)
  if not line then
    return nil, err
  end
  local reader = readers[line:sub(1, 1)]
  if not reader then
    return nil, malformed
  end
  return reader(line:sub(2), socket, late, inside)
end

---Reads one reply.
---@param socket table receive(n) gives n bytes, or nil, err
---@param late fun(): boolean whether it takes too long already
---@return boolean|nil ok true: a reply; false: Redis says that something is wrong; nil: the connection is useless
---@return any value a string, a number, a list with n, nil for none; or what is wrong
function resp.read(socket, late)
  return read(socket, late)
end

return resp
