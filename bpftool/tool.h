/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpftool: what its files share.
 *
 *   main.c    options, the backend, one command or the shell
 *   cmd.def   the commands; word.def: placeholders of their arguments
 *   cmd.c     finding a command; help.c: help; complete.c, grammar.c: completion
 *   report.c  messages and how they end up in text or JSON
 *   handle.c  "id 7", "name x", "tag T", "pinned F" to open objects; BTF of objects
 *   refs.c    who holds an object, where it is pinned
 *   data.c    bytes and typed values of the command line
 *   ksym.c    kernel symbols
 *   metadata.c  what a program's bpf_metadata_… variables say
 *   prog.c, xlated.c, map.c, dump.c, link.c   the objects
 *   hooks.h, cgroup.c, net.c, perf.c, token.c   where programs hang
 *   graph.h, graph.c, attached.c, tree.c, mem.c   all objects: who keeps whom, and what they take
 *   btf.c, btfraw.c   types
 *   gen.h, gen.c, skel.c   files made from objects
 *   feature.c   what can be done here
 *   world.c   the VM's world
 *   line.c    lines instead of arguments, batch files; shell.c: the interactive shell
 *   shellcmd.c  watch, apropos, set, asm
 *
 * A command is a function that reads its words by bt_next() and friends, and returns an exit
 * status. It writes at most one JSON value, after bt_begin(); what it does not write the caller
 * does: null after success, {"error":…} after a failure.
 */
#ifndef BT_TOOL_H
#define BT_TOOL_H

#include <stdio.h>

#include "sys/sys.h"

struct bt_refs;
struct bt_btf;
struct bt_ksyms;
struct bt_metas;

struct bt {
	struct bu_sys *sys;
	struct bu_out out;
	const char *prog;     /* argv[0] without directories */
	uint8_t values;       /* BU_BTF_HUMAN, BU_BTF_EXACT */
	bool json, pretty, pins, nomount, debug;
	const char *base_btf; /* -B FILE, or NULL */
	bool lines;           /* --json-lines: each JSON value of a running command is a line of its own */
	enum bu_color_when color;
	enum bu_backend backend;

	/* of the command that runs */
	struct bu_arena arena;
	struct bu_diags ds;
	char **w;
	int nw, i;
	const char *key;      /* under which a command writes its JSON value; NULL: at the top */
	bool began;
	const char *file;     /* of the batch that runs, else NULL */
	unsigned line;        /* in it, from 1 */
	size_t line_n;        /* bytes of the line that was read last */
	bool quit;            /* the shell is to end */
	bool shell;           /* each answer is a document of its own, an error ends nothing */
	FILE *stream;         /* of the batch */
	/* The next line of what the command came from, on the heap; NULL: its end. NULL itself: there are no lines. */
	char *(*read_line)(struct bt *t, const char *prompt);
	struct bt_refs *holders, *pinned;
	struct bt_btf *btfs;
	struct bt_ksyms *ksyms;
	/* the maps of the program that bt_prog_info() saw last, as far as there is room */
	uint32_t map_ids[64], map_ids_of;
	struct bt_metas *metas;
	int fdinfo_dir;       /* /proc/self/fdinfo, 0: not yet open */
};

typedef int bt_fn(struct bt *t);

/* bt_prog_show() and so on, from the table. */
#define CMD(fn, needs, path, args, summary) bt_fn bt_##fn;
#include "cmd.def"
#undef CMD

/* ---------------------------------------------------------------- main.c, cmd.c, shell.c */

extern const struct bu_opt bt_opts[];
extern const struct bu_cmd bt_cmds[];
/* Runs one command of n words, prints what it has to say, and returns its exit status. */
int bt_run(struct bt *t, int n, char **words);
/* Opens the backend; false: said why. */
bool bt_open_backend(struct bt *t);
/* A placeholder that stands for several words. */
struct bt_phrase {
	const char *name, *grammar, *help;
};
/* Rows of bt_cmds: [first, last). */
struct bt_rows {
	const struct bu_cmd *first, *last;
};
struct bt_rows bt_all_rows(void);
/*
 * Narrows r to the rows whose word number at (from 0) is word, or else to those of the first row where it
 * begins so. False: there is none, r is as it was.
 */
