-- The rules of TLS 1.2 in the modern engine, each broken once by a peer that otherwise does everything right.

local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local ILLEGAL, DECODE, UNEXPECTED = "peer_illegal_parameter", "peer_malformed_message", "peer_unexpected_message"
local MISPLACED, UNSUPPORTED, TWICE = "peer_extension_misplaced", "peer_unsupported_extension", "peer_extension_twice"
local NOTHING, SHARE, SCHEME = "peer_nothing_in_common", "peer_bad_key_share", "peer_signature_scheme"
local EMS, RENEGOTIATION = "peer_extended_master_secret", "peer_renegotiation_info"
local CCS, DONE = scripted12.CCS, scripted12.HELLO_DONE

local client_config, server_config = rules.client_config(), rules.server_config()

local function client_of(config, how)
  return scripted12.new(assert((config or server_config):server()), true, how)
end

local function server_of(config, how, options)
  return scripted12.new(assert((config or client_config):client("localhost", options)), false, how):listen()
end

local function open_client(change)
  return client_of():client_hello(change):listen():finish():expect_open()
end

-- A server with which a client has an open session, and the ticket that it gave.
local function open_server(change, config)
  local server = server_of(config):server_hello(change):server_flight():listen()
  if hello.get(server.our_hello, hello.SESSION_TICKET) then
    server:say(wire.message(4, "\0\0\0\99\0\6ticket"))
  end
  return server:finish():expect_open()
end

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function without(code)
  return function(h) hello.remove(h, code) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

describe("hard point 20, extended master secret (RFC 7627, 5):", function()
  it("a full handshake has one if both want it", function()
    for _, change in ipairs { false, without(hello.EXTENDED_MASTER_SECRET) } do
      for _, peer in ipairs { open_client(change or nil), open_server(change or nil) } do
        local bytes, _, code = peer.session:export("EXPERIMENTAL", 8)
        assert.equal(not change, bytes ~= nil)
        assert.equal(change and "export_unavailable" or nil, code)
        assert.equal(not change, peer.session:channel_binding "tls-unique" ~= nil)
      end
    end
  end)

  -- original has it, the hello has it, and what comes of it: an alert, "full" or "resumed".
  local MATRIX = {
    { true, true, "resumed" }, { true, false, EMS }, { false, true, "full" }, { false, false, "resumed" },
  }

  for _, case in ipairs(MATRIX) do
    it(("a server that finds a session %s one and a hello %s: %s"):format(case[1] and "with" or "without",
      case[2] and "with" or "without", case[3]), function()
      local first = open_client(function(h)
        hello.put(h, hello.SESSION_TICKET, "")
        if not case[1] then
          hello.remove(h, hello.EXTENDED_MASTER_SECRET)
        end
      end)
      local ticket = assert(first.tickets[1])
      local client = client_of(nil, { master = first.master }):client_hello(function(h)
        h.session_id = ("i"):rep(32)
        hello.put(h, hello.SESSION_TICKET, ticket)
        if not case[2] then
          hello.remove(h, hello.EXTENDED_MASTER_SECRET)
        end
      end)
      if case[3] == EMS then
        client:expect(EMS, 40, false)
        return
      end
      client:listen()
      if case[3] == "full" then
        client.resumed, client.master = false, nil
      end
      assert.equal(case[3] == "resumed", client.their_hello.session_id == ("i"):rep(32))
      client:finish():expect_open()
      assert.equal(case[3] == "resumed", client.session:resumed())
    end)
  end

  for _, case in ipairs(MATRIX) do
    local wanted = case[1] == case[2] and "resumed" or EMS
    it(("a client whose session was %s one and that meets a ServerHello %s: %s"):format(case[1] and "with" or "without",
      case[2] and "with" or "without", wanted), function()
      local first = open_server(function(h)
        hello.add(h, hello.SESSION_TICKET, "")
        if not case[1] then
          hello.remove(h, hello.EXTENDED_MASTER_SECRET)
        end
      end)
      local server = server_of(nil, { master = first.master }, { ticket = assert(first.session:ticket()) })
      assert.equal("ticket", hello.get(server.their_hello, hello.SESSION_TICKET))
      server:server_hello(function(h)
        h.session_id = server.their_hello.session_id
        if not case[2] then
          hello.remove(h, hello.EXTENDED_MASTER_SECRET)
        end
      end)
      if wanted == EMS then
        server:expect(EMS, 40, false)
      else
        server:finish():expect_open()
        assert.is_true(server.session:resumed())
      end
    end)
  end

  for _, n in ipairs { 0, 1, 16, 31, 32 } do
    it(("a ticket beside %d bytes of session id is taken, and they are echoed (RFC 5077, 3.4)"):format(n), function()
      local first = open_client(put(hello.SESSION_TICKET, ""))
      local client = client_of(nil, { master = first.master }):client_hello(function(h)
        h.session_id = ("i"):rep(n)
        hello.put(h, hello.SESSION_TICKET, first.tickets[1])
      end):listen():finish():expect_open()
      assert.equal(("i"):rep(n), client.their_hello.session_id)
      assert.is_true(client.session:resumed())
    end)
  end

  it("a session that is resumed with another suite is refused", function()
    local first = open_server(function(h) hello.add(h, hello.SESSION_TICKET, "") end)
    local server = server_of(nil, { master = first.master }, { ticket = assert(first.session:ticket()) })
    server:server_hello(function(h)
      h.session_id, h.suite = server.their_hello.session_id, 0xC02F
    end):expect(ILLEGAL, 47, false)
  end)
end)

