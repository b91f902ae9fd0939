// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Hands on what a process inherits for followChildren and followForks. Attached while a policy needs it.
 *
 *   follow_fork  sched_process_fork: before the child can run. A thread gets the set of its process too: by an execve it can
 *                become the leader, and the leader before it goes with what it had (de_thread()).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "lib/kernel_types.h"
#include "lib/follow.h"
#include "lib/task.h"

char LICENSE[] SEC("license") = "GPL";

/* Of the conditions in force, those that a process with this pid meets. User space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct followed_pid);
	__type(value, struct followed_set);
} followed_pids SEC(".maps");

/* What the child adds by its own pid; NULL when no condition names it. */
static __always_inline struct followed_set *followed_by_pid(__u32 pid, bool in_namespace)
{
	struct followed_pid key = { .pid = pid, .in_namespace = in_namespace };

	return bpf_map_lookup_elem(&followed_pids, &key);
}

static __always_inline int follow_thread(struct task_struct *thread, struct task_struct *leader)
{
	struct followed *from = followed_find(leader), *to = from ? followed_ensure(thread) : NULL;

	if (to)
		*to = *from;
	return 0;
}

static __always_inline int follow_process(struct task_struct *child, struct task_struct *parent)
{
	__u32 inner = task_pid_in_namespace(child);
	struct followed_set *by_pid = followed_by_pid(child->tgid, false);
	struct followed_set *by_inner = inner ? followed_by_pid(inner, true) : NULL;
	struct followed *from = followed_find(parent), *to;

	if (!from && !by_pid && !by_inner)
		return 0;
	to = followed_ensure(child);
	for (__u32 w = 0; to && w < HOOK_WORDS_MAX; w++) {
		to->above.words[w] = from ? from->met.words[w] : 0;
		to->met.words[w] =
			to->above.words[w] | (by_pid ? by_pid->words[w] : 0) | (by_inner ? by_inner->words[w] : 0);
	}
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->flags & PF_KTHREAD)
		return 0;
	if (child->pid != child->tgid)
		return follow_thread(child, parent->group_leader);
	return follow_process(child, child->real_parent->group_leader);
}
