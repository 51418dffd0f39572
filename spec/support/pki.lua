-- pki.lua: the fixed certificates of spec/pki and the moment at which the specs' clock stands still.

local pki = {}

local manifest = dofile "spec/pki/manifest.lua"

pki.NOW = manifest.NOW

---For config.time.
function pki.now()
  return pki.NOW
end

---The path of a fixture.
---@param name string such as "server_rsa.pem"
function pki.path(name)
  return "spec/pki/" .. name
end

---The bytes of a fixture.
---@param name string
function pki.read(name)
  local file = assert(io.open(pki.path(name), "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

return pki
