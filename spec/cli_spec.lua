local arguments = require "beartls.cli.arguments"
local command = require "support.command"
local demo_pki = require "beartls.cli.demo_pki"
local loopback = require "support.loopback"
local luasocket = require "socket"
local pki = require "support.pki"

-- Bounds every process, in seconds.
local PATIENCE = 30
local nothing = "nothing.invalid"

local run, lines_of, assert_in_order = command.run, command.lines_of, command.assert_in_order

-- ---- files and processes ----

local temporary = {}

local function write_file(text)
  local path = os.tmpname()
  temporary[#temporary + 1] = path
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The Lua that runs this.
local function interpreter()
  local i = 0
  while arg[i - 1] do
    i = i - 1
  end
  return arg[i]
end

local function command_line(argv)
  local words = {
    "env", "LUA_PATH=" .. quoted(package.path), "LUA_CPATH=" .. quoted(package.cpath),
    "timeout " .. PATIENCE, interpreter(), "lua/beartls/command",
  }
  for _, word in ipairs(argv) do
    words[#words + 1] = quoted(word)
  end
  return table.concat(words, " ")
end

-- Runs the real command: exit code, and what it has written to both.
local function run_process(argv, input)
  local file = write_file(input or "")
  local pipe = assert(io.popen(("%s <%s 2>&1; echo \"exit $?\""):format(command_line(argv), file)))
  local said = pipe:read "*a"
  pipe:close()
  local text, exit = said:match "^(.*)exit (%d+)\n$"
  return tonumber(exit), text
end

-- A server process: { port, pipe, stop = function() -> what else it said }.
local function start_server(...)
  local argv = { "serve" }
  for _, word in ipairs { ... } do
    argv[#argv + 1] = word
  end
  argv[#argv + 1] = "0"
  local pipe = assert(io.popen("echo $$; exec " .. command_line(argv) .. " 2>/dev/null </dev/null"))
  local pid = assert(pipe:read "*l")
  local server = { pipe = pipe, port = assert(pipe:read "*l"):match ":(%d+)%D*$" }
  function server.stop()
    if not server.said then
      os.execute("kill " .. pid .. " 2>/dev/null")
      server.said = pipe:read "*a"
      pipe:close()
    end
    return server.said
  end
  function server.wait()
    server.said = server.said or pipe:read "*a"
    pipe:close()
    return server.said
  end
  function server.where()
    return "localhost:" .. server.port
  end
  return server
end

local ca, server_certificate, server_key, client_certificate, client_key

setup(function()
  ca = write_file(demo_pki.authority)
  server_certificate = write_file(demo_pki.server_certificate)
  server_key = write_file(demo_pki.server_key)
  client_certificate = write_file(demo_pki.client_certificate)
  client_key = write_file(demo_pki.client_key)
end)

teardown(function()
  for _, path in ipairs(temporary) do
    os.remove(path)
  end
end)

local function connect_options(server, ...)
  local argv = { "connect", "--ca", ca }
  for _, word in ipairs { ... } do
    argv[#argv + 1] = word
  end
  argv[#argv + 1] = server.where()
  return argv
end

-- A port of this machine where nobody listens.
local function dead_port()
  local listener, port = loopback.listen()
  listener:close()
  return port
end

-- ---- the command line ----

describe("beartls", function()
  it("lists its commands and exit codes, on standard error and as usage when it was given none", function()
    local exit, out, err = run {}
    assert.same({ 2, "" }, { exit, out })
    exit, out = run { "--help" }
    assert.same({ 0, err }, { exit, out })
    for _, part in ipairs { "demo", "connect", "serve", "show", "exit codes:", "could not connect" } do
      assert.matches(part, out, 1, true)
    end
  end)

  it("prints its version", function()
    assert.same({ 0, "beartls scm\n", "" }, { run { "--version" } })
  end)

  it("suggests the command that was meant", function()
    local exit, _, err = run { "conect" }
    assert.equal(2, exit)
    assert.matches('did you mean "connect"?', err, 1, true)
  end)

  for _, name in ipairs { "demo", "connect", "serve", "show" } do
    it("says with --help what " .. name .. " takes, each option of it", function()
      local exit, out, err = run { name, "--help" }
      assert.same({ 0, "" }, { exit, err })
      local module = require("beartls.cli." .. name)
      assert.is_true(#module.command.options >= 3)
      for _, option in ipairs(module.command.options) do
        assert.is_truthy(out:find("\n  --" .. option[1], 1, true), option[1])
      end
      assert.matches("usage: beartls " .. name, out, 1, true)
      assert.matches("exit codes:", out, 1, true)
      for _, line in ipairs(lines_of(out)) do
        assert.is_true(#line <= 100, line)
      end
      assert.same({ 0, out, "" }, { run { "help", name } })
      assert.same({ 0, out, "" }, { run { name, "-h" } })
    end)
  end

  for _, case in ipairs {
    { { "connect" }, "it wants HOST[:PORT]" },
    { { "connect", "a", "b" }, '"b" is one argument too many' },
    { { "connect", "--chiper", "x", "a" }, "there is no option --chiper, did you mean --cipher?" },
    { { "connect", "--trust", "x", "a" }, "there is no option --trust" },
    { { "connect", "--ca" }, "--ca wants a value: --ca FILE" },
    { { "connect", "--trace=yes", "a" }, "--trace takes no value" },
    { { "connect", "--timeout", "soon", "a" }, '--timeout wants a number, not "soon"' },
    { { "connect", "--ca", "a", "--ca", "b", "c" }, "--ca is given twice" },
    { { "connect", "-x", "a" }, "there is no option -x" },
    { { "connect", "localhost:http" }, '"http" is no port' },
    { { "connect", "localhost:65536" }, '"65536" is no port' },
    { { "connect", "::1" }, "write [::1]:PORT" },
    { { "connect", ":443" }, "there is no host" },
    { { "connect", "--tls", "1.4", "a" }, "--tls 1.4 is no version" },
    { { "connect", "--tls", "1.2-1.0", "a" }, "--tls 1.2-1.0 is no version" },
    { { "connect", "--cert", "a", "b" }, "--cert needs --key" },
    { { "connect", "--key", "a", "b" }, "--key needs --cert" },
    { { "connect", "--ca", nothing, "a" }, "cannot read the trust file nothing.invalid" },
    { { "connect", "--cert", nothing, "--key", nothing, "a" }, "cannot read the certificate file" },
    { { "connect", "--cipher", "TLS_FANCY", "a" }, '"TLS_FANCY"' },
    { { "connect", "--pin", "sha256//short", "a" }, "sha256//short" },
    { { "connect", "--crl", nothing, "a" }, "cannot read the revocation list nothing.invalid" },
    { { "connect", "--crl-required", "a" }, "--crl-required needs --crl" },
    { { "serve", "--crl", "a", "0" }, "it goes with --client-ca" },
    { { "connect", "--alpn", "," , "a" }, "--alpn wants names" },
    { { "serve" }, "it wants [HOST:]PORT" },
    { { "serve", "https" }, '"https" is no port' },
    { { "serve", "--client-ca", nothing, "0" }, "cannot read the trust file" },
    { { "show" }, "it wants FILE" },
    { { "show", nothing }, "cannot read the file nothing.invalid" },
    { { "demo", "now" }, '"now" is one argument too many' },
  } do
    it(("answers `%s` with a sentence and exit code 2"):format(table.concat(case[1], " ")), function()
      local exit, out, err = run(case[1])
      assert.same({ 2, "" }, { exit, out })
      assert.matches(case[2], err, 1, true)
      assert.is_nil(err:find "traceback")
      assert.is_nil(err:find "%.lua:%d")
    end)
  end

  it("says usage errors as JSON, too, when JSON was asked for", function()
    local exit, _, err = run { "connect", "--json", "--ca", nothing, "localhost" }
    assert.equal(2, exit)
    assert.matches('^{"code":"io_file","exit":2,"fact":"failure","hint":"[^\n"]*","message":"cannot read [^\n]*}\n$',
      err)
  end)

  it("prints one sentence for an error of its own, and no traceback", function()
    local show = require "beartls.cli.show"
    local original = show.run
    show.run = function()
      error "the moon is full"
    end
    local exit, out, err = run { "show", "x" }
    show.run = original
    assert.same({ 1, "" }, { exit, out })
    assert.matches("the moon is full (internal_error)", err, 1, true)
    assert.is_nil(err:find("traceback", 1, true))
    assert.equal(1, #lines_of(err))
  end)

  it("takes an interrupt for an end, not for an error", function()
    local show = require "beartls.cli.show"
    local original = show.run
    show.run = function()
      error "interrupted!"
    end
    local exit, out, err = run { "show", "x" }
    show.run = original
    assert.same({ 130, "", "" }, { exit, out, err })
  end)

  it("runs as a process, from wherever its modules are", function()
    local exit, text = run_process { "show", nothing }
    assert.equal(2, exit)
    assert.matches("cannot read the file nothing.invalid", text, 1, true)
  end)
end)

describe("beartls.cli.arguments", function()
  local taken = {
    name = "x", takes = "FILE", count = { 1, 1 }, about = "It does.",
    options = {
      { "ca", "FILE", "trusts" }, { "once", nil, "once" }, { "idle", "N", "n", kind = "number" },
      { "alpn", "LIST", "l", kind = "list" }, { "pin", "PIN", "p", several = true },
    },
  }

  for _, case in ipairs {
    { "values behind the option", { "--ca", "a", "f" }, { "f", ca = "a" } },
    { "values behind an equals sign", { "--ca=a=b", "f" }, { "f", ca = "a=b" } },
    { "values that begin with a dash", { "--ca", "--once", "f" }, { "f", ca = "--once" } },
    { "options behind arguments", { "f", "--once" }, { "f", once = true } },
    { "everything behind -- as an argument", { "--", "--once" }, { "--once" } },
    { "a single dash as an argument", { "-" }, { "-" } },
    { "numbers", { "--idle", "0.5", "f" }, { "f", idle = 0.5 } },
    { "lists", { "--alpn", "h2, http/1.1", "f" }, { "f", alpn = { "h2", "http/1.1" } } },
    { "options that may come again", { "--pin", "a", "--pin", "b", "f" }, { "f", pin = { "a", "b" } } },
    { "a wish for help, whatever is missing", { "--help" }, { help = true } },
  } do
    it("takes " .. case[1], function()
      assert.same(case[3], (arguments.parse(taken, case[2])))
    end)
  end
end)

-- ---- show ----

describe("beartls show", function()
  it("says what a certificate says", function()
    local exit, out, err = run { "show", pki.path "server_rsa.pem" }
    assert.same({ 0, "" }, { exit, err })
    assert_in_order(out, {
      "certificate\n", "CN=localhost,O=beartls specs", "CN=beartls test root RSA,O=beartls specs",
      "localhost, www.example.test, *.wild.example.test, 127.0.0.1, ::1",
      "2026-01-01 00:00:00 UTC", "2036-01-01 00:00:00 UTC", "RSA, 2048 bits", "serverAuth",
      "sha256WithRSAEncryption", "sha256//",
    })
  end)

  it("prints the fingerprint and the pin that openssl finds", function()
    local path = pki.path "server_ec.pem"
    local pipe = io.popen("openssl x509 -noout -fingerprint -sha256 -in " .. path)
    local fingerprint = pipe:read("*a"):match "=([%x:]+)"
    pipe:close()
    if not fingerprint then
      pending "needs openssl"
      return
    end
    pipe = io.popen(("openssl x509 -noout -pubkey -in %s | openssl pkey -pubin -outform der "
      .. "| openssl dgst -sha256 -binary | openssl base64"):format(path))
    local pin = pipe:read "*l"
    pipe:close()
    local _, out = run { "show", path }
    assert.matches(fingerprint, out, 1, true)
    assert.matches("sha256//" .. pin, out, 1, true)
  end)

  it("numbers the certificates of a chain and names authorities", function()
    local _, out = run { "show", pki.path "server_chain_ec.pem" }
    assert_in_order(out, { "certificate 1 of 2", "certificate 2 of 2", "an authority: it may issue" })
    _, out = run { "show", pki.path "root_ec.pem" }
    assert.matches("a root: an authority that issued itself", out, 1, true)
  end)

  it("says that a certificate has expired", function()
    local _, out = run { "show", pki.path "server_expired.pem" }
    assert.matches("2026%-03%-01 00:00:00 UTC, expired %d+ days? ago", out)
  end)

  it("warns of a chain that is out of order", function()
    local path = write_file(pki.read "root_ec.pem" .. pki.read "server_rsa.pem")
    local exit, _, err = run { "show", path }
    assert.equal(0, exit)
    assert.matches("certificate 1 was not issued by certificate 2", err, 1, true)
  end)

  for _, case in ipairs {
    { "server_rsa.key", "RSA, 2048 bits" }, { "server_ec.key", "EC on secp256r1" },
    { "server_p384.key", "EC on secp384r1" },
  } do
    it("says the kind of a key and nothing private: " .. case[1], function()
      local exit, out = run { "show", pki.path(case[1]) }
      assert.equal(0, exit)
      assert.matches(case[2], out, 1, true)
      local secret = pki.read(case[1]):match "KEY%-%-%-%-%-\r?\n([^\r\n]+)"
      assert.is_nil(out:find(secret, 1, true))
      assert.is_true(#out < 300)
    end)
  end

  it("says whether the key belongs to the certificate beside it", function()
    local certificate = pki.read "server_ec.pem"
    local _, out = run { "show", write_file(certificate .. pki.read "server_ec.key") }
    assert.matches("to the certificate above", out, 1, true)
    assert.is_nil(out:find("NOT to", 1, true))
    _, out = run { "show", write_file(certificate .. pki.read "server_p384.key") }
    assert.matches("NOT to the certificate above", out, 1, true)
  end)

  it("reads DER", function()
    local tls = require "beartls"
    local der = tls.certificate.load(pki.path "server_ec.pem"):der()
    local exit, out = run { "show", write_file(der) }
    assert.equal(0, exit)
    assert.matches("CN=localhost", out, 1, true)
  end)

  it("prints a JSON object a line", function()
    local _, out = run { "show", "--json", pki.path "server_chain_ec.pem" }
    local lines = lines_of(out)
    assert.equal(2, #lines)
    for i, line in ipairs(lines) do
      assert.matches("^{.*}$", line)
      assert.matches('"position":' .. i, line, 1, true)
    end
    _, out = run { "show", "--json", pki.path "server_ec.key" }
    assert.matches('"fact":"key"', out, 1, true)
    assert.matches('"curve":"secp256r1"', out, 1, true)
  end)

  for name, case in pairs {
    ["a file with neither"] = { "hello\n", "neither a certificate nor a key nor" },
    ["an empty file"] = { "", "neither a certificate nor a key nor" },
    ["a PEM of another kind"] = {
      "-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n", "DH PARAMETERS",
    },
    ["a certificate that is cut"] = { demo_pki.authority:sub(1, 300), "" },
    ["a certificate that is not one"] = {
      "-----BEGIN CERTIFICATE-----\nMAYCAQUCAQI=\n-----END CERTIFICATE-----\n", "certificate",
    },
  } do
    it("answers " .. name .. " with a sentence", function()
      local path = write_file(case[1])
      local exit, out, err = run { "show", path }
      assert.same({ 2, "" }, { exit, out })
      assert.matches(path, err, 1, true)
      assert.matches(case[2], err, 1, true)
    end)
  end

  it("says all that a certificate says", function()
    local exit, out, err = run { "show", pki.path "everything.pem" }
    assert.same({ 0, "" }, { exit, err })
    for _, part in ipairs {
      "it may issue certificates, with 3 authorities below at most", "directory CN=Directory Name", "id 1.2.3.4",
      "1.3.6.1.4.1.311.20.2.3 someone@corp.example.test",
      "may issue for    DNS example.test, IP 192.0.2.0/24, IP 2001:db8::/32, email example.test\n",
      "but not for      DNS secret.example.test, IP 10.0.0.0/255.0.255.0, URI .bad.example.test, directory O=",
      "OCSPSigning", "policies         2.23.140.1.2.1", "an OCSP response with it", "http://ocsp.example.test\n",
      "http://ca.example.test/ca.cer\n", "ldap://ca.example.test/cn=ca\n", "nameConstraints*", "key id ", "sha1 ",
    } do
      assert.matches(part, out, 1, true)
    end
    exit, out = run { "show", "--json", pki.path "everything.pem" }
    assert.equal(0, exit)
    for _, part in ipairs { '"must_staple":true', '"path_length":3', '"registered_id":["1.2.3.4"]',
      '"ocsp_urls":["http://ocsp.example.test"]', '"der":"020107"', '"excluded":{"directory":["O=Excluded"]' } do
      assert.matches(part, out, 1, true)
    end
  end)

  it("says what a revocation list takes back", function()
    local revoker = assert(require("beartls.pki").ca { name = "revoker" })
    local leaf = assert(revoker:issue { name = "leaf" }).certificate
    local list = assert(revoker:crl { revoked = { { certificate = leaf, reason = "superseded" } } })
    for _, bytes in ipairs { list:pem(), list:der() } do
      local path = write_file(bytes)
      local exit, out, err = run { "show", path }
      assert.same({ 0, "" }, { exit, err })
      for _, part in ipairs { "revocation list\n", "CN=revoker", "1 certificate\n", leaf:serial() .. " on ",
        ": superseded" } do
        assert.matches(part, out, 1, true)
      end
      exit, out = run { "show", "--json", path }
      assert.equal(0, exit)
      assert.matches('"fact":"crl"', out, 1, true)
      assert.matches('"reason":"superseded"', out, 1, true)
    end
    local _, out = run { "show", write_file(leaf:pem() .. list:pem()) }
    assert.matches("certificate\n.*revocation list\n", out)
  end)

  it("shows no control character of a name", function()
    local _, out = run { "show", pki.path "server_nul_name.pem" }
    assert.matches("localhost\\x00evil", out, 1, true)
    assert.is_nil(out:find "%z")
  end)

  it("colours only when it is told to, or on a terminal", function()
    local path = pki.path "server_ec.pem"
    local _, plain = run({ "show", path }, nil, { TERM = "xterm" })
    assert.is_nil(plain:find "\27")
    local _, colored = run({ "show", "--color", path }, nil, { TERM = "xterm" })
    assert.is_truthy(colored:find "\27")
    assert.equal(plain, (colored:gsub("\27%[%d*m", "")))
    local _, text = run_process { "show", path }
    assert.equal(plain, text)
  end)
end)

-- ---- demo ----

local hellos = { "---- ClientHello, ", "looks for   localhost", "ServerHello, " }
local finishes = {
  "==== Finished, ",
  "==== ApplicationData, ", '"Hello, server.', "ApplicationData, ", '"Hello, ',
  "==== Alert (close_notify), ", "Alert (close_notify), ",
  "What the client knows now", "trusted       yes", "What the server knows now",
}

local function with(middle)
  local all = {}
  for _, list in ipairs { hellos, middle, finishes } do
    for _, part in ipairs(list) do
      all[#all + 1] = part
    end
  end
  return all
end

describe("beartls demo", function()
  it("shows the mutual handshake, message by message", function()
    local exit, out, err = run { "demo" }
    assert.same({ 0, "" }, { exit, err })
    assert_in_order(out, with {
      "TLS_AES_128_GCM_SHA256", "x25519", "EncryptedExtensions, ", "CertificateRequest, ", "Certificate, ",
      "CN=localhost,O=beartls demo", "The client has verified it", "CertificateVerify, ",
      "signed with rsa_pss_rsae_sha256", "Finished, ", "==== Certificate, ", "CN=alice,O=beartls demo",
      "The server has verified it", "==== CertificateVerify, ",
    })
    assert_in_order(out, { "What the server knows now", "CN=alice,O=beartls demo, verified" })
    assert.is_nil(out:find "\27")
  end)

  it("shows the one-way handshake", function()
    local exit, out = run { "demo", "--one-way" }
    assert.equal(0, exit)
    assert_in_order(out, with { "Certificate, ", "CertificateVerify, ", "Finished, " })
    assert.is_nil(out:find("CertificateRequest", 1, true))
    assert.is_nil(out:find("alice", 1, true))
  end)

  it("shows RSA key transport", function()
    local exit, out = run { "demo", "--rsa" }
    assert.equal(0, exit)
    assert_in_order(out, with { "TLS_RSA_WITH_AES_128_GCM_SHA256", "Certificate, ", "CertificateRequest, ",
      "---- Certificate, ", "---- ClientKeyExchange, ", "256 bytes, encrypted", "---- CertificateVerify, ",
      "---- ChangeCipherSpec, ", "==== Finished, ", "ChangeCipherSpec, " })
    assert.is_nil(out:find("ServerKeyExchange", 1, true))
  end)

  it("tells the close_notify of each side once", function()
    for _, options in ipairs { {}, { "--one-way" }, { "--rsa" } } do
      local _, out = run { "demo", options[1] }
      local _, told = out:gsub("Alert %(close_notify%)", "")
      local _, objects = select(2, run { "demo", "--json", options[1] }):gsub('"description":"close_notify"', "")
      assert.same({ 2, 2 }, { told, objects }, options[1])
    end
  end)

  it("prints every message as JSON, and what was said and negotiated", function()
    local exit, out = run { "demo", "--json" }
    assert.equal(0, exit)
    assert_in_order(out, {
      '"type":"client_hello"', '"type":"server_hello"', '"type":"handshake_keys"',
      '"type":"encrypted_extensions"', '"type":"certificate_request"', '"type":"certificate"',
      '"type":"certificate_verify"', '"type":"finished"', '"type":"application_keys"',
      '"type":"certificate"', '"type":"certificate_verify"', '"type":"finished"',
      '"type":"application_data"', '"fact":"said"', '"type":"application_data"',
      '"fact":"said"', '"description":"close_notify"', '"description":"close_notify"',
      '"fact":"session"', '"fact":"session"',
    })
    for _, line in ipairs(lines_of(out)) do
      assert.matches("^{.*}$", line)
    end
  end)

  it("fits the width of the terminal", function()
    for _, columns in ipairs { 80, 100 } do
      local _, out = run({ "demo" }, nil, { COLUMNS = tostring(columns) })
      for _, line in ipairs(lines_of(out)) do
        if not line:find "^   %l[%l ]+  " then -- facts are not cut
          assert.is_true(#line <= columns + 1, line)
        end
      end
    end
  end)

  it("colours when it is told to", function()
    local _, out = run { "demo", "--color" }
    assert.is_truthy(out:find("\27[32m", 1, true))
    _, out = run { "demo", "--color", "--no-color" }
    assert.is_nil(out:find "\27")
  end)

  it("works as a process", function()
    local exit, text = run_process { "demo" }
    assert.equal(0, exit)
    assert_in_order(text, with { "Finished, " })
  end)
end)

-- ---- connect and serve ----

describe("beartls connect", function()
  local server

  setup(function()
    server = start_server("--cert", server_certificate, "--key", server_key, "--alpn", "h2,http/1.1")
  end)

  teardown(function()
    server.stop()
  end)

  it("passes standard input to the peer and the peer to standard output", function()
    local exit, out, err = run(connect_options(server, "--idle", "0.3"), "hello\nthere\n")
    assert.same({ 0, "hello\nthere\n" }, { exit, out })
    assert_in_order(err, {
      "connected to localhost:" .. server.port, "TLSv1.3", "TLS_AES_128_GCM_SHA256",
      "yes: we have verified the server's certificate", "CN=localhost,O=beartls demo",
      "CN=demo authority", "until 2049-12-31 23:59:59 UTC", "closed by us: 12 bytes sent, 12 received",
    })
  end)

  it("does so as a process, from a pipe and from a file", function()
    local long = ("0123456789abcdef"):rep(40000)
    local argv = connect_options(server, "--quiet", "--idle", "1")
    local exit, text = run_process(argv, long)
    assert.equal(0, exit)
    assert.is_true(text == long)
    local pipe = io.popen(("cat %s | %s 2>&1"):format(write_file(long), command_line(argv)))
    assert.is_true(pipe:read "*a" == long)
    pipe:close()
  end)

  it("passes on what comes bit by bit, before the input ends", function()
    local argv = connect_options(server, "--quiet", "--idle", "0.3")
    local pipe = io.popen(("{ printf one; sleep 0.2; printf two; sleep 0.2; } | %s 2>&1"):format(
      command_line(argv)))
    assert.equal("onetwo", pipe:read "*a")
    pipe:close()
  end)

  it("closes after the handshake when there is no input", function()
    local exit, out, err = run(connect_options(server))
    assert.same({ 0, "" }, { exit, out })
    assert.matches("closed by us: 0 bytes sent", err, 1, true)
  end)

  it("shows every message with --trace", function()
    local exit, _, err = run(connect_options(server, "--trace"))
    assert.equal(0, exit)
    assert_in_order(err, {
      "-> ClientHello", "<- ServerHello", "<- HandshakeKeys", "<- EncryptedExtensions", "<- Certificate",
      "<- CertificateVerify", "<- Finished", "<- ApplicationKeys", "-> Finished", "connected to", "-> Alert",
    })
  end)

  it("says all of it as JSON, on standard error", function()
    local exit, out, err = run(connect_options(server, "--json", "--idle", "0.3"), "data")
    assert.same({ 0, "data" }, { exit, out })
    assert_in_order(err, { '"type":"client_hello"', '"type":"finished"', '"fact":"session"',
      '"fact":"closed"' })
    for _, line in ipairs(lines_of(err)) do
      assert.matches("^{.*}$", line)
    end
  end)

  it("says nothing with --quiet", function()
    assert.same({ 0, "", "" }, { run(connect_options(server, "--quiet")) })
  end)

  it("chooses a protocol, a version and a suite", function()
    local _, _, err = run(connect_options(server, "--alpn", "http/1.1", "--tls", "1.2", "--cipher",
      "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"))
    assert_in_order(err, { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "http/1.1 (ALPN)" })
  end)

  it("connects to an address that the certificate is for, and to the host of an https URL", function()
    assert.equal(0, (run { "connect", "--ca", ca, "127.0.0.1:" .. server.port }))
    assert.equal(0, (run { "connect", "--ca", ca, "https://localhost:" .. server.port .. "/a:b" }))
  end)

  it("writes a key log", function()
    local path = write_file ""
    assert.equal(0, (run(connect_options(server, "--keylog", path))))
    local file = io.open(path)
    assert.matches("^CLIENT_HANDSHAKE_TRAFFIC_SECRET %x+ %x+\n", file:read "*a")
    file:close()
  end)

  it("accepts a pinned key", function()
    local tls = require "beartls"
    local pin = tls.certificate.parse(demo_pki.server_certificate):pin()
    assert.equal(0, (run(connect_options(server, "--pin", pin))))
  end)

  it("warns when nothing is verified", function()
    local exit, _, err = run { "connect", "--insecure", server.where() }
    assert.equal(0, exit)
    assert_in_order(err, { "warning: --insecure", "NO: nobody has verified" })
  end)

  -- name = { options, exit code, what standard error has }
  for name, case in pairs {
    ["an unknown authority"] = {
      { "--ca", pki.path "other_root.pem" }, 4, "certificate_untrusted", "here: --ca FILE",
    },
    ["another name"] = {
      { "--servername", "example.org" }, 4, "certificate_name_mismatch", "here: --servername NAME",
    },
    ["a key that is not pinned"] = {
      { "--pin", "sha256//" .. ("A"):rep(43) .. "=" }, 4, "certificate_pin_mismatch", "hint: ",
    },
    ["nothing in common"] = {
      { "--cipher", "TLS_RSA_WITH_AES_128_CBC_SHA" }, 5, "alert_handshake_failure",
      "alert: handshake_failure (the peer sent it)",
    },
    ["a version that the server does not speak"] = {
      { "--tls", "1.0" }, 5, "alert_protocol_version", "here: --tls 1.0-1.2",
    },
  } do
    it(("ends with exit code %d for %s, in process and as a process"):format(case[2], name), function()
      local options = case[1]
      local argv = connect_options(server, options[1], options[2])
      if options[1] == "--ca" then
        argv = { "connect", "--ca", options[2], server.where() }
      end
      local exit, out, err = run(argv)
      assert.same({ case[2], "" }, { exit, out }, err)
      assert_in_order(err, { "error: ", "(" .. case[3] .. ")", case[4] })
      local code, text = run_process(argv)
      assert.equal(case[2], code)
      assert.equal(err, text)
      table.insert(argv, 2, "--json")
      local _, _, json = run(argv)
      assert.matches('"code":"' .. case[3] .. '","exit":' .. case[2], json, 1, true)
    end)
  end

  it("ends with exit code 3 when nobody listens", function()
    local where = "127.0.0.1:" .. dead_port()
    local exit, out, err = run { "connect", "--ca", ca, where }
    assert.same({ 3, "" }, { exit, out })
    assert_in_order(err, { "could not connect to " .. where .. ": connection refused",
      "io_connection_refused", "hint: nobody listens there" })
    assert.equal(3, (run_process { "connect", "--ca", ca, where }))
  end)

  it("ends with exit code 5 when the peer says nothing", function()
    local listener, port = loopback.listen()
    local exit, _, err = run { "connect", "--trace", "--timeout", "0.2", "--ca", ca, "127.0.0.1:" .. port }
    listener:close()
    assert.equal(5, exit)
    assert_in_order(err, { "-> ClientHello", "has not finished the handshake in time (timeout)" })
  end)

  for name, case in pairs {
    ["speaks something else"] = { 'tcp:send "SSH-2.0-x\\r\\n" tcp:receive "*l"', 5, "peer_not_tls" },
    ["closes at once"] = { "tcp:close()", 5, "handshake" },
    ["breaks off without close_notify"] = {
      [[
        local _, config = loopback.configs()
        local stream = socket.accept(tcp, config)
        assert(stream:send "half a sen")
        tcp:shutdown "both"
      ]], 6, "without a close_notify", "half a sen",
    },
  } do
    it(("ends with exit code %d when the peer %s"):format(case[2], name), function()
      local child = loopback.child([[
        io.stdout:setvbuf "no"
        local listener, port = loopback.listen()
        print(port)
        local tcp = listener:accept()
      ]] .. case[1] .. ' print "done"')
      local port = child:read "*l"
      local exit, out, err = run({ "connect", "--insecure", "--timeout", "5", "127.0.0.1:" .. port }, "x")
      child:read "*a"
      child:close()
      assert.equal(case[2], exit, err)
      assert.equal(case[4] or "", out)
      assert.matches(case[3], err, 1, true)
    end)
  end
end)

describe("beartls serve", function()
  local server

  after_each(function()
    if server then
      server.stop()
    end
  end)

  it("asks clients for certificates with --client-ca, and says who came and who did not", function()
    server = start_server("--cert", server_certificate, "--key", server_key, "--client-ca", ca)
    local exit, out, err = run(connect_options(server, "--cert", client_certificate, "--key", client_key,
      "--idle", "0.3"), "hi\n")
    assert.same({ 0, "hi\n" }, { exit, out })
    assert.matches("we are        CN=alice,O=beartls demo", err, 1, true)
    exit, out, err = run(connect_options(server))
    assert.same({ 5, "" }, { exit, out })
    assert.matches("here: --cert and --key", err, 1, true)
    assert_in_order(server.stop(), {
      "for localhost", "client CN=alice,O=beartls demo\n", "failed: ", "(certificate_missing)\n  hint: ",
    })
  end)

  it("answers each request with a page about the connection", function()
    server = start_server("--http", "--cert", server_certificate, "--key", server_key)
    local exit, out = run(connect_options(server), "GET / HTTP/1.1\r\nHost: <b>\r\n\r\n")
    assert.equal(0, exit)
    local head, body = out:match "^(.-)\r\n\r\n(.*)$"
    assert.matches("^HTTP/1.1 200 OK\r\n", head)
    assert.equal(#body, tonumber(head:match "Content%-Length: (%d+)"))
    assert_in_order(body, { "<!doctype html>", "TLSv1.3", "TLS_AES_128_GCM_SHA256",
      "ClientHello", "Finished", "</html>" })
    exit, out = run(connect_options(server), "HEAD / HTTP/1.1\r\n\r\n")
    assert.equal(0, exit)
    assert.matches("\r\n\r\n$", out)
    exit, out = run(connect_options(server), "what?\r\n\r\n")
    assert.equal(0, exit)
    assert.matches("^HTTP/1.1 400 ", out)
  end)

  it("serves clients while others say nothing, or nonsense, or leave", function()
    server = start_server("--cert", server_certificate, "--key", server_key)
    local function dial()
      return assert(luasocket.connect("127.0.0.1", server.port))
    end
    local silent, garbage, http, gone, half = dial(), dial(), dial(), dial(), dial()
    garbage:send(("\255"):rep(5000))
    http:send "GET / HTTP/1.1\r\n\r\n"
    half:send "\22\3\1\0\100\1\0"
    gone:close()
    for _ = 1, 3 do
      local exit, out = run(connect_options(server, "--idle", "0.2"), "still there?\n")
      assert.same({ 0, "still there?\n" }, { exit, out })
    end
    for _, tcp in ipairs { silent, garbage, http, half } do
      tcp:close()
    end
    assert.equal(0, (run(connect_options(server))))
    local said = server.stop()
    local _, failures = said:gsub("failed: ", "")
    assert.is_true(failures >= 3, said)
    assert.matches("(peer_not_tls)", said, 1, true)
  end)

  it("serves several clients at once", function()
    server = start_server("--cert", server_certificate, "--key", server_key)
    local tls, socket = require "beartls", require "beartls.socket"
    local config = tls.config { trust = tls.trust.parse(demo_pki.authority) }
    local clients = {}
    for i = 1, 20 do
      clients[i] = assert(socket.connect("localhost", server.port, config, { timeout = 20 }))
    end
    for i = 20, 1, -1 do
      clients[i]:settimeout(20)
      assert(clients[i]:send(("I am %d\n"):format(i)))
      assert.equal(("I am %d"):format(i), clients[i]:receive "*l")
    end
    for _, client in ipairs(clients) do
      client:close()
    end
  end)

  it("ends after one connection with --once, with exit code 0 or that of the failure", function()
    for _, case in ipairs { { ca, 0 }, { pki.path "other_root.pem", 5 } } do
      local argv = command_line { "serve", "--once", "--cert", server_certificate, "--key", server_key, "0" }
      local pipe = io.popen(argv .. ' 2>&1 </dev/null; echo "exit $?"')
      local port = pipe:read("*l"):match ":(%d+)$"
      run({ "connect", "--ca", case[1], "--idle", "0.1", "localhost:" .. port }, "x\n")
      assert.matches("exit " .. case[2] .. "\n$", pipe:read "*a")
      pipe:close()
    end
  end)

  it("says all of it as JSON", function()
    server = start_server("--json", "--once", "--cert", server_certificate, "--key", server_key)
    assert.is_truthy(server.port)
    assert.equal(0, (run(connect_options(server, "--idle", "0.2"), "x")))
    local said = server.wait()
    assert_in_order(said, { '"fact":"connection"', '"fact":"closed"' })
    for _, line in ipairs(lines_of(said)) do
      assert.matches("^{.*}$", line)
    end
  end)

  it("takes the demo's certificate without --cert, and warns", function()
    local pipe = io.popen(command_line { "serve", "--once", "0" } .. " 2>&1 </dev/null")
    assert.matches("^warning: .*whose key everybody knows", pipe:read "*l")
    local port = pipe:read("*l"):match ":(%d+)$"
    assert.equal(0, (run { "connect", "--ca", ca, "localhost:" .. port }))
    pipe:read "*a"
    pipe:close()
  end)

  it("listens on an IPv6 address, in brackets", function()
    local probe = luasocket.bind("::1", 0)
    if not probe then
      pending "needs IPv6 on the loopback interface"
      return
    end
    probe:close()
    local argv = command_line { "serve", "--once", "--cert", server_certificate, "--key", server_key, "[::1]:0" }
    local pipe = io.popen(argv .. " 2>/dev/null </dev/null")
    local port = pipe:read("*l"):match "^listening on %[::1%]:(%d+)$"
    assert.equal(0, (run { "connect", "--ca", ca, "[::1]:" .. port }))
    assert.matches("^%[::1%]:%d+  TLSv1.3", pipe:read "*a")
    pipe:close()
  end)

  it("ends with exit code 3 when the port is taken", function()
    local listener, port = loopback.listen()
    local exit, out, err = run { "serve", tostring(port) }
    listener:close()
    assert.same({ 3, "" }, { exit, out })
    assert.matches("could not listen on 127.0.0.1:" .. port, err, 1, true)
  end)

  for _, case in ipairs {
    { { "--key", "server_ec.key", "--cert", "server_rsa.pem" }, "config_key_mismatch" },
    { { "--key", "server_rsa.pem", "--cert", "server_rsa.pem" }, "config_no_key" },
    { { "--key", "server_rsa.key", "--cert", "server_rsa.key" }, "config_no_certificate" },
  } do
    it("ends with exit code 2 for " .. case[2], function()
      local o = case[1]
      local exit, _, err = run { "serve", o[1], pki.path(o[2]), o[3], pki.path(o[4]), "0" }
      assert.equal(2, exit)
      assert.matches("(" .. case[2] .. ")", err, 1, true)
    end)
  end
end)
