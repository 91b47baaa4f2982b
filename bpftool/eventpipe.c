// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map event_pipe: what programs send, record by record, until SIGINT or SIGTERM. Reading consumes.
 *
 * perf pads a record to 8k+4 bytes and does not tell how many it had. But the programs that use the map do:
 * the size is the fifth argument of bpf_perf_event_output, mostly a constant. Of the constants that some of
 * them has in that register, the one that pads to what came is the record's size, unless there are two.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load.h"
#include "tool.h"

#define MAX_SIZES 64
#define MAX_INSNS (1u << 20)
#define OP_MOV64_K 0xb7
#define OP_MOV32_K 0xb4
#define REG_SIZE 5

struct pipe {
	struct bt *t;
	struct bu_stream *stream;
	struct bu_buf hex;
	uint32_t map_id, type;
	bool at_one;
	uint32_t index;
	uint32_t size[MAX_SIZES]; /* what programs send */
	unsigned nsizes;
	uint64_t lost;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* ---------------------------------------------------------------- sizes */

static size_t padded(size_t n)
{
	return (n + 4 + 7) / 8 * 8 - 4;
}

static void add_size(struct pipe *p, uint32_t n)
{
	unsigned i;

	for (i = 0; i < p->nsizes; i++)
		if (p->size[i] == n)
			return;
	if (i < MAX_SIZES)
		p->size[p->nsizes++] = n;
}

static void sizes_of(struct pipe *p, int fd, uint32_t insns)
{
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi), i;
	struct bu_insn in;
	uint8_t *code = malloc(insns);

	pi.xlated_prog_len = insns;
	pi.xlated_prog_insns = bu_ptr64(code);
	if (code && !bu_sys_info(p->t->sys, fd, &pi, &size) && pi.xlated_prog_len <= insns) {
		for (i = 0; i + 8 <= pi.xlated_prog_len; i += 8) {
			bu_insn_decode(&in, code + i, BU_HOST_BE);
			if ((in.code == OP_MOV64_K || in.code == OP_MOV32_K) && in.dst == REG_SIZE && in.imm > 0)
				add_size(p, (uint32_t)in.imm);
		}
	}
	free(code);
}

static int of_prog(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_prog_info pi = { 0 };
	struct pipe *p = ctx;
	uint32_t size = sizeof(pi), ids[256], i;

	(void)id;
	pi.nr_map_ids = BU_ARRAY_SIZE(ids);
	pi.map_ids = bu_ptr64(ids);
	if (fd < 0 || bu_sys_info(t->sys, fd, &pi, &size))
		return 0;
	for (i = 0; i < pi.nr_map_ids && i < BU_ARRAY_SIZE(ids); i++)
		if (ids[i] == p->map_id && pi.xlated_prog_len && pi.xlated_prog_len <= MAX_INSNS * 8)
			sizes_of(p, fd, pi.xlated_prog_len);
	return 0;
}

/* What of n bytes the program sent. */
static size_t real_size(const struct pipe *p, size_t n)
{
	size_t is = 0;
	unsigned i, hits = 0;

	for (i = 0; i < p->nsizes; i++) {
		if (padded(p->size[i]) == n) {
			is = p->size[i];
			hits++;
		}
	}
	return hits == 1 ? is : n;
}

/* ---------------------------------------------------------------- records */

static void put_data(struct pipe *p, const void *data, size_t n)
{
	if (p->t->json) {
		bt_put_bytes(p->t, &p->hex, "data", data, n);
		return;
	}
	bu_buf_reset(&p->hex);
	bt_hex(&p->hex, data, n);
	bu_out_text(&p->t->out, "%s\n", bu_buf_cstr(&p->hex));
}

static int record(void *ctx, int cpu, const void *data, size_t n)
{
	struct pipe *p = ctx;
	struct bu_out *o = &p->t->out;
	uint64_t at = bu_stream_time(p->stream);
	uint32_t index = p->at_one ? p->index : (uint32_t)cpu;

	bu_out_obj(o, NULL);
	if (cpu < 0) { /* a ring buffer */
		bu_out_str(o, "type", "ringbuf", SIZE_MAX, NULL);
		bu_out_uint(o, "size", n, "== %zu bytes =====\n", n);
	} else {
		n = real_size(p, n);
		bu_out_uint(o, "type", 9 /* PERF_RECORD_SAMPLE */, NULL);
		bu_out_text(o, "== @%llu.%09llu CPU: %d index: %u =====\n", (unsigned long long)(at / 1000000000),
			    (unsigned long long)(at % 1000000000), cpu, index);
		bu_out_uint(o, "cpu", (uint64_t)cpu, NULL);
		bu_out_uint(o, "index", index, NULL);
		bu_out_uint(o, "timestamp", at, NULL);
	}
	put_data(p, data, n);
	bu_out_obj_end(o);
	return stop || o->err ? 1 : 0;
}

