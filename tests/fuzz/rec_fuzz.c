/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged recordings through the reader: no crash, no read outside of the file (build with
 * --enable-sanitizers), an end within as many items as the file can hold, a reason for each refusal.
 *
 *   rec_fuzz                 a seed made here, mutated: a TAP test
 *   rec_fuzz ROUNDS [FILE…]  the same with that many mutations of the seed and of each file
 *
 * With -fsanitize=fuzzer -DBU_LIBFUZZER it is a libFuzzer target.
 */
#include "load/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long silent, outside, endless, whole;
static unsigned sum; /* of what was read, so that it is read */

static void touch(const struct bu_rec_reader *r, const void *p, size_t n)
{
	const uint8_t *b = p;

	if (n && (b < r->file.p || (size_t)(b - r->file.p) > r->file.n - n)) {
		outside++;
		return;
	}
	for (size_t i = 0; i < n; i++)
		sum += b[i];
}

static void touch_item(const struct bu_rec_reader *r, const struct bu_rec_item *it)
{
	switch (it->kind) {
	case BU_REC_HOOK:
		touch(r, it->hook.hook, strlen(it->hook.hook) + 1);
		touch(r, it->hook.prog, strlen(it->hook.prog) + 1);
		break;
	case BU_REC_MAP:
		touch(r, it->map.name, strlen(it->map.name) + 1);
		touch(r, it->map.elems, (size_t)it->map.count * ((size_t)it->map.key_size + it->map.value_size));
		break;
	case BU_REC_EVENT:
		touch(r, it->event.ctx, it->event.size);
		outside += it->event.hook >= r->nhooks || it->event.size > BU_REC_MAX_CTX ||
			   !memchr(it->event.comm, 0, sizeof(it->event.comm));
		break;
	case BU_REC_MARK:
		touch(r, it->mark, strlen(it->mark) + 1);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bu_rec_reader r;
	struct bu_rec_item it;
	size_t items = 0;
	int e = bu_rec_open_mem(&r, data, size);

	if (!e) {
		while ((e = bu_rec_next(&r, &it)) == 1) {
			touch_item(&r, &it);
			if (++items > size / 8) {
				endless++;
				break;
			}
		}
	}
	whole += e == 0;
	silent += e < 0 && !r.why;
	bu_rec_close(&r);
	return 0;
}

#ifndef BU_LIBFUZZER

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (uint32_t)(state >> 11) % n : 0;
}

static void mutate(uint8_t *p, size_t *n)
{
	static const uint32_t odd[] = { 0, 1, 7, 8, 255, 4096, 4097, 0x7fffffff, 0x80000000, 0xfffffff8,
					0xffffffff };

	for (unsigned k = 1 + rnd(4); k && *n >= 8; k--) {
		size_t at = rnd((uint32_t)*n), to;

		switch (rnd(5)) {
		case 0:
			p[at] ^= (uint8_t)(1u << rnd(8));
			break;
		case 1:
			bu_put32(p + (at & ~(size_t)3) % (*n - 4), false,
				 odd[rnd(BU_ARRAY_SIZE(odd))]);
			break;
		case 2:
			*n = at;
			break;
		case 3: /* a part twice */
			to = rnd((uint32_t)*n);
			memmove(p + to, p + at, *n - (at > to ? at : to));
			break;
		default: /* a part less */
			at &= ~(size_t)7;
			to = 8u * (1 + rnd(8));
			if (at + to < *n) {
				memmove(p + at, p + at + to, *n - at - to);
				*n -= to;
			}
		}
	}
}

static void rounds(const uint8_t *seed, size_t size, unsigned long n)
{
	uint8_t *p = malloc(size + 8);

	if (!p)
		exit(1);
	for (unsigned long i = 0; i < n; i++) {
		size_t m = size;

		memcpy(p, seed, size);
		mutate(p, &m);
		LLVMFuzzerTestOneInput(p, m);
	}
	free(p);
}

/* A file with all kinds of items. */
static size_t make_seed(uint8_t **seed)
{
	char path[] = "/tmp/rec_fuzz.XXXXXX";
	static const uint8_t bytes[64] = { 1, 2, 3 };
	struct bu_rec_writer w;
	struct bu_rec_item it;
	struct bu_buf f = { 0 };
	int fd = mkstemp(path);

	if (fd < 0 || bu_rec_create(&w, path))
		exit(1);
	fclose(fdopen(fd, "r"));
	it = (struct bu_rec_item){ .kind = BU_REC_HOOK };
	it.hook = (struct bu_rec_hook){ 0, 5, 32, "tracepoint:skb:kfree_skb", "on_drop" };
	bu_rec_put(&w, &it);
	it.hook = (struct bu_rec_hook){ 1, 2, 8, "kprobe:__kfree_skb", "on_free" };
	bu_rec_put(&w, &it);
	it = (struct bu_rec_item){ .kind = BU_REC_MAP };
	it.map = (struct bu_rec_map){ 1, 8, 8, 4, "skbs", bytes };
	bu_rec_put(&w, &it);
	for (uint32_t i = 0; i < 6; i++) {
		it = (struct bu_rec_item){ .kind = BU_REC_EVENT };
		it.event = (struct bu_rec_event){ i, i & 1, 0, 1, 1, 0, 0, "comm", bytes, i & 1 ? 8 : 32 };
		bu_rec_put(&w, &it);
	}
	it = (struct bu_rec_item){ .kind = BU_REC_MARK, .mark = "50" };
	bu_rec_put(&w, &it);
	it = (struct bu_rec_item){ .kind = BU_REC_LOST, .lost = 1 };
	bu_rec_put(&w, &it);
	if (bu_rec_finish(&w) || bu_file_read(path, 1 << 20, &f))
		exit(1);
	remove(path);
	*seed = f.p;
	return f.n;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	uint8_t *seed;
	size_t size = make_seed(&seed);

	LLVMFuzzerTestOneInput(seed, size);
	printf("%sok 1 - the seed is whole\n", whole == 1 ? "" : "not ");
	for (size_t i = 0; i < size; i++)
		LLVMFuzzerTestOneInput(seed, i);
	rounds(seed, size, n);
	for (int i = 2; i < argc; i++) {
		struct bu_buf f = { 0 };

		if (bu_file_read(argv[i], 1 << 26, &f) == 0 && f.n)
			rounds(f.p, f.n, n);
		bu_buf_free(&f);
	}
	printf("%sok 2 - %lu mutations: nothing outside of the file\n", outside ? "not " : "", n);
	printf("%sok 3 - each refusal has its reason\n", silent ? "not " : "");
	printf("%sok 4 - each walk ends\n1..4\n# %lu whole, sum %u\n", endless ? "not " : "", whole, sum);
	free(seed);
	return whole < 1 || outside || silent || endless;
}

#endif
