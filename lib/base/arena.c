/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena: memory for one unit of work, in chunks, released at once. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16u
#define CHUNK (64u * 1024)
#define BIG (1u << 20) /* zeroed memory of that size comes from the system, which gives pages when they are used */

struct bu_chunk {
	struct bu_chunk *next;
	size_t used, size; /* of data */
	_Alignas(ALIGN) uint8_t data[];
};

void bu_arena_init(struct bu_arena *a)
{
	*a = (struct bu_arena){ 0 };
}

void bu_arena_free(struct bu_arena *a)
{
	struct bu_chunk *c = a->head;

	while (c) {
		struct bu_chunk *next = c->next;

		free(c);
		c = next;
	}
	bu_arena_init(a);
}

static struct bu_chunk *add_chunk(struct bu_arena *a, size_t size, bool zeroed)
{
	/* Chunks grow with the arena, so that large inputs do not pay per 64 KiB. */
	size_t want = a->used / 2 > CHUNK ? a->used / 2 : CHUNK;
	struct bu_chunk *c;

	if (want > (4u << 20))
		want = 4u << 20;
	if (size > want || zeroed)
		want = size;
	if (want > SIZE_MAX - sizeof(*c) - ALIGN)
		return NULL;
	c = zeroed ? calloc(1, sizeof(*c) + want) : malloc(sizeof(*c) + want);
	if (!c)
		return NULL;
	c->used = 0;
	c->size = want;
	/* A chunk made for one big request goes behind the head, which still has room. */
	if (a->head && size == want) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return c;
}

static void *take(struct bu_arena *a, size_t size)
{
	struct bu_chunk *c = a->head;
	void *p;

	if (a->failed || size > SIZE_MAX - ALIGN)
		goto fail;
	size = size ? (size + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (!c || c->size - c->used < size) {
		c = add_chunk(a, size, false);
		if (!c)
			goto fail;
	}
	p = c->data + c->used;
	c->used += size;
	a->used += size;
	return p;
fail:
	a->failed = true;
	return NULL;
}

/* A section of zeros may be as large as its header says: what nobody looks at takes no memory. */
static void *take_big(struct bu_arena *a, size_t size)
{
	struct bu_chunk *c = a->failed || size > SIZE_MAX / 2 ? NULL : add_chunk(a, size, true);

	if (!c) {
		a->failed = true;
		return NULL;
	}
	c->used = size;
	a->used += size;
	return c->data;
}

void *bu_arena_alloc(struct bu_arena *a, size_t size)
{
	void *p;

	if (size >= BIG)
		return take_big(a, size);
	p = take(a, size);
	return p ? memset(p, 0, size) : NULL;
}

void *bu_arena_array(struct bu_arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		a->failed = true;
		return NULL;
	}
	return bu_arena_alloc(a, total);
}

void *bu_arena_memdup(struct bu_arena *a, const void *p, size_t n)
{
	void *copy = take(a, n);

	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

char *bu_arena_strndup(struct bu_arena *a, const char *p, size_t n)
{
	char *copy = n < SIZE_MAX ? bu_arena_alloc(a, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

char *bu_arena_strdup(struct bu_arena *a, const char *s)
{
	return bu_arena_strndup(a, s, strlen(s));
}

char *bu_arena_vprintf(struct bu_arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		a->failed = true;
		return NULL;
	}
	s = bu_arena_alloc(a, (size_t)n + 1);
	if (s)
		vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *bu_arena_printf(struct bu_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = bu_arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

void *bu_arena_regrow(struct bu_arena *a, void *vec, size_t n, size_t *cap, size_t size)
{
	struct bu_chunk *c, **at = &a->head;
	size_t old, want;

	if (n < *cap)
		return vec;
	if (*cap < CHUNK / size)
		return bu_arena_grow(a, vec, n, cap, size);
	/* A large one has a chunk of its own behind the head, which the heap can move without a copy. */
	if (__builtin_mul_overflow(*cap, size, &old) || old > SIZE_MAX / 2 - sizeof(*c) - size) {
		a->failed = true;
		return NULL;
	}
	want = (*cap + *cap / 2) * size;
	while (*at && !((*at)->data == vec && (*at)->used == old && (*at)->size == old))
		at = &(*at)->next;
	c = a->head && at != &a->head && *at ? *at : NULL;
	if (!c && !a->head)
		return bu_arena_grow(a, vec, n, cap, size);
	if (c) {
		c = realloc(c, sizeof(*c) + want);
	} else {
		c = malloc(sizeof(*c) + want);
		if (c) {
			memcpy(c->data, vec, old);
			c->next = a->head->next;
			at = &a->head->next;
		}
	}
	if (!c) {
		a->failed = true;
		return NULL;
	}
	*at = c;
	memset(c->data + old, 0, want - old);
	c->used = c->size = want;
	a->used += want - old;
	*cap += *cap / 2;
	return c->data;
}

void *bu_arena_grow(struct bu_arena *a, void *vec, size_t n, size_t *cap, size_t size)
{
	size_t want;
	void *bigger;

	if (n < *cap)
		return vec;
	want = *cap ? *cap * 2 : 8;
	bigger = bu_arena_array(a, want, size);
	if (!bigger)
		return NULL;
	if (n)
		memcpy(bigger, vec, n * size);
	*cap = want;
	return bigger;
}
