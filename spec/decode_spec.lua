-- decode_spec.lua -- decoding of TLS messages: what other stacks sent, and what nobody should send.
local decode = require "beartls.decode"
local names = require "beartls.decode.names"
local recorded = require "support.recorded"
local text = require "beartls.decode.text"
local x509 = require "beartls.decode.x509"

local bytes = recorded.bytes

local function copy(event)
  local out = {}
  for key, value in pairs(event) do
    out[key] = value
  end
  return out
end

---The events of a recorded handshake with their fields, by type; of two of a type the first.
local function attached(flow)
  local context, by_type, list = {}, {}, {}
  for i, event in ipairs(recorded.flows[flow]) do
    list[i] = decode.attach(copy(event), context)
    by_type[list[i].type] = by_type[list[i].type] or list[i]
  end
  return by_type, list, context
end

local function u16(n)
  return string.char(math.floor(n / 256), n % 256)
end

local function vector16(s)
  return u16(#s) .. s
end

local function handshake(code, body)
  return string.char(code, math.floor(#body / 65536)) .. u16(#body % 65536) .. body
end

local function extension(code, data)
  return u16(code) .. vector16(data)
end

local RANDOM = ("r"):rep(32)

---A ClientHello with these extensions, given as one string.
local function client_hello(extensions, suites)
  return handshake(1, "\3\3" .. RANDOM .. "\0" .. vector16(suites or "\19\1\192\43") .. "\1\0"
    .. vector16(extensions))
end

local function server_hello(extensions, random)
  return handshake(2, "\3\3" .. (random or RANDOM) .. "\0" .. "\192\43\0" .. vector16(extensions))
end

local function fields_of(raw, context)
  local _, fields = decode.message("handshake", raw, context)
  return fields
end

describe("decode", function()
  describe("recorded handshakes", function()
    local flows = {
      ecdhe_rsa_mutual = "client_hello server_hello certificate server_key_exchange "
        .. "certificate_request server_hello_done certificate client_key_exchange "
        .. "certificate_verify change_cipher_spec finished new_session_ticket change_cipher_spec "
        .. "finished alert",
      ecdhe_ecdsa = "client_hello server_hello certificate server_key_exchange server_hello_done "
        .. "client_key_exchange change_cipher_spec finished new_session_ticket change_cipher_spec "
        .. "finished alert",
      rsa_key_transport = "client_hello server_hello certificate server_hello_done "
        .. "client_key_exchange change_cipher_spec finished new_session_ticket change_cipher_spec "
        .. "finished alert",
      dhe_rsa = "client_hello server_hello certificate server_key_exchange server_hello_done "
        .. "client_key_exchange change_cipher_spec finished new_session_ticket change_cipher_spec "
        .. "finished alert",
      tls10_mutual = "client_hello server_hello certificate server_key_exchange "
        .. "certificate_request server_hello_done certificate client_key_exchange "
        .. "certificate_verify change_cipher_spec finished new_session_ticket change_cipher_spec "
        .. "finished alert",
      no_client_certificate = "client_hello server_hello certificate server_key_exchange "
        .. "certificate_request server_hello_done certificate client_key_exchange "
        .. "change_cipher_spec finished alert",
      resumed = "client_hello server_hello change_cipher_spec finished change_cipher_spec "
        .. "finished alert",
      tls13_retry = "client_hello hello_retry_request client_hello server_hello",
      tls13_resumed = "client_hello server_hello change_cipher_spec",
    }
    for name, want in pairs(flows) do
      it("tells every message of " .. name .. " and finds nothing malformed", function()
        local _, list = attached(name)
        local types = {}
        for i, event in ipairs(list) do
          assert.is_nil(event.fields.malformed)
          types[i] = decode.message(event.content_type, event.raw)
          assert.equal(event.type, types[i])
        end
        assert.equal(want, table.concat(types, " "))
      end)
    end

    it("reads the suite and the version that a server chose and remembers them", function()
      local cases = {
        { "ecdhe_rsa_mutual", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
        { "ecdhe_ecdsa", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
        { "rsa_key_transport", "TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256" },
        { "tls10_mutual", "TLSv1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
        { "tls13_retry", "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
      }
      for _, case in ipairs(cases) do
        local by_type, _, context = attached(case[1])
        local fields = by_type.server_hello.fields
        assert.same({ case[2], case[3] }, { fields.selected_version, fields.cipher_suite })
        assert.same({ case[2], case[3] }, { context.version, context.cipher_suite })
      end
    end)

    it("reads key exchange, certificates and signatures of a mutual TLS 1.2 handshake", function()
      local by_type, list = attached("ecdhe_rsa_mutual")
      local exchange = by_type.server_key_exchange.fields
      assert.same({ "ecdhe", "secp256r1", 65, "rsa_pss_rsae_sha256", 256 }, { exchange.kind,
        exchange.group, #exchange.public, exchange.signature_scheme, exchange.signature_length })
      assert.equal("echo/1", by_type.server_hello.fields.alpn)
      assert.same({ "CN=localhost", "CN=Recorded CA,O=beartls,C=DE" },
        by_type.certificate.fields.subjects)
      assert.equal(628, #by_type.certificate.fields.certificates[1])
      local request = by_type.certificate_request.fields
      assert.same({ "rsa_sign", "dss_sign", "ecdsa_sign" }, request.certificate_types)
      assert.equal("ecdsa_secp256r1_sha256", request.signature_schemes[1])
      assert.same({}, request.authorities)
      assert.same({ "CN=alice,OU=Reading+UID=7,O=B\195\188cher\\, S\195\182hne" },
        list[7].fields.subjects)
      assert.same({ "CN=Recorded CA,O=beartls,C=DE" }, list[7].fields.issuers)
      local mine = by_type.client_key_exchange.fields
      assert.same({ "ecdhe", 65 }, { mine.kind, #mine.public })
      local verify = by_type.certificate_verify.fields
      assert.equal("ecdsa_secp256r1_sha256", verify.signature_scheme)
      assert.equal(12, #by_type.finished.fields.verify_data)
      local ticket = by_type.new_session_ticket.fields
      assert.same({ 7200, 672 }, { ticket.lifetime_hint, ticket.ticket_length })
      local alert = by_type.alert.fields
      assert.same({ "warning", "close_notify", 0 }, { alert.level, alert.description, alert.code })
    end)

    it("reads RSA key transport and Diffie-Hellman over a prime", function()
      local rsa = attached("rsa_key_transport").client_key_exchange.fields
      assert.same({ kind = "rsa", encrypted_premaster_length = 256 }, rsa)
      local by_type = attached("dhe_rsa")
      local dhe = by_type.server_key_exchange.fields
      assert.same({ "dhe", 1024, 128 }, { dhe.kind, dhe.prime_bits, #dhe.public })
      assert.equal("dhe", by_type.client_key_exchange.fields.kind)
    end)

    it("expects no signature scheme where TLS 1.0 has none", function()
      local by_type = attached("tls10_mutual")
      for _, type_name in ipairs { "server_key_exchange", "certificate_verify" } do
        local fields = by_type[type_name].fields
        assert.is_nil(fields.signature_scheme)
        assert.is_true(fields.signature_length >= 128)
      end
      assert.is_nil(by_type.certificate_request.fields.signature_schemes)
      -- Without the context, the record's version has to do.
      local alone = decode.attach(copy(by_type.certificate_verify))
      alone.fields = nil
      assert.equal(128, alone.fields.signature_length)
    end)

    it("reads TLS 1.1 as TLS 1.0 and unknown versions as TLS 1.2", function()
      local old, new = handshake(15, vector16("s")), handshake(15, "\4\3" .. vector16("s"))
      for _, version in ipairs { "SSLv3", "TLSv1", "TLSv1.1" } do
        assert.same({ signature_length = 1 }, fields_of(old, { version = version }))
      end
      for _, version in ipairs { "TLSv1.2", "TLSv1.3", "0x0505" } do
        assert.same({ signature_scheme = "ecdsa_secp256r1_sha256", signature_length = 1 },
          fields_of(new, { version = version }))
      end
    end)

    it("says whether a session was resumed", function()
      assert.is_true(attached("resumed").server_hello.fields.resumed)
      assert.is_falsy(attached("ecdhe_ecdsa").server_hello.fields.resumed)
      assert.is_nil(attached("tls13_retry").server_hello.fields.resumed)
    end)

    it("reads key shares, a retry and pre-shared keys of TLS 1.3", function()
      local by_type, list = attached("tls13_retry")
      assert.same({ { group = "x25519", length = 32 } }, list[1].fields.key_shares)
      assert.same({ group = "secp384r1" }, by_type.hello_retry_request.fields.key_share)
      assert.same({ { group = "secp384r1", length = 97 } }, list[3].fields.key_shares)
      assert.same({ group = "secp384r1", length = 97 }, by_type.server_hello.fields.key_share)
      by_type = attached("tls13_resumed")
      local offered = by_type.client_hello.fields.extensions.pre_shared_key
      assert.same({ 1, { { length = 48 } } }, { #offered.identities, offered.binders })
      assert.same({ selected_identity = 0 },
        by_type.server_hello.fields.extensions.pre_shared_key)
      assert.is_true(by_type.change_cipher_spec.fields.ignored)
    end)

    it("guesses the key exchange when nobody saw the ServerHello", function()
      local cases = {
        { "ecdhe_ecdsa", "server_key_exchange", "ecdhe" },
        { "dhe_rsa", "server_key_exchange", "dhe" },
        { "ecdhe_ecdsa", "client_key_exchange", "ecdhe" },
        { "rsa_key_transport", "client_key_exchange", "unknown" },
      }
      for _, case in ipairs(cases) do
        local fields = fields_of(attached(case[1])[case[2]].raw)
        assert.is_nil(fields.malformed)
        assert.equal(case[3], fields.kind)
      end
    end)
  end)

  describe("ClientHello", function()
    it("reads those of openssl, gnutls and curl", function()
      local x25519 = { group = "x25519", length = 32 }
      local cases = {
        openssl = { 31, { "h2", "http/1.1" }, "x25519", { x25519 } },
        gnutls = { 29, { "h2" }, "secp256r1", { { group = "secp256r1", length = 65 }, x25519 } },
        curl = { 31, { "h2", "http/1.1" }, "x25519", { x25519 } },
      }
      for name, want in pairs(cases) do
        local hello = assert(decode.client_hello(recorded.hellos[name]))
        assert.same(want, { #hello.cipher_suites, hello.alpn, hello.groups[1], hello.key_shares })
        assert.equal("TLS_AES_256_GCM_SHA384", hello.cipher_suites[1])
        assert.same({ "TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1" }, hello.supported_versions)
        assert.equal("example.com", hello.server_name)
        assert.equal("TLSv1.2", hello.version)
        assert.same({ 32, 32 }, { #hello.random, #hello.session_id })
        assert.same({ "null" }, hello.compression_methods)
        assert.is_true(hello.extensions.extended_master_secret)
        for _, list in ipairs { hello.cipher_suites, hello.groups, hello.signature_schemes,
          hello.extension_order } do
          for _, item in ipairs(list) do
            assert.is_nil(item:find("^0x"))
          end
        end
      end
      local hello = decode.client_hello(recorded.hellos.gnutls)
      assert.equal("status_request", hello.extension_order[1])
      assert.equal(16385, hello.extensions.record_size_limit)
    end)

    it("reads one without extensions", function()
      local fields = fields_of(handshake(1, "\3\1" .. RANDOM .. "\0\0\2\0\47\1\0"))
      assert.is_nil(fields.malformed)
      assert.same({ "TLSv1", { "TLS_RSA_WITH_AES_128_CBC_SHA" }, {}, {} },
        { fields.version, fields.cipher_suites, fields.extensions, fields.extension_order })
    end)

    it("calls GREASE by its name and numbers what has none", function()
      local fields = fields_of(client_hello(
        extension(0x1A1A, "") .. extension(10, vector16("\218\218\0\29\18\52"))
        .. extension(43, "\4\250\250\3\4") .. extension(0xBABA, "\0") .. extension(0x1234, "xy"),
        "\10\10\19\1\18\52"))
      assert.is_nil(fields.malformed)
      assert.same({ "GREASE", "TLS_AES_128_GCM_SHA256", "0x1234" }, fields.cipher_suites)
      assert.same({ "GREASE", "x25519", "0x1234" }, fields.groups)
      assert.same({ "GREASE", "TLSv1.3" }, fields.supported_versions)
      assert.same({ "GREASE", "supported_groups", "supported_versions", "GREASE", "0x1234" },
        fields.extension_order)
      assert.same({ data = "xy", length = 2 }, fields.extensions["0x1234"])
    end)

    -- The name of an extension, its code, its bytes and what they mean.
    local extensions = {
      { "server_name", 0, vector16("\0" .. vector16("a.example")), "a.example" },
      { "max_fragment_length", 1, "\2", 1024 },
      { "max_fragment_length", 1, "\9", "0x09" },
      { "status_request", 5, "\1\0\0\0\0",
        { status_type = "ocsp", responder_ids_length = 0, request_extensions_length = 0 } },
      { "status_request", 5, "\2\7", { status_type = "ocsp_multi", length = 1 } },
      { "supported_groups", 10, vector16("\0\23\17\236"), { "secp256r1", "X25519MLKEM768" } },
      { "ec_point_formats", 11, "\1\0", { "uncompressed" } },
      { "signature_algorithms", 13, vector16("\4\3\8\7"), { "ecdsa_secp256r1_sha256", "ed25519" } },
      { "application_layer_protocol_negotiation", 16, vector16("\2h2\4ab\0c"), { "h2", "ab\0c" } },
      { "signed_certificate_timestamp", 18, "", true },
      { "signed_certificate_timestamp", 18, vector16(vector16("ab") .. vector16("c")),
        { { length = 2 }, { length = 1 } } },
      { "padding", 21, ("\0"):rep(9), { length = 9 } },
      { "encrypt_then_mac", 22, "", true },
      { "extended_master_secret", 23, "", true },
      { "compress_certificate", 27, "\4\0\2\0\1", { "brotli", "zlib" } },
      { "record_size_limit", 28, "\64\1", 16385 },
      { "session_ticket", 35, "abc", { data = "abc", length = 3 } },
      { "pre_shared_key", 41, vector16(vector16("id") .. "\0\0\1\2") .. vector16("\3xyz"),
        { identities = { { length = 2, obfuscated_ticket_age = 258 } },
          binders = { { length = 3 } } } },
      { "early_data", 42, "", true },
      { "supported_versions", 43, "\2\3\4", { "TLSv1.3" } },
      { "cookie", 44, vector16("c"), { data = "c", length = 1 } },
      { "psk_key_exchange_modes", 45, "\2\1\0", { "psk_dhe_ke", "psk_ke" } },
      { "certificate_authorities", 47, vector16(vector16("\48\0")),
        { { der = "\48\0", text = "" } } },
      { "post_handshake_auth", 49, "", true },
      { "signature_algorithms_cert", 50, vector16("\8\4"), { "rsa_pss_rsae_sha256" } },
      { "key_share", 51, vector16("\0\29" .. vector16("share")),
        { { group = "x25519", length = 5 } } },
      { "renegotiation_info", 65281, "\0", { data = "", length = 0 } },
      { "encrypted_client_hello", 65037, "z", { data = "z", length = 1 } },
    }
    for _, case in ipairs(extensions) do
      it(("reads %s from %d bytes"):format(case[1], #case[3]), function()
        local fields = fields_of(client_hello(extension(case[2], case[3])))
        assert.is_nil(fields.malformed)
        assert.same({ case[1] }, fields.extension_order)
        assert.same(case[4], fields.extensions[case[1]])
      end)

      it(("says what is wrong with %s when %d bytes are cut"):format(case[1], #case[3]), function()
        local opaque = case[4] == true or type(case[4]) == "table"
          and (case[4].data or case[1] == "padding" or case[4].status_type == "ocsp_multi")
        for cut = 0, #case[3] - 1 do
          local fields = fields_of(client_hello(
            extension(case[2], case[3]:sub(1, cut)) .. extension(16, vector16("\2h2"))))
          local empty_means_yes = cut == 0 and (case[2] == 0 or case[2] == 5 or case[2] == 18)
          if not opaque and not empty_means_yes then
            assert.is_string(fields.malformed)
            assert.is_string(fields.extensions[case[1]].malformed)
          end
          -- One bad extension does not hide the next, and is not taken for a list.
          local bad = case[2] == 16
          assert.same(not bad and { "h2" } or nil, fields.alpn)
        end
      end)
    end

    it("says that an extension is there twice and keeps the first", function()
      local fields = fields_of(client_hello(extension(28, "\1\0") .. extension(28, "\2\0")))
      assert.equal("record_size_limit: it is there twice", fields.malformed)
      assert.equal(256, fields.extensions.record_size_limit)
    end)

    it("says that bytes are left over in an extension", function()
      local fields = fields_of(client_hello(extension(23, "x")))
      assert.equal("extended_master_secret: 1 byte too many (at byte 54)", fields.malformed)
    end)

    it("says that a session id is too long", function()
      local id = "\33" .. ("s"):rep(33)
      local fields = fields_of(handshake(1, "\3\3" .. RANDOM .. id .. "\0\2\0\47\1\0"))
      assert.equal("session id: 33 bytes where 32 are the most", fields.malformed)
      assert.same({ "TLS_RSA_WITH_AES_128_CBC_SHA" }, fields.cipher_suites)
    end)
  end)

  describe("other messages", function()
    it("reads what a server only acknowledges", function()
      local fields = fields_of(server_hello(extension(0, "") .. extension(5, "")
        .. extension(16, vector16("\2h2")) .. extension(65281, "\0") .. extension(51, "\0\29\0\1k")
        .. extension(43, "\3\4") .. extension(41, "\0\2")))
      assert.is_nil(fields.malformed)
      assert.is_true(fields.extensions.server_name)
      assert.same({ "h2", "TLSv1.3", "TLSv1.2", { group = "x25519", length = 1 } },
        { fields.alpn, fields.selected_version, fields.version, fields.key_share })
      assert.same({ selected_identity = 2 }, fields.extensions.pre_shared_key)
    end)

    local cases = {
      { "hello_request", handshake(0, ""), {} },
      { "server_hello_done", handshake(14, ""), {} },
      { "certificate_status", handshake(22, "\1\0\0\2ab"),
        { status_type = "ocsp", response_length = 2 } },
      { "certificate", handshake(11, "\0\0\0"),
        { certificates = {}, subjects = {}, issuers = {} } },
      { "certificate", handshake(11, "\0\0\4\0\0\1x"), { certificates = { "x" },
        subjects = { "(not readable)" }, issuers = { "(not readable)" } } },
      { "server_key_exchange", handshake(12, vector16("hint")), { identity_hint = "hint" },
        "TLS_PSK_WITH_AES_128_CCM" },
      { "server_key_exchange", handshake(12, vector16("hint") .. "\3\0\29\2pk"),
        { identity_hint = "hint", kind = "ecdhe", group = "x25519", public = "pk" },
        "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256" },
      { "server_key_exchange", handshake(12, "\3\0\29\2pk"),
        { kind = "ecdhe", group = "x25519", public = "pk" }, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA" },
      { "server_key_exchange", handshake(12, "whatever"), { length = 8 },
        "TLS_SRP_SHA_WITH_AES_128_CBC_SHA" },
      { "client_key_exchange", handshake(16, vector16("me") .. vector16("pk")),
        { kind = "dhe", identity = "me", public = "pk" }, "TLS_PSK_DHE_WITH_AES_128_CCM_8" },
      { "client_key_exchange", handshake(16, vector16("me")),
        { kind = "psk", identity = "me", length = 0 }, "TLS_PSK_WITH_AES_128_CCM" },
      { "client_key_exchange", handshake(16, vector16("me") .. vector16("secret")),
        { kind = "rsa", identity = "me", encrypted_premaster_length = 6 },
        "TLS_RSA_PSK_WITH_AES_128_CBC_SHA" },
      { "key_update", handshake(24, "\0"), { request = "update_not_requested" } },
      { "0x63", handshake(99, "abc"), { undecoded_length = 3 } },
    }
    for i, case in ipairs(cases) do
      it(("reads %s (case %d)"):format(case[1], i), function()
        local type_name, fields = decode.message("handshake", case[2], { cipher_suite = case[4] })
        assert.equal(case[1], type_name)
        assert.same(case[3], fields)
      end)
    end

    it("reads what TLS 1.3 writes in its own way", function()
      local version = { version = "TLSv1.3" }
      assert.same({ context = "", certificates = {}, subjects = {}, issuers = {} },
        fields_of(handshake(11, "\0\0\0\0"), version))
      local ticket = fields_of(handshake(4, "\0\0\28\32" .. "aaaa" .. "\1n" .. "\0\3abc" .. "\0\0"), version)
      assert.equal(7200, ticket.lifetime)
      assert.equal(3, ticket.ticket_length)
      local request = fields_of(handshake(13, "\0" .. "\0\8" .. "\0\13\0\4\0\2\8\4"), version)
      assert.same({ "rsa_pss_rsae_sha256" }, request.signature_schemes)
      assert.same({}, fields_of(handshake(8, "\0\0"), version).extension_order)
    end)

    it("reads the names of the authorities that a server asks for", function()
      local der = bytes "3013 3111 300f 0603550403 0c08 4261642022 1b6d2b"
      local fields = fields_of(handshake(13, "\1\64" .. vector16("\4\3") .. vector16(vector16(der)
        .. vector16("junk"))))
      assert.same({ "ecdsa_sign" }, fields.certificate_types)
      assert.equal("CN=Bad \\\"\\1Bm\\+", fields.authorities[1].text)
      assert.equal(der, fields.authorities[1].der)
      assert.is_nil(fields.authorities[2].text)
      assert.is_string(fields.authorities[2].malformed)
    end)

    it("reads alerts by name and number", function()
      local cases_of_alert = {
        { "\2\40", { level = "fatal", description = "handshake_failure", code = 40 } },
        { "\1\0", { level = "warning", description = "close_notify", code = 0 } },
        { "\2\116", { level = "fatal", description = "certificate_required", code = 116 } },
        { "\9\200", { level = "0x09", description = "0xc8", code = 200 } },
      }
      for _, case in ipairs(cases_of_alert) do
        local type_name, fields = decode.message("alert", case[1])
        assert.equal("alert", type_name)
        assert.same(case[2], fields)
      end
      for _, raw in ipairs { "", "\2", "\2\40\0" } do
        local _, fields = decode.message(21, raw)
        assert.equal(("alert: 2 bytes wanted, %d there (at byte 1)"):format(#raw), fields.malformed)
      end
    end)

    it("reads a change of cipher spec, application data and content types that are none", function()
      assert.same({}, select(2, decode.message(20, "\1")))
      assert.is_string(select(2, decode.message(20, "\2")).malformed)
      assert.same({ "application_data", {} }, { decode.message(23, "secret") })
      assert.is_string(select(2, decode.message(99, "x")).malformed)
    end)

    it("says what was wrong with the caller's arguments", function()
      assert.error_matches(function() decode.message("alert", 7) end, "a string, not number")
      assert.error_matches(function() decode.client_hello() end, "must be a string, not nil")
    end)
  end)

  describe("attach", function()
    it("decodes when asked, once, and tells the type where it is missing", function()
      local event = decode.attach({ content_type = "alert", raw = "\2\50", direction = "sent" })
      assert.equal("alert", event.type)
      assert.is_nil(rawget(event, "fields"))
      assert.equal("decode_error", event.fields.description)
      assert.equal(event.fields, rawget(event, "fields"))
      assert.is_nil(event.nothing)
      local hello = decode.attach({ content_type = "handshake", raw = client_hello("") })
      assert.equal("client_hello", hello.type)
    end)

    it("has fields for application data and for a message whose bytes are gone", function()
      assert.same({}, decode.attach({ content_type = "application_data", length = 9 }).fields)
      local gone = decode.attach({ content_type = "handshake", type = "finished" })
      assert.equal("message: its bytes were not kept", gone.fields.malformed)
      assert.equal("unknown", decode.attach({ content_type = "handshake", raw = "" }).type)
    end)

    it("gives certificate objects where the core is, and none where it is not", function()
      local before = package.loaded["beartls.core"]
      finally(function() package.loaded["beartls.core"] = before end)
      package.loaded["beartls.core"] = { certificate = {
        parse = function(der) return der ~= "" and { size = #der } or nil end,
      } }
      local by_type = attached("ecdhe_rsa_mutual")
      assert.same({ { size = 628 }, { size = 454 } }, by_type.certificate.fields.chain)
      package.loaded["beartls.core"] = {}
      assert.same({}, attached("ecdhe_rsa_mutual").certificate.fields.chain)
    end)
  end)

  describe("hostile bytes", function()
    it("are malformed when cut short anywhere, and what came before the cut is read", function()
      for name in pairs(recorded.flows) do
        local _, list, context = attached(name)
        for _, event in ipairs(list) do
          for cut = 0, #event.raw - 1 do
            local _, fields = decode.message(event.content_type, event.raw:sub(1, cut), context)
            assert.is_string(fields.malformed, event.type .. " cut at " .. cut)
          end
        end
      end
      local fields = fields_of(attached("ecdhe_ecdsa").client_hello.raw:sub(1, 50))
      assert.equal("cipher suites: 4 bytes wanted, 3 left (at byte 42)",
        fields_of(attached("ecdhe_ecdsa").client_hello.raw:sub(1, 44)).malformed)
      assert.same({ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV" }, fields.cipher_suites)
    end)

    it("never raise when any byte is another one", function()
      for name in pairs(recorded.flows) do
        local _, list, context = attached(name)
        for _, event in ipairs(list) do
          local raw = event.raw
          for i = 1, #raw do
            for _, other in ipairs { 0, 255, (raw:byte(i) + 1) % 256 } do
              local bad = raw:sub(1, i - 1) .. string.char(other) .. raw:sub(i + 1)
              local type_name, fields = decode.message(event.content_type, bad, context)
              assert(type(type_name) == "string" and type(fields) == "table")
            end
          end
        end
      end
    end)

    it("never raise when they are noise", function()
      local state = 1
      local function random(n)
        state = (state * 16807) % 2147483647
        return state % n
      end
      for _ = 1, 3000 do
        local noise = {}
        for i = 1, random(90) do
          noise[i] = string.char(random(4) == 0 and random(256) or random(4))
        end
        local body = table.concat(noise)
        local raw = handshake(random(26), body)
        assert.is_table(select(2, decode.message("handshake", raw,
          { version = "TLSv1.1", cipher_suite = "TLS_DHE_PSK_WITH_AES_128_CCM" })))
        assert.is_table(fields_of(client_hello(body)))
        assert.is_table(fields_of(server_hello(body)))
        assert(decode.client_hello(body) == nil)
        x509.name(body)
        x509.names(body)
      end
    end)

    it("say when a header announces more or less than there is", function()
      assert.equal("header: it announces 0 bytes, 1 follow (at byte 2)",
        fields_of(handshake(14, "") .. "x").malformed)
      assert.equal("header: it announces 3 bytes, 0 follow (at byte 2)",
        fields_of("\99\0\0\3").malformed)
      assert.equal("header: 4 bytes wanted, 2 left (at byte 1)", fields_of("\1\0").malformed)
      assert.equal("ServerHelloDone: 1 byte too many (at byte 5)",
        fields_of(handshake(14, "x")).malformed)
    end)

    it("cost work in proportion to their number", function()
      -- Instructions are counted by a hook, which compiled code does not call.
      if rawget(_G, "jit") then
        jit.off()
        jit.flush()
        finally(function() jit.on() end)
      end
      local function work(raw)
        local count = 0
        debug.sethook(function() count = count + 1 end, "", 100)
        decode.message("handshake", raw)
        debug.sethook()
        return count
      end
      local shapes = {
        function(n) return client_hello("", ("\19\1"):rep(n)) end,
        function(n) return client_hello(("\18\52\0\0"):rep(n)) end,
        function(n) return client_hello(extension(16, vector16(("\1x"):rep(n)))) end,
        function(n) return handshake(11, "\0" .. vector16(("\0\0\1x"):rep(n))) end,
        function(n) return handshake(13, "\0\0\0" .. vector16(("\0\2\48\0"):rep(n))) end,
      }
      for _, shape in ipairs(shapes) do
        local small, large = work(shape(2000)), work(shape(8000))
        assert.is_true(small > 0 and large < small * 6)
      end
    end)
  end)

  describe("client_hello", function()
    local function records(raw, size)
      local out = {}
      for i = 1, #raw, size do
        local part = raw:sub(i, i + size - 1)
        out[#out + 1] = "\22\3\1" .. vector16(part)
      end
      return table.concat(out)
    end

    it("wants more until the message is complete, in records of any size", function()
      local raw = recorded.hellos.gnutls:sub(6)
      for _, size in ipairs { 1, 3, 100, 16384 } do
        local wire = records(raw, size)
        for cut = 0, #wire - 1, size < 5 and 13 or 1 do
          local hello, message, code = decode.client_hello(wire:sub(1, cut))
          assert.same({ nil, "more", nil }, { hello, message, code })
        end
        assert.equal("example.com", decode.client_hello(wire .. "\22\3\3\0").server_name)
      end
    end)

    it("says what the peer sent instead", function()
      local cases = {
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "the peer sent plain HTTP, not TLS" },
        { "PROPFIND /x HTTP/1.1\r\n", "the peer sent plain HTTP, not TLS" },
        { "SSH-2.0-OpenSSH_9.2\r\n", "the peer sent SSH, not TLS" },
        { "EHLO a\r\n", "the peer sent plain SMTP, not TLS" },
        { "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
          "the peer sent a PROXY protocol header, which belongs to somebody else" },
        { "\r\n\r\n\0\r\nQUIT\n\33",
          "the peer sent a PROXY protocol header, which belongs to somebody else" },
        { "\128\46\1\3\1\0\21\0\0\0\16",
          "the peer sent an SSLv2 ClientHello (for up to TLSv1), not TLS" },
        { "\128\46\1\0\2\0\21\0\0\0\16",
          "the peer sent an SSLv2 ClientHello (for up to SSLv2), not TLS" },
        { "\22\254\253\0", "the peer sent DTLS, not TLS" },
        { "\0\0\0\0", "the peer sent something that is not TLS: it begins with byte 0x00" },
        { "x", "the peer sent something that is not TLS: it begins with byte 0x78" },
        { "\22\2\0\0\5", "the peer sent something that is not TLS: it begins with byte 0x16" },
        { "\21\3\1\0\2\2\40", "the peer sent Alert where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\23\3\3\0\1x", "the peer sent ApplicationData where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\24\3\1\0\1x", "the peer sent a record of no known type where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\20\3\1\0\1\1", "the peer sent ChangeCipherSpec where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\19\3\1", "the peer sent something that is not TLS: it begins with byte 0x13" },
        { "\25\3\1", "the peer sent something that is not TLS: it begins with byte 0x19" },
        { "\128\46\1\4\1", "the peer sent something that is not TLS: it begins with byte 0x80" },
        { "\22\3\1\0\4\1\1\0\0", "more", false },
        { "\22\3\1\64\0\1", "more", false },
        { "\22\3\1\0\1\2", "the peer sent ServerHello where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\22\3\1\0\2\1\0\21\3\1", "the peer sent Alert where a ClientHello belongs",
          "peer_unexpected_message" },
        { "\22\3\1\0\0", "the peer sent a handshake record of 0 bytes", "peer_record_length" },
        { "\22\3\1\64\1", "the peer sent a handshake record of 16385 bytes", "peer_record_length" },
        { "\22\3\1\0\4\1\1\0\1", "the peer sent a ClientHello of 65537 bytes",
          "peer_message_too_long" },
        { "\22\3\1\0\5\1\0\0\1\3",
          "the peer sent a malformed ClientHello: version: 2 bytes wanted, 1 left (at byte 5)",
          "peer_malformed_message" },
      }
      for _, case in ipairs(cases) do
        local hello, message, code = decode.client_hello(case[1])
        assert.same({ nil, case[2] }, { hello, message })
        assert.equal(case[3] == nil and "peer_not_tls" or case[3] or nil, code)
      end
    end)

    it("finds one that is malformed wherever a byte is missing inside", function()
      local raw = recorded.hellos.openssl:sub(10)
      for cut = 0, #raw - 1 do
        local hello, _, code = decode.client_hello(records(handshake(1, raw:sub(1, cut)), 16384))
        -- Behind the compression methods a hello may end: it has no extensions then.
        if cut ~= 133 then
          assert.same({ nil, "peer_malformed_message" }, { hello, code })
        end
      end
    end)
  end)
end)

describe("distinguished names", function()
  local cases = {
    { "are empty for an empty one", "3000", "" },
    { "begin with the last part",
      "301c 310b 3009 0603550406 1302 4445 310d 300b 0603550403 1304 726f6f74", "CN=root,C=DE" },
    { "escape blanks and signs", "3010 310e 300c 0603550403 1305 20612c2b20", "CN=\\ a\\,\\+\\ " },
    { "show a leading number sign as text", "300d 310b 3009 0603550403 0c02 2361", "CN=\\#a" },
    { "take a BMPString", "300f 310d 300b 0603550403 1e04 00e90041", "CN=\195\169A" },
    { "take a T61String as Latin-1", "300c 310a 3008 0603550403 1401 e9", "CN=\195\169" },
    { "take a UniversalString", "300f 310d 300b 0603550403 1c04 0001f600", "CN=\240\159\152\128" },
    { "escape broken UTF-8 and controls", "300e 310c 300a 0603550403 0c03 c30a41", "CN=\\C3\\0AA" },
    { "escape what turns the direction of writing", "300f 310d 300b 0603550403 0c04 e280ae41",
      "CN=\\E2\\80\\AEA" },
    { "write an unknown type as numbers and its value in hex",
      "300f 310d 300b 06052a03818000 0c02 6869", "1.2.3.16384=#0C026869" },
    { "know the address of old certificates", "3013 3111 300f 06092a864886f70d010901 1602 4061",
      "emailAddress=@a" },
    { "take lengths of up to three bytes", "308300000e 31810b 30820007 0603550403 0c00", "CN=" },
    { "write a value that is no string in hex", "300c 310a 3008 0603550403 0201 07", "CN=#020107" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[3], x509.name(bytes(case[2])))
    end)
  end

  it("say what is wrong with one that cannot be read", function()
    local bad = {
      { "", "distinguished name: 1 byte wanted, 0 left (at byte 1)" },
      { "3100", "distinguished name: tag 0x31 where 0x30 belongs (at byte 1)" },
      { "3002 3105", "part of a name: 5 bytes wanted, 0 left (at byte 5)" },
      { "3080", "distinguished name: no DER length that could fit (at byte 1)" },
      { "3084ffffffff", "distinguished name: no DER length that could fit (at byte 1)" },
      { "3008 3106 3004 060055ff", "object identifier: it ends inside an arc (at byte 9)" },
    }
    for _, case in ipairs(bad) do
      assert.same({ nil, case[2] }, { x509.name(bytes(case[1])) })
    end
  end)
end)

describe("safe text", function()
  it("keeps what is UTF-8 and shows every other byte as a number", function()
    -- Each line of RFC 3629, 4, at its ends and one beyond.
    local kept = { "", "\32", "\126", "\194\160", "\223\191", "\224\160\128", "\225\128\128",
      "\236\191\191", "\237\128\128", "\237\159\191", "\238\128\128", "\239\191\191",
      "\240\144\128\128", "\241\128\128\128", "\243\191\191\191", "\244\128\128\128",
      "\244\143\191\191", "\226\128\141", "\226\128\144", "\226\128\167", "\226\128\175",
      "\226\129\165", "\226\129\170" }
    for _, s in ipairs(kept) do
      assert.equal("a" .. s .. "b", text.printable("a" .. s .. "b"))
    end
    local shown = { "\0", "\31", "\127", "\128", "\191", "\192\128", "\193\191", "\194", "\194\194",
      "\194\128", "\194\159", "\224\159\191", "\224\160", "\225\128\192", "\237\160\128",
      "\240\143\191\191", "\241\128\128", "\241\128\128\192", "\244\144\128\128",
      "\245\128\128\128", "\255", "\226\128\142", "\226\128\143", "\226\128\168", "\226\128\174",
      "\226\129\166", "\226\129\169" }
    for _, s in ipairs(shown) do
      assert.equal("a" .. s:gsub(".", function(c) return ("\\x%02x"):format(c:byte()) end) .. "b",
        text.printable("a" .. s .. "b"))
    end
  end)

  it("writes characters as UTF-8", function()
    local cases = { [0x7F] = "7f", [0x80] = "c280", [0x7FF] = "dfbf", [0x800] = "e0a080",
      [0xD7FF] = "ed9fbf", [0xD800] = "3f", [0xDFFF] = "3f", [0xE000] = "ee8080",
      [0xFFFF] = "efbfbf", [0x10000] = "f0908080", [0x10FFFF] = "f48fbfbf", [0x110000] = "3f" }
    for code, want in pairs(cases) do
      assert.equal(want, text.hex(text.utf8(code)))
    end
  end)

  it("is cut between characters", function()
    local s = "\195\188\226\130\172abc"
    assert.equal(s, text.cut(s, 5))
    assert.equal("\195\188...", text.cut(s, 4))
    assert.equal("...", text.cut(s, 2))
  end)
end)

describe("names", function()
  it("are those that OpenSSL has for its suites", function()
    local pipe = io.popen("openssl ciphers -V -stdname ALL:COMPLEMENTOFALL:@SECLEVEL=0 2>/dev/null")
    local listed = pipe:read("*a")
    pipe:close()
    if listed == "" then
      pending("needs openssl")
      return
    end
    local known = 0
    for high, low, name in listed:gmatch("0x(%x%x),0x(%x%x) %- (%S+)") do
      local code = tonumber(high, 16) * 256 + tonumber(low, 16)
      if names.cipher_suites[code] then
        assert.equal(name, names.cipher_suites[code])
        known = known + 1
      end
    end
    assert.is_true(known >= 100)
  end)

  it("know the sixteen GREASE values and no other", function()
    local found = {}
    for code = 0, 65535 do
      if names.is_grease(code) then
        found[#found + 1] = ("%04x"):format(code)
      end
    end
    assert.equal("0a0a 1a1a 2a2a 3a3a 4a4a 5a5a 6a6a 7a7a 8a8a 9a9a aaaa baba caca dada eaea fafa",
      table.concat(found, " "))
  end)

  it("are spelled as the RFCs print them", function()
    for type_name, want in pairs { client_hello = "ClientHello", alert = "Alert",
      change_cipher_spec = "ChangeCipherSpec", certificate_url = "CertificateURL",
      ["0x63"] = "0x63" } do
      assert.equal(want, names.rfc(type_name))
    end
  end)
end)
