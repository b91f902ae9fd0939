// SPDX-License-Identifier: Apache-2.0
// Passes USDT probes that a test hooks: `user-probes N TEXT`. The notes are written by hand, in the form of systemtap's
// sys/sdt.h, so that each kind of operand occurs on purpose.
#include "report.h"

/* A probe's note: place, base, semaphore; provider, name, arguments (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation). */
#define PROBE(name, semaphore, arguments, ...)                                                                         \
	asm volatile("990: nop\n"                                                                                      \
		     ".pushsection .note.stapsdt, \"\", \"note\"\n"                                                    \
		     ".balign 4\n"                                                                                     \
		     ".4byte 992f - 991f, 994f - 993f, 3\n"                                                            \
		     "991: .asciz \"stapsdt\"\n"                                                                       \
		     "992: .balign 4\n"                                                                                \
		     "993: .8byte 990b\n"                                                                              \
		     ".8byte _.stapsdt.base\n"                                                                         \
		     ".8byte " semaphore "\n"                                                                          \
		     ".asciz \"merlontest\"\n"                                                                         \
		     ".asciz \"" name "\"\n"                                                                           \
		     ".asciz \"" arguments "\"\n"                                                                      \
		     "994: .balign 4\n"                                                                                \
		     ".popsection\n"                                                                                   \
		     ".ifndef _.stapsdt.base\n"                                                                        \
		     ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"                       \
		     ".weak _.stapsdt.base\n"                                                                          \
		     ".hidden _.stapsdt.base\n"                                                                        \
		     "_.stapsdt.base: .space 1\n"                                                                      \
		     ".size _.stapsdt.base, 1\n"                                                                       \
		     ".popsection\n"                                                                                   \
		     ".endif\n"                                                                                        \
		     :                                                                                                 \
		     : __VA_ARGS__                                                                                     \
		     : "memory")

/* Raised by the kernel while the probe is attached. */
__attribute__((used, section(".probes"))) volatile unsigned short merlontest_counted_semaphore;

/* One probe at two places, its argument at another one in each. */
static __attribute__((noinline)) void pass_twice(int number)
{
	volatile int stored = number + 1;

	PROBE("twice", "0", "-4@%0", "r"(number));
	PROBE("twice", "0", "-4@%0", "m"(stored));
}

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : 0;
	const char *text = argc > 2 ? argv[2] : "";
	volatile int stored = -number;
	const char *volatile stored_text = text;
	unsigned char byte = 200;

	PROBE("operands", "0", "-4@%0 8@%1 -4@%2 8@%3 -4@%4 4@%5 1@%b6", "r"(number), "r"(text), "m"(stored),
	      "m"(stored_text), "i"(-3), "i"(7), "q"(byte));
	pass_twice(number);
	if (merlontest_counted_semaphore)
		PROBE("counted", "merlontest_counted_semaphore", "-4@%0", "r"(number));
	PROBE("none", "0", "", "r"(0));
	printf("{\"pid\":%d,\"number\":%d,\"counter\":%d,\"stored\":%d}\n", getpid(), number,
	       merlontest_counted_semaphore, stored);
	return 0;
}
