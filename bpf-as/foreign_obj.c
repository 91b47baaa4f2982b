/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What llvm-objdump and GNU objdump print with -d, -dr and --no-show-raw-insn:
 *
 *   Disassembly of section xdp:
 *   0000000000000000 <prog>:
 *          1:<tab>18 01 00 … 00<tab>r1 = 0x0 ll          LLVM: instructions, decimal
 *   <tab><tab>0000000000000008:  R_BPF_64_64<tab>name
 *      8:<tab>18 01 00 00 00 00 00 00 <tab>lddw %r1,0     GNU: bytes, hexadecimal, a line a slot
 *     10:<tab>00 00 00 00 00 00 00 00
 */
#include "bpf-as/foreign.h"

struct objdump {
	struct foreign *fr;
	bool gnu, known;         /* how places are counted */
	bool order_known;
	bool gap;                /* "..." was seen: zeros up to the next place */
	bool second;             /* the second slot comes on a line of its own */
	struct fr_insn half;     /* its first line's text, slots 0: none */
	struct bu_str name;      /* of the section */
	uint64_t last;           /* where the last instruction begins */
	bool last_raw;
	bool core;               /* a relocation of CO-RE was told */
};

static bool not_understood(struct objdump *od)
{
	struct foreign *fr = od->fr;

	return fr_fail(fr, "A0270", fr->line.p, fr->line.n,
		       "not a line that objdump prints with -d, -dr or --no-show-raw-insn");
}

/* ---------------------------------------------------------------- sections and labels */

static bool section(struct objdump *od, struct bu_str name)
{
	struct as *as = od->fr->as;
	struct as_sec *s;

	od->second = od->gap = false;
	od->name = name;
	if (fr_begins(name, ".BTF") || fr_begins(name, ".debug") || fr_begins(name, ".rel") ||
	    fr_begins(name, ".symtab") || fr_begins(name, ".strtab"))
		return fr_fail(od->fr, "A0271", name.p, name.n, "section '%.*s' is no code: dump with -d, not -D",
			       (int)name.n, name.p);
	s = as_section(as, name.p, name.n, name.p);
	if (!s)
		return false;
	if (s->size)
		return fr_fail(od->fr, "A0271", name.p, name.n, "section '%.*s' is there twice",
			       (int)name.n, name.p);
	if (!(s->flags & SHF_ALLOC)) {
		s->flags = SHF_ALLOC | SHF_EXECINSTR;
		s = as_section(as, name.p, name.n, name.p);
	}
	as_switch(as, s);
	return true;
}

/* Labels that compilers make for jumps: never functions. */
static bool jump_label(struct bu_str n)
{
	return fr_begins(n, "LBB") || fr_begins(n, ".LBB") || fr_begins(n, ".L");
}

static bool label(struct objdump *od, uint64_t place, struct bu_str name)
{
	struct as *as = od->fr->as;
	struct as_sym *s;

	if (od->gap && place > as->cur->size && !(place % 8)) {
		if (!as_put(as, NULL, place - as->cur->size, name.p))
			return od->fr->failed = true, false;
		od->gap = false;
	}
	if (place != as->cur->size)
		return fr_fail(od->fr, "A0271", od->fr->line.p, od->fr->line.n,
			       "the place is 0x%llx, but 0x%llx bytes stand before it", (unsigned long long)place,
			       (unsigned long long)as->cur->size);
	if (name.n == od->name.n && !memcmp(name.p, od->name.p, name.n))
		return true;
	s = as_sym_find(as, name.p, name.n);
	if (s && s->def != DEF_NONE) /* another file's static function: its label tells nothing */
		return true;
	as_label(as, name.p, name.n);
	s = as_sym_find(as, name.p, name.n);
	if (s && jump_label(name)) {
		s->type = STT_NOTYPE;
		s->type_given = true;
	}
	return true;
}

/* ---------------------------------------------------------------- instructions */

