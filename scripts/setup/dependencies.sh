# SPDX-License-Identifier: Apache-2.0
# Sourced after platform.sh, in the repository's root. npm's packages, Node itself among them.

# Sets node to the pinned runtime; runs npm ci when it is not there or package-lock.json changed since the last one.
ensure_dependencies() {
	detect_arch
	node=$PWD/node_modules/node-linux-$node_arch/bin/node
	if [ -x "$node" ] && cmp -s package-lock.json build/stamps/package-lock.json; then
		return 0
	fi
	command -v npm >/dev/null || fail 'npm is not installed' 'Run as root: apt-get install npm'
	mkdir -p build/stamps
	# Two starts at once: the second waits, then finds the work done.
	exec 9>build/stamps/npm.lock
	flock 9
	if ! { [ -x "$node" ] && cmp -s package-lock.json build/stamps/package-lock.json; }; then
		step 'installing npm packages (npm ci)'
		rm -f build/stamps/package-lock.json
		npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error >&2 || fail 'npm ci failed' 'Look at the lines above: npm names the reason.'
		[ -x "$node" ] || fail "npm ci did not install the package node-linux-$node_arch" \
			'Look at the lines above; package-lock.json must name that package.'
		cp package-lock.json build/stamps/package-lock.json
	fi
	exec 9>&-
}
