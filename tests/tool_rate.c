/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that runs at a known rate, for "bpftool top" to measure: 10 runs every 10 ms until standard input ends.
 * Says "prog=ID", then "ready". $BPFUTILS_BACKEND says on what.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load/load.h"

#define PERIOD 10000000 /* ns */

static const uint8_t code[] = { 0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0 };

int main(int argc, char **argv)
{
	const char *env = getenv("BPFUTILS_BACKEND");
	enum bu_backend want = BU_BACKEND_AUTO;
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	static uint8_t packet[64];
	struct timespec due;
	union bpf_attr a;
	struct bu_diags ds;
	struct bu_sys *s;
	int fd;

	bu_diags_init(&ds);
	if ((env && bu_backend_parse(env, &want)) || bu_backend_open(&s, want, NULL, 0, &ds))
		return 1;
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = bu_ptr64(code);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	strncpy(a.prog_name, argc > 1 ? argv[1] : "rate", sizeof(a.prog_name) - 1);
	fd = bu_sys_prog_load(s, &a, 0);
	memset(&info, 0, sizeof(info));
	if (fd < 0 || bu_sys_info(s, fd, &info, &size))
		return 1;
	printf("prog=%u\nready\n", info.id);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &due);
	for (struct pollfd in = { .fd = 0, .events = POLLIN }; !poll(&in, 1, 0) || !in.revents;) {
		memset(&a, 0, sizeof(a));
		a.test.prog_fd = (uint32_t)fd;
		a.test.data_in = bu_ptr64(packet);
		a.test.data_size_in = sizeof(packet);
		a.test.repeat = 10;
		if (bu_sys_test_run(s, &a) < 0)
			return 1;
		due.tv_nsec += PERIOD;
		due.tv_sec += due.tv_nsec / 1000000000;
		due.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
	s->ops->close(s, fd);
	s->ops->destroy(s);
	bu_diags_free(&ds);
	return 0;
}