/* LLVM before 22 and 32-bit atomics with r: fetch_add and load_acquire look the same. */
static bool ambiguous(const struct objdump *od, const struct fr_insn *t, struct bu_str text, const char **why)
{
	const struct bu_isa *row = t->m.row;

	*why = NULL;
	if (row->sem == BU_SEM_ATOMIC && !row->keyval && od->gnu && text.p[0] == 'x')
		*why = "objdump prints every atomic operation like this";
	else if (row->sem == BU_SEM_ATOMIC && !row->keyval && !od->gnu && row->width == 32 &&
		 memchr(text.p, 'r', text.n) && text.p[text.n - 2] == 'r')
		*why = "llvm-objdump prints fetch_add and load_acquire like this too";
	else if (row->sem == BU_SEM_LD_IND && !t->m.imm.present)
		*why = "llvm-objdump does not print the offset";
	else if (row->sem == BU_SEM_LD_IMM64 && t->m.x.present)
		*why = "llvm-objdump does not print the second half";
	return *why;
}

/* Which call a number means without raw bytes, see fr_call. */
static bool plain_call(struct objdump *od, struct fr_insn *t, struct bu_str text)
{
	struct foreign *fr = od->fr;
	struct as *as = fr->as;
	struct fr_call *c;

	if (t->in[0].imm < 0) { /* no helper has such a number */
		t->in[0].src = BU_CALL_LOCAL;
		return true;
	}
	c = bu_arena_grow(&as->arena, fr->call, fr->ncall, &fr->cap_call, sizeof(*c));
	if (!c)
		return false;
	fr->call = c;
	c[fr->ncall++] = (struct fr_call){ as->cur, as->cur->size, text.p, (uint32_t)text.n };
	return true;
}

static bool without_raw(struct objdump *od, struct bu_str text)
{
	struct foreign *fr = od->fr;
	struct fr_insn t;
	uint8_t code[16];
	const char *why;

	if (!fr_read(fr, text, &t))
		return fr_fail(fr, "A0272", text.p, text.n, text.n && text.p[0] == '<' ? "the tool did not know this "
			       "instruction, and no raw bytes stand beside it" : "not an instruction");
	if (ambiguous(od, &t, text, &why))
		return fr_fail(fr, "A0273", text.p, text.n, "the text does not tell which instruction this is: %s", why);
	fr_no_raw(fr, text.p, text.n, "dump without --no-show-raw-insn");
	if (t.m.row->sem == BU_SEM_CALL && !plain_call(od, &t, text))
		return false;
	for (int i = 0; i < t.slots; i++)
		bu_insn_encode(code + 8 * i, &t.in[i], fr->as->be);
	od->last = fr->as->cur->size;
	od->last_raw = false;
	return fr_put(fr, code, (size_t)t.slots * 8, text.p);
}

static bool disagree(struct objdump *od, struct bu_str text)
{
	return fr_fail(od->fr, "A0275", text.p, text.n, "the text is not what the bytes before it are");
}

static bool unknown(struct bu_str t)
{
	return fr_begins(t, "<unknown>") || fr_begins(t, "*unknown*") || fr_begins(t, "<invalid>");
}

static bool with_raw(struct objdump *od, const uint8_t *code, size_t n, struct bu_str text)
{
	struct foreign *fr = od->fr;
	struct bu_insn in[2];
	struct fr_insn t;

	bu_insn_decode(&in[0], code, fr->as->be);
	bu_insn_decode(&in[1], code + 8, fr->as->be);
	if (od->second) { /* the second slot: no text */
		od->second = false;
		if (text.n)
			return disagree(od, text);
		if (od->half.slots && od->half.in[1].imm != in[0].imm)
			return disagree(od, fr->line);
		return fr_put(fr, code, n, fr->line.p);
	}
	od->half.slots = 0;
	if (!bu_isa_find(&in[0])) {
		/* Bytes that are no instruction: what tools print for them is anybody's guess. */
		od->second = od->gnu && in[0].code == BU_OP_LD_IMM64 && n == 8 && !unknown(text);
	} else if (!unknown(text) && text.n) {
		if (!fr_read(fr, text, &t))
			return fr_fail(fr, "A0272", text.p, text.n, "not an instruction");
		if (!fr_agrees(&t, &in[0], n == 16 ? &in[1] : NULL))
			return disagree(od, text);
		od->half = t;
		od->second = n == 8 && t.slots == 2;
	}
	od->last = fr->as->cur->size;
	od->last_raw = true;
	return fr_put(fr, code, n, text.n ? text.p : fr->line.p);
}

