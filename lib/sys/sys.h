/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sys: the one interface to whatever holds maps, programs and links.
 *
 * Everything above speaks struct bu_sys: bpf(2) with the kernel's ABI, and the little that bpf(2)
 * leaves to others. Two backends answer: kern (the system calls, and nothing else) and vm (a world
 * of files served by this process). Both take the same attributes and give the same errno; a test
 * that is not about one backend runs on both.
 *
 * An fd of an object is a real file descriptor of this process in both backends. ids are u32.
 * A struct bu_sys may be used by one thread at a time, but for ops->bpf where `parallel` is set: that call
 * then touches no state of this process but what its attribute points to.
 */
#ifndef BU_SYS_H
#define BU_SYS_H

#include "base/base.h"
#include "isa/isa.h"
#include "btf/btf.h"
#include "obj/obj.h"
#include "sys/uapi.h"

struct bu_sys;
struct perf_event_attr;

enum bu_objkind { BU_PROG, BU_MAP, BU_LINK, BU_BTF };
const char *bu_objkind_name(enum bu_objkind k); /* "prog", … */

/* A process that holds an object open, or a pinned path. Called once per find; false stops. */
typedef bool bu_holder_fn(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm,
			  int fd);
typedef bool bu_pin_fn(void *ctx, enum bu_objkind kind, uint32_t id, const char *path);

/* A program on an event or raw tracepoint that is an fd of a process. */
struct bu_event {
	int pid, fd;
	const char *comm;
	uint32_t prog_id, fd_type;    /* enum bpf_task_fd_type */
	const char *text;             /* tracepoint, function or file; may be empty */
	uint64_t offset, addr;
};
typedef bool bu_event_fn(void *ctx, const struct bu_event *e);

/* Lists of names that attach targets are taken from, for did-you-mean and completion. */
enum bu_names {
	BU_NAMES_TRACEPOINT_CATEGORIES,
	BU_NAMES_TRACEPOINTS, /* of one category, or of all when it is NULL */
	BU_NAMES_FUNCTIONS,   /* of the kernel */
	BU_NAMES_DEVICES,     /* network interfaces */
	BU_NAMES_TRACEABLE,   /* functions of the kernel that can be traced, each as often as there are */
	BU_NAMES_CGROUPS,     /* control groups, paths from where cgroup2 is mounted */
	BU_NAMES_NETNS,       /* named network namespaces */
};
/* One name, valid during the call; false stops. */
typedef bool bu_name_fn(void *ctx, const char *name);

/* What a refusal is explained by. What could not be found out is -1 (caps_known: false). */
struct bu_sys_facts {
	bool caps_known;
	uint64_t caps;          /* effective capabilities of this process, as bits */
	int init_userns;        /* 1: in the first user namespace, where the capabilities count */
	int unpriv_disabled;    /* kernel.unprivileged_bpf_disabled: 0, 1, 2 */
	int perf_paranoid;      /* kernel.perf_event_paranoid, from -1 up; INT_MIN: unknown */
	int lockdown;           /* 0 none, 1 integrity, 2 confidentiality */
	int seccomp;            /* 1: a filter is on this process */
	int root;               /* 1: effective user id 0 */
	unsigned major, minor;  /* kernel release; 0: unknown */
	bool memlock_known;
	uint64_t memlock;       /* RLIMIT_MEMLOCK in bytes, UINT64_MAX: none */
	unsigned nofile;        /* RLIMIT_NOFILE; 0: unknown, or none */
};

/* What an attachment needs an fd of, beside objects and events. */
enum bu_target_kind {
	BU_TARGET_CGROUP, /* directory: absolute, or from where cgroup2 is mounted */
	BU_TARGET_NETNS,  /* network namespace: path, name below /run/netns, process id; NULL: the caller's */
	BU_TARGET_LIRC,   /* infrared receiver: path or number */
};

