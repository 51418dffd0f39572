-- Where trust comes from: files, directories, texts, the system. The verdicts are in trust_spec.lua.

local tls = require "beartls"
local files = require "beartls.files"
local pki = require "support.pki"
local process = require "support.process"
local system = require "beartls.system"

local function subjects(trust)
  local list = {}
  for i, certificate in ipairs(trust:list()) do
    list[i] = certificate:common_name()
  end
  table.sort(list)
  return list
end

local RSA, EC, OTHER = "beartls test root RSA", "beartls test root EC", "beartls other root"

-- A directory with these files: name -> bytes, or what a symbolic link points at.
local function directory(contents, links)
  local dir = process.tmpdir()
  for name, bytes in pairs(contents) do
    process.write_file(dir .. "/" .. name, bytes)
  end
  for name, target in pairs(links or {}) do
    assert(os.execute(("ln -s %s %s"):format(process.quote(target), process.quote(dir .. "/" .. name))))
  end
  return dir
end

-- Runs with LuaFileSystem, and without it if that is what is asked for.
local function with_lfs(present, run)
  local lfs, preload = package.loaded.lfs, package.preload.lfs
  if not present then
    package.loaded.lfs = nil
    package.preload.lfs = function() error "there is no lfs" end
  end
  local ok, err = pcall(run)
  package.loaded.lfs, package.preload.lfs = lfs, preload
  assert(ok, err)
end

