rockspec_format = "3.0"
package = "beartls"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "TLS for Lua on BearSSL: verified by default, sans-I/O, with the handshake in view",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
external_dependencies = { BEARSSL = { header = "bearssl.h", library = "bearssl" } }
-- Through the Makefile, which keeps what it builds in build/: LuaRocks' own builder leaves object files among the
-- sources, and the next build for another Lua would take them for its own.
build = {
  type = "make",
  build_target = "rock",
  install_target = "install-files",
  build_variables = {
    B = "build/rock",
    CFLAGS = "$(CFLAGS)",
    LUA_CFLAGS = "-I$(LUA_INCDIR) -I$(BEARSSL_INCDIR)",
    LDFLAGS = "-L$(BEARSSL_LIBDIR)",
  },
  install_variables = {
    B = "build/rock",
    LUA = "$(LUA)",
    LMOD = "$(LUADIR)",
    CMOD = "$(LIBDIR)",
    BIN = "$(BINDIR)",
  },
}
test = { type = "command", command = "make test" }
