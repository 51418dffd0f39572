-- The certificate message may hold anything, of any length.

local faults = require "support.faults"
local pki = require "support.pki"
local wire = require "support.wire"

local client_config, server_config = wire.configs()

local function certificates(list)
  local out = {}
  for i, der in ipairs(list) do
    out[i] = wire.number(#der, 3) .. der
  end
  out = table.concat(out)
  return wire.number(#out, 3) .. out
end

-- A message in records of at most 16384 bytes.
local function in_records(message)
  local out = {}
  for i = 1, #message, 16384 do
    out[#out + 1] = wire.record(wire.HANDSHAKE, message:sub(i, i + 16383))
  end
  return table.concat(out)
end

describe("a certificate message", function()
  local der = assert(require("beartls").certificate.load(pki.path "root_ec.pem")):der() -- a short one
  local function repeated(n)
    local list = {}
    for i = 1, n do list[i] = der end
    return wire.message(11, certificates(list))
  end

  for _, side in ipairs { { "server", 2, "client" }, { "client", 3, "server" } } do
    local sender, flight, receiver = side[1], side[2], side[3]

    local function failure_with(by)
      local p = wire.run(client_config, server_config, function(n, bytes)
        return n == flight and by(bytes) or bytes
      end)
      assert.is_nil(wire.judge(p))
      return p[receiver]:failure()
    end

    -- A message that is longer than a record, behind what comes before it.
    local function instead(bytes, message)
      local before = sender == "server" and wire.record(wire.HANDSHAKE, faults.messages(bytes)[1].raw) or ""
      return before .. in_records(message)
    end

    it("of a " .. sender .. " with more than 64 certificates is refused", function()
      local failure = failure_with(function(bytes) return instead(bytes, repeated(65)) end)
      assert.equal("certificate_chain_too_long", failure.code)
      assert.equal(42, failure.alert_number)
    end)

    it("of a " .. sender .. " announced with 16 MB is refused at its header", function()
      local failure = failure_with(function(bytes)
        return faults.replaced(bytes, 11, wire.message(11, "\255\255\255", 2 ^ 24 - 1))
      end)
      assert.equal("peer_message_too_long", failure.code)
    end)

    it("of a " .. sender .. " with more than 128 kB of certificates is refused", function()
      local big = wire.message(11, certificates { ("x"):rep(70000), ("x"):rep(60000), ("x"):rep(1100) })
      local failure = failure_with(function(bytes) return instead(bytes, big) end)
      assert.matches("too_long", failure.code)
    end)

    for name, body in pairs {
      ["whose list ends too early"] = "\0\0\5\0\0\1x",
      ["whose certificate goes beyond it"] = "\0\0\4\0\0\9x",
      ["with an empty certificate"] = certificates { "" },
      ["with garbage for a certificate"] = certificates { ("\48"):rep(300) },
      ["with half a certificate"] = certificates { der:sub(1, 200) },
      ["with bytes behind a certificate"] = certificates { der .. "\0" },
      ["without a list"] = "",
    } do
      it("of a " .. sender .. " " .. name .. " is refused", function()
        local failure = failure_with(function(bytes) return faults.replaced(bytes, 11, wire.message(11, body)) end)
        assert.equal("us", failure.sent_by)
      end)
    end
  end

  it("of a server without any certificate is refused", function()
    local p = wire.run(client_config, server_config, function(n, bytes)
      return n == 2 and faults.replaced(bytes, 11, wire.message(11, "\0\0\0")) or bytes
    end)
    assert.is_nil(wire.judge(p))
    assert.equal("us", p.client:failure().sent_by)
  end)
end)
