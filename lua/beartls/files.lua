-- files.lua: the only place where beartls opens files: what C must not do, Lua does and hands over
-- the bytes.

local core = require "beartls.core"
local text = require "beartls.decode.text"

local files = {}

local function sentence(what, path, why, verb)
  return ("cannot %s the %s %s: %s"):format(verb or "read", what, path, tostring(why):gsub("^.-: ", "", 1))
end

---Reads a whole file.
---@param path string
---@param what string what it is for the error's sentence: "certificate file", "key file" ...
---@param most integer|nil a larger file, in bytes, is refused
---@return string|nil bytes
---@return string|nil message
---@return string|nil code "io_file"
function files.read(path, what, most)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, sentence(what, path, why), "io_file"
  end
  local size = most and file:seek "end"
  if size and (size > most or not file:seek "set") then
    file:close()
    return nil, sentence(what, path, ("it is larger than %d bytes"):format(most)), "io_file"
  end
  local bytes, reason = file:read("*a")
  file:close()
  if not bytes then
    return nil, sentence(what, path, reason or "it is not a file"), "io_file"
  end
  return bytes
end

---@param path string
---@return boolean
function files.is_directory(path)
  local file = io.open(path, "rb")
  if not file then
    return false
  end
  -- Reading from a directory is an error of its own (EISDIR), wherever opening one is none.
  local bytes, _, code = file:read(1)
  file:close()
  return bytes == nil and code == 21
end

---@param path string
---@return boolean
function files.exists(path)
  local file, _, code = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil or code ~= 2 -- ENOENT
end

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

-- Runs a command of sh; whether it succeeded.
local function run(command, ...)
  local words = { command }
  for i, path in ipairs { ... } do
    words[i + 1] = quoted(path)
  end
  local ok = os.execute("exec 2>/dev/null; " .. table.concat(words, " "))
  return ok == true or ok == 0
end

-- Opens, writes and closes; the disk may be full.
local function write(path, mode, bytes, what)
  local file, why = io.open(path, mode)
  if file then
    file:setvbuf("full", #bytes + 1) -- one write
    local ok, reason = file:write(bytes)
    local closed, problem = file:close()
    if ok and closed then
      return true
    end
    why = reason or problem
  end
  return nil, sentence(what, path, why or "it is not a file", "write"), "io_file"
end

---Appends to a file in one write. A file that is not there is made, for its owner alone. A last line that has no end
---gets one before.
---@param path string
---@param bytes string
---@param what string
---@return true|nil
---@return string|nil message
---@return string|nil code "io_file"
function files.append(path, bytes, what)
  if not files.exists(path) then
    run("umask 077; : >>", path)
  end
  local file = io.open(path, "rb")
  if file then
    if file:seek("end", -1) and file:read(1) ~= "\n" then
      bytes = "\n" .. bytes
    end
    file:close()
  end
  return write(path, "ab", bytes, what)
end

---Puts other bytes into a file, all or nothing; it keeps its mode.
---@param path string
---@param bytes string
---@param what string
---@return true|nil
---@return string|nil message
---@return string|nil code "io_file"
function files.replace(path, bytes, what)
  local new = path .. ".new"
  local ok, message, code = run("cp -p --", path, new), nil, nil
  if ok then
    ok, message, code = write(new, "wb", bytes, what)
  end
  if ok then
    ok, message = os.rename(new, path)
  end
  if ok then
    return true
  end
  os.remove(new)
  return nil, code and message or sentence(what, path, message or "its directory cannot be written to", "write"),
    "io_file"
end

-- Lua opens files with whatever mode the process has, and truncates what is there. The shell can do better: with
-- noclobber it creates a file or fails, in one step (O_EXCL), and the umask gives the file its mode in that same step,
-- so that a private key is nobody else's for not one moment, and no file or link that somebody puts there is ever
-- written to. What cannot be written has to be read to its end all the same, lest SIGPIPE kills us.
local function pour(path, bytes, private)
  local pipe = io.popen(("%sset -C; { cat >%s; } 2>/dev/null || cat >/dev/null"):format(
    private and "umask 077; " or "", quoted(path)), "w")
  pipe:write(bytes)
  pipe:close()
end

---Creates a file; one that is there already stays as it is, unless it is to be replaced: then it is the old one or the
---new one at every moment, with the new one's mode.
---@param path string
---@param bytes string
---@param how { private: boolean|nil, replace: boolean|nil }|nil private: nobody but its owner may read it
---@return true|nil
---@return string|nil message
---@return string|nil code "io_exists", "io_file"
function files.create(path, bytes, how)
  how = how or {}
  if files.exists(path) and not how.replace then
    return nil, path .. " is there already", "io_exists"
  end
  local target = how.replace and ("%s.%s"):format(path, text.hex(core.random(8))) or path
  pour(target, bytes, how.private)
  if files.read(target, "file") ~= bytes then
    return nil, ("cannot write %s: is its directory there, and may you write to it?"):format(path), "io_file"
  end
  if how.replace then
    local renamed, why = os.rename(target, path)
    if not renamed then
      os.remove(target)
      return nil, ("cannot replace %s: %s"):format(path, tostring(why)), "io_file"
    end
  end
  return true
end

---Makes a directory, and those above it, where they are not there.
---@param path string
---@return true|nil
---@return string|nil message
---@return string|nil code "io_file"
function files.make_directory(path)
  if not (run("mkdir -p --", path) or files.is_directory(path)) then
    return nil, "cannot make the directory " .. path, "io_file"
  end
  return true
end

-- Both give a list of { name, identity of the file itself }, of regular files, links followed.

local function list_with_lfs(lfs, path)
  local list = {}
  for name in lfs.dir(path) do
    local whole = path .. "/" .. name
    if lfs.attributes(whole, "mode") == "file" then
      list[#list + 1] = { name, lfs.attributes(whole, "dev") .. ":" .. lfs.attributes(whole, "ino") }
    end
  end
  return list
end

-- POSIX: -i the file's number, -L of what a link points at, -F what kind it is: a file has no mark, or "*".
local function list_with_ls(path)
  local list = {}
  local pipe = io.popen("LC_ALL=C ls -1AiLF -- " .. quoted(path) .. " 2>/dev/null")
  for line in pipe:lines() do
    local number, name, mark = line:match "^%s*(%d+) (.-)([*/@|=]?)$"
    if number and (mark == "" or mark == "*") then
      list[#list + 1] = { name, number }
    end
  end
  pipe:close()
  return list
end

---The paths of the regular files in a directory, sorted by name; a file that has several names there (as in a directory
---that `openssl rehash` has made) comes once. Hidden files and backups (`name~`) are left out. Uses lfs where it is
---installed, else the shell.
---@param path string
---@return string[]
function files.in_directory(path)
  local has_lfs, lfs = pcall(require, "lfs")
  local list = has_lfs and list_with_lfs(lfs, path) or list_with_ls(path)
  table.sort(list, function(a, b) return a[1] < b[1] end)
  local paths, seen = {}, {}
  for _, entry in ipairs(list) do
    local name, identity = entry[1], entry[2]
    if not seen[identity] and not name:find "^%." and not name:find "~$" then
      seen[identity] = true
      paths[#paths + 1] = path .. "/" .. name
    end
  end
  return paths
end

return files
