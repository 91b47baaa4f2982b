/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CO-RE by hand-made types: each kind of record, each rule of what is compatible, what is poisoned,
 * what is refused. The expected values are those of the rules (offsets and sizes of the types made
 * here), not of our own code.
 */
#include "btf/btf.h"
#include "tap.h"

/* One side: the object or a target. */
struct side { struct bu_btfgen g; struct bu_buf blob; struct bu_btf_index x; };

static struct side here, there, other;
static struct bu_diags ds;
static struct bu_arena arena;
static struct bu_core core;
static struct bu_core_result res;

static void begin_side(struct side *s, bool be)
{
	memset(s, 0, sizeof(*s));
	bu_btfgen_init(&s->g, be);
}

static void end_side(struct side *s)
{
	bu_btf_index_free(&s->x);
	bu_btfgen_free(&s->g);
	bu_buf_free(&s->blob);
}

static void begin_order(bool be)
{
	begin_side(&here, be);
	begin_side(&there, be);
	begin_side(&other, be);
	bu_diags_init(&ds);
	bu_arena_init(&arena);
}

static void begin(void)
{
	begin_order(false);
}

static void finish_side(struct side *s, const char *name)
{
	if (bu_btfgen_finish(&s->g, &s->blob) ||
	    bu_btf_index(&s->x, s->blob.p, s->blob.n, NULL, name, &ds))
		printf("# %s: %s\n", name, ds.first ? ds.first->text : "?");
}

static void finish(void)
{
	finish_side(&here, "here");
	finish_side(&there, "there");
	finish_side(&other, "other");
	core = (struct bu_core){ .local = &here.x.btf, .a = &arena, .explain = true,
				 .fuel = BU_CORE_FUEL };
}

static void end(void)
{
	end_side(&here);
	end_side(&there);
	end_side(&other);
	bu_diags_free(&ds);
	bu_arena_free(&arena);
}

static uint32_t u32t(struct side *s) { return bu_btfgen_int(&s->g, "unsigned int", 4, 0); }
static uint32_t s32t(struct side *s) { return bu_btfgen_int(&s->g, "int", 4, 1); }
static uint32_t u64t(struct side *s) { return bu_btfgen_int(&s->g, "unsigned long", 8, 0); }
static uint32_t chart(struct side *s) { return bu_btfgen_int(&s->g, "char", 1, 1); }

static uint32_t begin_struct(struct side *s, const char *name, uint32_t size)
{
	return bu_btfgen_struct(&s->g, BU_BTF_STRUCT, name, size);
}

/* Answers a record by the candidates that the indexes give. */
static int ask(uint32_t kind, uint32_t type, const char *access)
{
	struct bu_core_relo r = { .type_id = type, .kind = kind, .access = access };
	struct bu_core_cand c[16];
	uint32_t n = 0, kinds, id, pos;
	const char *name;
	size_t len;
	int err = bu_core_wants(&core, &r, &name, &len, &kinds, &res);

	if (err && err != -ENOENT)
		return err;
	for (int k = 0; !err && k < 2; k++) {
		struct side *s = k ? &other : &there;

		pos = 0;
		while ((id = bu_btf_index_next(&s->x, kinds, name, len, &pos)) && n < 16)
			c[n++] = (struct bu_core_cand){ &s->x.btf, id, s->x.name };
	}
	return bu_core_calc(&core, &r, c, n, &res);
}

static bool gives(uint64_t was, uint64_t is)
{
	if (res.was == was && res.is == is && !res.poison)
		return true;
	printf("# was %llu is %llu%s: %s\n", (unsigned long long)res.was,
	       (unsigned long long)res.is, res.poison ? ", poison" : "", res.why ? res.why : "");
	return false;
}

static void names(void)
{
	static const struct { const char *name; size_t n; } t[] = {
		{ "task_struct", 11 }, { "task_struct___v2", 11 }, { "a___b___c", 5 }, { "___b", 4 },
		{ "a___", 4 }, { "a____b", 6 }, { "a___b", 1 }, { "", 0 }, { "_a___b_", 2 },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(t); i++)
		ok(bu_btf_essential(t[i].name) == t[i].n, "'%s' without its flavour has %zu characters",
		   t[i].name, t[i].n);
}

