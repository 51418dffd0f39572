-- nginx.lua: in nginx, in a request, over a cosocket, which waits by itself.
-- luacheck: read globals ngx

local talk = require "hosts.embedders.talk"

local tcp = ngx.socket.tcp()
tcp:settimeout(10000)
assert(tcp:connect(talk.address, talk.port))

ngx.say(talk.through({
  send = function(_, bytes, first)
    local sent, err = tcp:send(bytes:sub(first))
    return sent and #bytes, err
  end,
  receive = function()
    return tcp:receiveany(16384)
  end,
  close = function()
    tcp:close()
  end,
}, "nginx"))