/* Zeros that the tool left out, and the place that a line names. */
static bool reach(struct objdump *od, uint64_t dec, uint64_t hex, bool dec_ok)
{
	struct as *as = od->fr->as;
	uint64_t size = as->cur->size, place;

	if (!od->known && size) {
		od->gnu = !(dec_ok && dec == size / 8);
		od->known = true;
	}
	if (!od->gnu && !dec_ok)
		return not_understood(od);
	place = od->gnu ? hex : dec * 8;
	if (dec_ok && dec > UINT64_MAX / 16)
		return not_understood(od);
	if (od->gap && place > size && !(place % 8)) {
		od->gap = false;
		if (!as_put(as, NULL, place - size, od->fr->line.p))
			return od->fr->failed = true, false;
		size = as->cur->size;
	}
	if (place == size)
		return true;
	return fr_fail(od->fr, "A0271", od->fr->line.p, od->fr->line.n,
		       "this is at byte 0x%llx, but %s 0x%llx", (unsigned long long)place,
		       place > size ? "the lines before it end at" : "the section is at",
		       (unsigned long long)size);
}

/* The text of an instruction without "<label+0x8>" behind it. */
static struct bu_str bare(struct bu_str t)
{
	if (t.n && t.p[t.n - 1] == '>' && !unknown(t)) {
		size_t i = t.n;

		while (i && t.p[i - 1] != '<')
			i--;
		if (i > 1 && t.p[i - 2] == ' ')
			t.n = i - 1;
	}
	return fr_trim(t);
}

static bool instruction(struct objdump *od, struct bu_str t)
{
	struct bu_str h = t, d = t;
	uint64_t dec = 0, hex = 0;
	uint8_t code[16] = { 0 };
	bool dec_ok;
	size_t n;
	int be;

	if (!fr_number(&h, 16, &hex) || !h.n || h.p[0] != ':')
		return not_understood(od);
	dec_ok = fr_number(&d, 10, &dec) && d.n && d.p[0] == ':';
	t = fr_trim(bu_str(h.p + 1, h.n - 1));
	if (!(od->fr->as->cur->flags & SHF_EXECINSTR) && od->fr->as->cur->size == 0 && !od->name.n)
		return not_understood(od);
	if (!reach(od, dec, hex, dec_ok))
		return false;
	h = t;
	n = fr_hex(&t, code, 16);
	if (n != 8 && n != 16) {
		if (n > 4)
			return not_understood(od);
		return without_raw(od, bare(h));
	}
	t = bare(t);
	if (!od->order_known && !unknown(t) && t.n) {
		be = fr_order(od->fr, t, code, n);
		if (be >= 0) {
			od->order_known = true;
			od->fr->as->be = be;
			od->fr->as->gen.be = be;
		}
	}
	return with_raw(od, code, n, t);
}

/* ---------------------------------------------------------------- relocations */

static const struct { const char *name; uint32_t type; } types[] = {
	{ "R_BPF_64_64", BU_R_BPF_64_64 }, { "R_BPF_INSN_64", BU_R_BPF_64_64 },
	{ "R_BPF_64_32", BU_R_BPF_64_32 }, { "R_BPF_INSN_DISP32", BU_R_BPF_64_32 },
	{ "R_BPF_64_ABS64", BU_R_BPF_64_ABS64 }, { "R_BPF_64_ABS32", BU_R_BPF_64_ABS32 },
};

