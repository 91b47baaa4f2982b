/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Output to perf events, and their rings. A ring lies at the start of the event's file: the metadata
 * page, then the data, of which there is memory once somebody has mapped it. Only the run that
 * has the event's CPU writes to it, so that head needs no lock.
 */
#include "vm/helper.h"
#include "vm/seq.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>

/* words of an event's live */
enum { W_PAGES /* of data; 0: no ring */, W_LOST, W_OVERWRITE };

#define RAW_MAX 65000u

static uint64_t ring_pages(const struct bu_vm_obj *o)
{
	uint64_t n = atomic_load(&o->hdr->live.word[W_PAGES]);

	return n && !(n & (n - 1)) && (n + 2) * BU_VM_PAGE <= o->size ? n : 0;
}

static struct perf_event_mmap_page *meta(const struct bu_vm_obj *o)
{
	return (struct perf_event_mmap_page *)o->mem;
}

/* struct perf_event_mmap_page has plain members; who writes and who reads are two processes. */
static uint64_t get(uint64_t __attribute__((may_alias)) *p)
{
	return __atomic_load_n((volatile uint64_t *)p, __ATOMIC_ACQUIRE);
}

bool bu_vm_perf_readable(struct bu_vm_obj *o)
{
	if (!ring_pages(o))
		return false;
	return get((uint64_t *)&meta(o)->data_head) != get((uint64_t *)&meta(o)->data_tail);
}

int bu_vm_perf_mmap(struct bu_vm_obj *o, int fd, uint64_t off, uint64_t len, bool writable, void **p)
{
	uint64_t n = len / BU_VM_PAGE - 1, have;
	struct perf_event_mmap_page *pg = meta(o);
	int err;

	if (off || (n & (n - 1)))
		return -EINVAL;
	if ((n + 2) * BU_VM_PAGE > o->size)
		return -ENOMEM;
	err = bu_vm_world_lock(o->vm);
	if (err)
		return err;
	have = ring_pages(o);
	/* The ring is as large as its first user wants it, and lives as long as somebody maps it. */
	if (have && have != n && bu_vm_map_shared(fd)) {
		err = -EINVAL;
		goto out;
	}
	if (have != n || !bu_vm_map_shared(fd)) {
		atomic_store(&o->hdr->live.word[W_PAGES], 0);
		err = bu_vm_obj_alloc(o, 0, len);
		if (err)
			goto out;
		memset(pg, 0, BU_VM_PAGE);
		pg->size = (uint32_t)offsetof(struct perf_event_mmap_page, data_head);
		pg->data_offset = BU_VM_PAGE;
		pg->data_size = n * BU_VM_PAGE;
		atomic_store(&o->hdr->live.word[W_LOST], 0);
		atomic_store(&o->hdr->live.word[W_OVERWRITE], !writable);
	}
	err = bu_vm_map_file(fd, 0, len, true, NULL, p);
	if (!err && !writable && mprotect(*p, len, PROT_READ)) {
		err = -errno;
		munmap(*p, len);
	}
	if (!err)
		atomic_store(&o->hdr->live.word[W_PAGES], n);
out:
	bu_vm_world_unlock(o->vm);
	return err;
}

/* ---------------------------------------------------------------- writing */

struct out {
	uint8_t *data;
	uint64_t size, pos;
};

static void put(struct out *w, const void *p, uint64_t n)
{
	uint64_t at = w->pos & (w->size - 1), first = w->size - at < n ? w->size - at : n;

	memcpy(w->data + at, p, first);
	memcpy(w->data, (const uint8_t *)p + first, n - first);
	w->pos += n;
}

static void put64(struct out *w, uint64_t v)
{
	put(w, &v, 8);
}

/* The members of a sample in front of the raw data, in the order of the ABI: their number is even
 * words of 8 bytes. */
