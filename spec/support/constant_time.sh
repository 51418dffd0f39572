#!/bin/sh
# constant_time.sh: runs constant_time.c under valgrind as each compiler makes it at each level of optimization, since any
# of them may turn a mask into a branch. Any report fails, and so does a leak on purpose that is not reported.
set -eu
cd "$(dirname "$0")/../.."
b=build/constant_time
mkdir -p "$b"
# What is public inside of a function: whether a tag is right, whether a share gives a secret; the caller sends an alert.
cat >"$b/suppressions" <<'END'
{
  whether a tag is right
  Memcheck:Cond
  fun:btls_aead_open
}
{
  whether a share gives a secret
  Memcheck:Cond
  fun:btls_group_share
}
END
valgrind="valgrind -q --error-exitcode=9 --suppressions=$b/suppressions"
status=0
for cc in gcc clang; do
  for level in -O1 -O2 -O3 -Os; do
    # valgrind cannot read the newest debug information.
    $cc $level -gdwarf-4 -std=gnu99 -Wall -Wextra -Isrc -o "$b/$cc$level" spec/support/constant_time.c \
      src/core/*.c src/crypto/*.c src/tls/schedule.c -l:libbearssl.a
    if ! $valgrind "$b/$cc$level" >"$b/log" 2>&1; then
      cat "$b/log"
      echo "$cc $level: FAILED"
      status=1
    elif $valgrind "$b/$cc$level" leak >"$b/log" 2>&1; then
      echo "$cc $level: FAILED to find a leak that is there"
      status=1
    else
      echo "$cc $level: nothing depends on secrets"
    fi
  done
done
exit $status