/* Fields that have moved, changed their size, are gone, or lie in an anonymous union. */
static void fields(void)
{
	uint32_t a, b, n;

	begin();
	a = begin_struct(&here, "task", 40);
	bu_btfgen_member(&here.g, "pid", 0, 0);
	bu_btfgen_member(&here.g, "flags", 0, 32);
	bu_btfgen_member(&here.g, "comm", 0, 64);
	bu_btfgen_member(&here.g, "next", 0, 192);
	bu_btfgen_member(&here.g, "gone", 0, 256);
	n = 24;
	bu_btfgen_member_type(&here.g, 0, 0, s32t(&here));
	bu_btfgen_member_type(&here.g, 0, 1, u32t(&here));
	bu_btfgen_member_type(&here.g, 0, 2, bu_btfgen_array(&here.g, chart(&here), 16));
	bu_btfgen_member_type(&here.g, 0, 3, bu_btfgen_ptr(&here.g, a));
	bu_btfgen_member_type(&here.g, 0, 4, u32t(&here));

	b = begin_struct(&there, "task", 96);
	bu_btfgen_member(&there.g, "flags", 0, 64);
	bu_btfgen_member(&there.g, "", 0, 128);
	bu_btfgen_member(&there.g, "next", 0, 256);
	bu_btfgen_member(&there.g, "comm", 0, 320);
	bu_btfgen_member_type(&there.g, 0, 0, u64t(&there));
	n = (uint32_t)there.g.types.n;
	bu_btfgen_member_type(&there.g, 0, 1, bu_btfgen_struct(&there.g, BU_BTF_UNION, "", 16));
	bu_btfgen_member(&there.g, "x", 0, 0);
	bu_btfgen_member(&there.g, "pid", 0, 32);
	bu_btfgen_member_type(&there.g, n, 0, u32t(&there));
	bu_btfgen_member_type(&there.g, n, 1, s32t(&there));
	bu_btfgen_member_type(&there.g, 0, 2, bu_btfgen_ptr(&there.g, b));
	bu_btfgen_member_type(&there.g, 0, 3, bu_btfgen_array(&there.g, chart(&there), 32));
	finish();

	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:0") && gives(0, 20), "offset in an anonymous union");
	is_str(res.what, "struct task.pid", "what it is about");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:2:3") && gives(11, 43), "offset of an element of an array");
	is_str(res.what, "struct task.comm[3]", "element in words");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "1:0") && gives(40, 116), "offset in the second struct of an array");
	ok(!ask(BU_CORE_FIELD_SIZE, a, "0:2") && gives(16, 32), "size of an array");
	ok(!ask(BU_CORE_FIELD_SIZE, a, "0:2:1") && gives(1, 1), "size of an element");
	ok(!ask(BU_CORE_FIELD_SIZE, a, "0:1") && gives(4, 8), "size of a member");
	ok(!ask(BU_CORE_FIELD_SIZE, a, "0") && gives(40, 96), "size of the struct itself as an element");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:0") && gives(1, 1), "exists");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:4") && gives(1, 0), "does not exist");
	ok(!ask(BU_CORE_FIELD_SIGNED, a, "0:0") && gives(1, 1), "signed");
	ok(!ask(BU_CORE_FIELD_SIGNED, a, "0:1") && gives(0, 0), "not signed");
	ok(!ask(BU_CORE_FIELD_LSHIFT, a, "0:0") && gives(32, 32), "shift of a whole number to the top");
	ok(!ask(BU_CORE_FIELD_RSHIFT, a, "0:1") && gives(32, 0), "shift back");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:4") && res.poison, "offset of what is gone: poison");
	is_str(res.why, "struct task has no member \"gone\"", "why");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:1") && !res.bad_width && res.old_size == 4 &&
	   res.new_size == 8, "unsigned number of another width: may be read");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:3") && gives(24, 32) && res.old_size == 8, "pointer");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "0:9") == -EINVAL, "member beyond the last of the object's own struct");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "0:2:16") == -EINVAL, "element beyond the last");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "0:0:0") == -EINVAL, "number accessed as a struct");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "") == -EINVAL && ask(BU_CORE_FIELD_OFFSET, a, "0:") == -EINVAL &&
	   ask(BU_CORE_FIELD_OFFSET, a, "0::1") == -EINVAL && ask(BU_CORE_FIELD_OFFSET, a, "x") == -EINVAL &&
	   ask(BU_CORE_FIELD_OFFSET, a, "0:4294967296") == -EINVAL, "access that is no list of numbers");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "4294967295:0") == 0 && res.is == 4294967295u * 96ull + 20,
	   "the far end");
	ok(ask(BU_CORE_FIELD_OFFSET, 99, "0") == -EINVAL && ask(BU_CORE_FIELD_OFFSET, 0, "0") == -EINVAL,
	   "no such type");
	ok(ask(99, a, "0") == -EOPNOTSUPP, "unknown kind");
	ok(!ask(BU_CORE_TYPE_ID_LOCAL, a, "0") && gives(a, a), "own type id");
	ok(!ask(BU_CORE_TYPE_ID_TARGET, a, "0") && gives(a, b) && !res.check, "target's type id");
	ok(!ask(BU_CORE_TYPE_SIZE, a, "0") && gives(40, 96), "size of the type");
	ok(!ask(BU_CORE_TYPE_EXISTS, a, "0") && gives(1, 1), "the type exists");
	ok(ask(BU_CORE_TYPE_EXISTS, a, "1") == -EINVAL, "access of a type is 0");
	ok(ask(BU_CORE_ENUMVAL_VALUE, a, "0") == -EINVAL, "a struct has no enumerators");
	end();
	(void)n;
}

