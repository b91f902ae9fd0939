// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Self-protection: while it is active, only the agent gets at its own process, objects and pins. Attached by BPF LSM and
 * pinned, so that it goes on while the agent is away.
 *
 * Guarantee: what is refused has not taken place. Who may do what: docs/operations.md.
 *
 *   task_kill, file_send_sigiotask   signals, but for those that do no harm
 *   ptrace_access_check    tracing, writing to memory, taking descriptors
 *   task_setrlimit         limits that would end it
 *   bpf                    taking objects by their id; detaching and updating links
 *   bpf_map, bpf_prog      descriptors of maps and programs, whichever way; opening the map `protect_claims` is how a process
 *                          becomes the agent
 *   bpf_map_create, bpf_prog_load, bpf_map_free, bpf_prog_free   objects that begin and end; other names until 6.8
 *   inode_*                the directory of the pins and all below it; the break-glass file
 *   sb_umount              the filesystem of the pins, and mounts that it would go with
 *   file_open              cgroup.kill and cgroup.freeze of the agent's cgroup and of those above it; what switches off the
 *                          kernel's programs
 *   protect_programs       an iterator: records the maps that the recorded programs use
 *
 * Failure side: without its maps' only entries, which arrays always have, nothing is refused. A walk upwards that does not
 * come to an end counts as one that has found what it looks for.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "lib/kernel_types.h"
#include "lib/protect_identity.h"
#include "lib/protect_objects.h"
#include "lib/protect_files.h"

char LICENSE[] SEC("license") = "GPL";

#define ENOENT 2
#define PTRACE_MODE_ATTACH 0x02

#define SIGHUP 1
#define SIGCHLD 17
#define SIGCONT 18
#define SIGURG 23
#define SIGWINCH 28

/* Opened by whoever is to become the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} protect_claims SEC(".maps");

/* 0 asks whether the process is there; the agent opens its files anew at SIGHUP; the others end or stop nothing. */
static __always_inline bool is_harmless(int signal)
{
	return signal == 0 || signal == SIGHUP || signal == SIGCHLD || signal == SIGCONT || signal == SIGURG ||
	       signal == SIGWINCH;
}

SEC("lsm/task_kill")
int BPF_PROG(protect_task_kill, struct task_struct *task, struct kernel_siginfo *info, int signal,
	     const struct cred *cred, int ret)
{
	struct protect_state *state;

	if (ret || is_harmless(signal) || !is_protected_task(task, &state) || current_may_stop(state))
		return ret;
	return refuse(PROTECT_SIGNAL);
}

/* By F_SETOWN and F_SETSIG, any signal; sent in whatever process is running. The agent does not ask for any. */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(protect_sigio, struct task_struct *task, struct fown_struct *owner, int signal, int ret)
{
	struct protect_state *state;

	if (ret || !is_protected_task(task, &state))
		return ret;
	return refuse(PROTECT_SIGNAL);
}

/* Reading, as /proc/PID/maps and the like ask for, stays free. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(protect_ptrace, struct task_struct *child, unsigned int mode, int ret)
{
	struct protect_state *state;

	if (ret || !(mode & PTRACE_MODE_ATTACH) || !is_protected_task(child, &state) || current_is_agent(state))
		return ret;
	return refuse(PROTECT_TRACE);
}

SEC("lsm/task_setrlimit")
int BPF_PROG(protect_setrlimit, struct task_struct *task, unsigned int resource, struct rlimit *limit, int ret)
{
	struct protect_state *state;

	if (ret || !is_protected_task(task, &state) || current_may_stop(state))
		return ret;
	return refuse(PROTECT_LIMIT);
}

/* The link's program of a descriptor that is a link's. What else it may be, the kernel refuses after this. */
static __always_inline __u32 link_program(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **files = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;
	struct bpf_link *link;

	if (fd >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	link = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(link, prog, aux, id);
}

/*
 * Each of these commands has an id or a descriptor in the first word of its attributes, which are the kernel's copy. By id the
 * objects are not there: with another error, programs that go through all ids would end at the first of them. What earlier
 * programs said is not looked at: it comes behind the arguments, of which 6.15 has one more, and after a denial no more run.
 */
SEC("lsm/bpf")
int BPF_PROG(protect_bpf, int command, union bpf_attr *attributes)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();
	__u32 word = 0;

	if (!config || !state)
		return 0;
	if (command != BPF_MAP_GET_FD_BY_ID && command != BPF_PROG_GET_FD_BY_ID && command != BPF_LINK_DETACH &&
	    command != BPF_LINK_UPDATE)
		return 0;
	if (!is_active(config) || current_is_agent(state))
		return 0;
	bpf_probe_read_kernel(&word, sizeof(word), attributes);
	if (command == BPF_MAP_GET_FD_BY_ID && object_is_protected(PROTECT_OBJECT_MAP, word)) {
		refusal_note(PROTECT_MAP);
		return -ENOENT;
	}
	if (command == BPF_PROG_GET_FD_BY_ID && object_is_protected(PROTECT_OBJECT_PROGRAM, word)) {
		refusal_note(PROTECT_PROGRAM);
		return -ENOENT;
	}
	if ((command == BPF_LINK_DETACH || command == BPF_LINK_UPDATE) &&
	    object_is_protected(PROTECT_OBJECT_PROGRAM, link_program(word)))
		return refuse(PROTECT_LINK);
	return 0;
}

