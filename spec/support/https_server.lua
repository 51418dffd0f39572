-- https_server.lua: a web server for specs, in a process of its own, and a proxy. What it answers, a request says.
-- usage: lua spec/support/https_server.lua [request|require]   prints the ports of server, proxy and https proxy
-- ("request", "require": a client certificate)
--
-- GET /redirect/STATUS?LOCATION is answered so; /together/N when N are waiting for that; anything else at once; with a
-- table of what has been asked, as Lua text, unless the request has headers that say otherwise: x-answer (all bytes of
-- the answer, %XX), x-end (what then: "close" with close_notify, "cut" without, "keep", "mute": the next request is
-- not answered but the connection closed, "trickle": more bytes come for ever, slowly), x-early (answers before it
-- reads the body, and closes).

local loopback = require "support.loopback"
local luasocket = require "socket"
local socket = require "beartls.socket"

local tasks, connections, together, tunnels, last_proxy_user = {}, 0, 0, 0, nil

-- ---- coroutines that wait ----

local function spawn(f, ...)
  local arguments = { n = select("#", ...), ... }
  tasks[#tasks + 1] = {
    thread = coroutine.create(function()
      f((table.unpack or unpack)(arguments, 1, arguments.n)) -- luacheck: ignore
    end),
  }
end

local function pause(seconds)
  coroutine.yield { at = luasocket.gettime() + seconds }
end

local function is_due(task, readable, writable, now)
  local wait = task.wait
  return not wait or wait.at and wait.at <= now
    or wait.object and (wait.want == "read" and readable or writable)[wait.object] ~= nil
end

