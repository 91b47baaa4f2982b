/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vlog: what the kernel's verifier wrote of a program that it refused, read and told in words.
 *
 *   vlog.c      the lines: reason, instruction, path, what each register holds, the newer report
 *   vlogreg.c   one register's state, of any kernel since 4.14, and its words
 *   vreason.c   the verifier's messages by pattern (vreason.def): cause and remedy
 *   vtell.c     all of it as one diagnostic
 *
 * A log is untrusted text: it may be cut off at either end, and hold lines that nobody here knows.
 */
#ifndef BU_LOAD_VLOG_H
#define BU_LOAD_VLOG_H

#include "load/load.h"

/* ---------------------------------------------------------------- one register */

enum bu_vkind {
	BU_V_UNKNOWN,           /* a word that is not known here; .type has it */
	BU_V_SCALAR, BU_V_CTX, BU_V_FP, BU_V_PKT, BU_V_PKT_META, BU_V_PKT_END, BU_V_MAP_PTR,
	BU_V_MAP_VALUE, BU_V_MAP_KEY, BU_V_MEM, BU_V_BTF, BU_V_SOCK, BU_V_BUF, BU_V_FUNC,
	BU_V_ARENA, BU_V_DYNPTR, BU_V_ITER, BU_V_FLOW_KEYS, BU_V_BYTES /* "mmmm0000": of a stack slot */
};
enum {
	BU_V_OR_NULL = 1, BU_V_RDONLY = 2, BU_V_UNTRUSTED = 4, BU_V_TRUSTED = 8, BU_V_RCU = 16,
	BU_V_PERCPU = 32, BU_V_USER = 64, BU_V_RINGBUF = 128, BU_V_ALLOC = 256, BU_V_PRECISE = 512,
};
/* Numbers that stand in a state: bits of bu_vval.has. */
enum bu_vfield {
	BU_VF_ID, BU_VF_REF, BU_VF_OFF, BU_VF_R, BU_VF_KS, BU_VF_VS, BU_VF_IMM, BU_VF_SIZE,
	BU_VF_SMIN, BU_VF_SMAX, BU_VF_UMIN, BU_VF_UMAX, BU_VF_SMIN32, BU_VF_SMAX32, BU_VF_UMIN32,
	BU_VF_UMAX32, BU_VF_VALUE, BU_VF_MASK, BU_VF_N
};
struct bu_vval {
	enum bu_vkind kind;
	uint32_t flags;         /* BU_V_OR_NULL … */
	uint32_t has;           /* 1 << enum bu_vfield */
	uint64_t num[BU_VF_N];  /* signed ones as two's complement */
	struct bu_str type;     /* the word in front: "map_value_or_null", "ptr_task_struct" */
	struct bu_str map;      /* map=NAME, or .p NULL */
	struct bu_str state;    /* of an iterator: "active" */
	bool constant;          /* a scalar or fp with one value, in num[BU_VF_IMM] */
};
/* Reads a state as printed, "scalar(umax=255,var_off=(0x0; 0xff))". Always fills *v. */
void bu_vval_read(struct bu_vval *v, struct bu_str text);
/* What it is in words that follow "r1 ": "is a number from 0 to 255". */
void bu_vval_words(struct bu_buf *out, const struct bu_vval *v);

/* ---------------------------------------------------------------- the log */

/* One state that the log shows: of a register (0 to 10) or a stack slot (negative offset from r10). */
struct bu_vstate {
	int32_t which;
	uint32_t frame;
	struct bu_str text;
};
/* A conditional jump on the way to the refused instruction. */
struct bu_vbranch { uint32_t insn, to; bool taken; };
/* One entry of a newer kernel's "Causal path". */
struct bu_vevent { int64_t insn; struct bu_str label, text, file; uint32_t line; };

#define BU_VLOG_SLOTS 64 /* stack slots of a frame that are kept */
struct bu_vlog_full {
	struct bu_vlog v;
	uint32_t frame;                 /* the function that was being followed, 0: the program itself */
	struct bu_vstate reg[11];       /* of that frame, before the instruction; .text.p NULL: not set, or not told */
	struct bu_vstate slot[BU_VLOG_SLOTS]; unsigned nslots;
	bool states;                    /* whether reg and slot are told at all: a cut log may not */
	struct bu_vbranch *path; size_t npath; /* in order of time */
	uint32_t *step; size_t nstep;   /* instructions on the path, the refused one last */
	struct bu_str source;           /* the last "; source text" line */
	uint64_t processed;             /* instructions followed in all; 0: not told */
	/* The newer report; .p NULL where there is none. Paragraphs with their line breaks. */
	struct bu_str title, why, suggestion;
	struct bu_str file; uint32_t line, col;
	struct bu_vevent *event; size_t nevent;
};
/*
 * Reads a whole log. code (may be NULL) tells what each instruction writes, so that registers which
 * a log does not mention are known. Strings point into log, lists are in a. True: there is a reason.
 */
bool bu_vlog_read_full(struct bu_vlog_full *f, const char *log, const struct bu_code *code, struct bu_arena *a);

/* Registers an instruction reads, as bits; with writes, those it sets or spoils. */
uint16_t bu_vlog_reads(const struct bu_insn *in);
uint16_t bu_vlog_writes(const struct bu_insn *in);

/*
 * The step of the path at which what register reg holds at the end was made: a call, a load, a constant,
 * through copies and spills; -1: not on the path that the log shows.
 */
int64_t bu_vlog_origin(const struct bu_vlog_full *f, const struct bu_code *code, unsigned reg);

/* ---------------------------------------------------------------- reasons */

struct bu_vreason {
	const char *code;    /* "V0101"; --explain knows it */
	bool tail;           /* a line that ends what the line above it has said */
	const char *pattern; /* the message: %d number, %x hex, %s anything */
	const char *title, *cause, *help;
};
#define BU_VREASON_ARGS 8
struct bu_vmatch {
	const struct bu_vreason *row;
	struct bu_str arg[BU_VREASON_ARGS]; unsigned nargs;
};
extern const struct bu_vreason bu_vreasons[];
extern const unsigned bu_nvreasons;
/* The row for a message; false: none. */
bool bu_vreason_match(struct bu_vmatch *m, struct bu_str text);
/* As that, by the reason and the line above it. */
bool bu_vreason_find(struct bu_vmatch *m, const struct bu_vlog *v);
/* A text of the row with %1 … %8 replaced by what the message has there. */
void bu_vreason_text(struct bu_buf *out, const struct bu_vmatch *m, const char *text);

/* ---------------------------------------------------------------- telling */

struct bu_vtell {
	const char *prog;             /* its name */
	const struct bu_code *code;
	const struct bu_btf *btf;     /* of the object, or NULL */
	const char *(*map_name)(void *ctx, uint32_t insn); /* that an instruction loads, or NULL */
	void *ctx;
};
struct bu_vtold {
	bool known;     /* a row says the cause, so that no further guess is called for */
	int32_t helper; /* the number of one that the program may not call; 0: that is not the matter */
};
/*
 * Adds the error record for a log with a reason: source line, instruction, registers, cause, remedy, and
 * the same as a "verifier" member of its JSON form. NULL: the log holds no reason.
 */
struct bu_diag *bu_vlog_tell(const struct bu_vtell *t, const char *log, struct bu_diags *ds, struct bu_vtold *told);

#endif
