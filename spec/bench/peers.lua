-- peers.lua: beartls and LuaSec side by side: both ends of one connection (ends.lua) in one process.
--
-- Both run over TCP on loopback, because LuaSec is bound to descriptors: beartls through
-- beartls.socket, as programs use it. "memory" is beartls' sessions without a transport.
-- Everybody speaks the version that the setup names, with one suite and one group; the client
-- verifies the server against spec/pki/trust.pem (LuaSec's has no check of the name that it could
-- switch on). beartls believes the frozen clock of the specs, LuaSec the system's.

local tls = require "beartls"
local ends = require "bench.ends"
local socket = require "beartls.socket"
local pki = require "support.pki"

local peers = {}

local has_luasec, luasec = pcall(require, "ssl")

---Why LuaSec is not measured, or nil.
peers.missing = not has_luasec and "LuaSec is not here (Debian: lua-sec): " .. tostring(luasec):match "^[^\n]*" or nil
peers.luasec_version = has_luasec and luasec._VERSION or nil

-- What a setup names: the suite in both spellings, the server's certificate, the group; TLS 1.2 unless `version` says
-- otherwise; the client's certificate where it is mutual.
local suites = {
  tls13 = { "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "server_ec", version = "TLSv1.3" },
  tls13_mutual = { "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "server_ec", version = "TLSv1.3",
    client = "client_ec" },
  tls13_rsa = { "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "server_rsa", version = "TLSv1.3" },
  ecdsa_gcm = { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "server_ec" },
  rsa_gcm = { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "server_rsa" },
  ecdsa_chacha = { "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "server_ec" },
}
-- OpenSSL does not take a certificate on a curve that the client does not name as a group.
local groups = {
  x25519 = { { "x25519", "secp256r1" }, "X25519:P-256" },
  secp256r1 = { { "secp256r1" }, "P-256" },
}

-- ---- the libraries: client() and server() make ends; link(client, server) joins them ----

-- A ticket of TLS 1.3 is offered once; the bench wants it each time.
local function fresh(ticket)
  return ticket and require("beartls").ticket.decode(ticket:encode())
end

local function beartls_configs(suite, group)
  local options = { cipher_suites = { suite[1] }, groups = groups[group][1], time = pki.now,
    max_version = suite.version or "TLSv1.2" }
  local server = { certificate = pki.path(suite[3] .. ".pem"), key = pki.path(suite[3] .. ".key") }
  local client = { trust = pki.path "trust.pem" }
  if suite.client then
    client.certificate, client.key = pki.path(suite.client .. ".pem"), pki.path(suite.client .. ".key")
    server.trust, server.verify_client = client.trust, "require"
  end
  for name, value in pairs(options) do
    server[name], client[name] = value, value
  end
  return assert(tls.config(client)), assert(tls.config(server))
end

local function luasec_contexts(suite, group)
  local function context(options)
    options.curveslist, options.cafile = groups[group][2], pki.path "trust.pem"
    options.protocol = suite.version and "tlsv1_3" or "tlsv1_2"
    options[suite.version and "ciphersuites" or "ciphers"] = suite[2]
    -- LuaSec keeps no sessions: tickets would only be made to be thrown away.
    options.options = { "all", "no_ticket" }
    return assert(luasec.newcontext(options))
  end
  local function file(name, ending)
    return name and pki.path(name .. ending)
  end
  return context { mode = "client", verify = "peer", certificate = file(suite.client, ".pem"),
    key = file(suite.client, ".key") }, context { mode = "server",
    verify = suite.client and { "peer", "fail_if_no_peer_cert" } or "none", certificate = file(suite[3], ".pem"),
    key = file(suite[3], ".key") }
end

local function as_wanted(session, suite, group)
  return session:cipher() == suite[1] and session:group() == group and session:verified()
end

local makers = {}

function makers.beartls(suite, group)
  local client_config, server_config = beartls_configs(suite, group)
  local function stream(connection, message)
    return ends.new("stream", assert(connection, message))
  end
  return {
    client = function(tcp, ticket)
      return stream(socket.wrap(tcp, client_config, "localhost", { ticket = fresh(ticket) }))
    end,
    server = function(tcp)
      return stream(socket.accept(tcp, server_config))
    end,
    ticket = function(client)
      return assert(client.connection:ticket())
    end,
    cipher = function(client)
      return as_wanted(client.connection, suite, group)
    end,
    resumed = function(client)
      return client.connection:resumed()
    end,
  }
end

function makers.luasec(suite, group)
  local client_context, server_context = luasec_contexts(suite, group)
  local function wrap(tcp, context)
    return ends.new("luasec", assert(luasec.wrap(tcp, context)))
  end
  return {
    client = function(tcp)
      local client = wrap(tcp, client_context)
      client.connection:sni "localhost"
      return client
    end,
    server = function(tcp)
      return wrap(tcp, server_context)
    end,
    cipher = function(client)
      return client.connection:info "cipher" == suite[2] and client.connection:getpeerverification()
    end,
  }
end

function makers.memory(suite, group)
  local client_config, server_config = beartls_configs(suite, group)
  local function session(made, message)
    return ends.in_memory(assert(made, message))
  end
  return {
    in_memory = true,
    client = function(_, ticket)
      return session(client_config:client("localhost", { ticket = fresh(ticket) }))
    end,
    server = function()
      return session(server_config:server())
    end,
    ticket = function(client)
      return assert(client.session:ticket())
    end,
    cipher = function(client)
      return as_wanted(client.session, suite, group)
    end,
    resumed = function(client)
      return client.session:resumed()
    end,
  }
end

function makers.plain()
  local function plain(tcp)
    return ends.new("plain", tcp)
  end
  return { client = plain, server = plain, cipher = function() return true end }
end

---One library with the suite and the group of a setup.
---@param name "beartls"|"luasec"|"memory"|"plain"
---@param suite "ecdsa_gcm"|"rsa_gcm"|"ecdsa_chacha"|"tls13"|"tls13_mutual"|"tls13_rsa"
---@param group "x25519"|"secp256r1"
---@return table|nil nil when it is not here
function peers.library(name, suite, group)
  if name == "luasec" and not has_luasec then
    return nil
  end
  return makers[name](suites[suite], group)
end

local SHAKES = 100

---Shakes hands on a new connection: the client's end and the server's.
---@param library table
---@param ticket userdata|nil to resume
---@param clock (fun(): number)|nil for the time that each side takes
---@return table client
---@return table server
---@return number seconds of the client, by that clock
---@return number seconds of the server
function peers.connect(library, ticket, clock)
  clock = clock or os.clock
  local tcp_client, tcp_server
  if not library.in_memory then
    tcp_client, tcp_server = ends.tcp_pair()
  end
  local t0 = clock()
  local client = library.client(tcp_client, ticket)
  local t1 = clock()
  local server = library.server(tcp_server)
  local t2 = clock()
  client.peer, server.peer = server, client
  local client_time, server_time = t1 - t0, t2 - t1
  for _ = 1, SHAKES do
    t0 = clock()
    local client_done = client:shake()
    t1 = clock()
    local server_done = server:shake()
    t2 = clock()
    client_time, server_time = client_time + t1 - t0, server_time + t2 - t1
    if client_done and server_done then
      return client, server, client_time, server_time
    end
  end
  error "the two ends do not come to an end of their handshake"
end

---A connection that is what it should be, or an error: the suite, and verified by the client.
---@param library table
---@return table client
---@return table server
function peers.open(library)
  local client, server = peers.connect(library)
  assert(library.cipher(client), "the bench's connection has another suite, or is not verified")
  return client, server
end

return peers
