#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds native/build/Release/merlon.node where it is older than its sources, its build files or the locked packages.
# Prints one line; on failure the whole output of the build.
set -eu
cd "$(dirname "$0")/.."

addon=native/build/Release/merlon.node
log=native/build/build.log
inputs="native/src native/CMakeLists.txt native/package.json package-lock.json"

if [ -f "$addon" ] && [ -z "$(find $inputs -newer "$addon" -print -quit)" ]; then
	echo "native addon: up to date"
	exit 0
fi

case $(uname -m) in
x86_64) arch=x64 ;;
aarch64) arch=arm64 ;;
*)
	echo "native addon: this machine's architecture, $(uname -m), is not supported: use x86_64 or aarch64" >&2
	exit 1
	;;
esac

mkdir -p native/build
if ! "node_modules/node-linux-$arch/bin/node" node_modules/cmake-js/bin/cmake-js build \
	--directory native --out native/build --parallel "$(nproc)" >"$log" 2>&1; then
	cat "$log" >&2
	echo "native addon: the build failed; it needs the Debian packages cmake, g++, make and libbpf-dev" >&2
	exit 1
fi
touch "$addon"
echo "native addon: built $addon"
