-- The traces of RFC 8448 through the whole engine: a client that said the RFC's ClientHello, with the RFC's key, takes
-- the server's records as they are, and says byte for byte what the RFC's client says. Its own hello cannot be the
-- RFC's, nor a server's flight, because the order of extensions and the salt of signatures are ours; the second
-- trace's client sends early data, which beartls never does, and the fourth's signs with a salt. A server takes over
-- behind its flight, in the traces without HelloRetryRequest, whose cookie would be its own.

local attack = require "support.attack"
local pki = require "support.pki"
local primitives = require "primitives"
local tls = require "beartls"
local vectors = require "support.vectors"
local wire = require "support.wire"

local bytes, hex = vectors.bytes, vectors.hex
local DATA_SIZE = 50 -- of what is sent in the first trace: bytes 0 to 49

local function records_of(trace)
  local by_name = {}
  for _, record in ipairs(trace.records) do
    by_name[record.name] = bytes(record.bytes)
  end
  return by_name
end

local function message(record)
  return wire.records(record)[1].body
end

local data = {}
for i = 1, DATA_SIZE do
  data[i] = string.char(i - 1)
end
data = table.concat(data)

describe("a client in the place of RFC 8448's", function()
  for _, trace in ipairs(dofile "spec/data/rfc8448.lua") do
    if trace.section ~= 4 and trace.section ~= 6 then
      attack.it(it, pending, "says the same in its " .. trace.name, function(attacker)
        local rfc = records_of(trace)
        local config = assert(tls.config { insecure_no_verify = true, groups = { "x25519", "secp256r1" } })
        local session = assert(config:client "server")
        session:drain()
        local messages = { message(rfc.client_hello) }
        attacker.replay(session, messages, bytes(trace.client_private))
        if rfc.hello_retry_request then
          assert(session:feed(rfc.hello_retry_request) or session:failure().message)
          session:drain()
          messages[2], messages[3] = message(rfc.hello_retry_request), message(rfc.second_client_hello)
          attacker.replay(session, messages, bytes(trace.client_private))
        end
        for _, name in ipairs { "server_hello", "server_ccs", "server_flight" } do
          if rfc[name] then
            assert(session:feed(rfc[name]), session:failure() and session:failure().message)
          end
        end
        assert.equal("open", session:state())
        assert.equal(hex((rfc.client_ccs or "") .. rfc.client_finished), hex(session:drain()))
        if rfc.client_data then
          assert(session:feed(rfc.new_session_ticket))
          assert.is_truthy(session:ticket())
          assert(session:write(data))
          assert.equal(hex(rfc.client_data), hex(session:drain()))
          assert(session:feed(rfc.server_data))
          assert.equal(data, session:read())
        end
        session:close()
        assert.equal(hex(rfc.client_close), hex(session:drain()))
        session:feed(rfc.server_close)
        assert.equal("closed", session:state())
      end)
    end
  end
end)

describe("a server in the place of RFC 8448's", function()
  -- The messages of a server's flight, from its protected record.
  local function opened(record, secret)
    local records = primitives.records()
    records:version(0x0304)
    records:install("received", "TLS_AES_128_GCM_SHA256", primitives.traffic_keys("sha256", secret, 16))
    return records:receive(record)[1].body
  end

  for _, trace in ipairs(dofile "spec/data/rfc8448.lua") do
    if trace.section == 3 or trace.section == 7 then
      attack.it(it, pending, "takes and says the same in its " .. trace.name, function(attacker)
        local rfc = records_of(trace)
        local config = assert(tls.config { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key",
          tickets = false })
        local session = assert(config:server())
        assert(session:feed(rfc.client_hello))
        session:drain()
        attacker.replay_server(session, { message(rfc.client_hello), message(rfc.server_hello),
          opened(rfc.server_flight, bytes(trace.secrets.server_handshake)) }, bytes(trace.server_private),
          rfc.new_session_ticket and 1 or 0)
        assert(session:feed((rfc.client_ccs or "") .. rfc.client_finished))
        assert.equal("open", session:state())
        assert.is_nil(session:drain())
        if rfc.client_data then
          assert(session:feed(rfc.client_data))
          assert.equal(data, session:read())
          assert(session:write(data))
          assert.equal(hex(rfc.server_data), hex(session:drain()))
        end
        session:feed(rfc.client_close)
        session:close()
        assert.equal(hex(rfc.server_close), hex(session:drain()))
        assert.equal("closed", session:state())
      end)
    end
  end
end)
