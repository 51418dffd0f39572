-- settings.lua: what a context has been told, as a config of beartls.

local core = require "beartls.core"
local suites = require "beartls.luasec.suites"
local tls = require "beartls"

local settings = {}

local versions = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" }
local switches = { "no_tlsv1", "no_tlsv1_1", "no_tlsv1_2", "no_tlsv1_3" }
local exact = { tlsv1 = 1, tlsv1_1 = 2, tlsv1_2 = 3, tlsv1_3 = 4 }

-- From which version to which, as indices of `versions`; nil when there is none. "any" means 1.2 and 1.3, as it does
-- with OpenSSL as it is usually set up; a server that gives up on security (@SECLEVEL=0) takes older ones, too. What is
-- left below a gap is left out, as OpenSSL does.
local function range(ctx)
  local only = exact[ctx.protocol]
  local first = only or (ctx.security_level == 0 and ctx.mode == "server" and 1 or 3)
  local last = only or 4
  while last >= first and ctx.options[switches[last]] do
    last = last - 1
  end
  for i = last, first, -1 do
    if ctx.options[switches[i]] then
      first = i + 1
      break
    end
  end
  if first <= last then
    return first, last
  end
end

local MOST_CONFIGS = 16

local default12

local function append(to, list, test)
  for _, name in ipairs(list) do
    if not test or test(suites.by_name[name]) then
      to[#to + 1] = name
    end
  end
  return to
end

-- The suites, and up to which version. A client that names something old offers at most TLS 1.2, so old suites count
-- only where nothing newer was chosen besides.
local function choose_suites(ctx, first, last)
  local twelve = ctx.ciphers
  if not twelve then
    default12 = default12 or require("beartls.luasec.ciphers").read "DEFAULT"
    twelve = default12
  end
  local list = {}
  if last == 4 then
    append(list, ctx.suites13 or suites.default13)
  end
  if first == 4 then
    return list, last
  elseif ctx.mode == "server" or last < 3 then
    return append(list, twelve), last
  end
  local modern = append({}, twelve, function(suite)
    return suite.modern
  end)
  if #modern == 0 then
    return twelve, 3
  end
  return append(list, modern), last
end

---Whether the peer is to be verified at all.
---@param ctx table the state of a context
---@return boolean
function settings.verifies(ctx)
  return ctx.verify.peer == true
end

---Whether the handshake goes on with a peer that is not believed; the program asks later.
---@param ctx table
---@return boolean
function settings.continues(ctx)
  return ctx.verifyext.lsec_continue == true
end

---Whether a client's handshake fails with a server that has another name.
---@param ctx table
---@return boolean
function settings.compares_names(ctx)
  return settings.verifies(ctx) and not settings.continues(ctx)
end

-- Whether beartls must not judge in the handshake: nobody wants it to, or not for the usage that it would look for.
local function judged_later(ctx)
  return settings.continues(ctx) or ctx.mode == "server" and ctx.verifyext.lsec_ignore_purpose == true
end

settings.judged_later = judged_later

-- Revocation lists are among the authorities.
local function load_crls(ctx)
  if not (ctx.verifyext.crl_check or ctx.verifyext.crl_check_chain) then
    return
  end
  ctx.crl_required = ctx.verifyext.crl_check_chain and true or "leaf"
  local paths = {}
  for _, path in ipairs { ctx.cafile or false, ctx.capath or false } do
    paths[#paths + 1] = path and tls.crls.load(path) and path or nil
  end
  ctx.crls = #paths > 0 and assert(require("beartls.crls").of(paths)) or core.crls.new()
end

local function verification(ctx, options, named)
  local verifies = settings.verifies(ctx)
  if ctx.mode == "client" then
    options.insecure_no_verify = not settings.compares_names(ctx) or nil
    options.insecure_no_name = not named or nil
  elseif verifies then
    options.verify_client = ctx.verify.fail_if_no_peer_cert and "require" or "request"
    options.insecure_no_verify = judged_later(ctx) or nil
  end
  if verifies then
    load_crls(ctx)
  end
  if verifies and not options.insecure_no_verify then
    options.trust = ctx.trust or core.trust.new()
    options.crls, options.crl_required = ctx.crls, ctx.crl_required
  end
end

local function make(ctx, named, alpn)
  local first, last = range(ctx)
  if not first then
    return nil, "no protocols available", "config_versions"
  end
  local options = {
    identities = ctx.identities, groups = ctx.groups, alpn = alpn, tickets = not ctx.options.no_ticket,
  }
  options.cipher_suites, last = choose_suites(ctx, first, last)
  options.min_version, options.max_version = versions[math.min(first, last)], versions[last]
  verification(ctx, options, named)
  return tls.config(options)
end

---The config of a context, made once for each way it is used.
---@param ctx table the state of a context
---@param named boolean the program has said whom it connects to
---@param protocol string|nil what a server has chosen of what the client offers (ALPN)
---@return beartls.config|nil
---@return string|nil message
---@return string|nil code
function settings.config(ctx, named, protocol)
  local key = tostring(named) .. (protocol or "")
  if ctx.configs[key] then
    return ctx.configs[key]
  end
  local config, message, code = make(ctx, named, ctx.mode == "client" and ctx.alpn or protocol and { protocol } or nil)
  if not config then
    return nil, message, code
  end
  -- Where the program says yes to whatever is offered, clients decide how many there would be.
  if ctx.configs.count == MOST_CONFIGS then
    ctx.configs = {}
  end
  ctx.configs[key], ctx.configs.count = config, (ctx.configs.count or 0) + 1
  return config
end

return settings
