// SPDX-License-Identifier: Apache-2.0
// attempt-until-end PAUSE (kill PREFIX | deny): attempts something again and again, with PAUSE µs after each, until standard
// input ends, but once at least. The nth attempt, from 1, is
//   kill  faccessat of PREFIX/n by a child, which must not survive it
//   deny  ioctl ATTEMPT with n on /dev/null, which must give EPERM
// Prints how many attempts that were, and how many had not the effect that they must have.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "report.h"

/* No driver knows it. */
#define ATTEMPT 0x4d4c5450

static int is_killed(const char *prefix, long number)
{
	char path[256];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "%s/%ld", prefix, number);
	child = check(fork(), "fork");
	if (child == 0) {
		syscall(SYS_faccessat, AT_FDCWD, path, 0);
		_exit(0);
	}
	check(waitpid(child, &status, 0), "waitpid");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int is_denied(int file, long number)
{
	return ioctl(file, ATTEMPT, number) < 0 && errno == EPERM;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	int file = check(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
	long attempts = 0, failed = 0;
	int pause_us;

	if (argc < 3)
		return STATUS_BROKEN;
	pause_us = atoi(argv[1]);
	do {
		attempts++;
		if (argc > 3 ? !is_killed(argv[3], attempts) : !is_denied(file, attempts))
			failed++;
		usleep(pause_us);
	} while (check(poll(&input, 1, 0), "poll") == 0);
	printf("{\"attempts\":%ld,\"failed\":%ld}\n", attempts, failed);
	return 0;
}