static uint64_t fixed(struct bu_vm_run *run, const struct bu_vm_obj *ev, struct out *w)
{
	uint64_t type = ev->h.event.sample_type ? ev->h.event.sample_type : PERF_SAMPLE_RAW, n = 0;
	uint32_t ids[2] = { 0, 0 };
	static const uint64_t order[] = { PERF_SAMPLE_IDENTIFIER, PERF_SAMPLE_IP, PERF_SAMPLE_TID,
					  PERF_SAMPLE_TIME, PERF_SAMPLE_ADDR, PERF_SAMPLE_ID,
					  PERF_SAMPLE_STREAM_ID, PERF_SAMPLE_CPU, PERF_SAMPLE_PERIOD };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(order); i++) {
		if (!(type & order[i]))
			continue;
		n += 8;
		if (!w)
			continue;
		switch (order[i]) {
		case PERF_SAMPLE_TID:
			bu_vm_task(run, &ids[1], &ids[0], NULL);
			put(w, ids, 8);
			break;
		case PERF_SAMPLE_TIME:
			put64(w, bu_vm_ktime(run));
			break;
		case PERF_SAMPLE_CPU:
			put64(w, run->cpu);
			break;
		case PERF_SAMPLE_PERIOD:
			put64(w, 1);
			break;
		case PERF_SAMPLE_IP:
		case PERF_SAMPLE_ADDR:
			put64(w, 0);
			break;
		default:
			put64(w, ev->id);
		}
	}
	return n;
}

static int sample(struct bu_vm_run *run, struct bu_vm_obj *ev, const void *data, uint32_t size)
{
	struct perf_event_mmap_page *pg = meta(ev);
	uint64_t pages = ring_pages(ev), head, tail, need, room, lost;
	struct perf_event_header h = { .type = PERF_RECORD_SAMPLE, .misc = PERF_RECORD_MISC_KERNEL };
	bool overwrite = atomic_load(&ev->hdr->live.word[W_OVERWRITE]);
	uint32_t raw = ((size + 4 + 7) & ~7u) - 4;
	static const uint8_t zero[8];
	struct out w;

	if (!pages)
		return -ENOSPC;
	w.data = ev->mem + BU_VM_PAGE;
	w.size = pages * BU_VM_PAGE;
	head = get((uint64_t *)&pg->data_head) & ~7ull;
	tail = get((uint64_t *)&pg->data_tail);
	lost = atomic_load(&ev->hdr->live.word[W_LOST]);
	need = sizeof(h) + fixed(run, ev, NULL) + 4 + raw;
	h.size = (uint16_t)need;
	if (lost && !overwrite)
		need += sizeof(h) + 16;
	/* One byte stays free, so that full and empty differ. */
	room = (tail - head - 1) & (w.size - 1);
	if (overwrite ? need > w.size : need > room) {
		atomic_store(&ev->hdr->live.word[W_LOST], lost + 1);
		return -ENOSPC;
	}
	w.pos = head;
	if (lost && !overwrite) {
		struct perf_event_header l = { .type = PERF_RECORD_LOST, .size = sizeof(l) + 16 };

		put(&w, &l, sizeof(l));
		put64(&w, ev->id);
		put64(&w, lost);
		atomic_store(&ev->hdr->live.word[W_LOST], 0);
	}
	put(&w, &h, sizeof(h));
	fixed(run, ev, &w);
	put(&w, &raw, 4);
	put(&w, data, size);
	put(&w, zero, raw - size);
	__atomic_store_n((volatile uint64_t *)&pg->data_head, w.pos, __ATOMIC_RELEASE);
	return 0;
}

int bu_vm_perf_output(struct bu_vm_run *run, struct bu_vm_map *m, uint64_t index, const void *data,
		      uint64_t size)
{
	struct bu_vm_obj *ev;
	uint32_t i, id;
	void *p;
	int err;

	if (index & ~0xffffffffull)
		return -EINVAL;
	i = index == 0xffffffff /* BPF_F_CURRENT_CPU */ ? run->cpu : (uint32_t)index;
	if (i >= m->max_entries)
		return -E2BIG;
	p = m->ops->lookup(m, &i, run->cpu);
	if (!p)
		return -ENOENT;
	id = atomic_load((_Atomic uint32_t *)p);
	if (bu_vm_obj_by_id(m->obj->vm, BU_VM_EVENT, id, &ev))
		return -ENOENT;
	if (ev->kind != BU_VM_EVENT || ev->h.event.type != PERF_TYPE_SOFTWARE ||
	    ev->h.event.config != PERF_COUNT_SW_BPF_OUTPUT)
		err = -EINVAL;
	else if (ev->h.event.cpu != run->cpu)
		err = -EOPNOTSUPP;
	else if (size > RAW_MAX)
		err = -E2BIG;
	else
		err = sample(run, ev, data, (uint32_t)size);
	bu_vm_obj_put(ev);
	return err;
}
