// SPDX-License-Identifier: GPL-2.0-or-later
/* "object show": what is in an object file. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"
#include "object.h"

/* ---------------------------------------------------------------- reading */

int bt_object_read(struct bt *t, struct bt_object *b)
{
	const char *path = bt_next(t);
	int err;

	*b = (struct bt_object){ .t = t };
	bu_obj_init(&b->o);
	if (!path)
		return bt_usage(t, NULL, NULL, "which object file?");
	err = bu_obj_read_file(&b->o, path, &t->ds);
	if (!err) {
		err = bu_obj_index(&b->o, &t->ds);
		b->meant = !err;
		if (err == -EINVAL)
			return 0; /* said; its sections can be shown */
	} else if (err != -EINVAL && err != -ENOEXEC && err != -ENOMEM) {
		if (!t->ds.errors)
			bt_error(t, "U0002", "cannot read '%s': %s", bt_escz(t, path), bt_strerror(err));
		return BU_EXIT_IO;
	}
	if (err && !t->ds.errors)
		bt_refused(t, -1, err, "cannot read '%s'", bt_escz(t, path));
	return err ? BU_EXIT_FAIL : 0;
}

void bt_object_free(struct bt_object *b)
{
	bu_obj_free(&b->o);
}

bool bt_is_code(const struct bu_sec *s)
{
	return s->type == SHT_PROGBITS && s->flags & SHF_EXECINSTR && s->data;
}

const struct bu_btfext_sec *bt_object_ext(const struct bt_object *b, uint32_t k)
{
	for (uint32_t i = 0; b->meant && b->o.has_btf && i < b->o.ext.nsec; i++)
		if (!strcmp(b->o.ext.sec[i].name, b->o.secs[k].name))
			return &b->o.ext.sec[i];
	return NULL;
}

const char *bt_object_type(const struct bt_object *b, uint32_t id)
{
	struct bu_buf text = { 0 };
	const char *s = NULL;

	if (id && !bu_btf_print_type(&text, &b->o.btf, id)) {
		while (text.n && text.p[text.n - 1] == ' ')
			text.n--;
		s = bu_arena_strndup(&b->t->arena, bu_buf_cstr(&text), text.n);
	}
	bu_buf_free(&text);
	return s ? s : "void";
}

const char *bt_object_core(const struct bt_object *b, const struct bu_btfext_sec *x, uint32_t i, uint32_t *off,
			   const char **kind)
{
	struct bu_core core = { .local = &b->o.btf, .a = &b->t->arena, .explain = true, .fuel = BU_CORE_FUEL };
	const uint8_t *rec = x->core + (size_t)i * x->core_size;
	struct bu_core_result res = { 0 };
	struct bu_core_relo r;
	const char *name;
	uint32_t kinds;
	size_t n;

	*off = bu_get32(rec, b->o.be);
	r.type_id = bu_get32(rec + 4, b->o.be);
	r.access = bu_btf_str(&b->o.btf, bu_get32(rec + 8, b->o.be));
	r.kind = bu_get32(rec + 12, b->o.be);
	*kind = bu_core_kind_name(r.kind);
	bu_core_wants(&core, &r, &name, &n, &kinds, &res);
	return res.what ? res.what : res.why ? res.why : "?";
}

/* ---------------------------------------------------------------- what relocations are against */

const char *bt_against_word(enum bt_against r)
{
	static const char *const words[] = { "symbol", "map", "data", "function", "kconfig", "ksym", "kfunc", "map" };

	return words[r];
}

