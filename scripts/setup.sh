#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Brings this machine to the state that a command needs; does nothing, in a few milliseconds, when it is there.
#   sh scripts/setup.sh build   Debian packages and npm packages to build and run
#   sh scripts/setup.sh check   and to check the sources
#   sh scripts/setup.sh test    and to run guests
set -eu
cd "$(dirname "$0")/.."
. scripts/setup/report.sh
. scripts/setup/platform.sh
. scripts/setup/packages.sh
. scripts/setup/dependencies.sh

detect_arch
require_debian
# shellcheck disable=SC2086 # lists of names
case ${1:-} in
build) ensure_packages 'build and run' $build_packages ;;
check) ensure_packages 'build, run and check' $build_packages $check_packages ;;
test) ensure_packages 'build, run and test' $build_packages $check_packages $(guest_packages) ;;
*) fail "Unknown set-up \"${1:-}\"" 'Use "build", "check" or "test".' ;;
esac
ensure_dependencies
