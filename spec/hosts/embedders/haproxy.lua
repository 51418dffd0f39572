-- haproxy.lua: in haproxy, a client over its cosockets, and a server in a TCP applet. Both wait inside receive, and
-- want to know how much they are to wait for: the head of a record says that.
-- luacheck: globals core

local stream = require "beartls.stream"
local talk = require "hosts.embedders.talk"
local tls = require "beartls"

local HEAD = 5

-- A transport over what has haproxy's send(bytes) and receive(n).
local function transport_of(connection)
  return {
    send = function(_, bytes, first)
      return connection:send(bytes:sub(first)) and #bytes or nil, "closed"
    end,
    receive = function()
      local head = connection:receive(HEAD)
      if not head or #head < HEAD then
        return nil, "closed"
      end
      local high, low = head:byte(4, 5)
      return head .. (connection:receive(high * 256 + low) or "")
    end,
    close = function()
      if connection.close then
        connection:close()
      end
    end,
  }
end

core.register_task(function()
  local tcp = core.tcp()
  tcp:settimeout(10)
  tcp:connect(talk.address, talk.port)
  print(talk.through(transport_of(tcp), "haproxy"))
end)

local config = assert(tls.config { certificate = os.getenv "BEARTLS_CERTIFICATE", key = os.getenv "BEARTLS_KEY" })

core.register_service("echo", "tcp", function(applet)
  local connection = stream.new(assert(config:server()), transport_of(applet))
  local line = connection:receive "*l"
  if line then
    connection:send(line .. " from the applet\n")
  end
  connection:close()
end)
