-- An echo server on each event loop holds a thousand connections at once; the other end does, too.
local process = require "support.process"
local pki = require "support.pki"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local CONNECTIONS = 1000
-- Debian gives a process 1024 files unless it asks for more; cqueues opens some besides those of the connections.
local WITH_FILES = "sh -c " .. process.quote 'ulimit -S -n 4096; exec "$@"' .. " sh "

local function is_there(host)
  local path = host == "copas" and "package.path = package.path .. ';/usr/share/lua/5.1/?.lua' " or ""
  local _, code = process.run(("%s -e %s"):format(LUA, process.quote(path .. "require '" .. host .. "'")))
  return code == 0
end

describe("an echo server with a thousand connections", function()
  teardown(process.cleanup)

  for _, host in ipairs { "copas", "cqueues", "luv" } do
    it("holds them on " .. host, function()
      if not is_there(host) then
        pending("needs lua-" .. host)
        return
      end
      local port = process.free_port()
      local words = { LUA, "spec/support/thousand.lua", host, "%s", port, CONNECTIONS, pki.path "trust.pem",
        pki.path "server_ec.pem", pki.path "server_ec.key" }
      local command = WITH_FILES .. table.concat(words, " ")
      local server = process.start(command:format "server"):wait_for_port(port)
      local output, code = process.run(command:format "client", { seconds = 60 })
      assert.equal(0, code, output .. server:output())
      assert.matches(CONNECTIONS .. " open\n" .. CONNECTIONS .. " answered\n", output, 1, true)
      local live, bytes = server:wait_for "(%d+) live, (%d+) bytes each"
      server:stop()
      assert.equal(CONNECTIONS, tonumber(live))
      if os.getenv "BEARTLS_ASAN" then
        return -- what the sanitizer holds besides
      end
      -- Sessions in the middle of things, coroutines and all; nothing that grows with what has passed.
      assert.is_true(tonumber(bytes) < 64 * 1024, bytes .. " bytes for each connection")
    end)
  end
end)
