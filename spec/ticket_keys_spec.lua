-- Ticket keys that servers share through a store.
local core = require "beartls.core"
local memory = require "beartls.store.memory"
local pair = require "support.pair"
local pki = require "support.pki"
local ticket_keys = require "beartls.store.ticket_keys"
local tls = require "beartls"

local SECRET = ("s"):rep(32)
local HOUR = 3600

local now, store
local function clock() return now end

local function new_ring(given)
  given = given or {}
  given.secret = given.secret or SECRET
  given.lifetime, given.time = HOUR, given.time or clock
  return ticket_keys.new(given.store or store, (function()
    given.store = nil
    return given
  end)())
end

before_each(function()
  now = 1000 * HOUR
  store = memory.new { time = clock }
end)

describe("a sealed value", function()
  it("is opened with the same key and about the same thing only", function()
    local key, other = ("k"):rep(32), ("l"):rep(32)
    for _, bytes in ipairs { "", "x", ("long"):rep(20000) } do
      local sealed = core.seal(key, "about", bytes)
      assert.equal(#bytes + 28, #sealed)
      assert.not_equal(sealed, core.seal(key, "about", bytes))
      assert.equal(bytes, core.unseal(key, "about", sealed))
      assert.is_nil(core.unseal(other, "about", sealed))
      assert.is_nil(core.unseal(key, "else", sealed))
      assert.is_nil(core.unseal(key, "about", sealed:sub(1, -2)))
      assert.is_nil(core.unseal(key, "about", sealed .. "x"))
      assert.is_nil(core.unseal(key, "about", ""))
    end
    assert.has_error(function() core.seal("short", "", "") end)
  end)

  it("is sealed with keys that are derived by RFC 5869", function()
    -- HKDF-SHA256 of "secret" without salt, info "label", 32 bytes; computed with OpenSSL.
    local hex = core.derive("secret", "label"):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
    assert.equal("112fefb269ce7dcb2ea6c7e952c104c1abde44e3c0c5589d1e825dcacf1dd2de", hex)
  end)
end)

describe("ticket keys in a store", function()
  it("are the same for all who know the secret, whoever comes first", function()
    local one, two = new_ring(), new_ring()
    local keys = one:keys()
    assert.equal(1, #keys)
    assert.equal(32, #keys[1])
    assert.same(keys, (two:keys()))
    assert.not_equal(keys[1], (new_ring { secret = ("t"):rep(32) }:keys())[1])
  end)

  it("are replaced with each period, and open for one more", function()
    local one, two = new_ring(), new_ring()
    local first = one:keys()[1]
    now = now + HOUR
    local second = two:keys()
    assert.equal(2, #second)
    assert.equal(first, second[2])
    assert.same(second, (one:keys()))
    now = now + HOUR
    local third = one:keys()
    assert.same({ third[1], second[1] }, third)
    assert.is_true(third[1] ~= second[1] and third[1] ~= first)
    now = now + 10 * HOUR
    assert.equal(1, #one:keys())
  end)

  it("are fetched ahead of their period, in which they only open", function()
    local one = new_ring()
    local ahead = new_ring { time = function() return now + 300 end }
    local first = one:keys()[1]
    now = now + HOUR - 200
    local early = ahead:keys()
    assert.same({ first, early[1] }, (one:keys()))
    assert.same({ early[1], first }, early)
    now = now + 200
    assert.same(early, (one:keys()))
  end)

  it("are forgotten by the store when they are of no more use", function()
    local one = new_ring()
    one:keys()
    now = now + 2 * HOUR - 1
    assert.equal(3, #(new_ring():keys())) -- of this period, the one before, the next
    now = now + 1
    local count = 0
    for _, entry in pairs(store.entries) do
      count = count + (entry.expires > now and 1 or 0)
    end
    assert.equal(2, count)
  end)

  it("are not known to the store", function()
    local keys = new_ring():keys()
    for name, entry in pairs(store.entries) do
      assert.is_nil((name .. entry.value):find(keys[1], 1, true))
    end
  end)

  it("stay in use while the store does not answer, and are not believed when it lies", function()
    local away, lies = false, nil
    local flaky = {}
    for _, name in ipairs { "put", "add", "take", "get" } do
      flaky[name] = function(_, ...)
        if away then
          return nil, "the store is away"
        end
        return name == "get" and lies or store[name](store, ...)
      end
    end
    local one = new_ring { store = flaky }
    away = true
    assert.same({ nil, "the store is away" }, { one:keys() })
    local config = assert(tls.config(pair.server_options()))
    assert.same({ nil, "the store is away" }, { one:apply(config) })
    away = false
    local keys = one:keys()
    away = true
    now = now + HOUR
    assert.same(keys, (one:keys()))
    away = false
    assert.equal(keys[1], one:keys()[2])
    lies = ("x"):rep(60)
    assert.is_nil((new_ring { store = flaky }:keys()))
  end)

  it("are given to configs, which resume each other's sessions and go on doing so", function()
    local function server()
      return assert(tls.config(pair.server_options()))
    end
    local client = assert(tls.config(pair.client_options()))
    local one, two = { ring = new_ring(), config = server() }, { ring = new_ring(), config = server() }
    local function connect(to, ticket)
      assert.is_true(to.ring:apply(to.config))
      local p = pair.new(client, to.config, { client = { ticket = ticket } }):settle()
      assert.equal("open", p.client:state())
      return p.server:resumed(), p.client:ticket()
    end
    local resumed, ticket = connect(one)
    assert.is_false(resumed)
    for _ = 1, 4 do
      resumed, ticket = connect(two, ticket)
      assert.is_true(resumed)
      now = now + HOUR / 2
      one, two = two, one
    end
    now = now + 2 * HOUR
    assert.is_false((connect(one, ticket)))
  end)

  it("leave the identity of a config as it is", function()
    local config = assert(tls.config { trust = pki.path "trust.pem" })
    local same = assert(tls.config { trust = pki.path "trust.pem" })
    assert.is_true(new_ring():apply(config))
    assert.equal(same:identity(), config:identity())
  end)

  it("say what is missing or misspelt", function()
    assert.matches("the option secret is missing", select(2, pcall(ticket_keys.new, store)))
    assert.matches("at least 32 bytes", select(2, pcall(ticket_keys.new, store, { secret = "short" })))
    assert.matches('did you mean "lifetime"', select(2, pcall(ticket_keys.new, store, { secret = SECRET,
      lifetim = 1 })))
    assert.matches("put, add, take and get", select(2, pcall(ticket_keys.new, { put = print, take = print,
      get = print }, { secret = SECRET })))
  end)
end)

describe("config:set_ticket_keys", function()
  it("wants keys, and a config that gives tickets", function()
    local config = assert(tls.config(pair.server_options()))
    for _, wrong in ipairs { {}, { "short" }, "x", { 1 }, (function()
      local list = {}
      for i = 1, 9 do list[i] = ("k"):rep(32) end
      return list
    end)() } do
      assert.has_error(function() config:set_ticket_keys(wrong) end)
    end
    local off = assert(tls.config(pair.server_options { tickets = false }))
    assert.equal("config_no_tickets", select(3, off:set_ticket_keys { SECRET }))
    -- With a store, what is kept there is sealed with them from then on.
    local stored = assert(tls.config(pair.server_options { tickets = memory.new() }))
    assert.is_true(stored:set_ticket_keys { SECRET })
    assert.is_true(stored:set_ticket_keys { ("t"):rep(32), SECRET })
  end)
end)
