/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memset, memcpy, memmove, memcmp and bcmp for objects that call them and do not define them: compilers
 * put such calls for large structs. They come as one more section of code and symbols in it, so that all
 * else treats them as functions of the object.
 *
 * Each begins with r0 = 1. Then eight bytes are taken at a time while there are so many. The verifier wants
 * that aligned on the stack; who is refused sets this 1 to 0 (bu_obj_libc_bytes) and gets single bytes.
 * The first three return 0, not the pointer: a function may not return one to its caller's stack.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <string.h>

#define SECTION ".bpfutils.libc"
#define BTF_HEADER 24u

#define IMM(code, dst, imm) { code, dst, 0, 0, imm }
#define REG(code, dst, src) { code, dst, src, 0, 0 }
#define MOVI(d, i) IMM(0xb7, d, i)
#define MOV(d, s) REG(0xbf, d, s)
#define ADDI(d, i) IMM(0x07, d, i)
#define ADD(d, s) REG(0x0f, d, s)
#define SUB(d, s) REG(0x1f, d, s)
#define ANDI(d, i) IMM(0x57, d, i)
#define OR(d, s) REG(0x4f, d, s)
#define LSHI(d, i) IMM(0x67, d, i)
#define LD8(d, s) REG(0x79, d, s)
#define LD1(d, s) REG(0x71, d, s)
#define ST8(d, s) REG(0x7b, d, s)
#define ST1(d, s) REG(0x73, d, s)
#define JZ(d, off) { 0x15, d, 0, off, 0 }
#define JLT8(d, off) { 0xa5, d, 0, off, 8 }
#define JGT(d, s, off) { 0x2d, d, s, off, 0 }
#define JNE(d, s, off) { 0x5d, d, s, off, 0 }
#define JA(off) { BU_OP_JA, 0, 0, off, 0 }
#define EXIT { BU_OP_EXIT, 0, 0, 0, 0 }

static const struct bu_insn set_code[] = {
	MOVI(0, 1),
	ANDI(2, 255),
	JZ(0, 14),           /* to the bytes */
	MOV(4, 2), LSHI(4, 8), OR(2, 4),
	MOV(4, 2), LSHI(4, 16), OR(2, 4),
	MOV(4, 2), LSHI(4, 32), OR(2, 4),
	JLT8(3, 4),
	ST8(1, 2), ADDI(1, 8), ADDI(3, -8), JA(-5),
	JZ(3, 4),
	ST1(1, 2), ADDI(1, 1), ADDI(3, -1), JA(-5),
	MOVI(0, 0), EXIT,
};

static const struct bu_insn copy_code[] = {
	MOVI(0, 1),
	JZ(0, 7),
	JLT8(3, 6),
	LD8(4, 2), ST8(1, 4), ADDI(1, 8), ADDI(2, 8), ADDI(3, -8), JA(-7),
	JZ(3, 6),
	LD1(4, 2), ST1(1, 4), ADDI(1, 1), ADDI(2, 1), ADDI(3, -1), JA(-7),
	MOVI(0, 0), EXIT,
};

/* Backwards where the target lies behind the source. */
static const struct bu_insn move_code[] = {
	MOVI(0, 1),
	JGT(1, 2, 17),
	JZ(0, 7),
	JLT8(3, 6),
	LD8(4, 2), ST8(1, 4), ADDI(1, 8), ADDI(2, 8), ADDI(3, -8), JA(-7),
	JZ(3, 6),
	LD1(4, 2), ST1(1, 4), ADDI(1, 1), ADDI(2, 1), ADDI(3, -1), JA(-7),
	MOVI(0, 0), EXIT,
	ADD(1, 3), ADD(2, 3),
	JZ(0, 7),
	JLT8(3, 6),
	ADDI(1, -8), ADDI(2, -8), LD8(4, 2), ST8(1, 4), ADDI(3, -8), JA(-7),
	JZ(3, -13),
	ADDI(1, -1), ADDI(2, -1), LD1(4, 2), ST1(1, 4), ADDI(3, -1), JA(-7),
};

/* Words that differ are looked at again by bytes. */
static const struct bu_insn compare_code[] = {
	MOVI(0, 1),
	JZ(0, 8),
	JLT8(3, 7),
	LD8(4, 1), LD8(5, 2), JNE(4, 5, 4), ADDI(1, 8), ADDI(2, 8), ADDI(3, -8), JA(-8),
	JZ(3, 7),
	LD1(4, 1), LD1(5, 2), JNE(4, 5, 6), ADDI(1, 1), ADDI(2, 1), ADDI(3, -1), JA(-8),
	MOVI(0, 0), EXIT,
	MOV(0, 4), SUB(0, 5), EXIT,
};

