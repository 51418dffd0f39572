-- BEARTLS_COPAS_PATH=DIRECTORY: the copas (and what it needs) that is tried instead of the one that is installed.
local cases = require "support.loop_cases"
local luasocket = require "socket"

local path, before = os.getenv "BEARTLS_COPAS_PATH", package.path
if path then
  package.path = ("%s/?.lua;%s/?/init.lua;%s"):format(path, path, package.path)
end
-- Debian has it for Lua 5.1 and 5.2 alone, but it is Lua that every version understands.
package.path = package.path .. ";/usr/share/lua/5.1/?.lua"

-- It wants to be there before socket.http, which another spec may have loaded.
package.loaded["socket.http"] = nil
local there, copas = pcall(require, "copas")
local coxpcall_there, coxpcall = pcall(require, "coxpcall")
package.path = before
if not (there and coxpcall_there) then
  describe("a stream under copas", function()
    pending "needs lua-copas"
  end)
  return
end

local pcall_and_yield = coxpcall.pcall -- on Lua 5.1 a coroutine cannot yield within a pcall
local copas_streams = require "beartls.copas"
local transport = require "beartls.copas.transport"

-- Bounds every run, in seconds.
local PATIENCE = 60

local host = { name = "copas", adapter = copas_streams, one_way = true }

local running, failure

function host.spawn(f)
  running = running + 1
  copas.addthread(function()
    local ok, err = pcall_and_yield(f)
    running = running - 1
    failure = failure or not ok and err
  end)
end

function host.run(...)
  running, failure = 0, nil
  for _, f in ipairs { ... } do
    host.spawn(f)
  end
  local deadline = luasocket.gettime() + PATIENCE
  while running > 0 and not failure and luasocket.gettime() < deadline do
    copas.step(0.02)
  end
  if failure then
    error(failure, 0)
  end
  assert(running == 0, "the coroutines do not come to an end")
end

-- copas 1.1.7 has no sleep: this waits for a connection on which nothing comes.
function host.sleep(seconds)
  local one = transport.new(luasocket.udp4())
  one:settimeout(seconds)
  one:begin()
  one:wait "read"
end

function host.listen()
  local listener = assert(luasocket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  return listener, math.floor(tonumber(port))
end

function host.accept(listener)
  local one = transport.new(listener)
  local tcp
  while not tcp do
    one:wait "read"
    tcp = listener:accept()
  end
  return tcp
end

function host.close(listener)
  listener:close()
end

function host.reset(tcp)
  tcp:setoption("linger", { on = true, timeout = 0 })
  tcp:close()
end

describe("a stream under copas (" .. copas._VERSION .. ")", function()
  for _, case in ipairs(cases) do
    it(case.name, function()
      case.run(host)
    end)
  end
end)
