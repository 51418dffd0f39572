-- The traces of RFC 8448 through the key schedule and the record layer: each secret, each verify_data, and each record
-- byte for byte, opened by one side and sealed anew by the other.
local primitives = require "primitives"
local vectors = require "support.vectors"

local bytes, hex = vectors.bytes, vectors.hex
local traces = dofile "spec/data/rfc8448.lua"

local HASH, SUITE, VERSION = "sha256", "TLS_AES_128_GCM_SHA256", 0x0304
local HANDSHAKE, ALERT, APPLICATION_DATA = 22, 21, 23
local HASH_SIZE, BINDERS, FINISHED = 32, 35, 36 -- bytes: of a hash, of the list with one binder, of Finished

local content_types = { early_data = APPLICATION_DATA, client_data = APPLICATION_DATA, server_data = APPLICATION_DATA,
  client_close = ALERT, server_close = ALERT }

-- The share in a ServerHello, or the only one in a ClientHello: behind the extension's type, its length, and in a
-- ClientHello that of the list.
local function share_in(hello)
  local from = hello:find(hello:byte() == 1 and "%z3..%z.%z[\23\29]%z" or "%z3%z.%z[\23\29]%z")
  local at = from + (hello:byte() == 1 and 8 or 6)
  local n = hello:byte(at) * 256 + hello:byte(at + 1)
  return hello:sub(at + 2, at + 1 + n)
end

-- One trace on its way through two record layers. Each record goes to the handler of its name; what a handshake has
-- by then is in `self`.
local replay = {}
replay.__index = replay

local function new_replay(trace)
  local self = setmetatable({ trace = trace, client = primitives.records(), server = primitives.records(),
    transcript = primitives.transcript(), got = {} }, replay)
  self.state, self.secrets = primitives.schedule(HASH, trace.psk and bytes(trace.psk))
  self:check("early", self.secrets.secret)
  return self
end

function replay:check(name, secret)
  self.got[name] = true
  assert.equal(self.trace.secrets[name], hex(secret), name)
end

