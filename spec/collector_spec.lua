-- The collector may run at any allocation, and with it finalizers that do what they like.

local pair = require "support.pair"
local process = require "support.process"
local tune = require "support.tune"
local wire = require "support.wire"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

local client_config, server_config = wire.configs({ trace = true }, { trace = true })

-- Something whose end calls f: garbage, from now on.
local function at_its_end(f)
  local newproxy = rawget(_G, "newproxy") -- Lua 5.1 and LuaJIT give finalizers to userdata only
  if newproxy then
    getmetatable(newproxy(true)).__gc = f
  else
    setmetatable({}, { __gc = f })
  end
end

-- Runs f with the collector as busy as it can be.
local function collecting(f)
  local pause, stepmul = tune("pause", 0), tune("stepmul", 1000)
  local ok, message = pcall(f)
  tune("pause", pause)
  tune("stepmul", stepmul)
  assert(ok, message)
end

local function everything(p)
  p:settle()
  p.client:write(("data"):rep(5000))
  p.server:write "answer"
  p:settle()
  local got = { pair.read_all(p.server), pair.read_all(p.client) }
  for event in p.client:events() do
    assert(event.fields)
  end
  local facts = { p.client:cipher(), p.client:peer_certificate():subject(), #p.server:peer_chain() }
  p.client:close()
  p:settle()
  return got, facts
end

describe("with a collector that never rests", function()
  -- It matters on Lua 5.1 and LuaJIT, which collect before they copy a string that C gives them.
  it("a session may go on while its key log is written", function()
    local name = os.tmpname()
    local p = pair.new({ keylog = name }, {})
    p.server:feed(p.client:drain())
    local flight = p.server:drain()
    local first = 5 + flight:byte(4) * 256 + flight:byte(5)
    local head, rest, feed = flight:sub(1, first), flight:sub(first + 1), p.client.feed
    collectgarbage()
    collectgarbage "stop"
    at_its_end(function()
      pcall(feed, p.client, rest)
    end)
    local stepmul = tune("stepmul", 1000000)
    collectgarbage "restart"
    feed(p.client, head) -- nothing else is made meanwhile
    tune("stepmul", stepmul)
    feed(p.client, rest)
    local lines = {}
    for line in io.lines(name) do
      lines[#lines + 1] = line:match "^[A-Z_0-9]+ %x+ %x+$" or "spoilt: " .. line
    end
    os.remove(name)
    assert.is_nil(table.concat(lines, "\n"):find "spoilt")
    assert.equal(5, #lines)
  end)

  it("sessions work", function()
    collecting(function()
      local got, facts = everything(pair.new(client_config, server_config))
      assert.same({ ("data"):rep(5000), "answer" }, got)
      assert.equal(3, #facts)
    end)
  end)

  it("a session outlives the names of everything that it was made of", function()
    collecting(function()
      local client, server
      do
        local p = pair.new((wire.configs()), select(2, wire.configs()))
        client, server = p.client, p.server
      end
      for _ = 1, 10 do
        collectgarbage()
      end
      local p = setmetatable({ client = client, server = server }, pair)
      assert.same({ ("data"):rep(5000), "answer" }, (everything(p)))
    end)
  end)

  -- What a finalizer may do to a session that is just working.
  local deeds = {
    { "reads", function(session) session:read() end },
    { "drains", function(session) session:drain() end },
    { "writes", function(session) session:write "more" end },
    { "feeds garbage", function(session) session:feed "garbage that is no record" end },
    { "ends the transport", function(session) session:feed(nil) end },
    { "closes", function(session) session:close() end },
    { "takes events", function(session) session:take_event() end },
    { "asks for the failure", function(session) session:failure() end },
    { "wipes", function(session) getmetatable(session).__gc(session) end },
  }
  for _, deed in ipairs(deeds) do
    it(("finalizers in which somebody %s are an error or an answer"):format(deed[1]), function()
      local calls = 0
      for _ = 1, 4 do
        local p = pair.new(client_config, server_config)
        local function finalize()
          calls = calls + 1
          pcall(deed[2], p.client)
          pcall(deed[2], p.server)
        end
        collecting(function()
          for _ = 1, 300 do
            at_its_end(finalize)
          end
          pcall(everything, p)
        end)
      end
      collectgarbage()
      assert.is_true(calls >= 300)
      pair.open()
    end)
  end

  it("an event goes to the program or to a finalizer that takes it meanwhile, once", function()
    local p = pair.open(client_config, server_config)
    p.client:write(("x"):rep(16384 * 200))
    p.client:drain()
    local all, taken, by_finalizers = #p.client:peek_events(), 0, 0
    collecting(function()
      repeat
        at_its_end(function()
          local ok, event = pcall(p.client.take_event, p.client)
          by_finalizers = by_finalizers + (ok and event and 1 or 0)
        end)
        local event = p.client:take_event()
        taken = taken + (event and 1 or 0)
      until not event
    end)
    assert.equal(all, taken + by_finalizers)
    assert.is_true(all > 100)
  end)

  it("what a finalizer has taken meanwhile is nil, not an empty string", function()
    local p, empty = pair.open(client_config, server_config), 0
    collecting(function()
      for _ = 1, 500 do
        p.client:write "some"
        at_its_end(function() pcall(p.client.drain, p.client) end)
        local bytes = p.client:drain()
        empty = empty + (bytes == "" and 1 or 0)
      end
    end)
    assert.equal(0, empty)
  end)

  it("a session that is called from inside itself says so, and loses nothing", function()
    local output, code = process.run(LUA .. " spec/support/from_inside.lua")
    assert.equal(0, code, output)
    assert.matches("called from inside itself%)\n1000000\n$", output)
  end)
end)

describe("a function that a config was given", function()
  it("may fail, yield or use the config, and is not called by an engine", function()
    local tls = require "beartls"
    local config, depth = nil, 0
    config = assert(tls.config(pair.client_options { time = function()
      depth = depth + 1
      if depth < 5 then
        config:client "localhost"
      end
      return require("support.pki").NOW
    end }))
    assert.is_truthy(config:client "localhost")
    assert.equal(5, depth)
    local failing = assert(tls.config(pair.client_options { time = function() error "no clock" end }))
    assert.error_matches(function() failing:client "localhost" end, "no clock")
    local yielding = assert(tls.config(pair.client_options { time = function() coroutine.yield() return 0 end }))
    local thread = coroutine.create(function() yielding:client "localhost" end)
    assert.is_false((coroutine.resume(thread)))
  end)
end)
