/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf-ld: what its files share. options -> object -> plan -> load -> life, each one file. */
#ifndef LD_H
#define LD_H

#include <signal.h>

#include "load/load.h"

struct ld_recorder;
struct ld_events;

/* --event-type [MAP=]TYPE */
struct ld_event_type { const char *map; /* NULL: any */ const char *type; };

struct ld_watch {
	const char *map;
	uint64_t interval; /* ns */
	/* while it runs */
	const struct bu_loaded_map *m;
	uint64_t due;      /* CLOCK_MONOTONIC, ns */
};

struct ld {
	struct bu_arena arena;
	struct bu_diags ds;
	/* the command line */
	struct bu_load_opts load;
	struct bu_set *sets; size_t capsets;
	struct bu_attach_req *attaches; size_t capattaches;
	struct bu_map_from *maps; size_t capmaps;
	const char **want; size_t capwant;
	struct bu_type_req *types; unsigned ntypes; size_t captypes;
	const char **only; size_t caponly;
	struct ld_watch *watch; unsigned nwatch; size_t capwatch;
	struct ld_event_type *event_types; unsigned nevent_types; size_t capevent_types;
	struct ld_say { const char *option, *name, *value; } *says; unsigned nsays; size_t capsays; /* of the VM's runs */
	bool no_events;
	bool printk;         /* --printk; in the foreground */
	int printk_fd;       /* -1: the VM */
	uint64_t printk_pos;
	struct bu_buf printk_text;
	const char *object;
	char **command;      /* NULL: none */
	enum bu_backend backend;
	bool backend_given;  /* by an option, not by the environment */
	enum bu_color_when color;
	bool json, dry_run, limited;
	unsigned verbose;
	uint64_t limit;      /* --for, ns */
	int ready_fd;        /* -1: none */
	const char *record;  /* --record FILE, or NULL */
	uint32_t record_pid; /* only events of that process; 0: all */
	int mark_fd;         /* -1: none */
	const char *replay;  /* --replay FILE, or NULL */
	const char *until;   /* the mark to stop at, or NULL: the end */
	const char *unload;  /* --unload PATH, --detach PIN, or NULL */
	const char *unload_word; /* which of the two */
	bool incomplete;     /* --keep-going: something that was asked for failed */
	int out_err;         /* -errno of writing to standard output */
	/* what it works on */
	struct bu_sys *sys;
	struct bu_obj obj;
	struct bu_plan plan;
	struct bu_loaded made;
	struct ld_recorder *recorder;
	struct ld_events *events;
	bool stays;          /* in the foreground */
	bool signalled;      /* and a signal ended that */
	struct bu_rec_reader *reader;
};

/* options.c */
enum { LD_GO = -1 };
/* Reads the command line. LD_GO, or the exit status when all is said (--help, a wrong word). */
int ld_options(struct ld *l, int argc, char **argv);

/* join.c */
/* Is the command line one of linking (-r, or called as ld)? And what it says, done: the exit status. */
bool ld_joins(int argc, char **argv);
int ld_join(struct ld *l, int argc, char **argv);

/* complete.c: candidates for a word of --attach. */
void ld_complete_attach(struct bu_buf *out, const char *word);

/* report.c */
/* Tells what is in l->ds from record 'from' on (NULL: all), errors and talk alike. */
void ld_tell(struct ld *l);
/* A failure: tells it, in JSON as one document on stdout. Returns the exit status for err. */
int ld_fail(struct ld *l, int err);
/*
 * What was made or attached. For people on stderr while we stay, on stdout when it is the result.
 * This and the next: 0, or -errno of standard output, also in l->out_err.
 */
int ld_result(struct ld *l, bool stays);
int ld_print_plan(struct ld *l);
/* Standard output failed with l->out_err: tells it, but for a reader who went away. The status. */
int ld_no_output(struct ld *l);

/* life.c */
/* The bu_load_opts.before_attach: recording and events begin, when they are asked for. */
int ld_before_attach(void *l, const struct bu_loaded *made, struct bu_diags *ds);
/* Takes over the signals; before anything is made, so that no signal leaves pins half done. */
int ld_signals(void);
/* Tells --ready-fd that all is attached. 0, or -EIO with a message. */
int ld_say_ready(struct ld *l);
/* Stays until a signal, the end of --for or of the command. The exit status. */
int ld_live(struct ld *l);

/* record.c */
/* A bu_load_opts.before_attach: the file, its maps, the copying programs. */
int ld_record_begin(void *l, const struct bu_loaded *made, struct bu_diags *ds);
/* What there is to wait for (at most 2 fds), and what to do when it has come. r may be NULL. */
unsigned ld_record_fds(const struct ld_recorder *r, int fds[2]);
int ld_record_step(struct ld_recorder *r);
/* Detaches; keep: the file gets its name, else it is gone. 0, or -errno with a message. */
int ld_record_end(struct ld *l, bool keep);
/* Appends an attachment as recordings and feeds name it. */
void ld_hook_name(struct bu_buf *b, const struct bu_attach *at);

/* letgo.c */
/* After a signal: hands to a child what takes long to be detached. */
void ld_let_go(struct ld *l);

/* events.c */
int ld_event_type_parse(struct ld *l, const char *arg);
/* Opens the streams of the maps that were made. 0, or -errno with a message. */
int ld_events_begin(struct ld *l, const struct bu_loaded *made);
unsigned ld_events_fds(const struct ld *l, const int **fds);
/* Prints what has come. 0, or -errno: of standard output, also in l->out_err, or with a message. */
int ld_events_step(struct ld *l);
/* Says what was lost, and closes. */
void ld_events_end(struct ld *l);

/* printk.c; 0, or -errno: with a message, or of standard output, also in l->out_err. */
int ld_printk_begin(struct ld *l);
int ld_printk_step(struct ld *l);
void ld_printk_end(struct ld *l);

/* replay.c */
/* Before the plan: checks the file, takes its hooks (unless --attach says) and maps into l->load. */
int ld_replay_open(struct ld *l);
/* options.c: --clock and its kin go to the VM. */
int ld_say(struct ld *l);
/* When all is attached: feeds the events. 0, or -errno with a message. */
int ld_replay_run(struct ld *l);
void ld_replay_close(struct ld *l);

/* iter.c */
/* Is there nothing attached but iterators? They are read, and then there is nothing to stay for. */
bool ld_iters_only(const struct ld *l);
/* Runs the iterators that are not pinned and prints what they write. 0, or -errno as ld_result or with a message. */
int ld_iters_print(struct ld *l);

/* unload.c */
/* Does --unload. The exit status. */
int ld_unload(struct ld *l);

/* watch.c */
int ld_watch_start(struct ld *l, uint64_t now);
/* Prints one map as it is. 0, or -errno: of standard output, also in l->out_err, or of the map,
 * with a message. */
int ld_watch_print(struct ld *l, const struct ld_watch *w, uint64_t now);

#endif
