-- What conformance suites try on a client, beside what the specs of the rules have: every message in every place where
-- it does not belong, with something behind it, in the wrong record; versions, extensions and groups.

local hello = require "support.hello"
local primitives = require "primitives"
local rules = require "support.rules"
local scripted = require "support.scripted"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local ILLEGAL, DECODE, UNEXPECTED = "peer_illegal_parameter", "peer_malformed_message", "peer_unexpected_message"
local MISPLACED, UNSUPPORTED, TWICE = "peer_extension_misplaced", "peer_unsupported_extension", "peer_extension_twice"
local VERSION, SHARE = "peer_version", "peer_bad_key_share"
local CCS = scripted12.CCS
local GREASE = 0x7A7A

local client_config = rules.client_config()

local function server12(config, how, options)
  return scripted12.new(assert((config or client_config):client("localhost", options)), false, how):listen()
end

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

-- A hello of TLS 1.2 by a server of TLS 1.3.
local function hello12(change)
  return function(h)
    h.suite, h.session_id, h.extensions = 0xC02B, "", {}
    if change then
      change(h)
    end
  end
end

-- ---- states ----

-- Where a client can be: how a server brings it there, the message types that may come next, whether an alert is
-- encrypted then.
local STATES = {
  { "TLS 1.3 at ServerHello", rules.server_of_client, { [0] = true, [2] = true }, false },
  { "TLS 1.3 behind a HelloRetryRequest", function()
    return rules.server_of_client({ groups = { "x25519", "secp256r1" } }, { group = hello.SECP256R1 })
      :retry(hello.SECP256R1):listen()
  end, { [2] = true }, false },
  { "TLS 1.3 at EncryptedExtensions", function() return rules.server_of_client():server_hello() end, { [8] = true },
    true },
  { "TLS 1.3 at Certificate or CertificateRequest", function()
    return rules.server_of_client():server_hello():say(scripted.encrypted_extensions())
  end, { [11] = true, [13] = true }, true },
  { "TLS 1.3 at Certificate", function()
    return rules.server_of_client():server_hello()
      :say(scripted.encrypted_extensions(), wire.message(13, "\0\0\8\0\13\0\4\0\2\4\3"))
  end, { [11] = true }, true },
  { "TLS 1.3 at CertificateVerify", function()
    return rules.server_of_client():server_hello():say(scripted.encrypted_extensions(),
      scripted.certificate "server_ec")
  end, { [15] = true }, true },
  { "TLS 1.3 at Finished", function()
    local server = rules.server_of_client():server_hello()
    return server:say(scripted.encrypted_extensions(), scripted.certificate "server_ec"):say(server:verify "server_ec")
  end, { [20] = true }, true },
  { "TLS 1.3, open", rules.open_server, { [4] = true, [24] = true }, true },
  { "TLS 1.2 at Certificate", function() return server12():server_hello() end, { [0] = true, [11] = true }, false },
  { "TLS 1.2 at ServerKeyExchange", function()
    return server12():server_hello():say(scripted12.certificate "server_ec")
  end, { [0] = true, [12] = true }, false },
  { "TLS 1.2 at CertificateStatus", function()
    return server12():server_hello(put(hello.STATUS_REQUEST, "")):say(scripted12.certificate "server_ec")
  end, { [0] = true, [12] = true, [22] = true }, false },
  { "TLS 1.2 at CertificateRequest or ServerHelloDone", function()
    return server12():server_hello():server_flight { done = false }
  end, { [0] = true, [13] = true, [14] = true }, false },
  { "TLS 1.2 at ServerHelloDone", function()
    return server12():server_hello():server_flight { request = wire.message(13, "\1\64\0\2\4\3\0\0"), done = false }
  end, { [0] = true, [14] = true }, false },
  { "TLS 1.2 at NewSessionTicket", function()
    return server12():server_hello(put(hello.SESSION_TICKET, "")):server_flight():listen()
  end, { [0] = true, [4] = true }, true },
  { "TLS 1.2 at change_cipher_spec", function()
    return server12():server_hello():server_flight():listen()
  end, { [0] = true }, true },
  { "TLS 1.2 at Finished", function()
    return server12():server_hello():server_flight():listen():change_keys()
  end, { [0] = true, [20] = true }, true },
  { "TLS 1.2, open", function()
    return server12():server_hello():server_flight():listen():finish()
  end, { [0] = true }, true },
}

