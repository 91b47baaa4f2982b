/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joining objects: sections of one name one behind the other, and relocations moved with them.
 *
 * A relocation against a section names a place in it, and that place moves: for a call it is imm, in
 * instructions; for ld_imm64 it is imm, in bytes; in data it is the word itself
 * (Documentation/bpf/llvm_reloc.rst). A relocation against a named symbol follows the symbol.
 */
#include "obj/merge.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define LLVM_ADDRSIG 0x6fff4c03u
#define MAX_SECTION (UINT64_C(1) << 31)

int merge_error(struct merge *m, unsigned in, const char *code, const char *fmt, ...)
{
	struct bu_buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	obj_error(m->in[in].o, m->ds, code, "%s", bu_buf_cstr(&text));
	bu_buf_free(&text);
	return -EINVAL;
}

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* What a debugger or a linker of machine code wants, and what is made anew. */
static bool left_out(const struct bu_sec *s)
{
	return s->type == LLVM_ADDRSIG || starts(s->name, ".debug") || starts(s->name, ".zdebug") ||
	       starts(s->name, ".eh_frame") || strcmp(s->name, ".BTF") == 0 || strcmp(s->name, ".BTF.ext") == 0 ||
	       (!s->size && strcmp(s->name, ".text") == 0);
}

/* One for the whole object: equal in all, and not repeated. */
bool merge_is_one(const char *name)
{
	return strcmp(name, "license") == 0 || strcmp(name, "version") == 0 || strcmp(name, ".comment") == 0 ||
	       strcmp(name, NOTE_SECTION) == 0;
}

int merge_new_section(struct merge *m, const struct bu_sec *like, const char *name, uint32_t *sec)
{
	struct bu_obj *out = m->out;
	struct bu_sec *v = bu_arena_grow(&out->arena, out->secs, out->nsecs, &m->cap_secs, sizeof(*v));
	struct bu_buf *d;

	if (!v)
		return -ENOMEM;
	out->secs = v;
	d = realloc(m->data, ((size_t)out->nsecs + 1) * sizeof(*d));
	if (!d)
		return -ENOMEM;
	m->data = d;
	d[out->nsecs] = (struct bu_buf){ 0 };
	v[out->nsecs] = (struct bu_sec){
		.name = bu_arena_strdup(&out->arena, name), .type = like->type, .flags = like->flags,
		.align = like->align ? like->align : 1, .entsize = like->entsize,
	};
	*sec = out->nsecs++;
	return v[*sec].name ? 0 : -ENOMEM;
}

static int append(struct merge *m, unsigned in, uint32_t from, uint32_t to)
{
	const struct bu_sec *s = &m->in[in].o->secs[from];
	struct bu_sec *t = &m->out->secs[to];
	uint64_t align = s->align ? s->align : 1, off;
	struct bu_buf *d = &m->data[to];

	if (s->type != t->type && !((s->type == SHT_NOBITS && t->type == SHT_PROGBITS) ||
				    (s->type == SHT_PROGBITS && t->type == SHT_NOBITS)))
		return merge_error(m, in, "O0402", "section '%s' is of type %u here and %u in the object before",
				   s->name, s->type, t->type);
	if ((s->flags ^ t->flags) & SHF_EXECINSTR)
		return merge_error(m, in, "O0402", "section '%s' holds code in one object and data in another",
				   s->name);
	if ((s->flags | t->flags) & SHF_COMPRESSED && (t->size || (s->flags ^ t->flags) & SHF_COMPRESSED))
		return merge_error(m, in, "O0402", "section '%s' is compressed, which cannot be joined", s->name);
	if (t->flags & SHF_EXECINSTR && align < BU_INSN_SIZE)
		align = BU_INSN_SIZE;
	off = (t->size + align - 1) & ~(align - 1);
	if (off < t->size || off > MAX_SECTION || s->size > MAX_SECTION - off)
		return merge_error(m, in, "O0402", "section '%s' would exceed %llu bytes", s->name,
				   (unsigned long long)MAX_SECTION);
	/* As soon as one of them has contents, all have. */
	if (s->type == SHT_PROGBITS && t->type == SHT_NOBITS) {
		t->type = SHT_PROGBITS;
		bu_buf_zero(d, t->size);
	}
	if (t->type != SHT_NOBITS) {
		bu_buf_zero(d, off - t->size);
		if (s->type == SHT_NOBITS || !s->data)
			bu_buf_zero(d, s->size);
		else
			bu_buf_add(d, s->data, s->size);
	}
	if (align > t->align)
		t->align = align;
	t->flags |= s->flags;
	if (t->entsize != s->entsize)
		t->entsize = 0;
	t->size = off + s->size;
	m->in[in].sec[from] = to;
	m->in[in].off[from] = off;
	return d->failed ? -ENOMEM : 0;
}

