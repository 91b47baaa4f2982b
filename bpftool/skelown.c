// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Skeletons for bpfutils/skel.h, which needs no library: maps as tables, programs linked here, with a list of the
 * instructions that name maps. What that run-time cannot do is refused here, and not found out by who runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "skel.h"

#define CORE_RECORD 16

static int cannot(struct bt *t, const struct bu_obj *o, const char *what)
{
	int st = bt_error(t, "T0134", "'%s' has %s, which programs without a library cannot load", bt_escz(t, o->path), what);

	bt_hint(t, "leave 'runtime own' away: a skeleton for libbpf");
	return st;
}

/* Is it an object that the run-time can load? */
static int check(struct bt *t, const struct bu_obj *o)
{
	if (o->nkconfig)
		return cannot(t, o, "variables that the loader knows (__kconfig)");
	if (o->nops)
		return cannot(t, o, "structs of operations");
	for (uint32_t i = 0; i < o->nslots; i++)
		if (o->maps[o->slots[i].map].key_size != 4)
			return cannot(t, o, "maps of maps whose keys are not of 4 bytes, and are filled in");
	if (o->be != BU_HOST_BE)
		return cannot(t, o, "another byte order");
	return 0;
}

static void put_array(struct skel *s, const char *what, uint32_t n, const void *p, size_t size)
{
	bu_buf_printf(s->out, "static const char %s__%s%u[] __attribute__((__aligned__(8))) =\n", s->name, what, n);
	skel_bytes(s, p, size);
	skel_put(s, ";\n");
}

/* The program's CO-RE records, as offsets into it. */
static uint32_t core_records(const struct bu_obj *o, const struct bu_code *c, struct bu_buf *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->nparts; i++) {
		const struct bu_code_part *part = &c->part[i];

		for (uint32_t k = 0; k < o->ext.nsec; k++) {
			const struct bu_btfext_sec *e = &o->ext.sec[k];

			if (e->core_size < CORE_RECORD || part->sec >= o->nsecs || strcmp(e->name, o->secs[part->sec].name) != 0)
				continue;
			for (uint32_t r = 0; r < e->ncore; r++) {
				uint8_t one[CORE_RECORD];
				uint64_t off;

				memcpy(one, e->core + (size_t)r * e->core_size, sizeof(one));
				off = bu_get32(one, o->be);
				if (off < part->sec_off || off >= part->sec_off + (uint64_t)part->n * BU_INSN_SIZE)
					continue;
				bu_put32(one, o->be, part->start * BU_INSN_SIZE + (uint32_t)(off - part->sec_off));
				bu_buf_add(out, one, sizeof(one));
				n++;
			}
		}
	}
	return n;
}

struct prog { uint32_t ninsns, nrefs, nfunc, nline, ncore; };

