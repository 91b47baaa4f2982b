/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world: objects as files, their life, ids, references, and where they are mapped.
 *
 *   W/world            root: versions, next ids, virtual CPUs, counters (struct bu_vm_root)
 *   W/lock             flock of slow steps: create, publish, pin, unlink, reference (freed by death)
 *   W/ids.KIND         which ids live: a bitmap of four levels, by pread and pwrite
 *   W/stats            read lock of an open file on its first byte while statistics are wanted
 *   W/m/N              member slot N: exclusive flock of its process; its redo record
 *   W/o/KIND.ID        an object; its hard links elsewhere are pins
 *   W/o/KIND.ID.r      its anchor, empty; hard links to it are references of other objects
 *   W/new/PID.N        half made; its maker's shared flock is on it
 *   W/r/KIND.ID/SLOT   a reference that object KIND.ID has: a hard link to the target's anchor
 *   W/pins/…           what /sys/fs/bpf is to the kernel
 *
 * Dead is what nobody has a flock on, with one link, whose anchor has one link.
 */
#ifndef BU_VM_WORLD_H
#define BU_VM_WORLD_H

#include <stdatomic.h>

#include "vm/vm.h"

#define BU_VM_LAYOUT 1u              /* version of everything below */
#define BU_VM_MAGIC 0x31646c726f776662u /* "bfworld1" */
#define BU_VM_PAGE 4096u
#define BU_VM_MAX_CPUS 1024u
#define BU_VM_MEMBERS 1024u          /* member slots; EUSERS when all are taken */

enum bu_vm_kind {
	BU_VM_PROG = BU_PROG, BU_VM_MAP = BU_MAP, BU_VM_LINK = BU_LINK, BU_VM_BTF = BU_BTF,
	BU_VM_EVENT, /* what perf_event_open gives: no id that is listed */
	BU_VM_NKINDS,
};

struct bu_vm;
struct bu_vm_map;
struct bu_vm_prog;

/* ---------------------------------------------------------------- files */

/* Kind-specific part of a header. Written before publishing; constant then, but what says "live". */
struct bu_vm_map_attr {
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t btf_id, btf_key_type, btf_value_type;
	uint64_t map_extra;
	uint32_t ncpus;         /* rows of a per-CPU value */
	uint32_t inner_template[6]; /* maps of maps: type, key, value, entries, flags, map_extra(32) */
	int32_t spin_lock_off;  /* of a struct bpf_spin_lock in the value, or -1 */
	int32_t inner_spin_lock_off; /* maps of maps: the template's */
	uint32_t uid;
	char name[BPF_OBJ_NAME_LEN];
	uint32_t excl;          /* only a program of this SHA-256 may use it */
	uint8_t excl_prog_hash[32];
	uint32_t timer, inner_timer; /* offset + 1 of a struct bpf_timer in the value, 0: none; the template's */
};
struct bu_vm_prog_attr {
	uint32_t type, expected_attach_type, flags;
	uint32_t ninsns;        /* slots, 8 bytes each, at offset 0 of the file */
	uint32_t nmaps, maps_off;         /* u32 ids of used maps, at this offset */
	uint32_t nfuncs, func_info_off, func_rec_size;
	uint32_t nlines, line_info_off, line_rec_size;
	uint32_t license_off;   /* text with NUL */
	uint32_t btf_id, attach_btf_id;
	uint32_t gpl, uid;
	uint32_t max_ctx;       /* bytes of the context that it is seen to use: for TEST_RUN */
	uint8_t tag[8];
	uint64_t load_time;     /* ns of CLOCK_BOOTTIME */
	char name[BPF_OBJ_NAME_LEN];
};
struct bu_vm_link_attr {
	uint32_t type, attach_type, prog_id; /* prog_id may be changed by LINK_UPDATE: under W/lock */
	uint32_t perf_type;     /* enum bpf_perf_event_type */
	uint64_t cookie, addr;  /* offset or address of probes */
	uint32_t ifindex, event_id, flags, map_id;
	uint32_t detached;
	char hook[256];         /* as bu_vm_feed names it */
	char name[128];         /* function, path, tracepoint */
	/* Of those that stand in a list at their target (attach.c): its id there; place, from 1, and flags, under W/lock. */
	uint64_t target, order;
	uint32_t attach_flags, pf, hooknum, target_obj_id, target_btf_id;
	int32_t priority;
};
struct bu_vm_btf_attr {
	uint32_t size;          /* bytes at offset 0 */
	char name[64];
};
struct bu_vm_event_attr {
	uint32_t type, cpu;     /* PERF_TYPE_… */
	uint64_t config, probe_off;
	int32_t pid;
	uint32_t prog_id;       /* by PERF_EVENT_IOC_SET_BPF; 0: none */
	uint32_t enabled, ret;
	uint32_t pages;         /* of its ring, after mmap: 0 none */
	uint64_t sample_type;   /* PERF_SAMPLE_…; 0: PERF_SAMPLE_RAW */
	char hook[256];
	uint32_t link_id;       /* the link that prog_id is of; 0: it is the event's own */
	/* What PROG_ATTACH made (attach.c), type being BU_VM_ATTACHED: as of links. */
	uint32_t attach_type, attach_flags;
	uint64_t target, order;
};
#define BU_VM_ATTACHED (UINT32_MAX - 1)