const char *bt_reloc_name(struct bt *t, uint32_t type)
{
	static const struct { uint32_t type; const char *name; } names[] = {
		{ BU_R_BPF_NONE, "R_BPF_NONE" }, { BU_R_BPF_64_64, "R_BPF_64_64" },
		{ BU_R_BPF_64_ABS64, "R_BPF_64_ABS64" }, { BU_R_BPF_64_ABS32, "R_BPF_64_ABS32" },
		{ BU_R_BPF_64_NODYLD32, "R_BPF_64_NODYLD32" }, { BU_R_BPF_64_32, "R_BPF_64_32" },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return bu_arena_printf(&t->arena, "type %u", type);
}

/* Is the variable or function of that name in a data section of the BTF? */
static bool in_datasec(const struct bt_object *b, const char *sec, const char *name, uint32_t *type)
{
	const struct bu_btf *btf = &b->o.btf;
	uint32_t id = b->o.has_btf ? bu_btf_find(btf, BU_BTF_DATASEC, sec) : 0;
	struct bu_btf_type ds, ty;
	struct bu_btf_secvar v;

	if (!id || bu_btf_get(btf, id, &ds))
		return false;
	for (uint32_t i = 0; i < ds.vlen; i++)
		if (!bu_btf_secvar(btf, &ds, i, &v) && !bu_btf_get(btf, v.type, &ty) && !strcmp(ty.name, name)) {
			*type = ty.kind == BU_BTF_VAR ? ty.type : v.type;
			return true;
		}
	return false;
}

enum bt_against bt_object_extern(const struct bt_object *b, const struct bu_sym *s, uint32_t *type)
{
	struct bu_btf_type ty;

	*type = 0;
	if (!b->meant)
		return BT_REF_NONE;
	if (!strncmp(s->name, "map#", 4))
		return BT_REF_LOCAL_ID;
	if (in_datasec(b, ".kconfig", s->name, type))
		return BT_REF_KCONFIG;
	if (in_datasec(b, ".ksyms", s->name, type))
		return !bu_btf_get(&b->o.btf, *type, &ty) && ty.kind == BU_BTF_FUNC ? BT_REF_KFUNC : BT_REF_KSYM;
	return BT_REF_NONE;
}

/* Bytes from the symbol that the instruction or the data says. */
static uint64_t addend(const struct bu_obj *o, const struct bu_rel *r)
{
	const struct bu_sec *s = &o->secs[r->sec];
	const uint8_t *p = s->data ? s->data + r->off : NULL;
	uint64_t left = p && r->off < s->size ? s->size - r->off : 0;

	if (!left)
		return 0;
	if (bt_is_code(s) && r->off % BU_INSN_SIZE == 0 && left >= BU_INSN_SIZE) {
		int64_t imm = (int32_t)bu_get32(p + 4, o->be);

		if (*p == BU_OP_CALL)
			return (uint64_t)(imm + 1) * BU_INSN_SIZE;
		return *p == BU_OP_LD_IMM64 && left >= 2 * BU_INSN_SIZE ?
			(uint32_t)imm | (uint64_t)bu_get32(p + 12, o->be) << 32 : (uint64_t)imm;
	}
	if (r->type == BU_R_BPF_64_ABS64 || r->type == BU_R_BPF_64_64)
		return left >= 8 ? bu_get64(p, o->be) : 0;
	return left >= 4 ? bu_get32(p, o->be) : 0;
}

static bool at_map(const struct bt_object *b, uint32_t sec, uint64_t off, struct bt_place *p)
{
	for (uint32_t i = 0; i < b->o.nmaps; i++) {
		const struct bu_obj_map *m = &b->o.maps[i];

		if (m->sec != sec || off < m->off || off - m->off >= (m->size ? m->size : 1))
			continue;
		p->kind = m->origin == BU_MAP_DATA || m->origin == BU_MAP_STRUCT_OPS ? BT_REF_DATA : BT_REF_MAP;
		p->name = m->name;
		p->off = off - m->off;
		return true;
	}
	return false;
}

static bool at_func(const struct bt_object *b, uint32_t sec, uint64_t off, struct bt_place *p)
{
	for (uint32_t i = 0; i < b->o.nfuncs; i++) {
		const struct bu_obj_func *f = &b->o.funcs[i];

		if (f->sec != sec || off < f->off || off - f->off >= f->size)
			continue;
		p->kind = BT_REF_FUNC;
		p->name = f->name;
		p->off = off - f->off;
		return true;
	}
	return false;
}

void bt_object_place(const struct bt_object *b, const struct bu_rel *r, struct bt_place *p)
{
	const struct bu_obj *o = &b->o;
	const struct bu_sym *s = &o->syms[r->sym];
	uint64_t add = addend(o, r), off = s->value + add;
	uint32_t type;

	*p = (struct bt_place){ .name = s->name, .weak = s->bind == STB_WEAK };
	if (s->sec == BU_SEC_UNDEF) {
		p->kind = bt_object_extern(b, s, &type);
		if (p->kind == BT_REF_LOCAL_ID)
			p->name += 4;
		return;
	}
	if (s->sec >= o->nsecs) {
		p->off = add;
		return;
	}
	if (bt_is_code(&o->secs[s->sec])) {
		if (s->type != STT_SECTION) /* imm -1, or the place itself */
			off = s->value;
		if (at_func(b, s->sec, off, p))
			return;
	} else if (s->type != STT_SECTION) {
		struct bt_place map;

		p->kind = b->meant && at_map(b, s->sec, s->value, &map) ? map.kind : BT_REF_DATA;
		p->off = add;
		return;
	} else if (b->meant && at_map(b, s->sec, off, p)) {
		return;
	}
	p->kind = bt_is_code(&o->secs[s->sec]) ? BT_REF_FUNC : BT_REF_DATA;
	p->name = o->secs[s->sec].name;
	p->off = off;
}

/* ---------------------------------------------------------------- show: the rows */

static const char *sec_word(const struct bu_obj *o, const struct bu_sec *s)
{
	static const struct { const char *name, *word; } special[] = {
		{ ".maps", "maps" }, { "maps", "maps" }, { "license", "license" }, { "version", "version" },
		{ ".BTF", "types" }, { ".BTF.ext", "lines" }, { ".struct_ops", "struct_ops" },
		{ ".struct_ops.link", "struct_ops" }, { ".kconfig", "kconfig" }, { ".ksyms", "ksyms" },
	};

	(void)o;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(special); i++)
		if (!strcmp(s->name, special[i].name))
			return special[i].word;
	if (bt_is_code(s))
		return "code";
	if (!strncmp(s->name, ".debug", 6))
		return "debug";
	if (!(s->flags & SHF_ALLOC))
		return "other";
	return s->type == SHT_NOBITS ? "zeros" : s->flags & SHF_WRITE ? "data" : "rodata";
}

