// SPDX-License-Identifier: Apache-2.0
// exec-storm COUNT PROGRAM TOKEN: runs "PROGRAM 0 TOKEN INDEX" COUNT times, as fast as all CPUs can.
#include <sys/wait.h>

#include "report.h"

/* Children that one worker lets run at a time. */
#define OUTSTANDING 16

static void start(char *program, char *token, int index)
{
	char number[16];
	char *arguments[] = { program, "0", token, number, NULL };
	char *environment[] = { NULL };
	pid_t child;

	snprintf(number, sizeof(number), "%d", index);
	child = vfork();
	if (!child) {
		execve(program, arguments, environment);
		_exit(STATUS_BROKEN);
	}
	check(child, "vfork");
}

static void work(int first, int step, int count, char **argv)
{
	int running = 0;

	for (int i = first; i < count; i += step) {
		if (running == OUTSTANDING) {
			check(wait(NULL), "wait");
			running--;
		}
		start(argv[2], argv[3], i);
		running++;
	}
	while (running-- > 0)
		check(wait(NULL), "wait");
	_exit(0);
}

int main(int argc, char **argv)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int status;

	if (argc != 4)
		die("exec-storm");
	for (int worker = 0; worker < cpus; worker++)
		if (!check(fork(), "fork"))
			work(worker, cpus, atoi(argv[1]), argv);
	for (int worker = 0; worker < cpus; worker++) {
		check(wait(&status), "wait");
		if (status)
			return STATUS_BROKEN;
	}
	printf("{\"workers\":%d}\n", cpus);
	return 0;
}
