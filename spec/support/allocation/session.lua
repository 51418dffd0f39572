-- session.lua: for failalloc.c: sessions as they are by default, which is TLS 1.3.

return require "support.allocated_session" {}
