// SPDX-License-Identifier: Apache-2.0
// reuse-pid PROGRAM TIMES: runs "PROGRAM 0", "PROGRAM 1", … one after the other, all with the same process id.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "report.h"

static pid_t fork_with_pid(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&pid,
		.set_tid_size = 1,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

int main(int argc, char **argv)
{
	pid_t pid = 30000;

	if (argc != 3)
		die("reuse-pid");
	for (int i = 0, times = atoi(argv[2]); i < times; i++) {
		char number[16];
		pid_t child;

		snprintf(number, sizeof(number), "%d", i);
		/* Taken by another process: the first time another id will do, later it must become free again. */
		while ((child = fork_with_pid(pid)) < 0 && errno == EEXIST) {
			if (i == 0)
				pid--;
			else
				usleep(1000);
		}
		check(child, "clone3");
		if (!child) {
			execl(argv[1], argv[1], number, NULL);
			die("execl");
		}
		check(waitpid(child, NULL, 0), "waitpid");
	}
	printf("{\"pid\":%d}\n", pid);
	return 0;
}
