/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as an object: sections, symbols (locals first), relocations, BTF, the note. */
#include "bpf-as/as.h"

static bool kept(const struct as *as, const struct as_sec *s)
{
	return s->used || s->size || s->need_sym || (as->compat && s->named);
}

static struct bu_sec *add_sec(struct bu_obj *o, const char *name, uint32_t type, uint64_t flags,
			      uint64_t align, const uint8_t *data, uint64_t size)
{
	struct bu_sec *s = &o->secs[o->nsecs++];

	*s = (struct bu_sec){ .name = name, .type = type, .flags = flags, .align = align,
			      .size = size, .data = data };
	return s;
}

/* The section called name that group (NULL: none) has. */
static const struct as_sec *of_group(const struct as *as, const char *name, const struct as_sym *group)
{
	struct bu_buf key = { 0 };
	const struct as_sec *t;

	bu_buf_str(&key, name);
	if (group)
		bu_buf_printf(&key, "%cG%s", 0, group->name);
	t = bu_hash_get(&as->sec_index, (const char *)key.p, key.n);
	bu_buf_free(&key);
	return t;
}

/* What sections are about: the one of that name, best of the same group, or where that symbol is. */
static int link_sections(struct as *as, struct bu_obj *o)
{
	struct bu_hash names = { 0 };
	const struct as_sym *y;
	int err = 0;

	for (size_t i = 0; i < as->nsecs && !err; i++)
		if (as->secs[i]->out != BU_SEC_UNDEF)
			err = bu_hash_put(&names, as->secs[i]->name, strlen(as->secs[i]->name), as->secs[i]);
	for (size_t i = 0; i < as->nsecs && !err; i++) {
		const struct as_sec *s = as->secs[i], *t;

		if (!s->link || s->out == BU_SEC_UNDEF)
			continue;
		t = of_group(as, s->link, s->group);
		if (!t)
			t = bu_hash_get(&names, s->link, strlen(s->link));
		y = t ? NULL : as_sym_find(as, s->link, strlen(s->link));
		if (y && y->def == DEF_LABEL)
			t = y->sec;
		if (t && t->out != BU_SEC_UNDEF)
			o->secs[s->out].link = 1 + t->out;
	}
	bu_hash_free(&names);
	return err;
}

/* Numbers the groups, one for each signature; GNU as gives each a section symbol. */
static int number_groups(struct as *as, struct bu_obj *o)
{
	o->groups = bu_arena_array(&as->arena, as->nsecs, sizeof(*o->groups));
	if (!o->groups)
		return -ENOMEM;
	for (size_t i = 0; i < as->nsecs; i++) {
		const struct as_sec *s = as->secs[i];

		if (!s->group || s->out == BU_SEC_UNDEF)
			continue;
		if (!s->group->x->group)
			as_symx(as, s->group)->group = ++o->ngroups;
		if (s->comdat)
			o->groups[s->group->x->group - 1].comdat = true;
		o->secs[s->out].group = s->group->x->group;
	}
	for (uint32_t g = 0; g < o->ngroups && as->compat == COMPAT_GNU; g++)
		o->syms[o->nsyms++] = (struct bu_sym){ .name = "", .sec = BU_SEC_GROUP | g,
						       .type = STT_SECTION };
	return 0;
}

/* A signature that is nowhere defined is, for GNU as, in the group's section. */
static void signatures(struct as *as, struct bu_obj *o)
{
	for (struct as_sym *s = o->ngroups ? as->syms : NULL; s; s = s->x->next) {
		if (!s->x->group)
			continue;
		if (s->x->out == BU_SEC_UNDEF) {
			as_error(as, "A0125", s->pos, s->n, "'%s' cannot name a group", s->name);
			continue;
		}
		o->groups[s->x->group - 1].sym = s->x->out;
		if (s->def == DEF_NONE && (as->compat == COMPAT_GNU || (as->verbatim && !s->is_extern))) {
			o->syms[s->x->out].sec = BU_SEC_GROUP | (s->x->group - 1);
			o->syms[s->x->out].bind = STB_LOCAL;
		}
	}
}

static void made_sec(const struct as *as, struct bu_obj *o, const char *name, uint64_t size,
		     void (*make)(const struct bu_sec *, struct bu_obj_out *))
{
	struct bu_sec *s = add_sec(o, name, SHT_PROGBITS, 0, 4, NULL, size);

	s->make = make;
	s->ctx = as;
}

