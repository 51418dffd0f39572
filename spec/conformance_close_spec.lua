-- Whoever has sent close_notify says nothing more, whatever comes (RFC 8446, 6.1; RFC 5246, 7.2.1).

local attack = require "support.attack"
local hello = require "support.hello"
local pair = require "support.pair"
local rules = require "support.rules"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local CLOSE_NOTIFY = "\1\0"
local UNEXPECTED = "peer_unexpected_message"

-- The peers of open sessions, by what the sessions are.
local OPEN = {
  ["a client of TLS 1.3"] = rules.open_server,
  ["a server of TLS 1.3"] = rules.open_client,
  ["a client of TLS 1.2"] = function()
    local server = scripted12.new(assert(rules.client_config():client "localhost"), false):listen()
    return server:server_hello():server_flight():listen():finish()
  end,
  ["a server of TLS 1.2"] = function()
    return scripted12.new(assert(rules.server_config():server()), true):client_hello():listen():finish()
  end,
}

local function closed(open)
  local peer = open()
  peer.session:close()
  peer:listen()
  assert.same({ { CLOSE_NOTIFY, true } }, peer.alerts)
  return peer
end

local function finished(peer)
  peer:send(wire.HANDSHAKE, wire.message(20, ("f"):rep(12)))
end

for name, open in pairs(OPEN) do
  local is_13, is_client = name:find "1%.3" ~= nil, name:find "client" ~= nil

  describe(name .. " that has closed says nothing", function()
    for _, case in ipairs {
      { "to a record that was changed", function(p) p:raw(wire.record(23, ("x"):rep(50))) end, "peer_bad_record_mac" },
      { "to a message that does not belong there", finished, UNEXPECTED },
      { "to a record of another type", function(p) p:raw "\24\3\3\0\1x" end, "peer_bad_record" },
      { "to an alert that is malformed", function(p) p:send(wire.ALERT, "\1") end, "peer_malformed_message" },
      { "to a fatal alert", function(p) p:send(wire.ALERT, "\2\40") end, "alert_handshake_failure" },
      { "to a wish to renegotiate", function(p)
        p:send(wire.HANDSHAKE, is_client and wire.message(0, "") or hello.encode(p:new_client_hello()))
      end, is_13 and UNEXPECTED or nil },
      { "to data", function(p) p:send(wire.APPLICATION_DATA, "x") end },
      { "to close_notify", function(p) p:send(wire.ALERT, CLOSE_NOTIFY) end },
      { "to a wish for new keys", function(p)
        p:send(wire.HANDSHAKE, wire.message(24, "\1"))
        if is_13 then
          p:update_sent():send(wire.APPLICATION_DATA, "x")
        end
      end, not is_13 and UNEXPECTED or nil },
    } do
      it(case[1], function()
        local peer = closed(open)
        case[2](peer)
        assert.is_nil(peer.session:drain())
        assert.equal(case[3], (peer.session:failure() or {}).code)
        assert.is_nil(peer.session:write "x")
        assert.is_nil(peer.session:drain())
      end)
    end

    it("when it closes again", function()
      local peer = closed(open)
      peer.session:close()
      assert.is_nil(peer.session:drain())
    end)
  end)

  it(name .. " closes in the middle of a message, if that is all that comes", function()
    local peer = open():send(wire.HANDSHAKE, "\4\0"):send(wire.ALERT, CLOSE_NOTIFY)
    assert.equal("closed", select(3, peer.session:read()))
  end)
end

describe("BearSSL's engine that has closed", function()
  attack.it(it, pending, "says nothing more, either", function(attacker)
    for _, by in ipairs { "client", "server" } do
      for _, case in ipairs {
        { function() return wire.record(23, ("x"):rep(64)) end, "peer_bad_record_mac" },
        { function(other) return attacker.seal(other, wire.HANDSHAKE, wire.message(0, "")) end },
        { function(other) return attacker.seal(other, wire.APPLICATION_DATA, "x") end },
      } do
        local p = pair.open(wire.configs())
        local session, other = p[by], by == "client" and p.server or p.client
        session:close()
        assert.is_string(session:drain())
        session:feed(case[1](other))
        assert.is_nil(session:drain())
        assert.equal(case[2], (session:failure() or {}).code)
      end
    end
  end)
end)
