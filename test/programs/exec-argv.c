// SPDX-License-Identifier: Apache-2.0
// exec-argv PROGRAM: executes PROGRAM with the arguments that stand on standard input, each ended by NUL; with none at all
// when it is empty. Standard input is /dev/null then.
#include "report.h"

int main(int argc, char **argv, char **envp)
{
	size_t length, count = 0;
	char *bytes = read_all(0, &length);
	char **arguments;

	if (argc != 2 || !bytes)
		die("exec-argv");
	arguments = calloc(length + 1, sizeof(char *));
	for (char *next = bytes; next < bytes + length; next += strlen(next) + 1)
		arguments[count++] = next;
	check(dup2(open("/dev/null", O_RDONLY), 0), "dup2");
	execve(argv[1], arguments, envp);
	die("execve");
}
