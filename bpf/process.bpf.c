// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * The process sensor: every process image (exec), every new process (fork) and every end of one (exit), with BTF
 * tracepoints only, so that it works on kernels without kprobes, fentry and LSM programs.
 *
 * Guarantee: an event leaves for each of them, or its loss leaves a hole in the sequence of its CPU.
 *
 *   process_exec         sched_process_exec: after the point of no return, when the new memory, credentials and file are
 *                        in place and the arguments have just been written, so nothing can change them between the check
 *                        and the use, and they are in memory.
 *   process_fork         sched_process_fork: before the child can run, so a fork always precedes its exec.
 *   process_exit         sched_process_exit of the thread that leaves the group empty.
 *   process_snapshot     iterator: the processes that live already, with the identity that the kernel holds.
 *   process_acknowledge  iterator: marks the images that the snapshot found as reported, once user space has done so.
 *
 * Tracepoint programs run with preemption disabled on the supported kernels, in process context, so one scratch buffer
 * per CPU is enough. Its busy mark makes sure: were a program ever to find the buffer taken (a kernel that lets
 * tracepoint programs be preempted), the record is counted as lost, never mixed.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "events.h"
#include "lib/kernel_types.h"
#include "lib/emit.h"
#include "lib/exec_fixed.h"
#include "lib/exec_tail.h"
#include "lib/state.h"
#include "lib/task.h"

char LICENSE[] SEC("license") = "GPL";

/* User space sets max_entries to the number of possible CPUs before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32); /* cpu */
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

/* Of the iterator, which can be preempted and so cannot share a CPU's. The agent runs one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} snapshot_scratch SEC(".maps");

/* Bytes of the environment to send with an exec, at most EVENT_ENV_MAX; 0 sends none. Set before load. */
const volatile __u32 exec_env_max = 0;

static __always_inline void exec_fill(struct exec_scratch *scratch, struct task_struct *task, int old_pid,
				      struct linux_binprm *bprm, struct process_state *state, __u64 now)
{
	struct exec_event *event = &scratch->event;
	struct mm_struct *mm = task->mm;
	struct fs_struct *fs = task->fs;
	struct path path, root;
	__u32 env_max = exec_env_max;

	event->flags = 0;
	scratch->used = 0;
	exec_read_task(event, task);
	event->image_time = now;
	event->tid = old_pid;
	event->argc = bprm->argc;
	event->cgroup_id = bpf_get_current_cgroup_id();
	if (old_pid != task->pid)
		event->flags |= EXEC_FROM_THREAD;
	if (state && (state->flags & (PROCESS_FORKED | PROCESS_EXECED)) == PROCESS_FORKED)
		event->flags |= EXEC_AFTER_FORK;
	exec_read_parent(event, state, task);
	exec_read_inode(event, bprm->file, task->cred);

	bpf_core_read(&root, sizeof(root), &fs->root);
	bpf_core_read(&path, sizeof(path), &bprm->file->f_path);
	event->path_length = tail_add_path(scratch, &path, &root, EXEC_PATH_TRUNCATED);
	if (state)
		binary_note(state, &scratch->binary, scratch->tail, event->path_length);
	bpf_core_read(&path, sizeof(path), &fs->pwd);
	event->cwd_length = tail_add_path(scratch, &path, &root, EXEC_CWD_TRUNCATED);
	event->args_length = tail_add_user(scratch, mm->arg_start, mm->arg_end, EVENT_ARGS_MAX, EXEC_ARGS_TRUNCATED,
					   EXEC_ARGS_UNREADABLE);
	event->script_length = 0;
	if (bprm->interp != bprm->filename) {
		event->flags |= EXEC_SCRIPT;
		event->script_length = tail_add_string(scratch, bprm->filename, EXEC_SCRIPT_TRUNCATED);
	}
	event->root_length = tail_add_path(scratch, &root, NULL, EXEC_PATH_TRUNCATED);
	if (event->root_length)
		event->flags |= EXEC_CHROOT;
	event->cgroup_length = tail_add_cgroup(scratch, task);
	event->env_length = 0;
	if (env_max)
		event->env_length = tail_add_user(scratch, mm->env_start, mm->env_end,
						  env_max < EVENT_ENV_MAX ? env_max : EVENT_ENV_MAX, EXEC_ENV_TRUNCATED,
						  EXEC_ENV_UNREADABLE);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratches, &cpu);
	__u64 now = bpf_ktime_get_boot_ns();
	struct process_state *state = process_state_ensure(task);
	__u64 size;

	if (!scratch || __sync_lock_test_and_set(&scratch->busy, 1)) {
		event_lose(LANE_LIFECYCLE);
		return 0;
	}
	exec_fill(scratch, task, old_pid, bprm, state, now);
	if (state) {
		state->image_time = now;
		state->flags = (state->flags | PROCESS_EXECED) & ~PROCESS_REPORTED;
		state_note_privileges(state, &scratch->event);
	}
	size = sizeof(struct exec_event) + scratch->used;
	if (size <= sizeof(struct exec_event) + EXEC_TAIL_MAX &&
	    !event_emit(scratch, size, EVENT_EXEC, LANE_LIFECYCLE, now) && state)
		state->flags |= PROCESS_REPORTED;
	scratch->busy = 0;
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct fork_event event = {};
	struct process_state *state, *parent_state;
	struct task_struct *leader;

	/* A thread, or a kernel thread: not a process. */
	if (child->pid != child->tgid || child->flags & PF_KTHREAD)
		return 0;

	leader = child->real_parent->group_leader;
	task_read_key(&event.process, child);
	event.parent.tgid = leader->tgid;
	event.ns_tgid = task_pid_innermost(child).nr;
	event.cgroup_id = bpf_get_current_cgroup_id();
	parent_state = process_state_find(leader);
	if (parent_state)
		event.parent.image_time = parent_state->image_time;
	state = process_state_ensure(child);
	if (state) {
		state->parent = event.parent;
		state->flags |= PROCESS_FORKED;
	}
	if (state && parent_state) {
		state->binary = parent_state->binary;
		state->parent_binary = parent_state->binary;
		state->namespaces = parent_state->namespaces;
		state->cap_permitted = parent_state->cap_permitted;
		state->cap_effective = parent_state->cap_effective;
		state->cap_inheritable = parent_state->cap_inheritable;
	}
	if (!event_emit(&event, sizeof(event), EVENT_FORK, LANE_LIFECYCLE, bpf_ktime_get_boot_ns()) && state)
		state->flags |= PROCESS_REPORTED;
	return 0;
}

