-- unreachable.lua: why there is no connection, in the same words whichever host has tried to make it.

local unreachable = {}

local nobody = "nobody listens there: is the server running, and is the port right?"
local unknown = "is the name spelt right, and does this machine resolve names?"
local no_way = "is the address right, and is this machine connected to its network?"
local cut = "somebody closes the connection before it is there: a firewall?"
local silent = "nobody answers: is the address right, and does a firewall drop packets?"

-- What LuaSocket says: our code, and what to do.
local troubles = {
  ["connection refused"] = { "io_connection_refused", nobody },
  ["host not found"] = { "io_host_not_found", unknown },
  ["host or service not provided, or not known"] = { "io_host_not_found", unknown },
  ["temporary failure in name resolution"] = { "io_host_not_found", unknown },
  ["closed"] = { "io_connection_reset", cut },
  ["Network is unreachable"] = { "io_unreachable", no_way },
  ["No route to host"] = { "io_unreachable", no_way },
  ["timeout"] = { "timeout", silent },
}

-- The same for hosts that know the names of POSIX.
local posix = {
  ECONNREFUSED = "connection refused",
  EAI_NONAME = "host not found",
  EAI_NODATA = "host not found",
  EAI_AGAIN = "temporary failure in name resolution",
  ECONNRESET = "closed",
  ENETUNREACH = "Network is unreachable",
  EHOSTUNREACH = "No route to host",
  ETIMEDOUT = "timeout",
}

---An address and a port as they are written.
---@param host string
---@param port integer|string
---@return string
function unreachable.where(host, port)
  return (tostring(host):find(":", 1, true) and "[%s]:%s" or "%s:%s"):format(host, port)
end

---Why there is no connection.
---@param host string
---@param port integer|string
---@param err string what the host says, or the name that POSIX has for it
---@return table failure { message, code, hint }
function unreachable.failure(host, port, err)
  err = posix[err] or err
  local trouble = troubles[err] or { "io_error" }
  return {
    message = ("could not connect to %s: %s"):format(unreachable.where(host, port), tostring(err)),
    code = trouble[1], hint = trouble[2],
  }
end

return unreachable