/* Which member types are taken for each other. */
static void member_types(void)
{
	uint32_t a, at, e, f;

	begin();
	a = begin_struct(&here, "s", 64);
	for (int i = 0; i < 8; i++)
		bu_btfgen_member(&here.g, (const char *[]){ "int_int", "int_ptr", "struct_union", "enum_enum64",
				 "enum_other", "arr_arr", "float_float", "fwd" }[i], 0, (uint32_t)i * 64);
	bu_btfgen_member_type(&here.g, 0, 0, u32t(&here));
	bu_btfgen_member_type(&here.g, 0, 1, u64t(&here));
	at = begin_struct(&here, "inner", 8);
	bu_btfgen_member(&here.g, "x", 0, 0);
	bu_btfgen_member_type(&here.g, 0, 2, at);
	e = bu_btfgen_enum(&here.g, "color___mine", 4, false);
	bu_btfgen_enumval(&here.g, "RED", 1);
	bu_btfgen_member_type(&here.g, 0, 3, e);
	bu_btfgen_member_type(&here.g, 0, 4, e);
	bu_btfgen_member_type(&here.g, 0, 5, bu_btfgen_array(&here.g, u32t(&here), 2));
	bu_btfgen_member_type(&here.g, 0, 6, bu_btfgen_float(&here.g, "double", 8));
	bu_btfgen_member_type(&here.g, 0, 7, bu_btfgen_mod(&here.g, BU_BTF_TYPEDEF, "t",
			      bu_btfgen_mod(&here.g, BU_BTF_CONST, NULL, u32t(&here))));

	begin_struct(&there, "s", 64);
	for (int i = 0; i < 8; i++)
		bu_btfgen_member(&there.g, (const char *[]){ "int_int", "int_ptr", "struct_union", "enum_enum64",
				 "enum_other", "arr_arr", "float_float", "fwd" }[i], 0, (uint32_t)i * 64);
	bu_btfgen_member_type(&there.g, 0, 0, u64t(&there));
	bu_btfgen_member_type(&there.g, 0, 1, bu_btfgen_ptr(&there.g, 0));
	f = bu_btfgen_struct(&there.g, BU_BTF_UNION, "unlike", 8);
	bu_btfgen_member(&there.g, "y", 0, 0);
	bu_btfgen_member_type(&there.g, 0, 2, f);
	e = bu_btfgen_enum(&there.g, "color", 8, false);
	bu_btfgen_enumval(&there.g, "RED", 1);
	bu_btfgen_member_type(&there.g, 0, 3, e);
	e = bu_btfgen_enum(&there.g, "shape", 4, false);
	bu_btfgen_enumval(&there.g, "RED", 1);
	bu_btfgen_member_type(&there.g, 0, 4, e);
	bu_btfgen_member_type(&there.g, 0, 5, bu_btfgen_array(&there.g, bu_btfgen_ptr(&there.g, 0), 2));
	bu_btfgen_member_type(&there.g, 0, 6, bu_btfgen_float(&there.g, "float", 4));
	bu_btfgen_member_type(&there.g, 0, 7, bu_btfgen_mod(&there.g, BU_BTF_VOLATILE, NULL, u32t(&there)));
	finish();

	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:0") && gives(1, 1), "numbers of different widths");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:1") && gives(1, 0), "number and pointer are different");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:1") && res.poison, "so that its offset is poison");
	is_str(res.why, "member \"int_ptr\" of struct s is of another type", "why");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:2") && gives(1, 1), "struct and union, whatever they are called");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:3") && gives(1, 1), "enum and enum64 of one name");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:4") && gives(1, 0), "enums of other names are different");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:5") && gives(1, 0), "arrays of other elements are different");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:6") && gives(1, 1), "floating-point numbers");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:7") && gives(1, 1), "typedef, const and volatile do not count");
	ok(!ask(BU_CORE_FIELD_EXISTS, a, "0:2:0") && gives(1, 0), "a member of it is looked for by name");
	end();
}

static void bitfields(void)
{
	uint32_t a;

	for (int be = 0; be < 2; be++) {
		begin_order(be);
		a = begin_struct(&here, "s", 8);
		bu_btfgen_bitfield(&here.g, "x", 0, 3, 5);
		bu_btfgen_bitfield(&here.g, "y", 0, 20, 20);
		bu_btfgen_member_type(&here.g, 0, 0, u32t(&here));
		bu_btfgen_member_type(&here.g, 0, 1, s32t(&here));
		begin_struct(&there, "s", 24);
		bu_btfgen_bitfield(&there.g, "x", 0, 70, 7);
		bu_btfgen_bitfield(&there.g, "y", 0, 100, 2);
		bu_btfgen_member_type(&there.g, 0, 0, u32t(&there));
		bu_btfgen_member_type(&there.g, 0, 1, s32t(&there));
		finish();
		ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:0") && gives(0, 8) && !res.check && !res.old_size,
		   "bit-field: offset of its unit%s", be ? ", big endian" : "");
		ok(!ask(BU_CORE_FIELD_SIZE, a, "0:0") && gives(4, 4), "its size");
		ok(!ask(BU_CORE_FIELD_SIZE, a, "0:1") && gives(8, 4), "one across two words is read as 8 bytes");
		ok(!ask(BU_CORE_FIELD_LSHIFT, a, "0:0") &&
		   (be ? gives(32 + 3, 32 + 6) : gives(64 - 8, 64 - 13)), "shift up");
		ok(!ask(BU_CORE_FIELD_RSHIFT, a, "0:0") && gives(59, 57) && res.check, "shift down");
		ok(!ask(BU_CORE_FIELD_SIGNED, a, "0:1") && gives(1, 1), "its sign");
		end();
	}
}

