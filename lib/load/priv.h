/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan holds beyond its printable actions. All memory is the plan's arena. */
#ifndef BU_LOAD_PRIV_H
#define BU_LOAD_PRIV_H

#include "load/load.h"

#define BU_NAME_MAX 16 /* the kernel's BPF_OBJ_NAME_LEN, NUL included */

/* One element that is put into a map before the programs load. */
struct plan_fill {
	const void *key;    /* key_size bytes; NULL for maps without keys */
	const void *value;  /* value_bytes */
	const char *origin; /* the option, for messages */
	const char *file;   /* --map-from, else NULL */
	uint32_t line;
};

struct plan_map {
	const struct bu_obj_map *def; /* NULL: only a local id names it */
	const char *name;
	char kname[BU_NAME_MAX];
	const char *where;  /* an existing map: path or "id:N"; NULL: made */
	const char *by_name;/* declared to be pinned by name: its path, made here */
	bool reused;        /* where is a pin that was found by the map's name */
	uint32_t local_id;
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t value_bytes; /* as bpf(2) passes one value: per-CPU maps have a row for each CPU */
	uint32_t btf_key, btf_value;
	uint32_t kernel_value; /* STRUCT_OPS: type id of the value in the kernel's BTF */
	struct plan_ops *ops;  /* and what it is made of, or NULL */
	uint8_t *data;      /* contents of global data, value_size bytes */
	const char *vars;   /* "limit=5, debug=1": variables that were set */
	const char *note;   /* what was mended, for the plan's text */
	struct plan_map *inner; /* the template of a map of maps, or NULL */
	struct plan_fill *fill; size_t nfill, capfill;
};

struct plan_prog {
	uint32_t prog;      /* index into obj->progs */
	uint32_t type, attach_type, flags;
	char kname[BU_NAME_MAX];
	struct bu_code code;
	uint32_t *ref_map;  /* for each code.ref: index into maps */
	uint32_t attach_btf_id; /* STRUCT_OPS: the struct in the kernel's BTF; else 0 */
	const struct bu_attach *place; /* what BTF names for it (fentry, lsm, iter …), or NULL */
	bool dead;          /* cannot load, and the others go on (keep_going) */
	const struct bu_secdef **cand; /* a guess: what to try, type being the first's; else NULL */
	unsigned ncand;
	bool info;          /* func_info and line_info are whole */
	uint32_t ncore;     /* CO-RE relocations: applied, or with core for the kernel to apply */
	uint8_t *core;
	struct plan_modref { uint32_t insn, module; } *modref; uint32_t nmodrefs; size_t capmodrefs;
	bool modules;       /* names functions or variables of the kernel's modules */
};

struct plan_attach {
	struct bu_attach at;
	uint32_t prog;      /* index into progs */
};

/* An element that is a map or program, as declared: its fd goes into the map. */
struct plan_slot { uint32_t map, index; bool is_prog; uint32_t target; };

enum plan_pin_kind { PIN_MAP, PIN_PROG, PIN_LINK };
struct plan_pin { enum plan_pin_kind kind; uint32_t index; const char *path; };

struct bu_kbtf;
struct bu_core_state;
struct bu_plan_priv {
	struct plan_map *maps; unsigned nmaps;
	int32_t *map_of;    /* obj->maps index -> maps index, or -1 */
	struct plan_prog *progs; unsigned nprogs; size_t capprogs;
	struct plan_slot *slots; unsigned nslots;
	struct plan_attach *att; unsigned natt; size_t capatt;
	struct plan_pin *pins; unsigned npins; size_t cappins;
	struct bu_hash pinned, named; /* pins.c: paths so far; programs' names so far, and how many */
	struct bu_kbtf *kbtf; /* the types of the kernel */
	struct bu_core_state *core; /* NULL: no CO-RE */
	struct bu_ksym *ksyms; uint32_t nksyms; /* what programs name of the kernel */
	const char **kmods; uint32_t nkmods; size_t capkmods; /* modules that these are in */
	uint8_t *btf; size_t btf_size; /* the object's BTF as the kernel wants it, or NULL */
	size_t capact;
};

/* replace.c */
/* A link that was there, with another program now. */
struct bu_updated { int link_fd; int old_prog; /* what it had before (a struct of operations: the map), -1: none of these */ };
/* Where attachment att of the plan is pinned, or NULL. */
const char *bu_load_link_pin(const struct bu_plan *p, unsigned att);
/*
 * Gives the link that is pinned at path the program (a struct of operations: the map), if it is the attachment that at describes. 0; -ENOENT:
 * nothing is pinned there; another -errno: it cannot be done so.
 */
