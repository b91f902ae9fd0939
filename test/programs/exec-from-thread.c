// SPDX-License-Identifier: Apache-2.0
// exec-from-thread PROGRAM ARGUMENTS…: a thread that is not the leader prints its id and executes PROGRAM.
#include <pthread.h>
#include <sys/syscall.h>

#include "report.h"

static pthread_barrier_t never;

static void *wait_for_ever(void *argument)
{
	pthread_barrier_wait(&never);
	return argument;
}

static void *execute(void *argv)
{
	printf("{\"tid\":%ld}\n", syscall(SYS_gettid));
	fflush(stdout);
	execv(((char **)argv)[0], argv);
	die("execv");
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];

	(void)argc;
	/* The kernel ends the others first, as in a real program. */
	pthread_barrier_init(&never, NULL, 100);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_for_ever, NULL);
	pthread_create(&threads[3], NULL, execute, argv + 1);
	pthread_barrier_wait(&never);
	return STATUS_BROKEN;
}
