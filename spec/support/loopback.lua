-- loopback.lua: streams against each other: over wires in memory that can misbehave, over LuaSocket
-- in one process, and against a child process.

local luasocket = require "socket"
local pair = require "support.pair"
local stream = require "beartls.stream"
local tls = require "beartls"

local loopback = {}

-- Bounds every loop: a spec that goes round more often than this is stuck.
local ROUNDS = 200000
-- Bounds every wait for a socket and every child, in seconds.
local PATIENCE = 30

---A client's and a server's config that work against each other.
function loopback.configs(client, server)
  local client_config = assert(tls.config(pair.client_options(client)))
  return client_config, assert(tls.config(pair.server_options(server)))
end

---A client and a server session of these options.
function loopback.sessions(client, server, name)
  local client_config, server_config = loopback.configs(client, server)
  return assert(client_config:client(name or "localhost")), assert(server_config:server())
end

-- What a code says is to be waited for, or false.
local function wanted(code)
  return code == "want_read" and "read" or code == "want_write" and "write"
end

-- ---- wires in memory ----

local function new_direction()
  return { bytes = "", log = {}, ended = false }
end

-- A transport of the kind that polls. Fields that a spec may set: capacity (how many bytes are
-- under way at most), piece (how many are received at a time), on_wait (function(want), what `wait`
-- does), broken (an error for send).
local polling = {}
polling.__index = polling

