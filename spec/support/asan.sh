#!/bin/sh
# asan.sh LUA: builds the core with the address and undefined behaviour sanitizers and runs the specs with it, then the failing
# allocator. Any report fails.
set -eu
lua=${1:-lua5.4}
b=$PWD/build/asan-$lua
core=build/asan-$lua/beartls/core.so
flags="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
make --no-print-directory -s LUA="$lua" B="build/asan-$lua" CC=gcc CFLAGS="$flags" \
  LDFLAGS="-fsanitize=address,undefined" "$core" "build/asan-$lua/primitives.so" "build/asan-$lua/attacker.so" \
  "build/asan-$lua/game" $([ "$lua" = luajit ] || echo "build/asan-$lua/held")
# Without dlclose, a leak's stack still has names when the interpreter has unloaded the module.
echo 'int dlclose(void *h) { (void)h; return 0; }' |
  gcc -shared -fPIC -xc - -o "$b/nodlclose.so"

# What the interpreter itself never frees is no leak of ours.
echo "leak:luaL_newstate" >"$b/suppressions"
export ASAN_OPTIONS="detect_leaks=1:exitcode=99:abort_on_error=0"
export LSAN_OPTIONS="suppressions=$b/suppressions:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1"
preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so) $b/nodlclose.so"

export LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" LUA_CPATH="$b/?.so;;"
status=0
# None of these runs C code of ours that has been built here.
for spec in spec/*_spec.lua spec/hosts/*_spec.lua spec/interop/*_spec.lua spec/vectors/*_spec.lua; do
  case $spec in
  */bench_spec.lua | */embedders_spec.lua | */lua55_spec.lua | */rockspec_spec.lua | */static_spec.lua | */style_spec.lua | *\**) continue ;;
  esac
  # Each in a process of its own, so that what ends one does not hide what is wrong with the others.
  echo "$spec"
  BEARTLS_LUA="$lua" BEARTLS_ASAN=1 LD_PRELOAD="$preload" \
    "$lua" /usr/bin/busted --ignore-lua -o spec/support/ci.lua "$spec" || status=1
done

if [ "$lua" != luajit ]; then
  make --no-print-directory -s LUA="$lua" B="build/asan-$lua" CC=gcc CFLAGS="$flags" \
    LDFLAGS="-fsanitize=address,undefined" "build/asan-$lua/failalloc"
  for script in spec/support/allocation/*.lua; do
    "$b/failalloc" "$script" 7 || status=1
  done
fi
if [ $status = 0 ]; then echo "asan on $lua: clean"; else echo "asan on $lua: FAILED"; fi
exit $status
