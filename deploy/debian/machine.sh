#!/usr/bin/env bash
# Makes a Debian 12 machine with nothing on it but an SSH server, boots it with qemu, and follows docs/one-machine.md there by try.sh.
#
#   deploy/debian/machine.sh make FOLDER            the disk, a key for ssh: some minutes, 2 GB; from the mirror in ENTREPOT_MIRROR, or Debian's
#   deploy/debian/machine.sh try FOLDER PACKAGE     boots a copy of the disk, runs try.sh there and stops it; ends with the status of try.sh
#   deploy/debian/machine.sh boot FOLDER            boots a copy of the disk, 2 GiB and one CPU; it runs until `stop`
#   deploy/debian/machine.sh run FOLDER COMMAND...  runs a command there as root
#   deploy/debian/machine.sh copy FOLDER FILE...    copies files into root's home there
#   deploy/debian/machine.sh stop FOLDER            switches it off
#
# Needed: root, debootstrap, qemu-system-x86, e2fsprogs, openssh-client (Debian's names). It runs on KVM where that works, else emulated: a minute to boot
# instead of seconds. ENTREPOT_ACCELERATION=tcg emulates in any case. FOLDER/console.log has what the machine prints.
set -euo pipefail
ME=machine
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
if [ $# -lt 2 ]; then usage >&2 && exit 2; fi
is_root || die "run it as root"
COMMAND=$1
FOLDER=$(realpath "$2")
shift 2
# Before minutes of work, and not in the middle of them.
need() { for each in "$@"; do command -v "$each" >/dev/null || die "needs $each (Debian: debootstrap, qemu-system-x86, e2fsprogs, openssh-client)"; done; }

make_machine() {
  local root="$FOLDER/root"
  need debootstrap mkfs.ext4 ssh-keygen
  [ ! -e "$root" ] || die "$root exists: remove it first"
  mkdir -p "$FOLDER"
  debootstrap --include=linux-image-cloud-amd64,openssh-server bookworm "$root" ${ENTREPOT_MIRROR:+"$ENTREPOT_MIRROR"} >"$FOLDER/debootstrap.log" ||
    die "debootstrap fails, see $FOLDER/debootstrap.log"
  echo entrepot-machine >"$root/etc/hostname"
  echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
  printf 'auto lo\niface lo inet loopback\nauto ens3\niface ens3 inet dhcp\n' >"$root/etc/network/interfaces"
  rm -f "$FOLDER/key" "$FOLDER/key.pub" "$root/etc/resolv.conf"
  ssh-keygen -q -t ed25519 -N '' -C entrepot-machine -f "$FOLDER/key"
  install -D --mode=600 "$FOLDER/key.pub" "$root/root/.ssh/authorized_keys"
  cp --dereference "$root/vmlinuz" "$root/initrd.img" "$FOLDER"
  rm -f "$FOLDER/disk.raw" "$root"/var/cache/apt/archives/*.deb
  mkfs.ext4 -q -d "$root" "$FOLDER/disk.raw" 4G
  rm -rf "${root:?}"
  say "made $FOLDER/disk.raw"
}

on_machine() {
  ssh -q -i "$FOLDER/key" -p "$(cat "$FOLDER/port")" -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    root@127.0.0.1 "$@"
}

runs() { [ -e "$FOLDER/pid" ] && kill -0 "$(cat "$FOLDER/pid")" 2>/dev/null; }

boot() {
  need qemu-system-x86_64 ssh
  if runs; then die "it runs already"; fi
  [ -e "$FOLDER/disk.raw" ] || die "there is no disk in $FOLDER: make it first"
  cp --sparse=always "$FOLDER/disk.raw" "$FOLDER/run.raw"
  free_port >"$FOLDER/port"
  # The second one is taken where the first cannot be begun.
  local acceleration=(-accel kvm -accel tcg)
  [ -z "${ENTREPOT_ACCELERATION:-}" ] || acceleration=(-accel "$ENTREPOT_ACCELERATION")
  nice -n 19 qemu-system-x86_64 "${acceleration[@]}" -cpu max -smp 1 -m 2048 -display none -daemonize -pidfile "$FOLDER/pid" -serial "file:$FOLDER/console.log" \
    -kernel "$FOLDER/vmlinuz" -initrd "$FOLDER/initrd.img" -append 'root=/dev/vda rw console=ttyS0 net.ifnames=1' \
    -drive "file=$FOLDER/run.raw,format=raw,if=virtio" \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$(cat "$FOLDER/port")-:22" -device virtio-net-pci,netdev=net,addr=3,romfile=
  # A machine that boots takes connections and says nothing: each try may take seconds.
  local until=$((SECONDS + 300))
  until on_machine true 2>/dev/null; do
    runs || die "it has ended, see $FOLDER/console.log"
    [ "$SECONDS" -lt "$until" ] || die "no answer by ssh within 300 s, see $FOLDER/console.log"
    sleep 1
  done
}

stop() {
  runs || return 0
  on_machine systemctl poweroff || true
  wait_for 90 bash -c "! kill -0 $(cat "$FOLDER/pid")" || end_process "$(cat "$FOLDER/pid")"
  rm -f "$FOLDER/pid"
}

copy() { tar --create --directory / "${@/#\//}" | on_machine tar --extract --no-same-owner --transform 's,.*/,,'; }

follow_page() {
  local package
  [ -r "${1:-}" ] || die "there is no package ${1:-}: deploy/debian/build.sh makes one"
  package=$(realpath "$1")
  trap stop EXIT
  boot
  copy "$package"
  on_machine 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends curl python3' >/dev/null
  tar --create --directory "$ROOT" deploy/debian/try.sh scripts/lib.sh bench/load.py | on_machine tar --extract
  on_machine ENTREPOT_TRY=throwaway deploy/debian/try.sh "$(basename "$package")"
}

case "$COMMAND" in
make) make_machine ;;
boot) boot && say "it runs: $0 run $FOLDER COMMAND" ;;
run) on_machine "$@" ;;
copy) for each in "$@"; do copy "$(realpath "$each")"; done ;;
stop) stop ;;
try) follow_page "$1" ;;
*) usage >&2 && exit 2 ;;
esac
