-- luasec.lua: LuaSec and our drop-in for it side by side: the same calls on both, and what each has answered.

local loopback = require "support.loopback"
local pki = require "support.pki"

local luasec = {}

local has_real, real = pcall(require, "ssl")

-- Each by its name; real is nil where LuaSec is not installed, and under a sanitizer, which finds LuaSec's leaks.
luasec.real = has_real and not os.getenv "BEARTLS_ASAN" and {
  ssl = real, context = require "ssl.context", core = require "ssl.core", x509 = require "ssl.x509",
} or nil
luasec.ours = {
  ssl = require "beartls.luasec", context = require "beartls.luasec.context", core = require "beartls.luasec.core",
  x509 = require "beartls.luasec.x509",
}

local function merged(defaults, given)
  for name, value in pairs(given or {}) do
    if name == "identity" then
      defaults.certificate, defaults.key = pki.path(value .. ".pem"), pki.path(value .. ".key")
    else
      defaults[name] = value
    end
  end
  return defaults
end

---Parameters of a client and a server; `identity` is a certificate of spec/pki and its key.
function luasec.client(given)
  return merged({ mode = "client", protocol = "any", verify = "none", options = "all" }, given)
end

function luasec.server(given)
  return merged({ mode = "server", protocol = "any", verify = "none", options = "all",
    certificate = pki.path "server_rsa.pem", key = pki.path "server_rsa.key" }, given)
end

local open = {}

---Closes what the functions below have opened: for after_each.
function luasec.hang_up()
  while #open > 0 do
    table.remove(open):close()
  end
end

---A client and a server of the same module, that do not wait.
---@param side table luasec.real or luasec.ours
---@param client table|nil parameters
---@param server table|nil
function luasec.pair(side, client, server)
  local a, b = loopback.connected()
  local c = assert(side.ssl.wrap(a, luasec.client(client)))
  local s = assert(side.ssl.wrap(b, luasec.server(server)))
  open[#open + 1], open[#open + 2] = c, s
  c:settimeout(0)
  s:settimeout(0)
  return c, s
end

-- One turn of a handshake: what it says when it says something else than to wait.
local function turn(connection, said)
  if not said then
    local ok, err = connection:dohandshake()
    if ok or err ~= "wantread" and err ~= "wantwrite" then
      return { ok, err }
    end
  end
  return said
end

---Shakes hands: what the client and the server say in the end, each true or false, err.
function luasec.shake(c, s)
  local client, server
  for _ = 1, 200 do
    client, server = turn(c, client), turn(s, server)
    if client and server then
      return client[1], client[2], server[1], server[2]
    end
  end
  error "the handshake does not end"
end

---An open pair.
function luasec.open(side, client, server)
  local c, s = luasec.pair(side, client, server)
  local ok, err, okay, error_ = luasec.shake(c, s)
  assert(ok and okay, err or error_)
  return c, s
end

-- ---- what they answer ----

-- A value as text that does not depend on addresses, or on whether a number is a float.
local function shown(value)
  if type(value) == "number" then
    return ("%.14g"):format(value)
  elseif type(value) ~= "table" then
    return (tostring(value):gsub(": 0x%x+", ": ..."))
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = tostring(key) .. "=" .. shown(item)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function shown_all(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = shown((select(i, ...)))
  end
  while parts[#parts] == "nil" and #parts > 1 do
    parts[#parts] = nil
  end
  return table.concat(parts, " | ")
end

local function answer(ok, ...)
  return ok and shown_all(...) or "raises"
end

-- What a side answers in a scenario: { label = answer }, and the labels in their order.
local function play(side, scenario)
  local said, order = {}, {}
  scenario(side, function(label, f, ...)
    assert(not said[label], label .. " is there twice")
    said[label] = answer(pcall(f, ...))
    order[#order + 1] = label
  end)
  return said, order
end

---Plays a scenario on both sides: function(side, try), which calls try(label, f, ...) for each call that is to be
---compared. What is not the same must be in `differs`: { label = what ours answers, or a pattern that begins with ^ }.
---@param scenario function
---@param differs table|nil
---@return string[] complaints none when all is as it should be
function luasec.compare(scenario, differs)
  differs = differs or {}
  local real_said = luasec.real and play(luasec.real, scenario)
  luasec.hang_up()
  local said, order = play(luasec.ours, scenario)
  luasec.hang_up()
  local complaints = {}
  for _, label in ipairs(order) do
    local wanted = differs[label] or real_said and real_said[label]
    local same = wanted == nil or said[label] == wanted
    if not same and differs[label] and wanted:sub(1, 1) == "^" then
      same = said[label]:find(wanted) ~= nil
    end
    if not same then
      complaints[#complaints + 1] = ("%s: ours %s, not %s"):format(label, said[label], wanted)
    end
  end
  return complaints
end

return luasec
