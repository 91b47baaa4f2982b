/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects, BTF and .BTF.ext that anybody may have written. */
#include "ldprop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_TYPES 300   /* are printed, of those that a blob has */
#define MAX_VALUE 4096
#define MAX_TEXT (2u << 20) /* bytes of values of one input: types may share members so often that theirs is endless */

static size_t text_left;

const char *const ldprop_text[NLDPROPS] = {
	[LDP_SILENT] = "each refusal has a message",
	[LDP_ASTRAY] = "each index and offset lies inside",
	[LDP_REWRITE] = "what is read and written reads the same again",
	[LDP_JSON] = "each value and message is JSON",
	[LDP_REPARSE] = "a printed value that parses prints the same",
	[LDP_LEFT] = "no load leaves objects, pins or fds",
	[LDP_WORLD] = "the world stays whole",
};
struct ldprop_sum ldprop_sum;
unsigned ldprop_every = 1;

bool ldprop_fails(enum ldprop p)
{
	ldprop_sum.failed[p]++;
	return false;
}

/* ---------------------------------------------------------------- JSON */

struct json { const uint8_t *p, *end; };

static bool json_string(struct json *j)
{
	for (j->p++; j->p < j->end && *j->p != '"'; j->p++) {
		if (*j->p < ' ')
			return false;
		if (*j->p == '\\' && (++j->p == j->end || !strchr("\"\\/bfnrtu", *j->p)))
			return false;
	}
	return j->p++ < j->end;
}

static bool json_word(struct json *j)
{
	const uint8_t *from = j->p;
	char *end, text[512];
	size_t n;

	while (j->p < j->end && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *j->p))
		j->p++;
	n = (size_t)(j->p - from);
	if (!n || n >= sizeof(text))
		return false;
	memcpy(text, from, n);
	text[n] = 0;
	if (!strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "null"))
		return true;
	/* strtod takes more than JSON does. */
	if (strspn(text, "+-.0123456789eE") != n || text[0] == '+' || text[0] == '.' ||
	    (text[text[0] == '-'] == '0' && text[0] && text[(text[0] == '-') + 1] >= '0' &&
	     text[(text[0] == '-') + 1] <= '9'))
		return false;
	strtod(text, &end);
	return !*end;
}

static void json_blanks(struct json *j)
{
	while (j->p < j->end && strchr(" \n\t\r", *j->p))
		j->p++;
}

/* One value: brackets by a stack of bits, for depth. */
static bool is_json(const void *p, size_t n)
{
	struct json j = { p, (const uint8_t *)p + n };
	uint8_t obj[256];
	unsigned depth = 0;
	bool value = true; /* one is due */

	for (;;) {
		json_blanks(&j);
		if (j.p == j.end || !*j.p)
			return false;
		if (value && (*j.p == '{' || *j.p == '[')) {
			if (depth == sizeof(obj))
				return false;
			obj[depth++] = *j.p++ == '{';
			json_blanks(&j);
			if (j.p < j.end && *j.p == (obj[depth - 1] ? '}' : ']'))
				value = false;
			else if (obj[depth - 1])
				goto key;
			else
				continue;
		} else if (value) {
			if (*j.p == '"' ? !json_string(&j) : !json_word(&j))
				return false;
			value = false;
		}
		for (;;) {
			json_blanks(&j);
			if (!depth)
				return j.p == j.end;
			if (j.p == j.end)
				return false;
			if (*j.p == ',') {
				j.p++;
				if (obj[depth - 1])
					goto key;
				value = true;
				break;
			}
			if (*j.p++ != (obj[--depth] ? '}' : ']'))
				return false;
		}
		continue;
key:
		json_blanks(&j);
		if (j.p == j.end || *j.p != '"' || !json_string(&j))
			return false;
		json_blanks(&j);
		if (j.p == j.end || *j.p++ != ':')
			return false;
		value = true;
	}
}