/* The license and its like, which came before from another object. */
static int same_again(struct merge *m, unsigned in, uint32_t from, uint32_t to)
{
	const struct bu_sec *s = &m->in[in].o->secs[from];
	const struct bu_buf *d = &m->data[to];

	m->in[in].sec[from] = to;
	if (strcmp(s->name, ".comment") == 0)
		return 0;
	if (s->size == d->n && s->data && memcmp(s->data, d->p, d->n) == 0)
		return 0;
	return merge_error(m, in, strcmp(s->name, NOTE_SECTION) ? "O0402" : "O0401",
			   "section '%s' is not what the objects before have", s->name);
}

/* Is the section in a group whose name was met before? Only one group of a name is kept. */
static bool second_copy(const struct merge *m, unsigned in, uint32_t sec)
{
	const struct bu_obj *o = m->in[in].o;
	const char *name;

	if (!o->secs[sec].group || !o->groups[o->secs[sec].group - 1].comdat)
		return false;
	name = o->syms[o->groups[o->secs[sec].group - 1].sym].name;
	for (unsigned i = 0; i < in; i++) {
		const struct bu_obj *b = m->in[i].o;

		for (uint32_t g = 0; g < b->ngroups; g++)
			if (b->groups[g].comdat && strcmp(b->syms[b->groups[g].sym].name, name) == 0)
				return true;
	}
	return false;
}

static int merge_sections(struct merge *m)
{
	struct bu_hash names = { 0 };
	int err = 0;

	for (unsigned in = 0; in < m->n && !err; in++) {
		const struct bu_obj *o = m->in[in].o;

		for (uint32_t i = 0; i < o->nsecs && !err; i++) {
			const struct bu_sec *s = &o->secs[i];
			void *known = bu_hash_get(&names, s->name, strlen(s->name));
			uint32_t to = (uint32_t)(uintptr_t)known - 1;

			m->in[in].sec[i] = BU_SEC_UNDEF;
			if (left_out(s) || second_copy(m, in, i))
				continue;
			if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS && s->type != SHT_NOTE) {
				err = merge_error(m, in, "O0402", "section '%s' is of type %u, which cannot be joined",
						  s->name, s->type);
				continue;
			}
			if (!known) {
				err = merge_new_section(m, s, s->name, &to);
				if (!err)
					err = bu_hash_put(&names, s->name, strlen(s->name), (void *)(uintptr_t)(to + 1));
			}
			if (!err)
				err = known && merge_is_one(s->name) ? same_again(m, in, i, to) : append(m, in, i, to);
		}
	}
	bu_hash_free(&names);
	return err;
}

/* ---------------------------------------------------------------- relocations */

static bool add_signed(uint8_t *p, bool be, int64_t by)
{
	int64_t v = (int64_t)(int32_t)bu_get32(p, be) + by;

	bu_put32(p, be, (uint32_t)v);
	return v >= INT32_MIN && v <= INT32_MAX;
}

/* The place at a section relocation moves by as many bytes. */
static bool move_place(const struct bu_sec *s, uint8_t *p, uint64_t left, bool be, uint32_t type, uint64_t by)
{
	if (s->flags & SHF_EXECINSTR) {
		if (left < BU_INSN_SIZE)
			return false;
		if (p[0] == BU_OP_CALL)
			return by % BU_INSN_SIZE == 0 && add_signed(p + 4, be, (int64_t)(by / BU_INSN_SIZE));
		return p[0] == BU_OP_LD_IMM64 && add_signed(p + 4, be, (int64_t)by);
	}
	switch (type) {
	case BU_R_BPF_64_ABS64:
		if (left < 8)
			return false;
		bu_put64(p, be, bu_get64(p, be) + by);
		return true;
	case BU_R_BPF_64_ABS32:
	case BU_R_BPF_64_NODYLD32:
		if (left < 4 || (uint64_t)bu_get32(p, be) + by > UINT32_MAX)
			return false;
		bu_put32(p, be, (uint32_t)(bu_get32(p, be) + by));
		return true;
	default:
		return false;
	}
}

