/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Case files: tests/case/README says what they look like. */
#ifndef RUNCASE_H
#define RUNCASE_H

#include "base/base.h"
#include "load/load.h"
#include "sys/sys.h"
#include "vm/vm.h"

/* What the kernel is expected to do with a case. */
enum on_kernel {
	KERNEL_SAME,    /* the same, r0 in full: the program is called by one that stores it */
	KERNEL_PLAIN,   /* the same, but only 32 bits of r0 can be seen */
	KERNEL_LOADS,   /* loads it; there is no way to run it */
	KERNEL_REFUSES, /* its verifier refuses it */
	KERNEL_NONE,    /* nothing: memory or a setting that only the VM has */
};

/* "NAME[KEY] = VALUE" and its like, as text with the line it stands in. */
struct line {
	struct bu_str text;
	unsigned no;
};
struct lines {
	struct line *at;
	size_t n, cap;
};

struct bytes {
	uint8_t *p;
	size_t n;
	bool given;
};

/* A program with one input and what comes of it. */
struct one {
	unsigned no;              /* line it begins in */
	const struct line *row;   /* of a table, or NULL */
	struct bytes ctx, packet, want_packet, want_ctx;
	bool has_ret, want_printk_given;
	uint64_t ret;
	struct lines before, after, memory, verdict;
	struct bu_buf want_printk;
};

struct column {
	struct bu_str name;
	bool text;                /* begins with $: put into the code */
};

struct file {
	const char *path;
	struct bu_arena arena;
	struct bu_buf text;
	char title[160];
	const char *type;         /* as in .section */
	enum on_kernel kernel;
	unsigned since;           /* kernel's version << 8 | minor */
	int load_err;             /* load: errno that both give; 0: loads */
	const char *load_text;    /* what the log says */
	const char *fault;        /* what the VM's fault says; NULL: none */
	struct lines env;         /* of the VM, as bu_vm_set has it */
	struct bu_str code;
	struct column col[8];
	unsigned ncol;
	struct bytes packet;      /* of each row of the table */
	struct one *ones;
	size_t nones, cap_ones;
	char error[240];          /* why it is no case file */
};
/* 0, or -EINVAL with error. */
int file_read(struct file *f, const char *path);
void file_free(struct file *f);
/* One value: number, { hex }, "text"; size bytes of it. The bytes taken of s, 0: none there. */
size_t value_parse(struct bu_str s, uint8_t *out, size_t size, bool *ok);
bool is_blank(char c);
struct bu_str trim(struct bu_str s);
/* The next word of *s, which moves on. */
struct bu_str word(struct bu_str *s);

/*
 * Runs all of a file on a backend: true, or false with why. s: struct bu_sys of the backend.
 */
bool exec_file(const struct file *f, struct bu_sys *s, bool kernel, struct bu_buf *why);
/* Assembles, prints, assembles again: same bytes? */
bool exec_round_trip(const struct file *f, struct bu_buf *why);
void exec_verbose(bool on);
/*
 * An fd of the machine by name, which stays open until things_close: a socket (listener, udp, connected, unbound),
 * this process (self), the root of the control groups (cgroup), a directory (file). -1: there is none.
 */
int thing_open(struct bu_str name);
void things_close(void);
/* Was a socket opened since the last call, where SO_COOKIE is not known (an emulator)? No map takes it then. */
bool things_lack_cookies(void);
/* Puts a sample into a user_ringbuf as user space does; with discard, one that is to be passed over. */
bool sample_put(struct bu_sys *s, int map, const uint8_t *value, uint32_t n, bool discard);
/* A case has been run in the VM with success, by these programs and maps. */
void cover_note(struct bu_sys *s, const struct bu_loaded *l);
/* Instructions, helpers and map types that no noted case has: their number, and a line for each. */
unsigned cover_missing(struct bu_buf *why);
/* trace_printk goes to the world's ring, and is not compared. */
void exec_trace_to_world(void);

#endif
