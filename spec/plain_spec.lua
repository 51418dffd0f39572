-- Connections without TLS over the transports of the adapters.
local loopback = require "support.loopback"
local plain = require "beartls.stream.plain"

describe("a plain connection", function()
  it("sends all and receives just as much as is wanted, however the transport cuts it", function()
    for _, kind in ipairs { "polling", "waiting" } do
      local there, back = loopback.wire(kind)
      there.capacity, back.piece = 7, 3
      local a, b = plain.new(there), plain.new(back)
      local text = ("0123456789"):rep(30)
      local wanted = text
      there.on_wait = function()
        coroutine.yield()
        return true
      end
      back.on_wait = there.on_wait
      loopback.run(function()
        assert(a:send(text) == #text)
        a:close()
      end, function()
        for _, n in ipairs { 1, 0, 9, 100, 190 } do
          assert(assert(b:receive(n)) == wanted:sub(1, n))
          wanted = wanted:sub(n + 1)
        end
        local nothing, err = b:receive(1)
        assert(nothing == nil and err == "closed")
      end)
    end
  end)

  it("gives up when its time is over, or the transport has gone", function()
    local there, back = loopback.wire "polling"
    there.capacity = 1
    local a, b = plain.new(there, 1), plain.new(back, 1)
    back.on_wait = function() return nil, "timeout" end
    there.on_wait = function() return false end
    assert.same({ nil, "timeout" }, { b:receive(1) })
    assert.same({ nil, "timeout" }, { a:send "xy" })
    there.broken = "closed"
    assert.same({ nil, "closed" }, { a:send "z" })
  end)
end)
