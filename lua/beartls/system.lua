-- system.lua: trust from files and directories, and where this system keeps the roots that it trusts.

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
  "/usr/local/share/certs/ca-root-nss.crt", -- FreeBSD, with ports
  "/usr/local/etc/ssl/cert.pem", -- FreeBSD, DragonFly
  "/etc/openssl/certs/ca-certificates.crt", -- NetBSD
  "/usr/local/etc/openssl/cert.pem", "/opt/homebrew/etc/openssl@3/cert.pem", -- macOS with Homebrew
}

-- When there is no bundle: the first with a certificate in it counts.
system.directories = {
  "/etc/ssl/certs", -- Debian and many more
  "/etc/pki/tls/certs", -- Fedora, RHEL
  "/usr/share/certs/trusted", -- FreeBSD
  "/etc/openssl/certs", -- NetBSD
  "/system/etc/security/cacerts", -- Android
}

-- What is no bundle of roots for sure.
local MOST_BYTES = 16 * 1024 * 1024

-- Adds the anchors of a file. true, or nil, message, code.
local function add_file(trust, path)
  local bytes, message, code = files.read(path, "trust file", MOST_BYTES)
  if not bytes then
    return nil, message, code
  end
  local added
  added, message, code = trust:add(bytes)
  if not added then
    return nil, path .. ": " .. message, code
  end
  return true
end

-- Adds the anchors of a directory's files. What is no certificate there, or cannot be read, must not lose the others.
local function add_directory(trust, path)
  local before = #trust
  for _, file in ipairs(files.in_directory(path)) do
    add_file(trust, file)
  end
  if #trust == before then
    return nil, "there is no certificate in the directory " .. path, "config_no_certificate"
  end
  return true
end

local function add(trust, path)
  return (files.is_directory(path) and add_directory or add_file)(trust, path)
end

---Reads trust anchors from a file, or from all files of a directory; what is no certificate there does not matter.
---@param path string
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code "io_file", "config_no_certificate", "config_pem_malformed"
function system.load_trust(path)
  local trust = core.trust.new()
  local ok, message, code = add(trust, path)
  if not ok then
    return nil, message, code
  end
  return trust
end

-- Is the directory the one that the usual bundle was made from? Then reading it brings nothing but 140 files to read.
local function made_bundle(directory, file)
  for _, bundle in ipairs(system.bundles) do
    if file == bundle and bundle:match "^(.*)/" == directory:gsub("/+$", "") then
      return true
    end
  end
  return false
end

-- The places that the environment names, as for OpenSSL: a file, and directories between colons. Nil for none.
local function named_places(getenv)
  local places = {}
  local file, directories = getenv "SSL_CERT_FILE", getenv "SSL_CERT_DIR"
  if file ~= "" then
    places[1] = file
  end
  for directory in (directories or ""):gmatch "[^:]+" do
    if not made_bundle(directory, file) then
      places[#places + 1] = directory
    end
  end
  return places[1] and places
end

-- All of the places that can be read; nil and what was wrong with the first one when that is none.
local function load_all(places)
  local trust = core.trust.new()
  local message, code
  for _, path in ipairs(places) do
    local ok, why, what = add(trust, path)
    if not ok and not message then
      message, code = why, what
    end
  end
  if #trust > 0 then
    return trust
  end
  return nil, message .. " (SSL_CERT_FILE and SSL_CERT_DIR say where the roots are)", code
end

---The system's trust anchors: from where SSL_CERT_FILE and SSL_CERT_DIR say if one of them is set, else from the usual
---places.
---@param getenv fun(name: string): string|nil
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code
function system.find(getenv)
  local places = named_places(getenv)
  if places then
    return load_all(places)
  end
  for _, list in ipairs { system.bundles, system.directories } do
    for _, path in ipairs(list) do
      local trust = system.load_trust(path)
      if trust then
        return trust
      end
    end
  end
  return nil, "this system has no bundle of trusted roots in any usual place: install ca-certificates, "
    .. "or give the trust option or SSL_CERT_FILE", "config_no_trust"
end

local loaded

---The system's trust anchors, loaded once and shared by all configs.
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code
function system.trust()
  if loaded then
    return loaded
  end
  local trust, message, code = system.find(os.getenv)
  loaded = trust
  return trust, message, code
end

return system
