-- windows.lua: busted in a Lua for Windows: see windows.sh. Of its three C modules lfs is there; what it takes from
-- the other two, a clock and whether this is a terminal, is here.

package.preload.system = function()
  return {
    gettime = os.time,
    monotime = os.clock,
    sleep = function(seconds)
      local start = os.clock()
      repeat until os.clock() - start >= seconds
    end,
  }
end

package.preload.term = function()
  return { isatty = function() return false end }
end

require "busted.runner" { standalone = false }
