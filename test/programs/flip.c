// SPDX-License-Identifier: Apache-2.0
/*
 * flip path ALLOWED FORBIDDEN RACES, flip address ALLOWED FORBIDDEN RACES: opens a path, or connects a UDP socket to an IPv4
 * address, that another thread changes from one to the other and back all the time; the two differ in one byte. Reports for
 * each race what the kernel has really used, by the open file's inode or the socket's peer: `a` the allowed one, `f` the
 * forbidden one, `d` nothing, the operation was denied (EPERM). While it runs, race N, from 1, has N as the thread's timer slack.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "report.h"

static volatile char *flipped;
static char flips[2];
static volatile int finished;

/* Each of the two is there for as long as the other, so that a race finds either also where there is one CPU. */
static void flip_to(char value)
{
	*flipped = value;
	for (volatile int i = 0; i < 100; i++)
		;
}

static void *flip(void *unused)
{
	while (!finished) {
		flip_to(flips[0]);
		flip_to(flips[1]);
	}
	return unused;
}

/* Finds the one byte in which the two differ, which flip() will change in the first. */
static void aim(char *one, const char *other, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (one[i] != other[i]) {
			flipped = &one[i];
			flips[0] = one[i];
			flips[1] = other[i];
			return;
		}
	errno = EINVAL;
	die("the two are the same");
}

static char race_path(const char *path, ino_t allowed, ino_t forbidden)
{
	struct stat used;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		if (errno != EPERM)
			die(path);
		return 'd';
	}
	check(fstat(fd, &used), "fstat");
	close(fd);
	return used.st_ino == forbidden ? 'f' : used.st_ino == allowed ? 'a' : '?';
}

static char race_address(int fd, const struct sockaddr_in *address, in_addr_t allowed, in_addr_t forbidden)
{
	struct sockaddr_in used;
	socklen_t length = sizeof(used);

	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno != EPERM)
			die("connect");
		return 'd';
	}
	check(getpeername(fd, (struct sockaddr *)&used, &length), "getpeername");
	return used.sin_addr.s_addr == forbidden ? 'f' : used.sin_addr.s_addr == allowed ? 'a' : '?';
}

static struct sockaddr_in parse_address(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };

	check(inet_pton(AF_INET, text, &address.sin_addr) - 1, text);
	return address;
}

int main(int argc, char **argv)
{
	struct stat allowed_file, forbidden_file;
	struct sockaddr_in allowed = { 0 }, forbidden = { 0 }, address;
	int fd = -1, is_path;
	pthread_t thread;
	long races;
	char *results;

	if (argc != 5)
		return STATUS_BROKEN;
	is_path = strcmp(argv[1], "path") == 0;
	races = atol(argv[4]);
	results = calloc(1, races + 1);
	if (is_path) {
		check(stat(argv[2], &allowed_file), argv[2]);
		check(stat(argv[3], &forbidden_file), argv[3]);
		aim(argv[2], argv[3], strlen(argv[2]));
	} else {
		allowed = address = parse_address(argv[2]);
		forbidden = parse_address(argv[3]);
		aim((char *)&address, (const char *)&forbidden, sizeof(address));
		fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	}
	if (pthread_create(&thread, NULL, flip, NULL))
		die("pthread_create");
	for (long i = 0; i < races; i++) {
		/* Where there is one CPU the other thread changes nothing else before the next race. */
		sched_yield();
		check(prctl(PR_SET_TIMERSLACK, i + 1), "prctl");
		results[i] = is_path ? race_path(argv[2], allowed_file.st_ino, forbidden_file.st_ino)
				     : race_address(fd, &address, allowed.sin_addr.s_addr, forbidden.sin_addr.s_addr);
	}
	finished = 1;
	pthread_join(thread, NULL);
	printf("{\"results\":\"%s\"}\n", results);
	return 0;
}
