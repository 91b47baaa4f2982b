/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * isa: the instruction set and the field's other tables, and what reads them.
 *
 * One row per thing. isa.def holds one row per instruction form; the same template prints and
 * parses it. helper.def, maptype.def, progtype.def, attachtype.def, linktype.def, section.def,
 * const.def and field.def hold helpers, types, section names, UAPI constants and context fields.
 * All tables are constant; all functions here are pure and may be called from any thread.
 *
 * Sources: RFC 9669; the kernel's UAPI (linux/bpf.h) for numbers.
 */
#ifndef BU_ISA_H
#define BU_ISA_H

#include "base/base.h"

/* ---------------------------------------------------------------- instructions */

/*
 * One 8-byte slot, decoded.
 *
 *   byte 0    byte 1               bytes 2-3   bytes 4-7
 *   code      src<<4|dst (LE)      off (s16)   imm (s32)
 *             dst<<4|src (BE)
 *
 * ld_imm64 (0x18) takes two slots; the second has code 0 and the upper half of the value in imm.
 */
struct bu_insn {
	uint8_t code;
	uint8_t dst, src; /* 0..15 */
	int16_t off;
	int32_t imm;
};

#define BU_INSN_SIZE 8u
#define BU_OP_LD_IMM64 0x18
#define BU_OP_CALL 0x85
#define BU_OP_CALLX 0x8d
#define BU_OP_EXIT 0x95
#define BU_OP_JA 0x05
#define BU_OP_JA32 0x06

/* src of ld_imm64 */
enum bu_ld_imm64_src {
	BU_PSEUDO_MAP_FD = 1, BU_PSEUDO_MAP_VALUE = 2, BU_PSEUDO_BTF_ID = 3, BU_PSEUDO_FUNC = 4,
	BU_PSEUDO_MAP_IDX = 5, BU_PSEUDO_MAP_IDX_VALUE = 6,
};
/* src of call */
enum bu_call_src { BU_CALL_HELPER = 0, BU_CALL_LOCAL = 1, BU_CALL_KFUNC = 2 };

static inline void bu_insn_decode(struct bu_insn *out, const uint8_t in[8], bool be)
{
	if (be == BU_HOST_BE && !be) {
		__builtin_memcpy(&out->off, in + 2, 2);
		__builtin_memcpy(&out->imm, in + 4, 4);
		out->code = in[0];
		out->dst = in[1] & 15;
		out->src = in[1] >> 4;
		return;
	}
	out->code = in[0];
	out->dst = be ? in[1] >> 4 : in[1] & 15;
	out->src = be ? in[1] & 15 : in[1] >> 4;
	out->off = (int16_t)bu_get16(in + 2, be);
	out->imm = (int32_t)bu_get32(in + 4, be);
}
void bu_insn_encode(uint8_t out[8], const struct bu_insn *in, bool be);

/* Which field tells apart the rows that share an opcode byte. */
enum bu_isa_key { BU_KEY_NONE, BU_KEY_SRC, BU_KEY_OFF, BU_KEY_IMM };

/* Semantic operations; verifier, interpreter and JIT switch on these. The rows say which exist. */
enum bu_sem {
	BU_SEM_ADD, BU_SEM_SUB, BU_SEM_MUL, BU_SEM_DIV, BU_SEM_OR, BU_SEM_AND, BU_SEM_LSH,
	BU_SEM_RSH, BU_SEM_MOD, BU_SEM_XOR, BU_SEM_MOV, BU_SEM_ARSH, BU_SEM_SDIV, BU_SEM_SMOD,
	BU_SEM_NEG, BU_SEM_MOVSX, BU_SEM_LE, BU_SEM_BE, BU_SEM_BSWAP, BU_SEM_ADDR_SPACE_CAST,
	BU_SEM_JA, BU_SEM_JX, BU_SEM_MAY_GOTO, BU_SEM_JEQ, BU_SEM_JGT, BU_SEM_JGE, BU_SEM_JSET,
	BU_SEM_JNE, BU_SEM_JSGT, BU_SEM_JSGE, BU_SEM_JLT, BU_SEM_JLE, BU_SEM_JSLT, BU_SEM_JSLE,
	BU_SEM_CALL, BU_SEM_CALL_LOCAL, BU_SEM_CALL_KFUNC, BU_SEM_CALLX, BU_SEM_EXIT,
	BU_SEM_LD_IMM64, BU_SEM_LD_ABS, BU_SEM_LD_IND, BU_SEM_LDX, BU_SEM_LDSX, BU_SEM_ST,
	BU_SEM_STX, BU_SEM_ATOMIC, BU_SEM_LOAD_ACQUIRE, BU_SEM_STORE_RELEASE,
};

