/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Values that are numbers, strings and buffers. */
#ifndef MERLON_VALUE_BYTES_H
#define MERLON_VALUE_BYTES_H

#include "syscall.h"
#include "value_tail.h"

#define SYSCALL_COMPAT 0x80000000u

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
		if (config.value[i].flags & CONFIG_SYSCALL && syscall_is_compat())
			scratch->value[i].number |= SYSCALL_COMPAT;
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

/* What argument `size_argument` of the function says, at least 0; without one as much as is sent. */
static __always_inline __u64 value_size_argument(struct hook_scratch *scratch, __u32 i)
{
	__u32 from = config.value[i].size_argument;
	__s64 size;

	if (from < 1 || from > 6)
		return config.value[i].max_length;
	size = scratch->raw[from - 1];
	/* The upper half of a register with an int is undefined. */
	if (config.value[i].size == sizeof(__s32))
		size = (__s32)size;
	return size < 0 ? 0 : size;
}

/* What has been filled when the function returns: as much as it says. No call returns more than MAX_RW_COUNT. */
static __always_inline __u64 value_size_limit(struct hook_scratch *scratch, __u32 i)
{
	if (!(config.value[i].flags & CONFIG_RETURN_COPY))
		return ~0ull;
	return scratch->returned > 0x7fffffff ? 0 : scratch->returned;
}

static __always_inline __u64 value_size(struct hook_scratch *scratch, __u32 i)
{
	__u64 size = value_size_argument(scratch, i), limit = value_size_limit(scratch, i);

	return size < limit ? size : limit;
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
	/* Its NUL is counted and not sent. One byte more tells a string that just fits from one that is cut. */
	length = memory_read_string(room, HOOK_STRING_MAX + 1, word);
	/* Before 6.13 an empty string in user space has no NUL (strncpy_from_user_nofault). */
	if (length == 0)
		value_end(scratch, i, 0, 0);
	else if (length < 0)
		value_fail(scratch, i, VALUE_UNREADABLE);
	else if (length > HOOK_STRING_MAX)
		value_end(scratch, i, HOOK_STRING_MAX - 1, VALUE_TRUNCATED);
	else
		value_end(scratch, i, length - 1, 0);
	return 0;
}

static __noinline long value_load_bytes(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	char *room = value_room(scratch);
	__u64 length = value_size(scratch, i);
	__u16 flags = 0;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	scratch->value[i].size = length;
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

#define SUN_PATH_START 2
#define SUN_PATH_MAX 108

/*
 * A struct sockaddr_un. Dimensions compare its path or, with @ in front, its abstract name; the number tells which, so that
 * the record gets back what stood there.
 */
static __noinline long value_load_sockaddr_un(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	__u32 offset;
	char *path;
	long length;

	value_load_bytes(scratch, i, word);
	if (i >= HOOK_VALUES_MAX || scratch->value[i].flags)
		return 0;
	if (scratch->value[i].length <= SUN_PATH_START) {
		scratch->value[i].path_start = scratch->value[i].length;
		return 0;
	}
	scratch->value[i].path_start = SUN_PATH_START;
	offset = scratch->value[i].offset + SUN_PATH_START;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	path = &scratch->tail[offset];
	if (!*path) {
		*path = '@';
		scratch->value[i].number = 1;
		/* The caller's size ends the name, which may hold any byte. */
		if (config.value[i].size_argument)
			return 0;
	}
	length = bpf_probe_read_kernel_str(scratch->path.bytes, SUN_PATH_MAX + 1, path);
	if (length > 0 && length + SUN_PATH_START <= scratch->value[i].length)
		scratch->value[i].length = SUN_PATH_START + length - 1;
	return 0;
}

/* Before the record is sent. */
static __always_inline void value_restore_sockaddr_un(struct hook_scratch *scratch, __u32 i)
{
	__u32 offset = scratch->value[i].offset + SUN_PATH_START;

	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	if (scratch->value[i].number)
		scratch->tail[offset] = 0;
}

#endif
