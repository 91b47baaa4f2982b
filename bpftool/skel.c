// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Skeletons: C headers for programs that use libbpf, with an object inside. Names of structs, members and functions
 * are those that bpftool's users know; the header may be included under the terms of its first line.
 */
#include <ctype.h>
#include <string.h>

#include "skel.h"

#define NAME16 15 /* characters that the kernel keeps of a map's name */

void skel_put(struct skel *s, const char *text)
{
	bu_buf_str(s->out, text);
}

void skel_named(struct skel *s, const char *text)
{
	const char *at;

	for (; (at = strchr(text, '@')); text = at + 1) {
		bu_buf_add(s->out, text, (size_t)(at - text));
		skel_put(s, s->name);
	}
	skel_put(s, text);
}

const char *skel_word(struct skel *s, const char *name)
{
	char *w;

	while (*name == '.')
		name++;
	w = bu_arena_strdup(&s->a, name);
	for (char *p = w; p && *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			*p = '_';
	return w ? w : "";
}

void skel_string(struct skel *s, struct bu_str v)
{
	bu_buf_char(s->out, '"');
	for (size_t i = 0; i < v.n; i++)
		bu_buf_printf(s->out, (uint8_t)v.p[i] < ' ' || (uint8_t)v.p[i] > '~' || strchr("\"\\?", v.p[i]) ? "\\%03o" : "%c",
			      (uint8_t)v.p[i]);
	bu_buf_char(s->out, '"');
}

static bool is_data(const struct bu_obj_map *m)
{
	return m->origin == BU_MAP_DATA || m->origin == BU_MAP_KCONFIG;
}

static bool is_listed(const struct bu_obj_map *m)
{
	return !m->is_inner;
}

/* The name by which libbpf knows the map: those of .data, .bss, .rodata and .kconfig begin with the object's. */
static const char *libbpf_name(struct skel *s, const struct bu_obj_map *m)
{
	size_t n = strlen(m->name), keep = strlen(s->name);
	const char *t;

	/* the object that a library is linked into has another name */
	if (!is_data(m) || s->sub || strchr(m->name + 1, '.'))
		return m->name;
	if (keep > NAME16 - n)
		keep = n < NAME16 ? NAME16 - n : 0;
	t = bu_arena_printf(&s->a, "%.*s%s", (int)keep, s->name, m->name);
	return t ? t : m->name;
}

static uint32_t datasec(const struct skel *s, const struct bu_obj_map *m)
{
	return is_data(m) && s->o->has_btf ? bu_btf_find(&s->o->btf, BU_BTF_DATASEC, m->name) : 0;
}

/* The i-th variable of a section; false: there is none, or it is no business of other files. */
static bool variable(const struct skel *s, const struct bu_btf_type *sec, uint32_t i, struct bu_btf_secvar *v,
		     struct bu_btf_type *var)
{
	return !bu_btf_secvar(&s->o->btf, sec, i, v) && !bu_btf_get(&s->o->btf, v->type, var) &&
	       var->kind == BU_BTF_VAR && var->linkage;
}

bool skel_has_variables(const struct skel *s, const struct bu_obj_map *m)
{
	uint32_t id = datasec(s, m);
	struct bu_btf_secvar v;
	struct bu_btf_type sec, var;

	if (!id || bu_btf_get(&s->o->btf, id, &sec))
		return false;
	for (uint32_t i = 0; i < sec.vlen; i++)
		if (variable(s, &sec, i, &v, &var))
			return true;
	return false;
}

static void put_variables(struct skel *s, const struct bu_obj_map *m)
{
	struct bu_btf_secvar v;
	struct bu_btf_type sec, var;
	uint64_t end = 0;
	unsigned pads = 0;

	if (!skel_has_variables(s, m))
		return;
	bu_btf_get(&s->o->btf, datasec(s, m), &sec);
	bu_buf_printf(s->out, "\tstruct %s__%s {\n", s->name, skel_word(s, m->name));
	for (uint32_t i = 0; i < sec.vlen && !s->err; i++) {
		unsigned align;

		if (!variable(s, &sec, i, &v, &var))
			continue;
		align = bu_btf_c_align(s->c, var.type);
		if (!s->sub && (end + align - 1) / align * align != v.off && v.off > end)
			bu_buf_printf(s->out, "\t\tchar __pad%u[%llu];\n", pads++, (unsigned long long)(v.off - end));
		end = (uint64_t)v.off + v.size;
		skel_put(s, "\t\t");
		s->err = bu_btf_c_decl(s->c, s->out, var.type, var.name, s->sub, 2);
		skel_put(s, ";\n");
	}
	bu_buf_printf(s->out, "\t} %s%s;\n", s->sub ? "" : "*", skel_word(s, m->name));
}

void skel_members(struct skel *s)
{
	const struct bu_obj *o = s->o;
	bool any = false;

	for (uint32_t i = 0; i < o->nmaps; i++)
		any |= is_listed(&o->maps[i]);
	if (any)
		skel_put(s, "\tstruct {\n");
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (is_listed(&o->maps[i]))
			bu_buf_printf(s->out, "\t\tstruct %s *%s;\n", s->map, skel_word(s, o->maps[i].name));
	if (any)
		skel_put(s, "\t} maps;\n");
	if (o->nprogs) {
		skel_put(s, "\tstruct {\n");
		for (uint32_t i = 0; i < o->nprogs; i++)
			bu_buf_printf(s->out, "\t\tstruct %s *%s;\n", s->prog, skel_word(s, o->progs[i].name));
		skel_put(s, "\t} progs;\n");
	}
	if (o->nprogs && s->links) {
		skel_put(s, "\tstruct {\n");
		for (uint32_t i = 0; i < o->nprogs; i++)
			bu_buf_printf(s->out, "\t\tstruct bpf_link *%s;\n", skel_word(s, o->progs[i].name));
		skel_put(s, "\t} links;\n");
	}
	for (uint32_t i = 0; i < o->nmaps; i++)
		put_variables(s, &o->maps[i]);
}

void skel_guard(struct skel *s, bool begin)
{
	struct bu_buf g = { 0 };

	bu_buf_printf(&g, "__%s_%s_H__", s->name, s->sub ? "SUBSKEL" : "SKEL");
	for (size_t i = 0; i < g.n; i++)
		g.p[i] = (uint8_t)toupper(g.p[i]);
	if (begin)
		bu_buf_printf(s->out, "/* SPDX-License-Identifier: (LGPL-2.1 OR BSD-2-Clause) */\n"
			      "/* Made by bpftool gen %s; changes will be lost. */\n#ifndef %s\n#define %s\n\n"
			      "#include <errno.h>\n#include <stdlib.h>\n#include <%s>\n\n",
			      s->sub ? "subskeleton" : "skeleton", bu_buf_cstr(&g), bu_buf_cstr(&g), s->include);
	else
		bu_buf_printf(s->out, "#endif /* %s */\n", bu_buf_cstr(&g));
	bu_buf_free(&g);
}

/* Entries of the arrays that tell libbpf what to fill in. */
static void put_tables(struct skel *s)
{
	const struct bu_obj *o = s->o;
	unsigned n = 0;

	for (uint32_t i = 0; i < o->nmaps; i++)
		n += is_listed(&o->maps[i]);
	if (n) {
		bu_buf_printf(s->out, "\ts->map_cnt = %u;\n\ts->map_skel_sz = sizeof(*s->maps);\n"
			      "\ts->maps = (struct bpf_map_skeleton *)calloc(s->map_cnt, sizeof(*s->maps));\n"
			      "\tif (!s->maps)\n\t\tgoto fail;\n", n);
		n = 0;
	}
	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *m = &o->maps[i];
		const char *w = skel_word(s, m->name);

		if (!is_listed(m))
			continue;
		bu_buf_printf(s->out, "\ts->maps[%u].name = ", n);
		skel_string(s, bu_str_c(libbpf_name(s, m)));
		bu_buf_printf(s->out, ";\n\ts->maps[%u].map = &obj->maps.%s;\n", n, w);
		if (!s->sub && skel_has_variables(s, m))
			bu_buf_printf(s->out, "\ts->maps[%u].mmaped = (void **)&obj->%s;\n", n, w);
		n++;
	}
	if (o->nprogs)
		bu_buf_printf(s->out, "\n\ts->prog_cnt = %u;\n\ts->prog_skel_sz = sizeof(*s->progs);\n"
			      "\ts->progs = (struct bpf_prog_skeleton *)calloc(s->prog_cnt, sizeof(*s->progs));\n"
			      "\tif (!s->progs)\n\t\tgoto fail;\n", o->nprogs);
	for (uint32_t i = 0; i < o->nprogs; i++) {
		const char *w = skel_word(s, o->progs[i].name);

		bu_buf_printf(s->out, "\ts->progs[%u].name = ", i);
		skel_string(s, bu_str_c(o->progs[i].name));
		bu_buf_printf(s->out, ";\n\ts->progs[%u].prog = &obj->progs.%s;\n", i, w);
		if (!s->sub)
			bu_buf_printf(s->out, "\ts->progs[%u].link = &obj->links.%s;\n", i, w);
	}
}

