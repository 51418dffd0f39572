-- settings.lua: what the options of connect and serve mean: addresses, versions, and the options of
-- tls.config.

local core = require "beartls.core"
local dial = require "beartls.socket.dial"

local settings = {}

-- Options that connect and serve share.
settings.common = {
  { "cert", "FILE", "our certificate (PEM or DER, the leaf first)" },
  { "key", "FILE", "its private key" },
  { "tls", "RANGE", "the version or versions: 1.2, or 1.0-1.2" },
  { "cipher", "LIST", "cipher suites by IANA name, best first, commas between them", kind = "list" },
  { "crl", "FILE", "refuse whom these revocation lists name (a file or a directory); may be repeated", several = true },
  { "crl-required", nil, "refuse whom no list of its issuer speaks for, too" },
  { "alpn", "LIST", "protocols, best first: h2,http/1.1", kind = "list" },
  { "trace", nil, "show every message of the handshake on standard error" },
  { "keylog", "FILE", "write the keys there, in the format that Wireshark reads" },
  { "json", nil, "everything that is about the connection as JSON, an object a line" },
  { "color", nil, "colours, even where there is no terminal" },
  { "no-color", nil, "no colours" },
}

---Options of a command: its own, and then the common ones.
---@param own table[]
---@return table[]
function settings.with_common(own)
  local options = {}
  for _, list in ipairs { own, settings.common } do
    for _, option in ipairs(list) do
      options[#options + 1] = option
    end
  end
  return options
end

local function check_port(port, lowest)
  local n = port:match "^%d+$" and tonumber(port)
  if n and n >= lowest and n <= 65535 then
    return n
  end
  return nil, ("%q is no port: a number from %d to 65535 is wanted"):format(port, lowest)
end

---Takes HOST, HOST:PORT, [IPV6]:PORT apart; of https://HOST:PORT/PATH what is HOST:PORT.
---@param given string
---@param default_port integer|nil needed without a port
---@return string|nil host
---@return integer|string port, or what is wrong
function settings.address(given, default_port)
  given = given:match "^https://([^/]*)" or given
  local host, port = given:match "^%[([^%]]*)%]:?(.*)$"
  if not host then
    host, port = given:match "^([^:]*):?([^:]*)$"
  end
  if not host then
    return nil, ("%q is an IPv6 address without brackets: write [%s]:PORT"):format(given, given)
  elseif host == "" then
    return nil, ("there is no host in %q: HOST[:PORT] is wanted"):format(given)
  elseif port == "" then
    return host, default_port
  end
  local n, message = check_port(port, 1)
  return n and host, n or message
end

---Takes PORT, HOST:PORT, :PORT, [IPV6]:PORT apart. Without a host it is this machine alone.
---@param given string
---@return string|nil host
---@return integer|string port, or what is wrong
function settings.listening(given)
  local host, port = given:match "^%[([^%]]*)%]:(.*)$"
  if not host then
    host, port = given:match "^([^:]*):([^:]*)$"
  end
  if not host then
    host, port = "", given
  end
  local n, message = check_port(port, 0)
  return n and (host == "" and "127.0.0.1" or host), n or message
end

settings.where = dial.where

local versions = {
  ["1.0"] = "TLSv1", ["1"] = "TLSv1", ["1.1"] = "TLSv1.1", ["1.2"] = "TLSv1.2", ["1.3"] = "TLSv1.3",
}

---The options min_version and max_version for "1.2" or "1.0-1.2".
---@param given string|nil
---@return string|nil lowest
---@return string|nil highest
---@return string|nil message what is wrong with it
function settings.versions(given)
  if not given then
    return nil, nil
  end
  local low, high = given:match "^([%d.]+)%-([%d.]+)$"
  low, high = versions[low or given], versions[high or given]
  if not low or not high or low > high then
    return nil, nil, ("--tls %s is no version: 1.0, 1.1, 1.2 or a range such as 1.0-1.2 is wanted"):
      format(given)
  end
  return low, high
end

-- The suites of those who ask for a version below 1.2: its own ones behind those of 1.2.
local function suites_for(lowest)
  if lowest ~= "TLSv1" and lowest ~= "TLSv1.1" then
    return nil
  end
  local suites = {}
  for _, name in ipairs(core.default_cipher_suites) do
    suites[#suites + 1] = name
  end
  for _, exchange in ipairs { "^TLS_ECDHE_", "^TLS_RSA_" } do
    for _, name in ipairs(core.cipher_suites) do
      if name:find(exchange) and name:find "_CBC_SHA$" then
        suites[#suites + 1] = name
      end
    end
  end
  return suites
end

---The options of tls.config for what connect and serve have in common, or nil, message.
---@param values table from the command line
---@return table|nil
---@return string|nil message
function settings.config_options(values)
  local low, high, message = settings.versions(values.tls)
  if message then
    return nil, message
  elseif values.cert and not values.key then
    return nil, "--cert needs --key, the private key of the certificate"
  elseif values.key and not values.cert then
    return nil, "--key needs --cert, the certificate of the key"
  elseif values.crl_required and not values.crl then
    return nil, "--crl-required needs --crl, the lists"
  end
  return {
    certificate = values.cert, key = values.key,
    crls = values.crl, crl_required = values.crl_required and "leaf" or nil,
    min_version = low, max_version = high,
    cipher_suites = values.cipher or suites_for(low), alpn = values.alpn, keylog = values.keylog,
    trace = true,
  }
end

return settings
