-- examples/openresty.conf in a real nginx, with no more changed than its ports and where beartls is found.

local nginx_lua = require "support.nginx_lua"
local peer = require "support.peer"
local process = require "support.process"
local socket = require "beartls.socket"
local tls = require "beartls"

local it_runs, set_up = nginx_lua.needs(it, setup, pending)

describe("the example of nginx", function()
  local nginx, dir, port

  set_up(function()
    dir, port = nginx_lua.directory(), process.free_port()
    local output, code = process.run(peer.beartls("pki", "new", dir .. "/demo", "--server", "localhost,127.0.0.1",
      "--client", "alice"), { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
    assert(code == 0, output)
    local text = process.read_file "examples/openresty.conf":gsub("%f[%d]8080%f[%D]", port)
      :gsub("%f[%d]8443%f[%D]", process.free_port())
    nginx = nginx_lua.run(dir, text, port)
  end)
  teardown(process.cleanup)

  local function config(given)
    given.trust = dir .. "/demo/ca.pem"
    if given.as then
      given.as, given.certificate, given.key = nil, dir .. "/demo/client.pem", dir .. "/demo/client.key"
    end
    return assert(tls.config(given))
  end

  local function fetch(query)
    local output, code = process.run(("curl -s -S -f 'http://127.0.0.1:%d/fetch%s'"):format(port, query))
    assert.equal(0, code, output .. nginx:output())
    return output
  end

  -- A stream on a connection that has left HTTP, and what its handshake says.
  local function open(path, name, given)
    local tcp = nginx_lua.upgrade(port, path)
    local stream = assert(socket.wrap(tcp, type(given) == "userdata" and given or config(given), name))
    return stream, stream:handshake()
  end

  it_runs("asks as whoever the request is for", function()
    for _ = 1, 3 do
      assert.matches("^client: CN=alice,?[^\n]*, connection %d+\n$", fetch "?as=alice")
      assert.matches("^client: , connection %d+\n$", fetch "")
    end
  end)

  it_runs("goes over from HTTP to TLS, and knows its clients", function()
    local stream, ok, message = open("/echo", "localhost", { as = "alice" })
    assert.is_true(ok, message)
    stream:send "hello\n"
    assert.equal("alice: hello", stream:receive "*l")
    stream:close()
    stream = open("/echo", "localhost", {})
    stream:send "hello\n"
    assert.equal("somebody: hello", stream:receive "*l")
    stream:close()
    local _, refused, _, code = open("/echo", "elsewhere.test", {})
    assert.same({ nil, "alert_unrecognized_name" }, { refused, code })
  end)

  it_runs("resumes sessions in whichever worker", function()
    local remembers = config { tickets = require("beartls.store.memory").new() }
    for i = 1, 8 do
      local stream = open("/echo", "localhost", remembers)
      stream:send "again\n"
      assert.equal("somebody: again", stream:receive "*l")
      assert.equal(i > 1, stream:resumed())
      stream:close()
    end
  end)

  it_runs("leads a connection on by the name in its ClientHello", function()
    local stream, ok, message = open("/route", "localhost", { as = "alice" })
    assert.is_true(ok, message)
    stream:send "GET / HTTP/1.0\r\n\r\n"
    assert.matches("client: CN=alice", stream:receive "*a", 1, true)
    stream:close()
    local _, refused = open("/route", "elsewhere.test", {})
    assert.is_nil(refused)
    nginx:wait_for "a name that leads nowhere"
  end)
end)