/* \0 for zeros, and never a digit behind an escape. */
void skel_bytes(struct skel *s, const uint8_t *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	unsigned col = 0;

	skel_put(s, "\t\t\"");
	for (size_t i = 0; i < n; i++) {
		char e[4] = { '\\', 'x', hex[p[i] >> 4], hex[p[i] & 15] };

		if (col > 100) {
			skel_put(s, "\"\n\t\t\"");
			col = 0;
		}
		bu_buf_add(s->out, p[i] ? e : "\\0", p[i] ? 4 : 2);
		col += p[i] ? 4 : 2;
	}
	bu_buf_str(s->out, "\"");
}

void skel_sizes(struct skel *s)
{
	struct bu_btf_secvar v;
	struct bu_btf_type sec, var;

	skel_named(s, "\n__attribute__((unused)) static void @__assert(struct @ *s __attribute__((unused)))\n{\n"
		  "#ifdef __cplusplus\n#define _Static_assert static_assert\n#endif\n");
	for (uint32_t m = 0; m < s->o->nmaps; m++) {
		uint32_t id = datasec(s, &s->o->maps[m]);

		if (!id || bu_btf_get(&s->o->btf, id, &sec))
			continue;
		for (uint32_t i = 0; i < sec.vlen; i++)
			if (variable(s, &sec, i, &v, &var)) {
				const char *w = skel_word(s, var.name), *in = skel_word(s, s->o->maps[m].name);

				bu_buf_printf(s->out, "\t_Static_assert(sizeof(%ss->%s%s%s) == %u, \"size of %s\");\n",
					      s->sub ? "*" : "", in, s->sub ? "." : "->", w, v.size, w);
			}
	}
	skel_put(s, "#ifdef __cplusplus\n#undef _Static_assert\n#endif\n}\n\n");
}