enum shape { SET, TWO }; /* (void *, u64, u64) and (void *, void *, u64) */

static const struct func {
	const char *name;
	const struct bu_insn *code;
	uint32_t n;
	enum shape shape;
} funcs[] = {
	{ "memset", set_code, BU_ARRAY_SIZE(set_code), SET },
	{ "memcpy", copy_code, BU_ARRAY_SIZE(copy_code), TWO },
	{ "memmove", move_code, BU_ARRAY_SIZE(move_code), TWO },
	{ "memcmp", compare_code, BU_ARRAY_SIZE(compare_code), TWO },
	{ "bcmp", compare_code, BU_ARRAY_SIZE(compare_code), TWO },
};

static int func_by_name(const char *name)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(funcs); i++)
		if (strcmp(funcs[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Is the symbol called, and by nothing but calls? */
static bool is_called(const struct bu_obj *o, uint32_t sym)
{
	bool found = false;

	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		const struct bu_sec *s = r->sec < o->nsecs ? &o->secs[r->sec] : NULL;

		if (r->sym != sym || !s || !(s->flags & SHF_EXECINSTR))
			continue;
		if (!s->data || r->off >= s->size || s->data[r->off] != BU_OP_CALL)
			return false;
		found = true;
	}
	return found;
}

int bu_obj_supply_libc(struct bu_obj *o)
{
	uint32_t at[BU_ARRAY_SIZE(funcs)];
	struct bu_buf code = { 0 };
	struct bu_sec *v;
	int err = 0;

	memset(at, 0xff, sizeof(at));
	for (uint32_t i = 0; i < o->nsyms; i++) {
		struct bu_sym *s = &o->syms[i];
		int f = s->sec == BU_SEC_UNDEF ? func_by_name(s->name) : -1;

		if (f < 0 || !is_called(o, i))
			continue;
		if (at[f] == UINT32_MAX) {
			at[f] = (uint32_t)code.n;
			for (uint32_t k = 0; k < funcs[f].n; k++) {
				uint8_t b[BU_INSN_SIZE];

				bu_insn_encode(b, &funcs[f].code[k], o->be);
				bu_buf_add(&code, b, sizeof(b));
			}
		}
		*s = (struct bu_sym){ .name = s->name, .sec = o->nsecs, .value = at[f],
				      .size = funcs[f].n * BU_INSN_SIZE, .type = STT_FUNC,
				      .bind = STB_LOCAL };
	}
	if (!code.n)
		return 0;
	v = bu_arena_array(&o->arena, (size_t)o->nsecs + 1, sizeof(*v));
	if (!v || code.failed) {
		err = -ENOMEM;
		goto out;
	}
	memcpy(v, o->secs, o->nsecs * sizeof(*v));
	v[o->nsecs] = (struct bu_sec){
		.name = SECTION, .type = SHT_PROGBITS, .flags = SHF_ALLOC | SHF_EXECINSTR, .align = 8,
		.size = code.n, .data = bu_arena_memdup(&o->arena, code.p, code.n),
	};
	if (!v[o->nsecs].data)
		err = -ENOMEM;
	o->secs = v;
	o->nsecs++;
	o->libc = o->nsecs;
out:
	bu_buf_free(&code);
	return err;
}

bool bu_obj_libc_bytes(const struct bu_obj *o, const struct bu_code_part *part, struct bu_insn *first)
{
	if (!o->libc || part->sec != o->libc - 1 || !first->imm)
		return false;
	first->imm = 0;
	return true;
}

/* ---------------------------------------------------------------- their types */

struct types { struct bu_buf types, strs; uint32_t str_base, next; bool be; };

static uint32_t add_type(struct types *t, const uint32_t *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t b[4];

		bu_put32(b, t->be, w[i]);
		bu_buf_add(&t->types, b, sizeof(b));
	}
	return t->next++;
}

static uint32_t add_str(struct types *t, const char *s)
{
	uint32_t off = t->str_base + (uint32_t)t->strs.n;

	bu_buf_add(&t->strs, s, strlen(s) + 1);
	return off;
}

static uint32_t info(uint32_t kind, uint32_t vlen)
{
	return kind << 24 | vlen;
}

/*
 * What the object says of functions that it only calls is not for the kernel, which would want names of
 * their arguments: a name for a type stands in their place.
 */
static void hide_externs(const struct bu_btf *b, uint8_t *types)
{
	struct bu_btf_type t;

	for (uint32_t id = 1; id <= b->ntypes; id++)
		if (bu_btf_get(b, id, &t) == 0 && t.kind == BU_BTF_FUNC && t.linkage == 2 &&
		    func_by_name(t.name) >= 0)
			bu_put32(types + (b->offs[id - 1] - b->hdr_len - b->type_off) + 4, b->be,
				 info(BU_BTF_TYPEDEF, 0));
}

/*
 * Appends the functions' types to a blob that was parsed as b: header, types, new types, strings, new
 * strings. Their ids follow b's.
 */
int obj_libc_btf(struct bu_obj *o, const struct bu_btf *b, uint8_t **blob, size_t *size)
{
	struct types t = { .be = b->be, .next = b->ntypes + 1, .str_base = b->str_len };
	uint32_t num, ptr, arg, proto[2];
	uint8_t *out;
	size_t n;

	num = add_type(&t, (uint32_t[]){ add_str(&t, "unsigned long"), info(BU_BTF_INT, 0), 8, 64 }, 4);
	ptr = add_type(&t, (uint32_t[]){ 0, info(BU_BTF_PTR, 0), 0 }, 3);
	arg = add_str(&t, "arg"); /* the kernel wants a name */
	for (int i = 0; i < 2; i++)
		proto[i] = add_type(&t, (uint32_t[]){ 0, info(BU_BTF_FUNC_PROTO, 3), num, arg, ptr,
						      arg, i == TWO ? ptr : num, arg, num }, 9);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(funcs); i++)
		add_type(&t, (uint32_t[]){ add_str(&t, funcs[i].name), info(BU_BTF_FUNC, 0),
					   proto[funcs[i].shape] }, 3);
	o->libc_line = add_str(&t, "(supplied by the loader)");
	o->libc_func = b->ntypes + 5;
	n = BTF_HEADER + b->type_len + t.types.n + b->str_len + t.strs.n;
	out = bu_arena_alloc(&o->arena, n);
	if (out && !t.types.failed && !t.strs.failed) {
		/* Of a longer header, what follows would no longer be where it says. */
		memcpy(out, b->data, BTF_HEADER);
		bu_put32(out + 4, b->be, BTF_HEADER);
		memcpy(out + BTF_HEADER, b->data + b->hdr_len + b->type_off, b->type_len);
		hide_externs(b, out + BTF_HEADER);
		memcpy(out + BTF_HEADER + b->type_len, t.types.p, t.types.n);
		memcpy(out + n - t.strs.n - b->str_len, b->data + b->hdr_len + b->str_off, b->str_len);
		memcpy(out + n - t.strs.n, t.strs.p, t.strs.n);
		bu_put32(out + 8, b->be, 0);
		bu_put32(out + 12, b->be, b->type_len + (uint32_t)t.types.n);
		bu_put32(out + 16, b->be, b->type_len + (uint32_t)t.types.n);
		bu_put32(out + 20, b->be, b->str_len + (uint32_t)t.strs.n);
		*blob = out;
		*size = n;
	}
	bu_buf_free(&t.types);
	bu_buf_free(&t.strs);
	return *blob == out && out ? 0 : -ENOMEM;
}

