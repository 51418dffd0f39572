-- modern_faults.lua: handshakes of the modern engine, and what has to hold of them after a wire has changed something.
-- Most of what they say is protected, so that alerts are counted in the traces, not on the wire.

local faults = require "support.faults"
local wire = require "support.wire"

local modern_faults = {}

local SUITES_12 = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" }
local SUITES_13 = { "TLS_AES_128_GCM_SHA256" }

local function merged(...)
  local out = { trace = true }
  for _, options in ipairs { ... } do
    for name, value in pairs(options) do
      out[name] = value
    end
  end
  return out
end

local RETRY = { client = { groups = { "x25519", "secp256r1" } }, server = { groups = { "secp256r1" } } }
local V13 = { cipher_suites = SUITES_13 }
-- The curve of the certificates is one of the groups (RFC 8422, 5.1.1).
local V12 = { cipher_suites = SUITES_12, max_version = "TLSv1.2", groups = { "x25519", "secp256r1" } }

---The handshakes that are tried: { name, options of both, resumed, what differs: client, server }.
modern_faults.HANDSHAKES = {
  { "mutual of TLS 1.3", V13, false },
  { "resumed of TLS 1.3", V13, true },
  { "retried of TLS 1.3", V13, false, RETRY },
  { "retried and resumed of TLS 1.3", V13, true, RETRY },
  { "mutual of TLS 1.2", V12, false },
  { "resumed of TLS 1.2", V12, true },
}

---Configs of a handshake of that list, its flights, and a function that gives the `how` of wire.run.
function modern_faults.prepare(handshake)
  local differs = handshake[4] or {}
  local client_config, server_config = wire.configs(merged(handshake[2], differs.client or {}),
    merged(handshake[2], differs.server or {}))
  local ticket
  local function how()
    return { client = { ticket = ticket } }
  end
  local flights, p = faults.flights_of(client_config, server_config, how())
  if handshake[3] then
    ticket = assert(p.client:ticket())
    flights, p = faults.flights_of(client_config, server_config, how())
  end
  assert(p.client:resumed() == handshake[3] and p.server:resumed() == handshake[3])
  return client_config, server_config, flights, how
end

-- The alerts that a side sent, and whether one of them was the last thing that it sent.
local function alerts_of(session)
  local alerts, last = {}, nil
  for event in session:events() do
    if event.direction == "sent" and event.content_type ~= "keys" then
      last = event
      if event.content_type == "alert" then
        alerts[#alerts + 1] = event
      end
    end
  end
  return alerts, #alerts > 0 and alerts[#alerts] == last
end

-- What is wrong with how a failed side ended, or nil.
local function judge_side(session, peer)
  local failure, theirs = session:failure(), peer:failure()
  if type(failure.code) ~= "string" or failure.code == "" or failure.message == "" then
    return "failed without code and message"
  end
  if failure.code == "io_out_of_memory" then
    return "says that there is no memory"
  end
  local alerts, is_last = alerts_of(session)
  if failure.sent_by ~= "us" then
    return #alerts > 0 and ("failed by %s and sent an alert nevertheless"):format(failure.code) or nil
  end
  if not failure.code:find "^peer_" and not failure.code:find "^certificate_" then
    return "blames its peer by the code " .. failure.code
  end
  if #alerts ~= 1 or not is_last then
    return ("failed by %s and sent %d alerts"):format(failure.code, #alerts)
  end
  if alerts[1].raw ~= string.char(2, failure.alert_number) then
    return "sent another alert than it says"
  end
  if theirs and theirs.sent_by == "peer" and theirs.alert_number ~= failure.alert_number then
    return "sent an alert that the peer took for another"
  end
end

local function carry(p)
  local moved = false
  for _, way in ipairs { { p.client, p.server }, { p.server, p.client } } do
    local bytes = way[1]:drain()
    if bytes then
      moved = true
      way[2]:feed(bytes)
    end
  end
  return moved
end

-- Two open sides say something to each other. True when it has arrived.
local function talk(p)
  p.client:write "from the client"
  p.server:write "from the server"
  for _ = 1, 4 do
    if not carry(p) then
      break
    end
  end
  return p.server:read() == "from the client" and p.client:read() == "from the server"
end

---What is wrong with how a run ended, or nil: both failed, each with at most its one alert, or data comes through.
function modern_faults.judge(p)
  local function both(state)
    return p.client:state() == state and p.server:state() == state
  end
  if both "open" then
    if talk(p) then
      return nil
    end
    -- What was lost behind the handshake shows when something follows it, or the end.
    for _, side in ipairs { p.client, p.server } do
      if side:state() == "open" then
        side:feed(nil)
      end
    end
  end
  if not both "failed" then
    return ("the client is %s, the server %s"):format(p.client:state(), p.server:state())
  end
  for _, side in ipairs { "client", "server" } do
    local wrong = judge_side(p[side], p[side == "client" and "server" or "client"])
    if wrong then
      return ("the %s %s"):format(side, wrong)
    end
    if p[side]:read() ~= nil then
      return ("the %s has data although it failed"):format(side)
    end
  end
end

return modern_faults
