#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest's process 1 after init.sh: runs /run/guest/command with its streams on the virtio ports of the host, then
# writes the end mark and the exit status behind the last byte of each. The host stops the guest when it has read both.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. /run/guest/settings
cd /run/guest || exit

# find_port NAME: the device of a port; it appears a moment after its driver.
find_port() {
	while :; do
		for entry in /sys/class/virtio-ports/*; do
			if [ "$(cat "$entry/name" 2>/dev/null)" = "$1" ] && [ -c "/dev/${entry##*/}" ]; then
				echo "/dev/${entry##*/}"
				return
			fi
		done
		sleep 0.05
	done
}

# A port can be open only once, so the command gets pipes: what it starts may then reopen /dev/stdout and /dev/stderr.
mkfifo stdin stdout stderr
cat <stdout >"$(find_port stdout)" &
cat <stderr >"$(find_port stderr)" &
cat <"$(find_port stdin)" >stdin &
exec 3>stdout 4>stderr
# A session of its own: process 1 belongs to none, and a signal to its group would reach more than the command.
setsid --wait sh ./command <stdin >&3 2>&4 3>&- 4>&-
status=$?
printf '\036%s %d\n' "$mark" "$status" >&3
printf '\036%s %d\n' "$mark" "$status" >&4
# Process 1 must not end. A host that does not stop the guest is gone.
sleep 60
echo o >/proc/sysrq-trigger
sleep 60
