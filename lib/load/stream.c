// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ring buffers and perf buffers, read by mmap.
 *
 *   ring buffer   page 0: consumer's position; page 1: producer's; then the data, twice in a row, so that no
 *                 record is cut. A record: u32 length with two flags, u32 of the kernel's, the bytes, padded to 8.
 *   perf buffer   page 0: struct perf_event_mmap_page; then the data, once: a record may be cut.
 */
#include "load/load.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY 0x80000000u
#define DISCARD 0x40000000u
#define PERF_PAGES 64u      /* a power of two; for each CPU */
#define MAX_CPUS 8192u

struct perf {
	int fd, cpu;
	void *map;
};

struct bu_stream {
	struct bu_sys *s;
	size_t page;
	/* ring buffer */
	uint8_t *cons, *prod;
	uint64_t size;
	/* perf buffers */
	struct perf *perf;
	int *fds; unsigned nfds;
	struct bu_buf cut;  /* a record that was cut */
	bool timed;         /* records begin with their time */
	uint64_t time;      /* of the record that is handed out */
};

bool bu_stream_type(uint32_t map_type)
{
	return map_type == BPF_MAP_TYPE_RINGBUF || map_type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* ---------------------------------------------------------------- ring buffer */

static int open_ring(struct bu_stream *t, int map_fd, uint32_t size)
{
	const struct bu_sys_ops *ops = t->s->ops;
	int err = 0;

	if (!size || size & (size - 1))
		return -EINVAL;
	t->fds = malloc(sizeof(*t->fds));
	if (!t->fds)
		return -ENOMEM;
	t->fds[0] = map_fd;
	t->nfds = 1;
	t->size = size;
	t->cons = ops->mmap(t->s, map_fd, t->page, true, 0, &err);
	if (!t->cons)
		return err;
	t->prod = ops->mmap(t->s, map_fd, t->page + 2 * (size_t)size, false, t->page, &err);
	return t->prod ? 0 : err;
}

static int read_ring(struct bu_stream *t, bu_stream_fn *fn, void *ctx)
{
	uint64_t *cons = (uint64_t *)(void *)t->cons, pos = __atomic_load_n(cons, __ATOMIC_ACQUIRE), end;
	const uint8_t *data = t->prod + t->page;
	int rc = 0;

	while (!rc && pos < (end = __atomic_load_n((uint64_t *)(void *)t->prod, __ATOMIC_ACQUIRE))) {
		const uint8_t *rec = data + (pos & (t->size - 1));
		uint32_t word = __atomic_load_n((const uint32_t *)(const void *)rec, __ATOMIC_ACQUIRE);
		uint32_t len = word & ~(BUSY | DISCARD);

		if (word & BUSY)
			break;
		if (pos % 8 || len > t->size - 8)
			return -EINVAL;
		if (!(word & DISCARD))
			rc = fn(ctx, -1, rec + 8, len);
		pos += ((uint64_t)len + 8 + 7) & ~UINT64_C(7);
		__atomic_store_n(cons, pos, __ATOMIC_RELEASE);
	}
	return rc;
}

/* ---------------------------------------------------------------- perf buffers */

static int open_cpu(struct bu_stream *t, int map_fd, uint32_t cpu, uint32_t index)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW | (t->timed ? PERF_SAMPLE_TIME : 0), .sample_period = 1,
		.wakeup_events = 1,
	};
	struct perf *p = &t->perf[t->nfds];
	int err = 0;

	p->fd = t->s->ops->perf_event_open(t->s, &a, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (p->fd == -ENODEV) /* a CPU that may come one day */
		return 0;
	if (p->fd < 0)
		return p->fd;
	p->cpu = (int)cpu;
	t->fds[t->nfds++] = p->fd;
	p->map = t->s->ops->mmap(t->s, p->fd, (1 + PERF_PAGES) * t->page, true, 0, &err);
	if (!p->map)
		return err;
	err = t->s->ops->perf_enable(t->s, p->fd);
	return err ? err : bu_sys_map_update(t->s, map_fd, &index, &p->fd, BPF_ANY);
}

static int open_perf(struct bu_stream *t, int map_fd, uint32_t max_entries, const struct bu_stream_at *at)
{
	int cpus = t->s->ops->possible_cpus(t->s), err = 0;
	uint32_t n = cpus > 0 ? (uint32_t)cpus : 1;

	if (at && at->cpu >= 0) {
		t->perf = calloc(1, sizeof(*t->perf));
		t->fds = calloc(1, sizeof(*t->fds));
		if (!t->perf || !t->fds)
			return -ENOMEM;
		err = open_cpu(t, map_fd, (uint32_t)at->cpu, at->index);
		return err ? err : t->nfds ? 0 : -ENODEV;
	}
	n = n < max_entries ? n : max_entries;
	if (n > MAX_CPUS)
		return -E2BIG;
	t->perf = calloc(n + 1, sizeof(*t->perf));
	t->fds = calloc(n + 1, sizeof(*t->fds));
	if (!t->perf || !t->fds)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < n && !err; cpu++)
		err = open_cpu(t, map_fd, cpu, cpu);
	return err;
}