bool bt_narrow(struct bt_rows *r, int at, const char *word);
/* Each different word number at of the rows, NULL at the end. In the arena. */
const char **bt_words_at(struct bt *t, struct bt_rows r, int at);
/* Word number at (from 0) of a path, NULL when it is shorter. */
const char *bt_path_word(const char *path, int at);
/* Finds the command that t's words name, and runs it. */
int bt_dispatch(struct bt *t);
extern const struct bt_phrase bt_phrases[]; /* ends with a NULL name */
/* Candidates for the last of n words, as bu_opt_complete writes them. */
void bt_complete(struct bt *t, struct bu_buf *out, int n, char **words);
/* Commands from a file ("-": standard input); the first that fails ends it. */
int bt_batch_file(struct bt *t, const char *path);
/* Commands from standard input. */
/* Commands typed by a person. */
int bt_shell(struct bt *t);
/* A line: its words (NULL at the end), and where the output goes. In the arena. */
struct bt_line {
	char **w;
	int n;
	const char *file;     /* > FILE, >> FILE */
	bool append;
	const char *pipe;     /* | COMMAND */
	const char *shell;    /* !COMMAND; then there are no words */
};
/* Blanks separate, '…', "…" and \ quote, # starts a comment. NULL, or what is wrong with the line. */
const char *bt_split(struct bu_arena *a, const char *line, size_t len, struct bt_line *l);
/* Runs a line; *count is one more if there was a command in it. Its status. */
int bt_run_line(struct bt *t, const char *line, size_t len, unsigned *count);
/* Commands from standard input, as a batch. */
int bt_batch(struct bt *t);
/* Words of assembler source that begin with last. */
void bt_complete_asm(struct bu_buf *out, const char *last);

/* What several outputs about a program begin with. */
void bt_put_prog_header(struct bt *t, const struct bpf_prog_info *pi, const char *name);
/* Notes which world was searched when a listing is empty. */
void bt_world_empty(struct bt *t, enum bu_objkind k);

/* ---------------------------------------------------------------- grammar.c */

/* Names of the WORD rows of word.def, NULL at the end. */
extern const char *const bt_words[];
struct bt_grammar;
/* What the arguments' text of a command describes, in the arena. NULL: it is no grammar, or memory is out. */
struct bt_grammar *bt_grammar(struct bu_arena *arena, const char *text);
/* Calls fn for all that may come behind n words: a keyword of kw_n bytes, or (word >= 0) that row of bt_words. */
typedef void bt_next_fn(void *ctx, const char *kw, size_t kw_n, int word);
void bt_grammar_next(const struct bt_grammar *g, int n, char **words, bt_next_fn *fn, void *ctx);
/* A keyword, and the shortest way to it: words of len[] bytes, or (len 0) names of WORD rows. */
#define BT_WAY_WORDS 32
struct bt_way {
	const char *kw;
	size_t kw_n;
	int n;
	const char *word[BT_WAY_WORDS];
	size_t len[BT_WAY_WORDS];
};
typedef bool bt_way_fn(void *ctx, const struct bt_way *way);
/* Calls fn for each keyword; false: fn said so, or a way is too long. */
bool bt_grammar_each(const struct bt_grammar *g, bt_way_fn *fn, void *ctx);

/* ---------------------------------------------------------------- words of the command line */

/* The next word without taking it, or NULL. */
static inline const char *bt_peek(const struct bt *t)
{
	return t->i < t->nw ? t->w[t->i] : NULL;
}
/* Takes the next word, or NULL. */
static inline const char *bt_next(struct bt *t)
{
	return t->i < t->nw ? t->w[t->i++] : NULL;
}
/* Is the next word kw, or a beginning of it? Does not take it. */
bool bt_is(const struct bt *t, const char *kw);
/* Takes the next word if it is kw or a beginning of it. */
bool bt_kw(struct bt *t, const char *kw);
/* Status 0 when all words are taken, else a usage error that names the first that is left. */
int bt_end(struct bt *t);

