-- What the command writes: JSON that programs can read, and failures that people can do something about.

local command = require "support.command"
local json = require "dkjson"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"

local run = command.run
local trust = pki.path "trust.pem"

local function identity(name)
  return "--cert", pki.path(name .. ".pem"), "--key", pki.path(name .. ".key")
end

-- The objects of a text, one a line; nothing else may be in it.
local function objects(text)
  local list = {}
  for line in text:gmatch "([^\n]*)\n" do
    local object, stop = json.decode(line)
    assert.equal("table", type(object), line)
    assert.equal(#line + 1, stop, line)
    list[#list + 1] = object
  end
  assert.is_true(#list > 0)
  assert.equal("\n", text:sub(-1))
  return list
end

-- The first of them that says this fact.
local function fact(list, name)
  for _, object in ipairs(list) do
    if object.fact == name then
      return object
    end
  end
  error("nobody said " .. name)
end

describe("with --json", function()
  after_each(process.cleanup)

  it("demo writes objects", function()
    for _, options in ipairs { {}, { "--one-way" }, { "--rsa" } } do
      local exit, out, err = run { "demo", "--json", options[1] }
      assert.same({ 0, "" }, { exit, err })
      local list = objects(out)
      assert.equal("client_hello", list[1].type)
    end
  end)

  it("show writes objects, whatever is in the file", function()
    for _, name in ipairs { "server_rsa.pem", "server_chain_ec.pem", "trust.pem", "server_p521.key", "key_sec1.der",
      "server_nul_name.pem", "key_two.pem", "key_ed25519.pem", "key_oversized.der", "key_pbes2.pem" } do
      local exit, out, err = run { "show", "--json", pki.path(name) }
      local list = objects(exit == 0 and out or err)
      assert.equal(exit ~= 0, list[1].fact == "failure")
    end
  end)

  it("connect and serve write objects about a session and about each failure", function()
    local server = peer.beartls_serve("--client-ca", trust, identity "server_ec")
    local where = "localhost:" .. server.port
    local client = { identity "client_ec" }
    local exit, out, err = run({ "connect", "--json", "--idle", "0.2", "--ca", trust, client[1], client[2], client[3],
      client[4], where }, "a line\n")
    assert.same({ 0, "a line\n" }, { exit, out })
    local session = fact(objects(err), "session")
    assert.equal(server.port, session.port)
    assert.equal("CN=localhost,O=beartls specs", session.peer.subject)
    assert.same({ 7, 7 }, { fact(objects(err), "closed").sent, fact(objects(err), "closed").received })

    exit, out, err = run { "connect", "--json", "--ca", pki.path "other_root.pem", where }
    local failure = fact(objects(err), "failure")
    assert.equal("", out)
    assert.same({ 4, 4, "certificate_untrusted", "us" }, { exit, failure.exit, failure.code, failure.sent_by })
    assert.is_string(failure.hint)
    run { "connect", "--json", "--ca", trust, where }

    server:wait_for '"code":"certificate_missing"'
    server:stop()
    local codes = {}
    for _, object in ipairs(objects(process.read_file(server.files.out))) do
      codes[object.code or object.fact] = true
    end
    assert.same({ listening = true, connection = true, closed = true, alert_unknown_ca = true,
      certificate_missing = true }, codes)
    objects(process.read_file(server.files.err))
  end)
end)

describe("a failure", function()
  after_each(process.cleanup)

  local function says(argv, exit, sentence, code, hint)
    local got, out, err = run(argv)
    assert.same({ exit, "" }, { got, out })
    local shown = { err:match "^beartls %l+: ([^\n]*) %(([%l_]+)%)\n  hint: ([^\n]*)\n$" }
    assert.is_string(shown[1], err)
    assert.matches(sentence, shown[1])
    assert.equal(code, shown[2])
    assert.matches(hint, shown[3])
  end

  it("of a file or an option is a sentence, its code and a hint", function()
    local ec, rsa = pki.path "server_ec.key", pki.path "server_rsa.pem"
    says({ "connect", "--ca", "nothing.pem", "localhost" }, 2, "nothing%.pem", "io_file", "is the path right")
    says({ "connect", "--ca", ec, "localhost" }, 2, "server_ec%.key", "config_no_certificate", "beartls show FILE")
    says({ "serve", "--cert", rsa, "--key", ec, "0" }, 2, "does not belong", "config_key_mismatch", "beartls show FILE")
    says({ "serve", "--cert", rsa, "--key", rsa, "0" }, 2, "server_rsa%.pem", "config_no_key", "beartls show FILE")
    says({ "serve", "--cert", rsa, "--key", pki.path "key_pbes2.pem", "0" }, 2, "encrypted", "config_key_encrypted",
      "openssl pkey")
    says({ "connect", "--cipher", "TLS_NONE", "localhost" }, 2, "TLS_NONE", "config_unknown_name", "IANA")
    says({ "show", "nothing.pem" }, 2, "nothing%.pem", "io_file", "is the path right")
    says({ "show" }, 2, "it wants FILE", "usage", "beartls show %-%-help")
  end)

  it("of our certificate names the options that may help", function()
    local server = peer.s_server { peer.identity "server_ec", "-Verify", "1", "-verify_return_error", "-CAfile", trust,
      "-www", "-tls1_2" }
    local exit, _, err = run { "connect", "--ca", trust, "--cert", pki.path "client_untrusted.pem", "--key",
      pki.path "client_untrusted.key", "localhost:" .. server.port }
    assert.equal(5, exit)
    command.assert_in_order(err, { "(alert_unknown_ca)", "alert: unknown_ca (the peer sent it)",
      "hint: it is our certificate", "here: --cert and --key show another certificate" })
  end)
end)

describe("standard output", function()
  local environment = { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } }

  for _, argv in ipairs { { "--help" }, { "show", "--help" }, { "show", pki.path "server_ec.pem" }, { "demo" },
    { "show", "--json", pki.path "server_ec.pem" } } do
    it("that takes nothing is an error: " .. table.concat(argv, " "), function()
      local said, code = process.run(peer.beartls(argv) .. " >/dev/full", environment)
      assert.equal(1, code)
      assert.matches("could not write standard output: No space left on device", said, 1, true)
      assert.is_nil(said:find("traceback", 1, true))
    end)
  end

  it("whose reader has had enough is in order", function()
    local said = process.run(("{ %s; echo exit $? >&2; } | head -n 1"):format(peer.beartls "demo"), environment)
    -- Two processes write these lines, whichever comes first.
    assert.matches("A client and a server shake hands on [^\n]*\n", said)
    assert.matches("exit 0\n", said)
    assert.equal(2, select(2, said:gsub("\n", "")))
  end)
end)
