-- What comes from the wire may be anything.

local faults = require "support.faults"
local wire = require "support.wire"

-- Every byte where the specs run first; which Lua it is makes no difference below the bindings.
local STRIDE = (os.getenv "BEARTLS_LUA" or "lua5.4") == "lua5.4" and 1 or 7

local client_config, server_config = wire.configs()
local flights = faults.flights_of(client_config, server_config)

describe("a handshake on a wire that", function()
  for n = 1, faults.FLIGHTS do
    local size = #flights[n]
    it(("flips a bit of a byte of flight %d fails on both sides, each with one alert"):format(n), function()
      local changes = {}
      for i = 1, size, STRIDE do
        changes[#changes + 1] = { n, ("bit %d of byte %d"):format(i % 8, i), function(bytes)
          return i <= #bytes and faults.flip(bytes, i, i % 8) or bytes
        end }
      end
      assert.same({}, (faults.run_all(client_config, server_config, changes)))
    end)

    it(("loses a part of flight %d fails"):format(n), function()
      local changes = {}
      for i = 1, size, math.max(1, math.floor(size / 25)) do
        for _, length in ipairs { 1, 7, 60 } do
          changes[#changes + 1] = { n, ("bytes %d to %d lost"):format(i, i + length - 1), function(bytes)
            return faults.cut(bytes, i, i + length - 1)
          end }
        end
        changes[#changes + 1] = { n, ("cut before byte %d"):format(i), function(bytes)
          return bytes:sub(1, i - 1)
        end }
      end
      local wrong, open = faults.run_all(client_config, server_config, changes)
      assert.same({}, wrong)
      assert.equal(0, open)
    end)

    it(("repeats or swaps parts of flight %d fails"):format(n), function()
      local changes = {}
      for i = 1, size - 8, math.max(1, math.floor(size / 20)) do
        changes[#changes + 1] = { n, ("8 bytes from %d twice"):format(i), function(bytes)
          return bytes:sub(1, i + 7) .. bytes:sub(i)
        end }
        changes[#changes + 1] = { n, ("8 bytes from %d changed places with the next"):format(i), function(bytes)
          return bytes:sub(1, i - 1) .. bytes:sub(i + 8, i + 15) .. bytes:sub(i, i + 7) .. bytes:sub(i + 16)
        end }
      end
      assert.same({}, (faults.run_all(client_config, server_config, changes)))
    end)

    it(("loses, repeats or swaps records of flight %d fails"):format(n), function()
      local changes = {}
      local count = #wire.records(flights[n])
      local function edit(name, how)
        changes[#changes + 1] = { n, name, function(bytes)
          local raws = {}
          for i, record in ipairs(wire.records(bytes)) do
            raws[i] = record.raw
          end
          how(raws)
          return table.concat(raws)
        end }
      end
      for i = 1, count do
        edit(("record %d lost"):format(i), function(raws) table.remove(raws, i) end)
        edit(("record %d twice"):format(i), function(raws) table.insert(raws, i, raws[i]) end)
        edit(("record %d again at the end"):format(i), function(raws) raws[#raws + 1] = raws[i] end)
        for k = i + 1, count do
          edit(("records %d and %d swapped"):format(i, k), function(raws)
            raws[i], raws[k] = raws[k], raws[i]
          end)
        end
      end
      local wrong, open = faults.run_all(client_config, server_config, changes)
      assert.same({}, wrong)
      assert.equal(0, open)
    end)
  end

  it("sends a flight twice, or that of another connection, fails", function()
    local changes = {}
    for n = 1, faults.FLIGHTS do
      changes[#changes + 1] = { n, "twice", function(bytes) return bytes .. bytes end }
      changes[#changes + 1] = { n, "of another connection", function() return flights[n] end }
      changes[#changes + 1] = { n, "sent back", function() return flights[n % 2 == 1 and 2 or 1] end }
    end
    assert.same({}, (faults.run_all(client_config, server_config, changes)))
  end)

  it("only splits what it carries harms nothing", function()
    local changes = {}
    for n = 1, faults.FLIGHTS do
      for _, size in ipairs { 1, 2, 5, 6, 99 } do
        changes[#changes + 1] = { n, ("pieces of %d"):format(size), function(bytes)
          local pieces = {}
          for i = 1, #bytes, size do
            pieces[#pieces + 1] = bytes:sub(i, i + size - 1)
          end
          return pieces
        end }
      end
    end
    local wrong, open = faults.run_all(client_config, server_config, changes)
    assert.same({}, wrong)
    assert.equal(#changes, open)
  end)
end)

describe("a resumed handshake on a wire that", function()
  local ticket
  local resumable, keeping = wire.configs()
  local function with_ticket()
    return { client = { ticket = ticket } }
  end

  it("flips a bit of any byte fails, or turns into a full one", function()
    local _, p = faults.flights_of(resumable, keeping)
    ticket = assert(p.client:ticket())
    local short = faults.flights_of(resumable, keeping, with_ticket())
    local changes = {}
    for n = 1, 3 do
      for i = 1, #short[n], STRIDE do
        changes[#changes + 1] = { n, ("bit %d of byte %d"):format(i % 8, i), function(bytes)
          return i <= #bytes and faults.flip(bytes, i, i % 8) or bytes
        end }
      end
    end
    assert.same({}, (faults.run_all(resumable, keeping, changes, with_ticket)))
  end)
end)
