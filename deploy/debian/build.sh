#!/usr/bin/env bash
# Makes a Debian package for one machine from a binary that is built: deploy/debian/build.sh BINARY FOLDER
# The package has the binary, a systemd unit, its settings, `entrepotctl` and the pages. Installing it starts nothing: `systemctl enable --now entrepot` does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ $# != 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
  sed -n 2,3p deploy/debian/build.sh | cut -c3-
  exit 2
fi

version=$("$1" --version | cut -d' ' -f2)
arch=$(dpkg --print-architecture)
# An older C library would be found out by a service that does not start.
libc=$(LC_ALL=C grep -aoP 'GLIBC_2\.\d+(?=\0)' "$1" | sort -uV | tail -n 1 | cut -d_ -f2 || true)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
doc="$folder/usr/share/doc/entrepot"
install -D --mode=755 "$1" "$folder/usr/bin/entrepot"
install -D --mode=755 deploy/debian/entrepotctl "$folder/usr/sbin/entrepotctl"
# The real folder, on systems where /lib is a link to it.
install -D --mode=644 deploy/systemd/entrepot.service "$folder/usr/lib/systemd/system/entrepot.service"
install -D --mode=640 deploy/systemd/entrepot.env "$folder/etc/entrepot/entrepot.env"
install -D --mode=644 --target-directory "$doc" docs/*.md
install -D --mode=644 --target-directory "$doc/runbooks" docs/runbooks/*.md
install -D --mode=644 LICENSE "$doc/copyright"
cat crates/services/fonts/LICENSE >>"$doc/copyright"
gzip -9 --no-name --stdout CHANGELOG.md >"$doc/changelog.gz"
# The files that the pages name as deploy/….
mkdir "$doc/examples"
cp deploy/nginx.conf "$doc/examples"
cp --recursive deploy/alertmanager deploy/grafana deploy/logs deploy/otel deploy/patroni deploy/pgbackrest deploy/prometheus "$doc/examples"
find "$doc" -type d -exec chmod 755 {} +
find "$doc" -type f -perm /111 -exec chmod 755 {} +
find "$doc" -type f ! -perm /111 -exec chmod 644 {} +

mkdir "$folder/DEBIAN"
(cd "$folder" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$folder/DEBIAN/md5sums"
echo /etc/entrepot/entrepot.env >"$folder/DEBIAN/conffiles"
install --mode=755 deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm "$folder/DEBIAN"
# 0.2.0-rc.1 is older than 0.2.0: to dpkg that is 0.2.0~rc.1. Authorities of certificates are those of the system, for webhooks and buckets.
# systemd-run, which entrepotctl calls, needs a system bus: a minimal Debian has none.
cat >"$folder/DEBIAN/control" <<EOT
Package: entrepot
Version: ${version//-/\~}
Architecture: $arch
Maintainer: Entrepot <entrepot@localhost>
Depends: libc6${libc:+ (>= $libc)}, libgcc-s1, adduser, ca-certificates, dbus | dbus-system-bus
Recommends: systemd
Suggests: nginx, postgresql, postgresql-client, prometheus
Section: net
Priority: optional
Installed-Size: $(du --summarize --block-size=1024 "$folder" | cut -f1)
Description: multi-tenant inventory and order platform
 Stock, orders and everything around them, by GraphQL. One process on SQLite,
 or many on Postgres.
EOT
# xz: not every tool that reads packages knows zstd, which is the default of Ubuntu.
dpkg-deb -Zxz --root-owner-group --build "$folder" "$2/entrepot_${version}_$arch.deb"
