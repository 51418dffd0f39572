-- proxy.lua: through which proxy a server is reached: what the program says, or the environment.

local mime = require "mime"
local text = require "beartls.decode.text"
local url = require "socket.url"

local proxy = {}

-- Where the proxy's URL names no port: the first is LuaSocket's.
local ports = { http = 3128, https = 443 }

---@class beartls.https.proxy
---@field host string
---@field port integer
---@field tls boolean whether it is an https:// one, to which one speaks TLS
---@field config beartls.config|nil for that, if it is not the default one
---@field authorization string|nil what Proxy-Authorization says

---Takes a proxy's URL apart: "http://user:password@host:port", or "https://"; "http://" may be left out.
---@param given string
---@param from string where it comes from, for the sentence
---@return beartls.https.proxy|nil
---@return string|nil message
---@return string|nil code "config_proxy"
function proxy.parse(given, from)
  local scheme, rest = given:match "^(%a[%w+.-]*)://(.*)$"
  scheme = (scheme or "http"):lower()
  if not ports[scheme] then
    return nil, ("%s: proxies that speak %s are not supported, only http:// and https:// ones"):format(from,
      text.printable(scheme)), "config_proxy"
  end
  rest = (rest or given):gsub("/*$", "")
  local userinfo, place = rest:match "^(.*)@([^@]*)$"
  place = place or rest
  local host, port = place:match "^%[([%x:.]+)%]:?(%d*)$"
  if not host then
    host, port = place:match "^([%w.%-_]+):?(%d*)$"
  end
  local number = port == "" and ports[scheme] or tonumber(port)
  if not host or number < 1 or number > 65535 then
    return nil, from .. ": that is not the URL of a proxy, such as http://proxy.example:3128", "config_proxy"
  end
  return {
    host = host, port = number, tls = scheme == "https",
    authorization = userinfo and "Basic " .. mime.b64(url.unescape(userinfo)),
  }
end

local function environment(...)
  for _, name in ipairs { ... } do
    local value = os.getenv(name)
    if value and value ~= "" then
      return value, name
    end
  end
end

-- Whether a list as no_proxy has it names the host: "example.com" and ".example.com" mean it and all below it, "*" all.
local function is_listed(list, host, port)
  for entry in list:lower():gmatch "[^%s,]+" do
    local name, only = entry:match "^%[(.-)%]:?(%d*)$"
    if not name then
      name, only = entry:match "^([^:]*):(%d+)$"
    end
    name = (name or entry):gsub("^%*?%.", "")
    if entry == "*" or ((only or "") == "" or tonumber(only) == port)
      and (host == name or name ~= "" and host:sub(-#name - 1) == "." .. name and not host:find "^[%d.]+$") then
      return true
    end
  end
  return false
end

---The proxy for a server: the one that is given, else, unless that is false, what the environment says: https_proxy or
---all_proxy (or in capitals), but not for the hosts of no_proxy.
---@param given string|false|nil
---@param host string
---@param port integer
---@return beartls.https.proxy|false|nil false: none
---@return string|nil message
---@return string|nil code "config_proxy"
function proxy.choose(given, host, port)
  if given == false then
    return false
  elseif given then
    return proxy.parse(given, "proxy")
  end
  local found, name = environment("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
  if not found or is_listed(environment("no_proxy", "NO_PROXY") or "", host, port) then
    return false
  end
  return proxy.parse(found, name)
end

return proxy
