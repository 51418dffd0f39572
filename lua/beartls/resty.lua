-- resty.lua: streams on the cosockets of OpenResty (nginx with Lua): connect with a pool, wrap, accept, peek. All times
-- are in milliseconds, as everywhere in OpenResty.

local adapter = require "beartls.stream.adapter"
local keepalive = require "beartls.resty.keepalive"
local stream = require "beartls.stream"
local tls = require "beartls"
local transport = require "beartls.resty.transport"

-- More than any ClientHello that a program could want to answer, in bytes.
local HELLO_MAX = 131072

-- ---- what streams have besides ----

local methods = {}

---Shakes hands; on an open stream there is nothing left to do.
---@param milliseconds number|nil how long all of it may take
---@return true|nil
---@return string|nil message
---@return string|nil code
function methods:handshake(milliseconds)
  return stream.methods.handshake(self, milliseconds and milliseconds / 1000)
end

---How long each wait may take, in milliseconds; nil or 0: as nginx is configured.
---@return integer 1
function methods:settimeouts(connecting, sending, receiving)
  return self.transport:settimeouts(connecting, sending, receiving)
end

---How often the connection was taken from the pool.
---@return integer
function methods:getreusedtimes()
  return self.transport.reused or 0
end

---Keeps the connection for the next connect of this worker to the same host, port and server name with a config of the
---same identity. The stream is closed then, also when it cannot be kept: because the session is over, there is
---something to read, or the pool is full.
---@param milliseconds number|nil how long it may be idle; 60000 unless given, 0: for ever
---@param size integer|nil how many there may be of its kind in this worker, 30 unless given
---@return integer|nil 1
---@return string|nil message
---@return string|nil code "closed", "io_busy", "io_error"; "config_no_pool" for what connect has not made
function methods:setkeepalive(milliseconds, size)
  return keepalive.keep(self, milliseconds, size)
end

local host = { name = "resty", check = transport.check, transport = transport.new, class = stream.class(methods) }

---@class beartls.resty: beartls.adapter
local resty = adapter.new(host)

-- ---- connect and peek ----

local function is_milliseconds(value)
  return type(value) == "number" and value >= 0
end

local function is_timeouts(value)
  return type(value) == "table" and #value == 3
    and is_milliseconds(value[1]) and is_milliseconds(value[2]) and is_milliseconds(value[3])
end

local function is_pool(value)
  return type(value) == "string" or value == false
end

local timeout = { is_milliseconds, "a number of milliseconds" }
local connect_options = {
  "server_name", "ticket", "unread_limit", timeout = timeout, pool = { is_pool, "a name, or false" },
  timeouts = { is_timeouts, "{ connect, send, read } in milliseconds" },
}

---Gives a connection of this worker's pool, or connects and shakes hands. Only who is the same and believes the same
---(config:identity()) is given a connection that was kept.
---@param to string name or address, or "unix:/path": the server's certificate must be for it, or for server_name
---@param port integer|string|nil nil for "unix:/path"
---@param config beartls.config|nil tls.config {} unless given: the system's roots are believed
---@param given table|nil { timeout = milliseconds for all of it, timeouts = { connect, send, read }: milliseconds for
---each wait, server_name = instead of the host, ticket = to resume, unread_limit = how many bytes a send may keep for a
---later receive, pool = a name that tells this program's pools apart besides, or false: a connection of its own }
---@return beartls.stream|nil with getreusedtimes() and setkeepalive(milliseconds, size) besides
---@return string|nil message
---@return string|nil code "io_connection_refused", "io_host_not_found", "timeout" ...
---@return table|nil failure message, code and hint; what failure() of the stream said, when it came so far
function resty.connect(to, port, config, given)
  if type(to) ~= "string" then
    error(("resty.connect: the host must be a string, not a %s"):format(type(to)), 2)
  elseif not tonumber(port) and not to:find "^unix:" then
    error(("resty.connect: the port must be a number, not %s"):format(tostring(port)), 2)
  end
  local message, code
  if config ~= nil then
    adapter.check_config(config, "resty.connect")
  else
    config, message, code = adapter.default_config()
    if not config then
      return nil, message, code
    end
  end
  given = adapter.check_options(given, connect_options, "resty.connect")
  return keepalive.connect(host, to:match "^%[(.*)%]$" or to, port or "", config, given)
end

local function peek(connection)
  local received = ""
  while #received <= HELLO_MAX do
    local hello, message, code = tls.peek(received)
    if hello then
      return hello, received
    elseif message ~= "more" then
      return nil, message, code
    end
    local bytes, err = connection:receive()
    if not bytes then
      return nil, err, (err == "timeout" or err == "closed") and err or "io_error"
    end
    received = received .. bytes
  end
  return nil, "the peer sent a ClientHello without an end", "peer_message_too_long"
end

---Reads a connection until its ClientHello is there, which nobody has answered yet: to choose whom it goes to. What was
---read is for accept's option `received`, or to be sent on.
---@param sock table a cosocket; with a timeout, its own timeouts are nginx's afterwards
---@param given table|nil { timeout = milliseconds for all of it }
---@return table|nil hello as tls.peek decodes it
---@return string received what has been read; the message when there is no ClientHello
---@return string|nil code "timeout", "closed", "peer_not_tls" ...
function resty.peek(sock, given)
  transport.check(sock, "resty.peek")
  given = adapter.check_options(given, { timeout = timeout }, "resty.peek")
  local connection = transport.new(sock)
  if not given.timeout then
    return peek(connection)
  end
  connection:begin(given.timeout / 1000)
  local hello, received, code = peek(connection)
  connection:settimeouts()
  return hello, received, code
end

return resty