/* Sides of a device as tc(8) names them: parents of filters. */
#define BU_TC_INGRESS 0xfffffff2u
#define BU_TC_EGRESS 0xfffffff3u
enum bu_tc_op {
	BU_TC_QDISC_ADD,  /* clsact: -EEXIST there is one */
	BU_TC_QDISC_DEL,
	BU_TC_FILTER_ADD, /* fills prio and handle in */
	BU_TC_FILTER_DEL,
	BU_TC_FILTER_GET, /* fills prog_id in; -ENOENT */
	BU_TC_FILTERS,    /* their number on both sides */
};
/* A filter of kind bpf, for all protocols. */
struct bu_tc {
	int ifindex;
	uint32_t parent;              /* BU_TC_INGRESS, BU_TC_EGRESS */
	uint32_t prio, handle, chain; /* 0: the kernel chooses prio and handle */
	bool classify;                /* the program returns a class, not an action */
	int prog_fd;
	uint32_t prog_id;
	const char *name;
};
/* A route whose packets a program sees. */
struct bu_route {
	int family;                   /* AF_INET, AF_INET6 */
	uint8_t dst[16], via[16];     /* in network order; has_via: the gateway is given */
	uint8_t prefix;
	bool has_via;
	int ifindex;                  /* 0: the gateway's */
	uint32_t table, metric;       /* 0: main, the kernel's default */
	uint32_t headroom;            /* bytes the program may prepend */
	uint32_t prog_type;           /* BPF_PROG_TYPE_LWT_* */
	int prog_fd;
	const char *name;
};
/* A device of this network namespace, and the XDP programs on it by their mode (XDP_ATTACHED_*; 0: none). */
struct bu_net_dev {
	int ifindex;
	const char *name, *kind;      /* kind: "veth", …, or "" */
	uint8_t xdp_mode;
	uint32_t xdp[5];              /* ids of programs, by mode */
};
/* A filter of tc that is a program, or whose actions are. */
#define BU_NET_ACTS 32
struct bu_net_filter {
	int ifindex;
	const char *where;            /* "clsact/ingress", "ingress", else the kind of the queue or class */
	const char *kind;             /* of classifier: "bpf", … */
	const char *name;             /* or NULL */
	uint32_t parent, prio, handle, chain;
	uint16_t protocol;            /* ETH_P_* */
	uint32_t prog_id;             /* 0: not a program itself */
	bool has_acts;
	unsigned nacts;
	struct { const char *name; uint32_t prog_id; } act[BU_NET_ACTS];
};
/* One row, valid during the call; false stops. */
typedef bool bu_net_dev_fn(void *ctx, const struct bu_net_dev *d);
typedef bool bu_net_filter_fn(void *ctx, const struct bu_net_filter *f);
enum bu_socket_kind { BU_SOCKET_PACKET, BU_SOCKET_UDP, BU_SOCKET_TCP };

#define BU_SYS_OWN_TYPES UINT32_MAX /* see vmlinux_btf */

/* Each operation returns 0 (or what is said) or -errno. */
struct bu_sys_ops {
	const char *name; /* "kernel", "vm" */
	void (*destroy)(struct bu_sys *s);
	/* bpf(2): the command's result, an fd or 0, or -errno. */
	int (*bpf)(struct bu_sys *s, int cmd, union bpf_attr *attr, unsigned size);
	int (*close)(struct bu_sys *s, int fd);
	/* Maps len bytes at off of a map's fd. MAP_FAILED never: NULL and *err. */
	void *(*mmap)(struct bu_sys *s, int fd, size_t len, bool writable, uint64_t off, int *err);
	int (*munmap)(struct bu_sys *s, void *p, size_t len);
	/* Waits for one of n fds to be readable: their number, 0 at the timeout (ms; -1: none);
	 * -EINTR after a signal. */
	int (*wait)(struct bu_sys *s, const int *fds, unsigned n, int timeout_ms);
	/* perf_event_open(2): an event fd, close-on-exec. */
	int (*perf_event_open)(struct bu_sys *s, struct perf_event_attr *a, int pid,
			       int cpu, int group, unsigned long flags);
	/* PERF_EVENT_IOC_SET_BPF and PERF_EVENT_IOC_ENABLE of an event fd. */
	int (*perf_set_bpf)(struct bu_sys *s, int event_fd, int prog_fd);
	int (*perf_enable)(struct bu_sys *s, int event_fd);
	/* The id of a tracepoint: -ENOENT there is none of that name, -ENODEV there is no tracefs
	 * (nor could it be mounted), -EACCES it may not be read. */
	int (*tracepoint_id)(struct bu_sys *s, const char *category, const char *name);
	/* The type of a PMU ("kprobe", "uprobe"), -ENOENT: this kernel has none of that name; a bit
	 * of its format ("retprobe") as a mask. Numbers >= 0. */
	int (*pmu_type)(struct bu_sys *s, const char *pmu);
	int (*pmu_format_bit)(struct bu_sys *s, const char *pmu, const char *format);
	/* Netlink: sets (prog_fd < 0: removes) an interface's XDP program; old_fd >= 0: only if
	 * that one is there. flags: XDP_FLAGS_*. extack (may be NULL) gets the driver's words. */
	int (*xdp_set)(struct bu_sys *s, int ifindex, int prog_fd, int old_fd,
		       uint32_t flags, char *extack, size_t extack_size);
	/* > 0; -ENODEV: there is none of that name. */
	int (*ifindex)(struct bu_sys *s, const char *dev);
	/* Pins: makes sure that path's directory lies where objects can be pinned: mounted when the
	 * kernel backend may and path is below /sys/fs/bpf, unless no_mount. -EINVAL: it is no such
	 * place. BPF_OBJ_PIN and OBJ_GET do the pinning itself. */
	int (*pin_prepare)(struct bu_sys *s, const char *path, bool no_mount);
	/* One directory; -EEXIST when it is there already. */
	int (*pin_mkdir)(struct bu_sys *s, const char *dir);
	int (*pin_rmdir)(struct bu_sys *s, const char *dir);
	/* Removes a pin; -EINVAL for a path that is none. */
	int (*unpin)(struct bu_sys *s, const char *path);
	int (*pins)(struct bu_sys *s, bu_pin_fn *fn, void *ctx);
	int (*holders)(struct bu_sys *s, bu_holder_fn *fn, void *ctx);
	/* Events of processes that have programs: as much as the caller may see. -EPERM: nothing. */
	int (*events)(struct bu_sys *s, bu_event_fn *fn, void *ctx);
	/* The kernel's own BTF ("vmlinux") as bytes: 0, -ENOENT. Owned by the backend. */
	/* What info calls them where they are no object that has an id: BU_SYS_OWN_TYPES. */
	int (*vmlinux_btf)(struct bu_sys *s, const void **data, size_t *size);
	/* That of the i-th module that has some, on vmlinux as its base: 0; -ENOENT there are fewer. *data is
	 * NULL where it cannot be read. Owned by the backend. May be NULL: there are no modules. */
	int (*module_btf)(struct bu_sys *s, unsigned i, const char **name, const void **data,
			  size_t *size);
	/* Addresses of n symbols of the kernel: 0 where there is none of the name, UINT64_MAX where there are
	 * several. 0; -EACCES they are hidden. May be NULL: there are none. */
	int (*symbols)(struct bu_sys *s, const char *const *names, uint64_t *addr, unsigned n);
	/* Number of possible CPUs: rows of a per-CPU value. */
	int (*possible_cpus)(struct bu_sys *s);

