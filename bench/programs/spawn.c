// SPDX-License-Identifier: Apache-2.0
/*
 * spawn PROGRAM: for each line "COUNT" on standard input starts PROGRAM that many times, one after the other (vfork,
 * execve, wait), and prints one line: the wall-clock and the CPU time that this took, its children's included, in
 * nanoseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long used_ns(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

static long long cpu_ns(void)
{
	return used_ns(RUSAGE_SELF) + used_ns(RUSAGE_CHILDREN);
}

static void spawn(char *program)
{
	char *const arguments[] = { program, NULL };
	char *const environment[] = { NULL };
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(program, arguments, environment);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "spawn: cannot start %s\n", program);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char line[32];

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		long count = atol(line);
		long long wall = wall_ns(), cpu = cpu_ns();

		for (long i = 0; i < count; i++)
			spawn(argv[1]);
		printf("{\"wall_ns\":%lld,\"cpu_ns\":%lld}\n", wall_ns() - wall, cpu_ns() - cpu);
		fflush(stdout);
	}
	return 0;
}
