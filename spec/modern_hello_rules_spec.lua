-- The rules of hellos in TLS 1.3, each broken once: what is wrong is said by the RFC's alert, once.

local hello = require "support.hello"
local pki = require "support.pki"
local primitives = require "primitives"
local rules = require "support.rules"
local wire = require "support.wire"

local ILLEGAL, DECODE, MISSING = "peer_illegal_parameter", "peer_malformed_message", "peer_missing_extension"
local MISPLACED, TWICE, UNSUPPORTED = "peer_extension_misplaced", "peer_extension_twice", "peer_unsupported_extension"
local NOTHING, VERSION, SHARE = "peer_nothing_in_common", "peer_version", "peer_bad_key_share"

local function put(code, body)
  return function(h) hello.put(h, code, body) end
end

local function without(code)
  return function(h) hello.remove(h, code) end
end

local function field(name, value)
  return function(h) h[name] = value end
end

local function versions(...)
  return put(hello.VERSIONS, hello.list({ ... }, 1))
end

local function named(name)
  return put(hello.SERVER_NAME, hello.vector(2, "\0" .. hello.vector(2, name)))
end

describe("hard point 1, supported_versions and legacy_version (RFC 8446, 4.2.1, D):", function()
  rules.each_client_hello(it, {
    { "whose legacy_version is of the future is taken by its supported_versions", field("version", 0x0305) },
    { "whose legacy_version is TLS 1.0 is, too", field("version", 0x0301) },
    { "that lists versions nobody knows is taken by the one that is known",
      versions(0x7a7a, 0x0305, 0x0304, 0x0301) },
    { "whose legacy_version is SSL 3.0 is refused", field("version", 0x0300), VERSION, 70 },
    { "that lists only TLS 1.1 is refused, whatever its legacy_version", versions(0x0302), VERSION, 70 },
    { "that lists TLS 1.3 only is refused where 1.2 is the highest", function() end, VERSION, 70,
      server = { max_version = "TLSv1.2" } },
    { "that lists nothing is malformed", put(hello.VERSIONS, "\0"), DECODE, 50 },
    { "that lists half a version is malformed", put(hello.VERSIONS, "\3\3\4\3"), DECODE, 50 },
    { "with something behind its versions is malformed", put(hello.VERSIONS, "\2\3\4\0"), DECODE, 50 },
    { "that says TLS 1.3 as its legacy_version alone means 1.2", function(h)
      h.version = 0x0304
      hello.remove(h, hello.VERSIONS)
    end, VERSION, 70, server = { min_version = "TLSv1.3" } },
  })
  rules.each_server_hello(it, {
    { "that chooses a version which was not offered is refused", put(hello.VERSIONS, "\3\5"), ILLEGAL, 47 },
    { "that chooses TLS 1.2 in supported_versions is refused", put(hello.VERSIONS, "\3\3"), ILLEGAL, 47 },
    { "that says TLS 1.3 in its legacy_version is refused", field("version", 0x0304), ILLEGAL, 47 },
    { "that says TLS 1.3 in its legacy_version alone is refused", function(h)
      h.version, h.extensions = 0x0304, {}
    end, VERSION, 70 },
    { "whose supported_versions is a list is malformed", put(hello.VERSIONS, "\2\3\4"), DECODE, 50 },
    { "of SSL 3.0 is refused", function(h)
      h.version = 0x0300
      h.extensions = {}
    end, VERSION, 70 },
    { "of TLS 1.3 whose legacy_version is SSL 3.0 is refused", field("version", 0x0300), VERSION, 70 },
    { "of TLS 1.2 is refused by a client that wants 1.3", function(h) h.extensions = {} end, VERSION, 70,
      client = { min_version = "TLSv1.3" } },
  })
end)

