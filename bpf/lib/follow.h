/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What a process inherits from its ancestors for rules with followChildren and followForks: a set of conditions that it or
 * one of them has met. Kept with the task (its leader), so it goes with it.
 */
#ifndef MERLON_FOLLOW_H
#define MERLON_FOLLOW_H

#include "../hook_config.h"
#include "kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct followed);
} followed_sets SEC(".maps");

static __always_inline struct followed *followed_find(struct task_struct *leader)
{
	return bpf_task_storage_get(&followed_sets, leader, NULL, 0);
}

static __always_inline struct followed *followed_ensure(struct task_struct *leader)
{
	return bpf_task_storage_get(&followed_sets, leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

#endif