describe("hard point 21, renegotiation (RFC 5746, 3.4-3.7; RFC 5246, 7.2.2):", function()
  it("renegotiation_info is sent, and answered to whoever knows it", function()
    assert.equal("\0", hello.get(server_of().their_hello, hello.RENEGOTIATION_INFO))
    local function answer(change)
      return hello.get(client_of():client_hello(change):listen().their_hello, hello.RENEGOTIATION_INFO)
    end
    assert.equal("\0", answer())
    assert.equal("\0", answer(function(h)
      hello.remove(h, hello.RENEGOTIATION_INFO)
      h.suites = { 0xC02B, 0x00FF }
    end))
    assert.is_nil(answer(without(hello.RENEGOTIATION_INFO)))
  end)

  for _, case in ipairs {
    { "that is not empty", "\1x", RENEGOTIATION, 40 },
    { "that is not empty either", "\12" .. ("v"):rep(12), RENEGOTIATION, 40 },
    { "without its length", "", DECODE, 50 },
    { "with something behind it", "\0x", DECODE, 50 },
  } do
    it(("one %s is refused by both"):format(case[1]), function()
      client_of():client_hello(put(hello.RENEGOTIATION_INFO, case[2])):expect(case[3], case[4], false)
      server_of():server_hello(put(hello.RENEGOTIATION_INFO, case[2])):expect(case[3], case[4], false)
    end)
  end

  local function refuse(peer, message)
    peer:send(wire.HANDSHAKE, message):listen()
    assert.same({ { "\1\100", true } }, peer.alerts)
    peer:expect_open()
    for _ = 1, 33 do
      peer:send(wire.HANDSHAKE, message)
    end
    assert.equal("peer_too_many_records", peer.session:failure().code)
  end

  it("a client that wants to renegotiate is refused, and the session goes on, for a while", function()
    local client = open_client()
    refuse(client, hello.encode(client:new_client_hello()))
  end)

  it("a server that wants to renegotiate is refused, and the session goes on, for a while", function()
    refuse(open_server(), wire.message(0, ""))
  end)

  it("a HelloRequest in the middle of a handshake is ignored", function()
    local server = server_of():send(wire.HANDSHAKE, wire.message(0, "")):server_hello()
    server:send(wire.HANDSHAKE, wire.message(0, "")):server_flight():listen():finish():expect_open()
  end)

  it("a HelloRequest with contents is malformed", function()
    open_server():send(wire.HANDSHAKE, wire.message(0, "x")):expect(DECODE, 50, true)
  end)
end)

