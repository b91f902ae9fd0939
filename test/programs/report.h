/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test programs share: JSON on standard output, and failing loudly. A byte string is printed as the hex digits of
 * its bytes, so that nothing is lost in quoting.
 */
#ifndef MERLON_TEST_REPORT_H
#define MERLON_TEST_REPORT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The status of a program that could not do what it is for. */
#define STATUS_BROKEN 99

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(STATUS_BROKEN);
}

/* Ends the program unless `result` is 0 or more; gives it back. */
static inline long check(long result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static inline void print_bytes(const char *name, const char *bytes, size_t length)
{
	printf("\"%s\":\"", name);
	for (size_t i = 0; i < length; i++)
		printf("%02x", (unsigned char)bytes[i]);
	printf("\"");
}

/* Reads an open file to its end; NULL when it cannot be read. */
static inline char *read_all(int fd, size_t *length)
{
	size_t capacity = 1 << 16;
	char *bytes = malloc(capacity);
	ssize_t got;

	*length = 0;
	while ((got = read(fd, bytes + *length, capacity - *length - 1)) > 0) {
		*length += got;
		if (*length + 1 == capacity)
			bytes = realloc(bytes, capacity *= 2);
	}
	bytes[*length] = 0;
	return got < 0 ? NULL : bytes;
}

static inline char *read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes;

	*length = 0;
	if (fd < 0)
		return NULL;
	bytes = read_all(fd, length);
	close(fd);
	return bytes;
}

/* Copies a program; `to` is an open file. */
static inline void copy_program(const char *from, int to)
{
	size_t length;
	char *bytes = read_file(from, &length);

	if (!bytes)
		die(from);
	for (size_t done = 0; done < length;)
		done += check(write(to, bytes + done, length - done), "write");
	free(bytes);
	check(fchmod(to, 0755), "fchmod");
}

#endif