	/* The following may be NULL: then nothing is known, and messages say less. */

	/* What object an fd of this process is, and its id: -EINVAL when it is none. */
	int (*fd_kind)(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id);
	/* What /proc/self/fdinfo/FD of an object would say where the kernel does not know it: lines "memlock:\t4096"
	 * with a NUL at the end. Length or -errno. NULL: the kernel knows. */
	int (*fdinfo)(struct bu_sys *s, int fd, char *text, size_t room);
	/* Lists names; within: the category, or NULL. Their order is not defined. */
	int (*names)(struct bu_sys *s, enum bu_names what, const char *within,
		     bu_name_fn *fn, void *ctx);
	/* A build option of the kernel ("CONFIG_KPROBES"): 'y', 'm', 'n', or -ENOENT: not known. */
	int (*config)(struct bu_sys *s, const char *option);
	void (*facts)(struct bu_sys *s, struct bu_sys_facts *f);
	/* A line into tracefs' kprobe_events or uprobe_events; NULL: could one be written? */
	int (*dyn_event)(struct bu_sys *s, const char *file, const char *line);
	/* Appends a file of securityfs ("lockdown", "lsm"), mounted or not. 0 or -errno. */
	int (*security)(struct bu_sys *s, const char *file, struct bu_buf *out);
	/* The XDP program of a device: its id (0: none) and mode (XDP_ATTACHED_*). 0 or -errno. */
	int (*xdp_get)(struct bu_sys *s, int ifindex, uint32_t *prog_id, uint8_t *mode);
	/* Does the process hold CAP_BPF or CAP_SYS_ADMIN where they count? 1, 0, or -1: not known. What facts
	 * would tell, at the price of two system calls. */
	int (*privileged)(struct bu_sys *s);

	/* What only some hooks need. NULL: the backend does not have these hooks. */

