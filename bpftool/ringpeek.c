// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of a ring buffer that nobody has consumed yet, looked at without consuming them: the positions and
 * the data are mapped for reading. A consumer may go on meanwhile, and then what it has passed may be
 * overwritten: a record counts when it was still in front of the consumer after it had been copied.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define BUSY 0x80000000u
#define DISCARD 0x40000000u
#define HEAD 8u

struct ring {
	const uint8_t *cons, *prod; /* their pages; the data stand behind the latter, twice in a row */
	size_t page;
	uint64_t size;
};

static uint64_t position(const uint8_t *page)
{
	return __atomic_load_n((const uint64_t *)(const void *)page, __ATOMIC_ACQUIRE);
}

static void put_record(struct bt *t, struct bt_map *m, uint64_t pos, uint32_t head, const uint8_t *data, uint32_t n)
{
	struct bu_out *o = &t->out;
	const char *state = head & BUSY ? "busy" : head & DISCARD ? "discarded" : "ready";

	bu_out_obj(o, NULL);
	bu_out_uint(o, "position", pos, "position: %llu", (unsigned long long)pos);
	bu_out_uint(o, "size", n, "  size: %uB", n);
	bu_out_str(o, "state", state, SIZE_MAX, "  %s\n", state);
	if (!(head & BUSY)) {
		bu_buf_reset(&m->hex);
		if (t->json)
			bt_hex_json(&m->hex, data, n);
		else
			bt_hex(&m->hex, data, n);
		bu_out_raw(o, "data", bu_buf_cstr(&m->hex), "%s\n", bu_buf_cstr(&m->hex));
	}
	bu_out_obj_end(o);
}

/* 0 or -errno; -EBADMSG: no ring buffer looks so. */
static int peek(struct bt *t, struct bt_map *m, const struct ring *r, uint64_t *found)
{
	uint64_t pos = position(r->cons), end = position(r->prod), now;
	const uint8_t *data = r->prod + r->page;
	uint8_t *copy;
	int err = 0;

	if (pos > end || end - pos > r->size)
		return -EBADMSG;
	copy = malloc((size_t)r->size);
	if (!copy)
		return -ENOMEM;
	while (pos < end && !t->out.err) {
		const uint8_t *rec = data + (pos & (r->size - 1));
		uint32_t head, len;

		if (pos % 8) {
			err = -EBADMSG;
			break;
		}
		head = __atomic_load_n((const uint32_t *)(const void *)rec, __ATOMIC_ACQUIRE);
		len = head & ~(BUSY | DISCARD);
		if (len <= r->size - HEAD)
			memcpy(copy, rec + HEAD, len);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		now = position(r->cons);
		if (now > pos) { /* it was consumed, and what was read may be another record */
			pos = now;
			continue;
		}
		if (len > r->size - HEAD || len + HEAD > end - pos) {
			err = -EBADMSG;
			break;
		}
		put_record(t, m, pos, head, copy, len);
		++*found;
		pos += ((uint64_t)len + HEAD + 7) & ~UINT64_C(7);
	}
	free(copy);
	return err;
}

int bt_ring_dump(struct bt *t, struct bt_map *m, uint64_t *found)
{
	const struct bu_sys_ops *ops = t->sys->ops;
	struct ring r = { .page = (size_t)sysconf(_SC_PAGESIZE), .size = m->info.max_entries };
	size_t len = r.page + 2 * (size_t)r.size;
	void *cons = NULL, *prod = NULL;
	/* what is open for reading only cannot be mapped */
	int fd = bu_sys_fd_by_id(t->sys, BU_MAP, m->info.id, 0), err = 0, st = 0;

	if (fd < 0)
		return bt_refused(t, BPF_MAP_GET_FD_BY_ID, fd, "cannot open map %u for mapping", m->info.id);
	if (r.size < r.page || (r.size & (r.size - 1)))
		err = -EBADMSG;
	if (!err)
		cons = ops->mmap(t->sys, fd, r.page, false, 0, &err);
	if (cons)
		prod = ops->mmap(t->sys, fd, len, false, r.page, &err);
	r.cons = cons;
	r.prod = prod;
	if (prod)
		err = peek(t, m, &r, found);
	if (err == -EBADMSG)
		st = bt_error(t, "T0106", "ring buffer %u is damaged: its positions or a record's length cannot be", m->info.id);
	else if (err)
		st = bt_refused(t, -1, err, "cannot look into ring buffer %u", m->info.id);
	if (prod)
		ops->munmap(t->sys, prod, len);
	if (cons)
		ops->munmap(t->sys, cons, r.page);
	ops->close(t->sys, fd);
	return st;
}