static void show_sections(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;
	const struct bu_obj *o = &b->o;
	uint32_t rels;

	bu_out_text(out, "sections:\n");
	bu_out_arr(out, "sections");
	for (uint32_t k = 0; k < o->nsecs; k++) {
		const struct bu_sec *s = &o->secs[k];

		rels = 0;
		for (uint32_t i = 0; i < o->nrels; i++)
			rels += o->rels[i].sec == k;
		bu_out_obj(out, NULL);
		bu_out_str(out, "name", s->name, SIZE_MAX, "\t%-24s", bt_escz(b->t, s->name));
		bu_out_str(out, "kind", sec_word(o, s), SIZE_MAX, " %-10s", sec_word(o, s));
		bu_out_uint(out, "size", s->size, " %7lluB", (unsigned long long)s->size);
		bu_out_uint(out, "align", s->align, NULL);
		bu_out_bool(out, "writable", s->flags & SHF_WRITE, NULL);
		if (bt_is_code(s))
			bu_out_uint(out, "insns", s->size / BU_INSN_SIZE, "  %llu insns",
				    (unsigned long long)(s->size / BU_INSN_SIZE));
		if (rels)
			bu_out_uint(out, "relocations", rels, "  %u relocation%s", rels, rels == 1 ? "" : "s");
		bu_out_obj_end(out);
		bu_out_text(out, "\n");
	}
	bu_out_arr_end(out);
}

