#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes test/fixtures/btf/kernel.btf, the types of the tests' own kernel, from the C file beside it.
set -eu
cd "$(dirname "$0")/../test/fixtures/btf"
object=$(mktemp)
trap 'rm -f "$object"' EXIT
clang-19 -target bpf -mcpu=v3 -g -O2 -fno-ident -fdebug-prefix-map="$PWD"=. -c kernel.bpf.c -o "$object"
llvm-objcopy-19 --dump-section .BTF=kernel.btf "$object" /dev/null
