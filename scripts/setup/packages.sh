# SPDX-License-Identifier: Apache-2.0
# Sourced after platform.sh. Debian packages: which are needed for what, and the installation of the missing ones.

# What builds bpf/ and native/ and runs the agent.
build_packages='clang-19 llvm-19 bpftool libbpf-dev libelf-dev zlib1g-dev pkg-config g++ cmake make'

# What the checks of the sources add.
check_packages='clang-format-19'

# What the tests add for the guests: QEMU, virtiofsd, an initramfs with busybox, kernel modules.
guest_packages() {
	printf '%s' 'qemu-system-x86 busybox-static cpio kmod xz-utils'
	# Debian 12 ships virtiofsd inside qemu-system-common.
	[ "$debian_release" = 12 ] || printf ' virtiofsd'
}

# missing_packages NAME…: those that are not installed, one line, empty when all are there.
missing_packages() {
	installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" 2>/dev/null || :) "
	missing=
	for package in "$@"; do
		case $installed in
		*" $package=installed "*) ;;
		*) missing="$missing $package" ;;
		esac
	done
	printf '%s' "${missing# }"
}

# True when apt's lists offer every package.
are_offered() {
	for package in "$@"; do
		apt-cache policy "$package" 2>/dev/null | grep -q '^  Candidate: [^(]' || return 1
	done
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

# ensure_packages WHAT NAME…: installs what is missing; WHAT ends the sentence "needed to …".
ensure_packages() {
	purpose=$1
	shift
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || fail "Debian packages needed to $purpose are missing: $missing" \
		"Run as root: apt-get install --no-install-recommends $missing"
	step "installing Debian packages needed to $purpose: $missing"
	# The lists are fetched only when they lack a package or name a version that the mirror no longer has.
	# shellcheck disable=SC2086 # a list of names
	if ! { are_offered $missing && apt_install $missing; }; then
		step 'refreshing the package lists (apt-get update)'
		apt-get update -q >&2 || fail 'The package lists could not be refreshed' \
			'Look at the lines above: the network or /etc/apt/sources.list needs a repair.'
		apt_install $missing || fail "Debian packages could not be installed: $missing" \
			"Look at the lines above, repair what apt-get names, then run: apt-get install $missing"
	fi
}