static void put_kind_name(struct bt *t, const char *key, const struct bu_kind *tab, unsigned n, uint32_t num,
			  const char *fmt)
{
	const struct bu_kind *k = bu_kind_by_num(tab, n, num);

	bu_out_str(&t->out, key, k ? k->name : "unknown", SIZE_MAX, fmt, k ? k->name : "unknown");
}

/* What a program is made of after linking: instructions with its functions, what it calls and uses. */
static void show_linked(struct bt_object *b, uint32_t i)
{
	struct bu_out *out = &b->t->out;
	struct bu_code code = { 0 };
	uint32_t core = 0, n = 0;

	if (bu_obj_link(&b->o, i, &b->t->arena, &code, &b->t->ds))
		return; /* said */
	bu_out_uint(out, "insns_linked", code.ninsns, code.nparts > 1 ? " (%u with its functions)" : NULL, code.ninsns);
	for (uint32_t k = 0; k < code.nparts; k++) {
		const struct bu_btfext_sec *x = bt_object_ext(b, code.part[k].sec);

		for (uint32_t r = 0; x && x->core_size >= 16 && r < x->ncore; r++) {
			uint64_t off = bu_get32(x->core + (size_t)r * x->core_size, b->o.be);

			core += off >= code.part[k].sec_off && off - code.part[k].sec_off < (uint64_t)code.part[k].n * 8;
		}
	}
	bu_out_uint(out, core ? "core_relocations" : BU_NO_JSON, core, core ? "  %u CO-RE" : NULL, core);
	bu_out_text(out, "\n");
	bu_out_arr(out, "functions");
	for (uint32_t k = 1; k < code.nparts; k++) {
		const char *name = b->o.funcs[code.part[k].func].name;

		bu_out_str(out, NULL, name, SIZE_MAX, "%s%s", k == 1 ? "\t\tcalls " : ", ", bt_escz(b->t, name));
	}
	bu_out_arr_end(out);
	bu_out_text(out, code.nparts > 1 ? "\n" : "");
	bu_out_arr(out, "maps");
	for (uint32_t m = 0; m < b->o.nmaps; m++) {
		bool uses = false;

		for (uint32_t k = 0; k < code.nrefs && !uses; k++)
			uses = (code.ref[k].kind == BU_REF_MAP || code.ref[k].kind == BU_REF_MAP_VALUE) && code.ref[k].map == m;
		if (uses)
			bu_out_str(out, NULL, b->o.maps[m].name, SIZE_MAX, "%s%s", n++ ? ", " : "\t\tuses ",
				   bt_escz(b->t, b->o.maps[m].name));
	}
	bu_out_arr_end(out);
	bu_out_text(out, n ? "\n" : "");
}

static void show_prog(struct bt_object *b, uint32_t i)
{
	const struct bu_obj_prog *p = &b->o.progs[i];
	struct bt *t = b->t;
	struct bu_out *out = &t->out;
	const char *sec = b->o.secs[p->sec].name;

	bu_out_obj(out, NULL);
	bu_out_str(out, "name", p->name, SIZE_MAX, "\t%s:", bt_escz(t, p->name));
	bu_out_str(out, "section", sec, SIZE_MAX, " section \"%s\"", bt_escz(t, sec));
	if (p->def) {
		put_kind_name(t, "type", bu_prog_types, bu_nprog_types, p->def->prog_type, "  type %s");
		if (p->def->attach_type != BU_NO_ATTACH_TYPE)
			put_kind_name(t, "attach_type", bu_attach_types, bu_nattach_types, p->def->attach_type, "  for %s");
		if (p->def->hook != BU_HOOK_NONE)
			bu_out_str(out, "hook", bu_hook_name(p->def->hook), SIZE_MAX, "  hook %s", bu_hook_name(p->def->hook));
	} else {
		bu_out_null(out, "type");
		bu_out_text(out, "  type unknown");
	}
	if (p->target.n)
		bu_out_str(out, "target", p->target.p, p->target.n, " at %s", bt_esc(t, p->target.p, p->target.n));
	if (p->def && p->def->sleepable)
		bu_out_bool(out, "sleepable", true, "  sleepable");
	if (p->def && p->def->xdp_frags)
		bu_out_bool(out, "frags", true, "  frags");
	bu_out_bool(out, "autoload", p->autoload, p->autoload ? "" : "  not loaded by itself");
	bu_out_uint(out, "insns", p->size / BU_INSN_SIZE, "\n\t\t%llu insns",
		    (unsigned long long)(p->size / BU_INSN_SIZE));
	show_linked(b, i);
	bu_out_obj_end(out);
}