static void flexible(void)
{
	uint32_t a, h, t;

	begin();
	h = begin_struct(&here, "msg", 4);
	bu_btfgen_member(&here.g, "len", 0, 0);
	bu_btfgen_member(&here.g, "data", 0, 32);
	bu_btfgen_member_type(&here.g, 0, 0, u32t(&here));
	bu_btfgen_member_type(&here.g, 0, 1, bu_btfgen_array(&here.g, u32t(&here), 0));
	a = begin_struct(&here, "fixed", 16);
	t = (uint32_t)here.g.types.n - 12;
	bu_btfgen_member(&here.g, "v", 0, 0);
	bu_btfgen_member_type(&here.g, t, 0, bu_btfgen_array(&here.g, u32t(&here), 4));
	begin_struct(&there, "msg", 8);
	bu_btfgen_member(&there.g, "len", 0, 0);
	bu_btfgen_member(&there.g, "data", 0, 64);
	bu_btfgen_member_type(&there.g, 0, 0, u64t(&there));
	bu_btfgen_member_type(&there.g, 0, 1, bu_btfgen_array(&there.g, u32t(&there), 0));
	t = (uint32_t)there.g.types.n;
	begin_struct(&there, "fixed", 8);
	bu_btfgen_member(&there.g, "v", 0, 0);
	bu_btfgen_member_type(&there.g, t, 0, bu_btfgen_array(&there.g, u32t(&there), 2));
	finish();
	ok(!ask(BU_CORE_FIELD_OFFSET, h, "0:1:5") && gives(24, 28), "element of a flexible array");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:0:1") && gives(4, 4), "element that both have");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:0:3") && res.poison, "element that the target's array lacks");
	is_str(res.why, "struct fixed.v has fewer than 4 elements", "why");
	end();
}

static void types(void)
{
	uint32_t td, fwd, en, st, un, proto, tdp, id;

	begin();
	td = bu_btfgen_mod(&here.g, BU_BTF_TYPEDEF, "num___x", u32t(&here));
	fwd = bu_btfgen_fwd(&here.g, "opaque", false);
	en = bu_btfgen_enum(&here.g, "kind", 4, false);
	bu_btfgen_enumval(&here.g, "A", 0);
	st = begin_struct(&here, "nothere", 4);
	un = bu_btfgen_struct(&here.g, BU_BTF_UNION, "both", 4);
	proto = bu_btfgen_proto(&here.g, 0);
	bu_btfgen_param(&here.g, "x", 1);
	tdp = bu_btfgen_mod(&here.g, BU_BTF_TYPEDEF, "fn", bu_btfgen_ptr(&here.g, proto));

	bu_btfgen_mod(&there.g, BU_BTF_TYPEDEF, "num", u64t(&there));
	bu_btfgen_fwd(&there.g, "opaque", true);
	id = bu_btfgen_enum(&there.g, "kind___new", 8, false);
	bu_btfgen_enumval(&there.g, "B", 7);
	begin_struct(&there, "both", 4);
	u32t(&there);
	proto = bu_btfgen_proto(&there.g, 0);
	bu_btfgen_param(&there.g, "x", 1);
	bu_btfgen_param(&there.g, "y", 1);
	bu_btfgen_mod(&there.g, BU_BTF_TYPEDEF, "fn", bu_btfgen_ptr(&there.g, proto));
	finish();
	ok(!ask(BU_CORE_TYPE_SIZE, td, "0") && gives(4, 8), "typedef, by its name without flavour");
	is_str(res.what, "num___x", "in words");
	ok(!ask(BU_CORE_TYPE_EXISTS, fwd, "0") && gives(1, 1), "forward declaration");
	ok(!ask(BU_CORE_TYPE_ID_TARGET, en, "0") && gives(en, id), "enum and enum64 stand for each other");
	ok(!ask(BU_CORE_TYPE_EXISTS, st, "0") && gives(1, 0), "type that is not there");
	ok(!ask(BU_CORE_TYPE_ID_TARGET, st, "0") && gives(st, 0), "its id is 0");
	ok(!ask(BU_CORE_TYPE_SIZE, st, "0") && gives(4, 0), "its size is 0");
	ok(!ask(BU_CORE_FIELD_OFFSET, st, "0") && res.poison, "an offset of it is poison");
	is_str(res.why, "there is no struct nothere", "why");
	ok(!ask(BU_CORE_TYPE_EXISTS, un, "0") && gives(1, 0), "union and struct do not stand for each other");
	ok(!ask(BU_CORE_TYPE_EXISTS, tdp, "0") && gives(1, 0), "functions of other numbers of parameters");
	end();
}

static void enumerators(void)
{
	struct bu_insn in[2] = { { .code = BU_OP_LD_IMM64 } };
	uint32_t en, old;

	begin();
	en = bu_btfgen_enum(&here.g, "e", 4, true);
	bu_btfgen_enumval(&here.g, "A", 1);
	bu_btfgen_enumval(&here.g, "B___f", -2);
	bu_btfgen_enumval(&here.g, "C", 3);
	old = bu_btfgen_enum(&here.g, "old", 4, false);
	bu_btfgen_enumval(&here.g, "N", -1);
	bu_btfgen_enumval(&here.g, "P", 1);
	bu_btfgen_enum(&there.g, "e", 8, true);
	bu_btfgen_enumval(&there.g, "A", -7);
	bu_btfgen_enumval(&there.g, "B", 1ll << 40);
	bu_btfgen_enumval(&there.g, "D", 9);
	bu_btfgen_enum(&there.g, "old", 4, false);
	bu_btfgen_enumval(&there.g, "N", -5);
	bu_btfgen_enumval(&there.g, "P", 0xfffffff0);
	finish();
	ok(!ask(BU_CORE_ENUMVAL_VALUE, en, "0") && gives(1, (uint64_t)-7), "value of an enumerator");
	is_str(res.what, "enum e::A", "in words");
	ok(!ask(BU_CORE_ENUMVAL_VALUE, en, "1") && gives((uint64_t)-2, 1ull << 40), "of 64 bits, by its name without flavour");
	ok(!ask(BU_CORE_ENUMVAL_EXISTS, en, "1") && gives(1, 1), "it exists");
	ok(!ask(BU_CORE_ENUMVAL_EXISTS, en, "2") && gives(1, 0), "this one does not");
	ok(!ask(BU_CORE_ENUMVAL_VALUE, en, "2") && res.poison, "so that its value is poison");
	is_str(res.why, "enum e has no enumerator \"C\"", "why");
	ok(ask(BU_CORE_ENUMVAL_VALUE, en, "3") == -EINVAL, "beyond the last");
	/* Compilers before signs were told extended -1 with ones. */
	ask(BU_CORE_ENUMVAL_VALUE, old, "0");
	in[0].imm = in[1].imm = -1;
	ok(!bu_core_patch(&core, in, 2, &res) && in[0].imm == -5 && in[1].imm == -1,
	   "sign not told: extended as it was in the code");
	ask(BU_CORE_ENUMVAL_VALUE, old, "1");
	in[0].imm = 1;
	in[1].imm = 0;
	ok(!bu_core_patch(&core, in, 2, &res) && in[0].imm == -16 && in[1].imm == 0, "else it has none");
	end();
}

