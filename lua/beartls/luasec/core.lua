-- core.lua: what LuaSec's ssl.core has, for programs that use it by itself.

local connection = require "beartls.luasec.connection"
local object = require "beartls.luasec.object"
require "beartls.luasec.questions"

local core = { SOCKET_INVALID = -1, create = connection.new, setfd = connection.setfd }

---@return string
function core.copyright()
  return "LuaSec's surface on beartls"
end

---Adds a method to all connections.
---@param name string
---@param method function
function core.setmethod(name, method)
  connection.methods[object.check_string(name, 1, "setmethod")] = method
end

---There is no compression.
---@param self userdata
---@return nil
---@return string|nil err
function core.compression(self)
  local _, err = connection.methods.info(self)
  return nil, err
end

---The suite in OpenSSL's words, its bits, those of its key, the version.
---@param self userdata
---@return string|nil description
---@return number|string|nil bits or why there is nothing
---@return number|nil algbits
---@return string|nil version
function core.info(self)
  local all, err = connection.methods.info(self)
  if not all then
    return nil, err
  end
  return ("%s %s Kx=%s Au=%s Enc=%s Mac=%s"):format(all.cipher, all.protocol, all.key, all.authentication,
    all.encryption, all.mac), all.bits, all.algbits, all.protocol
end

return core