describe("hard point 2, downgrades (RFC 8446, 4.1.3; RFC 7507):", function()
  local function hello12(end_of_random)
    return function(h)
      h.random = ("R"):rep(24) .. end_of_random
      h.suite, h.extensions, h.session_id = 0xC02B, {}, ""
    end
  end
  rules.each_server_hello(it, {
    { "of TLS 1.2 whose random says that the server knows 1.3 is refused", hello12 "DOWNGRD\1", "peer_downgraded", 47 },
    { "whose random says that the server knows 1.2 is refused", hello12 "DOWNGRD\0", "peer_downgraded", 47 },
  })

  it("a client of TLS 1.2 alone does not mind", function()
    local server = rules.server_of_client { max_version = "TLSv1.2" }
    server:say(hello.encode(server:new_server_hello(hello12 "DOWNGRD\1")))
    assert.equal("handshake", server.session:state())
  end)

  it("a server sets it when it answers in TLS 1.2, and only where it knows 1.3", function()
    for max, wanted in pairs { ["TLSv1.3"] = true, ["TLSv1.2"] = false } do
      local client = rules.client_of_server { max_version = max }
      client:client_hello(function(h)
        h.suites = { 0xC02B }
        hello.remove(h, hello.VERSIONS)
      end):listen()
      assert.equal(wanted, client.their_hello.random:sub(-8) == "DOWNGRD\1")
    end
  end)

  local function fallback(version)
    return function(h)
      h.suites = { 0x1301, 0xC02B, 0x5600 }
      hello.put(h, hello.VERSIONS, hello.list({ version }, 1))
    end
  end
  rules.each_client_hello(it, {
    { "of TLS 1.2 with TLS_FALLBACK_SCSV is refused where 1.3 is there", fallback(0x0303),
      "peer_inappropriate_fallback", 86 },
    { "of TLS 1.3 with TLS_FALLBACK_SCSV is taken", fallback(0x0304) },
  })
end)

