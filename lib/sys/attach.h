/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach: drivers of hooks. lib/isa/hook.def names the driver of each hook; a driver reads the target,
 * attaches, and undoes what closing the fds does not undo. blame.c puts refusals into words.
 */
#ifndef BU_ATTACH_H
#define BU_ATTACH_H

#include "sys/sys.h"

/* ---------------------------------------------------------------- targets */

enum bu_attach_opt_id {
#define BU_ATTACH_OPT(id, name, valued, what) BU_ATTACH_OPT_##id,
#include "sys/attachopt.def"
#undef BU_ATTACH_OPT
	BU_NATTACH_OPTS
};

/* A target that is being read. */
struct bu_attach_parser {
	struct bu_attach *at;
	const char *target;
	const char *rest;                   /* the target without its options */
	struct bu_arena *arena;
	struct bu_diags *ds;
	struct bu_str opt[BU_NATTACH_OPTS]; /* values; .p NULL: not given */
	uint64_t given;                     /* bits by option, cleared when asked for */
};

/* Adds help to d when what stands behind the last comma of text is nearly an option. */
void bu_attach_opt_help(const char *text, struct bu_diags *ds, struct bu_diag *d);
/* Says that the target is wrong and how it is written; -EINVAL. */
int bu_attach_bad(struct bu_attach_parser *p, const char *form, const char *why);
/* A copy in the arena; what bu_arena_failed tells is looked at by the caller of the driver. */
const char *bu_attach_keep(struct bu_attach_parser *p, struct bu_str s);
/* Cuts s at the last c. */
bool bu_attach_cut(struct bu_str s, char c, struct bu_str *left, struct bu_str *right);
/* One word: no blank, control character, '/', ':' or ','. */
bool bu_attach_word(struct bu_str s);
/* NAME[+OFFSET] into *name and p->at->offset. 0, or -EINVAL where the offset is no number. */
int bu_attach_offset(struct bu_attach_parser *p, struct bu_str s, struct bu_str *name);
/* Was this option given? Its value (empty without one) into *v, which may be NULL. */
bool bu_attach_opt(struct bu_attach_parser *p, enum bu_attach_opt_id id, struct bu_str *v);
/* A number as the option's value: 0 (*v untouched when it was not given), -EINVAL with a message. */
int bu_attach_opt_u64(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint64_t *v);

/* The same for the number of a process or task, not 0. */
int bu_attach_opt_pid(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint32_t *v);
/* A word or a path (no blanks or control characters at all) as the option's value into *v. */
int bu_attach_opt_text(struct bu_attach_parser *p, enum bu_attach_opt_id id, const char **v);

/* ---------------------------------------------------------------- drivers */

/* One attachment in the making. */
struct bu_attaching {
	struct bu_sys *s;
	const struct bu_attach *at;
	int prog_fd;
	enum bu_attach_via via;
	struct bu_attached *out;
	struct bu_diags *ds;
};

struct bu_attach_driver {
	/* The target without its options into p->at. 0, or -EINVAL by bu_attach_bad. */
	int (*parse)(struct bu_attach_parser *p, struct bu_str target);
	/* Fills c->out; on an error with a message, what is in c->out is undone by the caller. */
	int (*attach)(struct bu_attaching *c);
	/* What does not end with the fds; NULL: nothing. 0, or the -errno of what is still there. */
	int (*detach)(struct bu_sys *s, struct bu_attached *at);
	/* Is that link of this attachment's place? NULL: it cannot be told. */
	bool (*same)(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link);
	bool no_target; /* TARGET may be left out */
	uint32_t names; /* 1 + enum bu_names of the targets, 0: there is no list */
};
/* The hook's driver, NULL for BU_HOOK_NONE. */
const struct bu_attach_driver *bu_attach_driver(enum bu_hook hook);

#define BU_HOOK(id, name, ptype, driver) extern const struct bu_attach_driver bu_driver_##driver;
#include "isa/hook.def"
#undef BU_HOOK

