-- socket.lua: streams on LuaSocket: connect, wrap, accept, and `create` for socket.http.

local luasocket = require "socket"
local options = require "beartls.options"
local stream = require "beartls.stream"
local tls = require "beartls"

local socket = {}

-- What is asked of LuaSocket at a time. It gives what there is, without waiting for the rest.
local CHUNK = 65536
-- How much of what nobody will read is taken off a connection that is being closed.
local LEFTOVERS = 64

-- ---- the transport: a LuaSocket object that never blocks by itself ----

local transport = {}
transport.__index = transport

local function new_transport(tcp)
  local self = setmetatable({ tcp = tcp, list = { tcp } }, transport)
  if tcp.gettimeout then
    self:settimeout((tcp:gettimeout()))
    self:settimeout(select(2, tcp:gettimeout()), "t")
  end
  tcp:settimeout(0)
  tcp:settimeout(nil, "t")
  return self
end

function transport:send(bytes, first)
  local last, err, partial = self.tcp:send(bytes, first)
  return last, err == "timeout" and "want_write" or err, partial
end

-- Through receive, not from the descriptor: LuaSocket may have bytes in its buffer.
function transport:receive()
  local bytes, err, partial = self.tcp:receive(CHUNK)
  if bytes then
    return bytes
  elseif partial and partial ~= "" then
    return partial
  end
  return nil, err == "timeout" and "want_read" or err
end

-- Like LuaSocket's, both timeouts count from the beginning of the call.
function transport:begin(seconds)
  self.limit = seconds
  self.start = (self.block or self.total or seconds) and luasocket.gettime()
end

-- How many seconds this call may still wait: nil for any number of them.
local function time_left(self)
  local least = math.min(self.block or math.huge, self.total or math.huge, self.limit or math.huge)
  if least == math.huge then
    return nil
  end
  return least - (luasocket.gettime() - self.start)
end

function transport:wait(want)
  if self.block == 0 or self.total == 0 then
    return false
  end
  local tcp, left = self.tcp, time_left(self)
  if left and left <= 0 then
    return nil, "timeout"
  end
  local _, err
  if want == "read" then
    tcp:settimeout(left)
    _, err = tcp:receive(0) -- waits until there is something
    tcp:settimeout(0)
  elseif tcp:getfd() >= luasocket._SETSIZE then
    return nil, "its descriptor is too large for select"
  else
    _, _, err = luasocket.select(want == "both" and self.list or nil, self.list, left)
  end
  if err == "timeout" then
    return nil, "timeout"
  end
  return true
end

function transport:settimeout(seconds, mode)
  if seconds ~= nil and type(seconds) ~= "number" then
    error("settimeout: the timeout must be a number of seconds or nil", 3)
  elseif seconds and seconds < 0 then
    seconds = nil
  end
  if mode == nil or mode == "b" then
    self.block = seconds
  elseif mode == "t" then
    self.total = seconds
  else
    error('settimeout: the mode must be "b" or "t"', 3)
  end
  return 1
end

function transport:gettimeout()
  return self.block or -1, self.total or -1
end

function transport:dirty()
  return self.tcp:dirty()
end

function transport:getfd()
  return math.floor(self.tcp:getfd())
end

for _, name in ipairs { "getpeername", "getsockname", "setoption", "getoption", "shutdown" } do
  transport[name] = function(self, ...)
    return self.tcp[name](self.tcp, ...)
  end
end

-- Closed with something unread, a connection is reset, and the reset can overtake what we have
-- sent.
function transport:close()
  self.tcp:shutdown "send"
  for _ = 1, LEFTOVERS do
    if not self:receive() then
      break
    end
  end
  self.tcp:close()
end

-- ---- arguments ----

local function check_config(config, what)
  local mt = type(config) == "userdata" and getmetatable(config)
  if type(mt) ~= "table" or mt.__name ~= "beartls.config" then
    error(what .. ": the config must be what tls.config returns, not a " .. type(config), 3)
  end
end

