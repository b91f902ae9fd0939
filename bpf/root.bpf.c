// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * The root of a hook: attached once and never changed. It reads which generation of the policies is in force and goes on
 * in that generation's instance (hook.bpf.c), so a change of policies is one store for all hooks, each hit is decided by
 * one generation, and no kernel text is patched.
 *
 * Failure side: without an instance (a hook that the generation does not use, or none loaded yet) the hit passes.
 *
 *   root_fentry, root_fexit, root_lsm, root_fmod_ret, root_kprobe, root_tracepoint, root_raw   one hook each
 *   root_kprobe also serves the return of a function (kretprobe)
 *   root_uprobe    a place in a file that runs in user space, or the return of a function there
 *   root_kprobe_multi   many functions, which share an instance
 *   root_entry     before either return: keeps the arguments
 *   root_syscall   sys_enter or sys_exit: an instance per system call
 *   root_syscalls  the same for many system calls that share one
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "hook_config.h"
#include "lib/kernel_types.h"
#include "lib/syscall.h"
#include "lib/call_entry.h"

char LICENSE[] SEC("license") = "GPL";

/* The generation in force; shared by all roots. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} generations SEC(".maps");

/* Instances: the first half for even generations, the second for odd ones. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2 * HOOK_GROUPS_MAX);
	__uint(key_size, 4);
	__uint(value_size, 4);
} instances SEC(".maps");

/* Half of the entries of `instances`. */
const volatile __u32 instances_half = HOOK_GROUPS_MAX;

static __always_inline __u32 root_index(void)
{
	__u32 zero = 0;
	__u64 *generation = bpf_map_lookup_elem(&generations, &zero);

	return generation && *generation & 1 ? instances_half : 0;
}

#define ROOT(name, section)                                                                                            \
	SEC(section)                                                                                                   \
	int name(void *context)                                                                                        \
	{                                                                                                              \
		bpf_tail_call(context, &instances, root_index());                                                      \
		return 0;                                                                                              \
	}

ROOT(root_fentry, "fentry")
ROOT(root_fexit, "fexit")
ROOT(root_lsm, "lsm")
ROOT(root_fmod_ret, "fmod_ret")
ROOT(root_kprobe, "kprobe")
ROOT(root_kprobe_multi, "kprobe.multi")
ROOT(root_tracepoint, "tracepoint")
ROOT(root_raw, "raw_tracepoint")
ROOT(root_uprobe, "uprobe")

SEC("uprobe")
int root_entry(void *context)
{
	struct call_entry entry;
	struct call_key call;

	call_key_at(&call, context, 0);
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = context;

	entry.raw[0] = BPF_CORE_READ(regs, di);
	entry.raw[1] = BPF_CORE_READ(regs, si);
	entry.raw[2] = BPF_CORE_READ(regs, dx);
	entry.raw[3] = BPF_CORE_READ(regs, cx);
	entry.raw[4] = BPF_CORE_READ(regs, r8);
	entry.raw[5] = BPF_CORE_READ(regs, r9);
#else
	struct pt_regs___arm64 *regs = context;

	for (int i = 0; i < 6; i++)
		entry.raw[i] = BPF_CORE_READ(regs, regs[i]);
#endif
	bpf_map_update_elem(&call_entries, &call, &entry, BPF_ANY);
	return 0;
}

/* sys_enter(regs, id) and sys_exit(regs, ret) */
SEC("raw_tracepoint")
int root_syscall(struct bpf_raw_tracepoint_args *context)
{
	__u32 place = syscall_place((void *)context->args[0]);

	if (place < HOOK_SYSCALL_PLACES)
		bpf_tail_call(context, &instances, root_index() + place);
	return 0;
}

/* Bit n for place n: the calls of root_syscalls. Set before load. */
const volatile __u64 syscalls_wanted[HOOK_SYSCALL_PLACES / 64] = {};

SEC("raw_tracepoint")
int root_syscalls(struct bpf_raw_tracepoint_args *context)
{
	__u32 place = syscall_place((void *)context->args[0]);
	__u64 word = place / 64;

	/* The 6.1 verifier forgets the bound. */
	asm volatile("%0 &= %1" : "+r"(word) : "i"(HOOK_SYSCALL_PLACES / 64 - 1));
	if (place < HOOK_SYSCALL_PLACES && syscalls_wanted[word] >> place % 64 & 1)
		bpf_tail_call(context, &instances, root_index());
	return 0;
}
