/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Values that are numbers, strings and buffers. */
#ifndef MERLON_VALUE_BYTES_H
#define MERLON_VALUE_BYTES_H

#include "value_tail.h"

/* Cuts a word to the value's size and sign. */
static __always_inline __u64 number_of(__u32 i, __u64 word)
{
	__u32 unused = 64 - config.value[i].size * 8;

	if (config.value[i].bit_width) {
		word >>= config.value[i].bit_shift;
		unused = 64 - config.value[i].bit_width;
	}
	if (unused >= 64)
		return word;
	if (config.value[i].flags & CONFIG_SIGNED)
		return (__s64)(word << unused) >> unused;
	return word << unused >> unused;
}

/* Reads what stands where the path ended, `size` bytes. */
static __always_inline void value_load_number(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	__u64 number = 0;
	long error = 0;

	if (!config.value[i].steps && config.value[i].reader == READ_NUMBER) {
		scratch->value[i].number = number_of(i, word);
		return;
	}
	/* The object itself, or a pointer to a number. */
	switch (config.value[i].size) {
	case 1:
		error = memory_read(&number, 1, word);
		break;
	case 2:
		error = memory_read(&number, 2, word);
		break;
	case 4:
		error = memory_read(&number, 4, word);
		break;
	default:
		error = memory_read(&number, 8, word);
		break;
	}
	scratch->value[i].number = number_of(i, number);
	scratch->value[i].flags = error ? VALUE_UNREADABLE : 0;
}

/* What argument `size_argument` of the function says, at least 0. */
static __always_inline __u64 value_size(struct hook_scratch *scratch, __u32 i)
{
	__u32 from = config.value[i].size_argument;

	if (from < 1 || from > 6)
		return config.value[i].max_length;
	return (__s64)scratch->raw[from - 1] < 0 ? 0 : scratch->raw[from - 1];
}

static __noinline long value_load_string(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	char *room = value_room(scratch);
	long length;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	if (!room || !word) {
		value_fail(scratch, i, room ? VALUE_MISSING : VALUE_TRUNCATED);
		return 0;
	}
	/* One byte more than is sent, for the NUL. */
	length = memory_read_string(room, HOOK_STRING_MAX, word);
	if (length <= 0)
		value_fail(scratch, i, VALUE_UNREADABLE);
	else
		value_end(scratch, i, length - 1, length == HOOK_STRING_MAX ? VALUE_TRUNCATED : 0);
	return 0;
}

static __noinline long value_load_bytes(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	char *room = value_room(scratch);
	__u64 length = value_size(scratch, i);
	__u16 flags = 0;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	if (!room || !word) {
		value_fail(scratch, i, room ? VALUE_MISSING : VALUE_TRUNCATED);
		return 0;
	}
	if (length > HOOK_STRING_MAX) {
		length = HOOK_STRING_MAX;
		flags = VALUE_TRUNCATED;
	}
	if (memory_read(room, length, word)) {
		value_fail(scratch, i, VALUE_UNREADABLE);
		return 0;
	}
	value_end(scratch, i, length, flags);
	return 0;
}

#endif
