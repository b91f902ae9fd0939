/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Paths of open files and directories, as d_path() would print them, for any program type.
 *
 * bpf_d_path() is allowed in a handful of hooks only, so this walks dentries and mounts itself, from the leaf to the
 * given root, writing names backwards from the end of the buffer. A walk that fills the buffer keeps the end of the path
 * and says so. No suffix is added to a deleted file's path: that is a flag of its own.
 */
#ifndef MERLON_PATH_H
#define MERLON_PATH_H

#include "../events.h"
#include "kernel_types.h"

#define PATH_NAME_MAX 255
/* A path of PATH_MAX bytes has at most 2,048 components. */
#define PATH_COMPONENTS_MAX 2048
/* With room for the mounts that it crosses. */
#define PATH_STEPS_MAX (PATH_COMPONENTS_MAX + 64)

/*
 * The path stands at the end of the first EVENT_PATH_MAX bytes; the rest only gives the verifier its margin. The position
 * lives here, in map memory, and not on the stack: there the verifier would follow its value through every step of the
 * loop and never see two equal states.
 */
struct path_buffer {
	char bytes[EVENT_PATH_MAX + PATH_NAME_MAX + 1];
	__u32 position; /* of the first byte written so far */
	__u32 truncated;
};

struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *mount_root; /* of `mount`: most steps stay within one */
	struct dentry *root_dentry;
	struct mount *root_mount;
	struct path_buffer *buffer;
};

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void path_start(struct path_buffer *buffer)
{
	buffer->position = EVENT_PATH_MAX;
	buffer->truncated = 0;
}

/* Writes "/name" in front of what is there. Returns false, and marks the path truncated, when it does not fit. */
static __always_inline bool path_prepend(struct path_buffer *buffer, const unsigned char *name, __u32 length)
{
	__u32 position = buffer->position;
	__u32 start;

	if (length > PATH_NAME_MAX)
		length = PATH_NAME_MAX;
	if (position < length + 1) {
		buffer->truncated = 1;
		return false;
	}
	start = position - length - 1;
	buffer->bytes[start & (EVENT_PATH_MAX - 1)] = '/';
	bpf_probe_read_kernel(&buffer->bytes[(start + 1) & (EVENT_PATH_MAX - 1)], length & PATH_NAME_MAX, name);
	buffer->position = start;
	return true;
}

/* What a step needs of a dentry. The two members are neighbours on every supported kernel: one read instead of two. */
struct dentry_link {
	struct dentry *parent;
	__u32 hash;
	__u32 length;
	const unsigned char *name;
};

static __always_inline void dentry_read_link(struct dentry_link *link, struct dentry *dentry)
{
	struct qstr name;

	if (bpf_core_field_offset(dentry->d_name) == bpf_core_field_offset(dentry->d_parent) + sizeof(void *) &&
	    bpf_core_type_size(struct qstr) == sizeof(struct dentry_link) - sizeof(void *)) {
		bpf_probe_read_kernel(link, sizeof(*link), (void *)dentry + bpf_core_field_offset(dentry->d_parent));
		return;
	}
	link->parent = BPF_CORE_READ(dentry, d_parent);
	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	link->length = name.len;
	link->name = name.name;
}

/* One step up: a component, or the crossing from a mount's root to the place where it is mounted. */
static long path_step(__u32 index, struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	struct dentry_link link;

	if (dentry == walk->root_dentry && mount == walk->root_mount)
		return 1;
	if (dentry == walk->mount_root) {
		struct mount *parent_mount = BPF_CORE_READ(mount, mnt_parent);

		/* The top of the mount tree, or a mount that stands in none (memfd, a detached mount). */
		if (parent_mount == mount)
			return 1;
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = parent_mount;
		walk->mount_root = BPF_CORE_READ(parent_mount, mnt.mnt_root);
		return 0;
	}
	dentry_read_link(&link, dentry);
	/* The root of a filesystem, of a dentry whose mount is not known. */
	if (link.parent == dentry && !walk->mount_root)
		return 1;
	if (!path_prepend(walk->buffer, link.name, link.length))
		return 1;
	/* A file that stands in no directory: a memfd's name is all there is. */
	if (link.parent == dentry)
		return 1;
	walk->dentry = link.parent;
	return 0;
}

/*
 * Resolves (mnt, dentry) up to (root_mnt, root_dentry); NULL for the root walks to the top of the mount tree, NULL for mnt to
 * the root of the filesystem. The result is
 * buffer->bytes[position .. EVENT_PATH_MAX). Returns true when it is complete.
 */
static __always_inline bool path_resolve(struct path_buffer *buffer, struct vfsmount *mnt, struct dentry *dentry,
					 struct vfsmount *root_mnt, struct dentry *root_dentry)
{
	struct path_walk walk = {
		.dentry = dentry,
		.mount = mount_of(mnt),
		.mount_root = BPF_CORE_READ(mnt, mnt_root),
		.root_dentry = root_dentry,
		.root_mount = root_mnt ? mount_of(root_mnt) : NULL,
		.buffer = buffer,
	};

	path_start(buffer);
	if (bpf_loop(PATH_STEPS_MAX, path_step, &walk, 0) == PATH_STEPS_MAX)
		buffer->truncated = 1;
	return !buffer->truncated;
}

#endif
