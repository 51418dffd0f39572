-- Key files of GnuTLS's certtool, both ways. OpenSSL's are in spec/encrypted_key_spec.lua and spec/key_spec.lua.
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

describe("certtool and beartls", function()
  local directory

  setup(function()
    directory = process.tmpdir()
  end)
  teardown(process.cleanup)

  local function certtool(command, ...)
    local output, code = process.run("certtool " .. command:format(...), { seconds = 60 })
    assert(code == 0, output)
    return output
  end

  for _, name in ipairs { "server_rsa", "server_ec", "server_p384", "server_p521", "key_ed25519" } do
    it("read the key of " .. name .. " from each other", function()
      local file = name == "key_ed25519" and name .. ".pem" or name .. ".key"
      local key = assert(tls.key.load(pki.path(file)))
      local path = directory .. "/" .. name
      certtool("--to-p8 --load-privkey %s --password '' --outfile %s", pki.path(file), path)
      assert.equal(key:pem(), assert(tls.key.load(path)):pem())
      process.write_file(path, key:pem())
      assert.matches(key:public(), certtool("--pubkey-info --load-privkey %s", path), 1, true)
    end)
  end

  -- With 600000 rounds each of these takes its time.
  it("read encrypted keys from each other", function()
    local key, path = assert(tls.key.load(pki.path "server_rsa.key")), directory .. "/encrypted"
    certtool("--to-p8 --load-privkey %s --password secret --pkcs-cipher aes-256 --outfile %s",
      pki.path "server_rsa.key", path)
    assert.equal(key:pem(), assert(tls.key.load(path, "secret")):pem())
    local _, _, code = tls.key.load(path, "other")
    assert.equal("config_key_password", code)
    process.write_file(path, assert(key:pem "word"))
    assert.matches(key:public(), certtool("--pubkey-info --load-privkey %s --password word", path), 1, true)
  end)

  for _, case in ipairs {
    { "a password", "--password secret", "secret" }, { "the password left out", "--null-password" },
  } do
    it("agree on PKCS#12 with " .. case[1], function()
      local path = directory .. "/file.p12"
      certtool("--to-p12 --load-privkey %s --load-certificate %s --load-ca-certificate %s --p12-name me --outder "
        .. "--outfile %s %s", pki.path "server_ec.key", pki.path "server_ec.pem", pki.path "root_ec.pem", path, case[2])
      local key, chain = assert(tls.key.load(path, case[3])), assert(tls.certificate.load(path, case[3]))
      assert.is_true(key:matches(chain))
      assert.equal(2, #chain:list())
    end)
  end
end)
