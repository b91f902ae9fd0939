// SPDX-License-Identifier: Apache-2.0
// Does one thing to another process or its eBPF objects and prints its errno (0: it was done).
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "report.h"

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static long open_pin(const char *path)
{
	union bpf_attr attributes = { .pathname = (unsigned long)path };

	return bpf(BPF_OBJ_GET, &attributes);
}

static long open_id(int command, const char *id)
{
	union bpf_attr attributes = { .map_id = atoi(id) };

	return bpf(command, &attributes);
}

static long detach(long fd)
{
	union bpf_attr attributes = { .link_detach.link_fd = check(fd, "link") };

	return bpf(BPF_LINK_DETACH, &attributes);
}

static long create_map(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return check(bpf(BPF_MAP_CREATE, &attributes), "create a map");
}

static long pin_map(const char *path)
{
	union bpf_attr attributes = { .pathname = (unsigned long)path, .bpf_fd = create_map() };

	return bpf(BPF_OBJ_PIN, &attributes);
}

/* Writes to the map with this id. */
static long write_map(const char *id)
{
	long long zero[8] = { 0 };
	long fd = open_id(BPF_MAP_GET_FD_BY_ID, id);
	union bpf_attr attributes = { .map_fd = fd, .key = (unsigned long)zero, .value = (unsigned long)zero };

	return fd < 0 ? fd : bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

/* Says that it begins, and takes the first map that it can get of those that are made from then on. EEXIST: it has another name. */
static long take_new_map(const char *name)
{
	union bpf_attr next = { .start_id = 0 };
	struct bpf_map_info map = { .type = 0 };
	union bpf_attr info = { .info.info_len = sizeof(map), .info.info = (unsigned long)&map };
	long fd = -1;

	while (bpf(BPF_MAP_GET_NEXT_ID, &next) == 0)
		next.start_id = next.next_id;
	printf("\n");
	fflush(stdout);
	while (fd < 0) {
		union bpf_attr by_id = { .map_id = next.start_id };

		if (bpf(BPF_MAP_GET_NEXT_ID, &next) != 0)
			continue;
		by_id.map_id = next.start_id = next.next_id;
		fd = bpf(BPF_MAP_GET_FD_BY_ID, &by_id);
	}
	info.info.bpf_fd = fd;
	check(bpf(BPF_OBJ_GET_INFO_BY_FD, &info), "information on a map");
	errno = EEXIST;
	return strcmp(map.name, name) == 0 ? 0 : -1;
}

/* Makes `pid` the one that gets `signal` when there is something to read, and lets there be something. */
static long send_by_io(int pid, int signal)
{
	int ends[2];

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	check(fcntl(ends[0], F_SETOWN, pid), "F_SETOWN");
	check(fcntl(ends[0], F_SETSIG, signal), "F_SETSIG");
	check(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK), "O_ASYNC");
	return write(ends[1], "x", 1);
}

static long trace(int pid)
{
	long result = ptrace(PTRACE_SEIZE, pid, 0, 0);

	if (result == 0)
		ptrace(PTRACE_DETACH, pid, 0, 0);
	return result;
}

static long write_memory(int pid)
{
	char byte = 0;
	struct iovec own = { &byte, 1 }, other = { (void *)0x10000, 1 };

	return process_vm_writev(pid, &own, 1, &other, 1, 0);
}

static long open_memory(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	return open(path, O_RDWR);
}

static long take_descriptor(int pid)
{
	long pidfd = check(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");

	return syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

static long signal_by_pidfd(int pid, int signal)
{
	long pidfd = check(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");

	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static long limit(int pid)
{
	struct rlimit limit = { 100000, 100000 };

	return prlimit(pid, RLIMIT_CPU, &limit, NULL);
}

/* Has the kernel send SIGTRAP to the thread when it has run for a while, and waits until it has. */
static long trap(int tid)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = 1000,
		.sigtrap = 1,
		.remove_on_exec = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	unsigned long long nanoseconds = 0;

	while (fd >= 0 && nanoseconds < 10 * attributes.sample_period) {
		check(read(fd, &nanoseconds, sizeof(nanoseconds)), "read the event");
		usleep(1000);
	}
	return fd;
}

/* In a mount namespace of its own, whose mounts tell the others of their end unless they are made private. */
static long umount_elsewhere(const char *path, int is_private)
{
	check(unshare(CLONE_NEWNS), "unshare");
	check(mount(NULL, "/", NULL, MS_REC | (is_private ? MS_PRIVATE : MS_SHARED), NULL), "propagation");
	return umount2(path, MNT_DETACH);
}

static long meddle(const char *what, const char *first, const char *second)
{
#define IS(name) (strcmp(what, name) == 0)
	if (IS("kill"))
		return kill(atoi(first), atoi(second));
	if (IS("tgkill"))
		return syscall(SYS_tgkill, atoi(first), atoi(first), atoi(second));
	if (IS("pidfd-signal"))
		return signal_by_pidfd(atoi(first), atoi(second));
	if (IS("io-signal"))
		return send_by_io(atoi(first), atoi(second));
	if (IS("trace"))
		return trace(atoi(first));
	if (IS("open-memory"))
		return open_memory(first);
	if (IS("write-memory"))
		return write_memory(atoi(first));
	if (IS("take-descriptor"))
		return take_descriptor(atoi(first));
	if (IS("trap"))
		return trap(atoi(first));
	if (IS("limit"))
		return limit(atoi(first));
	if (IS("unlink"))
		return unlink(first);
	if (IS("rmdir"))
		return rmdir(first);
	if (IS("mkdir"))
		return mkdir(first, 0700);
	if (IS("symlink"))
		return symlink("/", first);
	if (IS("link"))
		return link(first, second);
	if (IS("rename"))
		return rename(first, second);
	if (IS("exchange"))
		return syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 2 /* RENAME_EXCHANGE */);
	if (IS("pin"))
		return pin_map(first);
	if (IS("open-pin"))
		return open_pin(first);
	if (IS("map-by-id"))
		return open_id(BPF_MAP_GET_FD_BY_ID, first);
	if (IS("take-new-map"))
		return take_new_map(first);
	if (IS("write-map"))
		return write_map(first);
	if (IS("program-by-id"))
		return open_id(BPF_PROG_GET_FD_BY_ID, first);
	if (IS("detach-pin"))
		return detach(open_pin(first));
	if (IS("detach-id"))
		return detach(open_id(BPF_LINK_GET_FD_BY_ID, first));
	if (IS("umount"))
		return umount2(first, 0);
	if (IS("umount-lazily"))
		return umount2(first, MNT_DETACH);
	if (IS("umount-elsewhere"))
		return umount_elsewhere(first, 0);
	if (IS("umount-alone"))
		return umount_elsewhere(first, 1);
	if (IS("open-to-write"))
		return open(first, O_WRONLY);
	errno = EINVAL;
	die(what);
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return STATUS_BROKEN;
	printf("{\"errno\":%d}\n", meddle(argv[1], argv[2], argc > 3 ? argv[3] : "") < 0 ? errno : 0);
	return 0;
}
