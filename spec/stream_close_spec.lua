-- A stream that one coroutine closes while others are in the middle of something on it.
local loopback = require "support.loopback"

-- What a coroutine that is suspended on the stream hears when the stream is closed under it.
local waits = {
  { name = "a receive of a line", call = function(s) return s:receive "*l" end },
  { name = "a receive of everything", call = function(s) return s:receive "*a" end },
  { name = "a receive of a few bytes", call = function(s) return s:receive(10) end },
  { name = "a receive of many bytes", call = function(s) return s:receive(100000) end },
  { name = "a receiveany", call = function(s) return s:receiveany() end },
  { name = "a send", sends = true, call = function(s) return s:send(("x"):rep(200000)) end },
  { name = "a shutdown", sends = true, call = function(s)
    s:session():write(("x"):rep(200000))
    return s:shutdown "send"
  end },
}

local function suspended(case, kind)
  local client, server, there = loopback.open { kind = kind }
  if kind == "polling" then
    there.on_wait = function()
      coroutine.yield()
      return true
    end
  end
  if case.sends then
    there.capacity = 1000
  end
  local result
  local task = coroutine.create(function()
    result = { case.call(client) }
  end)
  assert(coroutine.resume(task))
  assert.equal("suspended", coroutine.status(task))
  return client, server, task, function()
    assert(coroutine.resume(task))
    assert.equal("dead", coroutine.status(task))
    return result
  end
end

describe("a stream that another coroutine closes", function()
  for _, kind in ipairs { "polling", "waiting" } do
    for _, case in ipairs(waits) do
      it(("wakes %s with closed, on a transport that is %s"):format(case.name, kind), function()
        local client, _, _, finish = suspended(case, kind)
        client.transport.close = function(self)
          self.from.ended = true -- what a real host does: the one that waits comes back
          self.capacity = math.huge
        end
        client.transport.on_wait = function()
          return false
        end
        client:close()
        local result = finish()
        assert.is_nil(result[1])
        assert.equal("closed", result[2])
        assert.equal("closed", result[#result])
      end)
    end

    it("wakes a handshake with closed, on a transport that is " .. kind, function()
      local client, _, there = loopback.streams { kind = kind }
      there.on_wait = function()
        coroutine.yield()
        return true
      end
      local result
      local task = coroutine.create(function()
        result = { client:handshake() }
      end)
      assert(coroutine.resume(task))
      client:close()
      there.from.ended = true
      assert(coroutine.resume(task))
      assert.same({ nil, "closed", "closed" }, result)
    end)
  end

  it("gives nothing to one that waits although something has come just then", function()
    local client, server, _, finish = suspended(waits[1], "polling")
    server:send "a line\n"
    client.transport.on_wait = function()
      return false
    end
    client:close()
    assert.same({ nil, "closed", "", "closed" }, finish())
  end)
end)
