-- luasec.lua: a drop-in for LuaSec: a module with its surface, on beartls. docs/luasec.md says what differs.

local certificate = require "beartls.luasec.certificate"
local config = require "beartls.luasec.config"
local connection = require "beartls.luasec.connection"
local context = require "beartls.luasec.context"
local core = require "beartls.luasec.core"
local settings = require "beartls.luasec.settings"
local wire = require "beartls.luasec.wire"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack") -- where 5.1 has it

---@class beartls.luasec
local luasec = {
  _VERSION = "1.3.2", -- of the surface: programs look whether it is new enough
  _COPYRIGHT = core.copyright(),
  config = config, loadcertificate = certificate.load,
}

-- ---- parameters ----

-- Of a parameter that is one thing or a list of things.
local function list_of(value)
  return type(value) == "table" and value or { value }
end

local function load_identity(ctx, given)
  local ok, message
  if given.key then
    local kind = type(given.password)
    if given.password and kind ~= "function" and kind ~= "string" then
      return false, "invalid password type"
    end
    ok, message = context.loadkey(ctx, given.key, given.password or nil)
    if not ok then
      return false, message
    end
  end
  if given.certificate then
    ok, message = context.loadcert(ctx, given.certificate)
    if ok and given.key and not context.checkkey(ctx) then
      ok, message = false, "private key does not match public key"
    end
  end
  return ok ~= false, message
end

local function load_identities(ctx, given)
  for _, identity in ipairs(given.certificates or { given }) do
    local ok, message = load_identity(ctx, identity)
    if not ok then
      return false, message
    end
  end
  return true
end

-- The function of a server's alpn parameter may give a name or a list.
local function chooser(choose)
  return function(bytes)
    local answer = choose(wire.decode(bytes))
    return type(answer) == "string" and wire.encode { answer } or type(answer) == "table" and wire.encode(answer) or nil
  end
end

local function set_alpn(ctx, alpn, mode)
  local kind = type(alpn)
  if mode == "server" and kind == "function" then
    return context.setalpncb(ctx, chooser(alpn))
  elseif kind ~= "table" and (kind ~= "string" or mode == "server") then
    return false, "invalid ALPN parameter"
  end
  local bytes, message = wire.encode(list_of(alpn))
  if not bytes then
    return false, message
  elseif mode == "server" then
    return context.setalpncb(ctx, function()
      return bytes
    end)
  end
  return context.setalpn(ctx, bytes)
end

local function set_curves(ctx, given)
  if given.curveslist then
    return context.setcurveslist(ctx, given.curveslist)
  end
  return context.setcurve(ctx, given.curve)
end

-- Nothing could ever be verified: better said at once.
local function check_trust(ctx)
  local state = context.kind:state(ctx)
  if state.missing and #state.trust == 0 and settings.verifies(state) and not settings.continues(state) then
    return false, state.missing
  end
  return true
end

local function set_dhparam(ctx, get)
  if type(get) ~= "function" then
    return false, "invalid DH parameter type"
  end
  context.setdhparam(ctx, get)
  return true
end

local function not_supported(what)
  return function()
    return false, what .. " is not supported"
  end
end

local function set_list(set)
  return function(ctx, value)
    return set(ctx, unpack(list_of(value)))
  end
end

-- One parameter each, in this order: true, or false and a message.
local setters = {
  { "ciphers", context.setcipher }, { "ciphersuites", context.setciphersuites },
  { "verify", set_list(context.setverify) }, { "options", set_list(context.setoptions) },
  { "depth", context.setdepth }, { "dhparam", set_dhparam },
  { "verifyext", set_list(function(ctx, ...)
    return ctx:setverifyext(...)
  end) },
  { "dane", not_supported "DANE" }, { "psk", not_supported "PSK" },
}

local function apply(ctx, given)
  local ok, message = load_identities(ctx, given)
  if ok and (given.cafile or given.capath) then
    ok, message = context.locations(ctx, given.cafile, given.capath)
  end
  for _, setter in ipairs(setters) do
    local name, set = setter[1], setter[2]
    if ok and given[name] then
      ok, message = set(ctx, given[name])
    end
  end
  if ok and (given.curve or given.curveslist) then
    ok, message = set_curves(ctx, given)
  end
  if ok and given.alpn then
    ok, message = set_alpn(ctx, given.alpn, given.mode)
  end
  if ok then
    ok, message = check_trust(ctx)
  end
  return ok, message
end

---Makes a context from LuaSec's parameters. What is not among them does not matter: ssl.https has other things in the
---same table.
---@param given table mode and protocol must be there
---@return userdata|nil context
---@return string|nil message
function luasec.newcontext(given)
  local ctx, message = context.create(given.protocol)
  if not ctx then
    return nil, message
  end
  local ok, why = context.setmode(ctx, given.mode)
  if ok then
    ok, why = apply(ctx, given)
  end
  if not ok then
    return nil, why
  end
  return ctx
end

---Makes a connection of a socket, which loses its descriptor. The handshake is dohandshake's.
---@param socket table|userdata LuaSocket's, or anything with getfd and setfd
---@param given table|userdata parameters, or a context
---@return userdata|nil connection
---@return string|nil message
function luasec.wrap(socket, given)
  if type(given) == "table" then
    local ctx, message = luasec.newcontext(given)
    if not ctx then
      return nil, message
    end
    given = ctx
  end
  local new = connection.new(given)
  local ok, err = connection.adopt(new, socket)
  if not ok then
    return nil, err
  end
  return new
end

---Puts this module and its parts where programs look for LuaSec's: from now on require "ssl" gives them.
luasec.install = require "beartls.luasec.install"

return luasec
