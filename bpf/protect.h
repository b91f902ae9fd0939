/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* What the agent and its self-protection (protect.bpf.c) tell each other. The maps are pinned and outlive the agent. */
#ifndef MERLON_PROTECT_H
#define MERLON_PROTECT_H

#include <linux/types.h>

enum protect_limit {
	PROTECT_VERSION = 1, /* of these layouts */
	PROTECT_NAME_MAX = 64,
	PROTECT_OBJECTS_MAX = 32768,
	PROTECT_CGROUPS_MAX = 8,
};

/* What can be refused, and PROTECT_GLASS, which lifts the protection. */
enum protect_kind : __u32 {
	PROTECT_SIGNAL,
	PROTECT_TRACE,
	PROTECT_LIMIT,
	PROTECT_MAP,
	PROTECT_PROGRAM,
	PROTECT_LINK,
	PROTECT_PIN,
	PROTECT_UNMOUNT,
	PROTECT_CGROUP,
	PROTECT_CLAIM,
	PROTECT_SWITCH,
	PROTECT_GLASS,
	PROTECT_KINDS,
};

/* Written by the agent. Devices as the kernel has them: major << 20 | minor. */
struct protect_config {
	__u64 pins_inode;  /* directory of the agent's pins */
	__u64 glass_inode; /* directory of the break-glass file; 0: there is none */
	__u32 pins_dev;
	__u32 glass_dev;
	__u32 claims_id;                    /* of the map that a process opens to become the agent */
	__u32 active;                       /* 0: nothing is refused yet */
	__u64 cgroups[PROTECT_CGROUPS_MAX]; /* ids of those whose processes may do what the starter may; 0: none */
	char glass_name[PROTECT_NAME_MAX];  /* of the break-glass file, filled up with NUL */
};

/* Written by the kernel side: whose the protection is. A task is known by its address and when it began. */
struct protect_state {
	__u64 agent; /* address of the leader's task_struct; 0: there has been none */
	__u64 agent_start_time;
	__u64 agent_exec;         /* task_struct::self_exec_id: an execve ends the mark */
	__u64 starter_start_time; /* of the process that was the agent's parent */
	__u64 starter_cgroup;     /* whose processes may do what the starter may; 0: of none */
	__u64 mount;              /* address of the struct mount through which the agent sees its pins */
	__u64 unrecorded;         /* the agent's objects that found no room among the protected ones */
	__u32 starter_tgid;
	__u32 reserved;
};

/* By enum protect_kind. */
struct protect_refusal {
	__u64 count;
	__u32 tgid; /* of the latest one */
	__u32 reserved;
	char comm[16];
};

enum protect_object_kind : __u32 {
	PROTECT_OBJECT_MAP = 1,
	PROTECT_OBJECT_PROGRAM,
};

struct protect_object {
	enum protect_object_kind kind;
	__u32 id;
};

#endif
