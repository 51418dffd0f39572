-- Answers that are cut, damaged or late, over streams in memory: no request takes half for all, and none raises.

local https = require "beartls.https"
local loopback = require "support.loopback"
local pki = require "support.pki"
local stream = require "beartls.stream"

local client_config, server_config = loopback.configs(nil, {
  certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key",
})
local ticket -- so that the next handshake costs less

local function open()
  local there, back = loopback.wire()
  function there.settimeout()
    return 1 -- nobody waits here
  end
  local client = stream.new(assert(client_config:client("localhost", { ticket = ticket })), there)
  local server = stream.new(assert(server_config:server()), back)
  loopback.shake(client, server)
  return client, server, there, back
end

-- What a server says that has this to say whatever it is asked, and then closes ("close") or is cut off ("cut"). It
-- reaches us `piece` bytes at a time.
local function ask(text, ending, piece)
  local function connect()
    local client, server, there, back = open()
    if text ~= "" then
      assert(server:send(text))
    end
    if ending == "close" then
      server:close()
    else
      back:close()
    end
    there.piece, there.to.gone = piece or 65536, false -- a network would still take our request
    return client
  end
  return https.request {
    url = "https://localhost/", proxy = false, config = client_config, timeout = 5, connect = connect,
  }
end

local head = "HTTP/1.1 200 OK\r\nX: y\r\n"
local answers = {
  length = head .. "Content-Length: 5\r\n\r\nhello",
  chunked = head .. "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nA: b\r\n\r\n",
  close = head .. "\r\nhello",
}

describe("an answer", function()
  setup(function()
    local client, server = open()
    server:send "x"
    client:receive(1)
    ticket = assert(client:ticket())
  end)

  for name, text in pairs(answers) do
    it(("(%s) is the same in whatever pieces it comes"):format(name), function()
      for _, piece in ipairs { 1, 2, 3, 7, 100 } do
        local body, status = ask(text, "close", piece)
        assert.same({ "hello", 200 }, { body, status })
      end
    end)

    it(("(%s) that is cut anywhere is not taken for a whole one"):format(name), function()
      for i = 0, #text - 1 do
        local body, message, code, failure = ask(text:sub(1, i), "cut")
        assert.same({ nil, "truncated" }, { body, code }, ("after %d bytes: %s"):format(i, message))
        assert.is_truthy(("hello"):find(failure.partial, 1, true) == 1)
      end
      local body, status, code = ask(text, "cut")
      if name == "close" then
        assert.same({ nil, "truncated" }, { body, code })
      else
        assert.same({ "hello", 200 }, { body, status })
      end
    end)

    it(("(%s) that ends anywhere is not taken for a whole one, unless only its end says where that is"):format(name),
      function()
        local headed = text:find("\r\n\r\n", 1, true) + 3
        for i = 0, #text - 1 do
          local body, message, code = ask(text:sub(1, i), "close")
          if name == "close" and i >= headed then
            assert.equal(text:sub(headed + 1, i), body)
          else
            assert.same({ nil, i == 0 and "closed" or "truncated" }, { body, code }, message)
          end
        end
      end)

    it(("(%s) that is damaged anywhere is answered somehow"):format(name), function()
      for i = 1, #text do
        for _, byte in ipairs { "\0", "\n", "\r", " ", ":", "9", "-", "\255" } do
          if (i + byte:byte()) % 7 == 0 then -- a seventh of them is enough
            local damaged = text:sub(1, i - 1) .. byte .. text:sub(i + 1)
            local body, status, code = ask(damaged, "close")
            assert.is_true(type(body) == "string" and type(status) == "number"
              or body == nil and type(status) == "string" and type(code) == "string", damaged)
          end
        end
      end
    end)
  end

  it("with headers of nothing but blanks takes no longer than others to be read", function()
    local blanks = ("\r\n" .. (" "):rep(16000)):rep(3)
    for _, name in ipairs { "X", "Content-Length" } do
      local began = os.clock() -- of this process alone
      local body, message, code = ask(("HTTP/1.1 200 OK\r\n%s: 5%s\r\n x\r\n\r\nhello"):format(name, blanks), "close")
      if name == "X" then
        assert.equal("hello", body, message)
      else
        assert.equal("peer_http_malformed", code)
      end
      assert.is_true(os.clock() - began < 5)
    end
  end)
end)
