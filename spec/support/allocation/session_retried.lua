-- session_retried.lua: for failalloc.c: sessions of TLS 1.3 that need a HelloRetryRequest.

return require "support.allocated_session" {
  client = { groups = { "x25519", "secp256r1" } }, server = { groups = { "secp256r1" } },
}