static int put_program(struct bt *t, struct skel *s, uint32_t i, struct prog *p)
{
	const struct bu_obj *o = s->o;
	struct bu_buf b = { 0 };
	struct bu_code c = { 0 };
	int err = bu_obj_link(o, i, &s->a, &c, &t->ds);
	uint8_t *raw;

	if (err)
		return err == -ENOMEM ? bt_error(t, "U0003", "out of memory") : BU_EXIT_FAIL;
	*p = (struct prog){ c.ninsns, c.nrefs, o->has_btf ? c.nfunc : 0, o->has_btf ? c.nline : 0, 0 };
	for (uint32_t k = 0; k < c.nrefs; k++)
		if (c.ref[k].kind != BU_REF_MAP && c.ref[k].kind != BU_REF_MAP_VALUE)
			return cannot(t, o, "references to the kernel's functions or variables, or to maps by number");
	raw = bu_buf_room(&b, (size_t)c.ninsns * BU_INSN_SIZE + 1);
	for (uint32_t k = 0; raw && k < c.ninsns; k++)
		bu_insn_encode(raw + (size_t)k * BU_INSN_SIZE, &c.insn[k], o->be);
	if (raw)
		put_array(s, "insns", i, raw, (size_t)c.ninsns * BU_INSN_SIZE);
	if (c.nrefs) {
		bu_buf_printf(s->out, "static const struct bpfu_ref %s__refs%u[] = {\n", s->name, i);
		for (uint32_t k = 0; k < c.nrefs; k++)
			bu_buf_printf(s->out, "\t{ %u, %u, %u, %d },\n", c.ref[k].insn, c.ref[k].map,
				      c.ref[k].kind == BU_REF_MAP_VALUE ? c.ref[k].val : 0, c.ref[k].kind == BU_REF_MAP_VALUE);
		skel_put(s, "};\n");
	}
	bu_buf_reset(&b);
	for (uint32_t k = 0; k < p->nfunc; k++) {
		uint8_t rec[8];

		bu_put32(rec, o->be, c.func[k].insn_off);
		bu_put32(rec + 4, o->be, c.func[k].type_id);
		bu_buf_add(&b, rec, sizeof(rec));
	}
	put_array(s, "func", i, b.p, b.n);
	bu_buf_reset(&b);
	for (uint32_t k = 0; k < p->nline; k++) {
		uint8_t rec[BU_LINE_REC];

		bu_btfext_line(rec, &c.line[k], o->be);
		bu_buf_add(&b, rec, sizeof(rec));
	}
	put_array(s, "line", i, b.p, b.n);
	bu_buf_reset(&b);
	p->ncore = core_records(o, &c, &b);
	put_array(s, "core", i, b.p, b.n);
	err = b.failed ? -ENOMEM : 0;
	bu_buf_free(&b);
	return err ? bt_error(t, "U0003", "out of memory") : 0;
}

/* How a program attaches by itself, from the hook of its section. */
static const char *autoattach(const struct bu_obj_prog *p, const char **prefix, unsigned *kind)
{
	*prefix = NULL;
	*kind = BU_BTF_FUNC;
	if (!p->def || !p->target.n || p->target.n > 127)
		return "BPFU_NONE";
	switch (p->def->hook) {
	case BU_HOOK_RAW_TP: return "BPFU_RAW_TP";
	case BU_HOOK_TRACEPOINT: return memchr(p->target.p, '/', p->target.n) ? "BPFU_TRACEPOINT" : "BPFU_NONE";
	case BU_HOOK_TP_BTF:
		*prefix = "btf_trace_";
		*kind = BU_BTF_TYPEDEF;
		return "BPFU_BTF";
	case BU_HOOK_LSM:
		*prefix = "bpf_lsm_";
		return "BPFU_BTF";
	case BU_HOOK_FENTRY:
	case BU_HOOK_FEXIT:
	case BU_HOOK_FMOD_RET:
		*prefix = "";
		return "BPFU_BTF";
	default: return "BPFU_NONE";
	}
}

static void put_maps(struct skel *s)
{
	const struct bu_obj *o = s->o;

	if (!o->nmaps)
		return;
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (o->maps[i].origin == BU_MAP_DATA && o->secs[o->maps[i].sec].data)
			put_array(s, "data", i, o->secs[o->maps[i].sec].data, o->maps[i].value_size);
	bu_buf_printf(s->out, "static const struct bpfu_map %s__maps[] = {\n", s->name);
	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *m = &o->maps[i];
		bool data = m->origin == BU_MAP_DATA;

		skel_put(s, "\t{ .name = ");
		skel_string(s, bu_str_c(m->name));
		bu_buf_printf(s->out, ", .type = %u, .key_size = %u, .value_size = %u, .max_entries = %u, "
			      ".flags = 0x%x, .btf_key = %u, .btf_value = %u, .inner = %d, .data = %d, ", m->type,
			      m->key_size, m->value_size, m->max_entries, m->flags, o->has_btf ? m->btf_key : 0,
			      o->has_btf ? m->btf_value : 0, m->inner, !data ? 0 : m->frozen ? 2 : 1);
		if (data && o->secs[m->sec].data)
			bu_buf_printf(s->out, ".init = %s__data%u, ", s->name, i);
		if (m->pin_dir) {
			char *path = bu_arena_printf(&s->a, "/sys/fs/bpf/%s%s%s", m->pin_dir, *m->pin_dir ? "/" : "", m->name);

			skel_put(s, ".pin = ");
			skel_string(s, bu_str_c(path ? path : ""));
			skel_put(s, ", ");
		}
		skel_put(s, ".fd = -1 },\n");
	}
	skel_put(s, "};\n");
	if (!o->nslots)
		return;
	bu_buf_printf(s->out, "static const struct bpfu_slot %s__slots[] = {\n", s->name);
	for (uint32_t i = 0; i < o->nslots; i++)
		bu_buf_printf(s->out, "\t{ %u, %u, %d, %u },\n", o->slots[i].map, o->slots[i].index, o->slots[i].is_prog,
			      o->slots[i].target);
	skel_put(s, "};\n");
}

