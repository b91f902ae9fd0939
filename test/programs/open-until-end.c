// SPDX-License-Identifier: Apache-2.0
/*
 * open-until-end PATH: opens and reads the file without pause until standard input ends. While attempt N, from 1, is made, N
 * is the thread's timer slack. Reports its pid, how many attempts it made, how many read something, and how many were not
 * refused with EPERM.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "report.h"

static volatile int ended;

static void *wait_for_end(void *unused)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	ended = 1;
	return unused;
}

int main(int argc, char **argv)
{
	unsigned long attempts = 0, read_any = 0, not_refused = 0;
	pthread_t thread;
	char byte;

	if (argc != 2)
		return STATUS_BROKEN;
	if (pthread_create(&thread, NULL, wait_for_end, NULL))
		die("pthread_create");
	while (!ended) {
		int fd;

		check(prctl(PR_SET_TIMERSLACK, ++attempts), "prctl");
		fd = open(argv[1], O_RDONLY);
		if (fd >= 0) {
			read_any += read(fd, &byte, 1) == 1;
			close(fd);
		}
		not_refused += fd >= 0 || errno != EPERM;
	}
	printf("{\"pid\":%d,\"attempts\":%lu,\"read\":%lu,\"notRefused\":%lu}\n", getpid(), attempts, read_any,
	       not_refused);
	return 0;
}
