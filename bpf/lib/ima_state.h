/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * How the hash of a file comes into an event. Only sleepable programs can ask for it and those cannot go on in another
 * program, so three are attached to the hook and run in this order: hook_lsm with HOOK_IMA_ASK says whether a rule wants the
 * hash, ima.bpf.c takes it, hook_lsm sends. What they tell each other is kept with the task, which sleeps in between.
 */
#ifndef MERLON_IMA_STATE_H
#define MERLON_IMA_STATE_H

#include "kernel_types.h"

#define IMA_DIGEST_MAX 64 /* HASH_MAX_DIGESTSIZE, include/crypto/hash_info.h */

enum ima_phase : __u32 {
	IMA_NONE = 0,
	IMA_WANTED = 1,
	/* The kernel may open the file once more to read it: hits of this task are its own doing and are not looked at. */
	IMA_HASHING = 2,
	IMA_DONE = 3,
};

struct ima_state {
	enum ima_phase phase;
	__u32 digest_length;
	__u32 algorithm; /* enum hash_algo; this and the digest are the data of VALUE_IMA_HASH */
	__u8 digest[IMA_DIGEST_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ima_state);
} ima_states SEC(".maps");

static __always_inline struct ima_state *ima_state_find(void)
{
	return bpf_task_storage_get(&ima_states, bpf_get_current_task_btf(), NULL, 0);
}

#endif
