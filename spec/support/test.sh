#!/bin/sh
# test.sh [LUA ...]: builds for each Lua and runs the specs on it, two at a time; the output comes in order and ends with
# the sums. Specs with real peers (spec/interop), with test vectors (spec/vectors) and of programs that embed some Lua of
# their own (spec/hosts) run on the first one only.
set -u
luas=$*
if [ -z "$luas" ]; then
  for l in lua5.4 lua5.3 lua5.1 luajit; do
    if command -v "$l" >/dev/null && pkg-config --exists "$l"; then luas="$luas $l"; fi
  done
fi
first=${luas# }
first=${first%% *}
if [ -z "$first" ]; then echo "no Lua is installed: make deps" >&2; exit 1; fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# What runs in the background does not see ^C.
trap 'kill $(cat "$out"/*.pid) 2>/dev/null; exit 130' INT TERM

# What fails outside the specs, so that no closing line of theirs tells of it.
also_failed() {
  echo "$2"
  echo "$2" >>"$out/$1.also"
}

run_one() {
  lua=$1
  shift
  if ! make --no-print-directory -s LUA="$lua" all; then
    also_failed "$lua" "beartls does not build for $lua"
    return
  fi
  for module in primitives attacker; do
    if ! make --no-print-directory -s LUA="$lua" "build/$lua/$module.so"; then
      also_failed "$lua" "$module does not build for $lua"
    fi
  done
  # LuaJIT's state takes no allocator on this kind of machine.
  for host in failalloc held; do
    if [ "$lua" != luajit ] && ! make --no-print-directory -s LUA="$lua" "build/$lua/$host"; then
      also_failed "$lua" "$host does not build for $lua"
    fi
  done
  LUA_INIT='' LUA_INIT_5_4='' LUA_INIT_5_3='' BEARTLS_LUA=$lua \
  LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" LUA_CPATH="$PWD/build/$lua/?.so;;" \
    timeout 900 busted --lua="$lua" -o spec/support/ci.lua "$@" </dev/null >"$out/$lua.log" 2>&1 &
  echo $! >"$out/$lua.pid"
  wait $!
  code=$?
  cat "$out/$lua.log"
  # A crash while the interpreter closes comes after the closing line, and a hang instead of it.
  if [ $code != 0 ] && ! grep -qE '^[0-9]+ passed, [1-9][0-9]* failed' "$out/$lua.log"; then
    also_failed "$lua" "busted on $lua ended with exit code $code"
  fi
}

specs=$(ls spec/*_spec.lua)
# Slow, and about what is the same whichever Lua runs it: for the first one alone.
once="allocation certificate_message encrypted_key fault pki_command record rockspec style"
again=$specs
for name in $once; do again=$(echo "$again" | grep -v "^spec/${name}_spec.lua$"); done
interop=$(ls spec/interop/*_spec.lua spec/vectors/*_spec.lua spec/hosts/*_spec.lua 2>/dev/null)
rest=
for l in $luas; do [ "$l" = "$first" ] || rest="$rest $l"; done

# The programs of spec/hosts that embed some Lua want the core for theirs. All are built before any spec runs, so that
# nobody builds the same in the other lane; what fails is built, and reported, again.
for l in $luas; do make --no-print-directory -s -j2 LUA="$l" all >/dev/null 2>&1; done

# One lane does the first Lua with the real peers, the other the remaining Luas.
(run_one "$first" $specs $interop >"$out/$first" 2>&1) &
(for l in $rest; do run_one "$l" $again >"$out/$l" 2>&1; done) &
wait

status=0 passed=0 failed=0 skipped=0
for l in $luas; do
  echo "== $l"
  cat "$out/$l"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out/$l" | tail -n 1)
  also=$(cat "$out/$l.also" 2>/dev/null | wc -l)
  set -- ${line:-0 passed, 0 failed, 0 skipped}
  passed=$((passed + $1)) failed=$((failed + $3 + also)) skipped=$((skipped + $5))
done
if [ "$failed" != 0 ]; then status=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
