// SPDX-License-Identifier: Apache-2.0
/*
 * open-loop PATH: for each line "COUNT" on standard input opens, reads and closes PATH that many times, and prints one
 * line: the wall-clock time that this took, in nanoseconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[32], bytes[64];

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		long count = atol(line);
		long long wall = wall_ns();

		for (long i = 0; i < count; i++) {
			int fd = open(argv[1], O_RDONLY);

			if (fd < 0 || read(fd, bytes, sizeof(bytes)) < 0) {
				fprintf(stderr, "open-loop: cannot read %s\n", argv[1]);
				return 1;
			}
			close(fd);
		}
		printf("{\"wall_ns\":%lld}\n", wall_ns() - wall);
		fflush(stdout);
	}
	return 0;
}
