/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs and their runs: load-time check, decoded form, interpreter, memory checks, helpers.
 *
 * Pointers in registers are real addresses, all inside the one window of the process (world.h). An access
 * [addr, addr + size) must lie in memory that this run may touch:
 *
 *   stack     512 bytes a frame, of the frames that are live; frames do not touch each other
 *   ctx       by the program's type (ctx.def): bytes, or virtual fields read and written by ctx.c
 *   area      what a field of the context points to, other than packet and socket
 *   packet    [data, data_end) as it is now; metadata in front of it
 *   map value one value (per-CPU: one row) that a helper has given to this run (a grant), or the
 *             value of an ld_imm64; not the key, not the header, not the neighbour
 *   record    of a ring buffer, from reserve to submit or discard
 *
 * Everything else is a fault that names the instruction. Handles (maps, functions) are addresses of
 * slots of the window that are never mapped: only helpers understand them.
 */
#ifndef BU_VM_RUN_H
#define BU_VM_RUN_H

#include "vm/map.h"

#define BU_VM_STACK 512u
#define BU_VM_FRAMES 8u          /* call depth, as the kernel's */
#define BU_VM_TAIL_CALLS 33u
#define BU_VM_FRAME_STRIDE 1024u /* from frame to frame: 512 that may be used, 512 that may not */

/* What a verifier found out about one instruction; the interpreter leaves out what is proved. */
enum bu_vm_fact {
	BU_VM_UNPROVED = 0,
	BU_VM_PROVED_MEM = 1,    /* the access is inside its object */
	BU_VM_PROVED_ARGS = 2,   /* the helper's arguments are what its prototype wants */
};

/* Pre-decoded instruction: 24 bytes. */
struct bu_vm_op {
	const void *go;  /* what does it: the interpreter's own (bu_vm_bind) */
	uint16_t code;   /* of the interpreter's own list (interp.def) */
	uint8_t dst, src;
	int32_t off;     /* memory offset; the number that a jump compares with; a third register */
	int64_t imm;     /* number; where a jump goes to: a pointer */
};

struct bu_vm_prog {
	struct bu_vm_obj *obj;     /* NULL: bu_vm_run_raw's */
	struct bu_vm *vm;
	uint32_t id, type, attach_type, ninsns, gpl;
	/* Private copy, checked again. ld_imm64 of a map: imm is the index in maps, src MAP_FD or MAP_VALUE. */
	const struct bu_insn *insns;
	struct bu_vm_op *ops;          /* one per slot (the second of ld_imm64 is a nop) */
	uint8_t *facts;                /* enum bu_vm_fact by slot: all unproved for now */
	struct bu_vm_map **maps;       /* used maps, referenced */
	uint32_t nmaps;
	uint32_t exception;            /* as in struct bu_vm_check */
	bool plain;                    /* no operations for several: for tests */
	bu_vm_raw_helper_fn *const *raw_helper;
	void *raw_ctx;
	const struct bu_vm_ctx_view *view; /* of its context (ctxrule.h); NULL: not known */
	char name[BPF_OBJ_NAME_LEN];
};

/* What PROG_LOAD and every opener check: the messages go to log as the kernel's verifier words them. */
struct bu_vm_check {
	const struct bu_insn *insns;
	uint32_t n;
	uint32_t type, expected_attach_type, flags;
	bool gpl, raw;
	uint32_t exception;        /* instruction that the exception callback begins with, 0: there is none */
	struct bu_vm_map *const *maps; /* that BU_PSEUDO_MAP_… name by their index */
	uint32_t nmaps;
	struct bu_vm *vm;          /* whose kfuncs may be called; NULL: there are none */
	const struct bu_vm *faker; /* whose faked helpers may be called, though they are not implemented */
	bool no_result;            /* the program returns nothing: r0 need not be set */
	bool opened;               /* any may: it was checked when it was loaded */
	struct bu_buf *log;
	uint32_t level;
};
/*
 * Encoding, reserved fields, registers (r0 to r10, r10 not written, none read before it was written on
 * every way), jumps inside the same function and not into an ld_imm64, no way past the end, every
 * instruction reachable, calls of helpers that exist, are implemented and allowed for the type and the
 * license. 0, -EINVAL, -EACCES, -E2BIG as the kernel says.
 */
