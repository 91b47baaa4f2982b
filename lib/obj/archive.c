/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives: one header after the other. */
#include "obj/obj.h"

#include <errno.h>
#include <string.h>

#define MAGIC "!<arch>\n"
#define HEADER 60u /* name 16, date 12, owner 6, group 6, mode 8, size 10, "`\n" */
#define SIZE_AT 48u
#define SIZE_LEN 10u
#define NAME_LEN 16u

bool bu_ar_is(const void *data, size_t size)
{
	return size >= sizeof(MAGIC) - 1 && memcmp(data, MAGIC, sizeof(MAGIC) - 1) == 0;
}

void bu_ar_open(struct bu_ar *a, const void *data, size_t size)
{
	*a = (struct bu_ar){ .p = data, .n = size, .at = sizeof(MAGIC) - 1, .names = bu_str("", 0) };
}

static struct bu_str trim(struct bu_str s)
{
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

static bool number(struct bu_str s, uint64_t *v)
{
	s = trim(s);
	return s.n && !bu_str_u64(s, v, NULL);
}

/* "NAME/", "/N": byte N of the table of long names, "#1/N": the first N bytes of the data. False: damaged. */
static bool take_name(const struct bu_ar *a, struct bu_ar_member *m)
{
	struct bu_str s = trim(m->name);
	uint64_t v;

	if (s.n > 1 && s.p[0] == '/' && number(bu_str(s.p + 1, s.n - 1), &v)) {
		if (v >= a->names.n)
			return false;
		s = bu_str(a->names.p + v, 0);
		while (v + s.n < a->names.n && s.p[s.n] != '/' && s.p[s.n] != '\n')
			s.n++;
	} else if (s.n > 3 && memcmp(s.p, "#1/", 3) == 0 && number(bu_str(s.p + 3, s.n - 3), &v)) {
		if (v > m->size)
			return false;
		s = bu_str((const char *)m->data, strnlen((const char *)m->data, (size_t)v));
		m->data += v;
		m->size -= (size_t)v;
	} else if (s.n && s.p[s.n - 1] == '/') {
		s.n--;
	}
	m->name = s;
	return true;
}

/* The tables of symbols; a member of that name is none. */
static bool is_symbols(const char *h)
{
	return memcmp(h, "/ ", 2) == 0 || memcmp(h, "/SYM64/", 7) == 0 || memcmp(h, "__.SYMDEF", 9) == 0;
}

int bu_ar_next(struct bu_ar *a, struct bu_ar_member *m)
{
	for (;;) {
		const char *h = (const char *)a->p + a->at;
		uint64_t size;

		if (a->at >= a->n)
			return 0;
		if (a->n - a->at < HEADER || memcmp(h + HEADER - 2, "`\n", 2) != 0 ||
		    !number(bu_str(h + SIZE_AT, SIZE_LEN), &size) || size > a->n - a->at - HEADER)
			return -EINVAL;
		m->name = bu_str(h, NAME_LEN);
		m->data = a->p + a->at + HEADER;
		m->size = (size_t)size;
		a->at += HEADER + m->size;
		a->at += a->at & 1 && a->at < a->n;
		if (memcmp(h, "//", 2) == 0)
			a->names = bu_str((const char *)m->data, m->size);
		else if (!is_symbols(h))
			return take_name(a, m) ? 1 : -EINVAL;
	}
}
