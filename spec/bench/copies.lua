-- copies.lua: how often a byte of application data is copied on each side, counted and not reckoned:
-- a process of its own runs under copies.c, which stands in for memcpy and memmove.
--
-- Of a session, with strings in and out, that is at most two on each side: write copies the
-- plaintext into the queue, where it is sealed in place, and drain makes a string of the records;
-- feed copies the records into the queue, where they are opened in place, and read makes a string of
-- the plaintext. A stream adds nothing to that, but joins pieces when it is asked for more than 32 KB at
-- once. What the kernel and LuaSocket copy is not counted here.

local measure = require "bench.measure"
local peers = require "bench.peers"
local report = require "bench.report"
local stream = require "beartls.stream"

local copies = {}

local MESSAGE, TIMES = 262144, 4
local suites = {
  { "AES128-GCM", "ecdsa_gcm" }, { "ChaCha20-Poly1305", "ecdsa_chacha" },
}

local ways = {
  { "record", "a session, 16 KB at a time" }, { "session", "a session, 256 KB" },
  { "stream", "a stream, 16 KB at a time" }, { "whole", "a stream, 256 KB" },
}

-- A session's messages of so many bytes from one to the other: what the sender copies, and the receiver.
local function through_session(size)
  return function(copied, from, to)
    local message = ("x"):rep(size)
    local sender, receiver = 0, 0
    for _ = 1, MESSAGE / size do
      local start = copied()
      assert(from:write(message))
      local records = assert(from:drain())
      local sent = copied()
      assert(to:feed(records))
      assert(#assert(to:read()) == size)
      sender, receiver = sender + sent - start, receiver + copied() - sent
    end
    return sender, receiver
  end
end

-- A transport that copies nothing: it hands strings on.
local function hand_on()
  local there, back = {}, {}
  local function new(to, from)
    return {
      send = function(_, bytes, first)
        assert(first == 1)
        to[#to + 1] = bytes
        return #bytes
      end,
      receive = function()
        if from[1] then
          return table.remove(from, 1)
        end
        return nil, "want_read"
      end,
      close = function() end,
    }
  end
  return new(there, back), new(back, there)
end

-- The same between streams, where the receiver asks for so many bytes at a time.
local function through_stream(size)
  return function(copied, from, to)
    local message = ("x"):rep(MESSAGE)
    local start = copied()
    assert(from:send(message))
    local sent = copied()
    for _ = 1, MESSAGE / size do
      assert(#assert(to:receive(size)) == size)
    end
    return sent - start, copied() - sent
  end
end

local function streams(suite)
  local library = peers.library("memory", suite, "x25519")
  local client_end, server_end = hand_on()
  local client = stream.new(library.client().session, client_end)
  local server = stream.new(library.server().session, server_end)
  repeat
    client:handshake()
  until server:handshake() and client:handshake()
  return client, server
end

---In the child: prints what it has counted.
---@param lib string where copies.so is
function copies.child(lib)
  local copied = assert(package.loadlib(lib, "luaopen_copies"))()
  local function count(name, through, from, to)
    through(copied, from, to)
    local sender, receiver = 0, 0
    for _ = 1, TIMES do
      local sent, received = through(copied, from, to)
      sender, receiver = sender + sent, receiver + received
    end
    print(("%s.sender %f"):format(name, sender / TIMES / MESSAGE))
    print(("%s.receiver %f"):format(name, receiver / TIMES / MESSAGE))
  end
  for _, suite in ipairs(suites) do
    local client, server = peers.open(peers.library("memory", suite[2], "x25519"))
    count(suite[2] .. ".session", through_session(MESSAGE), client.session, server.session)
    count(suite[2] .. ".record", through_session(16384), client.session, server.session)
    client, server = streams(suite[2])
    count(suite[2] .. ".stream", through_stream(16384), client, server)
    count(suite[2] .. ".whole", through_stream(MESSAGE), client, server)
  end
end

local function find_library()
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("%?", "copies")
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

function copies.run()
  local lib = find_library()
  if not lib or os.getenv "LD_PRELOAD" then
    report.line("  Copies were not counted: " .. (lib and "something else is preloaded" or "copies.so is not built"))
    return
  end
  local counted = measure.child("bench.copies", (".child %q"):format(lib), "LD_PRELOAD=" .. lib)
  report.section("copies of a byte of application data", "sender", "receiver")
  for _, suite in ipairs(suites) do
    for _, way in ipairs(ways) do
      local name = ("%s.%s."):format(suite[2], way[1])
      report.plain(("%s, %s"):format(suite[1], way[2]), counted[name .. "sender"], counted[name .. "receiver"])
    end
  end
end

return copies