int skel_begin(struct skel *s, struct bu_buf *out, const struct bu_obj *o, const char *name, const char *include,
	       const char *map, const char *prog)
{
	static const struct bu_btf none = { 0 };

	memset(s, 0, sizeof(*s));
	s->include = include;
	s->map = map;
	s->prog = prog;
	s->out = out;
	s->o = o;
	s->name = name;
	bu_arena_init(&s->a);
	return bu_btf_c_new(&s->c, o->has_btf ? &o->btf : &none);
}

int skel_end(struct skel *s)
{
	int err = s->err ? s->err : bu_arena_failed(&s->a) || s->out->failed ? -ENOMEM : 0;

	bu_btf_c_free(s->c);
	bu_arena_free(&s->a);
	return err;
}

int bt_skeleton(struct bu_buf *out, const struct bu_obj *o, const char *name, const struct bu_buf *file)
{
	struct skel s;
	int err = skel_begin(&s, out, o, name, "bpf/libbpf.h", "bpf_map", "bpf_program");

	s.links = true;

	if (err)
		goto out;
	skel_guard(&s, true);
	skel_named(&s, "struct @ {\n\tstruct bpf_object_skeleton *skeleton;\n\tstruct bpf_object *obj;\n");
	skel_members(&s);
	skel_named(&s, "\n#ifdef __cplusplus\n"
		  "\tstatic inline struct @ *open(const struct bpf_object_open_opts *opts = nullptr);\n"
		  "\tstatic inline struct @ *open_and_load();\n"
		  "\tstatic inline int load(struct @ *skel);\n"
		  "\tstatic inline int attach(struct @ *skel);\n"
		  "\tstatic inline void detach(struct @ *skel);\n"
		  "\tstatic inline void destroy(struct @ *skel);\n"
		  "\tstatic inline const void *elf_bytes(size_t *sz);\n"
		  "#endif\n};\n\n"
		  "static inline const void *@__elf_bytes(size_t *sz)\n{\n"
		  "\tstatic const char bytes[] __attribute__((__aligned__(8))) =\n");
	skel_bytes(&s, file->p, file->n);
	skel_named(&s, ";\n\n\t*sz = sizeof(bytes) - 1;\n\treturn bytes;\n}\n\n"
		  "static inline void @__destroy(struct @ *obj)\n{\n"
		  "\tif (obj && obj->skeleton)\n\t\tbpf_object__destroy_skeleton(obj->skeleton);\n"
		  "\tfree(obj);\n}\n\n"
		  "static inline int @__create_skeleton(struct @ *obj)\n{\n"
		  "\tstruct bpf_object_skeleton *s = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));\n\n"
		  "\tif (!s)\n\t\treturn -ENOMEM;\n"
		  "\ts->sz = sizeof(*s);\n\ts->name = \"@\";\n\ts->obj = &obj->obj;\n"
		  "\ts->data = (void *)@__elf_bytes(&s->data_sz);\n\n");
	put_tables(&s);
	skel_named(&s, "\n\tobj->skeleton = s;\n\treturn 0;\n");
	if (o->nmaps || o->nprogs)
		skel_put(&s, "fail:\n\tbpf_object__destroy_skeleton(s);\n\treturn -ENOMEM;\n");
	skel_named(&s, "}\n\n"
		  "static inline struct @ *@__open_opts(const struct bpf_object_open_opts *opts)\n{\n"
		  "\tstruct @ *obj = (struct @ *)calloc(1, sizeof(*obj));\n"
		  "\tint err = obj ? @__create_skeleton(obj) : -ENOMEM;\n\n"
		  "\tif (!err)\n\t\terr = bpf_object__open_skeleton(obj->skeleton, opts);\n"
		  "\tif (!err)\n\t\treturn obj;\n"
		  "\t@__destroy(obj);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
		  "static inline struct @ *@__open(void)\n{\n\treturn @__open_opts(NULL);\n}\n\n"
		  "static inline int @__load(struct @ *obj)\n{\n"
		  "\treturn bpf_object__load_skeleton(obj->skeleton);\n}\n\n"
		  "static inline struct @ *@__open_and_load(void)\n{\n"
		  "\tstruct @ *obj = @__open();\n\tint err = obj ? @__load(obj) : 0;\n\n"
		  "\tif (!err)\n\t\treturn obj;\n"
		  "\t@__destroy(obj);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
		  "static inline int @__attach(struct @ *obj)\n{\n"
		  "\treturn bpf_object__attach_skeleton(obj->skeleton);\n}\n\n"
		  "static inline void @__detach(struct @ *obj)\n{\n"
		  "\tbpf_object__detach_skeleton(obj->skeleton);\n}\n\n"
		  "#ifdef __cplusplus\n"
		  "struct @ *@::open(const struct bpf_object_open_opts *opts) { return @__open_opts(opts); }\n"
		  "struct @ *@::open_and_load() { return @__open_and_load(); }\n"
		  "int @::load(struct @ *skel) { return @__load(skel); }\n"
		  "int @::attach(struct @ *skel) { return @__attach(skel); }\n"
		  "void @::detach(struct @ *skel) { @__detach(skel); }\n"
		  "void @::destroy(struct @ *skel) { @__destroy(skel); }\n"
		  "const void *@::elf_bytes(size_t *sz) { return @__elf_bytes(sz); }\n"
		  "#endif\n");
	skel_sizes(&s);
	skel_guard(&s, false);
out:
	return err ? (skel_end(&s), err) : skel_end(&s);
}

