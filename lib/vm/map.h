/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps: one row of operations per type, over the memory of the object's file.
 *
 * Everything read from the file may be damaged: an index is compared with a bound kept in private
 * memory (struct bu_vm_map) at each use, and a walk ends after as many steps as there are elements.
 * Damage is -EUCLEAN, never a crash or an endless loop.
 *
 * Look-ups take no lock. Changes take bu_vm_lock(m->obj) and go through the redo record.
 */
#ifndef BU_VM_MAP_H
#define BU_VM_MAP_H

#include "vm/lock.h"

struct bu_vm_run;

/* Where pointers that programs get may point: n granules of stride bytes from off of the file on, of
 * which [val, val + len) is the value; in each, rows (CPUs) of row_stride. n 0: no pointers. */
struct bu_vm_granules {
	uint64_t off, n, stride;
	uint32_t val, len, rows, row_stride;
};

struct bu_vm_map {
	struct bu_vm_obj *obj;
	const struct bu_vm_map_ops *ops;
	/* Copies of obj->h.map, checked */
	uint32_t type, key_size, value_size, max_entries, flags, ncpus;
	uint32_t rounded;       /* value_size rounded up to 8: the row of a per-CPU value */
	uint32_t user_value;    /* bytes of a value as bpf(2) copies it: rounded * ncpus for per-CPU */
	int32_t spin_lock_off;
	uint32_t timer;         /* offset + 1 of a struct bpf_timer in the value, 0: none */
	uint64_t map_extra;
	uint8_t *mem;           /* obj->mem */
	struct bu_vm_live *live;
	/* Filled by ops->layout from the attributes alone: */
	uint64_t data_size;     /* bytes of the file in front of the header page, page multiple */
	uint64_t alloc_size;    /* of those, what has memory from the start */
	struct bu_vm_granules gran;
	uint64_t u[12];         /* the type's own offsets and bounds */
	/* Grants: run number that may touch granule i (times rows), by index; made when first needed. */
	uint32_t *grant;
	void *priv;             /* the type's own, freed by ops->close */
};

/* mode of update */
#define BU_VM_UPD_FLAGS (BPF_ANY | BPF_NOEXIST | BPF_EXIST | BPF_F_LOCK)

/*
 * Operations of a map type. A NULL one is what the kernel says of the type: see map.c. Keys and values
 * are in memory of ours (not user pointers). 0 or -errno, the kernel's of the same call.
 * cpu: the virtual CPU of the run.
 */
