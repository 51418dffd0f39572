-- `beartls connect --crl` and `beartls serve --client-ca ... --crl`: authorities that take certificates back.

local issuing = require "beartls.pki"
local peer = require "support.peer"
local process = require "support.process"

local ca, dir

local function write(name, text)
  process.write_file(dir .. "/" .. name, text)
  return dir .. "/" .. name
end

local function issue(name, given)
  local identity = assert(ca:issue(given))
  write(name .. ".pem", identity.certificate:pem())
  write(name .. ".key", identity.key:pem())
  return identity.certificate
end

local function as(name)
  return { "--cert", dir .. "/" .. name .. ".pem", "--key", dir .. "/" .. name .. ".key" }
end

-- What standard error has, and the exit code.
local function connect(port, ...)
  return process.run(peer.beartls("connect", "--ca", dir .. "/ca.pem", { ... }, "localhost:" .. port),
    { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
end

describe("beartls", function()
  setup(function()
    dir = process.tmpdir()
    ca = assert(issuing.ca { key_kind = "p256" })
    write("ca.pem", ca.root:pem())
    local gone = {
      { certificate = issue("gone", { dns = "localhost", key_kind = "p256" }), reason = "keyCompromise" },
      { certificate = issue("old_client", { name = "old", key_kind = "p256" }) },
    }
    issue("good", { dns = "localhost", key_kind = "p256" })
    issue("client", { name = "new", key_kind = "p256" })
    write("list.pem", assert(ca:crl { revoked = gone }):pem())
    write("other.pem", assert(assert(issuing.ca { name = "Other", key_kind = "p256" }):crl {}):pem())
  end)
  teardown(process.cleanup)

  it("connect refuses a server that a list names, and others when a list is wanted for them", function()
    local list, other = dir .. "/list.pem", dir .. "/other.pem"
    local directory = dir .. "/lists"
    process.run("mkdir " .. directory .. " && cp " .. list .. " " .. other .. " " .. directory)
    for name, cases in pairs {
      good = {
        { {}, 0 }, { { "--crl", list }, 0 }, { { "--crl", other, "--crl", list, "--crl-required" }, 0 },
        { { "--crl", directory, "--crl-required" }, 0 },
        { { "--crl", other }, 0 },
        { { "--crl", other, "--crl-required" }, 4, "certificate_crl_missing", "here: %-%-crl FILE" },
      },
      gone = {
        { {}, 0 }, { { "--crl", other }, 0 },
        { { "--crl", list }, 4, "certificate_revoked", "was revoked on .*keyCompromise" },
        { { "--crl", other, "--crl", list }, 4, "certificate_revoked", "was revoked on" },
        { { "--crl", directory }, 4, "certificate_revoked", "was revoked on" },
      },
    } do
      local server = peer.beartls_serve(as(name))
      for _, case in ipairs(cases) do
        local output, code = connect(server.port, case[1])
        assert.equal(case[2], code, output)
        assert.matches(case[3] or "connected to", output, 1, true)
        assert.matches(case[4] or "", output)
      end
      server:stop()
    end
  end)

  it("serve refuses a client that a list names", function()
    local server = peer.beartls_serve(as "good", "--client-ca", dir .. "/ca.pem", "--crl", dir .. "/list.pem")
    for name, wanted in pairs { client = 0, old_client = 6 } do
      local output, code = connect(server.port, as(name), "--idle", "2")
      assert.is_true(code == wanted or wanted == 6 and code == 5, output)
      assert.equal(wanted ~= 0, output:find("alert_certificate_revoked", 1, true) ~= nil, output)
    end
  end)
end)
