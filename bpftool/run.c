// SPDX-License-Identifier: GPL-2.0-or-later
/* prog run: a program on data and context from files, once or many times. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "vm/vm.h"

#define ROOM_LEAST 32768u             /* for what comes out, unless it is said */
#define ROOM_BEHIND (17u * 65536u)    /* what a program may put before and behind, fragments and all */
#define FILE_MOST (64u << 20)

/* One of data and context. */
struct side {
	const char *what;             /* "data", "ctx" */
	const char *in, *out;         /* paths, NULL: not given */
	bool sized;
	uint32_t room;                /* of out */
	struct bu_buf bytes;
	uint8_t *got;
	uint32_t n;                   /* of got, as the kernel says */
};

struct run {
	struct side data, ctx;
	uint32_t repeat;
	bool repeats;
	const char *env[64];          /* NAME=VALUE, for the VM */
	unsigned nenv;
};

static int take_path(struct bt *t, const char *word, const char **path)
{
	if (*path)
		return bt_usage(t, NULL, NULL, "'%s' is given twice", word);
	*path = bt_next(t);
	return *path ? 0 : bt_usage(t, NULL, NULL, "'%s' wants a path, or -", word);
}

static int take_size(struct bt *t, const char *word, struct side *s)
{
	if (s->sized)
		return bt_usage(t, NULL, NULL, "'%s' is given twice", word);
	s->sized = true;
	return bt_read_u32(t, word, &s->room);
}

static int take_env(struct bt *t, struct run *r)
{
	const char *v = bt_next(t);

	if (!v)
		return bt_usage(t, NULL, NULL, "'env' wants NAME=VALUE");
	if (r->nenv == BU_ARRAY_SIZE(r->env))
		return bt_usage(t, NULL, NULL, "'env' is given too often");
	r->env[r->nenv++] = v;
	return 0;
}

/* What helpers answer: of this run, and of no other in the same batch. */
static int set_env(struct bt *t, const struct run *r)
{
	char why[160];

	if (r->nenv && !bu_vm_is(t->sys))
		return bt_usage(t, NULL, NULL, "'env' is for the VM: the kernel's helpers tell what is (--vm)");
	for (unsigned i = 0; i < r->nenv; i++)
		if (bu_vm_set_text(t->sys, r->env[i], why))
			return bt_usage(t, NULL, NULL, "env '%s' %s", bt_escz(t, r->env[i]), why);
	return 0;
}

/* The longer of two words that begin alike is asked for first. */
static int read_words(struct bt *t, struct run *r)
{
	static const char *const words[] = { "data_in", "data_out", "data_size_out", "ctx_in", "ctx_out",
					     "ctx_size_out", "repeat", "env", NULL };
	int st = 0;

	while (!st && bt_peek(t)) {
		if (bt_kw(t, "data_in")) {
			st = take_path(t, "data_in", &r->data.in);
		} else if (bt_kw(t, "data_out")) {
			st = take_path(t, "data_out", &r->data.out);
		} else if (bt_kw(t, "data_size_out")) {
			st = take_size(t, "data_size_out", &r->data);
		} else if (bt_kw(t, "ctx_in")) {
			st = take_path(t, "ctx_in", &r->ctx.in);
		} else if (bt_kw(t, "ctx_out")) {
			st = take_path(t, "ctx_out", &r->ctx.out);
		} else if (bt_kw(t, "ctx_size_out")) {
			st = take_size(t, "ctx_size_out", &r->ctx);
		} else if (bt_kw(t, "repeat")) {
			st = r->repeats ? bt_usage(t, NULL, NULL, "'repeat' is given twice") :
					  bt_read_u32(t, "repeat", &r->repeat);
			r->repeats = true;
		} else if (bt_kw(t, "env")) {
			st = take_env(t, r);
		} else {
			st = bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
		}
	}
	if (st)
		return st;
	if (!r->data.in && !r->ctx.in)
		return bt_usage(t, NULL, NULL, "'run' wants data_in or ctx_in after the program");
	if (r->data.in && r->ctx.in && !strcmp(r->data.in, "-") && !strcmp(r->ctx.in, "-"))
		return bt_usage(t, NULL, NULL, "data and context cannot both be read from standard input");
	return 0;
}

/* Reads what goes in, and makes room for what comes out. */
static int prepare(struct bt *t, struct side *s)
{
	int err = s->in ? bu_file_read(s->in, FILE_MOST, &s->bytes) : 0;

	if (err)
		return bt_error(t, "U0002", "cannot read '%s': %s", bt_escz(t, s->in), bt_strerror(err)),
		       err == -ENOENT || err == -EFBIG ? BU_EXIT_FAIL : bu_exit_for(err);
	if (!s->out && !s->sized)
		return 0;
	if (!s->sized) {
		s->room = (uint32_t)s->bytes.n + ROOM_BEHIND;
		s->room = s->room < ROOM_LEAST ? ROOM_LEAST : s->room;
	}
	s->got = calloc(1, (size_t)s->room + 1);
	return s->got ? 0 : bt_refused(t, -1, -ENOMEM, "no memory for %s", s->what);
}

/* ---------------------------------------------------------------- what came out */