bool ldprop_messages(const struct bu_diags *ds)
{
	struct bu_buf b = { 0 };
	bool ok = true;

	for (const struct bu_diag *d = ds->first; d && ok; d = d->next) {
		bu_buf_reset(&b);
		bu_diag_render(&b, d, BU_DIAG_JSON, false, "ld");
		ok = b.failed || is_json(b.p, b.n) || ldprop_fails(LDP_JSON);
	}
	bu_buf_reset(&b);
	bu_diags_render(&b, ds, BU_DIAG_TEXT, true, "ld");
	bu_buf_free(&b);
	return ok;
}

/* ---------------------------------------------------------------- BTF */

/* Is a value all that its text says? Not of structs: two members may have one name or one place. */
static bool is_plain(const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;

	if (bu_btf_get(b, bu_btf_resolve(b, id), &t))
		return false;
	return t.kind == BU_BTF_ENUM || t.kind == BU_BTF_ENUM64 || t.kind == BU_BTF_FLOAT ||
	       t.kind == BU_BTF_PTR || (t.kind == BU_BTF_INT && t.int_bits == 8 * t.size && !t.int_off);
}

/* Prints and parses one value; what parses has to print the same. */
static bool value(const struct bu_btf *b, uint32_t id, const uint8_t *data, size_t n)
{
	struct bu_buf text = { 0 }, again = { 0 };
	uint8_t back[MAX_VALUE] = { 0 };
	struct bu_diags ds;
	struct bu_out out;
	bool ok = true;
	int err;

	bu_diags_init(&ds);
	bu_out_init(&out, NULL, NULL);
	out.json = true;
	err = bu_btf_print_value(&out, NULL, b, id, data, n);
	text_left -= text_left < out.buf.n ? text_left : out.buf.n;
	if (!text_left)
		goto out;
	if (!out.err && !out.buf.failed && !is_json(out.buf.p, out.buf.n))
		ok = ldprop_fails(LDP_JSON);
	bu_btf_print_text(&text, b, id, data, n, 1);
	if (!err && !bu_btf_parse_value(b, id, bu_str((char *)out.buf.p, out.buf.n), back, n, &ds) &&
	    is_plain(b, id)) {
		struct bu_out o2;

		bu_out_init(&o2, NULL, NULL);
		o2.json = true;
		bu_btf_print_value(&o2, NULL, b, id, back, n);
		if (!out.buf.failed && !o2.buf.failed &&
		    (o2.buf.n != out.buf.n || memcmp(o2.buf.p, out.buf.p, out.buf.n))) {
			fprintf(stderr, "# type %u, %zu bytes: '%.*s', again '%.*s'\n", id, n, (int)out.buf.n,
				(char *)out.buf.p, (int)o2.buf.n, (char *)o2.buf.p);
			ok = ldprop_fails(LDP_REPARSE);
		}
		bu_buf_free(&o2.buf);
	}
	/* The printed value with one character changed, as a user's text. */
	if (out.buf.n) {
		unsigned errors = ds.errors;

		out.buf.p[id * 31 % out.buf.n] ^= (uint8_t)(1 + id % 64);
		err = bu_btf_parse_value(b, id, bu_str((char *)out.buf.p, out.buf.n), back, n, &ds);
		if ((err == -EINVAL || err == -ERANGE) && ds.errors == errors)
			ok = ldprop_fails(LDP_SILENT);
	}
out:
	ok = ldprop_messages(&ds) && ok;
	bu_buf_free(&text);
	bu_buf_free(&again);
	bu_buf_free(&out.buf);
	bu_diags_free(&ds);
	return ok;
}

