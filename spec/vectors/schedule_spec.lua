-- The key schedule of TLS 1.3 beside the formulas of RFC 8446, 7.1 written once more on HMAC alone; the PRF of TLS 1.2
-- beside OpenSSL's.
local primitives = require "primitives"
local process = require "support.process"
local vectors = require "support.vectors"

local hex = vectors.hex

local function u16(n)
  return string.char(math.floor(n / 256), n % 256)
end

local function u8(n)
  return string.char(n)
end

-- HKDF-Expand-Label (RFC 8446, 7.1) over HMAC.
local function expand_label(hash, secret, label, context, n)
  label = "tls13 " .. label
  local info = u16(n) .. u8(#label) .. label .. u8(#context) .. context
  local all, block = "", ""
  for i = 1, math.ceil(n / #primitives.hash(hash, "")) do
    block = primitives.hmac(hash, secret, block .. info .. u8(i))
    all = all .. block
  end
  return all:sub(1, n)
end

for _, hash in ipairs { "sha256", "sha384" } do
  local size = #primitives.hash(hash, "")
  local zeros, empty = ("\0"):rep(size), primitives.hash(hash, "")

  local function derive(secret, label, transcript_hash)
    return expand_label(hash, secret, label, transcript_hash, size)
  end

  describe("the key schedule with " .. hash, function()
    local psk, shared = ("p"):rep(size), ("s"):rep(66)
    local first, second, third = primitives.hash(hash, "1"), primitives.hash(hash, "2"), primitives.hash(hash, "3")

    for name, given in pairs { ["a PSK"] = psk, ["no PSK"] = false } do
      it("derives from " .. name .. " what the formulas derive", function()
        local state, got = primitives.schedule(hash, given or nil)
        local secret = primitives.hmac(hash, zeros, given or zeros)
        assert.equal(hex(secret), hex(got.secret))

        state, got = primitives.schedule_handshake(state, shared, first)
        secret = primitives.hmac(hash, derive(secret, "derived", empty), shared)
        assert.equal(hex(secret), hex(got.secret))
        assert.equal(hex(derive(secret, "c hs traffic", first)), hex(got.client))
        assert.equal(hex(derive(secret, "s hs traffic", first)), hex(got.server))

        state, got = primitives.schedule_master(state, second)
        secret = primitives.hmac(hash, derive(secret, "derived", empty), zeros)
        assert.equal(hex(secret), hex(got.secret))
        assert.equal(hex(derive(secret, "c ap traffic", second)), hex(got.client))
        assert.equal(hex(derive(secret, "s ap traffic", second)), hex(got.server))
        assert.equal(hex(derive(secret, "exp master", second)), hex(got.exporter))

        state, got = primitives.schedule_resumption(state, third)
        local resumption = derive(secret, "res master", third)
        assert.equal(hex(resumption), hex(got.resumption))
        assert.equal(zeros, got.secret)
        for _, nonce in ipairs { "", "\0", ("n"):rep(255) } do
          assert.equal(hex(expand_label(hash, resumption, "resumption", nonce, size)),
            hex(primitives.schedule_ticket(state, nonce)))
        end

        for _, context in ipairs { false, "", "context" } do
          for _, n in ipairs { 1, 32, 48, 255 * size } do
            local label = "EXPORTER-label"
            assert.equal(hex(expand_label(hash, derive(got.exporter, label, empty), "exporter",
              primitives.hash(hash, context or ""), n)),
              hex(primitives.schedule_export(state, label, context or nil, n)))
          end
        end
        assert.is_nil(primitives.schedule_export(state, "label", nil, 255 * size + 1))
        assert.is_nil(primitives.schedule_export(state, ("l"):rep(250), nil, 32))
        assert.equal(hex(expand_label(hash, derive(got.exporter, ("l"):rep(249), empty), "exporter", empty, 32)),
          hex(primitives.schedule_export(state, ("l"):rep(249), nil, 32)))
      end)
    end

    it("derives keys, the next traffic secret, Finished and binders by the formulas", function()
      local secret = ("t"):rep(size)
      for _, n in ipairs { 16, 32 } do
        local key, iv = primitives.traffic_keys(hash, secret, n)
        assert.equal(hex(expand_label(hash, secret, "key", "", n)), hex(key))
        assert.equal(hex(expand_label(hash, secret, "iv", "", 12)), hex(iv))
      end
      assert.equal(hex(derive(secret, "traffic upd", "")), hex(primitives.traffic_update(hash, secret)))
      local function finished(base)
        return primitives.hmac(hash, expand_label(hash, base, "finished", "", size), first)
      end
      assert.equal(hex(finished(secret)), hex(primitives.finished(hash, secret, first)))
      local early = primitives.hmac(hash, zeros, psk)
      assert.equal(hex(finished(derive(early, "res binder", empty))), hex(primitives.binder(hash, psk, false, first)))
      assert.equal(hex(finished(derive(early, "ext binder", empty))), hex(primitives.binder(hash, psk, true, first)))
    end)
  end)

  describe("a transcript with " .. hash, function()
    it("is the hash of all messages, whenever the hash is chosen", function()
      assert.equal(hex(primitives.hash(hash, "abc")), hex(primitives.transcript():add "a":add "bc":choose(hash):hash()))
      assert.equal(hex(primitives.hash(hash, "abc")), hex(primitives.transcript():choose(hash):add "a":add "bc":hash()))
      assert.equal(hex(empty), hex(primitives.transcript():choose(hash):hash()))
    end)

    it("goes on after it was asked, and forks go their own way", function()
      local one = primitives.transcript():add "a":choose(hash)
      assert.equal(hex(primitives.hash(hash, "a")), hex(one:hash()))
      local other = one:fork():add "x"
      one:add "b"
      assert.equal(hex(primitives.hash(hash, "ab")), hex(one:hash()))
      assert.equal(hex(primitives.hash(hash, "ax")), hex(other:hash()))
    end)

    it("has message_hash in the first ClientHello's place after a HelloRetryRequest (RFC 8446, 4.4.1)", function()
      local message_hash = "\254\0\0" .. u8(size) .. primitives.hash(hash, "hello")
      assert.equal(hex(primitives.hash(hash, message_hash .. "retry")),
        hex(primitives.transcript():add "hello":retry(hash):add "retry":hash()))
    end)
  end)
end

describe("the PRF of TLS 1.2 gives what OpenSSL's gives:", function()
  teardown(process.cleanup)

  local function openssl(hash, secret, seed, n)
    local path = process.tmpdir() .. "/prf"
    local command = ("openssl kdf -keylen %d -kdfopt digest:%s -kdfopt hexsecret:%s -kdfopt hexseed:%s -binary -out %s "
      .. "TLS1-PRF"):format(n, hash:upper(), hex(secret), hex(seed), path)
    local output, code = process.run(command)
    assert.equal(0, code, output)
    return hex(process.read_file(path))
  end

  local client, server = ("c"):rep(32), ("s"):rep(32)
  local master, premaster = ("m"):rep(48), ("p"):rep(66)

  for _, hash in ipairs { "sha256", "sha384" } do
    it("master secrets and Finished with " .. hash, function()
      local transcript = primitives.hash(hash, "messages")
      assert.equal(openssl(hash, premaster, "master secret" .. client .. server, 48),
        hex(primitives.master(hash, premaster, client, server)))
      assert.equal(openssl(hash, premaster, "extended master secret" .. transcript, 48),
        hex(primitives.extended_master(hash, premaster, transcript)))
      assert.equal(openssl(hash, master, "client finished" .. transcript, 12),
        hex(primitives.finished_12(hash, master, true, transcript)))
      assert.equal(openssl(hash, master, "server finished" .. transcript, 12),
        hex(primitives.finished_12(hash, master, false, transcript)))
    end)

    it("exporters with " .. hash .. ", with a context, an empty one and none", function()
      local label = "EXPORTER-label"
      for _, context in ipairs { false, "", "context" } do
        local seed = label .. client .. server .. (context and u16(#context) .. context or "")
        assert.equal(openssl(hash, master, seed, 40),
          hex(primitives.export_12(hash, master, label, client, server, context or nil, 40)))
      end
    end)
  end

  for _, case in ipairs {
    { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "sha256", 16, 4 },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "sha384", 32, 4 },
    { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "sha256", 32, 12 },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "sha256", 32, 4 },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "sha256", 16, 4 },
  } do
    it("the keys of " .. case[1], function()
      local suite, hash, key, iv = case[1], case[2], case[3], case[4]
      local block = openssl(hash, master, "key expansion" .. server .. client, 2 * (key + iv))
      local at = 1
      local parts = { primitives.key_block(suite, master, client, server) }
      for i, n in ipairs { key, key, iv, iv } do
        assert.equal(block:sub(at, at + 2 * n - 1), hex(parts[i]:sub(1, n)))
        assert.is_nil(parts[i]:find("[^%z]", n + 1))
        at = at + 2 * n
      end
    end)
  end
end)
