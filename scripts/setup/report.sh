# SPDX-License-Identifier: Apache-2.0
# Sourced. Messages of the set-up: everything goes to stderr, so that stdout stays the command's own.

# One step that takes time, announced before it starts.
step() {
	printf 'merlon: %s\n' "$1" >&2
}

# What failed, then what to do about it; ends the script.
fail() {
	printf 'merlon: %s\n%s\n' "$1" "$2" >&2
	exit 1
}
