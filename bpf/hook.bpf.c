// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * A policy hook: one program serves every policy that uses the hook. User space loads this object once per hook and
 * generation, with the one program that fits the way of attaching, and sets `config` before (hook_config.h).
 *
 * Guarantee: each hit is classified by one generation of the policies; a hit that a rule matched leaves one event, or its
 * loss leaves a hole in its CPU's sequence.
 *
 *   hook_fentry      a kernel function is entered
 *   hook_fexit       it returns: arguments and return value at once
 *   hook_kprobe      as hook_fentry, where there are no trampolines
 *   hook_kprobe_multi   many functions at once
 *   hook_lsm         a security hook: what it returns decides about the operation
 *   hook_fmod_ret    a function that may be modified is entered: returns in its place
 *   hook_tracepoint  a classic tracepoint: the record's fields
 *   hook_raw         a raw tracepoint's arguments; also a syscall, by sys_enter and sys_exit
 *   hook_uprobe      a place in a file that runs in user space: a function, a USDT probe
 *   hook_return   a function there returns: arguments and return value at once
 *
 * Values are read where they stand, so what points to user memory can change after the hook has looked (a system call's
 * strings); values of security hooks are the kernel's own copies.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "events.h"
#include "hook_config.h"
#include "lib/kernel_types.h"
#include "lib/emit.h"
#include "lib/hook_actions.h"
#include "lib/hook_arguments.h"
#include "lib/hook_enforce.h"
#include "lib/hook_match.h"
#include "lib/hook_values.h"
#include "lib/ima_state.h"
#include "lib/rule_hits.h"
#include "lib/scratch.h"
#include "lib/state.h"
#include "lib/task.h"
#include "lib/value_wide.h"

char LICENSE[] SEC("license") = "GPL";

/* All of it set before load. */
const volatile struct hook_config config = {};

/* Instances of the hooks, of which a root program starts the first; `config.group` is the next one of the same hook. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2 * HOOK_GROUPS_MAX);
	__uint(key_size, 4);
	__uint(value_size, 4);
} instances SEC(".maps");

#define STACK_BYTES_MAX 1024
#define PLACES_BYTES_MAX 4096

_Static_assert(sizeof(struct value_stack_place) == sizeof(struct bpf_stack_build_id), "the kernel writes them");
_Static_assert(STACK_BYTES_MAX / 8 == PLACES_BYTES_MAX / sizeof(struct value_stack_place), "one for each address");

/* Files and offsets of the user stack. Where the kernel cannot tell, the addresses are all there is. */
static __always_inline void hook_add_places(struct hook_scratch *scratch, void *context)
{
	char *room = value_room(scratch);
	long length;

	if (!room)
		return;
	length = bpf_get_stack(context, room, PLACES_BYTES_MAX, BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
	if (length > 0)
		value_close(scratch, VALUE_USER_PLACES, length, 0);
}

static __always_inline void hook_add_stack(struct hook_scratch *scratch, void *context, __u16 entry, __u64 flags)
{
	char *room = value_room(scratch);
	long length;

	if (!room)
		return;
	length = bpf_get_stack(context, room, STACK_BYTES_MAX, flags);
	value_close(scratch, entry, length < 0 ? 0 : length, length < 0 ? VALUE_UNREADABLE : 0);
}

static __always_inline bool mask_meets(struct hook_scratch *scratch, const volatile __u64 *rules)
{
	__u64 any = 0;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		any |= scratch->mask[w] & rules[w];
	}
	return any;
}

/* The hash that ima.bpf.c has taken for this hit. */
static __always_inline void hook_add_ima_hash(struct hook_scratch *scratch)
{
	struct ima_state *state = ima_state_find();
	char *room = value_room(scratch);
	__u32 length;

	if (!room)
		return;
	if (!state || state->phase != IMA_DONE) {
		value_close(scratch, VALUE_IMA_HASH, 0, VALUE_UNREADABLE);
		return;
	}
	length = state->digest_length;
	if (length > IMA_DIGEST_MAX)
		length = IMA_DIGEST_MAX;
	bpf_probe_read_kernel(room, sizeof(state->algorithm) + IMA_DIGEST_MAX, &state->algorithm);
	value_close(scratch, VALUE_IMA_HASH, sizeof(state->algorithm) + length, 0);
}