	/* Whether it has that hook at all; NULL: it has all. */
	bool (*has_hook)(struct bu_sys *s, enum bu_hook hook);
	/* An fd: -ENOENT, -ENOTDIR …; -EMEDIUMTYPE: what is there is of another kind; -ENODEV: no cgroup2
	 * is mounted. */
	int (*target_open)(struct bu_sys *s, enum bu_target_kind kind, const char *name);
	/* Moves this thread to a network namespace. */
	int (*netns_set)(struct bu_sys *s, int netns_fd);
	/* Netlink, with the kernel's words as xdp_set has them. */
	int (*tc)(struct bu_sys *s, enum bu_tc_op op, struct bu_tc *t, char *words, size_t room);
	/* All devices, or the one of that index; filters come by device, in order of what a packet meets. 0 or -errno. */
	int (*net_devs)(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx);
	int (*net_filters)(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx);
	int (*route)(struct bu_sys *s, bool add, const struct bu_route *r, char *words, size_t room);
	/* A socket of our own: all packets of a device (ifindex), or UDP or TCP (listening) at an address
	 * ("127.0.0.1", "::1", NULL: any IPv4) and port. */
	int (*socket_open)(struct bu_sys *s, enum bu_socket_kind kind, int ifindex, const char *addr, uint16_t port);
	/* SO_ATTACH_BPF or SO_ATTACH_REUSEPORT_EBPF; prog_fd < 0 detaches. -ENOTSOCK. */
	int (*socket_attach)(struct bu_sys *s, int sock, bool reuseport, int prog_fd);
};
struct bu_sys {
	const struct bu_sys_ops *ops;
	/* What the backend has changed on the machine beside what it was asked for ("mounted
	 * tracefs at /sys/kernel/tracing"), static text, or NULL. bu_sys_tell() hands it on. */
	const char *did;
	/* While holders() calls back: what /proc/PID/fdinfo says of the fd, NULL where nothing is known. */
	const char *holder_info;
	bool parallel;        /* ops->bpf may be called by several threads at once */
	bool kernel_btf; /* vmlinux_btf() gives the running kernel's */
	bool btf_mapped; /* and at no cost: it is mapped */
	uint32_t probed, has; /* bits by enum bu_feature, kept by bu_sys_has */
};
/* What target_open and netns_set are on Linux, and names of what they open (target.c). */
int bu_sys_target_open(struct bu_sys *s, enum bu_target_kind kind, const char *name);
int bu_sys_netns_set(struct bu_sys *s, int netns_fd);
int bu_sys_each_cgroup(bu_name_fn *fn, void *ctx);
int bu_sys_each_netns(bu_name_fn *fn, void *ctx);

/* Adds a note record about s->did, if any, and clears it. */
void bu_sys_tell(struct bu_sys *s, struct bu_diags *ds);

enum bu_backend { BU_BACKEND_AUTO, BU_BACKEND_KERNEL, BU_BACKEND_VM };
/* "auto", "kernel", "vm"; -EINVAL. */
int bu_backend_parse(const char *word, enum bu_backend *b);

/* ---------------------------------------------------------------- bpf(2), typed
 *
 * Thin: each fills the shortest attribute that says what is asked, and calls s->ops->bpf.
 */
int bu_sys_map_create(struct bu_sys *s, const union bpf_attr *a); /* a->map_type …; fd */
/* -ENOENT: no such key. value has room for what the map gives (per-CPU: 8-byte rows, one a CPU). */
int bu_sys_map_lookup(struct bu_sys *s, int fd, const void *key, void *value, uint64_t flags);
int bu_sys_map_update(struct bu_sys *s, int fd, const void *key, const void *value, uint64_t flags);
int bu_sys_map_delete(struct bu_sys *s, int fd, const void *key);
/* key NULL: the first. -ENOENT: there is no further one. */
int bu_sys_map_next_key(struct bu_sys *s, int fd, const void *key, void *next);
/* Looks up and deletes; key NULL: the next of a queue or stack. -ENOENT. */
int bu_sys_map_take(struct bu_sys *s, int fd, const void *key, void *value);
int bu_sys_map_freeze(struct bu_sys *s, int fd);
/* MAP_LOOKUP_BATCH; *in NULL at the start; *count in and out. -ENOENT: the last batch. */
int bu_sys_map_lookup_batch(struct bu_sys *s, int fd, const void *in, void *out, void *keys,
			    void *values, uint32_t *count);
/* MAP_UPDATE_BATCH of count elements. After an error any number of them may have been set. */
int bu_sys_map_update_batch(struct bu_sys *s, int fd, const void *keys, const void *values, uint32_t count);
int bu_sys_next_id(struct bu_sys *s, enum bu_objkind k, uint32_t id, uint32_t *next);
int bu_sys_fd_by_id(struct bu_sys *s, enum bu_objkind k, uint32_t id, uint32_t open_flags);
/*
 * OBJ_GET_INFO_BY_FD into info of *size bytes; *size becomes what was filled. info is input too
 * (pointers and room for what they point to): zero it before. Members that an older kernel does
 * not know stay zero.
 */
