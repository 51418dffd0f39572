# beartls: make deps demo    installs what is missing, builds, shows a handshake
#          make deps test    installs what is missing, builds, runs the specs on every Lua that is here
#          make help         what else there is

LUA ?= lua5.4
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g

# The one list of packages. RUN: to build and use; LUAS: the other Luas; TEST: what specs and lint run.
APT_RUN = $(if $(shell command -v $(CC) 2>/dev/null),,gcc) make pkg-config libc6-dev libbearssl-dev \
	lua5.4 liblua5.4-dev lua-socket ca-certificates
APT_LUAS = lua5.3 liblua5.3-dev lua5.1 liblua5.1-0-dev luajit2 libluajit2-5.1-dev
APT_TEST = gcc lua-busted lua-check lua-sec luarocks openssl gnutls-bin curl nginx nodejs tshark \
	clang clang-format cppcheck valgrind procps
# The hosts that beartls is run in and beside (spec/hosts): event loops, servers, embedders.
APT_HOSTS = lua-copas lua-coxpcall lua-luv lua-cqueues lua-http redis-server libnginx-mod-http-lua wrk prosody lua-event \
	love neovim haproxy nmap tinyproxy

# For fuzz alone.
APT_FUZZ = libclang-rt-dev
# What interop-more alone needs, hundreds of megabytes.
APT_MORE = default-jdk-headless chromium libnss3-tools
# What windows alone needs.
APT_WINDOWS = lua5.4 lua-busted gcc-mingw-w64-x86-64 dpkg-dev wine wine64

# deps installs all of them, unless what is asked for besides can do with less.
GOALS = $(filter-out deps,$(MAKECMDGOALS))
ONLY_RUNS = $(if $(GOALS),$(if $(filter-out all demo install,$(GOALS)),,yes))
PACKAGES = $(APT_RUN) $(if $(ONLY_RUNS),,$(APT_LUAS) $(APT_TEST) $(APT_HOSTS)) \
	$(if $(filter fuzz,$(GOALS)),$(APT_FUZZ))

# lua5.5: for those who have it; Debian 12 does not.
LUAS = lua5.4 lua5.5 lua5.3 lua5.1 luajit
# Those whose interpreter and headers are both here; a LUA given on the command line stands alone.
INSTALLED = $(foreach l,$(LUAS),$(shell command -v $(l) >/dev/null && pkg-config --exists $(l) && echo $(l)))
TESTED = $(if $(filter command line,$(origin LUA)),$(LUA),$(INSTALLED))

