-- beartls pki, run in this process unless it has to be seen from outside.
local command = require "support.command"
local json = require "beartls.json"
local pair = require "support.pair"
local process = require "support.process"
local tls = require "beartls"

local run = command.run
local dir

local function made(path)
  return assert(tls.certificate.load(dir .. "/" .. path))
end

-- Runs `beartls pki ...` with DIR for the directory; it has to end well.
local function pki(...)
  local argv = { "pki" }
  for i, word in ipairs { ... } do
    argv[i + 1] = word:gsub("DIR", dir)
  end
  local exit, out, err = run(argv)
  assert.same({ 0, "" }, { exit, err })
  return out
end

local function refused(wanted, ...)
  local argv = { "pki" }
  for i, word in ipairs { ... } do
    argv[i + 1] = word:gsub("DIR", dir)
  end
  local exit, out, err = run(argv)
  assert.same({ 2, "" }, { exit, out })
  assert.matches(wanted, err, 1, true)
end

-- Name, mode and checksum of every file: whether anything has changed.
local function listing()
  local files = "find . -type f | sort"
  return (process.run(("cd %s && %s | xargs stat -c '%%n %%a' && %s | xargs cksum"):format(dir, files, files)))
end

describe("beartls pki", function()
  before_each(function()
    dir = process.tmpdir()
  end)
  teardown(process.cleanup)

  it("lists its commands", function()
    local exit, out, err = run { "pki", "--help" }
    assert.same({ 0, "" }, { exit, err })
    for _, name in ipairs { "new", "ca", "issue", "request", "sign", "crl" } do
      assert.matches("\n  " .. name .. " ", out)
    end
    assert.same({ 0, out, "" }, { run { "help", "pki" } })
    assert.equal(2, (run { "pki" }))
    assert.matches('did you mean "issue"', select(3, run { "pki", "isue" }))
  end)

  for _, name in ipairs { "new", "ca", "issue", "request", "sign", "crl" } do
    it("says with --help what " .. name .. " takes, each option of it", function()
      local exit, out, err = run { "pki", name, "--help" }
      assert.same({ 0, "" }, { exit, err })
      for _, option in ipairs(require("beartls.cli.pki." .. name).command.options) do
        assert.is_truthy(out:find("\n  --" .. option[1], 1, true), option[1])
      end
      assert.matches("usage: beartls pki " .. name, out, 1, true)
      for _, line in ipairs(command.lines_of(out)) do
        assert.is_true(#line <= 100, line)
      end
      assert.same({ 0, out, "" }, { run { "help", "pki", name } })
    end)
  end

  it("new makes all that mutual TLS needs, and the two shake hands with it", function()
    local out = pki("new", "DIR/a")
    for _, name in ipairs { "ca", "server", "client" } do
      assert.matches("/a/" .. name .. ".pem", out, 1, true)
      local key = assert(tls.key.load(dir .. "/a/" .. name .. ".key"))
      assert.is_true(key:matches(made("a/" .. name .. ".pem")))
    end
    assert.same({ "localhost" }, made "a/server.pem":dns_names())
    assert.same({ "127.0.0.1", "::1" }, made "a/server.pem":ip_addresses())
    assert.equal("CN=client", made "a/client.pem":subject())
    local file = dir .. "/a/"
    local p = pair.open(
      assert(tls.config { trust = file .. "ca.pem", certificate = file .. "client.pem", key = file .. "client.key" }),
      assert(tls.config { trust = file .. "ca.pem", certificate = file .. "server.pem", key = file .. "server.key",
        verify_client = "require" }))
    assert.is_true(p.client:verified())
    assert.is_true(p.server:verified())
  end)

  it("new takes names of all kinds", function()
    pki("new", "DIR/a", "--server", "db.example.org,10.0.0.7", "--client",
      "alice,alice@example.org,spiffe://example.org/alice", "--name", "Example", "--days", "7", "--key-kind", "p384")
    assert.equal("CN=Example", made "a/ca.pem":subject())
    assert.same({ "db.example.org" }, made "a/server.pem":dns_names())
    assert.same({ "10.0.0.7" }, made "a/server.pem":ip_addresses())
    assert.equal("CN=alice", made "a/client.pem":subject())
    assert.same({ "alice@example.org" }, made "a/client.pem":emails())
    assert.same({ "spiffe://example.org/alice" }, made "a/client.pem":uris())
    assert.equal("secp384r1", made "a/client.pem":curve())
    assert.equal(7 * 86400 + 3600, made "a/client.pem":not_after() - made "a/client.pem":not_before())
  end)

  it("keeps private keys to their owner, whatever the umask", function()
    process.run(("umask 0; %s lua/beartls/command pki new %s/a"):format(os.getenv "BEARTLS_LUA" or "lua5.4", dir),
      { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
    local list = listing()
    for _, name in ipairs { "ca", "server", "client" } do
      assert.matches(("./a/%s.key 600\n"):format(name), list, 1, true)
      assert.matches(("./a/%s.pem 666\n"):format(name), list, 1, true)
    end
  end)

  it("overwrites nothing without --force, not even in part", function()
    pki("new", "DIR/a")
    os.remove(dir .. "/a/ca.pem")
    os.remove(dir .. "/a/ca.key")
    local before = listing()
    refused("is there already: --force overwrites it (io_exists)", "new", "DIR/a")
    assert.equal(before, listing())
    pki("new", "DIR/a", "--force")
    assert.are_not.equal(before, listing())
    for _, again in ipairs {
      { "ca", "DIR/a" }, { "issue", "DIR/a", "--server", "x", "--as", "DIR/a/server" },
      { "request", "DIR/a/server", "--server", "x" },
    } do
      before = listing()
      refused("is there already", (table.unpack or unpack)(again)) -- luacheck: ignore 143 113
      assert.equal(before, listing())
    end
  end)

  it("takes back what it has made when the rest cannot be written", function()
    process.run(("mkdir %s/a; ln -s /nowhere/x %s/a/client.key"):format(dir, dir))
    refused("cannot write " .. dir .. "/a/client.key", "new", "DIR/a")
    assert.equal("", (process.run(("cd %s && find . -type f"):format(dir))))
  end)

  it("issues, by the first name or as it is told, with a key that is there or a new one", function()
    pki("ca", "DIR/a", "--name", "A")
    pki("issue", "DIR/a", "--server", "*.example.org,example.org")
    assert.same({ "*.example.org", "example.org" }, made "a/wildcard.example.org.pem":dns_names())
    pki("issue", "DIR/a", "--client", "bob", "--as", "DIR/b")
    assert.same({ "clientAuth" }, made "b.pem":extended_key_usage())
    pki("issue", "DIR/a", "--server", "::1", "--key", "DIR/b.key", "--as", "DIR/c")
    assert.is_true(assert(tls.key.load(dir .. "/b.key")):matches(made "c.pem"))
    assert.is_nil(process.read_file(dir .. "/c.key"))
  end)

  it("makes authorities below others, which bind them", function()
    pki("ca", "DIR/root", "--name", "Root")
    pki("ca", "DIR/sub", "--below", "DIR/root", "--permit", "example.org,10.0.0.0/8", "--path-length", "0")
    pki("issue", "DIR/sub", "--server", "www.example.org")
    local chain = made "sub/www.example.org.pem"
    assert.equal(2, #chain)
    assert.equal(made "root/ca.pem", made "sub/root.pem")
    pki("ca", "DIR/deep", "--below", "DIR/sub")
    assert.equal(made "root/ca.pem", made "deep/root.pem")
    assert.equal(2, #made "deep/ca.pem")
  end)

  it("signs requests", function()
    pki("ca", "DIR/a")
    assert.matches("request for CN=www.example.org", pki("request", "DIR/www", "--server", "www.example.org"), 1, true)
    pki("sign", "DIR/a", "DIR/www.csr")
    assert.is_true(assert(tls.key.load(dir .. "/www.key")):matches(made "www.pem"))
    assert.same({ "www.example.org" }, made "www.pem":dns_names())
    pki("sign", "DIR/a", "DIR/www.csr", "--client", "alice", "--out", "DIR/alice.pem")
    assert.same({ "clientAuth" }, made "alice.pem":extended_key_usage())
    refused("there is no certificate request in it", "sign", "DIR/a", "DIR/www.key", "--out", "DIR/x")
  end)

  it("encrypts the authority's key when there is a password for it", function()
    process.write_file(dir .. "/password", "correct horse\r\nanother line\n")
    process.write_file(dir .. "/wrong", "battery\n")
    process.write_file(dir .. "/empty", "\n")
    assert.matches("ca.key  private key, encrypted", pki("new", "DIR/a", "--password-file", "DIR/password"), 1, true)
    assert.matches("ENCRYPTED PRIVATE KEY", process.read_file(dir .. "/a/ca.key"))
    assert.is_truthy(tls.key.load(dir .. "/a/ca.key", "correct horse"))
    pki("issue", "DIR/a", "--client", "bob", "--password-file", "DIR/password")
    pki("crl", "DIR/a", "--password-file", "DIR/password")
    pki("ca", "DIR/b", "--below", "DIR/a", "--password-file", "DIR/password")
    refused("--password-file has the password", "issue", "DIR/a", "--client", "eve")
    refused("config_key_password", "issue", "DIR/a", "--client", "eve", "--password-file", "DIR/wrong")
    refused("the first line of " .. dir .. "/empty is empty", "ca", "DIR/c", "--password-file", "DIR/empty")
    refused("cannot read the password file", "new", "DIR/c", "--password-file", "DIR/no")
  end)

  it("takes certificates back, and remembers those from before", function()
    pki("new", "DIR/a")
    pki("crl", "DIR/a", "--revoke", "DIR/a/client.pem", "--reason", "keyCompromise")
    refused("is there already", "crl", "DIR/a", "--revoke", "DIR/a/server.pem")
    assert.matches("2 taken back", pki("crl", "DIR/a", "--revoke", "DIR/a/server.pem", "--force"))
    local list = assert(require("beartls.pki").parse_crl(process.read_file(dir .. "/a/crl.pem")))
    assert.is_true(list:lists(made "a/client.pem"))
    assert.is_true(list:lists(made "a/server.pem"))
    pki("ca", "DIR/b")
    refused("was not issued by this authority", "crl", "DIR/b", "--revoke", "DIR/a/server.pem")
    refused("--reason boredom is none", "crl", "DIR/b", "--reason", "boredom")
  end)

  it("says what it has made as JSON, too", function()
    local lines = command.lines_of(pki("new", "DIR/a", "--json"))
    assert.equal(6, #lines)
    for _, line in ipairs(lines) do
      assert.matches('^{"fact":"file",', line)
    end
    assert.matches(json.encode(made "a/ca.pem":fingerprint()), lines[1], 1, true)
    local exit, _, err = run { "pki", "new", "--json", dir .. "/a" }
    assert.equal(2, exit)
    assert.matches('"code":"io_exists"', err, 1, true)
  end)

  for _, case in ipairs {
    { "it wants DIR", "new" }, { "one argument too many", "new", "a", "b" },
    { "--key-kind dsa is no kind of key", "new", "DIR/a", "--key-kind", "dsa" },
    { "--days wants a number from 1", "new", "DIR/a", "--days", "0" },
    { "cannot stand in a certificate", "new", "DIR/a", "--server", "a_b" },
    { "at least one host name or address", "new", "DIR/a", "--server", "a@b.test" },
    { "one is enough", "new", "DIR/a", "--client", "alice,bob" },
    { "--path-length wants", "ca", "DIR/a", "--path-length", "1.5" },
    { "no authority is there", "ca", "DIR/a", "--below", "DIR/b" },
    { "no authority is there", "issue", "DIR/a", "--server", "x" },
    { "whom is it for", "issue", "DIR/a" },
    { "exclude each other", "issue", "DIR/a", "--server", "x", "--client", "y" },
    { "cannot read the key file", "request", "DIR/a", "--server", "x", "--key", "DIR/no" },
    { "it wants DIR REQUEST", "sign", "DIR/a" },
    { "no authority is there", "sign", "DIR/a", "DIR/x.csr" },
    { "no authority is there", "crl", "DIR/a" },
  } do
    it(("answers `pki %s` with: %s"):format(table.concat(case, " ", 2), case[1]), function()
      refused((table.unpack or unpack)(case)) -- luacheck: ignore 143 113
      assert.equal("", (process.run("ls -A " .. dir)))
    end)
  end
end)
