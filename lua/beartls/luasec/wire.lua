-- wire.lua: lists of protocol names as TLS writes them (RFC 7301, 3.1): each with its length before it.

local wire = {}

---@param list string[]
---@return string|nil bytes
---@return string|nil message
function wire.encode(list)
  local parts = {}
  for i, name in ipairs(list) do
    if type(name) ~= "string" then
      return nil, "invalid ALPN name (no string)"
    elseif name == "" then
      return nil, "invalid ALPN name (empty string)"
    elseif #name > 255 then
      return nil, "invalid ALPN name (length > 255)"
    end
    parts[i] = string.char(#name) .. name
  end
  if #parts == 0 then
    return nil, "invalid ALPN list (empty)"
  end
  return table.concat(parts)
end

---@param bytes string
---@return string[]
function wire.decode(bytes)
  local list, at = {}, 1
  while at < #bytes do
    local size = bytes:byte(at)
    list[#list + 1] = bytes:sub(at + 1, at + size)
    at = at + size + 1
  end
  return list
end

return wire
