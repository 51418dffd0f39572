-- What of beartls.resty needs no nginx: misuse, the table of its pool, the store's own logic. The rest is in
-- hosts/nginx_lua_spec.lua.

local pki = require "support.pki"
local pool = require "beartls.resty.pool"
local resty = require "beartls.resty"
local shdict = require "beartls.store.shdict"
local tls = require "beartls"

local config = assert(tls.config { trust = pki.path "trust.pem" })

-- A clock of nginx that only goes on when it is told to.
local now

local function with_clock()
  now = 1000
  rawset(_G, "ngx", { now = function() return now end })
end

local function without_clock()
  rawset(_G, "ngx", nil)
end

describe("beartls.resty, used wrongly, raises and says how it should be:", function()
  for _, case in ipairs { -- what, what it says, function, its arguments
    { "no host", "the host must be a string", resty.connect },
    { "no port", "the port must be a number", resty.connect, "localhost" },
    { "options for a config", "tls.config returns", resty.connect, "localhost", 443, {} },
    { "a misspelt option", 'did you mean "timeout"', resty.connect, "localhost", 443, config, { tiemout = 1 } },
    { "one timeout for three", "{ connect, send, read }", resty.connect, "localhost", 443, config, { timeouts = 5 } },
    { "a timeout in words", "milliseconds", resty.connect, "localhost", 443, config, { timeout = "1s" } },
    { "a pool that is a number", "a name, or false", resty.connect, "localhost", 443, config, { pool = 1 } },
    { "a name for a cosocket", "a cosocket is wanted", resty.wrap, "localhost", config, "localhost" },
    { "a table for a cosocket", "a cosocket is wanted", resty.accept, {}, config },
    { "nothing to look at", "a cosocket is wanted", resty.peek },
    { "no dictionary", "ngx.shared", shdict.new },
    { "something else for a dictionary", "ngx.shared", shdict.new, { get = print } },
  } do
    it(case[1], function()
      local ok, message = pcall(case[3], case[4], case[5], case[6], case[7])
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
      assert.is_truthy(case[3] ~= resty.connect or message:find("resty.connect", 1, true))
    end)
  end
end)

describe("the pool of beartls.resty", function()
  before_each(with_clock)
  after_each(without_clock)

  local function keep(key, seconds)
    local id = pool.new_id()
    pool.put(key, { id = id, session = id, expires = now + seconds })
    return id
  end

  it("gives back what was kept last, once, and only for the same key", function()
    local first, second = keep("a", 10), keep("a", 10)
    assert.not_equal(first, second)
    assert.is_nil(pool.take "b")
    assert.equal(second, pool.take("a").id)
    assert.equal(first, pool.take("a").id)
    assert.is_nil(pool.take "a")
    assert.equal(0, pool.size())
  end)

  it("forgets what nginx has closed, also if nobody asks for it", function()
    keep("a", 1)
    keep("b", 10)
    now = now + 5
    assert.is_nil(pool.take "a")
    keep("c", 1)
    now = now + 3
    assert.equal(1, pool.size())
    assert.is_truthy(pool.take "b")
    assert.equal(0, pool.size())
  end)

  it("has room for so many of a kind, and for so many in all", function()
    for i = 1, 16 do
      assert.is_true(pool.has_room("full", 16), i)
      keep("full", 10)
    end
    assert.is_false(pool.has_room("full", 16))
    for i = 17, 1024 do
      assert.is_true(pool.has_room("key " .. i, 16))
      keep("key " .. i, 10)
    end
    assert.is_false(pool.has_room("new", 16))
    now = now + 20
    assert.is_true(pool.has_room("new", 16))
    assert.equal(0, pool.size())
  end)

  it("has a key of its own for everything that differs, wherever the pieces end", function()
    local seen = {}
    for _, place in ipairs {
      { "localhost", 443, "localhost", "identity" }, { "localhost", 443, "localhost", "another" },
      { "localhost", 44, "localhost", "identity" }, { "localhost", "443", "localhost", "identity", "pool" },
      { "localhost4", 43, "localhost", "identity" }, { "localhost", 443, "localhos", "identity", "t" },
      { "localhost", 443, "other", "identity" }, { "localhost4", "43localhost", "", "identity" },
    } do
      local key = pool.key(place[1], place[2], place[3], place[4], place[5])
      assert.is_nil(seen[key])
      seen[key] = true
    end
    assert.equal(pool.key("a", 443, "b", "c"), pool.key("a", "443", "b", "c"))
  end)
end)

describe("a store in a shared dictionary", function()
  -- A dictionary in which another worker does something before each delete.
  local function new_dict(before_delete)
    local values = {}
    return {
      get = function(_, key) return values[key] end,
      set = function(_, key, value)
        values[key] = value
        return true
      end,
      add = function(_, key, value)
        if values[key] ~= nil then
          return false, "exists"
        end
        values[key] = value
        return true
      end,
      delete = function(_, key)
        before_delete()
        values[key] = nil
      end,
    }
  end

  it("gives a value to one of two workers that have both read it", function()
    local dict, other, also
    dict = new_dict(function()
      also = other:take "key"
    end)
    other = shdict.new(dict)
    local store = shdict.new(dict)
    assert(store:put("key", "value", 10))
    assert.equal("value", store:take "key")
    assert.is_nil(also)
  end)

  it("gives what is not its own to nobody", function()
    local dict = new_dict(function() end)
    dict:set("beartls key", "short")
    assert.is_nil(shdict.new(dict):get "key")
    assert.is_nil(shdict.new(dict):take "key")
    dict:set("beartls key", 17)
    assert.is_nil(shdict.new(dict):take "key")
  end)
end)
