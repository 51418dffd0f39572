-- material.lua: the files that a context is given: keys, certificates, authorities. What goes wrong is said in the
-- words that programs look for: "error loading private key (No such file or directory)".

local core = require "beartls.core"
local luasocket = require "socket"
local options = require "beartls.options"
local system = require "beartls.system"

local material = {}

-- What OpenSSL says, for programs that look for it; otherwise ours.
local reasons = {
  config_no_key = "no start line", config_no_certificate = "no start line",
  config_key_encrypted = "bad decrypt", config_key_password = "bad decrypt",
}

local function trouble(what, message, code)
  local reason = reasons[code] or code == "io_file" and message:match ": ([^:]*)$" or message
  return nil, ("error loading %s (%s)"):format(what, reason)
end

---@param path string
---@param password string|fun():string|nil|nil
---@return beartls.key|nil
---@return string|nil message
function material.key(path, password)
  local key, message, code = options.load_key(path, password)
  if not key then
    return trouble("private key", message, code)
  end
  return key
end

---@param path string
---@return beartls.certificate|nil
---@return string|nil message
function material.certificate(path)
  local certificate, message, code = options.load_certificate(path)
  if not certificate then
    return trouble("certificate", message, code)
  end
  return certificate
end

-- A server with many hosts makes many contexts at once, and their default is a directory of some 140 files. For so many
-- seconds they share what was read.
local FRESH = 1

local recent = {}

local function load_directory(path)
  local now = luasocket.gettime()
  if recent.path ~= path or now - recent.time > FRESH or now < recent.time then
    local trust, message, code = system.load_trust(path)
    if not trust then
      return nil, message, code
    end
    recent = { path = path, time = now, trust = trust }
  end
  return recent.trust
end

---Trust in the authorities of a file and of a directory. A directory that is not there, or has none, is none; the third
---value says why.
---@param file string|nil
---@param directory string|nil
---@return beartls.trust|nil
---@return string|nil message why there is no trust
---@return string|nil directory_message
function material.trust(file, directory)
  local trust = core.trust.new()
  if file then
    local own, message, code = system.load_trust(file)
    if not own then
      return trouble("CA locations", message, code)
    end
    trust = own
  end
  if directory then
    local more, message, code = load_directory(directory)
    if not more then
      return trust, nil, select(2, trouble("CA locations", message, code))
    elseif #trust == 0 then
      return more
    end
    for _, certificate in ipairs(more:list()) do
      trust:add(certificate:der())
    end
  end
  return trust
end

return material
