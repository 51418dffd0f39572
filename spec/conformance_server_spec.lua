-- What conformance suites ask of a server of TLS 1.3 besides the rules in modern_*_rules_spec.lua. The names say what a
-- client does; the cases follow those of tlsfuzzer's scripts where an RFC leaves no other answer.

local hello = require "support.hello"
local pki = require "support.pki"
local primitives = require "primitives"
local rules = require "support.rules"
local scripted = require "support.scripted"
local tls = require "beartls"
local wire = require "support.wire"

local ILLEGAL, DECODE, UNEXPECTED = "peer_illegal_parameter", "peer_malformed_message", "peer_unexpected_message"
local NOTHING, MISSING, TOO_LONG = "peer_nothing_in_common", "peer_missing_extension", "peer_message_too_long"
local CCS = wire.record(wire.CHANGE_CIPHER_SPEC, "\1")
local KEY_UPDATE_REQUESTED = wire.message(24, "\1")

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

local function all(...)
  local changes = { ... }
  return function(h, client)
    for _, change in ipairs(changes) do
      change(h, client)
    end
  end
end

-- Puts an extension in front of all others, so that key_share stays where scripts look for it.
local function first(code, body)
  return function(h) table.insert(h.extensions, 1, { code, body or "" }) end
end

local function names(...)
  local list = {}
  for _, name in ipairs { ... } do
    list[#list + 1] = type(name) == "table" and string.char(name[1]) .. hello.vector(2, name[2])
      or "\0" .. hello.vector(2, name)
  end
  return put(hello.SERVER_NAME, hello.vector(2, table.concat(list)))
end

local function groups(...)
  return put(hello.GROUPS, hello.list { ... })
end

-- Shares: numbers are groups, with 32 bytes that mean nothing.
local function shares(...)
  local given = { ... }
  return function(h, client)
    local list = {}
    for _, group in ipairs(given) do
      list[#list + 1] = hello.share(group, group == hello.X25519 and client.share or ("\171"):rep(32))
    end
    hello.put(h, hello.KEY_SHARE, hello.vector(2, table.concat(list)))
  end
end

local function many_schemes(n, ...)
  local list = {}
  for i = 1, n do
    list[i] = 0x0202 -- DSA with SHA-1
  end
  for _, scheme in ipairs { ... } do
    list[#list + 1] = scheme
  end
  return put(hello.SCHEMES, hello.list(list))
end

-- Extensions with these code points, but the ones that the hello needs.
local function unknown_extensions(from, to, body)
  return function(h)
    for code = from, to do
      if not hello.get(h, code) then
        table.insert(h.extensions, 1, { code, body and body(code) or "" })
      end
    end
  end
end

local function suites(n, ...)
  local list = {}
  for i = 1, n do
    list[i] = 0x0a0a
  end
  for _, suite in ipairs { ... } do
    list[#list + 1] = suite
  end
  return field("suites", list)
end

describe("server_name (RFC 6066, 3):", function()
  rules.each_client_hello(it, {
    { "with two host names is refused", names("localhost", "www.localhost"), ILLEGAL, 47 },
    { "with a host name twice is refused", names("localhost", "localhost"), ILLEGAL, 47 },
    { "with a zero in its host name is refused", names "local\0host", ILLEGAL, 47 },
    { "with a bell in its host name is refused", names "local\7host", ILLEGAL, 47 },
    { "with an escape sequence in its host name is refused", names "localhost\27[31mBAD\27[0;37m", ILLEGAL, 47 },
    { "with UTF-8 in its host name is refused", names "local\196\133host", ILLEGAL, 47 },
    { "with a space in its host name is refused", names "local host", ILLEGAL, 47 },
    { "with a name of another type behind the host name is taken", names("localhost", { 1, "\0\1\2\255" }) },
    { "with a name of another type before the host name is taken", names({ 1, "\0\1\2\255" }, "localhost") },
    { "with a name of another type alone is taken", names { 9, "x" } },
    { "with an underscore in its host name is taken", names "local_host.example" },
    { "with an address for a host name is taken", names "127.0.0.1" },
    { "with a dot behind its host name is taken", names "localhost." },
    { "with a host name of 255 bytes is taken", names(("a"):rep(255)) },
    { "with a host name of 60000 bytes is taken", names(("a"):rep(60000)) },
    { "with something behind its host name is malformed", put(hello.SERVER_NAME, "\0\4\0\0\1ex"), DECODE, 50 },
    { "with something behind its list of names is malformed", put(hello.SERVER_NAME, "\0\4\0\0\1e\0"), DECODE, 50 },
    { "with a list of names that is too long is malformed", put(hello.SERVER_NAME, "\255\255\255\255"), DECODE, 50 },
  })
end)

describe("sizes of a ClientHello (RFC 8446, 4.1.2, 4.2):", function()
  rules.each_client_hello(it, {
    { "with 32717 schemes is taken", many_schemes(32716 - 150, 0x0403) },
    { "with 2355 schemes is taken", many_schemes(2354, 0x0403) },
    { "with 32767 suites is taken", suites(32766, 0x1301) },
    { "with 32767 suites and 64 kB of extensions is taken", all(suites(32766, 0x1301), many_schemes(32500, 0x0403)) },
    { "with 4096 unknown extensions is taken", unknown_extensions(52, 52 + 4096) },
    { "with 1024 unknown extensions with contents is taken", unknown_extensions(60000, 61024, function(code)
      return ("x"):rep(code % 64)
    end) },
    { "with what is of TLS 1.2 and empty is taken", function(h)
      for _, code in ipairs { 2, 3, 4, 6, 7, 8, 9, 11, 12, 17, 22, 23, 24, 25, 26, 27, 35, 46, 13172, 0xFF01 } do
        first(code)(h)
      end
    end },
    { "with what is of TLS 1.2 and makes no sense is taken", function(h)
      for _, code in ipairs { 2, 3, 4, 6, 7, 8, 9, 11, 12, 17, 22, 23, 24, 25, 26, 27, 35, 46, 13172, 0xFF01 } do
        first(code, "\255\0\1\2")(h)
      end
    end },
    { "with padding of 30000 bytes is taken", first(21, ("\0"):rep(30000)) },
    { "without suites is malformed", field("suites", {}), DECODE, 50 },
    { "with half a suite is malformed", field("raw_suites", "\0\3\19\1\19"), DECODE, 50 },
    { "with SCSV alone is refused", field("suites", { 0x00FF }), NOTHING, 40 },
    { "with suites that nobody knows is refused", field("suites", { 0x1306, 0x13ff, 0xfafa }), NOTHING, 40 },
    { "with suites that nobody knows and one that we know is taken", field("suites", { 0x1306, 0x13ff, 0x1301 }) },
  })

  it("a ClientHello of 64 kB in records of one byte is taken", function()
    local client = rules.client_of_server()
    local message = hello.encode(client:new_client_hello(first(21, ("\0"):rep(20000))))
    client.transcript:add(message)
    local records = {}
    for i = 1, #message do
      records[i] = wire.record(wire.HANDSHAKE, message:sub(i, i), 0x0301)
    end
    client:raw(table.concat(records)):listen():client_flight():listen():expect_open()
  end)

  it("a ClientHello as long as a message may be is taken where old suites are named, too", function()
    local client = rules.client_of_server { cipher_suites = { "TLS_AES_128_GCM_SHA256",
      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" } }
    client:client_hello(all(suites(32766, 0x1301), many_schemes(32500, 0x0403)))
    client:listen():client_flight():listen():expect_open()
  end)

  it("a ClientHello that claims to have 16 MB is refused at once", function()
    rules.client_of_server():raw(wire.record(wire.HANDSHAKE, "\1\255\255\255\3\3")):expect(TOO_LONG, 50, false)
  end)
end)

describe("lengths in a ClientHello that are not true (RFC 8446, 6.2):", function()
  it("every length of the last extension's contents but the right one is malformed", function()
    for wrong = 0, 255 do
      if wrong ~= 4 then
        local client = rules.client_of_server()
        client:client_hello(function(h)
          hello.remove(h, hello.SCHEMES)
          hello.add(h, hello.SCHEMES, "\0" .. string.char(wrong) .. "\8\4\4\3")
        end):expect(DECODE, 50, false)
      end
    end
  end)

  it("a ClientHello that is cut off anywhere, its header knowing of it, is malformed", function()
    local whole = hello.encode(rules.client_of_server():new_client_hello())
    for n = 0, #whole - 5 do
      local client = rules.client_of_server()
      local message = wire.message(1, whole:sub(5, 4 + n))
      client:send(wire.HANDSHAKE, message):listen()
      local failure = client.session:failure()
      -- Without extensions it is one of TLS 1.2, which has nothing that this server could answer.
      local wanted = n == 2 + 32 + 33 + 4 + 2 and NOTHING or DECODE
      assert.equal(wanted, failure and failure.code, "cut to " .. n)
    end
  end)

  it("a ClientHello with something behind it is malformed, whatever that is", function()
    for _, behind in ipairs { "\0", "\0\0", ("\0"):rep(1000), "\255\255" } do
      rules.client_of_server():client_hello(field("behind", behind)):expect(DECODE, 50, false)
    end
  end)
end)

describe("groups and shares (RFC 8446, 4.2.7, 4.2.8):", function()
  rules.each_client_hello(it, {
    { "with an unknown group first and its share is taken by the other", all(groups(0x1300, 29), shares(0x1300, 29)) },
    { "with FFDHE groups, too, is taken by ECDHE", all(groups(256, 257, 29), shares(256, 29)) },
    { "with an obsolete group is taken by another", all(groups(1, 0xFF01, 29), shares(29)) },
    { "with x448 and x25519 is taken by x25519", all(groups(30, 29), shares(30, 29)) },
    { "with ML-KEM first is taken by x25519", all(groups(0x11ec, 29), shares(0x11ec, 29)) },
    { "with unknown groups alone is refused", all(groups(0x1300, 0xfe00), shares(0x1300)), NOTHING, 40 },
    { "with FFDHE groups alone is refused", all(groups(256, 257), shares(256)), NOTHING, 40 },
    { "with an obsolete group alone is refused", all(groups(9), shares()), NOTHING, 40 },
    { "with the share of a group that it does not list is refused", all(groups(29), shares(9, 29)), ILLEGAL, 47 },
    { "with shares in another order than its groups is refused", all(groups(23, 29), shares(29, 23)), ILLEGAL, 47 },
    { "with empty key_share is malformed", put(hello.KEY_SHARE, ""), DECODE, 50 },
    { "with half a share is malformed", put(hello.KEY_SHARE, "\0\5\0\29\0\2x"), DECODE, 50 },
    { "with something behind its shares is malformed", put(hello.KEY_SHARE, "\0\0\0"), DECODE, 50 },
    -- key_exchange<1..2^16-1>: an out-of-range length is a decode_error (RFC 8446, 6).
    { "with an empty share is malformed", put(hello.KEY_SHARE, "\0\4\0\29\0\0"), DECODE, 50 },
    { "with empty supported_groups is malformed", put(hello.GROUPS, ""), DECODE, 50 },
    { "with an empty list of groups is malformed", put(hello.GROUPS, "\0\0"), DECODE, 50 },
  })
end)

describe("signature_algorithms (RFC 8446, 4.2.3):", function()
  rules.each_client_hello(it, {
    { "with schemes that nobody knows and one that we know is taken", put(hello.SCHEMES,
      hello.list { 0x0a01, 0xfefe, 0x0403 }) },
    { "with schemes that nobody knows is refused", put(hello.SCHEMES, hello.list { 0x0418, 0x1801, 0x0a0a, 0x0918,
      0xffff }), NOTHING, 40 },
    { "with schemes of TLS 1.2 is refused", put(hello.SCHEMES, hello.list { 0x0201, 0x0601, 0x0203 }), NOTHING, 40 },
    { "with an empty list of schemes is malformed", put(hello.SCHEMES, "\0\0"), DECODE, 50 },
    { "with empty signature_algorithms is malformed", put(hello.SCHEMES, ""), DECODE, 50 },
    { "with half a scheme is malformed", put(hello.SCHEMES, "\0\5\4\3\8\4\2"), DECODE, 50 },
    { "with something behind its schemes is malformed", put(hello.SCHEMES, "\0\4\8\4\8\9\4\3"), DECODE, 50 },
  })
end)

describe("certificate_authorities and status_request (RFC 8446, 4.2.4; RFC 6066, 8):", function()
  rules.each_client_hello(it, {
    { "with authorities is taken", put(hello.AUTHORITIES, "\0\8\0\2\48\0\0\2\48\0") },
    { "without any in the list is malformed", put(hello.AUTHORITIES, "\0\0"), DECODE, 50 },
    { "with an empty authority is malformed", put(hello.AUTHORITIES, "\0\6\0\0\0\2\48\0"), DECODE, 50 },
    { "with an authority that is too long is malformed", put(hello.AUTHORITIES, "\0\4\0\9\48\0"), DECODE, 50 },
    { "with something behind its authorities is malformed", put(hello.AUTHORITIES, "\0\4\0\2\48\0x"), DECODE, 50 },
    { "with responders is taken", put(hello.STATUS_REQUEST, "\1\0\6\0\1a\0\1b\0\2xy") },
    { "with an empty responder is malformed", put(hello.STATUS_REQUEST, "\1\0\2\0\0\0\0"), DECODE, 50 },
    { "with a responder that is too long is malformed", put(hello.STATUS_REQUEST, "\1\0\3\0\9a\0\0"), DECODE, 50 },
  })
end)

describe("the second ClientHello (RFC 8446, 4.1.2):", function()
  local function second(change, first_change)
    local client = rules.client_of_server()
    client.transcript = primitives.transcript()
    client:client_hello(function(h)
      hello.put(h, hello.KEY_SHARE, "\0\0")
      if first_change then
        first_change(h, client)
      end
    end)
    client.transcript:retry "sha256"
    client:listen()
    assert.equal(hello.RETRY, client.their_hello.random)
    local cookie = hello.get(client.their_hello, hello.COOKIE)
    return client:client_hello(function(h)
      if first_change then
        first_change(h, client)
        shares(29)(h, client)
      end
      hello.add(h, hello.COOKIE, cookie)
      if change then
        change(h, client)
      end
    end)
  end

  local function reversed(h)
    local list = {}
    for i = #h.extensions, 1, -1 do
      list[#list + 1] = h.extensions[i]
    end
    h.extensions = list
  end

  it("in the same order is taken, wherever the cookie stands", function()
    second():listen():client_flight():listen():expect_open()
    second(function(h) table.insert(h.extensions, 1, table.remove(h.extensions)) end)
      :listen():client_flight():listen():expect_open()
    second(function(h) table.insert(h.extensions, 3, table.remove(h.extensions)) end)
      :listen():client_flight():listen():expect_open()
  end)

  it("whose extensions stand in another order is refused", function()
    second(reversed):expect(ILLEGAL, 47, false)
    second(function(h) h.extensions[1], h.extensions[2] = h.extensions[2], h.extensions[1] end)
      :expect(ILLEGAL, 47, false)
  end)

  it("with other unknown extensions, or those in another order, is refused", function()
    local function unknown(h)
      first(0x1234, "a")(h)
      first(0x4321, "b")(h)
    end
    second(nil, unknown):listen():client_flight():listen():expect_open()
    second(function(h) h.extensions[1], h.extensions[2] = h.extensions[2], h.extensions[1] end, unknown)
      :expect(ILLEGAL, 47, false)
    second(function(h) table.remove(h.extensions, 1) end, unknown):expect(ILLEGAL, 47, false)
    second(first(0x1111), unknown):expect(ILLEGAL, 47, false)
  end)

  it("with other contents of an unknown extension is taken, which its RFC may allow", function()
    -- encrypted_client_hello has to differ in the second hello (RFC 9849, 6.1.5).
    second(function(h) h.extensions[1][2] = "other" end, first(0xfe0d, "payload"))
      :listen():client_flight():listen():expect_open()
  end)

  it("with padding that the first had not, or without that of the first, is taken", function()
    second(first(21, "\0\0\0")):listen():client_flight():listen():expect_open()
    second(function(h) hello.remove(h, 21) end, first(21, "\0\0\0")):listen():client_flight():listen():expect_open()
  end)

  for _, case in ipairs {
    { "with other schemes", put(hello.SCHEMES, hello.list { 0x0403 }) },
    { "with other groups", groups(29) },
    { "with another server name", names "other" },
    { "with other suites", field("suites", { 0x1301, 0x1302 }) },
    { "with another random", field("random", ("q"):rep(32)) },
    { "with another session id", field("session_id", "") },
    { "with another record_size_limit", put(hello.RECORD_SIZE_LIMIT, "\1\0") },
    { "with early data", first(hello.EARLY_DATA) },
  } do
    it(case[1] .. " is refused", function()
      second(case[2]):expect(ILLEGAL, 47, false)
    end)
  end
end)

describe("Finished (RFC 8446, 4.4.4, 6.2):", function()
  local function handshake()
    return rules.client_of_server():client_hello():listen()
  end

  it("of every wrong length is malformed, and not read to its end when that is far", function()
    for _, n in ipairs { 0, 1, 12, 31, 33, 48, 64, 16384 - 4, 0x20000 } do
      local client = handshake()
      client:send(wire.HANDSHAKE, wire.message(20, ("\0"):rep(n))):expect(DECODE, 50, true)
    end
    for _, n in ipairs { 0x30000, 0xFFFFFF } do
      handshake():send(wire.HANDSHAKE, wire.message(20, "", n) .. ("\0"):rep(100)):expect(TOO_LONG, 50, true)
    end
  end)

  it("that has one wrong bit is refused, whichever it is", function()
    for bit = 0, 255, 5 do
      local client = handshake()
      local right = client:finished()
      local at = 5 + math.floor(bit / 8)
      local byte = right:byte(at)
      local mask = 2 ^ (bit % 8)
      local flipped = math.floor(byte / mask) % 2 == 0 and byte + mask or byte - mask
      client:send(wire.HANDSHAKE, right:sub(1, at - 1) .. string.char(flipped) .. right:sub(at + 1))
        :expect("peer_bad_finished", 51, true)
    end
  end)

  it("in the clear is unexpected", function()
    local client = handshake()
    client:raw(wire.record(wire.HANDSHAKE, client:finished())):expect(UNEXPECTED, 10, true)
  end)

  it("a message that does not belong there is unexpected, however long it claims to be", function()
    handshake():send(wire.HANDSHAKE, wire.message(1, "", 0xFFFFFF)):expect(UNEXPECTED, 10, true)
    handshake():send(wire.HANDSHAKE, wire.message(99, "", 0xFFFFFF)):expect(UNEXPECTED, 10, true)
  end)

  it("behind its first half comes nothing but its second", function()
    for _, case in ipairs { { wire.APPLICATION_DATA, "x" }, { wire.APPLICATION_DATA, "" }, { wire.ALERT, "\1\90" } } do
      local client = handshake()
      client:send(wire.HANDSHAKE, client:finished():sub(1, 16)):send(case[1], case[2]):expect(UNEXPECTED, 10, true)
    end
    local client = handshake()
    client:send(wire.HANDSHAKE, client:finished():sub(1, 16)):raw(CCS):expect(UNEXPECTED, 10, true)
  end)
end)

describe("application data before the handshake is finished", function()
  it("is unexpected, even without contents, even with padding", function()
    for _, padding in ipairs { 1, 30, 16384 } do
      local client = rules.client_of_server():client_hello():listen()
      client.records:pad(padding)
      client:send(wire.APPLICATION_DATA, ""):expect(UNEXPECTED, 10, true)
    end
    rules.client_of_server():raw(wire.record(wire.APPLICATION_DATA, "GET /")):expect(UNEXPECTED, 10, false)
    rules.client_of_server():raw(wire.record(wire.APPLICATION_DATA, "")):expect(UNEXPECTED, 10, false)
  end)
end)

describe("early data that is refused (RFC 8446, 4.2.10):", function()
  local function offer(h)
    hello.add(h, hello.EARLY_DATA, "")
    hello.add(h, hello.PRE_SHARED_KEY, hello.vector(2, hello.vector(2, ("i"):rep(320)) .. "\1\2\3\4")
      .. hello.vector(2, hello.vector(1, ("b"):rep(32))))
  end

  local function early(n)
    return wire.record(wire.APPLICATION_DATA, ("e"):rep(n))
  end

  it("with a key that nobody knows is skipped, in one record, in two, and with change_cipher_spec", function()
    for _, bytes in ipairs { early(16384), early(8192) .. early(8192), CCS .. early(16384),
      early(8192) .. CCS .. early(8192) } do
      local client = rules.client_of_server():client_hello(offer):raw(bytes):listen()
      client:client_flight():listen():expect_open()
    end
  end)

  it("in the middle of Finished is a record that cannot be opened", function()
    local client = rules.client_of_server():client_hello(offer):raw(early(1000)):listen()
    client:send(wire.HANDSHAKE, client:finished():sub(1, 16)):raw(early(64)):expect("peer_bad_record_mac", 20, true)
  end)

  it("behind a second ClientHello is a record that cannot be opened", function()
    local client = rules.client_of_server()
    client.transcript = primitives.transcript()
    client:client_hello(function(h)
      all(groups(0x1300, 29), shares(0x1300))(h, client)
      offer(h)
    end):raw(early(16384))
    client.transcript:retry "sha256"
    client:listen()
    assert.equal(hello.RETRY, client.their_hello.random)
    local cookie = hello.get(client.their_hello, hello.COOKIE)
    client:client_hello(function(h)
      all(groups(0x1300, 29), shares(29))(h, client)
      hello.add(h, hello.COOKIE, cookie)
      offer(h)
      hello.remove(h, hello.EARLY_DATA)
    end):listen()
    client:raw(early(64)):expect("peer_bad_record_mac", 20, true)
  end)

  it("to a server that answers in TLS 1.2 is unexpected", function()
    local client = rules.client_of_server()
    client:client_hello(function(h)
      h.suites = { 0x1301, 0xC02B }
      hello.put(h, hello.VERSIONS, hello.list({ 0x0305, 0x0303 }, 1))
      offer(h)
    end):raw(early(100)):expect(UNEXPECTED, 10, false)
  end)
end)

describe("KeyUpdate (RFC 8446, 4.6.3):", function()
  it("that asks for one is answered when the client goes on, though the server has nothing to say", function()
    local client = rules.open_client():send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent()
    client:send(wire.APPLICATION_DATA, "GET / "):listen()
    assert.equal(wire.message(24, "\0"), client.messages[#client.messages])
    assert.equal("GET / ", client.session:read())
    client:update_received():expect_open()
  end)

  it("that asks for one many times is answered once", function()
    local client = rules.open_client()
    local before = client:heard(24)
    for _ = 1, 32 do
      client:send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent()
    end
    client:send(wire.APPLICATION_DATA, "GET / "):send(wire.APPLICATION_DATA, "HTTP/1.0"):listen()
    assert.equal(before + 1, client:heard(24))
    assert.equal("GET / HTTP/1.0", client.session:read())
    client:update_received():expect_open()
  end)

  it("is answered once while nothing leaves, however often it comes", function()
    local client = rules.open_client()
    for _ = 1, 100 do
      client:send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent():send(wire.APPLICATION_DATA, "x")
    end
    local said = client.session:drain()
    assert.is_true(#said < 100, ("%d bytes wait to be sent"):format(#said))
  end)

  it("is not answered behind our close_notify", function()
    local client = rules.open_client()
    client.session:close()
    client:listen():send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED):update_sent():send(wire.APPLICATION_DATA, "x")
    assert.is_nil(client.session:drain())
  end)

  it("in pieces with application data between them is unexpected", function()
    for cut = 1, 4 do
      local client = rules.open_client()
      client:send(wire.HANDSHAKE, KEY_UPDATE_REQUESTED:sub(1, cut))
        :send(wire.APPLICATION_DATA, "x"):expect(UNEXPECTED, 10, true)
    end
  end)

  it("of every unknown value is refused", function()
    for value = 2, 255, 11 do
      rules.open_client():send(wire.HANDSHAKE, wire.message(24, string.char(value))):expect(ILLEGAL, 47, true)
    end
  end)
end)

describe("alerts (RFC 8446, 5.1, 6):", function()
  it("without contents are unexpected with every key, padded or not", function()
    for _, padding in ipairs { 1, 100, 16384 } do
      for _, client in ipairs { rules.client_of_server():client_hello():listen(), rules.open_client() } do
        client.records:pad(padding)
        client:send(wire.ALERT, ""):expect(UNEXPECTED, 10, true)
      end
    end
  end)

  it("that are fatal end the handshake without an answer, in the clear and protected", function()
    for _, send in ipairs {
      function(client) client:raw(wire.alert(48)) end,
      function(client) client:send(wire.ALERT, "\2\48") end,
      function(client) client:send(wire.ALERT, "\1\48") end,
    } do
      local client = rules.client_of_server():client_hello():listen()
      send(client)
      assert.same({ "alert_unknown_ca", "peer" },
        { client.session:failure().code, client.session:failure().sent_by })
      assert.is_nil(client.session:drain())
    end
  end)
end)

describe("external pre-shared keys (RFC 8446, 2.2, 4.2.11):", function()
  local KEY = ("k"):rep(32)
  local PSKS = { { identity = "device", key = KEY }, { identity = "other", key = ("o"):rep(32) } }

  local function client_with_key(identity, change, options)
    local config = options or rules.server_config { psks = PSKS }
    local client = scripted.new(assert(config:server()), true, { psk = KEY, external = true })
    return client:psk_hello(identity, change)
  end

  -- The script expects its key to be taken: what is said without it cannot be read.
  local function assert_not_taken(client)
    local said = hello.parse(wire.records(client.session:drain())[1].body)
    assert.is_nil(hello.get(said, hello.PRE_SHARED_KEY))
    assert.equal("handshake", client.session:state())
  end

  it("one is taken, and no certificate is shown", function()
    local client = client_with_key "device":listen()
    assert.equal(0, client:heard(11))
    client:client_flight():listen():expect_open()
  end)

  it("one that nobody knows leads to a full handshake", function()
    assert_not_taken(client_with_key "stranger")
  end)

  it("one with the wrong key is refused", function()
    client_with_key("other"):expect("peer_bad_binder", 51, false)
  end)

  it("one without (EC)DHE is not taken", function()
    assert_not_taken(client_with_key("device", put(hello.PSK_MODES, "\1\0")))
  end)

  it("one is enough for a client that takes no certificates at all", function()
    local client = client_with_key("device", function(h)
      hello.remove(h, hello.SCHEMES)
    end):listen()
    client:client_flight():listen():expect_open()
  end)

  it("they are enough for a server without a certificate, which refuses who has none", function()
    local config = assert(tls.config { psks = PSKS })
    client_with_key("device", nil, config):listen():client_flight():listen():expect_open()
    client_with_key("stranger", nil, config):expect(NOTHING, 40, false)
    for _, change in ipairs { function() end, function(h)
      h.suites = { 0xC02B }
      hello.remove(h, hello.VERSIONS)
    end } do
      scripted.new(assert(config:server()), true):client_hello(change):expect(NOTHING, 40, false)
    end
  end)
end)

describe("what a server says", function()
  it("in ServerHello and EncryptedExtensions is what was asked for, and no more", function()
    local client = rules.client_of_server():client_hello(function(h)
      hello.remove(h, hello.SERVER_NAME)
      unknown_extensions(60000, 60100)(h)
    end):listen()
    local codes = {}
    for _, extension in ipairs(client.their_hello.extensions) do
      codes[#codes + 1] = extension[1]
    end
    table.sort(codes)
    assert.same({ hello.VERSIONS, hello.KEY_SHARE }, codes)
    assert.equal(wire.message(8, "\0\0"), client.messages[2])
    assert.equal(client.our_hello.session_id, client.their_hello.session_id)
  end)

  it("is two tickets, also to who names no modes yet, but none to who names others (RFC 8446, 4.2.9)", function()
    for _, case in ipairs { { 2, put(hello.PSK_MODES, "\1\1") }, { 2, put(hello.PSK_MODES, "\3\0\26\1") },
      { 2, function(h) hello.remove(h, hello.PSK_MODES) end }, { 0, put(hello.PSK_MODES, "\1\0") },
      { 0, put(hello.PSK_MODES, "\2\26\27") } } do
      local client = rules.client_of_server():client_hello(case[2]):listen():client_flight():listen():expect_open()
      assert.equal(case[1], client:heard(4))
    end
  end)

  it("are records of version 3.3, alerts too", function()
    local client = rules.client_of_server():raw(wire.record(wire.HANDSHAKE, "\1\0\0\0", 0x0301))
    local records = wire.records(client.session:drain())
    assert.same({ 1, wire.ALERT, 0x0303, "\2\50" }, { #records, records[1].type, records[1].version, records[1].body })
    client = rules.client_of_server():client_hello()
    for _, record in ipairs(wire.records(client.session:drain())) do
      assert.equal(0x0303, record.version)
    end
  end)

  it("of a record whose version is 3.0 to 3.9 is no complaint", function()
    for minor = 0, 9 do
      local client = rules.client_of_server()
      local message = hello.encode(client:new_client_hello())
      client.transcript:add(message)
      client:raw(wire.record(wire.HANDSHAKE, message, 0x0300 + minor)):listen():client_flight():listen():expect_open()
    end
  end)
end)

describe("legacy_version of a ClientHello (RFC 8446, D.5):", function()
  local cases = {}
  for _, version in ipairs { 0x0300, 0x0000, 0x0200, 0x0002, 0x0100, 0x0103, 0x0102, 0x0001 } do
    cases[#cases + 1] = { ("of version %04x is refused, though it lists TLS 1.3"):format(version),
      all(field("version", version), put(hello.VERSIONS, hello.list({ 0x0304, version }, 1))), "peer_version", 70 }
  end
  rules.each_client_hello(it, cases)
end)

describe("a client's certificate (RFC 8446, 4.4.2, 4.4.3):", function()
  local function asked(options)
    options = options or {}
    options.verify_client = options.verify_client or "require"
    options.trust = options.trust or pki.path "client_ec.pem"
    return rules.client_of_server(options):client_hello():listen()
  end

  it("every byte of the list's and the first entry's length that is wrong is malformed", function()
    local right = scripted.certificate "client_ec"
    for _, at in ipairs { 8, 11 } do -- the last bytes of certificate_list's length and of cert_data's
      for change = 1, 255, 7 do
        local wrong = right:sub(1, at - 1) .. string.char((right:byte(at) + change) % 256) .. right:sub(at + 1)
        local client = asked()
        client:send(wire.HANDSHAKE, wrong):listen()
        local failure = client.session:failure()
        assert.same({ "peer_malformed_message", 50 }, { failure and failure.code, failure and failure.alert_number },
          ("byte %d by %d: %s"):format(at, change, failure and failure.message or ""))
      end
    end
  end)

  it("a signature that has one wrong byte is refused, whichever it is", function()
    local key = assert(tls.key.load(pki.path "client_ec.key"))
    local client = asked()
    client:say(client.certificate "client_ec")
    local content = (" "):rep(64) .. "TLS 1.3, client CertificateVerify\0" .. client:hash()
    local right = assert(key:sign("ecdsa_secp256r1_sha256", content))
    for at = 1, #right, 3 do
      client = asked()
      client:say(client.certificate "client_ec")
      local wrong = right:sub(1, at - 1) .. string.char((right:byte(at) + 1) % 256) .. right:sub(at + 1)
      client:say(client:verify("client_ec", { signature = wrong })):expect("peer_bad_signature", 51, true)
    end
  end)

  for _, case in ipairs {
    { "PKCS#1", "rsa_pkcs1_sha256", 0x0401, "peer_signature_scheme", 47 },
    { "PKCS#1 with SHA-1", "rsa_pkcs1_sha256", 0x0201, "peer_signature_scheme", 47 },
    { "a PSS scheme of other keys", "rsa_pss_rsae_sha256", 0x0809, "peer_signature_scheme", 47 },
    { "PKCS#1 that says it is PSS", "rsa_pkcs1_sha256", 0x0804, "peer_bad_signature", 51 },
    { "PSS of another hash than it says", "rsa_pss_rsae_sha384", 0x0804, "peer_bad_signature", 51 },
    { "ECDSA", "rsa_pss_rsae_sha256", 0x0403, "peer_signature_scheme", 47 },
  } do
    it(("a client with an RSA key that signs with %s is refused"):format(case[1]), function()
      local client = asked { trust = pki.path "client_rsa.pem" }
      client:say(client.certificate "client_rsa")
      client:say(client:verify("client_rsa", { scheme = case[2], number = case[3] })):expect(case[4], case[5], true)
    end)
  end
end)

describe("supported_versions where old suites are named, too (RFC 8446, 4.2.1):", function()
  local OLD = { cipher_suites = { "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA" }, min_version = "TLSv1" }
  local function versions(...)
    return all(field("suites", { 0x1301, 0xC009 }), put(hello.VERSIONS, hello.list({ ... }, 1)))
  end

  it("is what counts, whatever legacy_version says", function()
    for _, case in ipairs { { versions(0x0309, 0x0303), 0x0303 }, { versions(0x0309, 0x0302), 0x0302 },
      { versions(0x0309, 0x0301), 0x0301 } } do
      local client = rules.client_of_server(OLD):client_hello(case[1]):listen()
      assert.equal(case[2], client.their_hello and client.their_hello.version)
    end
  end)

  it("of nothing that we know is refused", function()
    for _, change in ipairs { versions(0x0300), versions(0x0309), versions(0x7f1c) } do
      rules.client_of_server(OLD):client_hello(change):expect("peer_version", 70, false)
    end
  end)

  it("of nothing at all is missing where it has to be there", function()
    rules.client_of_server():client_hello(function(h)
      hello.remove(h, hello.KEY_SHARE)
    end):expect(MISSING, 109, false)
  end)
end)