local function check_tcp(tcp, what)
  local kind = type(tcp)
  if kind ~= "userdata" and kind ~= "table" or not (tcp.send and tcp.receive) then
    error(what .. ": a connected LuaSocket object is wanted, not a " .. kind, 3)
  elseif tostring(tcp):find("^%w+{[ms]%a+er}") then -- a master or a server: it is not connected
    error(what .. ": the LuaSocket object is not connected", 3)
  end
end

local is_seconds = {
  function(value)
    return type(value) == "number" and value >= 0
  end,
  "a number of seconds",
}
local is_name = {
  function(value)
    return type(value) == "string"
  end,
  "a host name or an address",
}
local is_ticket = {
  function(value)
    return type(value) == "userdata"
  end,
  "what ticket() gave",
}
local is_limit = {
  function(value)
    return type(value) == "number" and value >= 1
  end,
  "a number of bytes",
}

local wrap_options = { ticket = is_ticket, unread_limit = is_limit }
local accept_options = { unread_limit = is_limit }
local create_options = { server_name = is_name, ticket = is_ticket, unread_limit = is_limit }
local connect_options = {
  timeout = is_seconds, server_name = is_name, ticket = is_ticket, unread_limit = is_limit,
}

local default_config

-- The config of those who name none: the server must be verified against the system's roots.
local function get_default_config()
  local message, code
  if not default_config then
    default_config, message, code = tls.config {}
  end
  return default_config, message, code
end

-- ---- connections ----

-- What LuaSocket says when it does not get through -> our code.
local connect_codes = {
  ["connection refused"] = "io_connection_refused",
  ["host not found"] = "io_host_not_found",
  ["host or service not provided, or not known"] = "io_host_not_found",
  ["temporary failure in name resolution"] = "io_host_not_found",
  ["closed"] = "io_connection_reset",
  ["Network is unreachable"] = "io_unreachable",
  ["No route to host"] = "io_unreachable",
  ["timeout"] = "timeout",
}

-- A TCP connection, or nil, message, code.
local function dial(host, port, where, seconds)
  local tcp, err = luasocket.tcp()
  if tcp then
    tcp:settimeout(seconds)
    local ok
    ok, err = tcp:connect(host, port)
    if ok then
      tcp:setoption("tcp-nodelay", true) -- a record is a whole: nothing gets better by waiting
      return tcp
    end
    tcp:close()
  end
  return nil, ("could not connect to %s: %s"):format(where, err), connect_codes[err] or "io_error"
end

