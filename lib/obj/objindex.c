/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the sections of an object mean: functions and programs, license, version, BTF, note.
 * The maps are found in objmaps.c.
 *
 * Functions are told by symbols: those of type FUNC, static ones too; where a section has none,
 * its global symbols without a type (the first compilers, and hand-written assembly, leave it out);
 * where it has no such symbol either, the section is one function. In such a .text, whatever is
 * called begins a function too.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool is_code(const struct bu_sec *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) && s->size;
}

static bool in_code(const struct bu_obj *o, const struct bu_sym *s)
{
	return s->sec < o->nsecs && is_code(&o->secs[s->sec]) && s->value < o->secs[s->sec].size;
}

/* ---------------------------------------------------------------- functions */

struct found {
	struct bu_obj_func f;
	uint32_t order; /* of two at one place, global symbols come first, then the file's order */
};

static int by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->f.sec != y->f.sec)
		return x->f.sec < y->f.sec ? -1 : 1;
	if (x->f.off != y->f.off)
		return x->f.off < y->f.off ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Finds, for each section, whether it has symbols of type FUNC (1), or global untyped ones (2). */
static uint8_t *symbol_classes(struct bu_obj *o)
{
	uint8_t *class = bu_arena_array(&o->arena, o->nsecs, 1);

	for (uint32_t i = 0; class && i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (!in_code(o, s))
			continue;
		if (s->type == STT_FUNC)
			class[s->sec] |= 1;
		else if (s->type == STT_NOTYPE && s->bind != STB_LOCAL && s->name[0])
			class[s->sec] |= 2;
	}
	return class;
}

static bool is_function(const struct bu_obj *o, const uint8_t *class, const struct bu_sym *s)
{
	if (!in_code(o, s))
		return false;
	if (s->type == STT_FUNC)
		return true;
	return !(class[s->sec] & 1) && s->type == STT_NOTYPE && s->bind != STB_LOCAL && s->name[0];
}

/*
 * Which byte of section `text` does the instruction at a byte of section sec call or point to?
 * -1: none.
 */
static int64_t target(const struct bu_obj *o, uint32_t sec, uint64_t off, const struct bu_rel *r,
		      uint32_t text)
{
	struct bu_insn in;
	int64_t to;

	bu_insn_decode(&in, o->secs[sec].data + off, o->be);
	if (!r)
		to = in.code == BU_OP_CALL && in.src == BU_CALL_LOCAL && sec == text ?
		     (int64_t)off + ((int64_t)in.imm + 1) * BU_INSN_SIZE : -1;
	else if (o->syms[r->sym].sec != text)
		return -1;
	else if (in.code == BU_OP_CALL)
		to = (int64_t)o->syms[r->sym].value + ((int64_t)in.imm + 1) * BU_INSN_SIZE;
	else
		to = in.code == BU_OP_LD_IMM64 ? (int64_t)o->syms[r->sym].value + in.imm : -1;
	return to >= 0 && (uint64_t)to < o->secs[text].size && to % BU_INSN_SIZE == 0 ? to : -1;
}

/* Adds what is called in a .text whose symbols have no types. */
static int collect_called(struct bu_obj *o, uint32_t text, struct found *v, size_t *n)
{
	size_t slots = o->secs[text].size / BU_INSN_SIZE, rel = 0;
	uint8_t *called = bu_arena_array(&o->arena, slots, 1);
	const char **name = bu_arena_array(&o->arena, slots, sizeof(*name));
	int64_t to;

	if (!called || !name)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (s->sec == text && s->type == STT_NOTYPE && s->value / BU_INSN_SIZE < slots)
			name[s->value / BU_INSN_SIZE] = s->name;
	}
	for (uint32_t sec = 0; sec < o->nsecs; sec++) {
		if (!is_code(&o->secs[sec]))
			continue;
		for (uint64_t off = 0; off < o->secs[sec].size; off += BU_INSN_SIZE) {
			while (rel < o->nrels && (o->rels[rel].sec < sec ||
			       (o->rels[rel].sec == sec && o->rels[rel].off < off)))
				rel++;
			to = target(o, sec, off, rel < o->nrels && o->rels[rel].sec == sec &&
				    o->rels[rel].off == off ? &o->rels[rel] : NULL, text);
			if (to >= 0)
				called[to / BU_INSN_SIZE] = 1;
		}
	}
	for (size_t i = 1; i < slots; i++)
		if (called[i])
			v[(*n)++] = (struct found){
				{ .name = name[i] ? name[i] : "", .sec = text,
				  .off = i * BU_INSN_SIZE, .local = true, .called = true },
				UINT32_MAX };
	return 0;
}

