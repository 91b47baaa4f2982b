/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differential attribute test: every command of bpf(2) with the same attribute to the kernel and
 * to the VM; what they answer, what they write and what they leave alone has to be the same.
 *
 * A command is a struct spec: its number and the fields of its attribute. A struct call is one
 * attribute: a value for each field. The tests give valid calls ("bases"); break_all() sends them as
 * they are, then with each field broken in every way that its kind knows, then with every size.
 *
 * To add a command: a spec, fixtures for the objects it needs, a function that makes its bases and is
 * named in main.c's table. Nothing else: fds, ids and memory are compared by what they mean.
 */
#ifndef DIFFER_H
#define DIFFER_H

#include "sys/sys.h"
#include "vm/vm.h"

enum { KERN, VM, SIDES };

/* ---------------------------------------------------------------- fixtures
 * An object that both sides have; made when first used, made again when a call has changed it.
 */
struct fixture {
	const char *name;
	/* Its fd on that side, or -errno. A side's other fixtures: fx_fd(). */
	int (*make)(unsigned side, const struct fixture *f);
	uint64_t arg[8];          /* for make */
	const struct fixture *of; /* for make */
	const char *text;         /* for make */
	bool wrong;               /* is tried wherever another fd is wanted */
	bool keep;                /* is never made again: calls cannot change it */
};
/* The fd; < 0 when it could not be made (reported once, its calls are left out). */
int fx_fd(unsigned side, const struct fixture *f);
/* The id of an object, 0: it has none. */
uint32_t fx_id(unsigned side, const struct fixture *f);
/* Its kind, where it has an id. */
enum bu_objkind fx_kind(unsigned side, const struct fixture *f);
/* The fixture that has the id on that side ("hash1"), or NULL. kind: the info was of this kind. */
const char *fx_name(unsigned side, enum bu_objkind kind, uint32_t id);
void fx_reset(const struct fixture *f); /* closes it on both sides */
void fx_reset_all(void);
/* All that may stand for a wrong fd: n-th, NULL at the end. fixtures.c lists them. */
const struct fixture *fx_wrong(unsigned n);
struct bu_sys *side_sys(unsigned side);
extern const char *const side_name[SIDES];

/* ---------------------------------------------------------------- calls */

enum fkind {
	F_NUM,   /* a number without more meaning: type, size */
	F_FLAGS, /* bits */
	F_FD, F_ID,
	F_IN,    /* pointer to memory that is read */
	F_OUT,   /* pointer to memory that is written */
	F_INOUT,
	F_STR,   /* pointer to a text with NUL */
	F_NAME,  /* char[16] */
	F_RES,   /* the kernel writes here; what stands there before does not matter (or has to be 0) */
};
struct field {
	const char *name;
	unsigned off, len;
	enum fkind kind;
};
#define FIELD(m, k) { #m, offsetof(union bpf_attr, m), sizeof(((union bpf_attr *)0)->m), k }
#define MAXFIELDS 32

struct spec {
	int cmd;
	const char *name;      /* as bu_vm_cmds has it: map_create */
	bool fd;               /* gives an fd: it is closed; after() may look at it before */
	const struct field *fields;
	unsigned nfields;
	/* Adds to out what can be seen of the call's effect, alike on both sides. May be NULL. fd: the
	 * result. */
	void (*after)(unsigned side, int r, struct bu_buf *out);
};

/* Where a pointed-to piece of memory lies. */
enum place {
	P_RW,     /* ordinary; the field's own place in it */
	P_END,    /* its last byte is the last before a page that is not there */
	P_CROSS,  /* as END, but the last byte is on that page */
	P_RO,     /* cannot be written */
	P_NONE,   /* no memory at all: num is the address */
};
/* An fd or id or address that stands in pointed-to memory. */
struct embed {
	unsigned off;
	enum { E_FD, E_ID, E_PTR } what;
	const struct fixture *fx;
	uint64_t ptr;             /* E_PTR: offset in the scratch area, see scratch() */
};
enum vkind { V_NUM, V_FD, V_ID, V_PTR, V_NAME };
struct val {
	enum vkind kind;
	uint64_t num;
	const struct fixture *fx; /* V_FD, V_ID */
	enum place place;         /* V_PTR */
	unsigned n;               /* V_PTR: bytes that count */
	const void *bytes;        /* V_PTR: their contents before the call, NULL: a pattern */
	const struct embed *embed;
	unsigned nembed;
	char text[17];            /* V_NAME: 16 bytes */
};
struct val num(uint64_t n);
struct val fd_of(const struct fixture *f);
struct val id_of(const struct fixture *f);
struct val in(const void *bytes, unsigned n);   /* n bytes of static storage */
struct val in_emb(const void *bytes, unsigned n, const struct embed *e, unsigned ne);
struct val out(unsigned n);                     /* n bytes of pattern */
struct val str(const char *s);                  /* with its NUL */
struct val name(const char *s);
struct val addr(uint64_t a);                    /* P_NONE */
#define U32(...) in((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }))

/* Memory that differs with good reason. In a field's memory, or with field "" in the attribute. */
struct mask {
	const char *field;
	unsigned off, len;
	enum {
		M_ANY,      /* a value of the side's own; only that it was written counts */
		M_MAP_ID, M_PROG_ID, M_LINK_ID, M_BTF_ID, /* u32, each: compared by what it names */
		M_SORT,     /* len bytes an element: order does not count; with the next field's, of
			       len2 bytes, in step */
	} how;
	unsigned len2;
	const char *why;
};

struct call {
	const struct spec *spec;
	const char *label;
	struct val v[MAXFIELDS];   /* by the spec's fields; all zero: 0 */
	const struct mask *masks;
	unsigned nmasks;
	const struct fixture *dump; /* its contents are compared after each call that may change it */
	/* Where the attribute lies and how long it is said to be. */
	enum place attr_place;
	uint64_t attr_addr;         /* P_NONE */
	unsigned size;              /* 0: the whole union unless size_set */
	bool size_set;
	unsigned tail;              /* the byte at this offset is 0x5a; 0: none */
};
/* A call of a spec with all fields zero. */
struct call call_of(const struct spec *s, const char *label);
/* Sets a field by its name (of the spec). */
void set(struct call *c, const char *field, struct val v);
const struct val *get(const struct call *c, const char *field);

/* Sends one call to both sides and compares. */
void run(const struct call *c);
/* The call as it is, each field broken in every way, every size of the attribute. */
void break_all(const struct call *base);
/* Pairs of fields broken, n random ones. */
void break_pairs(const struct call *base, unsigned n);

uint64_t rnd(uint64_t n); /* of the seed: 0 … n - 1 */
/* Memory that is alike on both sides and stays as it is: for pointers inside memory. n <= 4096. */
uint64_t scratch_addr(unsigned off);

/* ---------------------------------------------------------------- reasons for being different */

struct exempt {
	int cmd;               /* -1: any */
	int kern, vm;          /* results: 0 for any success, 1: any result at all, -errno */
	const char *label;     /* is part of the call's description, NULL: any */
	const char *why;
};
extern const struct exempt exempts[];
extern const unsigned nexempts;

/* ---------------------------------------------------------------- the tests */
void map_tests(void);
void batch_tests(void);
void obj_tests(void);
void prog_tests(void);
/* Has the test been asked for this command (--cmd)? For skipping costly preparations. */
bool wanted(const struct spec *s);

#endif
