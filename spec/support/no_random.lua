-- no_random.lua: run with attacker.so preloaded: what happens when the system's random bytes are gone, in the middle of
-- a handshake too. Prints a line for each: name and code.

local attacker = require "attacker"
local tls = require "beartls"
local pair = require "support.pair"

-- Two handshakes of which the last flights are still missing.
local function begun()
  local p = pair.new()
  p.server:feed(p.client:drain())
  return p, p.server:drain()
end
local hello = pair.new().client:drain()
local here, here_flight = begun()
local forked, forked_flight = begun()

attacker.take_random()

local function report(name, value, _, code)
  print(name, value == nil and code or "works")
end

report("a config", tls.config { insecure_no_verify = true })
report("a client", here.client_config:client "localhost")
-- A server needs them when the client has come.
report("a server", here.server_config:server():feed(hello))
report("a key", tls.key.generate "p256")
-- Its generator was seeded when there were some.
report("a handshake that has begun", here.client:feed(here_flight))
print(attacker.fork(function()
  local ok, _, code = forked.client:feed(forked_flight)
  local failure = forked.client:failure()
  return ("one that is forked off\t%s"):format(ok == nil and code or "works")
    .. ("\nits alert\t%s by %s"):format(tostring(failure and failure.alert), tostring(failure and failure.sent_by))
end))