/* All that a list of a type hands out, and its size. */
static bool walk(const struct bu_btf *b, const struct bu_btf_type *t)
{
	struct bu_btf_member m;
	struct bu_btf_secvar v;
	struct bu_btf_param p;
	struct bu_btf_enum e;
	struct bu_btf_type to;
	bool ok = true;

	for (uint32_t i = 0; i < t->vlen && i < 1000; i++) {
		if ((t->kind == BU_BTF_STRUCT || t->kind == BU_BTF_UNION) && !bu_btf_member(b, t, i, &m))
			ok = !bu_btf_get(b, m.type, &to) && strlen(m.name) < b->size + (b->base ? b->base->size : 0) && ok;
		if (t->kind == BU_BTF_DATASEC && !bu_btf_secvar(b, t, i, &v))
			ok = !bu_btf_get(b, v.type, &to) && ok;
		if (t->kind == BU_BTF_FUNC_PROTO && !bu_btf_param(b, t, i, &p))
			ok = !bu_btf_get(b, p.type, &to) && ok;
		if ((t->kind == BU_BTF_ENUM || t->kind == BU_BTF_ENUM64) && !bu_btf_enum(b, t, i, &e))
			ok = strlen(e.name) < SIZE_MAX && ok;
	}
	return ok || ldprop_fails(LDP_ASTRAY);
}

/* data: bytes that values are made of. */
static bool print_all(const struct bu_btf *b, const uint8_t *data, size_t n)
{
	struct bu_buf text = { 0 };
	struct bu_btf_type t;
	uint8_t val[MAX_VALUE];
	bool ok = true;

	for (uint32_t id = 0; id <= b->ntypes && id < MAX_TYPES; id++) {
		int64_t size = bu_btf_size(b, id);

		if (bu_btf_get(b, id, &t)) {
			ok = ldprop_fails(LDP_ASTRAY);
			continue;
		}
		ok = walk(b, &t) && ok;
		bu_buf_reset(&text);
		bu_btf_print_proto(&text, b, id);
		if (bu_btf_get(b, bu_btf_resolve(b, id), &t))
			ok = ldprop_fails(LDP_ASTRAY);
		if (id && *t.name)
			bu_btf_find(b, t.kind, t.name);
		if (size < 0 || size > MAX_VALUE || (id + n) % ldprop_every || !text_left)
			continue;
		for (size_t i = 0; i < (size_t)size; i++)
			val[i] = n ? data[(id * 7 + i) % n] : 0;
		ok = value(b, id, val, (size_t)size) && ok;
		memset(val, 0, sizeof(val));
		ok = (!text_left || value(b, id, val, (size_t)size)) && ok;
	}
	bu_buf_free(&text);
	return ok;
}

bool ldprop_btf(const uint8_t *p, size_t n)
{
	size_t cut = n && (p[n - 1] & 1) ? n / 2 : n;
	uint8_t *head, *tail = NULL;
	struct bu_btf base, split;
	struct bu_diags ds;
	bool ok = true;
	int err;

	/* The base's length stands in its header, as in a file that holds both. */
	if (cut < n && n >= 24 && bu_get16(p, false) == 0xeb9f) {
		uint64_t len = (uint64_t)bu_get32(p + 4, false) + bu_get32(p + 16, false) + bu_get32(p + 20, false);

		cut = len < n ? (size_t)len : cut;
	}
	ldprop_sum.inputs++;
	text_left = MAX_TEXT;
	bu_diags_init(&ds);
	/* Copies of exactly that size: one byte too far is seen. */
	head = malloc(cut + !cut);
	if (cut)
		memcpy(head, p, cut);
	err = bu_btf_parse(&base, head, cut, NULL, "fuzz", &ds);
	if (err == -EINVAL && !ds.errors)
		ok = ldprop_fails(LDP_SILENT);
	if (!err) {
		ldprop_sum.taken++;
		ok = print_all(&base, p, n) && ok;
		if (cut < n) {
			unsigned errors = ds.errors;

			tail = malloc(n - cut);
			memcpy(tail, p + cut, n - cut);
			err = bu_btf_parse(&split, tail, n - cut, &base, "split", &ds);
			if (err == -EINVAL && ds.errors == errors)
				ok = ldprop_fails(LDP_SILENT);
			if (!err) {
				ok = print_all(&split, p, n) && ok;
				bu_btf_free(&split);
			}
		}
		bu_btf_free(&base);
	}
	ok = ldprop_messages(&ds) && ok;
	bu_diags_free(&ds);
	free(head);
	free(tail);
	return ok;
}

