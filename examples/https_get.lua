-- https_get: print one page, from a server that is verified. Without CA-FILE the system's roots count.
-- usage: lua https_get.lua HOST [PORT [PATH [CA-FILE]]]
local tls, socket = require "beartls", require "beartls.socket"

local host, port, path, ca = arg[1] or "example.com", tonumber(arg[2] or 443), arg[3] or "/", arg[4]
local config = assert(tls.config { trust = ca })

local stream = assert(socket.connect(host, port, config))
stream:settimeout(10)
assert(stream:send("GET " .. path .. " HTTP/1.0\r\nHost: " .. host .. "\r\n\r\n"))
io.stderr:write(stream:version(), " ", stream:cipher(), "\n")
io.write(assert(stream:receive "*a")) -- fails with "truncated" when no close_notify came
stream:close()
