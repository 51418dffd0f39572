-- socket.lua: streams on LuaSocket: connect, wrap, accept (see stream/adapter.lua), and `create` for socket.http.

local adapter = require "beartls.stream.adapter"
local dial = require "beartls.socket.dial"
local luasocket = require "socket"
local new_http_object = require "beartls.socket.http"
local transport = require "beartls.socket.transport"

local socket, connect = adapter.new {
  name = "socket",
  now = luasocket.gettime,
  dial = dial.tcp,
  transport = transport.new,
  check = transport.check,
}

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
    adapter.check_config(config, "socket.create")
  end
  given = adapter.check_options(given, { "server_name", "ticket", "unread_limit" }, "socket.create")
  return function()
    return new_http_object(connect, config, given)
  end
end

return socket
