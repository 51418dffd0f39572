local process = require "support.process"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

describe("make bench", function()
  local output, code

  setup(function()
    output, code = process.run("make --no-print-directory -s bench LUA=" .. LUA,
      { seconds = 90, env = { BEARTLS_BENCH = "quick" } })
  end)
  teardown(process.cleanup)

  -- The figures behind a label: beartls' and LuaSec's (or a sender's and a receiver's), and the ratio.
  local function figures(label)
    local at, stop = output:find("\n  " .. label .. "  ", 1, true)
    assert.is_truthy(at, label .. " is not in:\n" .. output)
    local ours, theirs, ratio = output:match("^%s*(%S+) +(%S+) +([%d.]*) *\n", stop + 1)
    return tonumber(ours), tonumber(theirs), tonumber(ratio)
  end

  it("runs to its end", function()
    assert.equal(0, code, output)
  end)

  for _, label in ipairs {
    "1.3: ECDSA P-256, x25519", "1.3: mutual, ECDSA P-256, x25519", "1.3: RSA 2048, x25519: server",
    "ECDHE_ECDSA P-256, x25519", "ECDHE_RSA 2048, x25519", "ECDHE_ECDSA P-256, x25519: client",
    "ECDHE_RSA 2048, x25519: server", "64 B through both", "1 KB through both", "16 KB, sender alone",
    "1 MB, receiver alone", "a client", "a server", "require", "the C module and what it needs",
  } do
    it("compares with LuaSec: " .. label, function()
      local ours, theirs, ratio = figures(label)
      assert.is_true(ours > 0)
      if not output:find("LuaSec is not here", 1, true) then
        assert.is_true(theirs > 0)
        assert.is_true(ratio > 0)
      end
    end)
  end

  it("measures resumption, which LuaSec has none of", function()
    assert.is_true((figures "resumed") > 0)
    assert.is_true((figures "1.3: resumed") > 0)
    assert.is_true((figures "resumed: server") > 0)
  end)

  it("knows how large a program is that needs no file besides", function()
    local size = figures "a static program: Lua, beartls, its modules, libc"
    assert.is_true(size > 100 and size < 20000, output)
  end)

  it("counts at most two copies of a byte on each side, of a session and of a stream", function()
    local reason = output:match "Copies were not counted: [^\n]*"
    if reason then
      pending(reason)
      return
    end
    for _, suite in ipairs { "AES128-GCM", "ChaCha20-Poly1305" } do
      for _, way in ipairs { "a session, 16 KB at a time", "a session, 256 KB", "a stream, 16 KB at a time" } do
        local sender, receiver = figures(suite .. ", " .. way)
        assert.is_true(sender >= 1 and sender < 2.1, output)
        assert.is_true(receiver >= 1 and receiver < 2.1, output)
      end
    end
  end)
end)
