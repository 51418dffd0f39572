-- Certificate policies (RFC 5280, 6.1): they decide only where a CA requires one.
local graph = require "support.graph"
local pki = require "support.pki"
local tls = require "beartls"

local der = graph.der
local ANY = "2.5.29.32.0"
local A, B, C = "1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2", "1.3.6.1.4.1.99999.3"

local function list_of(oids)
  local all = {}
  for i, oid in ipairs(oids) do
    all[i] = der.sequence(type(oid) == "table" and der.oid(oid[1]) .. der.oid(oid[2]) or der.oid(oid))
  end
  return der.sequence(table.concat(all))
end

local function optional(n, value)
  return value and der.context_primitive(n, string.char(value)) or ""
end

-- policies, map: lists of OIDs and of pairs; require, inhibit_map, inhibit_any: certificates that are skipped before it
-- counts.
local function with(c)
  c.change = function(plan)
    local function insert(condition, oid, critical, value)
      if condition then
        table.insert(plan.extensions, graph.extension(oid, critical, value()))
      end
    end
    insert(c.policies, "2.5.29.32", false, function() return list_of(c.policies) end)
    insert(c.map, "2.5.29.33", false, function() return list_of(c.map) end)
    insert(c.require or c.inhibit_map, "2.5.29.36", true, function()
      return der.sequence(optional(0, c.require), optional(1, c.inhibit_map))
    end)
    insert(c.inhibit_any, "2.5.29.54", true, function() return der.integer(c.inhibit_any) end)
  end
  return graph.certificate(c)
end

-- Root < ICA 1 < ICA 2 < leaf
local function verdict(row)
  local function made(given, defaults)
    for name, value in pairs(defaults) do
      given[name] = value
    end
    return with(given)
  end
  local chain = made(row[5] or {}, { "leaf", by = "ICA 2", dns = "a.test" })
    .. made(row[4] or {}, { "ICA 2", by = row.self_issued and "ICA 2" or "ICA 1",
      by_key = row.self_issued and "ICA 1", ca = true })
    .. made(row[3] or {}, { row.self_issued and "ICA 2" or "ICA 1", key = "ICA 1", by = "Root", ca = true })
  local trust = assert(tls.trust.parse(graph.certificate { "Root", ca = true }))
  return trust:verify(assert(tls.certificate.parse(chain)), { time = pki.NOW })
end

describe("policies", function()
  local fine, missing = "trusted", "certificate_policy"
  for _, row in ipairs {
    { "are of no interest when none is required", fine, {}, { policies = { A } }, { policies = { B } } },
    { "are of no interest when they are required too late", fine, { require = 3 } },
    { "are required at the end of the path at the latest", missing, { require = 2 } },
    { "may be required at once", missing, { require = 0 } },
    { "may be required of the leaf", missing, { require = 1, policies = { A } }, { policies = { A } }, {} },
    { "may be required by the leaf", missing, {}, {}, { require = 0 } },
    { "are there when all have the same", fine, { require = 0, policies = { A } }, { policies = { A } },
      { policies = { A } } },
    { "are there when one is in all", fine, { require = 0, policies = { A, B } }, { policies = { B, C } },
      { policies = { C, B } } },
    { "are not there when two are in some", missing, { require = 0, policies = { A } }, { policies = { A, B } },
      { policies = { B } } },
    { "are not there when one has none", missing, { require = 0, policies = { A } }, {}, { policies = { A } } },
    { "may be any", fine, { require = 0, policies = { ANY } }, { policies = { ANY } }, { policies = { A } } },
    { "may be any at the end", fine, { require = 0, policies = { A } }, { policies = { ANY } },
      { policies = { ANY } } },
    { "may be any no more when a CA says so", missing, { require = 0, inhibit_any = 0, policies = { A } },
      { policies = { ANY } }, { policies = { A } } },
    { "may be any as long as that is not yet said", fine, { require = 0, inhibit_any = 1, policies = { A } },
      { policies = { ANY } }, { policies = { A } } },
    { "are any, for who issued itself, even then", fine, { require = 0, inhibit_any = 0, policies = { A } },
      { policies = { ANY } }, { policies = { A } }, self_issued = true },
    { "are required later when a CA has issued itself", fine, { require = 2 }, self_issued = true },
    { "may be called differently below", fine, { require = 0, policies = { A }, map = { { A, B } } },
      { policies = { B } }, { policies = { B } } },
    { "are then no more called what they were", missing, { require = 0, policies = { A }, map = { { A, B } } },
      { policies = { A } }, { policies = { A } } },
    { "may be called differently twice", fine, { require = 0, policies = { A }, map = { { A, B } } },
      { policies = { B }, map = { { B, C } } }, { policies = { C } } },
    { "may be exchanged", fine, { require = 0, policies = { A, B }, map = { { A, B }, { B, A } } },
      { policies = { A } }, { policies = { A } } },
    { "are called differently when any was", fine, { require = 0, policies = { ANY }, map = { { A, B } } },
      { policies = { B } }, { policies = { B } } },
    { "may be called differently no more when a CA says so", missing,
      { require = 0, inhibit_map = 0, policies = { A } }, { policies = { A }, map = { { A, B } } },
      { policies = { B } } },
    { "are not made of any", missing, { require = 0, policies = { ANY }, map = { { ANY, A } } },
      { policies = { A } }, { policies = { A } } },
  } do
    it(row[1], function()
      local path, message, code = verdict(row)
      assert.equal(row[2], path and fine or code, message)
    end)
  end

  it("lead to another path when one has none", function()
    local leaf = with { "leaf", by = "ICA", dns = "a.test" }
    local strict = with { "ICA", by = "Root", ca = true, require = 0 }
    local trust = assert(tls.trust.parse(graph.certificate { "Root", ca = true }))
    assert.equal(missing, select(3, trust:verify(assert(tls.certificate.parse(leaf .. strict)), { time = pki.NOW })))
    local chain = assert(tls.certificate.parse(leaf .. strict .. with { "ICA", by = "Root", ca = true }))
    assert.is_truthy(trust:verify(chain, { time = pki.NOW }))
  end)

  it("in numbers that nobody needs are not followed", function()
    local many = {}
    for i = 1, 2000 do
      many[i] = A .. "." .. i
    end
    local path, _, code = verdict { "", missing, { require = 0, policies = many }, { policies = many },
      { policies = many } }
    assert.is_nil(path)
    assert.equal(missing, code)
  end)
end)
