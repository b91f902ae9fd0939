// SPDX-License-Identifier: Apache-2.0
/*
 * open-until-end PATH, open-until-end PATH killed: opens and reads the file without pause until standard input ends; in
 * the second form each attempt is a process of its own, which is to be killed. While attempt N, from 1, is made, N is the
 * thread's timer slack. Reports how many attempts it made, how many read something, and how many were not refused with EPERM
 * or killed by SIGKILL.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "report.h"

static volatile int ended;
static unsigned long *read_any;

static void *wait_for_end(void *unused)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	ended = 1;
	return unused;
}

/* Whether it was refused. */
static int attempt(const char *path)
{
	int fd = open(path, O_RDONLY);
	char byte;

	if (fd < 0)
		return errno == EPERM;
	*read_any += read(fd, &byte, 1) == 1;
	close(fd);
	return 0;
}

/* Whether it was killed. */
static int attempt_in_child(const char *path)
{
	int status;
	pid_t child = check(fork(), "fork");

	if (child == 0) {
		attempt(path);
		_exit(0);
	}
	check(waitpid(child, &status, 0), "waitpid");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

int main(int argc, char **argv)
{
	unsigned long attempts = 0, stopped = 0;
	pthread_t thread;

	if (argc < 2)
		return STATUS_BROKEN;
	read_any = mmap(NULL, sizeof(*read_any), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (read_any == MAP_FAILED)
		die("mmap");
	if (pthread_create(&thread, NULL, wait_for_end, NULL))
		die("pthread_create");
	while (!ended) {
		check(prctl(PR_SET_TIMERSLACK, ++attempts), "prctl");
		stopped += argc > 2 ? attempt_in_child(argv[1]) : attempt(argv[1]);
	}
	printf("{\"attempts\":%lu,\"read\":%lu,\"notStopped\":%lu}\n", attempts, *read_any, attempts - stopped);
	return 0;
}
