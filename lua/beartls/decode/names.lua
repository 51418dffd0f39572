-- names.lua -- code points as IANA and the RFCs spell them
-- (https://www.iana.org/assignments/tls-parameters, .../tls-extensiontype-values). A number without
-- a name is shown as 0x1234, a GREASE value (RFC 8701) as GREASE.
local suites = require "beartls.decode.suites"

local names = {}

names.content_types = {
  [20] = "change_cipher_spec",
  [21] = "alert",
  [22] = "handshake",
  [23] = "application_data",
}

names.message_types = {
  [0] = "hello_request",
  [1] = "client_hello",
  [2] = "server_hello",
  [3] = "hello_verify_request",
  [4] = "new_session_ticket",
  [5] = "end_of_early_data",
  [8] = "encrypted_extensions",
  [11] = "certificate",
  [12] = "server_key_exchange",
  [13] = "certificate_request",
  [14] = "server_hello_done",
  [15] = "certificate_verify",
  [16] = "client_key_exchange",
  [20] = "finished",
  [21] = "certificate_url",
  [22] = "certificate_status",
  [23] = "supplemental_data",
  [24] = "key_update",
  [25] = "compressed_certificate",
  [67] = "next_protocol",
  [254] = "message_hash",
}

names.versions = {
  [0x0002] = "SSLv2",
  [0x0300] = "SSLv3",
  [0x0301] = "TLSv1",
  [0x0302] = "TLSv1.1",
  [0x0303] = "TLSv1.2",
  [0x0304] = "TLSv1.3",
}

names.cipher_suites = suites

names.compression_methods = { [0] = "null", [1] = "deflate", [64] = "lzs" }

names.groups = {
  [9] = "sect283k1", [10] = "sect283r1", [11] = "sect409k1", [12] = "sect409r1",
  [13] = "sect571k1", [14] = "sect571r1",
  [15] = "secp160k1", [16] = "secp160r1", [17] = "secp160r2", [18] = "secp192k1",
  [19] = "secp192r1", [20] = "secp224k1", [21] = "secp224r1", [22] = "secp256k1",
  [23] = "secp256r1", [24] = "secp384r1", [25] = "secp521r1",
  [26] = "brainpoolP256r1", [27] = "brainpoolP384r1", [28] = "brainpoolP512r1",
  [29] = "x25519", [30] = "x448",
  [31] = "brainpoolP256r1tls13", [32] = "brainpoolP384r1tls13", [33] = "brainpoolP512r1tls13",
  [34] = "GC256A", [35] = "GC256B", [36] = "GC256C", [37] = "GC256D",
  [38] = "GC512A", [39] = "GC512B", [40] = "GC512C", [41] = "curveSM2",
  [256] = "ffdhe2048", [257] = "ffdhe3072", [258] = "ffdhe4096", [259] = "ffdhe6144",
  [260] = "ffdhe8192",
  [512] = "MLKEM512", [513] = "MLKEM768", [514] = "MLKEM1024",
  [4587] = "SecP256r1MLKEM768", [4588] = "X25519MLKEM768", [4589] = "SecP384r1MLKEM1024",
  [4590] = "curveSM2MLKEM768",
  [25497] = "X25519Kyber768Draft00", [25498] = "SecP256r1Kyber768Draft00",
  [0xFF01] = "arbitrary_explicit_prime_curves", [0xFF02] = "arbitrary_explicit_char2_curves",
}

-- RFC 8446, 4.2.3. The pairs of hash and algorithm of RFC 5246, 7.4.1.4.1, that have no name there
-- are written in the same way.
names.signature_schemes = {
  [0x0101] = "rsa_pkcs1_md5",
  [0x0201] = "rsa_pkcs1_sha1",
  [0x0202] = "dsa_sha1",
  [0x0203] = "ecdsa_sha1",
  [0x0301] = "rsa_pkcs1_sha224",
  [0x0302] = "dsa_sha224",
  [0x0303] = "ecdsa_sha224",
  [0x0401] = "rsa_pkcs1_sha256",
  [0x0402] = "dsa_sha256",
  [0x0403] = "ecdsa_secp256r1_sha256",
  [0x0420] = "rsa_pkcs1_sha256_legacy",
  [0x0501] = "rsa_pkcs1_sha384",
  [0x0502] = "dsa_sha384",
  [0x0503] = "ecdsa_secp384r1_sha384",
  [0x0520] = "rsa_pkcs1_sha384_legacy",
  [0x0601] = "rsa_pkcs1_sha512",
  [0x0602] = "dsa_sha512",
  [0x0603] = "ecdsa_secp521r1_sha512",
  [0x0620] = "rsa_pkcs1_sha512_legacy",
  [0x0708] = "sm2sig_sm3",
  [0x0804] = "rsa_pss_rsae_sha256",
  [0x0805] = "rsa_pss_rsae_sha384",
  [0x0806] = "rsa_pss_rsae_sha512",
  [0x0807] = "ed25519",
  [0x0808] = "ed448",
  [0x0809] = "rsa_pss_pss_sha256",
  [0x080A] = "rsa_pss_pss_sha384",
  [0x080B] = "rsa_pss_pss_sha512",
  [0x081A] = "ecdsa_brainpoolP256r1tls13_sha256",
  [0x081B] = "ecdsa_brainpoolP384r1tls13_sha384",
  [0x081C] = "ecdsa_brainpoolP512r1tls13_sha512",
  [0x0904] = "mldsa44",
  [0x0905] = "mldsa65",
  [0x0906] = "mldsa87",
}

names.alert_levels = { [1] = "warning", [2] = "fatal" }

names.alerts = {
  [0] = "close_notify",
  [10] = "unexpected_message",
  [20] = "bad_record_mac",
  [21] = "decryption_failed",
  [22] = "record_overflow",
  [30] = "decompression_failure",
  [40] = "handshake_failure",
  [41] = "no_certificate",
  [42] = "bad_certificate",
  [43] = "unsupported_certificate",
  [44] = "certificate_revoked",
  [45] = "certificate_expired",
  [46] = "certificate_unknown",
  [47] = "illegal_parameter",
  [48] = "unknown_ca",
  [49] = "access_denied",
  [50] = "decode_error",
  [51] = "decrypt_error",
  [52] = "too_many_cids_requested",
  [60] = "export_restriction",
  [70] = "protocol_version",
  [71] = "insufficient_security",
  [80] = "internal_error",
  [86] = "inappropriate_fallback",
  [90] = "user_canceled",
  [100] = "no_renegotiation",
  [109] = "missing_extension",
  [110] = "unsupported_extension",
  [111] = "certificate_unobtainable",
  [112] = "unrecognized_name",
  [113] = "bad_certificate_status_response",
  [114] = "bad_certificate_hash_value",
  [115] = "unknown_psk_identity",
  [116] = "certificate_required",
  [117] = "general_error",
  [120] = "no_application_protocol",
  [121] = "ech_required",
}

names.extensions = {
  [0] = "server_name",
  [1] = "max_fragment_length",
  [2] = "client_certificate_url",
  [3] = "trusted_ca_keys",
  [4] = "truncated_hmac",
  [5] = "status_request",
  [6] = "user_mapping",
  [7] = "client_authz",
  [8] = "server_authz",
  [9] = "cert_type",
  [10] = "supported_groups",
  [11] = "ec_point_formats",
  [12] = "srp",
  [13] = "signature_algorithms",
  [14] = "use_srtp",
  [15] = "heartbeat",
  [16] = "application_layer_protocol_negotiation",
  [17] = "status_request_v2",
  [18] = "signed_certificate_timestamp",
  [19] = "client_certificate_type",
  [20] = "server_certificate_type",
  [21] = "padding",
  [22] = "encrypt_then_mac",
  [23] = "extended_master_secret",
  [24] = "token_binding",
  [25] = "cached_info",
  [27] = "compress_certificate",
  [28] = "record_size_limit",
  [34] = "delegated_credential",
  [35] = "session_ticket",
  [41] = "pre_shared_key",
  [42] = "early_data",
  [43] = "supported_versions",
  [44] = "cookie",
  [45] = "psk_key_exchange_modes",
  [47] = "certificate_authorities",
  [48] = "oid_filters",
  [49] = "post_handshake_auth",
  [50] = "signature_algorithms_cert",
  [51] = "key_share",
  [52] = "transparency_info",
  [54] = "connection_id",
  [55] = "external_id_hash",
  [56] = "external_session_id",
  [57] = "quic_transport_parameters",
  [58] = "ticket_request",
  [59] = "dnssec_chain",
  [13172] = "next_protocol_negotiation",
  [17513] = "application_settings_old",
  [17613] = "application_settings",
  [30032] = "channel_id",
  [65037] = "encrypted_client_hello",
  [65281] = "renegotiation_info",
}

-- RFC 5246, 7.4.4; RFC 8422, 5.5.
names.certificate_types = {
  [1] = "rsa_sign",
  [2] = "dss_sign",
  [3] = "rsa_fixed_dh",
  [4] = "dss_fixed_dh",
  [64] = "ecdsa_sign",
  [65] = "rsa_fixed_ecdh",
  [66] = "ecdsa_fixed_ecdh",
  [67] = "gost_sign256",
  [68] = "gost_sign512",
}

names.point_formats = {
  [0] = "uncompressed",
  [1] = "ansiX962_compressed_prime",
  [2] = "ansiX962_compressed_char2",
}

names.psk_modes = { [0] = "psk_ke", [1] = "psk_dhe_ke" }
names.status_types = { [1] = "ocsp", [2] = "ocsp_multi" }
names.certificate_compressions = { [1] = "zlib", [2] = "brotli", [3] = "zstd" }
names.fragment_lengths = { [1] = 512, [2] = 1024, [3] = 2048, [4] = 4096 }

-- The lists whose 16-bit values clients salt with GREASE: 0x0A0A, 0x1A1A ... 0xFAFA.
local greased = {
  versions = true, cipher_suites = true, groups = true, signature_schemes = true, extensions = true,
}

---@param code integer
---@return boolean
function names.is_grease(code)
  return code % 16 == 10 and code % 256 == math.floor(code / 256)
end

---A function that gives the names of one list: names.of("groups")(23) is "secp256r1".
---@param list string
---@return fun(code: integer): string
function names.of(list)
  local known, grease = names[list], greased[list]
  local form = grease and "0x%04x" or "0x%02x"
  return function(code)
    return known[code] or (grease and names.is_grease(code) and "GREASE") or form:format(code)
  end
end

-- Where words and capitals do not tell: "client_hello" is ClientHello.
local rfc_spelling = { certificate_url = "CertificateURL" }

---The name of a message as the RFCs print it.
---@param type_name string
---@return string
function names.rfc(type_name)
  local spelled = rfc_spelling[type_name]
  if not spelled and type_name:find("^%l") then
    spelled = type_name:gsub("_?(%l)(%l*)", function(first, rest)
      return first:upper() .. rest
    end)
  end
  return spelled or type_name
end

return names
