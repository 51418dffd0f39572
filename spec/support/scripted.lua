-- scripted.lua: a peer of TLS 1.3 whose every message is the spec's choice: client or server, on the primitives that
-- the specs with vectors use, against one session. TLS_AES_128_GCM_SHA256 only; ECDSA on P-256.

local hello = require "support.hello"
local pki = require "support.pki"
local primitives = require "primitives"
local tls = require "beartls"
local wire = require "support.wire"

local scripted = {}
scripted.__index = scripted

local SUITE, SUITE_NUMBER, HASH, KEY_SIZE = "TLS_AES_128_GCM_SHA256", 0x1301, "sha256", 16
local TLS12, TLS13 = 0x0303, 0x0304
local ECDSA_P256 = 0x0403
local NO_SECRET = ("\0"):rep(32)

local CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS = 1, 2, 4, 8
local CERTIFICATE, CERTIFICATE_VERIFY, FINISHED = 11, 15, 20

---@param session userdata the session that is put to the test
---@param is_client boolean the role of this peer
---@param how table|nil { psk =, external = boolean: of the key; group = number }
function scripted.new(session, is_client, how)
  how = how or {}
  local self = setmetatable({ session = session, is_client = is_client, psk = how.psk, external = how.external,
    group = how.group or hello.X25519, records = primitives.records(), transcript = primitives.transcript(),
    messages = {}, alerts = {}, data = "", tickets = {} }, scripted)
  self.transcript:choose(HASH)
  self.private, self.share = primitives.group_generate(self.group)
  return self
end

function scripted:hash()
  return self.transcript:fork():hash()
end

-- ---- keys ----

function scripted:install(direction, secret)
  self.records:install(direction, SUITE, primitives.traffic_keys(HASH, secret, KEY_SIZE))
end

-- Handshake keys in both directions, from the other side's share.
function scripted:agree(share)
  self.state = primitives.schedule(HASH, self.psk)
  local shared = primitives.group_share(self.group, self.private, share) or NO_SECRET
  local secrets
  self.state, secrets = primitives.schedule_handshake(self.state, shared, self:hash())
  self.ours, self.theirs = secrets.client, secrets.server
  if not self.is_client then
    self.ours, self.theirs = self.theirs, self.ours
  end
  self.our_handshake, self.their_handshake = self.ours, self.theirs
  self:install("sent", self.ours)
  self:install("received", self.theirs)
end

-- The application secrets, which belong to the transcript up to the server's Finished.
function scripted:derive_application()
  local secrets
  self.state, secrets = primitives.schedule_master(self.state, self:hash())
  self.our_application, self.their_application = secrets.client, secrets.server
  if not self.is_client then
    self.our_application, self.their_application = self.their_application, self.our_application
  end
end

-- ---- sending ----

---Bytes as they are.
function scripted:raw(bytes)
  self.session:feed(bytes)
  return self
end

---A record under the keys of the moment.
function scripted:send(content_type, body)
  return self:raw(self.records:send(content_type, body))
end

---Handshake messages (with their headers) in one record; they count in the transcript.
function scripted:say(...)
  local all = table.concat { ... }
  for _, message in ipairs { ... } do
    self.transcript:add(message)
  end
  return self:send(wire.HANDSHAKE, all)
end

-- ---- receiving ----

