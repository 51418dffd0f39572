-- Each message of a handshake cut off at every byte, with something behind it, and with a length that is not its own:
-- decode_error, once, in the epoch of the moment (RFC 8446, 6; RFC 5246, 7.2.2).

local hello = require "support.hello"
local pki = require "support.pki"
local rules = require "support.rules"
local scripted = require "support.scripted"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local DECODE = "peer_malformed_message"
local STOP = {}

local CHANGED_AT_ENDS, STEP = 24, 11

-- The lengths to which a body is cut: all of them near its ends, some in between.
local function lengths(n)
  local list = {}
  for i = 0, n - 1 do
    if i < CHANGED_AT_ENDS or i > n - CHANGED_AT_ENDS or i % STEP == 0 then
      list[#list + 1] = i
    end
  end
  return list
end

-- What the messages of a script are, in order.
local function messages_of(open, script)
  local peer, list = open(), {}
  function peer:say(...)
    for _, message in ipairs { ... } do
      list[#list + 1] = message
    end
    return getmetatable(peer).say(self, ...)
  end
  script(peer)
  return list
end

-- The peer after the script has come to its message k, which was changed.
local function changed(open, script, k, change)
  local peer, n = open(), 0
  function peer:say(message)
    n = n + 1
    if n < k then
      return getmetatable(peer).say(self, message)
    end
    self:send(wire.HANDSHAKE, change(message))
    error(STOP)
  end
  local ok, why = pcall(script, peer)
  assert(not ok and why == STOP, tostring(why))
  return peer
end

local function each_message(name, open, script, names)
  describe(name, function()
    for k, message_name in ipairs(names) do
      local encrypted = message_name:sub(1, 1) == "*"
      local what = message_name:gsub("%*", "")
      local shorter = {} -- lengths at which it ends well, though it is not all there
      for n in what:gmatch "%d+" do
        shorter[tonumber(n)] = true
      end
      what = what:match "%a+"

      it(("%s is whole"):format(what), function()
        local body = messages_of(open, script)[k]:sub(5)
        for _, n in ipairs(lengths(#body)) do
          local peer = changed(open, script, k, function(message)
            -- Signatures are not all of the same length.
            return wire.message(message:byte(), message:sub(5, 4 + math.min(n, #message - 5)))
          end)
          if not shorter[n] then
            peer:expect(DECODE, 50, encrypted)
          else
            assert.is_not.equal(DECODE, (peer.session:failure() or {}).code)
          end
        end
      end)

      it(("%s has nothing behind it"):format(what), function()
        for _, more in ipairs { "\0", "xy", ("z"):rep(300) } do
          changed(open, script, k, function(message)
            return wire.message(message:byte(), message:sub(5) .. more)
          end):expect(DECODE, 50, encrypted)
        end
      end)
    end

    it("has as many messages as are named here", function()
      assert.equal(#names, #messages_of(open, script))
    end)
  end)
end

-- "*" stands at those that are encrypted; "@n" is where a hello without extensions ends.

each_message("a client of TLS 1.3:", rules.server_of_client, function(server)
  server:server_hello():say(scripted.encrypted_extensions { { hello.SERVER_NAME, "" } })
  server:say(wire.message(13, "\0\0\8\0\13\0\4\0\2\4\3"))
  server:say(scripted.certificate("server_ec", function(p)
    p.extensions = hello.extensions { { hello.STATUS_REQUEST, "\1\0\0\4\48\2\5\0" } }
  end))
  server:say(server:verify "server_ec"):say(server:finished()):derive_application()
  server:install("sent", server.our_application)
  server:say(wire.message(4, "\0\0\0\9\0\0\0\0\1n\0\1t\0\0")):say(wire.message(24, "\0"))
end, { "ServerHello@70", "*EncryptedExtensions", "*CertificateRequest", "*Certificate", "*CertificateVerify",
  "*Finished", "*NewSessionTicket", "*KeyUpdate" })

each_message("a client of TLS 1.3 that is asked for another hello:", function()
  return rules.server_of_client { groups = { "x25519", "secp256r1" } }
end, function(server)
  server:say(hello.encode(server:new_server_hello(function(h)
    h.random = hello.RETRY
    hello.put(h, hello.KEY_SHARE, "\0\23")
    hello.add(h, hello.COOKIE, "\0\1x")
  end)))
end, { "HelloRetryRequest@70" })

each_message("a client of TLS 1.2:", function()
  return scripted12.new(assert(rules.client_config { insecure_no_verify = true }:client "localhost"), false):listen()
end, function(server)
  server:server_hello(function(h)
    hello.add(h, hello.SESSION_TICKET, "")
    hello.add(h, hello.STATUS_REQUEST, "")
  end)
  server:server_flight { status = wire.message(22, "\1\0\0\4\48\2\5\0"),
    request = wire.message(13, "\1\64\0\2\4\3\0\6\0\4\48\2\5\0") }:listen()
  server:say(wire.message(4, "\0\0\0\9\0\6ticket")):change_keys():say(server:finished()):say(wire.message(0, ""))
end, { "ServerHello@38", "Certificate", "CertificateStatus", "ServerKeyExchange", "CertificateRequest",
  "ServerHelloDone", "*NewSessionTicket", "*Finished", "*HelloRequest" })

local MUTUAL = { verify_client = "require", trust = pki.path "client_ec.pem" }

each_message("a server of TLS 1.3:", function()
  return rules.client_of_server(MUTUAL)
end, function(client)
  client:client_hello():listen():say(client.certificate "client_ec"):say(client:verify "client_ec")
  client:say(client:finished()):install("sent", client.our_application)
  client:say(wire.message(24, "\0"))
end, { "ClientHello@71", "*Certificate", "*CertificateVerify", "*Finished", "*KeyUpdate" })

each_message("a server of TLS 1.2:", function()
  return scripted12.new(assert(rules.server_config(MUTUAL):server()), true)
end, function(client)
  client:client_hello(function(h)
    hello.add(h, hello.ALPN, "\0\3\2h2")
    hello.add(h, hello.STATUS_REQUEST, "\1\0\0\0\0")
    hello.add(h, hello.POINT_FORMATS, "\1\0")
    hello.add(h, hello.MAX_FRAGMENT_LENGTH, "\4")
  end):listen():say(client.certificate "client_ec"):client_key_exchange()
  client:say(wire.message(15, "\4\3\0\2xx"))
end, { "ClientHello@39", "Certificate", "ClientKeyExchange", "CertificateVerify" })