/* Pages in front of an event's header: its ring. None has memory before somebody maps it (map_perf.c). */
#define BU_VM_EVENT_PAGES 4097u

/* What changes in place while the object lives. Everything else is constant. */
struct bu_vm_live {
	_Atomic uint32_t lock;          /* see lock.h */
	_Atomic uint32_t frozen;        /* map */
	_Atomic uint32_t writers;       /* map: writable mmaps and such */
	_Atomic uint32_t bound;         /* maps bound later: count behind nmaps */
	_Atomic uint64_t seq;           /* of structural changes: bumped by writers */
	_Atomic uint64_t count;         /* map: elements */
	_Atomic uint64_t word[24];      /* the map type's own (heads, free lists, positions) */
	_Atomic uint64_t run_cnt, run_time_ns, recursion_misses; /* program */
};

/* The last page of every object's file. */
struct bu_vm_hdr {
	uint64_t magic;
	uint32_t layout, kind, id, uid;
	uint64_t size;          /* of the file; equals st_size */
	union {
		struct bu_vm_map_attr map;
		struct bu_vm_prog_attr prog;
		struct bu_vm_link_attr link;
		struct bu_vm_btf_attr btf;
		struct bu_vm_event_attr event;
	};
	struct bu_vm_live live __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct bu_vm_hdr) <= BU_VM_PAGE, "a header is one page");

/* W/world */
struct bu_vm_root {
	uint64_t magic;
	uint32_t layout, uid;
	uint32_t ncpus;
	_Atomic uint32_t stats;              /* not 0: somebody may hold W/stats (vmstats.c) */
	_Atomic uint32_t next_id[BU_VM_NKINDS];
	_Atomic uint64_t links_gen;          /* bumped when a link comes, goes or changes */
	_Atomic uint64_t epoch;              /* bumped by each run's start */
	_Atomic uint64_t trace_head;         /* texts written to the ring */
	struct {
		_Atomic uint32_t owner;          /* member slot + 1; 0: free */
		uint32_t pad;
		_Atomic uint64_t epoch;          /* of the run on it; 0: none */
	} cpu[BU_VM_MAX_CPUS];
	/* behind it: the trace ring */
};
#define BU_VM_TRACE_CELL 1024u
#define BU_VM_TRACE_CELLS 512u

/* ---------------------------------------------------------------- in this process */

/* What the interpreter may find at an address: one per mapping of the window. */
enum bu_vm_region_kind {
	BU_VM_R_NONE, BU_VM_R_MAP, BU_VM_R_STACK, BU_VM_R_PACKET, BU_VM_R_CTX, BU_VM_R_OTHER,
};
struct bu_vm_region {
	uint64_t lo, hi;        /* addresses [lo, hi) that are mapped */
	uint8_t kind;
	void *owner;            /* struct bu_vm_map *, or the kind's own */
};

/*
 * The one reserved stretch of addresses of this process. Slots of 1 << shift bytes; a mapping takes
 * one or more whole slots, so that (addr - base) >> shift finds its region in one step.
 */
struct bu_vm_window {
	uint8_t *base;
	unsigned shift;
	uint32_t nslots;
	struct bu_vm_region **slot;   /* by slot; NULL: nothing there */
	volatile int fault;           /* a SIGBUS was met in it: a file was cut short */
};
static inline struct bu_vm_region *bu_vm_region_at(const struct bu_vm_window *w, uint64_t addr)
{
	uint64_t i = (addr - (uint64_t)(uintptr_t)w->base) >> w->shift;

	return i < w->nslots ? w->slot[i] : NULL;
}
/* Maps size bytes of fd (-1: fresh memory) into whole slots: the address, or NULL and *err. */
void *bu_vm_window_map(struct bu_vm *vm, int fd, uint64_t size, bool writable,
		       enum bu_vm_region_kind kind, void *owner, int *err);
