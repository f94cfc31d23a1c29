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
# seconds to watch them after the switch (30). A node is ready when /readyz answers 200 three times, a second apart. BLUE_GREEN_SCHEME is https for nodes with
# --tls-certificate (http); their certificates are not verified, as they name the public address. With BLUE_GREEN_URL, nginx' own address
# (http://127.0.0.1:8080), /readyz is asked for through nginx as well after the switch; without it only nginx' word says that it passes requests to the set.
set -euo pipefail
ME=blue-green
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DIR="${BLUE_GREEN_DIR:-/etc/nginx/entrepot}"
WAIT="${BLUE_GREEN_WAIT:-60}" WATCH="${BLUE_GREEN_WATCH:-30}"
SCHEME="${BLUE_GREEN_SCHEME:-http}" URL="${BLUE_GREEN_URL:-}"
read -ra NGINX <<<"${BLUE_GREEN_NGINX:-nginx}"

# What the link names, without its ending; nothing when there is none.
active() { basename "$(readlink "$DIR/active.conf" 2>/dev/null || true)" .conf; }
sets() { find "$DIR" -maxdepth 1 -type f -name '*.conf' -printf '%f\n' | sed 's/\.conf$//' | sort; }
nodes() { sed -nE 's/^[[:space:]]*server[[:space:]]+([^[:space:];]+).*/\1/p' "$DIR/$1.conf"; }
probe() { curl --fail --silent --insecure --output /dev/null --max-time 5 "$1/readyz"; }
ready() { probe "$SCHEME://$1"; }

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

# The same of the set that is switched to, and nginx where it does not answer for it.
unserved() { # set
  unready "$1"
  [ -z "$URL" ] || probe "$URL" || echo "$URL"
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
  ln -sfn "$1.conf" "$DIR/active.conf.new" && mv -T "$DIR/active.conf.new" "$DIR/active.conf"
}

# False when nginx does not take what it would serve with; then the link is as before.
pass_to() { # set
  local before said
  before=$(active)
  # Called behind `||`, where a failure ends nothing by itself.
  point_to "$1" || {
    say "the link in $DIR was not changed"
    return 1
  }
  if ! said=$("${NGINX[@]}" -t 2>&1) || ! said=$("${NGINX[@]}" -s reload 2>&1); then
    if [ -n "$before" ]; then point_to "$before"; else rm "$DIR/active.conf"; fi
    say "nginx: $said"
    return 1
  fi
}

# Back to the set of before, and always an end.
switch_back() { # set of before, what is not ready, what `rollback` went to until now
  local lost="not ready any more: ${2//$'\n'/ }"
  [ -n "$1" ] || die "$lost. There is no set to go back to"
  pass_to "$1" || die "$lost. nginx does not take $1 again: look at it now"
  if [ -n "$3" ]; then echo "$3" >"$DIR/previous"; else rm -f "$DIR/previous"; fi
  die "$lost. nginx was reloaded with $1 again"
}

switch() { # set
  local before former until missing
  before=$(active)
  former=$(cat "$DIR/previous" 2>/dev/null || true)
  if [ "$before" = "$1" ]; then
    say "nginx passes requests to $1 already"
    return
  fi
  wait_for_set "$1"
  pass_to "$1" || die "nginx refuses $1. Nothing was switched"
  # Before the watch: who ends it by hand has a set to roll back to.
  [ -z "$before" ] || echo "$before" >"$DIR/previous"
  say "nginx was reloaded with $1${before:+ in place of $before}; watching for $WATCH s"
  until=$((SECONDS + WATCH))
  while [ "$SECONDS" -lt "$until" ]; do
    missing=$(unserved "$1")
    # Once may be a probe that was lost.
    if [ -n "$missing" ]; then
      sleep 1
      missing=$(unserved "$1")
    fi
    [ -z "$missing" ] || switch_back "$before" "$missing" "$former"
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
