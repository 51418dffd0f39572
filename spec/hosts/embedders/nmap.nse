-- nmap.nse: in nmap's scripting engine, over its own sockets.

local nmap = require "nmap"
local talk = require "hosts.embedders.talk"

description = "Shakes hands with beartls."
categories = { "safe" }

portrule = function(_, port)
  return port.number == talk.port and port.state == "open"
end

action = function(host, port)
  local socket = nmap.new_socket()
  socket:set_timeout(10000)
  assert(socket:connect(host, port))
  return talk.through({
    send = function(_, bytes, first)
      local ok, err = socket:send(bytes:sub(first))
      return ok and #bytes or nil, err
    end,
    receive = function()
      local ok, bytes = socket:receive()
      if ok then
        return bytes
      end
      return nil, bytes == "EOF" and "closed" or bytes
    end,
    close = function()
      socket:close()
    end,
  }, "nmap")
end