static void show_progs(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;

	if (b->o.nprogs)
		bu_out_text(out, "programs:\n");
	bu_out_arr(out, "programs");
	for (uint32_t i = 0; i < b->o.nprogs; i++)
		show_prog(b, i);
	bu_out_arr_end(out);
}

static void show_funcs(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;
	bool any = false;

	bu_out_arr(out, "functions");
	for (uint32_t i = 0; i < b->o.nfuncs; i++) {
		const struct bu_obj_func *f = &b->o.funcs[i];
		bool prog = false;

		for (uint32_t k = 0; k < b->o.nprogs && !prog; k++)
			prog = b->o.progs[k].sec == f->sec && b->o.progs[k].off == f->off;
		if (prog)
			continue;
		bu_out_text(out, any ? "" : "functions:\n");
		any = true;
		bu_out_obj(out, NULL);
		bu_out_str(out, "name", f->name, SIZE_MAX, "\t%s:", bt_escz(b->t, f->name));
		bu_out_str(out, "section", b->o.secs[f->sec].name, SIZE_MAX, " section \"%s\"",
			   bt_escz(b->t, b->o.secs[f->sec].name));
		bu_out_bool(out, "static", f->local, f->local ? "  static" : "  global");
		bu_out_uint(out, "insns", f->size / BU_INSN_SIZE, "  %llu insns\n", (unsigned long long)(f->size / BU_INSN_SIZE));
		bu_out_obj_end(out);
	}
	bu_out_arr_end(out);
}

/* ---------------------------------------------------------------- show: maps, externs */

static const char *origin_word(enum bu_map_origin m)
{
	static const char *const words[] = { "btf", "legacy", "data", "kconfig", "struct_ops" };

	return words[m];
}

static void show_map_more(struct bt_object *b, const struct bu_obj_map *m)
{
	struct bt *t = b->t;
	struct bu_out *out = &t->out;

	if (m->numa_node)
		bu_out_uint(out, "numa_node", m->numa_node, "  numa_node %u", m->numa_node);
	if (m->map_extra)
		bu_out_uint(out, "map_extra", m->map_extra, "  map_extra 0x%llx", (unsigned long long)m->map_extra);
	if (m->frozen)
		bu_out_bool(out, "frozen", true, "  frozen");
	if (m->local_id)
		bu_out_uint(out, "local_id", m->local_id, "  local id %u", m->local_id);
	if (m->pin_dir)
		bu_out_str(out, "pin", *m->pin_dir ? m->pin_dir : "name", SIZE_MAX, "  pinned by name%s%s",
			   *m->pin_dir ? " in " : "", bt_escz(t, m->pin_dir));
	if (m->inner >= 0 && (uint32_t)m->inner < b->o.nmaps)
		bu_out_str(out, "inner", b->o.maps[m->inner].name, SIZE_MAX, "  of maps like %s",
			   bt_escz(t, b->o.maps[m->inner].name));
	if (m->is_inner)
		bu_out_bool(out, "template", true, "  template");
	if (m->btf_key)
		bu_out_str(out, "key_type", bt_object_type(b, m->btf_key), SIZE_MAX, "\n\t\tkey type %s",
			   bt_escz(t, bt_object_type(b, m->btf_key)));
	if (m->btf_value && m->origin != BU_MAP_DATA)
		bu_out_str(out, "value_type", bt_object_type(b, m->btf_value), SIZE_MAX, "%svalue type %s",
			   m->btf_key ? "  " : "\n\t\t", bt_escz(t, bt_object_type(b, m->btf_value)));
}