describe("hard point 3, HelloRetryRequest (RFC 8446, 4.1.2, 4.1.4):", function()
  local GROUPS = { groups = { "x25519", "secp256r1" } }

  local function retried(change, more)
    local server = rules.server_of_client(GROUPS, { group = hello.SECP256R1 })
    server:retry(hello.SECP256R1, change)
    if more then
      server:listen()
    end
    return server
  end

  it("one is followed, and its cookie comes back", function()
    local server = retried(function(h) hello.add(h, hello.COOKIE, hello.vector(2, "biscuit")) end, true)
    assert.equal(hello.vector(2, "biscuit"), hello.get(server.their_hello, hello.COOKIE))
    server:server_hello():server_flight():listen():expect_open()
  end)

  it("a cookie alone is followed, with the share that was there", function()
    local server = rules.server_of_client(GROUPS)
    local first = hello.get(server.their_hello, hello.KEY_SHARE)
    server:retry(0, function(h)
      hello.remove(h, hello.KEY_SHARE)
      hello.add(h, hello.COOKIE, hello.vector(2, "c"))
    end)
    server:listen()
    assert.equal(first, hello.get(server.their_hello, hello.KEY_SHARE))
    server:server_hello():server_flight():listen():expect_open()
  end)

  it("a second one is refused", function()
    retried(nil, true):say(hello.encode(retried():new_server_hello(function(h)
      h.random = hello.RETRY
      hello.put(h, hello.KEY_SHARE, "\0\29")
    end)))
    local server = retried(nil, true)
    server:say(hello.encode(server:new_server_hello(function(h)
      h.random = hello.RETRY
      hello.put(h, hello.KEY_SHARE, "\0\29")
    end))):expect("peer_unexpected_message", 10, false)
  end)

  for _, case in ipairs {
    { "that changes nothing", function(h) hello.remove(h, hello.KEY_SHARE) end, ILLEGAL, 47 },
    { "that asks for the group that was sent", put(hello.KEY_SHARE, "\0\29"), ILLEGAL, 47 },
    { "that asks for a group that was not offered", put(hello.KEY_SHARE, "\0\24"), ILLEGAL, 47 },
    { "with a whole share", put(hello.KEY_SHARE, "\0\23\0\1x"), DECODE, 50 },
    { "with an empty cookie", put(hello.COOKIE, "\0\0"), DECODE, 50 },
    { "with something behind the cookie", put(hello.COOKIE, "\0\1xy"), DECODE, 50 },
    { "with an extension that it must not have", put(hello.SERVER_NAME, ""), MISPLACED, 47 },
    { "with an extension that nobody asked for", put(0x1234, ""), UNSUPPORTED, 110 },
    { "with the wrong session id", field("session_id", ("x"):rep(32)), ILLEGAL, 47 },
    { "with a suite that was not offered", field("suite", 0x1305), ILLEGAL, 47 },
    { "with compression", field("compression", 1), ILLEGAL, 47 },
  } do
    it(("one %s is refused"):format(case[1]), function()
      retried(case[2]):expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "of another suite", field("suite", 0x1303), ILLEGAL, 47 },
    { "of another group", put(hello.KEY_SHARE, hello.share(hello.X25519, ("k"):rep(32))), ILLEGAL, 47 },
    { "of TLS 1.2", function(h) h.suite, h.extensions = 0xC02B, {} end, ILLEGAL, 47 },
  } do
    it(("a ServerHello %s behind one is refused"):format(case[1]), function()
      local server = retried(nil, true)
      server:say(hello.encode(server:new_server_hello(case[2]))):expect(case[3], case[4], false)
    end)
  end

  -- A client without a share, and its second hello.
  local function second_hello(change, first)
    local client = rules.client_of_server()
    client.transcript = primitives.transcript()
    client:client_hello(function(h)
      hello.put(h, hello.KEY_SHARE, "\0\0")
      if first then
        first(h)
      end
    end)
    client.transcript:retry "sha256"
    client:listen()
    assert.equal(hello.RETRY, client.their_hello.random)
    local cookie = hello.get(client.their_hello, hello.COOKIE)
    return client:client_hello(function(h)
      hello.add(h, hello.COOKIE, cookie)
      if change then
        change(h)
      end
    end)
  end

  it("a client without a share is asked for one, once", function()
    second_hello():listen():client_flight():listen():expect_open()
  end)

  for _, case in ipairs {
    { "still without a share", put(hello.KEY_SHARE, "\0\0"), ILLEGAL, 47 },
    { "with two shares", function(h)
      hello.put(h, hello.KEY_SHARE, hello.vector(2, hello.share(29, ("k"):rep(32)) .. hello.share(23, "k")))
    end, ILLEGAL, 47 },
    { "with the share of another group", put(hello.KEY_SHARE, hello.vector(2, hello.share(23, "\4" .. ("k"):rep(64)))),
      ILLEGAL, 47 },
    { "without the cookie", without(hello.COOKIE), MISSING, 109 },
    { "with another cookie", put(hello.COOKIE, "\0\1x"), ILLEGAL, 47 },
    { "with an empty cookie", put(hello.COOKIE, "\0\0"), DECODE, 50 },
    { "with another random", field("random", ("q"):rep(32)), ILLEGAL, 47 },
    { "with another session id", field("session_id", "q"), ILLEGAL, 47 },
    { "with another suite", field("suites", { 0x1301, 0x1303 }), ILLEGAL, 47 },
    { "with another server name", put(hello.SERVER_NAME, "\0\6\0\0\3a.b"), ILLEGAL, 47 },
    { "with another list of groups", put(hello.GROUPS, hello.list { 29 }), ILLEGAL, 47 },
    { "with more extensions", put(hello.ALPN, "\0\3\2h2"), ILLEGAL, 47 },
    { "of TLS 1.2", put(hello.VERSIONS, "\2\3\3"), ILLEGAL, 47 },
    { "with early data", put(hello.EARLY_DATA, ""), ILLEGAL, 47 },
  } do
    it(("a second ClientHello %s is refused"):format(case[1]), function()
      second_hello(case[2]):expect(case[3], case[4], false)
    end)
  end
end)

describe("hard point 4, the session id (RFC 8446, 4.1.3, D.4):", function()
  rules.each_server_hello(it, {
    { "that does not echo it is refused", field("session_id", ""), ILLEGAL, 47 },
    { "that echoes another one is refused", field("session_id", ("x"):rep(32)), ILLEGAL, 47 },
    { "with 33 bytes of it is malformed", field("session_id", ("x"):rep(33)), DECODE, 50 },
    { "of TLS 1.2 that resumes what never was is refused", function(h)
      h.suite, h.extensions = 0xC02B, {}
    end, ILLEGAL, 47 },
  })
  rules.each_client_hello(it, {
    { "without one is taken", field("session_id", "") },
    { "with 33 bytes of it is malformed", field("session_id", ("x"):rep(33)), DECODE, 50 },
  })

  it("a server echoes what it got, and sends change_cipher_spec only to who sent one", function()
    for _, id in ipairs { "", "x", ("x"):rep(32) } do
      local client = rules.client_of_server()
      client:client_hello(field("session_id", id))
      local bytes = client.session:drain()
      assert.equal(id, hello.parse(wire.records(bytes)[1].body).session_id)
      assert.equal(id == "" and wire.APPLICATION_DATA or wire.CHANGE_CIPHER_SPEC, wire.records(bytes)[2].type)
    end
  end)
end)