static int collect(struct bu_obj *o, struct found **out, size_t *out_n, struct bu_diags *ds)
{
	uint8_t *class = symbol_classes(o);
	uint32_t text = bu_obj_sec_by_name(o, ".text");
	struct found *v;
	size_t n = 0, most = (size_t)o->nsyms + o->nsecs;
	int err = 0;

	if (!class)
		return -ENOMEM;
	if (text < o->nsecs && (!is_code(&o->secs[text]) || class[text] & 1))
		text = BU_SEC_UNDEF;
	if (text < o->nsecs)
		most += o->secs[text].size / BU_INSN_SIZE;
	v = bu_arena_array(&o->arena, most, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nsecs; i++) {
		const struct bu_sec *s = &o->secs[i];

		if (!is_code(s))
			continue;
		if (s->size % BU_INSN_SIZE)
			return obj_error(o, ds, "O0201",
					 "section '%s' has %llu bytes, which are no whole instructions",
					 s->name, (unsigned long long)s->size);
		if (s->size / BU_INSN_SIZE > INT32_MAX)
			return obj_error(o, ds, "O0201", "section '%s' is too large", s->name);
		/* Its size is told by what follows, if anything does. */
		if (!class[i])
			v[n++] = (struct found){ { .name = s->name, .sec = i }, 0 };
	}
	if (text < o->nsecs)
		err = collect_called(o, text, v, &n);
	if (err)
		return err;
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (!is_function(o, class, s))
			continue;
		if (s->value % BU_INSN_SIZE || s->size % BU_INSN_SIZE)
			return obj_error(o, ds, "O0201",
					 "function '%s' (%llu bytes at %llu of section '%s') lies across instructions",
					 s->name, (unsigned long long)s->size,
					 (unsigned long long)s->value, o->secs[s->sec].name);
		v[n++] = (struct found){ { .name = s->name, .sec = s->sec, .off = s->value,
					     .size = s->size, .local = s->bind == STB_LOCAL },
					 i + (s->bind == STB_LOCAL ? o->nsyms : 0) };
	}
	qsort(v, n, sizeof(*v), by_place);
	*out = v;
	*out_n = n;
	return 0;
}

static int find_functions(struct bu_obj *o, struct bu_diags *ds)
{
	struct found *v = NULL;
	size_t n = 0;
	int err = collect(o, &v, &n, ds);

	if (err)
		return err;
	o->nfuncs = 0;
	o->funcs = bu_arena_array(&o->arena, n, sizeof(*o->funcs));
	if (!o->funcs)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct bu_obj_func *f = &v[i].f, *last = o->nfuncs ? &o->funcs[o->nfuncs - 1] : NULL;
		uint64_t end = o->secs[f->sec].size;
		size_t k = i + 1;

		if (last && last->sec == f->sec && last->off == f->off)
			continue; /* an alias */
		while (k < n && v[k].f.sec == f->sec && v[k].f.off == f->off)
			k++;
		if (k < n && v[k].f.sec == f->sec)
			end = v[k].f.off;
		if (!f->size)
			f->size = end - f->off;
		if (f->off + f->size > end && k < n && v[k].f.sec == f->sec)
			return obj_error(o, ds, "O0201",
					 "functions '%s' and '%s' of section '%s' overlap", f->name,
					 v[k].f.name, o->secs[f->sec].name);
		if (f->off + f->size > o->secs[f->sec].size)
			return obj_error(o, ds, "O0201",
					 "function '%s' reaches beyond its section '%s'", f->name,
					 o->secs[f->sec].name);
		o->funcs[o->nfuncs++] = *f;
	}
	return 0;
}