/* Rows of 16 bytes: offset, hex in pairs, characters in eights. */
static void hex_dump(struct bt *t, const uint8_t *p, uint32_t n)
{
	struct bu_buf b = { 0 };
	uint32_t i, k;

	for (i = 0; i < n; i += 16) {
		uint32_t row = n - i < 16 ? n - i : 16;

		bu_buf_printf(&b, "%07x\t", i);
		for (k = 0; k < 16; k++) {
			if (k < row)
				bu_buf_printf(&b, "%02x", p[i + k]);
			else
				bu_buf_str(&b, "  ");
			if (k % 2)
				bu_buf_str(&b, " ");
		}
		bu_buf_str(&b, "| ");
		for (k = 0; k < row; k++) {
			bu_buf_printf(&b, "%c", p[i + k] >= 0x20 && p[i + k] < 0x7f ? p[i + k] : '.');
			if (k == 7)
				bu_buf_str(&b, " ");
		}
		bu_buf_str(&b, "\n");
	}
	bu_out_text(&t->out, "%s", b.n ? bu_buf_cstr(&b) : "");
	bu_buf_free(&b);
}

static int save(struct bt *t, const struct side *s, uint32_t n)
{
	struct bu_outfile f;
	int err = bu_outfile_open(&f, s->out);

	if (!err) {
		err = bu_write_all(f.fd, s->got, n);
		if (err)
			bu_outfile_abort(&f);
		else
			err = bu_outfile_commit(&f);
	}
	if (!err)
		return 0;
	bt_error(t, "U0002", "cannot write '%s': %s", bt_escz(t, s->out), bt_strerror(err));
	return BU_EXIT_IO;
}

static void put_bytes(struct bt *t, const char *key, const uint8_t *p, uint32_t n)
{
	bu_out_arr(&t->out, key);
	for (uint32_t i = 0; i < n; i++)
		bu_out_uint(&t->out, NULL, p[i], NULL);
	bu_out_arr_end(&t->out);
}

static void put_side(struct bt *t, const struct side *s, const char *key)
{
	if (!s->out || strcmp(s->out, "-") != 0 || !s->n)
		return;
	if (t->json)
		put_bytes(t, key, s->got, s->n);
	else
		hex_dump(t, s->got, s->n);
}

/* To files first: when that fails, that is the error. */
static int put_result(struct bt *t, const struct run *r, const union bpf_attr *a)
{
	const struct side *const sides[] = { &r->data, &r->ctx };
	int st = 0;

	for (unsigned i = 0; !st && i < BU_ARRAY_SIZE(sides); i++)
		if (sides[i]->out && strcmp(sides[i]->out, "-") != 0)
			st = save(t, sides[i], sides[i]->n);
	if (st)
		return st;
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	put_side(t, &r->data, "data_out");
	put_side(t, &r->ctx, "ctx_out");
	bu_out_uint(&t->out, "retval", a->test.retval, "Return value: %u, ", a->test.retval);
	bu_out_uint(&t->out, "duration", a->test.duration, "duration%s: %uns\n",
		    r->repeat > 1 ? " (average)" : "", a->test.duration);
	bu_out_obj_end(&t->out);
	return 0;
}

static int test_run(struct bt *t, const struct bt_obj *o, struct run *r)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (uint32_t)o->fd;
	a.test.data_in = r->data.bytes.n ? bu_ptr64(r->data.bytes.p) : 0;
	a.test.data_size_in = (uint32_t)r->data.bytes.n;
	a.test.data_out = r->data.got ? bu_ptr64(r->data.got) : 0;
	a.test.data_size_out = r->data.room;
	a.test.ctx_in = r->ctx.bytes.n ? bu_ptr64(r->ctx.bytes.p) : 0;
	a.test.ctx_size_in = (uint32_t)r->ctx.bytes.n;
	a.test.ctx_out = r->ctx.got ? bu_ptr64(r->ctx.got) : 0;
	a.test.ctx_size_out = r->ctx.room;
	a.test.repeat = r->repeats ? r->repeat : 1;
	err = bu_sys_test_run(t->sys, &a);
	if (err < 0) {
		int st = bt_refused(t, BPF_PROG_TEST_RUN, err, "failed to run program");

		if (err == -EFAULT && bu_vm_is(t->sys) && bu_vm_last_fault(t->sys))
			bt_hint(t, "the VM ended the run: %s", bt_escz(t, bu_vm_last_fault(t->sys)->text));
		if (err == -ENOSPC)
			bt_hint(t, "give it more room: data_size_out N, ctx_size_out N");
		return err == -ENOSPC ? BU_EXIT_FAIL : st;
	}
	r->data.n = a.test.data_size_out < r->data.room ? a.test.data_size_out : r->data.room;
	r->ctx.n = a.test.ctx_size_out < r->ctx.room ? a.test.ctx_size_out : r->ctx.room;
	return put_result(t, r, &a);
}

int bt_prog_run(struct bt *t)
{
	struct run r = { .data.what = "data", .ctx.what = "context", .repeat = 1 };
	struct bt_obj o;
	int st = bt_handle(t, BU_PROG, 0, &o);

	if (st)
		return st;
	st = read_words(t, &r);
	if (!st)
		st = prepare(t, &r.data);
	if (!st)
		st = prepare(t, &r.ctx);
	if (!st)
		st = set_env(t, &r);
	if (!st)
		st = test_run(t, &o, &r);
	if (r.nenv && bu_vm_is(t->sys))
		bu_vm_set(t->sys, NULL, NULL, NULL);
	bu_buf_free(&r.data.bytes);
	bu_buf_free(&r.ctx.bytes);
	free(r.data.got);
	free(r.ctx.got);
	bt_obj_close(t, &o);
	return st;
}