/*
 * A row of isa.def.
 *
 * Template: literal text; single blanks are optional white space; fields are
 *   %d %s   dst, src as r0..r10        %D %S   the same as w0..w10
 *   %i      imm, 32 bits               %I      the 64-bit value of ld_imm64
 *   %o      a signed memory offset with its sign: "+ 8", "- 8", or nothing for 0
 *   %t      16-bit jump target (off)   %T      32-bit jump target (imm)
 *   %h      helper (imm)               %l      local function (imm)   %k kfunc (imm)
 *   %x %y %j %m   the further fields some rows have (see isa.def)
 * %% is a percent sign. A repeated register field means the same register.
 */
enum bu_isa_uses { BU_USES_DST = 1, BU_USES_SRC = 2, BU_USES_OFF = 4, BU_USES_IMM = 8 };

struct bu_isa {
	const char *name;     /* "ADD64_K"; unique */
	uint8_t code;
	uint8_t key;          /* enum bu_isa_key */
	int32_t keyval;
	uint8_t sem;          /* enum bu_sem */
	uint8_t width;        /* bits operated on: 8, 16, 32, 64 */
	uint8_t uses;         /* enum bu_isa_uses: fields that carry something; others are zero */
	const char *templ;    /* canonical text */
	uint8_t isa;          /* instruction set version 1..4, 5: newer than v4 */
	uint16_t since;       /* first kernel, major<<8|minor: 0x0606; 0: none so far */
};

extern const struct bu_isa bu_isa_rows[];
extern const unsigned bu_isa_nrows;

/* The row that names insn (reserved fields zero, registers r0 to r10), or NULL. Constant time. */
const struct bu_isa *bu_isa_find(const struct bu_insn *insn);
/* As bu_isa_find, but junk in fields the row does not use, and r11 to r15, are let pass. */
const struct bu_isa *bu_isa_find_loose(const struct bu_insn *insn);

/*
 * Names for what an instruction refers to; each may be NULL or append nothing and return false,
 * then the number is printed ("goto +3", "call 1", "r1 = 7 ll").
 */
struct bu_isa_names {
	void *ctx;
	/* target is an absolute instruction index (jumps, local calls). */
	bool (*label)(void *ctx, struct bu_buf *out, int64_t target);
	bool (*helper)(void *ctx, struct bu_buf *out, int32_t id);
	/* ld_imm64 of any src; val is the 64-bit value. Writes the whole right side ("skbs ll"). */
	bool (*imm64)(void *ctx, struct bu_buf *out, const struct bu_insn *insn, uint64_t val);
	/*
	 * bu_isa_print_kernel only: any call whose helper the built-in table does not know. Writes
	 * what stands for the callee: after "call pc" ("+18#name") when src is 1, else between
	 * "call " and "#imm".
	 */
	bool (*call)(void *ctx, struct bu_buf *out, const struct bu_insn *insn);
};

/*
 * Prints insn in the canonical dialect, one line without newline. next: the second slot of
 * ld_imm64, else NULL. pc: its index, for label(). What no row names is printed as
 * ".insn code, dst, src, off, imm"; an ld_imm64 with an odd second slot as two such lines with a
 * newline between. Returns 0 or -ENOMEM.
 */
