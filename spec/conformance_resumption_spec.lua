-- What conformance suites try on a client that resumes, beside what the specs of the rules have: what servers make of
-- the tickets and ids that they are offered, and what tickets they give.

local hello = require "support.hello"
local pki = require "support.pki"
local primitives = require "primitives"
local rules = require "support.rules"
local scripted = require "support.scripted"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local ILLEGAL, DECODE, UNEXPECTED = "peer_illegal_parameter", "peer_malformed_message", "peer_unexpected_message"
local MISPLACED, UNSUPPORTED, TWICE = "peer_extension_misplaced", "peer_unsupported_extension", "peer_extension_twice"
local EMS = hello.EXTENDED_MASTER_SECRET
local CCS = scripted12.CCS
local DAY = 86400

local now = pki.NOW
local client_config = rules.client_config { time = function() return now end }

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

-- ---- TLS 1.3 ----

local TICKET, NONCE, AGE_ADD = "the ticket", "n", 0x12345678

local function new_session_ticket(change)
  local t = { lifetime = 7200, age_add = AGE_ADD, nonce = NONCE, ticket = TICKET, extensions = "\0\0", behind = "" }
  if change then
    change(t)
  end
  return wire.message(4, wire.number(t.lifetime, 4) .. wire.number(t.age_add, 4) .. hello.vector(1, t.nonce)
    .. hello.vector(2, t.ticket) .. t.extensions .. t.behind)
end

-- A server of TLS 1.3 with which a client has an open session, and which has the secret of resumption.
local function open13(config)
  local server = scripted.new(assert((config or client_config):client "localhost"), false):listen()
  server:server_hello():server_flight():listen()
  server.state = primitives.schedule_resumption(server.state, server:hash())
  return server
end

-- The ticket of such a session, and its key.
local function ticket13(change, config)
  local server = open13(config):send(wire.HANDSHAKE, new_session_ticket(change)):expect_open()
  local nonce = NONCE
  if change then
    local t = {}
    change(t)
    nonce = t.nonce or nonce
  end
  return server.session:ticket(), primitives.schedule_ticket(server.state, nonce)
end

-- A server that has heard the hello of a client with that ticket.
local function server13(ticket, psk, config, how)
  how = how or {}
  how.psk = psk
  return scripted.new(assert((config or client_config):client("localhost", { ticket = ticket })), false, how):listen()
end

local function accept(index)
  return function(h) hello.add(h, hello.PRE_SHARED_KEY, index or "\0\0") end
end

local RESUMED = { certificate = false, verify = false }

-- What a ClientHello offers: { identity, age, binder }, or nil.
local function offer(h)
  local body = hello.get(h, hello.PRE_SHARED_KEY)
  if not body then
    return nil
  end
  local size = body:byte(3) * 256 + body:byte(4)
  local age = 0
  for i = 5 + size, 8 + size do
    age = age * 256 + body:byte(i)
  end
  return { identity = body:sub(5, 4 + size), age = age, binder = body:sub(-32), lists = 2 + 1 + 32 }
end