static int put_programs(struct bt *t, struct skel *s)
{
	const struct bu_obj *o = s->o;
	struct prog *p = bu_arena_array(&s->a, o->nprogs + 1, sizeof(*p));
	int st = 0;

	if (!p)
		return bt_error(t, "U0003", "out of memory");
	for (uint32_t i = 0; i < o->nprogs && !st; i++)
		st = put_program(t, s, i, &p[i]);
	if (st || !o->nprogs)
		return st;
	bu_buf_printf(s->out, "static const struct bpfu_prog %s__progs[] = {\n", s->name);
	for (uint32_t i = 0; i < o->nprogs; i++) {
		const struct bu_obj_prog *g = &o->progs[i];
		const char *prefix;
		unsigned kind;
		const char *how = autoattach(g, &prefix, &kind);

		if (!g->def)
			return cannot(t, o, "programs in sections whose names tell no type");
		skel_put(s, "\t{ .name = ");
		skel_string(s, bu_str_c(g->name));
		skel_put(s, ", .target = ");
		skel_string(s, g->target.p ? g->target : BU_STR(""));
		bu_buf_printf(s->out, ", .type = %u, .attach_type = %u, .flags = 0x%x, .autoattach = %s, .btf_prefix = ",
			      g->def->prog_type, g->def->attach_type == BU_NO_ATTACH_TYPE ? 0 : g->def->attach_type,
			      (g->def->sleepable ? BPF_F_SLEEPABLE : 0) | (g->def->xdp_frags ? BPF_F_XDP_HAS_FRAGS : 0), how);
		if (prefix)
			skel_string(s, bu_str_c(prefix));
		else
			skel_put(s, "NULL");
		bu_buf_printf(s->out, ", .btf_kind = %u,\n\t  .insns = %s__insns%u, .insn_cnt = %u, .refs = ", kind, s->name, i,
			      p[i].ninsns);
		if (p[i].nrefs)
			bu_buf_printf(s->out, "%s__refs%u", s->name, i);
		else
			skel_put(s, "NULL");
		bu_buf_printf(s->out, ", .nrefs = %u, .func_info = %s__func%u, .nfunc = %u, .line_info = %s__line%u, .nline = %u, "
			      ".core = %s__core%u, .ncore = %u, .fd = -1, .link_fd = -1 },\n", p[i].nrefs, s->name, i, p[i].nfunc,
			      s->name, i, p[i].nline, s->name, i, p[i].ncore);
	}
	skel_put(s, "};\n");
	return 0;
}

