-- http.lua: lua-http on beartls instead of luaossl: clients by replacing two functions of its module http.client,
-- servers by giving its server connections that have shaken hands already.

local adapter = require "beartls.stream.adapter"
local client = require "http.client"
local condition = require "cqueues.condition"
local disguise = require "beartls.cqueues.disguise"
local errno = require "cqueues.errno"
local streams = require "beartls.cqueues"

local http = {}

local lua_http = { connect = client.connect, negotiate = client.negotiate }

-- What lua-http takes for an error: a sentence and a number.
local numbers = { timeout = errno.ETIMEDOUT, io_connection_refused = errno.ECONNREFUSED }

local function failed(message, code)
  return nil, message, numbers[code] or errno.EPROTO
end

-- lua-http's connection on a stream that is open.
local function connection(stream, options, timeout)
  return lua_http.negotiate(disguise(stream), {
    version = options.version or (stream:alpn() == "h2" and 2 or 1.1), h2_settings = options.h2_settings,
  }, timeout)
end

local function name_of(options)
  return options.sendname or options.host
end

---From here on every https request of lua-http goes through beartls (http.request, http.client.connect, websockets,
---also through proxies). Its options ctx and bind then say nothing for https.
---@param config beartls.config|nil tls.config {} unless given; with alpn = { "h2", "http/1.1" } HTTP/2 is spoken where
---the server can
function http.install(config)
  if config == nil then
    config = assert(adapter.default_config())
  end
  adapter.check_config(config, "http.install")

  function client.connect(options, timeout)
    if not options.tls then
      return lua_http.connect(options, timeout)
    end
    local stream, message, code = streams.connect(options.host, options.port, config,
      { timeout = timeout, server_name = name_of(options) })
    if not stream then
      return failed(message, code)
    end
    return connection(stream, options, timeout)
  end

  function client.negotiate(so, options, timeout)
    if not options.tls then
      return lua_http.negotiate(so, options, timeout)
    end
    local stream, message, code = streams.wrap(so, config, name_of(options))
    local ok
    if stream then
      ok, message, code = stream:handshake(timeout)
    end
    if not ok then
      return failed(message, code)
    end
    return connection(stream, options, timeout)
  end
end

---Takes that back.
function http.uninstall()
  client.connect, client.negotiate = lua_http.connect, lua_http.negotiate
end

---Gives a server of lua-http, which was made with tls = false, a connection that has shaken hands: for
---cqueues.serve's handler. It returns when that connection is done with.
---@param server table what http.server.new gave
---@param stream beartls.cqueues.stream
function http.serve(server, stream)
  local so, done = disguise(stream), condition.new()
  local close = so.close
  function so:close()
    close(self)
    done:signal()
  end
  server:add_socket(so)
  while not stream.closed do
    done:wait()
  end
end

return http
