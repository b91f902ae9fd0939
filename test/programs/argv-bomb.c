// SPDX-License-Identifier: Apache-2.0
// argv-bomb TIMES PROGRAM TOKEN: runs PROGRAM TIMES times with "0", TOKEN and as many arguments of the greatest length
// that the kernel takes as fit; prints how many bytes of argv that were.
#include <sys/resource.h>
#include <sys/wait.h>

#include "report.h"

/* MAX_ARG_STRLEN, with its NUL */
#define LONGEST 131072
/* The kernel limits argv and environment to three quarters of 8 MiB, and to a quarter of the stack's limit (bprm_stack_limits). */
#define COUNT 46

int main(int argc, char **argv)
{
	struct rlimit stack = { RLIM_INFINITY, RLIM_INFINITY };
	char *arguments[COUNT + 4];
	char *environment[] = { NULL };
	char *longest = malloc(LONGEST);

	if (argc != 4)
		die("argv-bomb");
	check(setrlimit(RLIMIT_STACK, &stack), "setrlimit");
	memset(longest, 'x', LONGEST - 1);
	longest[LONGEST - 1] = 0;
	arguments[0] = argv[2];
	arguments[1] = "0";
	arguments[2] = argv[3];
	for (int i = 0; i < COUNT; i++)
		arguments[3 + i] = longest;
	arguments[3 + COUNT] = NULL;
	for (int i = 0, times = atoi(argv[1]); i < times; i++) {
		pid_t child = check(fork(), "fork");
		int status;

		if (!child) {
			execve(argv[2], arguments, environment);
			die("execve");
		}
		check(waitpid(child, &status, 0), "waitpid");
		if (status)
			return STATUS_BROKEN;
	}
	printf("{\"bytes\":%d}\n", COUNT * LONGEST);
	return 0;
}
