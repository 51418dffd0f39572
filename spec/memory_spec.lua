-- What a session holds when it has nothing to do: see support/held.c and support/idle_sessions.lua. The peer's
-- certificates are in it (one, of 0.6 to 0.9 kB).

local built = require "support.built"
local process = require "support.process"

-- Its states take no allocator of ours on 64-bit machines.
if os.getenv "BEARTLS_LUA" == "luajit" then
  return
end

describe("An idle session holds", function()
  local held = built "held"
  local output, code

  setup(function()
    if held then
      output, code = process.run(process.quote(held) .. " spec/support/idle_sessions.lua", { seconds = 60,
        env = { LUA_PATH = package.path } })
    end
  end)

  for _, case in ipairs {
    { "TLS 1.3", 8 }, { "TLS 1.3, mutual", 8 }, { "TLS 1.3, resumed", 8 }, { "TLS 1.3, after a megabyte each way", 8 },
    { "TLS 1.2", 8 }, { "TLS 1.2, mutual", 8 }, { "classic", 24 },
  } do
    it(("at most %d kB: %s"):format(case[2], case[1]), function()
      if not held then
        return pending "needs held, which make test builds beside the core"
      end
      assert.equal(0, code, output)
      local client, server = output:match(case[1]:gsub("%p", "%%%0") .. " +(%d+) +(%d+)\n")
      for _, bytes in ipairs { client, server } do
        bytes = tonumber(bytes)
        assert.is_true(bytes > 1000 and bytes <= case[2] * 1000, output)
      end
    end)
  end
end)
