-- crls.lua: certificate revocation lists from files, directories and lists of them.

local core = require "beartls.core"
local files = require "beartls.files"

local crls = {}

-- As large as the core takes one, and a bundle of some.
local MOST_BYTES = 128 * 1024 * 1024

-- Adds the lists of a text. true, or nil, message, code.
local function add_text(set, text, where)
  local ok, message, code = set:add(text)
  if not ok then
    return nil, where and where .. ": " .. message or message, code
  end
  return true
end

local function add_file(set, path)
  local bytes, message, code = files.read(path, "revocation list", MOST_BYTES)
  if not bytes then
    return nil, message, code
  end
  return add_text(set, bytes, path)
end

-- What is no list there does not matter; a list that cannot be used does: who put it there counts on it.
local function add_directory(set, path)
  for _, file in ipairs(files.in_directory(path)) do
    local ok, message, code = add_file(set, file)
    if not ok and code ~= "config_no_crl" then
      return nil, message, code
    end
  end
  if #set == 0 then
    return nil, "there is no revocation list in the directory " .. path, "config_no_crl"
  end
  return true
end

local function add_path(set, path)
  return (files.is_directory(path) and add_directory or add_file)(set, path)
end

---Reads revocation lists from a file, or from all files of a directory; files there that hold none do not matter.
---@param path string
---@return beartls.crls|nil
---@return string|nil message
---@return string|nil code "io_file", "config_no_crl", "crl_malformed", "crl_unsupported"
function crls.load(path)
  local set = core.crls.new()
  local ok, message, code = add_path(set, path)
  if not ok then
    return nil, message, code
  end
  return set
end

---Reads revocation lists from PEM, any number of them, or DER.
---@param text string
---@return beartls.crls|nil
---@return string|nil message
---@return string|nil code
crls.parse = core.crls.parse

-- A list that beartls.pki has made.
local function is_made(value)
  return type(value) == "table" and type(value.pem) == "function"
end

---Whether the option crls may be this: a file or directory name, lists, or a table of such.
---@param value any
---@return boolean
function crls.is(value)
  if type(value) == "string" or is_made(value) then
    return true
  elseif type(value) == "userdata" then
    local mt = getmetatable(value)
    return type(mt) == "table" and mt.__name == "beartls.crls"
  elseif type(value) ~= "table" then
    return false
  end
  for _, item in ipairs(value) do
    if not (type(item) == "string" or is_made(item)) then
      return false
    end
  end
  return #value > 0
end

---What the option crls says, as lists.
---@param value any as for is
---@return beartls.crls|nil
---@return string|nil message
---@return string|nil code
function crls.of(value)
  if type(value) == "userdata" then
    return value
  elseif type(value) == "string" then
    return crls.load(value)
  end
  local set = core.crls.new()
  for _, item in ipairs(is_made(value) and { value } or value) do
    local ok, message, code
    if type(item) == "string" then
      ok, message, code = add_path(set, item)
    else
      ok, message, code = add_text(set, item:pem())
    end
    if not ok then
      return nil, message, code
    end
  end
  return set
end

return crls
