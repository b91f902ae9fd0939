// SPDX-License-Identifier: Apache-2.0
/*
 * bypass WAY FILE SCRATCH: attempts to get at a file by a way that may evade a rule about it; SCRATCH is an empty directory
 * of the same filesystem. Descriptor 3 is the file, opened beforehand. Reports how many bytes of the file it received (for
 * a way that changes or runs the file: 1 when it did), and the error of the call that failed.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "report.h"

#define HELD 3
#define STATUS_RAN 77
#define DEEP_NAME 250
#define DEEP_LEVELS 18

static const char *file, *directory, *name, *scratch, *self;

/* A path of several parts. */
#define PATH(...) path_of((const char *[]){ __VA_ARGS__, NULL })
static char *path_of(const char **parts)
{
	char *path = calloc(1, 8192);

	for (; *parts; parts++)
		strcat(path, *parts);
	return path;
}

static int in_scratch(const char *entry)
{
	return open(PATH(scratch, "/", entry), O_RDONLY);
}

static int plain(void)
{
	return open(file, O_RDONLY);
}

static int by_symlink(void)
{
	check(symlink(file, PATH(scratch, "/link")), "symlink");
	return in_scratch("link");
}

static int by_directory_symlink(void)
{
	check(symlink(directory, PATH(scratch, "/link")), "symlink");
	return in_scratch(PATH("link/", name));
}

static int by_dots(void)
{
	return open(PATH(directory, "/../", strrchr(directory, '/') + 1, "/", name), O_RDONLY);
}

static int by_long_name(void)
{
	char *path = PATH(directory);

	while (strlen(path) + strlen(name) + 8 < 4096)
		strcat(path, "/.");
	return open(PATH(path, "/", name), O_RDONLY);
}

static int by_proc_root(void)
{
	return open(PATH("/proc/self/root", file), O_RDONLY);
}

static int by_proc_cwd(void)
{
	check(chdir(directory), "chdir");
	return open(PATH("/proc/self/cwd/", name), O_RDONLY);
}

static int by_directory_descriptor(void)
{
	return openat(check(open(directory, O_PATH), directory), name, O_RDONLY);
}

static int by_hard_link(void)
{
	check(link(file, PATH(scratch, "/link")), "link");
	return in_scratch("link");
}

static int by_rename(void)
{
	check(rename(file, PATH(scratch, "/moved")), "rename");
	return in_scratch("moved");
}

static int by_directory_rename(void)
{
	check(rename(directory, PATH(scratch, "/moved")), "rename");
	return in_scratch(PATH("moved/", name));
}

/* A hard link below so many directories that its path is longer than PATH_MAX. */
static int by_deep_link(void)
{
	char level[DEEP_NAME + 1] = { 0 };

	memset(level, 'd', DEEP_NAME);
	check(chdir(scratch), scratch);
	for (int i = 0; i < DEEP_LEVELS; i++) {
		check(mkdir(level, 0755), "mkdir");
		check(chdir(level), "chdir");
	}
	check(link(file, "link"), "link");
	return open("link", O_RDONLY);
}

static void own_mounts(void)
{
	check(unshare(CLONE_NEWNS), "unshare");
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
}

static int by_bind_mount(void)
{
	own_mounts();
	close(check(open(PATH(scratch, "/bind"), O_CREAT | O_WRONLY, 0600), "bind"));
	check(mount(file, PATH(scratch, "/bind"), NULL, MS_BIND, NULL), "mount");
	return in_scratch("bind");
}

static int by_directory_bind_mount(void)
{
	own_mounts();
	check(mount(directory, scratch, NULL, MS_BIND, NULL), "mount");
	return in_scratch(name);
}

static int by_overlay(void)
{
	char *merged = PATH(scratch, "/merged"), *empty = PATH(scratch, "/empty");

	own_mounts();
	check(mkdir(merged, 0755), merged);
	check(mkdir(empty, 0755), empty);
	check(mount("overlay", merged, "overlay", 0, PATH("lowerdir=", directory, ":", empty)), "overlay");
	return in_scratch(PATH("merged/", name));
}

static int by_chroot(void)
{
	check(chroot(directory), "chroot");
	check(chdir("/"), "chdir");
	return open(PATH("/", name), O_RDONLY);
}

static int openat2_with(int dirfd, const char *path, __u64 resolve)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = resolve };

	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static int by_openat2(void)
{
	return openat2_with(AT_FDCWD, file, 0);
}

