-- scripted12.lua: a peer of TLS 1.2 whose every message is the spec's choice, as scripted.lua is one of TLS 1.3.
-- TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 on x25519 only.

local hello = require "support.hello"
local primitives = require "primitives"
local scripted = require "support.scripted"
local wire = require "support.wire"

local scripted12 = setmetatable({}, { __index = scripted })
scripted12.__index = scripted12

local SUITE, SUITE_NUMBER, HASH, KEY_SIZE, IV_SIZE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02B, "sha256", 16, 4
local TLS12, ECDSA_P256 = 0x0303, 0x0403
local NAMED_CURVE = "\3"

scripted12.CCS = wire.record(wire.CHANGE_CIPHER_SPEC, "\1")
scripted12.HELLO_DONE = wire.message(14, "")

---@param how table|nil { master = master secret of a session that is resumed }
function scripted12.new(session, is_client, how)
  local self = setmetatable(scripted.new(session, is_client), scripted12)
  self.master = how and how.master
  self.resumed = self.master ~= nil
  self.tickets = {}
  return self
end

-- ---- keys ----

function scripted12:randoms()
  local client, server = self.our_hello, self.their_hello
  if not self.is_client then
    client, server = server, client
  end
  return client.random, server.random
end

function scripted12:install(direction)
  local client_key, server_key, client_iv, server_iv = primitives.key_block(SUITE, self.master, self:randoms())
  local client = (direction == "sent") == self.is_client
  self.records:install(direction, SUITE, (client and client_key or server_key):sub(1, KEY_SIZE),
    (client and client_iv or server_iv):sub(1, IV_SIZE))
end

-- The master secret, extended if both hellos say so; the transcript ends with ClientKeyExchange.
function scripted12:agree(share)
  local premaster = primitives.group_share(hello.X25519, self.private, share) or ("\0"):rep(32)
  local EMS = hello.EXTENDED_MASTER_SECRET
  if hello.get(self.our_hello, EMS) and hello.get(self.their_hello, EMS) then
    self.master = primitives.extended_master(HASH, premaster, self:hash())
  else
    self.master = primitives.master(HASH, premaster, self:randoms())
  end
end

-- ---- receiving ----

function scripted12:on_message(message)
  local kind = message:byte()
  self.messages[#self.messages + 1] = message
  if kind == 1 or kind == 2 then
    self.their_hello = hello.parse(message)
    self.records:version(kind == 2 and TLS12 or 0)
  elseif kind == 12 then
    self.their_share = message:sub(9, 8 + message:byte(8))
  elseif kind == 4 then
    self.tickets[#self.tickets + 1] = message:sub(11)
  end
  self.transcript:add(message)
  if kind == 16 then
    self:agree(message:sub(6))
  end
end

function scripted12:on_change_cipher_spec()
  self:install "received"
end

-- ---- messages ----

function scripted12:new_client_hello(change)
  local h = { type = hello.CLIENT, version = TLS12, random = ("r"):rep(32), session_id = "",
    suites = { SUITE_NUMBER }, compressions = "\0", extensions = {} }
  hello.add(h, hello.SERVER_NAME, hello.vector(2, "\0" .. hello.vector(2, "localhost")))
  hello.add(h, hello.GROUPS, hello.list { hello.X25519, hello.SECP256R1 })
  hello.add(h, hello.SCHEMES, hello.list { ECDSA_P256 })
  hello.add(h, hello.EXTENDED_MASTER_SECRET, "")
  hello.add(h, hello.RENEGOTIATION_INFO, "\0")
  if change then
    change(h, self)
  end
  return h
end

function scripted12:new_server_hello(change)
  local h = { type = hello.SERVER, version = TLS12, random = ("R"):rep(32), session_id = "", suite = SUITE_NUMBER,
    compression = 0, extensions = {} }
  hello.add(h, hello.EXTENDED_MASTER_SECRET, "")
  hello.add(h, hello.RENEGOTIATION_INFO, "\0")
  if change then
    change(h, self)
  end
  return h
end

function scripted12:server_hello(change)
  self.our_hello = self:new_server_hello(change)
  self:say(hello.encode(self.our_hello))
  self.records:version(TLS12)
  return self
end

function scripted12.certificate(name)
  local der = name and scripted.loaded("certificate", name, ".pem"):der()
  return wire.message(11, hello.vector(3, der and hello.vector(3, der) or ""))
end

---ServerKeyExchange; how = { params = bytes, scheme = name, number =, signature = bytes, key = file }.
function scripted12:key_exchange(how)
  how = how or {}
  local params = how.params or NAMED_CURVE .. wire.number(hello.X25519, 2) .. hello.vector(1, how.share or self.share)
  local client, server = self:randoms()
  local key = scripted.loaded("key", how.key or "server_ec", ".key")
  local signature = how.signature
    or assert(key:sign(how.scheme or "ecdsa_secp256r1_sha256", client .. server .. params))
  return wire.message(12, params .. wire.number(how.number or ECDSA_P256, 2) .. hello.vector(2, signature)
    .. (how.behind or ""))
end

---A server's messages up to ServerHelloDone; `instead` as in scripted.lua.
function scripted12:server_flight(instead)
  instead = instead or {}
  local function step(name, default)
    local message = instead[name]
    if message == nil then
      message = default
    end
    if type(message) == "function" then
      message = message(self)
    end
    if message and self.session:state() ~= "failed" then
      self:say(message)
    end
  end
  step("certificate", scripted12.certificate "server_ec")
  step "status"
  step("key_exchange", function() return self:key_exchange() end)
  step "request"
  step("done", scripted12.HELLO_DONE)
  return self
end

---ClientKeyExchange; `share` instead of ours.
function scripted12:client_key_exchange(share)
  self:say(wire.message(16, hello.vector(1, share or self.share)))
  self:agree(self.their_share)
  return self
end

---change_cipher_spec, and keys.
function scripted12:change_keys()
  self:raw(scripted12.CCS):install "sent"
  return self
end

function scripted12:finished()
  return wire.message(20, primitives.finished_12(HASH, self.master, self.is_client, self:hash()))
end

---The end of a full handshake by this client, or of this server.
function scripted12:finish()
  if self.is_client and not self.resumed then
    self:client_key_exchange()
  end
  return self:change_keys():say(self:finished()):listen()
end

return scripted12
