/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record: recordings of the contexts that programs were called with, written and read.
 *
 * A file is the 8 bytes "bpfrec\r\n", a version (u32, 1), zero (u32), and items. All numbers are little
 * endian. An item is a kind (u32), the bytes of its body (u32), the body, and zeros up to a multiple of 8.
 * bpf-vm(7) gives the bodies. The last item is END, which counts the events: a file without it was cut
 * short. A reader passes over kinds that it does not know.
 */
#ifndef BU_RECORD_H
#define BU_RECORD_H

#include "base/base.h"

#define BU_REC_VERSION 1u
#define BU_REC_MAX_CTX 4096u       /* bytes of a context */
#define BU_REC_MAX_HOOKS 256u
#define BU_REC_MAX_FILE (1u << 30) /* what a reader takes */

enum bu_rec_kind {
	BU_REC_END = 0, BU_REC_HOOK = 1, BU_REC_MAP = 2, BU_REC_EVENT = 3, BU_REC_MARK = 4,
	BU_REC_LOST = 5,
};

struct bu_rec_hook {
	uint32_t index;     /* 0, 1, … in the order of the file */
	uint32_t prog_type; /* enum bpf_prog_type */
	uint32_t ctx_size;  /* bytes of each of its events' contexts */
	const char *hook;   /* "tracepoint:skb:kfree_skb" */
	const char *prog;   /* the program that was attached to it */
};
struct bu_rec_map {
	uint32_t type, key_size, value_size; /* value_size: as bpf(2) copies it, all CPUs' rows */
	uint32_t count;
	const char *name;
	const uint8_t *elems; /* count times key and value */
};
struct bu_rec_event {
	uint64_t time;      /* CLOCK_MONOTONIC, ns */
	uint32_t hook, cpu, pid, tgid, uid, gid; /* pid: of the thread, as the kernel calls it */
	char comm[16];
	const uint8_t *ctx; /* ctx_size bytes of its hook */
	uint32_t size;
};
struct bu_rec_item {
	enum bu_rec_kind kind;
	union {
		struct bu_rec_hook hook;
		struct bu_rec_map map;
		struct bu_rec_event event;
		const char *mark;
		uint64_t lost;   /* events that did not fit into the ring at this place */
		uint64_t events; /* END */
	};
};

/* ---- writing: beside, then renamed. Errors are sticky; the end tells. */

struct bu_rec_writer {
	struct bu_outfile file;
	struct bu_buf buf;
	uint64_t events;
	int err;
};
/* 0 or -errno of the file. */
int bu_rec_create(struct bu_rec_writer *w, const char *path);
void bu_rec_put(struct bu_rec_writer *w, const struct bu_rec_item *item);
/* Hands what is buffered to the file: 0 or the first error. */
int bu_rec_flush(struct bu_rec_writer *w);
/* END, and the name: 0 or -errno, then the file under path is as it was. Frees w. */
int bu_rec_finish(struct bu_rec_writer *w);
/* Instead of finish. */
void bu_rec_abandon(struct bu_rec_writer *w);

/* ---- reading: the whole file is checked as it is walked. */

struct bu_rec_reader {
	struct bu_buf file;
	size_t pos;
	uint64_t events;
	uint32_t nhooks;
	uint32_t ctx_size[BU_REC_MAX_HOOKS];
	bool ended;
	const char *why;  /* of the last error */
	size_t at;        /* and where: byte of the file */
};
/* 0; -errno of the file; -EINVAL, -EPROTO (another version) with r->why. */
int bu_rec_open(struct bu_rec_reader *r, const char *path);
/* The same over bytes in memory, which it copies. */
int bu_rec_open_mem(struct bu_rec_reader *r, const void *p, size_t n);
/* The next item, valid until close; strings end with NUL. 1; 0 behind END; -EINVAL with r->why, r->at. */
int bu_rec_next(struct bu_rec_reader *r, struct bu_rec_item *item);
/* From the first item again. */
void bu_rec_rewind(struct bu_rec_reader *r);
void bu_rec_close(struct bu_rec_reader *r);

#endif
