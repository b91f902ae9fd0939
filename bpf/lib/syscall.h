/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Tells system calls apart by the registers of their caller. A 64-bit program can make those of 32-bit programs too (int $0x80
 * on x86_64), whose numbers mean other calls.
 */
#ifndef MERLON_SYSCALL_H
#define MERLON_SYSCALL_H

#include "../hook_config.h"
#include "kernel_types.h"

/* arch/x86/include/asm/thread_info.h, arch/arm64/include/asm/thread_info.h */
#define TS_COMPAT 0x0002
#define TIF_32BIT 22

/* Whether the current system call is one of 32-bit programs. */
static __always_inline bool syscall_is_compat(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

#ifdef __TARGET_ARCH_x86
	return task->thread_info.status & TS_COMPAT;
#else
	return task->thread_info.flags & 1ul << TIF_32BIT;
#endif
}

static __always_inline __u64 syscall_number(void *registers)
{
#ifdef __TARGET_ARCH_x86
	struct pt_regs___x86 *regs = registers;

	return BPF_CORE_READ(regs, orig_ax);
#else
	struct pt_regs___arm64 *regs = registers;

	/* Of 32-bit programs it is r7. */
	return syscall_is_compat() ? BPF_CORE_READ(regs, regs[7]) : BPF_CORE_READ(regs, regs[8]);
#endif
}

/* Its place among all: those of 32-bit programs stand behind the others. HOOK_SYSCALL_PLACES for a number that no call has. */
static __always_inline __u32 syscall_place(void *registers)
{
	__u64 number = syscall_number(registers);

	if (number >= HOOK_SYSCALLS_MAX)
		return HOOK_SYSCALL_PLACES;
	return syscall_is_compat() ? number + HOOK_SYSCALLS_MAX : number;
}

#endif
