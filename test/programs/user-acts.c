// SPDX-License-Identifier: Apache-2.0
// Calls a function that a test has left for another one: `user-acts N` calls guarded(N), and reports which functions ran and
// what was returned.
#include "report.h"

/* Not inlined, not specialised, and with a body that stays. */
#define HOOKED __attribute__((noinline, noclone, noipa))

static int guarded_ran, other_ran;

HOOKED long guarded(long number)
{
	guarded_ran++;
	return number;
}

HOOKED long other(long number)
{
	other_ran++;
	return number + 1000;
}

/* So that the compiler keeps it. */
static long (*volatile kept)(long number) = other;

int main(int argc, char **argv)
{
	long returned = guarded(argc > 1 ? atol(argv[1]) : 0);

	printf("{\"pid\":%d,\"returned\":%ld,\"guarded\":%d,\"other\":%d}\n", getpid(), returned, guarded_ran,
	       other_ran);
	return kept ? 0 : 1;
}
