-- hello.lua: ClientHello and ServerHello as tables that specs can bend: { type, version, random, session_id, suites (a
-- list of numbers; in a ServerHello suite), compressions (a string; compression), extensions = { { code, body } } }.

local wire = require "support.wire"

local hello = {
  CLIENT = 1, SERVER = 2,
  -- Code points of extensions.
  SERVER_NAME = 0, MAX_FRAGMENT_LENGTH = 1, STATUS_REQUEST = 5, GROUPS = 10, POINT_FORMATS = 11, SCHEMES = 13,
  ALPN = 16, EXTENDED_MASTER_SECRET = 23, RECORD_SIZE_LIMIT = 28, SESSION_TICKET = 35, PRE_SHARED_KEY = 41,
  EARLY_DATA = 42, VERSIONS = 43, COOKIE = 44, PSK_MODES = 45, AUTHORITIES = 47, POST_HANDSHAKE_AUTH = 49,
  SCHEMES_CERT = 50, KEY_SHARE = 51, RENEGOTIATION_INFO = 0xFF01,
  X25519 = 29, SECP256R1 = 23,
  -- SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
  RETRY = ("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C"):gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end),
}

---A vector: its length in `size` bytes, and its contents.
function hello.vector(size, body)
  return wire.number(#body, size) .. body
end

---Numbers of two bytes each.
function hello.numbers(list)
  local parts = {}
  for i, number in ipairs(list) do
    parts[i] = wire.number(number, 2)
  end
  return table.concat(parts)
end

---A vector of numbers; its length has `size` bytes.
function hello.list(list, size)
  return hello.vector(size or 2, hello.numbers(list))
end

---A KeyShareEntry.
function hello.share(group, key)
  return wire.number(group, 2) .. hello.vector(2, key)
end

---The body of an extension, or nil.
function hello.get(h, code)
  for _, extension in ipairs(h.extensions) do
    if extension[1] == code then
      return extension[2]
    end
  end
end

---Removes an extension.
function hello.remove(h, code)
  for i = #h.extensions, 1, -1 do
    if h.extensions[i][1] == code then
      table.remove(h.extensions, i)
    end
  end
end

---Adds an extension at the end, even where there is one already.
function hello.add(h, code, body)
  h.extensions[#h.extensions + 1] = { code, body or "" }
end

---Gives an extension another body, where it stands; adds it at the end if there is none.
function hello.put(h, code, body)
  for _, extension in ipairs(h.extensions) do
    if extension[1] == code then
      extension[2] = body
      return
    end
  end
  hello.add(h, code, body)
end

function hello.extensions(list)
  local parts = {}
  for i, extension in ipairs(list) do
    parts[i] = wire.number(extension[1], 2) .. hello.vector(2, extension[2])
  end
  return hello.vector(2, table.concat(parts))
end

---The message; `h.no_extensions` leaves the list away, `h.behind` stands behind everything.
function hello.encode(h)
  local body = wire.number(h.version, 2) .. h.random .. hello.vector(1, h.session_id)
  if h.type == hello.CLIENT then
    body = body .. (h.raw_suites or hello.list(h.suites)) .. hello.vector(1, h.compressions)
  else
    body = body .. wire.number(h.suite, 2) .. string.char(h.compression)
  end
  if not h.no_extensions then
    body = body .. hello.extensions(h.extensions)
  end
  return wire.message(h.type, body .. (h.behind or ""))
end

---The table of a message (header included).
function hello.parse(message)
  local at = 5
  local function take(n)
    at = at + n
    return message:sub(at - n, at - 1)
  end
  local function number(n)
    local value = 0
    for byte in take(n):gmatch "." do
      value = value * 256 + byte:byte()
    end
    return value
  end
  local h = { type = message:byte(), version = number(2), random = take(32), session_id = take(number(1)),
    extensions = {} }
  if h.type == hello.CLIENT then
    h.suites = {}
    for i = 1, number(2) / 2 do
      h.suites[i] = number(2)
    end
    h.compressions = take(number(1))
  else
    h.suite, h.compression = number(2), number(1)
  end
  if at <= #message then
    number(2)
  end
  while at <= #message do
    local code = number(2)
    h.extensions[#h.extensions + 1] = { code, take(number(2)) }
  end
  return h
end

return hello