function polling:send(bytes, first)
  local to = self.to
  if self.broken or to.gone then
    return nil, self.broken or "closed", first - 1
  end
  local room = math.min(self.capacity - #to.bytes, #bytes - first + 1)
  if room <= 0 then
    return nil, "want_write", first - 1
  end
  local part = bytes:sub(first, first + room - 1)
  to.bytes = to.bytes .. part
  to.log[#to.log + 1] = part
  local last = first + room - 1
  if last < #bytes then
    return nil, "want_write", last
  end
  return last
end

function polling:receive()
  local from = self.from
  if from.bytes ~= "" then
    local part = from.bytes:sub(1, self.piece)
    from.bytes = from.bytes:sub(#part + 1)
    return part
  elseif from.ended then
    return nil, self.receive_error or "closed"
  end
  return nil, "want_read"
end

function polling:wait(want)
  if self.on_wait then
    return self.on_wait(want)
  end
  return false
end

function polling:begin(seconds)
  self.limit = seconds
end

function polling:close()
  self.closed = true
  self.to.ended = true
  self.from.gone = true
end

function polling:shutdown(how)
  self.shut = how
  if how ~= "receive" then
    self.to.ended = true
  end
end

-- A transport of the kind that waits inside send and receive: its coroutine yields there.
local waiting = { begin = polling.begin, close = polling.close, shutdown = polling.shutdown }
waiting.__index = waiting

function waiting:send(bytes, first)
  while true do
    local last, err, partial = polling.send(self, bytes, first)
    if last or err ~= "want_write" then
      return last, err, partial
    end
    first = partial + 1
    coroutine.yield "write"
  end
end

function waiting:receive()
  while true do
    local bytes, err = polling.receive(self)
    if bytes or err ~= "want_read" then
      return bytes, err
    end
    coroutine.yield "read"
  end
end

local function new_transport(kind, to, from)
  return setmetatable({ to = to, from = from, capacity = math.huge, piece = 65536 }, kind)
end

---Two transports, one for each end of a wire. kind: "polling" (unless given) or "waiting".
function loopback.wire(kind)
  local methods = kind == "waiting" and waiting or polling
  local there, back = new_direction(), new_direction()
  return new_transport(methods, there, back), new_transport(methods, back, there)
end

---Two streams, client and server, and their transports; how: { client = options, server = options,
---name =, kind =, stream = options of the streams }.
function loopback.streams(how)
  how = how or {}
  local client, server = loopback.sessions(how.client, how.server, how.name)
  local there, back = loopback.wire(how.kind)
  return stream.new(client, there, how.stream), stream.new(server, back, how.stream), there, back
end

---Handshakes both until neither wants to go on: what each said last.
function loopback.shake(client, server)
  local a, b
  for _ = 1, ROUNDS do
    a = { client:handshake() }
    b = { server:handshake() }
    if not wanted(a[3]) and not wanted(b[3]) then
      return a, b
    end
  end
  error("the handshake does not end")
end

---All that has gone over one direction of a wire.
function loopback.logged(transport)
  return table.concat(transport.to.log)
end

---Runs functions as coroutines, in turn, until all have returned.
function loopback.run(...)
  local tasks = {}
  for i, f in ipairs { ... } do
    tasks[i] = coroutine.create(f)
  end
  for _ = 1, ROUNDS do
    local alive = false
    for _, task in ipairs(tasks) do
      if coroutine.status(task) ~= "dead" then
        local ok, err = coroutine.resume(task)
        if not ok then
          error(type(err) == "string" and debug.traceback(task, err) or err, 0)
        end
        alive = true
      end
    end
    if not alive then
      return
    end
  end
  error("the coroutines do not come to an end", 2)
end

---Two open streams in memory, and their transports.
function loopback.open(how)
  local client, server, there, back = loopback.streams(how)
  loopback.run(function()
    repeat
      local ok, message, code = client:handshake()
      assert(ok or wanted(code), message)
      coroutine.yield()
    until ok
  end, function()
    repeat
      local ok, message, code = server:handshake()
      assert(ok or wanted(code), message)
      coroutine.yield()
    until ok
  end)
  return client, server, there, back
end

-- ---- LuaSocket in one process ----

---A listening socket on a free port.
function loopback.listen(address)
  local listener = assert(luasocket.bind(address or "127.0.0.1", 0))
  listener:settimeout(PATIENCE)
  local _, port = listener:getsockname()
  return listener, math.floor(tonumber(port))
end

---Both ends of a TCP connection.
function loopback.connected()
  local listener, port = loopback.listen()
  local client = assert(luasocket.connect("127.0.0.1", port))
  local server = assert(listener:accept())
  listener:close()
  return client, server
end

-- Tasks give these back to loopback.select.
local function wait_for(object, want)
  coroutine.yield { object = object, want = want }
end

---Within a task of loopback.select: calls that wait instead of saying want_read or want_write.
function loopback.handshake(s)
  while true do
    local ok, message, code = s:handshake()
    if not wanted(code) then
      return ok, message, code
    end
    assert(s:want() == wanted(code), "want() disagrees")
    wait_for(s, s:want())
  end
end

function loopback.send(s, data)
  local first = 1
  while true do
    local last, message, partial, code = s:send(data, first)
    if not wanted(code) then
      return last, message, partial, code
    end
    first = partial + 1
    wait_for(s, wanted(code))
  end
end

function loopback.receive(s, pattern)
  local prefix
  while true do
    local data, message, partial, code = s:receive(pattern, prefix)
    if not wanted(code) then
      return data, message, partial, code
    end
    prefix = partial
    wait_for(s, wanted(code))
  end
end

---A task that passes on what it receives from one plain socket to another, n bytes at a time.
function loopback.passes_on(from, to, n)
  return function()
    from:settimeout(0)
    while true do
      local data, err = from:receive(n)
      if data then
        to:send(data) -- in vain if the other side has gone
      elseif err == "timeout" then
        wait_for(from, "read")
      else
        to:shutdown "send"
        return
      end
    end
  end
end

---Runs functions as coroutines that wait with socket.select, until all have returned.
function loopback.select(...)
  local tasks = {}
  for i, f in ipairs { ... } do
    tasks[i] = { thread = coroutine.create(f) }
  end
  local deadline = luasocket.gettime() + PATIENCE
  while #tasks > 0 do
    local readers, writers = {}, {}
    for i = #tasks, 1, -1 do
      local task = tasks[i]
      if not task.wait or task.ready then
        local ok, wait = coroutine.resume(task.thread)
        if not ok then
          error(type(wait) == "string" and debug.traceback(task.thread, wait) or wait, 0)
        end
        task.wait, task.ready = wait, false
      end
      if coroutine.status(task.thread) == "dead" then
        table.remove(tasks, i)
      else
        local list = task.wait.want == "read" and readers or writers
        list[#list + 1] = task.wait.object
      end
    end
    if #tasks > 0 then
      local readable, writable, err = luasocket.select(readers, writers, PATIENCE)
      if err or luasocket.gettime() > deadline then
        error("nothing moves any more", 2)
      end
      for _, task in ipairs(tasks) do
        local ready = task.wait.want == "read" and readable or writable
        task.ready = ready[task.wait.object] ~= nil
      end
    end
  end
end

-- ---- child processes ----

-- The Lua that runs this.
local function interpreter()
  local i = 0
  while arg[i - 1] do
    i = i - 1
  end
  return arg[i]
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local prelude = [[
package.path, package.cpath = %q, %q
local loopback = require "support.loopback"
local luasocket = require "socket"
local socket = require "beartls.socket"
local function main(...) %s
end
main(%s)
]]

---Runs Lua text in another process; it sees loopback, luasocket, socket (beartls.socket) and `...`,
---the other arguments. What it prints can be read from the file that is returned; closing that
---waits for its end, which `timeout` ensures.
function loopback.child(body, ...)
  local given = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    given[i] = type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local text = prelude:format(package.path, package.cpath, body, table.concat(given, ", "))
  local command = ("timeout %d %s -e %s 2>&1"):format(PATIENCE, interpreter(), quoted(text))
  return assert(io.popen(command))
end

-- What every child that serves begins and ends with.
local serving = [[
  io.stdout:setvbuf "no"
  local listener, port = loopback.listen(%q)
  local _, config = loopback.configs(nil, %s)
  print(port)
  %s
  print "done"
]]

---A child that listens: `body` sees listener and config besides. Returns the child, whose next line
---is the port.
function loopback.serve(body, server_options, address, ...)
  return loopback.child(serving:format(address or "127.0.0.1", server_options or "nil", body), ...)
end

---Ends a child: fails unless it has said that it is done.
function loopback.finish(child)
  local said = child:read "*a"
  child:close()
  assert(said:match "done\n$", "the child said: " .. said)
end

return loopback
