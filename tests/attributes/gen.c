/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways in which a call can be broken. */
#include "core.h"

#include <string.h>

static const uint64_t numbers[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 20, 32, 36, 64, 255, 256, 511, 512,
	4095, 4096, 65536, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
static const uint64_t bad_addr[] = { 0, 1, 0xfff, 0x7ffffffff000, 0x800000000000, 0x1000000000000000,
	0xffff888000000000, 0xfffffffffffff000, 0xffffffffffffffff };
static const uint64_t bad_fd[] = { 0xffffffff, 0x7fffffff, 0x80000000, 900, 0xfffffff6 };
static const uint64_t bad_id[] = { 0, 0x7ffffff0, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffffff };
static const struct {
	const char text[17];
	unsigned n;
} names[] = { { "", 1 }, { "a", 1 }, { "a.b_C9", 6 }, { "a-b", 3 }, { "a b", 3 }, { "a/b", 3 },
	{ "0123456789abcde", 15 }, { "0123456789abcdef", 16 }, { "a\0b", 3 }, { "\200", 1 },
	{ "a\n", 2 }, { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a", 16 } };

#define AT(list, i) ((i) < BU_ARRAY_SIZE(list) ? &(list)[i] : NULL)

static bool break_pointer(const struct val *v, enum fkind kind, unsigned i, struct val *o)
{
	static char longest[3000];
	const uint64_t *a = AT(bad_addr, i);

	if (a) {
		*o = addr(*a);
		return true;
	}
	i -= BU_ARRAY_SIZE(bad_addr);
	*o = *v;
	if (v->kind != V_PTR || v->place == P_NONE)
		*o = (struct val){ .kind = V_PTR, .n = 8 };
	switch (i) {
	case 0:
		o->place = P_END;
		return true;
	case 1:
		o->place = P_CROSS;
		return true;
	case 2:
		o->place = P_RO;
		return true;
	case 3: /* only its last byte is there not, and it is of no use to the kernel */
		o->place = P_CROSS;
		o->n = o->n > 1 ? o->n - 1 : 1;
		return true;
	case 4:
		o->bytes = NULL;
		o->nembed = 0;
		return true;
	}
	if (kind != F_STR)
		return false;
	switch (i) {
	case 5:
		*o = str("");
		return true;
	case 6:
		memset(longest, 'a', sizeof(longest) - 1);
		*o = str(longest);
		o->place = P_END;
		return true;
	case 7:
		*o = str("a b/../\001");
		return true;
	}
	return false;
}

/* The i-th way of breaking a field that has the value v. false: there are no more. */
static bool broken(const struct field *f, const struct val *v, unsigned i, struct val *o)
{
	unsigned n;

	switch (f->kind) {
	case F_NUM:
	case F_RES:
		n = f->kind == F_RES ? 2 : BU_ARRAY_SIZE(numbers);
		if (i < n) {
			*o = num(f->kind == F_RES ? i ? 0xffffffff : 0xfefefefe : numbers[i]);
			return true;
		}
		*o = *v;
		o->num += i == n ? 1 : (uint64_t)-1;
		return i < n + 2 && f->kind != F_RES;
	case F_FLAGS:
		if (i >= f->len * 8 + 2)
			return false;
		*o = *v;
		o->num = i < f->len * 8		? v->num ^ (1ull << i) :
			 i == f->len * 8	? UINT64_MAX :
						  (v->num | 3);
		if (f->len == 4)
			o->num &= 0xffffffff;
		return true;
	case F_FD:
		n = BU_ARRAY_SIZE(bad_fd);
		if (i < n) {
			*o = num(bad_fd[i]);
			return true;
		}
		if (!fx_wrong(i - n))
			return false;
		*o = fd_of(fx_wrong(i - n));
		return true;
	case F_ID:
		if (i >= BU_ARRAY_SIZE(bad_id))
			return false;
		*o = num(bad_id[i]);
		return true;
	case F_NAME:
		if (i >= BU_ARRAY_SIZE(names))
			return false;
		*o = (struct val){ .kind = V_NAME };
		memcpy(o->text, names[i].text, names[i].n);
		return true;
	default:
		return break_pointer(v, f->kind, i, o);
	}
}

static unsigned ways(const struct call *c, unsigned field)
{
	struct val o;
	unsigned n = 0;

	while (broken(&c->spec->fields[field], &c->v[field], n, &o))
		n++;
	return n;
}

/* Part of an id is another id, and which that is hangs on the side. */
static bool cuts_id(const struct call *c, unsigned at)
{
	for (unsigned i = 0; i < c->spec->nfields; i++) {
		const struct field *f = &c->spec->fields[i];

		if (f->kind == F_ID && at >= f->off && at < f->off + f->len)
			return true;
	}
	return false;
}

/* Near bytes of a pointer: whether something lies where it points then is chance. */
static bool near_pointer(const struct call *c, unsigned at)
{
	for (unsigned i = 0; i < c->spec->nfields; i++)
		if (c->v[i].kind == V_PTR && at > c->spec->fields[i].off && at < c->spec->fields[i].off + 5)
			return true;
	return false;
}

/* The kernel waits for all processors, each time that a link goes: a sample is enough. */
static bool waits(const struct spec *s)
{
	return s->cmd == BPF_LINK_CREATE || s->cmd == BPF_LINK_UPDATE;
}

static void sizes(const struct call *base, bool all)
{
	static const unsigned big[] = { 169, 170, 175, 176, 184, 200, 255, 256, 1024, 4095, 4096, 4097,
		8000, 0x7fffffff, 0x80000000, 0xffffffff };
	static const unsigned some[] = { 0, 1, 4, 8, 12, 16, 24, 32, 40, 48, 56, 60, 64, 72, 96, 120,
		128, 152, 160, 168, 176, 4096 };
	struct call c = *base;

	c.size_set = true;
	unsigned step = waits(base->spec) && !options.full ? 8 : 1;

	all = all && step == 1;
	for (unsigned i = 0; i <= sizeof(union bpf_attr); i += all ? 1 : 4) {
		c.size = i;
		if (!i || !cuts_id(&c, i))
			run(&c);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(big) && all; i++) {
		c.size = big[i];
		run(&c);
		for (unsigned k = 0; k < BU_ARRAY_SIZE(big); k++)
			if (big[k] < 4200) {
				c.tail = big[k] - 1;
				run(&c);
			}
		c.tail = 0;
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(some); i++) {
		c.size = some[i];
		if (c.size && cuts_id(&c, c.size))
			continue;
		for (unsigned p = P_END; p <= P_RO; p++) {
			c.attr_place = p;
			run(&c);
		}
		c.attr_place = P_NONE;
		for (unsigned k = 0; k < BU_ARRAY_SIZE(bad_addr) && (all || i == 5); k++) {
			c.attr_addr = bad_addr[k];
			run(&c);
		}
		c.attr_addr = 0;
		c.attr_place = P_RW;
	}
	/* Each byte, those that the command does not know included. */
	c = *base;
	for (unsigned i = 1; i < sizeof(union bpf_attr) && (all || step > 1); i += step) {
		c.tail = i;
		if (!cuts_id(&c, i) && !near_pointer(&c, i))
			run(&c);
	}
}

/* Of all but a command's first call, each way of breaking it is tried for one in sixteen. */
static bool sampled(bool first)
{
	return first || options.full || rnd(16) == 0;
}

void break_all(const struct call *base)
{
	static bool seen[TALLIES];
	bool first = base->spec->cmd < TALLIES && !seen[base->spec->cmd];
	struct call c = *base;

	if (!wanted(base->spec))
		return;
	run(base);
	for (unsigned i = 0; i < base->spec->nfields; i++) {
		for (unsigned k = 0; broken(&base->spec->fields[i], &base->v[i], k, &c.v[i]); k++)
			if (sampled(first))
				run(&c);
		c.v[i] = base->v[i];
	}
	if (sampled(first))
		sizes(base, first);
	if (base->spec->cmd < TALLIES)
		seen[base->spec->cmd] = true;
	break_pairs(base, options.pairs);
}

void break_pairs(const struct call *base, unsigned n)
{
	unsigned nf = base->spec->nfields;

	for (unsigned i = 0; i < n && nf; i++) {
		struct call c = *base;
		unsigned k = 2 + (unsigned)rnd(3);

		while (k--) {
			unsigned f = (unsigned)rnd(nf), w = ways(base, f);

			if (w)
				broken(&base->spec->fields[f], &base->v[f], (unsigned)rnd(w), &c.v[f]);
		}
		if (rnd(8) == 0) {
			c.size_set = true;
			c.size = (unsigned)rnd(180);
			if (cuts_id(&c, c.size))
				c.size = 168;
		}
		run(&c);
	}
}
