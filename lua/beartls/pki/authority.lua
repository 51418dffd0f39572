-- authority.lua: a certificate authority: a certificate and its key, and what they issue.

local algorithms = require "beartls.pki.algorithms"
local certificate = require "beartls.pki.certificate"
local core = require "beartls.core"
local crl = require "beartls.pki.crl"
local nearest = require "beartls.nearest"
local options = require "beartls.options"
local parts = require "beartls.pki.parts"
local request = require "beartls.pki.request"
local rules = require "beartls.pki.rules"

local authority = {}

---@class beartls.authority
---@field certificate beartls.certificate its own, and behind it those up to the root, which is left out unless it is
---its own
---@field key beartls.key
---@field root beartls.certificate|nil whom to trust; nil when nobody has said
local methods = {}

local authority_mt = { __index = methods }

function authority_mt:__tostring()
  return ("beartls.authority (%s)"):format(self.certificate:subject())
end

-- A chain of one certificate and those of its issuer, unless that is the root.
local function chain_of(der, issuer)
  local pem = core.pem_encode("CERTIFICATE", der)
  if issuer and not issuer.is_root then
    pem = pem .. issuer.certificate:pem()
  end
  return core.certificate.parse(pem)
end

authority.chain_of = chain_of

-- Whether any certificate on the way to the root says which names may be issued.
local function is_constrained(chain)
  for _, one in ipairs(chain:list()) do
    if assert(parts.certificate(one:der())).is_constrained then
      return true
    end
  end
  return false
end

-- A name alone does not make a root: an authority that changes its key signs the new one with the old one.
local function is_self_signed(read)
  return read.subject == read.issuer and core.is_signed(read.public_key, read.algorithm, read.body, read.signature)
end

---An authority from its certificate and key.
---@param chain beartls.certificate
---@param key beartls.key
---@param root beartls.certificate|nil
---@param clock fun():number
---@return beartls.authority
function authority.new(chain, key, root, clock)
  local leaf = chain:list()[1]
  local read = assert(parts.certificate(leaf:der()))
  return setmetatable({
    certificate = chain, key = key, root = root,
    time = clock, is_root = is_self_signed(read), subject = read.subject, identifier = read.identifier,
    is_constrained = is_constrained(chain), not_after = leaf:not_after(), scheme = algorithms.scheme_of(key),
  }, authority_mt)
end

---Makes an authority below `issuer`, or a root.
---@param given table options of pki.ca, checked
---@param issuer beartls.authority|nil
---@param change fun(plan: table)|nil what the gallery of faults does to it before it is written
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code
function authority.make(given, issuer, change)
  local clock = given.time or issuer and issuer.time or os.time
  local key, message, code = certificate.key_of(given)
  local plan, der, chain
  if key then
    plan, message, code = certificate.plan_authority(given, issuer, key, clock())
  end
  if plan then
    if change then
      change(plan)
    end
    der, message, code = certificate.encode(plan)
  end
  if der then
    chain, message, code = chain_of(der, issuer)
  end
  if not chain then
    return nil, message, code
  end
  return authority.new(chain, key, issuer and issuer.root or not issuer and chain or nil, clock)
end

-- A chain object of some certificates, of which the first counts.
local function chain_from(list, count)
  local pem = {}
  for i = 1, count do
    pem[i] = list[i]:pem()
  end
  return core.certificate.parse(table.concat(pem))
end

local function may_issue(leaf)
  local uses = leaf:key_usage()
  for _, use in ipairs(uses) do
    if use == "keyCertSign" then
      return leaf:is_ca()
    end
  end
  return #uses == 0 and leaf:is_ca()
end

local function loaded(chain, key, root, clock)
  local list = chain:list()
  local count = #list
  if not may_issue(list[1]) then
    return nil, ("%s is no authority: it may not issue certificates"):format(list[1]:subject()), "config_not_ca"
  elseif not key:matches(chain) then
    return nil, "the key is not the key of the authority's certificate", "config_key_mismatch"
  end
  if is_self_signed(assert(parts.certificate(list[count]:der()))) then
    root = root or list[count]
    count = math.max(count - 1, 1)
  end
  return authority.new(chain_from(list, count), key, root, clock)
end

---An authority from files or objects.
---@param chain string|beartls.certificate
---@param key string|beartls.key
---@param given table options of pki.load_ca, checked
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code
function authority.load(chain, key, given)
  local message, code
  local root = given.root
  if type(chain) == "string" then
    chain, message, code = options.load_certificate(chain)
  end
  if chain and type(key) == "string" then
    key, message, code = options.load_key(key, given.password)
  end
  if chain and key and type(root) == "string" then
    root, message, code = options.load_certificate(root)
  end
  if message then
    return nil, message, code
  end
  return loaded(chain, key, root, given.time or os.time)
