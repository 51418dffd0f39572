-- What conformance suites ask of a server of TLS 1.2 besides the rules in modern_rules12_spec.lua. The names say what a
-- client does; the cases follow those of tlsfuzzer's scripts where an RFC leaves no other answer.

local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted12 = require "support.scripted12"
local tls = require "beartls"
local wire = require "support.wire"

local ILLEGAL, DECODE, UNEXPECTED = "peer_illegal_parameter", "peer_malformed_message", "peer_unexpected_message"
local NOTHING, SHARE, MAC = "peer_nothing_in_common", "peer_bad_key_share", "peer_bad_record_mac"
local MANY, LENGTH, SCHEME = "peer_too_many_records", "peer_record_length", "peer_signature_scheme"
local CCS = scripted12.CCS
local WARNING = "\1\43" -- unsupported_certificate

local configs = {}

local function config_of(options)
  if not options then
    configs.default = configs.default or rules.server_config()
    return configs.default
  end
  configs[options] = configs[options] or rules.server_config(options)
  return configs[options]
end

local function client_of(options, how)
  return scripted12.new(assert(config_of(options):server()), true, how)
end

local function open_client(change, options)
  return client_of(options):client_hello(change):listen():finish():expect_open()
end

-- A client that has heard ServerHelloDone.
local function half_open(change, options)
  return client_of(options):client_hello(change):listen()
end

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

local function all_of(...)
  local changes = { ... }
  return function(h)
    for _, change in ipairs(changes) do
      change(h)
    end
  end
end

local function flipped(bytes, at, mask)
  local byte = bytes:byte(at)
  local set = math.floor(byte / mask) % 2 == 1
  return bytes:sub(1, at - 1) .. string.char(set and byte - mask or byte + mask) .. bytes:sub(at + 1)
end

-- Declares a spec for each { name, change, code, alert }; a case without a code must be taken.
local function each_client_hello(cases)
  for _, case in ipairs(cases) do
    it("a ClientHello " .. case[1], function()
      if case[3] then
        client_of(case.server):client_hello(case[2]):expect(case[3], case[4], false)
      else
        open_client(case[2], case.server)
      end
    end)
  end
end