struct bu_vm_map_ops {
	/* map_alloc_check: attributes beyond what all types share. NULL: nothing more. */
	int (*check)(struct bu_vm *vm, const union bpf_attr *a);
	/* Sizes and offsets from the attributes alone (m->obj, m->mem may be NULL): also called when a file
	 * is opened. -E2BIG, -ENOMEM. What it allocates is freed by close. */
	int (*layout)(struct bu_vm_map *m);
	/* A fresh file, all zero. NULL: zero is right. */
	int (*init)(struct bu_vm_map *m);
	void (*close)(struct bu_vm_map *m);
	/* For programs: the value's address in m->mem, or NULL. No lock. The caller grants it. */
	void *(*lookup)(struct bu_vm_map *m, const void *key, uint32_t cpu);
	/* For bpf(2): the whole value (user_value bytes) unmixed with another; -ENOENT. */
	int (*read)(struct bu_vm_map *m, const void *key, void *value, uint64_t flags);
	/* Programs: value_size bytes, per-CPU: of row cpu. */
	int (*update)(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
		      uint32_t cpu);
	/* bpf(2): user_value bytes; NULL: as update. For types that hold fds the value is an fd. */
	int (*write)(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags);
	int (*erase)(struct bu_vm_map *m, const void *key);
	/* key NULL, or one that is not there: the first. -ENOENT: none further. */
	int (*next_key)(struct bu_vm_map *m, const void *key, void *next);
	/* LOOKUP_AND_DELETE, whole and atomic: user_value bytes. NULL: -EOPNOTSUPP. */
	int (*take)(struct bu_vm_map *m, const void *key, void *value, uint64_t flags);
	/* queue, stack, bloom filter: for programs and bpf(2). A bloom filter's peek reads *value. */
	int (*push)(struct bu_vm_map *m, const void *value, uint64_t flags);
	int (*pop)(struct bu_vm_map *m, void *value);
	int (*peek)(struct bu_vm_map *m, void *value);
	/*
	 * For bpf_for_each_map_elem: the elements by position *pos (0 at first), which moves on: 0 with
	 * key and value addresses, -ENOENT at the end. NULL: -EINVAL at load.
	 */
	int (*walk)(struct bu_vm_map *m, uint64_t *pos, uint32_t cpu, const void **key, void **value);
	/* Copies up to *n keys and values (user_value each) from position *pos on, bucket-wise whole, as the
	 * kernel's batch operations do; see cmd_batch.c. NULL: the generic loop over next_key. */
	int (*batch)(struct bu_vm_map *m, uint64_t *pos, void *keys, void *values, uint32_t *n,
		     bool remove, uint64_t flags);
	/* Address of the value area for ld_imm64's map value (arrays). NULL: the kernel's errno. */
	int (*direct)(struct bu_vm_map *m, uint64_t off, uint64_t *addr);
	/* mmap: file offsets of what bpf(2) users may map, in kernel's layout. NULL: -ENOTSUPP (524). */
	int (*mmap)(struct bu_vm_map *m, int fd, uint64_t off, uint64_t len, bool writable, void **p);
	/* Is there a place for it? Asked before rights are. */
	int (*area)(struct bu_vm_map *m, uint64_t off, uint64_t len);
	/* Is there something to read (ops->wait)? NULL: never. */
	bool (*readable)(struct bu_vm_map *m);
	/* Types that hold fds: ends what a process that was killed began, so that no reference is left
	 * which no value stands for. */
	int (*settle)(struct bu_vm_map *m);
	/* References to other objects that a value of it holds (types that hold fds): all dropped. */
	void (*drop)(struct bu_vm_map *m);
	/* Every invariant of the file: 0, or -EUCLEAN with words in why. */
	int (*verify)(struct bu_vm_map *m, struct bu_buf *why);
	uint64_t (*mem_usage)(const struct bu_vm_map *m); /* bytes, as info and fdinfo show */
	uint32_t more_flags;    /* that the kernel adds to the map's own */
	bool batches;           /* has the BATCH commands (the kernel's list) */
	bool percpu;
	bool fds;               /* values are fds of maps or programs */
};
/* The slot of bu_vm_ref_set for element i of a map that holds fds: slot 0 is the map's BTF. */
#define BU_VM_MAP_SLOT(i) ((uint32_t)(i) + 1)
/* NULL: no such type here. A new type: its row in the table of map.c. */
const struct bu_vm_map_ops *bu_vm_map_ops(uint32_t type);
extern const struct bu_vm_map_ops bu_vm_array_ops, bu_vm_percpu_array_ops, bu_vm_prog_array_ops,
	bu_vm_array_of_maps_ops, bu_vm_perf_event_array_ops, bu_vm_hash_ops, bu_vm_percpu_hash_ops,
	bu_vm_lru_hash_ops, bu_vm_hash_of_maps_ops, bu_vm_lpm_ops, bu_vm_queue_ops,
	bu_vm_stack_ops, bu_vm_ringbuf_ops, bu_vm_lru_percpu_hash_ops, bu_vm_bloom_ops, bu_vm_devmap_ops,
	bu_vm_devmap_hash_ops, bu_vm_cpumap_ops, bu_vm_xskmap_ops, bu_vm_stack_trace_ops, bu_vm_cgroup_array_ops,
	bu_vm_user_ringbuf_ops, bu_vm_arena_ops, bu_vm_sockmap_ops, bu_vm_sockhash_ops, bu_vm_reuseport_ops, bu_vm_local_ops,
	bu_vm_cgroup_storage_ops, bu_vm_percpu_cgroup_storage_ops, bu_vm_struct_ops_ops;

/*
 * MAP_CREATE after the attribute's size and tail were checked: the fd. All of the kernel's checks in
 * its order (flags, names, BTF, sizes, the type's).
 */
int bu_vm_map_create(struct bu_vm *vm, const union bpf_attr *a);
/* The map that an object is: its body, made on first use (layout checked against the file). */
int bu_vm_map_of(struct bu_vm_obj *o, struct bu_vm_map **m);
/* Both at once: by an fd; put with bu_vm_map_put. need: FMODE_CAN_READ 1 | FMODE_CAN_WRITE 2: -EPERM. */
int bu_vm_map_by_fd(struct bu_vm *vm, int fd, int need, struct bu_vm_map **m);
int bu_vm_map_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_map **m);
static inline void bu_vm_map_put(struct bu_vm_map *m)
{
	if (m)
		bu_vm_obj_put(m->obj);
}
/* May an inner map take the place of the template (bpf_map_meta_equal)? */
bool bu_vm_map_meta_equal(const struct bu_vm_map *outer, const struct bu_vm_map *inner);

/* Grants the run that is on access to the value at p (what lookup gave). */
void bu_vm_grant(struct bu_vm_map *m, const void *p);

/* ---- helpers for the types */