-- Those that have a name, next_proto and channel_id of other implementations, message_hash, and some that have none.
local TYPES = { 0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 67, 122, 203, 254, 255 }

describe("a client of", function()
  for _, state in ipairs(STATES) do
    it(state[1] .. " refuses every other message", function()
      for _, kind in ipairs(TYPES) do
        if not state[3][kind] then
          state[2]():send(wire.HANDSHAKE, wire.message(kind, "")):expect(UNEXPECTED, 10, state[4])
        end
      end
    end)

    it(state[1] .. " refuses application data, change_cipher_spec of another value, and what is no record", function()
      local open = state[1]:find "open"
      if not open then
        state[2]():send(wire.APPLICATION_DATA, "x"):expect(UNEXPECTED, 10, state[4])
        state[2]():send(wire.APPLICATION_DATA, ""):expect(UNEXPECTED, 10, state[4])
      end
      state[2]():send(wire.CHANGE_CIPHER_SPEC, "\2"):expect(UNEXPECTED, 10, state[4])
      for _, byte in ipairs { "\0", "\19", "\24", "\255" } do
        local peer = state[2]():raw(byte .. "\3\3\0\1x"):listen()
        assert.same({ { "\2\10", state[4] } }, peer.alerts)
      end
    end)

    it(state[1] .. " takes no alert with a level that does not exist (RFC 8446, 6; RFC 5246, 7.2)", function()
      for _, level in ipairs { 0, 3, 42 } do
        state[2]():send(wire.ALERT, string.char(level, 40)):expect(ILLEGAL, 47, state[4])
      end
    end)

    it(state[1] .. " is ended by a fatal alert, and says nothing to it", function()
      local peer = state[2]():listen():send(wire.ALERT, "\2\80")
      local failure = peer.session:failure()
      assert.same({ "alert_internal_error", "peer" }, { failure.code, failure.sent_by })
      assert.is_nil(peer.session:drain())
    end)

    it(state[1] .. " refuses half an alert, and two in a record", function()
      state[2]():send(wire.ALERT, "\2"):expect(DECODE, 50, state[4])
      state[2]():send(wire.ALERT, "\2\40\2\40"):expect(DECODE, 50, state[4])
    end)
  end
end)

describe("a client refuses", function()
  -- Each message of a flight in one record with the beginning of another one behind it.
  local function with_more(server, message)
    return server:send(wire.HANDSHAKE, message .. "\20\0")
  end

  it("what stands behind a HelloRetryRequest, before it has answered", function()
    local server = rules.server_of_client({ groups = { "x25519", "secp256r1" } })
    with_more(server, hello.encode(server:new_server_hello(function(h)
      h.random = hello.RETRY
      hello.put(h, hello.KEY_SHARE, "\0\23")
    end))):expect(UNEXPECTED, 10, false)
    assert.equal(0, server:heard(1) - 1)
  end)

  it("what stands behind ServerHelloDone, before it has answered", function()
    local server = server12():server_hello():server_flight { done = false }
    with_more(server, scripted12.HELLO_DONE):expect(UNEXPECTED, 10, false)
    assert.equal(0, server:heard(16))
  end)

  it("a Finished of TLS 1.2 that begins before change_cipher_spec", function()
    for _, ticket in ipairs { false, true } do
      local server = server12():server_hello(ticket and put(hello.SESSION_TICKET, "") or nil):server_flight():listen()
      if ticket then
        server:say(wire.message(4, "\0\0\0\9\0\1t"))
      end
      server:send(wire.HANDSHAKE, "\20\0\0\12"):raw(CCS):expect(UNEXPECTED, 10, true)
    end
  end)

  it("a warning in the middle of a message of TLS 1.3", function()
    rules.server_of_client():server_hello():send(wire.HANDSHAKE, "\8\0"):send(wire.ALERT, "\1\90")
      :expect(UNEXPECTED, 10, true)
  end)

  it("more than four warnings in a row, and takes them between messages", function()
    local function warned(n)
      local server = server12()
      for _, step in ipairs { function() server:server_hello() end, function() server:server_flight():listen() end,
        function() server:finish() end } do
        for _ = 1, n do
          server:send(wire.ALERT, "\1\112")
        end
        if server.session:state() ~= "failed" then
          step()
        end
      end
      return server
    end
    warned(4):expect_open()
    warned(5):expect("peer_too_many_records", 10, false)
  end)

  it("every alert of TLS 1.3 behind a HelloRetryRequest, warning or not", function()
    local server = rules.server_of_client({ groups = { "x25519", "secp256r1" } }, { group = hello.SECP256R1 })
      :retry(hello.SECP256R1):listen():send(wire.ALERT, "\1\112")
    assert.equal("alert_unrecognized_name", server.session:failure().code)
  end)
end)