/* The function that begins at a byte of a section, or NULL. */
static struct bu_obj_func *function_start(struct bu_obj *o, uint32_t sec, uint64_t off)
{
	uint32_t lo = 0, hi = o->nfuncs;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct bu_obj_func *f = &o->funcs[mid];

		if (f->sec == sec && f->off == off)
			return f;
		if (f->sec < sec || (f->sec == sec && f->off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Marks the functions that code calls or whose address it takes. */
static void mark_called(struct bu_obj *o)
{
	size_t rel = 0;

	for (uint32_t i = 0; i < o->nfuncs; i++) {
		const struct bu_obj_func *f = &o->funcs[i];
		const struct bu_sec *s = &o->secs[f->sec];

		for (uint64_t off = f->off; off < f->off + f->size; off += BU_INSN_SIZE) {
			const struct bu_rel *r = NULL;
			struct bu_obj_func *to;
			uint32_t sec = f->sec;
			struct bu_insn in;
			int64_t at;

			while (rel < o->nrels && (o->rels[rel].sec < f->sec ||
			       (o->rels[rel].sec == f->sec && o->rels[rel].off < off)))
				rel++;
			if (rel < o->nrels && o->rels[rel].sec == f->sec && o->rels[rel].off == off)
				r = &o->rels[rel];
			if (s->data[off] != BU_OP_CALL && s->data[off] != BU_OP_LD_IMM64)
				continue;
			bu_insn_decode(&in, s->data + off, o->be);
			if (!r && in.src != (in.code == BU_OP_CALL ? BU_CALL_LOCAL : BU_PSEUDO_FUNC))
				continue;
			if (r && (sec = o->syms[r->sym].sec) >= o->nsecs)
				continue;
			at = r ? (int64_t)o->syms[r->sym].value : (int64_t)off;
			at += r && in.code == BU_OP_LD_IMM64 ? in.imm
							     : ((int64_t)in.imm + 1) * BU_INSN_SIZE;
			to = at < 0 ? NULL : function_start(o, sec, (uint64_t)at);
			if (to && to != f)
				to->called = true;
			if (in.code == BU_OP_LD_IMM64)
				off += BU_INSN_SIZE;
		}
	}
}

/* Marks the functions that stand in arrays of programs and structs of operations. */
static void mark_entries(struct bu_obj *o)
{
	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		const struct bu_sym *s = &o->syms[r->sym];
		const struct bu_sec *at = &o->secs[r->sec];
		struct bu_obj_func *f;

		if ((strcmp(at->name, ".maps") != 0 && !obj_is_struct_ops(at)) || !at->data ||
		    r->off + 8 > at->size || s->sec >= o->nsecs)
			continue;
		f = function_start(o, s->sec, s->value + bu_get64(at->data + r->off, o->be));
		if (f)
			f->entry = true;
	}
}

static void add_program(struct bu_obj *o, const struct bu_obj_func *f)
{
	const char *sec = o->secs[f->sec].name;
	struct bu_obj_prog *p = &o->progs[o->nprogs];
	struct bu_str target = { 0 };
	const struct bu_secdef *def = bu_secdef_find(bu_str_c(sec), &target);

	if (!def)
		def = bu_secdef_like(bu_str_c(sec), &target);
	if ((f->called && !f->entry && (f->local || !def)) || (o->libc && f->sec == o->libc - 1))
		return;
	*p = (struct bu_obj_prog){ .name = f->name, .sec = f->sec, .off = f->off, .size = f->size,
				   .def = def, .target = target, .autoload = sec[0] != '?' };
	o->nprogs++;
}

static int find_programs(struct bu_obj *o)
{
	o->nprogs = 0;
	o->progs = bu_arena_array(&o->arena, o->nfuncs, sizeof(*o->progs));
	if (!o->progs)
		return -ENOMEM;
	mark_called(o);
	mark_entries(o);
	for (uint32_t i = 0; i < o->nfuncs; i++)
		if (strcmp(o->secs[o->funcs[i].sec].name, ".text") != 0)
			add_program(o, &o->funcs[i]);
	/* Code in .text alone: what nobody calls is meant to be loaded, static functions last. */
	for (int local = 0; local <= 1 && !o->nprogs; local++)
		for (uint32_t i = 0; i < o->nfuncs; i++)
			if (!o->funcs[i].called && o->funcs[i].local == local)
				add_program(o, &o->funcs[i]);
	return 0;
}

/* ---------------------------------------------------------------- license, version, note */

static const struct bu_sec *data_section(const struct bu_obj *o, const char *name)
{
	uint32_t i = bu_obj_sec_by_name(o, name);

	return i < o->nsecs && o->secs[i].data ? &o->secs[i] : NULL;
}

/* The first section of data whose name begins so ("license", "license.dual"). */
static const struct bu_sec *data_prefix(const struct bu_obj *o, const char *prefix)
{
	for (uint32_t i = 0; i < o->nsecs; i++)
		if (strncmp(o->secs[i].name, prefix, strlen(prefix)) == 0 && o->secs[i].data &&
		    o->secs[i].type == SHT_PROGBITS && !(o->secs[i].flags & SHF_EXECINSTR))
			return &o->secs[i];
	return NULL;
}

static int find_license(struct bu_obj *o)
{
	const struct bu_sec *s = data_prefix(o, "license");

	if (s)
		o->license = bu_arena_strndup(&o->arena, (const char *)s->data,
					      strnlen((const char *)s->data, s->size));
	if (!o->license) {
		o->license = "";
		return -ENOMEM;
	}
	s = data_prefix(o, "version");
	if (s && s->size >= 4)
		o->kern_version = bu_get32(s->data, o->be);
	return 0;
}

static int find_note(struct bu_obj *o, struct bu_diags *ds)
{
	const struct bu_sec *s = data_section(o, NOTE_SECTION);
	uint32_t n;
	int arch;

	if (!s)
		return 0;
	if (s->size < 24 || bu_get32(s->data, o->be) != sizeof(NOTE_OWNER) ||
	    memcmp(s->data + 12, NOTE_OWNER, sizeof(NOTE_OWNER)) != 0)
		return obj_error(o, ds, "O0202", "section '" NOTE_SECTION "' is damaged");
	n = bu_get32(s->data + 4, o->be);
	if (bu_get32(s->data + 8, o->be) != NOTE_ARCH || !n || n > s->size - 24 ||
	    s->data[24 + n - 1])
		return obj_error(o, ds, "O0202", "section '" NOTE_SECTION "' is damaged");
	arch = bu_arch_by_name(bu_str_c((const char *)s->data + 24));
	if (arch < 0)
		return obj_error(o, ds, "O0202",
				 "section '" NOTE_SECTION "' names an unknown architecture '%.*s'",
				 (int)(n > 40 ? 40 : n - 1), s->data + 24);
	o->arch = arch;
	return 0;
}

/* ---------------------------------------------------------------- BTF */

/* The variable's symbol in section sec, by name. */
static const struct bu_sym *variable(const struct bu_hash *syms, uint32_t sec, const char *name)
{
	const struct bu_sym *s = bu_hash_get(syms, name, strlen(name));

	return s && s->sec == sec ? s : NULL;
}

static int by_offset(const void *a, const void *b)
{
	const struct bu_btf_secvar *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->type < y->type ? -1 : x->type > y->type;
}

/*
 * Compilers leave the size of a data section, and the places of its variables, to the linker, and
 * libbpf fills them in before it gives the BTF to the kernel. Here this is done once, in the
 * object's copy of the blob.
 */
static int fix_datasec(struct bu_obj *o, uint8_t *blob, const struct bu_hash *syms, uint32_t id)
{
	const struct bu_btf *b = &o->btf;
	struct bu_btf_type t, var;
	struct bu_btf_secvar *v;
	uint8_t *p = blob + b->offs[id - 1];
	uint32_t sec;

	bu_btf_get(b, id, &t);
	sec = bu_obj_sec_by_name(o, t.name);
	if (sec >= o->nsecs || o->secs[sec].size > UINT32_MAX || t.size)
		return 0;
	bu_put32(p + 8, b->be, (uint32_t)o->secs[sec].size);
	v = bu_arena_array(&o->arena, t.vlen, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < t.vlen; i++) {
		const struct bu_sym *s;

		bu_btf_secvar(b, &t, i, &v[i]);
		bu_btf_get(b, v[i].type, &var);
		s = variable(syms, sec, var.name);
		if (s)
			v[i].off = (uint32_t)s->value;
	}
	qsort(v, t.vlen, sizeof(*v), by_offset);
	for (uint32_t i = 0; i < t.vlen; i++) {
		uint8_t *e = p + 12 + (size_t)i * 12;

		bu_put32(e, b->be, v[i].type);
		bu_put32(e + 4, b->be, v[i].off);
		bu_put32(e + 8, b->be, v[i].size);
	}
	return 0;
}

static int fix_datasecs(struct bu_obj *o, uint8_t *blob)
{
	struct bu_hash syms = { 0 };
	struct bu_btf_type t;
	int err = 0;

	for (uint32_t i = 0; i < o->nsyms && !err; i++) {
		struct bu_sym *s = &o->syms[i];

		if (s->sec < o->nsecs && s->name[0] && s->type != STT_SECTION)
			err = bu_hash_put(&syms, s->name, strlen(s->name), s);
	}
	for (uint32_t id = 1; id <= o->btf.ntypes && !err; id++)
		if (bu_btf_get(&o->btf, id, &t) == 0 && t.kind == BU_BTF_DATASEC)
			err = fix_datasec(o, blob, &syms, id);
	bu_hash_free(&syms);
	return err;
}

/* Types help and are not needed, but for maps of ".maps": what is damaged is told, and left out. */
static void left_out(struct bu_obj *o, const char *sec, const struct bu_diags *why, struct bu_diags *ds)
{
	struct bu_diag *d = bu_diag(ds, BU_WARNING, "O0207", "%s: section '%s' is damaged: the object is "
				    "used without it", o->path, sec);

	if (why->first)
		bu_diag_note(ds, d, "%s", why->first->text);
}

static int read_btf(struct bu_obj *o, const struct bu_sec *s, uint8_t **out, struct bu_diags *why)
{
	uint8_t *blob = bu_arena_memdup(&o->arena, s->data, s->size);
	size_t size = s->size;
	int err;

	if (!blob)
		return -ENOMEM;
	err = bu_btf_parse(&o->btf, blob, size, NULL, o->path, why);
	if (!err && o->libc) {
		err = obj_libc_btf(o, &o->btf, &blob, &size);
		bu_btf_free(&o->btf);
		if (!err)
			err = bu_btf_parse(&o->btf, blob, size, NULL, o->path, why);
	}
	if (err)
		return err;
	o->has_btf = true;
	*out = blob;
	return fix_datasecs(o, blob);
}

/* Which records of .BTF.ext are a section's, by its name. */
static int index_ext(struct bu_obj *o)
{
	struct bu_hash names = { 0 };
	int err = 0;

	if (!o->ext.nsec)
		return 0;
	o->ext_of = bu_arena_array(&o->arena, o->nsecs, sizeof(*o->ext_of));
	if (!o->ext_of)
		return -ENOMEM;
	for (uint32_t i = o->ext.nsec; i-- > 0 && !err;) /* the first of a name counts */
		err = bu_hash_put(&names, o->ext.sec[i].name, strlen(o->ext.sec[i].name), &o->ext.sec[i]);
	for (uint32_t i = 0; i < o->nsecs && !err; i++) {
		const struct bu_btfext_sec *e = bu_hash_get(&names, o->secs[i].name, strlen(o->secs[i].name));

		if (e)
			o->ext_of[i] = (uint32_t)(e - o->ext.sec) + 1;
	}
	bu_hash_free(&names);
	return err;
}

/* Tags of functions that say what is to take over when they throw. */
static int find_throws(struct bu_obj *o)
{
	static const char word[] = "exception_callback:";
	struct bu_btf_type t, f;
	size_t cap = 0;

	for (uint32_t id = 1; id <= o->btf.ntypes; id++) {
		struct bu_obj_throw *v;

		if (bu_btf_get(&o->btf, id, &t) || t.kind != BU_BTF_DECL_TAG || t.linkage != -1 ||
		    strncmp(t.name, word, sizeof(word) - 1) != 0 || bu_btf_get(&o->btf, t.type, &f) ||
		    f.kind != BU_BTF_FUNC)
			continue;
		v = bu_arena_grow(&o->arena, o->throws, o->nthrows, &cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		o->throws = v;
		v[o->nthrows++] = (struct bu_obj_throw){ f.name, t.name + sizeof(word) - 1 };
	}
	return 0;
}

static int find_btf(struct bu_obj *o, uint8_t **blob, struct bu_diags *ds)
{
	const struct bu_sec *s = data_section(o, ".BTF");
	struct bu_diags why;
	int err;

	if (!s)
		return 0;
	bu_diags_init(&why);
	err = read_btf(o, s, blob, &why);
	if (err == -EINVAL)
		left_out(o, ".BTF", &why, ds);
	s = err ? NULL : data_section(o, ".BTF.ext");
	if (s) {
		bu_diags_free(&why);
		bu_diags_init(&why);
		err = bu_btfext_parse(&o->ext, s->data, s->size, &o->btf, &o->arena, o->path, &why);
		if (err == -EINVAL) {
			left_out(o, ".BTF.ext", &why, ds);
			memset(&o->ext, 0, sizeof(o->ext));
		} else if (!err && o->libc) {
			err = obj_libc_ext(o);
		}
	}
	bu_diags_free(&why);
	if (!err || err == -EINVAL)
		err = index_ext(o);
	if (!err && o->has_btf)
		err = find_throws(o);
	return err;
}

/* ---------------------------------------------------------------- an assembler's mistake */

/* Does a section's text hold a word? */
static bool mentions(const struct bu_sec *s, const char *word)
{
	return s && memmem(s->data, s->size, word, strlen(word));
}

/*
 * The assembler of binutils 2.40 (Debian 12's bpf-gcc) puts a named symbol's value into imm, where
 * imm is what is to be added to that value. Such an object is told by GCC's comment and by each
 * reference to data having at least the symbol's own value in imm.
 */
static bool repeats_values(const struct bu_obj *o)
{
	bool found = false;

	if (!mentions(data_section(o, ".comment"), "GCC: ("))
		return false;
	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		const struct bu_sym *sym = &o->syms[r->sym];
		const struct bu_sec *s = &o->secs[r->sec];

		if (!is_code(s) || r->off + 2 * BU_INSN_SIZE > s->size ||
		    s->data[r->off] != BU_OP_LD_IMM64 || sym->sec >= o->nsecs ||
		    is_code(&o->secs[sym->sec]) || sym->type == STT_SECTION || !sym->value)
			continue;
		if (bu_get32(s->data + r->off + 4, o->be) < sym->value)
			return false;
		found = true;
	}
	return found;
}

int bu_obj_index(struct bu_obj *o, struct bu_diags *ds)
{
	uint8_t *blob = NULL;
	int err;

	for (uint32_t i = 0; i < o->nrels; i++)
		if (o->rels[i].sec >= o->nsecs || o->rels[i].sym >= o->nsyms ||
		    o->rels[i].off >= o->secs[o->rels[i].sec].size)
			return obj_error(o, ds, "O0105", "relocation %u is outside the object", i);
	obj_sort_rels(o);
	o->imm_has_value = repeats_values(o);
	err = find_functions(o, ds);
	if (!err)
		err = find_programs(o);
	if (!err)
		err = find_license(o);
	if (!err)
		err = find_note(o, ds);
	if (!err)
		err = find_btf(o, &blob, ds);
	if (!err)
		err = obj_find_maps(o, blob, ds);
	return err;
}
