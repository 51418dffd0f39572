-- files.lua: the only place where beartls opens files: what C must not do, Lua does and hands over
-- the bytes.

local files = {}

local function sentence(what, path, why)
  return ("cannot read the %s %s: %s"):format(what, path, why)
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
    return nil, sentence(what, path, tostring(why):gsub("^.-: ", "", 1)), "io_file"
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

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
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
