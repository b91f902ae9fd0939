// SPDX-License-Identifier: Apache-2.0
// exec-memfd NAME PROGRAM ARGUMENTS…: executes a copy of PROGRAM that is in memory only.
#define _GNU_SOURCE
#include <sys/mman.h>

#include "report.h"

int main(int argc, char **argv, char **envp)
{
	int fd;

	if (argc < 3)
		die("exec-memfd");
	fd = check(memfd_create(argv[1], MFD_CLOEXEC), "memfd_create");
	copy_program(argv[2], fd);
	fexecve(fd, argv + 2, envp);
	die("fexecve");
}
