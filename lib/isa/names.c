/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names: see names.h. */
#include <sched.h>
#include <string.h>
#include "isa/names.h"

bool bu_once_begin(atomic_int *state)
{
	int none = 0;

	if (atomic_load_explicit(state, memory_order_acquire) == 2)
		return false;
	if (atomic_compare_exchange_strong(state, &none, 1))
		return true;
	while (atomic_load_explicit(state, memory_order_acquire) != 2)
		sched_yield();
	return false;
}

void bu_once_done(atomic_int *state)
{
	atomic_store_explicit(state, 2, memory_order_release);
}

/* The slot that holds name, or the free one where it belongs. */
static uint16_t *slot_of(struct bu_names *ix, const char *p, size_t n)
{
	unsigned mask = ix->size - 1, h = bu_word_hash(p, n, n) >> 12 & mask;

	for (;; h = (h + 1) & mask) {
		const char *name;

		if (!ix->slots[h])
			return &ix->slots[h];
		name = ix->at(ix->slots[h] - 1u);
		if (strncmp(name, p, n) == 0 && !name[n])
			return &ix->slots[h];
	}
}

static void build(struct bu_names *ix)
{
	const char *name;

	/* One slot stays free, else a search for what is not there would not end. */
	for (unsigned i = 0; i + 1 < ix->size && (name = ix->at(i)); i++) {
		uint16_t *slot = slot_of(ix, name, strlen(name));

		if (!*slot)
			*slot = (uint16_t)(i + 1);
	}
}

int bu_names_get(struct bu_names *ix, struct bu_str name)
{
	if (!name.n || memchr(name.p, 0, name.n))
		return -1;
	if (bu_once_begin(&ix->state)) {
		build(ix);
		bu_once_done(&ix->state);
	}
	return *slot_of(ix, name.p, name.n) - 1;
}
