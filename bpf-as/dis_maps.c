/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .map and .license for the sections .maps and license. They are tried where they can be meant; the
 * check tells whether they make the section.
 */
#include "bpf-as/dis.h"

/* Type of a key or value; *size: its bytes, 0 for none. */
static void map_type(struct dis *d, const char *what, uint32_t id, uint32_t size)
{
	const struct bu_btf *btf = &d->o.btf;
	struct bu_btf_type t;
	uint32_t n = 0;

	if (!size)
		return;
	bu_buf_printf(d->out, ", %s=", what);
	if (id && !bu_btf_get(btf, bu_btf_resolve(btf, id), &t) && t.kind == BU_BTF_ARRAY) {
		n = t.nelems;
		id = t.elem;
	}
	if (id && !bu_btf_get(btf, bu_btf_resolve(btf, id), &t) && t.kind == BU_BTF_INT &&
	    (t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8) &&
	    (n ? (uint64_t)n * t.size : t.size) == size) {
		if (t.size == 1 && !strcmp(t.name, "char"))
			bu_buf_str(d->out, "char");
		else
			bu_buf_printf(d->out, "%c%u", t.int_enc & 1 ? 's' : 'u', t.size * 8);
		if (n)
			bu_buf_printf(d->out, "[%u]", n);
	} else {
		bu_buf_printf(d->out, "%u", size);
	}
}

static bool same_map(const struct bu_obj_map *a, const struct bu_obj_map *b)
{
	return a->type == b->type && a->key_size == b->key_size && a->value_size == b->value_size &&
	       a->btf_key == b->btf_key && a->btf_value == b->btf_value &&
	       a->max_entries == b->max_entries && a->flags == b->flags &&
	       a->map_extra == b->map_extra && a->inner < 0 && b->inner < 0;
}

/* inner= names a declared map; in BTF the pattern stands for itself. false: there is none. */
static bool inner_map(struct dis *d, uint32_t i)
{
	const struct bu_obj_map *m = &d->o.maps[i], *in;

	if (m->inner < 0 || (uint32_t)m->inner >= d->o.nmaps)
		return true;
	in = &d->o.maps[m->inner];
	for (uint32_t k = 0; k < i; k++)
		if (!d->o.maps[k].is_inner && dis_is_word(d->o.maps[k].name) && same_map(&d->o.maps[k], in)) {
			bu_buf_printf(d->out, ", inner=%s", d->o.maps[k].name);
			return true;
		}
	return false;
}

static bool map_line(struct dis *d, uint32_t i)
{
	const struct bu_obj_map *m = &d->o.maps[i];
	const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types, m->type);

	if (!k || !dis_is_word(m->name))
		return false;
	bu_buf_printf(d->out, "\t.map\t%s, %s", m->name, k->name);
	map_type(d, "key", m->btf_key, m->key_size);
	map_type(d, "value", m->btf_value, m->value_size);
	if (m->max_entries)
		bu_buf_printf(d->out, ", max_entries=%u", m->max_entries);
	if (m->flags)
		bu_buf_printf(d->out, ", flags=0x%x", m->flags);
	if (m->pinning)
		bu_buf_str(d->out, ", pinning=by_name");
	if (m->map_extra)
		bu_buf_printf(d->out, ", map_extra=%llu", (unsigned long long)m->map_extra);
	if (!inner_map(d, i))
		return false;
	bu_buf_char(d->out, '\n');
	return true;
}

/* The whole of .maps; when a line cannot be said, nothing is and the section is printed as data. */
void dis_maps(struct dis *d)
{
	size_t from = d->out->n;
	uint64_t end = 0;

	if (d->maps_sec == BU_SEC_UNDEF)
		return;
	d->sec[d->maps_sec].from = from;
	for (uint32_t i = 0; i < d->o.nmaps; i++) {
		const struct bu_obj_map *m = &d->o.maps[i];

		if (m->sec != d->maps_sec || m->is_inner)
			continue;
		if (m->origin != BU_MAP_BTF || m->off != end || !map_line(d, i)) {
			d->sec[d->maps_sec].level = LEVEL_PLAIN;
			break;
		}
		end = m->off + m->size;
	}
	if (end != d->o.secs[d->maps_sec].size)
		d->sec[d->maps_sec].level = LEVEL_PLAIN;
	if (d->sec[d->maps_sec].level != LEVEL_SUGAR)
		d->out->n = d->out->failed ? d->out->n : from;
	d->sec[d->maps_sec].to = d->out->n;
}

bool dis_license(struct dis *d)
{
	const struct bu_sec *s = d->license_sec < d->o.nsecs ? &d->o.secs[d->license_sec] : NULL;
	const struct dis_sec *x = s ? &d->sec[d->license_sec] : NULL;
	const struct bu_sym *y;

	if (!s || x->level != LEVEL_SUGAR || x->nsym != 1 || x->nrel || !s->data || !s->size ||
	    s->data[s->size - 1] || strlen((const char *)s->data) + 1 != s->size)
		return false;
	y = &d->o.syms[d->order[x->sym]];
	if (strcmp(y->name, "_license") || y->bind != STB_GLOBAL || y->type != STT_OBJECT || y->vis ||
	    y->value || (y->size != s->size && !d->opt->no_btf))
		return false;
	bu_buf_str(d->out, "\t.license ");
	dis_quoted(d->out, (const char *)s->data, s->size - 1);
	bu_buf_char(d->out, '\n');
	return true;
}
