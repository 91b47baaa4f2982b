/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killstorm: processes on one world are killed anywhere; afterwards everything must be whole. */
#ifndef KILLSTORM_H
#define KILLSTORM_H

#include <sys/types.h>

#include "vm/map.h"

/* What parent and children share in memory: what a child found broken before it was killed. */
struct ks_shared {
	_Atomic uint32_t bad;
	char text[400];
	_Atomic uint64_t ops; /* operations done by all children */
};
extern struct ks_shared *ks_shared;
extern char ks_world[64];
/* For a child: it works on one map that has a lock, all the time: number + 1, or -1: on any; 0: on all. */
extern int ks_focus;

/* Is a change on somewhere: a lock is held, or it is decided and being made. */
enum ks_busy { KS_IDLE, KS_LOCKED, KS_COMMITTED };

/* One kind of trouble: set up in the parent, work in a child, check in the parent when it is dead. */
struct ks_part {
	const char *name;
	unsigned script; /* operations of a child that is killed at its Nth system call */
	unsigned stride; /* of the stops that make check takes; of system calls two each */
	int (*setup)(struct bu_sys *s);
	/* One operation of a child. who: 0 writer, 1 runner, 2 reader. */
	void (*step)(struct bu_sys *s, unsigned who);
	/* In a child, before its first step. */
	int (*open)(struct bu_sys *s);
	/* Every invariant; ks_bad() says what is broken. */
	void (*check)(struct bu_sys *s);
	/* Where kills at instructions matter most; may be NULL. */
	enum ks_busy (*busy)(struct bu_sys *s);
	/* May be NULL: the name of what ks_focus can choose, NULL when it has no lock; -ENOENT behind the last. */
	int (*focus)(unsigned i, const char **name);
	/*
	 * All children stand still: as if who has the lock of that map were dead, it is recovered and checked;
	 * then everything is again as it was. False: nobody has it.
	 */
	bool (*probe)(struct bu_sys *s, unsigned i);
};
extern const struct ks_part ks_maps, ks_objects;

uint64_t ks_random(void);
/* Notes a violation (the first text is kept). */
void ks_bad(const char *fmt, ...) BU_PRINTF(1, 2);

/* Programs of runners, by type of map; -ENOENT: none for this operation. */
enum { KS_UPDATE, KS_DELETE, KS_LOOKUP, KS_OPS };
/* spin: a value has a bpf_spin_lock behind its words, which is taken to look at it. */
int ks_prog_make(struct bu_sys *s, uint32_t type, unsigned op, int map, bool spin);
/* One that uses no map: for prog_array. */
int ks_prog_plain(struct bu_sys *s, int32_t r0);
/* Runs one: what it gave, or of the run -errno (which is noted as a violation). value: 6 words. */
int ks_prog_run(struct bu_sys *s, int fd, const void *key, uint32_t key_size, const uint64_t *value,
		uint64_t flag);

#endif
