// SPDX-License-Identifier: Apache-2.0
/*
 * flood: for each line "RATE MILLISECONDS" on standard input calls getppid that many times per second (0: without a
 * pause) for that long, and prints one line: the calls and the nanoseconds that they took. A paced leg sleeps to each
 * full millisecond and then makes the calls that are due.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 1000000LL
#define UNPACED_CALLS 1000

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(long long ns)
{
	struct timespec until = { .tv_sec = ns / 1000000000LL, .tv_nsec = ns % 1000000000LL };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static long long run(long long rate, long long duration)
{
	long long start = now_ns(), tick = start, calls = 0;

	for (;;) {
		long long elapsed = now_ns() - start;
		long long due = UNPACED_CALLS;

		if (elapsed >= duration)
			return calls;
		if (rate) {
			tick += TICK_NS;
			sleep_until(tick);
			due = (now_ns() - start) * rate / 1000000000LL - calls;
		}
		for (long long i = 0; i < due; i++)
			syscall(SYS_getppid);
		if (due > 0)
			calls += due;
	}
}

int main(void)
{
	long long rate, ms;

	while (scanf("%lld %lld", &rate, &ms) == 2) {
		long long start = now_ns();
		long long calls = run(rate, ms * 1000000LL);

		printf("{\"calls\":%lld,\"wall_ns\":%lld}\n", calls, now_ns() - start);
		fflush(stdout);
	}
	return 0;
}
