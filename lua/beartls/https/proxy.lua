-- proxy.lua: through which proxy a server is reached, and the tunnel through it (CONNECT, RFC 9110 section 9.3.6).
-- The proxy passes bytes on and sees nothing but the name of the server: TLS is between the server and us.

local dial = require "beartls.socket.dial"
local luasocket = require "socket"
local mime = require "mime"
local text = require "beartls.decode.text"
local url = require "socket.url"

local proxy = {}

-- LuaSocket's, where the proxy's URL names no port.
local PORT = 3128
-- How many bytes the head of its answer may have.
local HEAD = 16384

---@class beartls.https.proxy
---@field host string
---@field port integer
---@field authorization string|nil what Proxy-Authorization says

-- ---- which one ----

---Takes a proxy's URL apart: "http://user:password@host:port", "http://" may be left out.
---@param given string
---@param from string where it comes from, for the sentence
---@return beartls.https.proxy|nil
---@return string|nil message
---@return string|nil code "config_proxy"
function proxy.parse(given, from)
  local scheme, rest = given:match "^(%a[%w+.-]*)://(.*)$"
  if scheme and scheme:lower() ~= "http" then
    return nil, ("%s: proxies that speak %s are not supported, only http:// ones (they tunnel)"):format(from,
      text.printable(scheme)), "config_proxy"
  end
  local userinfo, place = (rest or given):gsub("/*$", ""):match "^(.*)@([^@]*)$"
  place = place or (rest or given):gsub("/*$", "")
  local host, port = place:match "^%[([%x:.]+)%]:?(%d*)$"
  if not host then
    host, port = place:match "^([%w.%-_]+):?(%d*)$"
  end
  local number = port == "" and PORT or tonumber(port)
  if not host or number < 1 or number > 65535 then
    return nil, from .. ": that is not the URL of a proxy, such as http://proxy.example:3128", "config_proxy"
  end
  return { host = host, port = number, authorization = userinfo and "Basic " .. mime.b64(url.unescape(userinfo)) }
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

-- ---- the tunnel ----

local function failure(message, code, hint)
  return { message = message, code = code, hint = hint }
end

-- The head of the answer, to its last byte and not one further: what follows is TLS.
local function read_head(tcp, deadline)
  local bytes = {}
  for i = 1, HEAD do
    tcp:settimeout(deadline and math.max(deadline - luasocket.gettime(), 0))
    local byte, err = tcp:receive(1)
    if not byte then
      return nil, err
    end
    bytes[i] = byte
    if byte == "\n" and table.concat(bytes, "", math.max(i - 3, 1), i):find "\n\r?\n$" then
      return table.concat(bytes)
    end
  end
  return nil, "long"
end

local function judge(head, err, name)
  local status, reason = (head or ""):match "^HTTP/1%.[01] (%d%d%d) ?([^\r\n]*)"
  if err == "timeout" then
    return failure(("the proxy %s does not answer in time"):format(name), "timeout")
  elseif not head and err ~= "long" then
    return failure(("the proxy %s ended the connection instead of answering"):format(name), "io_proxy_closed")
  elseif not status then
    return failure(("the proxy %s does not answer in HTTP"):format(name), "io_proxy_malformed",
      "is that an HTTP proxy, and is the port right?")
  elseif status == "407" then
    return failure(("the proxy %s wants a user and a password"):format(name), "io_proxy_authentication",
      "write them into its URL: http://user:password@host:port")
  elseif not status:find "^2" then
    return failure(("the proxy %s refuses: %s %s"):format(name, status, text.cut(text.printable(reason), 100)),
      "io_proxy_refused", "may this proxy connect to that host and port?")
  end
end

local function open_tunnel(tcp, through, place, deadline)
  tcp:settimeout(deadline and math.max(deadline - luasocket.gettime(), 0))
  local _, err = tcp:send(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"):format(place, place,
    through.authorization and ("Proxy-Authorization: %s\r\n"):format(through.authorization) or ""))
  local head
  if not err then
    head, err = read_head(tcp, deadline)
  end
  return judge(head, err, dial.where(through.host, through.port))
end

---What socket.connect calls `dial`: connects through a proxy.
---@param through beartls.https.proxy
---@return fun(host: string, port: integer, seconds: number|nil): table|nil, table|nil
function proxy.dialer(through)
  return function(host, port, seconds)
    local deadline = seconds and luasocket.gettime() + seconds
    local tcp, trouble = dial.tcp(through.host, through.port, seconds)
    if not tcp then
      local code = trouble.code == "timeout" and trouble.code or "io_proxy_unreachable"
      return nil, failure("the proxy cannot be reached: " .. trouble.message, code, trouble.hint)
    end
    trouble = open_tunnel(tcp, through, dial.where(host, port), deadline)
    if trouble then
      tcp:close()
      return nil, trouble
    end
    tcp:settimeout(nil)
    return tcp
  end
end

return proxy