-- ---- hellos ----

local function each_hello12(cases)
  for _, case in ipairs(cases) do
    it("a ServerHello of TLS 1.2 " .. case[1], function()
      local server = server12(case.client and rules.client_config(case.client)):server_hello(case[2])
      if case[3] then
        server:expect(case[3], case[4], false)
      else
        server:server_flight():listen():finish():expect_open()
      end
    end)
  end
end

describe("versions, as a client reads them (RFC 8446, 4.1.3, 4.2.1, D):", function()
  rules.each_server_hello(it, {
    { "that chooses TLS 1.1 by supported_versions is refused", put(hello.VERSIONS, "\3\2"), ILLEGAL, 47 },
    { "that chooses SSL 3.0 by supported_versions is refused", put(hello.VERSIONS, "\3\0"), ILLEGAL, 47 },
    { "that chooses a draft of TLS 1.3 is refused", put(hello.VERSIONS, "\127\28"), ILLEGAL, 47 },
    { "that chooses the version zero is refused", put(hello.VERSIONS, "\0\0"), ILLEGAL, 47 },
    { "that chooses a version of GREASE is refused", put(hello.VERSIONS, wire.number(GREASE, 2)), ILLEGAL, 47 },
    { "with half a version is malformed", put(hello.VERSIONS, "\3"), DECODE, 50 },
    { "with an empty supported_versions is malformed", put(hello.VERSIONS, ""), DECODE, 50 },
    { "with something behind the version is malformed", put(hello.VERSIONS, "\3\4\0"), DECODE, 50 },
    { "of TLS 1.3 whose legacy_version is TLS 1.1 is refused", field("version", 0x0302), ILLEGAL, 47 },
    { "of TLS 1.3 whose legacy_version is of the future is refused", field("version", 0x0305), ILLEGAL, 47 },
    { "of TLS 1.3 whose legacy_version is SSL 3.0 is refused", field("version", 0x0300), VERSION, 70 },
    { "whose version is from nowhere is refused", hello12(field("version", 0x1234)), VERSION, 70 },
    { "whose major version is 4 is refused", hello12(field("version", 0x0400)), VERSION, 70 },
    { "whose version is SSL 2.0 is refused", hello12(field("version", 0x0002)), VERSION, 70 },
    { "of SSL 3.0 is refused", hello12(field("version", 0x0300)), VERSION, 70 },
    { "of TLS 1.0 is refused", hello12(field("version", 0x0301)), VERSION, 70 },
    { "of TLS 1.2 that also says so in supported_versions is refused", hello12(put(hello.VERSIONS, "\3\3")), ILLEGAL,
      47 },
    { "of TLS 1.3 for a client of 1.2 is refused", function() end, UNSUPPORTED, 110,
      client = { max_version = "TLSv1.2" } },
    { "with the random of a HelloRetryRequest, of TLS 1.2, is no HelloRetryRequest", hello12(function(h)
      h.random = hello.RETRY
      h.suite = 0x1301
    end), ILLEGAL, 47 },
    { "of TLS 1.2 that resumes the session id of the compatibility mode is refused", function(h)
      h.suite, h.extensions = 0xC02B, {}
    end, ILLEGAL, 47 },
  })

  it("the first ClientHello is a record of TLS 1.0, the second of TLS 1.2 (RFC 8446, 5.1)", function()
    local session = assert(rules.client_config { groups = { "x25519", "secp256r1" } }:client "localhost")
    local bytes = session:drain()
    assert.equal("\22\3\1", bytes:sub(1, 3))
    local server = scripted.new(session, false, { group = hello.SECP256R1 })
    server.transcript:add(wire.records(bytes)[1].body)
    server.their_hello = hello.parse(wire.records(bytes)[1].body)
    server:retry(hello.SECP256R1)
    local records = wire.records(session:drain())
    assert.same({ wire.CHANGE_CIPHER_SPEC, 0x0303, wire.HANDSHAKE, 0x0303 },
      { records[1].type, records[1].version, records[2].type, records[2].version })
  end)

  it("a ServerHello in a record of TLS 1.0 is taken, one of SSL 2.0 is not", function()
    local server = rules.server_of_client()
    server.records:version(0x0301)
    server:server_hello():server_flight():listen():expect_open()
    server = rules.server_of_client()
    server:raw(wire.record(wire.HANDSHAKE, hello.encode(server:new_server_hello()), 0x0002)):expect("peer_not_tls", 10)
  end)

  it("there is no session id where only TLS 1.2 is offered, and no extension of 1.3", function()
    local theirs = server12(rules.client_config { max_version = "TLSv1.2" }).their_hello
    assert.equal("", theirs.session_id)
    for _, code in ipairs { hello.VERSIONS, hello.KEY_SHARE, hello.PSK_MODES, hello.COOKIE } do
      assert.is_nil(hello.get(theirs, code))
    end
    assert.equal(0x0303, theirs.version)
    for _, suite in ipairs(theirs.suites) do
      assert.is_true(suite >= 0xC000)
    end
  end)

  it("there is nothing of TLS 1.2 where only 1.3 is offered", function()
    local theirs = rules.server_of_client { min_version = "TLSv1.3" }.their_hello
    for _, code in ipairs { hello.EXTENDED_MASTER_SECRET, hello.RENEGOTIATION_INFO, hello.POINT_FORMATS,
      hello.SESSION_TICKET } do
      assert.is_nil(hello.get(theirs, code))
    end
    assert.equal(hello.list({ 0x0304 }, 1), hello.get(theirs, hello.VERSIONS))
    for _, suite in ipairs(theirs.suites) do
      assert.is_true(suite < 0x1400)
    end
  end)
end)

