/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The variable fields of an exec record: paths, arguments, script, cgroup and environment, back to back in its tail. */
#ifndef MERLON_EXEC_TAIL_H
#define MERLON_EXEC_TAIL_H

#include "../events.h"
#include "binary.h"
#include "kernel_types.h"
#include "path.h"

#define PAGE_BYTES 4096
#define EXEC_PATHS 5 /* path, cwd, script, root, cgroup */
#define EXEC_TAIL_MAX (EXEC_PATHS * EVENT_PATH_MAX + EVENT_ARGS_MAX + EVENT_ENV_MAX)

struct exec_scratch {
	struct exec_event event;
	char tail[EXEC_TAIL_MAX];
	struct path_buffer path;
	struct binary_scratch binary;
	__u32 busy;
	__u32 used; /* bytes of the tail */
};

/*
 * Appends what stands in the path buffer; an empty path becomes "/" when `root` says so. Returns the length. `used` is read
 * here, right before its check: the 6.1 verifier forgets the bound of a value that was on the stack meanwhile.
 */
static __always_inline __u16 tail_add_buffer(struct exec_scratch *scratch, bool root)
{
	__u32 start = scratch->path.position;
	__u32 length, used;

	if (start >= EVENT_PATH_MAX) {
		if (!root)
			return 0;
		start = EVENT_PATH_MAX - 1;
		scratch->path.bytes[EVENT_PATH_MAX - 1] = '/';
	}
	length = EVENT_PATH_MAX - start;
	used = scratch->used;
	if (used > EXEC_TAIL_MAX - EVENT_PATH_MAX)
		return 0;
	bpf_probe_read_kernel(&scratch->tail[used], length, &scratch->path.bytes[start]);
	scratch->used = used + length;
	return length;
}

/* Appends a path, relative to the given root; NULL walks to the top of the mount tree, where the root itself is "". */
static __always_inline __u16 tail_add_path(struct exec_scratch *scratch, struct path *path, struct path *root,
					   enum exec_flag truncated)
{
	if (!path_resolve(&scratch->path, path->mnt, path->dentry, root ? root->mnt : NULL, root ? root->dentry : NULL))
		scratch->event.flags |= truncated;
	return tail_add_buffer(scratch, root != NULL);
}

/* Appends a NUL-terminated kernel string without its NUL. */
static __always_inline __u16 tail_add_string(struct exec_scratch *scratch, const char *string, enum exec_flag truncated)
{
	__u32 used = scratch->used;
	long length;

	if (used > EXEC_TAIL_MAX - EVENT_PATH_MAX)
		return 0;
	length = bpf_probe_read_kernel_str(&scratch->tail[used], EVENT_PATH_MAX, string);
	if (length <= 0) {
		scratch->event.flags |= truncated;
		return 0;
	}
	if (length == EVENT_PATH_MAX)
		scratch->event.flags |= truncated;
	scratch->used = used + length - 1;
	return length - 1;
}

/*
 * Appends user memory [start, end), at most `max` bytes. A first try reads it in one piece; when a page is missing, the
 * pages before it are kept and the flag says that the rest could not be read.
 */
static __always_inline __u16 tail_add_user(struct exec_scratch *scratch, unsigned long start, unsigned long end,
					   __u32 max, enum exec_flag truncated, enum exec_flag unreadable)
{
	__u32 used = scratch->used;
	__u64 length = end - start;
	__u32 done = 0;

	if (end <= start || used > EXEC_TAIL_MAX - EVENT_ARGS_MAX)
		return 0;
	if (length > max) {
		length = max;
		scratch->event.flags |= truncated;
	}
	if (length > EVENT_ARGS_MAX)
		return 0;
	if (!bpf_probe_read_user(&scratch->tail[used], length, (void *)start)) {
		scratch->used = used + length;
		return length;
	}
	for (int page = 0; page <= EVENT_ARGS_MAX / PAGE_BYTES; page++) {
		__u64 from = start + done;
		__u64 piece = PAGE_BYTES - (from & (PAGE_BYTES - 1));

		if (piece > length - done)
			piece = length - done;
		if (!piece || used + done > EXEC_TAIL_MAX - 2 * PAGE_BYTES)
			break;
		/* The 6.1 verifier loses the bound; the compiler must not see that this changes nothing. */
		asm volatile("%0 &= %1" : "+r"(piece) : "i"(2 * PAGE_BYTES - 1));
		if (bpf_probe_read_user(&scratch->tail[used + done], piece, (void *)from))
			break;
		done += piece;
	}
	scratch->event.flags |= unreadable;
	scratch->used = used + done;
	return done;
}

struct cgroup_walk {
	struct kernfs_node *node;
	struct path_buffer *buffer;
};

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___rcu *rcu = (void *)node;

	if (bpf_core_field_exists(rcu->__parent))
		return BPF_CORE_READ(rcu, __parent);
	return BPF_CORE_READ(node, parent);
}

static long cgroup_step(__u32 index, struct cgroup_walk *walk)
{
	struct kernfs_node *node = walk->node;
	struct kernfs_node *parent = kernfs_parent(node);
	char name[PATH_NAME_MAX + 1];
	long length;

	if (!parent)
		return 1;
	length = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(node, name));
	if (length <= 0) {
		walk->buffer->truncated = 1;
		return 1;
	}
	if (!path_prepend(walk->buffer, (unsigned char *)name, length - 1))
		return 1;
	walk->node = parent;
	return 0;
}

/* Appends the path of the task's cgroup in the v2 hierarchy, from the hierarchy's root. */
static __always_inline __u16 tail_add_cgroup(struct exec_scratch *scratch, struct task_struct *task)
{
	struct cgroup_walk walk = {
		.node = task->cgroups->dfl_cgrp->kn,
		.buffer = &scratch->path,
	};

	path_start(&scratch->path);
	bpf_loop(PATH_COMPONENTS_MAX, cgroup_step, &walk, 0);
	if (scratch->path.truncated)
		scratch->event.flags |= EXEC_CGROUP_TRUNCATED;
	return tail_add_buffer(scratch, true);
}

#endif
