-- stdin.lua: standard input as something that socket.select can wait for, beside a connection.
--
-- select wants descriptors, and Lua's files hide theirs; but that of standard input is 0, and an
-- object with a getfd method will do. Reading must then take what is there and not wait for more.
-- LuaSocket's serial ports read in that way from whatever descriptor they are given. Where LuaSocket
-- has none, one byte is read after each select, unbuffered: slow, but never late.

local stdin = {}

-- What is read at a time, at most.
local CHUNK = 16384

local serial_methods = {}
serial_methods.__index = serial_methods

function serial_methods.getfd()
  return 0
end

function serial_methods:dirty()
  return self.port:dirty()
end

-- receive(1) reads all that is there into LuaSocket's buffer and gives the first byte of it.
function serial_methods:read()
  local parts, n = {}, 0
  repeat
    local byte = self.port:receive(1)
    if not byte then
      break
    end
    n = n + 1
    parts[n] = byte
  until n == CHUNK or not self.port:dirty()
  return n > 0 and table.concat(parts) or nil
end

-- Whoever collects the port must not close standard input.
function serial_methods:close()
  self.port:setfd(-1)
end

local byte_methods = { getfd = serial_methods.getfd }
byte_methods.__index = byte_methods

function byte_methods.dirty()
  return false
end

function byte_methods:read()
  return self.file:read(1)
end

function byte_methods.close()
end

-- A file that never keeps anybody waiting: there is always something to read, or the end.
local file_methods = { always_ready = true, close = byte_methods.close }
file_methods.__index = file_methods

function file_methods:read()
  return self.file:read(CHUNK)
end

-- Only files can be sought in; should a terminal claim it, too, it is asked in its own way.
local function is_on_disk(file)
  if not file:seek "cur" then
    return false
  end
  local result = os.execute "test -t 0 2>/dev/null"
  return result ~= true and result ~= 0
end

---Standard input, or the file that stands for it: an object with getfd, dirty, read -> bytes or nil
---at the end, and close. Open it before any socket, lest one takes a descriptor 0 that was closed.
---@param file file*
---@return table
function stdin.open(file)
  if file ~= io.stdin or is_on_disk(file) then
    return setmetatable({ file = file }, file_methods)
  end
  local has_serial, serial = pcall(require, "socket.serial")
  local port = has_serial and type(serial) == "function" and serial "/dev/null"
  if port then
    port:setfd(0)
    port:settimeout(0)
    return setmetatable({ port = port }, serial_methods)
  end
  file:setvbuf "no"
  return setmetatable({ file = file }, byte_methods)
end

return stdin
