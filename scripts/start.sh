#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm start: sets up and builds what is missing, then runs the agent on this kernel. Arguments go to "merlon run".
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh
. scripts/setup/platform.sh
. scripts/setup/dependencies.sh

for argument in "$@"; do
	case $argument in
	--help | -h)
		ensure_dependencies
		exec bin/merlon run "$@"
		;;
	esac
done
detect_arch
require_debian
require_root 'load eBPF programs or install packages' 'npm start'
require_btf
sh scripts/build.sh
exec bin/merlon run "$@"
