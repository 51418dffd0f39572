-- The key log: with it, Wireshark's command-line tool reads what was encrypted. The captures are made
-- of the bytes of sessions in memory, for which nobody has to listen on an interface.

local pair = require "support.pair"
local peer = require "support.peer"
local pki = require "support.pki"
local process = require "support.process"
local tls = require "beartls"

local it = peer.needs("tshark", it, pending)

-- What the captures are made to show; a session is known by its client's port.
local FIRST_PORT, SERVER_PORT = 50000, 443

local sessions = {
  { suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
  { suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
  { suite = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
  { suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", mutual = true },
  { suite = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" },
  { suite = "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8" },
  { suite = "TLS_RSA_WITH_AES_128_GCM_SHA256" },
  { suite = "TLS_RSA_WITH_AES_256_CCM" },
  { suite = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
  { suite = "TLS_RSA_WITH_AES_128_CBC_SHA256" },
  { suite = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", version = "TLSv1" },
  { suite = "TLS_RSA_WITH_AES_256_CBC_SHA", version = "TLSv1.1" },
  { suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", resumed = true },
  { suite = "TLS_AES_128_GCM_SHA256", version = "TLSv1.3" },
  { suite = "TLS_AES_256_GCM_SHA384", version = "TLSv1.3", mutual = true },
  { suite = "TLS_CHACHA20_POLY1305_SHA256", version = "TLSv1.3", resumed = true },
  { suite = "TLS_AES_128_CCM_SHA256", version = "TLSv1.3", retried = true },
}

-- A packet as text2pcap reads it: "I" from the client, "O" from the server.
local function packet(direction, bytes)
  return ("%s\n000000 %s\n"):format(direction, (bytes:gsub(".", function(c)
    return ("%02x "):format(c:byte())
  end)))
end

-- Carries what both say until they are silent, and notes it.
local function carry(p, packets)
  repeat
    local there = p.client:drain()
    if there then
      packets[#packets + 1] = packet("I", there)
      p.server:feed(there)
    end
    local back = p.server:drain()
    if back then
      packets[#packets + 1] = packet("O", back)
      p.client:feed(back)
    end
  until not there and not back
end

-- A request and its answer with these configs, and the goodbyes: packets for text2pcap, and a ticket.
local function talk(client, server, path, ticket)
  local p, packets = pair.new(client, server, { client = { ticket = ticket } }), {}
  carry(p, packets)
  assert.equal("open", p.client:state())
  assert.equal(ticket ~= nil, p.client:resumed())
  assert(p.client:write(("GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"):format(path)))
  carry(p, packets)
  assert(p.server:write(("HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Length: 0\r\n\r\n"):format(path)))
  carry(p, packets)
  p.client:close()
  carry(p, packets)
  p.server:close() -- which in TLS 1.3 it does not do by itself (RFC 8446, 6.1)
  carry(p, packets)
  return packets, p.client:ticket()
end

-- The configs of a session, which write their keys to one file each.
local function configs(session, logs)
  local ec = session.suite:find "ECDSA" and "server_ec" or "server_rsa"
  local client = { keylog = logs.client }
  local server = { keylog = logs.server, certificate = pki.path(ec .. ".pem"), key = pki.path(ec .. ".key") }
  for _, options in ipairs { client, server } do
    options.cipher_suites = { session.suite }
    options.min_version, options.max_version = session.version or "TLSv1.2", session.version or "TLSv1.2"
  end
  if session.retried then
    client.groups, server.groups = { "x25519", "secp384r1" }, { "secp384r1" }
  end
  if session.mutual then
    client.certificate, client.key = pki.path "client_ec.pem", pki.path "client_ec.key"
    server.trust, server.verify_client = pki.path "trust.pem", "require"
  end
  return assert(tls.config(pair.client_options(client))), assert(tls.config(pair.server_options(server)))
end

local function path_of(i)
  return "session-" .. i
end

-- Has all sessions talk: the capture of it, and the key logs that were written meanwhile.
local function capture(dir)
  local logs = { client = dir .. "/client.keys", server = dir .. "/server.keys" }
  local files = {}
  for i, session in ipairs(sessions) do
    local client, server = configs(session, logs)
    local _, ticket
    if session.resumed then
      _, ticket = talk(client, server, "first")
    end
    local text = dir .. "/" .. i .. ".txt"
    process.write_file(text, table.concat((talk(client, server, path_of(i), ticket))))
    files[i] = ("%s/%d.pcapng"):format(dir, i)
    local said, code = process.run(peer.words("text2pcap", "-D", "-T", ("%d,%d"):format(FIRST_PORT + i, SERVER_PORT),
      text, files[i]))
    assert.equal(0, code, said)
  end
  local all = dir .. "/all.pcapng"
  local said, code = process.run(peer.words("mergecap", "-a", "-w", all, files))
  assert.equal(0, code, said)
  return all, logs
end

-- What tshark finds in a capture with a filter, one line of fields per packet, separated by commas.
local function tshark(file, keys, filter, ...)
  local fields = {}
  for _, name in ipairs { ... } do
    fields[#fields + 1] = { "-e", name }
  end
  local said, code = process.run(peer.words("tshark", "-n", "-r", file, "-o", "tls.keylog_file:" .. keys, "-Y", filter,
    "-T", "fields", "-E", "separator=,", fields) .. " 2>/dev/null", { seconds = 60 })
  assert.equal(0, code, said)
  return said
end

describe("With the key log tshark", function()
  local dir, file, logs
  setup(function()
    if process.has "tshark" then
      dir = process.tmpdir()
      file, logs = capture(dir)
    end
  end)
  teardown(process.cleanup)

  for _, side in ipairs { "client", "server" } do
    it(("of the %s reads what both have said, whatever the suite"):format(side), function()
      local expected = {}
      for i in ipairs(sessions) do
        expected[#expected + 1] = ("%d,%d,/%s,"):format(FIRST_PORT + i, SERVER_PORT, path_of(i))
        expected[#expected + 1] = ("%d,%d,,%s"):format(SERVER_PORT, FIRST_PORT + i, path_of(i))
      end
      local found = {}
      local said = tshark(file, logs[side], "http", "tcp.srcport", "tcp.dstport", "http.request.uri",
        "http.server")
      for line in said:gmatch "[^\n]+" do
        found[#found + 1] = line
      end
      assert.same(expected, found)
    end)
  end

  it("reads the messages behind change_cipher_spec, of both sides", function()
    local said = tshark(file, logs.client, "tls.handshake.verify_data", "tcp.srcport")
    for i in ipairs(sessions) do
      assert.matches(("%f[%d]" .. FIRST_PORT + i .. "%f[%D]"), said)
    end
    assert.equal(#sessions, select(2, said:gsub("%f[%d]" .. SERVER_PORT .. "%f[%D]", "")))
  end)

  it("reads what TLS 1.3 encrypts of a handshake, and what comes behind it", function()
    -- HandshakeType: how often there should be such a message.
    local expected = { [8] = 0, [11] = 0, [13] = 0, [15] = 0, [4] = 0 }
    for _, session in ipairs(sessions) do
      if session.version == "TLSv1.3" then
        local signatures = (session.resumed and 0 or 1) + (session.mutual and 1 or 0)
        expected[8], expected[4] = expected[8] + 1, expected[4] + 2
        expected[11], expected[15] = expected[11] + signatures, expected[15] + signatures
        expected[13] = expected[13] + (session.mutual and 1 or 0)
      end
    end
    local found = { [8] = 0, [11] = 0, [13] = 0, [15] = 0, [4] = 0 }
    for line in tshark(file, logs.client, "tls.handshake", "tcp.stream", "tls.handshake.type"):gmatch "[^\n]+" do
      local stream, types = line:match "^(%d+),(.*)$"
      if sessions[tonumber(stream) + 1].version == "TLSv1.3" then
        for digits in types:gmatch "%d+" do
          local type = tonumber(digits)
          found[type] = found[type] and found[type] + 1
        end
      end
    end
    assert.same(expected, found)
  end)

  it("reads the close_notify of both sides", function()
    local said = tshark(file, logs.client, "tls.alert_message.desc == 0", "tcp.srcport")
    assert.equal(#sessions, select(2, said:gsub("%f[%d]" .. SERVER_PORT .. "%f[%D]", "")))
    assert.equal(2 * #sessions, select(2, said:gsub("\n", "")))
  end)

  it("reads nothing when it is another session's", function()
    local other = dir .. "/other.keys"
    process.write_file(other, ("CLIENT_RANDOM %s %s\n"):format(("01"):rep(32), ("02"):rep(48)))
    assert.equal("", tshark(file, other, "http || tls.handshake.verify_data", "tcp.srcport"))
  end)
end)
