// SPDX-License-Identifier: Apache-2.0
// Maps a file: `map-file PATH exec` so that it can run, `map-file PATH read` so that it cannot, `map-file PATH closed` with
// a descriptor that is not open. Anonymous memory that can run comes first in each case.
#include <sys/mman.h>

#include "report.h"

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[2] : "";
	int protection = strcmp(how, "read") == 0 ? PROT_READ : PROT_READ | PROT_EXEC;
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	void *mapped;

	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strcmp(how, "closed") == 0)
		close(fd);
	mapped = mmap(NULL, 4096, protection, MAP_PRIVATE, fd, 0);
	printf("{\"pid\":%d,\"mapped\":%s}\n", getpid(), mapped == MAP_FAILED ? "false" : "true");
	return 0;
}