int bu_load_update(struct bu_sys *s, const char *path, const struct bu_attach *at, int prog_fd,
		   struct bu_updated *u);
/* Gives it back its old program; forgets the old program. link_fd stays open. */
int bu_load_update_back(struct bu_sys *s, struct bu_updated *u);
void bu_load_updated(struct bu_sys *s, struct bu_updated *u);

/* select.c: which programs load, and where they attach. */
int bu_plan_select(struct bu_plan *p, struct bu_diags *ds);
/*
 * Makes program prog of the object one of those that load, as that type; hook NONE: it is not for an
 * attachment. Its index among the plan's programs, or -errno with a message.
 */
int bu_plan_add_prog(struct bu_plan *p, uint32_t prog, uint32_t type, enum bu_hook hook,
		     struct bu_diags *ds);
/* plan.c: as bu_load_spare, for program i of the plan, which is dead when the others go on. */
int bu_plan_spare(struct bu_plan *p, unsigned i, int err, struct bu_diag *mark, struct bu_diags *ds);
/* pins.c: what is pinned where; after all else. */
int bu_plan_pins(struct bu_plan *p, struct bu_diags *ds);
/* pins.c: where --pin puts an object of that name; in the plan's arena, NULL without memory. */
const char *bu_plan_pin_path(struct bu_plan *p, const char *name, const char *suffix);
/* maps.c: which maps are made or used, and their final attributes. */
int bu_plan_maps(struct bu_plan *p, struct bu_sys *s, struct bu_diags *ds);
/* A template's or map's attributes as the kernel wants them; *note tells what was mended. */
int bu_plan_map_attrs(struct plan_map *m, const struct bu_obj *obj, struct bu_sys *s, struct bu_arena *a, struct bu_diags *ds);
/* Has this map of constants variables named bpf_metadata_…, which are read where the program is listed? */
bool bu_plan_has_metadata(const struct bu_obj *obj, const struct bu_obj_map *m);
/* maps.c: elements that are maps or programs; after bu_plan_maps. */
int bu_plan_slots(struct bu_plan *p);
/* fill.c: --set and --map-from. */
int bu_plan_fill(struct bu_plan *p, struct bu_diags *ds);
/* btffix.c: a copy of the object's BTF with sizes and offsets of global data filled in. */
int bu_plan_btf(struct bu_plan *p, struct bu_diags *ds);
/* select.c: one more attachment. 0 or -errno with a message. */
int bu_plan_add_attach(struct bu_plan *p, unsigned prog, enum bu_hook hook, const char *target, struct bu_diags *ds);
/*
 * structops.c: makes program prog, a member of a struct, one of those that load (its index, or -errno with a
 * message); attaches the structs whose programs load; the map's attributes; and before the link, its value.
 */
int bu_plan_ops_member(struct bu_plan *p, uint32_t prog, struct bu_diags *ds);
int bu_plan_ops_attach(struct bu_plan *p, struct bu_diags *ds);
/* Is the struct made when its programs load? */
bool bu_plan_ops_needed(const struct bu_plan *p, const struct bu_obj_map *m);
/* --attach struct_ops:NAME: the programs of that struct load. */
int bu_plan_ops_named(struct bu_plan *p, const struct bu_attach_req *r, struct bu_diags *ds);
/* After bu_plan_maps' maps: -EINVAL with a message if the struct that g is a member of cannot be made. */
int bu_plan_has_ops(const struct bu_plan *p, const struct plan_prog *g, struct bu_diags *ds);
int bu_plan_struct_ops(struct bu_plan *p, struct plan_map *m, struct bu_diags *ds);
int bu_load_struct_ops(const struct bu_plan *p, struct bu_sys *s, const char *name, const struct bu_loaded *l,
		       struct bu_diags *ds);
/* kconfigvars.c: the contents of .kconfig. */
int bu_plan_kconfig(struct bu_plan *p, struct plan_map *m, struct bu_sys *s, struct bu_diags *ds);
/* The attribute that makes m; fds are filled in by the caller. */
void bu_plan_map_attr(const struct plan_map *m, union bpf_attr *a);
/* Kernel names: at most 15 of letters, digits, '_' and '.'. */
void bu_plan_kname(char out[BU_NAME_MAX], const char *name);

/* value.c */
/*
 * Reads text into size bytes at out: by BTF type when btf is not NULL and type is not 0, as "hex 01
 * 02 …", else as a number of 1, 2, 4 or 8 bytes. NULL, or the reason why not (in a).
 */
