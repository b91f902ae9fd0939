/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The binary that a dimension looks at. What the execve left with the process is known by its key; where nothing is known (the
 * process began while one agent took over from another, its storage was busy, its binary is not among the last that ran) it is the
 * executable file, under the name that it has now. Kernel threads, and what has no program yet, have none: they match no rule
 * that names or excludes binaries.
 */
#ifndef MERLON_MATCH_BINARY_H
#define MERLON_MATCH_BINARY_H

#include "binary.h"
#include "dimension.h"
#include "path.h"
#include "state.h"
#include "task.h"

/* The key, as far as the process sensor has noted it; NULL when it has not. */
static __always_inline struct string_key *binary_key(__u32 d)
{
	struct process_state *state = process_state_find(bpf_get_current_task_btf()->group_leader);
	struct string_key *key;

	if (!state)
		return NULL;
	key = config.dimension[d].input == INPUT_BINARY ? &state->binary : &state->parent_binary;
	return key->length ? key : NULL;
}

/* The path of the executable file to the end of scratch->path; its length, 0 when there is none. */
static __noinline long binary_resolve(struct hook_scratch *scratch, __u32 d)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct path path = {}, root = {};
	struct file *file;
	struct fs_struct *fs;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	if (config.dimension[d].input != INPUT_BINARY)
		task = task->group_leader->real_parent;
	if (task_is_kernel(task))
		return 0;
	file = BPF_CORE_READ(task, mm, exe_file);
	fs = BPF_CORE_READ(task, fs);
	if (!file || !fs)
		return 0;
	bpf_core_read(&path, sizeof(path), &file->f_path);
	bpf_core_read(&root, sizeof(root), &fs->root);
	path_resolve(&scratch->path, path.mnt, path.dentry, root.mnt, root.dentry);
	return EVENT_PATH_MAX - scratch->path.position;
}

static __always_inline const char *binary_resolved(struct hook_scratch *scratch)
{
	return &scratch->path.bytes[scratch->path.position & (EVENT_PATH_MAX - 1)];
}

#endif
