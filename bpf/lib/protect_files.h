/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The agent's pins, their mounts, the break-glass file, and the files by which a cgroup or the kernel's programs are ended. */
#ifndef MERLON_PROTECT_FILES_H
#define MERLON_PROTECT_FILES_H

#include "protect_identity.h"

#define O_ACCMODE 00000003
#ifdef __TARGET_ARCH_x86
#define O_DIRECTORY 00200000
#else
#define O_DIRECTORY 00040000
#endif
#define MNT_SHARED 0x1000
#define CGROUP2_SUPER_MAGIC 0x63677270
#define PROC_SUPER_MAGIC 0x9fa0
#define DEBUGFS_MAGIC 0x64626720
/* Directories, mounts and cgroups above one that are looked at. */
#define PROTECT_DEPTH_MAX 1024
/* A walk that does not come to an end counts as one that has found it. */
#define WALK_FINDS(step, walk) (bpf_loop(PROTECT_DEPTH_MAX, step, &(walk), 0) == PROTECT_DEPTH_MAX || (walk).found)

struct pin_walk {
	struct dentry *dentry;
	__u64 inode;
	bool found;
};

static long pin_step(__u32 index, struct pin_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	walk->found = BPF_CORE_READ(dentry, d_inode, i_ino) == walk->inode;
	if (walk->found || parent == dentry)
		return 1;
	walk->dentry = parent;
	return 0;
}

/* Refuses what is the directory of the pins, or in it. */
static __always_inline int pin_check(struct dentry *dentry)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();
	struct pin_walk walk = { .dentry = dentry };

	if (!config || !state || BPF_CORE_READ(dentry, d_sb, s_dev) != config->pins_dev)
		return 0;
	walk.inode = config->pins_inode;
	if (!is_active(config) || current_is_agent(state) || !WALK_FINDS(pin_step, walk))
		return 0;
	return refuse(PROTECT_PIN);
}

/* Whether it is the break-glass file that is being made or removed. */
static __always_inline bool is_glass(struct inode *directory, struct dentry *dentry)
{
	struct protect_config *config = config_find();
	__u64 name[PROTECT_NAME_MAX / sizeof(__u64)] = {};
	__u32 length;

	if (!config || !config->glass_inode || BPF_CORE_READ(directory, i_ino) != config->glass_inode ||
	    BPF_CORE_READ(directory, i_sb, s_dev) != config->glass_dev)
		return false;
	length = BPF_CORE_READ(dentry, d_name.len);
	if (length >= PROTECT_NAME_MAX)
		return false;
	/* The 6.1 verifier forgets the bound. */
	asm volatile("%0 &= %1" : "+r"(length) : "i"(PROTECT_NAME_MAX - 1));
	bpf_probe_read_kernel(name, length, BPF_CORE_READ(dentry, d_name.name));
	for (__u32 i = 0; i < PROTECT_NAME_MAX / sizeof(__u64); i++)
		if (name[i] != ((__u64 *)config->glass_name)[i])
			return false;
	return true;
}

/* Who a file belongs to that the current process makes. */
static __always_inline __u32 current_fsuid(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), cred, fsuid.val);
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

struct mount_walk {
	struct mount *mount;
	struct mount *wanted;
	bool found;
};

static long mount_step(__u32 index, struct mount_walk *walk)
{
	struct mount *mount = walk->mount;
	struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

	walk->found = mount == walk->wanted;
	if (walk->found || parent == mount)
		return 1;
	walk->mount = parent;
	return 0;
}

/* Whether the mount through which the agent sees its pins would go with this one. */
static __always_inline bool mount_holds_pins(const struct protect_config *config, const struct protect_state *state,
					     struct mount *mount)
{
	struct mount *pins = (void *)state->mount;
	struct mount_walk walk = { .mount = pins, .wanted = mount };

	/* The agent's mount namespace may have ended: then another mount can be there. */
	if (!pins || BPF_CORE_READ(pins, mnt.mnt_sb, s_dev) != config->pins_dev)
		return false;
	return WALK_FINDS(mount_step, walk);
}

/* Whether a mount of the pins' filesystem is one that others see too: the host's, or one whose end reaches others. */
static __always_inline bool mount_matters(struct mount *mount)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	/* numbers[0] is a pid in the first namespace. */
	struct pid_namespace *first = BPF_CORE_READ(task, thread_pid, numbers[0].ns);
	struct mnt_namespace *host = BPF_CORE_READ(first, child_reaper, nsproxy, mnt_ns);

	return BPF_CORE_READ(mount, mnt_ns) == host || BPF_CORE_READ(mount, mnt_parent, mnt.mnt_flags) & MNT_SHARED;
}