-- A session that ran out of time has not failed by itself; how far it came is worth knowing all the same.
local function unfinished(session, message, code)
  local trace = {}
  for event in session:events() do
    trace[#trace + 1] = event
  end
  return { message = message, code = code, trace = trace }
end

-- The client stream of connect and create: nil, message, code, failure when it does not come to be.
local function connect(host, port, config, given)
  local message, code
  if not config then
    config, message, code = get_default_config()
    if not config then
      return nil, message, code
    end
  end
  local address = host:match "^%[(.*)%]$" or host -- an IPv6 literal as URLs have it
  local where = (address:find(":", 1, true) and "[%s]:%s" or "%s:%s"):format(address, port)
  local session
  session, message, code = config:client(given.server_name or address, { ticket = given.ticket })
  if not session then
    return nil, message, code
  end
  local deadline = given.timeout and luasocket.gettime() + given.timeout
  local tcp
  tcp, message, code = dial(address, port, where, given.timeout)
  if not tcp then
    return nil, message, code
  end
  local connection = stream.new(session, new_transport(tcp), given)
  connection:settimeout(deadline and math.max(deadline - luasocket.gettime(), 0.001))
  local ok
  ok, message, code = connection:handshake()
  if not ok then
    local failure = connection:failure()
    connection:close()
    if code == "timeout" then
      message = ("no TLS handshake with %s: timeout"):format(where)
    end
    return nil, message, code, failure or unfinished(session, message, code)
  end
  connection:settimeout(nil)
  return connection
end

---Connects to a server and shakes hands with it; the stream that comes back is open and has no
---timeout.
---@param host string name or address: the server's certificate must be for it
---@param port integer|string
---@param config beartls.config|nil tls.config {} unless given: the system's roots are believed
---@param given table|nil { timeout = seconds for all of it, server_name = instead of the host,
---ticket = to resume, unread_limit = how many bytes a send may keep for a later receive }
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code "io_connection_refused", "io_host_not_found", "timeout" ...
---@return table|nil failure what failure() of the stream said
function socket.connect(host, port, config, given)
  if type(host) ~= "string" then
    error(("socket.connect: the host must be a string, not a %s"):format(type(host)), 2)
  elseif not tonumber(port) then
    error(("socket.connect: the port must be a number, not %s"):format(tostring(port)), 2)
  end
  if config ~= nil then
    check_config(config, "socket.connect")
  end
  options.check(given or {}, connect_options, "socket.connect", 2)
  return connect(host, port, config, given or {})
end

---Makes a client's stream of a connection that exists. It shakes hands at handshake(), or at the
---first send or receive, and keeps the timeouts that the connection has.
---@param tcp table|userdata LuaSocket's; the stream owns it from now on
---@param config beartls.config
---@param server_name string|nil whom the server's certificate must be for
---@param given table|nil { ticket =, unread_limit = }
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code
function socket.wrap(tcp, config, server_name, given)
  check_tcp(tcp, "socket.wrap")
  check_config(config, "socket.wrap")
  given = given or {}
  options.check(given, wrap_options, "socket.wrap", 2)
  local session, message, code = config:client(server_name, { ticket = given.ticket })
  if not session then
    return nil, message, code
  end
  return stream.new(session, new_transport(tcp), given)
end

---Makes a server's stream of a connection that a listening socket has accepted. It shakes hands
---like wrap's.
---@param tcp table|userdata LuaSocket's; the stream owns it from now on
---@param config beartls.config with a certificate and its key
---@param given table|nil { unread_limit = }
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code
function socket.accept(tcp, config, given)
  check_tcp(tcp, "socket.accept")
  check_config(config, "socket.accept")
  given = given or {}
  options.check(given, accept_options, "socket.accept", 2)
  local session, message, code = config:server()
  if not session then
    return nil, message, code
  end
  return stream.new(session, new_transport(tcp), given)
end

-- ---- socket.http ----

-- What `create` returns: LuaSocket's object before and after connect, in one.
local connecting = {}

local connecting_mt = { __index = connecting }

for name in pairs(stream.methods) do
  connecting[name] = function(self, ...)
    if not self.stream then
      return nil, "closed", "", "closed"
    end
    return self.stream[name](self.stream, ...)
  end
end

-- Before connect and after it.
function connecting:settimeout(seconds, mode)
  if self.stream then
    self.stream:settimeout(seconds, mode)
  end
  return transport.settimeout(self, seconds, mode)
end

function connecting:connect(host, port)
  if self.stream then
    return nil, "already connected"
  end
  local given = { timeout = self.block or self.total }
  for name, value in pairs(self.given) do
    given[name] = value
  end
  local message, code, failure
  self.stream, message, code, failure = connect(host, port, self.config, given)
  if not self.stream then
    return nil, message, code, failure
  end
  self:settimeout(self.block)
  self:settimeout(self.total, "t")
  return 1
end

function connecting:close()
  return self.stream and self.stream:close() or 1
end

---Makes what socket.http calls `create`. Set scheme besides, or LuaSocket forgets `create` when it
---is redirected:
---
---  http.request { url = "https://...", scheme = "https", create = socket.create(config), ... }
---
---or, for every request of the program (it then needs neither):
---
---  http.schemes.https = { port = 443, create = function() return socket.create(config) end }
---
---Each connection verifies the host of its URL. Proxies are not supported.
---@param config beartls.config|nil tls.config {} unless given
---@param given table|nil { server_name =, ticket =, unread_limit = }
---@return fun(): table
function socket.create(config, given)
  if config ~= nil then
    check_config(config, "socket.create")
  end
  options.check(given or {}, create_options, "socket.create", 2)
  return function()
    return setmetatable({ config = config, given = given or {} }, connecting_mt)
  end
end

return socket