void bu_vm_window_unmap(struct bu_vm *vm, void *p, uint64_t size);
/* At the end of a command: -EIO when a file was found cut short meanwhile (forgotten then), or 0. */
int bu_vm_window_fault(struct bu_vm *vm);

/* An object as this process knows it; one per object, by (kind, id); the mapping is shared. */
struct bu_vm_obj {
	struct bu_vm *vm;
	uint32_t kind, id;
	uint64_t ino;
	unsigned refs;          /* users in this process; 0: cached only, may go at any time */
	uint8_t *mem;           /* its file, mapped */
	uint64_t size;
	struct bu_vm_hdr *hdr;  /* in mem: shared, live, hostile */
	struct bu_vm_hdr h;     /* private copy, checked */
	void *body;             /* struct bu_vm_map *, struct bu_vm_prog *: made on first use */
	void (*body_free)(struct bu_vm_obj *o);
	struct bu_vm_obj *next; /* in the table */
	struct bu_vm_obj *next_ino; /* in the table by inode */
	char tmp[32];           /* its name in W/new */
};

struct bu_vm_target {
	uint32_t kind, id;
};

struct bu_vm {
	struct bu_sys sys;      /* first */
	char path[4096];
	int dir, odir, rdir, mdir, newdir, pdir, lock_fd;
	int ids_fd[BU_VM_NKINDS]; /* ids.c: descriptor + 1 */
	int stats_fd;             /* vmstats.c: the same */
	unsigned lock_depth;
	unsigned new_count;     /* names in W/new */
	uint64_t dev;
	bool read_only;
	struct bu_vm_root *root;
	uint8_t *trace;         /* the ring behind root */
	struct bu_vm_window win;
	int member;             /* own slot, or -1: none yet (taken at the first write) */
	int member_fd;
	struct bu_vm_rec *rec;  /* own redo record (lock.h) */
	struct bu_vm_obj *locked, *spun; /* lock.c: whose lock, and whose value's lock, we hold */
	uint32_t txn_n;         /* lock.c: operations noted, and what is wrong with them */
	int txn_err;
	struct bu_vm_obj *table[256], *inodes[256];
	unsigned unused;        /* objects in it with refs 0 */
	bool evicting;
	unsigned swept_bucket;  /* obj.c: where the next creation looks for what is gone */
	uint32_t win_hint;      /* window.c: where a free slot may be */
	struct {                /* life.c: what may have died, and is still to be looked at */
		struct bu_vm_target *v;
		size_t n, cap;
		bool on;
	} dying;
	bool swept;             /* since the last look at id 0 */
	uint32_t reaped;        /* objects removed, and their memory */
	uint64_t reaped_bytes;
	uint64_t fuel;
	struct bu_vm_settings *settings; /* env.c; NULL: nothing was said */
	struct bu_vm_fault last_fault;
	uint32_t run_no;        /* number of the run that is on, for grants; never 0 */
	struct bu_vm_run *run;  /* the run that is on, or NULL */
	uint8_t *run_mem;       /* run.c: stack, packet buffer, context of runs; in the window */
	uint8_t *heap;          /* kfunc.c: what runs get by kfuncs; in the window */
	uint32_t run_cpu;       /* run.c: CPU of the last run */
	struct bu_vm_run *caller; /* uaccess.c: the program that a command is run for, or NULL */
	struct bu_vm_timer *timers; /* timer.c */
	uint64_t timer_seq;
	uint32_t timer_names;
	void *links;            /* feed's cache */
	void *events;           /* attach's table of tracepoint ids */
	void *btf;              /* the VM's own BTF ("vmlinux") */
	struct bu_buf scratch;
	int cmd;                /* of bpf(2), that is on */
	struct {                /* uaccess.c */
		bool refused;   /* process_vm_readv: through a pipe instead */
		int fd[2], pid; /* the pipe and whose it is; pid 0: none */
	} ua;
};
static inline struct bu_vm *bu_vm(struct bu_sys *s)
{
	return (struct bu_vm *)s;
}

/*
 * Slow steps (create, publish, pin, references, reaping) run under W/lock. Nests within a process.
 * 0 or -errno.
 */
int bu_vm_world_lock(struct bu_vm *vm);
void bu_vm_world_unlock(struct bu_vm *vm);