static struct as_sym *target(struct objdump *od, struct bu_str name, const char *pos)
{
	struct as *as = od->fr->as;
	struct as_sym *s;

	for (size_t i = 1; i + 2 < name.n; i++) /* "name+0x8": REL keeps the addend in the bytes */
		if ((name.p[i] == '+' || name.p[i] == '-') && name.p[i + 1] == '0' && name.p[i + 2] == 'x')
			name.n = i;
	s = as_sym(as, name.p, name.n);
	if (!s)
		return NULL;
	if (s->def == DEF_REG) /* C may call a variable r64 */
		s->def = DEF_NONE;
	if (s->def == DEF_CONST || s->def == DEF_SET) {
		fr_fail(od->fr, "A0110", pos, name.n, "'%s' cannot be the symbol of a relocation", s->name);
		return NULL;
	}
	if (!s->x->use)
		as_symx(as, s)->use = pos;
	s->is_extern = true;
	s->used = true;
	return s;
}

/*
 * The dump is read. Relocations name a section for its section symbol, and else symbols that other
 * objects see too: assemblers take the section symbol for local ones.
 */
static void settle(struct foreign *fr, size_t from)
{
	struct as *as = fr->as;

	for (size_t i = from; i < as->nrel; i++) {
		struct as_reloc *r = &as->rel[i];
		struct as_sec *sec = bu_hash_get(&as->sec_index, r->sym->name, r->sym->n);
		struct as_sym *s;

		if (r->sym->def == DEF_LABEL) {
			r->sym->bind = r->sym->bind == STB_LOCAL ? STB_GLOBAL : r->sym->bind;
			r->sym->bind_given = true;
		} else if (sec && sec->size) {
			s = as_sym_new(as, r->sym->name, r->sym->n);
			if (!s)
				return;
			s->temp = true;
			s->def = DEF_LABEL;
			s->sec = sec;
			r->sym->used = false;
			r->sym = s;
		}
	}
}

static bool relocation(struct objdump *od, struct bu_str t)
{
	struct foreign *fr = od->fr;
	struct as *as = fr->as;
	struct bu_str type, name;
	struct as_reloc *r;
	uint64_t off;
	size_t i = 0;

	if (!fr_number(&t, 16, &off) || !fr_begins(t, ":"))
		return not_understood(od);
	t = fr_trim(bu_str(t.p + 1, t.n - 1));
	while (i < t.n && !IS(t.p[i], CL_SPACE))
		i++;
	type = bu_str(t.p, i);
	name = fr_trim(bu_str(t.p + i, t.n - i));
	for (i = 0; i < BU_ARRAY_SIZE(types) && !bu_str_is(type, types[i].name); i++)
		;
	if (i == BU_ARRAY_SIZE(types) || !name.n)
		return fr_fail(fr, "A0271", type.p, type.n, "relocation %.*s has no name in an object of ours",
			       (int)type.n, type.p);
	if (off % 8 || off + 8 > as->cur->size)
		return fr_fail(fr, "A0271", fr->line.p, fr->line.n, "the relocation is outside the code before it");
	/* Without raw bytes: what refers to a symbol is no helper. */
	if (!od->last_raw && off == od->last && as->cur->buf.p[off] == BU_OP_CALL) {
		as->cur->buf.p[off + 1] = (uint8_t)(as->be ? BU_CALL_LOCAL : BU_CALL_LOCAL << 4);
		if (fr->ncall && fr->call[fr->ncall - 1].off == off && fr->call[fr->ncall - 1].sec == as->cur)
			fr->ncall--;
	}
	r = bu_arena_grow(&as->arena, as->rel, as->nrel, &as->cap_rel, sizeof(*r));
	if (!r)
		return false;
	as->rel = r;
	r[as->nrel++] = (struct as_reloc){ .sec = as->cur, .off = off, .type = types[i].type, .keep = true,
					   .sym = target(od, name, name.p), .pos = name.p,
					   .len = (uint32_t)name.n };
	return r[as->nrel - 1].sym != NULL;
}