int bu_isa_print(struct bu_buf *out, const struct bu_insn *insn, const struct bu_insn *next,
		 int64_t pc, const struct bu_isa_names *names);

/*
 * Prints insn as the kernel's disassembler does, without the "(op) " prefix: what upstream
 * bpftool's "prog dump xlated" shows ("r1 = *(u64 *)(r2 -8)", "goto pc+1", "call bpf_map_lookup_elem#1").
 * names->call and names->imm64 may replace the operands. Returns 0 or -ENOMEM.
 */
int bu_isa_print_kernel(struct bu_buf *out, const struct bu_insn *insn, const struct bu_insn *next,
			int64_t pc, const struct bu_isa_names *names);

/* ---------------------------------------------------------------- dialects */

/*
 * Ways to write the same instructions. The first two share their templates (isa.def and alt.def), the
 * others theirs (dialect.def); a set of dialects is a mask of 1 << dialect.
 */
enum bu_dialect {
	BU_DIALECT_CANONICAL,   /* what clang, the kernel and we print: r1 = 2 */
	BU_DIALECT_PSEUDOC,     /* GNU as -mdialect=pseudoc: r1=2 */
	BU_DIALECT_GNU,         /* GNU as's mnemonics: mov %r1,2 */
	BU_DIALECT_CONFORMANCE, /* bpf_conformance */
	BU_DIALECT_UBPF, BU_DIALECT_RBPF,
	BU_NDIALECT,
};
#define BU_DIALECTS_PSEUDOC (1u << BU_DIALECT_CANONICAL | 1u << BU_DIALECT_PSEUDOC)
#define BU_DIALECTS_ALL ((1u << BU_NDIALECT) - 1)
const char *bu_dialect_name(enum bu_dialect d);
/* enum bu_dialect; "normal" is GNU as's word for its mnemonics; -ENOENT */
int bu_dialect_by_name(struct bu_str name);

/* ---------------------------------------------------------------- matching text */

/* Which field an operand expression fills; tells the range. */
enum bu_field {
	BU_FIELD_IMM,    /* s32 or u32 */
	BU_FIELD_IMM64,  /* 64 bits, may be a symbol */
	BU_FIELD_OFF,    /* s16 memory offset */
	BU_FIELD_TARGET, /* jump: a label, or +N/-N (s16, in instructions from the next one) */
	BU_FIELD_TARGET32,
	BU_FIELD_HELPER, /* name or number */
	BU_FIELD_LOCAL,  /* a label, or +N/-N, or pc+N */
	BU_FIELD_KFUNC,
	BU_FIELD_MAP,    /* "map N": small number local to the object */
	BU_FIELD_X, BU_FIELD_Y, /* plain numbers */
};

/* Could another field have stood in an operand's place? Which one depends on its text then. */
enum bu_choice { BU_CHOICE_NONE, BU_CHOICE_CALL /* HELPER or LOCAL */, BU_CHOICE_OTHER };

/* What the caller's parser made of an operand; opaque to the matcher. */
struct bu_operand {
	bool present;
	bool symbolic;       /* val is not final; expr says what it is */
	bool relative;       /* TARGET, LOCAL: written as +N or -N */
	uint8_t field;       /* enum bu_field; set by the matcher */
	uint8_t choice;      /* enum bu_choice; set by the matcher */
	int64_t val;
	uint64_t expr;       /* the caller's handle */
	struct bu_str text;  /* where it stood in the statement */
};