/* What is unmounted in a mount namespace of one's own stays allowed: container runtimes do. */
static __always_inline int umount_check(struct vfsmount *mnt)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();
	struct mount *mount = mount_of(mnt);

	if (!config || !state || !is_active(config))
		return 0;
	if (!mount_holds_pins(config, state, mount) &&
	    (BPF_CORE_READ(mnt, mnt_sb, s_dev) != config->pins_dev || !mount_matters(mount)))
		return 0;
	/* The init process shuts the machine down. */
	if (current_is_agent(state) || bpf_get_current_pid_tgid() >> 32 == 1)
		return 0;
	return refuse(PROTECT_UNMOUNT);
}

/* When the agent opens the directory of its pins, the mount is noted. */
static __always_inline int directory_opened(struct file *file)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();

	if (config && state && BPF_CORE_READ(file, f_inode, i_ino) == config->pins_inode &&
	    BPF_CORE_READ(file, f_inode, i_sb, s_dev) == config->pins_dev && current_is_agent(state))
		state->mount = (__u64)mount_of(BPF_CORE_READ(file, f_path.mnt));
	return 0;
}

struct cgroup_walk {
	struct kernfs_node *node;
	__u64 wanted;
	bool found;
};

static long cgroup_step(__u32 index, struct cgroup_walk *walk)
{
	struct kernfs_node *node = walk->node;

	if (!node)
		return 1;
	walk->found = BPF_CORE_READ(node, id) == walk->wanted;
	if (walk->found)
		return 1;
	if (bpf_core_field_exists(struct kernfs_node, parent))
		walk->node = BPF_CORE_READ(node, parent);
	else
		walk->node = BPF_CORE_READ((struct kernfs_node___rcu *)node, __parent);
	return 0;
}

/* Refuses to open cgroup.kill and cgroup.freeze of a cgroup that the agent is in; an inode's number there is the cgroup's id. */
static __always_inline int cgroup_check(struct dentry *dentry, const struct protect_state *state, const char *name)
{
	struct task_struct *agent = (void *)state->agent;
	struct cgroup_walk walk = {};

	if (__builtin_memcmp(name, "cgroup.kill", 12) && __builtin_memcmp(name, "cgroup.freeze", 14))
		return 0;
	if (!agent_lives(state))
		return 0;
	walk.node = BPF_CORE_READ(agent, cgroups, dfl_cgrp, kn);
	walk.wanted = BPF_CORE_READ(dentry, d_parent, d_inode, i_ino);
	if (current_may_stop(state) || !WALK_FINDS(cgroup_step, walk))
		return 0;
	return refuse(PROTECT_CGROUP);
}

/*
 * Refuses to open to write what switches off the kernel's programs, whoever's they are: kernel.ftrace_enabled takes every
 * trampoline out of the kernel's functions (fentry, fmod_ret, LSM), kprobes/enabled of debugfs every kprobe.
 */
static __always_inline int switch_check(struct dentry *dentry, const struct protect_state *state, const char *name)
{
	char directory[8] = {};

	if (__builtin_memcmp(name, "ftrace_enabled", 15)) {
		if (__builtin_memcmp(name, "enabled", 8))
			return 0;
		bpf_probe_read_kernel_str(directory, sizeof(directory), BPF_CORE_READ(dentry, d_parent, d_name.name));
		if (__builtin_memcmp(directory, "kprobes", 8))
			return 0;
	}
	return current_is_agent(state) ? 0 : refuse(PROTECT_SWITCH);
}

static __always_inline int written_check(struct file *file)
{
	unsigned long magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
	struct protect_config *config;
	struct protect_state *state;
	struct dentry *dentry;
	char name[16] = {};

	if (magic != CGROUP2_SUPER_MAGIC && magic != PROC_SUPER_MAGIC && magic != DEBUGFS_MAGIC)
		return 0;
	config = config_find();
	state = state_find();
	if (!config || !state || !is_active(config))
		return 0;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return magic == CGROUP2_SUPER_MAGIC ? cgroup_check(dentry, state, name) : switch_check(dentry, state, name);
}

#endif
