-- BEARTLS_COPAS_PATH=DIRECTORY: the copas (and what it needs) that is tried instead of the one that is installed.
local cases = require "support.loop_cases"
local loopback = require "support.loopback"
local luasocket = require "socket"
local new_coroutines = require "support.coroutines"

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

local copas_streams = require "beartls.copas"
local transport = require "beartls.copas.transport"

local coroutines = new_coroutines(copas.addthread, function()
  copas.step(0.02)
end, coxpcall.pcall)

local host = {
  name = "copas", adapter = copas_streams, spawn = coroutines.spawn, run = coroutines.run,
  one_way = true, one_writer = not copas.pause,
}

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
  if copas.removeserver then
    copas.removeserver(listener)
  else
    listener:close()
  end
end

function host.serve(...)
  local listener, port = host.listen()
  copas.addserver(listener, copas_streams.handler(...))
  return listener, port
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

describe("a descriptor that select does not know", function()
  it("is an error of its connection, and the loop goes on", function()
    local listener, port = host.listen()
    local fillers, wanted = {}, luasocket._SETSIZE + 100
    for i = 1, wanted do
      fillers[i] = luasocket.udp4()
    end
    local ok, message, went_on
    if #fillers == wanted then
      host.run(function()
        ok, message = copas_streams.connect("127.0.0.1", port, (loopback.configs()))
        went_on = true
      end)
    end
    for _, filler in ipairs(fillers) do
      filler:close()
    end
    listener:close()
    if not went_on then
      pending "may not open so many descriptors"
      return
    end
    assert.is_nil(ok)
    assert.matches("its descriptor is too large for select", message, 1, true)
  end)
end)

describe("copas.accept", function()
  it("takes what copas.wrap gave", function()
    local client_config, server_config = loopback.configs()
    local listener, port = host.listen()
    local heard
    host.run(function()
      local s = assert(copas_streams.accept(copas.wrap(host.accept(listener)), server_config))
      heard = s:receive()
      s:close()
    end, function()
      local s = assert(copas_streams.connect("localhost", port, client_config))
      assert(s:send "hello\n")
      s:close()
    end)
    assert.equal("hello", heard)
    host.close(listener)
  end)
end)

describe("copas.create", function()
  it("lets socket.http fetch pages at the same time", function()
    local client_config, server_config = loopback.configs()
    local listener, port = host.listen()
    local http = require "socket.http"
    local asked, pages = 0, {}
    local function fetch()
      local page, status = http.request { -- the first answer comes when all have asked
        url = "https://localhost:" .. port .. "/", scheme = "https", create = copas_streams.create(client_config),
        sink = function(chunk)
          pages[#pages + 1] = chunk
          return 1
        end,
      }
      assert.same({ 1, 200 }, { page, status })
    end
    local function answer(tcp)
      local s = assert(copas_streams.accept(tcp, server_config))
      repeat
        local line = assert(s:receive())
      until line == ""
      asked = asked + 1
      while asked < 3 do
        host.sleep(0.02)
      end
      assert(s:send "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage")
      s:close()
    end
    host.run(function()
      for _ = 1, 3 do
        local tcp = host.accept(listener)
        host.spawn(function()
          answer(tcp)
        end)
      end
    end, fetch, fetch, fetch)
    assert.equal("pagepagepage", table.concat(pages))
    host.close(listener)
  end)
end)
