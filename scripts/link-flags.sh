#!/usr/bin/env bash
# Prints the flags of rustc for what is distributed, on one line: functions with the same code are kept once, if the linker can do that.
#
#   RUSTFLAGS="$(scripts/link-flags.sh)" cargo build --profile dist    CARGO_BUILD_TARGET names another target than this machine's
#
# rust-lld and gold can, GNU ld cannot: then the line is empty. It is tried by linking a program of one line. Nothing in Entrepot compares addresses
# of functions, which are no longer different.
set -euo pipefail
ME=link-flags
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case "${1:-}" in '') ;; *) usage >&2 && exit 2 ;; esac

FLAG=-Clink-arg=-Wl,--icf=all
DIR="$(mktemp -d)"
trap 'rm -rf "${DIR:?}"' EXIT
echo 'fn main() {}' >"$DIR/main.rs"
TARGET=()
[ -z "${CARGO_BUILD_TARGET:-}" ] || TARGET=(--target "$CARGO_BUILD_TARGET")
if "${RUSTC:-rustc}" --edition 2024 "${TARGET[@]}" "$FLAG" -o "$DIR/main" "$DIR/main.rs" >/dev/null 2>&1; then
  echo "$FLAG"
else
  say "the linker does not fold functions: no flag"
  echo
fi