/* Several types of one name: they must agree. */
static void ambiguous(void)
{
	uint32_t a;

	begin();
	a = begin_struct(&here, "s", 4);
	bu_btfgen_member(&here.g, "x", 0, 0);
	bu_btfgen_member(&here.g, "y", 0, 0);
	bu_btfgen_member(&here.g, "z", 0, 0);
	for (uint32_t i = 0; i < 3; i++)
		bu_btfgen_member_type(&here.g, 0, i, u32t(&here));
	for (int k = 0; k < 2; k++) {
		struct side *s = k ? &other : &there;

		begin_struct(s, k ? "s___2" : "s", 16);
		bu_btfgen_member(&s->g, "x", 0, 32);
		bu_btfgen_member(&s->g, "y", 0, k ? 64 : 96);
		if (k)
			bu_btfgen_member(&s->g, "z", 0, 96);
		for (uint32_t i = 0; i < (k ? 3 : 2); i++)
			bu_btfgen_member_type(&s->g, 0, i, u32t(s));
	}
	finish();
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:0") && gives(0, 4), "two types that agree");
	ok(!ask(BU_CORE_FIELD_OFFSET, a, "0:2") && gives(0, 12), "one of two has it");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "0:1") == -EEXIST, "two types that do not agree");
	is_str(res.why, "several types fit and differ: [1] struct s of there gives 12, [1] struct s___2 of other gives 8",
	       "both are named");
	end();
}

/* TYPE_MATCHES: name, here is a match, there it is none. */
static void shape(struct side *s, int variant)
{
	uint32_t st, inner, e, u, at, p, proto;

	u = u32t(s);
	e = bu_btfgen_enum(&s->g, "color", 4, false);
	bu_btfgen_enumval(&s->g, "RED", 1);
	if (variant != 4)
		bu_btfgen_enumval(&s->g, "GREEN___f", variant ? 5 : 2);
	inner = begin_struct(s, "inner", 4);
	bu_btfgen_member(&s->g, variant == 2 ? "other" : "v", u, 0);
	proto = bu_btfgen_proto(&s->g, u);
	bu_btfgen_param(&s->g, "a", variant == 5 ? e : u);
	at = (uint32_t)s->g.types.n;
	st = begin_struct(s, variant ? "shape" : "shape___mine", 64);
	if (variant)
		bu_btfgen_member(&s->g, "first", u, 0);
	bu_btfgen_member(&s->g, "color", e, 32);
	bu_btfgen_member(&s->g, "inner", inner, 64);
	bu_btfgen_member(&s->g, "next", 0, 128);
	bu_btfgen_member(&s->g, "arr", 0, 192);
	bu_btfgen_member(&s->g, "fn", 0, 256);
	bu_btfgen_member(&s->g, "fwd", 0, 320);
	p = variant ? 1 : 0;
	bu_btfgen_member_type(&s->g, at, p + 2, bu_btfgen_ptr(&s->g, st));
	bu_btfgen_member_type(&s->g, at, p + 3, bu_btfgen_array(&s->g, u, variant == 3 ? 3 : 2));
	bu_btfgen_member_type(&s->g, at, p + 4, bu_btfgen_ptr(&s->g, proto));
	if (variant)
		bu_btfgen_member_type(&s->g, at, p + 5, bu_btfgen_ptr(&s->g,
				      bu_btfgen_struct(&s->g, variant == 6 ? BU_BTF_UNION : BU_BTF_STRUCT,
						       "opaque", 8)));
	else
		bu_btfgen_member_type(&s->g, at, p + 5, bu_btfgen_ptr(&s->g, bu_btfgen_fwd(&s->g, "opaque", false)));
}

static void type_matches(void)
{
	static const char *const why[] = { "", "has more members", "has a member of another shape",
		"has an array of another length", "lacks an enumerator", "has a function of other parameters",
		"has a union where a struct was declared" };

	for (int v = 1; v < 7; v++) {
		uint32_t pos = 0, id;

		begin();
		shape(&here, 0);
		shape(&there, v);
		finish();
		id = bu_btf_index_next(&here.x, 1u << BU_BTF_STRUCT, "shape", 5, &pos);
		ok(id && !ask(BU_CORE_TYPE_MATCHES, id, "0") && gives(1, v == 1),
		   "matches: the target %s: %s", why[v], v == 1 ? "yes" : "no");
		ok(!ask(BU_CORE_TYPE_EXISTS, id, "0") && gives(1, 1), "and the type exists");
		end();
	}
}