static void put_pointers(struct skel *s)
{
	struct bu_btf_secvar v;
	struct bu_btf_type sec, var;
	unsigned n = 0, k = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t m = 0; m < s->o->nmaps; m++) {
			uint32_t id = datasec(s, &s->o->maps[m]);

			if (!id || bu_btf_get(&s->o->btf, id, &sec))
				continue;
			for (uint32_t i = 0; i < sec.vlen; i++) {
				if (!variable(s, &sec, i, &v, &var) || !++n || !pass)
					continue;
				bu_buf_printf(s->out, "\ts->vars[%u].name = ", k);
				skel_string(s, bu_str_c(var.name));
				bu_buf_printf(s->out, ";\n\ts->vars[%u].map = &obj->maps.%s;\n"
					      "\ts->vars[%u].addr = (void **)&obj->%s.%s;\n", k,
					      skel_word(s, s->o->maps[m].name), k, skel_word(s, s->o->maps[m].name),
					      skel_word(s, var.name));
				k++;
			}
		}
		if (!n)
			return;
		if (!pass)
			bu_buf_printf(s->out, "\ts->var_cnt = %u;\n\ts->var_skel_sz = sizeof(*s->vars);\n"
				      "\ts->vars = (struct bpf_var_skeleton *)calloc(s->var_cnt, sizeof(*s->vars));\n"
				      "\tif (!s->vars)\n\t\tgoto fail;\n", n);
	}
	skel_put(s, "\n");
}

