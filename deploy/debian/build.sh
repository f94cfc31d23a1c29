#!/usr/bin/env bash
# Makes a Debian package for one machine from a binary that is built: deploy/debian/build.sh BINARY FOLDER
# The package has the binary, a systemd unit, its settings and the pages. Installing it starts nothing: `systemctl enable --now entrepot` does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ $# != 2 ] || [ ! -x "$1" ] || [ ! -d "$2" ]; then
  sed -n 2,3p deploy/debian/build.sh | cut -c3-
  exit 2
fi

version=$("$1" --version | cut -d' ' -f2)
arch=$(dpkg --print-architecture)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
install -D --mode=755 "$1" "$folder/usr/bin/entrepot"
install -D --mode=644 deploy/systemd/entrepot.service "$folder/lib/systemd/system/entrepot.service"
install -D --mode=640 deploy/systemd/entrepot.env "$folder/etc/entrepot/entrepot.env"
install -D --mode=644 deploy/nginx.conf "$folder/usr/share/doc/entrepot/examples/nginx.conf"
install -D --mode=644 docs/OPERATIONS.md "$folder/usr/share/doc/entrepot/OPERATIONS.md"
install -D --mode=644 LICENSE "$folder/usr/share/doc/entrepot/copyright"
cat crates/services/fonts/LICENSE >>"$folder/usr/share/doc/entrepot/copyright"
mkdir "$folder/DEBIAN"
echo /etc/entrepot/entrepot.env >"$folder/DEBIAN/conffiles"
install --mode=755 deploy/debian/postinst deploy/debian/prerm "$folder/DEBIAN"
cat >"$folder/DEBIAN/control" <<EOT
Package: entrepot
Version: $version
Architecture: $arch
Maintainer: Entrepot <entrepot@localhost>
Depends: libc6, libgcc-s1, adduser
Recommends: nginx-light
Section: net
Priority: optional
Installed-Size: $(du --summarize --block-size=1024 "$folder" | cut -f1)
Description: multi-tenant inventory and order platform
 Stock, orders and everything around them, by GraphQL. One process on SQLite,
 or many on Postgres.
EOT
dpkg-deb --root-owner-group --build "$folder" "$2/entrepot_${version}_$arch.deb"
