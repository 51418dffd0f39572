-- peer.lua: other TLS implementations as programs on loopback, and our side of a connection with
-- one of them.

local luasocket = require "socket"
local pki = require "support.pki"
local process = require "support.process"
local socket = require "beartls.socket"
local tls = require "beartls"

local peer = {}

-- Bounds everything that waits for the other side, in seconds.
local PATIENCE = 10

local installed = {}

---What a file of specs calls instead of `it`: a spec is pending where the program is missing.
---busted's `it` and `pending` are given, since only such files see them.
---@param program string
---@return fun(name: string, body: function)
function peer.needs(program, it, pending)
  if installed[program] == nil then
    installed[program] = process.has(program)
  end
  return function(name, body)
    it(name, installed[program] and body or function()
      pending("needs " .. program)
    end)
  end
end

-- ---- cipher suites ----

-- All that we speak, as IANA names them.
peer.suites = {
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
  "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_RSA_WITH_AES_128_CCM", "TLS_RSA_WITH_AES_256_CCM",
  "TLS_RSA_WITH_AES_128_CCM_8", "TLS_RSA_WITH_AES_256_CCM_8",
  "TLS_RSA_WITH_AES_128_CBC_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256",
  "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
  "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
}

-- What TLS 1.3 adds: its suites, and the groups of both versions.
peer.suites13 = {
  "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
}
peer.groups = { "x25519", "secp256r1", "secp384r1", "secp521r1" }
-- Every kind of key that signs in TLS 1.3, as the end of a fixture's name, with the scheme it signs with.
peer.kinds = {
  { "rsa", "rsa_pss_rsae_sha256" }, { "rsa_pss", "rsa_pss_pss_sha256" }, { "ec", "ecdsa_secp256r1_sha256" },
  { "p384", "ecdsa_secp384r1_sha384" }, { "p521", "ecdsa_secp521r1_sha512" }, { "ed25519", "ed25519" },
}

---The name that OpenSSL gives to a cipher suite: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA is
---ECDHE-RSA-AES128-SHA.
---@param suite string
---@return string
function peer.openssl_name(suite)
  local name = suite:gsub("^TLS_", ""):gsub("^RSA_WITH_", ""):gsub("WITH_", ""):gsub("AES_", "AES")
    :gsub("_CBC", ""):gsub("CCM_8", "CCM8"):gsub("POLY1305_SHA256", "POLY1305"):gsub("_", "-")
  return name
end

-- ---- command lines ----

---Words of sh, each quoted: lists are flattened, nil and false left out.
---@param ... string|number|table|boolean|nil
function peer.words(...)
  local out = {}
  local function add(n, list)
    for i = 1, n do
      if type(list[i]) == "table" then
        add(#list[i], list[i])
      elseif list[i] then
        out[#out + 1] = process.quote(list[i])
      end
    end
  end
  add(select("#", ...), { ... })
  return table.concat(out, " ")
end

-- Starts a server that takes its port as the last of `before`, and waits until it listens.
local function serve(port, command, how)
  local server = process.start(command, how)
  server.port = port
  return server:wait_for_port(port)
end

---Starts a program that serves on `port`, which its command line names already, and waits until it
---listens there. The process that comes back knows its `port`.
peer.serve = serve

---openssl s_server with these arguments.
---@param arguments table
---@param how table|nil for process.start
function peer.s_server(arguments, how)
  local port = process.free_port()
  return serve(port, peer.words("openssl", "s_server", "-accept", "127.0.0.1:" .. port, arguments), how)
end

---openssl s_client against a port of loopback. Its stdin ends at once unless `how` says otherwise.
function peer.s_client(port, arguments, how)
  return process.start(peer.words("openssl", "s_client", "-connect", "127.0.0.1:" .. port,
    arguments), how)
end

-- The Lua that runs the specs.
local LUA = os.getenv "BEARTLS_LUA" or "lua5.4"

---The command beartls as words of sh.
function peer.beartls(...)
  return peer.words(LUA, "lua/beartls/command", ...)
end

---beartls serve --json with these arguments, on a port that it chooses.
function peer.beartls_serve(...)
  local server = process.start(peer.beartls("serve", "--json", { ... }, "0"),
    { env = { LUA_PATH = package.path, LUA_CPATH = package.cpath } })
  server.port = tonumber(server:wait_for '"fact":"listening",.-"port":(%d+)')
  return server
end

---Arguments of openssl for an identity of spec/pki, in either role.
---@param name string
---@param intermediate string|nil what it shows besides
function peer.identity(name, intermediate)
  return { "-cert", pki.path(name .. ".pem"), "-key", pki.path(name .. ".key"),
    intermediate and { "-cert_chain", pki.path(intermediate .. ".pem") } }
end

---Words of bytes: two digits each.
---@param bytes string
function peer.hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02X"):format(c:byte())
  end))
end

-- ---- our side ----

local streams = {}

-- What a spec that fails leaves open would keep a server busy that serves one at a time.
local function note(stream)
  streams[#streams + 1] = stream
  return stream
end

---Closes what has been opened here: for after_each.
function peer.hang_up()
  while #streams > 0 do
    table.remove(streams):close()
  end
end

---A config on the frozen clock that believes spec/pki's roots.
---@param given table|nil options; `identity = "server_rsa"` is a certificate of spec/pki and its key
function peer.config(given)
  local options = { trust = pki.path "trust.pem", time = pki.now }
  for name, value in pairs(given or {}) do
    if name == "identity" then
      options.certificate, options.key = pki.path(value .. ".pem"), pki.path(value .. ".key")
    else
      options[name] = value
    end
  end
  return assert(tls.config(options))
end

---A stream to a server on loopback; nil, message, code, failure if the handshake fails.
---@param port integer
---@param config beartls.config|table a config, or options for peer.config
---@param given table|nil { server_name = "localhost" unless given, ticket = }
function peer.connect(port, config, given)
  if type(config) == "table" then
    config = peer.config(config)
  end
  local stream, message, code, failure = socket.connect("127.0.0.1", port, config, {
    timeout = PATIENCE, ticket = given and given.ticket,
    server_name = given and given.server_name or "localhost",
  })
  if stream then
    note(stream):settimeout(PATIENCE)
  end
  return stream, message, code, failure
end

---How many trace events of a type a stream has had in a direction since it was last asked.
---@param stream beartls.stream its config has a trace
---@param type string such as "key_update"
---@param direction "sent"|"received"
function peer.count_events(stream, type, direction)
  local n = 0
  for event in stream:session():events() do
    if event.type == type and event.direction == direction then
      n = n + 1
    end
  end
  return n
end

---A listening socket and its port.
function peer.listen()
  local listener = assert(luasocket.bind("127.0.0.1", 0))
  listener:settimeout(PATIENCE)
  local _, port = listener:getsockname()
  return listener, math.floor(tonumber(port))
end

---The next connection as a stream that has shaken hands; nil, message, code, failure if it cannot.
function peer.accept(listener, config)
  local tcp = assert(listener:accept(), "nobody came")
  tcp:settimeout(PATIENCE)
  local stream = note(assert(socket.accept(tcp, config)))
  local ok, message, code = stream:handshake()
  if ok then
    return stream
  end
  return nil, message, code, stream:failure()
end

return peer
