// SPDX-License-Identifier: Apache-2.0
/*
 * read-guarded PATH READERS ATTEMPTS: that many readers at once share the attempts. Each attempt is a process of its own that
 * opens and reads the file, and counts where all can see it, also when it is killed before its next instruction. Reports
 * how many were killed or refused, how many had the file open, and the bytes that they received.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "report.h"

struct counts {
	long killed;
	long refused;
	long opened;
	long bytes;
};

static void count(long *counter, long more)
{
	__atomic_fetch_add(counter, more, __ATOMIC_RELAXED);
}

static void attempt(const char *path, struct counts *counts)
{
	char bytes[256];
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		count(&counts->refused, 1);
		_exit(0);
	}
	count(&counts->opened, 1);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		count(&counts->bytes, got);
	_exit(0);
}

static void reader(const char *path, long attempts, struct counts *counts)
{
	for (long i = 0; i < attempts; i++) {
		int status;
		pid_t child = check(fork(), "fork");

		if (child == 0)
			attempt(path, counts);
		check(waitpid(child, &status, 0), "waitpid");
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			count(&counts->killed, 1);
		else if (!WIFEXITED(status) || WEXITSTATUS(status))
			_exit(STATUS_BROKEN);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct counts *counts;
	long readers, attempts;
	int status;

	if (argc != 4)
		return STATUS_BROKEN;
	readers = atol(argv[2]);
	attempts = atol(argv[3]);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		die("mmap");
	for (long i = 0; i < readers; i++)
		if (check(fork(), "fork") == 0)
			reader(argv[1], attempts / readers + (i < attempts % readers), counts);
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			return STATUS_BROKEN;
	printf("{\"killed\":%ld,\"refused\":%ld,\"opened\":%ld,\"bytes\":%ld}\n", counts->killed, counts->refused,
	       counts->opened, counts->bytes);
	return 0;
}
