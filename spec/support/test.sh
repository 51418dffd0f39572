#!/bin/sh
# test.sh [LUA ...]: builds for each Lua and runs the specs on it, two lists of specs at a time; the output comes in order
# and ends with the sums. Specs with real peers (spec/interop), with test vectors (spec/vectors) and of programs that embed
# some Lua of their own (spec/hosts) run on the first one only.
set -u
luas=$*
if [ -z "$luas" ]; then
  for l in lua5.4 lua5.5 lua5.3 lua5.1 luajit; do
    if command -v "$l" >/dev/null && pkg-config --exists "$l"; then luas="$luas $l"; fi
  done
fi
set -- $luas
if [ $# = 0 ]; then echo "no Lua is installed: make deps" >&2; exit 1; fi
first=$1
# Debian gives a process 1024 files unless it asks for more; some specs want a descriptor beyond those.
ulimit -S -n 4096 2>/dev/null || true
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# About what is the same whichever Lua runs it: for the first one alone.
once="alert allocation attack certificate_message crl encrypted_key fault faults lua55 modern_auth_rules modern_fault
  modern_hello_rules modern_record_rules modern_rules12 name_constraints ocsp path_graph pki_command policy record
  resumption rockspec style verdict"

# The files that a list of specs stands for.
files_of() {
  case $1 in
  peers) ls spec/interop/*_spec.lua spec/hosts/*_spec.lua spec/vectors/*_spec.lua 2>/dev/null ;;
  specs) ls spec/*_spec.lua ;;
  again)
    skip=$(for name in $once; do echo "^spec/${name}_spec\.lua$"; done)
    ls spec/*_spec.lua | grep -v "$skip"
    ;;
  esac
}

# What fails outside the specs, so that no closing line of theirs tells of it.
also_failed() {
  echo "$2"
  echo "$2" >>"$out/also.$1"
}

build() {
  hosts="game failalloc held"
  # LuaJIT's state takes no allocator on this kind of machine.
  if [ "$1" = luajit ]; then hosts=game; fi
  # Specs make this one, too, in both lanes: then it must be there.
  if [ "$1" = "$first" ]; then hosts="$hosts game-static"; fi
  for target in all build/"$1"/primitives.so build/"$1"/attacker.so $(for h in $hosts; do echo "build/$1/$h"; done); do
    make --no-print-directory -s -j2 LUA="$1" "$target" || also_failed "$1" "$target does not build for $1"
  done
}

# run LUA LIST
run() {
  LUA_INIT='' LUA_INIT_5_4='' LUA_INIT_5_3='' BEARTLS_LUA=$1 \
  LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" LUA_CPATH="$PWD/build/$1/?.so;;" \
    timeout 900 busted --lua="$1" -o spec/support/ci.lua $(files_of "$2") </dev/null >"$out/log.$1:$2" 2>&1 &
  echo $! >"$out/pid.$1:$2"
  wait $!
  code=$?
  # A crash while the interpreter closes comes after the closing line, and a hang instead of it.
  if [ $code != 0 ] && ! grep -qE '^[0-9]+ passed, [1-9][0-9]* failed' "$out/log.$1:$2"; then
    also_failed "$1" "busted on $1 ended with exit code $code" >>"$out/log.$1:$2"
  fi
}

# Takes the next job until there is none: whoever makes its folder has it.
lane() {
  for job in $jobs; do
    if mkdir "$out/job.$job" 2>/dev/null; then run "${job%:*}" "${job#*:}"; fi
  done
}

# All before any spec runs: the programs of spec/hosts that embed some Lua want the core for theirs.
for l in $luas; do build "$l"; done
jobs="$first:peers $first:specs"
for l in $luas; do [ "$l" = "$first" ] || jobs="$jobs $l:again"; done
# What runs in the background does not see ^C.
trap 'kill $(cat "$out"/pid.*) 2>/dev/null; exit 130' INT TERM
lane &
lane &
wait

status=0 passed=0 failed=0 skipped=0
for job in $jobs; do
  echo "== ${job%:*}, ${job#*:}"
  cat "$out/log.$job"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out/log.$job" | tail -n 1)
  set -- ${line:-0 passed, 0 failed, 0 skipped}
  passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
done
failed=$((failed + $(cat "$out"/also.* 2>/dev/null | wc -l)))
if [ "$failed" != 0 ]; then status=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
