-- trust_on_first_use: believe a device without a CA: its key is remembered at the first contact and must stay the same.
-- usage: lua trust_on_first_use.lua HOST PORT KNOWN_HOSTS    (the file is made when it is not there)
local trust_file = require "beartls.trust_file"

local function confirm(host, _, certificate) -- a program with a window would ask here
  print(("%s is new, its key is %s"):format(host, certificate:pin()))
  return true
end

local known = assert(trust_file.open(arg[3], { confirm = confirm }))

local stream, message, code, failure = known:connect(arg[1], tonumber(arg[2]), {}, { timeout = 10 })
if not stream then
  print(("refused: %s (%s)"):format(message, code))
  print(failure and failure.hint or "")
  os.exit(1)
end
print("connected to the key that " .. arg[3] .. " remembers")
stream:close()
