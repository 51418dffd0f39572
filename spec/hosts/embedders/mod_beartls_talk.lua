-- mod_beartls_talk.lua: in prosody, a module that talks when it is loaded, over LuaSocket.
-- luacheck: globals module

local socket = require "beartls.socket"
local talk = require "hosts.embedders.talk"
local tls = require "beartls"

module:set_global()

module:log("info", "%s", talk.over(assert(socket.connect(talk.address, talk.port,
  assert(tls.config { trust = talk.ca }), { server_name = "localhost", timeout = 10 })), "prosody"))