struct bu_matcher {
	void *ctx;
	uint32_t dialects; /* the set that is read; 0: BU_DIALECTS_PSEUDOC */
	/* What looks like a register may be a symbol of a compiler: r64, or r1 where registers have a %. */
	bool far_names, bare_names;
	/*
	 * Parses the longest operand at the start of s for field f. Returns the bytes taken, 0 when
	 * there is none there; must have no lasting side effect, as the match may be abandoned.
	 * s starts with no blank. OFF starts with its sign ("- 8) = r1"): val is -8, and so does
	 * the IMM of "skb[r2 + 4]". HELPER should decline names that are no helper's: LOCAL is
	 * asked next. The "pc" of "goto pc+1" is taken by the matcher. A register name inside a
	 * symbolic operand is refused by the matcher.
	 */
	size_t (*operand)(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out);
};

struct bu_match {
	const struct bu_isa *row;
	uint8_t dst, src;
	uint32_t dialects; /* those of the matcher's in which the text means this */
	/* by field; IMM, IMM64, HELPER, LOCAL, KFUNC, TARGET32, MAP share imm; OFF, TARGET off */
	struct bu_operand imm, off, x, y;
	/* the registers in order, and what each is: 1 dst, 2 src, 3 a literal r0 */
	uint8_t nregs, reg_field[4];
};

/* Where and why a statement is no instruction: the most specific of all mismatches. */
struct bu_mismatch {
	size_t pos;            /* byte in the statement where the best candidate stopped */
	size_t len;            /* bytes of the offending token, at least 1 */
	const char *expected;  /* "a register r0 to r10", static, or NULL */
	const struct bu_isa *near; /* best candidate, or NULL */
};

/*
 * Finds the one row whose template, or alternate spelling, matches all of stmt (comments and label
 * stripped). Returns 0, or -ENOENT with *err filled. Cost is about that of reading the text once.
 * With dialects of both kinds pseudo-C is tried first; *out tells the dialects that agree.
 */
int bu_isa_match(const struct bu_matcher *m, struct bu_str stmt, struct bu_match *out,
		 struct bu_mismatch *err);

/*
 * The instruction that a match describes: fills out and returns the slots, 1 or 2. A symbolic
 * operand counts as its val. -ERANGE: *bad (may be NULL) is the operand that does not fit its
 * field; it is cut to fit in out all the same.
 */
int bu_match_encode(const struct bu_match *m, struct bu_insn out[2], const struct bu_operand **bad);

/* For did-you-mean: the words of the templates (goto, be16, u64, atomic_fetch_add …). */
void bu_isa_words_feed(struct bu_near *near);
/* The same of the dialects with mnemonics (mov, ldxdw, jeq …). */
void bu_isa_mnemonics_feed(struct bu_near *near);

/* ---------------------------------------------------------------- statements by shape */

/*
 * Statements that look like an earlier one but for registers, numbers and names.
 *
 * A scan reads a statement once and makes its shape: the words and operators, with a class in place
 * of each register, number and name. The first statement of a shape goes through the matcher; what
 * it found (the row, and which token is which operand) is learned, so that the next one costs one
 * scan and one look-up. The templates stay the only truth: a shape is learned only when the
 * matcher's choice could not depend on more than the shape, everything else takes the long way.
 *
 * A scan declines what it does not know (a register that does not exist, a number with a suffix,
 * a string, a comment amid the statement …); that says nothing about the statement.
 */
enum { BU_SHAPE_VALS = 4, BU_SHAPE_REGS = 4, BU_SHAPE_TOKENS = 16 };

/* A number or a name amid a statement. */
struct bu_shape_val {
	const char *p;
	uint32_t n;
	bool is_name;
	uint64_t num;  /* a number: its value */
	uint32_t hash; /* a name: bu_word_hash() */
};

struct bu_scan {
	uint64_t key[2];
	const char *end;  /* behind the statement: at the newline, ';' or comment that ends it */
	unsigned nregs, nvals;
	uint8_t reg[BU_SHAPE_REGS + 1]; /* the n-th from 1; reg[0] is 0 */
	struct bu_shape_val val[BU_SHAPE_VALS];
};

