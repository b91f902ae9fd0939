#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer (in native/build/asan) and runs its tests against it.
# Needs what the ordinary build needs, nothing more: g++ brings both run-time libraries.
set -eu
cd "$(dirname "$0")/../.."

case $(uname -m) in
x86_64) arch=x64 ;;
aarch64) arch=arm64 ;;
*)
	echo "Unsupported architecture $(uname -m)" >&2
	exit 1
	;;
esac
node="$PWD/node_modules/node-linux-$arch/bin/node"
log=native/build/asan/build.log

mkdir -p native/build/asan
if ! "$node" node_modules/cmake-js/bin/cmake-js build --directory native --out native/build/asan \
	--parallel "$(nproc)" --CDMERLON_SANITIZE=ON >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi

# Leaks are measured by leak.ts: Node itself leaves memory behind at exit. The preload is for node alone, hence env(1).
exec env MERLON_TEST_ADDON="$PWD/native/build/asan/Release/merlon.node" \
	ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)" \
	"$node" --expose-gc --test --test-timeout=120000 native/test/*.test.ts
