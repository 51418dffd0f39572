-- ends.lua: one end of a connection, whoever it belongs to, in the same words, none of which waits:
--
--   shake()               -> whether the handshake is done
--   send(message, first)  -> the last byte that counts as sent, and whether all has left
--   receive(most)         -> how many bytes of plaintext have come
--   close()

local luasocket = require "socket"

local ends = {}

local listener

---A TCP connection to ourselves: the client's end, the server's end.
function ends.tcp_pair()
  listener = listener or assert(luasocket.bind("127.0.0.1", 0))
  local client = assert(luasocket.connect("127.0.0.1", (select(2, listener:getsockname()))))
  local server = assert(listener:accept())
  for _, tcp in ipairs { client, server } do
    tcp:setoption("tcp-nodelay", true)
    tcp:settimeout(0)
  end
  return client, server
end

local passing = { want_read = true, want_write = true, wantread = true, wantwrite = true, timeout = true }

local function check(ok, err)
  if not ok and not passing[err] then
    error("the bench's own connection failed: " .. tostring(err), 3)
  end
  return ok
end

-- LuaSocket's dialect, which LuaSec and beartls' streams share.
local tcp_end = {}
tcp_end.__index = tcp_end

function tcp_end:send(message, first)
  local last, err, partial = self.connection:send(message, first)
  check(last, err)
  return last or partial, last ~= nil
end

function tcp_end:receive(most)
  local bytes, err, partial = self.connection:receive(most)
  check(bytes, err)
  return #(bytes or partial)
end

function tcp_end:close()
  self.connection:close()
end

local stream_end = setmetatable({}, { __index = tcp_end })
stream_end.__index = stream_end

function stream_end:shake()
  local ok, message, code = self.connection:handshake()
  if not ok and passing[code] then
    return false
  end
  return check(ok, message)
end

local luasec_end = setmetatable({}, { __index = tcp_end })
luasec_end.__index = luasec_end

function luasec_end:shake()
  return check(self.connection:dohandshake())
end

-- LuaSocket's own connection, to know what the transport costs.
local plain_end = setmetatable({}, { __index = tcp_end })
plain_end.__index = plain_end

function plain_end:shake()
  return self.connection ~= nil
end

-- A session without a transport: what it has to say lies in the other end's `arrived`.
local memory_end = {}
memory_end.__index = memory_end

local function carry(self)
  local bytes = self.session:drain()
  if bytes then
    local to = self.peer
    to.last = to.last + 1
    to.arrived[to.last] = bytes
  end
end

local function take_in(self)
  local bytes = self.arrived[self.first]
  if not bytes then
    return false
  end
  self.arrived[self.first] = nil
  self.first = self.first + 1
  check(self.session:feed(bytes))
  return true
end

function memory_end:shake()
  take_in(self)
  carry(self)
  return self.session:state() == "open"
end

function memory_end:send(message, first)
  check(self.session:write(first == 1 and message or message:sub(first)))
  carry(self)
  return #message, true
end

function memory_end:receive()
  if not take_in(self) then
    return 0
  end
  local bytes, message, code = self.session:read()
  check(bytes, code == "want_read" and code or message)
  return #(bytes or "")
end

function memory_end:close()
  self.session:close()
end

ends.kinds = { stream = stream_end, luasec = luasec_end, plain = plain_end }

---An end on a connection.
---@param kind "stream"|"luasec"|"plain"
---@param connection table|userdata LuaSocket's, LuaSec's or a stream
function ends.new(kind, connection)
  connection:settimeout(0)
  return setmetatable({ connection = connection }, ends.kinds[kind])
end

---An end without a transport.
---@param session beartls.session
function ends.in_memory(session)
  return setmetatable({ session = session, arrived = {}, first = 1, last = 0 }, memory_end)
end

return ends