int bu_sys_info(struct bu_sys *s, int fd, void *info, uint32_t *size);
int bu_sys_pin(struct bu_sys *s, int fd, const char *path);
int bu_sys_get(struct bu_sys *s, const char *path, uint32_t open_flags);
int bu_sys_btf_load(struct bu_sys *s, const void *btf, size_t size, char *log, uint32_t log_size);
/* size 0: the shortest that holds every member of a which is not zero. */
int bu_sys_prog_load(struct bu_sys *s, union bpf_attr *a, unsigned size);
/* BPF_PERF_EVENT: target is an event fd; BPF_XDP: an ifindex. cookie 0: none. The link's fd. */
int bu_sys_link_create(struct bu_sys *s, int prog_fd, int target, uint32_t attach_type,
		       uint32_t flags, uint64_t cookie);
/* LINK_CREATE with what a->link_create says, cut behind what is not zero. The link's fd. */
int bu_sys_link_make(struct bu_sys *s, const union bpf_attr *a);
int bu_sys_link_detach(struct bu_sys *s, int link_fd);
/* PROG_ATTACH, PROG_DETACH with what a says, cut behind what is not zero. */
int bu_sys_prog_attach(struct bu_sys *s, const union bpf_attr *a);
int bu_sys_prog_detach(struct bu_sys *s, const union bpf_attr *a);
/*
 * PROG_QUERY: the programs of one attach type, in the order they run. target: an fd, or an ifindex. Heap: free it
 * with bu_query_free, also after a failure.
 */
struct bu_query {
	uint32_t n, flags;              /* flags: of all of them, BPF_F_ALLOW_* */
	uint32_t *prog_ids, *prog_flags, *link_ids, *link_flags; /* n each; 0: not known, or not by a link */
	uint64_t revision;
};
int bu_sys_query(struct bu_sys *s, int target, uint32_t attach_type, uint32_t query_flags, struct bu_query *q);
void bu_query_free(struct bu_query *q);
/* TASK_FD_QUERY into a->task_fd_query: what program hangs on the event that is a process's fd. */
int bu_sys_task_fd_query(struct bu_sys *s, union bpf_attr *a);
/* The fd of an iterator to read from, once. */
int bu_sys_iter_create(struct bu_sys *s, int link_fd);
/* name NULL: a tracing, LSM or replacing program, which was loaded for its place. */
int bu_sys_raw_tp_open(struct bu_sys *s, const char *name, int prog_fd);
int bu_sys_test_run(struct bu_sys *s, union bpf_attr *a);
/* What object an fd is, and its id: 0, -EINVAL when it is none. */
int bu_sys_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id);

/* ---------------------------------------------------------------- attaching */

/* What network hooks and control groups take beside their target. */
struct bu_attach_net {
	const char *netns;    /* where the device is, as BU_TARGET_NETNS has it; NULL: here */
	uint32_t flags;       /* BPF_F_ALLOW_*, BPF_F_BEFORE, BPF_F_AFTER, BPF_F_PREORDER */
	const char *relative; /* what BEFORE or AFTER mean: N, id:N, link:N or a pinned path; NULL: all */
	uint64_t revision;    /* of the list of programs, 0: any */
	bool replace;
	const char *old;      /* the program that is replaced, written as relative */
	uint32_t parent, prio, handle, chain; /* tc: parent 0 is the hook's */
	bool classify;
	uint32_t pf, hooknum; /* netfilter */
	int32_t priority;
	bool defrag;
	struct bu_route route;
	enum bu_socket_kind sock_kind;
	uint16_t port;
	int fd;               /* an inherited socket, -1: none */
};
#define BU_USDT_ARGS 12

/* usdt: where an argument is when the probe is reached. */
enum bu_usdt_where { BU_USDT_CONST, BU_USDT_REG, BU_USDT_DEREF, BU_USDT_SIB, BU_USDT_UNKNOWN };
struct bu_usdt_arg {
	enum bu_usdt_where where;
	int64_t val;     /* CONST: itself; DEREF, SIB: displacement */
	uint16_t reg;    /* offset in struct pt_regs, bytes */
	uint16_t index;  /* SIB: the same of the index register */
	uint8_t shift;   /* SIB: log2 of the scale */
	uint8_t size;    /* 1, 2, 4, 8 */
	bool is_signed;
};
struct bu_usdt_site {
	const char *provider, *name, *args; /* args as the note has them: "-4@%edi 8@16(%rsp)" */
	uint64_t off;    /* of the instruction in the file */
	uint64_t sema;   /* of the probe's semaphore in the file, 0: none */
	struct bu_usdt_arg arg[BU_USDT_ARGS];
	unsigned nargs;
};