static int by_openat2_in_root(void)
{
	return openat2_with(check(open(directory, O_PATH), directory), PATH("/../", name), RESOLVE_IN_ROOT);
}

static int by_openat2_beneath(void)
{
	return openat2_with(check(open(directory, O_PATH), directory), name, RESOLVE_BENEATH);
}

static int by_openat2_no_links(void)
{
	return openat2_with(AT_FDCWD, file, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* One request through a ring of one entry; its result as a system call would return it. */
static int ring_call(struct io_uring_sqe request)
{
	struct io_uring_params params = { 0 };
	int ring = check(syscall(SYS_io_uring_setup, 1, &params), "io_uring_setup");
	size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(__u32);
	size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	int both = PROT_READ | PROT_WRITE;
	char *sq = mmap(NULL, sq_size, both, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, cq_size, both, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *requests =
		mmap(NULL, params.sq_entries * sizeof(request), both, MAP_SHARED, ring, IORING_OFF_SQES);
	struct io_uring_cqe *completion;

	if (sq == MAP_FAILED || cq == MAP_FAILED || requests == MAP_FAILED)
		die("the ring's memory");
	requests[0] = request;
	*(__u32 *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((__u32 *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	check(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	completion = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	if (completion->res >= 0)
		return completion->res;
	errno = -completion->res;
	return -1;
}

static int by_ring(void)
{
	return ring_call((struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)file, .open_flags = O_RDONLY });
}

static int by_ring_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	return ring_call((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT2,
						.fd = AT_FDCWD,
						.addr = (unsigned long)file,
						.len = sizeof(how),
						.off = (unsigned long)&how });
}

/* A thread of the kernel makes the call. */
static int by_ring_worker(void)
{
	return ring_call((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT,
						.flags = IOSQE_ASYNC,
						.fd = AT_FDCWD,
						.addr = (unsigned long)file,
						.open_flags = O_RDONLY });
}

static int by_renamed_program(void)
{
	char *other = PATH(scratch, "/other");
	int copy = check(open(other, O_CREAT | O_WRONLY, 0700), other);

	copy_program(self, copy);
	close(copy);
	execl(other, other, "plain", file, scratch, NULL);
	return -1;
}

static int by_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[MAX_HANDLE_SZ];
	} found = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount_id;

	check(name_to_handle_at(AT_FDCWD, file, &found.handle, &mount_id, 0), "name_to_handle_at");
	return open_by_handle_at(check(open(scratch, O_RDONLY | O_DIRECTORY), scratch), &found.handle, O_RDONLY);
}

static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY);
}

static int by_path_descriptor(void)
{
	return reopen(check(open(file, O_PATH), file));
}

static int by_held_reopened(void)
{
	return reopen(HELD);
}

static int by_held(void)
{
	return HELD;
}

/* The descriptor as another process receives it. */
static int by_held_passed(void)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int ends[2], fd;

	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair");
	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	fd = HELD;
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	check(sendmsg(ends[0], &message, 0), "sendmsg");
	message.msg_controllen = sizeof(space);
	check(recvmsg(ends[1], &message, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Ways beyond this give the bytes received themselves. */

static long map(void)
{
	volatile char *bytes = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, HELD, 0);

	return bytes == MAP_FAILED ? -1 : (bytes[0], 1);
}

static long send_file(void)
{
	int ends[2];

	check(pipe(ends), "pipe");
	return sendfile(ends[1], HELD, NULL, 16);
}

static long splice_file(void)
{
	int ends[2];

	check(pipe(ends), "pipe");
	return splice(HELD, NULL, ends[1], NULL, 16, 0);
}

static long ring_read(void)
{
	static char bytes[16];

	return ring_call((struct io_uring_sqe){
		.opcode = IORING_OP_READ, .fd = HELD, .addr = (unsigned long)bytes, .len = sizeof(bytes) });
}

static long truncate_it(void)
{
	return truncate(file, 0) ? -1 : 1;
}

/* The open may fail and still have emptied the file. */
static long open_to_truncate(void)
{
	int fd = open(file, O_WRONLY | O_TRUNC), error = errno;
	struct stat now;

	check(stat(file, &now), file);
	errno = error;
	return now.st_size == 0 ? 1 : fd < 0 ? -1 : 0;
}

/* 1 when the program ran. The child's error comes back in its status. */
static long run(int (*execute)(void))
{
	int status;
	pid_t child = check(fork(), "fork");

	if (child == 0) {
		execute();
		_exit(errno);
	}
	check(waitpid(child, &status, 0), "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_RAN)
		return 1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return -1;
}

static int execute(void)
{
	return execl(file, file, "ran", NULL);
}

static int execute_descriptor(void)
{
	char *const arguments[] = { "file", "ran", NULL }, *const environment[] = { NULL };

	return syscall(SYS_execveat, check(open(file, O_PATH), file), "", arguments, environment, AT_EMPTY_PATH);
}

/* As the interpreter of a script. */
static int execute_script(void)
{
	char *script = PATH(scratch, "/script"), *line = PATH("#!", file, " ran\n");
	int fd = check(open(script, O_CREAT | O_WRONLY, 0700), script);

	check(write(fd, line, strlen(line)), script);
	close(fd);
	return execl(script, script, NULL);
}

static long run_plain(void)
{
	return run(execute);
}

static long run_descriptor(void)
{
	return run(execute_descriptor);
}

static long run_script(void)
{
	return run(execute_script);
}

static const struct {
	const char *name;
	int (*open)(void);
	long (*access)(void);
} ways[] = {
	{ "plain", plain, NULL },
	{ "symlink", by_symlink, NULL },
	{ "directory-symlink", by_directory_symlink, NULL },
	{ "dots", by_dots, NULL },
	{ "long-name", by_long_name, NULL },
	{ "proc-root", by_proc_root, NULL },
	{ "proc-cwd", by_proc_cwd, NULL },
	{ "directory-descriptor", by_directory_descriptor, NULL },
	{ "openat2", by_openat2, NULL },
	{ "openat2-in-root", by_openat2_in_root, NULL },
	{ "openat2-beneath", by_openat2_beneath, NULL },
	{ "openat2-no-links", by_openat2_no_links, NULL },
	{ "io-uring", by_ring, NULL },
	{ "io-uring-openat2", by_ring_openat2, NULL },
	{ "io-uring-worker", by_ring_worker, NULL },
	{ "renamed-program", by_renamed_program, NULL },
	{ "handle", by_handle, NULL },
	{ "path-descriptor", by_path_descriptor, NULL },
	{ "held-reopened", by_held_reopened, NULL },
	{ "exec", NULL, run_plain },
	{ "exec-descriptor", NULL, run_descriptor },
	{ "exec-interpreter", NULL, run_script },
	{ "open-truncate", NULL, open_to_truncate },
	{ "deep-link", by_deep_link, NULL },
	{ "hard-link", by_hard_link, NULL },
	{ "rename", by_rename, NULL },
	{ "directory-rename", by_directory_rename, NULL },
	{ "bind-mount", by_bind_mount, NULL },
	{ "directory-bind-mount", by_directory_bind_mount, NULL },
	{ "overlay", by_overlay, NULL },
	{ "chroot", by_chroot, NULL },
	{ "truncate", NULL, truncate_it },
	{ "held", by_held, NULL },
	{ "held-passed", by_held_passed, NULL },
	{ "held-mmap", NULL, map },
	{ "held-sendfile", NULL, send_file },
	{ "held-splice", NULL, splice_file },
	{ "held-io-uring", NULL, ring_read },
};

int main(int argc, char **argv)
{
	long bytes = -1;
	char content[16];
	size_t way = 0;
	int fd;

	if (argc > 1 && strcmp(argv[1], "ran") == 0)
		return STATUS_RAN;
	if (argc != 4)
		return STATUS_BROKEN;
	self = argv[0];
	file = argv[2];
	directory = dirname(strdup(file));
	name = basename(strdup(file));
	scratch = argv[3];
	while (way < sizeof(ways) / sizeof(*ways) && strcmp(ways[way].name, argv[1]))
		way++;
	if (way == sizeof(ways) / sizeof(*ways)) {
		errno = EINVAL;
		die(argv[1]);
	}
	errno = 0;
	if (ways[way].access) {
		bytes = ways[way].access();
	} else {
		fd = ways[way].open();
		if (fd >= 0)
			bytes = read(fd, content, sizeof(content));
	}
	printf("{\"bytes\":%ld,\"error\":%d}\n", bytes < 0 ? 0 : bytes, bytes < 0 ? errno : 0);
	return 0;
}
