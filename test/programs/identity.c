// SPDX-License-Identifier: Apache-2.0
// Prints what the kernel tells a process about itself and its ancestors. Then, by its environment: HOLD waits for the end of
// standard input, EXIT=N exits with N.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "report.h"

static void print_link(const char *name, const char *path)
{
	char target[8192];
	ssize_t length = readlink(path, target, sizeof(target));

	if (length >= 0)
		print_bytes(name, target, length);
	else
		printf("\"%s\":null", name);
	printf(",");
}

static void print_file(const char *name, const char *path)
{
	size_t length;
	char *bytes = read_file(path, &length);

	if (bytes)
		print_bytes(name, bytes, length);
	else
		printf("\"%s\":null", name);
	printf(",");
	free(bytes);
}

/* Field `number` (from 3) of /proc/PID/stat; the name before it, in parentheses, may hold anything. */
static unsigned long long stat_field(const char *pid, int number)
{
	char path[64];
	size_t length;
	char *bytes, *field;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	bytes = read_file(path, &length);
	if (!bytes)
		return 0;
	field = strrchr(bytes, ')') + 2;
	for (int i = 3; i < number; i++)
		field = strchr(field, ' ') + 1;
	return strtoull(field, NULL, 10);
}

static void print_chain(void)
{
	unsigned long long pid = stat_field("self", 4);

	printf("\"chain\":[");
	for (int first = 1; pid > 0; first = 0) {
		char number[24], path[64];

		snprintf(number, sizeof(number), "%llu", pid);
		snprintf(path, sizeof(path), "/proc/%llu/exe", pid);
		printf("%s{", first ? "" : ",");
		print_link("exe", path);
		printf("\"pid\":%llu}", pid);
		pid = stat_field(number, 4);
	}
	printf("],");
}

static void print_namespaces(void)
{
	static const char *const names[] = {
		"uts", "ipc", "mnt", "pid", "pid_for_children", "net", "time", "time_for_children", "cgroup", "user"
	};

	printf("\"ns\":{");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];
		struct stat status;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		printf("%s\"%s\":%lu", i ? "," : "", names[i], stat(path, &status) ? 0 : (unsigned long)status.st_ino);
	}
	printf("},");
}

int main(void)
{
	char proc_self[24] = "0";
	struct stat status = { 0 };
	char byte;

	/* In the pid namespace of the /proc that is mounted here; getpid() tells it in the process's own. */
	if (readlink("/proc/self", proc_self, sizeof(proc_self) - 1) < 0)
		errno = 0;
	stat("/proc/self/exe", &status);
	printf("{\"pid\":%s,\"ns_pid\":%d,", proc_self, getpid());
	printf("\"start_tick\":%llu,\"sid\":%llu,\"tty\":%llu,", stat_field("self", 22), stat_field("self", 6),
	       stat_field("self", 7));
	printf("\"inode\":%lu,\"dev_major\":%u,\"dev_minor\":%u,\"links\":%lu,", (unsigned long)status.st_ino,
	       major(status.st_dev), minor(status.st_dev), (unsigned long)status.st_nlink);
	print_link("exe", "/proc/self/exe");
	print_link("cwd", "/proc/self/cwd");
	print_file("cmdline", "/proc/self/cmdline");
	print_file("environ", "/proc/self/environ");
	print_file("status", "/proc/self/status");
	print_file("cgroup", "/proc/self/cgroup");
	print_file("loginuid", "/proc/self/loginuid");
	print_file("sessionid", "/proc/self/sessionid");
	print_namespaces();
	print_chain();
	printf("\"end\":true}\n");
	fflush(stdout);

	if (getenv("HOLD"))
		while (read(0, &byte, 1) > 0)
			;
	return getenv("EXIT") ? atoi(getenv("EXIT")) : 0;
}