int bu_vm_check_insns(struct bu_vm_check *c);
/* Of this only that jumps stay inside their functions, which the kernel looks at before BTF. */
int bu_vm_check_jumps(struct bu_vm_check *c);

/* The program that an object is: decoded, kept as its body. -EUCLEAN: the file is damaged. */
int bu_vm_prog_of(struct bu_vm_obj *o, struct bu_vm_prog **p);
int bu_vm_prog_by_fd(struct bu_vm *vm, int fd, struct bu_vm_prog **p);
int bu_vm_prog_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_prog **p);
static inline void bu_vm_prog_put(struct bu_vm_prog *p)
{
	if (p && p->obj)
		bu_vm_obj_put(p->obj);
}
/* Decodes p->insns into p->ops: 0, -ENOMEM. decode.c */
int bu_vm_decode(struct bu_vm_prog *p);

/* ---------------------------------------------------------------- a run */

struct bu_vm_frame {
	const struct bu_vm_op *ret; /* NULL: the first frame, or a callback's */
	struct bu_vm_prog *prog;    /* that ret is in: another than the callee's after a tail call */
	uint64_t saved[4];          /* r6 to r9 */
	uint32_t may_goto;          /* times that may_goto went on */
};

struct bu_vm_record {           /* a ring buffer's, between reserve and submit */
	uint64_t lo, hi;
	struct bu_vm_map *map;
};

struct bu_vm_sock_ref {         /* a socket that the program has seen: struct bpf_sock, or bpf_tcp_sock */
	uint64_t lo, hi;
	const struct bu_vm_sock *of;
	bool tcp, held;         /* held: to be released */
};

enum bu_vm_heap_kind { BU_VM_HEAP_OBJ, BU_VM_HEAP_BITS };
struct bu_vm_heap {             /* memory that kfuncs gave: of bpf_obj_new, or an iterator's own */
	uint64_t lo, hi;
	uint8_t kind;
};

struct bu_vm_run {
	struct bu_vm *vm;
	struct bu_vm_prog *prog;    /* changes with a tail call */
	struct bu_vm_ctx *ctx;
	const struct bu_vm_env *env;
	uint64_t r[11];
	uint8_t *stack;             /* BU_VM_FRAMES * BU_VM_FRAME_STRIDE, in the window */
	uint32_t depth;             /* index of the live frame */
	uint32_t deepest;           /* of all so far: frames that the next run wants cleared */
	struct bu_vm_frame frame[BU_VM_FRAMES];
	uint32_t tail_calls;
	struct bu_vm_prog *tails[BU_VM_TAIL_CALLS]; /* referenced until the end */
	uint64_t fuel;              /* BU_VM_COST */
	int stop;                   /* why the interpreter stopped */
	uint32_t cpu;
	uint64_t seed;
	uint64_t looks;             /* at the clock, when each makes it later */
	/* ctx.c: address of the context (r1), packet as it is */
	uint64_t ctx_addr, ctx_size;
	uint64_t ctx_view, ctx_write_view; /* of ctx.def */
	uint8_t ctx_id;             /* enum bu_vm_ctx_id; BU_VM_NCTX: another's, or none */
	bool ctx_written;           /* raw: the program may write it */
	struct { uint64_t lo, hi; bool write; const char *name; } area[2];
	uint32_t nareas;
	uint8_t *packet_buf;        /* in the window; headroom in front */
	uint64_t packet_buf_size;
	uint64_t data_meta, data, data_end; /* addresses */
	uint8_t *md;                /* ctx.c: the fields of the virtual context as they are */
	struct bu_vm_record rec[16];
	uint32_t nrec;
	struct bu_vm_sock_ref sock[16]; /* their bytes are in md */
	uint32_t nsock, nheld;
	uint32_t sysctl_size;           /* of the value that a program has set, in md; 0: none */
	struct bu_vm_sock own;          /* of the packet */
	struct bu_vm_sock found[16];    /* of maps of sockets, by place in sock */
	struct {                        /* tasks and control groups that the program has names for */
		uint64_t id;
		uint32_t held;          /* to be released so often */
		bool task;
	} kobj[16];
	uint32_t nkobj, nkheld;
	struct bu_vm_heap heap[64];     /* kfunc.c */
	uint32_t nheap;
	uint32_t rcu, preempt, irqs;    /* how often each was locked, and not given back */
	int fd[32];                     /* that bpf_sys_bpf has opened */
	uint32_t nfd;
	uint32_t entry;                 /* where it begins: 0, or a callback of a timer */
	bool thrown;                    /* bpf_throw: the program ends, from however deep */
	/* helper.c: keys that callbacks of for_each_map_elem may read, by the frame that called it */
	struct { uint64_t lo, hi; } key[BU_VM_FRAMES];
	/* what the callbacks of user_ringbuf_drain have been given, the inner one last */
	struct { uint64_t lo, hi; } sample[BU_VM_FRAMES];
	uint32_t nsample;
	/* … and the bpf_spin_lock that the program holds: its map, and the lock's offset in the file */
	struct bu_vm_obj *spin;
	uint64_t spin_off;
	struct bu_vm_map *inner[16]; /* inner maps looked up in this run: handles behind the program's */
	uint32_t ninner;
	const struct bu_vm_op *pc;  /* of the helper call or access, for faults */
	const struct bu_vm_op *end; /* the exit that the last callback ended with */
	struct bu_vm_fault fault;
};

