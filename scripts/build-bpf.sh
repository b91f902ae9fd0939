#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles every bpf/*.bpf.c, and those of the benchmarks and tests, into build/bpf/NAME.bpf.o.
# Does nothing for an object that is newer than its source, the headers and this script.
set -eu
cd "$(dirname "$0")/.."
out=build/bpf
mkdir -p "$out"

clang=${CLANG:-clang-19}
strip=${LLVM_STRIP:-llvm-strip-19}
case $(uname -m) in
x86_64) arch=x86 include=/usr/include/x86_64-linux-gnu ;;
aarch64) arch=arm64 include=/usr/include/aarch64-linux-gnu ;;
*)
	echo "merlon: cannot build eBPF programs for $(uname -m): x86_64 and aarch64 are supported" >&2
	exit 1
	;;
esac

headers=$(ls bpf/*.h bpf/lib/*.h)
for source in bpf/*.bpf.c bench/*.bpf.c test/bpf/*.bpf.c; do
	[ -f "$source" ] || continue
	object=$out/$(basename "$source" .c).o
	stale=
	for input in "$source" scripts/build-bpf.sh $headers; do
		if [ ! -f "$object" ] || [ "$input" -nt "$object" ]; then
			stale=yes
			break
		fi
	done
	[ -n "$stale" ] || continue
	echo "merlon: compiling $source"
	"$clang" -target bpf -mcpu=v3 -D__TARGET_ARCH_$arch -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-missing-field-initializers -Wno-address-of-packed-member -fno-ident -ffile-prefix-map="$PWD=." -I"$include" -Ibpf -c "$source" -o "$object.tmp"
	"$strip" -g "$object.tmp"
	mv "$object.tmp" "$object"
done

# The layouts that TypeScript reads are generated from the BTF; only a changed object is looked at again.
node=node_modules/node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')/bin/node
if [ -x "$node" ] && { [ ! -f src/events/gen/layouts.ts ] || [ "$out/layouts.bpf.o" -nt "$out/layouts.stamp" ] || [ ! -f "$out/layouts.stamp" ]; }; then
	"$node" scripts/gen-layouts.ts
	touch "$out/layouts.stamp"
fi
