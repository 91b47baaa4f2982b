/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm: the second backend: bpf(2) served in user space, for where the kernel or the right is missing.
 *
 * Its objects are files of a directory on a tmpfs, the world, so that another process can list,
 * dump and change them while programs run, and so that a killed process loses nothing. What the
 * commands mean, their checks and their errno are the kernel's.
 */
#ifndef BU_VM_H
#define BU_VM_H

#include "sys/sys.h"

struct bu_vm_options {
	const char *world; /* its directory; NULL: $BPFUTILS_WORLD, else the rules of the design */
	bool read_only;    /* only look; also another user's world, for root */
	bool no_create;    /* -ENOENT where there is none yet, instead of making it */
};

/*
 * Opens (or makes) a world. 0 and *s (release with ops->destroy); -ENOENT with no_create;
 * -EACCES: the directory is not ours or others may write there; -EPROTO: of another layout version;
 * -ENOSPC, -ENOMEM. Each with an error record in ds. opts may be NULL.
 */
int bu_vm_open(struct bu_sys **s, const struct bu_vm_options *opts, struct bu_diags *ds);

/* Where the world is that a bu_vm_open with these options would take, made or not. */
int bu_vm_where(const struct bu_vm_options *opts, char *path, size_t size, struct bu_diags *ds);

/* Is this backend the VM? */
bool bu_vm_is(const struct bu_sys *s);
const char *bu_vm_path(const struct bu_sys *s); /* of its world */

struct bu_vm_info {
	const char *path;
	uint32_t layout;      /* version of the files' layout */
	uint32_t uid;
	uint64_t bytes;       /* memory its files take */
	uint32_t objects[5];  /* by enum bu_objkind, then events */
	uint32_t pins;
	uint32_t members;     /* live processes that have it open, this one included */
	uint32_t ncpus;
};
int bu_vm_info(struct bu_sys *s, struct bu_vm_info *info);
/* Live members; false stops. since: ns of CLOCK_BOOTTIME. */
typedef bool bu_vm_member_fn(void *ctx, int pid, const char *comm, uint64_t since);
int bu_vm_members(struct bu_sys *s, bu_vm_member_fn *fn, void *ctx);
/* Removes what nobody holds and what the dead left half done. *removed: objects; *bytes freed. */
int bu_vm_gc(struct bu_sys *s, uint32_t *removed, uint64_t *bytes);
/*
 * Checks every invariant of every object (fsck): 0, or -EUCLEAN with one record for each damage;
 * -EMFILE, -ENOMEM: could not look at all of them.
 * For tests, and for "world show".
 */
int bu_vm_check(struct bu_sys *s, struct bu_diags *ds);

/* ---------------------------------------------------------------- running programs */

/* Memory of a recording that bpf_probe_read* may see: size bytes that stood at addr. */
struct bu_vm_mem {
	uint64_t addr;
	const void *bytes;
	uint32_t size;
};

/* A socket that lookups find. Addresses as in packets, ports as numbers. */
struct bu_vm_sock {
	uint8_t protocol, family, state; /* IPPROTO_TCP, _UDP; AF_INET, _INET6; TCP_LISTEN, … */
	uint16_t local_port, remote_port; /* remote 0: not connected */
	uint8_t local[16], remote[16];
	uint32_t ifindex, mark;
	uint64_t cookie;                 /* as SO_COOKIE gives it; 0: not said */
};

/* A route that bpf_fib_lookup finds. */
struct bu_vm_route {
	uint8_t family, bits;
	bool gateway_given;
	uint8_t dst[16], gateway[16], smac[6], dmac[6];
	uint32_t ifindex, mtu;
};

