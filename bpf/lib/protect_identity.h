/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Who is the agent, who started it, and whether anything is refused to others now. */
#ifndef MERLON_PROTECT_IDENTITY_H
#define MERLON_PROTECT_IDENTITY_H

#include "../protect.h"
#include "kernel_types.h"

#define EPERM 1
/* The root of cgroup v2: every process is there that nothing has put elsewhere. */
#define ROOT_CGROUP_ID 1
/* In protect_state::agent while a process is becoming the agent: an address that no task has. */
#define BEING_CLAIMED 1

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct protect_config);
} protect_configs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct protect_state);
} protect_states SEC(".maps");

/* 1: the break-glass file is there, and nothing is refused. Written by the kernel side and, when it looks, by the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} protect_glasses SEC(".maps");

/* By enum protect_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROTECT_KINDS);
	__type(key, __u32);
	__type(value, struct protect_refusal);
} protect_refusals SEC(".maps");

static __always_inline struct protect_config *config_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&protect_configs, &zero);
}

static __always_inline struct protect_state *state_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&protect_states, &zero);
}

static __always_inline bool glass_is_broken(void)
{
	__u32 zero = 0;
	__u32 *glass = bpf_map_lookup_elem(&protect_glasses, &zero);

	return glass && *glass;
}

static __always_inline void glass_set(__u32 value)
{
	__u32 zero = 0;
	__u32 *glass = bpf_map_lookup_elem(&protect_glasses, &zero);

	if (glass)
		*glass = value;
}

/* Counts what the current process did. */
static __always_inline void refusal_note(__u32 kind)
{
	struct protect_refusal *refusal = bpf_map_lookup_elem(&protect_refusals, &kind);

	if (!refusal)
		return;
	refusal->tgid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(refusal->comm, sizeof(refusal->comm));
	__sync_fetch_and_add(&refusal->count, 1);
}

static __always_inline struct task_struct *current_leader(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);
}

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* Whether `leader`, a living process, has the mark. */
static __always_inline bool is_agent(const struct protect_state *state, struct task_struct *leader)
{
	return (__u64)leader == state->agent && BPF_CORE_READ(leader, start_boottime) == state->agent_start_time &&
	       BPF_CORE_READ(leader, self_exec_id) == state->agent_exec;
}

/* Whether the process with the mark has not ended. Its task may have been freed: then what is read there is another. */
static __always_inline bool agent_lives(const struct protect_state *state)
{
	struct task_struct *leader = (void *)state->agent;

	return leader && is_agent(state, leader) && BPF_CORE_READ(leader, exit_state) == 0;
}

/* The process that started the agent, others of its cgroup (a container runtime's helpers), and those that the settings name. */
static __always_inline bool is_starter(const struct protect_state *state, struct task_struct *leader)
{
	const struct protect_config *config = config_find();
	__u64 cgroup = task_cgroup(leader);

	if ((__u32)BPF_CORE_READ(leader, tgid) == state->starter_tgid &&
	    BPF_CORE_READ(leader, start_boottime) == state->starter_start_time)
		return true;
	if (!config || !cgroup)
		return false;
	for (__u32 i = 0; i < PROTECT_CGROUPS_MAX; i++)
		if (config->cgroups[i] == cgroup)
			return true;
	return cgroup == state->starter_cgroup;
}

/* Who may do everything: the agent. */
static __always_inline bool current_is_agent(const struct protect_state *state)
{
	return is_agent(state, current_leader());
}

/* Who may end the agent: itself, who started it, and the init process, which shuts the machine down. */
static __always_inline bool current_may_stop(const struct protect_state *state)
{
	struct task_struct *leader = current_leader();

	return BPF_CORE_READ(leader, tgid) == 1 || is_agent(state, leader) || is_starter(state, leader);
}

static __always_inline bool is_active(const struct protect_config *config)
{
	return config->active && !glass_is_broken();
}

/* Whether `task` is one of a protected, living agent. */
static __always_inline bool is_protected_task(struct task_struct *task, struct protect_state **state)
{
	struct protect_config *config = config_find();

	*state = state_find();
	if (!config || !*state || !is_agent(*state, BPF_CORE_READ(task, group_leader)))
		return false;
	return is_active(config);
}

static __always_inline int refuse(__u32 kind)
{
	refusal_note(kind);
	return -EPERM;
}

/*
 * The current process becomes the agent when none lives and, while the protection is active, what started the earlier one, or
 * another process of its cgroup, has started this one. While it is not active nothing is refused: who opens the map beside a
 * living agent does not become it.
 */
static __always_inline int agent_claim(struct protect_state *state, const struct protect_config *config)
{
	struct task_struct *leader = current_leader();
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent, group_leader);
	__u64 own_cgroup, parent_cgroup, before = state->agent;
	bool active = is_active(config);

	if (is_agent(state, leader))
		return 0;
	if (before == BEING_CLAIMED || agent_lives(state))
		return active ? refuse(PROTECT_CLAIM) : 0;
	if (active && state->starter_tgid && !is_starter(state, parent))
		return refuse(PROTECT_CLAIM);
	/* Of two at once, one; it is the agent when all that is known of it has been written. */
	if (!__sync_bool_compare_and_swap(&state->agent, before, BEING_CLAIMED))
		return refuse(PROTECT_CLAIM);
	state->agent_start_time = BPF_CORE_READ(leader, start_boottime);
	state->agent_exec = BPF_CORE_READ(leader, self_exec_id);
	state->starter_tgid = BPF_CORE_READ(parent, tgid);
	state->starter_start_time = BPF_CORE_READ(parent, start_boottime);
	own_cgroup = task_cgroup(leader);
	parent_cgroup = task_cgroup(parent);
	/* Anybody may be in one that the agent shares with it; the init process needs no helpers. */
	state->starter_cgroup =
		parent_cgroup != own_cgroup && parent_cgroup != ROOT_CGROUP_ID && state->starter_tgid != 1
			? parent_cgroup
			: 0;
	state->mount = 0;
	__sync_lock_test_and_set(&state->agent, (__u64)leader);
	return 0;
}

#endif
