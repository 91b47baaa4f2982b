/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load: from an object to live maps, programs and links.
 *
 * bu_plan_make turns an object, what the user asked for and facts of the target into an ordered
 * list of actions (make map, fill it, freeze, load BTF, load program, attach, pin), which can be
 * printed; bu_load_run does them, and on an error undoes what it did, in reverse.
 */
#ifndef BU_LOAD_H
#define BU_LOAD_H

#include "obj/obj.h"
#include "sys/sys.h"
#include "load/record.h"

/* One wish "MAP[key]=value", "MAP.max_entries=value" or "VAR=value", or a file of key/value lines. */
struct bu_set {
	const char *name;          /* map or global variable */
	struct bu_str key;         /* .p NULL: VAR=value */
	struct bu_str value;
	const char *file;          /* --map-from: then key and value are unused */
	const char *origin;        /* the option as written, for messages */
};
/* One wish --attach TYPE:TARGET[=PROGRAM]. */
struct bu_attach_req {
	enum bu_hook hook;
	const char *target;
	const char *prog;          /* NULL: found by section, else the only one */
	bool sleepable;            /* written TYPE.s */
	const char *origin;
};
/* A map that exists already: "map N" local id, or a map's name, by pinned path or "id:N". */
struct bu_map_from {
	const char *name;          /* "skbs" or "1" */
	const char *where;         /* "/sys/fs/bpf/x" or "id:7" */
};

/* One wish --type [PROGRAM=]TYPE. */
struct bu_type_req {
	const char *prog;          /* NULL: all */
	const struct bu_secdef *def;
	const char *origin;
};

/* What became of one program of the object. */
enum bu_row_status {
	BU_ROW_LEFT,               /* not asked for */
	BU_ROW_PLANNED,            /* asked for, and something else failed before */
	BU_ROW_LOADED, BU_ROW_ATTACHED,
	BU_ROW_UNATTACHED,         /* loaded, and could not be attached */
	BU_ROW_FAILED,             /* not loaded */
	BU_ROW_UNDONE,             /* loaded, and taken away because something else failed */
};
const char *bu_row_status(enum bu_row_status s); /* "loaded" */
struct bu_row {
	enum bu_row_status status;
	uint32_t type;             /* of the program, 0: not known */
	int err;                   /* -errno of what failed, or 0 */
	const char *reason, *code; /* the message, or NULL */
};
/* By the object's programs; filled while the plan is made and run. */
struct bu_rows {
	struct bu_arena *arena;
	struct bu_row *v; uint32_t n;
	bool lacks_map;            /* one could not be made, whoever needs it */
};
/* After bu_obj_index; NULL: out of memory. */
struct bu_rows *bu_rows_new(struct bu_arena *a, const struct bu_obj *o);
/* Is there no failure in them, and every map? */
bool bu_rows_whole(const struct bu_rows *r);

/* What a map of that name holds from the start, instead of what the object says. */
struct bu_map_image {
	const char *name;
	uint32_t key_size, value_size; /* value_size: as bpf(2) copies it */
	uint32_t count;
	const uint8_t *elems;      /* count times key and value */
};

struct bu_loaded;
struct bu_load_opts {
	const struct bu_set *sets; unsigned nsets;
	const struct bu_attach_req *attaches; unsigned nattaches;
	const struct bu_map_from *maps; unsigned nmaps;
	const struct bu_map_image *images; unsigned nimages;
	/* Called when all maps and programs are there and nothing is attached yet; -errno undoes all. */
	int (*before_attach)(void *ctx, const struct bu_loaded *made, struct bu_diags *ds);
	void *ctx;
	const char *const *want; unsigned nwant; /* maps to make even when no loaded program uses them */
	const char *const *only; unsigned nonly; /* programs that load; 0: what sections and attaches say */
	bool keep_going;           /* what fails for one program is a warning, the others go on */
	struct bu_rows *rows;      /* may be NULL */
	bool no_attach;            /* load only, those named by attaches if there are any */
	bool attach_if;            /* what its section does not say where to attach is loaded only */
	const char *pin_dir;       /* NULL: no pins */
	bool replace;              /* what is pinned there gives way */
	/* Instead of pin_dir: programs, or the link of what is attached, by their names alone; maps; NULL: not. */
	const char *pin_progs, *pin_maps;
	bool pin_one;              /* pin_progs is the path of the first program that loads */
	bool ops_stay;             /* structs of operations are registered without a link, until they are deleted */
	uint32_t ifindex;          /* of the device that programs and maps are made for, or 0 */
	bool dev_bound;            /* it is not to run them: they may ask it for what packets carry */
	const char *pin_root;      /* where maps are pinned that ask for it by name; NULL: /sys/fs/bpf */
	const char *kconfig;       /* file with the kernel's configuration; NULL: the running one's */
	const char *btf;           /* --btf: the types that CO-RE goes by; NULL: the kernel's */
	bool core_in_kernel;       /* CO-RE is left to the kernel, to compare with */
	uint32_t log_level;        /* 0: silent first, the log only after a refusal */
	enum bu_attach_via via;
};

