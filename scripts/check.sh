#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm run check: the fast loop on a tree that is built; "npm run check -- --fix" formats it.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh check
sh scripts/build.sh
exec sh scripts/run.sh scripts/check.ts "$@"
