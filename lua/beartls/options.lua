-- options.lua: checks the options of tls.config and turns them into what the C core takes. Misuse raises an error that
-- names the option; what the world can do wrong returns nil, message, code.

local core = require "beartls.core"
local crls = require "beartls.crls"
local files = require "beartls.files"
local nearest = require "beartls.nearest"
local system = require "beartls.system"

local options = {}

local function is_a(value, name)
  local mt = type(value) == "userdata" and getmetatable(value)
  return type(mt) == "table" and mt.__name == name
end

local function is_list_of(kind)
  return function(value)
    if type(value) ~= "table" then
      return false
    end
    for _, element in ipairs(value) do
      if type(element) ~= kind then
        return false
      end
    end
    return #value > 0 or next(value) == nil
  end
end

local function is_file_or(name)
  return function(value)
    return type(value) == "string" or is_a(value, name)
  end
end

local function is_one_of(...)
  local allowed = {}
  for _, value in ipairs { ... } do
    allowed[value] = true
  end
  return function(value)
    return allowed[value] == true
  end
end

local is_string_list = is_list_of "string"
local is_boolean = is_one_of(true, false)
local is_version = is_one_of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

local function is_type(...)
  local allowed = is_one_of(...)
  return function(value)
    return allowed(type(value))
  end
end

local function is_trace(value)
  return type(value) == "boolean"
    or type(value) == "number" and value >= 1 and value <= 1e6 and value % 1 == 0
end

local function is_ticket_keys(value)
  if not is_string_list(value) or #value == 0 or #value > 8 then
    return false
  end
  for _, key in ipairs(value) do
    if #key ~= 32 then
      return false
    end
  end
  return true
end

local function is_psks(value)
  if type(value) ~= "table" or #value > 4 then
    return false
  end
  for _, psk in ipairs(value) do
    if type(psk) ~= "table" or type(psk.identity) ~= "string" or type(psk.key) ~= "string"
      or #psk.identity < 1 or #psk.identity > 1024 or #psk.key < 16 then
      return false
    end
  end
  return true
end

local function is_store(value)
  if type(value) ~= "table" and type(value) ~= "userdata" then
    return false
  end
  for _, name in ipairs { "put", "take", "get" } do
    local ok, method = pcall(function()
      return value[name]
    end)
    if not ok or type(method) ~= "function" then
      return false
    end
  end
  return true
end

local function is_tickets(value)
  return type(value) == "boolean" or is_store(value)
end

local switch = { is_boolean, "true or false" }

-- name = { check, what it should be }
local known = {
  certificate = { is_file_or "beartls.certificate", "a file name or a certificate" },
  key = { is_file_or "beartls.key", "a file name or a key" },
  password = { is_type("string", "function"), "a string or a function" },
  staple = { is_type "string", "a file name: an OCSP response for the certificate, in DER" },
  identities = { is_list_of "table", "a list of { certificate = ..., key = ... }" },
  trust = { is_file_or "beartls.trust", "a file name, a directory or a trust object" },
  crls = { crls.is, "a file name, a directory, revocation lists, or a table of such" },
  crl_required = { is_one_of(true, false, "leaf"), '"leaf", or true for every certificate below the root' },
  verify_client = { is_one_of("none", "request", "require"), '"none", "request" or "require"' },
  min_version = { is_version, '"TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"' },
  max_version = { is_version, '"TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3"' },
  cipher_suites = { is_string_list, "a list of IANA names" },
  groups = { is_string_list, "a list of IANA names" },
  signature_schemes = { is_string_list, "a list of IANA names" },
  alpn = { is_string_list, "a list of protocol names" },
  pins = { is_string_list, 'a list of "sha256//BASE64"' },
  tickets = { is_tickets, "true, false or a store: an object with the methods put, take and get" },
  ticket_keys = { is_ticket_keys, "a list of at most 8 strings of 32 bytes" },
  psks = { is_psks, "a list of at most 4 { identity = string, key = string of 16 bytes or more }" },
  max_fragment = { is_one_of(512, 1024, 2048, 4096, 16384), "512, 1024, 2048, 4096 or 16384" },
  trace = { is_trace, "true, or how many events to keep (1 to 1000000)" },
  keylog = { is_type("string", "boolean"), "a file name, or true for SSLKEYLOGFILE" },
  time = { is_type "function", "a function that returns seconds since the epoch" },
  insecure_no_verify = switch,
  insecure_no_name = switch,
  insecure_no_time = switch,
}

