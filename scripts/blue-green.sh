#!/usr/bin/env bash
# Switches nginx from one set of nodes to another, when all of the other are ready, and back.
#
#   scripts/blue-green.sh status        which set nginx passes requests to, and which nodes of each are ready
#   scripts/blue-green.sh check SET     ends with 1 when a node of the set is not ready
#   scripts/blue-green.sh switch SET    waits until all of its nodes are ready, switches, and watches them: it switches back when one is not ready any more
#   scripts/blue-green.sh rollback      switches to the set of before, when all of its nodes are ready
#
# A set is a file in BLUE_GREEN_DIR (/etc/nginx/entrepot) with a line for each of its nodes, as in deploy/nginx.conf:
#
#   blue.conf, green.conf               server 10.0.0.11:8080 max_fails=2 fail_timeout=5s;
#   active.conf                         a link to one of them, which this script changes: the upstream has `include /etc/nginx/entrepot/active.conf;`
#                                       in place of its lines
#   previous                            the set of before, for `rollback`
#
# Both sets serve the same database, so it is migrated first, and by nothing BREAKING (docs/OPERATIONS.md, "Upgrading"). Open sockets stay at the set of
# before, with nginx' former workers, until its nodes are stopped: they hand their clients on. This script stops no node.
#
# BLUE_GREEN_NGINX is the command (nginx; with arguments, as in "nginx -c FILE"), BLUE_GREEN_WAIT the seconds to wait for nodes (60), BLUE_GREEN_WATCH the
# seconds to watch them after the switch (30). A node is ready when /readyz answers 200 three times, a second apart.
set -euo pipefail
ME=blue-green
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DIR="${BLUE_GREEN_DIR:-/etc/nginx/entrepot}"
WAIT="${BLUE_GREEN_WAIT:-60}" WATCH="${BLUE_GREEN_WATCH:-30}"
read -ra NGINX <<<"${BLUE_GREEN_NGINX:-nginx}"

# What the link names, without its ending; nothing when there is none.
active() { basename "$(readlink "$DIR/active.conf" 2>/dev/null || true)" .conf; }
sets() { find "$DIR" -maxdepth 1 -type f -name '*.conf' -printf '%f\n' | sed 's/\.conf$//' | sort; }
nodes() { sed -nE 's/^[[:space:]]*server[[:space:]]+([^[:space:];]+).*/\1/p' "$DIR/$1.conf"; }
ready() { curl --fail --silent --output /dev/null --max-time 5 "http://$1/readyz"; }

need_set() { # set
  if ! [[ "${1:-}" =~ ^[a-z0-9-]+$ ]] || [ "$1" = active ] || [ ! -f "$DIR/$1.conf" ]; then
    die "there is no set '${1:-}' in $DIR; there are: $(sets | tr '\n' ' ')"
  fi
  [ -n "$(nodes "$1")" ] || die "$DIR/$1.conf names no server"
}

# The nodes of a set that are not ready, one a line.
unready() { # set
  local node
  nodes "$1" | while read -r node; do ready "$node" || echo "$node"; done
}

status() {
  local set node mark
  for set in $(sets); do
    mark=''
    [ "$set" != "$(active)" ] || mark=', which nginx passes requests to'
    echo "$set$mark"
    for node in $(nodes "$set"); do
      if ready "$node"; then echo "  $node is ready"; else echo "  $node is not ready"; fi
    done
  done
}

wait_for_set() { # set
  local until=$((SECONDS + WAIT)) times=0 missing
  while [ "$times" -lt 3 ]; do
    missing=$(unready "$1")
    if [ -z "$missing" ]; then
      times=$((times + 1))
    else
      times=0
      [ "$SECONDS" -lt "$until" ] || die "not ready within $WAIT s: ${missing//$'\n'/ }. Nothing was switched"
    fi
    [ "$times" = 3 ] || sleep 1
  done
}

# The link in one step: nginx never finds none.
point_to() { # set
  ln -sfn "$1.conf" "$DIR/active.conf.new"
  mv -T "$DIR/active.conf.new" "$DIR/active.conf"
}

# False when nginx does not take what it would serve with; then the link is as before.
pass_to() { # set
  local before said
  before=$(active)
  point_to "$1"
  if ! said=$("${NGINX[@]}" -t 2>&1) || ! said=$("${NGINX[@]}" -s reload 2>&1); then
    if [ -n "$before" ]; then point_to "$before"; else rm "$DIR/active.conf"; fi
    say "nginx: $said"
    return 1
  fi
}

switch() { # set
  local before until missing
  before=$(active)
  if [ "$before" = "$1" ]; then
    say "nginx passes requests to $1 already"
    return
  fi
  wait_for_set "$1"
  pass_to "$1" || die "nginx refuses $1. Nothing was switched"
  [ -z "$before" ] || echo "$before" >"$DIR/previous"
  say "nginx passes requests to $1${before:+, and no more to $before}; watching for $WATCH s"
  until=$((SECONDS + WATCH))
  while [ "$SECONDS" -lt "$until" ]; do
    missing=$(unready "$1")
    # Once may be a probe that was lost.
    if [ -n "$missing" ]; then
      sleep 1
      missing=$(unready "$1")
    fi
    if [ -n "$missing" ]; then
      [ -n "$before" ] || die "not ready any more: ${missing//$'\n'/ }. There is no set to go back to"
      pass_to "$before" || die "not ready any more: ${missing//$'\n'/ }. nginx does not take $before again: look at it now"
      die "not ready any more: ${missing//$'\n'/ }. nginx passes requests to $before again"
    fi
    sleep 1
  done
  say "done${before:+. Stop the nodes of $before when no rollback is wanted: they hand their sockets on}"
}

case "${1:-}" in
status | check | switch | rollback) command -v curl >/dev/null || die "needs curl" ;;&
status) status ;;
check)
  need_set "${2:-}"
  missing=$(unready "$2")
  [ -z "$missing" ] || die "not ready: ${missing//$'\n'/ }"
  say "all of $2 are ready"
  ;;
switch)
  need_set "${2:-}"
  switch "$2"
  ;;
rollback)
  previous=$(cat "$DIR/previous" 2>/dev/null) || die "there is no set of before: $DIR/previous is missing"
  need_set "$previous"
  switch "$previous"
  ;;
-h | --help | help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
