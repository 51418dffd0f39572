-- tunnel.lua: a connection through a proxy (CONNECT, RFC 9110 section 9.3.6). The proxy passes bytes on and learns
-- nothing but the name of the server: TLS is between the server and us, also when the proxy is spoken to in TLS itself.

local dial = require "beartls.socket.dial"
local luasocket = require "socket"
local socket = require "beartls.socket"
local text = require "beartls.decode.text"

-- How many bytes the head of its answer may have.
local HEAD = 16384

local function failure(message, code, hint)
  return { message = message, code = code, hint = hint }
end

-- The head of the answer, to its last byte and not one further: what follows is TLS.
local function read_head(tcp, deadline)
  local bytes = {}
  for i = 1, HEAD do
    tcp:settimeout(math.max(deadline - luasocket.gettime(), 0.001))
    local byte, err = tcp:receive(1)
    if not byte then
      return nil, err
    end
    bytes[i] = byte
    if byte == "\n" and table.concat(bytes, "", math.max(i - 3, 1), i):find "\n\r?\n$" then
      return table.concat(bytes)
    end
  end
  return nil, "long"
end

local function judge(head, err, name)
  local status, reason = (head or ""):match "^HTTP/1%.[01] (%d%d%d) ?([^\r\n]*)"
  if err == "timeout" then
    return failure(("the proxy %s does not answer in time"):format(name), "timeout")
  elseif not head and err ~= "long" then
    return failure(("the proxy %s ended the connection instead of answering"):format(name), "io_proxy_closed")
  elseif not status then
    return failure(("the proxy %s does not answer in HTTP"):format(name), "io_proxy_malformed",
      "is that an HTTP proxy, and is the port right?")
  elseif status == "407" then
    return failure(("the proxy %s wants a user and a password"):format(name), "io_proxy_authentication",
      "write them into its URL: http://user:password@host:port")
  elseif not status:find "^2" then
    return failure(("the proxy %s refuses: %s %s"):format(name, status, text.cut(text.printable(reason), 100)),
      "io_proxy_refused", "may this proxy connect to that host and port?")
  end
end

local function open_tunnel(tcp, through, place, deadline)
  tcp:settimeout(math.max(deadline - luasocket.gettime(), 0.001))
  local _, err = tcp:send(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"):format(place, place,
    through.authorization and ("Proxy-Authorization: %s\r\n"):format(through.authorization) or ""))
  local head
  if not err then
    head, err = read_head(tcp, deadline)
  end
  return judge(head, err, dial.where(through.host, through.port))
end

-- A connection to the proxy, which may be a stream: in that there will be TLS to the server, too.
local function reach(through, seconds)
  local connection, message, code, known
  if through.tls then
    connection, message, code, known = socket.connect(through.host, through.port, through.config, { timeout = seconds })
  else
    connection, known = dial.tcp(through.host, through.port, seconds)
  end
  if connection then
    return connection
  end
  known = known or { message = message, code = code }
  code = known.code
  if code ~= "timeout" then
    code = code:find "^io_" and "io_proxy_unreachable" or "io_proxy_tls"
  end
  return nil, failure("the proxy cannot be reached: " .. known.message, code, known.hint)
end

---What socket.connect calls `dial`: connects through a proxy.
---@param through beartls.https.proxy
---@return fun(host: string, port: integer, seconds: number): table|nil, table|nil
return function(through)
  return function(host, port, seconds)
    local deadline = luasocket.gettime() + seconds
    local connection, trouble = reach(through, seconds)
    if not connection then
      return nil, trouble
    end
    trouble = open_tunnel(connection, through, dial.where(host, port), deadline)
    if trouble then
      connection:close()
      return nil, trouble
    end
    connection:settimeout(nil)
    return connection
  end
end