/* Runs run->prog from its first instruction with run->r set: 0 or -EFAULT with run->fault. interp.c */
int bu_vm_interp(struct bu_vm_run *run);
/* Fills in what is the interpreter's own of n operations. */
void bu_vm_bind(struct bu_vm_op *ops, uint32_t n);
/* Puts operations for what several often do together. fuse.c */
void bu_vm_fuse(struct bu_vm_op *ops, uint32_t n);
/* Calls a program's function (a callback) by its handle, with five arguments: 0 and *r0, or -EFAULT. */
int bu_vm_callback(struct bu_vm_run *run, uint64_t func, const uint64_t arg[5], uint64_t *r0);
/* Notes a fault and returns -EFAULT. addr, size, write describe an access; text what it hit. */
int bu_vm_fault_at(struct bu_vm_run *run, enum bu_vm_fault_kind kind, uint64_t addr, uint32_t size,
		   bool write, const char *fmt, ...) BU_PRINTF(6, 7);

/* May the run touch [addr, addr + size)? NULL: no (a fault is noted). mem.c */
void *bu_vm_mem(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write);
/* Is it memory that the run may write, whatever stands there? */
bool bu_vm_mem_is(struct bu_vm_run *run, uint64_t addr, uint64_t size);
/* The same without noting a fault: for helpers that answer -EFAULT themselves. */
void *bu_vm_mem_try(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write);

/* Sets up r1 (r2), packet and so on, and takes back what changed. ctx.c */
int bu_vm_ctx_begin(struct bu_vm_run *run);
void bu_vm_ctx_end(struct bu_vm_run *run);
/* A load or store of a virtual context field: 0, or -EFAULT with the fault noted. */
int bu_vm_ctx_load(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t *val);
int bu_vm_ctx_store(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t val);

/* A whole run: leases a CPU, counts, contexts, interp. run.c; bu_vm_run is a wrapper. */
int bu_vm_run_prog(struct bu_vm_prog *p, struct bu_vm_ctx *ctx, const struct bu_vm_env *env,
		   uint64_t *r0, struct bu_vm_fault *fault);

