/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Working memory of hook programs. An LSM program can be preempted by another task that runs one on the same CPU, and any
 * program by an interrupt, so a CPU has several places; a run claims a free one with an atomic bit and gives it back. When
 * all are taken the hit is counted as lost.
 */
#ifndef MERLON_SCRATCH_H
#define MERLON_SCRATCH_H

#include "../events.h"
#include "../hook_config.h"
#include "kernel_types.h"
#include "path.h"
#include "string_end.h"

struct value_state {
	__u64 number;
	__u64 size;   /* of bytes: how many there were, where they were read */
	__u32 offset; /* of the data in the tail */
	__u32 length;
	__u16 flags; /* enum value_flag */
	__u16 loaded;
	__u32 path_start; /* of path forms: where the path's bytes begin within the data */
};

/* Where the reading of a buffer in several segments stands. In a map: a loop's state on the stack never converges. */
struct segment_walk {
	__u64 next; /* address of the next struct iovec */
	__u64 left; /* how many there are */
	__u64 base; /* what is left of the present segment */
	__u64 length;
	__u64 skip;   /* bytes before those that are wanted */
	__u64 limit;  /* of the size */
	__u64 size;   /* of the segments so far */
	__u64 room;   /* bytes to read at most */
	__u64 done;   /* bytes read */
	__u64 failed; /* a segment could not be read */
};

struct hook_scratch {
	struct hook_event event;
	/* The words of the mask, then values; behind HOOK_DATA_MAX a margin for the verifier and for whole-word reads. */
	char tail[HOOK_DATA_MAX + HOOK_STRING_MAX + 512];
	struct path_buffer path;
	__u64 raw[6]; /* arguments */
	__u64 returned;
	__u64 context; /* address of the program's context */
	__u64 word[HOOK_VALUES_MAX];
	struct value_state value[HOOK_VALUES_MAX];
	__u64 mask[HOOK_WORDS_MAX];
	__u64 found[HOOK_WORDS_MAX]; /* of one dimension */
	struct segment_walk segments;
	__u64 cel_register[HOOK_CEL_REGISTERS];
	__u64 cel_unknown; /* bit n: register n depends on a value that could not be read */
	struct end_scratch end;
	__u32 align;
	struct trie_key trie; /* its bytes at a multiple of 8 */
	struct string_key string;
	struct string_key value_key[HOOK_VALUES_MAX]; /* for limits; `reserved` holds the value's flags */
	__u64 sock[HOOK_VALUES_MAX];                  /* address of the socket in a value, 0 without one */
	struct address_key address;
	__u64 number;
	__u32 used; /* bytes of the tail */
	__u32 input_error;
	__u32 place;    /* of the function or system call among those that the hook serves */
	__u32 untrack;  /* values whose sockets are forgotten after the event */
	__u32 slot;     /* this place among those of its CPU */
	__u32 cel_next; /* step */
	struct value_verdict verdict;
	__u64 enforced[HOOK_WORDS_MAX]; /* rules that were to deny or signal */
	__u64 failed[HOOK_WORDS_MAX];   /* those that could not write or note */
	__u64 has_verdict;
	__u64 carried_by; /* the context of a hook whose next instance goes on here; 0 without */
	__s32 decided;    /* by the instances so far */
	__u64 registers;  /* bit n: word n of struct pt_regs is to become registers_new[n] */
	__u64 registers_new[REGISTERS_MAX];
};

/* Entry cpu * scratch_slots + slot. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hook_scratch);
} hook_scratches SEC(".maps");

/* Entry cpu: bit n is set while slot n is taken. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hook_busy SEC(".maps");

#define SCRATCH_SLOTS_MAX 8

/* Places per CPU: as many as runs can be nested on this kernel. Set before load. */
const volatile __u32 scratch_slots = SCRATCH_SLOTS_MAX;

/* Returns a place and its slot; NULL when all are taken. */
static __always_inline struct hook_scratch *scratch_claim(__u32 *slot)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *busy = bpf_map_lookup_elem(&hook_busy, &cpu);
	__u32 index;

	if (!busy)
		return NULL;
	for (__u32 i = 0; i < SCRATCH_SLOTS_MAX && i < scratch_slots; i++) {
		if (__sync_fetch_and_or(busy, 1ull << i) & 1ull << i)
			continue;
		*slot = i;
		index = cpu * scratch_slots + i;
		return bpf_map_lookup_elem(&hook_scratches, &index);
	}
	return NULL;
}

static __always_inline void scratch_release(__u32 slot)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *busy = bpf_map_lookup_elem(&hook_busy, &cpu);

	if (busy)
		__sync_fetch_and_and(busy, ~(1ull << slot));
}

#endif
