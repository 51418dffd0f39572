-- process.lua: other programs, each bounded in time: run one to its end, or start one, wait until
-- it is ready, and stop it. Everything goes through sh and coreutils' timeout, on loopback.

local luasocket = require "socket"

local process = {}
process.__index = process

-- Between two looks at a file, in seconds.
local PAUSE = 0.01
-- How long a program may take to become ready or to stop, unless the caller says otherwise.
local PATIENCE = 15
-- How long a program that was started may live, unless the caller says otherwise.
local LIFE = 60

local directories, started = {}, {}

---Text as one word of sh.
function process.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read "*a"
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

process.read_file, process.write_file = read_file, write_file

-- The Lua that runs the specs, and whether a sanitizer is preloaded for it.
local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local PRELOADED = os.getenv "LD_PRELOAD" ~= nil

-- What stands before a command in sh. Servers live in sbin; a sanitizer is for Lua: curl hangs with it.
local function settings(command, env)
  local words = { 'PATH="$PATH:/usr/sbin:/sbin" ' }
  if PRELOADED and not command:find(LUA, 1, true) then
    words[2] = "LD_PRELOAD= "
  end
  for name, value in pairs(env or {}) do
    words[#words + 1] = name .. "=" .. process.quote(value) .. " "
  end
  return table.concat(words)
end

local function until_true(seconds, condition)
  local deadline = luasocket.gettime() + (seconds or PATIENCE)
  repeat
    local result = condition()
    if result then
      return result
    end
    luasocket.sleep(PAUSE)
  until luasocket.gettime() > deadline
  return false
end

---Runs a command line of sh to its end.
---@param command string
---@param how table|nil { seconds = limit, input = text for its stdin, env = { NAME = value } }
---@return string output stdout and stderr together
---@return integer code 124 when it took too long
function process.run(command, how)
  how = how or {}
  local input = "/dev/null"
  if how.input then
    input = os.tmpname()
    write_file(input, how.input)
  end
  local line = "%stimeout -k 2 %d sh -c %s <%s 2>&1; code=$?; echo; echo $code"
  local pipe = assert(io.popen(line:format(settings(command, how.env), how.seconds or PATIENCE,
    process.quote(command), process.quote(input))))
  local all = pipe:read "*a"
  pipe:close()
  if how.input then
    os.remove(input)
  end
  local output, code = all:match "^(.*)\n(%d+)\n$"
  return output, tonumber(code)
end

---Whether a program is installed.
function process.has(name)
  local _, code = process.run("command -v " .. process.quote(name))
  return code == 0
end

---A new empty directory; process.cleanup removes it.
function process.tmpdir()
  local pipe = assert(io.popen "mktemp -d /tmp/beartls.XXXXXX")
  local path = assert(pipe:read "*l", "mktemp made no directory")
  pipe:close()
  directories[#directories + 1] = path
  return path
end

---A TCP port of loopback that nobody used a moment ago.
function process.free_port()
  local socket = assert(luasocket.bind("127.0.0.1", 0))
  local _, port = socket:getsockname()
  socket:close()
  return math.floor(tonumber(port))
end

-- Looks instead of connecting: a server that serves one connection must not lose it to us.
local function listens(port)
  local pattern = (":%04X [%%x]+:%%x+ 0A "):format(port)
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    local text = read_file(path)
    if text and text:find(pattern) then
      return true
    end
  end
  return false
end

---Starts a program and returns at once. Its stdout and stderr go to files: see p:output().
---@param command string one simple command of sh: no pipes, no lists
---@param how table|nil { seconds = how long it may live, input = text for its stdin (then its end),
---  open = true (stdin stays open: p:send), env = { NAME = value }, dir = where its files go }
function process.start(command, how)
  how = how or {}
  local p = setmetatable({ command = command, dir = how.dir or process.tmpdir() }, process)
  local base = p.dir .. "/process" .. #started + 1
  p.files = {}
  for _, kind in ipairs { "out", "err", "pid", "status", "input" } do
    p.files[kind] = base .. "." .. kind
  end
  write_file(p.files.out, "")
  write_file(p.files.err, "")
  local stdin = "</dev/null"
  if how.open then
    -- Opened for reading and writing, it neither blocks nor ever ends.
    os.execute("mkfifo " .. process.quote(p.files.input))
    stdin = "<>" .. process.quote(p.files.input)
  elseif how.input then
    write_file(p.files.input, how.input)
    stdin = "<" .. process.quote(p.files.input)
  end
  -- timeout makes a process group of its own, and the shell around it notes how it ended.
  local line = "(%stimeout -k 2 %d %s %s >%s 2>%s & echo $! >%s; wait $!; echo $? >%s) >/dev/null 2>&1 &"
  os.execute(line:format(settings(command, how.env), how.seconds or LIFE, command, stdin, p.files.out,
    p.files.err, p.files.pid, p.files.status))
  p.pid = until_true(PATIENCE, function()
    return tonumber((read_file(p.files.pid) or ""):match "^(%d+)\n")
  end)
  assert(p.pid, "cannot start " .. command)
  started[#started + 1] = p
  return p
end

---Its exit code, or nil while it runs.
function process:exit_code()
  return tonumber((read_file(self.files.status) or ""):match "^(%d+)\n")
end

---What it has printed so far: stdout, then stderr.
function process:output()
  return (read_file(self.files.out) or "") .. (read_file(self.files.err) or "")
end

---Writes to its stdin (started with `open`).
function process:send(text)
  write_file(self.files.input, text)
end

function process:fail(what)
  error(("%s: %s; it said:\n%s"):format(self.command, what, self:output()), 3)
end

---Waits until it listens on a port, without connecting; raises when that does not happen.
function process:wait_for_port(port, seconds)
  until_true(seconds, function()
    return listens(port) or self:exit_code()
  end)
  if not listens(port) then
    self:fail(("does not listen on %d (exit code %s)"):format(port, tostring(self:exit_code())))
  end
  return self
end

---Waits until it has printed something that matches a pattern; raises when that does not happen.
---@return string ... what the pattern captures
function process:wait_for(pattern, seconds)
  local ended
  until_true(seconds, function()
    ended = self:exit_code()
    return self:output():find(pattern) or ended
  end)
  if not self:output():find(pattern) then
    self:fail(("did not print %q (exit code %s)"):format(pattern, tostring(ended)))
  end
  return self:output():match(pattern)
end

---Waits for its end; raises when it does not come.
---@return integer code
---@return string output
function process:wait(seconds)
  local code = until_true(seconds, function()
    return self:exit_code()
  end)
  if not code then
    self:fail "does not end"
  end
  return code, self:output()
end

---Ends it, if it has not ended, with its children.
---@return string output
function process:stop(signal)
  if not self:exit_code() then
    os.execute(("kill -%s %d 2>/dev/null"):format(signal or "TERM", self.pid))
    local function ended()
      return self:exit_code()
    end
    if not until_true(3, ended) then
      os.execute(("kill -KILL -- -%d 2>/dev/null"):format(self.pid))
      until_true(3, ended)
    end
  end
  return self:output()
end

---Stops what was started and removes what was made: for after_each and teardown.
function process.cleanup()
  for i = #started, 1, -1 do
    started[i]:stop()
    started[i] = nil
  end
  for i = #directories, 1, -1 do
    os.execute("rm -rf " .. process.quote(directories[i]))
    directories[i] = nil
  end
end

return process
