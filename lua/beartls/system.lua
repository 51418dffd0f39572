-- system.lua: where this system keeps the roots that it trusts.

local core = require "beartls.core"
local files = require "beartls.files"

local system = {}

-- The first that can be read counts.
system.bundles = {
  "/etc/ssl/certs/ca-certificates.crt", -- Debian, Ubuntu, Alpine, Arch, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", -- Fedora, RHEL
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", -- newer Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", -- openSUSE
  "/etc/ssl/cert.pem", -- macOS, OpenBSD, FreeBSD, Alpine
  "/usr/local/share/certs/ca-root-nss.crt", -- FreeBSD
  "/etc/openssl/certs/ca-certificates.crt", -- NetBSD
}

local function parse(bytes, path)
  local trust, message, code = core.trust.parse(bytes)
  if not trust then
    return nil, path .. ": " .. message, code
  end
  return trust
end

---Reads trust anchors from a file, or from all certificate files of a directory.
---@param path string
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code
function system.load_trust(path)
  if not files.is_directory(path) then
    local bytes, message, code = files.read(path, "trust file")
    if not bytes then
      return nil, message, code
    end
    return parse(bytes, path)
  end
  local trust = core.trust.new()
  for _, file in ipairs(files.certificates_in(path)) do
    -- One unreadable file must not lose the others.
    local bytes = files.read(file, "trust file")
    if bytes then
      trust:add(bytes)
    end
  end
  if #trust == 0 then
    return nil, "there is no certificate in the directory " .. path, "config_no_certificate"
  end
  return trust
end

local loaded

---The system's trust anchors, loaded once: from SSL_CERT_FILE or SSL_CERT_DIR where they are set,
---else from the usual places.
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code
function system.trust()
  if loaded then
    return loaded
  end
  local named = os.getenv("SSL_CERT_FILE") or os.getenv("SSL_CERT_DIR")
  if named then
    local trust, message, code = system.load_trust(named)
    loaded = trust
    return trust, message, code
  end
  for _, path in ipairs(system.bundles) do
    local bytes = files.read(path, "trust file")
    if bytes then
      local trust, message, code = parse(bytes, path)
      loaded = trust
      return trust, message, code
    end
  end
  return nil, "this system has no bundle of trusted roots in any usual place: install ca-certificates, "
    .. "or give the trust option or SSL_CERT_FILE", "config_no_trust"
end

return system
