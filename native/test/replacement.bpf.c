// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Takes the place of replaceable() in probes.bpf.c. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("freplace")
int replacement(int value)
{
	return 1234;
}
