/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arenas: sparse pages that programs and user space share. A page is there when the file has memory for it: user space
 * gets one by touching it, programs by asking. So nothing has to be noted, and nothing can be out of step.
 */
#include "vm/interp.h"
#include "vm/kfunc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BYTES (1ull << 32)

/* words of live: where user space has it, from the first mapping on */
enum { W_START, W_END };

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint64_t bytes = (uint64_t)a->max_entries * BU_VM_PAGE;

	(void)vm;
	if (a->key_size || a->value_size || !a->max_entries || !(a->map_flags & BPF_F_MMAPABLE) ||
	    a->map_flags & ~(uint32_t)(BPF_F_SEGV_ON_FAULT | BPF_F_NO_USER_CONV | BPF_F_MMAPABLE))
		return -EINVAL;
	if (a->map_extra & (BU_VM_PAGE - 1))
		return -EINVAL;
	if (bytes > MAX_BYTES)
		return -E2BIG;
	/* the lower half of its addresses does not run over */
	return a->map_extra >> 32 != (a->map_extra + bytes - 1) >> 32 ? -ERANGE : 0;
}

static int layout(struct bu_vm_map *m)
{
	m->data_size = (uint64_t)m->max_entries * BU_VM_PAGE;
	m->alloc_size = 0;
	return 0;
}

static int init(struct bu_vm_map *m)
{
	if (!m->map_extra)
		return 0;
	atomic_store(&m->live->word[W_START], m->map_extra);
	atomic_store(&m->live->word[W_END], m->map_extra + m->data_size);
	return 0;
}

static int lookup(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -EINVAL;
}

static int change(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -EOPNOTSUPP;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	(void)m, (void)key;
	return -EOPNOTSUPP;
}

static int next_key(struct bu_vm_map *m, const void *key, void *next)
{
	(void)m, (void)key, (void)next;
	return -EOPNOTSUPP;
}

uint64_t bu_vm_arena_start(const struct bu_vm_map *m)
{
	return atomic_load(&m->live->word[W_START]);
}

/*
 * Whoever maps it after the first has to have it at the same address, which nobody can ask for here: as for the
 * kernel when no address is wanted.
 */
static int area(struct bu_vm_map *m, uint64_t off, uint64_t len)
{
	if (off)
		return -EINVAL;
	if (len > MAX_BYTES)
		return -E2BIG;
	if (!bu_vm_arena_start(m))
		return 0;
	return len > atomic_load(&m->live->word[W_END]) - bu_vm_arena_start(m) ? -E2BIG : -EINVAL;
}

static int arena_mmap(struct bu_vm_map *m, int fd, uint64_t off, uint64_t len, bool writable, void **p)
{
	uint64_t n = len < m->data_size ? len : m->data_size, at; /* beyond its end nothing can be touched */
	int err = area(m, off, len);                              /* again: under W/lock */
	uint8_t *q;

	if (err)
		return err;
	q = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (q == MAP_FAILED)
		return -ENOMEM;
	at = (uintptr_t)q;
	if (at >> 32 != (at + len - 1) >> 32)
		at = (at + MAX_BYTES - 1) & ~(MAX_BYTES - 1);
	err = bu_vm_map_file(fd, 0, n, writable, (void *)(uintptr_t)at, p);
	if (err) {
		munmap(q, 2 * len);
		return err;
	}
	if (at > (uintptr_t)q)
		munmap(q, at - (uintptr_t)q);
	if (at + len < (uintptr_t)q + 2 * len)
		munmap((void *)(uintptr_t)(at + len), (uintptr_t)q + 2 * len - at - len);
	if (writable) /* to the kernel for ever: it does not hear of the end of an arena's mapping */
		atomic_store(&m->live->writers, 1);
	atomic_store(&m->live->word[W_START], at);
	atomic_store(&m->live->word[W_END], at + len);
	return 0;
}

/* Is there no memory in n pages from page on? Under the lock. */
static bool hole(int fd, uint64_t page, uint64_t n)
{
	off_t at = lseek(fd, (off_t)(page * BU_VM_PAGE), SEEK_DATA);

	return at < 0 ? errno == ENXIO : (uint64_t)at >= (page + n) * BU_VM_PAGE;
}

/* The first n free pages in a row: -ENOMEM: there are none. */
static int64_t find(int fd, uint64_t pages, uint64_t n)
{
	uint64_t bytes = pages * BU_VM_PAGE;
	off_t from, to;

	for (from = 0; (uint64_t)from < bytes; from = to) {
		from = lseek(fd, from, SEEK_HOLE);
		if (from < 0 || (uint64_t)from + n * BU_VM_PAGE > bytes)
			return -ENOMEM;
		to = lseek(fd, from, SEEK_DATA);
		if (to < 0 || (uint64_t)to >= bytes)
			to = (off_t)bytes;
		if ((uint64_t)(to - from) >= n * BU_VM_PAGE)
			return from / BU_VM_PAGE;
	}
	return -ENOMEM;
}

