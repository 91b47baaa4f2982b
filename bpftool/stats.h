/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs cost: counters that the backend keeps while it is asked to. For "top" and "prog profile". */
#ifndef BT_STATS_H
#define BT_STATS_H

#include "tool.h"

struct bt_counter {
	uint64_t at;          /* CLOCK_MONOTONIC in ns, when it was read */
	uint64_t runs, ns, misses;
};

struct bt_stat {
	uint32_t id, type;
	const char *name;     /* heap */
	bool known;           /* before is there: what changed since can be told */
	bool seen;            /* by the round that runs */
	bool hidden;          /* cannot be read */
	uint64_t memlock;     /* UINT64_MAX: not told */
	struct bt_counter before, now;
	/* between the two */
	double seconds, runs_s, ns_run, cpu; /* cpu: percent of one */
	const char *pids;     /* "comm(1),comm(2)", heap; NULL: nobody */
	const char *json;     /* the same as [{"pid":1,"comm":"comm"},…], heap */
};

struct bt_stats {
	struct bt_stat *v;    /* by id */
	size_t n, cap;
	const uint32_t *only; /* ids that count; NULL: all */
	size_t nonly;
	uint64_t held;        /* when holders were read last */
	bool changed;         /* since then */
};

/* Has the backend count from now on, until *fd is closed. Status, said why. */
int bt_stats_on(struct bt *t, int *fd);
/* Reads all counters; what is gone goes. Status. */
int bt_stats_read(struct bt *t, struct bt_stats *s);
/* Who holds the programs, by an fd of theirs or of a link; where it is old or programs have come. */
void bt_stats_holders(struct bt *t, struct bt_stats *s);
void bt_stats_free(struct bt_stats *s);
uint64_t bt_now(void);
/*
 * Waits until CLOCK_MONOTONIC is at, or for a signal that ends (SIGINT, SIGTERM), or with keys for "q" on
 * standard input. True: to be ended. bt_wait_begin takes the signals over, bt_wait_end gives them back.
 */
void bt_wait_begin(bool keys);
bool bt_wait(uint64_t at);
bool bt_wait_ended(void);
void bt_wait_end(void);
/* Reads seconds ("0.5") into ns. Status. */
int bt_read_seconds(struct bt *t, const char *what, uint64_t *ns);

#endif
