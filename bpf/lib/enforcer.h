/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * NotifyEnforcer: a rule of one hook notes with the task what the policy's enforcers, which are hooks on other calls, are to do
 * when the task makes one of those. The note is taken back when they have, or by CleanupEnforcerNotification.
 *
 * A rule that matches where a system call begins that is one of the enforcers' own sends the signal itself: which of the two
 * programs runs first is not known. A task has room for the notes of a few policies; without room the signal is sent at once, and
 * an error that cannot be noted is told as failed.
 */
#ifndef MERLON_ENFORCER_H
#define MERLON_ENFORCER_H

#include "scratch.h"
#include "syscall.h"

#define ENFORCER_NOTES_MAX 4

struct enforcer_note {
	__u32 policy; /* number; 0: no note */
	__s32 error;
	__u32 signal;
	__u32 reserved;
};

struct enforcer_notes {
	struct enforcer_note note[ENFORCER_NOTES_MAX];
};

/* Shared by all hooks; there once a policy has enforcers. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct enforcer_notes);
} enforcer_notes SEC(".maps");

/* By rule, for those that note: bit n for the system call at place n. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, HOOK_SYSCALL_PLACES / 8);
} enforcer_calls SEC(".maps");

/* The current task's note of a policy; of policy 0: a free place. */
static __always_inline struct enforcer_note *enforcer_find(__u32 policy, __u64 flags)
{
	struct enforcer_notes *notes = bpf_task_storage_get(&enforcer_notes, bpf_get_current_task_btf(), NULL, flags);

	for (int i = 0; i < ENFORCER_NOTES_MAX; i++)
		if (notes && notes->note[i].policy == policy)
			return &notes->note[i];
	return NULL;
}

static __always_inline bool enforcer_is_in_call(__u32 rule)
{
	__u64 *calls = bpf_map_lookup_elem(&enforcer_calls, &rule);
	__u32 place = syscall_place((void *)bpf_task_pt_regs(bpf_get_current_task_btf()));
	__u64 word = place / 64;

	asm volatile("%0 &= %1" : "+r"(word) : "i"(HOOK_SYSCALL_PLACES / 64 - 1));
	return calls && place < HOOK_SYSCALL_PLACES && calls[word] >> place % 64 & 1;
}

/* Notes what the enforcers of the rule's policy are to do; returns the signal that is to be sent at once, 0 for none. */
static __always_inline __u32 enforcer_notify(struct rule_action *action, __u32 rule, bool *failed)
{
	__u32 signal = action->note_signal, at_once = 0;
	struct enforcer_note *note;

	if (signal && enforcer_is_in_call(rule)) {
		at_once = signal;
		signal = 0;
	}
	if (!signal && !action->note_error)
		return at_once;
	note = enforcer_find(action->policy, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!note)
		note = enforcer_find(0, 0);
	if (!note) {
		*failed = action->note_error != 0;
		return action->note_signal;
	}
	note->policy = action->policy;
	note->error = action->note_error;
	note->signal = signal;
	return at_once;
}

/* Has the enforcer itself do what was noted, and takes the note back. */
static __always_inline __u32 enforcer_act(struct value_verdict *verdict, struct rule_action *action)
{
	struct enforcer_note *note = enforcer_find(action->policy, 0);
	__u32 signal;

	if (!note)
		return 0;
	signal = note->signal;
	if (!verdict->error)
		verdict->error = note->error;
	note->policy = 0;
	return signal;
}

static __always_inline void enforcer_forget(struct rule_action *action)
{
	struct enforcer_note *note = enforcer_find(action->policy, 0);

	if (note)
		note->policy = 0;
}

#endif
