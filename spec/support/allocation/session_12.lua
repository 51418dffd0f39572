-- session_12.lua: for failalloc.c: sessions of TLS 1.2 in the modern engine.

return require "support.allocated_session" {
  client = { max_version = "TLSv1.2" }, server = { max_version = "TLSv1.2" },
}
