/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the rules that matched do beside sending: limits of a rule's rate, and whose a socket is.
 *
 * A limited rule sends one event per interval for the same values of its own policy (not of others on the same hook) in its
 * scope. What is suppressed is counted with the rule; it is no loss. When more sets of values are alive than the table
 * holds, the least used are forgotten and a repeated one is sent again: never is a new one suppressed.
 */
#ifndef MERLON_HOOK_ACTIONS_H
#define MERLON_HOOK_ACTIONS_H

#include "hook_match.h"
#include "rule_hits.h"
#include "sock_owner.h"

#define EEXIST 17

_Static_assert(HOOK_VALUES_MAX <= 16, "struct rule_action has sets of 16 values");

/* Shared by all hooks; there once a rule has needed it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct rate_key);
	__type(value, __u64); /* time of the last event, boot time */
} rate_entries SEC(".maps");

/* By rule, for those in limited, track or untrack. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule_action);
} rule_actions SEC(".maps");

/* The hook's number; of one that serves many functions, that of the function that was hit. */
static __always_inline __u32 hook_number(struct hook_scratch *scratch)
{
	return config.flags & HOOK_PLACES ? config.hook + scratch->place : config.hook;
}

static __always_inline bool value_is_sock(__u32 i)
{
	return config.value[i].reader == READ_SOCK || config.value[i].reader == READ_SOCKET ||
	       config.value[i].reader == READ_SKB;
}

/* The address of the socket in value `i`, 0 without one. */
static __always_inline __u64 value_sock_address(struct hook_scratch *scratch, __u32 i)
{
	struct value_sock *sock = value_sock_of(scratch, i);

	return sock ? sock->cookie : 0;
}

/* A keyed hash of value `i` as it is sent. */
static __noinline long value_make_key(struct hook_scratch *scratch, __u32 i)
{
	__u64 secret[2] = { config.secret[0], config.secret[1] };
	__u32 offset, length;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	if (value_is_number(i)) {
		scratch->value_key[i].low = secret[0] ^ scratch->value[i].number;
		scratch->value_key[i].high = secret[1] + scratch->value[i].number;
		scratch->value_key[i].length = sizeof(__u64);
	} else {
		offset = scratch->value[i].offset;
		length = scratch->value[i].length;
		asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
		if (length > HOOK_DATA_MAX)
			length = HOOK_DATA_MAX;
		string_key_make(&scratch->value_key[i], secret, &scratch->tail[offset], length);
	}
	scratch->value_key[i].reserved = scratch->value[i].flags;
	return 0;
}

/* Loads every value and prepares what actions look at. */
static __always_inline void values_prepare(struct hook_scratch *scratch)
{
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		value_load(scratch, i);
		if (config.flags & HOOK_LIMITS)
			value_make_key(scratch, i);
		if (config.flags & HOOK_TRACKS)
			scratch->sock[i] = value_is_sock(i) ? value_sock_address(scratch, i) : 0;
	}
}

/* Names the thread or process beyond the reuse of its id. */
static __always_inline void rate_scope(struct rate_key *key, struct string_walk *walk, enum rate_scope scope)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (scope == RATE_THREAD) {
		key->scope = task->pid;
		key_add(walk, task->start_boottime);
	} else if (scope == RATE_PROCESS) {
		key->scope = task->tgid;
		key_add(walk, task->group_leader->start_boottime);
	}
}

/* Whether the rule may send now. Two CPUs that ask at once get one yes. */
static __always_inline bool rate_allows(struct hook_scratch *scratch, struct rule_action *action, __u32 rule)
{
	struct string_walk walk = { .low = config.secret[0], .high = config.secret[1] };
	struct rate_key key = { .hook = hook_number(scratch), .rule = rule };
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 *last, before;

	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		if (!(action->values >> i & 1))
			continue;
		key_add(&walk, scratch->value_key[i].low);
		key_add(&walk, scratch->value_key[i].high);
		key_add(&walk, (__u64)scratch->value_key[i].length << 32 | scratch->value_key[i].reserved);
	}
	rate_scope(&key, &walk, action->scope);
	key.values_low = walk.low;
	key.values_high = walk.high;
	last = bpf_map_lookup_elem(&rate_entries, &key);
	if (!last)
		return bpf_map_update_elem(&rate_entries, &key, &now, BPF_NOEXIST) != -EEXIST;
	before = *last;
	return now >= before + action->interval && __sync_val_compare_and_swap(last, before, now) == before;
}

/* Remembers the current process as the owner of the sockets in the values of `entries`. */
static __always_inline void socks_track(struct hook_scratch *scratch, __u32 entries)
{
	struct image_key owner;

	owner_read(&owner);
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		if (entries >> i & 1 && scratch->sock[i])
			bpf_map_update_elem(&sock_owners, &scratch->sock[i], &owner, BPF_ANY);
	}
}

/* Forgets the owners of sockets that rules untrack; after the event, which still names them. */
static __noinline long socks_untrack(struct hook_scratch *scratch)
{
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		if (scratch->untrack >> i & 1 && scratch->sock[i])
			bpf_map_delete_elem(&sock_owners, &scratch->sock[i]);
	}
	return 0;
}

/* Adds to the record whose the sockets are, for those that are known. */
static __noinline long hook_add_owners(struct hook_scratch *scratch)
{
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		struct image_key *owner;
		__u64 sock, *room;

		if (i >= config.values)
			break;
		if (!value_is_sock(i))
			continue;
		sock = value_sock_address(scratch, i);
		owner = sock ? bpf_map_lookup_elem(&sock_owners, &sock) : NULL;
		room = (__u64 *)value_room(scratch);
		if (!owner || !room)
			continue;
		/* struct value_sock_owner, whole words at a time */
		room[0] = owner->image_time;
		room[1] = owner->tgid;
		room[2] = i;
		value_close(scratch, VALUE_SOCK_OWNER, sizeof(struct value_sock_owner), 0);
	}
	return 0;
}

/* Rules of one word of the mask that are still to act. */
struct action_walk {
	struct hook_scratch *scratch;
	__u64 mask;
	__u64 left;
	__u32 word;
};

static long action_step(__u32 index, struct action_walk *walk)
{
	struct rule_action *action;
	__u64 lowest;
	__u32 rule;

	lowest = rule_take(&walk->left, walk->word, &rule);
	if (!lowest)
		return 1;
	action = bpf_map_lookup_elem(&rule_actions, &rule);
	if (!action)
		return 0;
	if (config.flags & HOOK_TRACKS) {
		if (action->track)
			socks_track(walk->scratch, action->track);
		walk->scratch->untrack |= action->untrack;
	}
	if (config.flags & HOOK_LIMITS && action->interval && !rate_allows(walk->scratch, action, rule)) {
		__sync_fetch_and_add(&action->suppressed, 1);
		walk->mask ^= lowest;
	}
	return 0;
}

/* Lets the rules in scratch->mask act; takes those out of it that must not send now. */
static __noinline long hook_act(struct hook_scratch *scratch)
{
	struct action_walk walk = { .scratch = scratch };
	__u64 any = 0;

	scratch->untrack = 0;
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		any |= scratch->mask[w] & (config.rules.limited[w] | config.rules.track[w] | config.rules.untrack[w]);
	}
	if (!any)
		return 0;
	values_prepare(scratch);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		walk.word = w;
		walk.mask = scratch->mask[w];
		walk.left = walk.mask & (config.rules.limited[w] | config.rules.track[w] | config.rules.untrack[w]);
		bpf_loop(64, action_step, &walk, 0);
		scratch->mask[w] = walk.mask;
	}
	return 0;
}

#endif
