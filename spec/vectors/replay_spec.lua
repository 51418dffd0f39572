-- The traces of RFC 8448 through the whole engine: a client that said the RFC's ClientHello, with the RFC's key, takes
-- the server's records as they are, and says byte for byte what the RFC's client says. Its own hello cannot be the
-- RFC's, nor a server's flight, because the order of extensions and the salt of signatures are ours; the second
-- trace's client sends early data, which beartls never does, and the fourth's signs with a salt.

local attack = require "support.attack"
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
          local data = {}
          for i = 1, DATA_SIZE do
            data[i] = string.char(i - 1)
          end
          data = table.concat(data)
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