/* Types that never end, which only a damaged file has. */
static void endless(void)
{
	uint32_t td, td2, p, p2, a;

	begin();
	for (int k = 0; k < 2; k++) {
		struct side *s = k ? &there : &here;

		td = bu_btfgen_mod(&s->g, BU_BTF_TYPEDEF, "loop", 2);
		td2 = bu_btfgen_mod(&s->g, BU_BTF_TYPEDEF, "loop2", 1);
		p = bu_btfgen_mod(&s->g, BU_BTF_TYPEDEF, "pp", 4);
		p2 = bu_btfgen_ptr(&s->g, 3);
		a = begin_struct(s, "deep", 8);
		bu_btfgen_member(&s->g, "", 5, 0);
		bu_btfgen_member(&s->g, "", 5, 0);
	}
	begin_struct(&here, "has", 8);
	bu_btfgen_member(&here.g, "x", 5, 0);
	begin_struct(&there, "has", 8);
	bu_btfgen_member(&there.g, "", 5, 0);
	finish();
	ok(!ask(BU_CORE_TYPE_EXISTS, td, "0"), "typedefs in a circle");
	ok(ask(BU_CORE_TYPE_SIZE, td2, "0") == -EINVAL, "have no size");
	ok(ask(BU_CORE_TYPE_MATCHES, p, "0") == -EINVAL && p2 == 4, "pointers in a circle: told");
	ok(ask(BU_CORE_FIELD_OFFSET, a, "0:1:1") == 0, "a struct in itself");
	ok(ask(BU_CORE_FIELD_OFFSET, a + 1, "0:0") == -EINVAL, "a member that is looked for in it");
	end();
}

static void fuel(void)
{
	uint32_t e = 0;
	char name[16];

	begin();
	for (int k = 0; k < 2; k++) {
		struct side *s = k ? &there : &here;

		e = bu_btfgen_enum(&s->g, "many", 4, false);
		for (int i = 0; i < 20000; i++) {
			snprintf(name, sizeof(name), "E%d", k ? 19999 - i : i);
			bu_btfgen_enumval(&s->g, name, i);
		}
	}
	finish();
	core.fuel = 1000000;
	ok(ask(BU_CORE_TYPE_MATCHES, e, "0") == -ELOOP, "work without end is given up");
	ok(ask(BU_CORE_ENUMVAL_VALUE, e, "5") == -ELOOP, "and stays given up");
	end();
}

/* ---------------------------------------------------------------- instructions */

