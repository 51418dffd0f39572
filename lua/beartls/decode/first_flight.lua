-- first_flight.lua -- the first bytes of a connection: a ClientHello in its records, or what else
-- somebody sends to a TLS port.
local messages = require "beartls.decode.messages"
local names = require "beartls.decode.names"
local reader = require "beartls.decode.reader"

local first_flight = {}

local version_name = names.of("versions")

local HANDSHAKE, CLIENT_HELLO = 22, 1
local RECORD_MAX = 16384
-- More than any ClientHello that a program could want to answer.
local HELLO_MAX = 65536

local HTTP, PROXY = "plain HTTP, not TLS", "a PROXY protocol header, which belongs to somebody else"

local words = {
  { "^%u+ [^\r\n]* HTTP/1", HTTP },
  { "^GET ", HTTP },
  { "^HEAD ", HTTP },
  { "^POST ", HTTP },
  { "^PUT ", HTTP },
  { "^CONNECT ", HTTP },
  { "^OPTIONS ", HTTP },
  { "^HTTP/", HTTP },
  { "^PRI %* HTTP/2", HTTP },
  { "^SSH%-", "SSH, not TLS" },
  { "^EHLO ", "plain SMTP, not TLS" },
  { "^HELO ", "plain SMTP, not TLS" },
  { "^PROXY ", PROXY },
  { "^\r\n\r\n.\r\nQUIT\n", PROXY },
}

local function what_else(bytes)
  local start = bytes:sub(1, 256)
  for _, word in ipairs(words) do
    if start:find(word[1]) then
      return word[2]
    end
  end
  local a, b, c, d, e = bytes:byte(1, 5)
  if a >= 0x80 and c == CLIENT_HELLO and (d == 0 or d == 2 or d == 3) then
    return ("an SSLv2 ClientHello (for up to %s), not TLS"):format(version_name(d * 256 + (e or 0)))
  elseif a == HANDSHAKE and b == 0xFE then
    return "DTLS, not TLS"
  end
  return ("something that is not TLS: it begins with byte 0x%02x"):format(a)
end

local function failure(code, message, ...)
  return nil, "the peer sent " .. message:format(...), code
end

-- The length that a message announces, nil while its header is not complete, or what is wrong.
local function announced(head)
  if head:byte(1) ~= CLIENT_HELLO then
    return failure("peer_unexpected_message", "%s where a ClientHello belongs",
      names.rfc(messages.type_of(head)))
  end
  local length = #head >= 4 and reader.new(head, 2):u24("length") or nil
  if length and length > HELLO_MAX then
    return failure("peer_message_too_long", "a ClientHello of %d bytes", length)
  end
  return length
end

---The ClientHello message, taken out of its records.
---@param bytes string everything that has arrived so far
---@return string|nil raw
---@return string|nil message "more" when it is not complete yet, else what the bytes are instead
---@return string|nil code
function first_flight.client_hello(bytes)
  local at, parts, got, length = 1, {}, 0, nil
  while true do
    local kind, major, _, high, low = bytes:byte(at, at + 4)
    if not kind then
      return nil, "more"
    elseif at == 1 and (kind < 20 or kind > 24 or (major and major ~= 3)) then
      return failure("peer_not_tls", "%s", what_else(bytes))
    elseif kind ~= HANDSHAKE or (major and major ~= 3) then
      local name = names.content_types[kind]
      return failure("peer_unexpected_message", "%s where a ClientHello belongs",
        name and names.rfc(name) or "a record of no known type")
    elseif not low then
      return nil, "more"
    end
    local size = high * 256 + low
    if size == 0 or size > RECORD_MAX then
      return failure("peer_record_length", "a handshake record of %d bytes", size)
    end
    local part = bytes:sub(at + 5, at + 4 + size)
    parts[#parts + 1], got = part, got + #part
    if not length and got > 0 then
      local message, code
      length, message, code = announced(table.concat(parts))
      if message then
        return nil, message, code
      end
    end
    if length and got >= 4 + length then
      return table.concat(parts):sub(1, 4 + length)
    end
    at = at + 5 + size
  end
end

return first_flight