local identity_known = {
  certificate = known.certificate,
  key = known.key,
  password = known.password,
  staple = known.staple,
}

local function sorted_names(names)
  local list = {}
  for name in pairs(names) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function shown(value)
  return type(value) == "string" and ("%q"):format(value) or "a " .. type(value)
end

---Raises for an option that is not in `names`, or has a value of the wrong kind.
---@param given table
---@param names table<string, table> name -> { check, what it should be }
---@param what string whose options they are, for the error
---@param level integer whose fault it is, as for error()
function options.check(given, names, what, level)
  if type(given) ~= "table" then
    error(("%s: a table of options is wanted, not %s"):format(what, shown(given)), level + 1)
  end
  for name, value in pairs(given) do
    local rule = names[name]
    if not rule then
      local hint = type(name) == "string" and nearest(name, sorted_names(names))
      error(("%s: there is no option %q%s"):format(what, tostring(name),
        hint and (", did you mean %q?"):format(hint) or ""), level + 1)
    end
    if not rule[1](value) then
      error(("%s: the option %q must be %s, not %s"):format(what, name, rule[2], shown(value)), level + 1)
    end
  end
end

---What parse makes of the bytes. A password that is a function is called only when they are encrypted.
---@param parse function core.certificate.parse or core.key.parse
---@param bytes string
---@param password string|fun():string|nil|nil
---@return userdata|nil
---@return string|nil message
---@return string|nil code
function options.parse(parse, bytes, password)
  if type(password) ~= "function" then
    return parse(bytes, password)
  end
  local object, message, code = parse(bytes)
  if code ~= "config_key_encrypted" then
    return object, message, code
  end
  local given = password()
  if given == nil then
    return nil, message, code
  end
  return parse(bytes, given)
end

local function load(path, what, parse, password)
  local bytes, message, code = files.read(path, what)
  if not bytes then
    return nil, message, code
  end
  local object
  object, message, code = options.parse(parse, bytes, password)
  return object, message and path .. ": " .. message, code
end

---A certificate chain from a file.
function options.load_certificate(path, password)
  return load(path, "certificate file", core.certificate.parse, password)
end

---A private key from a file.
function options.load_key(path, password)
  return load(path, "key file", core.key.parse, password)
end

-- Of a password for two files, or two parts of one, people are asked once.
local function asked_once(password)
  if type(password) ~= "function" then
    return password
  end
  local asked, given = false, nil
  return function()
    if not asked then
      asked, given = true, password()
    end
    return given
  end
end

-- An OCSP response as it is sent: its bytes, which have to be one.
local function load_staple(path)
  local bytes, message, code = files.read(path, "OCSP response")
  if not bytes then
    return nil, message, code
  end
  local _, why, what = core.ocsp_decode(bytes)
  if why then
    return nil, ("%s: the certificate %s"):format(path, why), what
  end
  return bytes
end

local function load_identity(given)
  local certificate, key, message, code = given.certificate, given.key, nil, nil
  if not certificate or not key then
    return nil, certificate and "a certificate needs its key: set the option key"
      or "a key needs its certificate: set the option certificate", "config_identity"
  end
  local password = asked_once(given.password)
  if type(certificate) == "string" then
    certificate, message, code = options.load_certificate(certificate, password)
  end
  if certificate and type(key) == "string" then
    key, message, code = options.load_key(key, password)
  end
  if not certificate or not key then
    return nil, message, code
  end
  local staple
  if given.staple then
    staple, message, code = load_staple(given.staple)
    if not staple then
      return nil, message, code
    end
  end
  return { certificate = certificate, key = key, staple = staple }
end