describe("a server of TLS 1.2 refuses", function()
  for _, case in ipairs {
    { "a ClientHello without a common suite", field("suites", { 0xC009 }), NOTHING, 40 },
    { "a ClientHello without a common group", put(hello.GROUPS, hello.list { 30 }), NOTHING, 40 },
    { "a ClientHello without a common scheme", put(hello.SCHEMES, hello.list { 0x0203 }), NOTHING, 40 },
    { "a ClientHello without schemes, which means SHA-1", without(hello.SCHEMES), NOTHING, 40 },
    { "a ClientHello without null compression", field("compressions", "\1"), ILLEGAL, 47 },
    { "a ClientHello of TLS 1.1", field("version", 0x0302), "peer_version", 70 },
    { "contents in extended_master_secret", put(hello.EXTENDED_MASTER_SECRET, "x"), DECODE, 50 },
    { "point formats without the uncompressed one", put(hello.POINT_FORMATS, "\1\1"), ILLEGAL, 47 },
    { "empty point formats", put(hello.POINT_FORMATS, "\0"), DECODE, 50 },
    { "half a group", put(hello.GROUPS, "\0\3\0\29\0"), DECODE, 50 },
    { "an extension twice", function(h) hello.add(h, hello.GROUPS, "\0\2\0\29") end, TWICE, 47 },
    { "something behind the extensions", field("behind", "x"), DECODE, 50 },
    { "max_fragment_length 0", put(hello.MAX_FRAGMENT_LENGTH, "\0"), ILLEGAL, 47 },
  } do
    it(case[1], function()
      client_of():client_hello(case[2]):expect(case[3], case[4], false)
    end)
  end

  it("nothing in a ClientHello with compression methods, unknown groups, or no groups", function()
    for _, change in ipairs { field("compressions", "\1\0"), put(hello.GROUPS, hello.list { 0x7a7a, 29, 23 }) } do
      open_client(change)
    end
  end)

  local function broken(step)
    local client = client_of():client_hello():listen()
    return step(client) or client
  end

  for _, case in ipairs {
    { "an empty share", function(c) c:say(wire.message(16, "\0")) end, DECODE, 50 },
    { "a share with something behind it", function(c) c:say(wire.message(16, "\1xy")) end, DECODE, 50 },
    { "a short share", function(c) c:say(wire.message(16, "\1x")) end, SHARE, 47 },
    { "the x25519 share 0", function(c) c:say(wire.message(16, "\32" .. ("\0"):rep(32))) end, SHARE, 47 },
    { "change_cipher_spec before the share", function(c) c:raw(CCS) end, UNEXPECTED, 10 },
    { "Finished without change_cipher_spec", function(c)
      c:client_key_exchange():say(c:finished())
    end, UNEXPECTED, 10 },
    { "change_cipher_spec of another value", function(c)
      c:client_key_exchange():raw(wire.record(wire.CHANGE_CIPHER_SPEC, "\2"))
    end, UNEXPECTED, 10 },
    { "change_cipher_spec behind half a message", function(c)
      c:client_key_exchange():send(wire.HANDSHAKE, "\20\0")
      c:raw(CCS)
    end, UNEXPECTED, 10 },
    { "a certificate that it did not ask for", function(c) c:say(c.certificate "client_ec") end, UNEXPECTED, 10 },
    { "a share twice", function(c)
      c:client_key_exchange():say(wire.message(16, hello.vector(1, c.share)))
    end, UNEXPECTED, 10 },
    { "application data before Finished", function(c)
      c:client_key_exchange():change_keys():send(wire.APPLICATION_DATA, "x")
    end, UNEXPECTED, 10 },
    { "a second change_cipher_spec", function(c)
      c:client_key_exchange():change_keys():send(wire.CHANGE_CIPHER_SPEC, "\1")
    end, UNEXPECTED, 10 },
    { "a wrong Finished", function(c)
      c:client_key_exchange():change_keys():say(wire.message(20, ("f"):rep(12)))
    end, "peer_bad_finished", 51 },
    { "a Finished of the wrong length", function(c)
      c:client_key_exchange():change_keys():say(wire.message(20, ("f"):rep(11)))
    end, DECODE, 50 },
    { "a record of another version", function(c)
      c:raw(wire.record(wire.HANDSHAKE, "x", 0x0302))
    end, "peer_version", 70 },
    { "an empty record of a handshake", function(c) c:raw(wire.record(wire.HANDSHAKE, "")) end, UNEXPECTED, 10 },
    { "a protected record that was changed", function(c)
      c:client_key_exchange():raw(CCS):raw(wire.record(wire.HANDSHAKE, ("x"):rep(40)))
    end, "peer_bad_record_mac", 20 },
  } do
    it(case[1], function()
      broken(case[2]):expect(case[3], case[4], false)
    end)
  end

  it("a client that shows a certificate and no signature, and one that shows none where it must", function()
    local config = rules.server_config { verify_client = "require", trust = pki.path "client_ec.pem" }
    local client = client_of(config):client_hello():listen()
    client:say(client.certificate "client_ec"):client_key_exchange():raw(CCS):expect(UNEXPECTED, 10, false)
    client = client_of(config):client_hello():listen()
    client:say(client.certificate()):expect("certificate_missing", 40, false)
    client = client_of(config):client_hello():listen()
    client:client_key_exchange():expect(UNEXPECTED, 10, false)
  end)
end)