/* What helpers answer instead of asking this machine; all zero: the machine and this process. */
struct bu_vm_env {
	bool fixed_time;     /* ktime_* answer time (ns) */
	uint64_t time;
	uint64_t step;       /* and each look makes it so much later */
	bool fixed_task;     /* pid … comm are given */
	uint32_t pid, tgid;  /* as the kernel has them: pid is the thread's */
	uint32_t uid, gid;
	char comm[16];
	int cpu;             /* virtual CPU wanted + 1; 0: any */
	bool seeded;         /* prandom starts from seed */
	uint64_t seed;
	const struct bu_vm_mem *mems;
	unsigned nmems;
	const struct bu_vm_sock *socks;
	unsigned nsocks;
	const struct bu_vm_route *routes;
	unsigned nroutes;
	const uint64_t *cgroups; /* ids from the root's to the task's */
	unsigned ncgroups;
	const uint64_t *kstack, *ustack; /* innermost first */
	unsigned nkstack, nustack;
	const char *sysctl_name, *sysctl_value, *sysctl_new; /* "net/ipv4/ip_forward", what it is, what is written; or NULL */
	uint64_t task;           /* what get_current_task gives; 0: an address where nothing is */
	/* Takes a text of trace_printk instead of the world's ring. */
	void (*printk)(void *ctx, const char *text, size_t n);
	void *printk_ctx;
};

enum bu_vm_ctx_kind {
	BU_VM_CTX_NONE,  /* r1 = 0 */
	BU_VM_CTX_RAW,   /* r1 = a copy of bytes, size of them, read only (tracepoint, pt_regs, raw_tp) */
	BU_VM_CTX_MEM,   /* r1 = bytes, r2 = size, written in place: conformance, syscall programs */
	BU_VM_CTX_XDP,   /* xdp_md over packet */
	BU_VM_CTX_SKB,   /* __sk_buff over packet */
	/* What the program's type sees (lib/vm/ctx.def), over bytes, and packet where it has data: the option's value of
	 * cgroup/getsockopt, the message of sk_msg, … Of netfilter's the bytes are its struct nf_hook_state. */
	BU_VM_CTX_TYPE,
};
#define BU_VM_FLOW_KEYS 56u /* bytes of struct bpf_flow_keys */

struct bu_vm_ctx {
	enum bu_vm_ctx_kind kind;
	void *bytes;      /* RAW, MEM: the context; others: struct xdp_md, struct __sk_buff …, or NULL */
	uint32_t size;    /* bytes of it; after the run what was there before */
	/* XDP, SKB: the packet; the caller's buffer, which gets the packet as it is after the run. */
	void *packet;
	uint32_t packet_size;  /* in and out */
	uint32_t packet_room;  /* of the buffer */
	uint32_t meta_size;    /* XDP: bytes of packet in front of data that are metadata */
	uint32_t mac_size;     /* SKB: bytes in front of packet that are its link header: LD_ABS reads them */
	bool loopback;         /* what bytes leave 0: the device, and SKB: pkt_type and protocol by the link header */
	/* Where the program said that the packet goes; kind NONE: it did not. After the run. */
	struct bu_vm_redirect {
		enum { BU_VM_TO_NONE, BU_VM_TO_DEV, BU_VM_TO_MAP, BU_VM_TO_SOCK } kind;
		uint32_t ifindex;          /* DEV; with the kernel's flags */
		uint32_t map_id, key;      /* MAP; SOCK: of a map of sockets, the one of: */
		uint64_t cookie;
		uint64_t flags;
	} redirect;
	uint64_t cookie, func_ip;  /* of the attachment, and of the function that is traced */
	uint64_t perf_value[3];    /* perf_event: counter, enabled, running */
	/* What helpers noted: in and out. */
	int32_t retval;            /* of the control group's programs so far */
	uint32_t signal;           /* the last of send_signal; 0: none */
	bool overridden;           /* override_return, and its value */
	uint64_t override;
	uint32_t apply_bytes, cork_bytes; /* sk_msg */
	uint32_t cb_flags;         /* sock_ops */
	uint8_t flow_keys[BU_VM_FLOW_KEYS]; /* flow_dissector: in and out */
	struct bu_buf *seq;    /* iterators: takes what seq_write and seq_printf print; else NULL */
};

