-- adapter.lua: what every adapter does alike: it checks arguments, makes sessions, connects and shakes hands. What is
-- its own is how one connects, and the transport.

local options = require "beartls.options"
local plain = require "beartls.stream.plain"
local stream = require "beartls.stream"
local tls = require "beartls"
local unreachable = require "beartls.stream.unreachable"

local adapter = {}

-- ---- arguments ----

---Raises when it is no config.
---@param config any
---@param what string the function that was called
---@param level integer|nil as error has it
function adapter.check_config(config, what, level)
  local mt = type(config) == "userdata" and getmetatable(config)
  if type(mt) ~= "table" or mt.__name ~= "beartls.config" then
    error(what .. ": the config must be what tls.config returns, not a " .. type(config), (level or 2) + 1)
  end
end

---Raises when it is no config, and no function that gives one for a ClientHello.
---@param config any
---@param what string the function that was called
function adapter.check_server_config(config, what)
  if type(config) ~= "function" then
    adapter.check_config(config, what, 3)
  end
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0
end

local function is_name(value)
  return type(value) == "string"
end

local function is_ticket(value)
  return type(value) == "userdata"
end

local function is_limit(value)
  return type(value) == "number" and value >= 1
end

local function is_function(value)
  return type(value) == "function"
end

-- What options can be given to streams; each function takes some of them.
local kinds = {
  timeout = { is_seconds, "a number of seconds" },
  server_name = { is_name, "a host name or an address" },
  ticket = { is_ticket, "what ticket() gave" },
  unread_limit = { is_limit, "a number of bytes" },
  received = { is_name, "bytes" },
  dial = { is_function, "a function that connects" },
  backlog = { is_limit, "a number of connections" },
  on_error = { is_function, "a function" },
}

---Raises when an option is not among those that are named, or of the wrong kind.
---@param given table|nil
---@param names table a list of names; of an option that only this host has, name = { check, what it should be }
---@param what string the function that was called
---@param level integer|nil as error has it
---@return table given an empty one instead of none
function adapter.check_options(given, names, what, level)
  local known = {}
  for name, kind in pairs(names) do
    if kinds[kind] then
      known[kind] = kinds[kind]
    else
      known[name] = kind
    end
  end
  given = given or {}
  options.check(given, known, what, (level or 2) + 1)
  return given
end

local default_config

---The config of those who name none: the server must be verified against the system's roots.
---@return beartls.config|nil
---@return string|nil message
---@return string|nil code
function adapter.default_config()
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

---Shakes hands on a client's new stream, which is closed when that fails.
---@param new beartls.stream
---@param seconds number|nil how long it may take
---@param address string for the sentence
---@param port integer|string
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code
---@return table|nil failure
function adapter.shake(new, seconds, address, port)
  local ok, message, code = stream.methods.handshake(new, seconds) -- a host may count otherwise
  if ok then
    return new
  end
  local failure = new:failure()
  new:close()
  if code == "timeout" then
    message = ("no TLS handshake with %s: timeout"):format(unreachable.where(address, port))
  end
  return nil, message, code, failure or unfinished(new:session(), message, code)
end

-- The client stream of connect: nil, message, code, failure when it does not come to be.
local function connect(host, to, port, config, given)
  local message, code
  if not config then
    config, message, code = adapter.default_config()
    if not config then
      return nil, message, code
    end
  end
  local address = to:match "^%[(.*)%]$" or to -- an IPv6 literal as URLs have it
  local session
  session, message, code = stream.client(config, given.server_name or address, given, unreachable.where(address, port))
  if not session then
    return nil, message, code
  end
  local deadline = given.timeout and host.now() + given.timeout
  local connection, failure = (given.dial or host.dial)(address, port, given.timeout)
  if not connection then
    return nil, failure.message, failure.code, failure
  end
  local new = stream.new(session, host.transport(connection), given, host.class)
  local failed
  new, message, code, failed = adapter.shake(new, deadline and math.max(deadline - host.now(), 0.001), address, port)
  if new then
    new:settimeout(nil)
  end
  return new, message, code, failed
end

-- Where a connection that the program has made leads to, as connect would say it: what tickets are kept for. The hosts
-- tell it in several ways, and some do not.
local function whereabouts(connection, server_name)
  local ok, address, port = pcall(function()
    return connection:getpeername()
  end)
  if ok and type(address) == "table" then
    address, port = address.ip, address.port
  end
  return unreachable.where(tostring(server_name or ok and address), tostring(ok and port))
end

---Serves one client, in a coroutine: the handshake within its time, then the handler, then the end.
---@param new beartls.stream
---@param handler fun(stream: beartls.stream)
---@param given table { timeout = seconds for the handshake, on_error = fun(message, code, stream) when it fails }
function adapter.serve(new, handler, given)
  local ok, message, code = new:handshake(given.timeout)
  if ok then
    handler(new)
  elseif given.on_error then
    given.on_error(message, code, new)
  end
  new:close()