describe("a ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2):", function()
  local SNI = hello.SERVER_NAME
  local function lots(first, last, body)
    return function(h)
      for code = first, last do
        hello.add(h, code, body and body(code) or "")
      end
    end
  end
  local function sizes(n)
    return function(h)
      for i = 1, n do
        h.suites[i + 1] = 0x1a1a
      end
    end
  end

  each_client_hello {
    { "of version 3.4 in the old field is answered in 1.2", field("version", 0x0304) },
    { "of version 3.9 in the old field is answered in 1.2", field("version", 0x0309) },
    { "of version 4.0 is answered in 1.2", field("version", 0x0400) },
    { "of version 3.0 is refused", field("version", 0x0300), "peer_version", 70 },
    { "of version 2.0 is refused", field("version", 0x0200), "peer_version", 70 },
    { "of version 0.0 is refused", field("version", 0x0000), "peer_version", 70 },
    { "of version 1.3 is refused", field("version", 0x0103), "peer_version", 70 },
    { "with 33 bytes of session id is malformed", field("session_id", ("s"):rep(33)), DECODE, 50 },
    { "with 255 bytes of session id is malformed", field("session_id", ("s"):rep(255)), DECODE, 50 },
    { "with a session id that nobody knows is taken", field("session_id", ("s"):rep(32)) },
    { "with a session id of one byte is taken", field("session_id", "s") },
    { "without suites is malformed", field("suites", {}), DECODE, 50 },
    { "with half a suite is malformed", field("raw_suites", "\0\3\192\43\192"), DECODE, 50 },
    { "without compression methods is malformed", field("compressions", ""), DECODE, 50 },
    { "with deflate alone is refused", field("compressions", "\1"), ILLEGAL, 47 },
    { "with every compression method but none is refused", field("compressions", ("\1"):rep(255)), ILLEGAL, 47 },
    { "with every compression method and none is taken", field("compressions", ("\1"):rep(254) .. "\0") },
    { "with export, anonymous and null suites is refused", field("suites", { 3, 6, 8, 0x11, 0x14, 0x18, 0x1b, 0, 1, 2,
      0x3b, 0xc010, 0xc015 }), NOTHING, 40 },
    { "with SSL 2.0's kind of suites besides is taken", field("suites", { 0x0700, 0xC02B }) },
    { "with the draft's ChaCha20 suites is refused", field("suites", { 0xcc13, 0xcc14, 0xcc15 }), NOTHING, 40 },
    { "with suites of DHE and RSA is refused", field("suites", { 0x009e, 0x009c, 0x002f, 0x0033 }), NOTHING, 40 },
    { "with 32000 suites is taken", sizes(31999) },
    { "with 16383 unknown extensions is taken", lots(90, 90 + 12000) },
    { "with extensions of every size is taken", lots(20000, 20500, function(code) return ("x"):rep(code % 120) end) },
    { "with 60000 bytes in an extension is taken", put(0x1234, ("x"):rep(60000)) },
    { "with two host names is refused", put(SNI, "\0\8\0\0\1a\0\0\1b"), ILLEGAL, 47 },
    { "with UTF-8 in its host name is refused", put(SNI, "\0\6\0\0\3a\196\133"), ILLEGAL, 47 },
    { "with a name of another type is taken", put(SNI, "\0\9\0\0\1a\1\0\2\0\255") },
    { "with heartbeat is taken", put(15, "\1") },
    { "with what is of TLS 1.3 and makes no sense is taken", function(h)
      for _, code in ipairs { hello.EARLY_DATA, hello.PSK_MODES, hello.POST_HANDSHAKE_AUTH, hello.KEY_SHARE,
        hello.COOKIE, hello.AUTHORITIES } do
        hello.add(h, code, "\255\0\1")
      end
    end },
    { "with encrypt_then_mac is taken", put(22, "") },
    { "with the fallback SCSV is refused where 1.3 is there", field("suites", { 0xC02B, 0x5600 }),
      "peer_inappropriate_fallback", 86 },
    { "with the fallback SCSV is taken where 1.2 is the highest", field("suites", { 0xC02B, 0x5600 }),
      server = { max_version = "TLSv1.2" } },
    { "with FFDHE and unknown groups is taken by ECDHE", put(hello.GROUPS, hello.list { 256, 0x7a7a, 29, 23 }) },
    { "with FFDHE groups alone is refused", put(hello.GROUPS, hello.list { 256, 257 }), NOTHING, 40 },
    { "with an empty list of groups is malformed", put(hello.GROUPS, "\0\0"), DECODE, 50 },
    { "with empty supported_groups is malformed", put(hello.GROUPS, ""), DECODE, 50 },
    { "with something behind its groups is malformed", put(hello.GROUPS, "\0\2\0\29\0"), DECODE, 50 },
    { "with an empty list of schemes is malformed", put(hello.SCHEMES, "\0\0"), DECODE, 50 },
    { "with half a scheme is malformed", put(hello.SCHEMES, "\0\3\4\3\4"), DECODE, 50 },
    { "with schemes that nobody knows and one that we know is taken", put(hello.SCHEMES,
      hello.list { 0x0a01, 0x0202, 0x0403 }) },
    { "with 30000 schemes is taken", function(h)
      local list = {}
      for i = 1, 30000 do
        list[i] = 0x0202
      end
      list[#list + 1] = 0x0403
      hello.put(h, hello.SCHEMES, hello.list(list))
    end },
    { "with contents in extended_master_secret is malformed", put(hello.EXTENDED_MASTER_SECRET, "\0"), DECODE, 50 },
    { "with a status_request that has responders is taken", put(hello.STATUS_REQUEST,
      "\1" .. hello.vector(2, hello.vector(2, ("r"):rep(1000)):rep(20)) .. "\0\0") },
    { "with half a status_request is malformed", put(hello.STATUS_REQUEST, "\1\0\0\0"), DECODE, 50 },
    { "with something behind status_request is malformed", put(hello.STATUS_REQUEST, "\1\0\0\0\0\0"), DECODE, 50 },
    { "with an empty status_request is malformed", put(hello.STATUS_REQUEST, ""), DECODE, 50 },
    { "with record_size_limit 63 is refused", put(hello.RECORD_SIZE_LIMIT, "\0\63"), ILLEGAL, 47 },
    { "with record_size_limit 64 is taken", put(hello.RECORD_SIZE_LIMIT, "\0\64") },
    { "with record_size_limit 65535 is taken", put(hello.RECORD_SIZE_LIMIT, "\255\255") },
    { "with record_size_limit and max_fragment_length is taken", function(h)
      hello.add(h, hello.RECORD_SIZE_LIMIT, "\64\1")
      hello.add(h, hello.MAX_FRAGMENT_LENGTH, "\1")
    end },
    { "with max_fragment_length 1 is taken", put(hello.MAX_FRAGMENT_LENGTH, "\1") },
    { "with max_fragment_length of two bytes is malformed", put(hello.MAX_FRAGMENT_LENGTH, "\1\1"), DECODE, 50 },
    { "with a ticket that makes no sense is taken", put(hello.SESSION_TICKET, ("t"):rep(200)) },
    { "with the extension renegotiation_info in another place is taken", function(h)
      table.insert(h.extensions, 1, table.remove(h.extensions))
    end },
  }
end)

describe("every length in a ClientHello that is not true (RFC 5246, 7.2.2)", function()
  -- Offsets in the message, its header included.
  local SESSION_ID, SUITES, COMPRESSIONS, EXTENSIONS = 38, 39, 45, 47
  local OLD = { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } }

  local function message_of(extensions)
    return hello.encode { type = hello.CLIENT, version = 0x0303, random = ("\0"):rep(32), session_id = "",
      suites = { 0xC009, 0x00FF }, compressions = "\0", extensions = extensions or {},
      no_extensions = not extensions }
  end

  local function put_at(message, at, bytes)
    return message:sub(1, at) .. bytes .. message:sub(at + #bytes + 1)
  end

  -- What is wrong with the answers to the message with each of the values at that place, or nil.
  local function each(message, at, values, wanted, options)
    local config = config_of(options)
    for _, value in ipairs(values) do
      local changed = put_at(message, at, value)
      if changed ~= message then
        local session = assert(config:server())
        session:feed(wire.record(wire.HANDSHAKE, changed))
        local said = session:drain()
        if said ~= wire.alert(wanted) then
          return ("%d: %s"):format(at, (changed:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
        end
      end
    end
  end

  local bytes, words = {}, {}
  for i = 0, 255 do
    bytes[#bytes + 1] = string.char(i)
    for _, high in ipairs { 1, 2, 4, 8, 16, 128, 254, 255 } do
      words[#words + 1] = string.char(high, i)
    end
  end

  for name, options in pairs { ["is malformed"] = {}, ["is malformed where old suites are named"] = OLD } do
    it(name, function()
      for _, extensions in ipairs { false, { { hello.RENEGOTIATION_INFO, "\0" } } } do
        local message = message_of(extensions)
        assert.is_nil(each(message, SESSION_ID, bytes, 50, options))
        assert.is_nil(each(message, SUITES + 1, bytes, 50, options))
        assert.is_nil(each(message, SUITES, words, 50, options))
        local compressions = {}
        for _, byte in ipairs(bytes) do
          if not (extensions and byte == "\8") then -- that makes one without extensions
            compressions[#compressions + 1] = byte
          end
        end
        assert.is_nil(each(message, COMPRESSIONS, compressions, 50, options))
        if extensions then
          assert.is_nil(each(message, EXTENSIONS + 1, bytes, 50, options))
          assert.is_nil(each(message, EXTENSIONS, words, 50, options))
        end
      end
    end)
  end

  it("a message of any other type is unexpected", function()
    assert.is_nil(each(message_of(), 0, bytes, 10))
  end)
end)

describe("ALPN in TLS 1.2 (RFC 7301, 3):", function()
  local HTTP = { alpn = { "http/1.1", "h2" } }
  local function protocols(...)
    local list = {}
    for i, name in ipairs { ... } do
      list[i] = hello.vector(1, name)
    end
    return put(hello.ALPN, hello.vector(2, table.concat(list)))
  end
  local function raw(bytes)
    return put(hello.ALPN, bytes)
  end
  local long = hello.vector(2, hello.vector(1, ("p"):rep(255)):rep(250) .. hello.vector(1, "http/1.1"))

  each_client_hello {
    { "with a protocol that nobody knows is refused", protocols "http/1.X", "peer_no_application_protocol", 120,
      server = HTTP },
    { "with the beginning of one, and the one, is taken", protocols("http/1.", "http/1.1"), server = HTTP },
    { "with 64 kB of protocols is taken", raw(long), server = HTTP },
    { "with an empty protocol is malformed", protocols "", DECODE, 50, server = HTTP },
    { "with an empty list is malformed", protocols(), DECODE, 50, server = HTTP },
    { "with nothing is malformed", raw "", DECODE, 50, server = HTTP },
    { "with a list that is too short is malformed", raw "\0\9\8http/1.1\6http/2", DECODE, 50, server = HTTP },
    { "with a list that is too long is malformed", raw "\0\18\8http/1.1\6http/2", DECODE, 50, server = HTTP },
    { "with a protocol that is too long is malformed", raw "\0\16\8http/1.1\8http/2", DECODE, 50, server = HTTP },
    { "with a protocol that is too short is malformed", raw "\0\16\8http/1.1\5http/2", DECODE, 50, server = HTTP },
    { "with any protocol is taken where none is named", protocols "http/1.X" },
  }

  it("the answer is one protocol, and there where it was asked for", function()
    local client = open_client(protocols("x", "h2"), HTTP)
    assert.equal("\0\3\2h2", hello.get(client.their_hello, hello.ALPN))
    assert.is_nil(hello.get(open_client(nil, HTTP).their_hello, hello.ALPN))
  end)
end)

describe("records before and in a handshake of TLS 1.2 (RFC 5246, 6.2.1):", function()
  it("a ClientHello in records of any size is taken", function()
    for _, size in ipairs { 1, 2, 3, 5, 16, 50, 16384 } do
      local client = client_of()
      local message = hello.encode(client:new_client_hello(function(h)
        hello.add(h, 21, ("\0"):rep(3000))
      end))
      client.our_hello = hello.parse(message)
      client.transcript:add(message)
      for i = 1, #message, size do
        client:send(wire.HANDSHAKE, message:sub(i, i + size - 1))
      end
      client:listen():finish():expect_open()
    end
  end)

  it("the other messages in records of one byte are taken, too", function()
    local client = half_open()
    local message = wire.message(16, hello.vector(1, client.share))
    client.transcript:add(message)
    for i = 1, #message do
      client:send(wire.HANDSHAKE, message:sub(i, i))
    end
    client:agree(client.their_share)
    client:change_keys()
    message = client:finished()
    client.transcript:add(message)
    for i = 1, #message do
      client:send(wire.HANDSHAKE, message:sub(i, i))
    end
    client:listen():expect_open()
  end)

  it("a record of any version 3.x before the version is known is taken, and another one is refused", function()
    for minor = 0, 9 do
      local client = client_of()
      client.our_hello = client:new_client_hello()
      local message = hello.encode(client.our_hello)
      client.transcript:add(message)
      client:raw(wire.record(wire.HANDSHAKE, message, 0x0300 + minor)):listen():finish():expect_open()
    end
    for _, version in ipairs { 0x0000, 0x0002, 0x0103, 0x0200, 0x0400, 0xffff } do
      local client = client_of()
      client:raw(wire.record(wire.HANDSHAKE, hello.encode(client:new_client_hello()), version)):listen()
      assert.same({ 1, "failed" }, { #client.alerts, client.session:state() })
    end
  end)

  it("a record of 2^14+1 bytes is an overflow, whatever it is", function()
    for _, kind in ipairs { wire.HANDSHAKE, wire.ALERT, wire.APPLICATION_DATA, wire.CHANGE_CIPHER_SPEC } do
      client_of():raw(wire.record(kind, ("\1"):rep(16385))):expect(LENGTH, 22, false)
      half_open():raw(wire.record(kind, ("\1"):rep(16385))):expect(LENGTH, 22, false)
    end
    client_of():raw("\22\3\1\255\255"):expect(LENGTH, 22, false)
  end)

  it("a record type that does not exist is unexpected at any time", function()
    for _, kind in ipairs { 0, 1, 19, 24, 25, 64, 128, 255 } do
      half_open():raw(wire.record(kind, "x")):expect("peer_bad_record", 10, false)
      local client = half_open():client_key_exchange():change_keys()
      client:raw(wire.record(kind, ("x"):rep(40))):expect("peer_bad_record", 10, false)
      open_client():raw(wire.record(kind, ("x"):rep(40))):expect("peer_bad_record", 10, true)
    end
  end)

  it("an empty record of a handshake, of an alert or of change_cipher_spec is unexpected", function()
    for _, kind in ipairs { wire.HANDSHAKE, wire.ALERT, wire.CHANGE_CIPHER_SPEC } do
      client_of():raw(wire.record(kind, "")):expect(UNEXPECTED, 10, false)
      half_open():raw(wire.record(kind, "")):expect(UNEXPECTED, 10, false)
    end
  end)

  it("application data before Finished is unexpected, even without contents", function()
    for _, body in ipairs { "", "GET / HTTP/1.0\r\n\r\n" } do
      half_open():raw(wire.record(wire.APPLICATION_DATA, body)):expect(UNEXPECTED, 10, false)
      half_open():client_key_exchange():raw(wire.record(wire.APPLICATION_DATA, body)):expect(UNEXPECTED, 10, false)
      half_open():client_key_exchange():change_keys():send(wire.APPLICATION_DATA, body)
        :expect(UNEXPECTED, 10, false)
    end
  end)

  it("an SSL 2.0 hello is answered with an alert, and nothing else", function()
    local body = "\1\3\3\0\6\0\0\0\16\0\192\43\0\0\255" .. ("c"):rep(16)
    local client = client_of():raw(string.char(128, #body) .. body):listen()
    assert.same({ { "\2\70", false } }, client.alerts)
    assert.equal("failed", client.session:state())
  end)
end)

describe("messages in a wrong order or number (RFC 5246, 7.3):", function()
  for _, case in ipairs {
    { "ClientHello twice", function(c) c:say(hello.encode(c.our_hello)) end },
    { "HelloRequest in the handshake", function(c) c:say(wire.message(0, "")) end },
    { "HelloRequest before the ClientHello", function(c) c:say(wire.message(0, "")) end, true },
    { "HelloRequest behind the share", function(c) c:client_key_exchange():say(wire.message(0, "")) end },
    { "ServerHelloDone", function(c) c:say(wire.message(14, "")) end },
    { "ServerHello", function(c) c:say(wire.message(2, "")) end },
    { "ServerKeyExchange", function(c) c:say(wire.message(12, "")) end },
    { "CertificateRequest", function(c) c:say(wire.message(13, "")) end },
    { "Certificate without being asked", function(c) c:say(wire.message(11, "\0\0\0")) end },
    { "CertificateVerify without a certificate", function(c)
      c:client_key_exchange():say(wire.message(15, "\4\3\0\0"))
    end },
    { "the share twice", function(c) c:client_key_exchange():say(wire.message(16, hello.vector(1, c.share))) end },
    { "Finished in the clear", function(c) c:client_key_exchange():say(c:finished()) end },
    { "Finished first", function(c) c:say(wire.message(20, ("f"):rep(12))) end },
    { "change_cipher_spec first", function(c) c:raw(CCS) end, true },
    { "change_cipher_spec without the share", function(c) c:raw(CCS) end },
    { "change_cipher_spec in the middle of the share", function(c)
      c:send(wire.HANDSHAKE, wire.message(16, hello.vector(1, c.share)):sub(1, 10)):raw(CCS)
    end },
    { "change_cipher_spec of two bytes", function(c)
      c:client_key_exchange():raw(wire.record(wire.CHANGE_CIPHER_SPEC, "\1\1"))
    end },
    { "change_cipher_spec of value 0", function(c)
      c:client_key_exchange():raw(wire.record(wire.CHANGE_CIPHER_SPEC, "\0"))
    end },
    { "a message that does not exist", function(c) c:say(wire.message(99, "x")) end },
    { "KeyUpdate", function(c) c:client_key_exchange():change_keys():say(wire.message(24, "\0")) end },
  } do
    it(case[1] .. " is unexpected", function()
      local client = case[3] and client_of() or half_open()
      case[2](client)
      client:expect(UNEXPECTED, 10, false)
    end)
  end

  it("change_cipher_spec twice is unexpected, or cannot be opened", function()
    local client = half_open():client_key_exchange():change_keys():raw(CCS):listen()
    assert.is_true(client.alerts[1][1] == "\2\10" or client.alerts[1][1] == "\2\20")
  end)

  it("anything but application data, alerts and a wish to renegotiate behind Finished is unexpected", function()
    for _, kind in ipairs { 0, 2, 4, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 67, 255 } do
      open_client():send(wire.HANDSHAKE, wire.message(kind, "")):expect(UNEXPECTED, 10, true)
    end
  end)
end)

describe("ClientKeyExchange (RFC 8422, 5.7, 5.11):", function()
  local P256 = { groups = { "secp256r1" } }
  local function on_p256(h)
    hello.put(h, hello.GROUPS, hello.list { hello.SECP256R1 })
  end

  for _, case in ipairs {
    { "the point (0, 1)", "\4" .. ("\0"):rep(63) .. "\1", SHARE, 47 },
    { "the point (0, 0)", "\4" .. ("\0"):rep(64), SHARE, 47 },
    { "a point whose y is 0", "\4" .. ("\7"):rep(32) .. ("\0"):rep(32), SHARE, 47 },
    { "the point at infinity", "\0", SHARE, 47 },
    { "a compressed point", "\2" .. ("\7"):rep(32), SHARE, 47 },
    { "a point that is too short", "\4" .. ("\7"):rep(63), SHARE, 47 },
    { "a point that is too long", "\4" .. ("\7"):rep(65), SHARE, 47 },
    { "no point", "", DECODE, 50 },
  } do
    it("with " .. case[1] .. " is refused", function()
      half_open(on_p256, P256):say(wire.message(16, hello.vector(1, case[2]))):expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "31 bytes for x25519", ("\55"):rep(31), SHARE, 47 },
    { "33 bytes for x25519", ("\55"):rep(33), SHARE, 47 },
    { "1 for x25519", "\1" .. ("\0"):rep(31), SHARE, 47 },
    { "a byte more than its length", nil, DECODE, 50, "\32" .. ("\55"):rep(33) },
    { "a byte less than its length", nil, DECODE, 50, "\32" .. ("\55"):rep(31) },
    { "nothing at all", nil, DECODE, 50, "" },
  } do
    it("with " .. case[1] .. " is refused", function()
      half_open():say(wire.message(16, case[5] or hello.vector(1, case[2]))):expect(case[3], case[4], false)
    end)
  end
end)

describe("Finished of TLS 1.2 (RFC 5246, 7.4.9):", function()
  local function ready()
    return half_open():client_key_exchange():change_keys()
  end

  it("of every wrong length is malformed", function()
    for _, n in ipairs { 0, 1, 4, 11, 13, 16, 32, 36, 48, 16380, 0x20000 } do
      ready():send(wire.HANDSHAKE, wire.message(20, ("\0"):rep(n))):expect(DECODE, 50, false)
    end
    ready():send(wire.HANDSHAKE, wire.message(20, "xx", 0xFFFFFF)):expect("peer_message_too_long", 50, false)
  end)

  it("with one wrong bit is refused, whichever it is", function()
    for bit = 0, 95, 7 do
      local client = ready()
      client:send(wire.HANDSHAKE, flipped(client:finished(), 5 + math.floor(bit / 8), 2 ^ (bit % 8)))
        :expect("peer_bad_finished", 51, false)
    end
  end)

  it("in a record that was changed anywhere cannot be opened", function()
    local probe = ready()
    local size = #probe.records:send(wire.HANDSHAKE, probe:finished())
    for at = 6, size, 5 do
      local client = ready()
      client:raw(flipped(client.records:send(wire.HANDSHAKE, client:finished()), at, 1)):expect(MAC, 20, false)
    end
  end)

  it("in the clear behind change_cipher_spec cannot be opened", function()
    for _, n in ipairs { 1, 16, 24, 40 } do
      half_open():client_key_exchange():raw(CCS):raw(wire.record(wire.HANDSHAKE, ("x"):rep(n))):expect(MAC, 20, false)
    end
  end)
end)

describe("an open session of TLS 1.2", function()
  it("cannot open a record that was changed anywhere", function()
    local size = #open_client().records:send(wire.APPLICATION_DATA, "GET / HTTP/1.0\r\n\r\n")
    for at = 6, size, 6 do
      local client = open_client()
      client:raw(flipped(client.records:send(wire.APPLICATION_DATA, "GET / HTTP/1.0\r\n\r\n"), at, 128))
        :expect(MAC, 20, true)
    end
  end)

  it("cannot open a record that was shortened, or whose type was changed", function()
    local client = open_client()
    local record = client.records:send(wire.APPLICATION_DATA, "GET /")
    local body = record:sub(6, -2)
    client:raw(wire.record(wire.APPLICATION_DATA, body)):expect(MAC, 20, true)
    client = open_client()
    record = client.records:send(wire.APPLICATION_DATA, "GET /")
    client:raw(wire.record(wire.HANDSHAKE, record:sub(6))):expect(MAC, 20, true)
    open_client():raw(wire.record(wire.APPLICATION_DATA, "")):expect(MAC, 20, true)
  end)

  it("takes empty application data between other data", function()
    local client = open_client()
    for _, piece in ipairs { "", "GET /", "", "", "HTTP/1.", "", "0" } do
      client:send(wire.APPLICATION_DATA, piece)
    end
    assert.equal("GET /HTTP/1.0", client.session:read())
  end)

  it("takes 2^14 bytes in a record, and no more", function()
    local client = open_client():send(wire.APPLICATION_DATA, ("x"):rep(16384))
    assert.equal(16384, #client.session:read())
    client.records:limit("sent", 17000)
    client:send(wire.APPLICATION_DATA, ("x"):rep(16385)):expect(LENGTH, 22, true)
  end)

  it("says no_renegotiation as a warning, and goes on with what comes behind", function()
    for _, before in ipairs { false, true } do
      local client = open_client()
      client.alerts = {}
      if before then
        client:send(wire.APPLICATION_DATA, "GET /")
      end
      client:send(wire.HANDSHAKE, hello.encode(client:new_client_hello())):listen()
      assert.same({ { "\1\100", true } }, client.alerts)
      client:send(wire.APPLICATION_DATA, "HTTP/1.0")
      assert.equal((before and "GET /" or "") .. "HTTP/1.0", client.session:read())
      client:send(wire.ALERT, "\1\0"):listen()
      assert.same({ "\1\0", true }, client.alerts[2])
      assert.equal("closed", client.session:state())
    end
  end)

  it("takes no data in the middle of a wish to renegotiate", function()
    local client = open_client()
    local message = hello.encode(client:new_client_hello())
    client:send(wire.HANDSHAKE, message:sub(1, 20)):send(wire.APPLICATION_DATA, "x"):expect(UNEXPECTED, 10, true)
  end)
end)

describe("warnings (RFC 5246, 7.2):", function()
  it("four in a row are borne, in the handshake and behind it, and five are not", function()
    local client = client_of():client_hello()
    for _ = 1, 4 do
      client:raw(wire.record(wire.ALERT, WARNING))
    end
    client:listen():finish():expect_open()
    for _ = 1, 4 do
      client:send(wire.ALERT, WARNING)
    end
    client:expect_open()
    for _ = 1, 5 do
      client:send(wire.ALERT, WARNING)
    end
    client:expect(MANY, 10, true)
    client = client_of():client_hello()
    for _ = 1, 5 do
      client:raw(wire.record(wire.ALERT, WARNING))
    end
    client:expect(MANY, 10, false)
  end)

  it("before the ClientHello are no reason to refuse it", function()
    client_of():raw(wire.record(wire.ALERT, WARNING)):client_hello():listen():finish():expect_open()
  end)

  it("of half an alert, two alerts, or of a level that does not exist are none", function()
    half_open():raw(wire.record(wire.ALERT, "\1")):expect(DECODE, 50, false)
    half_open():raw(wire.record(wire.ALERT, WARNING .. WARNING)):expect(DECODE, 50, false)
    half_open():raw(wire.record(wire.ALERT, "\3\43")):expect(ILLEGAL, 47, false)
  end)

  it("of close_notify end a handshake", function()
    local client = half_open():raw(wire.record(wire.ALERT, "\1\0"))
    assert.equal("alert_close_notify", client.session:failure().code)
  end)
end)

describe("resumption in TLS 1.2 (RFC 5246, 7.4.1.2; RFC 5077, 3.4):", function()
  local OPTIONS = { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" } }

  it("by an id is taken with the session's suite, and refused without", function()
    local first = open_client(nil, OPTIONS)
    local id = first.their_hello.session_id
    assert.equal(32, #id)
    local function again(change)
      return client_of(OPTIONS, { master = first.master }):client_hello(function(h)
        h.session_id = id
        if change then
          change(h)
        end
      end)
    end
    local client = again():listen():finish():expect_open()
    assert.is_true(client.session:resumed())
    again(field("suites", { 0xC02C, 0xC02B })):listen():finish():expect_open()
    again(field("suites", { 0xC02C })):expect(ILLEGAL, 47, false)
    again(field("suites", { 0x0002 })):expect(ILLEGAL, 47, false)
  end)

  it("by a ticket without the session's suite becomes a full handshake", function()
    local first = open_client(put(hello.SESSION_TICKET, ""), OPTIONS)
    local ticket = assert(first.tickets[1])
    local client = client_of(OPTIONS):client_hello(function(h)
      h.session_id, h.suites = ("i"):rep(32), { 0xC02C }
      hello.put(h, hello.SESSION_TICKET, ticket)
    end):listen()
    assert.equal(0xC02C, client.their_hello.suite)
    assert.equal(1, client:heard(12))
  end)

  it("by a ticket that was changed or cut off becomes a full handshake", function()
    local ticket = assert(open_client(put(hello.SESSION_TICKET, ""), OPTIONS).tickets[1])
    for _, wrong in ipairs { ticket:sub(1, -2), ticket .. "x", ticket:sub(1, 10), flipped(ticket, 1, 1),
      flipped(ticket, #ticket, 1), flipped(ticket, 40, 1), ("\0"):rep(#ticket) } do
      local client = open_client(put(hello.SESSION_TICKET, wrong), OPTIONS)
      assert.is_false(client.session:resumed())
    end
  end)
end)

describe("a client's certificate in TLS 1.2 (RFC 5246, 7.4.6, 7.4.8):", function()
  local ASKED = { verify_client = "request", trust = pki.path "client_ec.pem" }
  local ASKED_RSA = { verify_client = "request", trust = pki.path "client_rsa.pem" }

  it("an empty Certificate whose lengths are not true is malformed, and one of zeros is bad", function()
    for list = 0, 7 do
      for cert = 0, 7 do
        for more = 0, 5 do
          local is_fine = (list == 3 and cert == 0) or (more == 0 and list == 0)
          if not is_fine then
            local body = "\0\0" .. string.char(list) .. ("\0"):rep(more)
            if more >= 3 then
              body = body:sub(1, 5) .. string.char(cert) .. body:sub(7)
            end
            local client = half_open(nil, ASKED):say(wire.message(11, body)):listen()
            local failure = client.session:failure()
            local is_zeros = list == cert + 3 and more == list and cert > 0
            assert.same(is_zeros and { "certificate_malformed", 42 } or { DECODE, 50 },
              { failure and failure.code, failure and failure.alert_number },
              ("list %d, certificate %d, more %d"):format(list, cert, more))
          end
        end
      end
    end
  end)

  it("a length of the list or of the first certificate that is wrong is malformed", function()
    local right = scripted12.certificate "client_ec"
    for _, at in ipairs { 7, 10 } do
      for change = 1, 255, 9 do
        local wrong = right:sub(1, at - 1) .. string.char((right:byte(at) + change) % 256) .. right:sub(at + 1)
        half_open(nil, ASKED):say(wrong):expect(DECODE, 50, false)
      end
    end
  end)

  -- A client up to CertificateVerify, which is left to `make(client, content)`.
  local function verify(options, name, make)
    local client = half_open(nil, options)
    local said = {}
    local say = client.say
    -- The messages themselves are signed (RFC 5246, 7.4.8).
    for _, message in ipairs(client.messages) do
      said[#said + 1] = message
    end
    client.say = function(self, message)
      said[#said + 1] = message
      return say(self, message)
    end
    client:say(client.certificate(name)):client_key_exchange()
    client.say = say
    return client:say(make(client, hello.encode(client.our_hello) .. table.concat(said)))
  end

  local function signed(name, scheme, number, change)
    local key = assert(tls.key.load(pki.path(name .. ".key")))
    return function(_, content)
      local signature = assert(key:sign(scheme, content))
      if change then
        signature = change(signature)
      end
      return wire.message(15, wire.number(number, 2) .. hello.vector(2, signature))
    end
  end

  it("a right signature is taken", function()
    for _, case in ipairs { { ASKED, "client_ec", "ecdsa_secp256r1_sha256", 0x0403 },
      { ASKED_RSA, "client_rsa", "rsa_pkcs1_sha256", 0x0401 },
      { ASKED_RSA, "client_rsa", "rsa_pss_rsae_sha256", 0x0804 } } do
      local client = verify(case[1], case[2], signed(case[2], case[3], case[4]))
      client:change_keys():say(client:finished()):listen():expect_open()
    end
  end)

  for _, case in ipairs {
    { "of MD5", "rsa_pkcs1_sha256", 0x0101, SCHEME, 47 },
    { "of SHA-1", "rsa_pkcs1_sha256", 0x0201, SCHEME, 47 },
    { "of a scheme of other keys", "rsa_pkcs1_sha256", 0x0403, SCHEME, 47 },
    { "of a scheme that does not exist", "rsa_pkcs1_sha256", 0x0707, SCHEME, 47 },
    { "of another hash than it says", "rsa_pkcs1_sha384", 0x0401, "peer_bad_signature", 51 },
    { "of PSS that says it is PKCS#1", "rsa_pss_rsae_sha256", 0x0401, "peer_bad_signature", 51 },
    { "of PKCS#1 that says it is PSS", "rsa_pkcs1_sha256", 0x0804, "peer_bad_signature", 51 },
    { "of PSS of another hash than it says", "rsa_pss_rsae_sha512", 0x0804, "peer_bad_signature", 51 },
    { "that is cut off", "rsa_pkcs1_sha256", 0x0401, "peer_bad_signature", 51, function(s) return s:sub(1, -2) end },
    { "that is too long", "rsa_pkcs1_sha256", 0x0401, "peer_bad_signature", 51, function(s) return s .. "\0" end },
    { "that is empty", "rsa_pkcs1_sha256", 0x0401, "peer_bad_signature", 51, function() return "" end },
    { "of zeros", "rsa_pkcs1_sha256", 0x0401, "peer_bad_signature", 51, function(s) return ("\0"):rep(#s) end },
    { "of 255s", "rsa_pkcs1_sha256", 0x0401, "peer_bad_signature", 51, function(s) return ("\255"):rep(#s) end },
    { "with a wrong bit", "rsa_pss_rsae_sha256", 0x0804, "peer_bad_signature", 51,
      function(s) return flipped(s, 100, 16) end },
  } do
    it("a signature " .. case[1] .. " is refused", function()
      verify(ASKED_RSA, "client_rsa", signed("client_rsa", case[2], case[3], case[6])):expect(case[4], case[5], false)
    end)
  end

  for _, case in ipairs {
    { "that is empty", "" }, { "of one byte", "\4" }, { "without a signature", "\4\3" },
    { "that is shorter than it says", "\4\3\0\9x" }, { "that is longer than it says", "\4\3\0\1xy" },
  } do
    it("a CertificateVerify " .. case[1] .. " is malformed", function()
      verify(ASKED, "client_ec", function() return wire.message(15, case[2]) end):expect(DECODE, 50, false)
    end)
  end
end)

describe("a server that has old suites, too,", function()
  local OLD = { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key", alpn = { "http/1.1" },
    cipher_suites = { "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA" } }

  local function say_hello(change, options)
    return client_of(options or OLD):client_hello(function(h)
      h.suites = { 0x002F }
      hello.put(h, hello.SCHEMES, hello.list { 0x0401, 0x0804 })
      change(h)
    end)
  end

  it("takes a suite without ECDHE from a client that has none of its groups (RFC 8422, 4)", function()
    for groups, suite in pairs { [{ 9, 256 }] = 0x009C, [{ 9, 29 }] = 0xC02F } do
      local client = say_hello(function(h)
        h.suites = { 0xC02F, 0x009C }
        hello.put(h, hello.GROUPS, hello.list(groups))
      end):listen()
      assert.equal(suite, client.their_hello and client.their_hello.suite)
    end
  end)

  it("takes a suite without a signature from a client that takes none of its signatures", function()
    for _, schemes in ipairs { { 0x0201 }, { 0x0403, 0x0503 }, {} } do
      local client = say_hello(function(h)
        h.suites = { 0xC02F, 0x009C }
        if schemes[1] then
          hello.put(h, hello.SCHEMES, hello.list(schemes))
        else
          hello.remove(h, hello.SCHEMES)
        end
      end):listen()
      assert.equal(0x009C, client.their_hello and client.their_hello.suite)
    end
  end)

  it("answers with an RSA-PSS key where that is what it has", function()
    local PSS = { certificate = pki.path "server_rsa_pss.pem", key = pki.path "server_rsa_pss.key",
      cipher_suites = OLD.cipher_suites }
    local client = say_hello(function(h)
      h.suites = { 0xC02F, 0x009C }
      hello.put(h, hello.SCHEMES, hello.list { 0x0809 })
    end, PSS):listen()
    assert.equal(0xC02F, client.their_hello and client.their_hello.suite)
  end)

  -- The engine that only knows the old ones would let most of it pass.
  for _, case in ipairs {
    { "33 bytes of session id", field("session_id", ("s"):rep(33)), DECODE, 50 },
    { "no suites", field("suites", {}), DECODE, 50 },
    { "half a suite", field("raw_suites", "\0\3\0\47\0"), DECODE, 50 },
    { "no compression methods", field("compressions", ""), DECODE, 50 },
    { "deflate alone", field("compressions", "\1"), ILLEGAL, 47 },
    { "two host names", put(hello.SERVER_NAME, "\0\8\0\0\1a\0\0\1b"), ILLEGAL, 47 },
    { "UTF-8 in its host name", put(hello.SERVER_NAME, "\0\6\0\0\3a\196\133"), ILLEGAL, 47 },
    { "an empty host name", put(hello.SERVER_NAME, "\0\3\0\0\0"), DECODE, 50 },
    { "something behind its names", put(hello.SERVER_NAME, "\0\4\0\0\1ex"), DECODE, 50 },
    { "the fallback SCSV", field("suites", { 0x002F, 0x5600 }), "peer_inappropriate_fallback", 86 },
    { "an empty list of groups", put(hello.GROUPS, "\0\0"), DECODE, 50 },
    { "something behind its groups", put(hello.GROUPS, "\0\2\0\29\0"), DECODE, 50 },
    { "an empty list of schemes", put(hello.SCHEMES, "\0\0"), DECODE, 50 },
    { "contents in extended_master_secret", put(hello.EXTENDED_MASTER_SECRET, "\0"), DECODE, 50 },
    { "half a status_request", put(hello.STATUS_REQUEST, "\1\0\0\0"), DECODE, 50 },
    { "max_fragment_length of two bytes", put(hello.MAX_FRAGMENT_LENGTH, "\1\1"), DECODE, 50 },
    { "a protocol that nobody knows", put(hello.ALPN, "\0\9\8http/1.X"), "peer_no_application_protocol", 120 },
    { "an empty list of protocols", put(hello.ALPN, "\0\0"), DECODE, 50 },
    { "an empty protocol", put(hello.ALPN, "\0\1\0"), DECODE, 50 },
    { "an extension twice", function(h) hello.add(h, hello.SCHEMES, "\0\2\4\3") end, "peer_extension_twice", 47 },
    { "something behind its extensions", field("behind", "x"), DECODE, 50 },
    { "version 2.0", field("version", 0x0200), "peer_version", 70 },
    { "version 3.2", field("version", 0x0302), "peer_version", 70 },
    { "suites that nobody has", field("suites", { 3, 6, 8, 0x11, 0, 1, 2 }), NOTHING, 40 },
  } do
    it("refuses a ClientHello with " .. case[1], function()
      say_hello(case[2]):expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "version 3.9", field("version", 0x0309) },
    { "32000 suites", function(h)
      for i = 2, 32000 do
        h.suites[i] = 0x1a1a
      end
    end },
    { "an extension of 60000 bytes", put(0x1234, ("x"):rep(60000)) },
    { "a name of another type", put(hello.SERVER_NAME, "\0\9\0\0\1a\1\0\2\0\255") },
  } do
    it("takes a ClientHello with " .. case[1], function()
      local client = say_hello(case[2]):listen()
      assert.same({ 0x0303, 0x002F }, { client.their_hello.version, client.their_hello.suite })
    end)
  end

  it("refuses a session that is asked for by its id without its suite (RFC 5246, 7.4.1.2)", function()
    local config = config_of(OLD)
    local client = assert(rules.client_config { trust = OLD.certificate,
      cipher_suites = { "TLS_RSA_WITH_AES_128_CBC_SHA" } }:client "localhost")
    local server = assert(config:server())
    local id
    for _ = 1, 3 do
      server:feed(client:drain() or "")
      local said = server:drain() or ""
      id = id or hello.parse(wire.records(said)[1].body).session_id
      client:feed(said)
    end
    assert.same({ "open", 32 }, { server:state(), #id })
    local records = wire.records(say_hello(field("session_id", id)).session:drain())
    assert.equal(wire.CHANGE_CIPHER_SPEC, records[2].type) -- it is resumed
    for _, suites in ipairs { { 0x009C }, { 0xC02F }, { 0x0002 } } do
      say_hello(all_of(field("session_id", id), field("suites", suites))):expect(ILLEGAL, 47, false)
    end
  end)

  for _, case in ipairs {
    { "an empty change_cipher_spec", wire.record(wire.CHANGE_CIPHER_SPEC, "") },
    { "an empty handshake record", wire.record(wire.HANDSHAKE, "") },
    { "an empty alert", wire.record(wire.ALERT, "") },
    { "empty application data", wire.record(wire.APPLICATION_DATA, "") },
    { "application data", wire.record(wire.APPLICATION_DATA, "GET /") },
    { "HelloRequest", wire.record(wire.HANDSHAKE, wire.message(0, "")) },
    { "ServerHelloDone", wire.record(wire.HANDSHAKE, wire.message(14, "")) },
    { "Finished", wire.record(wire.HANDSHAKE, wire.message(20, ("f"):rep(12))) },
    { "change_cipher_spec", CCS },
    { "a certificate", wire.record(wire.HANDSHAKE, wire.message(11, "\0\0\0")) },
    { "a message cut off by application data", wire.record(wire.HANDSHAKE, "\16\0")
      .. wire.record(wire.APPLICATION_DATA, "x") },
    { "a message cut off by change_cipher_spec", wire.record(wire.HANDSHAKE, "\16\0") .. CCS },
    { "an empty ClientKeyExchange", wire.record(wire.HANDSHAKE, wire.message(16, "")), DECODE, 50 },
    { "a ClientKeyExchange that is cut off", wire.record(wire.HANDSHAKE, wire.message(16, "\1\0xx")), DECODE, 50 },
    { "a ClientKeyExchange with something behind it", wire.record(wire.HANDSHAKE, wire.message(16, "\0\1xx")),
      DECODE, 50 },
    { "a record of another version", wire.record(wire.HANDSHAKE, "\16\0", 0x0302), "peer_version", 70 },
    { "a record of 2^14+1 bytes", wire.record(wire.HANDSHAKE, ("x"):rep(16385)), LENGTH, 22 },
  } do
    it(("refuses %s in place of the key of the client"):format(case[1]), function()
      say_hello(function() end):listen():raw(case[2]):expect(case[3] or UNEXPECTED, case[4] or 10, false)
    end)
  end

  it("bears four warnings in a row, and no more", function()
    for n = 4, 5 do
      local client = say_hello(function() end):listen()
      for _ = 1, n do
        client:raw(wire.record(wire.ALERT, WARNING))
      end
      if n == 4 then
        assert.equal("handshake", client.session:state())
      else
        client:expect(MANY, 10, false)
      end
    end
  end)

  it("of TLS 1.1, too, refuses a fallback to it, and nothing else of it", function()
    local OLDER = { certificate = OLD.certificate, key = OLD.key, cipher_suites = OLD.cipher_suites,
      min_version = "TLSv1" }
    for _, version in ipairs { 0x0301, 0x0302 } do
      say_hello(all_of(field("version", version), field("suites", { 0x002F, 0x5600 })), OLDER)
        :expect("peer_inappropriate_fallback", 86, false)
      local client = say_hello(field("version", version), OLDER):listen()
      assert.equal(version, client.their_hello.version)
    end
  end)
end)

describe("what a server of TLS 1.2 says", function()
  it("in ServerHello is what was asked for, and no more", function()
    local client = open_client(function(h)
      h.extensions = {}
      hello.add(h, hello.GROUPS, hello.list { hello.X25519, hello.SECP256R1 })
      hello.add(h, hello.SCHEMES, hello.list { 0x0403 })
      for _, code in ipairs { 15, 22, 0x1234, 13172, hello.PSK_MODES, hello.AUTHORITIES } do
        hello.add(h, code, code == hello.PSK_MODES and "\1\1" or code == hello.AUTHORITIES and "\0\3\0\1x" or "")
      end
    end)
    assert.same({}, client.their_hello.extensions)
  end)

  it("does not take more than a record_size_limit in a record", function()
    local client = open_client(put(hello.RECORD_SIZE_LIMIT, "\0\64"))
    client.session:write(("x"):rep(200))
    local sizes = {}
    for _, record in ipairs(wire.records(client.session:drain())) do
      sizes[#sizes + 1] = #record.body - 24
    end
    assert.same({ 64, 64, 64, 8 }, sizes)
  end)
end)