/* n bytes at a position of the data, in one piece. */
static const uint8_t *whole(struct bu_stream *t, const uint8_t *data, uint64_t size, uint64_t pos, size_t n)
{
	size_t at = (size_t)(pos & (size - 1)), first = (size_t)size - at;

	if (n <= first)
		return data + at;
	bu_buf_reset(&t->cut);
	bu_buf_add(&t->cut, data + at, first);
	bu_buf_add(&t->cut, data, n - first);
	return t->cut.failed ? NULL : t->cut.p;
}

static int read_cpu(struct bu_stream *t, const struct perf *p, bu_stream_fn *fn, void *ctx, uint64_t *lost)
{
	struct perf_event_mmap_page *m = p->map;
	size_t head = sizeof(struct perf_event_header) + (t->timed ? 8 : 0);
	uint64_t size = PERF_PAGES * (uint64_t)t->page, pos = m->data_tail;
	uint64_t end = __atomic_load_n(&m->data_head, __ATOMIC_ACQUIRE);
	const uint8_t *data = (const uint8_t *)p->map + t->page;
	int rc = 0;

	while (!rc && pos < end) {
		struct perf_event_header h;
		const uint8_t *rec = whole(t, data, size, pos, sizeof(h));
		uint32_t n;

		if (!rec)
			return -ENOMEM;
		memcpy(&h, rec, sizeof(h));
		if (h.size < sizeof(h) || h.size > end - pos || h.size > size)
			return -EINVAL;
		rec = whole(t, data, size, pos, h.size);
		if (!rec)
			return -ENOMEM;
		if (h.type == PERF_RECORD_SAMPLE && h.size >= head + 4) {
			if (t->timed)
				memcpy(&t->time, rec + sizeof(h), 8);
			memcpy(&n, rec + head, 4);
			if (n > h.size - head - 4)
				return -EINVAL;
			rc = fn(ctx, p->cpu, rec + head + 4, n);
		} else if (h.type == PERF_RECORD_LOST && h.size >= sizeof(h) + 16) {
			uint64_t many;

			memcpy(&many, rec + sizeof(h) + 8, 8);
			*lost += many;
		}
		pos += h.size;
		__atomic_store_n(&m->data_tail, pos, __ATOMIC_RELEASE);
	}
	return rc;
}

/* ---------------------------------------------------------------- both */

int bu_stream_open(struct bu_stream **out, struct bu_sys *s, int map_fd, uint32_t map_type, uint32_t max_entries)
{
	return bu_stream_open_at(out, s, map_fd, map_type, max_entries, NULL);
}

int bu_stream_open_at(struct bu_stream **out, struct bu_sys *s, int map_fd, uint32_t map_type,
		      uint32_t max_entries, const struct bu_stream_at *at)
{
	struct bu_stream *t = calloc(1, sizeof(*t));
	int err;

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->s = s;
	t->timed = at && at->timed;
	t->page = (size_t)sysconf(_SC_PAGESIZE);
	if (map_type == BPF_MAP_TYPE_RINGBUF)
		err = open_ring(t, map_fd, max_entries);
	else if (map_type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		err = open_perf(t, map_fd, max_entries, at);
	else
		err = -EOPNOTSUPP;
	if (err)
		bu_stream_close(t);
	else
		*out = t;
	return err;
}

uint64_t bu_stream_time(const struct bu_stream *t)
{
	return t->time;
}

unsigned bu_stream_fds(const struct bu_stream *t, const int **fds)
{
	*fds = t->fds;
	return t->nfds;
}

int bu_stream_read(struct bu_stream *t, bu_stream_fn *fn, void *ctx, uint64_t *lost)
{
	int rc = 0;

	if (t->prod)
		return read_ring(t, fn, ctx);
	for (unsigned i = 0; i < t->nfds && !rc; i++)
		rc = read_cpu(t, &t->perf[i], fn, ctx, lost);
	return rc;
}

void bu_stream_close(struct bu_stream *t)
{
	const struct bu_sys_ops *ops;

	if (!t)
		return;
	ops = t->s->ops;
	if (t->prod)
		ops->munmap(t->s, t->prod, t->page + 2 * (size_t)t->size);
	if (t->cons)
		ops->munmap(t->s, t->cons, t->page);
	for (unsigned i = 0; t->perf && i < t->nfds; i++) {
		if (t->perf[i].map)
			ops->munmap(t->s, t->perf[i].map, (1 + PERF_PAGES) * t->page);
		ops->close(t->s, t->perf[i].fd);
	}
	free(t->perf);
	free(t->fds);
	bu_buf_free(&t->cut);
	free(t);
}
