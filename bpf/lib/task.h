/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Reads a task's identity, credentials and namespaces into the fixed part of an event. */
#ifndef MERLON_TASK_H
#define MERLON_TASK_H

#include "../events.h"
#include "kernel_types.h"

/*
 * A struct pid's number in its innermost namespace (pid_nr_ns of task_active_pid_ns). The pointer is read as a plain number:
 * the 6.1 verifier refuses to add a variable to a typed one.
 */
static __always_inline struct upid task_pid_innermost(struct task_struct *task)
{
	struct upid upid = {};
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u64 level = BPF_CORE_READ(pid, level);
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	bpf_core_read(&upid, sizeof(upid), (struct upid *)(numbers + level * bpf_core_type_size(struct upid)));
	return upid;
}

/* The pid in a namespace other than the initial one; 0 in that. */
static __always_inline __u32 task_pid_in_namespace(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);

	return BPF_CORE_READ(pid, level) ? task_pid_innermost(task).nr : 0;
}

/* A task that has no kernel identity in user space's view: kernel threads and the idle task. */
static __always_inline bool task_is_kernel(struct task_struct *task)
{
	return task->flags & PF_KTHREAD || task->tgid == 0;
}

static __always_inline void task_read_key(struct process_key *key, struct task_struct *leader)
{
	key->start_time = leader->start_boottime;
	key->tgid = leader->tgid;
	key->reserved = 0;
}

static __always_inline void task_read_credentials(struct process_credentials *out, const struct cred *cred)
{
	struct user_namespace *user_ns = cred->user_ns;

	out->uid = cred->uid.val;
	out->gid = cred->gid.val;
	out->euid = cred->euid.val;
	out->egid = cred->egid.val;
	out->suid = cred->suid.val;
	out->sgid = cred->sgid.val;
	out->fsuid = cred->fsuid.val;
	out->fsgid = cred->fsgid.val;
	out->securebits = cred->securebits;
	bpf_core_read(&out->cap_permitted, sizeof(__u64), &cred->cap_permitted);
	bpf_core_read(&out->cap_effective, sizeof(__u64), &cred->cap_effective);
	bpf_core_read(&out->cap_inheritable, sizeof(__u64), &cred->cap_inheritable);
	out->user_ns_level = user_ns->level;
	out->user_ns_owner_uid = user_ns->owner.val;
	out->user_ns_owner_gid = user_ns->group.val;
}

static __always_inline void task_read_namespaces(struct process_namespaces *out, struct task_struct *task)
{
	struct nsproxy *nsproxy = task->nsproxy;
	struct upid active = task_pid_innermost(task);

	out->uts = nsproxy->uts_ns->ns.inum;
	out->ipc = nsproxy->ipc_ns->ns.inum;
	out->mnt = nsproxy->mnt_ns->ns.inum;
	out->pid = BPF_CORE_READ(active.ns, ns.inum);
	out->pid_for_children = nsproxy->pid_ns_for_children->ns.inum;
	out->net = nsproxy->net_ns->ns.inum;
	out->time = nsproxy->time_ns->ns.inum;
	out->time_for_children = nsproxy->time_ns_for_children->ns.inum;
	out->cgroup = nsproxy->cgroup_ns->ns.inum;
	out->user = task->cred->user_ns->ns.inum;
}

/* The controlling terminal as dev_t in the kernel's encoding (major << 20 | minor), 0 without one. */
static __always_inline __u32 task_tty(struct task_struct *task)
{
	struct tty_struct *tty = task->signal->tty;

	if (!tty)
		return 0;
	return (__u32)tty->driver->major << 20 | (__u32)(tty->driver->minor_start + tty->index);
}

/* Session leader's pid in the initial namespace (task_session_vnr there). */
static __always_inline __u32 task_session(struct task_struct *task)
{
	struct pid *session = task->signal->pids[PIDTYPE_SID];
	struct upid upid = {};

	bpf_core_read(&upid, sizeof(upid),
		      (struct upid *)((void *)session + bpf_core_field_offset(struct pid, numbers)));
	return upid.nr;
}

#endif