static void put_lost(struct pipe *p, uint64_t n)
{
	struct bu_out *o = &p->t->out;

	bu_out_obj(o, NULL);
	bu_out_uint(o, "type", 2 /* PERF_RECORD_LOST */, NULL);
	bu_out_obj(o, "lost");
	bu_out_uint(o, "count", n, "lost %llu events\n", (unsigned long long)n);
	bu_out_obj_end(o);
	bu_out_obj_end(o);
	p->lost += n;
}

static int follow(struct pipe *p)
{
	struct bt *t = p->t;
	const int *fds;
	unsigned n = bu_stream_fds(p->stream, &fds);
	int err = 0;

	while (!stop && !t->out.err) {
		uint64_t lost = 0;

		err = bu_stream_read(p->stream, record, p, &lost);
		if (lost)
			put_lost(p, lost);
		bu_out_flush(&t->out);
		if (err < 0)
			break;
		err = stop ? 0 : t->sys->ops->wait(t->sys, fds, n, -1);
		if (err < 0 && err != -EINTR)
			break;
		err = 0;
	}
	return err < 0 ? bt_refused(t, -1, err, "cannot read the records of map %u", p->map_id) : 0;
}

/* ---------------------------------------------------------------- the command */

static int read_words(struct bt *t, struct bu_stream_at *at, bool *index)
{
	uint32_t cpu;
	int st = 0;

	while (!st && bt_peek(t)) {
		if (bt_kw(t, "cpu")) {
			st = bt_read_u32(t, "the number of a CPU", &cpu);
			at->cpu = st || cpu > INT32_MAX ? INT32_MAX : (int)cpu;
		} else if (bt_kw(t, "index")) {
			st = bt_read_u32(t, "an index of the map", &at->index);
			*index = true;
		} else {
			st = bt_end(t);
		}
	}
	if (!st && (at->cpu >= 0) != *index)
		st = bt_usage(t, NULL, NULL, "'cpu' and 'index' go together");
	return st;
}

int bt_map_event_pipe(struct bt *t)
{
	struct sigaction ours = { .sa_handler = on_signal }, was_int, was_term;
	struct bu_stream_at at = { .cpu = -1, .timed = true };
	struct pipe p = { .t = t };
	struct bt_obj o;
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);
	int st, err;

	st = bt_handle(t, BU_MAP, 0, &o);
	if (!st)
		st = read_words(t, &at, &p.at_one);
	if (st)
		goto out;
	err = bu_sys_info(t->sys, o.fd, &mi, &size);
	if (err) {
		st = bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about map %u", o.id);
		goto out;
	}
	if (!bu_stream_type(mi.type) || (p.at_one && mi.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)) {
		st = bt_error(t, "T0104", p.at_one ? "map %u is no perf_event_array: it has no CPUs to choose from" :
			      "map %u is neither a perf_event_array nor a ring buffer", o.id);
		goto out;
	}
	p.map_id = o.id;
	p.type = mi.type;
	p.index = at.index;
	/* before the first record comes; what may not be read stays as it is */
	if (mi.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !bu_sys_next_id(t->sys, BU_PROG, 0, &size))
		bt_each(t, BU_PROG, 0, of_prog, &p);
	err = bu_stream_open_at(&p.stream, t->sys, o.fd, mi.type, mi.max_entries, &at);
	if (err) {
		st = bt_refused(t, -1, err, "cannot read the records of map %u", o.id);
		goto out;
	}
	stop = 0;
	sigaction(SIGINT, &ours, &was_int);
	sigaction(SIGTERM, &ours, &was_term);
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	st = follow(&p);
	bu_out_arr_end(&t->out);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	bu_stream_close(p.stream);
	bu_buf_free(&p.hex);
out:
	bt_obj_close(t, &o);
	return st;
}
