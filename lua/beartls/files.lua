-- files.lua: the only place where beartls opens files: what C must not do, Lua does and hands over
-- the bytes.

local files = {}

local function sentence(what, path, why)
  return ("cannot read the %s %s: %s"):format(what, path, why)
end

---Reads a whole file.
---@param path string
---@param what string what it is for the error's sentence: "certificate file", "key file" ...
---@return string|nil bytes
---@return string|nil message
---@return string|nil code "io_file"
function files.read(path, what)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, sentence(what, path, tostring(why):gsub("^.-: ", "", 1)), "io_file"
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

local function names_in(path)
  local names = {}
  local has_lfs, lfs = pcall(require, "lfs")
  if has_lfs then
    for name in lfs.dir(path) do
      names[#names + 1] = name
    end
    return names
  end
  local list = io.popen("ls -1A -- " .. quoted(path) .. " 2>/dev/null")
  for name in list:lines() do
    names[#names + 1] = name
  end
  list:close()
  return names
end

---The paths of the files in a directory that may hold certificates, sorted by name: *.pem, *.crt,
---*.cer and OpenSSL's hashed names (a1b2c3d4.0). Uses lfs where it is installed, else the shell.
---@param path string
---@return string[]
function files.certificates_in(path)
  local found = {}
  for _, name in ipairs(names_in(path)) do
    if name:find("%.pem$") or name:find("%.crt$") or name:find("%.cer$") or name:find("^%x+%.%d+$") then
      found[#found + 1] = path .. "/" .. name
    end
  end
  table.sort(found)
  return found
end

return files
