-- Shares that are none, of each group, in both roles and versions (RFC 8446, 4.2.8.2, 7.4.2; RFC 8422, 5.4, 5.7, 5.10).

local hello = require "support.hello"
local pki = require "support.pki"
local primitives = require "primitives"
local rules = require "support.rules"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local SHARE = "peer_bad_key_share"

local function bytes(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function flipped(key)
  return key:sub(1, -2) .. string.char((key:byte(-1) + 1) % 256)
end

-- name, number, size of a coordinate; x25519 has one, and points of small order, but none that are off the curve.
local GROUPS = {
  { "secp256r1", 23, 32 }, { "secp384r1", 24, 48 }, { "secp521r1", 25, 66 }, { "x25519", 29, 32 },
}

local SMALL_ORDER = {
  ("00"):rep(32), "01" .. ("00"):rep(31),
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ec" .. ("ff"):rep(30) .. "7f", "ed" .. ("ff"):rep(30) .. "7f", "ee" .. ("ff"):rep(30) .. "7f",
}

local function wrong_shares(group)
  local _, right = primitives.group_generate(group[2])
  local list = { { "cut", right:sub(1, -2) }, { "padded", right .. "\0" }, { "one byte", "\4" } }
  local function add(name, share)
    list[#list + 1] = { name, share }
  end
  if group[1] == "x25519" then
    for i, hex in ipairs(SMALL_ORDER) do
      add("of small order, " .. i, bytes(hex))
    end
    return list
  end
  add("compressed", "\2" .. right:sub(2, 1 + group[3]))
  add("compressed, odd", "\3" .. right:sub(2, 1 + group[3]))
  add("hybrid", "\6" .. right:sub(2))
  add("without a form", right:sub(2))
  add("of an unknown form", "\5" .. right:sub(2))
  add("off the curve", flipped(right))
  add("the origin", "\4" .. ("\0"):rep(2 * group[3]))
  add("beyond the field", "\4" .. ("\255"):rep(2 * group[3]))
  add("infinity", "\0")
  return list
end

local WAYS = {
  { "a client of TLS 1.3", function(group, share)
    local server = rules.server_of_client { groups = { group[1] } }
    return server:say(hello.encode(server:new_server_hello(function(h)
      hello.put(h, hello.KEY_SHARE, hello.share(group[2], share))
    end)))
  end },
  { "a server of TLS 1.3", function(group, share)
    return rules.client_of_server():client_hello(function(h)
      hello.put(h, hello.GROUPS, hello.list { group[2] })
      hello.put(h, hello.KEY_SHARE, hello.vector(2, hello.share(group[2], share)))
    end)
  end },
  { "a client of TLS 1.2", function(group, share)
    local config = rules.client_config { groups = { group[1] } }
    local server = scripted12.new(assert(config:client "localhost"), false):listen()
    return server:server_hello():server_flight { key_exchange = function(s)
      return s:key_exchange { params = "\3" .. wire.number(group[2], 2) .. hello.vector(1, share) }
    end }
  end },
  { "a server of TLS 1.2", function(group, share)
    local config = rules.server_config { groups = { group[1] }, certificate = pki.path "server_ec.pem" }
    local client = scripted12.new(assert(config:server()), true):client_hello(function(h)
      hello.put(h, hello.GROUPS, hello.list { group[2], hello.SECP256R1 })
    end)
    return client:listen():say(wire.message(16, hello.vector(1, share)))
  end },
}

for _, way in ipairs(WAYS) do
  describe(way[1] .. " refuses a share of", function()
    for _, group in ipairs(GROUPS) do
      it(group[1] .. " that is not one", function()
        for _, case in ipairs(wrong_shares(group)) do
          local ok, why = pcall(function() way[2](group, case[2]):expect(SHARE, 47, false) end)
          assert(ok, ("%s: %s"):format(case[1], tostring(why)))
        end
      end)
    end
  end)
end
