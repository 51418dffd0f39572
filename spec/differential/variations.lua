-- variations.lua: what may differ between chains that are all valid. Rows of one group exclude each other.
--
-- A case `c` while it is made: c.leaf, options of ca:issue; c.leaf_changes, functions that change the leaf's plan;
-- c.above, the intermediates from the root down, each { given = options, changes = functions, pretended = what the name
-- is in those below }; c.shuffles, functions that change the list of certificates; c.host, whom the client asks for.

local authority = require "beartls.pki.authority"
local bench = require "beartls.pki.bench"
local der = require "beartls.pki.der"
local extensions = require "beartls.pki.extensions"
local picks = require "differential.picks"
local subject = require "beartls.pki.subject"

local has_above, is_server, names, some = picks.has_above, picks.is_server, picks.names, picks.some

local function is_client(c)
  return c.usage == "client"
end

local function client_names(given)
  return function(c)
    c.leaf.name, c.leaf.email, c.leaf.uri, c.leaf.dns = given.name, given.email, given.uri, given.dns
  end
end

local function without(extension)
  return function(c)
    table.insert(c.leaf_changes, function(plan) bench.remove(plan, extension) end)
  end
end

local function add_extension(extension)
  return function(plan)
    bench.set(plan, extension)
  end
end

-- The leaf's names as subtrees that permit them.
local function own_subtrees(c)
  return {
    dns = is_server(c) and "example.test" or "client.test", ip = { "192.0.2.0/24", "2001:db8::/32" },
    email = "example.test", uri = ".example.test",
  }
end

local ANY_POLICY = extensions.new("2.5.29.32", true, der.sequence(der.sequence(der.oid "2.5.29.32.0")))
local NOT_CRITICAL = extensions.new("1.3.6.1.4.1.99999.2", false, der.null)

local function purposes(list)
  return function(c)
    local names_of = list or { is_server(c) and "serverAuth" or "clientAuth" }
    table.insert(some(c).changes, add_extension(extensions.extended_key_usage(names_of)))
  end
end

