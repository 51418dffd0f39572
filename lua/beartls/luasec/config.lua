-- config.lua: what is there, for programs that ask before they use it (ssl.config).

-- Every name that OpenSSL has for an option. settings.lua and connection.lua act on some; the others are about
-- workarounds for implementations long gone, about what beartls never does, or about what it always does.
local option_names = [[
all allow_client_renegotiation allow_no_dhe_kex allow_unsafe_legacy_renegotiation cipher_server_preference
cisco_anyconnect cleanse_plaintext cookie_exchange cryptopro_tlsext_bug disable_tlsext_ca_names
dont_insert_empty_fragments enable_ktls enable_middlebox_compat ephemeral_rsa ignore_unexpected_eof
legacy_server_connect microsoft_big_sslv3_buffer microsoft_sess_id_bug msie_sslv2_rsa_padding netscape_ca_dn_bug
netscape_challenge_bug netscape_demo_cipher_change_bug netscape_reuse_cipher_change_bug no_anti_replay no_compression
no_dtls_mask no_dtlsv1 no_dtlsv1_2 no_encrypt_then_mac no_extended_master_secret no_query_mtu no_renegotiation
no_session_resumption_on_renegotiation no_ssl_mask no_sslv2 no_sslv3 no_ticket no_tlsv1 no_tlsv1_1 no_tlsv1_2 no_tlsv1_3
pkcs1_check_1 pkcs1_check_2 prioritize_chacha safari_ecdhe_ecdsa_bug single_dh_use single_ecdh_use
ssleay_080_client_dh_bug sslref2_reuse_cert_type_bug tls_block_padding_bug tls_d5_bug tls_rollback_bug tlsext_padding]]

local options = {}
for name in option_names:gmatch "%S+" do
  options[name] = true
end

-- As OpenSSL spells them.
local curves = {}
for _, name in ipairs { "X25519", "P-256", "prime256v1", "P-384", "secp384r1", "P-521", "secp521r1" } do
  curves[name] = true
end

return {
  algorithms = { ec = true },
  capabilities = { alpn = true, curves_list = true, ecdh_auto = true },
  curves = curves,
  options = options,
  protocols = { tlsv1 = true, tlsv1_1 = true, tlsv1_2 = true, tlsv1_3 = true },
}
