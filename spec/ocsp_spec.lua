-- OCSP responses: reading them, and the verdict with one that is stapled.

local extensions = require "beartls.pki.extensions"
local certificate = require "beartls.pki.certificate"
local der = require "beartls.pki.der"
local pair = require "support.pair"
local pki = require "beartls.pki"
local process = require "support.process"
local revocation = require "support.revocation"
local tls = require "beartls"

local NOW = 1780272000 -- 2026-06-01
local DAY = 86400

local function clock()
  return NOW
end

local ca = assert(pki.ca { name = "root", time = clock })
local other = assert(pki.ca { name = "other", time = clock })
local namesake = assert(pki.ca { name = "root", time = clock })
local trust = assert(ca:trust())
local server = assert(ca:issue { dns = "localhost" })
local stranger = assert(ca:issue { dns = "stranger.test" })

-- Somebody who may answer for the authority, with whatever changes his certificate.
local function responder(issuer, change)
  local key = assert(tls.key.generate "p256")
  local plan = assert(certificate.plan_leaf({ name = "responder", client = false, server = false }, issuer,
    key:public "der", NOW))
  table.insert(plan.extensions, extensions.new("extended_key_usage", false, der.sequence(der.oid "1.3.6.1.5.5.7.3.9")))
  if change then
    change(plan)
  end
  local made = assert(issuer:finish(plan, key))
  return made.certificate, key
end

local function response(given)
  given = given or {}
  given.issuer, given.key = given.issuer or ca.certificate, given.key or ca.key
  given.now = given.now or NOW - 3600
  given.answers = given.answers or { {} }
  for _, answer in ipairs(given.answers) do
    answer.certificate = answer.certificate or server.certificate
  end
  return revocation.ocsp(given)
end

local function by_responder(change, given)
  given = given or {}
  given.responder, given.key = responder(given.by or ca, change)
  return response(given)
end

local function verdict(bytes)
  local path, message, code = trust:verify(server.certificate, { time = NOW, name = "localhost", ocsp = bytes })
  return path and "trusted" or code, message
end

local function flip(signature)
  return signature:sub(1, -2) .. string.char((signature:byte(-1) + 1) % 256)
end

local unknown = { extensions.new("1.2.3.4", true, der.null) }

