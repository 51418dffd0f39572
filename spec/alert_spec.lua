-- Every failure is told to the peer: what we say, the alert, and what the peer makes of it. BearSSL 0.6 is silent
-- about most of them.

local faults = require "support.faults"
local pair = require "support.pair"
local pki = require "support.pki"
local tls = require "beartls"
local wire = require "support.wire"

local client_config, server_config = wire.configs()

-- A change of one message of a flight: its body goes through `edit`.
local function edited(message_type, edit)
  return function(bytes)
    for _, message in ipairs(faults.messages(bytes)) do
      if message.type == message_type then
        return faults.replaced(bytes, message_type, wire.message(message_type, edit(message.raw:sub(5))))
      end
    end
    error("the flight has no message of type " .. message_type)
  end
end

-- Replaces the bytes from `from` on, counted from 1, or from the end if negative.
local function put(from, by)
  return function(body)
    if from < 0 then
      from = #body + from + 1
    end
    return body:sub(1, from - 1) .. by .. body:sub(from + #by)
  end
end

local SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 2, 11, 12, 13, 14
local CLIENT_HELLO, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE = 1, 15, 16

-- A ServerHello with a 32-byte session id: where its parts begin.
local SUITE, COMPRESSION = 2 + 32 + 1 + 32 + 1, 2 + 32 + 1 + 32 + 2 + 1

local function with_extensions(extensions)
  return function(body)
    return body:sub(1, COMPRESSION) .. wire.number(#extensions, 2) .. extensions
  end
end

local function extension(number, body)
  return wire.number(number, 2) .. wire.number(#body, 2) .. body
end

-- A ClientHello is put together anew.
local function client_hello(given)
  given = given or {}
  return function()
    local suites, extensions = given.suites or "\192\43", given.extensions or ""
    return (given.version or "\3\3") .. ("r"):rep(32) .. (given.session_id or "\0") .. wire.number(#suites, 2) .. suites
      .. (given.compression or "\1\0") .. wire.number(#extensions, 2) .. extensions
  end
end
local OUR_GROUPS = extension(10, "\0\2\0\29") .. extension(13, "\0\4\4\3\4\1")

local function raw_point(length)
  return function(body)
    return body:sub(1, 3) .. string.char(length) .. ("\9"):rep(length) .. body:sub(5 + body:byte(4))
  end
end

-- Who fails, in which flight what is changed; our code, the alert.
local cases = {
  -- ---- what a server says ----
  { "a version that is not enabled", "client", 2, edited(SERVER_HELLO, put(1, "\3\2")), "peer_version", 70 },
  { "a version that does not exist", "client", 2, edited(SERVER_HELLO, put(1, "\3\9")), "peer_version", 70 },
  { "a suite that was not offered", "client", 2, edited(SERVER_HELLO, put(SUITE, "\0\47")),
    "peer_illegal_parameter", 47 },
  { "a compression that was not offered", "client", 2, edited(SERVER_HELLO, put(COMPRESSION, "\1")),
    "peer_illegal_parameter", 47 },
  { "an extension that was not asked for", "client", 2, edited(SERVER_HELLO, with_extensions(extension(35, ""))),
    "peer_unsupported_extension", 110 },
  { "ALPN that was not asked for", "client", 2, edited(SERVER_HELLO, with_extensions(extension(16, "\0\2\1x"))),
    "peer_unsupported_extension", 110 },
  { "a wrong renegotiation_info", "client", 2, edited(SERVER_HELLO, with_extensions(extension(0xFF01, "\1x"))),
    "peer_renegotiation_info", 40 },
  { "a server_name that is not empty", "client", 2, edited(SERVER_HELLO, with_extensions(extension(0, "x"))),
    "peer_illegal_parameter", 47 },
  { "a server_hello with bytes behind it", "client", 2, edited(SERVER_HELLO, function(body) return body .. "x" end),
    "peer_malformed_message", 50 },
  { "a session id of 33 bytes", "client", 2, edited(SERVER_HELLO, put(35, "\33")), "peer_malformed_message", 50 },
  { "a group that was not offered", "client", 2, edited(SERVER_KEY_EXCHANGE, put(1, "\3\0\24")),
    "peer_illegal_parameter", 47 },
  { "a group without a name", "client", 2, edited(SERVER_KEY_EXCHANGE, put(1, "\1\0\29")),
    "peer_illegal_parameter", 47 },
  { "a signature by an algorithm that was not offered", "client", 2, edited(SERVER_KEY_EXCHANGE, put(37, "\9\3")),
    "peer_illegal_parameter", 47 },
  { "a signature of another kind than its key", "client", 2, edited(SERVER_KEY_EXCHANGE, put(37, "\4\1")),
    "peer_illegal_parameter", 47 },
  { "a signature that it did not make", "client", 2, edited(SERVER_KEY_EXCHANGE, put(-1, "x")),
    "peer_bad_signature", 51 },
  { "another key than the one that it signed", "client", 2, edited(SERVER_KEY_EXCHANGE, put(10, "xxxx")),
    "peer_bad_signature", 51 },
  { "a key that is too short, and not signed", "client", 2, edited(SERVER_KEY_EXCHANGE, raw_point(31)),
    "peer_bad_signature", 51 },
  { "a key that is longer than any", "client", 2, edited(SERVER_KEY_EXCHANGE, raw_point(134)),
    "peer_illegal_parameter", 47 },
  { "no certificate", "client", 2, edited(CERTIFICATE, function() return "\0\0\0" end), "peer_unexpected_message", 10 },
  { "a certificate_request without types", "client", 2, edited(CERTIFICATE_REQUEST, put(1, "\0")),
    "peer_malformed_message", 50 },
  { "a server_hello_done that is not empty", "client", 2, edited(SERVER_HELLO_DONE, function() return "x" end),
    "peer_unexpected_message", 10 },
  { "a key exchange twice", "client", 2, function(bytes)
    for _, message in ipairs(faults.messages(bytes)) do
      if message.type == SERVER_KEY_EXCHANGE then
        return faults.replaced(bytes, SERVER_KEY_EXCHANGE, message.raw .. message.raw)
      end
    end
  end, "peer_unexpected_message", 10 },
  { "no key exchange", "client", 2, function(bytes)
    return faults.replaced(bytes, SERVER_KEY_EXCHANGE, "")
  end, "peer_unexpected_message", 10 },
  -- ---- what a client says ----
  { "a version below ours", "server", 1, edited(CLIENT_HELLO, client_hello { version = "\3\2" }), "peer_version", 70 },
  { "SSL 3.0", "server", 1, edited(CLIENT_HELLO, client_hello { version = "\3\0" }), "peer_version", 70 },
  { "no suite that we have", "server", 1, edited(CLIENT_HELLO, client_hello { suites = "\0\47" }),
    "peer_nothing_in_common", 40 },
  { "no suites at all", "server", 1, edited(CLIENT_HELLO, client_hello { suites = "" }),
    "peer_malformed_message", 50 },
  { "no group that we have", "server", 1,
    edited(CLIENT_HELLO, client_hello { extensions = extension(10, "\0\2\0\24") .. extension(13, "\0\4\4\3\4\1") }),
    "peer_nothing_in_common", 40 },
  { "only compression", "server", 1, edited(CLIENT_HELLO, client_hello { compression = "\1\1" }),
    "peer_illegal_parameter", 47 },
  { "a hello that claims more suites than it has", "server", 1, edited(CLIENT_HELLO, put(36, "\255\254")),
    "peer_malformed_message", 50 },
  { "a session id of 33 bytes in its hello", "server", 1, edited(CLIENT_HELLO, put(35, "\33")),
    "peer_malformed_message", 50 },
  { "a renegotiation_info for a session that was not", "server", 1,
    edited(CLIENT_HELLO, client_hello { extensions = OUR_GROUPS .. extension(0xFF01, "\1x") }),
    "peer_renegotiation_info", 40 },
  { "a fallback that is none", "server", 1, edited(CLIENT_HELLO, client_hello { version = "\3\2",
    suites = "\192\43\86\0" }), "peer_version", 70 },
  { "a certificate_verify that its key did not make", "server", 3, edited(CERTIFICATE_VERIFY, put(-1, "x")),
    "peer_bad_signature", 51 },
  { "a certificate_verify by an unknown algorithm", "server", 3, edited(CERTIFICATE_VERIFY, put(1, "\9\3")),
    "peer_illegal_parameter", 47 },
  { "no certificate_verify", "server", 3, function(bytes)
    return faults.replaced(bytes, CERTIFICATE_VERIFY, "")
  end, "peer_unexpected_message", 10 },
  { "no certificate where one is required", "server", 3, edited(CERTIFICATE, function() return "\0\0\0" end),
    "certificate_missing", 40 },
  { "a key exchange that is cut off", "server", 3, edited(CLIENT_KEY_EXCHANGE, function() return "\32xxxx" end),
    "peer_malformed_message", 50 },
  { "an empty key exchange", "server", 3, edited(CLIENT_KEY_EXCHANGE, function() return "" end),
    "peer_unexpected_message", 10 },
}

describe("a peer that sends", function()
  for _, case in ipairs(cases) do
    local side, flight = case[2], case[3]
    it(("%s (%s) hears of it"):format(case[1], side == "client" and "server" or "client"), function()
      local changed
      local p = wire.run(client_config, server_config, function(n, bytes)
        if n ~= flight then
          return bytes
        end
        changed = case[4](bytes)
        return changed
      end)
      assert.is_truthy(changed)
      assert.is_nil(wire.judge(p))
      local ours, theirs = p[side]:failure(), p[side == "client" and "server" or "client"]:failure()
      assert.same({ case[5], case[6], "us" }, { ours.code, ours.alert_number, ours.sent_by })
      assert.is_string(ours.hint)
      assert.same({ "alert_" .. ours.alert, "peer" }, { theirs.code, theirs.sent_by })
    end)
  end
end)

-- A key exchange that the server's own key signs, whatever is in it.
local function key_exchange(group, point)
  local key = assert(tls.key.load(pki.path "server_ec.key"))
  return function(hello, bytes)
    local client_random, server_random = hello:sub(12, 43), bytes:sub(12, 43)
    local parameters = "\3" .. wire.number(group, 2) .. string.char(#point) .. point
    local signature = assert(key:sign("ecdsa_secp256r1_sha256", client_random .. server_random .. parameters))
    return faults.replaced(bytes, SERVER_KEY_EXCHANGE, wire.message(SERVER_KEY_EXCHANGE,
      parameters .. "\4\3" .. wire.number(#signature, 2) .. signature))
  end
end

local X25519, P256 = 29, 23
local GENERATOR = ("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
  .. "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"):gsub("%x%x", function(hex)
  return string.char(tonumber(hex, 16))
end)

describe("a server's key exchange with", function()
  local both, server = wire.configs({ groups = { "x25519", "secp256r1" } })
  for _, case in ipairs {
    { "a good key on X25519", X25519, ("\9"):rep(32), true },
    { "a good key on P-256", P256, "\4" .. GENERATOR, true },
    { "a key of no bytes", X25519, "" },
    { "a key that is a byte too short", X25519, ("\9"):rep(31) },
    { "a key that is a byte too long", X25519, ("\9"):rep(33) },
    { "a key that makes a secret of zeros", X25519, ("\0"):rep(32) },
    { "a key of low order", X25519, "\1" .. ("\0"):rep(31) },
    { "a P-256 key on X25519", X25519, "\4" .. GENERATOR },
    { "an X25519 key on P-256", P256, ("\9"):rep(32) },
    { "a compressed point", P256, "\2" .. GENERATOR:sub(1, 32) },
    { "a point that is not on the curve", P256, "\4" .. GENERATOR:sub(1, 63) .. "x" },
    { "a point that is cut", P256, "\4" .. GENERATOR:sub(1, 63) },
    { "a point with a byte behind it", P256, "\4" .. GENERATOR .. "x" },
    { "the point at infinity", P256, "\0" },
    { "the longest point there can be", P256, ("\4"):rep(133) },
  } do
    it(case[1] .. (case[4] and " is believed" or " is refused, and the server hears of it"), function()
      local hello
      local p = wire.run(both, server, function(n, bytes)
        hello = n == 1 and bytes or hello
        return n == 2 and key_exchange(case[2], case[3])(hello, bytes) or bytes
      end)
      assert.is_nil(wire.judge(p))
      local client, server_failure = p.client:failure(), p.server:failure()
      if case[4] then
        -- The server has another secret than the one of this key.
        assert.equal("alert_" .. server_failure.alert, client.code)
      else
        assert.same({ "peer_illegal_parameter", 47, "us" }, { client.code, client.alert_number, client.sent_by })
        assert.same({ "alert_illegal_parameter", "peer" }, { server_failure.code, server_failure.sent_by })
      end
    end)
  end
end)

describe("a hello that was changed on the way, harmlessly,", function()
  local function add_an_extension(n, bytes)
    if n ~= 1 then
      return bytes
    end
    return edited(CLIENT_HELLO, function(body)
      local session_id = body:byte(35)
      local at = 35 + session_id
      at = at + 2 + body:byte(at + 1) * 256 + body:byte(at + 2) + 2
      local added = extension(0x7A7A, "")
      local length = body:byte(at + 1) * 256 + body:byte(at + 2)
      return body:sub(1, at) .. wire.number(length + #added, 2) .. body:sub(at + 3) .. added
    end)(bytes)
  end

  for _, case in ipairs {
    { "is found out by the server, which tells the client", "server", "client" },
    { "is found out by the client when it resumes, which tells the server", "client", "server" },
  } do
    it(case[1], function()
      local client, server = wire.configs({}, { verify_client = "none" })
      local ticket
      if case[2] == "client" then
        ticket = assert(pair.open(client, server).client:ticket())
      end
      local p = wire.run(client, server, add_an_extension, { client = { ticket = ticket } })
      assert.is_nil(wire.judge(p))
      local ours, theirs = p[case[2]]:failure(), p[case[3]]:failure()
      assert.same({ "peer_bad_finished", 51, "us" }, { ours.code, ours.alert_number, ours.sent_by })
      assert.same({ "alert_decrypt_error", "peer" }, { theirs.code, theirs.sent_by })
    end)
  end
end)
