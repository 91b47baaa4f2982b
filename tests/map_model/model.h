/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model test: the same random operations on a map of the kernel and on one of the VM, with the
 * same results.
 *
 * A round is one map of random sizes and a list of operations, made from (seed, type, round)
 * before anything runs: so that a round which shows a difference can be cut down to the few that
 * are needed.
 */
#ifndef MODEL_H
#define MODEL_H

#include "sys/sys.h"

enum what {
	LOOKUP, UPDATE, ERASE, NEXT, TAKE, WALK, LOOKUP_BATCH, TAKE_BATCH, UPDATE_BATCH, ERASE_BATCH,
	FREEZE, INFO, MMAP, NWHATS,
};

struct op {
	uint8_t what, fd; /* fd: 0 read-write, 1 RDONLY, 2 WRONLY */
	uint8_t nokey;    /* key is NULL */
	uint8_t pad;
	uint32_t key, value; /* numbers that bytes are made from */
	uint32_t n;          /* of a batch; pages of a mapping */
	uint64_t flags;
};

/* KEYS_FDS: what values are fds of, as the key; values are any */
enum keys { KEYS_ANY, KEYS_INDEX, KEYS_PREFIX, KEYS_NONE, KEYS_FDS };
/* VALUES_FEW: small numbers, and zeros behind them; DEVS: the same (devices, queue lengths), and programs; CGROUPS, SOCKETS: of the machine, the
 * same ones on both sides */
enum values { VALUES_ANY, VALUES_FEW, VALUES_DEVS, VALUES_MAPS, VALUES_PROGS, VALUES_EVENTS, VALUES_CGROUPS, VALUES_SOCKETS,
	      VALUES_TASKS, VALUES_INODES,
	      VALUES_OPS /* struct tcp_congestion_ops */ };
/* Does a look-up give an id, which is another on each side? */
static inline bool are_ids(enum values v)
{
	return v >= VALUES_MAPS && v <= VALUES_EVENTS;
}

struct type {
	const char *name;
	uint32_t type, flags;
	enum keys keys;
	enum values values;
	bool percpu, ordered, lock;
	uint32_t weight[NWHATS]; /* how often an operation is taken */
};
static inline bool are_fds(const struct type *t)
{
	return t->values >= VALUES_MAPS && t->values != VALUES_OPS && t->keys != KEYS_FDS;
}
extern const struct type types[];
extern const unsigned ntypes;

#define POOL 6u
#define MAX_KEY 640u /* larger ones only where no map is made */
#define MAX_BATCH 64u /* of look-ups; changes of maps of maps take more at once */

/* One backend with the map of the round. */
struct side {
	struct bu_sys *s;
	int ncpus;
	uint32_t row;       /* bytes of a value in bpf(2) */
	int fd[3];          /* -1: could not be had */
	int made;           /* what MAP_CREATE said: fd or -errno */
	int pool[POOL];     /* fds that values may be */
	uint32_t pool_id[POOL];
	uint32_t ops, ops_value; /* types of a struct of operations, and of a map's value of it */
	uint32_t sockets;   /* entries to be taken out before it is closed */
	int btf;            /* with a bpf_spin_lock */
};

struct round {
	const struct type *t;
	uint64_t seed;
	uint32_t number;
	uint32_t key_size, value_size, max_entries, flags, space /* different keys */;
	int timer;          /* … not that, but a bpf_timer at 8 */
	int lock_btf;       /* values have a bpf_spin_lock at 0 */
	struct op *ops;
	unsigned n;
};

struct result {
	int ret;
	size_t size;
	bool sorted;        /* of hash tables: what there is, not in which order */
	uint8_t *out;
	size_t room;
	uint32_t elements;  /* operations that it counts for */
};

/* Random numbers of a round. */
uint64_t mix(uint64_t x);
uint32_t below(uint64_t *state, uint32_t n);

/* types.c: attributes, operations, key and value bytes, pools. */
void round_make(struct round *r, const struct type *t, uint64_t seed, uint32_t number);
/* side NULL: for printing */
void key_make(const struct round *r, const struct side *side, uint32_t number, uint8_t *key);
void value_make(const struct round *r, const struct side *side, uint32_t number, uint8_t *value);
#define OPS_DATA 64u /* where the struct is in its map's value, of so many bytes: */
#define OPS_SIZE 256u
/* The function at off of such a value? */
static inline bool is_ops_func(uint32_t off)
{
	return (off >= OPS_DATA && off < OPS_DATA + 11 * 8) || off == OPS_DATA + 136 || off == OPS_DATA + 144;
}
/* 0, or what is missing. */
const char *pool_open(struct side *side, const struct type *t);
void pool_close(struct side *side);
/* -1: the backend takes no BTF. */
int lock_btf(struct bu_sys *s);

/* exec.c */
int map_open(struct side *side, const struct round *r);
void map_close(struct side *side);
void op_run(const struct side *side, const struct round *r, const struct op *op, struct result *res);
void op_print(const struct round *r, const struct op *op);
const char *what_name(enum what w);

/* evict.c: more keys than an LRU map holds: every rule that is left. Differences found. */
unsigned evict_run(struct bu_sys *vm, uint64_t ops, uint64_t seed);

#endif