int bt_subskeleton(struct bu_buf *out, const struct bu_obj *o, const char *name)
{
	struct skel s;
	int err = skel_begin(&s, out, o, name, "bpf/libbpf.h", "bpf_map", "bpf_program");

	s.sub = true;

	if (err)
		goto out;
	skel_guard(&s, true);
	skel_named(&s, "struct @ {\n\tstruct bpf_object *obj;\n\tstruct bpf_object_subskeleton *subskel;\n");
	skel_members(&s);
	skel_named(&s, "\n#ifdef __cplusplus\n"
		  "\tstatic inline struct @ *open(const struct bpf_object *src);\n"
		  "\tstatic inline void destroy(struct @ *skel);\n"
		  "#endif\n};\n\n"
		  "static inline void @__destroy(struct @ *skel)\n{\n"
		  "\tif (skel && skel->subskel)\n\t\tbpf_object__destroy_subskeleton(skel->subskel);\n"
		  "\tfree(skel);\n}\n\n"
		  "static inline struct @ *@__open(const struct bpf_object *src)\n{\n"
		  "\tstruct @ *obj = (struct @ *)calloc(1, sizeof(*obj));\n"
		  "\tstruct bpf_object_subskeleton *s;\n\tint err = -ENOMEM;\n\n"
		  "\tif (!obj)\n\t\tgoto fail;\n"
		  "\ts = (struct bpf_object_subskeleton *)calloc(1, sizeof(*s));\n"
		  "\tif (!s)\n\t\tgoto fail;\n"
		  "\tobj->subskel = s;\n\ts->sz = sizeof(*s);\n\ts->obj = src;\n\n");
	put_pointers(&s);
	put_tables(&s);
	skel_named(&s, "\n\terr = bpf_object__open_subskeleton(s);\n\tif (!err)\n\t\treturn obj;\n"
		  "fail:\n\t@__destroy(obj);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
		  "#ifdef __cplusplus\n"
		  "struct @ *@::open(const struct bpf_object *src) { return @__open(src); }\n"
		  "void @::destroy(struct @ *skel) { @__destroy(skel); }\n"
		  "#endif\n");
	skel_sizes(&s);
	skel_guard(&s, false);
out:
	return err ? (skel_end(&s), err) : skel_end(&s);
}
