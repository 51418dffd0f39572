-- game: the script inside game.c: a TLS client that is fed a slice at a time, so that no frame waits for it.
-- usage: lua's host game SCRIPT ADDRESS PORT CA-FILE    (a server that echoes lines, with a certificate for localhost)
local tls = require "beartls"

local session = assert(assert(tls.config { trust = (...) }):client "localhost")
local slices, asked = 0, false

-- Called by game.c with a slice of what has arrived; returns what is to be sent, or nil when all is done.
function _G.step(bytes)
  if bytes ~= nil then
    slices = slices + 1
    session:feed(bytes or nil) -- false: the connection has ended
  end
  if session:state() == "open" and not asked then
    print(("open after %d slices, %s %s"):format(slices, session:version(), session:cipher()))
    asked = assert(session:write "hello\n")
  end
  local answer, message, code = session:read()
  if answer then
    io.write(answer)
    session:close()
  elseif code ~= "want_read" then
    print(code == "closed" and "closed" or message)
    return nil
  end
  return session:drain() or ""
end