static int merge_reloc(struct merge *m, unsigned in, const struct bu_rel *r)
{
	const struct merge_in *mi = &m->in[in];
	const struct bu_obj *o = mi->o;
	const struct bu_sym *s = &o->syms[r->sym];
	const struct bu_sec *sec;
	struct bu_rel *v, n = { .sec = mi->sec[r->sec], .type = r->type };
	uint8_t *p;

	if (n.sec == BU_SEC_UNDEF)
		return 0;
	sec = &m->out->secs[n.sec];
	n.off = mi->off[r->sec] + r->off;
	n.sym = mi->sym[r->sym];
	if (sec->type == SHT_NOBITS || n.off >= m->data[n.sec].n)
		return merge_error(m, in, "O0405", "section '%s' has relocations and no contents", sec->name);
	p = m->data[n.sec].p + n.off;
	if (s->type == STT_SECTION) {
		uint32_t to = s->sec < o->nsecs ? mi->sec[s->sec] : BU_SEC_UNDEF;
		int err;

		if (to == BU_SEC_UNDEF)
			return merge_error(m, in, "O0405", "a relocation of section '%s' is against a section that "
					   "is left out", sec->name);
		if (!move_place(sec, p, m->data[n.sec].n - n.off, o->be, r->type, mi->off[s->sec] + s->value))
			return merge_error(m, in, "O0405", "the relocation of type %u at byte %llu of section '%s' "
					   "cannot be moved", r->type, (unsigned long long)r->off, sec->name);
		err = merge_section_symbol(m, to, &n.sym);
		if (err)
			return err;
	} else if (o->imm_has_value && sec->flags & SHF_EXECINSTR && p[0] == BU_OP_LD_IMM64 &&
		   s->sec < o->nsecs && !(o->secs[s->sec].flags & SHF_EXECINSTR)) {
		/* binutils 2.40 has the symbol's value there once more. */
		if (!add_signed(p + 4, o->be, -(int64_t)s->value))
			return merge_error(m, in, "O0405", "byte %llu of section '%s': the value is out of range",
					   (unsigned long long)r->off, sec->name);
	}
	if (n.sym == BU_SEC_UNDEF)
		return merge_error(m, in, "O0405", "a relocation of section '%s' is against symbol '%s', which is left "
				   "out", sec->name, s->name);
	v = bu_arena_grow(&m->out->arena, m->out->rels, m->out->nrels, &m->cap_rels, sizeof(*v));
	if (!v)
		return -ENOMEM;
	m->out->rels = v;
	v[m->out->nrels++] = n;
	return 0;
}

static int merge_relocs(struct merge *m)
{
	int err = 0;

	for (unsigned in = 0; in < m->n; in++)
		for (uint32_t i = 0; i < m->in[in].o->nrels && !err; i++)
			err = merge_reloc(m, in, &m->in[in].o->rels[i]);
	obj_sort_rels(m->out);
	return err;
}

/* ---------------------------------------------------------------- all of it */

static int begin(struct merge *m)
{
	struct bu_obj *out = m->out;

	out->be = m->in[0].o->be;
	out->e_flags = m->in[0].o->e_flags;
	for (unsigned i = 0; i < m->n; i++) {
		struct merge_in *v = &m->in[i];

		if (v->o->be != out->be)
			return merge_error(m, i, "O0401", "it is %s endian, and %s is not", v->o->be ? "big" : "little",
					   m->in[0].o->path);
		v->sec = bu_arena_array(&out->arena, v->o->nsecs, sizeof(*v->sec));
		v->off = bu_arena_array(&out->arena, v->o->nsecs, sizeof(*v->off));
		v->sym = bu_arena_array(&out->arena, v->o->nsyms, sizeof(*v->sym));
		if (!v->sec || !v->off || !v->sym)
			return -ENOMEM;
	}
	return 0;
}

/* The contents become the object's own. */
static int keep_data(struct merge *m)
{
	for (uint32_t i = 0; i < m->out->nsecs; i++) {
		struct bu_sec *s = &m->out->secs[i];

		if (s->type == SHT_NOBITS)
			continue;
		s->size = m->data[i].n;
		s->data = bu_arena_memdup(&m->out->arena, m->data[i].p, m->data[i].n);
		if (m->data[i].failed || (!s->data && s->size))
			return -ENOMEM;
	}
	return 0;
}

int bu_obj_merge(struct bu_obj *out, const struct bu_obj *const *in, unsigned n, struct bu_diags *ds)
{
	struct merge m = { .out = out, .ds = ds, .n = n };
	int err;

	if (!n)
		return -EINVAL;
	m.in = bu_arena_array(&out->arena, n, sizeof(*m.in));
	if (!m.in)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		m.in[i].o = in[i];
	err = begin(&m);
	if (!err)
		err = merge_sections(&m);
	if (!err)
		err = merge_symbols(&m);
	if (!err)
		err = merge_relocs(&m);
	if (!err)
		err = merge_btf(&m);
	if (!err)
		err = keep_data(&m);
	for (uint32_t i = 0; m.data && i < out->nsecs; i++)
		bu_buf_free(&m.data[i]);
	free(m.data);
	free(m.secsym);
	bu_hash_free(&m.globals);
	return err;
}