/* Where an operand stands: in val[at - 1], with a minus before it or not. */
struct bu_shape_at {
	uint8_t at; /* 0: the row has none, or it was left out */
	bool minus, sign;
	uint8_t field; /* enum bu_field */
};

struct bu_shape {
	uint64_t key[2];
	const struct bu_isa *row; /* NULL: statements of this shape take the long way */
	struct bu_insn base;      /* code and what the row fixes */
	uint8_t dst, src;         /* index into bu_scan.reg */
	struct { uint8_t reg, as; } same[BU_SHAPE_REGS]; /* registers that must be equal */
	uint8_t nsame;
	bool wide;
	bool by_name;             /* call NAME: a helper if it is one's name, else a function */
	struct bu_shape_at imm, off;
	uint8_t user;             /* the caller's, with lo and hi; 0 when it is learned */
	int32_t lo, hi;
};

enum { BU_SHAPES = 1024 };

struct bu_shapes {
	struct bu_shape_word { uint64_t head; uint16_t n; uint8_t tok; } word[512];
	const struct bu_lex_words *words; /* of the dialects' templates; NULL: of two kinds, no scan */
	uint32_t dialects;
	struct bu_shape shape[BU_SHAPES];
	bool skels;            /* no word is spelled as a name that a skeleton leaves out */
	uint32_t epoch;        /* of the shapes that skeletons were learned of */
	struct bu_skel *skel;  /* on the heap, or NULL */
	uint32_t nskel;        /* that were learned so far */
	bool avx2;             /* this machine has it */
};

/* Forgets all shapes. What is learned is for m's dialects: call again when they change. */
void bu_shapes_init(struct bu_shapes *s, const struct bu_matcher *m);

/*
 * Reads the statement at p (no blanks, label or comment before it) in a text that ends at e with a
 * NUL. false: declined.
 */
bool bu_shape_scan(const struct bu_shapes *s, const char *p, const char *e, struct bu_scan *out);

/* What was learned of the shape, or NULL. */
static inline uint32_t bu_shape_hash(const uint64_t key[2])
{
	return (uint32_t)((key[0] * 0x9e3779b97f4a7c15u ^ key[1] * 0xc2b2ae3d27d4eb4fu) >> 54);
}
static inline const struct bu_shape *bu_shape_find(const struct bu_shapes *s, const struct bu_scan *c)
{
	uint32_t h = bu_shape_hash(c->key);

	for (unsigned i = 0; i < 4; i++) {
		const struct bu_shape *t = &s->shape[(h + i) % BU_SHAPES];

		if (t->key[0] == c->key[0] && t->key[1] == c->key[1])
			return t;
	}
	return NULL;
}

/*
 * Notes what the matcher made of the scanned statement. Returns what was learned, for the caller to
 * add its own; NULL: statements of this shape take the long way.
 */
struct bu_shape *bu_shape_learn(struct bu_shapes *s, const struct bu_scan *c, const struct bu_match *m);

/*
 * Whole lines that look like an earlier one, byte for byte but for what a skeleton leaves out: the digit of
 * r0 to r9 and w0 to w9, numbers, and names that begin with '.' or a capital, all of the same length.
 * Two such lines have one shape, with the same operands at the same bytes, so that one look-up takes
 * the place of a scan. Only a line that the scan has taken whole is learned, and only on machines with SSE2.
 */
struct bu_skel_reg { uint8_t at, mask, is; }; /* the register is (p[at] & mask) | is */
struct bu_skel_val { uint8_t at, n; bool is_name, fixed; }; /* fixed: the name is part of the skeleton */
struct bu_skel {
	uint8_t text[32];
	uint32_t names, epoch;
	uint32_t id;                 /* no other has it; not 0 */
	const struct bu_shape *shape;
	struct bu_skel_reg dst, src;
	struct bu_skel_val imm, off; /* n 0: none */
	uint8_t n;                   /* bytes up to the newline */
	uint8_t user;                /* the caller's; 0 when it is learned */
	void *data;                  /* likewise */
};

