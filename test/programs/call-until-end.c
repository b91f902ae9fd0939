// SPDX-License-Identifier: Apache-2.0
// call-until-end PAUSE PATH: two threads call faccessat for PATH, with PAUSE µs after each call, until standard input ends.
// Prints how many calls that were.
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "report.h"

static volatile int is_over;
static int pause_us;

static void *run(void *path)
{
	long calls = 0;

	for (; !is_over; calls++) {
		syscall(SYS_faccessat, AT_FDCWD, path, 0);
		if (pause_us)
			usleep(pause_us);
	}
	return (void *)calls;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	pthread_t ids[2];
	long calls = 0;

	if (argc < 3)
		return STATUS_BROKEN;
	pause_us = atoi(argv[1]);
	for (int i = 0; i < 2; i++)
		check(-pthread_create(&ids[i], NULL, run, argv[2]), "pthread_create");
	check(poll(&input, 1, -1), "poll");
	is_over = 1;
	for (int i = 0; i < 2; i++) {
		void *result;

		pthread_join(ids[i], &result);
		calls += (long)result;
	}
	printf("{\"calls\":%ld}\n", calls);
	return 0;
}