describe("hard point 7, extensions (RFC 8446, 4.2):", function()
  rules.each_client_hello(it, {
    { "with what nobody knows is taken", put(0x7a7a, "x") },
    { "with what is known and not for us is taken", put(hello.POST_HANDSHAKE_AUTH, "") },
    { "with an extension twice is refused", function(h) hello.add(h, hello.GROUPS, hello.list { 29 }) end, TWICE, 47 },
    { "with an unknown extension twice is refused", function(h)
      hello.add(h, 0x7a7a, "")
      hello.add(h, 0x7a7a, "")
    end, TWICE, 47 },
    { "with oid_filters is refused", put(48, "\0\0"), MISPLACED, 47 },
    { "without supported_groups is refused", without(hello.GROUPS), MISSING, 109 },
    { "without key_share is refused", without(hello.KEY_SHARE), MISSING, 109 },
    { "without signature_algorithms is refused", without(hello.SCHEMES), MISSING, 109 },
    { "without a common group is refused", function(h)
      hello.put(h, hello.GROUPS, hello.list { 30 })
      hello.put(h, hello.KEY_SHARE, "\0\0")
    end, NOTHING, 40 },
    { "without a common suite is refused", field("suites", { 0x1305 }), NOTHING, 40 },
    { "without a common signature scheme is refused", put(hello.SCHEMES, hello.list { 0x0807 }), NOTHING, 40 },
    { "without suites is malformed", field("suites", {}), DECODE, 50 },
    { "with half a suite is malformed", field("raw_suites", "\0\3\19\1\0"), DECODE, 50 },
    { "without compression methods is malformed", field("compressions", ""), DECODE, 50 },
    { "with a second compression method is refused", field("compressions", "\0\1"), ILLEGAL, 47 },
    { "without null compression is refused", field("compressions", "\1"), ILLEGAL, 47 },
    { "with something behind its extensions is malformed", field("behind", "\0"), DECODE, 50 },
    { "with empty groups is malformed", put(hello.GROUPS, "\0\0"), DECODE, 50 },
    { "with half a group is malformed", put(hello.GROUPS, "\0\3\0\29\0"), DECODE, 50 },
    { "with something behind its groups is malformed", put(hello.GROUPS, "\0\2\0\29\0"), DECODE, 50 },
    { "with empty signature_algorithms is malformed", put(hello.SCHEMES, "\0\0"), DECODE, 50 },
    { "with half a scheme is malformed", put(hello.SCHEMES, "\0\3\4\3\0"), DECODE, 50 },
    { "with half a scheme for certificates is malformed", put(hello.SCHEMES_CERT, "\0\3\4\3\0"), DECODE, 50 },
    { "with key_share of the wrong length is malformed", put(hello.KEY_SHARE, "\0\9\0\29"), DECODE, 50 },
    { "with a share without bytes is malformed", put(hello.KEY_SHARE, "\0\4\0\29\0\0"), DECODE, 50 },
    { "with psk_key_exchange_modes without modes is malformed", put(hello.PSK_MODES, "\0"), DECODE, 50 },
    { "with something behind its modes is malformed", put(hello.PSK_MODES, "\1\1\0"), DECODE, 50 },
    { "with contents in early_data is malformed", put(hello.EARLY_DATA, "\0"), DECODE, 50 },
    { "with contents in post_handshake_auth is malformed", put(hello.POST_HANDSHAKE_AUTH, "\0"), DECODE, 50 },
    { "with half a status_request is malformed", put(hello.STATUS_REQUEST, "\1\0"), DECODE, 50 },
    { "with another type of status_request is taken", put(hello.STATUS_REQUEST, "\9anything") },
    { "with empty certificate_authorities is malformed", put(hello.AUTHORITIES, "\0\0"), DECODE, 50 },
    { "with a cookie that nobody gave it is refused", put(hello.COOKIE, "\0\1x"), ILLEGAL, 47 },
    { "with record_size_limit below 64 is refused", put(hello.RECORD_SIZE_LIMIT, "\0\63"), ILLEGAL, 47 },
    { "with record_size_limit of three bytes is malformed", put(hello.RECORD_SIZE_LIMIT, "\0\64\0"), DECODE, 50 },
    { "with max_fragment_length 5 is refused", put(hello.MAX_FRAGMENT_LENGTH, "\5"), ILLEGAL, 47 },
    { "with an empty server_name is malformed", put(hello.SERVER_NAME, ""), DECODE, 50 },
    { "with an empty list of names is malformed", put(hello.SERVER_NAME, "\0\0"), DECODE, 50 },
    { "with an empty name is malformed", put(hello.SERVER_NAME, "\0\3\0\0\0"), DECODE, 50 },
    { "with two host names is refused", put(hello.SERVER_NAME, "\0\8\0\0\1a\0\0\1b"), ILLEGAL, 47 },
    { "with a name of another type beside the host name is taken", put(hello.SERVER_NAME, "\0\9\0\0\1a\9\0\2\0\1") },
    { "with NUL in its host name is refused", named "localhost\0.evil", ILLEGAL, 47 },
    { "with a control character in its host name is refused", named "local\27[31mhost", ILLEGAL, 47 },
    { "with a blank in its host name is refused", named "local host", ILLEGAL, 47 },
    { "with a host name that is not ASCII is refused", named "l\195\182calhost", ILLEGAL, 47 },
    { "with a host name longer than the DNS has any is taken, as one that names nobody",
      named(("a."):rep(126) .. "aa") },
    { "with a host name as long as the DNS has any is taken", named(("a."):rep(126) .. "a") },
    { "with an address for a host name is taken, as one that names nobody", named "192.0.2.1" },
    { "with a name that is too long for its list is malformed", put(hello.SERVER_NAME, "\0\4\0\0\9a"), DECODE, 50 },
    { "with empty ALPN is malformed", put(hello.ALPN, "\0\0"), DECODE, 50 },
    { "with an empty protocol is malformed", put(hello.ALPN, "\0\1\0"), DECODE, 50 },
    { "with a protocol that is too long for its list is malformed", put(hello.ALPN, "\0\3\9h2"), DECODE, 50 },
    { "without a protocol of ours is refused", put(hello.ALPN, "\0\3\2h2"), "peer_no_application_protocol", 120,
      server = { alpn = { "http/1.1" } } },
  })
  rules.each_server_hello(it, {
    { "with what was not asked for is refused", put(0x7a7a, ""), UNSUPPORTED, 110 },
    { "with an extension twice is refused", function(h) hello.add(h, hello.VERSIONS, "\3\4") end, TWICE, 47 },
    { "with an extension of EncryptedExtensions is refused", put(hello.SERVER_NAME, ""), MISPLACED, 47 },
    { "with an extension of ClientHello is refused", put(hello.SCHEMES, "\0\2\4\3"), MISPLACED, 47 },
    { "without key_share is refused", without(hello.KEY_SHARE), MISSING, 109 },
    { "with a suite that was not offered is refused", field("suite", 0x1305), ILLEGAL, 47 },
    { "with a suite of TLS 1.2 is refused", field("suite", 0xC02B), ILLEGAL, 47 },
    { "with compression is refused", field("compression", 1), ILLEGAL, 47 },
    { "with something behind its extensions is malformed", field("behind", "\0"), DECODE, 50 },
    { "with a key that was not offered is refused", put(hello.PRE_SHARED_KEY, "\0\0"), UNSUPPORTED, 110 },
  })

  for _, case in ipairs {
    { "an extension that was not asked for", { { 0x7a7a, "" } }, UNSUPPORTED, 110 },
    { "an extension twice", { { 0, "" }, { 0, "" } }, TWICE, 47 },
    { "an extension of ServerHello", { { hello.KEY_SHARE, "" } }, MISPLACED, 47 },
    { "supported_versions", { { hello.VERSIONS, "\3\4" } }, MISPLACED, 47 },
    { "early_data", { { hello.EARLY_DATA, "" } }, UNSUPPORTED, 110 },
    { "contents in server_name", { { hello.SERVER_NAME, "\0" } }, DECODE, 50 },
    { "a protocol that was not offered", { { hello.ALPN, "\0\3\2h3" } }, "peer_no_application_protocol", 47 },
    { "two protocols", { { hello.ALPN, "\0\6\2h2\2h2" } }, DECODE, 50 },
    { "an empty protocol", { { hello.ALPN, "\0\1\0" } }, DECODE, 50 },
    { "ALPN that was not asked for", { { hello.ALPN, "\0\3\2h2" } }, UNSUPPORTED, 110, client = {} },
  } do
    it("EncryptedExtensions with " .. case[1] .. " is refused", function()
      local server = rules.server_of_client(case.client or { alpn = { "h2" } })
      server:server_hello():say(server.encrypted_extensions(case[2])):expect(case[3], case[4], true)
    end)
  end

  it("EncryptedExtensions with something behind it is malformed", function()
    local server = rules.server_of_client()
    server:server_hello():say(wire.message(8, "\0\0\0")):expect(DECODE, 50, true)
  end)
end)

