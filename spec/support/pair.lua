-- pair.lua: a client and a server session in memory, and a wire between them that can misbehave.

local tls = require "beartls"
local pki = require "support.pki"

local pair = {}
pair.__index = pair

-- Bounds every loop that carries bytes.
local ROUNDS = 10000

local function merged(defaults, given)
  local out = {}
  for k, v in pairs(defaults) do
    out[k] = v
  end
  for k, v in pairs(given or {}) do
    out[k] = v
  end
  return out
end

---Options that work against each other on the frozen clock, plus those given.
function pair.client_options(given)
  return merged({ trust = pki.path "trust.pem", time = pki.now }, given)
end

function pair.server_options(given)
  local certificate = given and (given.certificate or given.identities)
  local defaults = { time = pki.now }
  if not certificate then
    defaults.certificate = pki.path "server_rsa.pem"
    defaults.key = pki.path "server_rsa.key"
  end
  return merged(defaults, given)
end

---@param client table|userdata|nil options or a config
---@param server table|userdata|nil options or a config
---@param how table|nil { name = server name, client = options of config:client }
function pair.new(client, server, how)
  how = how or {}
  if type(client) ~= "userdata" then
    client = assert(tls.config(pair.client_options(client)))
  end
  if type(server) ~= "userdata" then
    server = assert(tls.config(pair.server_options(server)))
  end
  return setmetatable({
    client_config = client,
    server_config = server,
    client = assert(client:client(how.name or "localhost", how.client)),
    server = assert(server:server()),
  }, pair)
end

---Moves what `from` has to say to `to`, in pieces of at most `size` bytes.
---@return boolean moved
function pair.carry(from, to, size)
  local bytes = from:drain()
  if not bytes then
    return false
  end
  for i = 1, #bytes, size or #bytes do
    to:feed(bytes:sub(i, i + (size or #bytes) - 1))
  end
  return true
end

---Carries in both directions until both are silent.
function pair:settle(size)
  for _ = 1, ROUNDS do
    local there = pair.carry(self.client, self.server, size)
    local back = pair.carry(self.server, self.client, size)
    if not there and not back then
      return self
    end
  end
  error("the two sides do not stop talking")
end

---A pair whose handshake is done, or an error that says why not.
function pair.open(...)
  local p = pair.new(...):settle()
  for _, side in ipairs { "client", "server" } do
    if p[side]:state() ~= "open" then
      local failure = p[side]:failure()
      error(("the %s is %s: %s"):format(side, p[side]:state(), failure and failure.message or "no failure"), 2)
    end
  end
  return p
end

---Runs the handshake with a wire that passes each flight through `change(bytes, from_client, n)`.
function pair:settle_through(change)
  for n = 1, ROUNDS do
    local there, back = self.client:drain(), self.server:drain()
    if not there and not back then
      return self
    end
    if there then
      self.server:feed(change(there, true, n))
    end
    if back then
      self.client:feed(change(back, false, n))
    end
  end
  error("the two sides do not stop talking")
end

---Everything that has arrived, or "".
function pair.read_all(session)
  local parts = {}
  while true do
    local data = session:read()
    if not data then
      return table.concat(parts)
    end
    parts[#parts + 1] = data
  end
end

return pair
