// SPDX-License-Identifier: Apache-2.0
// wait-status PROGRAM N…: for each N runs "PROGRAM N" in a process of its own, one after the other, and prints its pid and
// its status as wait(2) gives it.
#include <sys/resource.h>
#include <sys/wait.h>

#include "report.h"

int main(int argc, char **argv)
{
	struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };

	check(setrlimit(RLIMIT_CORE, &any), "setrlimit");
	printf("{\"children\":[");
	for (int i = 2; i < argc; i++) {
		pid_t child;
		int status;

		fflush(stdout);
		child = check(fork(), "fork");
		if (!child) {
			execl(argv[1], argv[1], argv[i], NULL);
			die("execl");
		}
		check(waitpid(child, &status, 0), "waitpid");
		printf("%s{\"pid\":%d,\"status\":%d}", i > 2 ? "," : "", child, status);
	}
	printf("]}\n");
	return 0;
}
