-- socket_http: LuaSocket's own http over beartls: every option of http.request works as ever.
-- usage: lua socket_http.lua HOST PORT [PATH [CA-FILE]]
local tls, socket = require "beartls", require "beartls.socket"
local http, ltn12 = require "socket.http", require "ltn12"

local config = assert(tls.config { trust = arg[4] })
local body = {}

local ok, status, headers = http.request {
  url = "https://" .. arg[1] .. ":" .. arg[2] .. (arg[3] or "/"),
  scheme = "https",
  create = socket.create(config),
  sink = ltn12.sink.table(body),
}
assert(ok, status)
print(status, headers["content-type"])
io.write(table.concat(body))
