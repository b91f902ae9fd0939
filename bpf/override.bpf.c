// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Has a function of the kernel return an error in place of running, where a hook's program (hook.bpf.c, HOOK_OVERRIDES) has so
 * decided for this hit. A program that can do so cannot stand in an array of programs, so it is attached beside the root of the
 * hook, before it: of the kprobes of a function the one that was attached last runs first.
 *
 *   override_return   a function that errors can be injected into
 *
 * Failure side: without a decision the function runs.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct pt_regs;

/* What the hook's program has decided for a thread; of this function only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, __u32);   /* thread */
	__type(value, __s32); /* what is returned */
} overrides SEC(".maps");

SEC("kprobe")
int override_return(struct pt_regs *context)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__s32 *decided = bpf_map_lookup_elem(&overrides, &thread);
	__s64 error;

	if (!decided)
		return 0;
	error = *decided;
	bpf_map_delete_elem(&overrides, &thread);
	bpf_override_return(context, error);
	return 0;
}
