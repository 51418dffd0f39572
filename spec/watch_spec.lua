local tls = require "beartls"
local trace = require "beartls.trace"
local pair = require "support.pair"
local pki = require "support.pki"
local process = require "support.process"

-- The messages of TLS 1.2; those of TLS 1.3 are in modern_spec.lua.
local function mutual(options)
  return { max_version = "TLSv1.2", trace = options, certificate = pki.path "client_ec.pem",
    key = pki.path "client_ec.key" },
    { trace = options, verify_client = "require", trust = pki.path "trust.pem" }
end

local function types_of(session)
  local list = {}
  for event in session:events() do
    if event.content_type ~= "keys" then
      list[#list + 1] = (event.direction == "sent" and ">" or "<") .. (event.encrypted and "*" or "") .. event.type
    end
  end
  return list
end

local function mirrored(list)
  local out = {}
  for i, text in ipairs(list) do
    out[i] = (text:sub(1, 1) == ">" and "<" or ">") .. text:sub(2)
  end
  return out
end

-- The same messages, whoever of the two noted one a little earlier.
local function sorted(list)
  table.sort(list)
  return list
end

describe("the trace", function()
  local full = {
    ">client_hello", "<server_hello", "<certificate", "<server_key_exchange", "<certificate_request",
    "<server_hello_done", ">certificate", ">client_key_exchange", ">certificate_verify", ">change_cipher_spec",
    ">*finished", "<new_session_ticket", "<change_cipher_spec", "<*finished",
  }

  it("shows every message of a mutual handshake in order, on both sides, also the encrypted ones", function()
    local p = pair.open(mutual(true))
    assert.same(full, types_of(p.client))
    assert.same(mirrored(full), types_of(p.server))
  end)

  it("shows data and the close, without the data", function()
    local p = pair.open(mutual(true))
    types_of(p.client)
    p.client:write "secret words"
    p:settle()
    p.client:close()
    p:settle()
    local events = {}
    for event in p.client:events() do
      if event.content_type ~= "keys" then
        events[#events + 1] = event
      end
    end
    assert.equal("application_data", events[1].type)
    assert.equal(12, events[1].length)
    assert.is_nil(events[1].raw)
    assert.equal("close_notify", events[2].fields.description)
    assert.equal("sent", events[2].direction)
    assert.equal("close_notify", events[3].fields.description)
    assert.equal("received", events[3].direction)
  end)

  for _, case in ipairs {
    { "TLS_RSA_WITH_AES_128_GCM_SHA256", "server_rsa" }, { "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "server_ec" },
    { "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "server_rsa" },
    { "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "server_rsa" },
    { "TLS_RSA_WITH_AES_128_CBC_SHA", "server_rsa", "TLSv1" },
  } do
    it(("is complete with %s%s"):format(case[1], case[3] and " in " .. case[3] or ""), function()
      local p = pair.open({ trace = true, cipher_suites = { case[1] }, min_version = case[3], max_version = case[3] },
        { trace = true, cipher_suites = { case[1] }, min_version = case[3], max_version = case[3],
          certificate = pki.path(case[2] .. ".pem"), key = pki.path(case[2] .. ".key") })
      local seen = types_of(p.client)
      assert.equal(">client_hello", seen[1])
      assert.equal("<*finished", seen[#seen])
      assert.equal(not case[1]:find "ECDHE", table.concat(seen, " "):find "server_key_exchange" == nil)
      assert.same(sorted(mirrored(seen)), sorted(types_of(p.server)))
    end)
  end

  it("tells whose certificate it was, what was offered and chosen, and which key exchange", function()
    local p = pair.open(mutual(true))
    local by_type = {}
    for event in p.client:events() do
      by_type[event.direction .. " " .. event.type] = event.fields
    end
    assert.equal("localhost", by_type["sent client_hello"].server_name)
    assert.equal(p.client:cipher(), by_type["received server_hello"].cipher_suite)
    assert.equal(p.client:group(), by_type["received server_key_exchange"].group)
    assert.equal(p.client:signature_scheme(), by_type["received server_key_exchange"].signature_scheme)
    assert.equal(p.client:peer_certificate():der(), by_type["received certificate"].certificates[1])
    assert.equal(p.client:local_certificate():der(), by_type["sent certificate"].certificates[1])
    assert.equal("ecdhe", by_type["sent client_key_exchange"].kind)
    assert.matches("ServerHello.*Certificate.*Finished", trace.format(p.server:failure() or {}) ..
      trace.format((function()
        local list = {}
        for event in p.server:events() do
          list[#list + 1] = event
        end
        return list
      end)()))
  end)

  it("of a failure ends with the alert, in the failure itself, and can still be taken", function()
    local p = pair.new({ trace = true, max_version = "TLSv1.2" },
      { trace = true, certificate = pki.path "server_untrusted.pem", key = pki.path "server_untrusted.key" }):settle()
    for side, direction in pairs { client = "sent", server = "received" } do
      local list = p[side]:failure().trace
      local last = list[#list]
      assert.equal("alert", last.type)
      assert.equal(direction, last.direction)
      assert.equal("unknown_ca", last.fields.description)
      assert.equal("fatal", last.fields.level)
      assert.equal(#list, #types_of(p[side]))
      assert.same({}, p[side]:failure().trace)
    end
  end)

  it("keeps no more events than it was told, the newest ones", function()
    local p = pair.open(mutual(3))
    assert.same({ "<change_cipher_spec", "<*finished" }, types_of(p.client)) -- and the keys between them
  end)

  it("is off unless it is asked for", function()
    assert.same({}, types_of(pair.open().client))
  end)

  it("holds no secret", function()
    local log = process.tmpdir() .. "/keys"
    local p = pair.open({ trace = true, keylog = log, max_version = "TLSv1.2" }, { trace = true })
    local master = process.read_file(log):match " (%x+)\n$":gsub("%x%x", function(hex)
      return string.char(tonumber(hex, 16))
    end)
    process.cleanup()
    assert.equal(48, #master)
    for event in p.client:events() do
      assert.is_nil((event.raw or ""):find(master, 1, true))
    end
  end)
end)

describe("the key log", function()
  teardown(process.cleanup)

  it("has a line for each session that opened, the same from both sides", function()
    local dir = process.tmpdir()
    local p = pair.open({ keylog = dir .. "/client", max_version = "TLSv1.2" }, { keylog = dir .. "/server" })
    local again = pair.new(p.client_config, p.server_config, { client = { ticket = p.client:ticket() } }):settle()
    assert.is_true(again.client:resumed())
    local client, server = process.read_file(dir .. "/client"), process.read_file(dir .. "/server")
    assert.equal(client, server)
    local line = "CLIENT_RANDOM " .. ("%x"):rep(64) .. " " .. ("%x"):rep(96) .. "\n"
    assert.matches("^" .. line .. line .. "$", client)
  end)

  it("goes where SSLKEYLOGFILE says, when keylog = true", function()
    local path = process.tmpdir() .. "/keys"
    local program = 'local pair = require "support.pair"; pair.open({ keylog = true, max_version = "TLSv1.2" })'
    local _, code = process.run((os.getenv "BEARTLS_LUA" or "lua5.4") .. " -e " .. process.quote(program),
      { env = { SSLKEYLOGFILE = path } })
    assert.equal(0, code)
    assert.matches("^CLIENT_RANDOM", process.read_file(path))
  end)

  it("is refused by name when it cannot be written", function()
    local config, message, code = tls.config { keylog = "/nowhere/keys" }
    assert.is_nil(config)
    assert.matches("/nowhere/keys", message, 1, true)
    assert.equal("io_file", code)
  end)
end)
