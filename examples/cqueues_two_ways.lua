-- cqueues_two_ways: both directions at once: one coroutine sends what is typed, one prints what comes.
-- usage: lua cqueues_two_ways.lua HOST PORT CA-FILE
local tls, streams, cqueues = require "beartls", require "beartls.cqueues", require "cqueues"

local config = assert(tls.config { trust = arg[3] })
local controller = cqueues.new()

controller:wrap(function()
  local stream = assert(streams.connect(arg[1], tonumber(arg[2]), config, { timeout = 10 }))
  controller:wrap(function()
    local line = stream:receive()
    while line do
      print(line)
      line = stream:receive()
    end
    print(stream:failure() and stream:failure().message or "the peer has closed")
    stream:close()
  end)
  for line in io.lines() do
    assert(stream:send(line .. "\n"))
  end
  stream:shutdown "send" -- that is all; the other coroutine reads on
end)
assert(controller:loop())