static void patches(void)
{
	static const struct {
		const char *what;
		struct bu_insn in;
		struct bu_core_result r;
		struct bu_insn want; /* code 0: refused */
	} t[] = {
		{ "number", { .code = 0xb7, .imm = 8 }, { .was = 8, .is = 24, .check = true }, { .code = 0xb7, .imm = 24 } },
		{ "number of 32 bits", { .code = 0xb4, .imm = 8 }, { .was = 8, .is = 24, .check = true }, { .code = 0xb4, .imm = 24 } },
		{ "sum", { .code = 0x07, .imm = 8 }, { .was = 8, .is = 24, .check = true }, { .code = 0x07, .imm = 24 } },
		{ "number that is not what the record says", { .code = 0xb7, .imm = 9 }, { .was = 8, .is = 24, .check = true }, { .code = 0 } },
		{ "number that need not be", { .code = 0xb7, .imm = 9 }, { .was = 8, .is = 24 }, { .code = 0xb7, .imm = 24 } },
		{ "number of a register", { .code = 0xbf }, { .is = 24 }, { .code = 0 } },
		{ "number beyond 32 bits", { .code = 0xb7 }, { .is = 1ull << 32 }, { .code = 0 } },
		{ "load", { .code = 0x61, .off = 8 }, { .was = 8, .is = 24, .check = true, .old_size = 4, .new_size = 4 }, { .code = 0x61, .off = 24 } },
		{ "load that widens", { .code = 0x61, .off = 8 }, { .was = 8, .is = 24, .check = true, .old_size = 4, .new_size = 8 }, { .code = 0x79, .off = 24 } },
		{ "load that narrows", { .code = 0x79, .off = 8 }, { .was = 8, .is = 24, .check = true, .old_size = 8, .new_size = 1 }, { .code = 0x71, .off = 24 } },
		{ "load of 2 bytes", { .code = 0x79, .off = 0 }, { .old_size = 8, .new_size = 2 }, { .code = 0x69 } },
		{ "store", { .code = 0x63, .off = 8 }, { .was = 8, .is = 0, .check = true, .old_size = 4, .new_size = 4 }, { .code = 0x63 } },
		{ "store of a number", { .code = 0x7a, .off = 8, .imm = 5 }, { .was = 8, .is = 16, .check = true, .old_size = 8, .new_size = 4 }, { .code = 0x62, .off = 16, .imm = 5 } },
		{ "signed load", { .code = 0x81, .off = 4 }, { .was = 4, .is = 12, .old_size = 4, .new_size = 4 }, { .code = 0x81, .off = 12 } },
		{ "load of part of the field", { .code = 0x61, .off = 8 }, { .was = 8, .is = 24, .old_size = 8, .new_size = 4 }, { .code = 0 } },
		{ "load of a size that no instruction has", { .code = 0x61 }, { .old_size = 4, .new_size = 3 }, { .code = 0 } },
		{ "load of a large struct", { .code = 0x61 }, { .old_size = 4, .new_size = 300 }, { .code = 0 } },
		{ "load with an offset that does not fit", { .code = 0x61 }, { .is = 40000, .old_size = 4, .new_size = 4 }, { .code = 0 } },
		{ "load with the wrong offset", { .code = 0x61, .off = 4 }, { .was = 8, .is = 24, .check = true }, { .code = 0 } },
		{ "load of another width and sign", { .code = 0x61 }, { .bad_width = true, .what = "x", .old_size = 4, .new_size = 8 }, { .code = BU_OP_CALL, .imm = BU_CORE_POISON } },
		{ "poison", { .code = 0x61, .dst = 3, .src = 2, .off = 7 }, { .poison = true }, { .code = BU_OP_CALL, .imm = BU_CORE_POISON } },
		{ "jump", { .code = 0x15, .imm = 1 }, { .was = 1, .is = 0 }, { .code = 0 } },
	};

	begin();
	finish();
	for (unsigned i = 0; i < BU_ARRAY_SIZE(t); i++) {
		struct bu_insn in = t[i].in;
		struct bu_core_result r = t[i].r;
		int err = bu_core_patch(&core, &in, 1, &r);

		if (t[i].want.code)
			ok(!err && in.code == t[i].want.code && in.off == t[i].want.off && in.imm == t[i].want.imm &&
			   (r.poison || (in.dst == t[i].in.dst && in.src == t[i].in.src)), "patch: %s", t[i].what);
		else
			ok(err == -EINVAL && r.why && memcmp(&in, &t[i].in, sizeof(in)) == 0,
			   "refused, and left alone: %s", t[i].what);
	}
	struct bu_insn w[2] = { { .code = BU_OP_LD_IMM64, .imm = 5 } };
	struct bu_core_result r = { .was = 5, .is = 0x123456789abcdef0, .check = true };

	ok(!bu_core_patch(&core, w, 2, &r) && (uint32_t)w[0].imm == 0x9abcdef0 && w[1].imm == 0x12345678,
	   "patch: wide number");
	ok(bu_core_patch(&core, w, 2, &r) == -EINVAL, "refused: a wide number that is not what the record says");
	ok(bu_core_patch(&core, w, 1, &r) == -EINVAL, "refused: half of a wide number");
	w[0].src = 1;
	ok(bu_core_patch(&core, w, 2, &r) == -EINVAL, "refused: address of a map");
	r.poison = true;
	ok(!bu_core_patch(&core, w, 2, &r) && w[0].code == BU_OP_CALL && w[1].code == BU_OP_CALL &&
	   w[0].imm == BU_CORE_POISON && !w[0].src && w[1].imm == BU_CORE_POISON, "both halves are poisoned");
	end();
}

/* ---------------------------------------------------------------- the index */

static void lookups(void)
{
	struct bu_btf_index x;
	uint32_t pos = 0;
	uint8_t *p;

	begin();
	u64t(&there);
	begin_struct(&there, "a___1", 4);
	bu_btfgen_mod(&there.g, BU_BTF_TYPEDEF, "a", 1);
	begin_struct(&there, "a", 4);
	bu_btfgen_func(&there.g, "a", bu_btfgen_proto(&there.g, 0), 1);
	finish();
	ok(bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "a", 1, &pos) == 2 &&
	   bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "a", 1, &pos) == 4 &&
	   !bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "a", 1, &pos), "both structs of a name, in order");
	pos = 0;
	ok(bu_btf_index_next(&there.x, 1u << BU_BTF_FUNC, "a", 1, &pos) == 6, "a function of that name");
	pos = 0;
	ok(!bu_btf_index_next(&there.x, 1u << BU_BTF_UNION, "a", 1, &pos) &&
	   !bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "b", 1, &pos) &&
	   !bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "", 0, &pos), "nothing of another kind or name");
	ok(there.x.btf.ptr_size == 8, "the size of long tells that of pointers");
	/* Each cut is told or leaves fewer types, and nothing is read behind the end (sanitizers). */
	p = malloc(there.blob.n);
	for (size_t n = 0; n < there.blob.n; n++) {
		uint8_t *q = malloc(n + 1);

		memcpy(q, there.blob.p, n);
		if (!bu_btf_index(&x, q, n, NULL, "cut", NULL))
			bu_btf_index_free(&x);
		free(q);
	}
	for (size_t n = 0; n < there.blob.n; n++) {
		memcpy(p, there.blob.p, there.blob.n);
		p[n] ^= 0xff;
		if (!bu_btf_index(&x, p, there.blob.n, NULL, "mutant", NULL)) {
			pos = 0;
			bu_btf_index_next(&x, 1u << BU_BTF_STRUCT, "a", 1, &pos);
			for (uint32_t id = 0; id <= x.btf.ntypes; id++)
				bu_btf_size(&x.btf, id);
			bu_btf_index_free(&x);
		}
	}
	free(p);
	ok(true, "blobs cut short or with a byte turned over");
	end();
}