function scripted:on_message(message)
  local kind = message:byte()
  self.messages[#self.messages + 1] = message
  if kind == NEW_SESSION_TICKET and self.is_client then
    self.tickets[#self.tickets + 1] = message
    return
  end
  if kind == SERVER_HELLO or kind == CLIENT_HELLO then
    self.their_hello = hello.parse(message)
  end
  self.transcript:add(message)
  if kind == SERVER_HELLO and self.their_hello.random ~= hello.RETRY and hello.get(self.their_hello, hello.VERSIONS)
  then
    self.records:version(TLS13)
    self:agree(hello.get(self.their_hello, hello.KEY_SHARE):sub(5))
  elseif kind == FINISHED and self.is_client then
    self:derive_application()
    self:install("received", self.their_application)
  elseif kind == FINISHED then
    self:install("received", self.their_application)
  end
end

function scripted:on_handshake(body)
  self.partial = (self.partial or "") .. body
  while #self.partial >= 4 do
    local a, b, c = self.partial:byte(2, 4)
    local size = 4 + (a * 256 + b) * 256 + c
    if #self.partial < size then
      return
    end
    local message = self.partial:sub(1, size)
    self.partial = self.partial:sub(size + 1)
    self:on_message(message)
  end
end

---A change_cipher_spec has been heard, which means nothing in TLS 1.3.
function scripted.on_change_cipher_spec()
end

---Takes what the session has to say. Alerts are collected in `alerts`: { body, encrypted }.
function scripted:listen()
  for _, record in ipairs(wire.records(self.session:drain() or "")) do
    for _, got in ipairs(self.records:receive(record.raw)) do
      assert(got.code == nil, "the session's record cannot be opened: " .. tostring(got.message))
      self.last_type = got.type
      if got.type == wire.HANDSHAKE then
        self:on_handshake(got.body)
      elseif got.type == wire.ALERT then
        self.alerts[#self.alerts + 1] = { got.body, got.encrypted }
      elseif got.type == wire.APPLICATION_DATA then
        self.data = self.data .. got.body
      elseif got.type == wire.CHANGE_CIPHER_SPEC then
        self:on_change_cipher_spec()
      end
    end
  end
  return self
end

---How many messages of a type have been heard.
function scripted:heard(message_type)
  local n = 0
  for _, message in ipairs(self.messages) do
    n = n + (message:byte() == message_type and 1 or 0)
  end
  return n
end

-- ---- messages ----

---A ClientHello of this client; `change` may bend the table.
function scripted:new_client_hello(change)
  local h = { type = hello.CLIENT, version = TLS12, random = ("r"):rep(32), session_id = ("s"):rep(32),
    suites = { SUITE_NUMBER }, compressions = "\0", extensions = {} }
  hello.add(h, hello.SERVER_NAME, hello.vector(2, "\0" .. hello.vector(2, "localhost")))
  hello.add(h, hello.GROUPS, hello.list { hello.X25519, hello.SECP256R1 })
  hello.add(h, hello.SCHEMES, hello.list { ECDSA_P256, 0x0804 })
  hello.add(h, hello.VERSIONS, hello.list({ TLS13 }, 1))
  hello.add(h, hello.PSK_MODES, "\1\1")
  hello.add(h, hello.KEY_SHARE, hello.vector(2, hello.share(self.group, self.share)))
  if change then
    change(h, self)
  end
  return h
end

---Sends a ClientHello; it is kept as `our_hello`.
function scripted:client_hello(change)
  self.our_hello = self:new_client_hello(change)
  return self:say(hello.encode(self.our_hello))
end

---A ClientHello that offers a key, with its binder; `change(h, binder)` -> another binder may bend both.
function scripted:psk_hello(identity, change)
  local h = self:new_client_hello()
  local function body(binder)
    return hello.vector(2, hello.vector(2, identity) .. "\0\0\0\0") .. hello.vector(2, hello.vector(1, binder))
  end
  hello.add(h, hello.PRE_SHARED_KEY, body(NO_SECRET))
  if change then
    change(h)
  end
  local zeros = hello.encode(h)
  local truncated = zeros:sub(1, -(2 + 1 + 32 + 1))
  local binder = primitives.binder(HASH, self.psk, self.external, self.transcript:fork():add(truncated):hash())
  hello.put(h, hello.PRE_SHARED_KEY, body(binder))
  self.our_hello = h
  return self:say(hello.encode(h))
end

function scripted:new_server_hello(change)
  local h = { type = hello.SERVER, version = TLS12, random = ("R"):rep(32), session_id = self.their_hello.session_id,
    suite = SUITE_NUMBER, compression = 0, extensions = {} }
  hello.add(h, hello.VERSIONS, hello.numbers { TLS13 })
  hello.add(h, hello.KEY_SHARE, hello.share(self.group, self.share))
  if change then
    change(h, self)
  end
  return h
end

---Sends a ServerHello, and installs the keys that follow from it.
function scripted:server_hello(change)
  local theirs = hello.get(self.their_hello, hello.KEY_SHARE)
  self:say(hello.encode(self:new_server_hello(change)))
  self.records:version(TLS13)
  self:agree(theirs:sub(7))
  return self
end

---Sends a HelloRetryRequest that asks for a group.
function scripted:retry(group, change)
  self.transcript:retry(HASH)
  return self:say(hello.encode(self:new_server_hello(function(h)
    h.random = hello.RETRY
    hello.put(h, hello.KEY_SHARE, wire.number(group, 2))
    if change then
      change(h)
    end
  end)))
end

function scripted.encrypted_extensions(list)
  return wire.message(ENCRYPTED_EXTENSIONS, hello.extensions(list or {}))
end

---The chain or the key of a file, or the object that is given instead.
local function loaded(kind, what, suffix)
  return type(what) ~= "string" and what or assert(tls[kind].load(pki.path(what .. suffix)))
end
scripted.loaded = loaded

---Certificate with one file's chain, or none; `change(parts)` may bend { context, entries }.
function scripted.certificate(name, change)
  local parts = { context = "", entries = "", extensions = "\0\0" }
  if change then
    change(parts)
  end
  if name then
    local der = loaded("certificate", name, ".pem"):der()
    parts.entries = parts.entries .. hello.vector(3, der) .. parts.extensions
  end
  return wire.message(CERTIFICATE, hello.vector(1, parts.context) .. hello.vector(3, parts.entries))
end

---CertificateVerify by a file's key; how = { scheme = name, number = of the scheme, context = string, hash = bytes }.
function scripted:verify(name, how)
  how = how or {}
  local context = how.context or ("TLS 1.3, %s CertificateVerify"):format(self.is_client and "client" or "server")
  local content = (" "):rep(64) .. context .. "\0" .. (how.hash or self:hash())
  local key = loaded("key", name, ".key")
  local signature = how.signature or assert(key:sign(how.scheme or "ecdsa_secp256r1_sha256", content))
  return wire.message(CERTIFICATE_VERIFY, wire.number(how.number or ECDSA_P256, 2) .. hello.vector(2, signature))
end

function scripted:finished()
  return wire.message(FINISHED, primitives.finished(HASH, self.our_handshake, self:hash()))
end

---A server's messages behind ServerHello; what is in `instead` by name replaces one (false: leaves it away).
function scripted:server_flight(instead)
  instead = instead or {}
  local function step(name, make)
    local message = instead[name]
    if type(message) == "function" then
      message = message(self)
    end
    if message == nil and make then
      message = make()
    end
    if message and self.session:state() ~= "failed" then
      self:say(message)
    end
  end
  step("extensions", function() return scripted.encrypted_extensions() end)
  step "request"
  step("certificate", function() return scripted.certificate "server_ec" end)
  step("verify", function() return self:verify "server_ec" end)
  step("finished", function() return self:finished() end)
  self:derive_application()
  self:install("sent", self.our_application)
  return self
end

---A client's last messages: Certificate and CertificateVerify of a file's chain (or none), and Finished.
function scripted:client_flight(name)
  if name then
    self:say(scripted.certificate(name)):say(self:verify(name))
  end
  self:say(self:finished())
  self:install("sent", self.our_application)
  self.state = primitives.schedule_resumption(self.state, self:hash())
  return self
end

---The identity and the key of a ticket that was heard.
function scripted:ticket(i)
  local message = self.tickets[i or 1]
  local nonce_size = message:byte(13)
  local nonce = message:sub(14, 13 + nonce_size)
  local at = 14 + nonce_size
  local size = message:byte(at) * 256 + message:byte(at + 1)
  return message:sub(at + 2, at + 1 + size), primitives.schedule_ticket(self.state, nonce)
end

---Our next keys, after a KeyUpdate.
function scripted:update_sent()
  self.our_application = primitives.traffic_update(HASH, self.our_application)
  self:install("sent", self.our_application)
  return self
end

function scripted:update_received()
  self.their_application = primitives.traffic_update(HASH, self.their_application)
  self:install("received", self.their_application)
  return self
end

---The session has failed by that code with that alert, sent once, and nothing behind it. Gives the session's failure.
function scripted:expect(code, alert, encrypted)
  self:listen()
  local failure = self.session:failure()
  assert(failure, "the session is " .. self.session:state() .. ", not failed")
  local got = ("%s %s"):format(failure.code, tostring(failure.alert_number))
  local wanted = ("%s %d"):format(code, alert)
  assert(got == wanted, ("wanted %s, got %s: %s"):format(wanted, got, failure.message))
  assert(failure.sent_by == "us", "sent by " .. tostring(failure.sent_by))
  assert(#self.alerts == 1, ("%d alerts were sent"):format(#self.alerts))
  assert(self.alerts[1][1] == string.char(2, alert), "another alert was sent than the failure says")
  assert(self.last_type == wire.ALERT, "something was sent behind the alert")
  if encrypted ~= nil then
    assert(self.alerts[1][2] == encrypted, encrypted and "the alert is in the clear" or "the alert is encrypted")
  end
  local more = self.session:drain()
  self.session:feed(self.is_client and "\23\3\3\0\1x" or "\23\3\3\0\1x")
  assert(more == nil and self.session:drain() == nil, "a failed session goes on talking")
  assert(self.session:read() == nil)
  return failure
end

---Data goes through in both directions.
function scripted:expect_open()
  local failure = self.session:failure()
  assert(self.session:state() == "open", failure and failure.message or self.session:state())
  self:send(wire.APPLICATION_DATA, "from the script")
  assert(self.session:read() == "from the script")
  self.session:write "from the session"
  self.data = ""
  self:listen()
  assert(self.data == "from the session")
  return self
end

return scripted