/* One --attach TYPE:TARGET, parsed; strings in the arena given. */
struct bu_attach {
	enum bu_hook hook;
	const char *target;   /* as written */
	/* kprobe: symbol + offset; tracepoint: category, name; raw_tp: name; uprobe: path, symbol
	 * (NULL: offset is one of the file) + offset; xdp: device, mode */
	const char *a, *b;
	uint64_t offset;
	bool offset_given;
	uint32_t xdp_flags;   /* XDP_FLAGS_SKB_MODE, _DRV_MODE, or 0 */
	uint64_t cookie;      /* 0: none */
	/* The program whose function is meant (fentry, fexit, freplace): its pinned path, or "id:N". */
	const char *prog;
	/* A map of the object by its name, a pinned path, or "id:N"; map_fd is filled in by who attaches. */
	const char *map;
	int map_fd;
	const char *cgroup;   /* path of a control group's directory */
	uint32_t order;       /* of an iterator over it: enum bpf_cgroup_iter_order */
	uint32_t pid, tid;    /* of that process, of that task only; 0: all */
	const char *provider; /* usdt: a pattern */
	/* usdt: makes the specification of a place, whose number is then the cookie; NULL: the cookie is ours. */
	int (*usdt_spec)(void *ctx, const struct bu_usdt_site *site, uint64_t cookie, uint32_t *id);
	void *usdt_ctx;
	uint64_t ref_ctr;     /* uprobe: where in the file its reference counter is; 0: it has none */
	bool cpu_given;
	uint32_t cpu;
	/* A counter or clock: type and config of perf_event_open; every so many, or so many a second. */
	struct { uint32_t type; uint64_t config, period; bool freq, once; } perf;
	struct bu_attach_net net;
};
/*
 * Reads TARGET[,OPTION[=VALUE]…] for a hook; at->target is all of it, as written:
 *   kprobe, kretprobe  FUNCTION[+OFFSET]
 *   tracepoint         CATEGORY:NAME or CATEGORY/NAME
 *   raw_tp, tp_btf     NAME
 *   fentry, fexit, fmod_ret  FUNCTION, MODULE:FUNCTION, PROGRAM:FUNCTION (PROGRAM: path, N or id:N)
 *   freplace           PROGRAM:FUNCTION
 *   lsm                HOOK
 *   lsm_cgroup         HOOK,cgroup=PATH
 *   iter               NAME
 *   uprobe, uretprobe  FILE:SYMBOL[@VERSION][+OFFSET] or FILE:0xOFFSET
 *   kprobe.multi, kretprobe.multi, kprobe.session  PATTERN[+PATTERN…]
 *   ksyscall, kretsyscall  SYSCALL
 *   usdt               FILE:PROVIDER:NAME
 *   uprobe.multi, uretprobe.multi, uprobe.session  FILE:PATTERN[+PATTERN…]
 *   xdp                DEVICE[:generic|:driver|:native|:offload]
 *   networks, control groups: bpf-ld(1)
 * (no offset for return probes of a symbol)
 * 0, or -EINVAL with a message that names the wrong part.
 */
int bu_attach_parse(struct bu_attach *at, enum bu_hook hook, const char *target,
		    struct bu_arena *a, struct bu_diags *ds);
/*
 * The '=' of TARGET[,OPTION…]=PROGRAM, or NULL when there is no program: the last one that has neither
 * '/', ':' nor ',' behind it (paths may hold '=') and is not that of an option's value.
 */
const char *bu_attach_prog(const char *text);
/*
 * What a program of the hook is loaded for, by the type information of the kernel or of a program: a
 * type of that kind and of the name prefix + bu_attach.a. NULL: nothing.
 */
struct bu_btf_want { const char *prefix; enum bu_btf_kind kind; };
const struct bu_btf_want *bu_attach_btf_want(enum bu_hook hook);
/*
 * Targets that begin with what was typed, and perhaps others, as far as this machine has a list of them:
 * functions, tracepoints (categories first), devices, what BTF names. 0, -ENOENT: there is no list, or -errno.
 */
int bu_attach_targets(struct bu_sys *s, enum bu_hook hook, struct bu_str typed, bu_name_fn *fn, void *ctx);
/* TARGET of TARGET[,OPTION[=VALUE]…]. */
struct bu_str bu_attach_target(const char *text);
/* Names of the options of attachments (attachopt.def), NULL past the end. */
const char *bu_attach_opt_name(unsigned i);

