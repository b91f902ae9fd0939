#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh scripts/run.sh FILE [ARGUMENTS]: runs a TypeScript file of the repository, from its root, with the pinned Node.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh
. scripts/setup/platform.sh
. scripts/setup/dependencies.sh
ensure_dependencies
exec "$node" "$@"
