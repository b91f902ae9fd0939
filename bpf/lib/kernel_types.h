/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The kernel's types, as far as Merlon reads them: only the members in use, each relocated at load time to the running
 * kernel's layout (CO-RE). Kept by hand so that a build does not depend on the kernel of the machine that builds.
 * Members that changed between the supported versions (6.1 and later) name the version.
 */
#ifndef MERLON_KERNEL_TYPES_H
#define MERLON_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#define PF_KTHREAD 0x00200000
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010
#define SB_NOUSER (1UL << 31)
#define PIDTYPE_SID 3
#define NULL ((void *)0)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

/* Eight bytes on every version: two __u32 until 6.2, one __u64 since 6.3. Read as a whole, never by member. */
typedef struct {
	__u64 val;
} kernel_cap_t;

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	int level;
	kuid_t owner;
	kgid_t group;
	struct ns_common ns;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_ambient;
	struct user_namespace *user_ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct task_struct;

struct pid_namespace {
	struct ns_common ns;
	struct task_struct *child_reaper;
};

struct net {
	struct ns_common ns;
};

struct time_namespace {
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns;
	struct time_namespace *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
	};
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	union {
		const unsigned int i_nlink;
		unsigned int __i_nlink;
	};
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct kiocb {
	struct file *ki_filp;
};

struct filename {
	const char *name;
};

struct iovec {
	void *iov_base;
	unsigned long iov_len;
};

/* Their numbers changed in 6.4 and later. */
enum iter_type {
	ITER_UBUF,
	ITER_IOVEC,
	ITER_KVEC,
};

/* Since 6.4 one segment stands in the union itself, and the vector's member has another name. */
struct iov_iter {
	__u8 iter_type;
	unsigned long iov_offset;
	unsigned long count;
	union {
		const struct iovec *iov;
		const struct iovec *__iov;
		void *ubuf;
	};
	unsigned long nr_segs;
};

/* A struct, as the kernel has it: CO-RE finds no member whose kind differs. */
struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport; /* network byte order */
	__u16 skc_num;   /* host byte order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	__u16 sk_type;
	__u32 sk_priority;
	__u32 sk_mark;
};

struct socket {
	struct sock *sk;
};

struct sec_path {
	int len;
	int olen;
};

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	__u16 protocol; /* network byte order */
	__u16 network_header;
	__u16 transport_header;
	__u32 mark;
	__u32 priority;
	__u32 hash;
	unsigned char *head;
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 id;
	char name[16];
};

struct bpf_prog_aux {
	__u32 used_map_cnt;
	__u32 id;
	struct bpf_map **used_maps;
	char name[16];
};

struct bpf_prog {
	enum bpf_prog_type type;
	__u32 len;
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	struct bpf_prog *prog;
};

struct perf_event_attr {
	__u32 type;
	__u64 config;
	union {
		__u64 kprobe_func;
	};
	union {
		__u64 probe_offset;
	};
};

struct perf_event {
	struct perf_event_attr attr;
};

struct module {
	char name[56];
	unsigned long taints;
	bool sig_ok;
};

struct load_info {
	const char *name;
	struct module *mod;
	bool sig_ok;
};

struct net_device {
	char name[16];
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct kernfs_node {
	const char *name;
	struct kernfs_node *parent; /* until 6.14 */
	__u64 id;
};

/* Since 6.15, when it came under RCU, the member has another name. */
struct kernfs_node___rcu {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	int argc;
};

/* x86_64 has `status`. */
struct thread_info {
	unsigned long flags;
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	__u64 self_exec_id;
	struct mm_struct *mm;
	int exit_state;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	struct css_set *cgroups;
	struct files_struct *files;
};

/*
 * x86_64: arguments of a function in di, si, dx, cx, r8, r9; of a syscall with r10 in place of cx; of a syscall of a 32-bit
 * program in bx, cx, dx, si, di, bp.
 */
struct pt_regs___x86 {
	unsigned long bx, bp, di, si, dx, cx, r8, r9, r10, ax, orig_ax, ip, sp;
};

/* arm64: arguments in regs[0..5]; a syscall's first also in orig_x0. */
struct pt_regs___arm64 {
	unsigned long regs[31];
	unsigned long sp;
	unsigned long orig_x0;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

struct kernel_siginfo;
struct fown_struct;
struct rlimit;

#pragma clang attribute pop

#endif
