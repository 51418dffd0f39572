-- luv_callbacks: a client in luv's own style, without coroutines: say a line, print what comes back.
-- usage: lua luv_callbacks.lua HOST PORT CA-FILE
local tls, luv, uv = require "beartls", require "beartls.luv", require "luv"

local config = assert(tls.config { trust = arg[3] })

luv.connect(arg[1], tonumber(arg[2]), config, { timeout = 10 }, function(err, stream)
  if err then
    return print(err)
  end
  stream:write "hello\n"
  stream:read_start(function(failed, data)
    print(failed or data or "the peer has closed")
    stream:close()
  end)
end)
uv.run()
