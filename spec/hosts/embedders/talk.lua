-- talk.lua: what each host does: a handshake with the peer on port BEARTLS_PORT, a line there and back, and the end.

local stream = require "beartls.stream"
local tls = require "beartls"

local talk = { address = "127.0.0.1", port = tonumber(os.getenv "BEARTLS_PORT"), ca = os.getenv "BEARTLS_CA" }

---Over a stream that exists.
---@return string what the peer said and how
function talk.over(connection, name)
  assert(connection:send("hello from " .. name .. "\n"))
  local answer = assert(connection:receive "*l")
  local how = connection:version() .. " " .. connection:cipher()
  connection:close()
  return ("%s: %s, %s"):format(name, how, answer)
end

---Over a transport in the words of beartls.stream.
---@param transport table
---@param name string of the host
function talk.through(transport, name)
  local session = assert(assert(tls.config { trust = talk.ca }):client "localhost")
  return talk.over(stream.new(session, transport), name)
end

return talk
