-- example_peer.lua: the other end for examples and README: one small server in a process of its own. It serves one
-- connection after the other until it is stopped.
-- usage: lua spec/support/example_peer.lua http|echo|smtp|proxy PORT CERTIFICATE KEY [CLIENT-CA]

local tls, socket, luasocket = require "beartls", require "beartls.socket", require "socket"
local nested = require "beartls.nested"

local kind, port = arg[1], tonumber(arg[2])
local config = assert(tls.config { certificate = arg[3], key = arg[4], trust = arg[5],
  verify_client = arg[5] and "require" or "none" })

local function reply(stream, text)
  assert(stream:send(text))
end

local serve = {}

function serve.http(stream)
  local request = stream:receive "*l"
  repeat
    local line = stream:receive "*l"
  until not line or line == ""
  reply(stream, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nyou asked: " .. request .. "\n")
end

function serve.echo(stream)
  for line in stream:lines() do
    reply(stream, line .. "\n")
  end
end

-- A proxy over TLS, and the server behind it, in one.
function serve.proxy(stream)
  local request = stream:receive "*l"
  repeat until stream:receive "*l" == ""
  reply(stream, request:find "^CONNECT" and "HTTP/1.1 200 Connected\r\n\r\n" or "HTTP/1.1 400 No\r\n\r\n")
  local inner = assert(nested.accept(stream, config))
  serve.http(inner)
  inner:close()
end

local function smtp_dialogue(connection, until_starttls)
  connection:send(until_starttls and "220 hello\r\n" or "")
  while true do
    local line = connection:receive "*l"
    if not line then
      return
    elseif line:find "^EHLO" then
      connection:send "250-peer.example\r\n250 STARTTLS\r\n"
    elseif line:find "^STARTTLS" then
      connection:send "220 go ahead\r\n"
      return
    elseif line:find "^QUIT" then
      connection:send "221 bye\r\n"
      return
    end
  end
end

local listener = assert(luasocket.bind("127.0.0.1", port))
while true do
  local tcp = assert(listener:accept())
  tcp:settimeout(10)
  if kind == "smtp" then
    smtp_dialogue(tcp, true)
  end
  local stream = socket.accept(tcp, config)
  stream:settimeout(10)
  if stream:handshake() then
    pcall(kind == "smtp" and smtp_dialogue or serve[kind], stream)
  end
  stream:close()
end
