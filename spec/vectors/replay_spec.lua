-- The traces of RFC 8448 through the whole engine: a client that said the RFC's ClientHello, with the RFC's key, takes
-- the server's records as they are, and says byte for byte what the RFC's client says; a server takes over behind its
-- flight. Their own hellos and signatures cannot be the RFC's, because the order of extensions and the salts are ours.
-- Early data, in the second trace, neither ever sends or takes; the fourth's client signs with a key that the RFC
-- keeps to itself. rfc8448_spec.lua has all five through the key schedule and the record layer.

local attack = require "support.attack"
local hello = require "support.hello"
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

  -- What the server has said and heard before the client's last flight.
  local function hellos(rfc)
    local list = {}
    for _, name in ipairs { "client_hello", "hello_retry_request", "second_client_hello", "server_hello" } do
      list[#list + 1] = rfc[name] and message(rfc[name])
    end
    return list
  end

  -- The RFC's second ClientHello, with the cookie that this server has made.
  local function answer_retry(session, rfc)
    local retry = hello.parse(message(session:drain()))
    local second = hello.parse(message(rfc.second_client_hello))
    hello.put(second, hello.COOKIE, hello.get(retry, hello.COOKIE))
    assert(session:feed(wire.record(wire.HANDSHAKE, hello.encode(second))))
  end

  for _, trace in ipairs(dofile "spec/data/rfc8448.lua") do
    if trace.section ~= 4 then
      attack.it(it, pending, "takes and says the same in its " .. trace.name, function(attacker)
        local rfc = records_of(trace)
        local authenticates = rfc.client_flight ~= nil
        local config = assert(tls.config { certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key",
          groups = rfc.hello_retry_request and { "secp256r1" } or nil, tickets = false,
          verify_client = authenticates and "require" or nil, insecure_no_verify = authenticates or nil })
        local session = assert(config:server())
        assert(session:feed(rfc.client_hello))
        if rfc.hello_retry_request then
          answer_retry(session, rfc)
        end
        session:drain()
        local messages = hellos(rfc)
        messages[#messages + 1] = opened(rfc.server_flight, bytes(trace.secrets.server_handshake))
        attacker.replay_server(session, messages, bytes(trace.server_private), rfc.new_session_ticket and 1 or 0)
        assert(session:feed((rfc.client_ccs or "") .. (rfc.client_flight or rfc.client_finished)))
        assert.equal("open", session:state())
        assert.equal(authenticates, session:peer_certificate() ~= nil)
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
