/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * How often each rule has decided for its policy: with events that limits keep back, that nobody wants (NoPost) and that
 * are lost later. The cost falls on hits only.
 */
#ifndef MERLON_RULE_HITS_H
#define MERLON_RULE_HITS_H

#include "hook_match.h"

/* By rule. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rule_hits SEC(".maps");

/* The number of a rule, from its bit of a word. */
static __always_inline __u32 rule_number(__u32 word, __u64 bit)
{
	__u64 below = bit - 1;

	/* The compiler would look the bit's number up in a table. */
	asm volatile("" : "+r"(below));
	return word * 64 + __builtin_popcountll(below);
}

/* Takes the lowest rule out of those of a word that are left: its bit, and its number; 0 when none is left. */
static __always_inline __u64 rule_take(__u64 *left, __u32 word, __u32 *rule)
{
	__u64 lowest = *left & -*left;

	*left ^= lowest;
	*rule = rule_number(word, lowest);
	return lowest;
}

/* Rules of one word of the mask that are still to be counted. */
struct hit_walk {
	__u64 left;
	__u32 word;
};

static long hit_step(__u32 index, struct hit_walk *walk)
{
	__u64 *hits;
	__u32 rule;

	if (!rule_take(&walk->left, walk->word, &rule))
		return 1;
	hits = bpf_map_lookup_elem(&rule_hits, &rule);
	if (hits)
		__sync_fetch_and_add(hits, 1);
	return 0;
}

/* Counts the rules in scratch->mask. */
static __noinline long hits_count(struct hook_scratch *scratch)
{
	struct hit_walk walk = {};

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		walk.word = w;
		walk.left = scratch->mask[w];
		if (walk.left)
			bpf_loop(64, hit_step, &walk, 0);
	}
	return 0;
}

#endif
