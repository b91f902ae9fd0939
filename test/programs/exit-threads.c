// SPDX-License-Identifier: Apache-2.0
// exit-threads MODE TIMES: makes TIMES processes of several threads, one after the other, and prints the pids and statuses.
// MODE: leader-first (the leader's thread ends before the others), together (all threads end at once, each by its own
// exit), group (a thread that is not the leader ends all, with status 7).
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "report.h"

#define THREADS 8

static pthread_barrier_t barrier, leader_gone;
static pthread_t leader;
static char mode;

/* One thread's end and no more: the C library's exit would end the group. */
static void end_thread(void)
{
	syscall(SYS_exit, 0);
}

static void *work(void *joins)
{
	pthread_barrier_wait(&barrier);
	if (mode == 'l') {
		if (joins)
			pthread_join(leader, NULL);
		pthread_barrier_wait(&leader_gone);
	}
	if (mode == 'g')
		_exit(7);
	end_thread();
	return NULL;
}

static void run(void)
{
	pthread_t thread;

	leader = pthread_self();
	pthread_barrier_init(&barrier, NULL, THREADS);
	pthread_barrier_init(&leader_gone, NULL, THREADS - 1);
	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, work, i == 1 ? &leader : NULL))
			die("pthread_create");
	pthread_barrier_wait(&barrier);
	if (mode == 'g')
		pause();
	if (mode == 'l')
		pthread_exit(NULL);
	end_thread();
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("exit-threads");
	mode = argv[1][0];
	printf("{\"children\":[");
	for (int i = 0, times = atoi(argv[2]); i < times; i++) {
		pid_t child;
		int status;

		fflush(stdout);
		child = check(fork(), "fork");
		if (!child)
			run();
		check(waitpid(child, &status, 0), "waitpid");
		printf("%s{\"pid\":%d,\"status\":%d}", i ? "," : "", child, status);
	}
	printf("]}\n");
	return 0;
}