enum { BU_SKEL_ROOM = 48 }; /* bytes that are read of a text */

/*
 * What was learned of the line that begins at p, in a text that ends at e; NULL: nothing. *n is then the
 * skeleton's n, and known earlier: the next line need not wait until the skeleton has come from memory.
 */
const struct bu_skel *bu_skel_find(const struct bu_shapes *s, const char *p, const char *e, unsigned *n);
/* Learns that the scan c of a statement at p has the shape t. NULL: a statement to scan each time. */
struct bu_skel *bu_skel_learn(struct bu_shapes *s, const struct bu_shape *t, const struct bu_scan *c, const char *p,
			      const char *e);
/* The number of n bytes at p, as a scan reads it; false: declined. */
bool bu_skel_number(const char *p, unsigned n, uint64_t *out);

/* ---------------------------------------------------------------- tables */

struct bu_helper {
	int32_t id;
	const char *name; /* "bpf_map_lookup_elem" */
	bool gpl;         /* needs a GPL-compatible license */
	uint8_t args;     /* r1 to r(args) have to be set */
};
extern const struct bu_helper bu_helpers[]; /* by id, from 1 */
extern const unsigned bu_nhelpers;
const struct bu_helper *bu_helper_by_id(int32_t id);
const struct bu_helper *bu_helper_by_name(struct bu_str name);

/* A numbered kind with its two names: the UAPI enumerator and the short one bpftool prints. */
struct bu_kind {
	uint32_t num;
	const char *uapi;  /* "BPF_MAP_TYPE_HASH" */
	const char *name;  /* "hash" */
	uint16_t since;    /* first kernel, as in bu_isa */
};
extern const struct bu_kind bu_map_types[], bu_prog_types[], bu_attach_types[], bu_link_types[];
extern const unsigned bu_nmap_types, bu_nprog_types, bu_nattach_types, bu_nlink_types;
const struct bu_kind *bu_kind_by_num(const struct bu_kind *t, unsigned n, uint32_t num);
/* By either name. */
const struct bu_kind *bu_kind_by_name(const struct bu_kind *t, unsigned n, struct bu_str name);

/* Is a value of that map type one row, of 8-byte multiples, for each possible CPU? */
bool bu_map_is_percpu(uint32_t map_type);
/* Why the elements of that map type cannot be listed ("its elements …"), or NULL: they can. */
const char *bu_map_unlistable(uint32_t map_type);

/* The enumerators, from the same rows. */
enum bpf_map_type {
#define BU_MAP_TYPE(num, uapi, name, since) uapi = num,
#include "isa/maptype.def"
#undef BU_MAP_TYPE
};
enum bpf_prog_type {
#define BU_PROG_TYPE(num, uapi, name, since) uapi = num,
#include "isa/progtype.def"
#undef BU_PROG_TYPE
};
enum bpf_attach_type {
#define BU_ATTACH_TYPE(num, uapi, name, since) uapi = num,
#include "isa/attachtype.def"
#undef BU_ATTACH_TYPE
};
enum bpf_link_type {
#define BU_LINK_TYPE(num, uapi, name, since) uapi = num,
#include "isa/linktype.def"
#undef BU_LINK_TYPE
};
#define BU_NO_ATTACH_TYPE 0xffffffffu

/* How bpf-ld attaches; also the TYPE of --attach TYPE:TARGET. */
enum bu_hook {
	BU_HOOK_NONE,       /* loads; attaching needs what this tool has not been given */
#define BU_HOOK(id, name, ptype, driver) BU_HOOK_##id,
#include "isa/hook.def"
#undef BU_HOOK
	BU_NHOOKS
};

