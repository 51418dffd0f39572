-- trust_file.lua: trust on first use. A file remembers which public key each host has shown at the first contact;
-- later contacts must show it again. For devices, games on a LAN, test machines: whatever has no CA.
--
--   local known = assert(require("beartls.trust_file").open "known_hosts")
--   local stream, message = known:connect("printer.local", 8443)
--
-- A line of the file is HOST:PORT, a blank, the key's pin, and perhaps a comment; the lines of a host that has several
-- are all right. Lines that begin with # and empty lines stay as they are. What the first contact shows is believed:
-- whoever is in between at that moment stays in between unnoticed, so compare the pin once by another way
-- (`beartls show` prints it on the device) where that matters.

local files = require "beartls.files"
local options = require "beartls.options"
local tls = require "beartls"

local trust_file = {}

-- What is no list of hosts for sure.
local MOST_BYTES = 4 * 1024 * 1024

local known = {}
known.__index = known

function known:__tostring()
  return ("beartls.trust_file (%s)"):format(self.path)
end

-- How the file calls a host: "name:443", "[::1]:443".
local function key_of(host, port, what)
  if type(host) ~= "string" or host == "" or host:find "[%s%c#%[%]]" then
    error(("%s: the host must be a name or an address, not %s"):format(what, tostring(host)), 3)
  end
  local number = tonumber(port)
  if not number or number < 0 or number > 65535 or number % 1 ~= 0 then
    error(("%s: the port must be a number, not %s"):format(what, tostring(port)), 3)
  end
  host = host:lower():gsub("%.$", "")
  return (host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(host, number)
end

local function is_pin(text)
  return text:find "^sha256//[%w+/]+=$" and #text == #"sha256//" + 44
end

-- The lines of the file: { text, key =, pin = } each. A file that is not there has none.
local function read(path)
  if not files.exists(path) then
    return {}
  end
  local bytes, message, code = files.read(path, "trust file", MOST_BYTES)
  if not bytes then
    return nil, message, code
  end
  local lines = {}
  for text in (bytes:find "[^\n]$" and bytes .. "\n" or bytes):gmatch "(.-)\r?\n" do
    local line = { text }
    lines[#lines + 1] = line
    if text:find "^%s*[^%s#]" then
      line.key, line.pin = text:match "^%s*(%S+)%s+(%S+)"
      if not line.key or not is_pin(line.pin) then
        return nil, ("%s, line %d: this is not HOST:PORT and sha256//BASE64"):format(path, #lines), "config_trust_file"
      end
      line.key = line.key:lower()
    end
  end
  return lines
end

-- The pins of a host, and the number of the line with the first one.
local function find(self, key)
  local lines, message, code = read(self.path)
  if not lines then
    return nil, message, code
  end
  local pins, first = {}, nil
  for number, line in ipairs(lines) do
    if line.key == key then
      pins[#pins + 1] = line.pin
      first = first or number
    end
  end
  return pins, first
end

---What the file says about a host.
---@param host string
---@param port integer
---@return string[]|nil pins none of them: the host is not known
---@return integer|string|nil line the number of the first line with a pin, or a message
---@return string|nil code "io_file", "config_trust_file"
function known:find(host, port)
  return find(self, key_of(host, port, "known:find"))
end

local function mismatch(self, key, line)
  return nil, ("%s has another key than at the first contact: %s, line %d"):format(key, self.path, line),
    "certificate_pin_mismatch",
    "if its key was changed on purpose, delete that line, or call known:forget; else somebody is in between"
end

-- Remembers the certificate's key. It is one write at the end of the file, so that what another process remembers at
-- the same moment is not lost, and the file keeps its mode and its comments.
local function record(self, key, certificate)
  local lines, message, code = read(self.path)
  if not lines then
    return nil, message, code
  end
  return files.append(self.path, ("%s %s # %s, since %s\n"):format(key, certificate:pin(),
    certificate:subject():sub(1, 200), os.date("!%Y-%m-%dT%H:%M:%SZ")), "trust file")
end

---Compares the peer's key with what the file says, or remembers it, if the host is new: for sessions and streams that
---`connect` has not made. To be called when the handshake is done, before anything is sent or read.
---@param peer beartls.session|beartls.stream
---@param host string
---@param port integer
---@return true|nil
---@return string|nil message
---@return string|nil code "certificate_pin_mismatch", "certificate_not_confirmed", "certificate_missing", "io_file" ...
---@return string|nil hint
function known:check(peer, host, port)
  local key = key_of(host, port, "known:check")
  local pins, line, code = find(self, key)
  if not pins then
    return nil, line, code
  end
  local certificate = peer:peer_certificate()
  if not certificate then
    return nil, key .. " has shown no certificate", "certificate_missing"
  end
  for _, pin in ipairs(pins) do
    if pin == certificate:pin() then
      return true
    end
  end
  if #pins > 0 then
    return mismatch(self, key, line)
  elseif self.confirm and not self.confirm(host, port, certificate) then
    return nil, ("the key of %s was not accepted: %s"):format(key, certificate:pin()), "certificate_not_confirmed"
  end
  return record(self, key, certificate)
end

---The config for a connection to a host: its peer must have the key that the file says; if the host is new, any key
---will do, and `check` has to be called after the handshake. With the option trust a chain that leads there is wanted
---besides.
---@param host string
---@param port integer
---@param given table|nil options for tls.config, without pins
---@return beartls.config|nil
---@return string|nil message
---@return string|nil code
function known:config(host, port, given)
  local pins, message, code = find(self, key_of(host, port, "known:config"))
  if not pins then
    return nil, message, code
  end
  local all = { pins = pins[1] and pins, insecure_no_verify = not (given and given.trust) or nil }
  for name, value in pairs(given or {}) do
    if name == "pins" then
      error("known:config: the pins are those of the file", 2)
    end
    all[name] = value
  end
  return tls.config(all)
end

---Connects to a host and shakes hands. The host must have the key that it had at the first contact; if this is the
---first, its key is remembered.
---@param host string
---@param port integer
---@param given table|nil options for tls.config, without pins
---@param where table|nil what the adapter's connect takes after the config: { timeout = 10 } ...
---@return beartls.stream|nil
---@return string|nil message
---@return string|nil code as check and the adapter say
---@return table|nil failure as the adapter says
function known:connect(host, port, given, where)
  local key = key_of(host, port, "known:connect")
  local config, message, code = self:config(host, port, given)
  if not config then
    return nil, message, code
  end
  local dial = self.dial or require("beartls.socket").connect
  local stream, failure, hint
  stream, message, code, failure = dial(host, port, config, where)
  if stream then
    local ok
    ok, message, code, hint = self:check(stream, host, port)
    if ok then
      return stream
    end
    stream:close()
    return nil, message, code, { message = message, code = code, hint = hint }
  elseif code == "certificate_pin_mismatch" then
    local pins, line = find(self, key)
    if pins and line then
      message, code, hint = select(2, mismatch(self, key, line))
      failure = failure or {}
      failure.message, failure.code, failure.hint = message, code, hint
    end
  end
  return nil, message, code, failure
end

---Forgets a host, so that the next contact is the first again.
---@param host string
---@param port integer
---@return integer|nil count of lines that were taken out
---@return string|nil message
---@return string|nil code
function known:forget(host, port)
  local key = key_of(host, port, "known:forget")
  local lines, message, code = read(self.path)
  if not lines then
    return nil, message, code
  end
  local kept = {}
  for _, line in ipairs(lines) do
    if line.key ~= key then
      kept[#kept + 1] = line[1] .. "\n"
    end
  end
  local count, ok = #lines - #kept, true
  if count > 0 then
    ok, message, code = files.replace(self.path, table.concat(kept), "trust file")
  end
  return ok and count, message, code
end

local function is_function(value)
  return type(value) == "function"
end

local open_options = { confirm = { is_function, "a function" }, connect = { is_function, "a function" } }

---Opens a file of known hosts, which need not be there yet: the first contact makes it, for its owner alone.
---@param path string
---@param given { confirm: nil|fun(host: string, port: integer, certificate: beartls.certificate): boolean,
---connect: function|nil }|nil confirm: asked before a new key is remembered; connect: the adapter's, unless it is
---beartls.socket's
---@return table|nil known
---@return string|nil message
---@return string|nil code "io_file", "config_trust_file"
function trust_file.open(path, given)
  if type(path) ~= "string" then
    error(("trust_file.open: a file name is wanted, not a %s"):format(type(path)), 2)
  end
  given = given or {}
  options.check(given, open_options, "trust_file.open", 2)
  local lines, message, code = read(path)
  if not lines then
    return nil, message, code
  end
  return setmetatable({ path = path, confirm = given.confirm, dial = given.connect }, known)
end

return trust_file