/* Why a run was ended by the VM. */
enum bu_vm_fault_kind {
	BU_VM_FAULT_NONE, BU_VM_FAULT_ACCESS, BU_VM_FAULT_READONLY, BU_VM_FAULT_FUEL,
	BU_VM_FAULT_DEPTH, BU_VM_FAULT_HELPER, BU_VM_FAULT_INSN, BU_VM_FAULT_WORLD, BU_VM_FAULT_RESULT,
};
struct bu_vm_fault {
	enum bu_vm_fault_kind kind;
	uint32_t prog_id;
	uint32_t insn;     /* index of the instruction in its program, in slots */
	uint64_t addr;     /* of the access */
	uint32_t size;
	bool write;
	char text[160];    /* "insn 7: r0 = *(u64 *)(r1 + 8): 8 bytes behind a value of map skbs" */
};

/*
 * Runs a loaded program once: 0 and *r0 (64 bits); -EFAULT: the VM ended it, *fault (may be NULL)
 * says where and why; -EBADF, -EINVAL: fd is no program's. env, ctx may be NULL.
 */
int bu_vm_run(struct bu_sys *s, int prog_fd, struct bu_vm_ctx *ctx, const struct bu_vm_env *env,
	      uint64_t *r0, struct bu_vm_fault *fault);

/*
 * The environment of runs, from texts as options have them: clock=real|fixed:NS|step:NS, seed=N, cpu=N, pid=N, comm=TEXT,
 * helper=NAME=VALUE (what it gives, instead of its work), cgroups=ID,… , kstack=ADDRESS,… , ustack=…, sysctl=NAME,VALUE[,NEW], socket=tcp,LOCAL[,REMOTE]
 * [,STATE], route=ADDRESS/BITS,dev=N[,via=ADDRESS]…; the last two may come several times. For runs without an environment of
 * their own. name NULL: none any more. -EINVAL: why (160 bytes) goes on from "the value …".
 */
int bu_vm_set(struct bu_sys *s, const char *name, const char *value, char *why);
int bu_vm_set_text(struct bu_sys *s, const char *text, char *why); /* NAME=VALUE */
/* What was set; with at, an event's own where nothing was. */
void bu_vm_env_of(const struct bu_sys *s, struct bu_vm_env *env);
void bu_vm_env_at(const struct bu_sys *s, const struct bu_vm_env *event, struct bu_vm_env *env);

/* Instructions that a run may execute, 0: the default (1 << 30). */
void bu_vm_set_fuel(struct bu_sys *s, uint64_t fuel);

/*
 * An event: runs all programs of the world that are attached to hook, oldest first. hook is named as
 * bpf-ld names it: "tracepoint:skb:kfree_skb", "kretprobe:__alloc_skb", "raw_tp:NAME", "xdp:lo".
 * ran (may be NULL) is told each result; r as bu_vm_run returns. The number of programs, or -errno.
 */
typedef void bu_vm_ran_fn(void *ctx, uint32_t prog_id, int r, uint64_t r0,
			  const struct bu_vm_fault *fault);
int bu_vm_feed(struct bu_sys *s, const char *hook, struct bu_vm_ctx *ctx,
	       const struct bu_vm_env *env, bu_vm_ran_fn *ran, void *ran_ctx);

/* The fault of the last PROG_TEST_RUN that gave EFAULT, or NULL. */
const struct bu_vm_fault *bu_vm_last_fault(const struct bu_sys *s);

/*
 * The world's ring of trace_printk: texts from *pos on (0: the oldest kept); *pos moves on, *lost
 * counts texts overwritten before they were read. One text a call: its length, 0: none yet.
 */
int bu_vm_trace_read(struct bu_sys *s, uint64_t *pos, char *text, size_t size, uint64_t *lost);

/*
 * Runs instructions that no PROG_LOAD has seen, without maps: for the public conformance files.
 * callx is allowed; helpers: functions by number, each gets r1..r5. Checked all the same.
 */
typedef uint64_t bu_vm_raw_helper_fn(void *ctx, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				     uint64_t e, bool *end);
struct bu_vm_raw {
	const struct bu_insn *insns;
	uint32_t n;
	bu_vm_raw_helper_fn *helper[64];
	void *helper_ctx;
};
int bu_vm_run_raw(struct bu_sys *s, const struct bu_vm_raw *raw, struct bu_vm_ctx *ctx,
		  uint64_t *r0, struct bu_vm_fault *fault);

#endif
