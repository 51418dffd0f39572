-- idle.lua: the memory that an idle connection holds: one end, handshake done, nothing under way.
--
-- A process of its own makes connections and drops their other ends; what its resident set grows by
-- is shared out among them. LuaSocket's object, which has a buffer, is in all of the figures; "plain"
-- is that object alone, so that the rest is TLS. What the kernel holds is in none.

local built = require "support.built"
local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"

local idle = {}

-- The first ones find memory that others have left behind.
local WARM_UP = 20

---In the child: prints the bytes per connection.
---@param name "plain"|"beartls"|"luasec"
---@param role "client"|"server" which end is kept
---@param count integer
function idle.child(name, role, count)
  local library = peers.library(name, "tls13", "x25519")
  local kept, before = {}, 0 -- what is in `kept` is not collected
  for i = 1, WARM_UP + count do
    local keep, drop = peers.open(library)
    if role == "server" then
      keep, drop = drop, keep
    end
    keep.peer, kept[i] = nil, keep
    drop:close() -- of which the other end has not read yet
    measure.collect()
    if i == WARM_UP then
      before = measure.resident()
    end
  end
  assert(#kept == WARM_UP + count)
  print(("bytes %f"):format((measure.resident() - before) / count))
end

-- What the allocator counts: support/idle_sessions.lua.
local function run_sessions()
  local held = built "held"
  if not held then
    return
  end
  report.section("memory of an idle session alone, counted, kB", "client", "server")
  local pipe = assert(io.popen(("LUA_PATH='%s' %s spec/support/idle_sessions.lua"):format(package.path, held)))
  for line in pipe:lines() do
    local what, client, server = line:match "^(.-) +(%d+) +(%d+)$"
    report.plain(what, client / 1000, server / 1000)
  end
  pipe:close()
end

function idle.run(pace)
  run_sessions()
  report.section "memory of an idle connection, TLS 1.3, kB"
  for _, role in ipairs { "client", "server" } do
    local found = {}
    for _, name in ipairs { "beartls", "luasec", "plain" } do
      if name ~= "luasec" or not peers.missing then
        local call = (".child(%q, %q, %d)"):format(name, role, pace.connections)
        found[name] = measure.child("bench.idle", call).bytes / 1000
      end
    end
    report.cost("a " .. role, found.beartls, found.luasec)
    report.cost("LuaSocket's object in it", found.plain, not peers.missing and found.plain or nil)
  end
end

return idle