return {
  { name = "several DNS names", group = "names", when = is_server,
    apply = names({ dns = { "a.example.test", "b.example.test" } }, "b.example.test") },
  { name = "a wildcard", group = "names", when = is_server,
    apply = names({ dns = "*.example.test" }, "www.example.test") },
  { name = "capital letters", group = "names", when = is_server,
    apply = names({ dns = "WWW.Example.TEST" }, "www.eXample.test") },
  { name = "an IPv4 address", group = "names", when = is_server,
    apply = names({ ip = "192.0.2.7" }, "192.0.2.7") },
  { name = "an IPv6 address", group = "names", when = is_server,
    apply = names({ ip = "2001:db8::7" }, "2001:db8::7") },
  { name = "an address beside a name", group = "names", when = is_server,
    apply = names({ dns = "www.example.test", ip = "192.0.2.7" }, "192.0.2.7") },
  { name = "a mail address", group = "names", when = is_client,
    apply = client_names { name = "alice", email = "alice@example.test" } },
  { name = "a URI", group = "names", when = is_client,
    apply = client_names { name = "alice", uri = "spiffe://a.example.test/alice" } },
  { name = "a client's DNS name", group = "names", when = is_client,
    apply = client_names { dns = "a.client.test" } },

  { name = "exact path lengths", group = "length", when = has_above, apply = function(c)
    for i, step in ipairs(c.above) do
      step.given.path_length = #c.above - i
    end
  end },
  { name = "a generous path length", group = "length", when = has_above,
    apply = function(c) c.above[1].given.path_length = 7 end },
  { name = "names that are permitted", group = "constraints", when = has_above,
    apply = function(c) some(c).given.permitted = own_subtrees(c) end },
  { name = "other names that are excluded", group = "constraints", when = has_above, apply = function(c)
    some(c).given.excluded = { dns = "other.test", ip = "198.51.100.0/24", email = "other.test" }
  end },
  { name = "constraints without those of its kind", group = "constraints",
    when = function(c) return is_server(c) and has_above(c) end,
    apply = function(c) some(c).given.permitted = { uri = "other.test" } end },
  { name = "an intermediate for this purpose", group = "purposes", when = has_above, apply = purposes() },
  { name = "an intermediate for both purposes", group = "purposes", when = has_above,
    apply = purposes { "serverAuth", "clientAuth" } },
  { name = "a leaf for both purposes", group = "leaf purposes",
    apply = function(c) c.leaf.server, c.leaf.client = true, true end },
  { name = "no extended key usage", group = "leaf purposes", apply = without "extended_key_usage" },
  { name = "no key usage", apply = without "key_usage" },
  { name = "no basic constraints in the leaf", apply = without "basic_constraints" },
  { name = "no subject key identifier", apply = without "subject_key_identifier" },
  { name = "no authority key identifier", apply = without "authority_key_identifier" },
  { name = "no subject", when = function(c) return c.leaf.dns or c.leaf.ip or c.leaf.email or c.leaf.uri end,
    apply = function(c)
      c.leaf.name, c.leaf.subject = nil, {}
    end },
  { name = "an extension that nobody has to know",
    apply = function(c) table.insert(c.leaf_changes, add_extension(NOT_CRITICAL)) end },
  { name = "any policy, critical", when = has_above, apply = function(c)
    for _, step in ipairs(c.above) do
      table.insert(step.changes, add_extension(ANY_POLICY))
    end
    table.insert(c.leaf_changes, add_extension(ANY_POLICY))
  end },
  { name = "an issuer's name in other letters", group = "issuer's name", when = has_above, apply = function(c)
    some(c).pretended = function(name) return assert(subject.encode { { "CN", name:upper() } }) end
  end },
  { name = "RSA-PSS", apply = function(c)
    local function use_pss(plan)
      plan.scheme = plan.key:type() == "RSA" and "rsa_pss_rsae_sha256" or plan.scheme
    end
    table.insert(c.leaf_changes, use_pss)
    for _, step in ipairs(c.above) do
      table.insert(step.changes, use_pss)
    end
  end },
  { name = "a new key of the root", group = "issuer's name", when = has_above, apply = function(c)
    c.has_new_key = true
    table.insert(c.above[1].changes, function(plan) plan.subject = c.stock.root.subject end)
  end },
  { name = "the last second", group = "time", apply = function(c)
    c.leaf.not_after = c.now + 86400
    c.time = c.leaf.not_after
  end },
  { name = "the first second", group = "time", apply = function(c)
    c.leaf.not_before = c.now + 86400
    c.time = c.leaf.not_before
  end },

  { name = "the root sent along", apply = function(c)
    table.insert(c.shuffles, function(list)
      table.insert(list, c.stock.root.certificate)
      return list
    end)
  end },
  { name = "an intermediate of an unknown root, too", when = has_above, apply = function(c)
    table.insert(c.shuffles, function(list)
      local made = c.above[1].made
      local twin = assert(authority.make({ name = "x", key = made.key }, c.stock.stranger, function(plan)
        plan.subject = made.subject
      end))
      table.insert(list, c.random(2) == 1 and 2 or #list + 1, twin.certificate:list()[1])
      return list
    end)
  end },
  { name = "certificates sent twice", when = has_above, apply = function(c)
    table.insert(c.shuffles, function(list)
      for i = 2, #list do
        table.insert(list, list[i])
      end
      return list
    end)
  end },
  { name = "an unrelated certificate in between", when = has_above, apply = function(c)
    table.insert(c.shuffles, function(list)
      table.insert(list, 2, c.stock.stranger.certificate)
      return list
    end)
  end },
  { name = "intermediates in the wrong order", when = function(c) return #c.above > 1 end, apply = function(c)
    table.insert(c.shuffles, function(list)
      if #list > 2 then
        list[2], list[3] = list[3], list[2]
      end
      return list
    end)
  end },
}