/* ---------------------------------------------------------------- .BTF.ext */

static bool ext_inside(const struct bu_btfext *e, const struct bu_btf *b)
{
	struct bu_btf_type t;
	bool ok = true;

	for (uint32_t i = 0; i < e->nsec; i++) {
		const struct bu_btfext_sec *s = &e->sec[i];
		uint32_t last = 0;

		ok = strlen(s->name) < SIZE_MAX && ok;
		for (uint32_t k = 0; k < s->nfunc; k++)
			ok = !bu_btf_get(b, s->func[k].type_id, &t) && ok;
		for (uint32_t k = 0; k < s->nline; k++) {
			ok = s->line[k].insn_off >= last && ok;
			last = s->line[k].insn_off;
			bu_btf_str(b, s->line[k].file_off);
			bu_btf_str(b, s->line[k].line_off);
		}
		if (s->nline)
			ok = bu_btfext_first_line(s, last) < s->nline && ok;
		ok = bu_btfext_first_line(s, UINT64_MAX) == s->nline && ok;
		for (uint32_t k = 0; k < s->ncore; k++) {
			/* Every record is there, and its first four numbers. */
			volatile uint8_t byte = s->core[(size_t)k * s->core_size + s->core_size - 1];

			ok = s->core_size >= 16 && ok;
			(void)byte;
		}
	}
	return ok || ldprop_fails(LDP_ASTRAY);
}

bool ldprop_btfext(const uint8_t *p, size_t n)
{
	struct bu_btfext e = { 0 };
	struct bu_arena a;
	struct bu_diags ds;
	struct bu_btf b;
	uint8_t *ext, *btf;
	size_t nb;
	bool ok = true;
	int err;

	ldprop_sum.inputs++;
	text_left = MAX_TEXT;
	if (n < 2)
		return true;
	nb = bu_get16(p, false);
	nb = nb > n - 2 ? n - 2 : nb;
	btf = malloc(nb + !nb);
	ext = malloc(n - 2 - nb + (n - 2 == nb));
	memcpy(btf, p + 2, nb);
	memcpy(ext, p + 2 + nb, n - 2 - nb);
	bu_diags_init(&ds);
	bu_arena_init(&a);
	if (!bu_btf_parse(&b, btf, nb, NULL, "fuzz", &ds)) {
		unsigned errors = ds.errors;

		err = bu_btfext_parse(&e, ext, n - 2 - nb, &b, &a, "fuzz", &ds);
		if (err == -EINVAL && ds.errors == errors)
			ok = ldprop_fails(LDP_SILENT);
		if (!err) {
			ldprop_sum.taken++;
			ok = ext_inside(&e, &b) && ok;
		}
		bu_btf_free(&b);
	}
	ok = ldprop_messages(&ds) && ok;
	bu_arena_free(&a);
	bu_diags_free(&ds);
	free(btf);
	free(ext);
	return ok;
}

/* ---------------------------------------------------------------- objects */

static bool code_inside(const struct bu_obj *o, const struct bu_code *c)
{
	bool ok = true;

	for (uint32_t k = 0; k < c->nrefs; k++) {
		ok = c->ref[k].insn < c->ninsns && ok;
		ok = (c->ref[k].map == UINT32_MAX || c->ref[k].map < o->nmaps) && ok;
	}
	for (uint32_t k = 0; k < c->nparts; k++)
		ok = c->part[k].sec < o->nsecs && c->part[k].start <= c->ninsns &&
		     c->part[k].n <= c->ninsns - c->part[k].start && ok;
	for (uint32_t k = 0; k < c->nfunc; k++)
		ok = c->func[k].insn_off < c->ninsns && ok;
	for (uint32_t k = 0; k < c->nline; k++)
		ok = c->line[k].insn_off < c->ninsns && ok;
	return ok || ldprop_fails(LDP_ASTRAY);
}

