// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stack traces as frames: the kernel's by /proc/kallsyms, those of a process, when one is named, by its
 * /proc/PID/maps and the symbols of the files there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAPS_MAX (16u << 20)
#define KERNEL_FROM (1ull << 63)
#define BUILD_ID_FRAME 32u /* s32 status, 20 bytes of id, u64 */

struct func {
	uint64_t off;
	const char *name;
};

struct file {
	struct file *next;
	const char *path;
	struct func *v;
	size_t n, cap;
	struct bu_arena *arena;
};

struct area {
	uint64_t start, end, off;
	const char *path;
};

struct bt_procmap {
	struct bu_arena arena;
	unsigned pid;
	struct area *v;
	size_t n, cap;
	struct file *files;
};

/* ---------------------------------------------------------------- a process */

int bt_procmap_open(struct bt *t, unsigned pid, struct bt_procmap **out)
{
	struct bt_procmap *m = calloc(1, sizeof(*m));
	struct bu_buf text = { 0 };
	char path[64], *line, *next;
	int err, at;

	*out = m;
	if (!m)
		return bt_refused(t, -1, -ENOMEM, "cannot read about process %u", pid);
	bu_arena_init(&m->arena);
	m->pid = pid;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	err = bu_file_read(path, MAPS_MAX, &text);
	for (line = err ? NULL : (char *)text.p; line && *line; line = next) {
		struct area a, *v;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		at = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4c %" SCNx64 " %*x:%*x %*u %n", &a.start, &a.end, &a.off,
			   &at) < 3 || !at || line[at] != '/')
			continue;
		a.path = bu_arena_strdup(&m->arena, line + at);
		v = bu_arena_grow(&m->arena, m->v, m->n, &m->cap, sizeof(*v));
		if (!v || !a.path)
			break;
		m->v = v;
		v[m->n++] = a;
	}
	bu_buf_free(&text);
	if (err)
		return bt_refused(t, -1, err, "cannot read the memory map of process %u", pid);
	return 0;
}

void bt_procmap_close(struct bt_procmap *m)
{
	struct file *f;

	if (!m)
		return;
	for (f = m->files; f; f = f->next)
		free(f->v);
	bu_arena_free(&m->arena);
	free(m);
}

static bool take_func(void *ctx, const struct bu_elff_func *fn)
{
	struct file *f = ctx;
	struct func *v = f->v;

	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 512;
		v = realloc(v, f->cap * sizeof(*v));
		if (!v)
			return false;
		f->v = v;
	}
	v[f->n] = (struct func){ fn->offset, bu_arena_strndup(f->arena, fn->name, fn->n) };
	return v[f->n++].name != NULL;
}

static int by_off(const void *a, const void *b)
{
	uint64_t x = ((const struct func *)a)->off, y = ((const struct func *)b)->off;

	return x < y ? -1 : x > y;
}

static struct file *file_of(struct bt_procmap *m, const char *path)
{
	struct file *f;
	const char *real;

	for (f = m->files; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	f = bu_arena_alloc(&m->arena, sizeof(*f));
	real = bu_arena_printf(&m->arena, "/proc/%u/root%s", m->pid, path);
	if (!f || !real)
		return NULL;
	*f = (struct file){ .next = m->files, .path = path, .arena = &m->arena };
	m->files = f;
	bu_elff_each_func(real, take_func, f); /* without symbols there are none */
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_off);
	return f;
}

struct frame {
	uint64_t addr;
	const char *symbol, *module; /* NULL: not known */
	uint64_t off;                /* from the symbol, else in the module */
};

static void of_process(struct bt_procmap *m, struct frame *f)
{
	size_t i, lo = 0, hi;
	struct file *file;

	for (i = 0; i < m->n; i++)
		if (f->addr >= m->v[i].start && f->addr < m->v[i].end)
			break;
	if (i == m->n)
		return;
	f->module = m->v[i].path;
	f->off = f->addr - m->v[i].start + m->v[i].off;
	file = file_of(m, f->module);
	for (hi = file ? file->n : 0; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (file->v[mid].off <= f->off)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return;
	f->symbol = file->v[lo - 1].name;
	f->off -= file->v[lo - 1].off;
}

static void resolve(struct bt *t, const struct bt_map *m, struct frame *f)
{
	if (f->addr >= KERNEL_FROM)
		f->symbol = bt_ksym_near(t, f->addr, &f->off, &f->module);
	else if (m->proc)
		of_process(m->proc, f);
}

/* ---------------------------------------------------------------- frames */

static void put_frame(struct bt *t, const struct bt_map *m, uint64_t addr)
{
	struct frame f = { .addr = addr };
	struct bu_out *o = &t->out;
	char text[32];

	resolve(t, m, &f);
	snprintf(text, sizeof(text), "0x%" PRIx64, addr);
	bu_out_obj(o, NULL);
	bu_out_str(o, "addr", text, SIZE_MAX, "\t%016" PRIx64, addr);
	if (f.symbol)
		bu_out_str(o, "symbol", f.symbol, SIZE_MAX, "  %s", bt_escz(t, f.symbol));
	if (f.symbol || f.module)
		bu_out_uint(o, "offset", f.off, f.symbol ? "+0x%" PRIx64 : "  +0x%" PRIx64, f.off);
	if (f.module)
		bu_out_str(o, "module", f.module, SIZE_MAX, "  [%s]", bt_escz(t, f.module));
	bu_out_text(o, "\n");
	bu_out_obj_end(o);
}

/* A place in a file that is known by its build id; status 2: only the address is known. */
static bool put_build_id(struct bt *t, const struct bt_map *m, const uint8_t *p)
{
	uint32_t status = bu_get32(p, BU_HOST_BE);
	uint64_t v = bu_get64(p + 24, BU_HOST_BE);
	struct bu_out *o = &t->out;
	char id[41];
	int i;

	if (!status)
		return false;
	if (status != 1) {
		put_frame(t, m, v);
		return true;
	}
	for (i = 0; i < 20; i++)
		sprintf(id + 2 * i, "%02x", p[4 + i]);
	bu_out_obj(o, NULL);
	bu_out_str(o, "build_id", id, SIZE_MAX, "\t%s", id);
	bu_out_uint(o, "offset", v, "  +0x%" PRIx64 "\n", v);
	bu_out_obj_end(o);
	return true;
}

void bt_put_frames(struct bt *t, const struct bt_map *m, const uint8_t *value)
{
	bool ids = m->info.map_flags & BPF_F_STACK_BUILD_ID;
	size_t each = ids ? BUILD_ID_FRAME : 8, at;
	uint64_t addr;

	bu_out_arr(&t->out, "frames");
	for (at = 0; at + each <= m->info.value_size; at += each) {
		addr = bu_get64(value + at, BU_HOST_BE);
		if (ids ? !put_build_id(t, m, value + at) : !addr)
			break;
		if (!ids)
			put_frame(t, m, addr);
	}
	bu_out_arr_end(&t->out);
}
