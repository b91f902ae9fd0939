#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows that a clean clone of HEAD sets itself up and builds on a fresh Debian:
#   sh scripts/check-distribution.sh 12|13 [COMMAND…]
# Debootstraps that release with npm and nothing else (kept in build/distribution/ for the next time), clones the
# repository into a copy, and runs there in a chroot, as root and on this machine's kernel: npm run build, a second one
# that must have nothing to do, merlon version and merlon doctor; or COMMAND in place of these. Mounts live in a mount
# namespace of their own, so they end with the script, however it ends.
#
# Optional variables:
#   CHROOT_FILES   paths of this machine to copy to the same place inside, where its network needs more than Debian's
#                  defaults: a certificate bundle, ~/.npmrc, a file of /etc/apt/apt.conf.d
#   CHROOT_ENV     names of variables to pass, such as https_proxy or NODE_EXTRA_CA_CERTS
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh
. scripts/setup/platform.sh
. scripts/setup/packages.sh

case ${1:-} in
12) codename=bookworm ;;
13) codename=trixie ;;
*) fail "Unknown Debian release \"${1:-}\"" 'Use "12" or "13".' ;;
esac
release=$1
shift

require_debian
require_root 'create a chroot' "sh scripts/check-distribution.sh $release"
if [ "${IN_OWN_NAMESPACE:-}" != yes ]; then
	work=$(mktemp -d "${TMPDIR:-/tmp}/merlon-debian-XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
	trap 'exit 130' INT TERM HUP
	IN_OWN_NAMESPACE=yes work=$work unshare --mount --propagation private sh "$0" "$release" "$@"
	exit
fi

ensure_packages 'check a distribution' debootstrap git
host=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")

# archive SUITE: where this machine gets that suite of its own release; the same place has the other release.
archive() {
	apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
		awk -v suite="$1" '$2 == suite { print $1; exit }'
}

base=build/distribution/$codename
if [ ! -e "$base" ]; then
	mirror=$(archive "$host")
	security=$(archive "$host-security")
	[ -n "$mirror" ] && [ -n "$security" ] || fail "This machine has no package lists of Debian \"$host\" and its security archive" \
		'Run apt-get update with both among the sources.'
	step "making a base of Debian $release"
	mkdir -p build/distribution
	rm -rf --one-file-system "$base.new"
	debootstrap --variant=minbase --include=ca-certificates "$codename" "$base.new" "$mirror" >&2
	printf 'deb %s %s main\n' "$mirror" "$codename" "$mirror" "$codename-updates" "$security" "$codename-security" \
		>"$base.new/etc/apt/sources.list"
	for path in ${CHROOT_FILES:-}; do
		case $path in /etc/apt/*) cp --parents -aL "$path" "$base.new" ;; esac
	done
	chroot "$base.new" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends npm' >&2
	mv "$base.new" "$base"
fi

step "copying it, and a clean clone of $(git rev-parse --short HEAD)"
cp -a --reflink=auto "$base" "$work/root"
root=$work/root
for path in ${CHROOT_FILES:-}; do
	cp --parents -aL "$path" "$root"
done
git clone -q --no-hardlinks "$PWD" "$root/root/merlon"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"

# inside COMMAND…: from the clone, with nothing of this environment but what CHROOT_ENV names.
inside() {
	for name in ${CHROOT_ENV:-}; do
		eval "set -- \"\$name=\${$name:-}\" \"\$@\""
	done
	chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# timed COMMAND…: prints what it runs, how it ended and the seconds; ends the script on failure.
timed() {
	step "Debian $release: $*"
	started=$(date +%s)
	inside sh -c 'cd /root/merlon && exec "$@"' sh "$@" || fail "Debian $release: \"$*\" failed with status $?" \
		'Look at the lines above.'
	step "Debian $release: ok after $(($(date +%s) - started)) s: $*"
}

if [ $# -gt 0 ]; then
	timed "$@"
	exit
fi
timed npm run build
timed npm run build
timed bin/merlon version
timed bin/merlon doctor
