/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the rules that matched do to the operation and its process: an error in place of the operation, signals. Of several
 * errors the first rule's holds; each signal is sent once. A policy's mode is read at each hit, so a switch is one store.
 *
 * A denial holds for a hook that can deny: LSM, fmod_ret, and by override.bpf.c a function that errors can be injected into. The
 * instances of the first two run one after the other; a later one takes over the decision with the place in working memory,
 * which is told by the context's address: it is on the stack of this invocation.
 */
#ifndef MERLON_HOOK_ENFORCE_H
#define MERLON_HOOK_ENFORCE_H

#include "enforcer.h"
#include "hook_actions.h"
#include "user_write.h"

/* Largest errno (MAX_ERRNO, include/linux/err.h); the verifier wants no more of an LSM program. */
#define ERRNO_MAX 4095

#define SIGNALS_MAX 64

/* enum policy_mode by number of the policy; shared by all hooks. One that is not here enforces. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
} policy_modes SEC(".maps");

/* Of override.bpf.c, for this hook. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, __s32);
} overrides SEC(".maps");

struct enforce_walk {
	struct hook_scratch *scratch;
	__u64 left;
	__u64 enforced;
	__u64 failed;
	__u32 word;
	__s32 error; /* deny_unseen */
};

static __always_inline void verdict_add_signal(struct value_verdict *verdict, __u32 signal)
{
	if (signal && signal <= SIGNALS_MAX)
		verdict->signals |= 1ull << (signal - 1);
}

static __always_inline bool policy_monitors(struct rule_action *action)
{
	__u32 *mode = bpf_map_lookup_elem(&policy_modes, &action->policy);

	return mode && *mode == POLICY_MONITORS;
}

static long enforce_step(__u32 index, struct enforce_walk *walk)
{
	struct value_verdict *verdict = &walk->scratch->verdict;
	struct rule_action *action;
	bool failed = false;
	__u64 lowest;
	__s32 error;
	__u32 rule;

	lowest = rule_take(&walk->left, walk->word, &rule);
	if (!lowest)
		return 1;
	action = bpf_map_lookup_elem(&rule_actions, &rule);
	if (!action)
		return 0;
	if (policy_monitors(action)) {
		/* What was noted while the policy acted is not left for a later call. */
		if (config.flags & HOOK_ENFORCER && action->enforcer & (ENFORCER_ACTS | ENFORCER_FORGETS))
			enforcer_forget(action);
		return 0;
	}
	error = action->error;
	if (config.flags & (HOOK_WRITES_MEMORY | HOOK_WRITES_REGISTERS) && action->writes &&
	    !user_write_rule(walk->scratch, rule)) {
		walk->failed |= lowest;
		/* A signal is sent all the same. */
		if (!action->signal)
			return 0;
		error = 0;
	}
	walk->enforced |= lowest;
	__sync_fetch_and_add(&action->acted, 1);
	if (!verdict->error)
		verdict->error = error;
	verdict_add_signal(verdict, action->signal);
	if (config.flags & HOOK_ENFORCER) {
		if (action->enforcer & ENFORCER_ACTS)
			verdict_add_signal(verdict, enforcer_act(verdict, action));
		if (action->enforcer & ENFORCER_FORGETS)
			enforcer_forget(action);
		if (action->enforcer & ENFORCER_NOTES)
			verdict_add_signal(verdict, enforcer_notify(action, rule, &failed));
		if (failed)
			walk->failed |= lowest;
	}
	return 0;
}

/* Takes enforcers out of the mask for which nothing is noted. */
static long enforcer_step(__u32 index, struct enforce_walk *walk)
{
	struct rule_action *action;
	__u64 lowest;
	__u32 rule;

	lowest = rule_take(&walk->left, walk->word, &rule);
	if (!lowest)
		return 1;
	action = bpf_map_lookup_elem(&rule_actions, &rule);
	if (action && action->enforcer & ENFORCER_ACTS && !enforcer_find(action->policy, 0))
		walk->enforced ^= lowest;
	return 0;
}

static __noinline long enforcers_select(struct hook_scratch *scratch)
{
	struct enforce_walk walk = { .scratch = scratch };

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		walk.word = w;
		walk.enforced = scratch->mask[w];
		walk.left = scratch->mask[w] & config.rules.enforce[w];
		if (walk.left)
			bpf_loop(64, enforcer_step, &walk, 0);
		scratch->mask[w] = walk.enforced;
	}
	return 0;
}

