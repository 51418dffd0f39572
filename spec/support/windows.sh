#!/bin/sh
# windows.sh: builds beartls for Windows (x86_64) with mingw-w64, and runs what needs no socket and no other process under
# wine: a handshake, then the specs that are in memory alone, by busted. BearSSL, Lua 5.4 and LuaFileSystem (for busted) come
# from Debian's source packages. All of it stays in build/windows.
set -eu
w=$PWD/build/windows
cross=x86_64-w64-mingw32
sources=$w/sources
log=$w/log
mkdir -p "$w/beartls" "$sources/apt/parts" "$sources/apt/lists/partial" "$sources/apt/archives/partial"

run() {
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
}

# The package sources of this machine as sources of source packages, beside and not instead of its own.
apt() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$sources/apt/parts" \
    -o Dir::State::lists="$sources/apt/lists" -o Dir::Cache="$sources/apt" -o APT::Sandbox::User=root "$@"
}

unpack() {
  for f in /etc/apt/sources.list.d/*.sources; do
    if [ -e "$f" ]; then sed 's/^Types:.*/Types: deb-src/' "$f" >"$sources/apt/parts/${f##*/}"; fi
  done
  if [ -e /etc/apt/sources.list ]; then
    sed -n 's/^deb \(.*debian.*\)/deb-src \1/p' /etc/apt/sources.list >"$sources/apt/parts/main.list"
  fi
  apt update >"$log" 2>&1 || true # what is missing shows below
  cd "$sources"
  for package in bearssl lua5.4 lua-filesystem; do
    rm -rf "$package" "$package"-[0-9]*/ # of an attempt that failed
    run apt source "$package"
    mv "$package"-[0-9]*/ "$package"
  done
  cd - >/dev/null
}

# Lua's own names for building and using it as a DLL.
as_dll="-O2 -DLUA_BUILD_AS_DLL"

build_lua() {
  lua=$sources/lua5.4/src
  # shellcheck disable=SC2046,SC2086
  run $cross-gcc $as_dll -shared -o "$w/lua54.dll" $(ls "$lua"/*.c | grep -v '/luac\?\.c$')
  # shellcheck disable=SC2086
  run $cross-gcc $as_dll -o "$w/lua.exe" "$lua/lua.c" "$w/lua54.dll"
  # shellcheck disable=SC2086
  run $cross-gcc $as_dll -I"$lua" -shared -o "$w/lfs.dll" "$sources/lua-filesystem/src/lfs.c" "$w/lua54.dll"
}

if [ ! -d "$sources/lua-filesystem" ]; then unpack; fi
if [ ! -e "$w/lfs.dll" ]; then build_lua; fi
if [ ! -e "$w/bearssl/libbearssl.a" ]; then
  run make -C "$sources/bearssl" lib BUILD="$w/bearssl" CC=$cross-gcc AR=$cross-ar CFLAGS="-W -Wall -Os"
fi

# The warnings are those of any other build, and are to be seen.
cross_make() {
  make --no-print-directory -s CC=$cross-gcc AR=$cross-ar OBJCOPY=$cross-objcopy B=build/windows SO=dll HOST_LUA=lua5.4 \
    LUA_CFLAGS="-DLUA_BUILD_AS_DLL -I$sources/lua5.4/src -I$sources/bearssl/inc" \
    BEARSSL="$w/bearssl/libbearssl.a" HIDE= LUA_LIBRARY="$w/lua54.dll" SYSTEM_LIBS=-lbcrypt "$@"
}
cross_make build/windows/beartls/core.dll build/windows/primitives.dll build/windows/attacker.dll static
echo "built for Windows: $(cd build/windows && ls beartls/core.dll libbeartls.a lua.exe | tr '\n' ' ')"

export WINEPREFIX="$w/prefix" WINEDEBUG=-all
export LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;Z:/usr/share/lua/5.4/?.lua;Z:/usr/share/lua/5.4/?/init.lua"
export LUA_CPATH="Z:$w/?.dll"
under_wine() { timeout -k 5 900 wine "$w/lua.exe" "$@" </dev/null; }

run under_wine -e "print(1)" # makes the prefix
echo "examples/memory_pair.lua under $(wine --version):"
under_wine examples/memory_pair.lua spec/pki/trust.pem spec/pki/server_rsa.pem spec/pki/server_rsa.key
# shellcheck disable=SC2046
under_wine spec/support/windows.lua --ignore-lua -o spec/support/ci.lua $(grep -L \
  "support.process\|\"socket\"\|beartls.socket\|luasec\|redis\|io.popen\|support.built\|support.loopback\|support.vectors" \
  spec/*_spec.lua spec/vectors/*_spec.lua)
