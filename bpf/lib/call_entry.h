/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What a function was called with, kept until it returns: by then its registers hold other things. A call is known by its
 * thread and the stack pointer at its entry, so calls may be nested, and interrupted ones of the kernel too, each of which
 * has a stack of its own. What a longjmp leaves behind, or a return that the kernel has missed, is overwritten or, being the
 * oldest, makes room for others.
 */
#ifndef MERLON_CALL_ENTRY_H
#define MERLON_CALL_ENTRY_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "kernel_types.h"

struct call_key {
	__u64 thread;
	__u64 stack_pointer;
};

struct call_entry {
	__u64 raw[6];
};

/* One for each function; its root makes it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct call_key);
	__type(value, struct call_entry);
} call_entries SEC(".maps");

#ifdef __TARGET_ARCH_x86
/* The return address, which the call has pushed and the return has popped. */
#define RETURN_ADDRESS_BYTES 8
#else
#define RETURN_ADDRESS_BYTES 0
#endif

static __always_inline void call_key_at(struct call_key *call, void *registers, __u64 popped)
{
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = registers;
#else
	struct pt_regs___arm64 *regs = registers;
#endif

	call->thread = bpf_get_current_pid_tgid();
	call->stack_pointer = BPF_CORE_READ(regs, sp) - popped;
}

static __always_inline __u64 call_returned(void *registers)
{
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = registers;

	return BPF_CORE_READ(regs, ax);
#else
	struct pt_regs___arm64 *regs = registers;

	return BPF_CORE_READ(regs, regs[0]);
#endif
}

#endif