describe("a client of TLS 1.2 refuses", function()
  for _, case in ipairs {
    { "a suite that was not offered", field("suite", 0xC009), ILLEGAL, 47 },
    { "a suite of TLS 1.3", field("suite", 0x1301), ILLEGAL, 47 },
    { "compression", field("compression", 1), ILLEGAL, 47 },
    { "what was not asked for", put(0x7a7a, ""), UNSUPPORTED, 110 },
    { "an extension twice", function(h) hello.add(h, hello.RENEGOTIATION_INFO, "\0") end, TWICE, 47 },
    { "an extension of TLS 1.3", put(hello.KEY_SHARE, ""), MISPLACED, 47 },
    { "contents in extended_master_secret", put(hello.EXTENDED_MASTER_SECRET, "x"), DECODE, 50 },
    { "contents in server_name", put(hello.SERVER_NAME, "x"), DECODE, 50 },
    { "contents in session_ticket", put(hello.SESSION_TICKET, "x"), DECODE, 50 },
    { "contents in status_request", put(hello.STATUS_REQUEST, "x"), DECODE, 50 },
    { "point formats without the uncompressed one", put(hello.POINT_FORMATS, "\1\1"), ILLEGAL, 47 },
    { "ALPN that was not asked for", put(hello.ALPN, "\0\3\2h2"), UNSUPPORTED, 110 },
    { "something behind the extensions", field("behind", "x"), DECODE, 50 },
    { "33 bytes of session id", field("session_id", ("i"):rep(33)), DECODE, 50 },
    { "TLS 1.1", field("version", 0x0302), "peer_version", 70 },
  } do
    it("in ServerHello " .. case[1], function()
      server_of():server_hello(case[2]):expect(case[3], case[4], false)
    end)
  end

  it("nothing in a ServerHello without extensions, or with another session id", function()
    open_server(function(h) h.extensions, h.no_extensions = {}, true end)
    open_server(field("session_id", ("i"):rep(32)))
  end)

  local function exchange(how)
    return { key_exchange = function(s) return s:key_exchange(how) end }
  end

  for _, case in ipairs {
    { "an empty Certificate", { certificate = scripted12.certificate() }, "certificate_missing", 50 },
    { "an empty entry in Certificate", { certificate = wire.message(11, "\0\0\3\0\0\0") }, DECODE, 50 },
    { "something behind Certificate", { certificate = wire.message(11, "\0\0\0x") }, DECODE, 50 },
    { "a certificate of another kind than the suite's", { certificate = scripted12.certificate "server_rsa" },
      "peer_wrong_key", 47, { trust = pki.path "server_rsa.pem" } },
    { "CertificateStatus that was not announced", { status = wire.message(22, "\1\0\0\1x") }, UNEXPECTED, 10 },
    { "a missing ServerKeyExchange", { key_exchange = false }, UNEXPECTED, 10 },
    { "explicit curves", exchange { params = "\1\0\29\1x" }, ILLEGAL, 47 },
    { "a group that was not offered", exchange { params = "\3\0\30\1x" }, ILLEGAL, 47 },
    { "an empty share", exchange { share = "" }, DECODE, 50 },
    { "a short share", exchange { share = "x" }, SHARE, 47 },
    { "the x25519 share 0", exchange { share = ("\0"):rep(32) }, SHARE, 47 },
    { "something behind the signature", exchange { behind = "x" }, DECODE, 50 },
    { "a signature by another key", exchange { key = "client_ec" }, "peer_bad_signature", 51 },
    { "a signature of other parameters", exchange { signature = ("s"):rep(64) }, "peer_bad_signature", 51 },
    { "a signature with SHA-1", exchange { number = 0x0203 }, SCHEME, 47 },
    { "a signature by another kind of key", exchange { number = 0x0401 }, SCHEME, 47 },
    { "CertificateRequest without types", { request = wire.message(13, "\0\0\2\4\3\0\0") }, DECODE, 50 },
    { "CertificateRequest without schemes", { request = wire.message(13, "\1\64\0\0\0\0") }, DECODE, 50 },
    { "half a name in CertificateRequest", { request = wire.message(13, "\1\64\0\2\4\3\0\3\0\9x") }, DECODE, 50 },
    { "contents in ServerHelloDone", { done = wire.message(14, "x") }, DECODE, 50 },
    { "a ticket before ServerHelloDone", { done = wire.message(4, "\0\0\0\0\0\0") }, UNEXPECTED, 10 },
  } do
    it(case[1], function()
      server_of(case[5] and rules.client_config(case[5])):server_hello():server_flight(case[2])
        :expect(case[3], case[4], false)
    end)
  end

  local function finished(step, change)
    local server = server_of():server_hello(change):server_flight():listen()
    step(server)
    return server
  end

  for _, case in ipairs {
    { "a ticket that was not announced", function(s) s:say(wire.message(4, "\0\0\0\0\0\1t")) end, UNEXPECTED, 10 },
    { "that a ticket does not come although it was announced", function(s) s:raw(CCS) end, UNEXPECTED, 10,
      function(h) hello.add(h, hello.SESSION_TICKET, "") end },
    { "something behind a ticket", function(s) s:say(wire.message(4, "\0\0\0\0\0\1tx")) end, DECODE, 50,
      function(h) hello.add(h, hello.SESSION_TICKET, "") end },
    { "Finished without change_cipher_spec", function(s) s:say(s:finished()) end, UNEXPECTED, 10 },
    { "a wrong Finished", function(s)
      s:change_keys():say(wire.message(20, ("f"):rep(12)))
    end, "peer_bad_finished", 51 },
    { "a Finished with something behind it", function(s)
      s:change_keys():say(wire.message(20, ("f"):rep(13)))
    end, DECODE, 50 },
    { "application data before Finished", function(s) s:change_keys():send(wire.APPLICATION_DATA, "x") end,
      UNEXPECTED, 10 },
  } do
    it(case[1], function()
      finished(case[2], case[5]):expect(case[3], case[4], true)
    end)
  end

  it("change_cipher_spec before its own time", function()
    server_of():server_hello():raw(CCS):expect(UNEXPECTED, 10, false)
    server_of():server_hello():server_flight { done = false }:raw(CCS):expect(UNEXPECTED, 10, false)
    assert.equal("\14\0\0\0", DONE)
  end)
end)