describe("a trust store", function()
  local rsa, ec, other = pki.read "root_rsa.pem", pki.read "root_ec.pem", pki.read "other_root.pem"
  teardown(process.cleanup)

  it("is read from a file or a text, with no anchor twice", function()
    assert.same({ EC, RSA }, subjects(assert(tls.trust.load(pki.path "trust.pem"))))
    local pem = pki.read "trust.pem"
    assert.equal(2, #assert(tls.trust.parse(pem .. pem)))
    assert.equal(1, #assert(tls.trust.parse(assert(tls.certificate.parse(ec)):der())))
  end)

  it("keeps the certificates as they were", function()
    for _, name in ipairs { "root_rsa", "root_ec", "other_root", "intermediate_ec", "intermediate_rsa",
      "server_ec", "server_self_signed", "server_expired" } do
      local bytes = pki.read(name .. ".pem")
      local list = assert(tls.trust.parse(bytes)):list()
      assert.equal(1, #list)
      assert.equal(assert(tls.certificate.parse(bytes)):der(), list[1]:der(), name)
    end
  end)

  it("finds each of many anchors, whatever the order", function()
    local names = { "root_rsa", "root_ec", "other_root", "intermediate_ec", "intermediate_rsa", "server_ec",
      "server_rsa", "server_p384", "server_p521", "server_self_signed", "server_self_signed_ca", "client_ec" }
    local trust = assert(tls.trust.parse(rsa))
    for _, name in ipairs(names) do
      assert(trust:add(pki.read(name .. ".pem")))
    end
    assert.equal(#names, #trust)
    for _, name in ipairs { "server_ec", "server_rsa", "server_p384", "server_p521", "server_self_signed",
      "server_self_signed_ca" } do
      assert(trust:verify(assert(tls.certificate.load(pki.path(name .. ".pem"))), { time = pki.NOW }))
    end
  end)

  for _, lfs in ipairs { true, false } do
    describe("from a directory, " .. (lfs and "read by LuaFileSystem" or "read by ls"), function()
      it("takes all files, whatever they are called, and ignores what is no certificate", function()
        with_lfs(lfs, function()
          local dir = directory({
            ["one.pem"] = rsa, ["no suffix"] = ec, ["key.pem"] = pki.read "server_ec.key", ["empty"] = "",
            ["broken.crt"] = "-----BEGIN CERTIFICATE-----\nnothing\n", ["other.der"] =
              assert(tls.certificate.parse(other)):der(),
          }, { dangling = "/nowhere/at/all" })
          assert(os.execute("mkdir " .. process.quote(dir .. "/deeper.pem")))
          assert.same({ OTHER, EC, RSA }, subjects(assert(tls.trust.load(dir))))
        end)
      end)

      it("leaves out what is hidden, and backups", function()
        with_lfs(lfs, function()
          local dir = directory { ["one.pem"] = rsa, [".two.pem"] = ec, ["three.pem~"] = other }
          assert.same({ RSA }, subjects(assert(tls.trust.load(dir))))
        end)
      end)

      it("reads a file with several names once, as after openssl rehash", function()
        with_lfs(lfs, function()
          local dir = directory({ ["one.pem"] = rsa, ["it's.pem"] = ec },
            { ["a1b2c3d4.0"] = "one.pem", ["a1b2c3d5.0"] = "it's.pem" })
          assert.same({ dir .. "/a1b2c3d4.0", dir .. "/a1b2c3d5.0" }, files.in_directory(dir))
          assert.same({ EC, RSA }, subjects(assert(tls.trust.load(dir))))
        end)
      end)

      it("says so when there is none", function()
        with_lfs(lfs, function()
          local dir = directory { ["key.pem"] = pki.read "server_ec.key" }
          local trust, message, code = tls.trust.load(dir)
          assert.is_nil(trust)
          assert.equal("config_no_certificate", code)
          assert.matches("no certificate in the directory " .. dir, message, 1, true)
        end)
      end)
    end)
  end

  it("says what is wrong with a file or text", function()
    assert.equal("config_no_certificate", select(3, tls.trust.parse "nothing"))
    assert.equal("io_file", select(3, tls.trust.load "no/such/file"))
    local _, message, code = tls.trust.load(pki.path "server_ec.key")
    assert.equal("config_no_certificate", code)
    assert.matches("server_ec.key", message, 1, true)
  end)

  it("grows until a config uses it", function()
    local leaf = assert(tls.certificate.load(pki.path "server_ec.pem"))
    local own = assert(tls.trust.parse(rsa))
    assert.equal("certificate_untrusted", select(3, own:verify(leaf, { time = pki.NOW })))
    assert.equal(1, (own:add(ec)))
    assert.is_truthy(own:verify(leaf, { time = pki.NOW }))
    local config = assert(tls.config { trust = own })
    assert.has_error(function() own:add(other) end)
    assert.is_truthy(config)
  end)
end)

describe("the system's trust", function()
  teardown(process.cleanup)

  local function found(environment)
    return system.find(function(name) return environment[name] end)
  end

  it("is there, large, and loaded once", function()
    local trust = assert(tls.trust.system())
    assert.is_true(#trust > 50)
    assert.equal(trust, tls.trust.system())
  end)

  it("takes about one kilobyte a root, and no more than 150 kB for some 140 of them", function()
    local trust = assert(found {})
    assert.is_true(trust:memory() <= 1100 * #trust, trust:memory() .. " bytes for " .. #trust)
    if #trust <= 146 then
      assert.is_true(trust:memory() <= 150000, trust:memory() .. " bytes for " .. #trust)
    end
  end)

  it("comes from where the environment says", function()
    local dir = directory { ["one.pem"] = pki.read "root_rsa.pem" }
    local second = directory { ["two.pem"] = pki.read "other_root.pem" }
    local file = pki.path "root_ec.pem"
    assert.same({ EC }, subjects(assert(found { SSL_CERT_FILE = file })))
    assert.same({ RSA }, subjects(assert(found { SSL_CERT_DIR = dir })))
    assert.same({ OTHER, RSA }, subjects(assert(found { SSL_CERT_DIR = dir .. ":" .. second .. ":/nowhere" })))
    local both = found { SSL_CERT_FILE = file, SSL_CERT_DIR = dir .. ":" .. second }
    assert.same({ OTHER, EC, RSA }, subjects(assert(both)))
    assert.is_true(#assert(found { SSL_CERT_FILE = "", SSL_CERT_DIR = "" }) > 50)
  end)

  it("is not replaced by another one when what the environment says is not there", function()
    local trust, message, code = found { SSL_CERT_FILE = "/no/such/file.pem" }
    assert.is_nil(trust)
    assert.equal("io_file", code)
    assert.matches("/no/such/file.pem", message, 1, true)
    assert.matches("SSL_CERT_FILE", message, 1, true)
    assert.equal("config_no_certificate", select(3, found { SSL_CERT_DIR = process.tmpdir() }))
  end)

  it("is looked for in directories where there is no bundle", function()
    local bundles, directories = system.bundles, system.directories
    system.bundles, system.directories = { "/no/such/bundle" },
      { "/no/such/directory", process.tmpdir(), directory { ["1a2b3c4d.0"] = pki.read "root_ec.pem" } }
    local trust = found {}
    system.directories = {}
    local _, message, code = found {}
    system.bundles, system.directories = bundles, directories
    assert.same({ EC }, subjects(assert(trust)))
    assert.equal("config_no_trust", code)
    assert.matches("SSL_CERT_FILE", message)
  end)
end)
