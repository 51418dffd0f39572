-- max_fragment_length (RFC 6066, 4) in TLS 1.2, on a wire that makes records longer than was agreed on.

local pki = require "support.pki"
local wire = require "support.wire"

local LIMIT = 512

-- Runs a mutual handshake of TLS 1.2 in which two records of a flight, the first of them whole, become one, which
-- changes nothing else.
local function join(flight, at, client, server)
  client.max_fragment = LIMIT
  client.certificate, client.key = pki.path "client_rsa.pem", pki.path "client_rsa.key"
  client.trust, server.trust = pki.path "trust.pem", pki.path "trust.pem"
  server.certificate, server.key = pki.path "server_chain_rsa.pem", pki.path "server_chain_rsa.key"
  local client_config, server_config = wire.configs(client, server)
  return wire.run(client_config, server_config, function(n, bytes)
    if n ~= flight then
      return bytes
    end
    local records = wire.records(bytes)
    local first, second = records[at], records[at + 1]
    assert(first.type == wire.HANDSHAKE and second.type == wire.HANDSHAKE, "there is nothing to join")
    assert(#first.body == LIMIT)
    return bytes:sub(1, first.first - 1) .. wire.record(wire.HANDSHAKE, first.body .. second.body)
      .. bytes:sub(second.last + 1)
  end)
end

describe("a record in the clear that is longer than max_fragment_length", function()
  local function refused(failure)
    assert.same({ "peer_record_length", "record_overflow", "us" }, { failure.code, failure.alert, failure.sent_by })
  end

  -- The client is the classic engine's, which knows no record_size_limit; the server is the modern one's.
  it("ends the handshake with the server's record_overflow", function()
    local modern = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    refused(join(3, 1, { cipher_suites = { modern, "TLS_RSA_WITH_AES_128_CBC_SHA" } },
      { cipher_suites = { modern } }).server:failure())
  end)
end)