/* ---------------------------------------------------------------- report.c */

/* Says that what follows is the command's JSON value. */
static inline void bt_begin(struct bt *t)
{
	t->began = true;
}
/* A wrong command line. list (may be NULL, ends with NULL) feeds did-you-mean for word. Returns 2. */
int bt_usage(struct bt *t, const char *word, const char *const *list, const char *fmt, ...)
	BU_PRINTF(4, 5);
/* An error of this tool; code is a row of diag.def. Returns 1. */
int bt_error(struct bt *t, const char *code, const char *fmt, ...) BU_PRINTF(3, 4);
/*
 * The backend refused: "TEXT: reason", with what bu_sys_explain knows about cmd (-1: nothing).
 * err is -errno. Returns the exit status that fits.
 */
int bt_refused(struct bt *t, int cmd, int err, const char *fmt, ...) BU_PRINTF(4, 5);
/* "program", "map", "link". */
const char *bt_noun(enum bu_objkind k);
/* Makes sure that an object can be pinned at path. Status, said why. */
int bt_pin_place(struct bt *t, const char *path);
/* A note that is no error. */
void bt_note(struct bt *t, const char *code, const char *fmt, ...) BU_PRINTF(3, 4);
void bt_hint(struct bt *t, const char *fmt, ...) BU_PRINTF(2, 3);
/* The reason of -errno in words; knows the kernel's own 524. */
const char *bt_strerror(int err);
/* Text that may go to a terminal: control bytes and what is not UTF-8 as \xNN. In the arena. */
const char *bt_esc(struct bt *t, const char *s, size_t n);
const char *bt_escz(struct bt *t, const char *s);
/* The same for a line of source, whose tabs stay. */
const char *bt_esc_line(struct bt *t, const char *s);

/* ---------------------------------------------------------------- handle.c */

struct bt_obj {
	uint32_t id;
	int fd;
};
/* What a handle means: one object, or several of that name or tag. */
struct bt_objs {
	struct bt_obj *v;
	size_t n;
};
/*
 * Reads a handle from the words and opens what it means. flags: BPF_F_RDONLY for maps that are
 * only read. 0 with at least one object, or an exit status, said why.
 */
int bt_handles(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_objs *out);
/* The same for verbs that take exactly one. */
int bt_handle(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_obj *out);
void bt_objs_close(struct bt *t, struct bt_objs *o);
void bt_obj_close(struct bt *t, struct bt_obj *o);
/*
 * Calls fn for each object there is, in order of ids, with an open fd, or with -errno in its
 * place when it cannot be opened. One that vanishes meanwhile is left out. fn returns a status;
 * the first that is not 0 is kept and the walk goes on. Ends with that, or with a refusal.
 */
int bt_each(struct bt *t, enum bu_objkind k, uint32_t flags,
	    int (*fn)(struct bt *t, void *ctx, uint32_t id, int fd), void *ctx);
/* All objects of a kind as an array of rows that fn prints. */
int bt_list(struct bt *t, enum bu_objkind k, uint32_t flags,
	    int (*fn)(struct bt *t, void *ctx, uint32_t id, int fd));
/* "prog pin", "map pin", "link pin". */
int bt_pin(struct bt *t, enum bu_objkind k);
/* A row of a listing whose object cannot be read: err is -errno. Returns the status. */
int bt_error_row(struct bt *t, const char *key, enum bu_objkind k, uint32_t id, int err);
/* JSON only: {"id":…,"error":…} with the error said last; id 0 is left out. */
void bt_error_obj(struct bt *t, const char *key, uint32_t id);
/* A name in 16 bytes that need not end with NUL. In the arena. */
const char *bt_name16(struct bt *t, const char *name);
/* BTF of that id, or NULL. Lives as long as the command. */
const struct bu_btf *bt_btf(struct bt *t, uint32_t id);
void bt_btfs_free(struct bt *t);
/* What /proc tells about an fd of this process; empty where it tells nothing. */
struct bt_fdinfo {
	char text[1024];
};
void bt_fdinfo_read(struct bt *t, int fd, struct bt_fdinfo *f);
/* "memlock" and "frozen" of a program or map, from what a holder told already or else from fdinfo; memlock -1: not known. */
void bt_accounted(struct bt *t, enum bu_objkind k, uint32_t id, int fd, long long *memlock, bool *frozen);
/* The number of the line "name:", -1 without it. */
long long bt_fdinfo_num(const char *info, const char *name);
/* Fills a prog info; *full is its whole name, from BTF when 15 characters were too few. */
int bt_prog_info(struct bt *t, int fd, struct bpf_prog_info *info, const char **full);

