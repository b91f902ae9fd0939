/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Dimensions over parts of strings: an Aho-Corasick automaton reads the string once for all patterns. */
#ifndef MERLON_MATCH_SUBSTRING_H
#define MERLON_MATCH_SUBSTRING_H

#include "match_string.h"

/* Classes of bytes of the hook's automatons: [0] as they are, [1] with letters folded. */
const volatile __u8 automaton_class[2][256];

struct automaton_walk {
	struct hook_scratch *scratch;
	__u32 dimension;
	__u32 offset;
	__u32 state;
	__u32 classes;
	__u32 folded;
};

static __always_inline long automaton_move(struct automaton_walk *walk, __u32 index, __u32 d)
{
	__u32 offset = walk->offset + index;
	__u32 key;
	__u32 *move;
	__u64 *output;

	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	key = walk->state * walk->classes + automaton_class[walk->folded & 1][(__u8)walk->scratch->tail[offset]];
	move = (__u32 *)dimension_find(d, &key);
	if (!move)
		return 1;
	walk->state = *move & ~MOVE_OUTPUT;
	if (!(*move & MOVE_OUTPUT))
		return 0;
	output = output_find(d, &walk->state);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (!output || w >= config.words)
			break;
		walk->scratch->found[w] |= output[w];
	}
	return 0;
}

/* One step function per dimension: within a loop's callback the verifier does not know the dimension as a constant. */
#define AUTOMATON_STEP(n)                                                                                              \
	static long automaton_step_##n(__u32 index, struct automaton_walk *walk)                                       \
	{                                                                                                              \
		return automaton_move(walk, index, n);                                                                 \
	}
EACH_DIMENSION(AUTOMATON_STEP)
#undef AUTOMATON_STEP

static __noinline long match_substring(struct hook_scratch *scratch, __u32 d)
{
	struct automaton_walk walk = { .scratch = scratch };
	__u32 entry, length;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (entry >= HOOK_VALUES_MAX)
		return 0;
	value_load(scratch, entry);
	if (scratch->value[entry].flags & ~VALUE_TRUNCATED) {
		mask_and_flags(scratch, d, scratch->value[entry].flags);
		return 0;
	}
	walk.offset = scratch->value[entry].offset + scratch->value[entry].path_start;
	length = scratch->value[entry].length - scratch->value[entry].path_start;
	walk.classes = config.dimension[d].count;
	walk.folded = config.dimension[d].flag;
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = config.dimension[d].miss[w];
	}
#define WALK(n)                                                                                                        \
	case n:                                                                                                        \
		bpf_loop(length, automaton_step_##n, &walk, 0);                                                        \
		break;
	switch (d) {
		EACH_DIMENSION(WALK)
	}
#undef WALK
	/* What was not found may stand in the part that was cut. */
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words || !(scratch->value[entry].flags & VALUE_TRUNCATED))
			break;
		scratch->found[w] |= config.dimension[d].on_error[w];
	}
	mask_and(scratch, d, scratch->found);
	return 0;
}

#endif
