-- The rules of records, keys, closure and alerts in TLS 1.3, each broken once by a peer that has the keys.

local attack = require "support.attack"
local hello = require "support.hello"
local pair = require "support.pair"
local rules = require "support.rules"
local wire = require "support.wire"

local UNEXPECTED, DECODE, ILLEGAL = "peer_unexpected_message", "peer_malformed_message", "peer_illegal_parameter"
local LENGTH, MAC = "peer_record_length", "peer_bad_record_mac"
local CCS = wire.record(wire.CHANGE_CIPHER_SPEC, "\1")
local KEY_UPDATE, KEY_UPDATE_REQUESTED = wire.message(24, "\0"), wire.message(24, "\1")

-- The two sides of an open connection in turn: the session is the other one.
local function each_open(body)
  for _, peer in ipairs { rules.open_client, rules.open_server } do
    body(peer)
  end
end

describe("hard point 5, messages and changes of keys (RFC 8446, 5.1):", function()
  it("a ClientHello with something behind it is refused, in the clear and without an answer", function()
    for _, more in ipairs { "\20", wire.message(20, ("f"):rep(32)) } do
      local client = rules.client_of_server()
      local message = hello.encode(client:new_client_hello())
      client:send(wire.HANDSHAKE, message .. more):expect(UNEXPECTED, 10, false)
      assert.equal(0, client:heard(2))
    end
  end)

  it("a ServerHello with something behind it is refused", function()
    local server = rules.server_of_client()
    local message = hello.encode(server:new_server_hello())
    server:send(wire.HANDSHAKE, message .. server.encrypted_extensions()):expect(UNEXPECTED, 10, false)
  end)

  it("a server's Finished with a ticket behind it is refused", function()
    local server = rules.server_of_client()
    server:server_hello():server_flight { finished = function(s)
      return s:finished() .. wire.message(4, "\0\0\0\9\0\0\0\0\1n\0\1t\0\0")
    end }
    server:expect(UNEXPECTED, 10, true)
  end)

  it("a client's Finished with something behind it is refused", function()
    local client = rules.client_of_server():client_hello():listen()
    client:send(wire.HANDSHAKE, client:finished() .. KEY_UPDATE):expect(UNEXPECTED, 10, true)
  end)

  it("a KeyUpdate with something behind it is refused", function()
    each_open(function(open)
      open():send(wire.HANDSHAKE, KEY_UPDATE .. KEY_UPDATE):expect(UNEXPECTED, 10, true)
      open():send(wire.HANDSHAKE, KEY_UPDATE .. "\24"):expect(UNEXPECTED, 10, true)
    end)
  end)

  it("a message is not interrupted by a record of another type", function()
    for _, record in ipairs { { wire.APPLICATION_DATA, "x" } } do
      each_open(function(open)
        local peer = open()
        peer:send(wire.HANDSHAKE, KEY_UPDATE:sub(1, 3))
        peer:send(record[1], record[2]):expect(UNEXPECTED, 10, true)
      end)
    end
    local server = rules.server_of_client()
    server:server_hello():send(wire.HANDSHAKE, "\8\0\0"):raw(CCS):expect(UNEXPECTED, 10, true)
  end)

  it("messages may be cut and put together at every other boundary", function()
    local server = rules.server_of_client()
    local message = hello.encode(server:new_server_hello())
    for i = 1, #message - 1 do
      server:send(wire.HANDSHAKE, message:sub(i, i))
    end
    assert.equal("handshake", server.session:state())
    server.transcript:add(message)
    server:send(wire.HANDSHAKE, message:sub(-1))
    server.records:version(0x0304)
    server:agree(hello.get(server.their_hello, hello.KEY_SHARE):sub(7))
    local flight = {}
    local say = server.say
    server.say = function(self, one)
      self.transcript:add(one)
      flight[#flight + 1] = one
      return self
    end
    local send_keys = server.install
    server.install = function() end
    server:server_flight()
    server.say, server.install = say, send_keys
    server:send(wire.HANDSHAKE, table.concat(flight))
    server:install("sent", server.our_application)
    server:listen():expect_open()
  end)
end)

describe("hard point 6, change_cipher_spec (RFC 8446, 5, D.4):", function()
  it("is ignored between the first hello and Finished, wherever it stands, and not counted", function()
    local client = rules.client_of_server():client_hello():raw(CCS):listen():raw(CCS .. CCS)
    client:client_flight():listen():expect_open()
    local server = rules.server_of_client():raw(CCS)
    server:server_hello():raw(CCS):server_flight { verify = function(s) return s:raw(CCS):verify "server_ec" end }
    server:listen():expect_open()
  end)

  it("is refused before the first hello, and behind Finished", function()
    rules.client_of_server():raw(CCS):expect(UNEXPECTED, 10, false)
    each_open(function(open)
      open():raw(CCS):expect(UNEXPECTED, 10, true)
    end)
  end)

  it("is refused with another value, length, or protected", function()
    for _, body in ipairs { "\0", "\2", "\1\1", "" } do
      rules.client_of_server():client_hello():listen():raw(wire.record(wire.CHANGE_CIPHER_SPEC, body))
        :expect(UNEXPECTED, 10, true)
      rules.server_of_client():raw(wire.record(wire.CHANGE_CIPHER_SPEC, body)):expect(UNEXPECTED, 10, false)
    end
    rules.client_of_server():client_hello():listen():send(wire.CHANGE_CIPHER_SPEC, "\1"):expect(UNEXPECTED, 10, true)
    local server = rules.server_of_client():server_hello()
    server:send(wire.CHANGE_CIPHER_SPEC, "\1"):expect(UNEXPECTED, 10, true)
  end)

  it("is not borne without end", function()
    rules.client_of_server():client_hello():listen():raw(CCS:rep(32)):client_flight():listen():expect_open()
    rules.client_of_server():client_hello():listen():raw(CCS:rep(33)):expect("peer_too_many_records", 10, true)
  end)

  it("is in no place for a server of TLS 1.2 that comes to it too early", function()
    local server = rules.server_of_client()
    server:raw(CCS)
    server:say(hello.encode(server:new_server_hello(function(h)
      h.suite, h.extensions, h.session_id = 0xC02B, {}, ""
    end))):expect(UNEXPECTED, 10, false)
  end)
end)

describe("hard point 14, records (RFC 8446, 5.1, 5.2, 5.4):", function()
  for _, case in ipairs {
    { "of zeros alone", 0, ("\0"):rep(20), UNEXPECTED, 10 },
    { "of nothing but its type 0", 0, "", UNEXPECTED, 10 },
    { "of an inner type that does not exist", 24, "x", UNEXPECTED, 10 },
    { "of the inner type change_cipher_spec", 20, "\1", UNEXPECTED, 10 },
    { "of an empty handshake", 22, "", UNEXPECTED, 10 },
    { "of an empty alert", 21, "", UNEXPECTED, 10 },
    { "of half an alert", 21, "\1", DECODE, 50 },
    { "of two alerts", 21, "\1\0\1\0", DECODE, 50 },
    { "of 2^14+1 bytes", 23, ("x"):rep(16385), LENGTH, 22 },
  } do
    it(("a protected record %s is refused"):format(case[1]), function()
      each_open(function(open)
        local peer = open()
        peer.records:limit("sent", 17000)
        peer:send(case[2], case[3]):expect(case[4], case[5], true)
      end)
    end)
  end

  it("2^14 bytes, padding and empty application data are taken", function()
    each_open(function(open)
      local peer = open():send(wire.APPLICATION_DATA, ("x"):rep(16384))
      assert.equal(16384, #peer.session:read())
      peer:send(wire.APPLICATION_DATA, "")
      peer.records:pad(16384)
      peer:send(wire.APPLICATION_DATA, "x")
      assert.equal("x", peer.session:read())
      peer.records:pad(1)
      peer:expect_open()
    end)
  end)

  it("a record longer than 2^14+256 is refused by its header", function()
    each_open(function(open)
      open():raw("\23\3\3\65\1"):expect(LENGTH, 22, true)
    end)
    rules.client_of_server():raw("\22\3\1\64\1\1"):expect(LENGTH, 22, false)
    rules.server_of_client():raw("\22\3\3\64\1\2"):expect(LENGTH, 22, false)
  end)

  it("a record shorter than a tag, or that was changed, is refused", function()
    each_open(function(open)
      for _, body in ipairs { "", "x", ("x"):rep(16), ("x"):rep(17), ("x"):rep(100) } do
        open():raw(wire.record(wire.APPLICATION_DATA, body)):expect(MAC, 20, true)
      end
    end)
  end)

  it("what has to be protected and is not is refused", function()
    each_open(function(open)
      open():raw(wire.record(wire.HANDSHAKE, KEY_UPDATE)):expect(UNEXPECTED, 10, true)
      open():raw(wire.record(wire.ALERT, "\2\40")):expect(UNEXPECTED, 10, true)
    end)
    local server = rules.server_of_client()
    server:server_hello():raw(wire.record(wire.HANDSHAKE, server.encrypted_extensions())):expect(UNEXPECTED, 10, true)
    rules.client_of_server():client_hello():listen():raw(wire.record(wire.HANDSHAKE, wire.message(20, ("f"):rep(32))))
      :expect(UNEXPECTED, 10, true)
  end)

  it("a record type that does not exist is refused", function()
    each_open(function(open)
      open():raw("\24\3\3\0\20" .. ("x"):rep(20)):expect("peer_bad_record", 10, true)
    end)
  end)

  it("the version of a record is ignored once TLS 1.3 is agreed (RFC 8446, 5.1)", function()
    local server = rules.server_of_client()
    server:server_hello():raw(wire.record(wire.CHANGE_CIPHER_SPEC, "\1", 0x0505)):server_flight():listen():expect_open()
  end)

  it("application data before Finished is refused", function()
    local client = rules.client_of_server():client_hello():listen()
    client:send(wire.APPLICATION_DATA, "x"):expect(UNEXPECTED, 10, true)
    local server = rules.server_of_client()
    server:server_hello():send(wire.APPLICATION_DATA, "x"):expect(UNEXPECTED, 10, true)
  end)
end)

describe("hard point 15, sequence numbers (RFC 8446, 5.3, 5.5):", function()
  it("a record that is repeated, left out or comes too early is refused", function()
    each_open(function(open)
      local peer = open()
      local record = peer.records:send(wire.APPLICATION_DATA, "x")
      peer:raw(record)
      assert.equal("x", peer.session:read())
      peer:raw(record):expect(MAC, 20, true)
      peer = open()
      peer.records:send(wire.APPLICATION_DATA, "lost")
      peer:send(wire.APPLICATION_DATA, "x"):expect(MAC, 20, true)
    end)
  end)

  it("each key begins to count anew", function()
    each_open(function(open)
      local peer = open()
      for _ = 1, 3 do
        peer:send(wire.HANDSHAKE, KEY_UPDATE):update_sent():expect_open()
      end
    end)
  end)
end)

describe("hard point 16, KeyUpdate (RFC 8446, 4.6.3):", function()
  it("a request is answered exactly once, before the next data", function()
    each_open(function(open)
      local peer = open()
      local before = peer:heard(24)
      peer:send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent():listen()
      peer:send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent():listen()
      peer.session:write "one"
      peer.session:write "two"
      local records = wire.records(peer.session:drain())
      assert.equal(3, #records)
      assert.equal(KEY_UPDATE, peer.records:receive(records[1].raw)[1].body)
      peer:update_received()
      assert.equal("one", peer.records:receive(records[2].raw)[1].body)
      assert.equal("two", peer.records:receive(records[3].raw)[1].body)
      assert.equal(0, before)
      peer:expect_open()
    end)
  end)

  it("no answer comes where none was asked for", function()
    each_open(function(open)
      open():send(wire.HANDSHAKE, KEY_UPDATE):update_sent():expect_open()
    end)
  end)

  for _, case in ipairs {
    { "value 2", wire.message(24, "\2"), ILLEGAL, 47 },
    { "value 255", wire.message(24, "\255"), ILLEGAL, 47 },
    { "no value", wire.message(24, ""), DECODE, 50 },
    { "two values", wire.message(24, "\0\0"), DECODE, 50 },
  } do
    it(("one with %s is refused"):format(case[1]), function()
      each_open(function(open)
        open():send(wire.HANDSHAKE, case[2]):expect(case[3], case[4], true)
      end)
    end)
  end

  it("32 in a row are borne, one more is not", function()
    each_open(function(open)
      local peer = open()
      for _ = 1, 32 do
        peer:send(wire.HANDSHAKE, KEY_UPDATE):update_sent()
      end
      peer:expect_open()
      for _ = 1, 33 do
        peer:send(wire.HANDSHAKE, KEY_UPDATE):update_sent()
      end
      peer:expect("peer_too_many_records", 10, true)
    end)
  end)

  -- RFC 8446, 5.5: 2^24.5 records under one key of AES-GCM; RFC 9147, 4.5.3: 2^23 of AES-CCM.
  for suite, case in pairs {
    TLS_AES_128_GCM_SHA256 = { most = 2 ^ 24 }, TLS_AES_256_GCM_SHA384 = { most = 2 ^ 24 },
    TLS_AES_128_CCM_SHA256 = { most = 2 ^ 22 }, TLS_CHACHA20_POLY1305_SHA256 = { most = 2 ^ 40, never = true },
  } do
    attack.it(it, pending, ("of our own, keys of %s %s"):format(suite, case.never and "never wear out"
      or "are changed before they have protected too much"), function(attacker)
      local suites = { cipher_suites = { suite } }
      local p = pair.open(rules.client_config(suites), rules.server_config(suites))
      local client, server = p.client, p.server
      for _, ends in ipairs { { client, server }, { server, client } } do
        local sender, receiver = ends[1], ends[2]
        local function says(what, records)
          assert(sender:write(what))
          local sent = sender:drain()
          assert.equal(records, #wire.records(sent))
          assert(receiver:feed(sent))
          assert.equal(what, receiver:read())
        end
        attacker.age(sender, receiver, case.most - 1)
        says("the last under the old key", 1)
        says("the first under a new one", case.never and 1 or 2)
        says("another", 1)
      end
    end)
  end

  it("one before Finished is refused", function()
    rules.client_of_server():client_hello():listen():send(wire.HANDSHAKE, KEY_UPDATE):expect(UNEXPECTED, 10, true)
    rules.server_of_client():server_hello():send(wire.HANDSHAKE, KEY_UPDATE):expect(UNEXPECTED, 10, true)
  end)
end)

describe("hard point 17, closing (RFC 8446, 6.1):", function()
  local CLOSE_NOTIFY = "\1\0"

  it("close_notify ends one direction: we go on writing, and what comes behind it is ignored", function()
    each_open(function(open)
      local peer = open():send(wire.APPLICATION_DATA, "last"):send(wire.ALERT, CLOSE_NOTIFY):raw "rubbish"
      assert.equal("last", peer.session:read())
      local _, _, code = peer.session:read()
      assert.equal("closed", code)
      assert.is_true(peer.session:write "still here")
      peer.data = ""
      peer:listen()
      assert.equal("still here", peer.data)
      assert.same({}, peer.alerts)
      peer.session:close()
      peer:listen()
      assert.same({ { CLOSE_NOTIFY, true } }, peer.alerts)
      assert.equal("closed", peer.session:state())
    end)
  end)

  it("who has closed still reads until the other side closes", function()
    each_open(function(open)
      local peer = open()
      peer.session:close()
      peer:listen():send(wire.APPLICATION_DATA, "late"):send(wire.ALERT, CLOSE_NOTIFY):listen()
      assert.equal("late", peer.session:read())
      assert.equal("closed", peer.session:state())
      assert.same({ { CLOSE_NOTIFY, true } }, peer.alerts)
    end)
  end)

  it("the end of the transport without it is a truncation", function()
    each_open(function(open)
      local peer = open()
      local _, _, code = peer.session:feed(nil)
      assert.equal("truncated", code)
      peer:listen()
      assert.same({}, peer.alerts)
    end)
  end)
end)

describe("hard point 18, alerts (RFC 8446, 6):", function()
  it("every alert is an error whatever its level, but close_notify and user_canceled", function()
    each_open(function(open)
      for _, level in ipairs { 1, 2 } do
        for _, case in ipairs { { 40, "alert_handshake_failure" }, { 100, "alert_no_renegotiation" },
          { 112, "alert_unrecognized_name" }, { 255, "alert_unknown" } } do
          local peer = open():send(wire.ALERT, string.char(level, case[1]))
          local failure = peer.session:failure()
          assert.same({ case[2], "peer" }, { failure.code, failure.sent_by })
          assert.is_nil(peer.session:drain())
        end
      end
      open():send(wire.ALERT, "\1\90"):expect_open()
    end)
  end)

  it("user_canceled without end is not borne", function()
    each_open(function(open)
      local peer = open()
      for _ = 1, 4 do
        peer:send(wire.ALERT, "\1\90")
      end
      peer:expect_open()
      for _ = 1, 5 do
        peer:send(wire.ALERT, "\1\90")
      end
      peer:expect("peer_too_many_records", 10, true)
    end)
  end)

  it("a peer that has no keys yet may say in the clear what is wrong", function()
    local client = rules.client_of_server():client_hello():listen():raw(wire.alert(48))
    assert.equal("alert_unknown_ca", client.session:failure().code)
    local server = rules.server_of_client():raw(wire.alert(40))
    assert.equal("alert_handshake_failure", server.session:failure().code)
  end)

  it("a message that does not belong where it comes is unexpected, whichever it is", function()
    for _, message in ipairs { 0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 25, 67, 254, 255 } do
      if message ~= 4 then
        rules.open_server():send(wire.HANDSHAKE, wire.message(message, "xx")):expect(UNEXPECTED, 10, true)
      end
      rules.open_client():send(wire.HANDSHAKE, wire.message(message, "xx")):expect(UNEXPECTED, 10, true)
      if message ~= 1 then
        rules.client_of_server():send(wire.HANDSHAKE, wire.message(message, "xx")):expect(UNEXPECTED, 10, false)
      end
      if message ~= 2 then
        rules.server_of_client():send(wire.HANDSHAKE, wire.message(message, "xx")):expect(UNEXPECTED, 10, false)
      end
      if message ~= 8 then
        rules.server_of_client():server_hello():send(wire.HANDSHAKE, wire.message(message, "xx"))
          :expect(UNEXPECTED, 10, true)
      end
      if message ~= 20 then
        rules.client_of_server():client_hello():listen():send(wire.HANDSHAKE, wire.message(message, "xx"))
          :expect(UNEXPECTED, 10, true)
      end
    end
  end)

  it("empty records of a handshake without end are not borne", function()
    each_open(function(open)
      local peer = open()
      for _ = 1, 32 do
        peer:send(wire.APPLICATION_DATA, "")
      end
      peer:expect_open()
      for _ = 1, 33 do
        peer:send(wire.APPLICATION_DATA, "")
      end
      peer:expect("peer_too_many_records", 10, true)
    end)
  end)
end)

describe("hard point 25, early data (RFC 8446, 4.2.10):", function()
  local function early(bytes, first)
    local client = rules.client_of_server():client_hello(function(h)
      hello.add(h, hello.EARLY_DATA, "")
      if first then
        first(h)
      end
    end)
    for i = 1, bytes, 1000 do
      client:raw(wire.record(wire.APPLICATION_DATA, ("e"):rep(math.min(1000, bytes - i + 1) + 17)))
    end
    return client
  end

  it("is refused and skipped, within a limit", function()
    early(0):listen():client_flight():listen():expect_open()
    early(16000):listen():client_flight():listen():expect_open()
    early(17000):expect(MAC, 20, true)
  end)

  it("is never accepted, whatever the ticket", function()
    local client = early(100):listen()
    for _, message in ipairs(client.messages) do
      assert.is_false(message:byte() == 8 and message:find("\0\42", 1, true) ~= nil)
    end
  end)

  it("is not skipped where it was not announced, nor behind what could be opened", function()
    rules.client_of_server():client_hello():listen():raw(wire.record(wire.APPLICATION_DATA, ("e"):rep(50)))
      :expect(MAC, 20, true)
    local client = early(100):listen():client_flight():listen()
    client:raw(wire.record(wire.APPLICATION_DATA, ("e"):rep(50))):expect(MAC, 20, true)
  end)

  it("is skipped before a second ClientHello, and refused without one being announced", function()
    local client = early(5000, function(h) hello.put(h, hello.KEY_SHARE, "\0\0") end):listen()
    assert.equal(hello.RETRY, client.their_hello.random)
    assert.equal("handshake", client.session:state())
    client = rules.client_of_server():client_hello(function(h) hello.put(h, hello.KEY_SHARE, "\0\0") end):listen()
    client:raw(wire.record(wire.APPLICATION_DATA, ("e"):rep(50))):expect(UNEXPECTED, 10, false)
    early(17000, function(h) hello.put(h, hello.KEY_SHARE, "\0\0") end):expect(UNEXPECTED, 10, false)
  end)

  it("end_of_early_data is refused", function()
    early(10):listen():send(wire.HANDSHAKE, wire.message(5, "")):expect(UNEXPECTED, 10, true)
  end)
end)
