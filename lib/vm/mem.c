/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which memory a run may touch; see run.h. */
#include "vm/interp.h"

#include <stdio.h>

static bool within(uint64_t addr, uint64_t lo, uint64_t hi)
{
	return addr >= lo && addr < hi;
}

/* May this run touch row `row` of granule i? By a grant, or because the program names the value. */
static bool granted(const struct bu_vm_run *run, const struct bu_vm_map *m, uint64_t i, uint64_t row)
{
	const struct bu_vm_granules *g = &m->gran;

	if (m->grant && m->grant[g->rows > 1 ? i * g->rows + row : i] == run->vm->run_no)
		return true;
	if (i || g->rows > 1 || !m->ops->direct || m->max_entries != 1)
		return false;
	for (uint32_t k = 0; k < run->prog->nmaps; k++)
		if (run->prog->maps[k] == m)
			return true;
	return false;
}

/* The value of a map that addr is in: granule, row and its bytes. */
static bool value_at(const struct bu_vm_map *m, uint64_t addr, uint64_t *i, uint64_t *row, uint64_t *lo)
{
	const struct bu_vm_granules *g = &m->gran;
	uint64_t off = addr - (uintptr_t)m->mem, in;

	if (!g->n || !g->stride || off < g->off || off >= m->data_size)
		return false;
	off -= g->off;
	*i = off / g->stride;
	in = off % g->stride;
	*row = 0;
	if (*i >= g->n || in < g->val)
		return false;
	in -= g->val;
	if (g->rows > 1) {
		if (!g->row_stride)
			return false;
		*row = in / g->row_stride;
		in %= g->row_stride;
		if (*row >= g->rows)
			return false;
	}
	*lo = addr - in;
	return in < g->len;
}

static struct bu_vm_map *map_of(struct bu_vm_region *r)
{
	struct bu_vm_obj *o = r->owner;

	if ((r->kind != BU_VM_R_MAP && r->kind != BU_VM_R_NONE) || !o || o->kind != BU_VM_MAP)
		return NULL;
	return o->body;
}

static bool is_stack(const struct bu_vm_run *run, uint64_t addr)
{
	return addr - (uintptr_t)run->stack < (uint64_t)BU_VM_FRAMES * BU_VM_FRAME_STRIDE;
}

static int stack_span(const struct bu_vm_run *run, uint64_t addr, struct bu_vm_span *s)
{
	uint64_t d = addr - (uintptr_t)run->stack, frame = d / BU_VM_FRAME_STRIDE;

	if (frame > run->depth)
		return -ENOENT;
	s->lo = (uintptr_t)run->stack + frame * BU_VM_FRAME_STRIDE;
	s->hi = s->lo + BU_VM_STACK;
	s->stack = true;
	if (addr < s->hi)
		return 0;
	s->write = false;
	s->once = true;
	s->lo = run->key[frame].lo;
	s->hi = run->key[frame].hi;
	return within(addr, s->lo, s->hi) ? 0 : -ENOENT;
}

