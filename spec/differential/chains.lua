-- chains.lua: certificate chains by the thousand, for a verdict to be compared with others': each valid in its own way,
-- or with one fault. The same seed gives the same cases (with other keys).

local authority = require "beartls.pki.authority"
local bench = require "beartls.pki.bench"
local faults = require "differential.faults"
local issuing = require "beartls.pki"
local rules = require "beartls.pki.rules"
local variations = require "differential.variations"

local chains = {}

-- Of one in so many cases nothing is wrong.
local VALID = 4
local DEEPEST = 3

---Numbers that look random and depend on the seed alone (the minimal standard generator).
---@param seed integer
---@return fun(n: integer): integer from 1 to n
function chains.random(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end
end

-- What all cases share: roots and keys cost time.
local function new_stock(now)
  local function clock()
    return now
  end
  local keys = {}
  for i, kind in ipairs { "p256", "p256", "p256", "p384", "p521", "ed25519", "rsa2048", "rsa2048" } do
    keys[i] = assert(require("beartls").key.generate(kind))
  end
  local stock = { now = now, keys = keys, clock = clock }
  stock.root = assert(issuing.ca { name = "Differential Root", time = clock })
  stock.stranger = assert(issuing.ca { name = "Unrelated Root", time = clock })
  return stock
end

-- A case before anything is done to it: a leaf below `depth` intermediates.
local function plain(stock, random)
  local c = {
    stock = stock, random = random, now = stock.now, about = {}, leaf = {}, leaf_changes = {}, above = {},
    usage = random(3) == 1 and "client" or "server", shuffles = {},
  }
  for i = 1, random(DEEPEST + 1) - 1 do
    c.above[i] = { given = {}, changes = {} }
  end
  if c.usage == "server" then
    c.leaf.dns, c.host = "www.example.test", "www.example.test"
  else
    c.leaf.name, c.leaf.client, c.leaf.server = "alice", true, false
  end
  return c
end

local function applying(c, changes)
  return function(plan)
    for _, change in ipairs(changes) do
      change(plan, c)
    end
  end
end

local function pick_key(c)
  return c.stock.keys[c.random(#c.stock.keys)]
end

-- From the recipe to certificates.
local function build(c)
  local issuer = c.stock.root
  for _, step in ipairs(c.above) do
    local given = rules.merge({ name = ("Intermediate %d"):format(c.random(1e9)), key = pick_key(c) }, step.given)
    issuer = assert(authority.make(given, issuer, applying(c, step.changes)))
    issuer.not_after = c.stock.root.not_after -- what is issued below it may outlive it
    issuer.subject = step.pretended and step.pretended(given.name) or issuer.subject
    step.made = issuer
  end
  local given = rules.merge({ key = pick_key(c) }, c.leaf)
  local identity
  if c.fault then
    identity = assert(issuer:faulty(c.fault, rules.merge(given, { server = c.usage == "server",
      client = c.usage == "client" })))
  else
    local b = assert(bench.new(issuer, given))
    identity = b:issue(rules.merge({ server = c.usage == "server", client = c.usage == "client" }, c.leaf), issuer,
      applying(c, c.leaf_changes))
  end
  local list = identity.certificate:list()
  for _, shuffle in ipairs(c.shuffles) do
    list = shuffle(list, c)
  end
  local pem = {}
  for i, certificate in ipairs(list) do
    pem[i] = certificate:pem()
  end
  c.pem = table.concat(pem)
  c.leaf_pem = pem[1]
end

local function apply(c, row)
  if row.when and not row.when(c) then
    return false
  end
  row.apply(c)
  table.insert(c.about, row.name)
  return true
end

-- Up to three variations of different groups, in the table's order: those that ask for names come first.
local function vary(c)
  local wanted = {}
  for _ = 1, c.random(4) - 1 do
    wanted[c.random(#variations)] = true
  end
  local groups = {}
  for i, row in ipairs(variations) do
    if wanted[i] and not groups[row.group or i] and apply(c, row) then
      groups[row.group or i] = true
    end
  end
end

-- One fault: of those that fit, the one that has come least often, so that a small number of cases has all of them.
local function spoil(c, turns)
  local best
  for _, row in ipairs(faults) do
    if (not row.when or row.when(c)) and (not best or (turns[row] or 0) < (turns[best] or 0)) then
      best = row
    end
  end
  turns[best] = (turns[best] or 0) + 1
  apply(c, best)
  c.wrong, c.code = best.name, best.code
end

---Makes cases.
---@param count integer
---@param seed integer
---@param now integer
---@return table[] each { id, about (names of what is special), wrong = name|nil, code = of our verdict|nil, usage,
---host|nil, time, pem, leaf_pem, root (PEM) }
function chains.make(count, seed, now)
  local random, stock = chains.random(seed), new_stock(now)
  local list, turns = {}, {}
  for i = 1, count do
    local c = plain(stock, random)
    vary(c)
    if random(VALID) ~= 1 then
      c.time, c.leaf.not_before, c.leaf.not_after = nil, nil, nil
      spoil(c, turns)
    end
    if not (c.leaf.dns or c.leaf.ip or c.leaf.email or c.leaf.uri) then
      table.insert(c.about, "no name but the common name")
    end
    build(c)
    list[i] = {
      id = i, about = c.about, wrong = c.wrong, code = c.code, usage = c.usage, host = c.host, time = c.time or now,
      moved = c.time ~= nil, pem = c.pem, leaf_pem = c.leaf_pem, root = stock.root.certificate:pem(),
    }
  end
  return list
end

return chains
