/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Classification: for each dimension the mask of the rules that its input satisfies, ANDed. The cost follows the number of
 * dimensions, whatever the number of rules and values behind them.
 */
#ifndef MERLON_HOOK_MATCH_H
#define MERLON_HOOK_MATCH_H

#include "dimension_input.h"
#include "match_cel.h"
#include "match_number.h"
#include "match_string.h"
#include "match_substring.h"
#include "match_trie.h"

/* Leaves in scratch->mask the rules that match. Returns false when there is none. */
static __always_inline bool hook_match(struct hook_scratch *scratch)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] = config.rules.all[w];
	}
	for (__u32 d = 0; d < HOOK_DIMENSIONS_MAX; d++) {
		if (d >= config.dimensions)
			break;
		scratch->input_error = 0;
		switch (config.dimension[d].kind) {
		case DIMENSION_STRING:
			match_string(scratch, d);
			break;
		case DIMENSION_PREFIX:
		case DIMENSION_POSTFIX:
			match_trie(scratch, d);
			break;
		case DIMENSION_SUBSTRING:
			match_substring(scratch, d);
			break;
		case DIMENSION_ADDRESS:
			match_address(scratch, d);
			break;
		case DIMENSION_CEL:
			match_cel(scratch, d);
			break;
		default:
			if (input_is_followed(d))
				scratch->number = 0;
			else if (config.dimension[d].input >= INPUT_NAMESPACE_CHANGES)
				input_changes(scratch, d);
			else
				input_number(scratch, d);
			if (scratch->input_error)
				mask_and_flags(scratch, d, scratch->input_error);
			else if (config.dimension[d].kind == DIMENSION_NUMBER)
				mask_and(scratch, d, dimension_find(d, &scratch->number));
			else if (config.dimension[d].kind == DIMENSION_RANGE)
				match_range(scratch, d);
			else
				match_bits(scratch, d);
			break;
		}
		if (mask_is_empty(scratch))
			return false;
	}
	return true;
}

/*
 * Keeps of each policy the first rule that matches: the lowest bit of each of its fields, cut for all fields of a
 * word at once (x & -x, with carries that stop at the field's last bit).
 */
static __always_inline void mask_keep_first(struct hook_scratch *scratch)
{
	bool decided = false;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		__u64 mask, inverse, last;

		if (w >= config.words)
			break;
		mask = scratch->mask[w];
		if (!config.rules.carries[w])
			decided = false;
		if (decided)
			mask = 0;
		last = config.rules.last[w];
		inverse = ~mask;
		mask &= ((inverse & ~last) + config.rules.first[w]) ^ (inverse & last);
		scratch->mask[w] = mask;
		if (mask)
			decided = true;
	}
}

#endif
