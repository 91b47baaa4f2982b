/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .BTF as numbers, a type and a member a line, with what they mean in C beside. */
#include "bpf-as/dis.h"

#define MAX_DEPTH 24
#define MAX_NAME 200

/* A name in a comment: what it holds may be anything but the end of the line. */
void dis_put_clean(struct bu_buf *out, const char *s)
{
	char *p = (char *)bu_buf_room(out, MAX_NAME);
	size_t i;

	if (!p)
		return;
	for (i = 0; s[i] && i < MAX_NAME; i++)
		p[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : s[i] == '\t' ? ' ' : '?';
	out->n += i;
}

/* ---------------------------------------------------------------- types in C */

static void named(struct bu_buf *out, const char *what, const struct bu_btf_type *t)
{
	bu_buf_str(out, what);
	if (*t->name)
		dis_put_clean(out, t->name);
	else
		bu_buf_printf(out, "[%u]", t->id);
}

/* How C would name the type, roughly: a reader knows what [7] is by the line of type 7. */
void dis_put_type(struct bu_buf *out, const struct bu_btf *b, uint32_t id, unsigned depth)
{
	struct bu_btf_type t;

	if (depth > MAX_DEPTH || bu_btf_get(b, id, &t)) {
		bu_buf_printf(out, "[%u]", id);
		return;
	}
	switch (t.kind) {
	case BU_BTF_VOID: bu_buf_str(out, "void"); break;
	case BU_BTF_STRUCT: named(out, "struct ", &t); break;
	case BU_BTF_UNION: named(out, "union ", &t); break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64: named(out, "enum ", &t); break;
	case BU_BTF_FWD: named(out, t.kflag ? "union " : "struct ", &t); break;
	case BU_BTF_PTR:
		dis_put_type(out, b, t.type, depth + 1);
		bu_buf_str(out, " *");
		break;
	case BU_BTF_ARRAY:
		dis_put_type(out, b, t.elem, depth + 1);
		bu_buf_printf(out, "[%u]", t.nelems);
		break;
	case BU_BTF_CONST:
	case BU_BTF_VOLATILE:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
		bu_buf_str(out, t.kind == BU_BTF_CONST ? "const " : t.kind == BU_BTF_VOLATILE ? "volatile " :
				t.kind == BU_BTF_RESTRICT ? "restrict " : "tagged ");
		dis_put_type(out, b, t.type, depth + 1);
		break;
	case BU_BTF_FUNC_PROTO:
		dis_put_type(out, b, t.type, depth + 1);
		bu_buf_str(out, " (");
		for (uint32_t i = 0; i < t.vlen && i < 16; i++) {
			struct bu_btf_param p;

			if (bu_btf_param(b, &t, i, &p))
				break;
			bu_buf_str(out, i ? ", " : "");
			dis_put_type(out, b, p.type, depth + 4);
		}
		bu_buf_str(out, ")");
		break;
	default: named(out, "", &t);
	}
}

static const char *linkage(int32_t n)
{
	return n == 0 ? "static " : n == 1 ? "global " : n == 2 ? "extern " : "";
}

/* What stands behind the first line of a type. */
static void headline(struct bu_buf *out, const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;

	if (bu_btf_get(b, id, &t))
		return;
	switch (t.kind) {
	case BU_BTF_INT:
		bu_buf_printf(out, "%s%s", t.int_enc & 1 ? "signed " : t.int_enc & 4 ? "bool " : "",
			      t.int_enc & 2 ? "char " : "");
		bu_buf_printf(out, "int, %u bits: ", t.int_bits);
		dis_put_clean(out, t.name);
		break;
	case BU_BTF_FLOAT:
		bu_buf_printf(out, "float, %u bytes: ", t.size);
		dis_put_clean(out, t.name);
		break;
	case BU_BTF_TYPEDEF:
		bu_buf_str(out, "typedef ");
		dis_put_type(out, b, t.type, 0);
		bu_buf_char(out, ' ');
		dis_put_clean(out, t.name);
		break;
	case BU_BTF_FUNC:
		bu_buf_str(out, linkage(t.linkage));
		dis_put_clean(out, t.name);
		bu_buf_str(out, ": ");
		dis_put_type(out, b, t.type, 0);
		break;
	case BU_BTF_VAR:
		bu_buf_str(out, linkage(t.linkage));
		dis_put_type(out, b, t.type, 0);
		bu_buf_char(out, ' ');
		dis_put_clean(out, t.name);
		break;
	case BU_BTF_DATASEC:
		bu_buf_str(out, "section ");
		dis_put_clean(out, t.name);
		break;
	case BU_BTF_DECL_TAG:
		bu_buf_str(out, "tag \"");
		dis_put_clean(out, t.name);
		bu_buf_printf(out, "\" of [%u]", t.type);
		break;
	case BU_BTF_FWD:
		dis_put_type(out, b, id, 0);
		bu_buf_char(out, ';');
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		dis_put_type(out, b, id, 0);
		bu_buf_printf(out, ", %u bytes", t.size);
		break;
	default: dis_put_type(out, b, id, 0);
	}
}

/* What the i-th element behind a type's first line is. */
static void element(struct bu_buf *out, const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i)
{
	struct bu_btf_member m;
	struct bu_btf_secvar v;
	struct bu_btf_param p;
	struct bu_btf_enum e;
	struct bu_btf_type var;

	switch (t->kind) {
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		if (bu_btf_member(b, t, i, &m))
			return;
		dis_put_type(out, b, m.type, 0);
		bu_buf_char(out, ' ');
		dis_put_clean(out, m.name);
		if (m.bit_size)
			bu_buf_printf(out, " : %u", m.bit_size);
		bu_buf_printf(out, "; at %u", m.bit_off / 8);
		if (m.bit_off % 8)
			bu_buf_printf(out, ".%u", m.bit_off % 8);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		if (bu_btf_enum(b, t, i, &e))
			return;
		dis_put_clean(out, e.name);
		bu_buf_printf(out, " = %lld", (long long)e.val);
		break;
	case BU_BTF_FUNC_PROTO:
		if (bu_btf_param(b, t, i, &p))
			return;
		dis_put_type(out, b, p.type, 0);
		bu_buf_char(out, ' ');
		dis_put_clean(out, p.name);
		break;
	case BU_BTF_DATASEC:
		if (bu_btf_secvar(b, t, i, &v))
			return;
		if (!bu_btf_get(b, v.type, &var))
			dis_put_clean(out, var.name);
		bu_buf_printf(out, ", %u bytes at %u", v.size, v.off);
		break;
	default:
		break;
	}
}

static unsigned element_words(const struct bu_btf_type *t)
{
	switch (t->kind) {
	case BU_BTF_STRUCT: case BU_BTF_UNION: case BU_BTF_ENUM64: case BU_BTF_DATASEC: return 3;
	case BU_BTF_ENUM: case BU_BTF_FUNC_PROTO: return 2;
	default: return 0;
	}
}

/* ---------------------------------------------------------------- the section */

void dis_words_init(struct dis_words *w, struct dis *d, uint32_t k)
{
	*w = (struct dis_words){ .d = d, .p = d->o.secs[k].data, .rel = d->sec[k].rel,
				 .rend = d->sec[k].rel + d->sec[k].nrel };
}

/* Words without relocations. */
static void plain_words(struct dis_words *w, uint64_t at, uint64_t n)
{
	struct bu_buf *out = w->d->out;
	bool be = w->d->o.be;
	char *p = (char *)bu_buf_room(out, 8 + n * (BU_PUT_MAX + 2)), *start = p;

	if (!p)
		return;
	p = bu_put_mem(p, "\t.4byte\t", 8);
	for (uint64_t i = 0; i < n; i++, at += 4) {
		uint32_t v = bu_get32(w->p + at, be);

		if (i)
			p = bu_put_mem(p, ", ", 2);
		p = v < 65536 ? bu_put_u64(p, v) : bu_put_hex(p, v);
	}
	out->n += (size_t)(p - start);
}

void dis_words(struct dis_words *w, uint64_t at, uint64_t n)
{
	const struct bu_rel *rels = w->d->o.rels;
	struct bu_buf *out = w->d->out;

	if (w->rel == w->rend) {
		plain_words(w, at, n);
		return;
	}
	for (uint32_t r = w->rel; r < w->rend && rels[r].off < at + 4 * n; r++)
		if (w->d->plan[r] != PLAN_EXPR || rels[r].off % 4)
			dis_put_reloc(w->d, &rels[r], rels[r].off - at);
	bu_buf_str(out, "\t.4byte\t");
	for (uint64_t i = 0; i < n; i++, at += 4) {
		uint32_t v = bu_get32(w->p + at, w->d->o.be);
		bool said = false;

		bu_buf_str(out, i ? ", " : "");
		for (; w->rel < w->rend && rels[w->rel].off < at + 4; w->rel++)
			if (w->d->plan[w->rel] == PLAN_EXPR && rels[w->rel].off == at) {
				dis_put_ref(w->d, out, &rels[w->rel]);
				said = true;
			}
		if (said)
			continue;
		if (v < 65536)
			bu_buf_u64(out, v);
		else
			bu_buf_hex(out, v);
	}
}

static void type(struct dis *d, struct dis_words *w, const struct bu_btf *b, uint32_t id, uint32_t end)
{
	uint32_t at = b->offs[id - 1];
	struct bu_btf_type t = { 0 };
	unsigned per, first = 3;

	bu_btf_get(b, id, &t);
	per = element_words(&t);
	if (!per)
		first = (end - at) / 4;
	dis_words(w, at, first);
	bu_buf_printf(d->out, "\t# [%u] ", id);
	headline(d->out, b, id);
	bu_buf_char(d->out, '\n');
	at += 4 * first;
	for (uint32_t i = 0; per && at < end; i++, at += 4 * per) {
		dis_words(w, at, per);
		bu_buf_str(d->out, "\t#     ");
		element(d->out, b, &t, i);
		bu_buf_char(d->out, '\n');
	}
}

static void string(struct dis *d, const uint8_t *p, size_t len, uint32_t at)
{
	char *to, *start;

	bu_buf_add(d->out, "\t.asciz\t", 8);
	dis_quoted(d->out, (const char *)p, len);
	to = start = (char *)bu_buf_room(d->out, BU_PUT_MAX + 4);
	if (!to)
		return;
	to = bu_put_u64(bu_put_mem(to, "\t# ", 3), at);
	*to++ = '\n';
	d->out->n += (size_t)(to - start);
	dis_flush(d);
}

/* The strings of a section: n bytes that end with a NUL. */
static void strings(struct dis *d, const uint8_t *p, uint32_t n)
{
	for (uint32_t at = 0; at < n && !d->out->failed;) {
		size_t len = strlen((const char *)p + at);

		string(d, p + at, len, at);
		at += (uint32_t)len + 1;
	}
}

/* The same in a check of section k: the first, and each that holds a byte that none before it had. */
static void some_strings(struct dis *d, uint32_t k, const uint8_t *p, uint32_t n)
{
	uint64_t base = (uint64_t)(p - d->o.secs[k].data);
	uint32_t said = 0;
	uint8_t met[256] = { 0 };

	for (uint32_t at = 0; at < n && !d->out->failed;) {
		size_t len;

		while (at < n && met[p[at]])
			at++;
		while (at < n && at > said && p[at - 1])
			at--;
		if (at > said)
			dis_skip(d, k, base + said, at - said);
		if (at == n)
			return;
		len = strlen((const char *)p + at);
		string(d, p + at, len, at);
		for (size_t i = 0; i <= len; i++)
			met[p[at + i]] = 1;
		at += (uint32_t)len + 1;
		said = at;
	}
}

/* Header, types, strings, without gaps, as all who write BTF have it. */
static bool is_plain(const struct dis *d, const struct bu_btf *b, const uint8_t *data)
{
	return b->be == d->o.be && b->hdr_len == 24 && !b->type_off && b->type_len % 4 == 0 &&
	       b->str_off == b->type_len && 24ull + b->str_off + b->str_len == b->size &&
	       (!b->str_len || !data[b->size - 1]);
}

bool dis_btf(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	struct dis_words w;
	struct bu_btf b;
	bool ok;

	if (!s->data || bu_btf_parse(&b, s->data, s->size, NULL, "", NULL))
		return false;
	ok = is_plain(d, &b, s->data);
	if (ok) {
		bu_buf_printf(d->out, "\t.2byte\t0xeb9f\t# magic\n\t.byte\t%u, %u\t# version, flags\n\t.4byte\t24\t"
			      "# bytes of the header\n", s->data[2], s->data[3]);
		dis_words_init(&w, d, k);
		dis_words(&w, 8, 2);
		bu_buf_str(d->out, "\t# types: where behind the header, bytes\n");
		dis_words(&w, 16, 2);
		bu_buf_str(d->out, "\t# strings\n");
		for (uint32_t id = 1; id <= b.ntypes; id++) {
			type(d, &w, &b, id, id == b.ntypes ? 24 + b.type_len : b.offs[id]);
			dis_flush(d);
		}
		bu_buf_str(d->out, "\t# strings, each with its offset\n");
		if (d->check && !d->sec[k].nrel)
			some_strings(d, k, s->data + 24 + b.str_off, b.str_len);
		else
			strings(d, s->data + 24 + b.str_off, b.str_len);
	}
	bu_btf_free(&b);
	return ok;
}
