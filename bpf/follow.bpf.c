// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Hands on what a process inherits for followChildren and followForks. Attached while a policy needs it.
 *
 *   follow_fork  sched_process_fork: before the child can run
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "lib/kernel_types.h"
#include "lib/follow.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	struct followed *from, *to;

	/* A thread has its leader's. */
	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return 0;
	from = followed_find(child->real_parent->group_leader);
	if (!from)
		return 0;
	to = followed_ensure(child);
	if (to)
		*to = *from;
	return 0;
}