/* Sends what matched, with every value of the hook. */
static __noinline long hook_send(struct hook_scratch *scratch, void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_state *state = process_state_find(task->group_leader);
	struct hook_event *event = &scratch->event;
	enum event_lane lane = LANE_TELEMETRY;
	__u64 size;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		((__u64 *)scratch->tail)[w] = scratch->mask[w];
	}
	/* First: what was done is told even when the values fill the record. */
	if (config.flags & HOOK_ENFORCES && scratch->has_verdict) {
		lane = LANE_LIFECYCLE;
		hook_add_verdict(scratch);
	}
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		value_load(scratch, i);
		if (value_is_number(i))
			value_send_number(scratch, i);
		else if (config.value[i].reader == READ_SOCKADDR_UN)
			value_restore_sockaddr_un(scratch, i);
	}
	values_add_sizes(scratch);
	if (config.flags & HOOK_SOCK_OWNERS)
		hook_add_owners(scratch);
	if (mask_meets(scratch, config.rules.kernel_stack))
		hook_add_stack(scratch, context, VALUE_KERNEL_STACK, 0);
	if (mask_meets(scratch, config.rules.user_stack)) {
		hook_add_stack(scratch, context, VALUE_USER_STACK, BPF_F_USER_STACK);
		hook_add_places(scratch, context);
	}
	if (config.flags & HOOK_IMA && mask_meets(scratch, config.rules.ima_hash))
		hook_add_ima_hash(scratch);

	task_read_key(&event->process, task->group_leader);
	event->image_time = state ? state->image_time : 0;
	event->generation = config.generation;
	event->hook = hook_number(scratch);
	event->tid = task->pid;
	event->words = config.words;
	size = sizeof(*event) + scratch->used;
	if (config.flags & HOOK_WIDE && wide_send(scratch, lane))
		return 0;
	if (size <= sizeof(*event) + HOOK_DATA_MAX)
		event_emit(event, size, EVENT_HOOK, lane, bpf_ktime_get_boot_ns());
	return 0;
}

/* Notes what matched with the process. */
static __always_inline void hook_follow(struct hook_scratch *scratch)
{
	struct followed *followed = followed_ensure(bpf_get_current_task_btf()->group_leader);

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (!followed || w >= config.words)
			break;
		followed->met.words[w] |= scratch->mask[w];
	}
}

/* Has ima.bpf.c take the file's hash. */
static __always_inline void hook_ask_ima(struct hook_scratch *scratch)
{
	struct ima_state *state;

	if (!mask_meets(scratch, config.rules.ima_hash))
		return;
	state = bpf_task_storage_get(&ima_states, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state)
		state->phase = IMA_WANTED;
}

static __always_inline bool ima_is_hashing(void)
{
	struct ima_state *state = ima_state_find();

	return state && state->phase == IMA_HASHING;
}

static __noinline long hook_run(struct hook_scratch *scratch, void *context)
{
	scratch->used = config.words * sizeof(__u64);
	scratch->event.values = 0;
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		__u32 index = config.value[i].index;

		if (i >= config.values)
			break;
		scratch->value[i].loaded = 0;
		scratch->value[i].path_start = 0;
		if (config.value[i].source == SOURCE_ARGUMENT && index < 6)
			scratch->word[i] = scratch->raw[index];
		else if (config.value[i].source == SOURCE_RETURN)
			scratch->word[i] = scratch->returned;
		else if (config.value[i].source == SOURCE_TASK)
			scratch->word[i] = bpf_get_current_task();
		else if (config.value[i].source == SOURCE_FIELD_ADDRESS)
			scratch->word[i] = scratch->context + config.value[i].field;
		else if (config.value[i].source == SOURCE_REGISTERS)
			bpf_probe_read_kernel(&scratch->word[i], sizeof(__u64),
					      (void *)(scratch->context + config.value[i].field));
		else if (config.value[i].source == SOURCE_CONSTANT)
			scratch->word[i] = config.value[i].field;
	}
	if (config.flags & HOOK_IMA && ima_is_hashing())
		return 0;
	if (!hook_match(scratch))
		return 0;
	if (config.flags & HOOK_FOLLOW) {
		hook_follow(scratch);
		return 0;
	}
	if (config.flags & HOOK_ENFORCER) {
		enforcers_select(scratch);
		if (mask_is_empty(scratch))
			return 0;
	}
	mask_keep_first(scratch);
	if (config.flags & HOOK_IMA_ASK) {
		hook_ask_ima(scratch);
		return 0;
	}
	hits_count(scratch);
	if (config.flags & HOOK_ENFORCES)
		hook_enforce(scratch);
	if (config.flags & (HOOK_LIMITS | HOOK_TRACKS))
		hook_act(scratch);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= config.rules.post[w];
	}
	if (!mask_is_empty(scratch))
		hook_send(scratch, context);
	if (config.flags & HOOK_TRACKS)
		socks_untrack(scratch);
	return 0;
}