int obj_libc_ext(struct bu_obj *o)
{
	struct bu_btfext_sec *v = bu_arena_array(&o->arena, (size_t)o->ext.nsec + 1, sizeof(*v)), *e;
	struct bu_func_info *func = bu_arena_array(&o->arena, BU_ARRAY_SIZE(funcs), sizeof(*func));
	struct bu_line_info *line = bu_arena_array(&o->arena, BU_ARRAY_SIZE(funcs), sizeof(*line));

	if (!v || !func || !line)
		return -ENOMEM;
	if (o->ext.nsec)
		memcpy(v, o->ext.sec, o->ext.nsec * sizeof(*v));
	e = &v[o->ext.nsec];
	*e = (struct bu_btfext_sec){ .name = SECTION, .func = func, .line = line };
	for (uint32_t i = 0; i < o->nfuncs; i++) {
		const struct bu_obj_func *f = &o->funcs[i]; /* by place */
		int k = f->sec == o->libc - 1 ? func_by_name(f->name) : -1;

		if (k < 0 || e->nfunc == BU_ARRAY_SIZE(funcs))
			continue;
		func[e->nfunc++] = (struct bu_func_info){ (uint32_t)f->off, o->libc_func + (uint32_t)k };
		line[e->nline++] = (struct bu_line_info){ (uint32_t)f->off, o->libc_line, o->libc_line, 1, 1 };
	}
	o->ext.sec = v;
	o->ext.nsec++;
	return 0;
}
