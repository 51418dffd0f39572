-- certificates.lua -- the certificates of a message: their bytes, whose they are, and objects of the C core for who
-- wants to know more.
local x509 = require "beartls.decode.x509"

local certificates = {}

-- Certificate objects of the C core, made when somebody asks for `chain`; without the core there is
-- none.
local chain_mt = {
  __index = function(fields, key)
    if key ~= "chain" then
      return nil
    end
    local ok, core = pcall(require, "beartls.core")
    local chain = {}
    if ok and type(core) == "table" and core.certificate then
      for i, der in ipairs(fields.certificates) do
        chain[i] = core.certificate.parse(der) or false
      end
    end
    rawset(fields, "chain", chain)
    return chain
  end,
}

---Gives the fields of a message the lists that certificates.add fills: certificates, subjects, issuers; and chain.
---@param fields table
function certificates.begin(fields)
  fields.certificates, fields.subjects, fields.issuers = {}, {}, {}
  setmetatable(fields, chain_mt)
end

---@param fields table
---@param der string
function certificates.add(fields, der)
  local subject, issuer = x509.names(der)
  local n = #fields.certificates + 1
  fields.certificates[n] = der
  fields.subjects[n] = subject or "(not readable)"
  fields.issuers[n] = subject and issuer or "(not readable)"
end

return certificates