/*
 * The texts of the options, read into wishes; strings are kept in a. 0, or -EINVAL with a message.
 *   --attach   TYPE:TARGET[=PROGRAM]   (PROGRAM: what follows the last '=', if it can be a name)
 *   --set      MAP[KEY]=VALUE, MAP.ATTRIBUTE=VALUE, VAR=VALUE, VAR.MEMBER[N]=VALUE
 *   --map-from MAP=FILE
 *   --map      NAME=PATH, NAME=id:N, N=PATH, N=id:N
 *   --type     TYPE, PROGRAM=TYPE
 */
int bu_type_req_parse(struct bu_type_req *r, const char *text, struct bu_arena *a, struct bu_diags *ds);
int bu_attach_req_parse(struct bu_attach_req *r, const char *text, struct bu_arena *a, struct bu_diags *ds);
int bu_set_parse(struct bu_set *w, const char *text, struct bu_arena *a, struct bu_diags *ds);
int bu_set_parse_file(struct bu_set *w, const char *text, struct bu_arena *a, struct bu_diags *ds);
int bu_map_from_parse(struct bu_map_from *m, const char *text, struct bu_arena *a, struct bu_diags *ds);

/* Before the plan: gives the object's programs the types that were asked for. 0 or -EINVAL. */
int bu_types_apply(struct bu_obj *o, const struct bu_type_req *r, unsigned n, struct bu_diags *ds);

struct bu_loaded_map {
	const struct bu_obj_map *def; /* NULL: an existing map that only a local id names */
	const char *name;             /* as declared; a number: the local id that alone names it */
	int fd;
	uint32_t id;
	const char *pin;              /* where it was pinned by us, or NULL */
	bool existing;                /* it was there before */
};
/* Where in type information (BTF) the place is that a program is loaded for. */
struct bu_btf_place {
	uint32_t id;                  /* 0: none */
	int fd;                       /* of a module's BTF, or of a program; -1: the kernel's BTF */
	bool prog;                    /* fd is a program */
	bool failed;                  /* not found, and the others go on */
};
struct bu_loaded_prog {
	const struct bu_obj_prog *def;
	int fd;
	uint32_t id;
	uint32_t type;
	const char *pin;
	char *log;                    /* with log_level: the verifier's words, heap, or NULL */
	struct bu_btf_place place;    /* fd is open until the program is loaded */
};
struct bu_loaded_link {
	struct bu_attached at;
	struct bu_attach spec;
	uint32_t id;                  /* of the link, 0: attached without one */
	unsigned prog;                /* index into progs */
	const char *pin;
	bool live;                    /* false: could not be attached, and the others go on */
	bool updated;              /* was there, and runs another program now */
	bool stays;                   /* outlives its holder: pinned, or set by netlink */
};
/* Strings and defs point into the plan and the object, which must outlive it. */
struct bu_loaded {
	struct bu_loaded_map *maps; unsigned nmaps;
	struct bu_loaded_prog *progs; unsigned nprogs;
	struct bu_loaded_link *links; unsigned nlinks;
	unsigned nplanned;         /* links that are or will be there; spec and prog are set in all */
	int btf_fd;
	uint32_t usdt_next;        /* the next element of __bpf_usdt_specs */
	char *log;                 /* of a refused program, heap, or NULL */
};

enum bu_action_kind {
	BU_DO_BTF_LOAD, BU_DO_MAP_CREATE, BU_DO_MAP_USE, BU_DO_MAP_FILL, BU_DO_MAP_FREEZE,
	BU_DO_PLACE, BU_DO_PROG_LOAD, BU_DO_SLOT, BU_DO_ATTACH, BU_DO_PIN,
};
/* A word for the kind: "map_create". */
const char *bu_action_name(enum bu_action_kind k);
struct bu_action {
	enum bu_action_kind kind;
	uint32_t index;            /* among the plan's maps, programs, slots, attachments or pins */
	const char *text;          /* "create map skbs: hash, key 8B, value 8B, max_entries 1048576" */
};
struct bu_plan {
	struct bu_arena arena;
	const struct bu_obj *obj;
	const struct bu_load_opts *opts;
	struct bu_action *act; unsigned nact;
	/* private: per-map and per-program decisions */
	struct bu_plan_priv *priv;
};

/*
 * Decides everything that can be decided before the first object is made: which programs load,
 * their types, which map each reference means, each value parsed by type. obj and opts must outlive
 * the plan. 0, or -errno with messages in ds; bu_plan_free is due either way.
 */
