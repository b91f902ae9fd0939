/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Classify at birth: the path of a process's binary is made a key when the execve happens, and the hooks compare keys. What
 * begins and ends the path is kept by key, for rules that compare a part of it.
 */
#ifndef MERLON_BINARY_H
#define MERLON_BINARY_H

#include "../events.h"
#include "../hook_config.h"
#include "string_end.h"
#include "string_key.h"

/* Random, written by user space before the programs are attached; pinned, so keys stay the same. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct string_secret);
} string_secrets SEC(".maps");

/* Of the binaries that ran last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct string_key);
	__type(value, struct binary_path);
} binary_paths SEC(".maps");

struct binary_scratch {
	struct binary_path path;
	struct end_scratch end;
};

/* Copies what begins and what ends a string, the latter reversed, with zeros behind. */
static __always_inline void binary_path_fill(struct binary_scratch *scratch, const char *bytes, __u32 length)
{
	__u32 part = length > HOOK_TRIE_BYTES ? HOOK_TRIE_BYTES : length;

	__builtin_memset(scratch->path.beginning, 0, HOOK_TRIE_BYTES);
	/* As in end_reverse(); both parts of the path together are as long as the verifier then takes this to be. */
	asm volatile("%0 &= %1" : "+r"(part) : "i"(2 * HOOK_TRIE_BYTES - 1));
	bpf_probe_read_kernel(scratch->path.beginning, part, bytes);
	end_reverse((__u64 *)scratch->path.end, &scratch->end, bytes + length - part, part);
}

/* Notes the binary of a process; `bytes` is in map memory that goes on for 8 bytes behind the path. */
static __always_inline void binary_note(struct process_state *state, struct binary_scratch *scratch, const char *bytes,
					__u32 length)
{
	struct string_key key;
	struct string_secret *secret;
	__u32 zero = 0;

	secret = bpf_map_lookup_elem(&string_secrets, &zero);
	if (!secret || !length || length > EVENT_PATH_MAX)
		return;
	string_key_make(&key, secret->words, bytes, length);
	state->binary = key;
	if (bpf_map_lookup_elem(&binary_paths, &key))
		return;
	binary_path_fill(scratch, bytes, length);
	bpf_map_update_elem(&binary_paths, &key, &scratch->path, BPF_ANY);
}

#endif