static void show_slots(struct bt_object *b, uint32_t map)
{
	struct bu_out *out = &b->t->out;
	const char *name;
	bool any = false;

	for (uint32_t i = 0; i < b->o.nslots; i++) {
		const struct bu_obj_slot *s = &b->o.slots[i];

		if (s->map != map)
			continue;
		if (!any)
			bu_out_arr(out, "values");
		any = true;
		name = s->is_prog ? b->o.progs[s->target].name : b->o.maps[s->target].name;
		bu_out_obj(out, NULL);
		bu_out_uint(out, "index", s->index, "\n\t\t[%u] = ", s->index);
		bu_out_str(out, s->is_prog ? "program" : "map", name, SIZE_MAX, "%s %s", s->is_prog ? "program" : "map",
			   bt_escz(b->t, name));
		bu_out_obj_end(out);
	}
	if (any)
		bu_out_arr_end(out);
}

static void show_maps(struct bt_object *b)
{
	struct bt *t = b->t;
	struct bu_out *out = &t->out;

	if (b->o.nmaps)
		bu_out_text(out, "maps:\n");
	bu_out_arr(out, "maps");
	for (uint32_t i = 0; i < b->o.nmaps; i++) {
		const struct bu_obj_map *m = &b->o.maps[i];

		bu_out_obj(out, NULL);
		bu_out_str(out, "name", m->name, SIZE_MAX, "\t%s: ", bt_escz(t, m->name));
		put_kind_name(t, "type", bu_map_types, bu_nmap_types, m->type, "%s");
		bu_out_str(out, "declared", origin_word(m->origin), SIZE_MAX, "  by %s", origin_word(m->origin));
		bu_out_uint(out, "bytes_key", m->key_size, "  key %uB", m->key_size);
		bu_out_uint(out, "bytes_value", m->value_size, "  value %uB", m->value_size);
		bu_out_uint(out, "max_entries", m->max_entries, "  max_entries %u", m->max_entries);
		bu_out_uint(out, "flags", m->flags, "  flags 0x%x", m->flags);
		show_map_more(b, m);
		show_slots(b, i);
		bu_out_obj_end(out);
		bu_out_text(out, "\n");
	}
	bu_out_arr_end(out);
}

static void show_externs(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;
	bool any = false;
	uint32_t type;

	bu_out_arr(out, "externs");
	for (uint32_t i = 0; i < b->o.nsyms; i++) {
		const struct bu_sym *s = &b->o.syms[i];
		enum bt_against r;

		if (s->sec != BU_SEC_UNDEF || !*s->name)
			continue;
		r = bt_object_extern(b, s, &type);
		if (r == BT_REF_LOCAL_ID)
			continue;
		bu_out_text(out, any ? "" : "externs:\n");
		any = true;
		bu_out_obj(out, NULL);
		bu_out_str(out, "name", s->name, SIZE_MAX, "\t%s:", bt_escz(b->t, s->name));
		bu_out_str(out, "kind", r ? bt_against_word(r) : "undefined", SIZE_MAX, " %s", r ? bt_against_word(r) : "undefined");
		if (type && r != BT_REF_KFUNC)
			bu_out_str(out, "type", bt_object_type(b, type), SIZE_MAX, "  %s", bt_escz(b->t, bt_object_type(b, type)));
		if (type && r == BT_REF_KFUNC) {
			struct bu_buf p = { 0 };

			if (!bu_btf_print_proto(&p, &b->o.btf, type))
				bu_out_str(out, "proto", bu_buf_cstr(&p), SIZE_MAX, "  %s", bt_escz(b->t, bu_buf_cstr(&p)));
			bu_buf_free(&p);
		}
		bu_out_bool(out, "weak", s->bind == STB_WEAK, s->bind == STB_WEAK ? "  weak\n" : "\n");
		bu_out_obj_end(out);
	}
	bu_out_arr_end(out);
}

