/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Dimensions over whole strings, by their keys. */
#ifndef MERLON_MATCH_STRING_H
#define MERLON_MATCH_STRING_H

#include "dimension.h"
#include "hook_values.h"
#include "match_binary.h"
#include "string_key.h"

/* Where the string of value `entry` stands in the tail, and its length. */
static __always_inline const char *value_string(struct hook_scratch *scratch, __u32 entry, __u32 *length)
{
	__u32 offset = scratch->value[entry].offset + scratch->value[entry].path_start;

	*length = scratch->value[entry].length - scratch->value[entry].path_start;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	return &scratch->tail[offset];
}

/* What a path says of each rule, into scratch->found. */
static __always_inline void path_found(struct hook_scratch *scratch, __u32 d, const __u64 *path)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = path ? path[w] : config.dimension[d].miss[w];
	}
}

/* The same of one that could not be read: the policy's choice. */
static __always_inline void path_unreadable(struct hook_scratch *scratch, __u32 d)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = config.dimension[d].on_error[w];
	}
}

/*
 * What scratch->found says of a path and what the file that it leads to says, together: a rule that names either is
 * satisfied by either, one that excludes either (its bit is set in `miss`) by neither.
 */
static __always_inline void mask_and_file(struct hook_scratch *scratch, __u32 d, const __u64 *file)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		__u64 miss, by_path, by_file;

		if (w >= config.words)
			break;
		miss = config.dimension[d].miss[w];
		by_path = scratch->found[w];
		by_file = file ? file[w] : miss;
		scratch->mask[w] &= (by_path & by_file) | ((by_path | by_file) & ~miss);
	}
}

/* The rules that name or exclude the file of a path value, by its inode; NULL when none does. */
static __always_inline __u64 *file_find(struct hook_scratch *scratch, __u32 d, __u32 entry)
{
	__u32 offset = scratch->value[entry].offset;
	struct value_path *file;

	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	file = (struct value_path *)&scratch->tail[offset];
	scratch->string.low = file->inode;
	scratch->string.high = file->dev;
	scratch->string.length = HOOK_FILE_KEY;
	scratch->string.reserved = 0;
	return dimension_find(d, &scratch->string);
}

static __noinline long match_string(struct hook_scratch *scratch, __u32 d)
{
	struct string_key *key;
	__u64 secret[2] = { config.secret[0], config.secret[1] };
	__u32 entry, length;
	const char *bytes;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (config.dimension[d].input == INPUT_VALUE) {
		if (entry >= HOOK_VALUES_MAX)
			return 0;
		value_load(scratch, entry);
		if (scratch->value[entry].flags & (VALUE_UNREADABLE | VALUE_MISSING) ||
		    (scratch->value[entry].flags && !config.dimension[d].flag)) {
			mask_and_flags(scratch, d, scratch->value[entry].flags);
			return 0;
		}
		bytes = value_string(scratch, entry, &length);
		if (length > HOOK_STRING_MAX)
			length = HOOK_STRING_MAX;
		string_key_make(&scratch->string, secret, bytes, length);
		if (config.dimension[d].flag) {
			if (scratch->value[entry].flags)
				path_unreadable(scratch, d);
			else
				path_found(scratch, d, dimension_find(d, &scratch->string));
			mask_and_file(scratch, d, file_find(scratch, d, entry));
			return 0;
		}
	} else {
		key = binary_key(d);
		if (key) {
			scratch->string = *key;
		} else {
			length = binary_resolve(scratch, d);
			if (!length || length > EVENT_PATH_MAX) {
				mask_and_error(scratch, d);
				return 0;
			}
			string_key_make(&scratch->string, secret, binary_resolved(scratch), length);
		}
	}
	mask_and(scratch, d, dimension_find(d, &scratch->string));
	return 0;
}

#endif
