/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Whose a socket is: the process image that opened it, or that a rule has tied it to. */
#ifndef MERLON_SOCK_OWNER_H
#define MERLON_SOCK_OWNER_H

#include "../events.h"
#include "kernel_types.h"
#include "state.h"

/* Shared by all hooks. The sockets that were not used for longest are forgotten first: they have no owner then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64); /* address of the struct sock */
	__type(value, struct image_key);
} sock_owners SEC(".maps");

/* What the current process is now. */
static __always_inline void owner_read(struct image_key *owner)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_state *state = process_state_find(task->group_leader);

	owner->image_time = state ? state->image_time : 0;
	owner->tgid = task->tgid;
	owner->reserved = 0;
}

#endif
