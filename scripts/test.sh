#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm test: sets up what the tests and guests need, builds, runs every test; "npm test -- --help" shows the filters.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh
. scripts/setup/platform.sh

require_root 'load eBPF programs or start guests' 'npm test'
sh scripts/setup.sh test
sh scripts/build.sh
exec sh scripts/run.sh test/run.ts "$@"