int bu_vm_mem_span(struct bu_vm_run *run, uint64_t addr, struct bu_vm_span *s)
{
	struct bu_vm_region *r;
	struct bu_vm_map *m;
	uint64_t i, row;

	*s = (struct bu_vm_span){ .read = true, .write = true };
	if (is_stack(run, addr))
		return stack_span(run, addr, s);
	if (addr - run->ctx_addr < run->ctx_size && run->ctx_addr != BU_VM_CTX_HANDLE) {
		s->lo = run->ctx_addr;
		s->hi = s->lo + run->ctx_size;
		s->write = run->ctx_written;
		return 0;
	}
	if (run->packet_buf && within(addr, run->data_meta, run->data_end)) {
		s->lo = run->data_meta;
		s->hi = run->data_end;
		return 0;
	}
	for (i = 0; i < run->nrec; i++) {
		if (!within(addr, run->rec[i].lo, run->rec[i].hi))
			continue;
		s->lo = run->rec[i].lo;
		s->hi = run->rec[i].hi;
		return 0;
	}
	for (i = 0; i < run->nsample; i++) {
		if (!within(addr, run->sample[i].lo, run->sample[i].hi))
			continue;
		s->lo = run->sample[i].lo;
		s->hi = run->sample[i].hi;
		s->once = true;
		return 0;
	}
	for (i = 0; i < run->nsock; i++) {
		if (!within(addr, run->sock[i].lo, run->sock[i].hi))
			continue;
		s->lo = run->sock[i].lo;
		s->hi = run->sock[i].hi;
		s->write = false;
		return 0;
	}
	for (i = 0; i < run->nareas; i++) {
		if (!within(addr, run->area[i].lo, run->area[i].hi))
			continue;
		s->lo = run->area[i].lo;
		s->hi = run->area[i].hi;
		s->write = run->area[i].write;
		return 0;
	}
	for (i = 0; i < run->nheap; i++) {
		if (run->heap[i].kind != BU_VM_HEAP_OBJ || !within(addr, run->heap[i].lo, run->heap[i].hi))
			continue;
		s->lo = run->heap[i].lo;
		s->hi = run->heap[i].hi;
		return 0;
	}
	r = bu_vm_region_at(&run->vm->win, addr);
	m = r ? map_of(r) : NULL;
	if (!m || !value_at(m, addr, &i, &row, &s->lo) || !granted(run, m, i, row))
		return -ENOENT;
	s->hi = s->lo + m->gran.len;
	s->read = !(m->flags & BPF_F_WRONLY_PROG);
	s->write = !(m->flags & BPF_F_RDONLY_PROG) && !run->vm->read_only;
	s->map = m;
	return 0;
}

bool bu_vm_mem_is(struct bu_vm_run *run, uint64_t addr, uint64_t size)
{
	struct bu_vm_span s;

	return !bu_vm_mem_span(run, addr, &s) && size <= s.hi - addr && s.write;
}

void *bu_vm_mem_try(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write)
{
	struct bu_vm_span s;

	if (bu_vm_mem_span(run, addr, &s) || size > s.hi - addr || !(write ? s.write : s.read))
		return NULL;
	/* A lock is the lock's helpers' only. */
	if (s.map && bu_vm_special(s.map, addr - s.lo, size))
		return NULL;
	return (void *)(uintptr_t)addr;
}

void *bu_vm_mem(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write)
{
	void *p = bu_vm_mem_try(run, addr, size, write);

	if (!p)
		bu_vm_mem_fault(run, addr, size, write);
	return p;
}

/* ---------------------------------------------------------------- what it was instead */

struct near {
	uint64_t addr, size;
	uint64_t far;           /* of the nearest so far */
	char text[96];
};

static void distance(struct near *n, uint64_t lo, uint64_t hi, const char *what, const char *name)
{
	uint64_t far;
	const char *where;

	if (n->addr >= hi) {
		far = n->addr - hi;
		where = "behind";
	} else if (n->addr < lo) {
		far = lo - n->addr;
		where = "before";
	} else {
		far = 0; /* begins in it, and goes beyond */
		where = "beyond the end of";
	}
	if (far >= n->far || far > 4096)
		return;
	n->far = far;
	if (n->addr >= lo && n->addr < hi)
		snprintf(n->text, sizeof(n->text), "%llu byte%s %s %s%s",
			 (unsigned long long)(n->addr + n->size - hi),
			 n->addr + n->size - hi == 1 ? "" : "s", where, what, name);
	else if (far || n->addr < lo)
		snprintf(n->text, sizeof(n->text), "%llu byte%s %s %s%s", (unsigned long long)far,
			 far == 1 ? "" : "s", where, what, name);
	else
		snprintf(n->text, sizeof(n->text), "just behind %s%s", what, name);
}

static void near_map(struct bu_vm_run *run, struct near *n, struct bu_vm_map *m)
{
	const struct bu_vm_granules *g = &m->gran;
	uint64_t off = n->addr - (uintptr_t)m->mem, first, rows = g->rows > 1 ? g->rows : 1;
	char name[BPF_OBJ_NAME_LEN + 16];

	if (m->obj->h.map.name[0])
		snprintf(name, sizeof(name), "%.*s", BPF_OBJ_NAME_LEN, m->obj->h.map.name);
	else
		snprintf(name, sizeof(name), "#%u", m->obj->id);
	/* In front of the file there is no granule 0 to be counted from. */
	if (n->addr < (uintptr_t)m->mem)
		off = 0;
	first = off > g->off && g->stride ? (off - g->off) / g->stride : 0;
	for (uint64_t i = first ? first - 1 : 0; i <= first + 1 && i < g->n; i++)
		for (uint64_t row = 0; row < rows; row++) {
			uint64_t lo = (uintptr_t)m->mem + g->off + i * g->stride + g->val +
				      row * g->row_stride;

			if (granted(run, m, i, row))
				distance(n, lo, lo + g->len, "a value of map ", name);
		}
	if (!n->text[0] && off < m->obj->size && n->addr >= (uintptr_t)m->mem)
		snprintf(n->text, sizeof(n->text), "memory of map %s that this run was not given", name);
}

