/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as an object: sections, symbols (locals first), relocations, BTF, the note. */
#include "bpf-as/as.h"

static bool kept(const struct as_sec *s)
{
	return s->used || s->size || s->need_sym;
}

static struct bu_sec *add_sec(struct bu_obj *o, const char *name, uint32_t type, uint64_t flags,
			      uint64_t align, const uint8_t *data, uint64_t size)
{
	struct bu_sec *s = &o->secs[o->nsecs++];

	*s = (struct bu_sec){ .name = name, .type = type, .flags = flags, .align = align,
			      .size = size, .data = data };
	return s;
}

static int sections(struct as *as, struct bu_obj *o, const struct bu_buf *btf,
		    const struct bu_buf *ext, const struct bu_buf *note)
{
	o->secs = bu_arena_array(&as->arena, as->nsecs + 3, sizeof(*o->secs));
	if (!o->secs)
		return -ENOMEM;
	for (size_t i = 0; i < as->nsecs; i++) {
		struct as_sec *s = as->secs[i];

		if (!kept(s))
			continue;
		if (s->entsize && s->size % s->entsize) { /* libelf would not write it */
			as_error(as, "A0125", s->pos, strlen(s->name),
				 "section '%s' has %llu bytes, no multiple of its element size %llu", s->name,
				 (unsigned long long)s->size, (unsigned long long)s->entsize);
			return -EINVAL;
		}
		s->out = o->nsecs;
		add_sec(o, s->name, s->type, s->flags, s->align,
			s->type == SHT_NOBITS ? NULL : s->buf.p, s->size)->entsize = s->entsize;
	}
	if (btf->n)
		add_sec(o, ".BTF", SHT_PROGBITS, 0, 4, btf->p, btf->n);
	if (ext->n)
		add_sec(o, ".BTF.ext", SHT_PROGBITS, 0, 4, ext->p, ext->n);
	if (note->n)
		add_sec(o, ".note.bpfutils", SHT_NOTE, 0, 4, note->p, note->n);
	return 0;
}

static bool in_table(const struct as *as, const struct as_sym *s)
{
	if (s->def == DEF_LABEL)
		return !s->temp;
	if (s->def == DEF_NONE)
		return (s->used || (as->verbatim && s->is_extern)) && !s->temp;
	return s->def == DEF_SET && s->bind_given && !s->expr;
}

static bool is_local(const struct as_sym *s)
{
	return s->def != DEF_NONE && s->bind == STB_LOCAL;
}

static void add_sym(struct bu_obj *o, struct as_sym *s)
{
	struct bu_sym *y = &o->syms[o->nsyms];

	s->out = o->nsyms++;
	*y = (struct bu_sym){ .name = s->rename ? s->rename : s->name, .value = (uint64_t)s->value, .size = s->size,
			      .type = s->type, .bind = s->bind, .vis = s->vis };
	switch (s->def) {
	case DEF_LABEL:
		y->sec = s->sec->out;
		break;
	case DEF_SET:
		y->sec = BU_SEC_ABS;
		break;
	default:
		y->sec = BU_SEC_UNDEF;
		y->value = 0;
		if (y->bind == STB_LOCAL)
			y->bind = STB_GLOBAL;
	}
}

static int symbols(struct as *as, struct bu_obj *o)
{
	size_t n = as->nsecs;

	for (struct as_sym *s = as->syms; s; s = s->next)
		n += in_table(as, s);
	o->syms = bu_arena_array(&as->arena, n, sizeof(*o->syms));
	if (!o->syms)
		return -ENOMEM;
	for (size_t i = 0; i < as->nsecs; i++) {
		struct as_sec *s = as->secs[i];

		if (!s->need_sym)
			continue;
		s->out_sym = o->nsyms;
		o->syms[o->nsyms++] = (struct bu_sym){ .name = "", .sec = s->out, .type = STT_SECTION };
	}
	for (struct as_sym *s = as->syms; s; s = s->next)
		if (in_table(as, s) && is_local(s))
			add_sym(o, s);
	for (struct as_sym *s = as->syms; s; s = s->next)
		if (in_table(as, s) && !is_local(s))
			add_sym(o, s);
	return 0;
}

static int relocations(struct as *as, struct bu_obj *o)
{
	o->rels = bu_arena_array(&as->arena, as->nrel, sizeof(*o->rels));
	if (!o->rels)
		return -ENOMEM;
	for (size_t i = 0; i < as->nrel; i++) {
		const struct as_reloc *r = &as->rel[i];
		const struct as_sym *s = r->sym;
		bool section = s->def == DEF_LABEL && (s->temp || (s->bind == STB_LOCAL && !r->exact));

		o->rels[o->nrels++] = (struct bu_rel){ .sec = r->sec->out, .off = r->off, .type = r->type,
						       .sym = section ? s->sec->out_sym : s->out };
	}
	return 0;
}

int as_emit(struct as *as, struct bu_obj *o)
{
	int err;

	err = as_btf(as, &as->btf, &as->ext);
	if (!err && as->arch_used)
		err = bu_obj_note_arch(&as->note, as->be, as->arch);
	if (!err)
		err = sections(as, o, &as->btf, &as->ext, &as->note);
	if (!err)
		err = symbols(as, o);
	if (!err)
		err = relocations(as, o);
	o->be = as->be;
	as_exact_emit(as, o);
	o->path = as->nfiles ? as->files[0]->name : "";
	return err;
}
