/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Dimensions over numbers: intervals, and sets of bits. */
#ifndef MERLON_MATCH_NUMBER_H
#define MERLON_MATCH_NUMBER_H

#include "dimension.h"
#include "follow.h"

/* The interval that holds the number: the last entry whose beginning is not above it. */
static __noinline long match_range(struct hook_scratch *scratch, __u32 d)
{
	__u64 number = scratch->number + config.dimension[d & (HOOK_DIMENSIONS_MAX - 1)].bias;
	__u32 low = 0, high;
	__u64 *entry;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	high = config.dimension[d].count;
	for (int i = 0; i < 24; i++) {
		__u32 middle = (low + high) / 2;

		if (high - low <= 1)
			break;
		entry = dimension_find(d, &middle);
		if (!entry)
			break;
		if (entry[0] <= number)
			low = middle;
		else
			high = middle;
	}
	entry = dimension_find(d, &low);
	if (!entry || entry[0] > number)
		mask_and(scratch, d, NULL);
	else
		mask_and(scratch, d, entry + 1);
	return 0;
}

static __always_inline bool input_is_followed(__u32 d)
{
	return config.dimension[d].input == INPUT_FOLLOWED || config.dimension[d].input == INPUT_FOLLOWED_ABOVE;
}

/* The set that the dimension looks at; NULL when the process has none. */
static __always_inline const __u64 *followed_words(__u32 d)
{
	struct followed *followed = followed_find(bpf_get_current_task_btf()->group_leader);

	if (!followed)
		return NULL;
	/* The compiler would add to the pointer before it is known to be one. */
	asm volatile("" : "+r"(followed));
	return config.dimension[d].input == INPUT_FOLLOWED ? followed->met.words : followed->above.words;
}

/* A rule matches when one of the number's bits is among its own; with the flag, when none is. */
static __noinline long match_bits(struct hook_scratch *scratch, __u32 d)
{
	const __u64 *followed = NULL;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	if (input_is_followed(d))
		followed = followed_words(d);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = 0;
	}
	for (__u32 nibble = 0; nibble < 16 * HOOK_WORDS_MAX; nibble++) {
		__u64 word = scratch->number;
		__u64 *entry;
		__u32 key;

		if (nibble >= config.dimension[d].count)
			break;
		if (input_is_followed(d))
			word = followed ? followed[nibble / 16] : 0;
		key = nibble * 16 + (word >> nibble % 16 * 4 & 15);
		entry = dimension_find(d, &key);
		if (!entry)
			continue;
		for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
			if (w >= config.words)
				break;
			scratch->found[w] |= entry[w];
		}
	}
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		if (config.dimension[d].flag)
			scratch->found[w] = ~scratch->found[w];
		scratch->mask[w] &= scratch->found[w] | config.dimension[d].miss[w];
	}
	return 0;
}

#endif