/* A section name of libbpf's conventions. */
struct bu_secdef {
	const char *prefix;   /* "kprobe", "tracepoint", "xdp.frags/devmap" */
	char match;           /* '=': exactly; '+': alone or followed by "/ARGS" */
	uint32_t prog_type;
	uint32_t attach_type; /* expected_attach_type, or BU_NO_ATTACH_TYPE */
	bool sleepable;       /* BPF_F_SLEEPABLE */
	bool xdp_frags;       /* BPF_F_XDP_HAS_FRAGS */
	enum bu_hook hook;
};
extern const struct bu_secdef bu_secdefs[];
extern const unsigned bu_nsecdefs;
/*
 * The row for a section name (a leading '?' is skipped), or NULL. *target: what follows "prefix/",
 * empty when nothing does.
 */
const struct bu_secdef *bu_secdef_find(struct bu_str section, struct bu_str *target);
/*
 * The row that a name of other loaders and of old samples means: a row's name followed by digits or by more
 * behind '/', ':', '_', '-' or '.', which are alike ("xdp_prog", "socket/3", "kprobe:f"), a program type, or
 * a word of secword.def. *target: what follows '/', ':' or "__" where the row takes it. NULL: no rule fits.
 */
const struct bu_secdef *bu_secdef_like(struct bu_str section, struct bu_str *target);
/* The row of that very name: of a row, a program type ("sched_cls") or a word ("clsact"); or NULL. */
const struct bu_secdef *bu_secdef_named(struct bu_str name);
/*
 * What the words of a name make likely, the likeliest first: at most max rows into out, each once, behind
 * the n that are there. The number in out.
 */
unsigned bu_secdef_guess(struct bu_str name, const struct bu_secdef **out, unsigned n, unsigned max);
/* Rows to try for a program of which nothing is known, in that order; i from 0, NULL past the last. */
const struct bu_secdef *bu_secdef_common(unsigned i);
/* "kprobe" -> BU_HOOK_KPROBE (also "raw_tracepoint", "tp"); BU_HOOK_NONE when unknown. */
enum bu_hook bu_hook_by_name(struct bu_str name);
const char *bu_hook_name(enum bu_hook h);
uint32_t bu_hook_prog_type(enum bu_hook h);
/* The expected attach type of the first section that names the hook, or BU_NO_ATTACH_TYPE. */
uint32_t bu_hook_attach_type(enum bu_hook h);

/* A named UAPI constant: BPF_ANY, BPF_F_CURRENT_CPU, XDP_PASS, TC_ACT_OK, ETH_P_IP … */
struct bu_const {
	const char *name;
	int64_t val;
};
const struct bu_const *bu_const_by_name(struct bu_str name);
/* For did-you-mean: all names, helpers, constants, map types and fields included. */
void bu_names_feed(struct bu_near *near);

/* Architectures whose pt_regs we name. */
enum bu_arch { BU_ARCH_X86_64, BU_ARCH_ARM64, BU_NARCH };
const char *bu_arch_name(enum bu_arch a);  /* "x86_64", "arm64" */
int bu_arch_by_name(struct bu_str name);   /* enum bu_arch; also "aarch64", "amd64"; -ENOENT */
enum bu_arch bu_arch_host(void);           /* of this build; BU_NARCH when it is another one */

/* A field of a context: offset and size in bytes. */
struct bu_ctx_field {
	const char *owner;  /* "pt_regs", "__sk_buff", "tracepoint:skb:kfree_skb" */
	const char *name;   /* "retval", "arg1", "ax", "skbaddr" */
	uint16_t off, size;
	bool is_signed;
};
/*
 * Resolves "pt_regs.retval" (per architecture; *arch_dependent is set) or
 * "tracepoint:kmem:kmem_cache_alloc.ptr", "xdp_md.data", "__sk_buff.mark". NULL: no such field; near
 * (may be NULL) gets the candidates.
 */
const struct bu_ctx_field *bu_ctx_field(struct bu_str path, enum bu_arch arch,
					bool *arch_dependent, struct bu_near *near);

#endif
