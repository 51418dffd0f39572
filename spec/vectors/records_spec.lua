-- The record layer of the modern engine (RFC 8446, 5; RFC 5246, 6.2): what it takes, what it refuses with which alert,
-- and what it sends.
local primitives = require "primitives"

local CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
local TLS12, TLS13 = 0x0303, 0x0304
local FULL = 16384

local function u8(n)
  return string.char(n)
end

local function u16(n)
  return u8(math.floor(n / 256)) .. u8(n % 256)
end

local function header(content_type, n, version)
  return u8(content_type) .. u16(version or TLS12) .. u16(n)
end

local function record(content_type, body, version)
  return header(content_type, #body, version) .. body
end

-- Key, IV and tag in bytes; what a record has besides content, tag and header.
local suites = {
  { name = "TLS_AES_128_GCM_SHA256", version = TLS13, aead = "aes_128_gcm", key = 16, iv = 12, extra = 1 },
  { name = "TLS_AES_256_GCM_SHA384", version = TLS13, aead = "aes_256_gcm", key = 32, iv = 12, extra = 1 },
  { name = "TLS_CHACHA20_POLY1305_SHA256", version = TLS13, aead = "chacha20_poly1305", key = 32, iv = 12, extra = 1 },
  { name = "TLS_AES_128_CCM_SHA256", version = TLS13, aead = "aes_128_ccm", key = 16, iv = 12, extra = 1 },
  { name = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", version = TLS12, aead = "aes_128_gcm", key = 16, iv = 4,
    extra = 8 },
  { name = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", version = TLS12, aead = "aes_256_gcm", key = 32, iv = 4,
    extra = 8 },
  { name = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", version = TLS12, aead = "chacha20_poly1305", key = 32,
    iv = 12, extra = 0 },
  { name = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", version = TLS12, aead = "aes_128_ccm", key = 16, iv = 4, extra = 8 },
  { name = "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", version = TLS12, aead = "aes_256_ccm_8", key = 32, iv = 4, extra = 8,
    tag = 8 },
}

local function key_of(suite)
  return ("k"):rep(suite.key), ("iv12iv12iv12"):sub(1, suite.iv)
end

-- A record layer with keys for the given directions.
local function protected(suite, ...)
  local records = primitives.records()
  records:version(suite.version)
  for _, direction in ipairs { ... } do
    records:install(direction, suite.name, key_of(suite))
  end
  return records
end

local suite13, suite12 = suites[1], suites[5]

-- A protected record of any inner content at all, as a peer that knows the keys could make it.
local function forge13(inner, sequence, outer, version)
  local key, iv = key_of(suite13)
  local nonce = iv:sub(1, 11) .. u8((iv:byte(12) + sequence) % 256)
  assert(iv:byte(12) % 2 == 0 and sequence <= 1) -- then adding is the same as xor
  local aad = header(outer or DATA, #inner + 16, version)
  return aad .. primitives.seal(suite13.aead, key, nonce, aad, inner)
end

local function forge12(content_type, content, sequence)
  local key, iv = key_of(suite12)
  local explicit = "explicit"
  local aad = ("\0"):rep(7) .. u8(sequence) .. header(content_type, #content)
  return record(content_type, explicit .. primitives.seal(suite12.aead, key, iv .. explicit, aad, content))
end

local function pieces(bytes, size)
  local list = {}
  for i = 1, #bytes, size do
    list[#list + 1] = bytes:sub(i, i + size - 1)
  end
  return list
end

describe("records in the clear", function()
  it("arrive in any split, of any version 3.x until one is negotiated", function()
    local wire = record(HANDSHAKE, "hello", 0x0301) .. record(HANDSHAKE, ("x"):rep(300), 0x0399)
      .. record(ALERT, "\1\0")
    for _, size in ipairs { 1, 2, 3, 5, 6, 100, #wire } do
      local records, got = primitives.records(), {}
      for _, piece in ipairs(pieces(wire, size)) do
        for _, one in ipairs(records:receive(piece)) do
          got[#got + 1] = one
        end
      end
      assert.same({
        { type = HANDSHAKE, version = 0x0301, encrypted = false, body = "hello" },
        { type = HANDSHAKE, version = 0x0399, encrypted = false, body = ("x"):rep(300) },
        { type = ALERT, version = TLS12, encrypted = false, body = "\1\0" },
      }, got)
    end
  end)

  it("leave as version 3.1 in the first ClientHello alone (RFC 8446, 5.1)", function()
    local records = primitives.records()
    assert.equal(record(HANDSHAKE, "hello", 0x0301), records:send(HANDSHAKE, "hello"))
    assert.equal(record(ALERT, "\2\40"), records:send(ALERT, "\2\40"))
    for _, version in ipairs { TLS12, TLS13 } do
      records:version(version)
      assert.equal(record(HANDSHAKE, "hello"), records:send(HANDSHAKE, "hello"))
    end
    assert.equal(record(CCS, "\1"), records:send_plain(CCS, "\1"))
  end)

  it("hold at most 2^14 bytes, or what was agreed on", function()
    local records = primitives.records()
    local long = ("x"):rep(FULL + 1)
    assert.equal(record(HANDSHAKE, long:sub(2), 0x0301) .. record(HANDSHAKE, "x", 0x0301),
      records:send(HANDSHAKE, long))
    records:limit("sent", 512)
    assert.equal(record(HANDSHAKE, long:sub(1, 512), 0x0301) .. record(HANDSHAKE, "x", 0x0301),
      records:send(HANDSHAKE, long:sub(1, 513)))
    assert.equal(HANDSHAKE, records:receive(record(HANDSHAKE, long:sub(2)))[1].type)
    records:limit("received", 512) -- RFC 8449 does not limit these
    assert.equal(HANDSHAKE, records:receive(record(HANDSHAKE, long:sub(2)))[1].type)
    records:limit("plain", 512) -- RFC 6066 does
    assert.equal(HANDSHAKE, records:receive(record(HANDSHAKE, long:sub(1, 512)))[1].type)
    assert.equal(22, records:receive(header(HANDSHAKE, 513))[1].alert)
  end)

  for name, case in pairs {
    ["an unknown type"] = { u8(24) .. "\3\3\0\1", "peer_bad_record", 10 },
    ["type 0"] = { u8(0) .. "\3\3\0\1", "peer_bad_record", 10 },
    ["text"] = { "GET /", "peer_bad_record", 10 },
    ["a version that is not 3.x"] = { header(HANDSHAKE, 1, 0x0203), "peer_version", 70 },
    ["a version above 3.x"] = { header(HANDSHAKE, 1, 0x0401), "peer_version", 70 },
    ["more than 2^14 bytes"] = { header(HANDSHAKE, FULL + 1), "peer_record_length", 22 },
    ["an empty handshake record"] = { header(HANDSHAKE, 0), "peer_unexpected_message", 10 },
    ["an empty alert"] = { header(ALERT, 0), "peer_unexpected_message", 10 },
    ["an empty change_cipher_spec"] = { header(CCS, 0), "peer_unexpected_message", 10 },
    ["another version than TLS 1.2 once that is negotiated"] = { header(HANDSHAKE, 1, 0x0301), "peer_version", 70,
      TLS12 },
  } do
    it("are refused with " .. name, function()
      local records = primitives.records()
      if case[4] then
        records:version(case[4])
      end
      local got = records:receive(case[1])
      assert.equal(1, #got)
      assert.equal(case[2], got[1].code)
      assert.equal(case[3], got[1].alert)
      assert.matches("^the peer sent ", got[1].message)
    end)
  end

  it("of TLS 1.3 may have any version 3.x", function()
    local records = primitives.records()
    records:version(TLS13)
    assert.equal(0x0300, records:receive(record(HANDSHAKE, "x", 0x0300))[1].version)
  end)
end)

describe("protected records", function()
  for _, suite in ipairs(suites) do
    local version = suite.version == TLS13 and "TLS 1.3" or "TLS 1.2"
    it(("with %s carry what was sent, in any split"):format(suite.name), function()
      local sender = protected(suite, "sent")
      local tag = suite.tag or 16
      local sizes = { 0, 1, 2, 100, FULL - 1, FULL, FULL + 1, 40000 }
      local wire, all = {}, {}
      for i, n in ipairs(sizes) do
        all[i] = u8(64 + i):rep(n)
        wire[i] = sender:send(DATA, all[i])
        local count = math.max(1, math.ceil(n / FULL))
        assert.equal(n + count * (5 + suite.extra + tag), #wire[i])
      end
      all, wire = table.concat(all), table.concat(wire)
      for _, size in ipairs { 1, 7, 1000, #wire } do
        local receiver, count = protected(suite, "received"), 0
        for _, piece in ipairs(pieces(wire, size)) do
          for _, one in ipairs(receiver:receive(piece)) do
            assert.same({ DATA, true }, { one.type, one.encrypted })
            count = count + 1
          end
        end
        assert.equal(#sizes + 1 + 2, count)
        assert.equal(all, receiver:data())
      end
    end)

    it(("with %s are as the RFCs say for %s"):format(suite.name, version), function()
      local sender = protected(suite, "sent")
      local key, iv = key_of(suite)
      for sequence = 0, 1 do
        local content, before = "content", ""
        local number = ("\0"):rep(7) .. u8(sequence)
        local nonce, aad = iv:sub(1, 11) .. u8(iv:byte(-1) + sequence), number .. header(ALERT, #content)
        if suite.iv == 4 then
          nonce, before = iv .. number, number
        end
        if suite.version == TLS13 then
          content = content .. u8(ALERT)
          aad = header(DATA, #content + 16)
        end
        local sealed = before .. primitives.seal(suite.aead, key, nonce, aad, content)
        assert.equal(record(suite.version == TLS13 and DATA or ALERT, sealed), sender:send(ALERT, "content"))
      end
    end)

    it(("with %s fail when anything of them changes"):format(suite.name), function()
      local sender = protected(suite, "sent")
      local first, second = sender:send(HANDSHAKE, "message"), sender:send(HANDSHAKE, "message")
      assert.are_not.equal(first, second)
      assert.equal(20, protected(suite, "received"):receive(second)[1].alert, "the first is missing")
      assert.equal(20, protected(suite, "received"):receive(first .. first)[2].alert, "the first comes twice")
      for i = 6, #first do
        local wrong = first:sub(1, i - 1) .. u8((first:byte(i) + 128) % 256) .. first:sub(i + 1)
        local got = protected(suite, "received"):receive(wrong)
        assert.equal("peer_bad_record_mac", got[1].code)
        assert.equal(20, got[1].alert)
      end
      for n = 0, #first - 6 do
        local cut = first:sub(1, 3) .. u16(n) .. first:sub(6, 5 + n)
        assert.equal(20, protected(suite, "received"):receive(cut)[1].alert, "cut to " .. n)
      end
    end)
  end

  for name, case in pairs {
    ["nothing but padding"] = { forge13(("\0"):rep(20), 0), 10 },
    ["nothing at all inside"] = { forge13("", 0), 10 },
    ["a change_cipher_spec inside"] = { forge13("\1" .. u8(CCS), 0), 10 },
    ["an unknown type inside"] = { forge13("x" .. u8(24), 0), 10 },
    ["another unknown type inside"] = { forge13("x" .. u8(255), 0), 10 },
    ["an empty handshake record inside"] = { forge13(u8(HANDSHAKE), 0), 10 },
    ["an empty alert inside, padded"] = { forge13(u8(ALERT) .. ("\0"):rep(99), 0), 10 },
    ["a type outside that is not application_data"] = { forge13("x" .. u8(HANDSHAKE), 0, HANDSHAKE), 10 },
    ["a handshake record in the clear"] = { record(HANDSHAKE, ("x"):rep(40)), 10 },
    ["more than 2^14 bytes and padding inside"] = { forge13(("x"):rep(FULL) .. u8(DATA) .. "\0", 0), 22 },
    ["more than 2^14 bytes inside"] = { forge13(("x"):rep(FULL + 1) .. u8(DATA), 0), 22 },
    ["more bytes than 2^14 and what its AEAD adds"] = { header(DATA, FULL + 18), 22 },
  } do
    it("of TLS 1.3 are refused with " .. name, function()
      local got = protected(suite13, "received"):receive(case[1])
      assert.equal(1, #got)
      assert.equal(case[2], got[1].alert)
    end)
  end

  for name, case in pairs {
    ["an empty handshake record"] = { forge12(HANDSHAKE, "", 0), 10 },
    ["an empty alert"] = { forge12(ALERT, "", 0), 10 },
    ["more than 2^14 bytes inside"] = { forge12(DATA, ("x"):rep(FULL + 1), 0), 22 },
    ["more bytes than 2^14 and what its AEAD adds"] = { header(DATA, FULL + 25), 22 },
    ["an alert in the clear"] = { record(ALERT, "\1\0"), 20 },
    ["version 3.1"] = { "\23\3\1\0\40", 70 },
    ["version 3.4"] = { "\23\3\4\0\40", 70 },
  } do
    it("of TLS 1.2 are refused with " .. name, function()
      local got = protected(suite12, "received"):receive(case[1])
      assert.equal(1, #got)
      assert.equal(case[2], got[1].alert)
    end)
  end

  it("of TLS 1.3 may be padded, and have any version 3.x", function()
    local records = protected(suite13, "received")
    local got = records:receive(forge13("content" .. u8(DATA) .. ("\0"):rep(5000), 0)
      .. forge13(u8(DATA) .. ("\0"):rep(FULL), 1, DATA, 0x0301))
    assert.same({ "content", "" }, { got[1].body, got[2].body })
    assert.equal("content", records:data())
  end)

  it("keep to the limit that we announced (RFC 8449)", function()
    for _, case in ipairs { { suite13, 22 }, { suite12, 22 } } do
      local sender, receiver = protected(case[1], "sent"), protected(case[1], "received")
      receiver:limit("received", 100)
      assert.equal(100, #receiver:receive(sender:send(DATA, ("x"):rep(100)))[1].body)
      assert.equal(case[2], receiver:receive(sender:send(DATA, ("x"):rep(101)))[1].alert)
    end
    local receiver = protected(suite13, "received")
    receiver:limit("received", 100) -- padding counts
    assert.equal(98, #receiver:receive(forge13(("x"):rep(98) .. u8(DATA) .. "\0\0", 0))[1].body)
    assert.equal(22, receiver:receive(forge13(("x"):rep(98) .. u8(DATA) .. "\0\0\0", 1))[1].alert)
  end)

  it("are sent within the peer's limit", function()
    for _, suite in ipairs { suite13, suite12 } do
      local sender, receiver = protected(suite, "sent"), protected(suite, "received")
      sender:limit("sent", 63)
      receiver:limit("received", 63)
      local content = ("0123456789"):rep(20)
      local got = receiver:receive(sender:send(DATA, content))
      assert.equal(4, #got)
      assert.equal(content, receiver:data())
    end
  end)

  it("of TLS 1.3 are padded when that is wanted, within the limit", function()
    local sender, receiver = protected(suite13, "sent"), protected(suite13, "received")
    sender:pad(64)
    for _, case in ipairs { { 0, 64 }, { 1, 64 }, { 63, 64 }, { 64, 128 }, { FULL - 1, FULL }, { FULL, FULL + 1 } } do
      local wire = sender:send(DATA, ("x"):rep(case[1]))
      assert.equal(5 + case[2] + 16, #wire)
      assert.equal(case[1], #receiver:receive(wire)[1].body)
    end
    sender:limit("sent", 70)
    local wire = sender:send(DATA, ("x"):rep(65))
    assert.equal(5 + 71 + 16, #wire)
    assert.equal(65, #receiver:receive(wire)[1].body)
  end)

  it("of TLS 1.3 leave room for a compatible change_cipher_spec and an early alert in the clear", function()
    local sender, receiver = protected(suite13, "sent"), protected(suite13, "received")
    local got = receiver:receive(record(CCS, "\1") .. record(ALERT, "\2\40"))
    assert.same({ CCS, false, ALERT, false }, { got[1].type, got[1].encrypted, got[2].type, got[2].encrypted })
    assert.equal("x", receiver:receive(sender:send(HANDSHAKE, "x"))[1].body)
    assert.equal(CCS, receiver:receive(record(CCS, "\1"))[1].type)
    -- A peer whose records we can open can protect its alerts.
    assert.equal(10, receiver:receive(record(ALERT, "\2\40"))[1].alert)
  end)

  it("begin at 0 again with new keys, and the old ones do no more", function()
    local sender, receiver = protected(suite13, "sent"), protected(suite13, "received")
    local first = sender:send(DATA, "1")
    assert.equal("1", receiver:receive(first)[1].body)
    sender:install("sent", suite13.name, ("K"):rep(16), ("I"):rep(12))
    receiver:install("received", suite13.name, ("K"):rep(16), ("I"):rep(12))
    assert.equal("2", receiver:receive(sender:send(DATA, "2"))[1].body)
    assert.equal(20, receiver:receive(first)[1].alert)
  end)

  it("end before their numbers begin again", function()
    for _, suite in ipairs { suite13, suite12 } do
      local sender, receiver = protected(suite, "sent"), protected(suite, "received")
      sender:sequence("sent", -2)
      receiver:sequence("received", -2)
      local wire = sender:send(DATA, "last")
      assert.equal("last", receiver:receive(wire)[1].body)
      assert.is_nil(sender:send(DATA, "one too many"))
      local got = receiver:receive(wire)
      assert.same({ "peer_too_many_records", 80 }, { got[1].code, got[1].alert })
    end
  end)

  it("of TLS 1.3 say when their key has done enough (RFC 8446, 5.5)", function()
    for _, case in ipairs {
      { suites[1], 2 ^ 24 }, { suites[2], 2 ^ 24 }, { suites[4], 2 ^ 22 }, { suites[3], nil }, { suites[5], nil },
    } do
      local records = protected(case[1], "sent")
      records:sequence("sent", (case[2] or 2 ^ 52) - 1)
      assert.is_false(records:worn())
      records:send(DATA, "x")
      assert.equal(case[2] ~= nil, records:worn())
      records:install("sent", case[1].name, key_of(case[1]))
      assert.is_false(records:worn())
    end
    assert.is_false(primitives.records():worn())
  end)

  it("take no more memory than what has come, and give it back", function()
    local receiver = protected(suite13, "received")
    local wire = protected(suite13, "sent"):send(DATA, ("x"):rep(FULL))
    receiver:receive(wire:sub(1, 100))
    local capacity, held = receiver:held()
    assert.equal(95, held)
    assert.is_true(capacity <= 512)
    receiver:receive(wire:sub(101))
    assert.equal(FULL, #receiver:data())
    capacity, held = receiver:held()
    assert.equal(0, held)
    assert.is_true(capacity <= 4096)
  end)
end)

describe("refused early data", function()
  local garbage = record(DATA, ("g"):rep(100))

  it("is skipped until a record can be opened", function()
    local server, client = protected(suite13, "received"), protected(suite13, "sent")
    server:skip_early_data()
    local got = server:receive(garbage .. record(CCS, "\1") .. garbage .. client:send(HANDSHAKE, "finished") .. garbage)
    assert.same({ "skipped", CCS, "skipped", "finished", 20 },
      { got[1], got[2].type, got[3], got[4].body, got[5].alert })
    assert.equal("", server:data())
  end)

  it("is skipped before there are keys, until the second ClientHello", function()
    local server = primitives.records()
    assert.equal("hello", server:receive(record(HANDSHAKE, "hello", 0x0301))[1].body)
    server:version(TLS13)
    server:skip_early_data()
    assert.same({ "skipped", "skipped" }, server:receive(garbage .. record(DATA, ("g"):rep(FULL - 200))))
    assert.equal("again", server:receive(record(HANDSHAKE, "again"))[1].body)
    server:install("received", suite13.name, key_of(suite13))
    assert.equal(20, server:receive(garbage)[1].alert)
  end)

  for name, size in pairs { full = FULL + 17, tiny = 1, empty = 0 } do
    it(("ends after 2^14 bytes, %s records"):format(name), function()
      local wire = record(DATA, ("g"):rep(size))
      local server, skipped = protected(suite13, "received"), 0
      server:skip_early_data()
      while server:receive(wire)[1] == "skipped" do
        skipped = skipped + 1
        assert.is_true(skipped <= FULL)
      end
      assert.equal(size > 17 and 1 or FULL, skipped)
    end)
  end

  it("is none without being announced", function()
    assert.equal(20, protected(suite13, "received"):receive(garbage)[1].alert)
    assert.equal(DATA, primitives.records():receive(garbage)[1].type) -- for the engine to refuse
  end)

  it("may be as long as any record of TLS 1.3", function()
    local server = protected(suite13, "received")
    server:skip_early_data()
    assert.same({}, server:receive(header(DATA, FULL + 256)))
    server = protected(suite13, "received")
    server:skip_early_data()
    assert.equal(22, server:receive(header(DATA, FULL + 257))[1].alert)
    server = protected(suite13, "received")
    server:skip_early_data()
    assert.equal(22, server:receive(forge13(("x"):rep(FULL) .. u8(DATA) .. "\0", 0))[1].alert)
  end)
end)