/* The index as bytes: the same answers; anything else is refused or does no harm. */
static void saved(void)
{
	struct bu_btf_index x;
	struct bu_buf b = { 0 };
	uint64_t *copy;
	unsigned same = 0, taken = 0;
	uint32_t pos = 0, id;

	begin();
	u64t(&there);
	for (int i = 0; i < 9; i++) {
		char name[8];

		snprintf(name, sizeof(name), "s%d", i);
		begin_struct(&there, name, 4);
		bu_btfgen_func(&there.g, name, bu_btfgen_proto(&there.g, 0), 1);
	}
	finish();
	ok(!bu_btf_index_save(&there.x, &b) && b.n % 8 == 0, "the index is put into bytes");
	copy = malloc(b.n + 8);
	memcpy(copy, b.p, b.n);
	ok(!bu_btf_index_load(&x, there.blob.p, there.blob.n, "v", copy, b.n), "and taken back");
	for (int i = 0; i < 9; i++) {
		char name[8];

		snprintf(name, sizeof(name), "s%d", i);
		pos = 0;
		id = bu_btf_index_next(&x, 1u << BU_BTF_STRUCT, name, 2, &pos);
		pos = 0;
		same += id && id == bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, name, 2, &pos);
		pos = 0;
		id = bu_btf_index_next(&x, 1u << BU_BTF_FUNC, name, 2, &pos);
		pos = 0;
		same += id && id == bu_btf_index_next(&there.x, 1u << BU_BTF_FUNC, name, 2, &pos);
	}
	ok(same == 18, "it finds the same types (%u of 18)", same);
	bu_btf_index_free(&x);
	ok(bu_btf_index_load(&x, here.blob.p, here.blob.n, "v", copy, b.n) == -EINVAL, "not of another BTF");
	for (size_t n = 0; n < b.n; n += 8)
		taken += !bu_btf_index_load(&x, there.blob.p, there.blob.n, "v", copy, n);
	ok(!taken, "not when it is cut short");
	for (size_t n = 0; n < b.n; n++) {
		((uint8_t *)copy)[n] ^= 0x41;
		if (!bu_btf_index_load(&x, there.blob.p, there.blob.n, "v", copy, b.n)) {
			pos = 0;
			id = bu_btf_index_next(&x, 1u << BU_BTF_STRUCT, "s3", 2, &pos);
			pos = 0;
			taken += id != bu_btf_index_next(&there.x, 1u << BU_BTF_STRUCT, "s3", 2, &pos);
			pos = 0;
			id = bu_btf_index_next(&x, 1u << BU_BTF_FUNC, "s3", 2, &pos);
			pos = 0;
			taken += id != bu_btf_index_next(&there.x, 1u << BU_BTF_FUNC, "s3", 2, &pos);
			bu_btf_index_free(&x);
		}
		((uint8_t *)copy)[n] ^= 0x41;
	}
	ok(!taken, "a byte turned over is noticed, or does not matter");
	free(copy);
	bu_buf_free(&b);
	end();
}

/* A kind that did not exist when this was written, with a table that tells its length. */
static void unknown_kind(void)
{
	static const uint32_t words[] = {
		0x0001eb9f, 32, 0, 52, 52, 8, 60, 21 * 4,          /* header: types 52, strings 8, layouts 84 */
		1, 1u << 24, 4, 32,                                 /* [1] INT */
		1, 20u << 24 | 2, 0, 7, 8, 9,                       /* [2] kind 20: 4 + 2 * 4 bytes */
		1, 4u << 24, 4,                                     /* [3] STRUCT */
		0x746e6900, 0,                                      /* "", "int" */
	};
	uint8_t blob[sizeof(words) + 21 * 4] = { 0 };
	struct bu_btf b;
	struct bu_btf_type t;
	struct bu_btf_index x;
	uint32_t pos = 0;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(words); i++)
		bu_put32(blob + i * 4, false, words[i]);
	blob[sizeof(words) + 80] = 4; /* of kind 20 */
	blob[sizeof(words) + 81] = 4;
	bu_diags_init(&ds);
	ok(!bu_btf_parse(&b, blob, sizeof(blob), NULL, "new", &ds), "a new kind is passed over by its layout");
	ok(b.ntypes == 3 && !bu_btf_get(&b, 2, &t) && t.kind == BU_BTF_UNKNOWN && bu_btf_size(&b, 2) < 0 &&
	   !bu_btf_get(&b, 3, &t) && t.kind == BU_BTF_STRUCT, "and the types behind it are read");
	bu_btf_free(&b);
	ok(!bu_btf_index(&x, blob, sizeof(blob), NULL, "new", &ds) &&
	   bu_btf_index_next(&x, 1u << BU_BTF_STRUCT, "int", 3, &pos) == 3, "by the index, too");
	bu_btf_index_free(&x);
	bu_put32(blob + 28, false, 20 * 4); /* no entry for 20 */
	ok(bu_btf_parse(&b, blob, sizeof(blob), NULL, "new", &ds) == -EINVAL &&
	   bu_btf_index(&x, blob, sizeof(blob), NULL, "new", NULL) == -EINVAL, "without a layout it is refused");
	bu_put32(blob + 28, false, 4000);
	ok(bu_btf_parse(&b, blob, sizeof(blob), NULL, "new", &ds) == -EINVAL, "a table beyond the end");
	bu_diags_free(&ds);
}

int main(void)
{
	names();
	fields();
	member_types();
	bitfields();
	flexible();
	types();
	enumerators();
	ambiguous();
	type_matches();
	endless();
	fuel();
	patches();
	lookups();
	saved();
	unknown_kind();
	return done_testing();
}
