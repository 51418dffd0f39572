-- What comes from the wire may be anything: the modern engine's handshakes, with and without resumption and retry.

local faults = require "support.faults"
local modern_faults = require "support.modern_faults"
local wire = require "support.wire"

-- How many changes of a kind are tried in a flight: there are more bytes than it pays to try one by one.
local SAMPLES = 14

-- Positions in a flight of that size: its beginning, where the lengths are, and evenly through the rest.
local function positions(size)
  local list, seen = {}, {}
  local function add(i)
    if i >= 1 and i <= size and not seen[i] then
      seen[i] = true
      list[#list + 1] = i
    end
  end
  for i = 1, 12 do
    add(i)
  end
  for i = 0, SAMPLES do
    add(1 + math.floor(i * (size - 1) / SAMPLES))
  end
  return list
end

local kinds = {}

function kinds.flips(n, size, add)
  for _, i in ipairs(positions(size)) do
    add(n, ("bit %d of byte %d flipped"):format(i % 8, i), function(bytes)
      return i <= #bytes and faults.flip(bytes, i, i % 8) or bytes
    end)
  end
end

function kinds.cuts(n, size, add)
  for k, i in ipairs(positions(size)) do
    local length = ({ 1, 7, 60, 100000 })[k % 4 + 1]
    add(n, ("%d bytes from %d lost"):format(length, i), function(bytes)
      return faults.cut(bytes, i, i + length - 1)
    end)
  end
end

function kinds.repeats(n, size, add)
  for k, i in ipairs(positions(size - 8)) do
    if k % 2 == 0 then
      add(n, ("8 bytes from %d twice"):format(i), function(bytes)
        return bytes:sub(1, i + 7) .. bytes:sub(i)
      end)
    else
      add(n, ("8 bytes from %d changed places with the next"):format(i), function(bytes)
        return bytes:sub(1, i - 1) .. bytes:sub(i + 8, i + 15) .. bytes:sub(i, i + 7) .. bytes:sub(i + 16)
      end)
    end
  end
end

function kinds.records(n, _, add, flight)
  local count = #wire.records(flight)
  local function edit(name, how)
    add(n, name, function(bytes)
      local raws = {}
      for i, record in ipairs(wire.records(bytes)) do
        raws[i] = record.raw
      end
      how(raws)
      return table.concat(raws)
    end)
  end
  for i = 1, count do
    edit(("record %d lost"):format(i), function(raws) table.remove(raws, i) end)
    edit(("record %d twice"):format(i), function(raws) table.insert(raws, i, raws[i]) end)
    edit(("record %d again at the end"):format(i), function(raws) raws[#raws + 1] = raws[i] end)
    edit(("an alert in the clear before record %d"):format(i), function(raws)
      table.insert(raws, i, wire.alert(40))
    end)
    for k = i + 1, count do
      edit(("records %d and %d swapped"):format(i, k), function(raws)
        raws[i], raws[k] = raws[k], raws[i]
      end)
    end
  end
end

function kinds.others(n, _, add, flight, flights)
  add(n, "twice", function(bytes) return bytes .. bytes end)
  add(n, "of another connection", function() return flight end)
  add(n, "sent back", function() return flights[n % 2 == 1 and 2 or 1] end)
  add(n, "lost", function() return "" end)
end

for _, handshake in ipairs(modern_faults.HANDSHAKES) do
  describe("a handshake " .. handshake[1] .. " on a wire that changes", function()
    local client_config, server_config, flights, how = modern_faults.prepare(handshake)

    -- Runs every change of a kind; gives what went wrong, how many stayed open, and how many there were.
    local function try(kind)
      local changes = {}
      local function add(...)
        changes[#changes + 1] = { ... }
      end
      for n, flight in pairs(flights) do
        kinds[kind](n, #flight, add, flight, flights)
      end
      local wrong, open = faults.run_all(client_config, server_config, changes, how, modern_faults.judge)
      assert.same({}, wrong)
      assert.is_true(open < #changes)
    end

    for _, kind in ipairs { "flips", "cuts", "repeats", "records", "others" } do
      it(("its %s fails on both sides with one alert, or harms nothing"):format(kind), function()
        try(kind)
      end)
    end

    it("only the pieces in which it comes harms nothing", function()
      local changes = {}
      for n in pairs(flights) do
        for _, size in ipairs { 1, 5, 6, 99 } do
          changes[#changes + 1] = { n, ("pieces of %d"):format(size), function(bytes)
            local pieces = {}
            for i = 1, #bytes, size do
              pieces[#pieces + 1] = bytes:sub(i, i + size - 1)
            end
            return pieces
          end }
        end
      end
      local wrong, open = faults.run_all(client_config, server_config, changes, how, modern_faults.judge)
      assert.same({}, wrong)
      assert.equal(#changes, open)
    end)
  end)
end