#define BU_VM_TIMER_SIZE 16u
/* Is something in [at, at + n) of a value that only helpers may touch? */
static inline bool bu_vm_special(const struct bu_vm_map *m, uint64_t at, uint64_t n)
{
	uint64_t lock = (uint32_t)m->spin_lock_off, timer = m->timer - 1;

	return (m->spin_lock_off >= 0 && at < lock + 4 && lock < at + n) ||
	       (m->timer && at < timer + BU_VM_TIMER_SIZE && timer < at + n);
}
/* No value that comes in or goes out has a timer. */
static inline void bu_vm_no_timer(const struct bu_vm_map *m, void *value)
{
	if (m->timer)
		__builtin_memset((uint8_t *)value + m->timer - 1, 0, BU_VM_TIMER_SIZE);
}
/* The key of the element whose value has off of the file in it, in *index for arrays. Of types that may have timers. */
bool bu_vm_map_key_of(struct bu_vm_map *m, uint64_t off, uint32_t *index, const void **key);

/* Copies n bytes that programs may write at the same time, in 8-byte steps where both are aligned. */
void bu_vm_copy(void *dst, const void *src, size_t n);
/* Copies a value but for its bpf_spin_lock, which keeps dst's. */
void bu_vm_copy_value(const struct bu_vm_map *m, void *dst, const void *src);

/*
 * mmap.c: maps [off, off + len) of the object's file that fd has open, at an address of the kernel's
 * choice or (at) over what is there. The mapping keeps the object alive as an fd does; a writable
 * one is known to bu_vm_map_shared.
 */
int bu_vm_map_file(int fd, uint64_t off, uint64_t len, bool writable, void *at, void **p);
/* Has some process a writable mapping of the map's values (MAP_FREEZE: -EBUSY)? fd: any of its. */
bool bu_vm_map_shared(int fd);

/* Arrays of any kind: the next index. */
int bu_vm_array_next_key(struct bu_vm_map *m, const void *key, void *next);
/*
 * May a program be in this prog_array, or use it (PROG_LOAD: -EINVAL if not)? The first that asks
 * decides for all: its type, and what else has to be the same. map_fds.c
 */
bool bu_vm_prog_compatible(struct bu_vm_map *m, const struct bu_vm_prog_attr *p);

/*
 * Arenas: where user space has it, 0: not said and not mapped yet; n pages in a row, at page or (negative) anywhere: the
 * first one's number, or -ENOMEM, -EBUSY: not all are free; n pages given back. map_arena.c
 */
uint64_t bu_vm_arena_start(const struct bu_vm_map *m);
int64_t bu_vm_arena_alloc(struct bu_vm_map *m, int64_t page, uint32_t n);
int bu_vm_arena_free(struct bu_vm_map *m, uint64_t page, uint32_t n);
/* The number that a stack of n frames has in a stack_trace, where it is kept, or -errno. map_stacktrace.c */
int64_t bu_vm_stackid(struct bu_vm_map *m, const uint64_t *ip, uint64_t n, uint64_t flags);
/* The id of a control group by an fd of its directory: 0, -EBADF; that of element i, 0: none. map_cgroup.c */
int bu_vm_cgroup_by_fd(int fd, uint64_t *id);
uint64_t bu_vm_cgroup_at(const struct bu_vm_map *m, uint32_t i);

/* perf_event_array and ringbuf for helpers: map_perf.c, map_ringbuf.c */
int bu_vm_perf_output(struct bu_vm_run *run, struct bu_vm_map *m, uint64_t index, const void *data,
		      uint64_t size);
void *bu_vm_ringbuf_reserve(struct bu_vm_map *m, uint64_t size);
void bu_vm_ringbuf_commit(struct bu_vm_map *m, void *sample, uint64_t flags, bool discard);
int bu_vm_ringbuf_output(struct bu_vm_map *m, const void *data, uint64_t size, uint64_t flags);
uint64_t bu_vm_ringbuf_query(struct bu_vm_map *m, uint64_t what);
/*
 * user_ringbuf: one consumer at a time (-EBUSY); the next sample: 0, -ENODATA, -EAGAIN: one to be passed over, which is
 * done; or what is wrong with it. map_ringbuf.c
 */
int bu_vm_user_ringbuf_begin(struct bu_vm_map *m);
int bu_vm_user_ringbuf_next(struct bu_vm_map *m, void **sample, uint32_t *size);
void bu_vm_user_ringbuf_release(struct bu_vm_map *m, uint32_t size);
void bu_vm_user_ringbuf_end(struct bu_vm_map *m);
/* How often its producers have woken who waits. */
uint64_t bu_vm_ringbuf_wakeups(const struct bu_vm_map *m);
/* The ring of an event: mapping it as perf_event_open(2) says, and whether it has something. */
int bu_vm_perf_mmap(struct bu_vm_obj *o, int fd, uint64_t off, uint64_t len, bool writable, void **p);
bool bu_vm_perf_readable(struct bu_vm_obj *o);

#endif