end

---Whom to trust who trusts this authority: its root, or itself when nobody has said which root is above it.
---@return beartls.trust|nil
---@return string|nil message
---@return string|nil code
function methods:trust()
  return core.trust.parse((self.root or self.certificate):pem())
end

---Issues an authority below this one.
---@param given table|nil as for pki.ca
---@return beartls.authority|nil
---@return string|nil message
---@return string|nil code
function methods:intermediate(given)
  given = given or {}
  options.check(given, rules.authority, "ca:intermediate", 2)
  return authority.make(rules.named(given), self)
end

-- What is above an authority may say for which names it issues: others nobody would believe, so they are not issued.
-- The judge is the one who will judge them.
local function finish_permitted(self, plan, key)
  local identity, message, code = self:finish(plan, key)
  if not identity or not self.is_constrained then
    return identity, message, code
  end
  local leaf, _ = identity.certificate, nil
  _, message, code = self:trust():verify(leaf, { time = leaf:not_before() })
  if code == "certificate_name_constraint" then
    return nil, "nobody would believe this: " .. message, "config_name"
  end
  return identity
end

---Issues a certificate for a server or a client, with a new key unless one is given. Names that this authority, or one
---above it, may not issue for are refused.
---@param given { dns: string|string[]|nil, ip: string|string[]|nil, email: string|string[]|nil,
---uri: string|string[]|nil, name: string|nil, subject: string[][]|nil, server: boolean|nil, client: boolean|nil,
---days: number|nil, not_before: number|nil, not_after: number|nil, key: string|beartls.key|nil,
---password: string|function|nil, key_kind: string|nil }
---@return { certificate: beartls.certificate, key: beartls.key }|nil identity as tls.config takes it
---@return string|nil message
---@return string|nil code "config_name", "config_validity" ...
function methods:issue(given)
  options.check(given, rules.leaf, "ca:issue", 2)
  local key, message, code = certificate.key_of(given)
  local plan
  if key then
    plan, message, code = certificate.plan_leaf(given, self, key:public("der"), self.time())
  end
  if not plan then
    return nil, message, code
  end
  return finish_permitted(self, plan, key)
end

---Signs what a request asks for. Its signature was checked when it was read; what it asks for counts only where the
---options say nothing, and never makes an authority.
---@param asked beartls.request
---@param given table|nil as for ca:issue, without a key
---@return { certificate: beartls.certificate }|nil
---@return string|nil message
---@return string|nil code
function methods:sign(asked, given)
  if not request.is(asked) then
    error("ca:sign wants a request: what pki.parse_request gives", 2)
  end
  options.check(given or {}, rules.sign, "ca:sign", 2)
  local wanted, message, code = request.options(asked, given or {})
  local plan
  if wanted then
    plan, message, code = certificate.plan_leaf(wanted, self, asked.read.public_key, self.time())
  end
  if not plan then
    return nil, message, code
  end
  return finish_permitted(self, plan)
end

---Makes a list of the certificates that this authority takes back.
---@param given { revoked: table[]|nil, previous: beartls.crl|nil, days: number|nil, number: integer|nil }|nil
---@return beartls.crl|nil
---@return string|nil message
---@return string|nil code "config_crl"
function methods:crl(given)
  options.check(given or {}, rules.crl, "ca:crl", 2)
  return crl.make(given or {}, self, self.time())
end

---Issues a certificate that a peer ought to refuse, for one reason; pki.faults() lists what can be wrong with it.
---@param name string "expired", "wrong_host" ...
---@param given table|nil as for ca:issue: what it would be for without its fault (localhost, 127.0.0.1 and ::1);
---client = true for one that a client shows
---@return { certificate: beartls.certificate, key: beartls.key }|nil
---@return beartls.crl|string|nil list_or_message the list that tells of it, where the fault is that it was revoked
---@return string|nil code
function methods:faulty(name, given)
  local faults = require "beartls.pki.faults" -- it requires this module, and few programs want it
  local fault = faults.find(name)
  if not fault then
    local near = nearest(tostring(name), faults.names)
    error(("ca:faulty: there is no fault %q%s"):format(tostring(name),
      near and (", did you mean %q?"):format(near) or ""), 2)
  end
  options.check(given or {}, rules.leaf, "ca:faulty", 2)
  return faults.make(fault, self, given or {})
end

---For beartls itself: signs a plan.
---@return { certificate: beartls.certificate, key: beartls.key|nil }|nil
---@return string|nil message
---@return string|nil code
function methods:finish(plan, key)
  local der, message, code = certificate.encode(plan)
  local chain
  if der then
    chain, message, code = chain_of(der, self)
  end
  if not chain then
    return nil, message, code
  end
  return { certificate = chain, key = key }
end

return authority
