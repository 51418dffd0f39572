-- seeds.lua: what the fuzzers of sessions begin with. usage: lua seeds.lua NAME DIRECTORY

local pair = require "support.pair"
local pki = require "support.pki"
local revocation = require "support.revocation"
local tls = require "beartls"

local what, directory = arg[1], arg[2]
local count = 0

local function seed(bytes)
  count = count + 1
  local file = assert(io.open(("%s/seed%d"):format(directory, count), "wb"))
  file:write(bytes)
  file:close()
end

local function mutual(suite)
  return pair.new({ cipher_suites = { suite }, certificate = pki.path "client_ec.pem", key = pki.path "client_ec.key",
    min_version = "TLSv1", alpn = { "h2" } },
    { cipher_suites = { suite }, certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key",
      min_version = "TLSv1", verify_client = "require", trust = pki.path "trust.pem", alpn = { "h2" } })
end

local makers = {}

-- All that each side said, as one stream; the first byte says in which pieces it is fed.
local function record(from)
  for _, suite in ipairs { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" } do
    local said = {}
    mutual(suite):settle_through(function(bytes, from_client)
      if from_client == from then
        said[#said + 1] = bytes
      end
      return bytes
    end)
    seed("\0" .. table.concat(said))
    seed("\7" .. said[1])
  end
  seed "\0GET / HTTP/1.1\r\n\r\n"
  seed "\0\128\46\1\0\2\0\21\0\0\0\16"
  seed "\0\21\3\1\0\2\1\0"
  seed "\0\21\3\3\0\2\2\40"
end

-- The same with TLS 1.3, with and without a HelloRetryRequest, and with TLS 1.2 from the same engine.
local function record_modern(from)
  for _, options in ipairs { {}, { groups = { "secp256r1" } }, { max_version = "TLSv1.2" } } do
    local said = {}
    options.certificate, options.key = pki.path "server_ec.pem", pki.path "server_ec.key"
    pair.new({ alpn = { "h2" } }, options):settle_through(function(bytes, from_client)
      if from_client == from then
        said[#said + 1] = bytes
      end
      return bytes
    end)
    seed("\0" .. table.concat(said))
    seed("\5" .. said[1])
  end
end

function makers.modern_server() record_modern(true) end
function makers.modern_client() record_modern(false) end
function makers.modern_wire() makers.wire() end

-- Which handshake; then its messages as they are, and in the end a change or an invention.
function makers.modern()
  for kind = 0, 7 do
    for messages = 0, 7 do
      local real = string.char(kind) .. ("\0"):rep(messages)
      seed(real .. "\1\0\5\1")
      seed(real .. "\2\0\9x")
      seed(real .. "\3\0\12")
    end
    local open = string.char(kind) .. ("\0"):rep(9)
    seed(open .. "\5\24\1\0\0\0\0\7")
    seed(open .. "\5\4\6\0\0\0\9\0\0\0\0\1n\0\8ticket..\0\0\0\0")
    seed(open .. "\6\1\1\1\0\1\0")
  end
end

function makers.server() record(true) end
function makers.client() record(false) end

function makers.wire()
  for flight = 0, 7 do
    for kind = 0, 3 do
      seed(string.char(flight * 16 + kind, 0, 20, 1, 9))
    end
  end
end

-- Which suite, with keys or without, and then what to do: bytes, data, messages, limits, padding, early data.
function makers.records()
  for suite = 0, 7 do
    seed(string.char(suite, 1, 3, 2, 0, 4, 16, 0, 1, 9, 1) .. "some data" .. string.char(2, 255, 200, 5, 0, 0, 0, 20, 1)
      .. "\23\3\3\0\20" .. ("x"):rep(20))
    seed(string.char(suite, 0, 2, 9, 3, 0, 9, 1) .. "\22\3\1\0\4abcd")
  end
end

function makers.ticket()
  local p = mutual "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256":settle()
  seed(p.client:ticket():encode())
end

-- ClientHellos that offer something, with and without what follows them, and a few bytes that a store could give.
function makers.store()
  for _, options in ipairs { {}, { max_version = "TLSv1.2" },
    { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" } } } do
    local given = { certificate = pki.path "server_ec.pem", key = pki.path "server_ec.key",
      cipher_suites = options.cipher_suites }
    local first = pair.new(options, given):settle()
    local session = assert(first.client_config:client("localhost", { ticket = first.client:ticket() }))
    local hello = session:drain()
    for _, size in ipairs { 0, 8, 60 } do
      seed(string.char(size) .. hello .. ("v"):rep(size))
    end
  end
  local psks = {}
  for i = 1, 4 do
    psks[i] = { identity = tostring(i):rep(32), key = ("k"):rep(32) }
  end
  seed("\0" .. pair.new({ psks = psks }, {}).client:drain())
end

function makers.signature()
  for kind, scheme in pairs { rsa2048 = "rsa_pkcs1_sha256", p384 = "ecdsa_secp384r1_sha384", ed25519 = "ed25519" } do
    local key = assert(tls.key.generate(kind))
    local spki = key:public "der"
    local n = #spki
    seed(string.char(math.floor(n / 256), n % 256) .. spki .. assert(key:sign(scheme, "a message")))
  end
end

-- What root_ec says about server_ec, in several ways.
local function root()
  local now = pki.NOW - 3600
  return { key = assert(tls.key.load(pki.path "root_ec.key")), now = now,
    issuer = assert(tls.certificate.load(pki.path "root_ec.pem")) },
    assert(tls.certificate.load(pki.path "server_ec.pem"))
end

function makers.crl()
  local der = require "beartls.pki.der"
  for _, special in ipairs {
    {}, { version = 1, no_key_id = true }, { next_update = false },
    { extensions = { revocation.distribution_point(revocation.full_name "http://x.test/1",
      der.context_primitive(1, "\255")) } },
  } do
    local given, certificate = root()
    for name, value in pairs(special) do
      given[name] = value
    end
    given.entries = { { serial = "01" }, { serial = certificate:serial(), reason = 1 }, { serial = "ff00ff" } }
    seed(revocation.crl(given))
  end
end

function makers.ocsp()
  for _, special in ipairs {
    { {} }, { { state = "revoked", reason = 1 } }, { { state = "unknown", hash = "sha256" } },
    { { next_update = false }, {} },
  } do
    local given, certificate = root()
    for _, answer in ipairs(special) do
      answer.certificate = certificate
    end
    given.answers, given.certificates = special, { certificate }
    seed(revocation.ocsp(given))
  end
  seed(revocation.ocsp { status = 3 })
end

-- A byte of switches, then each certificate behind one that says whether it is trusted (1) or sent (2).
function makers.path()
  local graph = require "support.graph"
  local function add(where, c)
    local der = assert(tls.certificate.parse(graph.certificate(c))):der()
    return string.char(where, math.floor(#der / 256), #der % 256) .. der
  end
  local all = { dns = "example.test", ip = "192.0.2.0/24", email = "example.test", uri = "example.test" }
  local anchor = add(1, { "Root", ca = true, permitted = all, excluded = { dns = "no.example.test", ip = "::/0" },
    path_length = 1 })
  local ica = add(2, { "ICA", by = "Root", ca = true, path_length = 0, eku = { "serverAuth" } })
  local leaf = add(2, { "leaf", by = "ICA", eku = { "serverAuth" }, san = { dns = "www.example.test",
    ip = "192.0.2.1", email = "a@example.test", uri = "spiffe://example.test/x" } })
  seed("\3" .. leaf .. ica .. anchor)
  seed("\11" .. leaf .. ica .. add(2, { "ICA", by = "Other", ca = true }) .. add(1, { "Other", ca = true }))
  seed("\7" .. add(3, { "self", dns = "www.example.test", eku = { "clientAuth" } }))
  seed("\19" .. add(2, { "A", by = "B", ca = true }) .. add(2, { "B", by = "A", ca = true }) .. anchor)
end

makers[what]()
