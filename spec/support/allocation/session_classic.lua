-- session_classic.lua: for failalloc.c: sessions of the classic engine.

return require "support.allocated_session" {
  client = { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" } },
  server = { cipher_suites = { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" } },
}