/* A member slot of our own, taken now if there is none: 0, -EUSERS, -EROFS (read_only), … */
int bu_vm_member(struct bu_vm *vm);
/* Is member slot m's process gone? Then *fd is its slot file, locked by us, until closed. */
bool bu_vm_member_dead(struct bu_vm *vm, uint32_t m, int *fd);

/*
 * A new object: a file of size bytes (its last page, the header, included; size is a multiple of the
 * page), of which the first `alloc` bytes and the last page have memory. h's kind and union are
 * copied. *fd gets the holder's descriptor (shared flock, open mode by oflags O_RDWR, O_RDONLY,
 * O_WRONLY); *o one reference. Not visible before bu_vm_obj_publish. -ENOMEM (also for a full tmpfs),
 * -EROFS, -EMFILE …
 */
int bu_vm_obj_new(struct bu_vm *vm, const struct bu_vm_hdr *h, uint64_t size, uint64_t alloc,
		  int oflags, struct bu_vm_obj **o, int *fd);
/* Its file for reading and writing, without holding it: an fd to close, or -errno. */
int bu_vm_obj_file(struct bu_vm_obj *o);
/* More memory for [off, off + len) of the file: 0, -ENOMEM. */
int bu_vm_obj_alloc(struct bu_vm_obj *o, uint64_t off, uint64_t len);
/* Gives the id, makes it visible. With refs: ids of objects it refers to, as slots 0, 1, … */
int bu_vm_obj_publish(struct bu_vm_obj *o, const struct bu_vm_target *refs, unsigned nrefs);
/* Instead of publish: takes everything back (not the fd and not o's reference). */
void bu_vm_obj_abandon(struct bu_vm_obj *o);

/*
 * The object that an fd of this process is. kind: wanted, or -1: any. 0 with one reference;
 * -EBADF: not open; -EINVAL: open, but not (such) an object of this world. *mode (may be NULL):
 * O_RDWR, O_RDONLY or O_WRONLY.
 */
int bu_vm_obj_by_fd(struct bu_vm *vm, int fd, int kind, struct bu_vm_obj **o, int *mode);
/* By id, without holding it: for references. -ENOENT. */
int bu_vm_obj_by_id(struct bu_vm *vm, int kind, uint32_t id, struct bu_vm_obj **o);
void bu_vm_obj_put(struct bu_vm_obj *o);
/* A new holder's fd for an id that lives: the fd, -ENOENT. */
int bu_vm_obj_open(struct bu_vm *vm, int kind, uint32_t id, int oflags);
/* The smallest id > start that lives: 0, -ENOENT. Reaps the dead that it meets. */
int bu_vm_obj_next_id(struct bu_vm *vm, int kind, uint32_t start, uint32_t *next);
/* Does somebody hold or pin it, or another object refer to it? Else it is dead, though its file may still be there. */
bool bu_vm_obj_lives(struct bu_vm_obj *o);
/* Removes everything dead, transitively. */
int bu_vm_reap(struct bu_vm *vm, uint32_t *removed, uint64_t *bytes);

/* Reference of holder in a slot: set (replacing) or, with target NULL, taken away. */
int bu_vm_ref_set(struct bu_vm_obj *holder, uint32_t slot, const struct bu_vm_obj *target);
/*
 * What a holder that died left: takes the references of holder away, but for that in slot 0 (a map's BTF) and those
 * that keep(ctx, slot) wants, which is asked under W/lock. 0, or why there is no lock.
 */
int bu_vm_ref_settle(struct bu_vm_obj *holder, bool (*keep)(void *ctx, uint32_t slot), void *ctx);
/*
 * Under W/lock: another program for a link or event, whose slot 0 it is. At any instant it has one of the
 * two, with a reference; what a killed process leaves is ended by bu_vm_prog_settle.
 */
int bu_vm_prog_change(struct bu_vm_obj *o, const struct bu_vm_obj *prog);
int bu_vm_prog_settle(struct bu_vm_obj *o);

/* Pins: path as the user gives it ("/sys/fs/bpf/x" or "x" or W/pins/x). The kernel's errno. */
int bu_vm_pin(struct bu_vm *vm, int dirfd, const char *path, int fd);
int bu_vm_pin_get(struct bu_vm *vm, int dirfd, const char *path, int oflags);

/*
 * A type's part of reaping: what a map without user references drops (prog_array), and checks of its
 * invariants. Implemented in map.c.
 */
void bu_vm_map_unused(struct bu_vm_obj *o);
/* … and what gives back references that a killed process took for a change it did not make. */
void bu_vm_map_settle(struct bu_vm_obj *o);

#endif
