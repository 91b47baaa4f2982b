/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * N rounds of three probes: "step" in two places (round, 7, a value in memory), "watched" only when its semaphore
 * says that somebody looks. Prints how often somebody did.
 */
#include <stdio.h>
#include <stdlib.h>
#include "usdt.h"

__extension__ unsigned short watched_sema __attribute__((section(".probes"), used));

static __attribute__((noinline)) void step(int round, long *value, const short *table)
{
	USDT(step, 0, "-4@%0 -4@$7 -8@%1 -2@(%2,%q3,2)", "r"(round), "m"(*value), "r"(table), "r"((long)round));
}

int main(int argc, char **argv)
{
	static const short table[] = { 100, -200, 300, 400, 500, 600, 700, 800 };
	int n = argc > 1 ? atoi(argv[1]) : 1, seen = 0;

	for (int i = 0; i < n; i++) {
		long value = -1000L * i;

		step(i, &value, table);
		USDT(step, 0, "-4@%0 -4@$7 8@%1 -2@%2", "r"(i + 1000), "r"(0x123456789aL), "r"((short)-3));
		if (*(volatile unsigned short *)&watched_sema) {
			seen++;
			USDT(watched, watched_sema, "4@%0", "r"(i));
		}
	}
	printf("%d\n", seen);
	return 0;
}