static bool link_all(const struct bu_obj *o, struct bu_diags *ds)
{
	struct bu_code c;
	struct bu_arena a;
	bool ok = true;

	for (uint32_t i = 0; i < o->nprogs && i < 16; i++) {
		unsigned errors = ds->errors;
		int err;

		bu_arena_init(&a);
		err = bu_obj_link(o, i, &a, &c, ds);
		if (err == -EINVAL && ds->errors == errors)
			ok = ldprop_fails(LDP_SILENT);
		if (!err) {
			ldprop_sum.linked++;
			ok = code_inside(o, &c) && ok;
		}
		bu_arena_free(&a);
	}
	return ok;
}

static bool lies_in(const struct bu_obj *o, uint32_t sec, uint64_t off, uint64_t size)
{
	return sec < o->nsecs && off <= o->secs[sec].size && size <= o->secs[sec].size - off;
}

static bool obj_inside(const struct bu_obj *o)
{
	bool ok = true;

	for (uint32_t i = 0; i < o->nprogs; i++)
		ok = lies_in(o, o->progs[i].sec, o->progs[i].off, o->progs[i].size) && ok;
	for (uint32_t i = 0; i < o->nfuncs; i++)
		ok = lies_in(o, o->funcs[i].sec, o->funcs[i].off, o->funcs[i].size) && ok;
	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *m = &o->maps[i];

		ok = (m->is_inner || m->sec == BU_SEC_UNDEF || lies_in(o, m->sec, m->off, 0)) && ok;
		ok = m->inner < (int32_t)o->nmaps && ok;
	}
	for (uint32_t i = 0; i < o->nslots; i++)
		ok = o->slots[i].map < o->nmaps &&
		     o->slots[i].target < (o->slots[i].is_prog ? o->nprogs : o->nmaps) && ok;
	for (uint32_t i = 0; i < o->nrels; i++)
		ok = lies_in(o, o->rels[i].sec, o->rels[i].off, 1) && o->rels[i].sym < o->nsyms && ok;
	return ok || ldprop_fails(LDP_ASTRAY);
}

static bool same_sections(const struct bu_obj *a, const struct bu_obj *b)
{
	if (a->nsecs != b->nsecs || a->nsyms != b->nsyms || a->nrels != b->nrels)
		return false;
	for (uint32_t i = 0; i < a->nsecs; i++) {
		const struct bu_sec *s = &a->secs[i], *t = &b->secs[i];

		if (strcmp(s->name, t->name) || s->type != t->type || s->size != t->size ||
		    (s->size && s->data && (!t->data || memcmp(s->data, t->data, s->size))))
			return false;
	}
	return true;
}

/* What the writer takes has to come back. */
static bool rewrite(const struct bu_obj *o)
{
	struct bu_buf file = { 0 };
	struct bu_diags ds;
	struct bu_obj back;
	char path[32];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	bool ok = true;

	if (fd < 0)
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bu_diags_init(&ds);
	bu_obj_init(&back);
	if (!bu_obj_write(o, fd) && !bu_file_read(path, 1u << 26, &file) &&
	    (bu_obj_read(&back, file.p, file.n, "back", &ds) || !same_sections(o, &back)))
		ok = ldprop_fails(LDP_REWRITE);
	close(fd);
	bu_obj_free(&back);
	bu_diags_free(&ds);
	bu_buf_free(&file);
	return ok;
}

