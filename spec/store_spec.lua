-- Resumption through a store: what sessions ask of it and give to it, by hand; and the store in memory.
local memory = require "beartls.store.memory"
local pair = require "support.pair"
local pki = require "support.pki"
local tls = require "beartls"

-- A store that notes what is done to it.
local function noting(given)
  local inner, log = memory.new(given), {}
  local store = { log = log, inner = inner }
  for _, name in ipairs { "put", "add", "take", "get" } do
    store[name] = function(_, key, ...)
      log[#log + 1] = name
      store.key = key
      return inner[name](inner, key, ...)
    end
  end
  return store
end

-- What a program does for a session whose store it serves.
local function serve(session)
  local key, how = session:resumption_key()
  while key do
    local store = session:store()
    session:resume_with(store[how](store, key))
    key, how = session:resumption_key()
  end
  for name, value, seconds in session:to_store() do
    if value then
      session:store():put(name, value, seconds)
    else
      session:store():take(name)
    end
  end
end

local CLASSIC = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" }

local function settle(p)
  for _ = 1, 20 do
    local there = pair.carry(p.client, p.server)
    serve(p.server)
    local back = pair.carry(p.server, p.client)
    if not there and not back then
      return p
    end
  end
  error "the two sides do not stop talking"
end

local function open(client_config, server_config, ticket)
  local p = pair.new(client_config, server_config, { client = { ticket = ticket } })
  p.server:use_store()
  settle(p)
  assert(p.client:state() == "open", p.client:failure() and p.client:failure().message)
  assert(p.server:state() == "open")
  return p
end

local function configs(store, client, server)
  server = server or {}
  server.tickets = store
  return assert(tls.config(pair.client_options(client))), assert(tls.config(pair.server_options(server)))
end

local kinds = {
  { "TLS 1.3", {}, "take", { "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256" } },
  { "a ticket of TLS 1.2", { max_version = "TLSv1.2" }, "get",
    { "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" } },
  { "a session id of the classic engine", { cipher_suites = CLASSIC }, "get",
    { CLASSIC[1], "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" } },
}

describe("a server with a store", function()
  for _, kind in ipairs(kinds) do
    local name, options, how, suites = kind[1], kind[2], kind[3], kind[4]
    local function copy()
      local out = {}
      for k, v in pairs(options) do
        out[k] = v
      end
      return out
    end

    it("resumes what another server with the same store has begun: " .. name, function()
      local store = noting()
      local client, one = configs(store, copy(), copy())
      local _, two = configs(store, nil, copy())
      local p = open(client, one)
      assert.is_false(p.server:resumed())
      local q = open(client, two, assert(p.client:ticket()))
      assert.is_true(q.client:resumed())
      assert.is_true(q.server:resumed())
      local count = 0
      for _, done in ipairs(store.log) do
        count = count + (done == how and 1 or 0)
      end
      assert.equal(1, count)
    end)

    it("keeps who the client is and the verdict on it: " .. name, function()
      local store = memory.new()
      local given, wanted = copy(), copy()
      given.certificate, given.key = pki.path "client_ec.pem", pki.path "client_ec.key"
      wanted.verify_client, wanted.trust = "require", pki.path "trust.pem"
      local client, server = configs(store, given, wanted)
      local p = open(client, server)
      local q = open(client, server, p.client:ticket())
      assert.is_true(q.server:resumed())
      assert.is_true(q.server:verified())
      assert.equal(p.server:peer_certificate():fingerprint(), q.server:peer_certificate():fingerprint())
    end)

    it("does not let in by a shared store whom its own config would not: " .. name, function()
      local store = memory.new()
      local given, lax, strict = copy(), copy(), copy()
      given.certificate, given.key = pki.path "client_untrusted.pem", pki.path "client_untrusted.key"
      lax.verify_client, lax.insecure_no_verify = "request", true
      strict.verify_client, strict.trust = "require", pki.path "trust.pem"
      local client, server = configs(store, given, lax)
      local p = open(client, server)
      local _, other = configs(store, nil, strict)
      local q = pair.new(client, other, { client = { ticket = p.client:ticket() } })
      q.server:use_store()
      settle(q)
      assert.equal("certificate_untrusted", q.server:failure() and q.server:failure().code)
    end)

    it("does not resume with a suite that its own config does not have: " .. name, function()
      local store = memory.new()
      local given, first, second = copy(), copy(), copy()
      given.cipher_suites, first.cipher_suites, second.cipher_suites = suites, { suites[1] }, { suites[2] }
      local client, server = configs(store, given, first)
      local _, other = configs(store, nil, second)
      local p = open(client, server)
      assert.equal(suites[1], p.client:cipher())
      local q = open(client, other, p.client:ticket())
      assert.same({ suites[2], false }, { q.client:cipher(), q.server:resumed() })
    end)

    it("does a full handshake when the store has lost it: " .. name, function()
      local store = memory.new { entries = 1 }
      local client, server = configs(store, copy(), copy())
      local p = open(client, server)
      store:put("another", "x", 10)
      assert.is_false(open(client, server, p.client:ticket()).client:resumed())
    end)

    it("does a full handshake when the store lies: " .. name, function()
      local lies = {
        "", "garbage", ("x"):rep(70000), 42, true, {}, "another",
        function(value) return value:sub(1, -2) end,
        function(value) return value .. "x" end,
        function(value) return value:sub(1, 40) .. string.char((value:byte(41) + 1) % 256) .. value:sub(42) end,
      }
      for _, lie in ipairs(lies) do
        local store = memory.new()
        local client, server = configs(store, copy(), copy())
        local p = open(client, server)
        local another = memory.new()
        local other_client, other_server = configs(another, copy(), copy())
        open(other_client, other_server)
        local q = pair.new(client, server, { client = { ticket = p.client:ticket() } })
        q.server:use_store()
        pair.carry(q.client, q.server)
        assert.equal("hello", q.server:state())
        local tries = 0
        while q.server:resumption_key() do
          local answer = lie
          if lie == "another" then
            answer = another.ring.older.value
          elseif type(lie) == "function" then
            answer = lie(store:get(q.server:resumption_key()))
          elseif type(lie) ~= "string" then
            answer = nil
          end
          assert.is_true(q.server:resume_with(answer))
          tries = tries + 1
        end
        assert.is_true(tries >= 1 and tries <= 2)
        settle(q)
        assert.equal("open", q.client:state())
        assert.is_false(q.server:resumed())
        assert.is_true(q.client:verified())
      end
    end)

    it("gives no tickets and takes none when nobody serves its store, and does not wait: " .. name, function()
      local store = noting()
      local client, server = configs(store, copy(), copy())
      local ticket = open(client, server).client:ticket()
      local done = #store.log
      local p = pair.new(client, server, { client = { ticket = ticket } }):settle()
      assert.equal("open", p.server:state())
      assert.is_false(p.server:resumed())
      if options.cipher_suites ~= CLASSIC then -- BearSSL gives its sessions an id in any case
        assert.is_nil(p.client:ticket())
      end
      assert.is_nil((p.server:to_store())(p.server))
      assert.equal(done, #store.log)
    end)

    it("works in a session that pauses, with the store of the config that is selected: " .. name, function()
      local store = memory.new()
      local client, server = configs(store, copy(), copy())
      local _, other = configs(memory.new(), nil, copy())
      local ticket = open(client, server).client:ticket()
      local session = other:server { pause = true }
      session:use_store()
      local p = { client = client:client("localhost", { ticket = ticket }), server = session }
      pair.carry(p.client, p.server)
      assert.equal("hello", session:state())
      assert.is_nil(session:resumption_key())
      assert.equal("localhost", session:client_hello().server_name)
      assert.is_true(session:select(server))
      assert.equal("hello", session:state())
      assert.equal(store, session:store())
      assert.equal(server, session:config())
      assert.equal("config_not_paused", select(3, session:select(other)))
      settle(p)
      assert.is_true(session:resumed())
    end)

    it("seals with the ticket keys, too, when there are some: " .. name, function()
      local store = memory.new()
      local function keyed(first)
        local server = copy()
        server.ticket_keys = { first:rep(32), ("b"):rep(32) }
        return server
      end
      local client, server = configs(store, copy(), keyed "a")
      local _, stranger = configs(store, nil, copy())
      local _, rotated = configs(store, nil, keyed "c")
      assert.is_true(open(client, server, open(client, server).client:ticket()).server:resumed())
      assert.is_false(open(client, stranger, open(client, server).client:ticket()).server:resumed())
      assert.is_false(open(client, rotated, open(client, server).client:ticket()).server:resumed())
    end)
  end

  it("that pauses goes by the clock of the config that is selected", function()
    local client, server = configs(memory.new())
    local ticket = open(client, server).client:ticket()
    local late = assert(tls.config { time = function() return pki.NOW + 100000 end })
    local session = late:server { pause = true }
    session:use_store()
    local p = { client = client:client("localhost", { ticket = ticket }), server = session }
    pair.carry(p.client, session)
    assert(session:select(server))
    settle(p)
    assert.is_true(session:resumed())
  end)

  it("takes a ticket of TLS 1.3 out of the store, so that it is good once", function()
    local store = memory.new()
    local client, server = configs(store)
    local bytes = open(client, server).client:ticket():encode()
    assert.is_true(open(client, server, tls.ticket.decode(bytes)).server:resumed())
    assert.is_false(open(client, server, tls.ticket.decode(bytes)).server:resumed())
  end)

  it("keeps nothing under a name, or with contents, that what the client was given shows", function()
    local kept = {}
    local store = { take = function() end, get = function() end }
    function store.put(_, key, value, seconds)
      kept[#kept + 1] = { key, value, seconds }
      return true
    end
    local client, server = configs(store, { max_version = "TLSv1.2" })
    local p = pair.new(client, server)
    p.server:use_store()
    local said = {}
    for _ = 1, 5 do
      pair.carry(p.client, p.server)
      serve(p.server)
      local bytes = p.server:drain()
      said[#said + 1] = bytes
      p.client:feed(bytes or "")
    end
    assert.equal(1, #kept)
    assert.equal(7200, kept[1][3])
    assert.equal(32, #kept[1][1])
    said = table.concat(said)
    assert.is_nil(said:find(kept[1][1], 1, true))
    assert.is_nil(said:find(kept[1][2], 1, true))
    assert.is_nil(kept[1][2]:find("localhost", 1, true))
  end)

  it("looks up two identities of a hello at most, and none that is no handle", function()
    local store = memory.new()
    local psks = {}
    for i = 1, 4 do
      psks[i] = { identity = (string.char(64 + i)):rep(32), key = ("k"):rep(32) }
    end
    psks[1].identity = "short"
    local client, server = configs(store, { psks = psks })
    local p = pair.new(client, server)
    p.server:use_store()
    pair.carry(p.client, p.server)
    local seen = {}
    while p.server:resumption_key() do
      seen[#seen + 1] = p.server:resumption_key()
      p.server:resume_with(nil)
    end
    assert.equal(2, #seen)
    assert.not_equal(seen[1], seen[2])
    settle(p)
    assert.equal("open", p.server:state())
    -- Keys of its own are not looked up.
    client, server = configs(store, { psks = psks }, { psks = psks })
    p = pair.new(client, server)
    p.server:use_store()
    settle(p)
    assert.equal("open", p.server:state())
  end)

  it("remembers what it has looked up when the client has to send another hello", function()
    local store = noting()
    local client, server = configs(store, { groups = { "x25519", "secp256r1" } }, { groups = { "secp256r1" } })
    local p = open(client, server)
    local q = open(client, server, p.client:ticket())
    assert.is_true(q.server:resumed())
    assert.equal("secp256r1", q.server:group())
  end)

  it("has the store forget what a session kept that then fails", function()
    for _, kind in ipairs(kinds) do
      local store = memory.new()
      local given, wanted = {}, {}
      for k, v in pairs(kind[2]) do
        given[k], wanted[k] = v, v
      end
      local client, server = configs(store, given, wanted)
      local p = open(client, server)
      assert.is_true(store:size() > 0)
      p.client:write "x"
      local wire = p.client:drain()
      p.server:feed(wire:sub(1, -2) .. string.char((wire:byte(-1) + 1) % 256))
      assert.equal("failed", p.server:state())
      serve(p.server)
      assert.equal(0, (store:size()))
    end
  end)

  it("does not resume with a version that its own config does not allow", function()
    local store = memory.new()
    local old = { cipher_suites = { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" }, min_version = "TLSv1",
      max_version = "TLSv1.2" }
    local only = { cipher_suites = old.cipher_suites, min_version = "TLSv1", max_version = "TLSv1" }
    local client, server = configs(store, old, only)
    local p = open(client, server)
    assert.equal("TLSv1", p.client:version())
    local _, other = configs(store, nil, { cipher_suites = old.cipher_suites })
    local q = open(client, other, p.client:ticket())
    assert.same({ "TLSv1.2", false }, { q.client:version(), q.server:resumed() })
  end)

  it("says of a client that another config has let in what it would say itself", function()
    local store = memory.new()
    local keys = { ("k"):rep(32) }
    local function with(options)
      options.max_version, options.ticket_keys = "TLSv1.2", keys
      local client, server = configs(store, { certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key",
        max_version = "TLSv1.2" }, options)
      return client, server
    end
    local client, strict = with { verify_client = "require", trust = pki.path "trust.pem" }
    local _, lax = with { verify_client = "request", insecure_no_verify = true }
    local first = open(client, strict)
    assert.is_true(first.server:verified())
    local second = open(client, lax, first.client:ticket())
    assert.same({ true, false }, { second.server:resumed(), second.server:verified() })
    first = open(client, lax)
    assert.is_false(first.server:verified())
    second = open(client, strict, first.client:ticket())
    assert.same({ true, true }, { second.server:resumed(), second.server:verified() })
  end)

  it("goes on in any state, whatever is called when", function()
    local client, server = configs(memory.new())
    local p = pair.new(client, server)
    assert.equal("config_nothing_wanted", select(3, p.server:resume_with(nil)))
    assert.is_nil(p.server:resumption_key())
    p.server:use_store()
    p.server:use_store()
    local ticket = open(client, server).client:ticket()
    local q = pair.new(client, server, { client = { ticket = ticket } })
    q.server:use_store()
    pair.carry(q.client, q.server)
    assert.is_truthy(q.server:resumption_key())
    q.server:feed(nil)
    assert.equal("truncated", q.server:failure().code)
    assert.is_nil(q.server:resumption_key())
    assert.equal("config_nothing_wanted", select(3, q.server:resume_with "x"))
    local r = pair.new(client, server, { client = { ticket = open(client, server).client:ticket() } })
    r.server:use_store()
    pair.carry(r.client, r.server)
    r.server:close()
    assert.is_nil(r.server:resumption_key())
    assert.equal("closed", r.server:state())
  end)
end)

describe("the option tickets", function()
  it("takes a store, and says what one is", function()
    for _, wrong in ipairs { {}, memory, "redis", 5, { put = print, take = print } } do
      assert.has_error(function() tls.config { tickets = wrong } end)
    end
    assert.matches("true, false or a store: an object with the methods put, take and get",
      select(2, pcall(tls.config, { tickets = memory })))
    local store = memory.new()
    assert.equal(store, assert(tls.config { tickets = store }):store())
    assert.is_nil(assert(tls.config {}):store())
  end)
end)

describe("the store in memory", function()
  local now, store
  local function clock() return now end
  before_each(function()
    now = 1000
    store = memory.new { entries = 3, bytes = 10000, time = clock }
  end)

  it("keeps, gives once, gives again", function()
    assert.is_true(store:put("a", "1", 10))
    assert.equal("1", store:get "a")
    assert.equal("1", store:get "a")
    assert.equal("1", store:take "a")
    assert.is_nil(store:take "a")
    assert.is_nil(store:get "a")
    assert.same({ 0, 0 }, { store:size() })
  end)

  it("adds only what is not there", function()
    assert.is_true(store:add("a", "1", 10))
    assert.is_false(store:add("a", "2", 10))
    assert.equal("1", store:get "a")
    now = 1010
    assert.is_true(store:add("a", "2", 10))
    assert.equal("2", store:get "a")
  end)

  it("forgets what has expired", function()
    store:put("a", "1", 10)
    store:put("b", "2", 20)
    now = 1010
    assert.is_nil(store:get "a")
    assert.equal("2", store:take "b")
  end)

  it("forgets what was used least recently when there are too many", function()
    store:put("a", "1", 10)
    store:put("b", "2", 10)
    store:put("c", "3", 10)
    store:get "a"
    store:put("d", "4", 10)
    assert.is_nil(store:get "b")
    for key, value in pairs { a = "1", c = "3", d = "4" } do
      assert.equal(value, store:get(key))
    end
    store:put("a", "5", 10)
    assert.equal(3, (store:size()))
    assert.equal("5", store:get "a")
  end)

  it("forgets when there are too many bytes, and keeps nothing that is larger than itself", function()
    store:put("a", ("x"):rep(6000), 10)
    store:put("b", ("x"):rep(6000), 10)
    assert.is_nil(store:get "a")
    assert.equal(6000, #store:get "b")
    assert.is_nil((store:put("b", ("x"):rep(10001), 10)))
    assert.same({ 0, 0 }, { store:size() })
  end)

  it("stays inside its bounds, whatever is done", function()
    math.randomseed(7)
    for _ = 1, 5000 do
      local key = tostring(math.random(20))
      local action = math.random(4)
      if action == 1 then store:put(key, ("x"):rep(math.random(6000)), math.random(30))
      elseif action == 2 then store:add(key, "y", 5)
      elseif action == 3 then store:take(key)
      else store:get(key) end
      now = now + (math.random(10) == 1 and 1 or 0)
      local count, bytes = store:size()
      assert(count <= 3 and bytes <= 10000)
      local seen = 0
      for _ in pairs(store.entries) do seen = seen + 1 end
      assert(seen == count)
    end
  end)

  it("says what is misspelt", function()
    assert.matches('did you mean "entries"', select(2, pcall(memory.new, { entrys = 5 })))
    assert.has_error(function() memory.new { bytes = -1 } end)
  end)
end)
