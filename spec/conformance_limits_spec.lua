-- What a client makes of the limits of records that a server agrees to (RFC 8449, 4, 5; RFC 6066, 4), and what it holds
-- itself to.

local hello = require "support.hello"
local rules = require "support.rules"
local scripted = require "support.scripted"
local scripted12 = require "support.scripted12"
local wire = require "support.wire"

local ILLEGAL, DECODE, LENGTH = "peer_illegal_parameter", "peer_malformed_message", "peer_record_length"
local SIZE, FRAGMENT = hello.RECORD_SIZE_LIMIT, hello.MAX_FRAGMENT_LENGTH
local config = rules.client_config { max_fragment = 1024 }

local function server13(extensions)
  local server = scripted.new(assert(config:client "localhost"), false):listen():server_hello()
  return server, server:server_flight { extensions = scripted.encrypted_extensions(extensions) }
end

local function server12(extensions)
  local server = scripted12.new(assert(config:client "localhost"), false):listen()
  return server:server_hello(function(h)
    for _, extension in ipairs(extensions) do
      hello.add(h, extension[1], extension[2])
    end
  end)
end

describe("a client that offers limits", function()
  it("offers both, and counts the content type where TLS 1.3 has it (RFC 8449, 4)", function()
    local theirs = scripted.new(assert(config:client "localhost"), false):listen().their_hello
    assert.same({ "\4\1", "\2" }, { hello.get(theirs, SIZE), hello.get(theirs, FRAGMENT) })
    local old = rules.client_config { max_fragment = 1024, max_version = "TLSv1.2" }
    theirs = scripted12.new(assert(old:client "localhost"), false):listen().their_hello
    assert.same({ "\4\0", "\2" }, { hello.get(theirs, SIZE), hello.get(theirs, FRAGMENT) })
  end)

  for _, case in ipairs {
    { "a size below 64", { { SIZE, "\0\63" } }, ILLEGAL, 47 },
    { "the size 0", { { SIZE, "\0\0" } }, ILLEGAL, 47 },
    { "a size above the largest record", { { SIZE, "\64\2" } }, ILLEGAL, 47 },
    { "half a size", { { SIZE, "\64" } }, DECODE, 50 },
    { "no size", { { SIZE, "" } }, DECODE, 50 },
    { "something behind the size", { { SIZE, "\2\0\0" } }, DECODE, 50 },
    { "both", { { SIZE, "\2\0" }, { FRAGMENT, "\2" } }, ILLEGAL, 47 },
    { "another fragment length", { { FRAGMENT, "\1" } }, ILLEGAL, 47 },
    { "a larger fragment length", { { FRAGMENT, "\3" } }, ILLEGAL, 47 },
    { "a fragment length that does not exist", { { FRAGMENT, "\9" } }, ILLEGAL, 47 },
    { "no fragment length", { { FRAGMENT, "" } }, DECODE, 50 },
    { "two fragment lengths", { { FRAGMENT, "\2\2" } }, DECODE, 50 },
  } do
    it("refuses " .. case[1], function()
      server13(case[2]):expect(case[3], case[4], true)
      server12(case[2]):expect(case[3], case[4], false)
    end)
  end

  it("refuses the largest record of TLS 1.3 in 1.2", function()
    server12 { { SIZE, "\64\1" } }:expect(ILLEGAL, 47, false)
  end)

  -- The server's answer, what a record may carry then to it, and to us.
  for _, case in ipairs {
    { "record_size_limit of 512", { { SIZE, "\2\0" } }, 511, 512, 1024 },
    { "the largest record_size_limit", { { SIZE, "\64\0" } }, 1024, 1024, 1024 },
    { "max_fragment_length", { { FRAGMENT, "\2" } }, 1024, 1024, 1024 },
    { "nothing", {}, 1024, 1024, 16384 },
  } do
    it("is held to " .. case[1], function()
      local one = server13(case[2]):listen()
      local two = server12(case[2]):server_flight():listen():finish()
      for i, server in ipairs { one, two } do
        assert.equal("open", server.session:state())
        server.session:write(("x"):rep(3000))
        local most = 0
        for _, record in ipairs(wire.records(server.session:drain())) do
          for _, got in ipairs(server.records:receive(record.raw)) do
            most = math.max(most, #got.body)
          end
        end
        assert.equal(case[2 + i], most)
        server:send(wire.APPLICATION_DATA, ("y"):rep(case[5]))
        assert.equal(case[5], #(server.session:read() or ""))
        server.records:limit("sent", 17000)
        server:send(wire.APPLICATION_DATA, ("y"):rep(case[5] + 1)):expect(LENGTH, 22, true)
      end
    end)
  end
end)
