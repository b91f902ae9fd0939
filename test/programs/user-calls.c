// SPDX-License-Identifier: Apache-2.0
// Calls functions that a test hooks: `user-calls N TEXT` calls them with N and TEXT, and reports their places.
#include "report.h"

struct inner {
	int filler;
	int number;
};

struct outer {
	struct inner *inner;
};

/* Not inlined, not specialised, and with a body that stays. */
#define HOOKED __attribute__((noinline, noclone, noipa))

HOOKED int hooked_numbers(int number, unsigned long wide, short narrow, const char *text, unsigned char byte, long last)
{
	asm volatile("" ::: "memory");
	return number + (int)wide + narrow + text[0] + byte + (int)last;
}

HOOKED long hooked_return(long number, const char *text);

/* So that the compiler makes no loop of it. */
static long (*volatile again)(long number, const char *text) = hooked_return;

/* Calls itself, so that several of its calls are open at once. Its registers are overwritten before it returns. */
HOOKED long hooked_return(long number, const char *text)
{
	long below;

	asm volatile("" ::: "memory");
	if (number == 0)
		return -1;
	below = again(number - 1, text + 1);
	return below + number;
}

HOOKED void hooked_buffer(const char *bytes, unsigned long size)
{
	asm volatile("" ::"r"(bytes), "r"(size) : "memory");
}

HOOKED int hooked_struct(struct outer *outer)
{
	asm volatile("" ::: "memory");
	return outer->inner->number;
}

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : 0;
	const char *text = argc > 2 ? argv[2] : "";
	struct inner inner = { 0, number };
	struct outer outer = { &inner };

	hooked_numbers(number, 0xfffffffffffffff0ul, -2, text, 200, -5);
	hooked_return(number, text);
	hooked_buffer(text, strlen(text));
	hooked_struct(&outer);
	printf("{\"pid\":%d,\"number\":%d}\n", getpid(), number);
	return 0;
}
