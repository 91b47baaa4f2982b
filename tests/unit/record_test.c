/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings: what was written is what is read, and every damage is told. */
#include "load/record.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char path[96], beside[64];

static const uint8_t ctx[24] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t elems[24] = { 9, 0, 0, 0, 8 };

static void put_all(struct bu_rec_writer *w)
{
	struct bu_rec_item it = { .kind = BU_REC_HOOK };

	it.hook = (struct bu_rec_hook){ .index = 0, .prog_type = 5, .ctx_size = 24,
					.hook = "tracepoint:skb:kfree_skb", .prog = "on_drop" };
	bu_rec_put(w, &it);
	it.hook = (struct bu_rec_hook){ .index = 1, .prog_type = 2, .ctx_size = 0,
					.hook = "kprobe:f", .prog = "p" };
	bu_rec_put(w, &it);
	it = (struct bu_rec_item){ .kind = BU_REC_MAP };
	it.map = (struct bu_rec_map){ .type = 1, .key_size = 4, .value_size = 8, .count = 2,
				      .name = "skbs", .elems = elems };
	bu_rec_put(w, &it);
	for (uint32_t i = 0; i < 3; i++) {
		it = (struct bu_rec_item){ .kind = BU_REC_EVENT };
		it.event = (struct bu_rec_event){ .time = UINT64_C(0x123456789abc) + i, .hook = i & 1,
						  .cpu = 3, .pid = 70000 + i, .tgid = 70000,
						  .uid = 1, .gid = 2, .comm = "leak", .ctx = ctx,
						  .size = i & 1 ? 0 : 24 };
		bu_rec_put(w, &it);
		it = (struct bu_rec_item){ .kind = BU_REC_MARK, .mark = i ? "b" : "a mark" };
		bu_rec_put(w, &it);
	}
	it = (struct bu_rec_item){ .kind = BU_REC_LOST, .lost = 7 };
	bu_rec_put(w, &it);
}

static void test_round(void)
{
	struct bu_rec_writer w;
	struct bu_rec_reader r;
	struct bu_rec_item it;
	bool same = true;
	unsigned n = 0, marks = 0;

	ok(bu_rec_create(&w, path) == 0, "a recording is begun");
	put_all(&w);
	ok(access(path, F_OK) != 0, "it has no name before it is whole");
	ok(bu_rec_finish(&w) == 0, "it is finished");
	ok(bu_rec_open(&r, path) == 0, "it is opened");
	ok(bu_rec_next(&r, &it) == 1 && it.kind == BU_REC_HOOK && it.hook.ctx_size == 24 &&
	   strcmp(it.hook.hook, "tracepoint:skb:kfree_skb") == 0 &&
	   strcmp(it.hook.prog, "on_drop") == 0, "a hook is what was written");
	ok(bu_rec_next(&r, &it) == 1 && it.kind == BU_REC_HOOK && it.hook.index == 1, "the second too");
	ok(bu_rec_next(&r, &it) == 1 && it.kind == BU_REC_MAP && it.map.count == 2 &&
	   strcmp(it.map.name, "skbs") == 0 && memcmp(it.map.elems, elems, sizeof(elems)) == 0,
	   "a map is what was written");
	while (bu_rec_next(&r, &it) == 1 && it.kind != BU_REC_LOST) {
		if (it.kind == BU_REC_MARK) {
			same &= strcmp(it.mark, marks++ ? "b" : "a mark") == 0;
			continue;
		}
		same &= it.kind == BU_REC_EVENT && it.event.time == UINT64_C(0x123456789abc) + n &&
			it.event.hook == (n & 1) && it.event.cpu == 3 && it.event.pid == 70000 + n &&
			it.event.tgid == 70000 && it.event.uid == 1 && it.event.gid == 2 &&
			strcmp(it.event.comm, "leak") == 0 && it.event.size == (n & 1 ? 0 : 24u) &&
			(n & 1 || memcmp(it.event.ctx, ctx, 24) == 0);
		n++;
	}
	ok(same && n == 3 && marks == 3, "events and marks are what was written, in order");
	ok(it.kind == BU_REC_LOST && it.lost == 7, "so is the number of lost events");
	ok(bu_rec_next(&r, &it) == 0 && it.kind == BU_REC_END && it.events == 3, "the end counts the events");
	ok(bu_rec_next(&r, &it) == 0, "behind the end is nothing");
	bu_rec_rewind(&r);
	ok(bu_rec_next(&r, &it) == 1 && it.kind == BU_REC_HOOK, "it can be read again");
	bu_rec_close(&r);
}

