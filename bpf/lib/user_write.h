/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What rules write when a program of user space passes: its memory (Set), its registers (Override of a uprobe; Linux 6.18).
 *
 * Memory is written at once. Registers are computed from those at the hook, all before one is changed, and stored into the
 * program's context when the hit has been reported. Of several rules on a hook the first one's registers hold. A rule of which
 * a part cannot be read or written changes no register; its event says so.
 */
#ifndef MERLON_USER_WRITE_H
#define MERLON_USER_WRITE_H

#include "scratch.h"

/* By rule, for those that write. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule_writes);
} rule_writes SEC(".maps");

struct user_write_walk {
	struct hook_scratch *scratch;
	struct rule_writes *writes;
	__u64 registers;
	__u64 failed;
};

static __always_inline __u64 register_read(struct hook_scratch *scratch, __u16 offset)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)(scratch->context + offset));
	return value;
}

static __always_inline long memory_write(__u64 address, __u64 value, __u8 bytes)
{
	void *place = (void *)address;

	switch (bytes) {
	case 1:
		return bpf_probe_write_user(place, &value, 1);
	case 2:
		return bpf_probe_write_user(place, &value, 2);
	case 4:
		return bpf_probe_write_user(place, &value, 4);
	default:
		return bpf_probe_write_user(place, &value, 8);
	}
}

/* As the processor does: 32 bits clear the upper half, fewer leave the rest. */
static __always_inline __u64 register_merge(__u64 old, __u64 value, __u8 bytes)
{
	switch (bytes) {
	case 1:
		return (old & ~0xffull) | (value & 0xff);
	case 2:
		return (old & ~0xffffull) | (value & 0xffff);
	case 4:
		return value & 0xffffffff;
	default:
		return value;
	}
}

static long user_write_step(__u32 index, struct user_write_walk *walk)
{
	struct hook_scratch *scratch = walk->scratch;
	struct user_write *write;
	__u64 value;
	__u32 word;

	if (index >= walk->writes->count)
		return 1;
	asm volatile("%0 &= %1" : "+r"(index) : "i"(USER_WRITES_MAX - 1));
	write = &walk->writes->write[index];
	value = write->value;
	if (write->source != WRITE_CONSTANT)
		value += register_read(scratch, write->from);
	if (write->source == WRITE_LOADED && bpf_probe_read_user(&value, sizeof(value), (void *)value)) {
		walk->failed = 1;
		return 1;
	}
	if (config.flags & HOOK_WRITES_MEMORY && write->target == WRITE_MEMORY) {
		if (memory_write(register_read(scratch, write->to) + write->offset, value, write->bytes))
			walk->failed = 1;
		return 0;
	}
	word = write->to / sizeof(__u64);
	asm volatile("%0 &= %1" : "+r"(word) : "i"(REGISTERS_MAX - 1));
	scratch->registers_new[word] = register_merge(register_read(scratch, write->to), value, write->bytes);
	walk->registers |= 1ull << word;
	return 0;
}

/* Does what a rule writes; false when it could not. */
static __always_inline bool user_write_rule(struct hook_scratch *scratch, __u32 rule)
{
	struct user_write_walk walk = { .scratch = scratch };

	walk.writes = bpf_map_lookup_elem(&rule_writes, &rule);
	if (!walk.writes || scratch->registers)
		return false;
	bpf_loop(USER_WRITES_MAX, user_write_step, &walk, 0);
	if (walk.failed)
		return false;
	scratch->registers = walk.registers;
	return true;
}

/* The context takes stores at constant places only. */
#define REGISTER_STORE(n)                                                                                              \
	if (scratch->registers >> n & 1)                                                                               \
		asm volatile("*(u64 *)(%0 + %1) = %2"                                                                  \
			     :                                                                                         \
			     : "r"(context), "i"(n * 8), "r"(scratch->registers_new[n])                                \
			     : "memory");

/* The program goes on with the registers that a rule wants. */
static __always_inline void registers_store(struct hook_scratch *scratch, void *context)
{
	if (!scratch->registers)
		return;
	REGISTER_STORE(0)
	REGISTER_STORE(1)
	REGISTER_STORE(2)
	REGISTER_STORE(3)
	REGISTER_STORE(4)
	REGISTER_STORE(5)
	REGISTER_STORE(6)
	REGISTER_STORE(7)
	REGISTER_STORE(8)
	REGISTER_STORE(9)
	REGISTER_STORE(10)
	REGISTER_STORE(11)
	REGISTER_STORE(12)
	REGISTER_STORE(13)
	REGISTER_STORE(14)
	REGISTER_STORE(16)
	REGISTER_STORE(19)
#ifdef __TARGET_ARCH_arm64
	REGISTER_STORE(15)
	REGISTER_STORE(17)
	REGISTER_STORE(18)
	REGISTER_STORE(20)
	REGISTER_STORE(21)
	REGISTER_STORE(22)
	REGISTER_STORE(23)
	REGISTER_STORE(24)
	REGISTER_STORE(25)
	REGISTER_STORE(26)
	REGISTER_STORE(27)
	REGISTER_STORE(28)
	REGISTER_STORE(29)
	REGISTER_STORE(30)
	REGISTER_STORE(31)
	REGISTER_STORE(32)
#endif
}

#endif
