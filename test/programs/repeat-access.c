// SPDX-License-Identifier: Apache-2.0
// repeat-access PROCESSES THREADS ROUNDS PAUSE PATH…: in each of PROCESSES processes each of THREADS threads calls faccessat
// ROUNDS times for every PATH, with the number of the round modulo 4 as the mode, and waits PAUSE ms after each round. Prints
// how many calls that were.
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "report.h"

static char **arguments;
static int rounds;
static int pause_ms;

static void *run(void *unused)
{
	for (int round = 0; round < rounds; round++) {
		for (char **path = arguments + 5; *path; path++)
			syscall(SYS_faccessat, AT_FDCWD, *path, round % 4);
		usleep(pause_ms * 1000);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int processes, threads;

	if (argc < 6)
		return STATUS_BROKEN;
	arguments = argv;
	processes = atoi(argv[1]);
	threads = atoi(argv[2]);
	rounds = atoi(argv[3]);
	pause_ms = atoi(argv[4]);
	for (int process = 0; process < processes; process++) {
		pthread_t ids[64];

		if (check(fork(), "fork"))
			continue;
		for (int thread = 0; thread < threads; thread++)
			pthread_create(&ids[thread], NULL, run, NULL);
		for (int thread = 0; thread < threads; thread++)
			pthread_join(ids[thread], NULL);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	printf("{\"calls\":%d}\n", processes * threads * rounds * (argc - 5));
	return 0;
}