/* ---------------------------------------------------------------- refs.c */

/* A process that holds an object (an fd of it; several are several), or a path where it is pinned. */
struct bt_ref {
	enum bu_objkind kind;
	uint32_t id;
	int pid;
	const char *text;     /* command name, or path; may be NULL */
	long long memlock;    /* of the object, when a holder's fdinfo told it, else -1 */
	bool frozen;
};
/* Those of one object, sorted; read once a command. NULL when there are none. */
const struct bt_ref *bt_holders(struct bt *t, enum bu_objkind k, uint32_t id, size_t *n);
const struct bt_ref *bt_pins(struct bt *t, enum bu_objkind k, uint32_t id, size_t *n);
/* Prints who holds the object (always) and where it is pinned (with -f). */
void bt_put_pins(struct bt *t, enum bu_objkind k, uint32_t id);
void bt_put_pids(struct bt *t, enum bu_objkind k, uint32_t id);

/* ---------------------------------------------------------------- prog.c, metadata.c */

/* The device that a program or map was made for; nothing for ifindex 0. */
void bt_put_dev(struct bt *t, uint32_t ifindex, uint64_t ns_dev, uint64_t ns_ino);
/* What a program's variables bpf_metadata_… say, from the maps it uses. */
void bt_put_metadata(struct bt *t, const uint32_t *map_ids, uint32_t n);

/* ---------------------------------------------------------------- data.c */

/* A flag of map create; the table ends with a name of NULL. */
struct bt_map_flag {
	uint32_t flag;
	const char *name;
};
extern const struct bt_map_flag bt_map_flags[];

/* A place for bytes that the command line gives: "key …" or "value …". */
struct bt_data {
	const char *what;     /* "key", "value" */
	uint8_t *p;
	size_t n;             /* bytes */
	const struct bu_btf *btf;
	uint32_t type;        /* 0: not typed */
	bool lpm;             /* a key of a trie: the length of a prefix, and an address */
};
/*
 * Reads the words up to the next keyword (stop list, ends with NULL) into d. Status. Parts, PATH=VALUE, change
 * what d->p holds.
 */
int bt_read_data(struct bt *t, const struct bt_data *d, const char *const *stop);
/* Does the next word give a part of d? */
bool bt_data_part(struct bt *t, const struct bt_data *d);
/* Reads a number that fits u32; what names it. */
int bt_read_u32(struct bt *t, const char *what, uint32_t *v);

/* ---------------------------------------------------------------- ksym.c */

/* Name at exactly that address, or NULL. */
const char *bt_ksym(struct bt *t, uint64_t addr);
/* Greatest symbol not above addr; *off is the distance. */
const char *bt_ksym_near(struct bt *t, uint64_t addr, uint64_t *off, const char **module);
/* Address of a symbol, 0 when unknown or hidden. */
uint64_t bt_ksym_addr(struct bt *t, const char *name);
void bt_ksyms_free(struct bt *t);

/* ---------------------------------------------------------------- btf.c, btfraw.c */

/* Types from a file or an object, on their base. {0} is empty. */
struct bt_types {
	struct bu_buf file, base_file;
	struct bu_btf btf, base;
	bool parsed, based;
};
/* Of an ELF file, a raw one, or a module's in sysfs, whose base is found. Status. */
int bt_types_file(struct bt *t, struct bt_types *y, const char *path);
void bt_types_free(struct bt_types *y);
/* All types, or those of the ids alone. */
void bt_put_types(struct bt *t, const struct bu_btf *b, const uint32_t *root, size_t nroots);
/* A text, such as a C source, that is all of the output: as it is, or one JSON string. */
void bt_put_document(struct bt *t, const struct bu_buf *text);

