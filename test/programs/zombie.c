// SPDX-License-Identifier: Apache-2.0
// zombie: makes a child that ends with status 5 and leaves it unreaped until standard input ends.
#include <sys/wait.h>

#include "report.h"

int main(void)
{
	pid_t child = check(fork(), "fork");
	siginfo_t info;
	char byte;

	if (!child)
		_exit(5);
	check(waitid(P_PID, child, &info, WEXITED | WNOWAIT), "waitid");
	printf("{\"child\":%d}\n", child);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	check(waitpid(child, NULL, 0), "waitpid");
	return 0;
}
