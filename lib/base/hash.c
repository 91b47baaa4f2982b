/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hash: byte strings to pointers, open addressing, linear probing, load below 3/4. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a with a final mix (the low bits index the table). */
uint32_t bu_hash_bytes(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 32);
}

void bu_hash_free(struct bu_hash *h)
{
	free(h->slots);
	*h = (struct bu_hash){ 0 };
}

/* The slot that holds the key, or the free one where it would go. */
static struct bu_hash_slot *slot_for(const struct bu_hash *h, const char *key, size_t n,
				     uint32_t hash)
{
	for (size_t i = hash & (h->cap - 1);; i = (i + 1) & (h->cap - 1)) {
		struct bu_hash_slot *s = &h->slots[i];

		if (!s->key)
			return s;
		if (s->hash == hash && s->n == n && memcmp(s->key, key, n) == 0)
			return s;
	}
}

void *bu_hash_get(const struct bu_hash *h, const char *key, size_t n)
{
	if (!h->cap)
		return NULL;
	return slot_for(h, key, n, bu_hash_bytes(key, n))->val;
}

static int grow(struct bu_hash *h)
{
	struct bu_hash bigger = { .cap = h->cap ? h->cap * 2 : 32, .n = h->n };

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < h->cap; i++) {
		struct bu_hash_slot *s = &h->slots[i];

		if (s->key)
			*slot_for(&bigger, s->key, s->n, s->hash) = *s;
	}
	free(h->slots);
	*h = bigger;
	return 0;
}

int bu_hash_put(struct bu_hash *h, const char *key, size_t n, void *val)
{
	uint32_t hash = bu_hash_bytes(key, n);
	struct bu_hash_slot *s;

	if (h->n + 1 > h->cap / 4 * 3 && grow(h))
		return -ENOMEM;
	s = slot_for(h, key, n, hash);
	if (!s->key)
		h->n++;
	*s = (struct bu_hash_slot){ key, n, hash, val };
	return 0;
}