/* The functions: the same names as with libbpf. */
static void put_functions(struct skel *s)
{
	const struct bu_obj *o = s->o;

	skel_named(s, "\nstatic inline __attribute__((unused)) void @__destroy(struct @ *s)\n{\n"
		   "\tif (s)\n\t\tbpfu_close(&s->obj);\n\tfree(s);\n}\n\n"
		   "static inline __attribute__((unused)) struct @ *@__open(void)\n{\n"
		   "\tstruct @ *s = (struct @ *)calloc(1, sizeof(*s));\n\tint err = -ENOMEM;\n\n"
		   "\tif (!s)\n\t\tgoto fail;\n\ts->obj.btf_fd = -1;\n");
	bu_buf_printf(s->out, "\ts->obj.license = ");
	skel_string(s, bu_str_c(o->license));
	skel_put(s, ";\n");
	if (o->has_btf)
		skel_named(s, "\ts->obj.btf = @__btf0;\n\ts->obj.btf_size = sizeof(@__btf0) - 1;\n");
	if (o->nmaps)
		skel_named(s, "\ts->obj.maps = (struct bpfu_map *)malloc(sizeof(@__maps));\n\tif (!s->obj.maps)\n\t\tgoto fail;\n"
			   "\tmemcpy(s->obj.maps, @__maps, sizeof(@__maps));\n"
			   "\ts->obj.nmaps = sizeof(@__maps) / sizeof(@__maps[0]);\n");
	if (o->nprogs)
		skel_named(s, "\ts->obj.progs = (struct bpfu_prog *)malloc(sizeof(@__progs));\n\tif (!s->obj.progs)\n\t\tgoto fail;\n"
			   "\tmemcpy(s->obj.progs, @__progs, sizeof(@__progs));\n"
			   "\ts->obj.nprogs = sizeof(@__progs) / sizeof(@__progs[0]);\n");
	if (o->nslots)
		skel_named(s, "\ts->obj.slots = @__slots;\n\ts->obj.nslots = sizeof(@__slots) / sizeof(@__slots[0]);\n");
	skel_put(s, "\terr = bpfu_open(&s->obj);\n\tif (err)\n\t\tgoto fail;\n");
	for (uint32_t i = 0; i < o->nmaps; i++) {
		const char *w = skel_word(s, o->maps[i].name);

		if (!o->maps[i].is_inner)
			bu_buf_printf(s->out, "\ts->maps.%s = &s->obj.maps[%u];\n", w, i);
		if (skel_has_variables(s, &o->maps[i]))
			bu_buf_printf(s->out, "\t*(void **)&s->%s = s->obj.maps[%u].mem;\n", w, i);
	}
	for (uint32_t i = 0; i < o->nprogs; i++)
		bu_buf_printf(s->out, "\ts->progs.%s = &s->obj.progs[%u];\n", skel_word(s, o->progs[i].name), i);
	skel_named(s, "\treturn s;\nfail:\n\t@__destroy(s);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
		   "static inline __attribute__((unused)) int @__load(struct @ *s)\n{\n\treturn bpfu_load(&s->obj);\n}\n\n"
		   "static inline __attribute__((unused)) struct @ *@__open_and_load(void)\n{\n"
		   "\tstruct @ *s = @__open();\n\tint err = s ? @__load(s) : 0;\n\n"
		   "\tif (!err)\n\t\treturn s;\n\t@__destroy(s);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
		   "static inline __attribute__((unused)) int @__attach(struct @ *s)\n{\n\treturn bpfu_attach(&s->obj);\n}\n\n"
		   "static inline __attribute__((unused)) void @__detach(struct @ *s)\n{\n\tbpfu_detach(&s->obj);\n}\n");
}

int bt_own_skeleton(struct bt *t, struct bu_buf *out, const struct bu_obj *o, const char *name)
{
	struct skel s;
	int st = check(t, o), err;

	if (st)
		return st;
	err = skel_begin(&s, out, o, name, "bpfutils/skel.h", "bpfu_map", "bpfu_prog");
	if (!err) {
		skel_guard(&s, true);
		if (o->has_btf)
			put_array(&s, "btf", 0, o->btf.data, o->btf.size);
		put_maps(&s);
		st = put_programs(t, &s);
		skel_named(&s, "\nstruct @ {\n\tstruct bpfu_object obj;\n");
		skel_members(&s);
		skel_put(&s, "};\n");
		put_functions(&s);
		skel_sizes(&s);
		skel_guard(&s, false);
	}
	err = skel_end(&s);
	if (st)
		return st;
	return err == -E2BIG ? bt_error(t, "T0132", "the types of '%s' lie too deep in each other for C", bt_escz(t, o->path))
	     : err ? bt_error(t, "U0003", "out of memory") : 0;
}
