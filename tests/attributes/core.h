/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main.c and core.c share. */
#ifndef DIFFER_CORE_H
#define DIFFER_CORE_H

#include "differ.h"

#define TALLIES 64

struct tally {
	const char *name;
	unsigned runs, good, differ, exempt, missing; /* good: the kernel said yes */
};
extern struct counts {
	struct tally cmd[TALLIES];
	unsigned by_row[32]; /* of the table of exemptions */
} counts;
extern struct options {
	uint64_t seed;
	const char *cmd;
	int verbose;
	unsigned most;   /* differences printed, each command */
	bool full;       /* not a sample of what is broken */
	unsigned pairs;  /* random ones, each base */
} options;

int core_init(void);
void comment(const char *text); /* as lines that TAP passes over */
int fixtures_init(void);
void fixtures_end(void);
void fx_name_fds(unsigned side, uint8_t *p, unsigned n);

#endif
