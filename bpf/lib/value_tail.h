/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Places values in the tail of a hook's record: a struct hook_value, then the data. */
#ifndef MERLON_VALUE_TAIL_H
#define MERLON_VALUE_TAIL_H

#include "scratch.h"

extern const volatile struct hook_config config;

/* Reads memory of the kernel or of the current process, by the address's half. */
static __always_inline long memory_read(void *to, __u32 size, __u64 address)
{
	if ((__s64)address < 0)
		return bpf_probe_read_kernel(to, size, (void *)address);
	return bpf_probe_read_user(to, size, (void *)address);
}

static __always_inline long memory_read_string(char *to, __u32 size, __u64 address)
{
	if ((__s64)address < 0)
		return bpf_probe_read_kernel_str(to, size, (void *)address);
	return bpf_probe_read_user_str(to, size, (void *)address);
}

/* Room for the data of the next value, at least HOOK_STRING_MAX + 256 bytes; NULL when the record is full. */
static __always_inline char *value_room(struct hook_scratch *scratch)
{
	__u32 used = scratch->used;

	if (used > HOOK_DATA_MAX - HOOK_STRING_MAX - 512)
		return NULL;
	/* The 6.1 verifier loses the bound; the compiler must not see that this changes nothing. */
	asm volatile("%0 &= %1" : "+r"(used) : "i"(HOOK_DATA_MAX - 1));
	return &scratch->tail[used + sizeof(struct hook_value)];
}

/* Completes the value whose `length` bytes of data now stand in its room. */
static __always_inline void value_close(struct hook_scratch *scratch, __u16 entry, __u32 length, __u16 flags)
{
	__u32 used = scratch->used;
	struct hook_value *header;

	if (used > HOOK_DATA_MAX - HOOK_STRING_MAX - 512)
		return;
	asm volatile("%0 &= %1" : "+r"(used) : "i"(HOOK_DATA_MAX - 1));
	header = (struct hook_value *)&scratch->tail[used];
	header->entry = entry;
	header->flags = flags;
	header->length = length;
	scratch->used = used + sizeof(*header) + ((length + 7) & ~7u);
	scratch->event.values++;
}

/* The same for value `i` of the hook, which dimensions can then look at. */
static __always_inline void value_end(struct hook_scratch *scratch, __u32 i, __u32 length, __u16 flags)
{
	scratch->value[i].offset = scratch->used + sizeof(struct hook_value);
	scratch->value[i].length = length;
	scratch->value[i].flags = flags;
	value_close(scratch, i, length, flags);
}

/*
 * Adds two words that tell more of a value. There is room for one of each: the room that a value may leave is larger.
 */
static __always_inline void value_note(struct hook_scratch *scratch, __u16 entry, __u64 first, __u64 second)
{
	__u32 used = scratch->used;
	__u64 *words;

	if (used > HOOK_DATA_MAX - 64)
		return;
	asm volatile("%0 &= %1" : "+r"(used) : "i"(HOOK_DATA_MAX - 8));
	words = (__u64 *)&scratch->tail[used];
	words[0] = entry | 16ull << 32;
	words[1] = first;
	words[2] = second;
	scratch->used = used + 24;
	scratch->event.values++;
}

static __always_inline void value_fail(struct hook_scratch *scratch, __u32 i, __u16 flag)
{
	/* Of a value that found no room nothing is known: it does not begin with what is here. */
	value_end(scratch, i, 0, flag & VALUE_TRUNCATED ? flag | VALUE_UNREADABLE : flag);
}

#endif
