-- verdict.lua: what OpenSSL would say about a peer's certificates. LuaSec can be told to go on with a peer whose
-- certificate is not believed (lsec_continue, verify = "none"), and to say afterwards what was wrong with it.

local core = require "beartls.core"
local tls = require "beartls"

local verdict = {}

-- Our codes in OpenSSL's words: programs compare them.
local texts = {
  certificate_expired = "certificate has expired", certificate_not_yet_valid = "certificate is not yet valid",
  certificate_bad_signature = "certificate signature failure", certificate_not_ca = "invalid CA certificate",
  certificate_path_too_long = "path length constraint exceeded",
  certificate_wrong_usage = "unsuitable certificate purpose", certificate_revoked = "certificate revoked",
  certificate_name_constraint = "permitted subtree violation",
  certificate_critical_extension = "unhandled critical extension",
  certificate_weak_key = "EE certificate key too weak",
  certificate_weak_signature = "CA signature digest algorithm too weak",
  certificate_name_mismatch = "hostname mismatch", certificate_crl_missing = "unable to get certificate CRL",
  certificate_crl_expired = "CRL has expired",
}

local function untrusted(chain, failure)
  local last = failure and failure.certificate
  if not last or last:subject() ~= last:issuer() then
    return "unable to get local issuer certificate"
  elseif #chain > 1 and failure.position > 0 then
    return "self-signed certificate in certificate chain"
  end
  return "self-signed certificate"
end

---The verdict on a chain, whatever it is used for.
---@param trust beartls.trust
---@param chain beartls.certificate
---@param how { server: boolean|nil, client: boolean|nil, depth: number|nil, crls: beartls.crls|nil,
---crl_required: true|"leaf"|nil } what it must be good for; either is enough, and nothing means both
---@return boolean
---@return string|nil text in OpenSSL's words
---@return integer|nil depth of the certificate that it is about, 0 the peer's own
function verdict.of_chain(trust, chain, how)
  local usages = { how.server and "server", how.client and "client" }
  if not usages[1] and not usages[2] then
    usages = { "server", "client" }
  end
  local path, message, code, failure
  for i = 1, 2 do
    if not path and usages[i] and (not code or code == "certificate_wrong_usage") then
      path, message, code, failure = trust:verify(chain, { usage = usages[i], crls = how.crls,
        crl_required = how.crl_required })
    end
  end
  if path and how.depth and #path - 2 > how.depth then
    return false, "certificate chain too long", #path - 2
  elseif path then
    return true
  elseif code == "certificate_untrusted" then
    return false, untrusted(chain, failure), failure and failure.position or 0
  end
  return false, texts[code] or message, failure and failure.position or 0
end

---The verdict on what a session's peer has shown.
---@param context table the state of a context
---@param session beartls.session
---@return boolean
---@return string|nil text
---@return integer|nil depth
function verdict.of_peer(context, session)
  local chain = session:peer_chain()
  if not chain then
    return false, "the peer has shown no certificate", 0
  end
  local pems = {}
  for i, one in ipairs(chain) do
    pems[i] = one:pem()
  end
  local of_server = session:is_client()
  return verdict.of_chain(context.trust or core.trust.new(), assert(tls.certificate.parse(table.concat(pems))), {
    server = of_server or context.verifyext.lsec_ignore_purpose,
    client = not of_server, depth = context.depth,
    crls = context.crls, crl_required = context.crl_required,
  })
end

return verdict