SEC("lsm/bpf_map")
int BPF_PROG(protect_bpf_map, struct bpf_map *map, unsigned int mode, int ret)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();
	__u32 id;

	if (ret || !config || !state)
		return ret;
	id = BPF_CORE_READ(map, id);
	if (id == config->claims_id && id && agent_claim(state, config))
		return -EPERM;
	if (current_is_agent(state)) {
		object_record(state, PROTECT_OBJECT_MAP, id, (__u64)map);
		return 0;
	}
	if (!is_active(config) || (!object_is_protected(PROTECT_OBJECT_MAP, id) && !address_is_protected((__u64)map)))
		return 0;
	return refuse(PROTECT_MAP);
}

SEC("lsm/bpf_prog")
int BPF_PROG(protect_bpf_prog, struct bpf_prog *program, int ret)
{
	struct protect_config *config = config_find();
	struct protect_state *state = state_find();
	struct bpf_prog_aux *aux = BPF_CORE_READ(program, aux);

	if (ret || !config || !state)
		return ret;
	if (current_is_agent(state)) {
		program_record(state, program);
		return 0;
	}
	if (!is_active(config) ||
	    (!object_is_protected(PROTECT_OBJECT_PROGRAM, BPF_CORE_READ(aux, id)) && !address_is_protected((__u64)aux)))
		return 0;
	return refuse(PROTECT_PROGRAM);
}

/* Their arguments are as in lsm/bpf: what earlier programs said has no fixed place. */
SEC("lsm/bpf_map_create")
int BPF_PROG(protect_map_create, struct bpf_map *map)
{
	object_announce(PROTECT_OBJECT_MAP, (__u64)map);
	return 0;
}

SEC("lsm/bpf_prog_load")
int BPF_PROG(protect_prog_load, struct bpf_prog *program)
{
	object_announce(PROTECT_OBJECT_PROGRAM, (__u64)BPF_CORE_READ(program, aux));
	return 0;
}

SEC("lsm/bpf_map_free")
int BPF_PROG(protect_map_free, struct bpf_map *map)
{
	object_forget((__u64)map);
	return 0;
}

SEC("lsm/bpf_prog_free")
int BPF_PROG(protect_prog_free, struct bpf_prog *program)
{
	object_forget((__u64)BPF_CORE_READ(program, aux));
	return 0;
}

/* Until 6.8 (a kernel without the one of the other name). */
SEC("lsm/bpf_map_alloc_security")
int BPF_PROG(protect_map_create_compat, struct bpf_map *map)
{
	object_announce(PROTECT_OBJECT_MAP, (__u64)map);
	return 0;
}

SEC("lsm/bpf_prog_alloc_security")
int BPF_PROG(protect_prog_load_compat, struct bpf_prog_aux *aux)
{
	object_announce(PROTECT_OBJECT_PROGRAM, (__u64)aux);
	return 0;
}

SEC("lsm/bpf_map_free_security")
int BPF_PROG(protect_map_free_compat, struct bpf_map *map)
{
	object_forget((__u64)map);
	return 0;
}

SEC("lsm/bpf_prog_free_security")
int BPF_PROG(protect_prog_free_compat, struct bpf_prog_aux *aux)
{
	object_forget((__u64)aux);
	return 0;
}

SEC("lsm/inode_create")
int BPF_PROG(protect_inode_create, struct inode *directory, struct dentry *dentry, unsigned short mode, int ret)
{
	if (ret)
		return ret;
	if (is_glass(directory, dentry) && current_fsuid() == 0) {
		refusal_note(PROTECT_GLASS);
		glass_set(1);
	}
	return pin_check(dentry);
}

SEC("lsm/inode_unlink")
int BPF_PROG(protect_inode_unlink, struct inode *directory, struct dentry *dentry, int ret)
{
	if (ret)
		return ret;
	if (is_glass(directory, dentry))
		glass_set(0);
	return pin_check(dentry);
}

SEC("lsm/inode_mkdir")
int BPF_PROG(protect_inode_mkdir, struct inode *directory, struct dentry *dentry, unsigned short mode, int ret)
{
	return ret ? ret : pin_check(dentry);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(protect_inode_rmdir, struct inode *directory, struct dentry *dentry, int ret)
{
	return ret ? ret : pin_check(dentry);
}

SEC("lsm/inode_symlink")
int BPF_PROG(protect_inode_symlink, struct inode *directory, struct dentry *dentry, const char *target, int ret)
{
	return ret ? ret : pin_check(dentry);
}

SEC("lsm/inode_link")
int BPF_PROG(protect_inode_link, struct dentry *from, struct inode *directory, struct dentry *to, int ret)
{
	if (ret)
		return ret;
	ret = pin_check(from);
	return ret ? ret : pin_check(to);
}

SEC("lsm/inode_rename")
int BPF_PROG(protect_inode_rename, struct inode *old_directory, struct dentry *from, struct inode *new_directory,
	     struct dentry *to, int ret)
{
	if (ret)
		return ret;
	ret = pin_check(from);
	return ret ? ret : pin_check(to);
}

SEC("lsm/sb_umount")
int BPF_PROG(protect_umount, struct vfsmount *mnt, int flags, int ret)
{
	return ret ? ret : umount_check(mnt);
}

SEC("lsm/file_open")
int BPF_PROG(protect_file_open, struct file *file, int ret)
{
	unsigned int flags = file->f_flags;

	/* Most files are opened to be read: this is all that they pay. */
	if (ret || !(flags & (O_ACCMODE | O_DIRECTORY)))
		return ret;
	return flags & O_DIRECTORY ? directory_opened(file) : written_check(file);
}

SEC("iter/bpf_prog")
int protect_programs(struct bpf_iter__bpf_prog *context)
{
	struct protect_state *state = state_find();
	struct bpf_prog *program = context->prog;

	if (program && state && object_is_protected(PROTECT_OBJECT_PROGRAM, BPF_CORE_READ(program, aux, id)))
		program_record(state, program);
	return 0;
}