static void show_btf(struct bt_object *b)
{
	const struct bu_obj *o = &b->o;
	struct bu_out *out = &b->t->out;
	uint32_t funcs = 0, lines = 0, core = 0;

	if (!o->has_btf) {
		bu_out_null(out, "btf");
		bu_out_text(out, "no BTF\n");
		return;
	}
	for (uint32_t i = 0; i < o->ext.nsec; i++) {
		funcs += o->ext.sec[i].nfunc;
		lines += o->ext.sec[i].nline;
		core += o->ext.sec[i].ncore;
	}
	bu_out_obj(out, "btf");
	bu_out_uint(out, "types", o->btf.ntypes, "BTF: %u types", o->btf.ntypes);
	bu_out_uint(out, "func_info", funcs, "  %u functions", funcs);
	bu_out_uint(out, "line_info", lines, "  %u lines", lines);
	bu_out_uint(out, "core_relocations", core, "  %u CO-RE relocations\n", core);
	bu_out_obj_end(out);
}

/* ---------------------------------------------------------------- show: symbols, relocations */

static const char *sym_type(const struct bu_sym *s)
{
	switch (s->type) {
	case STT_FUNC: return "func";
	case STT_OBJECT: return "object";
	case STT_SECTION: return "section";
	case STT_FILE: return "file";
	default: return "notype";
	}
}

static const char *sym_place(const struct bt_object *b, const struct bu_sym *s)
{
	switch (s->sec) {
	case BU_SEC_UNDEF: return "undefined";
	case BU_SEC_ABS: return "absolute";
	case BU_SEC_COMMON: return "common";
	default: return s->sec < b->o.nsecs ? b->o.secs[s->sec].name : "group";
	}
}

static void show_symbols(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;

	bu_out_text(out, "symbols:\n");
	bu_out_arr(out, "symbols");
	for (uint32_t i = 0; i < b->o.nsyms; i++) {
		const struct bu_sym *s = &b->o.syms[i];
		const char *bind = s->bind == STB_GLOBAL ? "global" : s->bind == STB_WEAK ? "weak" : "local";
		const char *name = s->type == STT_SECTION && !*s->name ? sym_place(b, s) : s->name;

		bu_out_obj(out, NULL);
		bu_out_uint(out, "value", s->value, "\t0x%06llx", (unsigned long long)s->value);
		bu_out_uint(out, "size", s->size, " %6lluB", (unsigned long long)s->size);
		bu_out_str(out, "type", sym_type(s), SIZE_MAX, "  %-7s", sym_type(s));
		bu_out_str(out, "bind", bind, SIZE_MAX, " %-6s", bind);
		bu_out_bool(out, "hidden", s->vis == STV_HIDDEN, s->vis == STV_HIDDEN ? " hidden" : NULL);
		bu_out_str(out, "section", sym_place(b, s), SIZE_MAX, "  %s", bt_escz(b->t, sym_place(b, s)));
		bu_out_str(out, "name", name, SIZE_MAX, "  %s\n", bt_escz(b->t, name));
		bu_out_obj_end(out);
	}
	bu_out_arr_end(out);
}

static void show_core(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;
	const char *what, *kind;
	uint32_t off;

	bu_out_arr(out, "core");
	for (uint32_t i = 0; b->meant && b->o.has_btf && i < b->o.ext.nsec; i++) {
		const struct bu_btfext_sec *x = &b->o.ext.sec[i];

		for (uint32_t r = 0; x->core_size >= 16 && r < x->ncore; r++) {
			what = bt_object_core(b, x, r, &off, &kind);
			bu_out_obj(out, NULL);
			bu_out_str(out, "section", x->name, SIZE_MAX, "\t%s", bt_escz(b->t, x->name));
			bu_out_uint(out, "offset", off, "+0x%x:", off);
			bu_out_str(out, "kind", kind, SIZE_MAX, " CO-RE <%s>", kind);
			bu_out_str(out, "what", what, SIZE_MAX, " %s\n", bt_escz(b->t, what));
			bu_out_obj_end(out);
		}
	}
	bu_out_arr_end(out);
}

