-- Random graphs of CAs that certify each other, some certificates with a fault: the verdict against an oracle that
-- tries every path. The numbers are the same every time.
local graph = require "support.graph"
local pki = require "support.pki"
local tls = require "beartls"

local der = graph.der

-- Park and Miller's generator: os and Lua have none that is the same everywhere.
local state = 1
local function random(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end

local function chance(percent)
  return random(100) <= percent
end

-- What may be wrong with a certificate: how it is made so, and whether it spoils every path.
local faults = {
  expired = { to = -1 },
  not_yet = { from = 1 },
  no_ca = { ca = false, ku = { "digitalSignature" } },
  no_cert_sign = { ku = { "cRLSign" } },
  wrong_usage = { eku = { "clientAuth" } },
  other_names = { permitted = { dns = "elsewhere.test" } },
  excluded = { excluded = { dns = "test" } },
  sha1 = { change = function(plan) plan.scheme = "ecdsa_sha1" end },
  other_key = { by_key = "nobody" },
  unknown = { change = function(plan)
    table.insert(plan.extensions, graph.extension("1.3.6.1.4.1.99999.1", true, der.null))
  end },
}
local kinds = {}
for kind in pairs(faults) do
  kinds[#kinds + 1] = kind
end
table.sort(kinds)

-- Certificates are made once: { subject, issuer, fault, length } -> PEM.
local made = {}

local function certificate(c)
  local id = table.concat({ c.subject, c.issuer, c.fault or "", c.length or "" }, " ")
  if not made[id] then
    local given = { c.subject, by = c.issuer ~= c.subject and c.issuer or nil, ca = true, path_length = c.length }
    for name, value in pairs(faults[c.fault] or {}) do
      given[name] = value
    end
    made[id] = graph.certificate(given)
  end
  return made[id]
end

local leaf = graph.certificate { "leaf", by = "A", dns = "www.example.test" }
local NAMES = { "A", "B", "C", "D", "E", "R", "S" }

local function random_graph()
  local list = {}
  for i = 1, 4 + random(9) do
    local subject, issuer = NAMES[random(5)], NAMES[random(#NAMES)]
    list[i] = subject ~= issuer and {
      subject = subject, issuer = issuer, fault = chance(35) and kinds[random(#kinds)] or nil,
      length = chance(20) and random(3) - 1 or nil,
    } or { subject = "A", issuer = "B" }
  end
  local trusted = { { subject = "R", issuer = "R", fault = chance(10) and "expired" or nil,
    length = chance(15) and random(4) - 1 or nil } }
  if chance(25) then
    trusted[2] = { subject = "S", issuer = "S", fault = chance(20) and "wrong_usage" or nil }
  end
  if chance(10) then
    trusted[#trusted + 1] = { subject = NAMES[random(5)], issuer = "S" } -- an intermediate
  end
  return list, trusted
end

-- Whether a path leads from `name`, below which there are `below` CAs, to somebody trusted.
local function leads(list, trusted, name, below, on_path)
  local function usable(c)
    return c.subject == name and not c.fault and (not c.length or below <= c.length)
  end
  for _, c in ipairs(trusted) do
    if usable(c) then
      return true
    end
  end
  on_path[name] = true
  for _, c in ipairs(list) do
    if usable(c) and not on_path[c.issuer] and leads(list, trusted, c.issuer, below + 1, on_path) then
      on_path[name] = nil
      return true
    end
  end
  on_path[name] = nil
  return false
end

local function described(list, trusted)
  local all = {}
  for _, c in ipairs(list) do
    all[#all + 1] = ("%s<%s %s %s"):format(c.subject, c.issuer, c.fault or "", c.length or "")
  end
  for _, c in ipairs(trusted) do
    all[#all + 1] = ("trusted %s %s %s"):format(c.subject, c.fault or "", c.length or "")
  end
  return table.concat(all, "\n")
end

describe("the search for a path", function()
  it("finds one in random graphs exactly when there is one", function()
    local count = { found = 0, none = 0 }
    for i = 1, 300 do
      local list, trusted = random_graph()
      local sent, anchors = { leaf }, {}
      for k, c in ipairs(list) do
        sent[k + 1] = certificate(c)
      end
      for k, c in ipairs(trusted) do
        anchors[k] = certificate(c)
      end
      local chain = assert(tls.certificate.parse(table.concat(sent)))
      local path, message, code = assert(tls.trust.parse(table.concat(anchors))):verify(chain,
        { time = pki.NOW, name = "www.example.test" })
      local expected = leads(list, trusted, "A", 0, {})
      assert.equal(expected, path ~= nil,
        ("graph %d: %s %s\n%s"):format(i, tostring(code), tostring(message), described(list, trusted)))
      local kind = expected and "found" or "none"
      count[kind] = count[kind] + 1
    end
    assert.is_true(count.found > 60 and count.none > 60, count.found .. " " .. count.none)
  end)
end)