describe("hard points 8 and 9, pre-shared keys (RFC 8446, 4.2.11, 4.6.1):", function()
  local server = rules.server_config()
  local first = rules.client_of_server()

  local function resuming(options)
    first = require "support.scripted".new(assert(server:server()), true)
    first:client_hello():listen():client_flight():listen()
    local identity, psk = first:ticket()
    local session = assert((options and rules.server_config(options) or server):server())
    return require "support.scripted".new(session, true, { psk = psk }), identity, psk
  end

  it("a ticket is taken", function()
    local client, identity = resuming()
    client:psk_hello(identity):listen():client_flight():listen():expect_open()
    assert.is_true(client.session:resumed())
  end)

  it("a ticket is taken behind a HelloRetryRequest, whose binder is over both hellos", function()
    for _, wrong in ipairs { false, true } do
      local client, identity = resuming()
      local function no_share(h)
        for _, extension in ipairs(h.extensions) do
          if extension[1] == hello.KEY_SHARE then
            extension[2] = "\0\0"
          end
        end
      end
      client:psk_hello(identity, no_share)
      client.transcript = primitives.transcript()
      client.transcript:add(hello.encode(client.our_hello)):retry "sha256"
      client:listen()
      assert.equal(hello.RETRY, client.their_hello.random)
      local cookie = hello.get(client.their_hello, hello.COOKIE)
      if wrong then
        client.transcript = primitives.transcript():choose "sha256"
      end
      client:psk_hello(identity, function(h)
        local last = table.remove(h.extensions)
        hello.add(h, hello.COOKIE, cookie)
        h.extensions[#h.extensions + 1] = last
      end)
      if wrong then
        client:expect("peer_bad_binder", 51, false)
      else
        client:listen():client_flight():listen():expect_open()
        assert.is_true(client.session:resumed())
      end
    end
  end)

  it("a wrong binder is refused", function()
    local client, identity, psk = resuming()
    client.psk = psk:sub(1, 31) .. (psk:sub(32) == "x" and "y" or "x")
    client:psk_hello(identity):expect("peer_bad_binder", 51, false)
  end)

  for _, case in ipairs {
    { "that is not the last extension is refused", function(h, body)
      hello.add(h, hello.PRE_SHARED_KEY, body)
      hello.add(h, 0x7a7a, "")
    end, MISPLACED, 47 },
    { "without psk_key_exchange_modes is refused", function(h, body)
      hello.remove(h, hello.PSK_MODES)
      hello.add(h, hello.PRE_SHARED_KEY, body)
    end, MISSING, 109 },
    { "without supported_groups is refused", function(h, body)
      hello.remove(h, hello.GROUPS)
      hello.add(h, hello.PRE_SHARED_KEY, body)
    end, MISSING, 109 },
    { "with two binders for one identity is refused", function(h, _, identity, binder)
      hello.add(h, hello.PRE_SHARED_KEY, identity .. hello.vector(2, binder .. binder))
    end, ILLEGAL, 47 },
    { "with no binder is malformed", function(h, _, identity)
      hello.add(h, hello.PRE_SHARED_KEY, identity .. "\0\0")
    end, DECODE, 50 },
    { "with a binder of 31 bytes is malformed", function(h, _, identity)
      hello.add(h, hello.PRE_SHARED_KEY, identity .. hello.vector(2, hello.vector(1, ("b"):rep(31))))
    end, DECODE, 50 },
    { "with a binder of another hash's size is refused", function(h, _, identity)
      hello.add(h, hello.PRE_SHARED_KEY, identity .. hello.vector(2, hello.vector(1, ("b"):rep(48))))
    end, "peer_bad_binder", 51 },
    { "with no identity is malformed", function(h, _, _, binder)
      hello.add(h, hello.PRE_SHARED_KEY, "\0\0" .. hello.vector(2, binder))
    end, DECODE, 50 },
    { "with an empty identity is malformed", function(h, _, _, binder)
      hello.add(h, hello.PRE_SHARED_KEY, "\0\6\0\0\0\0\0\0" .. hello.vector(2, binder))
    end, DECODE, 50 },
    { "with something behind it is malformed", function(h, body)
      hello.add(h, hello.PRE_SHARED_KEY, body .. "\0")
    end, DECODE, 50 },
  } do
    it("pre_shared_key " .. case[1], function()
      local client, identity = resuming()
      local identities = hello.vector(2, hello.vector(2, identity) .. "\0\0\0\0")
      local binder = hello.vector(1, ("b"):rep(32))
      client:client_hello(function(h)
        case[2](h, identities .. hello.vector(2, binder), identities, binder)
      end):expect(case[3], case[4], false)
    end)
  end

  for _, case in ipairs {
    { "another server name", function(h) hello.put(h, hello.SERVER_NAME, "\0\6\0\0\3a.b") end },
    { "no server name", without(hello.SERVER_NAME) },
    { "another protocol", put(hello.ALPN, "\0\3\2h2"), { alpn = { "h2" } } },
    { "a suite of another hash", nil, { cipher_suites = { "TLS_AES_256_GCM_SHA384" } } },
    { "a key without (EC)DHE", put(hello.PSK_MODES, "\1\0") },
    { "a server that has no such key", nil, { ticket_keys = { ("n"):rep(32) } } },
  } do
    it("a ticket with " .. case[1] .. " leads to a full handshake", function()
      local shared = { ticket_keys = { ("k"):rep(32) } }
      local given = case[3] or {}
      given.ticket_keys = given.ticket_keys or shared.ticket_keys
      server = rules.server_config(shared)
      local client, identity = resuming(given)
      client:psk_hello(identity, function(h)
        local last = table.remove(h.extensions)
        if case[2] then
          case[2](h)
        end
        h.suites = { 0x1301, 0x1302 }
        h.extensions[#h.extensions + 1] = last
      end)
      if client.session:state() == "failed" then
        error(client.session:failure().message)
      end
      local said = hello.parse(wire.records(client.session:drain())[1].body)
      assert.is_nil(hello.get(said, hello.PRE_SHARED_KEY))
    end)
  end

  it("a server that chooses a key which was not offered, or of another hash, is refused", function()
    local psks = { psks = { { identity = "device", key = ("k"):rep(32) } } }
    for _, case in ipairs { { "\0\1" }, { "\0\0", 0x1302 }, { "\0", nil, DECODE, 50 } } do
      local script = rules.server_of_client(psks)
      script:say(hello.encode(script:new_server_hello(function(h)
        hello.add(h, hello.PRE_SHARED_KEY, case[1])
        h.suite = case[2] or h.suite
      end))):expect(case[3] or ILLEGAL, case[4] or 47, false)
    end
  end)

  it("a server that takes the key must not ask for a certificate, or show one", function()
    local psks = { psks = { { identity = "device", key = ("k"):rep(32) } }, trust = pki.path "server_ec.pem" }
    for _, message in ipairs { wire.message(13, "\0\0\8\0\13\0\4\0\2\4\3"), "certificate" } do
      local script = rules.server_of_client(psks, { psk = ("k"):rep(32) })
      script:server_hello(function(h) hello.add(h, hello.PRE_SHARED_KEY, "\0\0") end)
      script:say(script.encrypted_extensions())
      script:say(message == "certificate" and script.certificate "server_ec" or message)
      script:expect("peer_unexpected_message", 10, true)
    end
  end)

  it("a ticket lives for seven days at most, and one of zero seconds not at all", function()
    for _, lifetime in ipairs { "\255\255\255\255", "\0\0\0\0" } do
      local script = rules.open_server()
      script:send(wire.HANDSHAKE, wire.message(4, lifetime .. "\0\0\0\0\1n\0\6ticket\0\0"))
      assert.equal("open", script.session:state())
      local ticket = script.session:ticket()
      assert.equal(lifetime ~= "\0\0\0\0", ticket ~= nil)
    end
  end)

  for _, case in ipairs {
    { "without a ticket", "\0\0\0\9\0\0\0\0\1n\0\0\0\0", DECODE, 50 },
    { "that is cut off", "\0\0\0\9\0\0\0\0\1n\0\1t\0", DECODE, 50 },
    { "with something behind it", "\0\0\0\9\0\0\0\0\1n\0\1t\0\0x", DECODE, 50 },
    { "with early_data of the wrong size", "\0\0\0\9\0\0\0\0\1n\0\1t\0\5\0\42\0\1x", DECODE, 50 },
    { "with an extension of another message", "\0\0\0\9\0\0\0\0\1n\0\1t\0\4\0\51\0\0", MISPLACED, 47 },
    { "with an extension twice", "\0\0\0\9\0\0\0\0\1n\0\1t\0\8\18\52\0\0\18\52\0\0", TWICE, 47 },
  } do
    it("NewSessionTicket " .. case[1] .. " is refused", function()
      rules.open_server():send(wire.HANDSHAKE, wire.message(4, case[2])):expect(case[3], case[4], true)
    end)
  end

  it("a server gets no NewSessionTicket", function()
    rules.open_client():send(wire.HANDSHAKE, wire.message(4, "\0\0\0\9\0\0\0\0\1n\0\1t\0\0"))
      :expect("peer_unexpected_message", 10, true)
  end)
end)

describe("hard point 10, key shares (RFC 8446, 4.2.8; RFC 7748, 6.1):", function()
  local ZERO, ONE = ("\0"):rep(32), "\1" .. ("\0"):rep(31)
  local function share(group, key)
    return put(hello.KEY_SHARE, hello.vector(2, hello.share(group, key)))
  end
  local off_curve = "\4" .. ("\1"):rep(64)
  rules.each_client_hello(it, {
    { "with the x25519 share 0 is refused", share(29, ZERO), SHARE, 47 },
    { "with the x25519 share 1 is refused", share(29, ONE), SHARE, 47 },
    { "with a short x25519 share is refused", share(29, ("k"):rep(31)), SHARE, 47 },
    { "with a long x25519 share is refused", share(29, ("k"):rep(33)), SHARE, 47 },
    { "with a point that is not on the curve is refused", share(23, off_curve), SHARE, 47 },
    { "with a compressed point is refused", share(23, "\2" .. ("\1"):rep(32)), SHARE, 47 },
    { "with a hybrid point is refused", function(h)
      local _, point = primitives.group_generate(23)
      share(23, "\6" .. point:sub(2))(h)
    end, SHARE, 47 },
    { "with the point at infinity is refused", share(23, "\0"), SHARE, 47 },
    { "with a share of a group that it does not support is refused", share(24, "k"), ILLEGAL, 47 },
    { "with two shares of a group is refused", function(h, client)
      local one = hello.share(29, client.share)
      hello.put(h, hello.KEY_SHARE, hello.vector(2, one .. one))
    end, ILLEGAL, 47 },
  })
  rules.each_server_hello(it, {
    { "with the x25519 share 0 is refused", put(hello.KEY_SHARE, hello.share(29, ZERO)), SHARE, 47 },
    { "with a short x25519 share is refused", put(hello.KEY_SHARE, hello.share(29, "k")), SHARE, 47 },
    { "with an empty share is refused", put(hello.KEY_SHARE, hello.share(29, "")), DECODE, 50 },
    { "with a share of a group for which none was sent is refused", put(hello.KEY_SHARE, hello.share(23, off_curve)),
      ILLEGAL, 47 },
    { "with something behind its share is malformed", put(hello.KEY_SHARE, hello.share(29, ZERO) .. "x"), DECODE, 50 },
    { "with a group alone is malformed", put(hello.KEY_SHARE, "\0\29"), DECODE, 50 },
  })

  it("a point that is not on the curve is refused by a client, too", function()
    local server = rules.server_of_client { groups = { "secp256r1" } }
    server:say(hello.encode(server:new_server_hello(put(hello.KEY_SHARE, hello.share(23, off_curve)))))
      :expect(SHARE, 47, false)
  end)
end)
