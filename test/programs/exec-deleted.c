// SPDX-License-Identifier: Apache-2.0
// exec-deleted COPY PROGRAM ARGUMENTS…: copies PROGRAM to COPY, deletes that, and executes it through its descriptor.
#define _GNU_SOURCE
#include "report.h"

int main(int argc, char **argv, char **envp)
{
	int fd;

	if (argc < 3)
		die("exec-deleted");
	fd = check(open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), argv[1]);
	copy_program(argv[2], fd);
	close(fd);
	fd = check(open(argv[1], O_RDONLY | O_CLOEXEC), argv[1]);
	check(unlink(argv[1]), "unlink");
	fexecve(fd, argv + 2, envp);
	die("fexecve");
}