local function turn()
  local readers, writers, seconds = {}, {}, 0.02
  for _, task in ipairs(tasks) do
    if not task.wait then
      seconds = 0
    elseif task.wait.object then
      local list = task.wait.want == "read" and readers or writers
      list[#list + 1] = task.wait.object
    end
  end
  local readable, writable = luasocket.select(readers, writers, seconds)
  local now = luasocket.gettime()
  for i = #tasks, 1, -1 do
    local task = tasks[i]
    if is_due(task, readable, writable, now) then
      local ok, wait = coroutine.resume(task.thread)
      task.wait = wait
      if not ok then
        io.stderr:write(debug.traceback(task.thread, tostring(wait)), "\n")
      end
      if coroutine.status(task.thread) == "dead" then
        table.remove(tasks, i)
      end
    end
  end
end

-- ---- the server ----

local function read_head(s)
  local line = loopback.receive(s, "*l")
  if not line then
    return nil
  end
  local request = { line = line, headers = {} }
  request.method, request.target = line:match "^(%S+) (%S+) HTTP/1.1$"
  while true do
    line = loopback.receive(s, "*l")
    if not line then
      return nil
    elseif line == "" then
      return request
    end
    local name, value = line:match "^(.-): (.*)$"
    request.headers[name:lower()] = value
  end
end

local function read_body(s, request)
  if request.headers["transfer-encoding"] then
    local parts = {}
    repeat
      local size = tonumber(loopback.receive(s, "*l") or "0", 16)
      parts[#parts + 1] = loopback.receive(s, size)
      loopback.receive(s, "*l")
    until size == 0
    request.body, request.chunks = table.concat(parts), #parts
  elseif request.headers["content-length"] then
    local length = tonumber(request.headers["content-length"])
    request.body = length > 0 and loopback.receive(s, length) or ""
  end
end

local function unescaped(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function as_lua(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local parts = {}
  for k, v in pairs(value) do
    parts[#parts + 1] = ("[%q] = %s"):format(k, as_lua(v))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function with_length(request, head, body)
  return ("HTTP/1.1 %sContent-Length: %d\r\n\r\n%s"):format(head, #body, request.method == "HEAD" and "" or body)
end

local function answer_of(s, request, number, count)
  local status, location = request.target:match "^/redirect/(%d+)%?(.*)$"
  if status then
    return with_length(request, ("%s Elsewhere\r\nLocation: %s\r\n"):format(status, unescaped(location)), "go away")
  elseif request.headers["x-answer"] then
    return unescaped(request.headers["x-answer"])
  end
  local client = s:peer_certificate()
  return with_length(request, "200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=b\r\n", as_lua {
    method = request.method, target = request.target, headers = request.headers, body = request.body,
    chunks = request.chunks, connection = number, count = count, connections = connections, tunnels = tunnels,
    proxy_user = last_proxy_user, resumed = s:resumed(), version = s:version(), alpn = s:alpn(),
    client = client and client:subject(), name = s:server_name(),
  })
end

local function trickle(s)
  for _ = 1, 200 do
    pause(0.05)
    if not loopback.send(s, "x") then
      return
    end
  end
end

-- Whether the connection goes on.
local function ends(s, tcp, how)
  if how == "cut" then
    tcp:close()
    return true
  elseif how == "trickle" then
    trickle(s)
  end
  return how == "close" or how == "trickle"
end

local function wait_for_others(request)
  local n = tonumber(request.target:match "^/together/(%d+)$")
  together = together + (n and 1 or 0)
  while n and together < n do
    pause(0.01)
  end
end

local function serve(tcp, config)
  connections = connections + 1
  local number, count, s = connections, 0, socket.accept(tcp, config)
  local mute = false
  if loopback.handshake(s) then
    repeat
      local request = read_head(s)
      count = count + 1
      if not request or mute then
        break
      elseif request.headers["x-early"] then
        loopback.send(s, answer_of(s, request, number, count))
        break
      end
      read_body(s, request)
      wait_for_others(request)
      loopback.send(s, answer_of(s, request, number, count))
      mute = request.headers["x-end"] == "mute"
    until ends(s, tcp, request.headers["x-end"])
  end
  s:close()
end

-- ---- the proxy: the user that a client names says how it behaves ----

-- Of a socket and of a stream alike.
local passing = { timeout = true, want_read = true, want_write = true }

local function read_plain_head(from)
  local head = ""
  while not head:find "\r\n\r\n" do
    local byte, err = from:receive(1)
    if byte then
      head = head .. byte
    elseif passing[err] then
      coroutine.yield { object = from, want = "read" }
    else
      return head
    end
  end
  return head
end

local established = "HTTP/1.1 200 Connection established\r\n\r\n"

local behaviours = {
  refuse = "HTTP/1.1 403 Forbidden\27[31m\r\nContent-Length: 0\r\n\r\n",
  garbage = "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  hangup = "",
  half = "HTTP/1.1 200 OK\r\nVia: x",
  long = "HTTP/1.1 200 OK\r\nVia: " .. ("x"):rep(20000),
}

local function send_plain(to, data)
  local first = 1
  while true do
    local last, err, partial = to:send(data, first)
    if last or not passing[err] then
      return
    end
    coroutine.yield { object = to, want = "write" }
    first = partial + 1
  end
end

local function relay(from, to)
  while true do
    local data, err, partial = from:receive(65536)
    data = data or partial
    if data ~= "" then
      send_plain(to, data)
    elseif passing[err] then
      coroutine.yield { object = from, want = "read" }
    else
      to:shutdown "send"
      return
    end
  end
end

local function serve_proxy(tcp)
  local mime = require "mime"
  local head = read_plain_head(tcp)
  local _, port = head:match "^CONNECT (%S+):(%d+) HTTP/1.1\r\n"
  local user = mime.unb64(head:match "Proxy%-Authorization: Basic (%S+)\r\n" or "") or ""
  last_proxy_user = user
  local behaviour = user:match "^%w*"
  if behaviour == "silent" then
    pause(20)
  elseif behaviour == "wants" and user ~= "wants:a secret" then
    tcp:send "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
  elseif behaviours[behaviour] or not port then
    tcp:send(behaviours[behaviour] or "HTTP/1.1 400 Bad\r\n\r\n")
  else
    tunnels = tunnels + 1
    local far = assert(luasocket.connect("127.0.0.1", tonumber(port)))
    for i = 1, behaviour == "split" and #established or 1 do
      tcp:send(behaviour == "split" and established:sub(i, i) or established)
      pause(0)
    end
    far:settimeout(0)
    spawn(relay, tcp, far)
    return relay(far, tcp)
  end
  tcp:close()
end

-- ---- all of it ----

local function serve_secure_proxy(tcp, config)
  local s = socket.accept(tcp, config)
  if loopback.handshake(s) then
    return serve_proxy(s)
  end
  s:close()
end

local function listen(handle, ...)
  local listener, port = loopback.listen()
  listener:settimeout(0)
  spawn(function(...)
    while true do
      local tcp = listener:accept()
      if tcp then
        tcp:settimeout(0)
        spawn(handle, tcp, ...)
      end
      coroutine.yield { object = listener, want = "read" }
    end
  end, ...)
  return port
end

local pki = require "support.pki"
local _, config = loopback.configs(nil, {
  certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key", -- they are the quickest
  verify_client = arg[1], trust = arg[1] and pki.path "trust.pem" or nil,
})
io.stdout:write(listen(serve, config), " ", listen(serve_proxy), " ", listen(serve_secure_proxy, config), "\n")
io.stdout:flush()
while true do
  turn()
end
