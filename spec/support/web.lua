-- web.lua: specs' side of https_server.lua: starts it, says what it is to answer, reads what it has understood.

local process = require "support.process"

local web = {}

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

---Starts a server and its proxies. It may "request" or "require" a client certificate.
---@param kind "request"|"require"|nil
---@return table { url =, host = with its port, port =, proxy = host and port, proxy_port =, secure_proxy = host and
---port, process = }
function web.start(kind)
  local server = process.start(("%s spec/support/https_server.lua %s"):format(LUA, kind or ""),
    { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
  local port, proxy_port, secure_port = server:wait_for "(%d+) (%d+) (%d+)\n"
  return {
    port = tonumber(port), host = "localhost:" .. port, url = "https://localhost:" .. port, process = server,
    proxy_port = tonumber(proxy_port), secure_proxy = "localhost:" .. secure_port, proxy = "localhost:" .. proxy_port,
  }
end

local function escaped(text)
  return (text:gsub("[^%w]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

---The path that the server answers with a redirect.
function web.redirect(status, location)
  return ("/redirect/%d?%s"):format(status, escaped(location))
end

---Headers that make the server answer with these bytes.
---@param text string
---@param ending string|nil see https_server.lua
function web.answers(text, ending)
  return { ["x-answer"] = escaped(text), ["x-end"] = ending or "keep" }
end

---What the server says it has been asked.
---@param text string
function web.read(text)
  return assert((loadstring or load)("return " .. text))() -- luacheck: ignore
end

return web
