#!/usr/bin/env bash
# Builds Entrepot (profile demo: optimised a little) and runs its demo: a retailer with a year of trade in one SQLite file, then the server.
#
#   scripts/demo.sh [ARGS]    ARGS go to `entrepot demo`, e.g. --data FILE; `entrepot demo --help` lists them
#
# A second start keeps the data and is up at once. The first build takes about 12 minutes on two cores and up to 6 GiB of memory.
set -euo pipefail
ME=demo
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in -h | --help)
  usage
  exit 0
  ;;
esac
need_toolchain
BIN="$(target_dir)/demo/entrepot"
[ -x "$BIN" ] || say "building: about 12 minutes on two cores the first time and up to 6 GiB of memory, seconds afterwards"
cargo build --profile demo --locked --manifest-path "$ROOT/Cargo.toml" --bin entrepot
exec "$BIN" demo "$@"
