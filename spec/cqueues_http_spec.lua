-- lua-http over our streams: clients, servers, and each against lua-http's own TLS, which is OpenSSL's.
local loopback = require "support.loopback"
local pki = require "support.pki"

-- Debian has lua-http for Lua 5.1 alone, and what it needs for others; it is Lua that every version understands.
local before = package.path
package.path = package.path .. ";/usr/share/lua/5.3/?.lua;/usr/share/lua/5.1/?.lua"
local there, request = pcall(require, "http.request")
local http_server = there and require "http.server"
local http_headers = there and require "http.headers"
local openssl_context = there and require "openssl.ssl.context"
local openssl_pkey, openssl_x509 = there and require "openssl.pkey", there and require "openssl.x509"
local openssl_store = there and require "openssl.x509.store"
package.path = before
if not there then
  describe("lua-http", function()
    pending("needs lua-http on this Lua: " .. tostring(request):sub(1, 60))
  end)
  return
end

local cqueues = require "cqueues"
local cqueues_socket = require "cqueues.socket"
local http = require "beartls.cqueues.http"
local streams = require "beartls.cqueues"

-- Bounds every run, in seconds.
local PATIENCE = 30
local BIG = ("0123456789abcdef"):rep(40000)

-- What the servers answer: what they were sent, or something big.
local function answer(_, stream)
  local asked = assert(stream:get_headers())
  local body = assert(stream:get_body_as_string())
  local headers = http_headers.new()
  headers:append(":status", "200")
  headers:append("x-scheme", asked:get ":scheme")
  headers:append("x-version", tostring(stream.connection.version))
  assert(stream:write_headers(headers, false))
  assert(stream:write_chunk(asked:get ":path" == "/big" and BIG or asked:get ":method" .. " " .. body, true))
end

-- A server of lua-http behind cqueues.serve; `client` is run beside it, with the URL that leads there.
local function with_server(server_options, client)
  local controller = cqueues.new()
  local _, config = loopback.configs(nil, server_options)
  local listener = assert(cqueues_socket.listen("127.0.0.1", 0))
  assert(listener:listen())
  local _, _, port = listener:localname()
  local server = http_server.new { cq = controller, tls = false, onstream = answer }
  controller:wrap(function()
    streams.serve(controller, listener, config, function(stream)
      http.serve(server, stream)
    end)
  end)
  local done = false
  controller:wrap(function()
    client("https://localhost:" .. port, port)
    done = true
  end)
  local deadline = cqueues.monotime() + PATIENCE
  while not done and cqueues.monotime() < deadline do
    local ok, err, _, thread = controller:step(1)
    assert(ok, thread and type(err) == "string" and debug.traceback(thread, err) or err)
  end
  listener:close()
  assert(done, "that takes too long")
end

local function fetch(url, method, body)
  local one = request.new_from_uri(url)
  one.headers:upsert(":method", method or "GET")
  if body then
    one:set_body(body)
  end
  local headers, stream = one:go(PATIENCE)
  if not headers then
    return nil, stream
  end
  local text, err = stream:get_body_as_string(PATIENCE)
  stream.connection:close()
  return text, text and headers or err
end

describe("lua-http", function()
  after_each(http.uninstall)

  for version, alpn in pairs { ["1.1"] = { "http/1.1" }, ["2"] = { "h2", "http/1.1" } } do
    it("asks and answers in HTTP/" .. version, function()
      http.install((loopback.configs { alpn = alpn }))
      with_server({ alpn = alpn }, function(url)
        local text, headers = fetch(url .. "/")
        assert.equal("GET ", text)
        assert.equal(version, tostring(headers:get "x-version"):match "^%d%.?[1-9]?")
        assert.equal("https", headers:get "x-scheme")
        assert.equal("POST hello", (fetch(url .. "/", "POST", "hello")))
        assert.is_true(fetch(url .. "/", "POST", BIG) == "POST " .. BIG)
        assert.is_true(fetch(url .. "/big") == BIG)
      end)
    end)
  end

  it("refuses a server that is not to be believed", function()
    http.install((loopback.configs { trust = pki.path "other_root.pem" }))
    with_server(nil, function(url)
      local text, err = fetch(url .. "/")
      assert.is_nil(text)
      assert.matches("not trusted", tostring(err))
    end)
  end)

  it("does not take a page that was cut for a whole one", function()
    http.install((loopback.configs()))
    local controller = cqueues.new()
    local _, config = loopback.configs()
    local listener = assert(cqueues_socket.listen("127.0.0.1", 0))
    assert(listener:listen())
    local _, _, port = listener:localname()
    local pages = {}
    controller:wrap(function()
      for _, how in ipairs { "whole", "cut" } do
        local stream = assert(streams.accept(listener:accept(), config))
        repeat
          local line = assert(stream:receive())
        until line == ""
        assert(stream:send "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome of it")
        if how == "cut" then
          stream:session():close() -- as if it were lost
          stream:session():drain()
        end
        stream:close()
      end
    end)
    controller:wrap(function()
      for i = 1, 2 do
        pages[i] = { fetch("https://localhost:" .. port .. "/") }
      end
    end)
    assert(controller:loop(PATIENCE))
    listener:close()
    assert.equal("some of it", pages[1][1])
    assert.is_nil(pages[2][1])
    assert.matches("[Cc]onnection reset", tostring(pages[2][2]))
  end)

  it("of ours asks lua-http's own server", function()
    local context = openssl_context.new("TLS", true)
    context:setPrivateKey(openssl_pkey.new(pki.read "server_ec.key"))
    context:setCertificate(openssl_x509.new(pki.read "server_ec.pem"))
    local controller = cqueues.new()
    local server = http_server.listen { cq = controller, host = "127.0.0.1", port = 0, tls = true, ctx = context,
      onstream = answer }
    assert(server:listen())
    local _, _, port = server:localname()
    local text
    http.install((loopback.configs()))
    controller:wrap(function()
      text = fetch(("https://localhost:%d/"):format(port), "POST", "hello")
      server:close()
    end)
    assert(controller:loop(PATIENCE))
    assert.equal("POST hello", text)
  end)

  it("of its own asks our server", function()
    if os.getenv "BEARTLS_ASAN" then
      pending "luaossl never frees the certificates of a store"
      return
    end
    with_server(nil, function(url)
      local one = request.new_from_uri(url .. "/")
      local store = openssl_store.new()
      for pem in pki.read("trust.pem"):gmatch "%-%-%-%-%-BEGIN.-END CERTIFICATE%-%-%-%-%-" do
        store:add(openssl_x509.new(pem))
      end
      one.ctx = openssl_context.new("TLS", false)
      one.ctx:setStore(store)
      one.ctx:setVerify(openssl_context.VERIFY_PEER)
      local headers, stream = assert(one:go(PATIENCE))
      assert.equal("200", headers:get ":status")
      assert.equal("GET ", stream:get_body_as_string(PATIENCE))
    end)
  end)

  it("is told what is not a config", function()
    assert.has_error(function()
      http.install {}
    end, "http.install: the config must be what tls.config returns, not a table")
  end)
end)
