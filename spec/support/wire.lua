-- wire.lua: records as bytes, handshakes over a wire that changes them, and what has to hold afterwards whatever was
-- changed.

local pair = require "support.pair"
local pki = require "support.pki"

local wire = {
  CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23,
}

-- A handshake has four flights; more rounds than that mean that somebody does not stop.
local ROUNDS = 40

---A number as `size` bytes, big-endian.
function wire.number(value, size)
  local bytes = {}
  for i = size, 1, -1 do
    bytes[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(bytes)
end

---A record, not protected.
function wire.record(content_type, body, version)
  return string.char(content_type) .. wire.number(version or 0x0303, 2) .. wire.number(#body, 2) .. body
end

---A fatal alert, not protected.
function wire.alert(number, version)
  return wire.record(wire.ALERT, string.char(2, number), version)
end

---A handshake message; `length` says what its header says, if that is not the truth.
function wire.message(message_type, body, length)
  return string.char(message_type) .. wire.number(length or #body, 3) .. body
end

---The records of a stream: { type, version, body, raw, first, last }; what is cut off at the end is left out.
function wire.records(bytes)
  local list, at = {}, 1
  while at + 4 <= #bytes do
    local length = bytes:byte(at + 3) * 256 + bytes:byte(at + 4)
    local last = at + 4 + length
    if last > #bytes then
      break
    end
    list[#list + 1] = {
      type = bytes:byte(at), version = bytes:byte(at + 1) * 256 + bytes:byte(at + 2),
      body = bytes:sub(at + 5, last), raw = bytes:sub(at, last), first = at, last = last,
    }
    at = last + 1
  end
  return list
end

-- A suite of the classic engine alone.
wire.CLASSIC = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" }

---Configs for a mutual handshake of TLS 1.2 that costs little: each side was given the other's certificate itself.
function wire.configs(client, server)
  local tls = require "beartls"
  local c = { trust = pki.path "server_ec.pem", certificate = pki.path "client_ec.pem",
    key = pki.path "client_ec.key", groups = { "x25519", "secp256r1" }, cipher_suites = wire.CLASSIC }
  local s = { trust = pki.path "client_ec.pem", certificate = pki.path "server_ec.pem",
    key = pki.path "server_ec.key", groups = { "x25519" }, verify_client = "require",
    cipher_suites = wire.CLASSIC }
  for name, value in pairs(client or {}) do c[name] = value end
  for name, value in pairs(server or {}) do s[name] = value end
  return assert(tls.config(pair.client_options(c))), assert(tls.config(pair.server_options(s)))
end

---Shakes hands over a wire that passes flight n (odd: the client's) through change(n, bytes) -> bytes | list of pieces.
---Then the transport ends, if the two are not open or failed.
---@return table { client, server, said = { client = bytes, server = bytes } }
function wire.run(client_config, server_config, change, how)
  local p = pair.new(client_config, server_config, how)
  local said = { client = "", server = "" }
  for round = 1, ROUNDS do
    local quiet = true
    for _, way in ipairs { { "client", "server" }, { "server", "client" } } do
      local bytes = p[way[1]]:drain()
      local flight = round * 2 - (way[1] == "client" and 1 or 0)
      if bytes then
        quiet = false
        said[way[1]] = said[way[1]] .. bytes
        local pieces = change(flight, bytes)
        for _, piece in ipairs(type(pieces) == "table" and pieces or { pieces }) do
          p[way[2]]:feed(piece)
        end
      end
    end
    if quiet then
      break
    end
    assert(round < ROUNDS, "the two sides do not stop talking")
  end
  local function is_over(session)
    return session:state() == "failed" or session:state() == "closed"
  end
  local open = p.client:state() == "open" and p.server:state() == "open"
  if not open then
    for _, side in ipairs { "client", "server" } do
      if not is_over(p[side]) then
        p[side]:feed(nil)
      end
    end
  end
  for _, side in ipairs { "client", "server" } do
    said[side] = said[side] .. (p[side]:drain() or "")
  end
  p.said = said
  return p
end

-- What is wrong with how one side ended, or nil.
local function judge_side(session, said, peer)
  local failure = session:failure()
  local alerts, encrypted, last = {}, false, nil
  for _, record in ipairs(wire.records(said)) do
    last = record
    if record.type == wire.ALERT then
      alerts[#alerts + 1] = { record = record, encrypted = encrypted }
    end
    encrypted = encrypted or record.type == wire.CHANGE_CIPHER_SPEC
  end
  if not failure then
    return #alerts > 0 and "sent an alert without failing" or nil
  end
  if type(failure.code) ~= "string" or failure.code == "" or type(failure.message) ~= "string"
    or failure.message == "" then
    return "failed without code and message"
  end
  if session:read() ~= nil then
    return "gave application data"
  end
  if failure.code == "io_out_of_memory" then
    return "says that there is no memory"
  end
  if failure.sent_by ~= "us" then
    return #alerts > 0 and ("failed by %s and sent an alert nevertheless"):format(failure.code) or nil
  end
  if #alerts ~= 1 then
    return ("failed by %s and sent %d alerts"):format(failure.code, #alerts)
  end
  local alert = alerts[1]
  if alert.record ~= last then
    return "sent something after its alert"
  end
  if alert.encrypted and #alert.record.body < 10 then
    return "sent its alert in the clear after change_cipher_spec"
  end
  if not alert.encrypted and alert.record.body ~= string.char(2, failure.alert_number) then
    return "sent another alert than it says"
  end
  local theirs = peer:failure()
  if theirs and theirs.sent_by == "peer" and theirs.alert_number ~= failure.alert_number then
    return "sent an alert that the peer took for another"
  end
end

---What is wrong with how a run ended, or nil: both failed, each with its one alert, or both open and usable.
function wire.judge(p)
  local client, server = p.client:state(), p.server:state()
  if client == "open" and server == "open" then
    for _, way in ipairs { { p.client, p.server }, { p.server, p.client } } do
      way[1]:write "data"
      way[2]:feed(way[1]:drain())
      if way[2]:read() ~= "data" then
        return "are open, but nothing comes through"
      end
    end
    return nil
  end
  if client ~= "failed" or server ~= "failed" then
    return ("the client is %s, the server %s"):format(client, server)
  end
  for _, side in ipairs { "client", "server" } do
    local wrong = judge_side(p[side], p.said[side], p[side == "client" and "server" or "client"])
    if wrong then
      return ("the %s %s"):format(side, wrong)
    end
  end
end

return wire