describe("an open session of TLS 1.2", function()
  local function each(body)
    body(open_client())
    body(open_server())
  end

  it("answers close_notify and is closed (RFC 5246, 7.2.1)", function()
    each(function(peer)
      peer:send(wire.APPLICATION_DATA, "last"):send(wire.ALERT, "\1\0"):listen()
      assert.equal("last", peer.session:read())
      assert.equal("closed", peer.session:state())
      assert.same({ { "\1\0", true } }, peer.alerts)
    end)
  end)

  it("bears warnings, and ends with what is fatal", function()
    each(function(peer)
      peer:send(wire.ALERT, "\1\90"):expect_open()
      peer:send(wire.ALERT, "\2\80")
      assert.equal("alert_internal_error", peer.session:failure().code)
      assert.is_nil(peer.session:drain())
    end)
  end)

  for _, case in ipairs {
    { "change_cipher_spec", wire.CHANGE_CIPHER_SPEC, "\1", UNEXPECTED, 10 },
    { "Finished", wire.HANDSHAKE, wire.message(20, ("f"):rep(12)), UNEXPECTED, 10 },
    { "KeyUpdate", wire.HANDSHAKE, wire.message(24, "\0"), UNEXPECTED, 10 },
    { "an empty handshake record", wire.HANDSHAKE, "", UNEXPECTED, 10 },
    { "an empty alert", wire.ALERT, "", UNEXPECTED, 10 },
    { "half an alert", wire.ALERT, "\1", DECODE, 50 },
    { "a record of 2^14+1 bytes", wire.APPLICATION_DATA, ("x"):rep(16385), "peer_record_length", 22 },
    { "application data inside of a message", wire.HANDSHAKE, "\0\0", UNEXPECTED, 10, "x" },
  } do
    it("refuses " .. case[1], function()
      each(function(peer)
        peer.records:limit("sent", 17000)
        peer:send(case[2], case[3])
        if case[6] then
          peer:send(wire.APPLICATION_DATA, case[6])
        end
        peer:expect(case[4], case[5], true)
      end)
    end)
  end
end)
