// SPDX-License-Identifier: Apache-2.0
// exec-deep DIRECTORY LENGTH PROGRAM ARGUMENTS…: executes a copy of PROGRAM whose absolute path has LENGTH bytes, in a
// tmpfs on DIRECTORY that no other mount namespace sees and that goes with the process. A path may be longer than a system
// call takes: each step down is relative.
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mount.h>

#include "report.h"

int main(int argc, char **argv)
{
	char name[256];
	size_t left;
	int fd;

	if (argc < 4)
		die("exec-deep");
	check(unshare(CLONE_NEWNS), "unshare");
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount /");
	check(mount("tmpfs", argv[1], "tmpfs", 0, NULL), "mount tmpfs");
	check(chdir(argv[1]), "chdir");
	left = atoi(argv[2]) - strlen(argv[1]);
	/* A slash and a name each; the last one is the program's. */
	for (int level = 0; left > 201; level++) {
		size_t length = left > 402 ? 200 : left / 2 - 1;

		memset(name, 'a' + level % 26, length);
		name[length] = 0;
		check(mkdir(name, 0755), "mkdir");
		check(chdir(name), "chdir");
		left -= length + 1;
	}
	memset(name, 'p', left - 1);
	name[left - 1] = 0;
	fd = check(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755), "open");
	copy_program(argv[3], fd);
	close(fd);
	execv(name, argv + 3);
	die("execv");
}