/* "8:  CO-RE <byte_off> [5] struct x::y (0:1)": these live in the BTF, which a dump does not hold. */
static void core(struct objdump *od)
{
	if (!od->core)
		as_warn(od->fr->as, "A0278", od->fr->line.p, od->fr->line.n,
			"the object has CO-RE relocations: they are lost, and the values stay as they are here");
	od->core = true;
}

/* ---------------------------------------------------------------- all of it */

static bool one_line(struct objdump *od)
{
	struct foreign *fr = od->fr;
	struct bu_str t = fr->line, name;
	const char *format = memmem(t.p, t.n, "file format elf64-bpf", 21);
	uint64_t place;

	if (!t.n || t.p[0] == ';')
		return true;
	if (format) {
		struct bu_str f = bu_str(format + 21, t.n - (size_t)(format + 21 - t.p));

		od->gnu = f.n == 2;
		od->known = true;
		if (f.n == 2) {
			fr->as->be = fr->as->gen.be = f.p[0] == 'b';
			od->order_known = true;
		}
		return true;
	}
	if (fr_begins(t, "Disassembly of section ") && t.p[t.n - 1] == ':')
		return section(od, bu_str(t.p + 23, t.n - 24));
	if (bu_str_is(t, "...")) {
		od->gap = true;
		return true;
	}
	if (!od->name.n)
		return not_understood(od);
	name = t;
	if (t.p[t.n - 1] == ':' && fr_number(&name, 16, &place) && fr_begins(name, " <") && name.n > 4 &&
	    name.p[name.n - 2] == '>')
		return label(od, place, bu_str(name.p + 2, name.n - 4));
	if (memmem(t.p, t.n, ":  CO-RE <", 10)) {
		core(od);
		return true;
	}
	if (memmem(t.p, t.n, "R_BPF_", 6))
		return relocation(od, t);
	return instruction(od, t);
}

/* Could a function begin at byte to of the section? Then what is before it does not run on into it. */
static bool may_begin_function(const struct as_sec *s, int64_t to)
{
	uint8_t before;

	if (to < 0 || (uint64_t)to >= s->buf.n)
		return false;
	before = to ? s->buf.p[to - 8] : BU_OP_EXIT;
	return before == BU_OP_EXIT || before == BU_OP_JA || before == BU_OP_JA32 || before == 0x0d;
}

/*
 * Without relocations beside the text a call into another section shows its addend, which is where the
 * function is in that section.
 */
static bool may_be_addend(const struct as *as, const struct as_sec *from, int64_t imm)
{
	for (size_t i = 0; i < as->nsecs; i++)
		if (as->secs[i] != from && (as->secs[i]->flags & SHF_EXECINSTR) &&
		    may_begin_function(as->secs[i], (imm + 1) * 8))
			return true;
	return false;
}

static void check_calls(struct foreign *fr, bool relocs)
{
	struct as *as = fr->as;

	for (size_t i = 0; i < fr->ncall && !fr->failed; i++) {
		const struct fr_call *c = &fr->call[i];
		int64_t imm = (int32_t)bu_get32(c->sec->buf.p + c->off + 4, as->be);

		if (may_begin_function(c->sec, ((int64_t)c->off / 8 + 1 + imm) * 8) ||
		    (!relocs && may_be_addend(as, c->sec, imm)))
			fr_fail(fr, "A0273", c->pos, c->len, "the text does not tell which call this is: of helper %lld, "
				"or of a function that could begin there", (long long)imm);
	}
}

bool fr_objdump(struct foreign *fr)
{
	struct objdump od = { .fr = fr };
	size_t rels = fr->as->nrel;

	while (fr_line(fr))
		if (!one_line(&od))
			return false;
	if (od.gap)
		fr_fail(fr, "A0271", fr->line.p, 1, "zeros at the end of section '%.*s' are left out: dump with -z",
			(int)od.name.n, od.name.p);
	check_calls(fr, fr->as->nrel > rels);
	settle(fr, rels);
	return !fr->failed;
}
