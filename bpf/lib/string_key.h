/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The key of a string: its length and two keyed hashes of its bytes, taken eight at a time, so that one hash table serves
 * strings of every length at a cost that follows the string. Without the secret nobody can look for two strings with the
 * same key. src/plan/string-key.ts computes the same.
 */
#ifndef MERLON_STRING_KEY_H
#define MERLON_STRING_KEY_H

#include "../hook_config.h"
#include "kernel_types.h"

/* Odd; the golden ratio's and pi's first bits. */
#define KEY_LOW_FACTOR 0x9e3779b97f4a7c15ull
#define KEY_HIGH_FACTOR 0xc90fdaa22168c235ull

struct string_walk {
	__u64 low;
	__u64 high;
	const char *bytes; /* of a buffer that goes on for at least 8 bytes behind the string */
	__u32 length;
};

static __always_inline void key_add(struct string_walk *walk, __u64 word)
{
	__u64 low = (walk->low ^ word) * KEY_LOW_FACTOR;
	__u64 high = (walk->high + word) * KEY_HIGH_FACTOR;

	walk->low = low ^ low >> 29;
	walk->high = high ^ high >> 31;
}

static long key_step(__u32 index, struct string_walk *walk)
{
	__u32 done = index * 8;
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), walk->bytes + done);
	if (walk->length - done < 8)
		word &= (1ull << (walk->length - done) * 8) - 1;
	key_add(walk, word);
	return 0;
}

/* `secret`: two words. `length` is at most HOOK_STRING_MAX. */
static __always_inline void string_key_make(struct string_key *key, const __u64 *secret, const char *bytes,
					    __u32 length)
{
	struct string_walk walk = {
		.low = secret[0],
		.high = secret[1],
		.bytes = bytes,
		.length = length,
	};

	bpf_loop((length + 7) / 8, key_step, &walk, 0);
	key->low = walk.low;
	key->high = walk.high;
	key->length = length;
	key->reserved = 0;
}

#endif
