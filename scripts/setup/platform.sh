# SPDX-License-Identifier: Apache-2.0
# Sourced after report.sh. What this machine is; each check ends the script with its remedy.

# Sets node_arch, as npm's packages name it.
detect_arch() {
	machine=$(uname -m)
	case $machine in
	x86_64) node_arch=x64 ;;
	aarch64) node_arch=arm64 ;;
	*) fail "This machine is \"$machine\": Merlon runs on x86_64 and aarch64" 'Use a machine of one of these.' ;;
	esac
}

# Sets debian_release to 12 or 13.
require_debian() {
	os_id=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-}") || os_id=
	debian_release=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_ID:-}") || debian_release=
	os_name=$(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-}") || os_name=
	case $os_id:$debian_release in
	debian:12 | debian:13) ;;
	*)
		fail "This system is \"${os_name:-unknown}\": set-up knows Debian 12 and Debian 13" \
			'Start from a Debian 12 or 13 machine, virtual machine or privileged container.'
		;;
	esac
}

require_root() {
	[ "$(id -u)" = 0 ] || fail "User $(id -un) (uid $(id -u)) may not $1" "Run it as root, for example: sudo $2"
}

require_btf() {
	[ -r /sys/kernel/btf/vmlinux ] || fail "Kernel $(uname -r) has no type information: /sys/kernel/btf/vmlinux is missing" \
		'Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y (every Debian 12 and 13 kernel is), with /sys mounted.'
}
