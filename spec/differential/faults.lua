-- faults.lua: what may be wrong with a chain: all of the gallery, and what can be wrong at any place of a longer chain.
-- A row is as in variations.lua, and has the code of our verdict.

local bench = require "beartls.pki.bench"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local issuing = require "beartls.pki"
local picks = require "differential.picks"
local subject = require "beartls.pki.subject"

local DAY = 86400

local has_above, is_server, asked, some = picks.has_above, picks.is_server, picks.names, picks.some

local function change_some(change)
  return function(c)
    table.insert(some(c).changes, function(plan) change(plan, c) end)
  end
end

local function constrain(given)
  return function(c)
    for name, value in pairs(given) do
      some(c).given[name] = value
    end
  end
end

-- A leaf with these names, and an intermediate that may not issue for them.
local function breach(leaf, constraints)
  return function(c)
    c.leaf.dns, c.leaf.ip, c.leaf.email = leaf.dns, leaf.ip, leaf.email
    c.host = is_server(c) and (leaf.host or leaf.dns or leaf.ip) or nil
    constrain(constraints)(c)
  end
end

local rows = {
  { name = "wildcard for a deeper name", code = "certificate_name_mismatch", when = is_server,
    apply = asked({ dns = "*.example.test" }, "a.www.example.test") },
  { name = "wildcard for its own domain", code = "certificate_name_mismatch", when = is_server,
    apply = asked({ dns = "*.example.test" }, "example.test") },
  { name = "another address", code = "certificate_name_mismatch",
    when = is_server, apply = asked({ ip = "192.0.2.7" }, "192.0.2.8") },
  { name = "another IPv6 address", code = "certificate_name_mismatch",
    when = is_server, apply = asked({ ip = "2001:db8::7" }, "2001:db8::8") },
  { name = "an address, and only names", code = "certificate_name_mismatch",
    when = is_server, apply = asked({ dns = "www.example.test" }, "192.0.2.7") },
  { name = "a name, and only addresses", code = "certificate_name_mismatch",
    when = is_server, apply = asked({ ip = "192.0.2.7" }, "www.example.test") },
  { name = "a part of the name", code = "certificate_name_mismatch",
    when = is_server, apply = asked({ dns = "www.example.test" }, "example.test") },
  { name = "a second too late", code = "certificate_expired", apply = function(c)
    c.leaf.not_after = c.now + DAY
    c.time = c.leaf.not_after + 1
  end },
  { name = "a second too early", code = "certificate_not_yet_valid", apply = function(c)
    c.leaf.not_before = c.now + DAY
    c.time = c.leaf.not_before - 1
  end },
  { name = "expired somewhere", code = "certificate_expired", when = has_above, apply = function(c)
    local given = some(c).given
    given.not_before, given.not_after = c.now - 60 * DAY, c.now - DAY
  end },
  { name = "not yet valid somewhere", code = "certificate_not_yet_valid", when = has_above, apply = function(c)
    local given = some(c).given
    given.not_before, given.not_after = c.now + DAY, c.now + 60 * DAY
  end },
  { name = "no authority somewhere", code = "certificate_not_ca", when = has_above,
    apply = change_some(function(plan) bench.set(plan, extensions.basic_constraints(false)) end) },
  { name = "no basic constraints somewhere", code = "certificate_not_ca", when = has_above,
    apply = change_some(function(plan) bench.remove(plan, "basic_constraints") end) },
  { name = "version 1 somewhere", code = "certificate_not_ca", when = has_above,
    apply = change_some(function(plan) plan.version, plan.extensions = 1, {} end) },
  { name = "no keyCertSign somewhere", code = "certificate_not_ca", when = has_above,
    apply = change_some(function(plan) bench.set(plan, extensions.key_usage { "digitalSignature" }) end) },
  { name = "the other purpose somewhere", code = "certificate_wrong_usage",
    when = has_above, apply = change_some(function(plan, c)
      bench.set(plan, extensions.extended_key_usage { is_server(c) and "clientAuth" or "serverAuth" })
    end) },
  { name = "a path length that is too small", code = "certificate_path_too_long",
    when = function(c) return #c.above > 1 end,
    apply = function(c) c.above[1].given.path_length = #c.above - 2 end },
  { name = "a spoilt signature somewhere", code = "certificate_bad_signature",
    when = function(c) return has_above(c) and not c.has_new_key end,
    apply = change_some(function(plan) plan.spoil = bench.spoil end) },
  { name = "SHA-1 below the root", code = "certificate_weak_signature", when = has_above, apply = function(c)
    table.insert(c.above[1].changes, function(plan) plan.scheme = "ecdsa_sha1" end)
  end },
  { name = "an unknown critical extension somewhere", code = "certificate_critical_extension",
    when = has_above, apply = change_some(function(plan)
      bench.set(plan, extensions.new("1.3.6.1.4.1.99999.1", true, der.null))
    end) },
  { name = "another issuer's name", code = "certificate_untrusted", when = has_above,
    apply = function(c)
      some(c).pretended = function() return assert(subject.encode { { "CN", "Somebody Else" } }) end
    end },
  { name = "a DNS name that is not permitted", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = "www.example.test" }, { permitted = { dns = "other.test" } }) },
  { name = "a DNS name that ends like a permitted one", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = "wwwexample.test" }, { permitted = { dns = "example.test" } }) },
  { name = "a DNS name that is excluded", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = "www.example.test" }, { excluded = { dns = "example.test" } }) },
  { name = "a wildcard that covers an excluded name", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = "*.example.test", host = "www.example.test" }, { excluded = { dns = "example.test" } }) },
  { name = "a second name that is not permitted", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = { "www.example.test", "www.other.test" }, host = "www.example.test" },
      { permitted = { dns = "example.test" } }) },
  { name = "an address that is not permitted", code = "certificate_name_constraint", when = has_above,
    apply = breach({ ip = "192.0.2.7" }, { permitted = { ip = "198.51.100.0/24" } }) },
  { name = "an IPv6 address where IPv4 is permitted", code = "certificate_name_constraint", when = has_above,
    apply = breach({ ip = "2001:db8::7" }, { permitted = { ip = "192.0.2.0/24" } }) },
  { name = "an address that is excluded", code = "certificate_name_constraint", when = has_above,
    apply = breach({ ip = "192.0.2.7" }, { excluded = { ip = "192.0.2.0/28" } }) },
  { name = "a mail address that is not permitted", code = "certificate_name_constraint", when = has_above,
    apply = breach({ dns = "www.example.test", email = "alice@example.test", host = "www.example.test" },
      { permitted = { email = "other.test" } }) },
}

for _, fault in ipairs(issuing.faults()) do
  -- Those that everybody believes, and those that only a list tells of, are no matter here.
  if fault.code and not fault.by_list then
    rows[#rows + 1] = {
      name = fault.name, code = fault.code,
      when = function(c) return is_server(c) or not fault.server_only end,
      apply = function(c) c.fault = fault.name end,
    }
  end
end

return rows
