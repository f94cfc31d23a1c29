#!/usr/bin/env bash
# Installs the package on this machine and follows docs/one-machine.md: start, a company, a backup, the loss of the database, its restore, an upgrade, removal.
#
#   ENTREPOT_TRY=throwaway deploy/debian/try.sh PACKAGE      a minute; for a machine that is thrown away, as those of CI are: as root, with systemd
#
# It ends with 1 where something does not hold. What it has installed it purges, and the folder of the data it removes.
set -euo pipefail
ME=try
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
if [ $# != 1 ] || [ ! -r "$1" ]; then usage >&2 && exit 2; fi
[ "${ENTREPOT_TRY:-}" = throwaway ] || die "this installs a service and removes /var/lib/entrepot: say ENTREPOT_TRY=throwaway where that is meant"
is_root || die "run it as root"
for each in curl python3; do command -v "$each" >/dev/null || die "needs $each: apt-get install $each"; done
[ -d /run/systemd/system ] || die "systemd does not run here"
if [ -e /var/lib/entrepot ] || [ -e /usr/bin/entrepot ]; then die "there is an Entrepot here"; fi
PACKAGE=$(realpath "$1")
DATA=/var/lib/entrepot
DIR=$(mktemp -d)
finish() {
  local rc=$?
  [ "$rc" = 0 ] || journalctl --unit entrepot --no-pager --lines 40 >&2 || true
  apt-get purge --yes -qq entrepot >/dev/null 2>&1 || true
  rm -rf "$DATA" /srv/entrepot-backups /etc/systemd/system/entrepot.service.d "$DIR"
  exit "$rc"
}
trap finish EXIT

install_package() { DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --reinstall --no-install-recommends "$PACKAGE" >/dev/null; }
ready() { curl -fsS http://127.0.0.1:8080/readyz; }
serves() { wait_for 60 ready || die "$1: the node is not ready"; }

install_package
if systemctl --quiet is-active entrepot; then die "installing starts it"; fi
# A folder for backups, as the page has it.
install -d -o entrepot -g entrepot -m 700 /srv/entrepot-backups
mkdir -p /etc/systemd/system/entrepot.service.d
printf '[Service]\nReadWritePaths=/srv/entrepot-backups\n' >/etc/systemd/system/entrepot.service.d/backups.conf
echo ENTREPOT_BACKUPS=file:/srv/entrepot-backups >>/etc/entrepot/entrepot.env
systemctl daemon-reload
systemctl enable --now --quiet entrepot
serves "the first start"
[ "$(stat --format='%U %a' $DATA/entrepot.sqlite.keys)" = 'entrepot 600' ] || die "the keys: $(stat --format='%U %a' $DATA/entrepot.sqlite.keys)"
python3 -B "$ROOT/bench/load.py" register --url http://127.0.0.1:8080/graphql --out "$DIR"
# Its first password was hashed.
if journalctl --unit entrepot --no-pager | grep 'may not lower their priority'; then die "the unit forbids what backups and passwords do to make room"; fi
say "[${SECONDS}s] it serves, with a company"

entrepotctl doctor || die "doctor finds something to correct"
# The schedule may be at one that began before there was a company.
wait_for 60 entrepotctl backup run || die "no backup can be made"
cp --preserve $DATA/entrepot.sqlite.keys "$DIR/keys"
heads() { entrepotctl tenant list | cut -f 1 | sort; }
before=$(heads)
[ -n "$before" ] || die "there is no company"

systemctl stop entrepot
rm -rf "${DATA:?}"
install -d -o entrepot -g entrepot -m 700 "$DATA"
install -o entrepot -g entrepot -m 600 "$DIR/keys" "$DATA/entrepot.sqlite.keys"
entrepotctl backup restore
entrepotctl verify
systemctl start entrepot
serves "after the restore"
entrepotctl resume
# The stored files went with the folder.
entrepotctl files adopt
[ "$(heads)" = "$before" ] || die "companies after the restore: $(heads); before: $before"
say "[${SECONDS}s] lost and restored"

install_package
serves "after the upgrade"
[ "$(stat --format='%U:%G %a' /etc/entrepot/entrepot.env)" = 'root:entrepot 640' ] || die "the settings are open"
began=$SECONDS
systemctl stop entrepot
[ $((SECONDS - began)) -lt 30 ] || die "it takes $((SECONDS - began)) s to stop"
systemctl start entrepot
serves "after a stop"
apt-get remove --yes -qq entrepot >/dev/null
if systemctl --quiet is-active entrepot; then die "it runs after it was removed"; fi
apt-get purge --yes -qq entrepot >/dev/null
[ -e $DATA/entrepot.sqlite ] || die "the data are gone with the package"
say "all holds, ${SECONDS}s"
