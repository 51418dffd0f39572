#!/bin/sh
# run.sh [SECONDS [NAME ...]]: builds the fuzzers into build/fuzz with clang, and runs each (or those named) for so many
# seconds on a corpus that grows there. What crashes one is left in build/fuzz/found.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-30}
[ $# -gt 0 ] && shift
names=${*:-server client wire certificate path key pem pkcs12 signature crl ocsp ticket store records modern modern_server modern_client modern_wire}
b=$PWD/build/fuzz
export BEARTLS_PKI="$PWD/spec/pki"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
mkdir -p "$b/found"

if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
  clang -fsanitize=fuzzer,address,undefined -xc - -o "$b/tried" 2>"$b/tried.log"; then
  cat "$b/tried.log" >&2
  echo "fuzz: needs clang with its run-time library: make deps fuzz" >&2
  exit 1
fi

# A BearSSL with the sanitizers in it can be given instead of the installed one.
bearssl=${BEARSSL:--l:libbearssl.a}
flags="-DBTLS_PBE_ROUNDS=5000 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
below_lua=
for source in src/core/*.c src/crypto/*.c src/pki/*.c src/tls/*.c; do
  object=${source#src/}
  below_lua="$below_lua build/fuzz/obj/${object%.c}.o"
done

make_one() {
  case $1 in
  server) define=-DSERVER file=session ;;
  client) define=-DCLIENT file=session ;;
  modern_server) define="-DSERVER -DMODERN" file=session ;;
  modern_client) define="-DCLIENT -DMODERN" file=session ;;
  modern_wire) define=-DMODERN file=wire ;;
  *) define=-DONE file=$1 ;;
  esac
  # shellcheck disable=SC2086
  clang -std=gnu99 $flags -fsanitize=fuzzer -Wall -Wextra -Werror -Isrc -Ispec/fuzz $define -o "$b/$1" \
    "spec/fuzz/fuzz_$file.c" spec/fuzz/common.c $below_lua $bearssl
}

# Seeds: the files of spec/pki, and what a handshake recorded by seeds.lua consists of.
seed() {
  corpus=$b/corpus-$1
  mkdir -p "$corpus"
  case $1 in
  pem) cp spec/pki/*.pem spec/pki/*.key "$corpus" ;;
  certificate)
    for f in spec/pki/*.pem; do
      openssl x509 -in "$f" -outform DER -out "$corpus/$(basename "$f").der" 2>/dev/null || true
    done
    ;;
  key)
    cp spec/pki/*.der "$corpus"
    for f in spec/pki/*.key; do
      openssl pkey -in "$f" -outform DER -out "$corpus/$(basename "$f").der" 2>/dev/null || true
    done
    ;;
  pkcs12)
    p12="openssl pkcs12 -export -passout pass:secret -iter 2 -inkey spec/pki/server_chain_ec.key -in spec/pki/server_chain_ec.pem"
    $p12 -out "$corpus/aes.p12"
    $p12 -macalg sha1 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -out "$corpus/3des.p12"
    $p12 -nomac -keypbe NONE -certpbe NONE -out "$corpus/plain.p12"
    cp spec/pki/key_nss.p12 "$corpus"
    for c in aes128 aes256 des3; do
      openssl pkcs8 -topk8 -in spec/pki/server_ec.key -v2 $c -iter 2 -passout pass:secret -outform DER -out "$corpus/$c.der"
    done
    ;;
  *) LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" LUA_CPATH="$PWD/build/lua5.4/?.so;;" \
    lua5.4 spec/fuzz/seeds.lua "$1" "$corpus" ;;
  esac
}

# shellcheck disable=SC2086
make --no-print-directory -s -j2 B=build/fuzz CC=clang LUA_CFLAGS= CFLAGS="$flags -fsanitize=fuzzer-no-link" $below_lua
status=0
for name in $names; do
  make_one "$name"
  seed "$name"
  echo "== $name for $seconds seconds"
  nice "$b/$name" -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$b/found/$name-" "$b/corpus-$name" >"$b/$name.log" 2>&1 || {
    status=1
    echo "$name FAILED: see $b/$name.log"
  }
  grep -E 'stat::number_of_executed_units|ERROR|runtime error|SUMMARY' "$b/$name.log" || true
done
exit $status
