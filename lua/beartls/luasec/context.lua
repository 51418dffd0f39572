-- context.lua: contexts and the functions that set them (ssl.context). Each gives true, or false and why not; what must
-- be a string or a number and is not raises. settings.lua makes configs of what is collected here.

local ciphers = require "beartls.luasec.ciphers"
local config = require "beartls.luasec.config"
local material = require "beartls.luasec.material"
local object = require "beartls.luasec.object"
local wire = require "beartls.luasec.wire"

local context = {}

local methods = {}
local kind = object.kind("SSL:Context", "SSL context", methods)
context.kind = kind

local check_string = object.check_string

-- The context's state, which is going to change: what was made of it before is no longer right.
local function change(ctx, what)
  local state = kind:check(ctx, 1, what)
  state.configs = {}
  return state
end

local protocols = { any = true, sslv23 = true, tlsv1 = true, tlsv1_1 = true, tlsv1_2 = true, tlsv1_3 = true }

---Makes a context.
---@param protocol string "any", "sslv23", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3"
---@return userdata|nil
---@return string|nil message
function context.create(protocol)
  protocol = check_string(protocol, 1, "create")
  if not protocols[protocol] then
    return nil, ("invalid protocol (%s)"):format(protocol)
  end
  return kind:new {
    protocol = protocol, mode = nil, options = {}, verify = {}, verifyext = {}, identities = {}, configs = {},
  }
end

---@param ctx userdata
---@param mode "client"|"server"
function context.setmode(ctx, mode)
  local state = change(ctx, "setmode")
  mode = check_string(mode, 2, "setmode")
  if mode ~= "client" and mode ~= "server" then
    return false, ("invalid mode (%s)"):format(mode)
  end
  state.mode = mode
  return true
end

-- A key and a certificate are one identity when both are there and belong together.
local function pair_up(state)
  if state.key and state.certificate and state.key:matches(state.certificate) then
    state.identities[#state.identities + 1] = { certificate = state.certificate, key = state.key }
  end
end

---@param ctx userdata
---@param path string
---@param password string|fun():string|nil|nil
function context.loadkey(ctx, path, password)
  local state = change(ctx, "loadkey")
  local key, message = material.key(check_string(path, 2, "loadkey"), password)
  if not key then
    return false, message
  end
  state.key = key
  pair_up(state)
  return true
end

---@param ctx userdata
---@param path string a chain, leaf first
function context.loadcert(ctx, path)
  local state = change(ctx, "loadcert")
  local certificate, message = material.certificate(check_string(path, 2, "loadcert"))
  if not certificate then
    return false, message
  end
  state.certificate = certificate
  pair_up(state)
  return true
end

---@param ctx userdata
---@return boolean whether the key and the certificate that were loaded last belong together
function context.checkkey(ctx)
  local state = kind:check(ctx, 1, "checkkey")
  return state.key ~= nil and state.certificate ~= nil and state.key:matches(state.certificate)
end

---@param ctx userdata
---@param cafile string|nil
---@param capath string|nil a directory
function context.locations(ctx, cafile, capath)
  local state = change(ctx, "locations")
  local trust, message, missing = material.trust(cafile, capath)
  if not trust then
    return false, message
  end
  state.trust, state.cafile, state.capath, state.missing = trust, cafile, capath, missing
  return true
end

---@param ctx userdata
---@param list string in OpenSSL's language
function context.setcipher(ctx, list)
  local state = change(ctx, "setcipher")
  local names, level = ciphers.read(check_string(list, 2, "setcipher"))
  if not names then
    return false, "error setting cipher list (no cipher match)"
  end
  state.ciphers, state.security_level = names, level
  return true
end

---@param ctx userdata
---@param list string names of suites of TLS 1.3, with colons between them
function context.setciphersuites(ctx, list)
  local state = change(ctx, "setciphersuites")
  local names = ciphers.read13(check_string(list, 2, "setciphersuites"))
  if not names then
    return false, "error setting cipher list (no cipher match)"
  end
  state.suites13 = names
  return true
end

---@param ctx userdata
---@param depth number how many certificates may be between the peer's and the authority's
function context.setdepth(ctx, depth)
  change(ctx, "setdepth").depth = object.check_number(depth, 2, "setdepth")
  return true
end

-- Adds names to a set. true, or false and which one is not known.
local function add_names(set, known, what, ...)
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    if not known[name] then
      return false, ("invalid %s (%s)"):format(what, tostring(name))
    end
    set[name] = true
  end
  return true
end

local verify_names = { none = true, peer = true, client_once = true, fail_if_no_peer_cert = true }

---@param ctx userdata
---@param ... "none"|"peer"|"client_once"|"fail_if_no_peer_cert" in the place of what was said before
function context.setverify(ctx, ...)
  local state = change(ctx, "setverify")
  state.verify = {}
  return add_names(state.verify, verify_names, "verify option", ...)
end

---@param ctx userdata
---@param ... string OpenSSL's names, besides what was said before
function context.setoptions(ctx, ...)
  return add_names(change(ctx, "setoptions").options, config.options, "option", ...)
end

---Diffie-Hellman of the old kind is not spoken here: the parameters are not needed.
function context.setdhparam(ctx, get)
  kind:check(ctx, 1, "setdhparam")
  if type(get) ~= "function" then
    object.bad_argument(2, "setdhparam", "function", get)
  end
end

local groups = {
  X25519 = "x25519", x25519 = "x25519", ["P-256"] = "secp256r1", prime256v1 = "secp256r1", secp256r1 = "secp256r1",
  ["P-384"] = "secp384r1", secp384r1 = "secp384r1", ["P-521"] = "secp521r1", secp521r1 = "secp521r1",
}

---@param ctx userdata
---@param name string
function context.setcurve(ctx, name)
  local state = change(ctx, "setcurve")
  local group = groups[check_string(name, 2, "setcurve")]
  if not group then
    return false, ("elliptic curve '%s' not supported"):format(name)
  end
  state.groups = { group }
  return true
end

---Curves that we do not have do not matter, unless there is no other one.
function context.setcurveslist(ctx, list)
  local state = change(ctx, "setcurveslist")
  local names = {}
  for name in check_string(list, 2, "setcurveslist"):gmatch "[^:]+" do
    names[#names + 1] = groups[name]
  end
  if #names == 0 then
    return false, ('unknown elliptic curve in "%s"'):format(list)
  end
  state.groups = names
  return true
end

---@param protocols_wire string each protocol with its length before
function context.setalpn(ctx, protocols_wire)
  change(ctx, "setalpn").alpn = wire.decode(check_string(protocols_wire, 2, "setalpn"))
  return true
end

---@param choose fun(protocols_wire: string): string|nil what the client offers, what the server would like
function context.setalpncb(ctx, choose)
  if type(choose) ~= "function" then
    object.bad_argument(2, "setalpncb", "function", choose)
  end
  change(ctx, "setalpncb").choose_alpn = function(list)
    local answer = choose(wire.encode(list))
    return type(answer) == "string" and wire.decode(answer) or {}
  end
  return true
end

---There is no DANE here.
function context.setdane(ctx)
  kind:check(ctx, 1, "setdane")
  return false, "DANE is not supported"
end

local verifyext_names = { lsec_continue = true, lsec_ignore_purpose = true, crl_check = true, crl_check_chain = true }

---@param ctx userdata
---@param ... "lsec_continue"|"lsec_ignore_purpose"|"crl_check"|"crl_check_chain"
function methods.setverifyext(ctx, ...)
  return add_names(change(ctx, "setverifyext").verifyext, verifyext_names, "verify option", ...)
end

return context