const char *bu_load_value(struct bu_arena *a, const struct bu_btf *btf, uint32_t type, uint32_t size, struct bu_str text, void *out);
/* Bytes of the first word of a --map-from line: a balanced group, a string, or "hex" and size bytes. */
size_t bu_load_word(struct bu_str line, uint32_t size);
/* The line without comment and blanks at its ends. */
struct bu_str bu_load_strip(struct bu_str line);

/*
 * btfid.c: finds the places of all programs that have one, unless it was done before. 0; -EOPNOTSUPP: no type information here;
 * -ENOENT, or another -errno, with a message.
 */
int bu_load_places(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *out, struct bu_diags *ds);

/*
 * usdt.c: the map that says where arguments of USDT probes are, if the object has it: at->usdt_spec then fills it.
 * What is returned is freed by the caller when the attachment is made; NULL: there is no such map.
 */
struct bu_usdt_specs;
struct bu_usdt_specs *bu_load_usdt(const struct bu_plan *p, struct bu_loaded *l, struct bu_sys *s,
				   struct bu_attach *at, struct bu_diags *ds);

/*
 * attachmap.c: the map that an attachment names, into at->map_fd. *fd: what the caller closes when the
 * attachment is made, or -1. 0, or -errno with a message.
 */
int bu_load_attach_map(const struct bu_loaded *l, struct bu_sys *s, struct bu_attach *at, int *fd,
		       struct bu_diags *ds);

/*
 * resize.c: --set MAP.ATTRIBUTE=VALUE. *def becomes a copy in the plan's arena when there is such a wish for
 * it. 0, -EINVAL with messages, -ENOMEM.
 */
int bu_plan_resize(struct bu_plan *p, const struct bu_obj_map **def, struct bu_diags *ds);
/* Is that wish about an attribute of the map of that name? */
bool bu_set_of_map(const struct bu_set *w, const char *map);

/* path.c: a part of a variable. off, size and type are the whole's before, the part's after. */
struct bu_var_part { uint32_t off, size, type, bit, bits; /* bits > 0: a bit-field, from bit `bit` of off on */ };
/* path: ".member[3].x". NULL, or why not (in a or static). */
const char *bu_load_path(struct bu_arena *a, const struct bu_btf *b, const char *path, struct bu_var_part *f);
/* As bu_load_value, for a bit-field whose first byte is *out. */
const char *bu_load_bits(struct bu_arena *a, const struct bu_btf *b, const struct bu_var_part *f, struct bu_str text,
			 uint8_t *out);

/* types.c: the types that a program of unknown type may be of, into g. */
#define BU_GUESS_MAX 12
int bu_plan_guess(struct bu_plan *p, struct plan_prog *g);

/* rows.c */
void bu_row_set(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, uint32_t type);
void bu_row_fail(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, int err,
		 const struct bu_diag *why);
/* What was loaded is being taken away. */
void bu_row_undone(const struct bu_load_opts *opts, uint32_t prog);
void bu_rows_lack_map(const struct bu_load_opts *opts);
/*
 * A step for program prog (of the object) returned err, its messages stand behind mark (NULL: all). Notes it
 * in the row. 0 when there was no error or the others go on, the messages being warnings then; else err.
 */
int bu_load_spare(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, int err,
		  struct bu_diag *mark, struct bu_diags *ds);
/* Errors behind mark are warnings from now on. */
void bu_load_soften(struct bu_diag *mark, struct bu_diags *ds);

/*
 * progload.c: one program into the kernel, in three steps. begin and end are for the thread that owns s and
 * ds; between them, try calls nothing but bpf(2), so that several programs may be tried at once.
 */
struct load_job;
struct load_job *bu_load_job_begin(const struct bu_plan *p, struct bu_sys *s, unsigned prog,
				   const int *map_fds, const struct bu_loaded *out);
int bu_load_job_try(struct load_job *j); /* its fd, or -errno */
/* What remains to be tried, and messages. The fd, or -errno. out->progs[prog] gets type and log. Frees j. */
int bu_load_job_end(struct load_job *j, struct bu_loaded *out, struct bu_diags *ds);
/* Instead of end: closes what was loaded, frees. j may be NULL. */
void bu_load_job_drop(struct load_job *j);

/*
 * batch.c: all programs of the plan, in parallel where that pays. jobs[i] for plan program i, NULL where it
 * was not tried because one before it failed (which one does not depend on time) or is dead.
 */
int bu_load_batch(const struct bu_plan *p, struct bu_sys *s, const int *map_fds,
		  const struct bu_loaded *out, struct load_job **jobs);

#endif
