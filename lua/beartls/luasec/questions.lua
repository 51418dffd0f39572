-- questions.lua: what a connection of LuaSec's kind can be asked once it has shaken hands: who the peer is, what was
-- negotiated, what ties other protocols to it.

local certificate = require "beartls.luasec.certificate"
local connection = require "beartls.luasec.connection"
local info = require "beartls.luasec.info"
local object = require "beartls.luasec.object"
local settings = require "beartls.luasec.settings"
local verdict = require "beartls.luasec.verdict"

local kind, methods = connection.kind, connection.methods

-- The state of a connection and its session; nil, "closed" while there is none to ask.
local function session_of(self, what)
  local state = kind:check(self, 1, what)
  if not state.open or state.closed then
    return nil, "closed"
  end
  return state.stream:session(), state
end

local function wrap_all(list)
  local out = {}
  for i, own in ipairs(list or {}) do
    out[i] = certificate.new(own)
  end
  return out
end

-- For both sides: one certificate by its number, and all of them.
for side, get in pairs {
  peer = function(session)
    return session:peer_chain()
  end,
  ["local"] = function(session)
    local chain = session:local_certificate()
    return chain and chain:list()
  end,
} do
  methods["get" .. side .. "certificate"] = function(self, n)
    local session, err = session_of(self, "get" .. side .. "certificate")
    if not session then
      return nil, err
    end
    n = n == nil and 1 or object.check_number(n, 2, "get" .. side .. "certificate")
    if n < 1 then
      return nil, "invalid certificate index"
    end
    local own = (get(session) or {})[n]
    return own and certificate.new(own) or nil
  end

  methods["get" .. side .. "chain"] = function(self)
    local session, err = session_of(self, "get" .. side .. "chain")
    if not session then
      return nil, err
    end
    return wrap_all(get(session))
  end
end

---Whether the peer's certificate is believed.
---@return boolean
---@return string|table|nil why not; with lsec_continue a table: { [depth + 1] = { text } }
function methods:getpeerverification()
  local session, state = session_of(self, "getpeerverification")
  if not session then
    return false, "closed"
  end
  local ctx = state.context
  if session:verified() and settings.verifies(ctx) and not settings.judged_later(ctx) then
    return true
  end
  local fine, text, depth = verdict.of_peer(ctx, session)
  if fine then
    return true
  elseif settings.continues(ctx) then
    return false, { [depth + 1] = { text } }
  end
  return false, text
end

---What was negotiated: all of it, or one field.
---@param field string|nil
---@return table|string|number|boolean|nil
---@return string|nil err
function methods:info(field)
  local session, err = session_of(self, "info")
  if not session then
    return nil, err
  end
  local all = info(session)
  if field == nil then
    return all
  end
  return all and all[field]
end

---@return string|nil protocol
function methods:getalpn()
  local session = session_of(self, "getalpn")
  return session and session:alpn() or nil
end

---@return string|nil name that the client wants
function methods:getsniname()
  local state = kind:check(self, 1, "getsniname")
  return state.server_name or state.wanted_name
end

-- The bytes alone, or nil and why there are none.
local function answer(bytes, message)
  if bytes then
    return bytes
  end
  return nil, message
end

-- verify_data of the Finished message that we have sent, or that the peer has.
local function finished(self, what, ours)
  local session, err = session_of(self, what)
  if not session then
    return nil, err
  end
  return answer(session:finished(session:is_client() == ours and "client" or "server"))
end

---@return string|nil verify_data of the Finished that we have sent
---@return string|nil err
function methods:getfinished()
  return finished(self, "getfinished", true)
end

---@return string|nil verify_data of the Finished that the peer has sent
---@return string|nil err
function methods:getpeerfinished()
  return finished(self, "getpeerfinished", false)
end

---Keying material (RFC 5705).
---@param label string
---@param size number of bytes
---@param context string|nil
---@return string|nil bytes
---@return string|nil err
function methods:exportkeyingmaterial(label, size, context)
  local session, err = session_of(self, "exportkeyingmaterial")
  label = object.check_string(label, 2, "exportkeyingmaterial")
  size = object.check_number(size, 3, "exportkeyingmaterial")
  context = context ~= nil and object.check_string(context, 4, "exportkeyingmaterial") or nil
  if not session then
    return nil, err
  elseif label == "" or label:find "%z" or size < 1 or size > 65535 or context and #context > 65535 then
    return nil, "the label must be text, and the length 1 to 65535 bytes"
  end
  return answer(session:export(label, size, context))
end

---There is no DANE here.
function methods:setdane()
  kind:check(self, 1, "setdane")
  return false
end

function methods:settlsa()
  kind:check(self, 1, "settlsa")
  return false
end
