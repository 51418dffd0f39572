-- A peer that has the keys of the connection, and misuses them.

local attack = require "support.attack"
local faults = require "support.faults"
local pair = require "support.pair"
local wire = require "support.wire"

local client_config, server_config = wire.configs()
local flights = faults.flights_of(client_config, server_config)

describe("a peer that knows the keys and", function()
  -- What the other side makes of n such records; before: application data in front of each.
  local function flood(attacker, by_server, content_type, plaintext, n, before)
    local p = pair.open(client_config, server_config)
    local from, to = p.client, p.server
    if by_server then
      from, to = to, from
    end
    for _ = 1, n do
      if before then
        from:write "x"
        to:feed(from:drain())
        to:read()
      end
      to:feed(attacker.seal(from, content_type, plaintext))
    end
    return to:failure(), to, from
  end

  for _, case in ipairs {
    { "sends empty records", wire.APPLICATION_DATA, "" },
    { "sends warnings", wire.ALERT, "\1\90", most = 4 },
    { "asks the client to renegotiate", wire.HANDSHAKE, wire.message(0, ""), true },
    { "wants the server to renegotiate", wire.HANDSHAKE, function()
      return faults.messages(flights[1])[1].raw
    end, false },
  } do
    local function plaintext()
      return type(case[3]) == "function" and case[3]() or case[3]
    end

    local most = case.most or 32

    attack.it(it, pending, ("%s is borne %d times in a row, then stopped"):format(case[1], most), function(attacker)
      for _, by_server in ipairs(case[4] == nil and { false, true } or { case[4] }) do
        assert.is_nil((flood(attacker, by_server, case[2], plaintext(), most)))
        local failure, to, from = flood(attacker, by_server, case[2], plaintext(), most + 1)
        assert.equal("peer_too_many_records", failure.code)
        from:feed(to:drain())
        -- To a renegotiation the answer is no_renegotiation each time, after which BearSSL does not go on.
        local last = case[4] == nil and "alert_unexpected_message" or "alert_no_renegotiation"
        assert.equal(last, from:failure().code)
      end
    end)

    attack.it(it, pending, case[1] .. " between application data is borne", function(attacker)
      assert.is_nil((flood(attacker, case[4] or false, case[2], plaintext(), 100, true)))
    end)
  end

  for _, case in ipairs {
    { "asks the client to renegotiate", true, wire.message(0, "") },
    { "wants the server to renegotiate", false, faults.messages(flights[1])[1].raw },
  } do
    attack.it(it, pending, case[1] .. " is told no, and the session goes on", function(attacker)
      local failure, to, from = flood(attacker, case[2], wire.HANDSHAKE, case[3], 1)
      assert.is_nil(failure)
      assert.equal("open", to:state())
      from:write "data"
      to:feed(from:drain())
      assert.equal("data", to:read())
      from:feed(to:drain())
      -- BearSSL takes this warning for a fatal alert.
      assert.equal("alert_no_renegotiation", from:failure().code)
    end)
  end

  for _, case in ipairs {
    { "sends change_cipher_spec", wire.CHANGE_CIPHER_SPEC, "\1", "peer_unexpected_message" },
    { "sends finished again", wire.HANDSHAKE, wire.message(20, ("f"):rep(12)), "peer_unexpected_message" },
    { "sends an empty handshake record", wire.HANDSHAKE, "", "peer_unexpected_message" },
    { "sends an empty alert", wire.ALERT, "", "peer_unexpected_message" },
    { "announces a message of 16 MB", wire.HANDSHAKE, wire.message(1, "x", 2 ^ 24 - 1), "peer_message_too_long" },
    { "sends a handshake record that is longer than any of TLS 1.2", wire.HANDSHAKE, ("\0"):rep(9000),
      "peer_malformed_message" },
  } do
    attack.it(it, pending, case[1] .. " is told so, encrypted", function(attacker)
      for _, by_server in ipairs { false, true } do
        local failure, to, from = flood(attacker, by_server, case[2], case[3], 1)
        assert.equal(case[4], failure.code)
        assert.equal("us", failure.sent_by)
        from:feed(to:drain())
        assert.equal("alert_" .. failure.alert, from:failure().code)
        assert.is_nil(to:read())
      end
    end)
  end

  attack.it(it, pending, "sends data in the middle of a message is told so", function(attacker)
    for _, by_server in ipairs { false, true } do
      local failure, to, from = flood(attacker, by_server, wire.HANDSHAKE, "\1\0", 1)
      assert.is_nil(failure)
      to:feed(attacker.seal(from, wire.APPLICATION_DATA, "x"))
      failure = to:failure()
      assert.same({ "peer_unexpected_message", 10 }, { failure.code, failure.alert_number })
      assert.is_nil(to:read())
    end
  end)

  it("sends a record that is too short for a MAC hears that it cannot be opened", function()
    for n = 0, 40, 8 do
      local p = pair.open(client_config, server_config)
      p.server:feed(wire.record(wire.APPLICATION_DATA, ("x"):rep(n)))
      assert.same({ "peer_bad_record_mac", 20 }, { p.server:failure().code, p.server:failure().alert_number })
    end
  end)

  attack.it(it, pending, "sends 2^14+1 bytes in a suite whose padding hides it is found out", function(attacker)
    local suite = { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" } }
    local p = pair.open(wire.configs(suite, suite))
    p.server:feed(attacker.seal(p.client, wire.APPLICATION_DATA, ("x"):rep(16385)))
    -- Nothing tells it apart from a damaged one: what comes out of the padding is nobody's business.
    assert.equal("peer_bad_record_mac", p.server:failure().code)
    assert.is_nil(p.server:read())
  end)

  attack.it(it, pending, "is in the modern engine is one, too", function(attacker)
    for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
      local p = pair.open({ max_version = version }, { max_version = version })
      p.server:feed(attacker.seal(p.client, wire.APPLICATION_DATA, "x"))
      assert.equal("x", p.server:read())
      p.server:feed(attacker.seal(p.client, wire.HANDSHAKE, wire.message(20, ("f"):rep(12))))
      assert.equal("peer_unexpected_message", p.server:failure().code)
    end
  end)

  attack.it(it, pending, "sends an alert in two records is understood", function(attacker)
    local _, to, from = flood(attacker, false, wire.ALERT, "\2", 1)
    to:feed(attacker.seal(from, wire.ALERT, "\48"))
    assert.equal("alert_unknown_ca", to:failure().code)
  end)

  attack.it(it, pending, "changes the record version is found out", function(attacker)
    for _, content_type in ipairs { wire.APPLICATION_DATA, wire.ALERT } do
      local p = pair.open(client_config, server_config)
      p.server:feed(attacker.seal(p.client, content_type, "\1\90", 0x0302))
      assert.equal("peer_version", p.server:failure().code)
      assert.is_nil(p.server:read())
    end
  end)

  attack.it(it, pending, "sends application data before its finished message is stopped", function(attacker)
    local p = pair.new(client_config, server_config)
    p.server:feed(p.client:drain())
    p.client:feed(p.server:drain())
    local records = wire.records(p.client:drain())
    for i = 1, #records - 1 do
      p.server:feed(records[i].raw)
    end
    assert.equal(wire.CHANGE_CIPHER_SPEC, records[#records - 1].type)
    -- Its sequence number is not that of the record which is left out, so that nobody can read it anyway.
    p.server:feed(attacker.seal(p.client, wire.APPLICATION_DATA, "early"))
    assert.equal("failed", p.server:state())
    assert.is_nil(p.server:read())
  end)
end)
