/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the attach tests watch. target N: N times calls uprobe_me(i), i from 0, which returns i + 1,
 * and makes the system call sched_get_priority_max(SCHED_FIFO).
 */
#include <sched.h>
#include <stdlib.h>

__attribute__((noinline)) int uprobe_me(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1, bad = 0;

	for (int i = 0; i < times; i++) {
		bad |= uprobe_me(i) != i + 1;
		bad |= sched_get_priority_max(SCHED_FIFO) != 99;
	}
	return bad;
}