struct signal_walk {
	__u64 signals;
	__u64 unsent;
};

static long signal_step(__u32 index, struct signal_walk *walk)
{
	__u64 bit = 1ull << (index & (SIGNALS_MAX - 1));

	if (walk->signals & bit && bpf_send_signal(index + 1))
		walk->unsent |= bit;
	return 0;
}

/* Has override.bpf.c return an error for this hit, unless an instance before this one has decided; false without room. */
static __always_inline bool override_decide(__s32 error)
{
	__u32 thread = bpf_get_current_pid_tgid();

	return !bpf_map_update_elem(&overrides, &thread, &error, BPF_NOEXIST) ||
	       bpf_map_lookup_elem(&overrides, &thread);
}

/* Decides and signals; leaves in scratch->verdict what is to be returned and reported. */
static __noinline long hook_enforce(struct hook_scratch *scratch)
{
	struct enforce_walk walk = { .scratch = scratch };
	struct signal_walk signals = {};
	__u64 any = 0;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		walk.word = w;
		walk.enforced = walk.failed = 0;
		walk.left = scratch->mask[w] & config.rules.enforce[w];
		if (walk.left) {
			any = 1;
			bpf_loop(64, enforce_step, &walk, 0);
		}
		scratch->enforced[w] = walk.enforced;
		scratch->failed[w] = walk.failed;
	}
	scratch->has_verdict = any;
	signals.signals = scratch->verdict.signals;
	if (signals.signals)
		bpf_loop(SIGNALS_MAX, signal_step, &signals, 0);
	scratch->verdict.unsent = signals.unsent;
	if (config.flags & HOOK_OVERRIDES && scratch->verdict.error && !override_decide(scratch->verdict.error))
		scratch->verdict.ran = 1;
	return 0;
}

static long unseen_step(__u32 index, struct enforce_walk *walk)
{
	struct rule_action *action;
	__u32 rule;

	if (!rule_take(&walk->left, walk->word, &rule))
		return 1;
	action = bpf_map_lookup_elem(&rule_actions, &rule);
	if (action && !walk->error && !policy_monitors(action))
		walk->error = action->error;
	return 0;
}

/* For a hit that cannot be looked at: the error of the first rule that denies it, 0 when it passes. */
static __noinline long deny_unseen(void)
{
	struct enforce_walk walk = {};

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		walk.word = w;
		walk.left = config.rules.unseen[w];
		if (walk.left)
			bpf_loop(64, unseen_step, &walk, 0);
	}
	if (config.flags & HOOK_OVERRIDES && walk.error)
		override_decide(walk.error);
	return walk.error;
}

/* Adds to the record what was done. */
static __noinline long hook_add_verdict(struct hook_scratch *scratch)
{
	__u64 *room = (__u64 *)value_room(scratch);

	if (!room)
		return 0;
	room[0] = scratch->verdict.signals;
	room[1] = scratch->verdict.unsent;
	room[2] = (__u64)scratch->verdict.ran << 32 | (__u32)scratch->verdict.error;
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		room[3 + w] = scratch->enforced[w];
		room[3 + config.words + w] = scratch->failed[w];
	}
	value_close(scratch, VALUE_VERDICT, sizeof(struct value_verdict) + 2 * config.words * sizeof(__u64), 0);
	return 0;
}

/* The place that the instance before this one has left, with its decision; NULL when there is none. */
static __always_inline struct hook_scratch *scratch_take_over(void *context, __u32 *slot)
{
	__u32 cpu = bpf_get_smp_processor_id();

	for (__u32 i = 0; i < SCRATCH_SLOTS_MAX && i < scratch_slots; i++) {
		__u32 index = cpu * scratch_slots + i;
		struct hook_scratch *scratch = bpf_map_lookup_elem(&hook_scratches, &index);

		if (scratch && scratch->carried_by == (__u64)context) {
			scratch->carried_by = 0;
			*slot = i;
			return scratch;
		}
	}
	return NULL;
}

/* An error that every kernel takes from a program that denies. */
static __always_inline int errno_bounded(__s32 error)
{
	return error < -ERRNO_MAX || error > 0 ? 0 : error;
}

#endif
