-- copas, which does TLS with LuaSec since its version 2, on the drop-in: what its own tests of TLS look at.
-- BEARTLS_COPAS_PATH=DIRECTORY: the copas (and what it needs) that is tried instead of the one that is installed.

local pki = require "support.pki"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

local paths = os.getenv "BEARTLS_COPAS_PATH"
paths = paths and paths .. "/?.lua;" .. package.path or package.path

-- What a script prints that runs as lua -l beartls.as_ssl and sees copas.
local function run(script, seconds)
  local dir = process.tmpdir()
  process.write_file(dir .. "/script.lua", ([[
    io.stdout:setvbuf "no"
    local copas, socket, ssl = require "copas", require "socket", require "ssl"
    local PKI = %q
    local function with(identity, given)
      given.certificate, given.key = PKI .. identity .. ".pem", PKI .. identity .. ".key"
      return given
    end
    local function server(identity, given)
      given = with(identity, given or {})
      given.mode, given.protocol, given.options = "server", "any", { "all", "no_sslv2" }
      return given
    end
    local function client(given)
      given.mode, given.protocol, given.options = "client", "any", { "all", "no_sslv2" }
      return given
    end
    local function listen()
      local listener = assert(socket.bind("127.0.0.1", 0))
      return listener, select(2, listener:getsockname())
    end
    %s]]):format(pki.path "", script))
  local output, code = process.run(("%s -l beartls.as_ssl %s/script.lua"):format(LUA, dir),
    { env = { LUA_PATH = paths, LUA_CPATH = package.cpath }, seconds = seconds })
  process.cleanup()
  return output, code
end

local version, code = run "print(copas._VERSION, copas.wrap and copas.dohandshake and copas.loop)"
local has_copas = code == 0 and version:find "function" ~= nil

local plain_it = it
local function it(name, body)
  plain_it(name, has_copas and body or function()
    pending "needs copas with TLS"
  end)
end

local function prints(wanted, script)
  local output, status = run(script)
  assert.equal(0, status, output)
  assert.equal(wanted, output)
end

describe("copas on the drop-in for LuaSec", function()
  it("serves the one name that is allowed, strictly, both sides with certificates", function()
    prints("false	true\ntrue	hello\n", [[
      local both = { "peer", "fail_if_no_peer_cert" }
      local params = { wrap = server("server_rsa", { cafile = PKI .. "trust.pem", verify = both }),
        sni = { strict = true, names = {} } }
      params.sni.names["www.example.test"] = ssl.newcontext(params.wrap)
      local listener, port = listen()
      copas.setErrorHandler(function() end, true)
      copas.addserver(listener, copas.handler(function(connection)
        connection:send(connection:receive() .. "\n")
      end, params))
      local function connect(name)
        local connection = copas.wrap(socket.tcp(), {
          wrap = client(with("client_rsa", { cafile = PKI .. "trust.pem", verify = "peer" })),
          sni = { names = name } })
        local ok, err = pcall(connection.connect, connection, "127.0.0.1", port)
        return ok, ok and connection or tostring(err)
      end
      copas.addthread(function()
        local ok, err = connect "localhost"
        print(ok, err:find "TLS/SSL handshake failed:.*unrecognized_name" ~= nil)
        local connection
        ok, connection = connect "www.example.test"
        connection:send "hello\n"
        print(ok, (connection:receive()))
        os.exit(0)
      end)
      copas.loop()]])
  end)

  it("takes parameters and contexts, and no table that says nothing", function()
    prints("table\ttrue\nuserdata\ttrue\nfalse\ttrue\n", [[
      local listener, port = listen()
      copas.setErrorHandler(function() end, true)
      copas.addserver(listener, copas.handler(function(connection)
        connection:send "hello\n"
      end, ssl.newcontext(server "server_rsa")))
      copas.addthread(function()
        for _, params in ipairs { client {}, (ssl.newcontext(client {})) } do
          local connection = copas.wrap(socket.tcp(), params)
          assert(connection:connect("127.0.0.1", port))
          print(type(params), connection:receive() == "hello" and connection:receive() == nil)
          connection:close()
        end
        local ok, err = pcall(copas.dohandshake, socket.tcp(), {})
        print(ok, tostring(err):find "create" ~= nil)
        os.exit(0)
      end)
      copas.loop()]])
  end)

  it("carries much in both directions at once, for many", function()
    prints("20\n", [[
      local SIZE, CLIENTS = 300000, 20
      local listener, port = listen()
      copas.addserver(listener, copas.handler(function(connection)
        local got, sent = nil, false
        copas.addthread(function()
          sent = connection:send(("s"):rep(SIZE))
        end)
        got = connection:receive(SIZE)
        while not sent do
          copas.sleep(0.01)
        end
        connection:send(got == ("c"):rep(SIZE) and "yes\n" or "no\n")
      end, server "server_rsa"))
      local good, done = 0, 0
      for _ = 1, CLIENTS do
        copas.addthread(function()
          local connection = copas.wrap(socket.tcp(), client {})
          assert(connection:connect("127.0.0.1", port))
          copas.addthread(function()
            connection:send(("c"):rep(SIZE))
          end)
          local got = connection:receive(SIZE)
          if got == ("s"):rep(SIZE) and connection:receive() == "yes" then
            good = good + 1
          end
          connection:close()
          done = done + 1
          if done == CLIENTS then
            print(good)
            os.exit(0)
          end
        end)
      end
      copas.loop()]])
  end)

  it("gives up after the time that it was told, in the handshake and after it", function()
    prints("nil\ttimeout\nnil\ttimeout\n", [[
      local silent, silent_port = listen()
      local listener, port = listen()
      copas.addserver(listener, copas.handler(function()
        copas.sleep(10)
      end, server "server_rsa"))
      copas.addthread(function()
        local connection = copas.wrap(socket.tcp(), client {})
        connection:settimeouts(0.2, 0.2, 0.2)
        local ok, err = connection:connect("127.0.0.1", silent_port)
        print(ok, err)
        connection = copas.wrap(socket.tcp(), client {})
        connection:settimeouts(5, 5, 0.2)
        assert(connection:connect("127.0.0.1", port))
        ok, err = connection:receive()
        print(ok, err)
        silent:close()
        os.exit(0)
      end)
      copas.loop()]])
  end)
end)
