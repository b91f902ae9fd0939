#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds bpf/ and native/ when something they are made from is newer than the last build. --force builds always.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh

sh scripts/setup.sh build
stamp=build/stamps/build

# A directory is newer than the stamp when an entry was added, renamed or removed.
is_built() {
	[ -e "$stamp" ] && [ -e build/bpf ] && [ -e native/build/Release/merlon.node ] || return 1
	inputs=$(ls -d bpf bench/*.bpf.c test/bpf native/src native/CMakeLists.txt native/package.json \
		scripts/build-*.sh scripts/gen-*.ts build/stamps/package-lock.json 2>/dev/null || :)
	# shellcheck disable=SC2086 # a list of paths without spaces
	[ -z "$(find $inputs -newer "$stamp" -print -quit)" ]
}

if [ "${1:-}" != --force ] && is_built; then
	exit 0
fi
exec 9>build/stamps/build.lock
flock 9
if [ "${1:-}" != --force ] && is_built; then
	exit 0
fi
# Taken before the compilers read anything: a change during the build counts for the next one.
touch "$stamp.next"
for part in bpf native; do
	[ -e "scripts/build-$part.sh" ] || continue
	step "building $part/"
	# Without the lock's descriptor, which a daemon of a compiler cache would keep.
	sh "scripts/build-$part.sh" 9>&- || fail "$part/ does not build" 'Look at the lines above: the compiler names the reason.'
done
mv "$stamp.next" "$stamp"
