-- copas.lua: streams under copas: connect, wrap and accept are every adapter's (see stream/adapter.lua); `handler` is
-- for copas.addserver, `create` for socket.http. Within coroutines of copas only.

local adapter = require "beartls.stream.adapter"
require "copas" -- before socket.http: it changes what that uses
local luasocket = require "socket"
local http = require "beartls.socket.http"
local transport = require "beartls.copas.transport"
local unreachable = require "beartls.stream.unreachable"

-- What a connect that has not come to an end says.
local under_way = { timeout = true, ["Operation already in progress"] = true }

local function dial(host, port, seconds)
  local tcp = luasocket.tcp()
  tcp:settimeout(0)
  local ok, err = tcp:connect(host, port)
  local waiter = transport.new(tcp)
  waiter:settimeout(seconds)
  waiter:begin()
  while not ok and under_way[err] do
    ok, err = waiter:wait "write"
    if ok then
      ok, err = tcp:connect(host, port)
      ok = ok or err == "already connected"
    elseif err == "timeout" then
      break
    end
  end
  if ok then
    tcp:setoption("tcp-nodelay", true) -- a record is a whole: nothing gets better by waiting
    return tcp
  end
  tcp:close()
  return nil, unreachable.failure(host, port, err)
end

local copas, connect = adapter.new {
  name = "copas",
  now = luasocket.gettime,
  dial = dial,
  transport = transport.new,
  check = transport.check,
}

---For socket.http (see socket/http.lua): what it requests within a coroutine of copas does not hold up the loop.
copas.create = http("copas.create", connect)

---What copas.addserver takes: each client whose handshake succeeds is given to `serve`; the stream is closed when that
---returns.
---@param config beartls.config|function as accept takes it
---@param serve fun(stream: beartls.stream)
---@param given table|nil { timeout = seconds for the handshake, unread_limit =,
---on_error = fun(message, code, stream) when a handshake fails, before the stream is closed }
---@return fun(tcp: table)
function copas.handler(config, serve, given)
  adapter.check_server_config(config, "copas.handler")
  given = adapter.check_options(given, { "timeout", "unread_limit", "on_error" }, "copas.handler")
  return function(tcp)
    tcp:setoption("tcp-nodelay", true)
    local client = copas.accept(tcp, config, { unread_limit = given.unread_limit })
    if client then
      adapter.serve(client, serve, given)
    else
      tcp:close()
    end
  end
end

return copas
