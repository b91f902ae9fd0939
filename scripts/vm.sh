#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm run vm: runs a command on a guest kernel; "npm run vm -- --help" says how.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh test
exec sh scripts/run.sh scripts/vm/main.ts "$@"
