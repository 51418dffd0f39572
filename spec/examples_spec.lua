local process = require "support.process"
local pki = require "support.pki"

local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"
local ca, cert, key = pki.path "trust.pem", pki.path "server_rsa.pem", pki.path "server_rsa.key"

local function example(name, ...)
  local words = { LUA, "examples/" .. name .. ".lua" }
  for _, word in ipairs { ... } do
    words[#words + 1] = process.quote(tostring(word))
  end
  return table.concat(words, " ")
end

-- The other end, ready; returns its port.
local function peer(kind, ...)
  local port = process.free_port()
  local words = { LUA, "spec/support/example_peer.lua", kind, tostring(port), cert, key, ... }
  process.start(table.concat(words, " ")):wait_for_port(port)
  return port
end

describe("the example", function()
  teardown(process.cleanup)

  it("https_get prints a page", function()
    local output, code = process.run(example("https_get", "localhost", peer "http", "/some/page", ca))
    assert.equal(0, code, output)
    assert.matches("you asked: GET /some/page HTTP/1.0", output, 1, true)
    assert.matches("TLSv1.3 TLS_AES_128_GCM_SHA256", output)
  end)

  it("https_get refuses a server that nobody vouches for", function()
    local output, code = process.run(example("https_get", "localhost", peer "http", "/", pki.path "other_root.pem"))
    assert.equal(1, code)
    assert.matches("not trusted", output)
  end)

  it("https_request fetches a page, and says who we are", function()
    local url = ("https://localhost:%d/some/page"):format(peer("http"))
    local output, code = process.run(example("https_request", url, ca))
    assert.equal(0, code, output)
    assert.matches("you asked: GET /some/page HTTP/1.1", output, 1, true)
    assert.matches(url .. ": HTTP/1.0 200 OK, TLSv1.3, text/plain", output, 1, true)
    local me = process.tmpdir() .. "/me.pem"
    process.write_file(me, pki.read "client_ec.pem" .. pki.read "client_ec.key")
    url = ("https://localhost:%d/"):format(peer("http", ca))
    assert.matches("you asked", (process.run(example("https_request", url, ca, me))))
    output, code = process.run(example("https_request", url, ca))
    assert.equal(1, code)
    assert.matches("(alert_certificate_required)", output, 1, true)
  end)

  it("mtls_client and mtls_echo_server talk to each other, and to nobody without a certificate", function()
    local port = process.free_port()
    local server = process.start(example("mtls_echo_server", port, ca, cert, key, 2)):wait_for_port(port)
    local output, code = process.run(example("mtls_client", "localhost", port, ca, pki.path "client_ec.pem",
      pki.path "client_ec.key"), { input = "one\ntwo\n" })
    assert.equal(0, code, output)
    assert.matches("client EC: one\nclient EC: two\n", output, 1, true)
    output, code = process.run(example("mtls_client", "localhost", port, ca, pki.path "client_untrusted.pem",
      pki.path "client_untrusted.key"), { input = "one\n" })
    assert.equal(1, code)
    assert.matches("unknown_ca", output)
    assert.equal(0, (server:wait()))
    assert.matches("refused: .*not trusted", server:output())
  end)

  it("memory_pair needs no socket", function()
    local output, code = process.run(example("memory_pair", ca, cert, key))
    assert.equal(0, code, output)
    assert.matches("open\topen\tTLSv1.3\tTLS_AES_128_GCM_SHA256\nhello\nclosed\n", output, 1, true)
  end)

  it("handshake_trace shows every message", function()
    local output, code = process.run(example("handshake_trace", "localhost", peer "echo", ca))
    assert.equal(0, code, output)
    local at = 1
    for _, message in ipairs { "ClientHello", "ServerHello", "HandshakeKeys", "EncryptedExtensions", "Certificate",
      "CertificateVerify", "Finished", "ApplicationKeys", "Finished", "close_notify",
      "it worked" } do
      local from = output:find(message, at, true)
      assert.is_truthy(from, message .. " is missing in\n" .. output)
      at = from + #message
    end
    output = process.run(example("handshake_trace", "localhost", peer "echo", pki.path "other_root.pem"))
    assert.matches("unknown_ca.*it failed: .*not trusted", output)
  end)

  it("pin_server believes one key and no other", function()
    local tls = require "beartls"
    local port = peer "echo"
    local function try(certificate)
      return process.run(example("pin_server", "127.0.0.1", port, tls.certificate.load(certificate):pin()))
    end
    local output, code = try(cert)
    assert.equal(0, code, output)
    assert.matches("verified by its pin: true", output)
    output, code = try(pki.path "server_ec.pem")
    assert.equal(1, code)
    assert.matches("pinned", output)
  end)

  it("trust_on_first_use remembers a key, and refuses another one", function()
    local port, file = peer "echo", process.tmpdir() .. "/known_hosts"
    local output, code = process.run(example("trust_on_first_use", "127.0.0.1", port, file))
    assert.equal(0, code, output)
    assert.matches("127.0.0.1 is new, its key is sha256//", output, 1, true)
    output, code = process.run(example("trust_on_first_use", "127.0.0.1", port, file))
    assert.equal(0, code, output)
    assert.matches("^connected to the key", output)
    local other = require("beartls").certificate.load(pki.path "server_ec.pem"):pin()
    process.write_file(file, (process.read_file(file):gsub("sha256//%S+", (other:gsub("%%", "%%%%")))))
    output, code = process.run(example("trust_on_first_use", "127.0.0.1", port, file))
    assert.equal(1, code, output)
    assert.matches(file .. ", line 1 (certificate_pin_mismatch)\nif its key", output, 1, true)
  end)

  it("smtp_starttls changes to TLS in the middle", function()
    local output, code = process.run(example("smtp_starttls", "localhost", peer "smtp", ca))
    assert.equal(0, code, output)
    assert.matches("encrypted with TLS_AES_128_GCM_SHA256", output)
  end)

  it("alpn_choice agrees, or says that it cannot", function()
    local output = process.run(example("alpn_choice", ca, cert, key))
    assert.matches("^http/1.1\nalert_no_application_protocol\n", output)
  end)

  it("resume does so the second time", function()
    local output, code = process.run(example("resume", "localhost", peer "echo", ca))
    assert.equal(0, code, output)
    assert.matches("^full handshake\t.*localhost.*\nresumed\t.*localhost", output)
  end)

  it("sni_two_sites shows each name its certificate", function()
    local output, code = process.run(example("sni_two_sites", ca, "localhost", cert, key, "other.example.test",
      pki.path "other_site_ec.pem", pki.path "other_site_ec.key"))
    assert.equal(0, code, output)
    assert.matches("localhost\tCN=localhost[^\n]*\topen\nother.example.test\tCN=other.example.test[^\n]*\topen",
      output)
  end)

  it("keylog_for_wireshark writes the line that Wireshark wants", function()
    local log = process.tmpdir() .. "/keys"
    local output, code = process.run(example("keylog_for_wireshark", "localhost", peer "echo", log, ca))
    assert.equal(0, code, output)
    assert.matches("^hello\nCLIENT_HANDSHAKE_TRAFFIC_SECRE", output)
    local hex = ("%x"):rep(64)
    assert.matches("^CLIENT_HANDSHAKE_TRAFFIC_SECRET " .. hex .. " " .. hex .. "\n", process.read_file(log))
  end)

  it("over_pipes speaks TLS with a child process", function()
    local output, code = process.run(example("over_pipes", ca, cert, key))
    assert.equal(0, code, output)
    assert.equal("TLSv1.3\thello from a child\n", output)
    output, code = process.run(example("over_pipes", pki.path "other_root.pem", cert, key))
    assert.equal(1, code, output)
    assert.matches("not trusted", output)
  end)

  it("tls_in_tls reaches a server through a proxy", function()
    local output, code = process.run(example("tls_in_tls", "localhost", peer "proxy", "www.example.test", "/page", ca))
    assert.equal(0, code, output)
    assert.matches("^TLSv1.3 to localhost, and in it TLSv1.3 to www.example.test\n", output)
    assert.matches("you asked: GET /page", output, 1, true)
  end)

  it("socket_http lets LuaSocket's http work as ever", function()
    local output, code = process.run(example("socket_http", "localhost", peer "http", "/page", ca))
    assert.equal(0, code, output)
    assert.matches("200\ttext/plain", output, 1, true)
    assert.matches("you asked: GET /page", output, 1, true)
  end)

  local function has(module)
    local path = module == "copas" and "package.path = package.path .. ';/usr/share/lua/5.1/?.lua' " or ""
    local _, code = process.run(("%s -e %s"):format(LUA, process.quote(path .. "require '" .. module .. "'")))
    return code == 0 or pending("needs lua-" .. module)
  end

  local function hello(port)
    return process.run(example("cqueues_two_ways", "localhost", port, ca), { input = "one\ntwo\n" })
  end

  it("luv_echo_server echoes, and says why a client was refused", function()
    if has "luv" and has "cqueues" then
      local port = process.free_port()
      local server = process.start(example("luv_echo_server", port, cert, key)):wait_for_port(port)
      local output, code = hello(port)
      assert.equal(0, code, output)
      assert.equal("one\ntwo\nthe peer has closed\n", output)
      server:wait_for "127.0.0.1: closed"
      process.run(example("https_get", "localhost", port, "/", pki.path "other_root.pem"))
      server:wait_for "unknown_ca"
      server:stop()
    end
  end)

  it("luv_callbacks prints what comes back", function()
    if has "luv" then
      local output, code = process.run(example("luv_callbacks", "localhost", peer "echo", ca))
      assert.equal(0, code, output)
      assert.equal("hello\n\n", output)
    end
  end)

  it("copas_echo_server echoes", function()
    if has "copas" and has "cqueues" then
      local port = process.free_port()
      local env = { LUA_PATH = os.getenv "LUA_PATH" .. ";/usr/share/lua/5.1/?.lua" }
      local server = process.start(example("copas_echo_server", port, cert, key), { env = env }):wait_for_port(port)
      local output, code = hello(port)
      assert.equal(0, code, output)
      assert.equal("one\ntwo\nthe peer has closed\n", output)
      server:stop()
    end
  end)

  it("cqueues_two_ways sends what is typed and prints what comes", function()
    if has "cqueues" then
      local output, code = process.run(example("cqueues_two_ways", "localhost", peer "echo", ca),
        { input = "one\ntwo\n" })
      assert.equal(0, code, output)
      assert.equal("one\ntwo\nthe peer has closed\n", output)
    end
  end)
end)
