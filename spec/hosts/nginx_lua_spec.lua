-- nginx with Lua, as nobody: beartls.resty as a client with pools, as a server, as a router, in forked workers, under
-- load. What nginx does is in support/nginx_handlers.lua.

local beartls_pki = require "beartls.pki"
local luasocket = require "socket"
local nginx_lua = require "support.nginx_lua"
local process = require "support.process"
local socket = require "beartls.socket"
local tls = require "beartls"

local it_runs, set_up = nginx_lua.needs(it, setup, pending)

local PATIENCE = 10

local SERVERS = [=[
  lua_shared_dict facts 1m;
  lua_shared_dict tickets 4m;
  init_by_lua_block {
    handlers = require "handlers"
    handlers.init { dir = "DIR", ticket_keys = { ("k"):rep(32) },
      ports = { http = HTTP_PORT, backend = BACKEND_PORT, hasty = HASTY_PORT } }
  }
  init_worker_by_lua_block { handlers.init_worker() }

  ssl_certificate DIR/localhost.pem; ssl_certificate_key DIR/localhost.key;
  ssl_client_certificate DIR/ca.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:sessions:1m;
  ssl_verify_client optional;
  server {
    listen 127.0.0.1:BACKEND_PORT ssl;
    location / { content_by_lua_block {
      local text = ("client=%s\nverify=%s\nresumed=%s\nconnection=%s\nname=%s"):format(ngx.var.ssl_client_s_dn or "",
        ngx.var.ssl_client_verify, ngx.var.ssl_session_reused, ngx.var.connection, ngx.var.ssl_server_name or "")
      ngx.header.content_length = #text
      ngx.print(text)
    } }
  }
  server {
    listen 127.0.0.1:HASTY_PORT ssl;
    keepalive_timeout 1s;
    location / { content_by_lua_block {
      ngx.header.content_length = 14
      ngx.print "verify=SUCCESS"
    } }
  }
  server {
    listen 127.0.0.1:HTTP_PORT REUSEPORT;
    keepalive_requests 100000;
    location ~ ^/(\w+)$ { content_by_lua_block { handlers[ngx.var[1]]() } }
  }
]=]

-- One set of certificates for all of them.
local ca

local function write_certificates(dir)
  ca = ca or assert(beartls_pki.ca { name = "spec root" })
  process.write_file(dir .. "/ca.pem", ca.certificate:pem())
  process.write_file(dir .. "/other.pem", assert(beartls_pki.ca { name = "other root" }).certificate:pem())
  for name, request in pairs {
    localhost = { dns = "localhost", ip = "127.0.0.1" }, ["other.test"] = { dns = "other.test" },
    alice = { name = "alice", client = true }, bob = { name = "bob", client = true },
  } do
    local issued = assert(ca:issue(request))
    process.write_file(dir .. "/" .. name .. ".pem", issued.certificate:pem())
    process.write_file(dir .. "/" .. name .. ".key", issued.key:pem())
  end
end

-- An nginx with that many workers: 0 is one process without a master.
local function start(workers)
  local dir = nginx_lua.directory()
  write_certificates(dir)
  assert(select(2, process.run("cp spec/support/nginx_handlers.lua " .. dir .. "/lua/handlers.lua")) == 0)
  local ports = {}
  for _, name in ipairs { "HTTP_PORT", "BACKEND_PORT", "HASTY_PORT" } do
    ports[name] = process.free_port()
  end
  local servers = SERVERS:gsub("REUSEPORT", workers > 1 and "reuseport" or "")
  local nginx = nginx_lua.start(dir, servers, { ports = ports, first = ports.HTTP_PORT, workers = workers })
  nginx.http, nginx.backend, nginx.directory = ports.HTTP_PORT, ports.BACKEND_PORT, dir
  nginx.trust = assert(tls.trust.load(dir .. "/ca.pem"))
  return nginx
end

-- The body of GET, and each "name=value" line in it.
local function get(nginx, path)
  local tcp = nginx_lua.request(nginx.http, path, "Connection: close\r\n")
  local answer = assert(tcp:receive "*a")
  tcp:close()
  assert.matches("^HTTP/1.1 200", answer, 1, answer .. nginx:output())
  local facts = { body = answer:match "\r\n\r\n(.*)$" }
  if answer:find("chunked", 1, true) then
    facts.body = facts.body:gsub("%x+\r\n(.-)\r\n", "%1")
  end
  for name, value in facts.body:gmatch "(%w+)=([^\n]*)" do
    facts[name] = value
  end
  return facts
end

local function client_config(nginx, given)
  given = given or {}
  given.trust = nginx.trust
  if given.as then
    local base = nginx.directory .. "/" .. given.as
    given.certificate, given.key = base .. ".pem", base .. ".key"
    given.as = nil
  end
  return assert(tls.config(given))
