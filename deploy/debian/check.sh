#!/usr/bin/env bash
# Builds the package of a program that does nothing, looks at what is inside, and has dpkg install it, install it again, remove and purge it: in a copy of
# this machine's files that is gone afterwards (an overlay in memory, as root).
#
#   deploy/debian/check.sh      two seconds. Without root, or where no overlay can be mounted, nothing is installed, and the last line says so
#
# With systemd and the server itself: deploy/debian/try.sh. Needed: dpkg.
set -euo pipefail
ME=check
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

if [ "${1:-}" != inside ]; then
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/entrepot-package.XXXXXX")
  trap 'rm -rf "${DIR:?}"' EXIT
  mkdir "$DIR/out" "$DIR/copy" "$DIR/root"
  printf '#!/bin/sh\necho entrepot 0.2.0-rc.1\n' >"$DIR/entrepot"
  chmod 755 "$DIR/entrepot"
  "$ROOT/deploy/debian/build.sh" "$DIR/entrepot" "$DIR/out" >/dev/null
  PACKAGE=$(find "$DIR/out" -name '*.deb')
  field() { dpkg-deb --field "$PACKAGE" "$1"; }
  [ "$(field Version)" = '0.2.0~rc.1' ] || die "a version before 0.2.0 is $(field Version)"
  dpkg --compare-versions "$(field Version)" lt 0.2.0 || die "0.2.0 does not follow $(field Version)"
  # reqwest takes the authorities of the system.
  field Depends | grep -q ca-certificates || die "there is nothing that https can be checked by"
  field Depends | grep -q dbus || die "entrepotctl needs a system bus"
  usage=$("$ROOT/deploy/debian/entrepotctl" || true)
  [[ "$usage" = 'Runs a command of entrepot'*'entrepotctl backup list' ]] || die "entrepotctl prints this as its usage: $usage"
  dpkg-deb --ctrl-tarfile "$PACKAGE" | tar --extract --to-stdout ./conffiles | grep -qx /etc/entrepot/entrepot.env || die "an upgrade would overwrite the settings"
  CONTENTS=$(dpkg-deb --contents "$PACKAGE")
  for each in '-rwxr-xr-x root/root .* ./usr/bin/entrepot' '-rwxr-xr-x root/root .* ./usr/sbin/entrepotctl' '-rw-r--r-- root/root .* ./usr/lib/systemd/system/entrepot.service' \
    '-rw-r----- root/root .* ./etc/entrepot/entrepot.env' '-rw-r--r-- root/root .* ./usr/share/doc/entrepot/one-machine.md' '-rw-r--r-- root/root .* ./usr/share/doc/entrepot/runbooks/down.md'; do
    grep -qE -- "^$each\$" <<<"$CONTENTS" || die "not in the package: $each"
  done
  # Each variable that the settings name is one of a flag.
  for each in $(grep -oE '^#?(ENTREPOT|OTEL)_[A-Z_]+' "$ROOT/deploy/systemd/entrepot.env" | tr -d '#'); do
    grep -rqE "env = \"$each\"" "$ROOT/src/config" "$ROOT/src/config.rs" || die "entrepot.env: no flag reads $each"
  done
  if ! is_root || ! unshare --mount mount -t tmpfs tmpfs "$DIR/copy" 2>/dev/null; then
    say "the package is as it should be; SKIPPED installing it: that needs root, and mounts"
    exit 0
  fi
  PACKAGE="$PACKAGE" DIR="$DIR" unshare --mount "$0" inside
  [ ! -e "$DIR/out/installed" ] || say "the package can be installed, upgraded and removed"
  exit 0
fi

# ── in a mount namespace of its own ───────────────────────────────────────────────────────────────────────────────────

mount -t tmpfs tmpfs "$DIR/copy"
mkdir "$DIR/copy/upper" "$DIR/copy/work"
if ! mount -t overlay overlay -o "lowerdir=/,upperdir=$DIR/copy/upper,workdir=$DIR/copy/work" "$DIR/root" 2>/dev/null; then
  say "the package is as it should be; SKIPPED installing it: no overlay can be mounted"
  exit 0
fi
mount -t proc proc "$DIR/root/proc"
cp "$PACKAGE" "$DIR/root/entrepot.deb"
inside() { chroot "$DIR/root" "$@"; }
install_package() { inside dpkg --force-depends --force-confold --install /entrepot.deb >"$DIR/copy/log" 2>&1 || { cat "$DIR/copy/log" >&2 && die "$1: dpkg does not install it"; }; }
owner() { inside stat --format='%U:%G %a' "$1"; }

install_package "the first time"
[ "$(owner /etc/entrepot/entrepot.env)" = 'root:entrepot 640' ] || die "entrepot.env: $(owner /etc/entrepot/entrepot.env)"
[ "$(owner /var/lib/entrepot)" = 'entrepot:entrepot 700' ] || die "the folder of the data: $(owner /var/lib/entrepot)"
inside getent passwd entrepot | grep -q nologin || die "the user has a shell"
if inside sh -c 'command -v systemd-analyze' >/dev/null; then inside systemd-analyze verify entrepot.service || die "systemd does not take the unit"; fi
inside dpkg --verify entrepot || die "files differ from the package"

echo ENTREPOT_SLOW_MILLISECONDS=500 >>"$DIR/root/etc/entrepot/entrepot.env"
inside touch /var/lib/entrepot/entrepot.sqlite
install_package "again"
grep -q SLOW_MILLISECONDS=500 "$DIR/root/etc/entrepot/entrepot.env" || die "settings are lost"
[ "$(owner /etc/entrepot/entrepot.env)" = 'root:entrepot 640' ] || die "entrepot.env after an upgrade: $(owner /etc/entrepot/entrepot.env)"

inside rm /etc/entrepot/entrepot.env
install_package "without the settings"
inside dpkg --remove entrepot >/dev/null || die "dpkg does not remove it"
inside dpkg --purge entrepot >/dev/null 2>&1 || die "dpkg does not purge it"
[ ! -e "$DIR/root/usr/bin/entrepot" ] || die "the program stays"
[ -e "$DIR/root/var/lib/entrepot/entrepot.sqlite" ] || die "the data are gone with the package"
touch "$DIR/out/installed"