/* Handles: what map pointers and function pointers are in registers. */
/* The map that a register's value names (used maps, and inner maps of this run), or NULL. */
struct bu_vm_map *bu_vm_map_by_handle(const struct bu_vm_run *run, uint64_t handle);
/* A handle for an inner map that a lookup gave; 0: too many. Takes over the reference. */
uint64_t bu_vm_inner_handle(struct bu_vm_run *run, struct bu_vm_map *m);
uint64_t bu_vm_func_handle(const struct bu_vm_prog *p, uint32_t insn);

/* Time and task as env says or as they are. */
uint64_t bu_vm_ktime(struct bu_vm_run *run);
/* A text of trace_printk: env->printk, or the world's ring. */
void bu_vm_trace(struct bu_vm_run *run, const char *text, size_t n);

/* ---------------------------------------------------------------- helpers */

/* What an argument has to be; checked before the helper is called (so it gets usable memory). */
enum bu_vm_arg {
	BU_VM_A_NONE,        /* not looked at */
	BU_VM_A_ANY,         /* a number, or anything */
	BU_VM_A_MAP,         /* a map's handle */
	BU_VM_A_KEY,         /* key_size readable bytes of the map of the A_MAP before it */
	BU_VM_A_VALUE,       /* value_size readable bytes of it */
	BU_VM_A_VALUE_OUT,   /* value_size writable bytes of it */
	BU_VM_A_MEM,         /* readable bytes; their number is the next argument (A_SIZE…) */
	BU_VM_A_MEM_NULL,    /* the same, or NULL */
	BU_VM_A_OUT,         /* writable bytes */
	BU_VM_A_OUT_NULL,    /* the same, or NULL */
	BU_VM_A_SIZE,        /* > 0 */
	BU_VM_A_SIZE0,       /* >= 0 */
	BU_VM_A_CTX,
	BU_VM_A_FUNC,        /* a function's handle */
	BU_VM_A_STACK_OR_NULL,
	BU_VM_A_RECORD,      /* what ringbuf_reserve gave */
	BU_VM_A_STR,         /* readable text with NUL in a read-only map value (snprintf's format) */
	BU_VM_A_LONG_OUT,    /* 8 writable bytes */
	BU_VM_A_DYNPTR,      /* 16 writable bytes, aligned */
	BU_VM_A_U32_OUT,     /* 4 writable bytes, aligned */
	BU_VM_A_SOCK,        /* a socket of this run */
	BU_VM_A_VALUE_NULL,  /* as VALUE, or NULL */
	BU_VM_A_CTX_NULL,    /* the context, or NULL */
};
/* For A_MAP the helper gets (uintptr_t) of a struct bu_vm_map *; the rest as in the registers. */
typedef uint64_t bu_vm_helper_fn(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c,
				 uint64_t d, uint64_t e);
struct bu_vm_helper {
	int32_t id;
	bu_vm_helper_fn *fn;
	uint8_t arg[5];      /* enum bu_vm_arg */
	uint8_t progs;       /* enum bu_vm_progset */
	uint64_t maps;       /* A_MAP: bit per map type that it takes; 0: all */
	const char *kfunc;   /* its name, when it is one of the kernel's functions (kfunc.def) */
	uint8_t flags;       /* of those: enum bu_vm_kfunc_flag */
};
enum bu_vm_kfunc_flag {
	BU_VM_KF_KEEPS = 1,  /* leaves all memory of a run where it is */
	BU_VM_KF_LOCKED = 2, /* may be called while a bpf_spin_lock is held */
	BU_VM_KF_SLEEPS = 4, /* only in programs that may sleep */
};
struct bu_vm_kfunc {
	struct bu_vm_helper h;
	const char *ret, *params; /* as BTF has them */
	uint8_t nparams;
};
extern const struct bu_vm_kfunc bu_vm_kfuncs[];
extern const uint32_t bu_vm_nkfuncs;
/* By the id of its FUNC among the VM's types; NULL: there is none. *name: of the function that the id is, or NULL. */
const struct bu_vm_kfunc *bu_vm_kfunc(struct bu_vm *vm, int32_t btf_id);
/* A row's type: adds FUNC and what it needs: its id. seen: structs that are there. kfunc.c */
struct bu_btfgen;
struct bu_vm_kfunc_types {
	const char *name[16];
	uint32_t id[16];
	unsigned n;
};
uint32_t bu_vm_kfunc_type(struct bu_btfgen *g, const struct bu_vm_kfunc *f, struct bu_vm_kfunc_types *seen);
/*
 * Where the function begins that a decl_tag of the main one names for what bpf_throw throws: 0: there is none; -EINVAL,
 * and words of the kernel's in log (may be NULL). kfunc.c
 */
