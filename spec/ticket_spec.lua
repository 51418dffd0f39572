-- Tickets of TLS 1.2 travel in the clear: nothing that is secret may be in them, whatever happens.
local pair = require "support.pair"
local pki = require "support.pki"
local process = require "support.process"

-- A client's certificate that is longer than what a ticket can hold.
local function long_identity()
  local names = {}
  for i = 1, 700 do
    names[i] = ("host%04d.very.long.name.example.test"):format(i)
  end
  local ca = assert(require("beartls.pki").ca { name = "root", time = pki.now })
  return assert(ca:issue { name = "long", client = true, dns = names }), ca:trust()
end

local function from_hex(text)
  return (text:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

describe("a ticket of TLS 1.2", function()
  teardown(process.cleanup)

  it("is empty when what it would have to hold is too long, and shows nothing of the session", function()
    local identity, trust = long_identity()
    local keylog = process.tmpdir() .. "/keys"
    local said = {}
    local p = pair.new({ max_version = "TLSv1.2", certificate = identity.certificate, key = identity.key },
      { verify_client = "require", trust = trust, keylog = keylog })
    p:settle_through(function(bytes, from_client)
      said[#said + 1] = not from_client and bytes or nil
      return bytes
    end)
    assert.equal("open", p.client:state())
    local secret = from_hex(process.read_file(keylog):match "CLIENT_RANDOM %x+ (%x+)")
    assert.equal(48, #secret)
    assert.is_nil(table.concat(said):find(secret, 1, true))
    assert.equal("peer_no_ticket", select(3, p.client:ticket()))
  end)
end)
