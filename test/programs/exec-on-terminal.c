// SPDX-License-Identifier: Apache-2.0
// exec-on-terminal PROGRAM ARGUMENTS…: executes PROGRAM as the leader of a new session with a terminal of its own.
#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "report.h"

int main(int argc, char **argv)
{
	int master, terminal;

	(void)argc;
	if (getsid(0) != getpid())
		check(setsid(), "setsid");
	master = check(posix_openpt(O_RDWR | O_NOCTTY), "posix_openpt");
	check(grantpt(master), "grantpt");
	check(unlockpt(master), "unlockpt");
	terminal = check(open(ptsname(master), O_RDWR | O_NOCTTY), "open");
	check(ioctl(terminal, TIOCSCTTY, 0), "TIOCSCTTY");
	execv(argv[1], argv + 1);
	die("execv");
}
