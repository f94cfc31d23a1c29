#!/usr/bin/env bash
# The changelog of the API: docs/api-changelog.md, from the schema of the last release (the one file docs/api/*.graphql) to schema.graphql.
#
#   scripts/api-changelog.sh PROGRAM...                    write its section "Unreleased"
#   scripts/api-changelog.sh --check PROGRAM...            compare the section; a breaking change needs a line in docs/api/exceptions.txt
#   scripts/api-changelog.sh --release VERSION PROGRAM...  write the section, give it this number, and keep the schema as the last release's
#
# PROGRAM is entrepot, or what runs it: cargo run --quiet --
set -euo pipefail
ME='api-changelog'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

MODE=write VERSION=''
case "${1:-}" in
--check) MODE=check && shift ;;
--release)
  MODE=release VERSION=${2:-}
  [[ $VERSION =~ ^[0-9]+(\.[0-9]+)+$ ]] || die "a version is expected after --release, such as 0.2"
  shift 2
  ;;
-h | --help)
  usage
  exit 0
  ;;
esac
if [ "$#" = 0 ]; then
  usage >&2
  exit 2
fi

CHANGELOG=docs/api-changelog.md
EXCEPTIONS=docs/api/exceptions.txt
shopt -s nullglob
BASELINES=(docs/api/*.graphql)
[ "${#BASELINES[@]}" = 1 ] || die "one schema of the last release is expected in docs/api, ${#BASELINES[@]} are there"
BASELINE=${BASELINES[0]}

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT

# The changelog with this file as the section, before the number of a release if there is one.
with_section() {
  awk -v file="$1" -v version="${2:-}" '
    function section() { while ((getline line < file) > 0) print line; close(file); print "" }
    /^<!-- unreleased/ {
      print; print ""; inside = 1
      if (version == "") section(); else { print "No changes."; print "" }
      next
    }
    /^<!-- end of unreleased/ {
      print; inside = 0
      if (version != "") { print ""; print "## " version; print ""; section(); skipped = 1 }
      next
    }
    inside { next }
    skipped && /^$/ { skipped = 0; next }
    { skipped = 0; print }' "$CHANGELOG"
}

case "$MODE" in
check)
  "$@" schema diff "$BASELINE" schema.graphql --format markdown --check --exceptions "$EXCEPTIONS" >"$FOLDER/section"
  with_section "$FOLDER/section" | diff -u "$CHANGELOG" - >&2 || die "$CHANGELOG is not what has changed: run 'make schema'"
  ;;
write)
  "$@" schema diff "$BASELINE" schema.graphql --format markdown >"$FOLDER/section"
  with_section "$FOLDER/section" >"$FOLDER/changelog"
  cp "$FOLDER/changelog" "$CHANGELOG"
  ;;
release)
  "$@" schema diff "$BASELINE" schema.graphql --format markdown --check --exceptions "$EXCEPTIONS" >"$FOLDER/section"
  with_section "$FOLDER/section" "$VERSION" >"$FOLDER/changelog"
  grep '^#' "$EXCEPTIONS" >"$FOLDER/exceptions" || true
  rm "$BASELINE"
  cp schema.graphql "docs/api/$VERSION.graphql"
  cp "$FOLDER/exceptions" "$EXCEPTIONS"
  cp "$FOLDER/changelog" "$CHANGELOG"
  ;;
esac
