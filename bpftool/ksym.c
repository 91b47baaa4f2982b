// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's symbols, from /proc/kallsyms, read when first asked for. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define KALLSYMS_MAX (256u << 20)

struct ksym {
	uint64_t addr;
	const char *name;   /* ends at a blank that was made NUL */
	const char *module; /* NULL: the kernel itself */
};

struct bt_ksyms {
	struct bu_buf file;
	struct ksym *v;
	size_t n;
};

static int by_addr(const void *va, const void *vb)
{
	const struct ksym *a = va, *b = vb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* "ffffffff81000000 T _text" or "ffffffffc0000000 t func	[module]"; false: not such a line. */
static bool parse(char *line, struct ksym *s)
{
	char *p;

	s->addr = strtoull(line, &p, 16);
	if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ' || !p[3])
		return false;
	s->name = p + 3;
	p = strchr(p + 3, '\t');
	s->module = NULL;
	if (p) {
		*p++ = 0;
		if (*p == '[') {
			s->module = ++p;
			p[strcspn(p, "]")] = 0;
		}
	}
	/* addresses that are hidden from us read as 0 */
	return s->addr != 0;
}

static struct bt_ksyms *load(struct bt *t)
{
	struct bt_ksyms *k = t->ksyms;
	size_t lines = 0;
	char *p, *nl;

	if (k)
		return k;
	k = t->ksyms = calloc(1, sizeof(*k));
	if (!k || bu_file_read("/proc/kallsyms", KALLSYMS_MAX, &k->file) || !k->file.n)
		return k;
	for (p = (char *)k->file.p; (p = strchr(p, '\n')); p++)
		lines++;
	k->v = calloc(lines ? lines : 1, sizeof(*k->v));
	if (!k->v)
		return k;
	for (p = (char *)k->file.p; (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = 0;
		if (parse(p, &k->v[k->n]))
			k->n++;
	}
	qsort(k->v, k->n, sizeof(*k->v), by_addr);
	return k;
}

void bt_ksyms_free(struct bt *t)
{
	if (t->ksyms) {
		free(t->ksyms->v);
		bu_buf_free(&t->ksyms->file);
		free(t->ksyms);
	}
	t->ksyms = NULL;
}

/* Number of symbols at or below addr. */
static size_t upto(const struct bt_ksyms *k, uint64_t addr)
{
	size_t lo = 0, hi = k->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->v[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const char *bt_ksym_near(struct bt *t, uint64_t addr, uint64_t *off, const char **module)
{
	const struct bt_ksyms *k = load(t);
	size_t n = k ? upto(k, addr) : 0;

	if (!n)
		return NULL;
	/* of several at one address the one that kallsyms names first */
	while (n > 1 && k->v[n - 2].addr == k->v[n - 1].addr)
		n--;
	*off = addr - k->v[n - 1].addr;
	if (module)
		*module = k->v[n - 1].module;
	return k->v[n - 1].name;
}

const char *bt_ksym(struct bt *t, uint64_t addr)
{
	uint64_t off;
	const char *name = bt_ksym_near(t, addr, &off, NULL);

	return name && !off ? name : NULL;
}

uint64_t bt_ksym_addr(struct bt *t, const char *name)
{
	const struct bt_ksyms *k = load(t);
	size_t i;

	for (i = 0; k && i < k->n; i++)
		if (!strcmp(k->v[i].name, name))
			return k->v[i].addr;
	return 0;
}
