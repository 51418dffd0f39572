-- bench.lua: where the gallery of faults is made: an authority, what a certificate would be for without its fault, and
-- ways to make one that is nearly right. What a program gives is checked when the bench is made: nothing fails later.

local algorithms = require "beartls.pki.algorithms"
local authority = require "beartls.pki.authority"
local certificate = require "beartls.pki.certificate"
local extensions = require "beartls.pki.extensions"
local names = require "beartls.pki.names"
local rules = require "beartls.pki.rules"

local bench = {}

local methods = {}

local bench_mt = { __index = methods }

local server_defaults = { dns = "localhost", ip = { "127.0.0.1", "::1" } }
local client_defaults = { name = "client", email = "client@example.org" }

---@param ca beartls.authority
---@param given table options of ca:issue; without names they are those of this machine, or of a client
---@return table|nil
---@return string|nil message
---@return string|nil code
function bench.new(ca, given)
  local is_client = given.client == true and given.server ~= true
  local is_named = names.first(given) or given.name or given.subject
  local options = rules.merge(is_named and {} or is_client and client_defaults or server_defaults, given,
    { server = not is_client, client = is_client })
  local key, message, code = certificate.key_of(options)
  local plan
  if key then
    options.key = key
    plan, message, code = certificate.plan_leaf(options, ca, key:public("der"), ca.time())
  end
  if not plan then
    return nil, message, code
  end
  return setmetatable({
    ca = ca, options = options, is_client = is_client, now = ca.time(),
    host = names.list_of(options.dns)[1] or "localhost",
  }, bench_mt)
end

---Takes an extension out of a plan.
---@param plan table
---@param name string of extensions.oids
function bench.remove(plan, name)
  for i = #plan.extensions, 1, -1 do
    if plan.extensions[i].oid == extensions.oids[name] then
      table.remove(plan.extensions, i)
    end
  end
end

---Puts an extension into the place of the one of its kind, or to the others.
---@param plan table
---@param extension table
function bench.set(plan, extension)
  for i, old in ipairs(plan.extensions) do
    if old.oid == extension.oid then
      plan.extensions[i] = extension
      return
    end
  end
  table.insert(plan.extensions, extension)
end

---What plan.spoil may be: another signature of the same form.
---@param signature string
---@return string
function bench.spoil(signature)
  return signature:sub(1, -2) .. string.char((signature:byte(-1) + 1) % 256)
end

-- The leaf's plan and its key.
local function plan_of(self, changes, issuer)
  local options = rules.merge(self.options, changes or {})
  return assert(certificate.plan_leaf(options, issuer, options.key:public("der"), self.now)), options.key
end

---The leaf, issued.
---@param changes table|nil options that differ
---@param issuer beartls.authority|nil another one
---@param change fun(plan: table, bench: table)|nil
---@return { certificate: beartls.certificate, key: beartls.key }
function methods:issue(changes, issuer, change)
  issuer = issuer or self.ca
  local plan, key = plan_of(self, changes, issuer)
  if change then
    change(plan, self)
  end
  return assert(issuer:finish(plan, key))
end

---An authority below another one, which lives as long as that for those below it.
---@param given table|nil options of ca:intermediate
---@param change fun(plan: table, bench: table)|nil
---@param issuer beartls.authority|nil
---@return beartls.authority
function methods:intermediate(given, change, issuer)
  local made = assert(authority.make(rules.named(given or {}), issuer or self.ca, function(plan)
    if change then
      change(plan, self)
    end
  end))
  made.not_after = self.ca.not_after
  return made
end

---A root that nobody trusts.
---@return beartls.authority
function methods:stranger()
  return assert(authority.make({ name = "Nobody's CA", time = self.ca.time }))
end

---A root that has the name of the authority, and nothing else of it.
---@return beartls.authority
function methods:impostor()
  return assert(authority.make({ name = "x", time = self.ca.time }, nil, function(plan)
    plan.subject, plan.issuer = self.ca.subject, self.ca.subject
  end))
end

---Another leaf, which issues although it may not.
---@return beartls.authority
function methods:leaf_as_authority()
  local leaf = assert(self.ca:issue(rules.merge(self.options, { name = "Leaf" })))
  return authority.new(leaf.certificate, leaf.key, self.ca.root, self.ca.time)
end

---The leaf without what stands above it.
---@param issuer beartls.authority
function methods:leaf_alone(issuer)
  local identity = self:issue(nil, issuer)
  return { certificate = identity.certificate:list()[1], key = identity.key }
end

-- A chain of this one certificate.
local function alone(plan, key)
  return { certificate = assert(authority.chain_of(assert(certificate.encode(plan)))), key = key }
end

---The leaf, signed with its own key.
function methods:self_signed()
  local plan, key = plan_of(self, nil, self.ca)
  plan.issuer, plan.key, plan.scheme = plan.subject, key, algorithms.scheme_of(key)
  bench.remove(plan, "authority_key_identifier")
  return alone(plan, key)
end

local function host_of(uri)
  return uri:match "^%a[%w+.-]*://([%w.-]+)"
end

---The subtrees of its own names, as the option excluded has them.
---@param changes table options that differ
---@return table
function methods:subtrees(changes)
  local options = rules.merge(self.options, changes)
  local out = { dns = {}, ip = options.ip, email = options.email, uri = {} }
  for _, name in ipairs(names.list_of(options.dns)) do
    table.insert(out.dns, (name:gsub("^%*%.", "")))
  end
  for _, name in ipairs(names.list_of(options.uri)) do
    table.insert(out.uri, host_of(name))
  end
  return out
end

return bench
