-- A peer that does not speak TLS, or not as it is written.

local pair = require "support.pair"
local wire = require "support.wire"

local client_config, server_config = wire.configs()

-- Feeds bytes to a new session of one role, then the end of the transport; gives the failure and what was sent.
local function meet(role, pieces, options)
  local session
  if role == "server" then
    session = pair.new({}, options).server
  else
    session = pair.new(options).client
    session:drain()
  end
  for _, piece in ipairs(type(pieces) == "table" and pieces or { pieces }) do
    session:feed(piece)
  end
  if session:state() ~= "failed" then
    session:feed(nil)
  end
  return session:failure(), session:drain() or "", session
end

-- What an alert has that comes before a version was chosen (RFC 8446, 5.1).
local UNDECIDED = 0x0303

describe("a server that meets", function()
  for _, case in ipairs {
    { "plain HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "peer_not_tls", 10, 'begins with "GET /"' },
    { "an SSL 2.0 hello", "\128\46\1\0\2\0\21\0\0\0\16" .. ("\7"):rep(37), "peer_not_tls", 70, "SSL 2.0" },
    { "SMTP", "EHLO client.example.test\r\n", "peer_not_tls", 10, "EHLO" },
    { "binary garbage", "\255\0\254\1\253\2\252\3", "peer_not_tls", 10, "does not speak TLS" },
    { "zeros", ("\0"):rep(100), "peer_not_tls", 10, "does not speak TLS" },
    { "a record type that does not exist", wire.record(24, "x"), "peer_not_tls", 10 },
    { "application data first", wire.record(wire.APPLICATION_DATA, "hello"), "peer_unexpected_message", 10 },
    { "change_cipher_spec first", wire.record(wire.CHANGE_CIPHER_SPEC, "\1"), "peer_unexpected_message", 10 },
    { "a record of a version 2", "\22\2\0\0\1\1", "peer_not_tls", 10 },
    { "a record of 2^14+1 bytes", wire.record(wire.HANDSHAKE, ("\1"):rep(16385)), "peer_record_length", 22 },
    { "a message announced with 16 MB", wire.record(wire.HANDSHAKE, wire.message(1, ("x"):rep(50), 2 ^ 24 - 1)),
      "peer_message_too_long", 50 },
    { "a server's message", wire.record(wire.HANDSHAKE, wire.message(2, ("x"):rep(50))),
      "peer_unexpected_message", 10 },
    { "a hello that is cut off inside", wire.record(wire.HANDSHAKE, wire.message(1, "\3\3" .. ("r"):rep(10))),
      "peer_malformed_message", 50 },
    { "an empty hello", wire.record(wire.HANDSHAKE, wire.message(1, "")), "peer_malformed_message", 50 },
  } do
    it(case[1] .. " says so, to itself and to the peer", function()
      for _, size in ipairs { #case[2], 1 } do
        local pieces = {}
        for i = 1, #case[2], size do
          pieces[#pieces + 1] = case[2]:sub(i, i + size - 1)
        end
        local failure, sent = meet("server", pieces)
        assert.equal(case[3], failure.code)
        assert.equal(case[4], failure.alert_number)
        assert.equal("us", failure.sent_by)
        assert.matches(case[5] or ".", failure.message)
        assert.equal(wire.alert(case[4], UNDECIDED), sent)
      end
    end)
  end

  -- A sanitizer sees that what is not there is not read either.
  it("a message of another type that claims to be long does not look for it", function()
    for alert, options in pairs { [10] = {}, [50] = { cipher_suites = wire.CLASSIC } } do
      local failure = meet("server", wire.record(wire.HANDSHAKE, wire.message(0x30, "", 0xFA703)), options)
      assert.equal(alert, failure.alert_number)
    end
  end)

  it("a fatal alert sends none itself", function()
    local failure, sent = meet("server", wire.alert(40))
    assert.equal("alert_handshake_failure", failure.code)
    assert.equal("peer", failure.sent_by)
    assert.equal("", sent)
  end)

  it("a fatal alert of a description that does not exist takes it for what it is", function()
    local failure, sent = meet("server", wire.record(wire.ALERT, "\2\7"))
    assert.equal("alert_unknown", failure.code)
    assert.equal("peer", failure.sent_by)
    assert.equal("", sent)
  end)

  it("an alert of a level that does not exist refuses it", function()
    local failure, sent = meet("server", wire.record(wire.ALERT, "\7\40"))
    assert.same({ "peer_illegal_parameter", "us" }, { failure.code, failure.sent_by })
    assert.equal(wire.alert(47), sent)
  end)

  it("a fatal alert in pieces understands it, but not one in two records (RFC 8446, 5.1)", function()
    assert.equal("alert_unknown_ca", (meet("server", { "\21\3\1\0", "\2\2", "\48" })).code)
    local failure = meet("server", wire.record(wire.ALERT, "\2") .. wire.record(wire.ALERT, "\48"))
    assert.equal("peer_malformed_message", failure.code)
    assert.equal("decode_error", failure.alert)
  end)

  it("nothing at all, or half a header, calls it truncated and sends no alert", function()
    for _, bytes in ipairs { "", "\22", "\22\3\1\0", "\22\3\1\0\100\1" } do
      local failure, sent = meet("server", bytes)
      assert.equal("truncated", failure.code)
      assert.is_nil(failure.sent_by)
      assert.equal("", sent)
    end
  end)

  it("empty records without end stops it", function()
    for _, content_type in ipairs { wire.HANDSHAKE, wire.ALERT, wire.CHANGE_CIPHER_SPEC } do
      local failure = meet("server", wire.record(content_type, ""):rep(200))
      assert.is_truthy(failure.code == "peer_too_many_records" or failure.code == "peer_unexpected_message")
      assert.equal("us", failure.sent_by)
    end
  end)

  it("warnings without end stops it", function()
    local failure, sent = meet("server", wire.record(wire.ALERT, "\1\90"):rep(200))
    assert.equal("peer_too_many_records", failure.code)
    assert.equal(wire.alert(10, UNDECIDED), sent)
  end)

  it("a hello in a thousand records of one byte reads it", function()
    local p = pair.new()
    local hello = wire.records(p.client:drain())[1]
    for i = 1, #hello.body do
      assert.is_true(p.server:feed(wire.record(wire.HANDSHAKE, hello.body:sub(i, i), hello.version)))
    end
    assert.equal("open", p:settle().client:state())
  end)

  it("a close_notify instead of a hello does not take it for a connection that was open", function()
    local failure, _, session = meet("server", wire.record(wire.ALERT, "\1\0"))
    assert.same({ "failed", "alert_close_notify", "peer" }, { session:state(), failure.code, failure.sent_by })
  end)
end)

describe("a client that meets", function()
  for _, case in ipairs {
    { "an HTTP answer", "HTTP/1.1 400 Bad Request\r\n\r\n", "peer_not_tls", 10, 'begins with "HTTP/"' },
    { "an SMTP greeting", "220 mail.example.test ESMTP\r\n", "peer_not_tls", 10, "220 m" },
    { "garbage", "\255\254\253\252\251\250", "peer_not_tls", 10 },
    { "application data first", wire.record(wire.APPLICATION_DATA, "hello"), "peer_unexpected_message", 10 },
    { "a record of 2^14+1 bytes", wire.record(wire.HANDSHAKE, ("\2"):rep(16385)), "peer_record_length", 22 },
    { "a server_hello announced with 16 MB", wire.record(wire.HANDSHAKE, wire.message(2, "x", 2 ^ 24 - 1)),
      "peer_message_too_long", 50 },
    { "a client's message", wire.record(wire.HANDSHAKE, wire.message(1, ("x"):rep(50))),
      "peer_unexpected_message", 10 },
  } do
    it(case[1] .. " says so, to itself and to the peer", function()
      local failure, sent = meet("client", case[2])
      assert.equal(case[3], failure.code)
      assert.equal(case[4], failure.alert_number)
      assert.equal("us", failure.sent_by)
      assert.matches(case[5] or ".", failure.message)
      assert.equal(string.char(2, case[4]), wire.records(sent)[1].body)
      assert.equal(1, #wire.records(sent))
    end)
  end

  it("a close_notify in the middle of the handshake does not take it for a connection that was open", function()
    for _, after in ipairs { 0, 2 } do
      local p = pair.new(client_config, server_config)
      p.server:feed(p.client:drain())
      local flight = after == 2 and p.server:drain() or ""
      p.client:feed(flight)
      p.client:drain()
      p.client:feed(wire.record(wire.ALERT, "\1\0"))
      p.client:feed(nil)
      local failure = p.client:failure()
      assert.same({ "failed", "alert_close_notify", "peer" }, { p.client:state(), failure.code, failure.sent_by })
    end
  end)

  it("hello_requests without end stops it", function()
    local failure = meet("client", wire.record(wire.HANDSHAKE, wire.message(0, "")):rep(200))
    assert.equal("peer_too_many_records", failure.code)
  end)
end)
