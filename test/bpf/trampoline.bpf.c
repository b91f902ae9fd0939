// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * The smallest program that needs a BPF trampoline (fentry, fexit, fmod_ret, LSM). Whether a kernel lets one attach
 * shows only when it is tried: a locked-down hypervisor refuses it with EPERM although every option is set.
 * bpf_fentry_test1 (net/bpf/test_run.c) runs only in the kernel's own tests, so nothing is slowed.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

SEC("fentry/bpf_fentry_test1")
int trampoline(void *ctx)
{
	return 0;
}
