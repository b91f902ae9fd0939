/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the kernel side keeps with each process: task storage of the thread group's leader, which the kernel frees with
 * the task, so it needs no bound and no clean-up. Pinned, it outlives the agent: a restarted agent finds the identity
 * of each living process and whether its image has been reported.
 */
#ifndef MERLON_STATE_H
#define MERLON_STATE_H

#include "../events.h"
#include "kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct process_state);
} process_states SEC(".maps");

/* The state of a leader that has one, else NULL. */
static __always_inline struct process_state *process_state_find(struct task_struct *leader)
{
	return bpf_task_storage_get(&process_states, leader, NULL, 0);
}

/* The state of a leader, made when it is missing (a process older than the agent, or a new leader after de_thread()). */
static __always_inline struct process_state *process_state_ensure(struct task_struct *leader)
{
	struct process_state *state =
		bpf_task_storage_get(&process_states, leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (state && !state->start_time) {
		state->start_time = leader->start_boottime;
		state->image_time = state->start_time;
	}
	return state;
}

#endif