describe("a certificate with an OCSP response", function()
  for _, case in ipairs {
    { "by its issuer is good", "trusted", response() },
    { "whose issuer is named by its key is good", "trusted", response { by_key = true } },
    { "that hashes with SHA-256 is good", "trusted", response { answers = { { hash = "sha256" } } } },
    { "by somebody authorised is good", "trusted", by_responder() },
    { "by somebody authorised, named by his key, is good", "trusted", by_responder(nil, { by_key = true }) },
    { "among whose answers is the right one is good", "trusted",
      response { answers = { { certificate = stranger.certificate, state = "revoked" }, {} } } },
    { "whose newest answer counts", "certificate_revoked", response { answers = {
      { this_update = NOW - 7200 }, { this_update = NOW - 3600, state = "revoked" } } } },
    { "that says revoked is revoked", "certificate_revoked",
      response { answers = { { state = "revoked", reason = 1 } } } },
    { "that says revoked without a reason is revoked", "certificate_revoked",
      response { answers = { { state = "revoked" } } } },
    { "that is old and says revoked is revoked", "certificate_revoked",
      response { now = NOW - 90 * DAY, answers = { { state = "revoked", next_update = NOW - 80 * DAY } } } },
    { "that does not know it is not good", "certificate_ocsp_unknown",
      response { answers = { { state = "unknown" } } } },
    { "about another certificate is not good", "certificate_ocsp_mismatch",
      response { answers = { { certificate = stranger.certificate } } } },
    { "about that number of another issuer is not good", "certificate_ocsp_mismatch",
      response { answers = { { issuer = other.certificate } } } },
    { "about that number of a namesake is not good", "certificate_ocsp_mismatch",
      response { answers = { { issuer = namesake.certificate } } } },
    { "about nothing is not good", "certificate_ocsp_mismatch", response { answers = {} } },
    { "that is out of date is not good", "certificate_ocsp_expired",
      response { answers = { { next_update = NOW - 301 } } } },
    { "that is out of date by less than clocks differ is good", "trusted",
      response { answers = { { next_update = NOW - 299 } } } },
    { "without an end is good for a day", "trusted", response { answers = { { next_update = false } } } },
    { "without an end is not good for two", "certificate_ocsp_expired",
      response { now = NOW - 2 * DAY, answers = { { next_update = false } } } },
    { "from the future is not good", "certificate_ocsp_not_yet_valid", response { now = NOW + 301 } },
    { "from now, by a clock that is ahead, is good", "trusted", response { now = NOW + 299 } },
    { "whose signature is broken is not good", "certificate_ocsp_untrusted", response { spoil = flip } },
    { "signed by another authority is not good", "certificate_ocsp_untrusted", response { key = other.key } },
    { "by another authority altogether is not good", "certificate_ocsp_untrusted",
      response { key = other.key, issuer = ca.certificate, responder = other.certificate } },
    { "by a server of the same authority is not good", "certificate_ocsp_untrusted",
      by_responder(function(plan)
        plan.extensions[#plan.extensions] = extensions.extended_key_usage { "serverAuth" }
      end) },
    { "by a certificate for any usage is not good", "certificate_ocsp_untrusted",
      by_responder(function(plan)
        plan.extensions[#plan.extensions] = extensions.new("extended_key_usage", false,
          der.sequence(der.oid "2.5.29.37.0"))
      end) },
    { "by somebody whom another authority has authorised is not good", "certificate_ocsp_untrusted",
      by_responder(nil, { by = other }) },
    { "by somebody whom a namesake has authorised is not good", "certificate_ocsp_untrusted",
      by_responder(nil, { by = namesake }) },
    { "by somebody whose time is over is not good", "certificate_ocsp_untrusted",
      by_responder(function(plan) plan.not_before, plan.not_after = NOW - 2 * DAY, NOW - DAY end) },
    { "by somebody whose key is not for signatures is not good", "certificate_ocsp_untrusted",
      by_responder(function(plan) plan.extensions[2] = extensions.key_usage { "keyCertSign" } end) },
    { "by somebody with a critical extension that nobody knows is not good", "certificate_ocsp_untrusted",
      by_responder(function(plan) plan.extensions[#plan.extensions + 1] = unknown[1] end) },
    { "by somebody who is not shown is not good", "certificate_ocsp_untrusted",
      by_responder(nil, { certificates = {} }) },
    { "by somebody among others is good", "trusted", (function()
      local he, key = responder(ca)
      return response { responder = he, key = key, certificates = { other.certificate, server.certificate, he } }
    end)() },
    { "with a critical extension that nobody knows is not good", "certificate_ocsp_untrusted",
      response { extensions = unknown } },
    { "with an answer with a critical extension that nobody knows is not good", "certificate_ocsp_untrusted",
      response { answers = { { extensions = unknown } } } },
    { "with an extension that is not critical is good", "trusted",
      response { extensions = { extensions.new("1.3.6.1.5.5.7.48.1.2", false, der.octet_string "nonce") } } },
    { "that says that the responder cannot answer says nothing", "trusted", response { status = 3 } },
    { "that is cut is not good", "certificate_ocsp_malformed", response():sub(1, -2) },
    { "with a byte behind it is not good", "certificate_ocsp_malformed", response() .. "\0" },
    { "that is none is not good", "certificate_ocsp_malformed", "OCSP" },
  } do
    it(case[1], function()
      local code, message = verdict(case[3])
      assert.equal(case[2], code, message)
    end)
  end

  it("that is signed with SHA-1 is not good", function()
    local rsa = assert(pki.ca { name = "RSA", key_kind = "rsa2048", time = clock })
    local leaf = assert(rsa:issue { dns = "localhost" })
    for scheme, want in pairs { rsa_pkcs1_sha1 = "certificate_ocsp_untrusted", rsa_pkcs1_sha256 = "trusted",
      rsa_pss_rsae_sha256 = "trusted" } do
      local path, message, code = assert(rsa:trust()):verify(leaf.certificate, { time = NOW, ocsp = revocation.ocsp {
        issuer = rsa.certificate, key = rsa.key, now = NOW, scheme = scheme,
        answers = { { certificate = leaf.certificate } } } })
      assert.equal(want, path and "trusted" or code, message)
    end
  end)

  it("is described by a sentence", function()
    local _, message = verdict(response { answers = { { state = "revoked", time = NOW - 40 * DAY, reason = 4 } } })
    assert.equal("the server's certificate (CN=localhost) was revoked on 2026-04-22: superseded", message)
    _, message = verdict(response { answers = { { next_update = NOW - DAY } } })
    assert.equal("the server's certificate (CN=localhost) came with an OCSP response that was of use until 2026-05-31",
      message)
  end)

  it("survives whatever is changed in one", function()
    local bytes = by_responder()
    for i = 1, #bytes, 3 do
      local code = verdict(bytes:sub(1, i - 1) .. string.char((bytes:byte(i) + i) % 256) .. bytes:sub(i + 1))
      assert.is_true(code == "trusted" or code:find "^certificate_" ~= nil)
    end
  end)
end)

describe("OCSP responses", function()
  teardown(process.cleanup)

  it("say what is in them", function()
    local decoded = assert(tls.ocsp.decode(response { answers = { {}, { certificate = stranger.certificate,
      state = "revoked", time = NOW - DAY, reason = 1, next_update = false } } }))
    assert.same({
      status = "successful", responder = "CN=root", produced_at = NOW - 3600,
      answers = {
        { serial = server.certificate:serial(), state = "good", this_update = NOW - 3600,
          next_update = NOW - 3600 + DAY },
        { serial = stranger.certificate:serial(), state = "revoked", this_update = NOW - 3600,
          revoked = { date = NOW - DAY, reason = "keyCompromise" } },
      },
    }, decoded)
    assert.same({ status = "tryLater" }, tls.ocsp.decode(response { status = 3 }))
    local by_key = assert(tls.ocsp.decode(response { by_key = true }))
    assert.equal(40, #by_key.responder_key)
    assert.is_nil(by_key.responder)
    local nothing, _, code = tls.ocsp.decode "nothing"
    assert.is_nil(nothing)
    assert.equal("certificate_ocsp_malformed", code)
  end)

  it("that openssl makes are understood", function()
    local dir = process.tmpdir()
    local function write(name, bytes)
      process.write_file(dir .. "/" .. name, bytes)
      return dir .. "/" .. name
    end
    local he, key = responder(ca)
    write("ca.pem", ca.certificate:pem())
    write("ca.key", ca.key:pem())
    write("he.pem", he:pem())
    write("he.key", key:pem())
    write("c.pem", server.certificate:pem())
    for _, case in ipairs {
      { "V\t360101000000Z\t\t%s\tunknown\t/CN=localhost", "ca", "trusted" },
      { "V\t360101000000Z\t\t%s\tunknown\t/CN=localhost", "he", "trusted" },
      { "R\t360101000000Z\t260501000000Z,keyCompromise\t%s\tunknown\t/CN=localhost", "he", "certificate_revoked" },
      { "V\t360101000000Z\t\t01%s\tunknown\t/CN=localhost", "ca", "certificate_ocsp_unknown" },
    } do
      write("index", case[1]:format(server.certificate:serial():upper()) .. "\n")
      local output, code = process.run(("cd %s && openssl ocsp -issuer ca.pem -cert c.pem -reqout request -no_nonce && "
        .. "openssl ocsp -index index -CA ca.pem -rsigner %s.pem -rkey %s.key -reqin request -respout response "
        .. "-ndays 3"):format(dir, case[2], case[2]))
      assert.equal(0, code, output)
      local path, message, failure = trust:verify(server.certificate, { time = os.time(),
        ocsp = process.read_file(dir .. "/response") })
      assert.equal(case[3], path and "trusted" or failure, message)
    end
  end)

  local function file_with(bytes)
    local file = process.tmpdir() .. "/response.der"
    process.write_file(file, bytes)
    return file
  end

  local expired = response { now = NOW - 9 * DAY }
  local verdicts = {
    { response { answers = { { state = "revoked" } } }, "certificate_revoked", "certificate_revoked" },
    { response { spoil = flip }, "certificate_ocsp_untrusted", "bad_certificate_status_response" },
    { expired, "certificate_ocsp_expired", "bad_certificate_status_response" },
  }

  it("are stapled by servers and judged by clients in TLS 1.3", function()
    local function shake(bytes, more)
      local own = { trust = trust, time = clock, max_version = "TLSv1.3", insecure_no_time = more }
      return pair.new(own, { certificate = server.certificate, key = server.key, staple = file_with(bytes),
        time = clock, max_version = "TLSv1.3" }):settle()
    end
    local good = response()
    local p = shake(good)
    assert.same({ "open", "TLSv1.3" }, { p.client:state(), p.client:version() })
    assert.equal(good, p.client:ocsp_response())
    assert.is_nil(p.server:ocsp_response())
    for _, case in ipairs(verdicts) do
      local failure = shake(case[1]).client:failure()
      assert.same({ case[2], case[3] }, { failure.code, failure.alert })
    end
    assert.equal("open", shake(expired, true).client:state())
  end)

  it("have to come with a certificate that says so", function()
    local key = assert(tls.key.generate "p256")
    local plan = assert(certificate.plan_leaf({ dns = "localhost" }, ca, key:public "der", NOW))
    table.insert(plan.extensions, extensions.new("1.3.6.1.5.5.7.1.24", false, der.sequence(der.integer(5))))
    local strict = assert(ca:finish(plan, key))
    local function failure(bytes, suites)
      local own = { trust = trust, time = clock, cipher_suites = suites }
      return pair.new(own, { certificate = strict.certificate, key = strict.key, time = clock,
        cipher_suites = suites, staple = bytes and file_with(bytes) }):settle().client:failure()
    end
    assert.is_true(strict.certificate:must_staple())
    local missing = failure()
    assert.same({ "certificate_ocsp_missing", "bad_certificate_status_response" }, { missing.code, missing.alert })
    assert.equal("certificate_ocsp_missing", failure(response { status = 3 }).code)
    assert.is_nil(failure(response { answers = { { certificate = strict.certificate } } }))
    local classic = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" }
    assert.is_nil(failure(nil, classic), "an engine that does not ask for one does not miss it")
    assert.is_truthy(trust:verify(strict.certificate, { time = NOW }))
  end)

  it("are asked for and judged by clients in TLS 1.2", function()
    local socket = require "beartls.socket"
    local dir = process.tmpdir()
    process.write_file(dir .. "/server.pem", server.certificate:pem())
    process.write_file(dir .. "/server.key", server.key:pem())
    local config = assert(tls.config { trust = trust, time = clock, max_version = "TLSv1.3" })
    local function connect(bytes)
      local port = process.free_port()
      process.start(("openssl s_server -accept %d -cert %s/server.pem -key %s/server.key -tls1_2 -quiet -naccept 1 "
        .. "-status_file %s"):format(port, dir, dir, file_with(bytes)), { open = true }):wait_for_port(port)
      return socket.connect("localhost", port, config, { timeout = 10 })
    end
    local good = response()
    local stream = assert(connect(good))
    assert.equal("TLSv1.2", stream:version())
    assert.equal(good, stream:ocsp_response())
    stream:close()
    for _, case in ipairs(verdicts) do
      local nothing, _, code, failure = connect(case[1])
      assert.is_nil(nothing)
      assert.same({ case[2], case[3] }, { code, failure.alert })
    end
  end)

  it("that a server has to staple are read when its config is made", function()
    local options = { certificate = server.certificate, key = server.key, staple = "no/such/file" }
    assert.equal("io_file", select(3, tls.config(options)))
    options.staple = process.tmpdir() .. "/nothing"
    process.write_file(options.staple, "nothing")
    local config, message, code = tls.config(options)
    assert.is_nil(config)
    assert.equal("certificate_ocsp_malformed", code)
    assert.matches(options.staple, message, 1, true)
  end)
end)
