-- Headless Chromium loads a page from `beartls serve --http`. Run by `make interop-more`. It goes by the machine's
-- clock, and believes what is in the NSS database of a home directory of its own.

local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local it = peer.needs("chromium", it, pending)

local FLAGS = { "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage" }

describe("Chromium and beartls serve agree on", function()
  local home
  setup(function()
    if process.has "chromium" then
      home = process.tmpdir()
      local database = "sql:" .. home .. "/.pki/nssdb"
      local commands = { "mkdir -p " .. home .. "/.pki/nssdb", peer.words("certutil", "-d", database, "-N",
        "--empty-password") }
      for _, root in ipairs { "root_rsa", "root_ec" } do
        commands[#commands + 1] = peer.words("certutil", "-d", database, "-A", "-t", "C,,", "-n", root, "-i",
          pki.path(root .. ".pem"))
      end
      local said, code = process.run(table.concat(commands, " && "))
      assert.equal(0, code, said)
    end
  end)
  teardown(process.cleanup)

  -- The page as Chromium has it.
  local function page(server)
    local said = process.run(peer.words("chromium", FLAGS, "--user-data-dir=" .. home .. "/chromium", "--dump-dom",
      ("https://localhost:%d/"):format(server.port)), { seconds = 60, env = { HOME = home } })
    return said
  end

  local function row(text, label)
    return text:match("<th>" .. label .. "</th><td>(.-)</td>")
  end

  for _, name in ipairs { "server_rsa", "server_ec", "server_p384", "server_chain_rsa", "server_chain_ec" } do
    for tls, version in pairs { ["1.2"] = "TLSv1.2", ["1.3"] = "TLSv1.3" } do
      it(("%s with the certificate of %s"):format(version, name), function()
        local server = peer.beartls_serve("--http", "--tls", tls, "--cert", pki.path(name .. ".pem"), "--key",
          pki.path(name .. ".key"))
        local text = page(server)
        assert.equal(version, row(text, "version"), text)
        assert.equal("localhost", row(text, "server name"))
        assert.equal("http/1.1 (ALPN)", row(text, "protocol"))
        server:stop()
      end)
    end
  end

  it("no page where the certificate is not to be believed", function()
    local server = peer.beartls_serve("--http", "--cert", pki.path "server_untrusted.pem", "--key",
      pki.path "server_untrusted.key")
    assert.is_nil(row(page(server), "version"))
    assert.matches('"code":"alert_', server:wait_for '({[^\n]*"fact":"failure"[^\n]*})\n', 1, true)
  end)
end)