static void show_relocs(struct bt_object *b)
{
	struct bu_out *out = &b->t->out;
	struct bt_place p;

	bu_out_text(out, "relocations:\n");
	bu_out_arr(out, "relocations");
	for (uint32_t i = 0; i < b->o.nrels; i++) {
		const struct bu_rel *r = &b->o.rels[i];
		const char *type = bt_reloc_name(b->t, r->type);

		bt_object_place(b, r, &p);
		bu_out_obj(out, NULL);
		bu_out_str(out, "section", b->o.secs[r->sec].name, SIZE_MAX, "\t%s", bt_escz(b->t, b->o.secs[r->sec].name));
		bu_out_uint(out, "offset", r->off, "+0x%llx:", (unsigned long long)r->off);
		bu_out_str(out, "type", type, SIZE_MAX, " %s", type);
		bu_out_str(out, "kind", bt_against_word(p.kind), SIZE_MAX, " %s", bt_against_word(p.kind));
		bu_out_str(out, "symbol", p.name, SIZE_MAX, " %s", bt_escz(b->t, p.name));
		bu_out_uint(out, "addend", p.off, p.off ? "+%llu" : NULL, (unsigned long long)p.off);
		bu_out_obj_end(out);
		bu_out_text(out, "\n");
	}
	bu_out_arr_end(out);
	show_core(b);
}

/* The tables that are long, and shown when asked for. */
static int read_tables(struct bt *t, bool *symbols, bool *relocs)
{
	static const char *const words[] = { "symbols", "relocations", NULL };

	while (bt_peek(t)) {
		if (bt_kw(t, "symbols"))
			*symbols = true;
		else if (bt_kw(t, "relocations"))
			*relocs = true;
		else
			return bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
	}
	return 0;
}

int bt_object_show(struct bt *t)
{
	struct bt_object b;
	struct bu_out *out = &t->out;
	bool symbols = false, relocs = false;
	int st = bt_object_read(t, &b);

	if (!st)
		st = read_tables(t, &symbols, &relocs);
	if (st)
		goto out;
	bt_begin(t);
	bu_out_obj(out, t->key);
	bu_out_str(out, "file", b.o.path, SIZE_MAX, "%s:", bt_escz(t, b.o.path));
	bu_out_str(out, "endian", b.o.be ? "big" : "little", SIZE_MAX, " BPF object, %s-endian", b.o.be ? "big" : "little");
	if (b.meant) {
		bu_out_str(out, "license", b.o.license, SIZE_MAX, *b.o.license ? ", license %s" : ", no license",
			   bt_escz(t, b.o.license));
		if (b.o.kern_version)
			bu_out_uint(out, "kern_version", b.o.kern_version, ", version 0x%x", b.o.kern_version);
		if (b.o.arch >= 0)
			bu_out_str(out, "arch", bu_arch_name((enum bu_arch)b.o.arch), SIZE_MAX, ", for %s",
				   bu_arch_name((enum bu_arch)b.o.arch));
	}
	bu_out_text(out, "\n");
	show_sections(&b);
	if (b.meant) {
		show_progs(&b);
		show_funcs(&b);
		show_maps(&b);
		show_externs(&b);
		show_btf(&b);
	}
	if (symbols)
		show_symbols(&b);
	if (relocs)
		show_relocs(&b);
	bu_out_obj_end(out);
	st = t->ds.errors ? BU_EXIT_FAIL : 0;
out:
	bt_object_free(&b);
	return st;
}