/* Reads all: 0, or the first error; *events counts. */
static int read_all(const void *p, size_t n, unsigned *events, const char **why)
{
	struct bu_rec_reader r;
	struct bu_rec_item it;
	int e = bu_rec_open_mem(&r, p, n);

	*events = 0;
	if (!e) {
		while ((e = bu_rec_next(&r, &it)) == 1)
			*events += it.kind == BU_REC_EVENT;
	}
	*why = r.why;
	bu_rec_close(&r);
	return e;
}

/* Where the k-th item of a kind begins, and its bytes with padding. */
static size_t find(const uint8_t *p, size_t n, uint32_t kind, unsigned k, size_t *len)
{
	for (size_t at = 16; at + 8 <= n; at += *len) {
		*len = (8 + (size_t)bu_get32(p + at + 4, false) + 7) & ~(size_t)7;
		if (bu_get32(p + at, false) == kind && !k--)
			return at;
	}
	return 0;
}

static void test_damage(void)
{
	struct bu_buf f = { 0 }, g = { 0 };
	const char *why = NULL;
	unsigned events, told = 0, silent = 0;
	size_t at, len;

	ok(bu_file_read(path, 1 << 20, &f) == 0, "the file's bytes");
	for (size_t n = 0; n < f.n; n++) {
		int e = read_all(f.p, n, &events, &why);

		told += e < 0 && why;
		silent += e >= 0 || !why;
	}
	/* The last item has no padding, so no shorter file is whole. */
	ok(told == f.n && !silent, "cut at any of %zu places: refused with a reason", f.n);

	at = find(f.p, f.n, BU_REC_EVENT, 1, &len);
	bu_buf_add(&g, f.p, at);
	bu_buf_add(&g, f.p + at + len, f.n - at - len);
	ok(read_all(g.p, g.n, &events, &why) == -EINVAL && events == 2, "an event less is noticed");
	g.n = 0;
	bu_buf_add(&g, f.p, f.n);
	g.p[8] = 2;
	ok(read_all(g.p, g.n, &events, &why) == -EPROTO && why, "another version is told");
	g.p[8] = 1;
	at = find(g.p, g.n, BU_REC_MAP, 0, &len);
	bu_put32(g.p + at + 8 + 12, false, UINT32_MAX);
	ok(read_all(g.p, g.n, &events, &why) == -EINVAL, "a map of more elements than bytes is refused");
	bu_put32(g.p + at + 8 + 12, false, 2);
	at = find(g.p, g.n, BU_REC_EVENT, 0, &len);
	bu_put32(g.p + at + 8 + 8, false, 2);
	ok(read_all(g.p, g.n, &events, &why) == -EINVAL, "an event of no hook is refused");
	bu_put32(g.p + at + 8 + 8, false, 0);
	at = find(g.p, g.n, BU_REC_LOST, 0, &len);
	bu_put32(g.p + at, false, 0x8000);
	ok(read_all(g.p, g.n, &events, &why) == 0 && events == 3, "an item of a later release is passed over");
	bu_buf_free(&f);
	bu_buf_free(&g);
}

static void test_write_errors(void)
{
	struct bu_rec_writer w;
	struct stat st, st2;

	ok(bu_rec_create(&w, "/nonexistent/x") == -ENOENT, "no such directory");
	stat(path, &st);
	ok(bu_rec_create(&w, path) == 0, "a second recording under the name");
	put_all(&w);
	bu_rec_abandon(&w);
	ok(stat(path, &st2) == 0 && st.st_ino == st2.st_ino, "given up, it leaves the first one");
}

int main(void)
{
	strcpy(beside, "/tmp/record_test.XXXXXX");
	if (!mkdtemp(beside))
		return 1;
	snprintf(path, sizeof(path), "%s/r", beside);
	test_round();
	test_damage();
	test_write_errors();
	unlink(path);
	ok(rmdir(beside) == 0, "nothing is left beside it");
	return done_testing();
}