bool ldprop_obj(const uint8_t *p, size_t n)
{
	struct bu_diags ds;
	struct bu_obj o;
	bool ok = true;
	int err;

	ldprop_sum.inputs++;
	text_left = MAX_TEXT;
	bu_diags_init(&ds);
	bu_obj_init(&o);
	err = bu_obj_read(&o, p, n, "fuzz.o", &ds);
	if (!err) {
		ok = rewrite(&o);
		err = n % 2 && bu_obj_place_common(&o) != -EFBIG ? bu_obj_supply_libc(&o) : 0;
		err = err ? err : bu_obj_index(&o, &ds);
	}
	if ((err == -EINVAL || err == -ENOEXEC) && !ds.errors)
		ok = ldprop_fails(LDP_SILENT);
	if (!err) {
		ldprop_sum.taken++;
		ok = obj_inside(&o) && ok;
		ok = link_all(&o, &ds) && ok;
		if (o.has_btf) {
			ok = ext_inside(&o.ext, &o.btf) && ok;
			ok = print_all(&o.btf, p, n) && ok;
		}
	}
	ok = ldprop_messages(&ds) && ok;
	bu_obj_free(&o);
	bu_diags_free(&ds);
	return ok;
}

/* ---------------------------------------------------------------- archives */

bool ldprop_ar(const uint8_t *p, size_t n)
{
	struct bu_ar_member m;
	struct bu_ar ar;
	size_t last = 0;
	bool ok = true;
	int more;

	ldprop_sum.inputs++;
	if (!bu_ar_is(p, n))
		return true;
	bu_ar_open(&ar, p, n);
	while ((more = bu_ar_next(&ar, &m)) > 0) {
		const uint8_t *name = (const uint8_t *)m.name.p;
		struct bu_diags ds;
		struct bu_obj o;

		if (m.data < p + last || m.size > n || m.data > p + n - m.size || name < p || m.name.n > n ||
		    name > p + n - m.name.n || ar.at <= last)
			ok = ldprop_fails(LDP_ASTRAY);
		last = ar.at;
		bu_diags_init(&ds);
		bu_obj_init(&o);
		if (!bu_obj_read(&o, m.data, m.size, "member", &ds))
			ldprop_sum.taken++;
		else if (!ds.errors)
			ok = ldprop_fails(LDP_SILENT);
		bu_obj_free(&o);
		bu_diags_free(&ds);
	}
	return ok;
}

/* ---------------------------------------------------------------- two objects into one */

bool ldprop_join(const uint8_t *p, size_t n)
{
	size_t na = n < 2 ? 0 : bu_get16(p, false);
	const struct bu_obj *in[2];
	struct bu_obj o[2], out;
	struct bu_diags ds;
	bool ok = true;
	unsigned errors;
	int err;

	ldprop_sum.inputs++;
	text_left = MAX_TEXT;
	if (n < 2)
		return true;
	na = na > n - 2 ? n - 2 : na;
	bu_diags_init(&ds);
	bu_obj_init(&o[0]);
	bu_obj_init(&o[1]);
	bu_obj_init(&out);
	out.path = "joined.o";
	in[0] = &o[0];
	in[1] = &o[1];
	err = bu_obj_read(&o[0], p + 2, na, "a.o", &ds);
	if (!err)
		err = bu_obj_index(&o[0], &ds);
	if (!err)
		err = bu_obj_read(&o[1], p + 2 + na, n - 2 - na, "b.o", &ds);
	if (!err)
		err = bu_obj_index(&o[1], &ds);
	errors = ds.errors;
	if (!err) {
		ldprop_sum.taken++;
		err = bu_obj_merge(&out, in, 2, &ds);
		if (err == -EINVAL && ds.errors == errors)
			ok = ldprop_fails(LDP_SILENT);
	}
	if (!err) {
		ldprop_sum.linked++;
		ok = rewrite(&out) && ok;
	}
	/* Again, of what came out: nothing of the inputs may be needed for it. */
	bu_obj_free(&o[0]);
	bu_obj_free(&o[1]);
	if (!err && !bu_obj_index(&out, &ds)) {
		ok = obj_inside(&out) && ok;
		ok = link_all(&out, &ds) && ok;
		if (out.has_btf)
			ok = ext_inside(&out.ext, &out.btf) && ok;
	}
	ok = ldprop_messages(&ds) && ok;
	bu_obj_free(&out);
	bu_diags_free(&ds);
	return ok;
}