-- The content of the record, with which the sender makes the same record.
function replay:carry(record, wire)
  local to = record.from == "client" and self.server or self.client
  local got = to:receive(wire)
  assert.equal(1, #got)
  assert.is_nil(got[1].message)
  local content_type = content_types[record.name] or record.name:find "_ccs" and 20 or HANDSHAKE
  assert.equal(content_type, got[1].type)
  local again = content_type == 20 and self[record.from]:send_plain(20, got[1].body)
    or self[record.from]:send(content_type, got[1].body)
  assert.equal(hex(wire), hex(again))
  return got[1].body
end

function replay:install(sender, secret)
  local key, iv = primitives.traffic_keys(HASH, secret, 16)
  self[sender]:install("sent", SUITE, key, iv)
  self[sender == "client" and "server" or "client"]:install("received", SUITE, key, iv)
end

function replay:hash()
  return self.transcript:fork():choose(HASH):hash()
end

function replay:client_hello(record, wire)
  local message = self:carry(record, wire)
  if self.trace.psk then
    local before = primitives.hash(HASH, message:sub(1, -1 - BINDERS))
    local early = self.secrets.secret
    local empty = primitives.hash(HASH, "")
    self:check("binder_key", primitives.expand_label(HASH, early, "res binder", empty, HASH_SIZE))
    self:check("binder", primitives.binder(HASH, bytes(self.trace.psk), false, before))
    assert.equal(self.trace.secrets.binder, hex(message:sub(-HASH_SIZE)))
    local whole = primitives.hash(HASH, message)
    self.early = primitives.expand_label(HASH, early, "c e traffic", whole, HASH_SIZE)
    self:check("client_early_traffic", self.early)
    self:check("early_exporter", primitives.expand_label(HASH, early, "e exp master", whole, HASH_SIZE))
  end
  local private = self.trace.first_client_private or self.trace.client_private
  assert.equal(hex(share_in(message)), hex(primitives.group_public(29, bytes(private))))
  self.transcript:add(message)
end

function replay:early_data(record, wire)
  self.client:version(VERSION)
  self.server:version(VERSION)
  self:install("client", self.early)
  assert.equal("ABCDEF", self:carry(record, wire))
end

function replay:hello_retry_request(record, wire)
  self.server:version(VERSION)
  self.transcript:retry(HASH):add(self:carry(record, wire))
  self.client:version(VERSION)
end

function replay:second_client_hello(record, wire)
  local message = self:carry(record, wire)
  assert.equal(hex(share_in(message)), hex(primitives.group_public(23, bytes(self.trace.client_private))))
  self.transcript:add(message)
end

function replay:server_hello(record, wire)
  local trace = self.trace
  self.server:version(VERSION)
  local message = self:carry(record, wire)
  self.client:version(VERSION)
  self.transcript:add(message):choose(HASH)
  assert.equal(hex(share_in(message)), hex(primitives.group_public(trace.group, bytes(trace.server_private))))
  local shared = primitives.group_share(trace.group, bytes(trace.client_private), share_in(message))
  self:check("shared", shared)
  self.state, self.secrets = primitives.schedule_handshake(self.state, shared, self:hash())
  self:check("handshake", self.secrets.secret)
  self:check("client_handshake", self.secrets.client)
  self:check("server_handshake", self.secrets.server)
  self.handshake = self.secrets
  self:install("server", self.secrets.server)
  if not trace.psk then
    self:install("client", self.secrets.client)
  end
end

-- Handshake messages that end with Finished.
function replay:finish(record, wire, secret)
  local messages = self:carry(record, wire)
  self.transcript:add(messages:sub(1, -1 - FINISHED))
  local verify_data = primitives.finished(HASH, secret, self:hash())
  self:check(record.from .. "_finished", verify_data)
  assert.equal("140000" .. "20" .. hex(verify_data), hex(messages:sub(-FINISHED)))
  self.transcript:add(messages:sub(-FINISHED))
end

function replay:server_flight(record, wire)
  self:finish(record, wire, self.handshake.server)
  self.state, self.secrets = primitives.schedule_master(self.state, self:hash())
  self:check("master", self.secrets.secret)
  self:check("client_application", self.secrets.client)
  self:check("server_application", self.secrets.server)
  self:check("exporter", self.secrets.exporter)
  self:install("server", self.secrets.server)
end

function replay:end_of_early_data(record, wire)
  self.transcript:add(self:carry(record, wire))
  self:install("client", self.handshake.client)
end

function replay:client_finished(record, wire)
  self:finish(record, wire, self.handshake.client)
  self:install("client", self.secrets.client)
  self.state, self.secrets = primitives.schedule_resumption(self.state, self:hash())
  self:check("resumption", self.secrets.resumption)
  assert.equal(("\0"):rep(HASH_SIZE), self.secrets.secret)
end

replay.client_flight = replay.client_finished

function replay:new_session_ticket(record, wire)
  local message = self:carry(record, wire)
  local nonce_size = message:byte(13)
  self:check("ticket_psk", primitives.schedule_ticket(self.state, message:sub(14, 13 + nonce_size)))
end

for _, name in ipairs { "server_ccs", "client_ccs", "client_data", "server_data", "client_close", "server_close" } do
  replay[name] = replay.carry
end

describe("RFC 8448", function()
  for _, trace in ipairs(traces) do
    it(("section %d, %s: secrets and records are those of the trace"):format(trace.section, trace.name), function()
      local self = new_replay(trace)
      for _, record in ipairs(trace.records) do
        self[record.name](self, record, bytes(record.bytes))
      end
      for name in pairs(trace.secrets) do
        assert.is_true(self.got[name], "nobody has looked at " .. name)
      end
    end)
  end

  it("section 4 resumes what section 3 gave a ticket for", function()
    assert.equal(traces[1].secrets.ticket_psk, traces[2].psk)
  end)

  it("section 4 goes on when the server refuses the early data", function()
    local trace = traces[2]
    local server = primitives.records()
    local secret = bytes(trace.secrets.client_handshake)
    local function receive(name)
      for _, record in ipairs(trace.records) do
        if record.name == name then
          return server:receive(bytes(record.bytes))
        end
      end
    end
    assert.equal(HANDSHAKE, receive "client_hello"[1].type)
    server:version(VERSION)
    server:skip_early_data()
    server:install("received", SUITE, primitives.traffic_keys(HASH, secret, 16))
    assert.same({ "skipped" }, receive "early_data")
    assert.same({ "skipped" }, receive "end_of_early_data")
    local finished = receive "client_finished"[1]
    assert.equal(HANDSHAKE, finished.type)
    assert.equal(trace.secrets.client_finished, hex(finished.body:sub(-HASH_SIZE)))
    -- From here on there is nothing more to skip.
    assert.equal(20, receive "early_data"[1].alert)
  end)
end)
