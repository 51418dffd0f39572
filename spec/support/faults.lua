-- faults.lua: handshakes of which one flight is changed, and the changes.

local wire = require "support.wire"

local faults = { FLIGHTS = 4 }

---The four flights of a handshake with these configs, as bytes.
function faults.flights_of(client_config, server_config, how)
  local flights = {}
  local p = wire.run(client_config, server_config, function(n, bytes)
    flights[n] = bytes
    return bytes
  end, how)
  assert(p.client:state() == "open" and p.server:state() == "open")
  return flights, p
end

---Runs a case for each change of `changes`, a list of { flight, name, function(bytes) -> bytes | pieces }, and says
---what went wrong. `how` gives the last argument of wire.run; `judge` is wire.judge if not given.
function faults.run_all(client_config, server_config, changes, how, judge)
  local wrong, open = {}, 0
  for _, change in ipairs(changes) do
    local ok, p = pcall(wire.run, client_config, server_config, function(n, bytes)
      return n == change[1] and change[3](bytes) or bytes
    end, how and how())
    local what = ok and (judge or wire.judge)(p) or not ok and "raised " .. tostring(p) or nil
    if what then
      wrong[#wrong + 1] = ("flight %d, %s: %s"):format(change[1], change[2], what)
    elseif p.client:state() == "open" then
      open = open + 1
    end
  end
  return wrong, open
end

function faults.flip(bytes, i, bit)
  local byte = bytes:byte(i)
  local power = 2 ^ bit
  local is_set = math.floor(byte / power) % 2 == 1
  return bytes:sub(1, i - 1) .. string.char(is_set and byte - power or byte + power) .. bytes:sub(i + 1)
end

function faults.cut(bytes, from, to)
  return bytes:sub(1, from - 1) .. bytes:sub(to + 1)
end

---The messages of a flight before change_cipher_spec: { type, raw }.
function faults.messages(bytes)
  local stream, list, at = {}, {}, 1
  for _, record in ipairs(wire.records(bytes)) do
    if record.type ~= wire.HANDSHAKE then
      break
    end
    stream[#stream + 1] = record.body
  end
  stream = table.concat(stream)
  while at <= #stream do
    local a, b, c = stream:byte(at + 1, at + 3)
    local last = at + 3 + (a * 256 + b) * 256 + c
    list[#list + 1] = { type = stream:byte(at), raw = stream:sub(at, last) }
    at = last + 1
  end
  return list
end

---A flight whose message of that type is replaced; what follows in it is kept.
function faults.replaced(bytes, message_type, by)
  local parts = {}
  for _, message in ipairs(faults.messages(bytes)) do
    parts[#parts + 1] = wire.record(wire.HANDSHAKE, message.type == message_type and by or message.raw)
  end
  for _, record in ipairs(wire.records(bytes)) do
    if record.type ~= wire.HANDSHAKE or #record.body == 40 then
      parts[#parts + 1] = record.raw
    end
  end
  return table.concat(parts)
end

return faults