describe("what a client has not offered (RFC 8701; RFC 8446, 4.1.3, 4.2.8):", function()
  rules.each_server_hello(it, {
    { "with a suite of GREASE is refused", field("suite", GREASE), ILLEGAL, 47 },
    { "with an extension of GREASE is refused", put(GREASE, ""), UNSUPPORTED, 110 },
    { "with a share of GREASE is refused", put(hello.KEY_SHARE, hello.share(GREASE, "x")), ILLEGAL, 47 },
    { "with the null suite is refused", field("suite", 0), ILLEGAL, 47 },
    { "with a signalling suite is refused", field("suite", 0x00FF), ILLEGAL, 47 },
    { "with a share of another group that was offered is refused",
      put(hello.KEY_SHARE, hello.share(hello.SECP256R1, "\4" .. ("x"):rep(64))), ILLEGAL, 47 },
    { "with a share without bytes is malformed", put(hello.KEY_SHARE, hello.share(hello.X25519, "")), DECODE, 50 },
    { "with two shares is malformed", function(h, server)
      local one = hello.share(hello.X25519, server.share)
      hello.put(h, hello.KEY_SHARE, one .. one)
    end, DECODE, 50 },
    { "with a list of shares is malformed", function(h, server)
      hello.put(h, hello.KEY_SHARE, hello.vector(2, hello.share(hello.X25519, server.share)))
    end, DECODE, 50 },
    { "with a share that is a group alone is malformed", put(hello.KEY_SHARE, "\0\29"), DECODE, 50 },
    { "with a short share is refused", put(hello.KEY_SHARE, hello.share(hello.X25519, ("x"):rep(31))), SHARE, 47 },
    { "with a long share is refused", put(hello.KEY_SHARE, hello.share(hello.X25519, ("x"):rep(33))), SHARE, 47 },
    { "with a share that makes a secret of zeros is refused",
      put(hello.KEY_SHARE, hello.share(hello.X25519, ("\0"):rep(32))), SHARE, 47 },
    { "with a cookie is refused", put(hello.COOKIE, "\0\1x"), MISPLACED, 47 },
    { "with ALPN is refused, for it belongs elsewhere", put(hello.ALPN, "\0\3\2h2"), MISPLACED, 47,
      client = { alpn = { "h2" } } },
    { "with extended_master_secret is refused", put(hello.EXTENDED_MASTER_SECRET, ""), MISPLACED, 47 },
    { "with renegotiation_info is refused", put(hello.RENEGOTIATION_INFO, "\0"), MISPLACED, 47 },
    { "with early_data is refused", put(hello.EARLY_DATA, ""), UNSUPPORTED, 110 },
    { "without extensions, of a suite of TLS 1.3, is refused", function(h) h.no_extensions = true end, ILLEGAL, 47 },
  })

  it("a share on a curve is a point of it, and no other", function()
    local group = { groups = { "secp256r1" } }
    local _, right = primitives.group_generate(hello.SECP256R1)
    for _, wrong in ipairs { "\2" .. right:sub(2, 33), "\3" .. right:sub(2, 33), "\6" .. right:sub(2),
      right:sub(1, 64), right .. "x", right:sub(1, 64) .. string.char((right:byte(65) + 1) % 256), "\0",
      "\4" .. ("\0"):rep(64), "\4" .. ("\255"):rep(64) } do
      local server = rules.server_of_client(group)
      server:say(hello.encode(server:new_server_hello(put(hello.KEY_SHARE, hello.share(hello.SECP256R1, wrong)))))
        :expect(SHARE, 47, false)
    end
  end)

  it("the highest bit of an X25519 share is masked (RFC 7748, 5)", function()
    local server = rules.server_of_client()
    server.share = server.share:sub(1, 31) .. string.char(server.share:byte(32) + 128)
    server:server_hello():server_flight():listen():expect_open()
    server = server12():server_hello()
    server.share = server.share:sub(1, 31) .. string.char(server.share:byte(32) + 128)
    server:server_flight():listen():finish():expect_open()
  end)

  for _, case in ipairs {
    { "of GREASE", GREASE }, { "that nobody knows", 0x1234 }, { "zero", 0 }, { "that we know and did not offer", 24 },
  } do
    it(("a HelloRetryRequest for a group %s is refused"):format(case[1]), function()
      rules.server_of_client({ groups = { "x25519", "secp256r1" } }):retry(case[2]):expect(ILLEGAL, 47, false)
    end)
  end

  for _, case in ipairs {
    { "supported_versions twice", function(h) hello.add(h, hello.VERSIONS, "\3\4") end, TWICE, 47 },
    { "key_share twice", function(h) hello.add(h, hello.KEY_SHARE, "\0\23") end, TWICE, 47 },
    { "cookies twice", function(h)
      hello.add(h, hello.COOKIE, "\0\1x")
      hello.add(h, hello.COOKIE, "\0\1x")
    end, TWICE, 47 },
    { "pre_shared_key", put(hello.PRE_SHARED_KEY, "\0\0"), UNSUPPORTED, 110 },
    { "a legacy_version of the future", field("version", 0x0305), ILLEGAL, 47 },
    { "half a group", put(hello.KEY_SHARE, "\0"), DECODE, 50 },
    { "an empty cookie extension", put(hello.COOKIE, ""), DECODE, 50 },
    { "something behind its extensions", field("behind", "\0"), DECODE, 50 },
  } do
    it(("a HelloRetryRequest with %s is refused"):format(case[1]), function()
      rules.server_of_client({ groups = { "x25519", "secp256r1" } }):retry(hello.SECP256R1, case[2])
        :expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "without supported_versions", function(h) hello.remove(h, hello.VERSIONS) end, MISPLACED, 47 },
    { "of another version", put(hello.VERSIONS, "\18\52"), ILLEGAL, 47 },
    { "that does not echo the session id", field("session_id", ""), ILLEGAL, 47 },
    { "with a cookie", put(hello.COOKIE, "\0\1x"), MISPLACED, 47 },
    { "without key_share", function(h) hello.remove(h, hello.KEY_SHARE) end, "peer_missing_extension", 109 },
  } do
    it(("a ServerHello behind a HelloRetryRequest %s is refused"):format(case[1]), function()
      local server = rules.server_of_client({ groups = { "x25519", "secp256r1" } }, { group = hello.SECP256R1 })
        :retry(hello.SECP256R1):listen()
      server:say(hello.encode(server:new_server_hello(case[2]))):expect(case[3], case[4], false)
    end)
  end
