// SPDX-License-Identifier: Apache-2.0
// exec-by-vfork PROGRAM ARGUMENTS…: executes PROGRAM in a child made by vfork(2), and prints its own pid and the child's
// after its end.
#include <sys/wait.h>

#include "report.h"

int main(int argc, char **argv)
{
	pid_t child = vfork();

	(void)argc;
	if (!child) {
		execv(argv[1], argv + 1);
		_exit(STATUS_BROKEN);
	}
	check(child, "vfork");
	check(waitpid(child, NULL, 0), "waitpid");
	printf("{\"pid\":%d,\"child\":%d}\n", getpid(), child);
	return 0;
}
