-- nginx_handlers.lua: what the nginx of spec/hosts/nginx_lua_spec.lua does in Lua. It is loaded by init_by_lua, before
-- the workers are made.

local core = require "beartls.core"
local resty = require "beartls.resty"
local shdict = require "beartls.store.shdict"
local tls = require "beartls"

local handlers = {}

local PATIENCE = 5000
local UPGRADE = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tls\r\n\r\n"

local dir, ports, configs
local parts = {} -- what a request makes a config of
local begun -- sessions from before there were workers

-- Whose configs there are: a certificate each, or none, or other people to trust.
local function client(name)
  local base = name and dir .. "/" .. name
  return assert(tls.config {
    trust = dir .. "/ca.pem", certificate = base and base .. ".pem", key = base and base .. ".key",
  })
end

---@param where table { dir =, ports =, ticket_keys = }
function handlers.init(where)
  dir, ports = where.dir, where.ports
  configs = {
    alice = client "alice", bob = client "bob", nobody = client(),
    stranger = assert(tls.config { trust = dir .. "/other.pem" }),
    localhost = assert(tls.config { certificate = dir .. "/localhost.pem", key = dir .. "/localhost.key",
      ticket_keys = where.ticket_keys, trust = dir .. "/ca.pem", verify_client = "request" }),
    stored = assert(tls.config { certificate = dir .. "/localhost.pem", key = dir .. "/localhost.key",
      tickets = shdict.new "tickets", trust = dir .. "/ca.pem", verify_client = "request" }),
    remembers = assert(tls.config { trust = dir .. "/ca.pem", tickets = shdict.new(ngx.shared.tickets, "client ") }),
    ["other.test"] = assert(tls.config { certificate = dir .. "/other.test.pem", key = dir .. "/other.test.key" }),
  }
  parts.trust = assert(tls.trust.load(dir .. "/ca.pem"))
  for _, name in ipairs { "alice", "bob" } do
    parts[name] = { certificate = assert(tls.certificate.load(dir .. "/" .. name .. ".pem")),
      key = assert(tls.key.load(dir .. "/" .. name .. ".key")) }
  end
  -- Sessions that are in the middle of something when the workers are made, their generators used.
  local client_12 = assert(tls.config { trust = parts.trust, max_version = "TLSv1.2" }):client "localhost"
  local server_12 = configs.localhost:server()
  server_12:feed(client_12:drain())
  begun = { client = client_12, flight = server_12:drain(), server = configs.localhost:server(),
    hello = configs.nobody:client("localhost"):drain() }
end

-- ---- clients ----