end

-- A stream over that, to the server of that name.
local function stream_to(nginx, path, name, config, given)
  local tcp = nginx_lua.upgrade(nginx.http, path)
  local stream = assert(socket.wrap(tcp, config or client_config(nginx), name or "localhost", given))
  local ok, message, code = stream:handshake()
  if not ok then
    return nil, message, code, stream:failure()
  end
  return stream
end

local function ask(stream, line)
  assert(stream:send(line .. "\n"))
  return assert(stream:receive "*l")
end

-- What nginx logs when something is wrong in Lua or in itself.
local function is_clean(nginx)
  local output = nginx:output()
  for _, level in ipairs { "[error]", "[crit]", "[alert]", "[emerg]" } do
    assert.is_nil(output:find(level, 1, true), output)
  end
end

describe("beartls.resty in nginx", function()
  local nginx

  set_up(function()
    nginx = start(0)
  end)
  teardown(process.cleanup)

  describe("as a client", function()
    it_runs("verifies the server, and says why when it does not", function()
      assert.equal("status=HTTP/1.1 200 OK", get(nginx, "/client").body:match "^[^\n]+")
      assert.equal("TLSv1.3", get(nginx, "/client").version)
      for _, case in ipairs {
        { "?name=elsewhere.test", "certificate_name_mismatch", "bad_certificate" },
        { "?as=stranger", "certificate_untrusted", "unknown_ca" },
        { "?port=1", "io_connection_refused", "" },
        { "?to=no.such.host.test&name=localhost", "io_host_not_found", "" },
        { "?port=" .. nginx.http, "peer_not_tls", "" },
      } do
        local facts = get(nginx, "/client" .. case[1])
        assert.same({ case[2], case[3] }, { facts.failed, facts.alert ~= "unexpected_message" and facts.alert or "" })
        assert.is_true(#facts.hint > 0, case[1] .. " has no hint")
      end
    end)

    it_runs("does not wait longer than it is told for a server that says nothing", function()
      local listener = assert(luasocket.bind("127.0.0.1", 0))
      local _, port = listener:getsockname()
      local facts = get(nginx, "/client?timeout=100&port=" .. math.floor(port))
      assert.equal("timeout", facts.failed)
      assert.matches("no TLS handshake with 127.0.0.1", facts.message, 1, true)
      listener:close()
    end)

    it_runs("shows the certificate of each request, and never reuses a connection of somebody else", function()
      local connections = {}
      for round = 0, 3 do
        for _, name in ipairs { "alice", "bob", "nobody" } do
          local facts = get(nginx, "/client?pool=identities&as=" .. name)
          assert.equal(name ~= "nobody" and "CN=" .. name or "", facts.client)
          assert.equal(name ~= "nobody" and "SUCCESS" or "NONE", facts.verify)
          assert.equal(tostring(round), facts.reused)
          assert.equal("1", facts.kept)
          assert.equal("closed", facts.afterwards)
          connections[name] = connections[name] or facts.connection
          assert.equal(connections[name], facts.connection)
        end
      end
      assert.not_equal(connections.alice, connections.bob)
      assert.not_equal(connections.alice, connections.nobody)
    end)

    it_runs("knows somebody again by a config that each request makes anew", function()
      for round = 0, 2 do
        for _, name in ipairs { "alice", "bob" } do
          local facts = get(nginx, "/client?pool=anew&as=new%20" .. name)
          assert.equal("CN=" .. name, facts.client)
          assert.equal(tostring(round), facts.reused)
        end
      end
      assert.equal("3", get(nginx, "/client?pool=anew&as=alice").reused)
    end)

    it_runs("waits as long as it is told, and goes on if nothing was lost", function()
      assert.equal(table.concat({
        "nothing comes: nil, timeout",
        "and then: still there",
        "one reads while the other one writes: both ways",
        "nobody takes it: timeout",
        "and then: closed",
      }, "\n") .. "\n", get(nginx, "/times").body)
    end)

    it_runs("keeps connections apart by server name, by pool and on demand", function()
      assert.equal("0", get(nginx, "/client?pool=one").reused)
      assert.equal("1", get(nginx, "/client?pool=one").reused)
      assert.equal("0", get(nginx, "/client?pool=two").reused)
      assert.equal("0", get(nginx, "/client?pool=one&name=127.0.0.1").reused)
      for _ = 1, 2 do
        assert.equal("0", get(nginx, "/client?pool=no").reused)
      end
      assert.equal("2", get(nginx, "/client?pool=one").reused)
    end)

    it_runs("keeps nothing that is closed, in use or has something to read, only so many, and not for ever", function()
      assert.equal(table.concat({
        "with something to read: nil, there is something to read, io_busy",
        "and then: closed, 0",
        "closed: nil, closed, closed",
        "closed by the peer: closed",
        "without a pool: config_no_pool",
        "one place: 1, 1, 1",
        "and out of it: 1, 0, 0",
        "idle for too long: 0",
        "kept: 1",
        "the peer has gone: 0, SUCCESS",
        "while somebody reads: io_busy",
      }, "\n") .. "\n", get(nginx, "/pool").body)
    end)

    it_runs("talks to our server in the same nginx", function()
      assert.equal("hello TLSv1.3\n", get(nginx, "/both").body)
    end)
  end)

  describe("as a server", function()
    it_runs("answers a client behind a request, with its certificate, in both versions", function()
      for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
        local stream = assert(stream_to(nginx, "/echo", "localhost",
          client_config(nginx, { as = "alice", max_version = version })))
        assert.equal(version, stream:version())
        assert.equal("hello", ask(stream, "hello"))
        assert.matches("resumed=false client=alice", ask(stream, "who"), 1, true)
        assert(stream:send "quit\n")
        assert.equal("closed", (select(2, stream:receive "*l")))
        stream:close()
      end
    end)

    it_runs("takes what comes right behind the request", function()
      local tcp = nginx_lua.request(nginx.http, "/echo", "")
      local stream = assert(socket.wrap(tcp, client_config(nginx), "localhost"))
      assert.equal("at once", ask(stream, "at once"))
      stream:close()
    end)

    it_runs("carries a megabyte in each direction", function()
      local stream = assert(stream_to(nginx, "/echo"))
      assert.equal(2 ^ 20, #ask(stream, "many " .. 2 ^ 20))
      assert(stream:send(("take %d\n"):format(2 ^ 20) .. ("y"):rep(2 ^ 20)))
      assert.equal(tostring(math.floor(2 ^ 20)), (assert(stream:receive "*l"):gsub("%.0$", "")))
      stream:close()
    end)

    it_runs("delivers what it has sent although it leaves something unread", function()
      for _ = 1, 5 do
        local stream = assert(stream_to(nginx, "/echo"))
        stream:send("many 1000000\nquit\n" .. ("z"):rep(2 ^ 20))
        assert.equal(1000000, #(stream:receive "*l" or ""))
        assert.equal("closed", (select(2, stream:receive "*l")))
        stream:close()
      end
    end)

    it_runs("tells the end of a session from a connection that was cut", function()
      local stream = assert(stream_to(nginx, "/echo"))
      assert.equal("cut", ask(stream, "cut"))
      stream.transport:close()
      nginx:wait_for "the end: truncated"
      stream = assert(stream_to(nginx, "/echo"))
      assert.equal("closed", ask(stream, "closed"))
      stream:close()
      nginx:wait_for "the end: closed"
    end)

    it_runs("gives up a client that takes too long over its handshake", function()
      local tcp = nginx_lua.upgrade(nginx.http, "/hasty")
      nginx:wait_for "handshake failed: timeout %(timeout%)"
      tcp:close()
    end)

    it_runs("answers a bad client with an alert", function()
      local _, _, code = stream_to(nginx, "/echo", "localhost", client_config(nginx, { alpn = { "x" },
        max_version = "TLSv1.2", cipher_suites = { "TLS_RSA_WITH_AES_128_GCM_SHA256" } }))
      assert.equal("alert_handshake_failure", code)
    end)
  end)

  describe("as a router", function()
    it_runs("answers each name with its own certificate, and refuses what it has none for", function()
      for _, name in ipairs { "localhost", "other.test" } do
        local stream = assert(stream_to(nginx, "/sites", name))
        assert.is_true(stream:peer_certificate():matches_name(name))
        assert.equal(name, ask(stream, name))
        stream:close()
      end
      local stream, _, code = stream_to(nginx, "/sites", "elsewhere.test")
      assert.is_nil(stream)
      assert.equal("alert_unrecognized_name", code)
      nginx:wait_for "handshake failed: no such site %(config_refused%)"
    end)

    it_runs("passes a connection on, unopened, by the name in its ClientHello, or answers it itself", function()
      local stream = assert(stream_to(nginx, "/route", "localhost"))
      assert.equal("here", ask(stream, "here"))
      stream:close()
      stream = assert(stream_to(nginx, "/route", "127.0.0.1", client_config(nginx, { as = "bob" })))
      assert(stream:send "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      assert.matches("client=CN=bob\nverify=SUCCESS", stream:receive "*a", 1, true)
      stream:close()
    end)

    it_runs("says what else has come instead of a ClientHello", function()
      local tcp = nginx_lua.upgrade(nginx.http, "/route")
      tcp:send "GET / HTTP/1.1\r\n\r\n"
      nginx:wait_for "plain HTTP, not TLS %(peer_not_tls%)"
      tcp:close()
      tcp = nginx_lua.upgrade(nginx.http, "/route")
      tcp:send "\22\3\1"
      nginx:wait_for "handshake failed: timeout %(timeout%)"
      tcp:close()
      tcp = nginx_lua.upgrade(nginx.http, "/route")
      tcp:close()
      nginx:wait_for "handshake failed: closed %(closed%)"
    end)
  end)

  it_runs("shares ticket keys through a shared dictionary", function()
    assert.equal("at first: false\nby another one with the same keys: true\n", get(nginx, "/keys").body)
  end)

  it_runs("keeps what resumes sessions in a shared dictionary", function()
    assert.equal(table.concat({
      "put: true, nil",
      "get: true, true",
      "take: true, nil",
      "gone: nil, nil",
      "put again: true, true",
      "taken again: other, nil",
      "added: true, false",
      "stays: 1, nil",
      "late: nil, nil",
      "too large: nil, the shared dictionary has no room: no memory",
      "empty: true, true",
    }, "\n") .. "\n", get(nginx, "/store").body)
  end)
end)

describe("beartls.resty in four workers of one nginx", function()
  local WORKERS = 4
  local nginx

  set_up(function()
    nginx = start(WORKERS)
  end)
  teardown(process.cleanup)

  it_runs("has no random number twice, not even in sessions that were begun before they were made", function()
    local seen, pids, count = {}, {}, 0
    local function look()
      seen, pids, count = {}, {}, 0
      for pid, value in get(nginx, "/random").body:gmatch "random (%d+) %d+ (%S+)" do
        count = count + 1
        seen[value] = (seen[value] or 0) + 1
        pids[pid] = true
      end
    end
    local deadline = luasocket.gettime() + PATIENCE
    repeat
      look()
      luasocket.sleep(0.02)
    until count == WORKERS * 19 or luasocket.gettime() > deadline
    assert.equal(WORKERS * 19, count)
    local workers = 0
    for _ in pairs(pids) do
      workers = workers + 1
    end
    assert.equal(WORKERS, workers)
    for value, times in pairs(seen) do
      assert.equal(1, times, value)
    end
  end)

  -- Goes on until `step(i)` has told three times that it was another worker than the one before.
  local function until_elsewhere(step)
    local last, elsewhere = nil, 0
    for i = 1, 40 do
      local pid = step(i)
      elsewhere = elsewhere + ((last or pid) ~= pid and 1 or 0)
      last = pid
      if elsewhere == 3 then
        return
      end
    end
    assert.is_true(elsewhere > 0, "all connections went to one worker")
  end

  for path, by in pairs { ["/echo"] = "sealed tickets", ["/stored"] = "a shared dictionary" } do
    it_runs("resumes in one worker what another one has begun, the client's certificate included, by " .. by, function()
      for _, version in ipairs { "TLSv1.2", "TLSv1.3" } do
        local config, ticket = client_config(nginx, { as = "alice", max_version = version }), nil
        until_elsewhere(function(i)
          local stream = assert(stream_to(nginx, path, "localhost", config, { ticket = ticket }))
          local pid, resumed, name = ask(stream, "who"):match "pid=(%d+) resumed=(%w+) client=(%w+)"
          assert.equal(tostring(i > 1), resumed)
          assert.equal("alice", name)
          assert.equal(i > 1, stream:resumed())
          ticket = assert(stream:ticket())
          stream:close()
          return pid
        end)
      end
    end)
  end

  it_runs("resumes as a client what another worker has begun", function()
    until_elsewhere(function(i)
      local facts = get(nginx, "/client?pool=no&as=remembers")
      assert.equal("0", facts.reused)
      assert.equal(i > 1 and "r" or ".", facts.resumed)
      return facts.pid
    end)
  end)

  -- wrk's report on a path, which did not fail once.
  local function load(path, connections, seconds)
    local output, code = process.run(("wrk -t 1 -c %d -d %ds 'http://127.0.0.1:%d%s'"):format(connections, seconds,
      nginx.http, path))
    assert.equal(0, code, output)
    assert.is_nil(output:find "Non%-2xx", output .. nginx:output())
    assert.is_nil(output:find "Socket errors", output .. nginx:output())
    is_clean(nginx)
    return tonumber(output:match "(%d+) requests in")
  end

  it_runs("gives each value of a shared dictionary to one of those who take it", function()
    assert.equal("filled\n", get(nginx, "/fill?n=5000").body)
    load("/grab?n=5000", 16, 1)
    assert.equal("5000\n", get(nginx, "/grabbed").body)
  end)

  it_runs("does not fail under load: clients with pools and certificates of their own", function()
    assert.is_true(load("/load", 16, 2) > 100)
  end)

  it_runs("does not fail under load: handshakes with our own server", function()
    assert.is_true(load("/both", 8, 1) > 10)
  end)
end)
