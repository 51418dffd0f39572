-- https.lua: what LuaSec's ssl.https has: requests of socket.http over connections with LuaSec's parameters.

local context = require "beartls.luasec.context"
local http = require "socket.http"
local ltn12 = require "ltn12"
local luasec = require "beartls.luasec"
local luasocket = require "socket"
local system = require "beartls.system"
local url = require "socket.url"

-- Programs assign to PORT and TIMEOUT.
local https = { _VERSION = luasec._VERSION, _COPYRIGHT = luasec._COPYRIGHT, PORT = 443, TIMEOUT = 60 }

local defaults = {
  protocol = "any", options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" }, verify = "none",
}

-- With BEARTLS_STRICT=1 a server is verified whatever the program says: against its authorities if it names any, else
-- against the system's.
local function make_strict(params)
  params.verify, params.verifyext = "peer", nil
  local ctx, message = luasec.newcontext(params)
  if ctx and not params.cafile and not params.capath then
    local trust, why = system.trust()
    if not trust then
      return nil, why
    end
    context.kind:state(ctx).trust = trust
  end
  return ctx, message
end

-- A table of our own: the caller may use his again.
local function copy(given)
  local out = {}
  for name, value in pairs(given) do
    out[name] = value
  end
  return out
end

local function new_context(given)
  local params = copy(given)
  for name, value in pairs(defaults) do
    params[name] = params[name] or value
  end
  params.mode = "client"
  return (os.getenv "BEARTLS_STRICT" == "1" and make_strict or luasec.newcontext)(params)
end

-- What socket.http makes with `create` and connects afterwards: LuaSocket's object before, ours behind it.
local connecting = {}

local connecting_mt = {
  __index = function(_, name)
    return connecting[name] or function(self, ...)
      return self.sock[name](self.sock, ...)
    end
  end,
}

function connecting:settimeout()
  return self.sock:settimeout(https.TIMEOUT)
end

function connecting:connect(host, port)
  local ok, err = self.sock:connect(host, port)
  if not ok then
    return nil, err
  end
  local ctx, connection
  ctx, err = self.context()
  if not ctx then
    return nil, err
  end
  connection, err = luasec.wrap(self.sock, ctx)
  if not connection then
    return nil, err
  end
  self.sock = connection
  connection:sni((host:gsub("^%[(.*)%]$", "%1"))) -- an IPv6 literal as URLs have it
  connection:settimeout(https.TIMEOUT)
  ok, err = connection:dohandshake()
  if not ok then
    return nil, err
  end
  return 1
end

---What socket.http takes as `create`.
---@param params table|nil LuaSec's parameters, among whatever else is there
---@return fun(): table
function https.tcp(params)
  local ctx, message
  local function get_context()
    if not ctx then
      ctx, message = new_context(params or {})
    end
    return ctx, message
  end
  return function()
    return setmetatable({ sock = assert(luasocket.tcp()), context = get_context }, connecting_mt)
  end
end

local function with_port(address)
  return url.build(url.parse(address, { port = https.PORT }))
end

local function from_string(address, body, parts)
  local request = { url = with_port(address), method = body and "POST" or "GET", sink = ltn12.sink.table(parts) }
  if body then
    request.source = ltn12.source.string(body)
    request.headers = {
      ["content-length"] = #body, ["content-type"] = "application/x-www-form-urlencoded",
    }
  end
  return request
end

local function from_table(given)
  local request = copy(given)
  request.url = with_port(given.url)
  return request
end

---Makes a request, as socket.http's function does.
---@param address string|table a URL, or the table of socket.http with LuaSec's parameters besides
---@param body string|nil is posted to a URL
---@return string|integer|nil body the body when a URL was given, else 1; nil when there is no answer
---@return integer|string code or message
---@return table|nil headers
---@return string|nil status
function https.request(address, body)
  local parts = {}
  local request = type(address) == "string" and from_string(address, body, parts) or from_table(address)
  if http.PROXY or request.proxy then
    return nil, "proxy not supported"
  elseif request.redirect then
    return nil, "redirect not supported"
  elseif request.create then
    return nil, "create function not permitted"
  end
  request.create = https.tcp(request)
  local result, code, headers, status = http.request(request)
  if result and type(address) == "string" then
    return table.concat(parts), code, headers, status
  end
  return result, code, headers, status
end

return https