static int sections(struct as *as, struct bu_obj *o, const struct bu_buf *note)
{
	bool linked = false;

	o->secs = bu_arena_array(&as->arena, as->nsecs + 3, sizeof(*o->secs));
	if (!o->secs)
		return -ENOMEM;
	for (size_t i = 0; i < as->nsecs; i++) {
		struct as_sec *s = as->secs[i];

		if (!kept(as, s))
			continue;
		if (s->entsize && s->size % s->entsize) { /* readers refuse it */
			as_error(as, "A0125", s->pos, strlen(s->name),
				 "section '%s' has %llu bytes, no multiple of its element size %llu", s->name,
				 (unsigned long long)s->size, (unsigned long long)s->entsize);
			return -EINVAL;
		}
		s->out = o->nsecs;
		add_sec(o, s->name, s->type, s->flags, s->align,
			s->type == SHT_NOBITS ? NULL : s->buf.p, s->size)->entsize = s->entsize;
	}
	for (size_t i = 0; i < as->nsecs; i++)
		linked = linked || as->secs[i]->link;
	if (as->btf.n)
		made_sec(as, o, ".BTF", as_btf_size(as), as_btf_make);
	if (as->ext.n)
		made_sec(as, o, ".BTF.ext", as_ext_size(as), as_ext_make);
	if (note->n)
		add_sec(o, ".note.bpfutils", SHT_NOTE, 0, 4, note->p, note->n);
	return linked ? link_sections(as, o) : 0;
}

static bool in_table(const struct as *as, const struct as_sym *s)
{
	if (s->def == DEF_LABEL)
		return !s->temp || s->kept;
	if (s->def == DEF_NONE)
		return (s->used || (as->verbatim && s->is_extern) ||
			(s->bind_given && s->bind == STB_GLOBAL) ||
			(as->compat == COMPAT_LLVM && s->bind_given && s->bind == STB_WEAK)) &&
		       (!s->temp || s->kept);
	if (s->def == DEF_COMMON || s->def == DEF_FILE)
		return true;
	return s->def == DEF_SET && (s->bind_given || as->compat) && !s->temp && !s->x->expr;
}

static bool is_local(const struct as_sym *s)
{
	return s->def != DEF_NONE && s->bind == STB_LOCAL;
}

static void add_sym(struct as *as, struct bu_obj *o, struct as_sym *s)
{
	struct bu_sym *y = &o->syms[o->nsyms];

	as_symx(as, s)->out = o->nsyms++;
	*y = (struct bu_sym){ .name = s->x->rename ? s->x->rename : s->name, .value = (uint64_t)s->value, .size = s->x->size,
			      .type = s->type, .bind = s->bind, .vis = s->vis };
	switch (s->def) {
	case DEF_LABEL:
		y->sec = s->sec->out;
		break;
	case DEF_SET:
	case DEF_FILE:
		y->sec = BU_SEC_ABS;
		break;
	case DEF_COMMON:
		y->sec = BU_SEC_COMMON;
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
	size_t n = 2 * as->nsecs;
	int err;

	for (struct as_sym *s = as->syms; s; s = s->x->next)
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
	err = number_groups(as, o);
	if (err)
		return err;
	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if (in_table(as, s) && is_local(s))
			add_sym(as, o, s);
	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if (in_table(as, s) && !is_local(s))
			add_sym(as, o, s);
	signatures(as, o);
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
		bool section = r->exact ? s->def == DEF_LABEL && s->temp : !as_reloc_by_name(as, s, r->add);

		o->rels[o->nrels++] = (struct bu_rel){ .sec = r->sec->out, .off = r->off, .type = r->type,
						       .sym = section ? s->sec->out_sym : s->x->out };
	}
	return 0;
}

int as_emit(struct as *as, struct bu_obj *o)
{
	int err = 0;

	if (!as->compat)
		err = as_btf(as, &as->btf, &as->ext);
	if (!err && as->arch_used)
		err = bu_obj_note_arch(&as->note, as->be, as->arch);
	if (!err)
		err = sections(as, o, &as->note);
	if (!err)
		err = symbols(as, o);
	if (!err)
		err = relocations(as, o);
	o->be = as->be;
	as_exact_emit(as, o);
	o->path = as->nfiles ? as->files[0]->name : "";
	return err;
}
