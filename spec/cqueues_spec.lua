local cases = require "support.loop_cases"
local loopback = require "support.loopback"

local there, cqueues = pcall(require, "cqueues")
if not there then
  describe("a stream on cqueues", function()
    pending "needs lua-cqueues"
  end)
  return
end

local cqueues_socket = require "cqueues.socket"

-- Bounds every run, in seconds.
local PATIENCE = 60

local streams = require "beartls.cqueues"

local host = { name = "cqueues", adapter = streams, sleep = cqueues.sleep }

local controller

function host.spawn(f)
  controller:wrap(f)
end

function host.run(...)
  controller = cqueues.new()
  for _, f in ipairs { ... } do
    controller:wrap(f)
  end
  local ok, err, _, thread = controller:loop(PATIENCE)
  if not ok then
    error(thread and type(err) == "string" and debug.traceback(thread, err) or err, 0)
  end
  assert(controller:empty(), "the coroutines do not come to an end")
end

function host.listen()
  local listener = assert(cqueues_socket.listen("127.0.0.1", 0))
  assert(listener:listen())
  local _, _, port = listener:localname()
  return listener, port
end

function host.accept(listener)
  return assert(listener:accept())
end

function host.close(x)
  x:close()
end

function host.serve(...)
  local listener, port = host.listen()
  local given = { ... }
  host.spawn(function()
    streams.serve(controller, listener, given[1], given[2], given[3])
  end)
  return listener, port
end

function host.reset(so)
  so:close()
end

describe("a stream on cqueues", function()
  for _, case in ipairs(cases) do
    it(case.name, function()
      case.run(host)
    end)
  end
end)

describe("cqueues.poll", function()
  it("takes streams: those that do not wait by themselves, many at a time", function()
    local client_config, server_config = loopback.configs()
    local listener, port = host.listen()
    local heard = {}
    host.run(function()
      for i = 1, 2 do
        local s = assert(streams.accept(host.accept(listener), server_config))
        assert(s:handshake())
        host.spawn(function()
          cqueues.sleep(0.05 * i)
          assert(s:send("from " .. i .. "\n"))
          s:close()
        end)
      end
    end, function()
      local open = {}
      for i = 1, 2 do
        open[i] = assert(streams.connect("localhost", port, client_config))
        open[i]:settimeout(0)
      end
      assert.equal("want_read", select(2, open[1]:receive()))
      assert.equal("r", open[1]:events())
      while #open > 0 do
        local ready = cqueues.poll(open[1], open[2] or 10, 10)
        local line, err = ready:receive()
        if line or err ~= "want_read" then
          heard[#heard + 1] = line or err
        end
        if err == "closed" then
          ready:close()
          table.remove(open, ready == open[1] and 1 or 2)
        end
      end
    end)
    table.sort(heard)
    assert.same({ "closed", "closed", "from 1", "from 2" }, heard)
    host.close(listener)
  end)

  it("returns at once for a stream that has something already", function()
    local client_config, server_config = loopback.configs()
    local listener, port = host.listen()
    host.run(function()
      local s = assert(streams.accept(host.accept(listener), server_config))
      assert(s:send "one\ntwo\n")
      assert.equal("closed", select(2, s:receive()))
      s:close()
    end, function()
      local s = assert(streams.connect("localhost", port, client_config))
      assert.equal("one", s:receive())
      assert.equal(0, s:timeout())
      assert.equal(s, cqueues.poll(s, 10))
      assert.equal("two", s:receive())
      assert.is_nil(s:timeout())
      s:close()
    end)
    host.close(listener)
  end)
end)

describe("outside of cqueues' coroutines", function()
  it("streams wait all the same", function()
    local child = loopback.serve [[
      local s = assert(socket.accept(listener:accept(), config))
      assert(s:send(s:receive() .. "\n"))
      s:close()
    ]]
    local s = assert(streams.connect("localhost", math.floor(tonumber(child:read "*l")), (loopback.configs())))
    assert(s:send "hello\n")
    assert.equal("hello", s:receive())
    s:close()
    loopback.finish(child)
  end)
end)
