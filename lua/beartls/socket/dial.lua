-- dial.lua: a TCP connection, or why there is none.

local luasocket = require "socket"

local dial = {}

local nobody = "nobody listens there: is the server running, and is the port right?"
local unknown = "is the name spelt right, and does this machine resolve names?"
local no_way = "is the address right, and is this machine connected to its network?"

-- What LuaSocket says when it does not get through: our code, and what to do.
local troubles = {
  ["connection refused"] = { "io_connection_refused", nobody },
  ["host not found"] = { "io_host_not_found", unknown },
  ["host or service not provided, or not known"] = { "io_host_not_found", unknown },
  ["temporary failure in name resolution"] = { "io_host_not_found", unknown },
  ["closed"] = { "io_connection_reset", "somebody closes the connection before it is there: a firewall?" },
  ["Network is unreachable"] = { "io_unreachable", no_way },
  ["No route to host"] = { "io_unreachable", no_way },
  ["timeout"] = { "timeout", "nobody answers: is the address right, and does a firewall drop packets?" },
}

---An address and a port as they are written.
---@param host string
---@param port integer|string
---@return string
function dial.where(host, port)
  return (tostring(host):find(":", 1, true) and "[%s]:%s" or "%s:%s"):format(host, port)
end

---Connects.
---@param host string a name or an address, without brackets
---@param port integer|string
---@param seconds number|nil how long that may take
---@return table|nil tcp LuaSocket's object
---@return table|nil failure { message, code, hint }
function dial.tcp(host, port, seconds)
  local tcp, err = luasocket.tcp()
  if tcp then
    tcp:settimeout(seconds)
    local ok
    ok, err = tcp:connect(host, port)
    if ok then
      tcp:setoption("tcp-nodelay", true) -- a record is a whole: nothing gets better by waiting
      return tcp
    end
    tcp:close()
  end
  local trouble = troubles[err] or { "io_error" }
  return nil, {
    message = ("could not connect to %s: %s"):format(dial.where(host, port), tostring(err)),
    code = trouble[1], hint = trouble[2],
  }
end

return dial