/*
 * A live attachment. It ends with bu_sys_detach or with the process, but for a link that was pinned (it stays) and
 * what netlink or BPF_PROG_ATTACH set (it stays until bu_sys_detach). prog_fd must stay open until then.
 */
struct bu_attached {
	enum bu_hook hook;
	int link_fd;    /* bpf_link, or -1 */
	int event_fd;   /* perf event, or -1; a link holds its event itself */
	int ifindex, prog_fd; /* netlink XDP, else 0, -1 */
	uint32_t xdp_flags;
	bool netlink;
	int *more;      /* further links, or events where there is no link: one for each CPU or task; heap */
	unsigned nmore;
	char *dyn;      /* names of the events that lines in tracefs made, or NULL; heap */
	bool persists;  /* set without a link: outlives the process (BPF_PROG_ATTACH, filters, routes) */
	int target_fd;  /* control group, map, namespace or socket, or -1 */
	int netns_fd;   /* where the device is, -1: here */
	uint32_t attach_type;
	bool made_qdisc;
	struct bu_tc tc;
	struct bu_route route;
};
enum bu_attach_via { BU_VIA_AUTO, BU_VIA_LINK, BU_VIA_IOCTL, BU_VIA_NETLINK, BU_VIA_TRACEFS };
/*
 * Attaches prog_fd. AUTO takes a bpf_link where the backend has it, else ioctl or netlink. Failure
 * leaves nothing behind and adds one error record that names the cause in words (no kprobes:
 * CONFIG_KPROBES; unknown tracepoint with did-you-mean; no such function; busy; not permitted).
 * Returns 0, -EOPNOTSUPP/-EPERM (exit status 3), or another -errno.
 */
int bu_sys_attach(struct bu_sys *s, const struct bu_attach *at, int prog_fd,
		  enum bu_attach_via via, struct bu_attached *out, struct bu_diags *ds);
/* Closes the fds of what is to stay, without detaching. */
void bu_sys_leave(struct bu_sys *s, struct bu_attached *at);
struct bpf_link_info;
/* Is the link what attaching so would make? False also where it cannot be told. */
bool bu_sys_attach_is(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link);
/* 0 also when someone else has taken it away; -errno: the program is still there. */
int bu_sys_detach(struct bu_sys *s, struct bu_attached *at);
/* Does the hook need no target ("sk_lookup": this network namespace)? */
bool bu_attach_no_target(enum bu_hook hook);
/* The list of names that the hook's targets are taken from. False: there is none. */
bool bu_attach_names(enum bu_hook hook, enum bu_names *names);
/* Can this backend attach there at all? -EOPNOTSUPP with a message. */
int bu_sys_check_hook(struct bu_sys *s, const struct bu_attach *at, struct bu_diags *ds);

/* A function symbol. */
struct bu_elff_func {
	const char *name;    /* without its version */
	size_t n;
	const char *version; /* "" for none */
	bool is_default;     /* of that version's, what a program linked now would get */
	bool local;
	uint64_t offset;     /* in the file */
};
/* Calls fn for each function of .symtab, then of .dynsym; false stops. 0 or -errno. */
typedef bool bu_elff_func_fn(void *ctx, const struct bu_elff_func *f);
int bu_elff_each_func(const char *path, bu_elff_func_fn *fn, void *ctx);

/*
 * Offset in the file, in bytes, of a function of an ELF executable or library (.symtab, then
 * .dynsym; any class and byte order). -ENOENT: no such function (near, if not NULL, has been fed
 * the names that are there, and its best is kept in keep); -ENOEXEC: no ELF executable or library,
 * or a damaged one; else what open and read said.
 */
int bu_elf_symbol_offset(const char *path, const char *symbol, uint64_t *off, struct bu_near *near,
			 struct bu_arena *keep);

/*
 * The file that a name means: itself when it has a '/', else a library mapped into the process (pid not 0),
 * a program of $PATH, or a library that the dynamic linker would find ("libc", "c", "libssl.so.3"). 0 and
 * *path (in a), or -ENOENT.
 */
int bu_find_binary(const char *name, uint32_t pid, struct bu_arena *a, const char **path);

/* ---------------------------------------------------------------- facts about the target */

