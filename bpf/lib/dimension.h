/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The maps of dimensions, and what a lookup leaves of the rules. */
#ifndef MERLON_DIMENSION_H
#define MERLON_DIMENSION_H

#include "scratch.h"

extern const volatile struct hook_config config;

/*
 * One map per dimension; user space sets its type, sizes and flags before load and does not create the unused ones. Values
 * are masks of `words` words, but for ranges (the interval's beginning first) and moves of an automaton (__u32).
 */
#define DIMENSION_MAP(n)                                                                                               \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_HASH);                                                                       \
		__uint(max_entries, 1);                                                                                \
		__uint(key_size, 8);                                                                                   \
		__uint(value_size, 8);                                                                                 \
	} dimension_##n SEC(".maps");                                                                                  \
	/* masks by state of an automaton */                                                                           \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1);                                                                                \
		__uint(key_size, 4);                                                                                   \
		__uint(value_size, 8);                                                                                 \
	} output_##n SEC(".maps")

DIMENSION_MAP(0);
DIMENSION_MAP(1);
DIMENSION_MAP(2);
DIMENSION_MAP(3);
DIMENSION_MAP(4);
DIMENSION_MAP(5);
DIMENSION_MAP(6);
DIMENSION_MAP(7);
DIMENSION_MAP(8);
DIMENSION_MAP(9);
DIMENSION_MAP(10);
DIMENSION_MAP(11);
DIMENSION_MAP(12);
DIMENSION_MAP(13);
DIMENSION_MAP(14);
DIMENSION_MAP(15);

#define EACH_DIMENSION(macro)                                                                                          \
	macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) macro(8) macro(9) macro(10) macro(11)  \
		macro(12) macro(13) macro(14) macro(15)

static __always_inline __u64 *dimension_find(__u32 dimension, const void *key)
{
#define FIND(n)                                                                                                        \
	case n:                                                                                                        \
		return bpf_map_lookup_elem(&dimension_##n, key);
	switch (dimension) {
		EACH_DIMENSION(FIND)
	}
#undef FIND
	return NULL;
}

static __always_inline __u64 *output_find(__u32 dimension, const void *key)
{
#define FIND(n)                                                                                                        \
	case n:                                                                                                        \
		return bpf_map_lookup_elem(&output_##n, key);
	switch (dimension) {
		EACH_DIMENSION(FIND)
	}
#undef FIND
	return NULL;
}

/* ANDs a mask, or what the dimension says of inputs that its map does not hold. */
static __always_inline void mask_and(struct hook_scratch *scratch, __u32 d, const __u64 *found)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= found ? found[w] : config.dimension[d].miss[w];
	}
}

static __always_inline void mask_and_error(struct hook_scratch *scratch, __u32 d)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= config.dimension[d].on_error[w];
	}
}

/* What a value that is not whole says: one that is not there is in no set; one that could not be read is the policy's choice. */
static __always_inline void mask_and_flags(struct hook_scratch *scratch, __u32 d, __u16 flags)
{
	if (flags & VALUE_MISSING)
		mask_and(scratch, d, NULL);
	else
		mask_and_error(scratch, d);
}

static __always_inline bool mask_is_empty(struct hook_scratch *scratch)
{
	__u64 any = 0;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		any |= scratch->mask[w];
	}
	return !any;
}

#endif