/* ---------------------------------------------------------------- dump.c */

/* How a map's elements are laid out and read. */
struct bt_map {
	struct bpf_map_info info;
	int fd;
	bool percpu, of_maps, of_progs;
	bool all;             /* of a queue: take all elements out, and put them back */
	unsigned ncpus;
	size_t stride;        /* bytes of a value for one CPU */
	size_t vsize;         /* bytes that a lookup fills */
	const struct bu_btf *btf; /* NULL: not typed */
	unsigned depth;       /* of a typed element in text */
	struct bu_buf hex;    /* scratch */
	struct bt_procmap *proc; /* whose addresses stack traces are of; NULL: not told */
	struct bt_pattern *marks; /* typed values are not printed but noted here; else NULL */
};
int bt_map_open(struct bt *t, struct bt_map *m, int fd);
void bt_map_done(struct bt_map *m);
/* ---------------------------------------------------------------- mapwalk.c */

/* A walk over all elements of a map. */
struct bt_walk {
	struct bt *t;
	struct bt_map *m;
	/*
	 * n elements: keys of key_size one behind the other, values each stride bytes after the one before (per-CPU:
	 * as a look-up gives them). err: -errno of one whose value cannot be read.
	 */
	void (*fn)(struct bt_walk *w, const uint8_t *keys, const uint8_t *values, size_t stride, uint32_t n,
		   int err);
	void *ctx;
	bool stop;            /* set by fn: enough */
	/* afterwards */
	bool whole;           /* false: the map changed too fast for its end to be found */
	unsigned restarts;    /* how often the key it stood on was gone */
	uint64_t gone;        /* keys that were seen and had gone before their values were read */
};
/* No key comes twice. 0 or -errno, -EOPNOTSUPP: the type has no walk. */
int bt_map_walk(struct bt_walk *w);
/* storage.c: local storage, owner by owner, with their numbers as keys. 0, -errno, -EOPNOTSUPP. */
int bt_storage_walk(struct bt_walk *w);
/* Is the key of an element a descriptor of its owner? */
bool bt_is_storage(uint32_t type);
/* keywalk.c: key by key; hash: a type whose walk begins again when the key it stands on is gone. 0 or -errno. */
int bt_key_walk(struct bt_walk *w, bool hash);
/* hashsplit.c: a large hash by two threads; *used is false when that does not go. 0 or -errno. */
int bt_hash_split(struct bt_walk *w, bool *used);

/* ---------------------------------------------------------------- elems.c */

/* Elements apart from their map: keys of key_size bytes, values of vsize bytes, one behind the other. */
struct bt_elems {
	struct bu_buf keys, values;
	struct bu_buf places; /* of a file: where each begins, size_t */
	size_t n;
	size_t skipped;       /* of a file: without a value */
	uint64_t unreadable;  /* of a map */
	size_t limit;         /* bytes at which reading a map ends, and cut is set; 0: none */
	bool cut;
};
static inline const uint8_t *bt_elem_key(const struct bt_map *m, const struct bt_elems *e, size_t i)
{
	/* queues have none */
	return e->keys.p ? e->keys.p + i * m->info.key_size : NULL;
}
static inline const uint8_t *bt_elem_value(const struct bt_map *m, const struct bt_elems *e, size_t i)
{
	return e->values.p + i * m->vsize;
}
/* All of a map. Status. */
int bt_elems_read(struct bt *t, struct bt_map *m, struct bt_elems *e);
/* Those of a JSON value, or of a file ("-": standard input); name is used in messages. Status. */
int bt_elems_parse(struct bt *t, const struct bt_map *m, struct bu_json *j, const char *name, struct bt_elems *e);
int bt_elems_file(struct bt *t, const struct bt_map *m, const char *path, struct bt_elems *e);
/* Their numbers by rising key; in the arena. NULL: no memory. */
uint32_t *bt_elems_sort(struct bt *t, const struct bt_map *m, const struct bt_elems *e);
int bt_elem_compare(const struct bt_map *m, const uint8_t *a, const uint8_t *b);
/* Can they be put into the map? Each key once, ids that are there. Status. */
int bt_elems_check(struct bt *t, const struct bt_map *m, const struct bt_elems *e);
/* Puts them into the map; exact: and removes all others. Status. */
int bt_elems_write(struct bt *t, struct bt_map *m, const struct bt_elems *e, bool exact);
void bt_elems_free(struct bt_elems *e);
/* queue.c: is it one, or a stack? All of it, the next first; taken out and put back. Status. */
bool bt_is_queue(const struct bt_map *m);
int bt_queue_read(struct bt *t, struct bt_map *m, struct bt_elems *e);
/* Puts them in so that the first is the next; exact: instead of what is there. Status. */
int bt_queue_write(struct bt *t, const struct bt_map *m, const struct bt_elems *e, bool exact);
/* Why elements of such maps cannot be put in from a file, or NULL. */
const char *bt_elems_unloadable(uint32_t type);
/* Where in a value the id of a map or program is, which an update takes as an fd; -1: it holds none. */
int bt_elem_id(const struct bt_map *m, enum bu_objkind *k);

