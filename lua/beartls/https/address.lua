-- address.lua: what an https URL says: whom to connect to and what to ask for (RFC 3986, RFC 9110 section 4.2.2).
-- LuaSocket's url.parse takes anything and fails at nothing; what is asked of a server must be one line without blanks.

local dial = require "beartls.socket.dial"
local luasocket_url = require "socket.url"
local text = require "beartls.decode.text"

local address = {}

local PORT = 443

---@class beartls.https.address
---@field url string without user, password and fragment
---@field host string as connections are made to it: no brackets, in lower case
---@field port integer
---@field authority string what the header Host says
---@field target string path and query
---@field user string|nil
---@field password string|nil

-- Without what may be secret in it.
local function failed(url, why)
  local shown = text.cut(text.printable((url:gsub("^.*@", ""):gsub("[?#].*$", ""))), 200)
  return nil, ("%s is not a URL to fetch: %s"):format(shown, why), "config_url"
end

-- Blanks and what is not ASCII, as browsers send it (servers write such things into Location).
local function escaped(target)
  return (target:gsub("[ \128-\255]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

local function split_authority(authority)
  local userinfo, place = authority:match "^(.*)@([^@]*)$"
  local host, port = (place or authority):match "^%[([%x:.]+)%]:?(%d*)$"
  if not host then
    host, port = (place or authority):match "^([%w.%-_]+):?(%d*)$"
  end
  return host, port, userinfo
end

---Takes an https URL apart.
---@param url string
---@return beartls.https.address|nil
---@return string|nil message
---@return string|nil code "config_url"
function address.parse(url)
  if url:find "[%c]" then
    return failed(url, "there are control characters in it")
  end
  local scheme, authority, rest = url:match "^(%a[%w+.-]*)://([^/?#]*)(.*)$"
  if not scheme then
    return failed(url, "it does not begin with https://")
  elseif scheme:lower() ~= "https" then
    return failed(url, scheme:lower() == "http" and "everybody on the way can read and change what http fetches"
      or "its scheme is not https")
  end
  local host, port, userinfo = split_authority(authority)
  if not host then
    return failed(url, "its host is neither a name of ASCII letters nor an address")
  end
  local number = port == "" and PORT or tonumber(port)
  if number < 1 or number > 65535 then
    return failed(url, "there is no such port")
  end
  host = host:lower()
  local target = escaped(rest:gsub("#.*$", ""))
  target = target:find "^/" and target or "/" .. target
  local user, password = (userinfo or ""):match "^([^:]*):?(.*)$"
  local where = dial.where(host, number)
  if number == PORT then
    where = where:gsub(":%d+$", "")
  end
  return {
    url = "https://" .. where .. target, host = host, port = number, authority = where, target = target,
    user = userinfo and luasocket_url.unescape(user), password = userinfo and luasocket_url.unescape(password),
  }
end

-- RFC 3986, section 5.2.4, of a path that begins with a slash.
local function without_dots(path)
  local out = {}
  for segment in path:gmatch "/([^/]*)" do
    if segment == ".." then
      table.remove(out)
    elseif segment ~= "." then
      out[#out + 1] = segment
    end
  end
  local is_directory = path:find "/%.%.?$"
  return "/" .. table.concat(out, "/") .. (is_directory and #out > 0 and "/" or "")
end

---The address that a reference leads to from another one, as Location has it. Users and passwords in it do not count.
---@param from beartls.https.address
---@param reference string
---@return beartls.https.address|nil
---@return string|nil message
---@return string|nil code "config_url"
function address.follow(from, reference)
  local url
  local path, rest = reference:match "^([^?#]*)(.*)$"
  if reference:find "^%a[%w+.-]*:" then
    url = reference
  elseif path:find "^//" then
    url = "https:" .. reference
  elseif path:find "^/" then
    url = "https://" .. from.authority .. reference
  else
    local base, query = from.target:match "^([^?]*)(.*)$"
    if path ~= "" then
      base = without_dots(base:match "^.*/" .. path)
    elseif not rest:find "^%?" then
      rest = query
    end
    url = "https://" .. from.authority .. base .. rest
  end
  local to, message, code = address.parse(url)
  if to then
    to.user, to.password = nil, nil
  end
  return to, message, code
end

---Whether both are the same server, to which the same secrets may go.
---@param a beartls.https.address
---@param b beartls.https.address
---@return boolean
function address.same_origin(a, b)
  return a.host == b.host and a.port == b.port
end

return address
