-- faults.lua: a gallery of faults: certificates that a peer ought to refuse, each for one reason. This table is the one
-- place that knows them, what is wrong, and the code of the verdict.

local bench = require "beartls.pki.bench"
local core = require "beartls.core"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local subject = require "beartls.pki.subject"
local weak_key = require "beartls.pki.weak_key"

local faults = {}

local DAY = 86400
-- Nobody asks for these names.
local ELSEWHERE = "elsewhere.invalid"
local NOWHERE = { dns = ELSEWHERE, ip = "0.0.0.0/32", email = ELSEWHERE, uri = ELSEWHERE }

local function ended(b)
  return { not_before = b.now - 60 * DAY, not_after = b.now - DAY }
end

-- Constraints speak of names other than the subject's.
local function named(b)
  local o = b.options
  return (o.dns or o.ip or o.email) and {} or { email = "client@example.org" }
end

local function other_purpose(b)
  return extensions.extended_key_usage { b.is_client and "serverAuth" or "clientAuth" }
end

-- Changes the plan so that this DNS name is its only one.
local function only_name(name_of)
  return function(plan, b)
    bench.set(plan, extensions.subject_alternative_name(der.context_primitive(2, name_of(b)),
      plan.subject == subject.EMPTY))
  end
end

-- Each: name; about, what is wrong; code, the verdict on it, nil where it is believed all the same; server_only when
-- clients have no such fault. How it is made: leaf(bench), options that differ; change(plan, bench), what is done to
-- the leaf before it is signed; above and change_above, the same for an intermediate that there is then; make(bench).
-- by_list: only a revocation list tells of it, which make gives besides.
faults.list = {
  { name = "expired", about = "it ended yesterday", code = "certificate_expired", leaf = ended },
  { name = "not_yet_valid", about = "it begins tomorrow", code = "certificate_not_yet_valid",
    leaf = function(b) return { not_before = b.now + DAY, not_after = b.now + 60 * DAY } end },
  { name = "wrong_host", about = "it is for another host", code = "certificate_name_mismatch", server_only = true,
    leaf = function() return { dns = ELSEWHERE, ip = {}, name = ELSEWHERE } end },
  { name = "self_signed", about = "it is signed with its own key, and nobody trusts it",
    code = "certificate_untrusted", make = function(b) return b:self_signed() end },
  { name = "untrusted_root", about = "an authority has issued it that nobody trusts",
    code = "certificate_untrusted", make = function(b) return b:issue(nil, b:stranger()) end },
  { name = "impostor_root", about = "an authority has issued it that has but the name of one that is trusted",
    code = "certificate_untrusted", make = function(b) return b:issue(nil, b:impostor()) end },
  { name = "missing_intermediate", about = "the intermediate that has issued it is not sent",
    code = "certificate_untrusted", make = function(b) return b:leaf_alone(b:intermediate()) end },
  { name = "wrong_eku", about = "it is for the other role: a client's that a server shows, or the reverse",
    code = "certificate_wrong_usage",
    change = function(plan, b) bench.set(plan, other_purpose(b)) end },
  { name = "intermediate_wrong_eku", about = "the intermediate may issue for the other role alone",
    code = "certificate_wrong_usage",
    change_above = function(plan, b) bench.set(plan, other_purpose(b)) end },
  { name = "no_eku", about = "it does not say what it is for: that is for all to RFC 5280",
    change = function(plan) bench.remove(plan, "extended_key_usage") end },
  { name = "no_digital_signature", about = "its key may agree on secrets, and not sign",
    code = "certificate_wrong_usage",
    change = function(plan) bench.set(plan, extensions.key_usage { "keyAgreement" }) end },
  { name = "name_not_permitted", about = "the intermediate may issue for other names alone",
    code = "certificate_name_constraint", leaf = named, above = function() return { permitted = NOWHERE } end },
  { name = "name_excluded", about = "the intermediate may issue for all names but its",
    code = "certificate_name_constraint", leaf = named,
    above = function(b) return { excluded = b:subtrees(named(b)) } end },
  { name = "path_too_long", about = "an intermediate stands below one that may have none below it",
    code = "certificate_path_too_long",
    make = function(b) return b:issue(nil, b:intermediate(nil, nil, b:intermediate { path_length = 0 })) end },
  { name = "not_ca", about = "the intermediate says that it is no authority", code = "certificate_not_ca",
    change_above = function(plan) bench.set(plan, extensions.basic_constraints(false)) end },
  { name = "no_basic_constraints", about = "the intermediate does not say that it is an authority",
    code = "certificate_not_ca",
    change_above = function(plan) bench.remove(plan, "basic_constraints") end },
  { name = "no_cert_sign", about = "the intermediate's key may sign no certificates", code = "certificate_not_ca",
    change_above = function(plan) bench.set(plan, extensions.key_usage { "cRLSign" }) end },
  { name = "leaf_as_ca", about = "another server's or client's certificate has issued it",
    code = "certificate_not_ca", make = function(b) return b:issue(nil, b:leaf_as_authority()) end },
  { name = "version_1_intermediate", about = "the intermediate is of version 1, which knows no authorities",
    code = "certificate_not_ca",
    change_above = function(plan) plan.version, plan.extensions = 1, {} end },
  { name = "expired_intermediate", about = "the intermediate ended yesterday", code = "certificate_expired",
    above = ended },
  { name = "weak_key", about = "its key is RSA of 1024 bits", code = "certificate_weak_key",
    leaf = function() return { key = assert(core.key.parse(weak_key)) } end },
  { name = "sha1", about = "its signature is over a SHA-1 hash", code = "certificate_weak_signature",
    make = function(b)
      return b:issue(nil, b.ca.key:type() == "Ed25519" and b:intermediate() or nil, function(plan)
        plan.scheme = plan.key:type() == "RSA" and "rsa_pkcs1_sha1" or "ecdsa_sha1"
      end)
    end },
  { name = "unknown_critical_extension", about = "it has a critical extension that nobody knows",
    code = "certificate_critical_extension",
    change = function(plan) bench.set(plan, extensions.new("1.3.6.1.4.1.99999.1", true, der.null)) end },
  { name = "bad_signature", about = "its signature is not its issuer's", code = "certificate_bad_signature",
    change = function(plan) plan.spoil = bench.spoil end },
  { name = "revoked", about = "a revocation list has it", code = "certificate_revoked", by_list = true,
    make = function(b)
      local identity = b:issue()
      return identity, assert(b.ca:crl { revoked = { identity.certificate } })
    end },
  { name = "cn_only", about = "only its common name says which host it is for", code = "certificate_name_mismatch",
    server_only = true, leaf = function(b) return { name = b.host } end,
    change = function(plan) bench.remove(plan, "subject_alternative_name") end },
  { name = "bare_wildcard", about = "its name is * alone", code = "certificate_name_mismatch", server_only = true,
    change = only_name(function() return "*" end) },
  { name = "partial_wildcard", about = "its wildcard stands for a part of a label",
    code = "certificate_name_mismatch", server_only = true,
    change = only_name(function(b) return b.host:sub(1, 1) .. "*" .. (b.host:match "%..*$" or "") end) },
  { name = "nul_in_name", about = "its name goes on behind a zero byte", code = "certificate_name_mismatch",
    server_only = true, change = only_name(function(b) return b.host .. "\0." .. ELSEWHERE end) },
}

faults.names = {}
local by_name = {}
for i, fault in ipairs(faults.list) do
  faults.names[i], by_name[fault.name] = fault.name, fault
end

---@param name string
---@return table|nil
function faults.find(name)
  return by_name[name]
end

---Makes a certificate that has the fault.
---@param fault table of faults.list
---@param ca beartls.authority
---@param given table options of ca:issue, checked
---@return { certificate: beartls.certificate, key: beartls.key }|nil
---@return beartls.crl|string|nil list_or_message
---@return string|nil code
function faults.make(fault, ca, given)
  local b, message, code = bench.new(ca, given)
  if not b then
    return nil, message, code
  elseif fault.make then
    return fault.make(b)
  end
  local issuer = (fault.above or fault.change_above)
    and b:intermediate(fault.above and fault.above(b), fault.change_above)
  return b:issue(fault.leaf and fault.leaf(b), issuer, fault.change)
end

return faults
