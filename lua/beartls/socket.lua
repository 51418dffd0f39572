-- socket.lua: streams on LuaSocket: connect, wrap, accept, and `create` for socket.http.

local dial = require "beartls.socket.dial"
local luasocket = require "socket"
local new_http_object = require "beartls.socket.http"
local options = require "beartls.options"
local stream = require "beartls.stream"
local tls = require "beartls"
local transport = require "beartls.socket.transport"

local socket = {}

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
  local session
  session, message, code = config:client(given.server_name or address, { ticket = given.ticket })
  if not session then
    return nil, message, code
  end
  local deadline = given.timeout and luasocket.gettime() + given.timeout
  local tcp, failure = dial.tcp(address, port, given.timeout)
  if not tcp then
    return nil, failure.message, failure.code, failure
  end
  local connection = stream.new(session, transport.new(tcp), given)
  connection:settimeout(deadline and math.max(deadline - luasocket.gettime(), 0.001))
  local ok
  ok, message, code = connection:handshake()
  if not ok then
    failure = connection:failure()
    connection:close()
    if code == "timeout" then
      message = ("no TLS handshake with %s: timeout"):format(dial.where(address, port))
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
---@return table|nil failure message, code and hint; what failure() of the stream said, when it came so far
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
  return stream.new(session, transport.new(tcp), given)
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
  return stream.new(session, transport.new(tcp), given)
end

-- ---- socket.http ----

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
    return new_http_object(connect, config, given or {})
  end
end

return socket