/* Asked once and kept; each is a probe of the backend, lazily. */
enum bu_feature {
	BU_FEAT_PROG_NAME, BU_FEAT_GLOBAL_DATA, BU_FEAT_BTF, BU_FEAT_BTF_FUNC, BU_FEAT_ARRAY_MMAP,
	BU_FEAT_BTF_DATASEC, BU_FEAT_BTF_QMARK, BU_FEAT_BTF_GLOBAL_FUNC, BU_FEAT_BTF_FLOAT,
	BU_FEAT_BTF_DECL_TAG, BU_FEAT_BTF_TYPE_TAG, BU_FEAT_BTF_ENUM64,
	BU_FEAT_PERF_LINK, BU_FEAT_KPROBE_PMU, BU_FEAT_EXPECTED_ATTACH, BU_FEAT_LINK, BU_FEAT_TCX,
};
bool bu_sys_has(struct bu_sys *s, enum bu_feature f);
/*
 * Loads the smallest program of a type, "r0 = 0; exit", which calls the helper of that number before, if it is not
 * negative. log (may be NULL): what the verifier says, log_size bytes. The program's fd, or -errno.
 */
int bu_sys_try_prog(struct bu_sys *s, uint32_t type, uint32_t attach_type, int32_t helper, char *log,
		    uint32_t log_size);
/*
 * probe.c: what a backend can do, asked by doing it, for reports; the loader goes by bu_sys_has().
 *
 * 0: programs of the type load. -errno: they do not; *a (may be NULL) is the attribute that was refused, for
 * bu_sys_explain. ifindex: on that device, 0: on none.
 */
int bu_probe_prog(struct bu_sys *s, uint32_t type, uint32_t ifindex, union bpf_attr *a);
/* The same for maps. */
int bu_probe_map(struct bu_sys *s, uint32_t type, uint32_t ifindex, union bpf_attr *a);
/* Can helpers be asked for? Not by types that are loaded for one place only. */
bool bu_probe_can_ask_helpers(uint32_t prog_type);
/*
 * Which helpers programs of these types may call: has[i * (bu_nhelpers + 1) + id]. skip (may be NULL): helpers that
 * are not asked for. By several threads where the backend allows that.
 */
int bu_probe_helpers(struct bu_sys *s, const uint32_t *types, unsigned ntypes, uint32_t ifindex,
		     bool (*skip)(int32_t id), uint8_t *has);

enum bu_probe_misc {
	BU_PROBE_LARGE,  /* more than 4,096 instructions */
	BU_PROBE_LOOPS,  /* jumps back that end */
	BU_PROBE_ISA_V2, BU_PROBE_ISA_V3, BU_PROBE_ISA_V4,
};
int bu_probe_misc(struct bu_sys *s, enum bu_probe_misc what, uint32_t ifindex);

/*
 * The kernel's configuration ("CONFIG_HZ=250" a line) appended to out: of the file path, which may be
 * compressed, or, path NULL, of the running kernel: /proc/config.gz, /boot/config-RELEASE. 0 or -errno.
 */
int bu_sys_kconfig(const char *path, struct bu_buf *out);
/* The running kernel's version as LINUX_VERSION_CODE: 0x060112 for 6.1.18. 0: not known. */
uint32_t bu_sys_kernel_version(void);
/*
 * Explains an errno of a command in words for the user: the missing capability, lockdown, sysctl,
 * kernel option, a rule of map creation. Adds notes and help to d, nothing when nothing is known.
 * cmd: enum bpf_cmd or one of the two below. a: the attribute of the refused call (its prog_type,
 * map_type and so on are looked at), or NULL.
 */
#define BU_CMD_PERF_EVENT_OPEN (-1)
#define BU_CMD_NETLINK (-2)
void bu_sys_explain(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, int cmd, int err,
		    const union bpf_attr *a);
/* As that, with what the attribute does not tell. Only cmd and err have to be set. */
struct bu_refused {
	int cmd, err;
	const union bpf_attr *attr;
	const char *path;       /* of a pin */
	int fd;                 /* of the map whose element was refused; 0: not known */
	int ifindex;            /* of a device; 0: none */
};
void bu_sys_explain_more(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, const struct bu_refused *r);
/*
 * Explains why a program of that type may not call a helper, though others may: the capability or build option
 * that is missing, lockdown, the types for which it is there (asked of the kernel). Adds notes and help to d.
 */
void bu_sys_explain_helper(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, uint32_t prog_type,
			   int32_t helper);

/*
 * Exit status for an errno, of either sign: BU_EXIT_UNSUPPORTED for EPERM, EACCES, EOPNOTSUPP,
 * ENOSYS, 524 (the kernel's ENOTSUPP); BU_EXIT_IO for EIO, ENOSPC, EROFS and their like; else
 * BU_EXIT_FAIL. The verifier says EACCES and EPERM of a bad program too: a caller that has its log
 * uses BU_EXIT_FAIL.
 */
int bu_exit_for(int err);

#endif
