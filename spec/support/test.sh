#!/bin/sh
# test.sh [LUA ...]: builds for each Lua and runs the specs on it, two at a time; the output comes in order and ends with
# the sums. Specs with real peers (spec/interop) run on the first one only.
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

run_one() {
  lua=$1
  shift
  if ! make --no-print-directory -s LUA="$lua" all; then
    echo "0 passed, 1 failed, 0 skipped"
    return
  fi
  if [ "$lua" != luajit ] && [ -f spec/support/failalloc.c ]; then
    make --no-print-directory -s LUA="$lua" "build/$lua/failalloc" || echo "0 passed, 1 failed, 0 skipped"
  fi
  LUA_INIT='' LUA_INIT_5_4='' LUA_INIT_5_3='' BEARTLS_LUA=$lua \
  LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" LUA_CPATH="$PWD/build/$lua/?.so;;" \
    timeout 300 busted --lua="$lua" -o spec/support/ci.lua "$@" </dev/null || echo "busted on $lua: exit code $?"
}

specs=$(ls spec/*_spec.lua)
interop=$(ls spec/interop/*_spec.lua 2>/dev/null)
rest=
for l in $luas; do [ "$l" = "$first" ] || rest="$rest $l"; done

# One lane does the first Lua with the real peers, the other the remaining Luas.
(run_one "$first" $specs $interop >"$out/$first" 2>&1) &
(for l in $rest; do run_one "$l" $specs >"$out/$l" 2>&1; done) &
wait

status=0 passed=0 failed=0 skipped=0
for l in $luas; do
  echo "== $l"
  cat "$out/$l"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$out/$l" | tail -n 1)
  # A run that did not get to its end has failed.
  if [ -z "$line" ]; then line="0 passed, 1 failed, 0 skipped"; fi
  set -- $line
  passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
done
if [ "$failed" != 0 ]; then status=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