/* ---------------------------------------------------------------- ringpeek.c, stack.c */

/* What nobody has consumed of a ring buffer, as elements of an array that is open. Status. */
int bt_ring_dump(struct bt *t, struct bt_map *m, uint64_t *found);
/* The memory map of a process. Status, said why; close in any case. */
int bt_procmap_open(struct bt *t, unsigned pid, struct bt_procmap **out);
void bt_procmap_close(struct bt_procmap *m);
/* The value of a stack_trace map as "frames": an array, or lines. */
void bt_put_frames(struct bt *t, const struct bt_map *m, const uint8_t *value);

/* ---------------------------------------------------------------- pattern.c */

/* What is the same in all elements of a map, and where the rest stands. {0} is none. */
struct bt_pattern {
	bool tried;
	char *text;           /* NULL: elements differ otherwise */
	size_t n, ks;
	/* bytes in hex: where, and which of an element's, the value's behind the key's */
	uint32_t *at, *from;
	size_t ndigits;
	/* values by their type */
	struct bt_mark *mark;
	size_t nmarks, cap;
	const uint8_t *sample;
	bool failed;
};
/* first: what stands before each. Afterwards text may still be NULL. */
void bt_pattern_make(struct bt *t, struct bt_map *m, struct bt_pattern *r, const char *first);
/* A place for the value at p of the sample, n bytes of a type. */
void bt_pattern_mark(struct bt_pattern *r, size_t at, uint32_t type, const uint8_t *p, size_t n, unsigned depth);
/* n elements as bt_walk has them. */
void bt_pattern_put(struct bt *t, const struct bt_pattern *r, const uint8_t *key, const uint8_t *value, size_t stride,
		    uint32_t n);
void bt_pattern_free(struct bt_pattern *r);

/* ---------------------------------------------------------------- dump.c, continued */

/* Bytes of output at which it is written. */
#define BT_OUT_BLOCK (512u << 10)
extern const char bt_hex_pairs[256][2];

/* One element: key and value, or -errno instead of a value. Typed text ends without a newline. */
void bt_put_elem(struct bt *t, struct bt_map *m, const char *key_name, const uint8_t *key,
		 const uint8_t *value, int err);
/* Bytes as upstream prints them: "01 02", rows of 16, a double blank in the middle. */
void bt_hex(struct bu_buf *b, const uint8_t *p, size_t n);
/* Bytes as ["0x01","0x02"]. */
void bt_hex_json(struct bu_buf *b, const uint8_t *p, size_t n);
/* The same as a value of the output. */
void bt_put_bytes(struct bt *t, struct bu_buf *scratch, const char *key, const uint8_t *p, size_t n);
const char *bt_kind(struct bt *t, const struct bu_kind *tab, unsigned n, uint32_t num);
/* "type" of a listing: the name, or the number when the table has none. */
void bt_put_kind(struct bt *t, const char *key, const struct bu_kind *tab, unsigned n,
		 uint32_t num, const char *fmt_name, const char *fmt_num);

#endif