static __always_inline struct hook_scratch *hook_enter(void *context, __u32 *slot)
{
	struct hook_scratch *scratch;

	if (config.flags & HOOK_CONTINUES)
		scratch = scratch_take_over(context, slot);
	else
		scratch = scratch_claim(slot);
	if (!scratch) {
		event_lose(LANE_TELEMETRY);
		return NULL;
	}
	scratch->context = (__u64)context;
	scratch->slot = *slot;
	if (!(config.flags & HOOK_CONTINUES))
		scratch->decided = 0;
	scratch->registers = 0;
	if (config.flags & HOOK_ENFORCES)
		__builtin_memset(&scratch->verdict, 0, sizeof(scratch->verdict));
	return scratch;
}

/* Goes on in the next instance of the same hook and generation, if there is one. */
static __always_inline void hook_leave(void *context, __u32 slot)
{
	scratch_release(slot);
	if (config.group)
		bpf_tail_call(context, &instances, config.group);
}

/* An entry point: claims a place, gathers the arguments, classifies, and goes on in the next instance. */
#define HOOK(name, section, gather)                                                                                    \
	SEC(section)                                                                                                   \
	int name(void *context)                                                                                        \
	{                                                                                                              \
		__u32 slot;                                                                                            \
		struct hook_scratch *scratch = hook_enter(context, &slot);                                             \
                                                                                                                       \
		if (!scratch) {                                                                                        \
			deny_unseen();                                                                                 \
			return 0;                                                                                      \
		}                                                                                                      \
		if (gather(scratch, context))                                                                          \
			hook_run(scratch, context);                                                                    \
		if (config.flags & HOOK_WRITES_REGISTERS)                                                              \
			registers_store(scratch, context);                                                             \
		hook_leave(context, slot);                                                                             \
		return 0;                                                                                              \
	}

/* The same where the program's return value decides about the operation. */
#define DENYING_HOOK(name, section, gather)                                                                            \
	SEC(section)                                                                                                   \
	int name(void *context)                                                                                        \
	{                                                                                                              \
		__u32 slot;                                                                                            \
		struct hook_scratch *scratch = hook_enter(context, &slot);                                             \
		__s32 decided;                                                                                         \
                                                                                                                       \
		if (!scratch)                                                                                          \
			return errno_bounded(deny_unseen());                                                           \
		gather(scratch, context);                                                                              \
		hook_run(scratch, context);                                                                            \
		if (config.flags & HOOK_ENFORCES && !scratch->decided)                                                 \
			scratch->decided = scratch->verdict.error;                                                     \
		decided = scratch->decided;                                                                            \
		if (config.group) {                                                                                    \
			scratch->carried_by = (__u64)context;                                                          \
			bpf_tail_call(context, &instances, config.group);                                              \
			scratch->carried_by = 0;                                                                       \
		}                                                                                                      \
		scratch_release(slot);                                                                                 \
		return errno_bounded(decided);                                                                         \
	}

HOOK(hook_fentry, "fentry", gather_entry)
HOOK(hook_fexit, "fexit", gather_exit)
HOOK(hook_kprobe, "kprobe", gather_kprobe)
HOOK(hook_kprobe_multi, "kprobe.multi", gather_kprobe_multi)
HOOK(hook_uprobe, "uprobe", gather_registers)
HOOK(hook_return, "uprobe", gather_return)
HOOK(hook_raw, "raw_tracepoint", gather_raw)
HOOK(hook_tracepoint, "tracepoint", gather_fields)
DENYING_HOOK(hook_lsm, "lsm", gather_entry)
DENYING_HOOK(hook_fmod_ret, "fmod_ret", gather_entry)