/* Closes *fd, if it is open, and makes it -1. */
void bu_attach_close(struct bu_sys *s, int *fd);
/* Nothing yet. */
void bu_attached_init(struct bu_attached *at, enum bu_hook hook);
/* Adds the link or event of one, which is then out's, to those of out. 0 or -ENOMEM. */
int bu_attach_more(struct bu_attached *out, struct bu_attached *one);
/* attach_perf.c: the names of the events of a kind. */
int bu_perf_names(enum bu_hook hook, bu_name_fn *fn, void *ctx);
/*
 * attach_probe.c: an event of all processes (pid -1) on one CPU, into c->out->event_fd; and the program
 * tied to it, by a link that then holds the event, or by ioctl. -errno with a message.
 */
struct perf_event_attr;
int bu_attach_open_event(struct bu_attaching *c, struct perf_event_attr *a, int pid, int cpu);
int bu_attach_bind_event(struct bu_attaching *c);
/* Fills type and return bit of a probe's event source. 0 or -EOPNOTSUPP with the message. */
int bu_attach_probe_event(struct bu_attaching *c, struct perf_event_attr *a, const char *pmu, bool ret);
/*
 * attach_uprobe.c: at->a becomes the path of the file that it means; -ENOENT with a message. A probe at an
 * offset of that file (ref_ctr: offset of its reference counter, or 0), as c's only or as one more.
 */
int bu_attach_file(struct bu_attaching *c, struct bu_attach *at);
int bu_attach_uprobe_at(struct bu_attaching *c, const char *path, uint64_t off, uint64_t ref_ctr);
int bu_attach_one_of_many(struct bu_attaching *c, const char *path, uint64_t off, uint64_t ref_ctr);
/* attach_kprobe.c: at the function c->at->a + offset. */
int bu_attach_kprobe_at(struct bu_attaching *c);
/*
 * attach_tracefs.c: is there that file (kprobe_events, uprobe_events) and may it be written; a probe by a line in
 * it, with a message when it cannot be; its end.
 */
bool bu_attach_tracefs_has(struct bu_attaching *c, const char *file);
int bu_attach_tracefs(struct bu_attaching *c, const char *file, bool ret, const char *place, uint64_t off,
		      uint64_t ref_ctr);
void bu_attach_tracefs_end(struct bu_sys *s, struct bu_attached *at);
/* Pattern i of those that '+' parts into one; false: there is no such. */
bool bu_attach_pattern(const char *patterns, unsigned i, struct bu_buf *one);

/* ---------------------------------------------------------------- refusals
 *
 * Each adds one error record that says why the step failed, and returns the -errno that
 * bu_sys_attach is to return: err itself, or -EOPNOTSUPP where this kernel cannot do it at all.
 */
int bu_blame_pmu(struct bu_attaching *c, const char *pmu, int err);
int bu_blame_event(struct bu_attaching *c, int err);  /* perf_event_open, enable */
int bu_blame_cookie(struct bu_attaching *c);
int bu_blame_bind(struct bu_attaching *c, int err);   /* program to event */
int bu_blame_tracepoint(struct bu_attaching *c, int err);
int bu_blame_raw_tp(struct bu_attaching *c, int err);
int bu_blame_symbol(struct bu_attaching *c, int err, const char *near); /* uprobe's ELF */
int bu_blame_device(struct bu_attaching *c, int err);
/* What has no causes of its own; cmd: the command, for what permission it needs; step: "making a link". */
int bu_blame_step(struct bu_attaching *c, int cmd, const char *step, int err);
/* c->at->a is not there, is there several times, or cannot be traced. */
int bu_blame_untraceable(struct bu_attaching *c);
int bu_blame_multi(struct bu_attaching *c, int err);
int bu_blame_perf(struct bu_attaching *c, int err);
int bu_blame_btf(struct bu_attaching *c, int err);
int bu_blame_iter(struct bu_attaching *c, int err);
int bu_blame_cgroup(struct bu_attaching *c, int err);
/* Warns that the kernel runs no LSM programs, though it has attached one. */
void bu_blame_lsm_list(struct bu_attaching *c);
/* The start of each sentence: "kprobe:__alloc_skb". */
const char *bu_blame_subject(struct bu_attaching *c);
/* cmd: BPF_LINK_CREATE or BU_CMD_NETLINK; words: the driver's, or "". */
int bu_blame_xdp(struct bu_attaching *c, int cmd, int err, const char *words);

#endif
