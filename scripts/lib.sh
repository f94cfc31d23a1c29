# shellcheck shell=bash
# What the scripts share. Sourced, never run.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export ROOT

say() { printf '%s: %s\n' "${ME:-$(basename "$0" .sh)}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Prints the comment that opens the calling script: the one place where its usage is written.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

is_root() { [ "$(id -u)" = 0 ]; }

# Listens nothing on this port of the loopback address?
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The reverse, for wait_for.
port_taken() { ! port_free "$1"; }

# A free port below the range that the kernel hands to clients.
free_port() {
  local p
  for _ in $(seq 100); do
    p=$((20000 + RANDOM % 10000))
    if port_free "$p"; then
      echo "$p"
      return 0
    fi
  done
  die "found no free port between 20000 and 29999"
}

# The folder of a Postgres server's programs, 15 or newer: $PGBIN, Debian's folders (newest first), then PATH.
find_pg_bin() {
  local d major
  while read -r d; do
    if [ ! -x "$d/initdb" ] || [ ! -x "$d/pg_ctl" ] || [ ! -x "$d/postgres" ]; then continue; fi
    major=$("$d/postgres" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
    if [ "$major" -ge 15 ]; then
      echo "$d"
      return 0
    fi
  done <<EOT
${PGBIN:-}
$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
$(dirname "$(command -v initdb || true)")
EOT
  return 1
}

# Installs Debian packages when that is ours to do; says so first. Services of their own stay switched off.
apt_install() {
  if ! is_root || ! command -v apt-get >/dev/null; then
    die "missing here: $*. Install it (Debian: sudo apt-get install $*) and try again, or name a running server in the environment"
  fi
  say "installing $* with apt-get (as root, from the configured Debian sources)"
  local policy=/usr/sbin/policy-rc.d mine='' rc=0
  if [ ! -e "$policy" ]; then
    mine=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@")
  { "${install[@]}" || { apt-get update -qq && "${install[@]}"; }; } </dev/null >&2 || rc=$?
  [ -z "$mine" ] || rm -f "$policy"
  [ "$rc" = 0 ] || die "apt-get could not install $*"
}

# Waits until a command succeeds: wait_for SECONDS COMMAND...
wait_for() {
  local until=$((SECONDS + $1))
  shift
  while ! "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -le "$until" ] || return 1
    sleep 0.1
  done
}

# Ends one process that we started: asks, waits ten seconds, then insists.
end_process() {
  kill "$1" 2>/dev/null || return 0
  wait_for 10 bash -c "! kill -0 $1" || kill -9 "$1" 2>/dev/null || true
}

# Sets CHROMIUM: a browser that takes pictures.
need_chromium() {
  CHROMIUM="${ENTREPOT_CHROMIUM:-/usr/bin/chromium}"
  [ -x "$CHROMIUM" ] || die "no Chromium at $CHROMIUM: install one (Debian: chromium), or name it in ENTREPOT_CHROMIUM"
}

# Takes a picture of a page, which has ten seconds of its own clock to be drawn: picture URL FILE WIDTH HEIGHT
picture() {
  local profile rc=0
  profile="$(mktemp -d)"
  rm -f "$2"
  timeout --kill-after=5s 60s "$CHROMIUM" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
    --user-data-dir="$profile" --virtual-time-budget=10000 --window-size="$3,$4" --screenshot="$2" "$1" </dev/null >/dev/null 2>&1 || rc=$?
  rm -rf "${profile:?}"
  [ "$rc" = 0 ] && [ -s "$2" ]
}

# Runs as root? Then servers run as this account instead (Postgres refuses root).
service_user() {
  if id postgres >/dev/null 2>&1; then
    echo postgres
  else
    id entrepot-test >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin entrepot-test
    echo entrepot-test
  fi
}

# The version of the server, which the clients have as well.
workspace_version() { sed -nE 's/^version = "(.*)"$/\1/p' "$ROOT/Cargo.toml" | head -n 1; }

target_dir() { echo "${CARGO_TARGET_DIR:-$ROOT/target}"; }

# A Rust toolchain and a C compiler build Entrepot (SQLite, cryptography and the allocator are C).
need_toolchain() {
  command -v cargo >/dev/null || die "needs a Rust toolchain, 1.95 or newer (https://rustup.rs)"
  command -v cc >/dev/null || apt_install build-essential
}