int bu_plan_make(struct bu_plan *p, const struct bu_obj *obj, const struct bu_load_opts *opts, struct bu_sys *s, struct bu_diags *ds);
void bu_plan_free(struct bu_plan *p);
/*
 * The instructions of program prog (of the object) as bpf(2) will be given them, but for fds: a map's is 0. In a;
 * NULL: the plan does not load it, or no memory. *n: how many.
 */
uint8_t *bu_plan_insns(const struct bu_plan *p, uint32_t prog, struct bu_arena *a, uint32_t *n);
/*
 * Does the plan. On failure everything done is undone and out is empty but for out->log. Returns 0,
 * -EPERM or -EOPNOTSUPP (not permitted or not supported here), -EINVAL (refused by the verifier),
 * or another -errno, with messages in ds.
 */
int bu_load_run(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *out, struct bu_diags *ds);
/*
 * Detaches what is attached and is not to stay, closes every fd, frees. 0, or the -errno of what
 * could not be detached, with messages in ds.
 */
int bu_loaded_close(struct bu_sys *s, struct bu_loaded *l, struct bu_diags *ds);
/*
 * What the verifier's log says at its end. reason points into log (no newline), before at the line
 * above it when that belongs to it (.p NULL: none); insn is the last instruction it looked at, or
 * -1. False when the log holds no reason.
 */
struct bu_vlog { struct bu_str reason, before; int64_t insn; };
bool bu_vlog_read(const char *log, struct bu_vlog *out);
/*
 * What a code of a verifier's message ("V0101") means: appends cause, remedy and the messages to out; the
 * title, or NULL: no such code.
 */
const char *bu_vreason_explain(const char *code, struct bu_buf *out);

/* ---------------------------------------------------------------- what programs send
 *
 * The records of a ring buffer, or of the per-CPU buffers behind a perf_event_array. Reading consumes.
 * Sources: Documentation/bpf/ringbuf.rst; perf_event_open(2), "MMAP layout".
 */
struct bu_stream;
/* One record of n bytes, which are valid during the call; cpu is -1 for ring buffers. Not 0 ends the reading. */
typedef int bu_stream_fn(void *ctx, int cpu, const void *data, size_t n);

/* Is there a stream behind maps of this type? */
bool bu_stream_type(uint32_t map_type);
/*
 * Opens the stream of a map: map_fd stays the caller's and open. max_entries: the map's. For a perf_event_array
 * this puts an event into the map for each CPU that is there. 0, -errno; -EOPNOTSUPP for other types.
 */
int bu_stream_open(struct bu_stream **out, struct bu_sys *s, int map_fd, uint32_t map_type, uint32_t max_entries);
/* Of a perf_event_array: one CPU's event at one index of the map instead of all; the time of each record. */
struct bu_stream_at {
	int cpu;             /* -1: all, each at its own number */
	uint32_t index;
	bool timed;
};
int bu_stream_open_at(struct bu_stream **out, struct bu_sys *s, int map_fd, uint32_t map_type,
		      uint32_t max_entries, const struct bu_stream_at *at);
/* Nanoseconds of perf's clock, of the record that fn is called with; 0: not asked for. */
uint64_t bu_stream_time(const struct bu_stream *t);
/* What to wait for. */
unsigned bu_stream_fds(const struct bu_stream *t, const int **fds);
/*
 * Hands over what is there. 0, what fn said, or -EINVAL: the buffer's positions make no sense. lost grows
 * by the records that found no room (perf buffers only: ring buffers tell the program).
 */
int bu_stream_read(struct bu_stream *t, bu_stream_fn *fn, void *ctx, uint64_t *lost);
void bu_stream_close(struct bu_stream *t);

/* ---------------------------------------------------------------- the object, backend */

/*
 * Reads an object to be loaded: all that a plan needs. 0, or -errno with messages (but for -ENOMEM); -EIO
 * when the file is at fault, not what it holds. bu_obj_free is due either way.
 */
int bu_load_read(struct bu_obj *o, const char *path, struct bu_diags *ds);
/* Is that object gone, or is it within so many milliseconds? The kernel frees links and programs behind our back. */
bool bu_await_gone(struct bu_sys *s, enum bu_objkind kind, uint32_t id, unsigned ms);
/* As bu_backend_open: the types of the object's programs say what this user would have to be allowed. */
int bu_load_backend(struct bu_sys **s, enum bu_backend want, const struct bu_obj *o, struct bu_diags *ds);

/*
 * Opens the backend that is asked for. AUTO takes the kernel unless bpf(2) is absent or blocked, or this
 * caller, who has no capability, may not load one of the n program types (n 0: may not list objects); then the
 * VM, and a note record says so. What a privileged caller is refused stays the kernel's answer.
 * 0 and *s (release with ops->destroy), or -errno, with an error record but for -ENOMEM.
 */
int bu_backend_open(struct bu_sys **s, enum bu_backend want, const uint32_t *types, unsigned n,
		    struct bu_diags *ds);

#endif