describe("a ticket of TLS 1.3 that a client offers (RFC 8446, 4.2.11):", function()
  it("has its age, a binder over the hello, and stands last", function()
    now = pki.NOW
    local ticket, psk = ticket13()
    now = pki.NOW + 10
    local server = server13(ticket, psk)
    now = pki.NOW
    local offered = offer(server.their_hello)
    assert.equal(TICKET, offered.identity)
    assert.equal((AGE_ADD + 10000) % 2 ^ 32, offered.age)
    assert.equal(hello.PRE_SHARED_KEY, server.their_hello.extensions[#server.their_hello.extensions][1])
    local truncated = server.messages[1]:sub(1, -1 - offered.lists)
    assert.equal(primitives.binder("sha256", psk, false,
      primitives.transcript():choose "sha256":add(truncated):hash()), offered.binder)
    server:server_hello(accept()):server_flight(RESUMED):listen():expect_open()
    assert.is_true(server.session:resumed())
  end)

  it("may be declined: then there is a certificate", function()
    local server = server13(ticket13())
    server.psk = nil
    server:server_hello():server_flight():listen():expect_open()
    assert.is_false(server.session:resumed())
  end)

  for _, case in ipairs {
    { "an identity that was not offered", accept "\0\1", ILLEGAL, 47 },
    { "the last identity that there could be", accept "\255\255", ILLEGAL, 47 },
    { "half an identity", accept "\0", DECODE, 50 },
    { "a list of identities", accept "\0\0\0\0", DECODE, 50 },
    { "no identity", accept "", DECODE, 50 },
    { "the identity twice", function(h)
      accept()(h)
      accept()(h)
    end, TWICE, 47 },
    { "a suite of another hash", function(h)
      accept()(h)
      h.suite = 0x1302
    end, ILLEGAL, 47 },
    { "no key_share", function(h)
      accept()(h)
      hello.remove(h, hello.KEY_SHARE)
    end, "peer_missing_extension", 109 },
    { "a share of another group", function(h)
      accept()(h)
      hello.put(h, hello.KEY_SHARE, hello.share(hello.SECP256R1, "\4" .. ("x"):rep(64)))
    end, ILLEGAL, 47 },
    { "another session id", function(h)
      accept()(h)
      h.session_id = ""
    end, ILLEGAL, 47 },
  } do
    it(("a server that takes it with %s is refused"):format(case[1]), function()
      local server = server13(ticket13())
      server:say(hello.encode(server:new_server_hello(case[2]))):expect(case[3], case[4], false)
    end)
  end

  it("is good for another suite of the same hash", function()
    local server = server13(ticket13())
    server:say(hello.encode(server:new_server_hello(function(h)
      accept()(h)
      h.suite = 0x1303
    end)))
    assert.equal("handshake", server.session:state())
  end)

  for _, case in ipairs {
    { "a Certificate", function() return scripted.certificate "server_ec" end },
    { "a CertificateRequest", function() return wire.message(13, "\0\0\8\0\13\0\4\0\2\4\3") end },
    { "a CertificateVerify", function(server) return server:verify "server_ec" end },
    { "a NewSessionTicket", function() return new_session_ticket() end },
    { "a KeyUpdate", function() return wire.message(24, "\0") end },
  } do
    it(("a server that takes it shows no %s"):format(case[1]:match "%u.*"), function()
      local server = server13(ticket13()):server_hello(accept()):say(scripted.encrypted_extensions())
      server:say(case[2](server)):expect(UNEXPECTED, 10, true)
    end)
  end

  it("a server that takes it without having its key is found out", function()
    local ticket = ticket13()
    local server = server13(ticket, ("k"):rep(32)):server_hello(accept()):say(scripted.encrypted_extensions())
    assert.equal("peer_bad_record_mac", server.session:failure().code)
    server = server13(ticket13()):server_hello(accept()):say(scripted.encrypted_extensions())
    server:say(wire.message(20, ("f"):rep(32))):expect("peer_bad_finished", 51, true)
  end)

  it("early data is refused in EncryptedExtensions, whatever the ticket allows", function()
    local server = server13(ticket13(function(t)
      t.extensions = hello.extensions { { hello.EARLY_DATA, "\0\0\64\0" } }
    end))
    assert.is_nil(hello.get(server.their_hello, hello.EARLY_DATA))
    server:server_hello(accept()):say(scripted.encrypted_extensions { { hello.EARLY_DATA, "" } })
      :expect(UNSUPPORTED, 110, true)
  end)
end)

describe("a ticket of TLS 1.3 behind a HelloRetryRequest (RFC 8446, 4.1.2, 4.2.11.2):", function()
  local config = rules.client_config { groups = { "x25519", "secp256r1" }, time = function() return now end }

  local function retried(change)
    local ticket, psk = ticket13(nil, config)
    local server = server13(ticket, psk, config, { group = hello.SECP256R1 })
    return server:retry(hello.SECP256R1, change)
  end

  it("is offered again, with a binder over both hellos", function()
    local server = retried()
    local before = server.transcript:fork()
    server:listen()
    local offered = offer(server.their_hello)
    local second = server.messages[#server.messages]
    assert.equal(primitives.binder("sha256", server.psk, false,
      before:add(second:sub(1, -1 - offered.lists)):hash()), offered.binder)
    server:server_hello(accept()):server_flight(RESUMED):listen():expect_open()
    assert.is_true(server.session:resumed())
  end)

  it("is left out where the suite has another hash, and cannot be taken then", function()
    local server = retried(field("suite", 0x1302)):listen()
    assert.is_nil(offer(server.their_hello))
    server:say(hello.encode(server:new_server_hello(function(h)
      accept()(h)
      h.suite = 0x1302
    end))):expect(UNSUPPORTED, 110, false)
  end)

  it("is offered for a cookie alone, too, and both hellos are alike but for it", function()
    local ticket, psk = ticket13(nil, config)
    local server = server13(ticket, psk, config)
    local first = server.their_hello
    server:retry(0, function(h)
      hello.remove(h, hello.KEY_SHARE)
      hello.add(h, hello.COOKIE, hello.vector(2, "c"))
    end):listen()
    local second = server.their_hello
    assert.same({ first.random, first.session_id, first.suites }, { second.random, second.session_id, second.suites })
    hello.remove(second, hello.COOKIE)
    for i, extension in ipairs(first.extensions) do
      assert.equal(extension[1], second.extensions[i][1])
      if extension[1] ~= hello.PRE_SHARED_KEY then
        assert.equal(extension[2], second.extensions[i][2])
      end
    end
    server:server_hello(accept()):server_flight(RESUMED):listen():expect_open()
  end)
end)

describe("a NewSessionTicket of TLS 1.3 (RFC 8446, 4.6.1):", function()
  for _, case in ipairs {
    { "without a ticket", function(t) t.ticket = "" end, DECODE, 50 },
    { "with something behind it", function(t) t.behind = "x" end, DECODE, 50 },
    { "without extensions", function(t) t.extensions = "" end, DECODE, 50 },
    { "with half an extension", function(t) t.extensions = "\0\3\0\42\0" end, DECODE, 50 },
    { "with early_data of another size", function(t)
      t.extensions = hello.extensions { { hello.EARLY_DATA, "\0\0\64" } }
    end, DECODE, 50 },
    { "with early_data twice", function(t)
      t.extensions = hello.extensions { { hello.EARLY_DATA, "\0\0\64\0" }, { hello.EARLY_DATA, "\0\0\64\0" } }
    end, TWICE, 47 },
    { "with an unknown extension twice", function(t)
      t.extensions = hello.extensions { { 0x7A7A, "" }, { 0x7A7A, "" } }
    end, TWICE, 47 },
    { "with an extension of another message", function(t)
      t.extensions = hello.extensions { { hello.KEY_SHARE, "" } }
    end, MISPLACED, 47 },
  } do
    it(case[1] .. " is refused", function()
      open13():send(wire.HANDSHAKE, new_session_ticket(case[2])):expect(case[3], case[4], true)
    end)
  end

  for _, case in ipairs {
    { "with an extension that nobody knows", function(t) t.extensions = hello.extensions { { 0x7A7A, "1234" } } end },
    { "with an empty nonce", function(t) t.nonce = "" end },
    { "with a long nonce", function(t) t.nonce = ("n"):rep(255) end },
    { "with a ticket of one byte", function(t) t.ticket = "t" end },
    { "with a long ticket", function(t) t.ticket = ("t"):rep(20000) end },
  } do
    it(case[1] .. " is taken, and good", function()
      local ticket, psk = ticket13(case[2])
      local server = server13(ticket, psk):server_hello(accept()):server_flight(RESUMED):listen():expect_open()
      assert.is_true(server.session:resumed())
    end)
  end

  it("is good for as long as it says, but seven days at most", function()
    for _, case in ipairs { { 20, 19, true }, { 20, 21, false }, { 30 * DAY, 7 * DAY - 1, true },
      { 30 * DAY, 7 * DAY + 1, false }, { 2 ^ 32 - 1, 7 * DAY + 1, false } } do
      now = pki.NOW
      local ticket, psk = ticket13(function(t) t.lifetime = case[1] end)
      now = pki.NOW + case[2]
      assert.equal(case[3], offer(server13(ticket, psk).their_hello) ~= nil)
    end
    now = pki.NOW
  end)

  it("with the lifetime 0 is thrown away", function()
    assert.is_nil((ticket13(function(t) t.lifetime = 0 end)))
  end)

  it("is kept from the last one that came", function()
    local server = open13()
    for _, name in ipairs { "first", "second" } do
      server:send(wire.HANDSHAKE, new_session_ticket(function(t) t.ticket = name end)):expect_open()
    end
    assert.equal("second", offer(server13(server.session:ticket()).their_hello).identity)
  end)

  it("is offered once (C.4)", function()
    local ticket, psk = ticket13()
    assert.is_table(offer(server13(ticket, psk).their_hello))
    assert.is_nil(offer(server13(ticket, psk).their_hello))
  end)

  it("is neither kept nor offered where tickets are switched off", function()
    local without = rules.client_config { tickets = false }
    assert.is_nil((ticket13(nil, without)))
    assert.is_nil(offer(server13((ticket13()), nil, without).their_hello))
  end)

  it("is not offered to another version, suite or name", function()
    for _, options in ipairs { { max_version = "TLSv1.2" }, { cipher_suites = { "TLS_AES_256_GCM_SHA384" } } } do
      assert.is_nil(offer(server13((ticket13()), nil, rules.client_config(options)).their_hello))
    end
    local session = assert(client_config:client("www.localhost", { ticket = ticket13() }))
    assert.is_nil(offer(scripted.new(session, false):listen().their_hello))
  end)
end)

-- ---- TLS 1.2 ----

local function server12(ticket, master)
  return scripted12.new(assert(client_config:client("localhost", { ticket = ticket })), false, { master = master })
    :listen()
end

-- A ticket of TLS 1.2 and its master secret: by NewSessionTicket, or by the session id alone.
local function ticket12(id)
  local server = server12():server_hello(function(h)
    if id then
      h.session_id = id
    else
      hello.add(h, hello.SESSION_TICKET, "")
    end
  end):server_flight():listen()
  if not id then
    server:say(wire.message(4, "\0\0\0\99\0\6ticket"))
  end
  server:finish():expect_open()
  return assert(server.session:ticket()), server.master
end

-- A server that goes on with that session.
local function resuming(change, id)
  local server = server12(ticket12(id))
  return server:server_hello(function(h)
    h.session_id = server.their_hello.session_id
    if change then
      change(h)
    end
  end)
end

describe("a session of TLS 1.2 that a client resumes (RFC 5246, 7.3; RFC 5077, 3.4):", function()
  for _, case in ipairs {
    { "by a ticket" }, { "by an id of 32 bytes", ("i"):rep(32) }, { "by an id of one byte", "i" },
    { "by an id of 31 bytes", ("i"):rep(31) },
  } do
    it(case[1] .. " goes on, and the id is the one that was offered", function()
      local server = resuming(nil, case[2])
      if case[2] then
        assert.equal(case[2], server.their_hello.session_id)
      end
      server:finish():expect_open()
      assert.is_true(server.session:resumed())
    end)
  end

  it("may be declined, with another id or none", function()
    for _, id in ipairs { "", "x", ("x"):rep(32) } do
      for _, mine in ipairs { false, ("i"):rep(32) } do
        local server = server12((ticket12(mine or nil))):server_hello(field("session_id", id))
        server:server_flight():listen():finish():expect_open()
        assert.is_false(server.session:resumed())
      end
    end
  end)

  for _, case in ipairs {
    { "status_request, and no CertificateStatus", put(hello.STATUS_REQUEST, "") },
    { "an answer to the name", put(hello.SERVER_NAME, "") },
    { "point formats", put(hello.POINT_FORMATS, "\1\0") },
    { "no renegotiation_info", function(h) hello.remove(h, hello.RENEGOTIATION_INFO) end },
  } do
    it(("goes on with %s"):format(case[1]), function()
      resuming(case[2]):finish():expect_open()
    end)
  end

  for _, case in ipairs {
    { "TLS 1.3 in its version", field("version", 0x0304), "peer_version", 70 },
    { "TLS 1.1 in its version", field("version", 0x0302), "peer_version", 70 },
    { "another suite", field("suite", 0xC02F), ILLEGAL, 47 },
    { "a suite that was not offered", field("suite", 0xC009), ILLEGAL, 47 },
    { "compression", field("compression", 1), ILLEGAL, 47 },
    { "what was not asked for", put(0x7A7A, ""), UNSUPPORTED, 110 },
    { "a renegotiation_info that is not empty", put(hello.RENEGOTIATION_INFO, "\1x"), "peer_renegotiation_info", 40 },
    { "without its extended master secret", function(h) hello.remove(h, EMS) end, "peer_extended_master_secret", 40 },
    { "pre_shared_key", put(hello.PRE_SHARED_KEY, "\0\0"), UNSUPPORTED, 110 },
  } do
    it(("does not go on with %s"):format(case[1]), function()
      resuming(case[2]):expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "a Certificate", function(s) s:say(s.certificate "server_ec") end },
    { "a CertificateStatus, though one is announced", function(s) s:say(wire.message(22, "\1\0\0\1x")) end,
      put(hello.STATUS_REQUEST, "") },
    { "a CertificateRequest", function(s) s:say(wire.message(13, "\1\64\0\2\4\3\0\0")) end },
    { "a ServerHelloDone", function(s) s:say(scripted12.HELLO_DONE) end },
    { "a ticket that was not announced", function(s) s:say(wire.message(4, "\0\0\0\9\0\1t")) end },
    { "change_cipher_spec where a ticket is announced", function(s) s:raw(CCS) end, put(hello.SESSION_TICKET, "") },
    { "a Finished without change_cipher_spec", function(s) s:say(s:finished()) end },
    { "change_cipher_spec of another value", function(s) s:raw(wire.record(wire.CHANGE_CIPHER_SPEC, "\2")) end },
    { "a Finished that begins before change_cipher_spec", function(s)
      s:send(wire.HANDSHAKE, "\20\0"):raw(CCS)
    end },
    { "application data before Finished", function(s) s:change_keys():send(wire.APPLICATION_DATA, "x") end },
  } do
    it(("refuses %s"):format(case[1]), function()
      local server = resuming(case[3])
      case[2](server)
      server:expect(UNEXPECTED, 10, false)
    end)
  end

  it("refuses a wrong Finished, of the right length and of another", function()
    for n, code in pairs { [12] = "peer_bad_finished", [11] = DECODE, [36] = DECODE } do
      resuming():change_keys():say(wire.message(20, ("f"):rep(n))):expect(code, n == 12 and 51 or 50, false)
    end
  end)

  it("finds a server out that does not have its secret", function()
    local server = server12((ticket12()), ("m"):rep(48))
    server:server_hello(function(h) h.session_id = server.their_hello.session_id end):change_keys()
    server:say(server:finished()):expect("peer_bad_record_mac", 20, false)
  end)

  it("takes the ticket that comes instead of the old one; an empty one changes nothing", function()
    for given, wanted in pairs { ["\0\0\0\9\0\3new"] = "new", ["\0\0\0\9\0\0"] = "ticket" } do
      local server = resuming(put(hello.SESSION_TICKET, "")):say(wire.message(4, given)):finish():expect_open()
      assert.equal(wanted, hello.get(server12(server.session:ticket()).their_hello, hello.SESSION_TICKET))
    end
  end)

  it("goes by its ticket alone when it has one; an id that came before is forgotten (RFC 5077, 3.4)", function()
    for given, by_id in pairs { ["\0\0\0\9\0\3new"] = false, ["\0\0\0\9\0\0"] = true } do
      local server = server12():server_hello(function(h)
        h.session_id = ("i"):rep(32)
        hello.add(h, hello.SESSION_TICKET, "")
      end):server_flight():listen():say(wire.message(4, given)):finish():expect_open()
      local theirs = server12(server.session:ticket()).their_hello
      assert.equal(by_id, theirs.session_id == ("i"):rep(32))
      assert.equal(by_id and "" or "new", hello.get(theirs, hello.SESSION_TICKET))
    end
  end)

  it("is nothing that could be resumed when the only ticket was empty, and there was no id", function()
    local server = server12():server_hello(put(hello.SESSION_TICKET, "")):server_flight():listen()
    server:say(wire.message(4, "\0\0\0\0\0\0")):finish():expect_open()
    assert.is_nil((server.session:ticket()))
  end)
end)

describe("a client whose session was of the other version:", function()
  it("of TLS 1.2, goes on with a full handshake of TLS 1.3 whose hello echoes the old id", function()
    for _, id in ipairs { false, ("i"):rep(32) } do
      local server = server13((ticket12(id or nil)))
      assert.is_nil(offer(server.their_hello))
      if id then
        assert.equal(id, server.their_hello.session_id)
      end
      server:server_hello():server_flight():listen():expect_open()
      assert.is_false(server.session:resumed())
    end
  end)

  it("of TLS 1.2, refuses a server that resumes it in TLS 1.3", function()
    local server = server13((ticket12()))
    server:say(hello.encode(server:new_server_hello(accept()))):expect(UNSUPPORTED, 110, false)
  end)

  it("of TLS 1.3, goes on with a full handshake of TLS 1.2, and refuses one that resumes it there", function()
    local server = server12((ticket13()))
    assert.equal("", hello.get(server.their_hello, hello.SESSION_TICKET))
    server:server_hello():server_flight():listen():finish():expect_open()
    assert.is_false(server.session:resumed())
    server = server12((ticket13()), ("m"):rep(48))
    server:server_hello(function(h) h.session_id = server.their_hello.session_id end):expect(ILLEGAL, 47, false)
  end)

  it("of TLS 1.2, offers nothing of it where tickets are switched off", function()
    local without = rules.client_config { tickets = false }
    local server = server12()
    server = scripted12.new(assert(without:client("localhost", { ticket = ticket12() })), false,
      { master = server.master }):listen()
    assert.is_nil(hello.get(server.their_hello, hello.SESSION_TICKET))
    server.master = ("m"):rep(48)
    server:server_hello(function(h) h.session_id = server.their_hello.session_id end):expect(ILLEGAL, 47, false)
  end)
end)
