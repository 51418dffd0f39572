-- socket.lua: streams on LuaSocket: connect, wrap, accept (see stream/adapter.lua), and `create` for socket.http.

local adapter = require "beartls.stream.adapter"
local dial = require "beartls.socket.dial"
local luasocket = require "socket"
local http = require "beartls.socket.http"
local transport = require "beartls.socket.transport"

local socket, connect = adapter.new {
  name = "socket",
  now = luasocket.gettime,
  dial = dial.tcp,
  transport = transport.new,
  check = transport.check,
}

---For socket.http: see socket/http.lua.
socket.create = http("socket.create", connect)

return socket