B = build/$(LUA)
SRC = $(filter-out src/embed/%,$(wildcard src/*/*.c))
OBJ = $(SRC:src/%.c=$(B)/obj/%.o)
MODULE = $(B)/beartls/core.$(SO)
# How shared libraries end.
SO ?= so
# What asks the machine is asked when it is needed, after deps has run.
LUA_CFLAGS ?= $(shell pkg-config --cflags $(LUA))
WARN = -Wall -Wextra
ALL_CFLAGS = -std=gnu99 $(WARN) -fPIC -fvisibility=hidden -Isrc $(LUA_CFLAGS) \
	$(BEARSSL_INCDIR:%=-I%) $(CFLAGS)
# The static archive if there is one, with none of its symbols visible: nothing else to install, and no
# clash with another BearSSL in the process. No Lua library: the interpreter brings it.
ARCHIVE = libbearssl.a
BEARSSL ?= $(BEARSSL_LIBDIR:%=-L%) $(if $(or $(wildcard $(BEARSSL_LIBDIR:%=%/$(ARCHIVE))),$(filter \
	/%,$(shell $(CC) -print-file-name=$(ARCHIVE)))),-l:$(ARCHIVE),-lbearssl)
HIDE ?= -Wl,--exclude-libs,ALL
# On Linux, nothing: what the interpreter brings is not linked, and libc has the rest. Windows wants both named.
LINKED = $(LDFLAGS) $(BEARSSL) $(HIDE) $(LUA_LIBRARY) $(SYSTEM_LIBS)
OBJCOPY ?= objcopy
# The Lua that runs while make runs: $(LUA) itself unless it is built for another machine.
HOST_LUA ?= $(LUA)

# What make static puts together: all of the above, and src/embed.
LIBRARY = $(B)/libbeartls.a
LUA_MODULES = $(filter-out $(foreach w,$(WITHOUT),lua/beartls/$(w).lua lua/beartls/$(w)/%),\
	$(shell find lua/beartls -name '*.lua' ! -name meta.lua | LC_ALL=C sort))
# Modules, each with those below it, that make static leaves out: WITHOUT="cli pki luasec".
WITHOUT ?=
EMBED_OBJ = $(B)/obj/embed/open.o $(B)/embed/modules.o

LUA_PATH_HERE = lua/?.lua;lua/?/init.lua;spec/?.lua;;
LUA_CPATH_HERE = $(abspath $(B))/?.so;;
RUN = LUA_PATH="$(LUA_PATH_HERE)" LUA_CPATH="$(LUA_CPATH_HERE)" LUA_INIT= LUA_INIT_5_4= LUA_INIT_5_3=

.PHONY: FORCE all static deps demo test lint asan bench install install-static install-files rock uninstall clean help pki format valgrind ct fuzz differential interop-more windows

## all: builds the C core for $(LUA) (LUA=lua5.4, lua5.3, lua5.1 or luajit)
all: $(MODULE)

$(MODULE): $(OBJ)
	@mkdir -p $(@D)
	$(CC) -shared -o $@ $(OBJ) $(LINKED)

$(B)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard $(B)/obj/*/*.d)

## static: builds libbeartls.a, to be linked into programs: see src/embed/beartls.h and docs/embedding.md
static: $(LIBRARY)

# Is written only when it changes: what it once listed may have gone.
$(B)/embed/list: FORCE
	@mkdir -p $(@D)
	@echo '$(LUA_MODULES)' | cmp -s - $@ || echo '$(LUA_MODULES)' >$@
FORCE:

$(B)/embed/modules.c: src/embed/bundle.lua $(B)/embed/list $(LUA_MODULES)
	$(HOST_LUA) src/embed/bundle.lua lua $(LUA_MODULES) >$@.part
	@mv $@.part $@

$(B)/embed/modules.o: $(B)/embed/modules.c src/embed/modules.h
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# One object, BearSSL's in it, that defines nothing for the linker but beartls_open and beartls_open_ssl: the
# program may be linked to another BearSSL, too.
$(LIBRARY): $(OBJ) $(EMBED_OBJ)
	$(CC) -r -nostdlib -o $(B)/embed/all.o $^ $(BEARSSL)
	$(OBJCOPY) --keep-global-symbol=beartls_open --keep-global-symbol=beartls_open_ssl $(B)/embed/all.o
	@rm -f $@
	$(AR) rcs $@ $(B)/embed/all.o

## deps: installs the Debian packages that are missing (as root, or through sudo)
deps:
	@sh spec/support/deps.sh $(PACKAGES)

ifneq ($(filter deps,$(MAKECMDGOALS)),)
# Whatever is asked for together with deps waits for it, under -j too.
all demo test lint asan valgrind ct fuzz differential bench install $(OBJ): | deps
endif

# What follows runs in a make of its own, so that it sees what deps has just installed.

## demo: a mutual handshake on loopback, every message of it shown
demo:
	@$(MAKE) --no-print-directory -s LUA=$(LUA) all
	@$(RUN) $(LUA) lua/beartls/command demo

## test: runs the specs on every Lua that is installed (or on the LUA that is given)
test:
	@CC="$(CC)" sh spec/support/test.sh $(if $(filter command line,$(origin LUA)),$(LUA))

FORMATTED = src/*/*.[ch] spec/support/*.[ch] spec/fuzz/*.[ch] spec/bench/*.c examples/*/*.c
CHECK = clang -std=gnu99 $(WARN) -Werror -fsyntax-only -Isrc -Isrc/embed -Ispec/support -Ispec/fuzz

## lint: luacheck, clang-format, cppcheck and a build with clang; warnings fail
lint:
	luacheck -q lua spec examples lua/beartls/command
	clang-format --dry-run --Werror $(FORMATTED)
	cppcheck -q --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
	  --suppress=missingIncludeSystem -Isrc src
	@for l in $(INSTALLED); do \
	  $(CHECK) $$(pkg-config --cflags $$l) src/*/*.c spec/support/*.c examples/*/*.c || exit 1; \
	done
	@$(CHECK) -DCLIENT spec/fuzz/*.c

## format: formats the C sources
format:
	clang-format -i $(FORMATTED)

## asan: runs the specs under the address and undefined behaviour sanitizers
asan:
	@sh spec/support/asan.sh $(LUA)

## valgrind: runs the specs of sessions, the modern engine and keys under valgrind
VALGRIND_SPECS = session modern modern_auth_rules store ticket config key certificate trust stream
valgrind: all
	@for s in $(VALGRIND_SPECS); do \
	  echo "spec/$${s}_spec.lua"; \
	  $(RUN) BEARTLS_LUA=$(LUA) valgrind -q --error-exitcode=9 --leak-check=full --keep-debuginfo=yes \
	    $(LUA) /usr/bin/busted --ignore-lua -o spec/support/ci.lua spec/$${s}_spec.lua || exit 1; \
	done

## ct: looks for branches and addresses that depend on secrets, in our own cryptography
ct:
	@sh spec/support/constant_time.sh

## fuzz: feeds mutated input to what reads input, T=certificate (all of them without) for TIME=60 seconds each
T ?=
TIME ?= 60
fuzz:
	@$(MAKE) --no-print-directory -s LUA=lua5.4 all
	@sh spec/fuzz/run.sh $(TIME) $(T)

## differential: our verdict beside OpenSSL's and GnuTLS' on N=3000 generated chains (SEED=1)
N ?= 3000
SEED ?= 1
differential: all
	@$(RUN) $(LUA) spec/differential/main.lua $(N) $(SEED)

## interop-more: Java's JSSE and headless Chromium against beartls, after installing both (about 200 MB)
interop-more: all
	@sh spec/support/deps.sh $(APT_MORE)
	@$(RUN) BEARTLS_LUA=$(LUA) $(LUA) /usr/bin/busted --ignore-lua -o spec/support/ci.lua $(wildcard spec/interop/more/*_spec.lua)

## windows: builds for Windows and runs the specs that are in memory alone under wine, after installing both (500 MB)
windows:
	@sh spec/support/deps.sh $(APT_WINDOWS)
	@sh spec/support/windows.sh

## bench: measures beartls beside LuaSec
bench: all $(B)/copies.so $(B)/game-static $(if $(filter luajit,$(LUA)),,$(B)/held)
	@$(RUN) $(LUA) spec/bench/main.lua

## install: installs modules and the command under $(PREFIX) (DESTDIR is honoured)
VERSION = $(shell $(LUA) -e 'io.write((_VERSION:gsub("^Lua ", "")))')
LMOD ?= $(PREFIX)/share/lua/$(VERSION)
CMOD ?= $(PREFIX)/lib/lua/$(VERSION)
BIN ?= $(PREFIX)/bin
install: all install-files
install-files:
	@cd lua && find beartls -name '*.lua' | while read f; do \
	  install -D -m 644 $$f "$(DESTDIR)$(LMOD)/$$f" || exit 1; done
	install -D -m 755 $(MODULE) "$(DESTDIR)$(CMOD)/beartls/core.so"
	install -d "$(DESTDIR)$(BIN)"
	sed '1s|.*|#!/usr/bin/env $(LUA)|' lua/beartls/command >"$(DESTDIR)$(BIN)/beartls"
	chmod 755 "$(DESTDIR)$(BIN)/beartls"

## install-static: installs libbeartls.a, beside where install puts the module, and beartls.h
install-static: static
	install -D -m 644 $(LIBRARY) "$(DESTDIR)$(CMOD)/libbeartls.a"
	install -D -m 644 src/embed/beartls.h "$(DESTDIR)$(PREFIX)/include/beartls.h"

# For the rockspec: whatever another Lua left there must not be linked.
rock:
	@rm -rf "$(B)"
	@$(MAKE) --no-print-directory -s B="$(B)" CFLAGS="$(CFLAGS)" LUA_CFLAGS="$(LUA_CFLAGS)" LDFLAGS="$(LDFLAGS)" all

## uninstall: removes what install put there
uninstall:
	rm -rf "$(DESTDIR)$(LMOD)/beartls" "$(DESTDIR)$(CMOD)/beartls" "$(DESTDIR)$(BIN)/beartls" \
	  "$(DESTDIR)$(CMOD)/libbeartls.a" "$(DESTDIR)$(PREFIX)/include/beartls.h"

## pki: makes the certificates of spec/pki anew (for maintainers: they are committed)
pki:
	lua5.4 spec/pki/build.lua

## clean: removes what was built
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' Makefile

# What the specs with test vectors call: see spec/support/primitives.c.
PRIMITIVES = $(wildcard spec/support/primitives*.c)
$(B)/primitives.$(SO): $(PRIMITIVES) spec/support/primitives.h $(OBJ)
	$(CC) $(ALL_CFLAGS) -Ispec/support -shared -o $@ $(PRIMITIVES) $(OBJ) $(LINKED)

# Records sealed with a session's keys, for the specs: see spec/support/attacker.c.
$(B)/attacker.$(SO): spec/support/attacker.c $(OBJ)
	$(CC) $(ALL_CFLAGS) -shared -o $@ $< $(OBJ) $(LINKED)

# What make bench counts copies with: see spec/bench/copies.c.
$(B)/copies.$(SO): spec/bench/copies.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fvisibility=default -fno-builtin -shared -o $@ $<

# The example of a program with beartls inside, and the same without any shared library.
LUA_LIBS ?= $(shell pkg-config --libs $(LUA)) -lm -ldl
$(B)/game $(B)/game-static: examples/embed/game.c $(LIBRARY)
	$(CC) -std=gnu99 $(WARN) -Isrc/embed $(LUA_CFLAGS) $(CFLAGS) $(if $(filter %-static,$@),-static) -o $@ $^ $(LDFLAGS) $(LUA_LIBS)

# Hosts of a Lua state: one whose allocator fails, one whose memory is counted (see both in spec/support).
$(B)/failalloc $(B)/held: $(B)/%: spec/support/%.c $(OBJ)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(OBJ) $(BEARSSL) $(shell pkg-config --libs $(LUA)) -lm -ldl
