/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Gathers a hook's arguments from the context of each kind of program into scratch->raw, and what was returned. False when
 * the hit cannot be looked at; it has then been counted.
 */
#ifndef MERLON_HOOK_ARGUMENTS_H
#define MERLON_HOOK_ARGUMENTS_H

#include "emit.h"
#include "scratch.h"
#include "syscall.h"
#include "call_entry.h"

extern const volatile struct hook_config config;

/* The arguments of a function or syscall by the registers at its entry. */
static __always_inline void arguments_from_registers(struct hook_scratch *scratch, void *registers, bool is_syscall)
{
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = registers;

	scratch->raw[0] = BPF_CORE_READ(regs, di);
	scratch->raw[1] = BPF_CORE_READ(regs, si);
	scratch->raw[2] = BPF_CORE_READ(regs, dx);
	scratch->raw[3] = is_syscall ? BPF_CORE_READ(regs, r10) : BPF_CORE_READ(regs, cx);
	scratch->raw[4] = BPF_CORE_READ(regs, r8);
	scratch->raw[5] = BPF_CORE_READ(regs, r9);
#else
	struct pt_regs___arm64 *regs = registers;

	for (int i = 0; i < 6; i++)
		scratch->raw[i] = BPF_CORE_READ(regs, regs[i]);
	if (is_syscall)
		scratch->raw[0] = BPF_CORE_READ(regs, orig_x0);
#endif
}

/* The arguments of a system call of a 32-bit program: 32 bits each. */
static __always_inline void arguments_of_compat(struct hook_scratch *scratch, void *registers)
{
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = registers;

	scratch->raw[0] = (__u32)BPF_CORE_READ(regs, bx);
	scratch->raw[1] = (__u32)BPF_CORE_READ(regs, cx);
	scratch->raw[2] = (__u32)BPF_CORE_READ(regs, dx);
	scratch->raw[3] = (__u32)BPF_CORE_READ(regs, si);
	scratch->raw[4] = (__u32)BPF_CORE_READ(regs, di);
	scratch->raw[5] = (__u32)BPF_CORE_READ(regs, bp);
#else
	arguments_from_registers(scratch, registers, true);
	for (int i = 0; i < 6; i++)
		scratch->raw[i] = (__u32)scratch->raw[i];
#endif
}

/* A function entered by its trampoline. */
static __always_inline void arguments_from_trampoline(struct hook_scratch *scratch, void *context)
{
	for (__u32 i = 0; i < 6; i++) {
		if (i >= config.arguments)
			break;
		bpf_get_func_arg(context, i, &scratch->raw[i]);
	}
	if (config.flags & HOOK_SYSCALL_REGS)
		arguments_from_registers(scratch, (void *)scratch->raw[0], true);
}

static __always_inline bool gather_entry(struct hook_scratch *scratch, void *context)
{
	arguments_from_trampoline(scratch, context);
	return true;
}

static __always_inline bool gather_exit(struct hook_scratch *scratch, void *context)
{
	arguments_from_trampoline(scratch, context);
	bpf_get_func_ret(context, &scratch->returned);
	return true;
}

static __always_inline bool gather_kprobe(struct hook_scratch *scratch, void *context)
{
	arguments_from_registers(scratch, context, false);
	if (config.flags & HOOK_SYSCALL_REGS)
		arguments_from_registers(scratch, (void *)scratch->raw[0], true);
	return true;
}

/* Its places are the cookies. */
static __always_inline bool gather_kprobe_multi(struct hook_scratch *scratch, void *context)
{
	scratch->place = bpf_get_attach_cookie(context);
	return gather_kprobe(scratch, context);
}

static __always_inline bool gather_registers(struct hook_scratch *scratch, void *context)
{
	arguments_from_registers(scratch, context, false);
	return true;
}

/* After a function of user space or, by kretprobe, of the kernel. The arguments are those that root_entry kept. */
static __always_inline bool gather_return(struct hook_scratch *scratch, void *context)
{
	struct call_entry *entry;
	struct call_key call;

	call_key_at(&call, context, RETURN_ADDRESS_BYTES);
	entry = bpf_map_lookup_elem(&call_entries, &call);
	if (!entry) {
		/* More calls were open at once than the map holds. */
		event_lose(LANE_TELEMETRY);
		return false;
	}
	for (int i = 0; i < 6; i++)
		scratch->raw[i] = entry->raw[i];
	scratch->returned = call_returned(context);
	return true;
}

static __always_inline bool gather_raw(struct hook_scratch *scratch, void *context)
{
	struct bpf_raw_tracepoint_args *arguments = context;

	for (__u32 i = 0; i < 6; i++) {
		if (i >= config.arguments)
			break;
		bpf_probe_read_kernel(&scratch->raw[i], sizeof(__u64), &arguments->args[i]);
	}
	if (config.flags & HOOK_SYSCALL_REGS) {
		void *registers = (void *)scratch->raw[0];

		scratch->returned = scratch->raw[1];
		if (config.flags & HOOK_PLACES)
			scratch->place = syscall_place(registers);
		if (syscall_is_compat())
			arguments_of_compat(scratch, registers);
		else
			arguments_from_registers(scratch, registers, true);
	}
	return true;
}

/* A classic tracepoint has no arguments, but a record with fields. */
static __always_inline bool gather_fields(struct hook_scratch *scratch, void *context)
{
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		__u32 size = config.value[i].size;

		if (i >= config.values)
			break;
		if (config.value[i].source != SOURCE_FIELD)
			continue;
		scratch->word[i] = 0;
		if (size && size <= 8)
			bpf_probe_read_kernel(&scratch->word[i], size, context + config.value[i].field);
	}
	return true;
}

#endif
