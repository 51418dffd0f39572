-- settings.lua: the options of requests and agents: what there is, and what becomes of them.

local address = require "beartls.https.address"
local exchange = require "beartls.https.exchange"
local luasocket = require "socket"
local options = require "beartls.options"
local tls = require "beartls"

local settings = {}

-- LuaSocket's.
local TIMEOUT, MAX_REDIRECTS = 60, 5
-- Of an answer that becomes one string, in bytes.
local MAX_BODY = 64 * 1024 * 1024

-- ---- options ----

local function is(kind, words, least)
  return {
    function(value)
      return type(value) == kind and (not least or value >= least)
    end,
    words,
  }
end

local is_ltn12 = {
  function(value)
    local mt = type(value) == "table" and getmetatable(value)
    return type(value) == "function" or type(mt) == "table" and mt.__call ~= nil
  end,
  "a function of ltn12",
}

local is_config = {
  function(value)
    local mt = type(value) == "userdata" and getmetatable(value)
    return type(mt) == "table" and mt.__name == "beartls.config"
  end,
  "what tls.config returns",
}

-- What a request and an agent both take.
local shared = {
  headers = is("table", "a table of names and values"),
  config = is_config,
  proxy_config = is_config,
  connect = is("function", "the connect of an adapter"),
  timeout = is("number", "a number of seconds", 0),
  total_timeout = is("number", "a number of seconds", 0),
  redirect = is("boolean", "true or false"),
  max_redirects = is("number", "a number", 0),
  max_body = is("number", "a number of bytes", 0),
  proxy = {
    function(value)
      return type(value) == "string" or value == false
    end,
    "a URL, or false for none",
  },
}

-- The options of tls.config that clients use; they may stand among those of a request.
local tls_options = {}
for _, name in ipairs {
  "trust", "certificate", "key", "password", "pins", "crls", "crl_required", "min_version", "max_version",
  "cipher_suites", "groups", "signature_schemes", "psks", "tickets", "max_fragment", "trace", "keylog", "time",
  "insecure_no_verify", "insecure_no_name", "insecure_no_time",
} do
  tls_options[name] = options.known[name]
end

local request_options = {
  url = is("string", "a URL"), method = is("string", "a method"), body = is("string", "a string"), source = is_ltn12,
  sink = is_ltn12, step = is_ltn12,
}
local agent_options = {
  max_idle = is("number", "a number of connections", 0),
  max_idle_per_host = is("number", "a number of connections", 0),
  idle_timeout = is("number", "a number of seconds", 0),
}
for _, list in ipairs { shared, tls_options } do
  for name, rule in pairs(list) do
    request_options[name], agent_options[name] = rule, rule
  end
end

-- The options of a config, of those that are given; where there is none, those of `base` (may be nil).
local function pick(given, base)
  local picked, any = {}, false
  for name in pairs(tls_options) do
    picked[name] = base and base[name]
    if given[name] ~= nil then
      picked[name], any = given[name], true
    end
  end
  return picked, any
end

---Raises for misuse, in the name of whom the function calls that calls this.
---@param given any
---@param what "https.request"|"agent:request"|"https.agent"
---@param base beartls.https.identity|nil the agent's
function settings.check(given, what, base)
  local function misuse(sentence)
    error(("%s: %s"):format(what, sentence), 4)
  end
  options.check(given, what == "https.agent" and agent_options or request_options, what, 3)
  local _, any = pick(given)
  if given.config and any then
    misuse "options of tls.config are given besides a config: put them into that"
  elseif any and base and not base.picked then
    misuse "the agent has a config, to which options of tls.config cannot be added"
  elseif what == "https.agent" then
    return
  elseif not given.url then
    misuse "there is no url"
  elseif given.body and given.source then
    misuse "body and source are given: which of them is to be sent?"
  end
end

-- ---- configs ----

-- A client certificate in one option: its key is in the same file unless that is named.
local function make_config(picked, bare)
  local made = { alpn = { "http/1.1" } }
  for name, value in pairs(picked) do
    made[name] = value
  end
  if bare then
    made.certificate, made.key, made.password = nil, nil, nil
  elseif type(made.certificate) == "string" and not made.key then
    made.key = made.certificate
  end
  return tls.config(made)
end

---@class beartls.https.identity
---@field picked table|nil the options that the config was made of
---@field config beartls.config
---@field bare (fun(): beartls.config|nil, string|nil, string|nil)|nil

local default_identity

---The config that is given, one of the options in place, the base's, or the default one.
---@param given table
---@param base beartls.https.identity|nil the agent's
---@param store beartls.store|nil for what resumes sessions, when a config is made and nothing else is said about that
---@return beartls.https.identity|nil
---@return string|nil message
---@return string|nil code those of tls.config
function settings.identity(given, base, store)
  if given.config then
    return { config = given.config }
  end
  local picked, any = pick(given, base and base.picked)
  if not any and not store and (base or default_identity) then
    return base or default_identity
  end
  if store and picked.tickets == nil then
    picked.tickets = store
  end
  local config, message, code = make_config(picked)
  if not config then
    return nil, message, code
  end
  local identity = { picked = picked, config = config, bare = function()
    return make_config(picked, true)
  end }
  if not any and not store then
    default_identity = identity
  end
  return identity
end

-- ---- requests ----

local function merge_headers(ours, given)
  local merged = {}
  for _, list in ipairs { ours or {}, given or {} } do
    local checked, message, code = exchange.check_headers(list)
    if not checked then
      return nil, message, code
    end
    for name, value in pairs(checked) do
      merged[name] = value
    end
  end
  return merged
end

local function failed(message, code)
  return nil, { message = message, code = code }
end

---What fetch does, of what the program wants.
---@param given table checked options
---@param agent beartls.https.agent|nil
---@return beartls.https.job|nil
---@return table|nil failure
function settings.job(given, agent)
  local defaults = agent and agent.defaults or {}
  local function value_of(name, default)
    if given[name] ~= nil then
      return given[name]
    elseif defaults[name] ~= nil then
      return defaults[name]
    end
    return default
  end
  local identity, message, code = settings.identity(given, agent and agent.identity)
  if not identity then
    return failed(message, code)
  end
  local to, headers
  to, message, code = address.parse(given.url)
  if not to then
    return failed(message, code)
  end
  headers, message, code = merge_headers(defaults.headers, given.headers)
  if not headers then
    return failed(message, code)
  end
  local method = given.method or (given.body or given.source) and "POST" or "GET"
  if not method:find "^%u[%u-]*$" or method == "CONNECT" then
    return failed(("%q is no method that can be asked for"):format(method), "config_method")
  end
  local seconds = value_of "total_timeout"
  return {
    address = to, method = method, headers = headers, body = given.body, source = given.source, sink = given.sink,
    step = given.step, config = identity.config, bare = identity.bare, pool = agent and agent.pool,
    connect = value_of "connect",
    timeout = value_of("timeout", TIMEOUT), deadline = seconds and luasocket.gettime() + seconds,
    proxy = value_of "proxy", proxy_config = value_of "proxy_config", redirect = value_of("redirect", true),
    redirects = 0, max_redirects = value_of("max_redirects", MAX_REDIRECTS),
    max_body = value_of("max_body", given.sink and math.huge or MAX_BODY),
  }
end

return settings