end)

describe("extensions of a server, as a client reads them:", function()
  for _, case in ipairs {
    { "extended_master_secret", { { hello.EXTENDED_MASTER_SECRET, "" } }, MISPLACED, 47 },
    { "renegotiation_info", { { hello.RENEGOTIATION_INFO, "\0" } }, MISPLACED, 47 },
    { "session_ticket", { { hello.SESSION_TICKET, "" } }, MISPLACED, 47 },
    { "ec_point_formats", { { hello.POINT_FORMATS, "\1\0" } }, MISPLACED, 47 },
    { "status_request", { { hello.STATUS_REQUEST, "" } }, MISPLACED, 47 },
    { "signature_algorithms", { { hello.SCHEMES, "\0\2\4\3" } }, MISPLACED, 47 },
    { "psk_key_exchange_modes", { { hello.PSK_MODES, "\1\1" } }, MISPLACED, 47 },
    { "pre_shared_key that was not offered", { { hello.PRE_SHARED_KEY, "\0\0" } }, UNSUPPORTED, 110 },
    { "a cookie", { { hello.COOKIE, "\0\1x" } }, MISPLACED, 47 },
    { "GREASE", { { GREASE, "" } }, UNSUPPORTED, 110 },
    { "server_certificate_type", { { 20, "\0" } }, UNSUPPORTED, 110 },
    { "encrypted_client_hello", { { 0xFE0D, "" } }, UNSUPPORTED, 110 },
    { "record_size_limit that was not offered", { { hello.RECORD_SIZE_LIMIT, "\64\1" } }, UNSUPPORTED, 110 },
    { "an extension that is cut off", { { 0, "" } }, DECODE, 50, wire.message(8, "\0\3\0\0\0") },
    { "a list longer than its message", {}, DECODE, 50, wire.message(8, "\0\4\0\0") },
    { "no list", {}, DECODE, 50, wire.message(8, "") },
  } do
    it("EncryptedExtensions with " .. case[1] .. " is refused", function()
      local server = rules.server_of_client():server_hello()
      server:say(case[5] or scripted.encrypted_extensions(case[2])):expect(case[3], case[4], true)
    end)
  end

  it("EncryptedExtensions with supported_groups, or an answer to the name, is taken", function()
    local server = rules.server_of_client():server_hello()
    server:server_flight { extensions = scripted.encrypted_extensions { { hello.SERVER_NAME, "" },
      { hello.GROUPS, hello.list { GREASE, 29, 23 } } } }:listen():expect_open()
  end)

  it("no answer to the name is taken where none was sent", function()
    local function no_name(config)
      return scripted.new(assert(config:client "127.0.0.1"), false):listen()
    end
    local config = rules.client_config { insecure_no_name = true }
    no_name(config):server_hello():say(scripted.encrypted_extensions { { hello.SERVER_NAME, "" } })
      :expect(UNSUPPORTED, 110, true)
    local server = scripted12.new(assert(config:client "127.0.0.1"), false):listen()
    server:server_hello(put(hello.SERVER_NAME, "")):expect(UNSUPPORTED, 110, false)
  end)

  each_hello12 {
    { "with GREASE is refused", put(GREASE, ""), UNSUPPORTED, 110 },
    { "with a suite of GREASE is refused", field("suite", GREASE), ILLEGAL, 47 },
    { "with point formats that nobody knows beside the one is taken", put(hello.POINT_FORMATS, "\4\42\0\99\1") },
    { "with point formats that have something behind them is malformed", put(hello.POINT_FORMATS, "\1\0\0"), DECODE,
      50 },
    -- RFC 8422 has no such answer, but it was offered, and servers are known that give it.
    { "with supported_groups is taken", put(hello.GROUPS, hello.list { 29, 23 }) },
    { "with signature_algorithms is refused", put(hello.SCHEMES, "\0\2\4\3"), MISPLACED, 47 },
    { "with early_data is refused", put(hello.EARLY_DATA, ""), UNSUPPORTED, 110 },
    { "with an empty list of extensions is taken", field("extensions", {}) },
    { "with a session id that is not ours is taken", field("session_id", ("i"):rep(32)) },
    { "with a session id of one byte is taken", field("session_id", "i") },
    { "with an unknown protocol is refused", put(hello.ALPN, "\0\3\2h3"), "peer_no_application_protocol", 47,
      client = { alpn = { "h2" } } },
    { "with two protocols is malformed", put(hello.ALPN, "\0\6\2h2\2h2"), DECODE, 50, client = { alpn = { "h2" } } },
    { "with an empty protocol is malformed", put(hello.ALPN, "\0\1\0"), DECODE, 50, client = { alpn = { "h2" } } },
    { "without a protocol is malformed", put(hello.ALPN, "\0\0"), DECODE, 50, client = { alpn = { "h2" } } },
    { "with a protocol that was offered is taken", put(hello.ALPN, "\0\3\2h2"), client = { alpn = { "h2" } } },
    { "that announces a ticket where none is wanted is refused", put(hello.SESSION_TICKET, ""), UNSUPPORTED, 110,
      client = { tickets = false } },
  }
end)
