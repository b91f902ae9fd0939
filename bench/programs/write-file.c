// SPDX-License-Identifier: Apache-2.0
/*
 * write-file SOURCE TARGET: for each line "BYTES CHUNK" on standard input creates TARGET and writes the first BYTES of
 * SOURCE to it, over and over when it is shorter, CHUNK bytes per write(2); prints the wall-clock and the CPU time of
 * the writes in nanoseconds and removes TARGET.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *read_whole(const char *path, long long *size)
{
	int fd = open(path, O_RDONLY);
	struct stat info;
	char *bytes;

	if (fd < 0 || fstat(fd, &info) || info.st_size == 0)
		fail(path);
	bytes = malloc(info.st_size);
	*size = 0;
	while (bytes && *size < info.st_size) {
		ssize_t got = read(fd, bytes + *size, info.st_size - *size);

		if (got <= 0)
			fail(path);
		*size += got;
	}
	close(fd);
	return bytes;
}

static void write_all(int fd, const char *source, long long size, long long bytes, long long chunk)
{
	long long from = 0;

	while (bytes > 0) {
		long long piece = chunk < bytes ? chunk : bytes;

		if (piece > size - from)
			piece = size - from;
		piece = write(fd, source + from, piece);
		if (piece < 0)
			fail("write");
		bytes -= piece;
		from = (from + piece) % size;
	}
}

int main(int argc, char **argv)
{
	long long size, bytes, chunk;
	char *source;

	if (argc != 3)
		return 2;
	source = read_whole(argv[1], &size);
	while (scanf("%lld %lld", &bytes, &chunk) == 2) {
		int fd = open(argv[2], O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
		long long wall, cpu;

		if (fd < 0)
			fail(argv[2]);
		wall = clock_ns(CLOCK_MONOTONIC);
		cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		write_all(fd, source, size, bytes, chunk);
		cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = clock_ns(CLOCK_MONOTONIC) - wall;
		close(fd);
		unlink(argv[2]);
		printf("{\"wall_ns\":%lld,\"cpu_ns\":%lld}\n", wall, cpu);
		fflush(stdout);
	}
	return 0;
}
