-- info.lua: what was negotiated, in OpenSSL's words.

local suites = require "beartls.luasec.suites"

---What a session has negotiated.
---@param session beartls.session
---@return table|nil
return function(session)
  local suite = suites.by_name[session:cipher() or ""]
  if not suite then
    return nil
  end
  return {
    protocol = session:version(), cipher = suite.openssl, bits = suite.bits, algbits = suite.algbits, key = suite.key,
    authentication = suite.authentication, encryption = suite.encryption, mac = suite.mac, export = false,
  }
end
