/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Dimensions over beginnings and ends of strings, and over networks. */
#ifndef MERLON_MATCH_TRIE_H
#define MERLON_MATCH_TRIE_H

#include "match_string.h"

/* The beginning or the reversed end of a string into scratch->trie. */
static __always_inline void trie_from(struct hook_scratch *scratch, __u32 d, const char *bytes, __u32 length)
{
	__u32 offset;

	if (length > HOOK_STRING_MAX)
		length = HOOK_STRING_MAX;
	if (config.dimension[d].kind == DIMENSION_PREFIX) {
		__builtin_memset(scratch->trie.bytes, 0, HOOK_TRIE_BYTES);
		if (length > HOOK_TRIE_BYTES)
			length = HOOK_TRIE_BYTES;
		bpf_probe_read_kernel(scratch->trie.bytes, length, bytes);
		scratch->trie.prefix_length = length * 8;
		return;
	}
	offset = 0;
	if (length > HOOK_TRIE_BYTES) {
		offset = length - HOOK_TRIE_BYTES;
		length = HOOK_TRIE_BYTES;
	}
	end_reverse((__u64 *)scratch->trie.bytes, &scratch->end, bytes + offset, length);
	scratch->trie.prefix_length = length * 8;
}

static __noinline long match_trie(struct hook_scratch *scratch, __u32 d)
{
	struct binary_path *path = NULL;
	struct string_key *key;
	const char *bytes;
	__u32 entry, length;
	bool cut;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (config.dimension[d].input == INPUT_VALUE) {
		if (entry >= HOOK_VALUES_MAX)
			return 0;
		value_load(scratch, entry);
		/* Of a long path the end is there, of a long string the beginning. */
		cut = config.dimension[d].kind ==
		      (scratch->value[entry].path_start ? DIMENSION_PREFIX : DIMENSION_POSTFIX);
		if (scratch->value[entry].flags & ~VALUE_TRUNCATED || (scratch->value[entry].flags && cut)) {
			mask_and_flags(scratch, d, scratch->value[entry].flags);
			return 0;
		}
		bytes = value_string(scratch, entry, &length);
		trie_from(scratch, d, bytes, length);
	} else {
		key = binary_key(d);
		if (key)
			path = bpf_map_lookup_elem(&binary_paths, key);
		if (key && path) {
			length = key->length > HOOK_TRIE_BYTES ? HOOK_TRIE_BYTES : key->length;
			scratch->trie.prefix_length = length * 8;
			if (config.dimension[d].kind == DIMENSION_PREFIX)
				__builtin_memcpy(scratch->trie.bytes, path->beginning, HOOK_TRIE_BYTES);
			else
				__builtin_memcpy(scratch->trie.bytes, path->end, HOOK_TRIE_BYTES);
		} else {
			length = binary_resolve(scratch, d);
			if (!length || length > EVENT_PATH_MAX) {
				mask_and_error(scratch, d);
				return 0;
			}
			trie_from(scratch, d, binary_resolved(scratch), length);
		}
	}
	/* The trie may be as short as its longest prefix. */
	length = config.dimension[d].count * 8;
	if (scratch->trie.prefix_length > length)
		scratch->trie.prefix_length = length;
	mask_and(scratch, d, dimension_find(d, &scratch->trie));
	return 0;
}

static __noinline long match_address(struct hook_scratch *scratch, __u32 d)
{
	struct address_key *key = &scratch->address;
	struct value_sock *sock;
	__u32 entry;
	__u16 family;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (entry >= HOOK_VALUES_MAX)
		return 0;
	sock = value_sock_of(scratch, entry);
	if (!sock) {
		mask_and_flags(scratch, d, scratch->value[entry].flags);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	if (config.value[entry].reader == READ_SOCKADDR) {
		family = ((struct value_sockaddr *)sock)->family;
		__builtin_memcpy(key->address, ((struct value_sockaddr *)sock)->address, 16);
	} else {
		family = sock->family;
		if (config.dimension[d].input == INPUT_SOURCE_ADDRESS)
			__builtin_memcpy(key->address, sock->source_address, 16);
		else
			__builtin_memcpy(key->address, sock->destination_address, 16);
	}
	key->family = family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
	key->prefix_length = key->family == 4 ? 8 + 32 : 8 + 128;
	mask_and(scratch, d, key->family ? dimension_find(d, key) : NULL);
	return 0;
}

#endif
