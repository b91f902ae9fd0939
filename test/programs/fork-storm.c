// SPDX-License-Identifier: Apache-2.0
// fork-storm COUNT: forks COUNT processes that end at once, as fast as all CPUs can; prints the pids of the processes that
// forked them.
#include <sys/wait.h>

#include "report.h"

#define OUTSTANDING 64

static void work(int count)
{
	int running = 0;

	while (count-- > 0) {
		if (running == OUTSTANDING) {
			check(wait(NULL), "wait");
			running--;
		}
		if (!check(fork(), "fork"))
			_exit(0);
		running++;
	}
	while (running-- > 0)
		check(wait(NULL), "wait");
	_exit(0);
}

int main(int argc, char **argv)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pid_t workers[cpus];

	for (int i = 0; i < cpus; i++) {
		workers[i] = check(fork(), "fork");
		if (!workers[i])
			work(count / cpus + (i < count % cpus));
	}
	printf("{\"workers\":[");
	for (int i = 0; i < cpus; i++) {
		int status;

		check(waitpid(workers[i], &status, 0), "waitpid");
		if (status)
			return STATUS_BROKEN;
		printf("%s%d", i ? "," : "", workers[i]);
	}
	printf("]}\n");
	return 0;
}
