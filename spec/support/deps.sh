#!/bin/sh
# deps.sh PACKAGE ...: installs those Debian packages that are missing, as root or through sudo, and says nothing when there is
# nothing to do. Services that come with them are neither started nor enabled.
set -u

# The packages among the arguments that are not installed.
missing_of() {
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$p"
  done
}

missing=$(missing_of "$@")
if [ -z "$missing" ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "make deps knows only apt-get. Please install what these Debian packages hold:$missing" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
  sudo=sudo
  if ! command -v sudo >/dev/null; then
    echo "make deps must run as root, or with sudo installed, to install:$missing" >&2
    exit 1
  fi
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=
finish() {
  if [ -n "$made_policy" ]; then $sudo rm -f "$policy"; fi
  rm -f "$log"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Debian starts a service as soon as it is installed, unless this program forbids it.
if [ ! -e "$policy" ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod 755 "$policy"
fi

echo "installing:$missing"
# shellcheck disable=SC2086
if ! { $sudo apt-get update -qq &&
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
  >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  exit 1
fi
case " $missing " in
*" nginx "*)
  if command -v systemctl >/dev/null; then $sudo systemctl -q disable nginx >/dev/null 2>&1; fi
  ;;
esac
exit 0
