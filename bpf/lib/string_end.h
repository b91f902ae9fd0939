/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The end of a string, reversed: so a trie of prefixes can look for postfixes. */
#ifndef MERLON_STRING_END_H
#define MERLON_STRING_END_H

#include "../hook_config.h"
#include "kernel_types.h"

/* The string's end stands before the first HOOK_TRIE_BYTES; the rest is the verifier's margin. */
struct end_scratch {
	__u64 words[4 * HOOK_TRIE_BYTES / 8];
};

/*
 * Writes HOOK_TRIE_BYTES: the `length` bytes (at most as many) from the last to the first, then zeros. The copy is
 * end-aligned, so the reversal is a fixed number of byte swaps.
 */
static __always_inline void end_reverse(__u64 *reversed, struct end_scratch *scratch, const char *bytes, __u32 length)
{
	__u32 start = HOOK_TRIE_BYTES - length;

	for (__u32 i = 0; i < HOOK_TRIE_BYTES / 8; i++)
		scratch->words[i] = 0;
	/* The verifier does not see the bounds; the compiler must not see that this changes nothing. */
	asm volatile("%0 &= %1" : "+r"(start) : "i"(2 * HOOK_TRIE_BYTES - 1));
	asm volatile("%0 &= %1" : "+r"(length) : "i"(2 * HOOK_TRIE_BYTES - 1));
	bpf_probe_read_kernel((char *)scratch->words + start, length, bytes);
	for (__u32 i = 0; i < HOOK_TRIE_BYTES / 8; i++)
		reversed[i] = __builtin_bswap64(scratch->words[HOOK_TRIE_BYTES / 8 - 1 - i]);
}

#endif
