#!/usr/bin/env bash
# Refuses a tag of a release whose version is not that of the server (Cargo.toml) and of both clients.
#
#   scripts/check-version.sh vX.Y.Z
#
# The clients' generated files have to match schema.graphql, too. Needed: Node 18 or newer.
set -euo pipefail
ME='check-version'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
TAG="${1:-}"
case "$TAG" in
v*) ;;
*)
  usage >&2
  exit 2
  ;;
esac

VERSION=$(workspace_version)
[ "$TAG" = "v$VERSION" ] || die "the tag is $TAG, and Cargo.toml has $VERSION"
# It compares the versions of the clients' five files with that of Cargo.toml.
ENTREPOT_CLIENTS=required "$ROOT/scripts/test-clients.sh" --check
say "$TAG: server and clients have this version"
