// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "map dump" on a backend without batch lookups: the walk by keys. A made-up hash of eight keys
 * changes under the walk in ways that a real one cannot be made to on demand.
 */
#include <unistd.h>

#include "../../bpftool/tool.h"
#include "tap.h"

#define KEYS 8u
#define ENOTSUPP_KERNEL 524

const struct bu_opt bt_opts[] = { { 0 } };

/* Main's part of the tool, as far as a command needs it. */
bool bt_open_backend(struct bt *t)
{
	return t->sys != NULL;
}

int bt_run(struct bt *t, int n, char **words)
{
	(void)t, (void)n, (void)words;
	return 1;
}

enum trick { STILL, RESTART_ONCE, RESTART_ALWAYS, VANISH, REFUSE_LATER };

static struct fake {
	struct bu_sys sys;
	enum trick trick;
	unsigned steps, batches;
	uint32_t type;
} fake;

static int next_key(const union bpf_attr *a)
{
	uint64_t *next = (uint64_t *)(uintptr_t)a->next_key;
	const uint64_t *key = (const uint64_t *)(uintptr_t)a->key;

	fake.steps++;
	if (fake.trick == REFUSE_LATER && key && *key == 3)
		return -EIO;
	/* the key that the walk stands on was deleted: a hash begins again */
	if (key && *key == 4 && (fake.trick == RESTART_ALWAYS ||
				 (fake.trick == RESTART_ONCE && fake.steps < KEYS))) {
		*next = 0;
		return 0;
	}
	*next = key ? *key + 1 : 0;
	return *next == KEYS ? -ENOENT : 0;
}

static int fake_bpf(struct bu_sys *s, int cmd, union bpf_attr *a, unsigned size)
{
	struct bpf_map_info mi = { .type = fake.type, .id = 7, .key_size = 8, .value_size = 8,
				   .max_entries = KEYS };
	uint64_t key;

	(void)s, (void)size;
	switch (cmd) {
	case BPF_MAP_GET_FD_BY_ID:
		return dup(0);
	case BPF_OBJ_GET_INFO_BY_FD:
		memcpy((void *)(uintptr_t)a->info.info, &mi,
		       a->info.info_len < sizeof(mi) ? a->info.info_len : sizeof(mi));
		return 0;
	case BPF_MAP_LOOKUP_BATCH:
		fake.batches++;
		return -ENOTSUPP_KERNEL;
	case BPF_MAP_GET_NEXT_KEY:
		return next_key(a);
	case BPF_MAP_LOOKUP_ELEM:
		if (!a->key) /* an empty stack */
			return -ENOENT;
		memcpy(&key, (void *)(uintptr_t)a->key, sizeof(key));
		if (fake.trick == VANISH && key == 2)
			return -ENOENT;
		memcpy((void *)(uintptr_t)a->value, &key, sizeof(key));
		return 0;
	}
	return -EINVAL;
}

static int fake_close(struct bu_sys *s, int fd)
{
	(void)s;
	return close(fd);
}

static const struct bu_sys_ops ops = { .name = "fake", .bpf = fake_bpf, .close = fake_close };

static int collect(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

/* Runs "map dump id 7"; what it prints goes into out. Returns its status. */
static int dump(enum trick trick, bool json, uint32_t type, struct bu_buf *out, unsigned *errors)
{
	char *words[] = { "map", "dump", "id", "7", NULL };
	struct bt t = { .sys = &fake.sys, .prog = "bpftool", .json = json, .w = words, .nw = 4 };
	int st;

	fake = (struct fake){ .sys.ops = &ops, .trick = trick, .type = type };
	bu_buf_reset(out);
	bu_out_init(&t.out, collect, out);
	t.out.json = json;
	bu_arena_init(&t.arena);
	bu_diags_init(&t.ds);
	st = bt_dispatch(&t);
	*errors = t.ds.errors;
	bu_out_finish(&t.out);
	bu_diags_free(&t.ds);
	bu_arena_free(&t.arena);
	return st;
}

static unsigned count(const struct bu_buf *b, const char *what)
{
	const char *p = bu_buf_cstr((struct bu_buf *)b);
	unsigned n = 0;

	for (; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static bool ends_with(struct bu_buf *b, const char *s)
{
	size_t n = strlen(s);

	return b->n >= n && !memcmp(b->p + b->n - n, s, n);
}

int main(void)
{
	struct bu_buf out = { 0 };
	unsigned errors;

	ok(dump(STILL, false, BPF_MAP_TYPE_HASH, &out, &errors) == 0, "a still map is dumped");
	ok(count(&out, "key: ") == KEYS && ends_with(&out, "Found 8 elements\n"), "all of it");
	ok(fake.batches == 1, "batch lookup is tried once");

	ok(dump(RESTART_ONCE, false, BPF_MAP_TYPE_HASH, &out, &errors) == 0 && !errors,
	   "a walk that began again comes to its end");
	ok(count(&out, "key: ") == KEYS, "and prints each key once");

	ok(dump(RESTART_ALWAYS, false, BPF_MAP_TYPE_HASH, &out, &errors) == 1,
	   "a walk without end is ended, status 1");
	ok(errors == 1 && count(&out, "key: ") == 5, "each key once, and one error");
	ok(fake.steps < 4 * KEYS + 1100, "after a bounded number of steps");
	ok(dump(RESTART_ALWAYS, true, BPF_MAP_TYPE_HASH, &out, &errors) == 1 &&
		   count(&out, "\"key\":") == 5 && count(&out, "\"error\":") == 1 &&
		   ends_with(&out, "}]\n"),
	   "as JSON the array is whole and its last element is the error");

	ok(dump(VANISH, false, BPF_MAP_TYPE_HASH, &out, &errors) == 1 && errors == 1 &&
		   count(&out, "key: ") == KEYS - 1 && !count(&out, "no entry"),
	   "an element that vanished costs its row; one of eight is too many to say nothing");
	ok(dump(VANISH, false, BPF_MAP_TYPE_SOCKMAP, &out, &errors) == 0 &&
		   count(&out, "value: <no entry>") == 1 && ends_with(&out, "Found 7 elements\n"),
	   "an empty slot of an array is a row, and not counted");

	ok(dump(REFUSE_LATER, true, BPF_MAP_TYPE_HASH, &out, &errors) != 0 &&
		   count(&out, "\"error\":") == 1 && ends_with(&out, "}]\n"),
	   "a refusal in the middle leaves valid JSON and a status");
	ok(dump(STILL, true, BPF_MAP_TYPE_STACK, &out, &errors) == 0 && ends_with(&out, "[]\n") && !fake.steps,
	   "a stack is not walked at all");
	bu_buf_free(&out);
	return done_testing();
}