local function get(stream, path)
  assert(stream:send(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"):format(path)))
  local status, length = assert(stream:receive "*l"), nil
  repeat
    local line = assert(stream:receive "*l")
    length = line:match "^[Cc]ontent%-[Ll]ength: (%d+)" or length
  until line == ""
  return assert(stream:receive(tonumber(length))), status
end

-- What a connection that did not come to be has to say, as lines of a report.
local function report_failure(message, code, failure)
  ngx.say("failed=", code, "\nmessage=", message, "\nhint=", failure and failure.hint or "",
    "\nalert=", failure and failure.alert or "")
end

-- A config that this request has for itself: "new alice".
local function config_of(as)
  local name = as:match "^new (.*)"
  local identity = parts[name]
  return identity and assert(tls.config { trust = parts.trust, certificate = identity.certificate, key = identity.key })
    or configs[as]
end

local function connect(as, given, to)
  given = given or {}
  given.server_name = given.server_name or "localhost"
  given.timeout = given.timeout or PATIENCE
  local port = given.port or ports.backend
  given.port = nil
  return resty.connect(to or "127.0.0.1", port, config_of(as), given)
end

---GET /client?as=alice&...: one request to the backend; says who the backend saw, and whether the connection is new.
function handlers.client()
  local arg = ngx.req.get_uri_args()
  local given = { server_name = arg.name, pool = arg.pool, port = tonumber(arg.port), timeout = tonumber(arg.timeout) }
  if arg.pool == "no" then
    given.pool = false
  end
  local stream, message, code, failure = connect(arg.as or "nobody", given, arg.to)
  if not stream then
    return report_failure(message, code, failure)
  end
  local body, status = get(stream, arg.path or "/")
  ngx.say("status=", status, "\n", body, "\nreused=", stream:getreusedtimes(), "\nversion=", stream:version(),
    "\npid=", ngx.worker.pid())
  ngx.say("kept=", tostring(stream:setkeepalive(tonumber(arg.idle), tonumber(arg.size))))
  ngx.say("afterwards=", (select(2, stream:send "x")))
end

---GET /load: the same, and no words. The server of the other end is ours, too, every other time.
function handlers.load()
  local as = math.random(2) == 1 and "alice" or "bob"
  local stream, message = connect(as)
  if not stream then
    ngx.log(ngx.ERR, "no stream: ", message)
    return ngx.exit(500)
  end
  local body = get(stream, "/")
  if not body:find("client=CN=" .. as, 1, true) then
    ngx.log(ngx.ERR, "the backend saw somebody else than ", as, ": ", body)
    return ngx.exit(500)
  end
  stream:setkeepalive()
  ngx.print(body)
end

---GET /both: our client to our server, on a connection that begins with HTTP.
function handlers.both()
  local sock = ngx.socket.tcp()
  assert(sock:connect("127.0.0.1", ports.http))
  assert(sock:send(UPGRADE:format "/echo"))
  repeat until assert(sock:receive "*l") == ""
  local stream = assert(resty.wrap(sock, configs.alice, "localhost"))
  assert(stream:handshake(PATIENCE))
  assert(stream:send "hello\n")
  ngx.say(assert(stream:receive "*l"), " ", stream:version())
  assert(stream:send "quit\n")
  local _, err = stream:receive "*l"
  assert(err == "closed", err)
  stream:close()
end

-- ---- pools ----

---GET /times: what happens when somebody does not answer, and what waits meanwhile. A line for each.
function handlers.times()
  local function echo()
    local sock = ngx.socket.tcp()
    assert(sock:connect("127.0.0.1", ports.http))
    assert(sock:send(UPGRADE:format "/echo"))
    repeat until assert(sock:receive "*l") == ""
    local stream = assert(resty.wrap(sock, configs.alice, "localhost"))
    assert(stream:handshake(PATIENCE))
    return stream
  end

  local stream = echo()
  stream:settimeouts(1000, 1000, 50)
  ngx.say("nothing comes: ", table.concat({ tostring((stream:receive "*l")), (select(2, stream:receive "*l")) }, ", "))
  stream:settimeout(PATIENCE)
  assert(stream:send "still there\n")
  ngx.say("and then: ", (stream:receive "*l"))

  local reader = ngx.thread.spawn(function() return stream:receive "*l" end)
  ngx.sleep(0.02)
  assert(stream:send "both ways\n")
  local _, line = ngx.thread.wait(reader)
  ngx.say("one reads while the other one writes: ", line)

  stream = echo()
  assert(stream:send "deaf\n")
  stream:settimeouts(1000, 50, 1000)
  local sent, err
  repeat
    sent, err = stream:send(("x"):rep(2 ^ 20))
  until not sent
  ngx.say("nobody takes it: ", err)
  ngx.say("and then: ", (select(2, stream:send "x")))
  stream:close()
end

---GET /pool: what does not go back into the pool, and what does not come out of it. A line for each.
function handlers.pool()
  local pool = require "beartls.resty.pool"
  local function fresh(given)
    local stream = assert(connect("nobody", given or { pool = "checks" }))
    get(stream, "/")
    return stream
  end
  local function say(what, ...)
    local list = { ... }
    for i = 1, select("#", ...) do
      list[i] = tostring(list[i])
    end
    ngx.say(what, ": ", table.concat(list, ", "))
  end
  local before = pool.size()

  local stream = fresh()
  stream:send "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
  stream:receive "*l"
  say("with something to read", stream:setkeepalive())
  say("and then", (select(2, stream:receive(1))), pool.size() - before)

  stream = fresh()
  stream:close()
  say("closed", stream:setkeepalive())

  stream = fresh()
  assert(stream:send "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
  stream:receive "*a"
  say("closed by the peer", (select(3, stream:setkeepalive())))

  say("without a pool", (select(3, fresh { pool = false }:setkeepalive())))

  local one, two = fresh { pool = "small" }, fresh { pool = "small" }
  say("one place", one:setkeepalive(1000, 1), two:setkeepalive(1000, 1), pool.size() - before)
  one, two = fresh { pool = "small" }, fresh { pool = "small" }
  say("and out of it", one:getreusedtimes(), two:getreusedtimes(), pool.size() - before)

  fresh { pool = "short" }:setkeepalive(50)
  ngx.sleep(0.2)
  say("idle for too long", fresh { pool = "short" }:getreusedtimes())

  stream = assert(connect("nobody", { pool = "gone", port = ports.hasty }))
  get(stream, "/")
  say("kept", stream:setkeepalive())
  ngx.sleep(1.5) -- until the peer has had enough
  stream = assert(connect("nobody", { pool = "gone", port = ports.hasty }))
  say("the peer has gone", stream:getreusedtimes(), (get(stream, "/"):match "verify=(%w+)"))
  stream:setkeepalive()

  local reading = fresh()
  local thread = ngx.thread.spawn(function() return reading:receive(1) end)
  say("while somebody reads", (select(3, reading:setkeepalive())))
  ngx.thread.kill(thread)
end

-- ---- servers ----

-- Our side of a connection that has begun as a request: what has been read behind that belongs to TLS.
local function upgrade()
  local sock = assert(ngx.req.socket(true))
  if ngx.var.http_upgrade == "tls" then
    assert(sock:send "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tls\r\n\r\n")
  end
  return sock
end

local function log_failure(message, code)
  ngx.log(ngx.WARN, "handshake failed: ", message, " (", code, ")")
end

-- Answers lines with themselves, until "quit"; "many N" with N bytes; "who" with what it knows.
local function serve(stream)
  while true do
    local line, err = stream:receive "*l"
    if not line then
      ngx.log(ngx.WARN, "the end: ", err)
      break
    elseif line == "quit" then
      break
    elseif line == "who" then
      local peer = stream:peer_certificate()
      line = ("pid=%d resumed=%s client=%s"):format(ngx.worker.pid(), tostring(stream:resumed()),
        peer and peer:common_name() or "nobody")
    elseif line == "deaf" then
      ngx.sleep(1)
      break
    elseif line:find "^many" then
      line = ("x"):rep(tonumber(line:match "%d+"))
    elseif line:find "^take" then
      line = tostring(#assert(stream:receive(tonumber(line:match "%d+"))))
    end
    assert(stream:send(line .. "\n"))
  end
  stream:close()
end

local function accept(config)
  local stream = assert(resty.accept(upgrade(), config))
  local ok, message, code = stream:handshake(PATIENCE)
  if not ok then
    return log_failure(message, code)
  end
  serve(stream)
end

---GET /echo: sessions are resumed by sealed tickets, whose keys the config was given.
function handlers.echo()
  accept(configs.localhost)
end

---GET /stored: sessions are resumed from the shared dictionary.
function handlers.stored()
  accept(configs.stored)
end

---GET /hasty: a handshake that must not take long.
function handlers.hasty()
  local stream = assert(resty.accept(upgrade(), configs.localhost))
  local ok, message, code = stream:handshake(100)
  log_failure(ok and "none" or message, code)
end

---GET /sites: a config for each name.
function handlers.sites()
  accept(function(hello)
    ngx.sleep(0.001) -- it may wait
    return configs[hello.server_name or ""], "no such site"
  end)
end

-- Carries bytes one way until the end.
local function carry(from, to)
  while true do
    local bytes = from:receiveany(16384)
    if not bytes or not to:send(bytes) then
      return
    end
  end
end

---GET /route: looks at the name and passes the connection on as it is, or answers it here.
function handlers.route()
  local sock = upgrade()
  local hello, received, code = resty.peek(sock, { timeout = 300 })
  if not hello then
    return log_failure(received, code)
  elseif hello.server_name == "localhost" then
    local stream = assert(resty.accept(sock, configs.localhost, { received = received }))
    if stream:handshake(PATIENCE) then
      serve(stream)
    end
    return
  end
  local backend = ngx.socket.tcp()
  assert(backend:connect("127.0.0.1", ports.backend))
  assert(backend:send(received))
  local up, down = ngx.thread.spawn(carry, sock, backend), ngx.thread.spawn(carry, backend, sock)
  ngx.thread.wait(up, down)
  ngx.thread.kill(up)
  ngx.thread.kill(down)
end

-- ---- workers ----

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

---init_worker_by_lua: what is random in this worker.
function handlers.init_worker()
  local randoms = {}
  for i = 1, 8 do
    randoms[i] = hex(core.random(32))
    randoms[i + 8] = hex(tls.peek(assert(configs.alice:client "localhost"):drain()).random)
  end
  randoms[17] = tls.key.generate("p256"):pin()
  assert(begun.client:feed(begun.flight))
  randoms[18] = hex(begun.client:drain():sub(1, 80)) -- its key exchange
  assert(begun.server:feed(begun.hello))
  randoms[19] = hex(begun.server:drain():sub(12, 43)) -- the random of its ServerHello
  for i, value in ipairs(randoms) do
    ngx.shared.facts:set(("random %d %d"):format(ngx.worker.pid(), i), value)
  end
end

---GET /random: a line for each worker's value.
function handlers.random()
  for _, key in ipairs(ngx.shared.facts:get_keys(0)) do
    if key:find "^random" then
      ngx.say(key, " ", ngx.shared.facts:get(key))
    end
  end
end

-- ---- stores ----

---GET /store: what a store does in one worker. A line for each.
function handlers.store()
  local store = shdict.new "tickets"
  local function say(what, ...)
    ngx.say(what, ": ", table.concat({ tostring((...)), tostring((select(2, ...))) }, ", "))
  end
  local key, value = "k\0\255", "v\0\255\r\n"
  say("put", store:put(key, value, 10))
  say("get", store:get(key) == value, store:get(key) == value)
  say("take", store:take(key) == value, store:take(key))
  say("gone", store:get(key))
  say("put again", store:put(key, value, 10), store:put(key, "other", 10))
  say("taken again", store:take(key), store:take(key))
  say("added", store:add(key, "1", 10), store:add(key, "2", 10))
  say("stays", store:take(key), store:take(key))
  store:put(key, value, 0.05)
  ngx.sleep(0.1)
  say("late", store:get(key), store:take(key))
  say("too large", store:put(key, ("x"):rep(2 ^ 23), 10))
  say("empty", store:put(key, "", 10), store:take(key) == "")
end

---GET /keys: ticket keys that configs share through a dictionary. A line for each.
function handlers.keys()
  local ticket_keys = require "beartls.store.ticket_keys"
  local secret = { secret = ("s"):rep(32) }
  local one, two = ticket_keys.new(shdict.new "tickets", secret), ticket_keys.new(shdict.new "tickets", secret)
  local function server(keys)
    local config = assert(tls.config { certificate = dir .. "/localhost.pem", key = dir .. "/localhost.key" })
    assert(keys:apply(config))
    return config
  end
  local function resumes(config, ticket)
    local near, far = configs.nobody:client("localhost", { ticket = ticket }), config:server()
    repeat
      local there, back = near:drain(), far:drain()
      if there then far:feed(there) end
      if back then near:feed(back) end
    until not (there or back)
    return far:resumed(), near:ticket()
  end
  local resumed, ticket = resumes(server(one))
  ngx.say("at first: ", tostring(resumed))
  ngx.say("by another one with the same keys: ", tostring((resumes(server(two), ticket))))
end

---GET /fill?n=N, then GET /grab?n=N by everybody: how many each got is added up under "grabbed".
function handlers.fill()
  local store = shdict.new(ngx.shared.tickets, "race ")
  for i = 1, tonumber(ngx.var.arg_n) do
    assert(store:put("key " .. i, "value " .. i, 60))
  end
  ngx.shared.facts:set("grabbed", 0)
  ngx.say "filled"
end

function handlers.grab()
  local store = shdict.new(ngx.shared.tickets, "race ")
  local got = 0
  ngx.update_time()
  ngx.sleep(0.1 - ngx.now() % 0.1) -- all workers begin at the same moment
  for i = 1, tonumber(ngx.var.arg_n) do
    local value = store:take("key " .. i)
    if value then
      assert(value == "value " .. i)
      got = got + 1
    end
  end
  ngx.shared.facts:incr("grabbed", got)
  ngx.say "grabbed"
end

function handlers.grabbed()
  ngx.say(ngx.shared.facts:get "grabbed")
end

return handlers
