/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Dimensions over whole strings, by their keys. */
#ifndef MERLON_MATCH_STRING_H
#define MERLON_MATCH_STRING_H

#include "binary.h"
#include "dimension.h"
#include "hook_values.h"
#include "state.h"
#include "string_key.h"

/* Where the string of value `entry` stands in the tail, and its length. */
static __always_inline const char *value_string(struct hook_scratch *scratch, __u32 entry, __u32 *length)
{
	__u32 offset = scratch->value[entry].offset + scratch->value[entry].path_start;

	*length = scratch->value[entry].length - scratch->value[entry].path_start;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	return &scratch->tail[offset];
}

static __noinline long match_string(struct hook_scratch *scratch, __u32 d)
{
	struct process_state *state;
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
		if (scratch->value[entry].flags) {
			mask_and_flags(scratch, d, scratch->value[entry].flags);
			return 0;
		}
		bytes = value_string(scratch, entry, &length);
		if (length > HOOK_STRING_MAX)
			length = HOOK_STRING_MAX;
		string_key_make(&scratch->string, secret, bytes, length);
	} else {
		state = process_state_find(bpf_get_current_task_btf()->group_leader);
		if (!state) {
			mask_and_error(scratch, d);
			return 0;
		}
		scratch->string = config.dimension[d].input == INPUT_BINARY ? state->binary : state->parent_binary;
		if (!scratch->string.length) {
			mask_and_error(scratch, d);
			return 0;
		}
	}
	mask_and(scratch, d, dimension_find(d, &scratch->string));
	return 0;
}

#endif