int64_t bu_vm_arena_alloc(struct bu_vm_map *m, int64_t page, uint32_t n)
{
	int fd, err;

	if (!n || n > m->max_entries || (page >= 0 && (uint64_t)page + n > m->max_entries))
		return -EINVAL;
	fd = bu_vm_obj_file(m->obj);
	if (fd < 0)
		return fd;
	err = bu_vm_lock(m->obj);
	if (err)
		goto out;
	if (page < 0) {
		page = find(fd, m->max_entries, n);
		err = page < 0 ? (int)page : 0;
	} else if (!hole(fd, (uint64_t)page, n)) {
		err = -EBUSY;
	}
	if (!err)
		err = bu_vm_obj_alloc(m->obj, (uint64_t)page * BU_VM_PAGE, (uint64_t)n * BU_VM_PAGE);
	/* Memory that nobody has touched is still a hole to who looks for data. */
	for (uint32_t i = 0; !err && i < n; i++)
		*(volatile uint8_t *)(m->mem + ((uint64_t)page + i) * BU_VM_PAGE) = 0;
	bu_vm_unlock(m->obj);
out:
	close(fd);
	return err ? err : page;
}

int bu_vm_arena_free(struct bu_vm_map *m, uint64_t page, uint32_t n)
{
	int fd, err = 0;

	if (page >= m->max_entries || n > m->max_entries - page)
		return -EINVAL;
	fd = bu_vm_obj_file(m->obj);
	if (fd < 0)
		return fd;
	if (n && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(page * BU_VM_PAGE),
			   (off_t)n * BU_VM_PAGE))
		err = -errno;
	close(fd);
	return err;
}

/* What ld_imm64 gives is where user space has it. */
static int direct(struct bu_vm_map *m, uint64_t off, uint64_t *addr)
{
	uint64_t start = bu_vm_arena_start(m);

	*addr = start;
	return off > atomic_load(&m->live->word[W_END]) - start ? -ERANGE : 0;
}

/* ---------------------------------------------------------------- programs */

/*
 * Programs have two kinds of pointers into it: user space's, which are what is stored, and those that an addr_space_cast
 * makes of them, which are addresses in m->mem here. A load where no page is gives 0, a store is lost.
 */
static struct bu_vm_map *arena_of(const struct bu_vm_run *run)
{
	for (uint32_t i = 0; i < run->prog->nmaps; i++)
		if (run->prog->maps[i]->type == BPF_MAP_TYPE_ARENA)
			return run->prog->maps[i];
	return NULL;
}

uint64_t bu_vm_arena_cast(const struct bu_vm_run *run, uint64_t v, bool to_user)
{
	const struct bu_vm_map *m = arena_of(run);
	uint64_t start, off;

	if (!m || !v)
		return v;
	start = bu_vm_arena_start(m);
	off = v - (uintptr_t)m->mem;
	if (to_user) {
		if (off < m->data_size)
			v = start + off;
		if (m->flags & BPF_F_NO_USER_CONV)
			return (uint32_t)v;
		return (uint32_t)v || off < m->data_size ? (start & ~(uint64_t)UINT32_MAX) | (uint32_t)v : 0;
	}
	if (off < m->data_size)
		return v;
	off = (uint32_t)((uint32_t)v - (uint32_t)start);
	return off < m->data_size ? (uintptr_t)m->mem + off : (uint32_t)v;
}

static bool there(struct bu_vm_map *m, uint64_t off)
{
	unsigned char in = 0;
	uint64_t page = off / BU_VM_PAGE;
	bool yes;
	int fd;

	if (!mincore(m->mem + page * BU_VM_PAGE, BU_VM_PAGE, &in) && in & 1)
		return true;
	fd = bu_vm_obj_file(m->obj); /* it may have been swapped out */
	yes = fd >= 0 && !hole(fd, page, 1);
	if (fd >= 0)
		close(fd);
	return yes;
}

void *bu_vm_arena_at(const struct bu_vm_run *run, uint64_t addr, uint32_t size)
{
	static uint64_t nowhere;
	struct bu_vm_map *m = arena_of(run);
	uint64_t off = addr - (m ? (uintptr_t)m->mem : 0);

	if (!m)
		return NULL;
	if (off >= m->data_size)
		off = addr - bu_vm_arena_start(m);
	if (off >= m->data_size || size > m->data_size - off)
		return NULL;
	if (there(m, off) && there(m, off + size - 1))
		return m->mem + off;
	nowhere = 0;
	return &nowhere;
}

static uint64_t page_of(const struct bu_vm_map *m, uint64_t addr)
{
	return (uint32_t)((uint32_t)addr - (uint32_t)bu_vm_arena_start(m)) / BU_VM_PAGE;
}

BU_VM_KFN(bpf_arena_alloc_pages)
{
	struct bu_vm_map *m = (struct bu_vm_map *)(uintptr_t)a;
	int64_t page = -1;

	if (e || ((int32_t)d != -1 && d) || b & (BU_VM_PAGE - 1))
		return 0;
	if (b)
		page = (int64_t)page_of(m, b);
	page = bu_vm_arena_alloc(m, page, (uint32_t)c);
	return page < 0 ? 0 : bu_vm_arena_start(m) + (uint64_t)page * BU_VM_PAGE;
}

BU_VM_KFN(bpf_arena_free_pages)
{
	struct bu_vm_map *m = (struct bu_vm_map *)(uintptr_t)a;
	uint64_t page = page_of(m, b), n = (uint32_t)c;

	if (b && page < m->max_entries)
		bu_vm_arena_free(m, page, (uint32_t)(n < m->max_entries - page ? n : m->max_entries - page));
	return 0;
}

const struct bu_vm_map_ops bu_vm_arena_ops = {
	.direct = direct,
	.check = check, .layout = layout, .init = init, .read = lookup, .write = change, .erase = erase,
	.next_key = next_key, .area = area, .mmap = arena_mmap,
};
