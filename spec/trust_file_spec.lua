-- Trust on first use: what a file remembers.

local loopback = require "support.loopback"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"
local trust_file = require "beartls.trust_file"

local certificates = {}
for _, name in ipairs { "server_ec", "server_rsa", "server_self_signed" } do
  certificates[name] = assert(tls.certificate.load(pki.path(name .. ".pem")))
end

-- What check wants of a peer.
local function peer(name)
  return { peer_certificate = function() return certificates[name] end }
end

local function new_file(text)
  local path = process.tmpdir() .. "/known_hosts"
  if text then
    process.write_file(path, text)
  end
  return path
end

local EC, RSA = certificates.server_ec:pin(), certificates.server_rsa:pin()

describe("a file of known hosts", function()
  teardown(process.cleanup)

  it("remembers a host's key at the first contact, and wants it from then on", function()
    local path = new_file()
    local known = assert(trust_file.open(path))
    assert.same({}, (known:find("device", 8443)))
    assert.is_true(known:check(peer "server_ec", "device", 8443))
    assert.matches("^device:8443 " .. EC:gsub("%p", "%%%0") .. " # CN=localhost[^\n]*, since %d+%-%d+%-[%dT:]+Z\n$",
      process.read_file(path))
    assert.is_true(known:check(peer "server_ec", "device", 8443))
    local again = assert(trust_file.open(path))
    assert.same({ EC }, (again:find("device", 8443)))
    local ok, message, code, hint = again:check(peer "server_rsa", "device", 8443)
    assert.is_nil(ok)
    assert.equal("certificate_pin_mismatch", code)
    assert.equal(("device:8443 has another key than at the first contact: %s, line 1"):format(path), message)
    assert.matches("delete that line", hint)
    assert.is_true(again:check(peer "server_rsa", "device", 8444), "another port is another host")
  end)

  it("is made for its owner alone, and keeps the mode that it has", function()
    local path = new_file()
    local known = assert(trust_file.open(path))
    local function mode()
      return (process.run("ls -l " .. process.quote(path))):match "^%S+"
    end
    assert.is_true(known:check(peer "server_ec", "device", 1))
    assert.matches("^%-rw%-%-%-%-%-%-%-", mode())
    assert(os.execute("chmod 640 " .. process.quote(path)))
    assert.is_true(known:check(peer "server_ec", "device", 2))
    assert.equal(1, known:forget("device", 1))
    assert.matches("^%-rw%-r%-%-%-%-%-", mode())
    assert.same({}, (known:find("device", 1)))
    assert.same({ EC }, (known:find("device", 2)))
  end)

  it("keeps comments, empty lines and what others write into it", function()
    local text = "# the lab\n\nother:1 " .. RSA .. " # mine\ndevice:1 " .. RSA
    local path = new_file(text)
    local known = assert(trust_file.open(path))
    assert.is_true(known:check(peer "server_ec", "new", 1))
    assert.equal(text .. "\nnew:1 " .. EC, process.read_file(path):sub(1, #text + #EC + 7))
    assert.equal(1, known:forget("device", 1))
    assert.equal(0, known:forget("device", 1))
    assert.equal("# the lab\n\nother:1 " .. RSA .. " # mine\nnew:1 " .. EC, process.read_file(path):match "^(.-) # CN")
    local _, line = known:find("new", 1)
    assert.equal(4, line)
  end)

  it("takes any of a host's lines", function()
    local known = assert(trust_file.open(new_file(("# two\r\ndevice:1 %s\r\nDevice:1\t%s\r\n"):format(RSA, EC))))
    assert.is_true(known:check(peer "server_ec", "device", 1))
    assert.is_true(known:check(peer "server_rsa", "DEVICE.", 1))
    local _, message = known:check(peer "server_self_signed", "device", 1)
    assert.matches("line 2$", message)
  end)

  it("knows addresses", function()
    local path = new_file()
    local known = assert(trust_file.open(path))
    assert.is_true(known:check(peer "server_ec", "::1", 443))
    assert.matches("^%[::1%]:443 ", process.read_file(path))
    assert.same({ EC }, (known:find("::1", 443)))
  end)

  it("asks before it remembers, when there is somebody to ask", function()
    local path, asked, answer = new_file(), nil, false
    local known = assert(trust_file.open(path, {
      confirm = function(host, port, certificate)
        asked = { host, port, certificate:pin() }
        return answer
      end,
    }))
    local ok, message, code = known:check(peer "server_ec", "device", 1)
    assert.is_nil(ok)
    assert.same({ "device", 1, EC }, asked)
    assert.equal("certificate_not_confirmed", code)
    assert.matches("device:1 was not accepted", message, 1, true)
    assert.same({}, (known:find("device", 1)))
    answer = true
    assert.is_true(known:check(peer "server_ec", "device", 1))
    asked = nil
    assert.is_true(known:check(peer "server_ec", "device", 1))
    assert.is_nil(asked)
  end)

  it("says what is wrong, and where", function()
    for _, case in ipairs {
      { "device:1\n", 1 }, { "# x\n\ndevice:1 sha256//short=\n", 3 }, { "device:1 sha1//" .. EC:sub(9) .. "\n", 1 },
      { "a:1 " .. EC .. "\nb " .. EC:sub(1, -2), 2 },
    } do
      local path = new_file(case[1])
      local known, message, code = trust_file.open(path)
      assert.is_nil(known)
      assert.equal("config_trust_file", code)
      assert.matches(("%s, line %d: "):format(path, case[2]), message, 1, true)
    end
    assert.equal("io_file", select(3, trust_file.open(process.tmpdir())))
    local known = assert(trust_file.open(process.tmpdir() .. "/no/such/directory"))
    local ok, message, code = known:check(peer "server_ec", "device", 1)
    assert.is_nil(ok)
    assert.equal("io_file", code)
    assert.matches("cannot write the trust file", message, 1, true)
    assert.equal("certificate_missing", select(3, known:check(peer "nobody", "device", 1)))
  end)

  it("raises for misuse", function()
    local known = assert(trust_file.open(new_file()))
    assert.has_error(function() trust_file.open(1) end)
    assert.error_matches(function() trust_file.open("x", { confrim = print }) end, "did you mean \"confirm\"")
    assert.has_error(function() known:find("a b", 1) end)
    assert.has_error(function() known:find("device", "https") end)
    assert.has_error(function() known:find("device", 1.5) end)
    assert.error_matches(function() known:config("device", 1, { pins = {} }) end, "pins")
  end)

  -- A server with that certificate, for two connections; its port.
  local function served(certificate)
    local child = loopback.serve([[
      for _ = 1, 2 do
        local s = socket.accept(listener:accept(), config)
        s:settimeout(10)
        if s:handshake() then s:receive "*l" end
        s:close()
      end
    ]], ("{ certificate = %q, key = %q }"):format(pki.path(certificate .. ".pem"), pki.path(certificate .. ".key")))
    return child, tonumber(child:read "*l")
  end

  it("connects to a host that nobody vouches for, and refuses another one in its place", function()
    local path = new_file()
    local known = assert(trust_file.open(path))
    local child, port = served "server_self_signed"
    for contact = 1, 2 do
      local stream = assert(known:connect("127.0.0.1", port, nil, { timeout = 10 }))
      assert.equal("open", stream:state())
      assert.equal(contact == 2, stream:verified())
      stream:close()
    end
    loopback.finish(child)
    local text, old_port = process.read_file(path), port
    child, port = served "server_ec" -- which takes the other one's place
    text = text:gsub(":" .. old_port, ":" .. port, 1)
    process.write_file(path, text)
    for _ = 1, 2 do
      local stream, message, code, failure = known:connect("127.0.0.1", port, nil, { timeout = 10 })
      assert.is_nil(stream)
      assert.equal("certificate_pin_mismatch", code)
      assert.matches(path .. ", line 1", message, 1, true)
      assert.equal(message, failure.message)
      assert.matches("known:forget", failure.hint, 1, true)
      assert.equal("bad_certificate", failure.alert)
    end
    assert.equal(text, process.read_file(path))
    loopback.finish(child)
  end)

  it("is one more condition where there is trust", function()
    local known = assert(trust_file.open(new_file()))
    local child, port = served "server_ec"
    assert.equal("certificate_untrusted", select(3, known:connect("localhost", port,
      { trust = pki.path "other_root.pem", time = pki.now }, { timeout = 10 })))
    local stream = assert(known:connect("localhost", port, { trust = pki.path "trust.pem", time = pki.now },
      { timeout = 10 }))
    assert.is_true(stream:verified())
    stream:close()
    assert.same({ EC }, (known:find("localhost", port)))
    loopback.finish(child)
  end)
end)
