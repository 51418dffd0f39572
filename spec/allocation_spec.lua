-- Memory may be short at any time: see support/failalloc.c, which says what is tried and what must not happen.

local built = require "support.built"
local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
-- Its states take no allocator of ours on 64-bit machines.
if LUA == "luajit" then
  return
end
-- All of them take minutes. These are spread over the whole run, others on each Lua.
local STEP = { ["lua5.4"] = 23, ["lua5.3"] = 59, ["lua5.1"] = 61 }

describe("an allocation that fails, whichever it is, neither crashes, leaks nor spoils what comes after, in", function()
  -- The variants of a session have much in common with it: fewer of theirs will do.
  for name, share in pairs { objects = 1, session = 1, session_retried = 4, session_12 = 4, session_classic = 4,
    session_store = 1 } do
    it(name, function()
      local failalloc = built "failalloc"
      if not failalloc then
        return pending "needs failalloc, which make test builds beside the core"
      end
      local output, code = process.run(("%s spec/support/allocation/%s.lua %d"):format(process.quote(failalloc), name,
        share * (STEP[LUA] or 60)), { seconds = 120 })
      assert.equal(0, code, output)
      assert.matches("each failing with all that follow", output)
      assert.matches("each failing alone", output)
    end)
  end
end)