local function load_identities(given)
  local list = {}
  if given.certificate or given.key then
    list[1] = given
  end
  for _, identity in ipairs(given.identities or {}) do
    list[#list + 1] = identity
  end
  for i, identity in ipairs(list) do
    local loaded, message, code = load_identity(identity)
    if not loaded then
      return nil, message, code
    end
    list[i] = loaded
  end
  return list
end

local base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- The 32 bytes of "sha256//BASE64" (RFC 7469, 2.1.1), or nil.
local function decode_pin(pin)
  local text = pin:match "^sha256//([%w+/]+)=$"
  if not text or #text ~= 43 then
    return nil
  end
  local out, bits, value = {}, 0, 0
  for digit in text:gmatch "." do
    value = value * 64 + base64_digits:find(digit, 1, true) - 1
    bits = bits + 6
    if bits >= 8 then
      bits = bits - 8
      local power = 2 ^ bits
      out[#out + 1] = string.char(math.floor(value / power))
      value = value % power
    end
  end
  return table.concat(out)
end

local function decode_pins(pins)
  local list = {}
  for i, pin in ipairs(pins or {}) do
    list[i] = decode_pin(pin)
    if not list[i] then
      return nil, ("pins: %q is not of the form sha256//BASE64 with 32 bytes"):format(pin), "config_pins"
    end
  end
  return list
end

-- The core points at the strings of these lists, so it gets lists of its own.
local function copy(list)
  if type(list) ~= "table" then
    return list
  end
  local out = {}
  for key, value in pairs(list) do
    out[key] = copy(value)
  end
  return out
end

-- A list of our own: the C core points at its strings, and the caller's table may change.
local function copy_alpn(alpn)
  local list = {}
  for i, name in ipairs(alpn or {}) do
    if #name < 1 or #name > 255 or name:find("%z") then
      return nil, ("alpn: %q is no protocol name: 1 to 255 bytes, none of them 0"):format(name), "config_alpn"
    end
    list[i] = name
  end
  return list
end

-- A function that appends lines to the key log file; nil when there is to be none.
local function open_keylog(keylog)
  if keylog == true then
    keylog = os.getenv "SSLKEYLOGFILE"
  end
  if not keylog then
    return nil
  end
  local file, why = io.open(keylog, "ab")
  if not file then
    return nil, ("cannot write the key log %s: %s"):format(keylog, tostring(why):gsub("^.-: ", "", 1)), "io_file"
  end
  return function(lines)
    file:write(lines)
    file:flush()
  end
end

local verify_client_numbers = { none = 0, request = 1, require = 2 }

-- Who names only an old upper end wants just that.
local function versions(given)
  local highest = given.max_version
  if not given.min_version and (highest == "TLSv1" or highest == "TLSv1.1") then
    return highest, highest
  end
  return given.min_version, highest
end

local function load_trust(given)
  if type(given.trust) == "string" then
    return system.load_trust(given.trust)
  end
  return given.trust
end

local crl_required_numbers = { leaf = 1, [true] = 2 }

local function load_crls(given)
  if given.crls ~= nil then
    return crls.of(given.crls)
  elseif given.crl_required then
    return nil, "crl_required needs crls: the revocation lists", "config_no_crl"
  end
end

local function check_trust(given, trust)
  if given.verify_client and given.verify_client ~= "none" and not trust
    and not (given.insecure_no_verify) then
    return nil, "verify_client needs trust: whose certificates may clients show?", "config_no_trust"
  end
  return true
end

---What core.config.new takes, from the options of tls.config.
---@param given table checked with options.check
---@return table|nil
---@return string|nil message
---@return string|nil code
function options.normalize(given)
  local out = {
    cipher_suites = given.cipher_suites, groups = given.groups,
    signature_schemes = given.signature_schemes,
    max_fragment = given.max_fragment, time = given.time,
    tickets = given.tickets ~= false, store = is_store(given.tickets),
    ticket_keys = copy(given.ticket_keys), psks = copy(given.psks),
    trace = given.trace == true and 1024 or given.trace or nil,
    verify_client = verify_client_numbers[given.verify_client or "none"],
    crl_required = crl_required_numbers[given.crl_required],
    insecure_no_verify = given.insecure_no_verify, insecure_no_name = given.insecure_no_name,
    insecure_no_time = given.insecure_no_time,
  }
  local message, code, ok
  out.min_version, out.max_version = versions(given)
  for _, step in ipairs {
    { "identities", load_identities, given }, { "trust", load_trust, given }, { "crls", load_crls, given },
    { "alpn", copy_alpn, given.alpn }, { "pins", decode_pins, given.pins },
    { "keylog", open_keylog, given.keylog },
  } do
    out[step[1]], message, code = step[2](step[3])
    if message then
      return nil, message, code
    end
  end
  ok, message, code = check_trust(given, out.trust)
  if not ok then
    return nil, message, code
  end
  return out
end

-- For the options of others: beartls.pki.
options.is_a, options.is_list_of, options.is_one_of, options.is_type = is_a, is_list_of, is_one_of, is_type
options.switch, options.is_store, options.is_ticket_keys = switch, is_store, is_ticket_keys

options.known = known
options.identity_known = identity_known

return options
