-- Records that stand where they must not, and records that were altered.

local faults = require "support.faults"
local pair = require "support.pair"
local wire = require "support.wire"

local client_config, server_config = wire.configs()
local flights = faults.flights_of(client_config, server_config)

describe("a record in a wrong place", function()
  local odd = {
    { "change_cipher_spec", wire.record(wire.CHANGE_CIPHER_SPEC, "\1") },
    { "change_cipher_spec of two bytes", wire.record(wire.CHANGE_CIPHER_SPEC, "\1\1") },
    { "change_cipher_spec of another value", wire.record(wire.CHANGE_CIPHER_SPEC, "\2") },
    { "application data", wire.record(wire.APPLICATION_DATA, "secret") },
    { "finished", wire.record(wire.HANDSHAKE, wire.message(20, ("f"):rep(12))) },
    { "a fatal alert", wire.alert(80) },
    { "an alert of no level", wire.record(wire.ALERT, "\9\9") },
    { "an unknown record type", wire.record(99, "x") },
    { "an empty piece of a message", wire.record(wire.HANDSHAKE, "") },
    { "an empty alert", wire.record(wire.ALERT, "") },
    { "an empty change_cipher_spec", wire.record(wire.CHANGE_CIPHER_SPEC, "") },
    { "empty application data", wire.record(wire.APPLICATION_DATA, "") },
    { "a handshake message of an unknown type", wire.record(wire.HANDSHAKE, wire.message(77, "x")) },
    { "a record of another version", wire.record(wire.HANDSHAKE, wire.message(77, "x"), 0x0300) },
  }
  for _, case in ipairs(odd) do
    it(case[1] .. " ends the handshake", function()
      local changes = {}
      for n = 1, faults.FLIGHTS do
        for i = 0, #wire.records(flights[n]) do
          changes[#changes + 1] = { n, ("before record %d"):format(i + 1), function(bytes)
            local records = wire.records(bytes)
            local at = i == 0 and 0 or records[i].last
            return bytes:sub(1, at) .. case[2] .. bytes:sub(at + 1)
          end }
        end
      end
      local wrong, open = faults.run_all(client_config, server_config, changes)
      assert.same({}, wrong)
      assert.equal(0, open)
    end)
  end

  it("that only warns does not", function()
    for n = 1, 3 do
      local p = wire.run(client_config, server_config, function(k, bytes)
        return k == n and wire.record(wire.ALERT, "\1\90") .. bytes or bytes
      end)
      assert.is_nil(wire.judge(p))
      assert.equal("open", p.client:state())
    end
  end)
end)

describe("application data of which a record was altered", function()
  local suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" }
  for _, suite in ipairs(suites) do
    it("never comes out, with " .. suite, function()
      local a, b = wire.configs({ cipher_suites = { suite }, groups = { "x25519", "secp256r1" } },
        { cipher_suites = { suite } })
      local size = 40
      for i = 1, 1000, 3 do
        local p = pair.open(a, b)
        p.client:write(("first"):rep(8))
        local first = p.client:drain()
        p.client:write(("second"):rep(7):sub(1, size))
        local second = p.client:drain()
        if i > #second then
          break
        end
        p.server:feed(first .. faults.flip(second, i, i % 8))
        if p.server:state() ~= "failed" then
          p.server:feed(nil)
        end
        local failure, got = p.server:failure(), pair.read_all(p.server)
        assert.equal(("first"):rep(8), got)
        if failure.sent_by then
          assert.equal("us", failure.sent_by)
          p.client:feed(p.server:drain())
          assert.equal("alert_" .. failure.alert, p.client:failure().code)
        else
          assert.equal("truncated", failure.code)
        end
      end
    end)
  end

  it("never comes out when its records are swapped, repeated, left out or sent back", function()
    for name, order in pairs {
      swapped = { "b", "a" }, repeated = { "a", "a" }, ["left out"] = { "b" }, ["sent back"] = { "own" },
    } do
      local p = pair.open(client_config, server_config)
      local records = {}
      p.client:write "aaaa"
      records.a = p.client:drain()
      p.client:write "bbbb"
      records.b = p.client:drain()
      p.server:write "own"
      records.own = p.server:drain()
      for _, which in ipairs(order) do
        p.server:feed(records[which])
      end
      assert.equal("peer_bad_record_mac", p.server:failure().code, name)
      assert.equal(name == "repeated" and "aaaa" or "", pair.read_all(p.server))
    end
  end)
end)
