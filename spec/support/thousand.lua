-- thousand.lua: one end of many connections that are all open at once, on one of the event loops.
-- usage: lua spec/support/thousand.lua copas|cqueues|luv server|client PORT CONNECTIONS CA CERTIFICATE KEY
--
-- The server echoes, and says when so many clients are there. The client opens them, says so, then talks once more on
-- each of them, and says that, too.

local host, role, port, wanted = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
-- How many connections are being opened at a time.
local WORKERS = 16

if host == "copas" then
  package.path = package.path .. ";/usr/share/lua/5.1/?.lua" -- where Debian has it
end

local loops = {}

function loops.copas(serve, config)
  local copas, streams = require "copas", require "beartls.copas"
  if serve then
    copas.addserver(assert(require "socket".bind("127.0.0.1", port, 128)), streams.handler(config, serve))
  end
  local running = 0
  return streams, function(f, ...)
    running = running + 1
    copas.addthread(function(...)
      f(...)
      running = running - 1
    end, ...)
  end, function()
    while serve or running > 0 do
      copas.step(1)
    end
  end
end

function loops.cqueues(serve, config)
  local streams, socket = require "beartls.cqueues", require "cqueues.socket"
  local controller = require "cqueues".new()
  if serve then
    local listener = assert(socket.listen("127.0.0.1", port))
    controller:wrap(function()
      streams.serve(controller, listener, config, serve)
    end)
  end
  return streams, function(f, ...)
    controller:wrap(f, ...)
  end, function()
    assert(controller:loop())
  end
end

function loops.luv(serve, config)
  local uv, streams = require "luv", require "beartls.luv"
  if serve then
    assert(streams.listen("127.0.0.1", port, config, serve))
  end
  local running = 0
  return streams, function(f, ...)
    running = running + 1
    streams.go(function(...)
      f(...)
      running = running - 1
    end, ...)
  end, function()
    while serve or running > 0 do
      uv.run "once"
    end
  end
end

io.stdout:setvbuf "line"
local config = assert(require "beartls".config {
  trust = arg[5], certificate = role == "server" and arg[6] or nil, key = role == "server" and arg[7] or nil,
})

local function kilobytes()
  for line in io.lines "/proc/self/status" do
    local size = line:match "^VmRSS:%s+(%d+)"
    if size then
      return size
    end
  end
end

if role == "server" then
  local before, live = kilobytes(), 0
  local _, _, run = loops[host](function(s)
    live = live + 1
    if live == wanted then
      print(("%d live, %d bytes each"):format(live, math.floor((kilobytes() - before) * 1024 / live)))
    end
    while true do
      local data = s:receiveany()
      if not data then
        break
      end
      assert(s:send(data))
    end
    live = live - 1
  end, config)
  run()
else
  local streams, spawn, run = loops[host]()
  local open = {}
  local function talk(s, text)
    assert(s:send(text))
    assert(s:receive() .. "\n" == text)
  end
  for worker = 1, WORKERS do
    spawn(function()
      local ticket -- of the last one, which saves the two processes half of the time
      for i = worker, wanted, WORKERS do
        open[i] = assert(streams.connect("localhost", port, config, { ticket = ticket }))
        talk(open[i], "hello, I am number " .. i .. "\n")
        ticket = open[i]:ticket()
      end
    end)
  end
  run()
  print(#open .. " open")
  local answers = 0
  for i, s in ipairs(open) do
    spawn(function()
      talk(s, "number " .. i .. " is still here\n")
      answers = answers + 1
    end)
  end
  run()
  print(answers .. " answered")
  os.exit(0)
end
