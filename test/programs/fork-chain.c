// SPDX-License-Identifier: Apache-2.0
// fork-chain LENGTH PROGRAM ARGUMENTS…: a chain of LENGTH processes, each of which forks the next and ends; the last one
// executes PROGRAM. Prints the pids from the first on, after the end of all.
#include <sys/prctl.h>
#include <sys/wait.h>

#include "report.h"

int main(int argc, char **argv)
{
	int length = argc > 2 ? atoi(argv[1]) : 0;
	int pids[2];
	pid_t pid;
	FILE *list;

	check(pipe(pids), "pipe");
	check(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	if (!check(fork(), "fork")) {
		for (int i = 1; i <= length; i++) {
			pid = getpid();
			check(write(pids[1], &pid, sizeof(pid)), "write");
			if (i < length && check(fork(), "fork"))
				_exit(0);
		}
		close(pids[1]);
		execv(argv[2], argv + 2);
		die("execv");
	}
	close(pids[1]);
	list = fdopen(pids[0], "r");
	printf("{\"pids\":[");
	for (int i = 0; fread(&pid, sizeof(pid), 1, list); i++)
		printf("%s%d", i ? "," : "", pid);
	while (wait(NULL) > 0)
		;
	printf("]}\n");
	return 0;
}