static void near_stack(struct bu_vm_run *run, struct near *n)
{
	uint64_t frame = (n->addr - (uintptr_t)run->stack) / BU_VM_FRAME_STRIDE;

	if (frame > run->depth)
		snprintf(n->text, sizeof(n->text), "the stack of a function that has returned");
	else
		for (uint64_t i = frame; i <= frame + 1 && i <= run->depth; i++) {
			uint64_t lo = (uintptr_t)run->stack + i * BU_VM_FRAME_STRIDE;

			distance(n, lo, lo + BU_VM_STACK, "the stack", i == run->depth ? "" :
				 " of a calling function");
		}
}

int bu_vm_mem_fault(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write)
{
	struct near n = { .addr = addr, .size = size, .far = UINT64_MAX };
	uint64_t lo = (uintptr_t)run->stack;
	struct bu_vm_region *r;
	struct bu_vm_span s;
	struct bu_vm_map *m;

	if (!bu_vm_mem_span(run, addr, &s) && size <= s.hi - addr)
		return bu_vm_fault_at(run, BU_VM_FAULT_READONLY, addr, (uint32_t)size, write,
				      "%s that programs may not %s",
				      s.map	       ? "a value of a map" :
				      s.lo == run->ctx_addr ? "the context" : "memory",
				      write ? "write" : "read");
	if (is_stack(run, addr))
		near_stack(run, &n);
	else if (addr < lo && lo - addr <= 4096)
		distance(&n, lo, lo + BU_VM_STACK, "the stack", run->depth ? " of a calling function" : "");
	if (run->ctx && run->ctx_size)
		distance(&n, run->ctx_addr, run->ctx_addr + run->ctx_size, "the context", "");
	if (run->packet_buf)
		distance(&n, run->data_meta, run->data_end, "the packet", "");
	for (uint32_t i = 0; i < run->nrec; i++)
		distance(&n, run->rec[i].lo, run->rec[i].hi, "a record of a ring buffer", "");
	for (uint32_t i = 0; i < run->nheap; i++)
		if (run->heap[i].kind == BU_VM_HEAP_OBJ)
			distance(&n, run->heap[i].lo, run->heap[i].hi, "an object of bpf_obj_new", "");
	for (uint32_t i = 0; i < run->nsock; i++)
		if (run->sock[i].lo)
			distance(&n, run->sock[i].lo, run->sock[i].hi, "a socket", "");
	for (uint32_t i = 0; i < run->nareas; i++)
		distance(&n, run->area[i].lo, run->area[i].hi, run->area[i].name, "");
	/* A map that begins a little later first: it may be nearer than the end of the one before. */
	r = bu_vm_region_at(&run->vm->win, addr + BU_VM_PAGE);
	m = r ? map_of(r) : NULL;
	if (m)
		near_map(run, &n, m);
	r = bu_vm_region_at(&run->vm->win, addr);
	m = r ? map_of(r) : NULL;
	if (m && !n.text[0])
		near_map(run, &n, m);
	if (n.text[0])
		;
	else if (addr < 4096)
		snprintf(n.text, sizeof(n.text), addr ? "NULL + %llu" : "NULL", (unsigned long long)addr);
	else if (r && r->kind == BU_VM_R_OTHER)
		snprintf(n.text, sizeof(n.text), "a ring buffer, outside of reserved records");
	else if (bu_vm_map_by_handle(run, addr & ~4095ull))
		snprintf(n.text, sizeof(n.text), "the map itself, not a value of it");
	else
		snprintf(n.text, sizeof(n.text), "0x%llx, which is nothing of this program's",
			 (unsigned long long)addr);
	return bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, (uint32_t)size, write, "%s", n.text);
}