struct bu_btf;
int bu_vm_exception(const struct bu_btf *btf, const struct bpf_func_info *f, uint32_t n, uint32_t *insn,
		    struct bu_buf *log);
/* At the end of every run: as bu_vm_helpers_end, of what kfuncs gave. kfunc.c */
int bu_vm_kfuncs_end(struct bu_vm_run *run);
/* Which program types may call a helper, as the kernel allows. */
enum bu_vm_progset {
	BU_VM_P_ALL,
	BU_VM_P_TRACING, /* kprobe, tracepoint, raw_tp, perf_event, tracing, syscall … */
	BU_VM_P_XDP,
	BU_VM_P_SKB,     /* sched_cls, sched_act, lwt, cgroup_skb, socket filter … */
	BU_VM_P_TC,      /* those of SKB that may change the packet: sched_cls, sched_act, sk_skb */
	BU_VM_P_TC_LWT, BU_VM_P_TC_LWT_XDP,
	BU_VM_P_FILTER,  /* sched_cls, sched_act, cgroup_skb, socket filter */
	BU_VM_P_TC_ONLY, /* sched_cls, sched_act */
	BU_VM_P_TC_XMIT, /* these, and lwt_xmit */
	BU_VM_P_REDIRECT, /* xdp, sched_cls, sched_act, lwt_xmit */
	BU_VM_P_NOT_TRACING, BU_VM_P_OUTPUT /* perf_event_output */, BU_VM_P_ITER,
	BU_VM_P_TC_XDP, BU_VM_P_TC_CGROUP /* and cgroup_skb */, BU_VM_P_SOCK_LOOKUP, BU_VM_P_CGROUP /* that have a result */,
	BU_VM_P_SKB_SOCK /* whose context has a socket */, BU_VM_P_KPROBE, BU_VM_P_SYSCALL /* those that may sleep */, BU_VM_P_PERF,
	BU_VM_P_KF_GENERIC, BU_VM_P_KF_SKB, /* hooks of kfuncs */
	BU_VM_P_SK_MSG, BU_VM_P_SOCK_OPS, BU_VM_P_COOKIE, BU_VM_P_CGROUP_SKB, BU_VM_P_SYSCALL_ONLY, BU_VM_P_SYSCTL,
	BU_VM_P_SK_STORAGE /* programs that sockets are given to */, BU_VM_P_SK_STORAGE_DEL, BU_VM_P_LOCAL_STORAGE, BU_VM_P_LSM,
	BU_VM_P_SK_SKB, BU_VM_P_SK_REUSEPORT,
};
bool bu_vm_progset_has(uint8_t set, uint32_t prog_type);
/* The row of a helper, or NULL: not implemented. Rows: vmhelper.def */
const struct bu_vm_helper *bu_vm_helper(int32_t id);
/* The same, or what stands for one of the kernel's that is not implemented; NULL: no helper. */
const struct bu_vm_helper *bu_vm_helper_row(int32_t id);
/* Checks the arguments by the row, calls: 0 and *r0, or -EFAULT. helper.c */
int bu_vm_call_helper(struct bu_vm_run *run, const struct bu_vm_helper *h, uint64_t *r0);
/*
 * At the end of every run, faulted or not: gives back the spin lock and the records that the program
 * still holds. 0, or -EFAULT with a fault noted when it had no fault yet and held something.
 */
int bu_vm_helpers_end(struct bu_vm_run *run);
/* What ctx->seq is in the registers of an iterator's program. */
#define BU_VM_SEQ_HANDLE 0xffffc9000005e900u

#endif
