-- Where random bytes come from, and that no two processes use the same.

local attack = require "support.attack"
local built = require "support.built"
local pair = require "support.pair"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

describe("random bytes", function()
  -- BearSSL 0.6 takes the processor's alone, where it has an instruction for them.
  attack.it(it, pending, "come from the system, or not at all", function()
    local preloaded = os.getenv "LD_PRELOAD"
    local output, code = process.run(LUA .. " spec/support/no_random.lua", {
      env = { LD_PRELOAD = (preloaded and preloaded .. " " or "") .. built "attacker.so" },
    })
    assert.equal(0, code, output)
    assert.equal(table.concat({
      "a config\tio_no_random",
      "a client\tio_no_random",
      "a server\tio_no_random",
      "a key\tio_no_random",
      "a handshake that has begun\tworks",
      "one that is forked off\tio_no_random",
      "its alert\tinternal_error by us",
      "",
    }, "\n"), output)
  end)

  -- What f gives here and in two children; f must not have been called before.
  local function in_three_processes(attacker, f)
    return { attacker.fork(f), attacker.fork(f), f() }
  end

  local function assert_differ(values)
    for i, value in ipairs(values) do
      assert.is_true(#value > 0)
      for k = 1, i - 1 do
        assert.not_equal(value, values[k])
      end
    end
  end

  for _, suite in ipairs { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256" } do
    local options = { cipher_suites = { suite } }

    attack.it(it, pending, "differ in processes that were forked during a client's handshake, " .. suite,
      function(attacker)
        local p = pair.new(options, options)
        p.server:feed(p.client:drain())
        local flight = p.server:drain()
        assert_differ(in_three_processes(attacker, function()
          assert(p.client:feed(flight))
          return p.client:drain():sub(1, 80)
        end))
      end)
  end

  attack.it(it, pending, "differ in processes that were forked before a server got its hello", function(attacker)
    local p = pair.new()
    local hello = p.client:drain()
    assert_differ(in_three_processes(attacker, function()
      assert(p.server:feed(hello))
      return p.server:drain():sub(1, 43) -- with the server's random
    end))
  end)

  attack.it(it, pending, "differ in sessions, keys and configs that forked processes make", function(attacker)
    local tls = require "beartls"
    local config = pair.new().client_config
    assert_differ(in_three_processes(attacker, function()
      return config:client("localhost"):drain():sub(12, 43)
    end))
    assert_differ(in_three_processes(attacker, function()
      return assert(tls.key.generate "p256"):pem()
    end))
  end)
end)