end

---An adapter's module: connect, wrap and accept, which every adapter has.
---@param host table name = the module's; now() = seconds; check(connection, what) raises when it is none;
---dial(address, port, seconds) = connection, or nil, { message, code, hint }; transport(connection); class = of its
---streams, if they have one
---@return beartls.adapter
---@return fun(to, port, config, given) connect without checks
function adapter.new(host)
  ---@class beartls.adapter
  local module = {}
  local connect_to, wrap, accept = host.name .. ".connect", host.name .. ".wrap", host.name .. ".accept"

  local function connect_unchecked(...)
    return connect(host, ...)
  end

  ---Connects to a server and shakes hands with it; the stream that comes back is open and has no timeout.
  ---@param to string name or address: the server's certificate must be for it
  ---@param port integer|string
  ---@param config beartls.config|nil tls.config {} unless given: the system's roots are believed
  ---@param given table|nil { timeout = seconds for all of it, server_name = instead of the host,
  ---ticket = to resume, unread_limit = how many bytes a send may keep for a later receive, dial = function(host, port,
  ---seconds) that gives the host's connection to use, as one through a proxy, or nil, { message =, code =, hint = } }
  ---@return beartls.stream|nil
  ---@return string|nil message
  ---@return string|nil code "io_connection_refused", "io_host_not_found", "timeout" ...
  ---@return table|nil failure message, code and hint; what failure() of the stream said, when it came so far
  function module.connect(to, port, config, given)
    if type(to) ~= "string" then
      error(("%s: the host must be a string, not a %s"):format(connect_to, type(to)), 2)
    elseif not tonumber(port) then
      error(("%s: the port must be a number, not %s"):format(connect_to, tostring(port)), 2)
    end
    if config ~= nil then
      adapter.check_config(config, connect_to)
    end
    given = adapter.check_options(given, { "timeout", "server_name", "ticket", "unread_limit", "dial" }, connect_to)
    return connect(host, to, port, config, given)
  end

  ---Makes a client's stream of a connection that exists. It shakes hands at handshake(), or at the
  ---first send or receive, and keeps the timeouts that the connection has.
  ---@param connection table|userdata the host's; the stream owns it from now on
  ---@param config beartls.config
  ---@param server_name string|nil whom the server's certificate must be for
  ---@param given table|nil { ticket =, unread_limit = }
  ---@return beartls.stream|nil
  ---@return string|nil message
  ---@return string|nil code
  function module.wrap(connection, config, server_name, given)
    host.check(connection, wrap)
    adapter.check_config(config, wrap)
    given = adapter.check_options(given, { "ticket", "unread_limit" }, wrap)
    local session, message, code = stream.client(config, server_name, given, whereabouts(connection, server_name))
    if not session then
      return nil, message, code
    end
    return stream.new(session, host.transport(connection), given, host.class)
  end

  ---Makes a server's stream of a connection that a listening socket has accepted. It shakes hands
  ---like wrap's.
  ---@param connection table|userdata the host's; the stream owns it from now on
  ---@param config beartls.config|fun(hello: table): beartls.config|nil, string|nil with a certificate and its key; a
  ---function gets the ClientHello, as tls.peek decodes it, and gives the config that answers, or nil and why there is
  ---none, which ends the handshake with the alert unrecognized_name. It may wait as the host lets it.
  ---@param given table|nil { unread_limit =, received = what has been read from the connection before }
  ---@return beartls.stream|nil
  ---@return string|nil message
  ---@return string|nil code
  function module.accept(connection, config, given)
    host.check(connection, accept)
    given = adapter.check_options(given, { "unread_limit", "received" }, accept)
    adapter.check_server_config(config, accept)
    local choose, session, message, code
    if type(config) == "function" then
      choose = config
      config, message, code = adapter.default_config()
    end
    if config then
      session, message, code = config:server { pause = choose ~= nil }
    end
    if not session then
      return nil, message, code
    end
    if given.received then
      session:use_store() -- before anything is fed
      session:feed(given.received) -- what is wrong with it, the handshake finds out
    end
    return stream.new(session, host.transport(connection), { unread_limit = given.unread_limit, choose = choose },
      host.class)
  end

  ---A connection without TLS, for what has to be asked beside a stream: beartls.store.redis takes this as `connect`.
  ---@param to string name or address
  ---@param port integer|string
  ---@param seconds number|nil how long connecting, and then each call may take
  ---@return { send: function, receive: function, close: function }|nil connection send(bytes), receive(n), close()
  ---@return string|nil message
  ---@return string|nil code
  function module.plain(to, port, seconds)
    local connection, failure = host.dial(to, port, seconds)
    if not connection then
      return nil, failure.message, failure.code
    end
    return plain.new(host.transport(connection), seconds)
  end

  return module, connect_unchecked
end

return adapter
