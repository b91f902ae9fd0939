/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Values that are paths: whatever names a file ends here, as /proc would show it in the root of the current process. */
#ifndef MERLON_VALUE_PATHS_H
#define MERLON_VALUE_PATHS_H

#include "path.h"
#include "value_tail.h"

/* `inode`: of an open file its own, which on a stacked filesystem of 6.1 is another than its path's. */
static __always_inline void value_add_path(struct hook_scratch *scratch, __u32 i, struct path *path,
					   struct inode *inode, __u32 flags, __s32 fd)
{
	char *room = value_room(scratch);
	struct value_path *value = (struct value_path *)room;
	struct fs_struct *fs;
	struct path root = {};
	__u32 start, length;

	if (!room || !path->dentry) {
		value_fail(scratch, i, room ? VALUE_MISSING : VALUE_TRUNCATED);
		return;
	}
	/* A dentry without its mount: the walk ends at the root of its filesystem. */
	fs = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), fs);
	if (fs && path->mnt)
		bpf_core_read(&root, sizeof(root), &fs->root);
	path_resolve(&scratch->path, path->mnt, path->dentry, root.mnt, root.dentry);
	start = scratch->path.position;
	if (start >= EVENT_PATH_MAX) {
		start = EVENT_PATH_MAX - 1;
		scratch->path.bytes[EVENT_PATH_MAX - 1] = '/';
	}
	length = EVENT_PATH_MAX - start;
	value->flags = flags;
	value->mode = BPF_CORE_READ(inode, i_mode);
	value->reserved = 0;
	value->fd = fd;
	value->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	value->inode = BPF_CORE_READ(inode, i_ino);
	scratch->value[i].number = value->mode >> 12;
	scratch->value[i].path_start = sizeof(*value);
	if (length > EVENT_PATH_MAX)
		return;
	bpf_probe_read_kernel(room + sizeof(*value), length, &scratch->path.bytes[start & (EVENT_PATH_MAX - 1)]);
	value_end(scratch, i, sizeof(*value) + length, scratch->path.truncated ? VALUE_TRUNCATED : 0);
}

static __always_inline void value_add_file(struct hook_scratch *scratch, __u32 i, struct file *file, __s32 fd)
{
	struct path path = {};

	if (!file || bpf_core_read(&path, sizeof(path), &file->f_path)) {
		value_fail(scratch, i, file ? VALUE_UNREADABLE : VALUE_MISSING);
		return;
	}
	value_add_path(scratch, i, &path, BPF_CORE_READ(file, f_inode), BPF_CORE_READ(file, f_flags), fd);
}

/* The open file of a descriptor of the current process (fdget without its reference: the table is read as it stands). */
static __always_inline struct file *file_of_descriptor(__s32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* Values whose word is a pointer to something with a path, or a descriptor. */
static __noinline long value_load_path(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	struct path path = {};
	__s32 fd;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	switch (config.value[i].reader) {
	case READ_FD:
		/* A resolve path ends at the number. */
		if (config.value[i].steps) {
			if (memory_read(&fd, sizeof(fd), word)) {
				value_fail(scratch, i, VALUE_UNREADABLE);
				return 0;
			}
			word = fd;
		}
		value_add_file(scratch, i, file_of_descriptor(word), word);
		return 0;
	case READ_KIOCB:
		word = (__u64)BPF_CORE_READ((struct kiocb *)word, ki_filp);
		break;
	case READ_BINPRM:
		word = (__u64)BPF_CORE_READ((struct linux_binprm *)word, file);
		break;
	case READ_PATH:
		if (!word || bpf_probe_read_kernel(&path, sizeof(path), (void *)word)) {
			value_fail(scratch, i, word ? VALUE_UNREADABLE : VALUE_MISSING);
			return 0;
		}
		value_add_path(scratch, i, &path, BPF_CORE_READ(path.dentry, d_inode), 0, -1);
		return 0;
	case READ_DENTRY:
		path.dentry = (struct dentry *)word;
		value_add_path(scratch, i, &path, BPF_CORE_READ(path.dentry, d_inode), 0, -1);
		return 0;
	default:
		break;
	}
	value_add_file(scratch, i, (struct file *)word, -1);
	return 0;
}

#endif
