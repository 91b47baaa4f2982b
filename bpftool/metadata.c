// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a program says about itself: variables named bpf_metadata_… in the .rodata map that it uses or that was bound to
 * it. A map is looked at once a command, however many programs use it.
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define PREFIX "bpf_metadata_"
#define MAX_BYTES (1u << 20) /* of a .rodata that is read for it */
#define NBUCKETS 256u

struct meta {
	struct meta *next;
	uint32_t id;
	const struct bu_btf *btf; /* NULL: the map has none */
	struct bu_btf_type sec;
	uint8_t *data;
	uint32_t size;
};

struct bt_metas {
	struct meta *bucket[NBUCKETS];
};

static bool is_ours(const struct bu_btf *btf, const struct bu_btf_secvar *sv, struct bu_btf_type *var)
{
	return !bu_btf_get(btf, sv->type, var) && var->kind == BU_BTF_VAR &&
	       !strncmp(var->name, PREFIX, sizeof(PREFIX) - 1);
}

/* A .rodata map with such a variable: its type and bytes into m. */
static void read_map(struct bt *t, struct meta *m, int fd)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi), zero = 0, i;
	struct bu_btf_type var;
	struct bu_btf_secvar sv;
	const struct bu_btf *btf;

	if (bu_sys_info(t->sys, fd, &mi, &size) || mi.type != BPF_MAP_TYPE_ARRAY || mi.key_size != 4 ||
	    mi.max_entries != 1 || !mi.btf_value_type_id || mi.value_size > MAX_BYTES ||
	    !strstr(bt_name16(t, mi.name), ".rodata"))
		return;
	btf = bt_btf(t, mi.btf_id);
	if (!btf || bu_btf_get(btf, mi.btf_value_type_id, &m->sec) || m->sec.kind != BU_BTF_DATASEC)
		return;
	for (i = 0; i < m->sec.vlen; i++)
		if (!bu_btf_secvar(btf, &m->sec, i, &sv) && is_ours(btf, &sv, &var))
			break;
	if (i == m->sec.vlen)
		return;
	m->data = bu_arena_alloc(&t->arena, mi.value_size + 8);
	m->size = mi.value_size;
	if (m->data && !bu_sys_map_lookup(t->sys, fd, &zero, m->data, 0))
		m->btf = btf;
}

static const struct meta *look_up(struct bt *t, uint32_t id)
{
	struct meta *m, **b;
	int fd;

	if (!t->metas)
		t->metas = bu_arena_alloc(&t->arena, sizeof(*t->metas));
	if (!t->metas)
		return NULL;
	b = &t->metas->bucket[id % NBUCKETS];
	for (m = *b; m; m = m->next)
		if (m->id == id)
			return m;
	m = bu_arena_alloc(&t->arena, sizeof(*m));
	if (!m)
		return NULL;
	m->id = id;
	m->next = *b;
	*b = m;
	fd = bu_sys_fd_by_id(t->sys, BU_MAP, id, BPF_F_RDONLY);
	if (fd >= 0) {
		read_map(t, m, fd);
		t->sys->ops->close(t->sys, fd);
	}
	return m;
}

static void put(struct bt *t, const struct meta *m)
{
	struct bu_btf_secvar sv;
	struct bu_btf_type var;
	uint32_t i;

	bu_out_obj(&t->out, "metadata");
	bu_out_text(&t->out, "\tmetadata:");
	for (i = 0; i < m->sec.vlen; i++) {
		const char *name;

		if (bu_btf_secvar(m->btf, &m->sec, i, &sv) || !is_ours(m->btf, &sv, &var) ||
		    sv.off > m->size || sv.size > m->size - sv.off)
			continue;
		name = var.name + sizeof(PREFIX) - 1;
		if (t->json) {
			bu_btf_print_value(&t->out, name, m->btf, var.type, m->data + sv.off, sv.size);
			continue;
		}
		bu_out_text(&t->out, "\n\t\t%s = ", bt_escz(t, name));
		bu_btf_print_text(&t->out.buf, m->btf, var.type, m->data + sv.off, sv.size, 0);
	}
	bu_out_text(&t->out, "\n");
	bu_out_obj_end(&t->out);
}

void bt_put_metadata(struct bt *t, const uint32_t *map_ids, uint32_t n)
{
	const struct meta *m;
	uint32_t i;

	for (i = 0; i < n; i++) {
		m = look_up(t, map_ids[i]);
		if (m && m->btf) {
			put(t, m);
			return;
		}
	}
}
