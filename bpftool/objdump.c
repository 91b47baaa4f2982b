// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "object dump": the instructions and the data of an object file, with what is said about each place:
 * names, source lines, relocations, CO-RE relocations in words.
 *
 * Of a section instructions are counted from its start, of a program as the kernel will count them: the
 * functions that it calls stand behind it, as the verifier's log has them.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define CORE_RECORD 16

struct dump {
	struct bt_object b;
	struct bt *t;
	const char *section, *prog;
	bool opcodes, linum;
	struct bu_buf text;
};

/* Code to be printed: n instructions from byte off of section k, the first of which has number `first`. */
struct code {
	uint32_t k;
	uint64_t off;
	uint32_t n, first;
	uint32_t *sym, *core; /* by instruction: 1 + a symbol that names it; 1 + the first CO-RE record about it */
	uint32_t rel;         /* next relocation */
	const struct bu_btfext_sec *x;
	uint32_t line, func;  /* next records of x */
};

/* ---------------------------------------------------------------- what is known about places */

/* The first relocation of section k at or behind off. */
static uint32_t first_rel(const struct bu_obj *o, uint32_t k, uint64_t off)
{
	uint32_t lo = 0, hi = o->nrels;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct bu_rel *r = &o->rels[mid];

		if (r->sec < k || (r->sec == k && r->off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool names_code(const struct bu_sym *s)
{
	return *s->name && (s->type == STT_FUNC || (s->type == STT_NOTYPE && strncmp(s->name, ".L", 2) != 0 &&
						    strncmp(s->name, "LBB", 3) != 0));
}

static bool prepare(struct dump *d, struct code *c)
{
	const struct bu_obj *o = &d->b.o;
	const uint64_t end = c->off + (uint64_t)c->n * BU_INSN_SIZE;

	c->sym = bu_arena_array(&d->t->arena, c->n, sizeof(*c->sym));
	c->core = bu_arena_array(&d->t->arena, c->n, sizeof(*c->core));
	if (!c->sym || !c->core)
		return false;
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];
		uint32_t *at;

		if (s->sec != c->k || s->value < c->off || s->value >= end || s->value % BU_INSN_SIZE || !names_code(s))
			continue;
		at = &c->sym[(s->value - c->off) / BU_INSN_SIZE];
		if (!*at || o->syms[*at - 1].type != STT_FUNC)
			*at = i + 1;
	}
	c->rel = first_rel(o, c->k, c->off);
	c->x = bt_object_ext(&d->b, c->k);
	for (uint32_t i = c->x && c->x->core_size >= CORE_RECORD ? c->x->ncore : 0; i-- > 0;) {
		uint64_t off = bu_get32(c->x->core + (size_t)i * c->x->core_size, o->be);

		if (off >= c->off && off < end)
			c->core[(off - c->off) / BU_INSN_SIZE] = i + 1;
	}
	c->line = c->x ? bu_btfext_first_line(c->x, c->off) : 0;
	while (c->x && c->func < c->x->nfunc && c->x->func[c->func].insn_off < c->off)
		c->func++;
	return true;
}

static const char *sym_at(const struct dump *d, const struct code *c, int64_t i)
{
	return i >= 0 && i < c->n && c->sym[i] ? d->b.o.syms[c->sym[i] - 1].name : NULL;
}

/* ---------------------------------------------------------------- above an instruction */

static const char *btf_text(struct dump *d, uint32_t off)
{
	const char *s = bu_btf_str(&d->b.o.btf, off);

	s += strspn(s, " \t");
	return d->t->json ? s : bt_esc_line(d->t, s);
}

static void put_above(struct dump *d, struct code *c, uint32_t i)
{
	const uint64_t off = c->off + (uint64_t)i * BU_INSN_SIZE;
	const char *name = sym_at(d, c, i), *src, *file;
	struct bu_out *o = &d->t->out;
	const struct bu_line_info *l;

	if (name)
		bu_out_str(o, "name", name, SIZE_MAX, "%s:\n", bt_escz(d->t, name));
	if (!c->x)
		return;
	for (; c->func < c->x->nfunc && c->x->func[c->func].insn_off <= off; c->func++) {
		bu_buf_reset(&d->text);
		if (c->x->func[c->func].insn_off == off &&
		    !bu_btf_print_proto(&d->text, &d->b.o.btf, c->x->func[c->func].type_id))
			bu_out_str(o, "proto", bu_buf_cstr(&d->text), SIZE_MAX, "; %s:\n",
				   bt_escz(d->t, bu_buf_cstr(&d->text)));
	}
	while (c->line < c->x->nline && c->x->line[c->line].insn_off < off)
		c->line++;
	if (c->line >= c->x->nline || c->x->line[c->line].insn_off != off)
		return;
	l = &c->x->line[c->line];
	if (!d->t->json && !d->linum && c->line && i && l[-1].insn_off >= c->off && l[-1].line == l->line &&
	    l[-1].file_off == l->file_off) /* the same line at another column: once is enough to read */
		return;
	src = btf_text(d, l->line_off);
	bu_out_str(o, "src", src, SIZE_MAX, "; %s", src);
	if (d->linum) {
		file = btf_text(d, l->file_off);
		bu_out_str(o, "file", file, SIZE_MAX, " [file:%s", file);
		bu_out_uint(o, "line_num", l->line, " line_num:%u", l->line);
		bu_out_uint(o, "line_col", l->col, " line_col:%u]", l->col);
	}
	bu_out_text(o, "\n");
	/* of several lines at one place the first is told */
	while (c->line < c->x->nline && c->x->line[c->line].insn_off == off)
		c->line++;
}

/* ---------------------------------------------------------------- below an instruction */

static void put_place(struct bu_buf *b, const struct bt_place *p)
{
	bu_buf_printf(b, "%s[%s]", bt_against_word(p->kind), p->name);
	if (p->off)
		bu_buf_printf(b, "+%llu", (unsigned long long)p->off);
}

static void put_reloc(struct dump *d, const struct bu_rel *r, const struct bt_place *p, const char *key)
{
	const char *type = bt_reloc_name(d->t, r->type), *word = bt_against_word(p->kind);
	struct bu_out *o = &d->t->out;

	bu_out_obj(o, key);
	if (!key)
		bu_out_uint(o, "offset", r->off, "0x%llx: ", (unsigned long long)r->off);
	bu_out_str(o, "type", type, SIZE_MAX, "%s", type);
	bu_out_str(o, "kind", word, SIZE_MAX, " %s", word);
	bu_out_str(o, "symbol", p->name, SIZE_MAX, " %s", bt_escz(d->t, p->name));
	bu_out_uint(o, "addend", p->off, p->off ? "+%llu" : NULL, (unsigned long long)p->off);
	if (p->weak)
		bu_out_bool(o, "weak", true, " weak");
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
}

static void put_core(struct dump *d, const struct code *c, uint32_t i)
{
	struct bu_out *o = &d->t->out;
	const char *what, *kind;
	uint32_t off, r;

	if (!c->core[i])
		return;
	bu_out_arr(o, "core");
	for (r = c->core[i] - 1; r < c->x->ncore; r++) {
		what = bt_object_core(&d->b, c->x, r, &off, &kind);
		if ((off - c->off) / BU_INSN_SIZE != i)
			break;
		bu_out_obj(o, NULL);
		bu_out_str(o, "kind", kind, SIZE_MAX, "        CO-RE <%s>", kind);
		bu_out_str(o, "what", what, SIZE_MAX, " %s\n", bt_escz(d->t, what));
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

static void put_opcodes(struct dump *d, const uint8_t *p, size_t n)
{
	bu_buf_reset(&d->text);
	if (d->t->json) {
		bt_put_bytes(d->t, &d->text, "opcodes", p, n);
		return;
	}
	bt_hex(&d->text, p, n);
	bu_out_text(&d->t->out, "       %s\n", bu_buf_cstr(&d->text));
}

/* ---------------------------------------------------------------- one instruction */

static void put_operands(struct dump *d, const struct code *c, uint32_t i, const struct bu_insn *in,
			 const struct bu_insn *hi, const struct bt_place *p)
{
	struct bu_buf *b = &d->text;
	const char *name;

	if (p && in->code == BU_OP_LD_IMM64) {
		bu_buf_printf(b, "r%u = ", in->dst);
		put_place(b, p);
	} else if (p && in->code == BU_OP_CALL) {
		bu_buf_printf(b, "call %s", p->name);
		if (p->off)
			bu_buf_printf(b, "+%llu", (unsigned long long)p->off);
	} else if (in->code == BU_OP_CALL && in->src == BU_CALL_LOCAL) {
		name = sym_at(d, c, (int64_t)i + 1 + in->imm);
		bu_buf_printf(b, "call pc%+d%s%s", in->imm, name ? "#" : "", name ? name : "");
	} else {
		bu_isa_print_kernel(b, in, hi, i, NULL);
	}
}

/* Returns the slots taken. */
static uint32_t put_insn(struct dump *d, struct code *c, uint32_t i)
{
	const struct bu_obj *o = &d->b.o;
	const uint64_t off = c->off + (uint64_t)i * BU_INSN_SIZE;
	const uint8_t *p = o->secs[c->k].data + off;
	struct bu_out *out = &d->t->out;
	const struct bu_rel *r = NULL;
	struct bt_place place;
	struct bu_insn in, hi;
	bool wide;

	bu_insn_decode(&in, p, o->be);
	wide = in.code == BU_OP_LD_IMM64 && i + 1 < c->n;
	if (wide)
		bu_insn_decode(&hi, p + BU_INSN_SIZE, o->be);
	while (c->rel < o->nrels && o->rels[c->rel].sec == c->k && o->rels[c->rel].off < off)
		c->rel++;
	if (c->rel < o->nrels && o->rels[c->rel].sec == c->k && o->rels[c->rel].off < off + (wide ? 16 : 8)) {
		r = &o->rels[c->rel];
		bt_object_place(&d->b, r, &place);
	}
	bu_out_obj(out, NULL);
	put_above(d, c, i);
	bu_buf_reset(&d->text);
	bu_buf_printf(&d->text, "(%02x) ", in.code);
	put_operands(d, c, i, &in, wide ? &hi : NULL, r ? &place : NULL);
	bu_out_uint(out, "pc", c->first + i, "%4u: ", c->first + i);
	bu_out_str(out, "disasm", (const char *)d->text.p, d->text.n, "%s\n",
		   d->t->json ? "" : bt_esc(d->t, (const char *)d->text.p, d->text.n));
	if (d->opcodes)
		put_opcodes(d, p, wide ? 16 : 8);
	if (r) {
		bu_out_text(out, "        ");
		put_reloc(d, r, &place, "relocation");
	}
	put_core(d, c, i);
	bu_out_obj_end(out);
	return wide ? 2 : 1;
}

static void put_code(struct dump *d, struct code *c)
{
	bu_out_arr(&d->t->out, "insns");
	if (prepare(d, c))
		for (uint32_t i = 0; i < c->n && !d->t->out.err;)
			i += put_insn(d, c, i);
	else
		bt_refused(d->t, -1, -ENOMEM, "cannot show section '%s'", bt_escz(d->t, d->b.o.secs[c->k].name));
	bu_out_arr_end(&d->t->out);
}

/* ---------------------------------------------------------------- data */

static void put_var(struct dump *d, const struct bu_sec *s, const struct bu_btf_secvar *v)
{
	const struct bu_btf *btf = &d->b.o.btf;
	struct bu_out *o = &d->t->out;
	struct bu_btf_type ty;
	const char *type;

	if (bu_btf_get(btf, v->type, &ty) || ty.kind != BU_BTF_VAR)
		return;
	type = bt_object_type(&d->b, ty.type);
	bu_out_obj(o, NULL);
	bu_out_str(o, "name", ty.name, SIZE_MAX, "0x%04x: %s %s", v->off, bt_escz(d->t, type), bt_escz(d->t, ty.name));
	bu_out_str(o, "type", type, SIZE_MAX, NULL);
	bu_out_uint(o, "offset", v->off, NULL);
	bu_out_uint(o, "size", v->size, NULL);
	if (s->data && v->off <= s->size && v->size <= s->size - v->off) {
		bu_buf_reset(&d->text);
		if (d->t->json)
			bu_btf_print_value(o, "value", btf, ty.type, s->data + v->off, v->size);
		else if (!bu_btf_print_text(&d->text, btf, ty.type, s->data + v->off, v->size, 0))
			bu_out_text(o, " = %s", bu_buf_cstr(&d->text));
	}
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
}

static void put_vars(struct dump *d, const struct bu_sec *s)
{
	const struct bu_btf *btf = &d->b.o.btf;
	uint32_t id = d->b.meant && d->b.o.has_btf ? bu_btf_find(btf, BU_BTF_DATASEC, s->name) : 0;
	struct bu_btf_secvar v;
	struct bu_btf_type ty;

	bu_out_arr(&d->t->out, "variables");
	for (uint32_t i = 0; id && !bu_btf_get(btf, id, &ty) && i < ty.vlen; i++)
		if (!bu_btf_secvar(btf, &ty, i, &v))
			put_var(d, s, &v);
	bu_out_arr_end(&d->t->out);
}

static void put_data_relocs(struct dump *d, uint32_t k)
{
	const struct bu_obj *o = &d->b.o;
	struct bt_place place;

	bu_out_arr(&d->t->out, "relocations");
	for (uint32_t i = first_rel(o, k, 0); i < o->nrels && o->rels[i].sec == k; i++) {
		bt_object_place(&d->b, &o->rels[i], &place);
		put_reloc(d, &o->rels[i], &place, NULL);
	}
	bu_out_arr_end(&d->t->out);
}

/* Sixteen bytes a row, and as letters. */
static void put_bytes(struct dump *d, const struct bu_sec *s)
{
	static const char hex[] = "0123456789abcdef";
	struct bu_out *o = &d->t->out;
	uint64_t at, i;

	if (!s->data)
		return;
	if (d->t->json) {
		bu_buf_reset(&d->text);
		bu_buf_char(&d->text, '"');
		for (i = 0; i < s->size; i++) {
			bu_buf_char(&d->text, hex[s->data[i] >> 4]);
			bu_buf_char(&d->text, hex[s->data[i] & 15]);
		}
		bu_buf_char(&d->text, '"');
		bu_out_raw(o, "bytes", bu_buf_cstr(&d->text), NULL);
		return;
	}
	for (at = 0; at < s->size; at += 16) {
		char row[17] = "";
		uint64_t n = s->size - at < 16 ? s->size - at : 16;

		bu_buf_reset(&d->text);
		bt_hex(&d->text, s->data + at, n);
		for (i = 0; i < n; i++)
			row[i] = s->data[at + i] >= 0x20 && s->data[at + i] < 0x7f ? (char)s->data[at + i] : '.';
		bu_out_text(o, "  %04llx: %-49s |%s|\n", (unsigned long long)at, bu_buf_cstr(&d->text), row);
	}
}

/* ---------------------------------------------------------------- the command */

static void put_section(struct dump *d, uint32_t k)
{
	const struct bu_sec *s = &d->b.o.secs[k];
	struct bu_out *o = &d->t->out;

	bu_out_obj(o, NULL);
	bu_out_str(o, "section", s->name, SIZE_MAX, "section %s:", bt_escz(d->t, s->name));
	bu_out_uint(o, "size", s->size, " %lluB", (unsigned long long)s->size);
	if (bt_is_code(s)) {
		struct code c = { .k = k, .n = (uint32_t)(s->size / BU_INSN_SIZE) };

		bu_out_text(o, "  %u insns\n", c.n);
		put_code(d, &c);
	} else {
		bu_out_text(o, "%s\n", s->type == SHT_NOBITS ? "  zeros" : "");
		put_vars(d, s);
		put_bytes(d, s);
		put_data_relocs(d, k);
	}
	bu_out_obj_end(o);
}

static int put_prog(struct dump *d)
{
	const struct bu_obj *o = &d->b.o;
	struct bu_code code = { 0 };
	struct bu_out *out = &d->t->out;
	uint32_t p = 0;

	while (p < o->nprogs && strcmp(o->progs[p].name, d->prog))
		p++;
	if (p == o->nprogs) {
		struct bu_near near;

		bt_error(d->t, "T0102", "'%s' has no program '%s'", bt_escz(d->t, o->path), bt_escz(d->t, d->prog));
		bu_near_init(&near, d->prog, strlen(d->prog));
		for (p = 0; p < o->nprogs; p++)
			bu_near_feed(&near, o->progs[p].name);
		if (near.best)
			bt_hint(d->t, "did you mean '%s'?", bt_escz(d->t, near.best));
		return BU_EXIT_FAIL;
	}
	if (bu_obj_link(o, p, &d->t->arena, &code, &d->t->ds))
		return BU_EXIT_FAIL;
	bt_begin(d->t);
	bu_out_obj(out, d->t->key);
	bu_out_str(out, "file", o->path, SIZE_MAX, NULL);
	bu_out_str(out, "program", d->prog, SIZE_MAX, NULL);
	bu_out_uint(out, "insns_linked", code.ninsns, NULL);
	bu_out_arr(out, "functions");
	for (uint32_t i = 0; i < code.nparts; i++) {
		const struct bu_code_part *part = &code.part[i];
		struct code c = { .k = part->sec, .off = part->sec_off, .n = part->n, .first = part->start };

		bu_out_obj(out, NULL);
		bu_out_str(out, "section", o->secs[part->sec].name, SIZE_MAX, "section %s:  %u insns\n",
			   bt_escz(d->t, o->secs[part->sec].name), part->n);
		put_code(d, &c);
		bu_out_obj_end(out);
	}
	bu_out_arr_end(out);
	bu_out_obj_end(out);
	return 0;
}

/* What is shown when no section is named: code, and the data of programs. */
static bool shown(const struct bu_sec *s)
{
	static const char *const not[] = { "license", "version", ".maps", "maps", ".BTF", ".BTF.ext" };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(not); i++)
		if (!strcmp(s->name, not[i]))
			return false;
	return s->size && (s->flags & SHF_ALLOC) && strncmp(s->name, ".debug", 6) != 0;
}

static int put_sections(struct dump *d)
{
	const struct bu_obj *o = &d->b.o;
	uint32_t n = 0;

	for (uint32_t k = 0; k < o->nsecs && d->section; k++)
		n += !strcmp(o->secs[k].name, d->section);
	if (d->section && !n)
		return bt_error(d->t, "T0102", "'%s' has no section '%s'", bt_escz(d->t, o->path),
				bt_escz(d->t, d->section));
	bt_begin(d->t);
	bu_out_obj(&d->t->out, d->t->key);
	bu_out_str(&d->t->out, "file", o->path, SIZE_MAX, NULL);
	bu_out_arr(&d->t->out, "sections");
	n = 0;
	for (uint32_t k = 0; k < o->nsecs; k++)
		if (d->section ? !strcmp(o->secs[k].name, d->section) : shown(&o->secs[k])) {
			bu_out_text(&d->t->out, n++ ? "\n" : "");
			put_section(d, k);
		}
	bu_out_arr_end(&d->t->out);
	bu_out_obj_end(&d->t->out);
	return 0;
}

static int read_how(struct dump *d)
{
	static const char *const words[] = { "section", "prog", "opcodes", "linum", NULL };
	struct bt *t = d->t;

	while (bt_peek(t)) {
		const char **to = NULL;

		if (bt_is(t, "section"))
			to = &d->section;
		else if (bt_is(t, "prog"))
			to = &d->prog;
		else if (bt_is(t, "opcodes"))
			d->opcodes = true;
		else if (bt_is(t, "linum"))
			d->linum = true;
		else
			return bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
		t->i++;
		if (!to)
			continue;
		*to = bt_next(t);
		if (!*to)
			return bt_usage(t, NULL, NULL, "'%s' wants a name", to == &d->prog ? "prog" : "section");
	}
	if (d->section && d->prog)
		return bt_usage(t, NULL, NULL, "a section or a program, not both");
	return 0;
}

int bt_object_dump(struct bt *t)
{
	struct dump d = { .t = t };
	int st = bt_object_read(t, &d.b);

	if (!st)
		st = read_how(&d);
	/* what was damaged was said when the file was read */
	if (!st)
		st = d.prog ? d.b.meant ? put_prog(&d) : BU_EXIT_FAIL : put_sections(&d);
	if (!st && t->ds.errors)
		st = BU_EXIT_FAIL;
	bu_buf_free(&d.text);
	bt_object_free(&d.b);
	return st;
}