/*
 * The status is what wait(2) reports (wait_task_zombie): the group's code when the group was told to exit, which
 * do_group_exit() does for single-threaded processes too, else the leader's own.
 */
static __always_inline __u32 exit_code_of(struct task_struct *leader)
{
	const unsigned int SIGNAL_GROUP_EXIT = 0x4;

	if (leader->signal->flags & SIGNAL_GROUP_EXIT)
		return leader->signal->group_exit_code;
	return leader->exit_code;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct exit_event event = {};
	struct process_state *state;

	if (task->signal->live.counter != 0 || task->flags & PF_KTHREAD)
		return 0;
	/*
	 * do_exit() decrements `live` before it gets here, so two last threads may both see zero: the first to set the mark
	 * reports.
	 */
	state = process_state_ensure(leader);
	if (state && __sync_fetch_and_or(&state->flags, PROCESS_EXITED) & PROCESS_EXITED)
		return 0;

	task_read_key(&event.process, leader);
	event.image_time = state ? state->image_time : 0;
	event.code = exit_code_of(leader);
	event.tid = task->pid;
	event_emit(&event, sizeof(event), EVENT_EXIT, LANE_LIFECYCLE, bpf_ktime_get_boot_ns());
	return 0;
}

/*
 * Paths of a task that runs on meanwhile. Dentries, mounts and cgroups are freed by RCU, which the iterator holds; memory
 * and fs_struct are not, but go only when the process ends or calls execve, and then the check after the reads fails.
 */
static __always_inline void snapshot_read_paths(struct exec_scratch *scratch, struct task_struct *task,
						struct process_state *state)
{
	struct exec_event *event = &scratch->event;
	struct mm_struct *mm = task->mm;
	struct fs_struct *fs = task->fs;
	struct file *file;
	struct path path, root;

	if (!mm || !fs)
		return;
	file = mm->exe_file;
	if (!file)
		return;
	exec_read_inode(event, file, task->cred);
	bpf_core_read(&root, sizeof(root), &fs->root);
	bpf_core_read(&path, sizeof(path), &file->f_path);
	event->path_length = tail_add_path(scratch, &path, &root, EXEC_PATH_TRUNCATED);
	bpf_core_read(&path, sizeof(path), &fs->pwd);
	event->cwd_length = tail_add_path(scratch, &path, &root, EXEC_CWD_TRUNCATED);
	event->root_length = tail_add_path(scratch, &root, NULL, EXEC_PATH_TRUNCATED);
	if (event->root_length)
		event->flags |= EXEC_CHROOT;
	event->cgroup_length = tail_add_cgroup(scratch, task);

	if (task->mm == mm && mm->exe_file == file && task->fs == fs && task->signal->live.counter != 0) {
		/* A process that has called execve since the sensor came has its binary's path at that time. */
		if (state && !state->binary.length)
			binary_note(state, &scratch->binary, scratch->tail, event->path_length);
		return;
	}
	event->path_length = event->cwd_length = event->root_length = event->cgroup_length = 0;
	event->flags &= ~EXEC_CHROOT;
	scratch->used = 0;
}

SEC("iter/task")
int process_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&snapshot_scratch, &zero);
	struct process_state *state;
	struct exec_event *event;
	__u32 size;

	if (!scratch || !task || task->pid != task->tgid || task->flags & PF_KTHREAD || task->signal->live.counter == 0)
		return 0;
	event = &scratch->event;
	__builtin_memset(event, 0, sizeof(*event));
	scratch->used = 0;
	state = process_state_ensure(task);
	event->flags = EXEC_SNAPSHOT;
	exec_read_task(event, task);
	exec_read_parent(event, state, task);
	/* What it had when its image began is not known of a process that is older than the sensor. */
	if (state && !state->namespaces.mnt)
		state_note_privileges(state, event);
	event->tid = event->process.tgid;
	event->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	event->image_time = state ? state->image_time : event->process.start_time;
	if (state && state->flags & PROCESS_REPORTED)
		event->flags |= EXEC_REPORTED;
	if (state && !(state->flags & PROCESS_EXECED) && state->flags & PROCESS_FORKED)
		event->flags |= EXEC_NEVER;
	snapshot_read_paths(scratch, task, state);

	size = sizeof(struct exec_event) + scratch->used;
	if (size > sizeof(struct exec_event) + EXEC_TAIL_MAX)
		return 0;
	event->header.size = size;
	event->header.type = EVENT_EXEC;
	event->header.lane = LANE_LIFECYCLE;
	event->header.ktime = event->image_time;
	bpf_seq_write(ctx->meta->seq, event, size);
	return 0;
}

SEC("iter/task")
int process_acknowledge(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process_state *state;

	if (!task || task->pid != task->tgid)
		return 0;
	state = process_state_find(task);
	if (state)
		__sync_fetch_and_or(&state->flags, PROCESS_REPORTED);
	return 0;
}
