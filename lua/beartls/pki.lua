-- pki.lua: issues certificates: authorities, servers, clients, requests, revocation lists. docs/pki.md has an example
-- of each.

local authority = require "beartls.pki.authority"
local certificate = require "beartls.pki.certificate"
local crl = require "beartls.pki.crl"
local options = require "beartls.options"
local request = require "beartls.pki.request"
local rules = require "beartls.pki.rules"

---@class beartls.pki
local pki = {}

---Makes a certificate authority: a root, whose certificate it signs itself.
---@param given { name: string|nil, subject: string[][]|nil, key: string|beartls.key|nil, password: string|function|nil,
--- key_kind: string|nil, days: number|nil, not_before: number|nil, not_after: number|nil, path_length: integer|nil,
--- permitted: table|nil, excluded: table|nil, time: function|nil }|nil
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code "config_subject", "config_name", "config_validity", "io_file" ...
function pki.ca(given)
  given = given or {}
  options.check(given, rules.authority, "pki.ca", 2)
  return authority.make(rules.named(given))
end

---Makes an authority from the certificate (the chain, its own first) and key that an earlier one had.
---@param chain string|beartls.certificate a file name or the certificate
---@param key string|beartls.key
---@param given { password: string|function|nil, root: string|beartls.certificate|nil, time: function|nil }|nil root:
---the one above, when it is not in the chain
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code "config_not_ca", "config_key_mismatch", "io_file" ...
function pki.load_ca(chain, key, given)
  given = given or {}
  options.check({ certificate = chain, key = key }, options.identity_known, "pki.load_ca", 2)
  options.check(given, rules.load, "pki.load_ca", 2)
  return authority.load(chain, key, given)
end

---Makes a request for a certificate, with a new key unless one is given.
---@param given table as for ca:issue: dns, ip, email, uri, name, subject, key, password, key_kind
---@return beartls.request|nil
---@return beartls.key|string|nil key or message
---@return string|nil code
function pki.request(given)
  options.check(given, rules.request, "pki.request", 2)
  local key, message, code = certificate.key_of(given)
  local made
  if key then
    made, message, code = request.make(given, key)
  end
  if not made then
    return nil, message, code
  end
  return made, key
end

---Reads a request and checks that whoever made it has the key.
pki.parse_request = request.parse

---Reads a revocation list.
pki.parse_crl = crl.parse

---Whether keys of that kind can be made.
---@param kind string
---@return boolean
function pki.is_key_kind(kind)
  return rules.authority.key_kind[1](kind)
end

---The gallery of faults: what ca:faulty makes, each with the code of the verdict on it; nil where that is to believe.
---@return { name: string, about: string, code: string|nil, server_only: boolean|nil, by_list: boolean|nil }[]
function pki.faults()
  return require("beartls.pki.faults").list
end

---Why certificates are taken back: the names of reasons (RFC 5280, 5.3.1).
pki.revocation_reasons = crl.reasons

return pki
