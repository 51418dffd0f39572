-- main.lua: in LÖVE, over the LuaSocket that is in it.
-- luacheck: globals love

local socket = require "beartls.socket"
local talk = require "hosts.embedders.talk"
local tls = require "beartls"

function love.load()
  print(talk.over(assert(socket.connect(talk.address, talk.port, assert(tls.config { trust = talk.ca }),
    { server_name = "localhost", timeout = 10 })), "love"))
  love.event.quit()
end
