/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The fixed part of an exec record, as far as an execve and the snapshot of a living process share it. */
#ifndef MERLON_EXEC_FIXED_H
#define MERLON_EXEC_FIXED_H

#include "../events.h"
#include "kernel_types.h"
#include "path.h"
#include "state.h"
#include "task.h"

/* What the binary's inode tells: identity, whether it is gone or never had a name, and privileges that it gave. */
static __always_inline void exec_read_inode(struct exec_event *event, struct file *file, const struct cred *cred)
{
	struct inode *inode = file->f_inode;
	__u16 mode = inode->i_mode;
	__u64 ambient, permitted = event->creds.cap_permitted;

	event->inode = inode->i_ino;
	event->inode_links = inode->__i_nlink;
	event->dev = inode->i_sb->s_dev;
	event->mount_id = BPF_CORE_READ(mount_of(file->f_path.mnt), mnt_id);
	if (inode->i_sb->s_flags & SB_NOUSER)
		event->flags |= EXEC_ANONYMOUS;
	else if (!event->inode_links)
		event->flags |= EXEC_DELETED;

	/*
	 * bprm_fill_uid() makes the effective ids the file's; with nosuid mounts and no_new_privs it does not, and then
	 * they differ from the file's or from the real ids.
	 */
	if (mode & S_ISUID && event->creds.euid == inode->i_uid.val && event->creds.euid != event->creds.uid)
		event->flags |= EXEC_SETUID;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && event->creds.egid == inode->i_gid.val &&
	    event->creds.egid != event->creds.gid)
		event->flags |= EXEC_SETGID;
	/* Without root ids, what is permitted beyond the ambient set comes from the file (cap_bprm_creds_from_file). */
	bpf_core_read(&ambient, sizeof(ambient), &cred->cap_ambient);
	if (event->creds.uid && event->creds.euid && permitted & ~ambient)
		event->flags |= EXEC_FILECAPS;
}

/* Identity, credentials, namespaces and parents of a leader. */
static __always_inline void exec_read_task(struct exec_event *event, struct task_struct *task)
{
	struct task_struct *parent = task->real_parent->group_leader;

	task_read_key(&event->process, task);
	task_read_credentials(&event->creds, task->cred);
	task_read_namespaces(&event->ns, task);
	event->real_parent_tgid = parent->tgid;
	event->real_parent_start_time = parent->start_boottime;
	if (task_is_kernel(parent))
		event->flags |= EXEC_PARENT_KTHREAD;
	event->ns_tgid = task_pid_innermost(task).nr;
	event->auid = bpf_core_field_exists(task->loginuid) ? task->loginuid.val : (__u32)-1;
	event->session_id = bpf_core_field_exists(task->sessionid) ? task->sessionid : (__u32)-1;
	event->sid = task_session(task);
	event->tty = task_tty(task);
	bpf_probe_read_kernel(event->comm, sizeof(event->comm), task->comm);
}

/* Keeps with a process what its image began with. */
static __always_inline void state_note_privileges(struct process_state *state, const struct exec_event *event)
{
	state->namespaces = event->ns;
	state->cap_permitted = event->creds.cap_permitted;
	state->cap_effective = event->creds.cap_effective;
	state->cap_inheritable = event->creds.cap_inheritable;
}

/* The parent's image: what fork noted, else what the present parent is now. */
static __always_inline void exec_read_parent(struct exec_event *event, struct process_state *state,
					     struct task_struct *task)
{
	struct process_state *parent;

	if (state && state->parent.image_time) {
		event->parent = state->parent;
		return;
	}
	event->parent.tgid = event->real_parent_tgid;
	event->parent.image_time = 0;
	if (event->flags & EXEC_PARENT_KTHREAD)
		return;
	parent = process_state_find(task->real_parent->group_leader);
	if (parent)
		event->parent.image_time = parent->image_time;
	else
		event->flags |= EXEC_PARENT_UNKNOWN;
	if (state && parent)
		state->parent = event->parent;
}

#endif
