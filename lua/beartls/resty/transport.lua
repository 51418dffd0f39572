-- transport.lua: a cosocket of OpenResty as a stream's transport (see stream.lua). It waits inside send and receive, in
-- nginx's way; its timeouts are the host's own: milliseconds, for each wait.

local min = math.min

local transport = {}
transport.__index = transport

-- What is asked of a cosocket at a time. It gives what its buffer has: lua_socket_buffer_size.
local CHUNK = 65536

-- What nginx says when the connection has gone.
local gone = {
  ["connection reset by peer"] = "closed",
  ["broken pipe"] = "closed",
  ["client aborted"] = "closed",
}

---Raises when it is no cosocket.
---@param sock any
---@param what string the function that was called
function transport.check(sock, what)
  if type(sock) ~= "table" or not (sock.receiveany and sock.send) then
    error(("%s: a cosocket is wanted (ngx.socket.tcp(), ngx.req.socket(true)), not a %s"):format(what, type(sock)), 3)
  end
end

---Makes a transport of a cosocket that is connected.
---@param sock table
function transport.new(sock)
  return setmetatable({ sock = sock }, transport)
end

function transport:begin(seconds)
  if seconds then
    ngx.update_time() -- nginx's clock stands still while a program is busy
    self.deadline = ngx.now() + seconds
  else
    self.deadline = nil
  end
end

-- Before each wait: true, or nil when the time of this call is over.
local function set_time(self)
  if self.deadline then
    local left = (self.deadline - ngx.now()) * 1000
    if left < 1 then
      return nil
    end
    self.sock:settimeouts(left, min(self.sending or left, left), min(self.receiving or left, left))
    self.narrowed = true
  elseif self.narrowed then
    self.narrowed = false
    self.sock:settimeouts(self.connecting, self.sending, self.receiving)
  end
  return true
end

-- A cosocket sends everything, or nobody knows how much: after a timeout the connection is lost.
function transport:send(bytes, first)
  if self.lost then
    return nil, "closed"
  elseif not set_time(self) then
    return nil, "timeout"
  end
  local sent, err = self.sock:send(first == 1 and bytes or bytes:sub(first))
  if sent then
    return #bytes
  end
  self.lost = true
  return nil, gone[err] or err
end

function transport:receive()
  if not set_time(self) then
    return nil, "timeout"
  end
  local bytes, err, partial = self.sock:receiveany(CHUNK)
  if bytes then
    return bytes
  elseif partial and partial ~= "" then
    return partial
  end
  return nil, gone[err] or err
end

---The host's: how long each wait may take.
---@param connecting number|nil milliseconds; nil or 0: as nginx is configured (lua_socket_connect_timeout ...)
---@param sending number|nil
---@param receiving number|nil
function transport:settimeouts(connecting, sending, receiving)
  local function check(value)
    if value ~= nil and (type(value) ~= "number" or value < 0) then
      error("settimeouts: a timeout must be a number of milliseconds or nil", 4)
    end
    return value ~= 0 and value or nil
  end
  self.connecting, self.sending, self.receiving = check(connecting), check(sending), check(receiving)
  self.sock:settimeouts(self.connecting, self.sending, self.receiving)
  return 1
end

---The same for all three.
---@param milliseconds number|nil
function transport:settimeout(milliseconds)
  return self:settimeouts(milliseconds, milliseconds, milliseconds)
end

function transport:gettimeout()
  return self.receiving
end

-- That of the request (ngx.req.socket) ends with its handler.
function transport:close()
  if self.sock.close then
    self.sock:close()
  end
end

-- Cosockets close both directions or none; close_notify is what the peer of a "send" has had already.
function transport:shutdown(how)
  if how ~= "send" then
    self:close()
  end
end

function transport.dirty()
  return false
end

local function unknown()
  return nil, "a cosocket does not tell"
end

transport.getpeername, transport.getsockname, transport.getfd, transport.getoption = unknown, unknown, unknown, unknown

function transport:setoption(...)
  if self.sock.setoption then
    return self.sock:setoption(...)
  end
  return unknown()
end

return transport
