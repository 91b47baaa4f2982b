/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan of the next pass (relax.h): longer forms where there is gotol, else islands. */
#include "bpf-as/relax.h"

#include <stdlib.h>

/* Slots between places where an island may stand. */
#define SPACING 2048
#define MAX_ROUNDS 200
#define REACH 32767

static int out_of_reach(struct as *as, const struct as_jump *j, const char *why, const char *help)
{
	struct bu_diag *d = as_error(as, "A0166", j->pos, j->len, "%s", why);

	bu_diag_help(as->ds, d, "%s", help);
	return -EINVAL;
}

/* ---------------------------------------------------------------- longer forms */

/* Orig slots of what grows, ascending, with the sum of the growth up to and with each. */
struct growth {
	uint64_t *at, *sum;
	size_t n;
};

static int64_t grown(const struct growth *g, int64_t orig)
{
	size_t lo = 0, hi = g->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)g->at[mid] < orig)
			lo = mid + 1;
		else
			hi = mid;
	}
	return orig + (lo ? (int64_t)g->sum[lo - 1] : 0);
}

/* Widens jumps of the section until the others reach. */
static void widen(const struct as_relax *r, const struct as_rxsec *x, struct growth *g, uint8_t *wide)
{
	bool changed = true;

	for (int round = 0; changed; round++) {
		/* Each round asks for more room, so that they end soon. */
		int64_t lim = REACH - 16 - 256 * (int64_t)r->pass - 64 * (round < 256 ? round : 256);
		uint64_t sum = 0;

		g->n = 0;
		for (size_t i = 0; i < r->nj; i++) {
			if (r->jump[i].sec != x->sec || !wide[i] || !r->jump[i].grow)
				continue;
			sum += r->jump[i].grow;
			g->at[g->n] = r->jump[i].orig;
			g->sum[g->n++] = sum;
		}
		changed = false;
		for (size_t i = 0; i < r->nj; i++) {
			const struct as_jump *j = &r->jump[i];
			int64_t d;

			if (j->sec != x->sec || j->kind != J_OFF || wide[i])
				continue;
			d = grown(g, j->target) - grown(g, (int64_t)j->orig) - 1;
			if (d >= -lim && d <= lim)
				continue;
			wide[i] = 1;
			changed = true;
		}
	}
}

static int plan_wide(struct as *as)
{
	struct as_relax *r = as->relax;
	uint8_t *wide = calloc(r->nj + 1, 1);
	struct growth g = { 0 };

	g.at = calloc(r->nj + 1, sizeof(*g.at));
	g.sum = calloc(r->nj + 1, sizeof(*g.sum));
	if (!wide || !g.at || !g.sum) {
		free(wide);
		free(g.at);
		free(g.sum);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->nj; i++)
		wide[i] = r->jump[i].wide;
	for (size_t i = 0; i < r->nsec; i++)
		widen(r, r->sec[i], &g, wide);
	free(r->wide);
	r->wide = wide;
	free(g.at);
	free(g.sum);
	return 0;
}

/* ---------------------------------------------------------------- islands */

struct isle {
	uint64_t at;      /* orig slot */
	uint32_t insn;
	uint64_t planned; /* slots that the layout leaves for it */
	uint32_t n;       /* trampolines now */
	uint64_t pos;     /* first slot in the layout */
};

/* A trampoline while routes are sought. */
struct stone {
	uint32_t isle, jump, next, index;
	int64_t target;
	uint32_t chain; /* next one of the same hash */
};

struct route {
	struct as *as;
	const struct as_rxsec *x;
	uint64_t lo, hi; /* the function */
	int64_t lim;
	struct isle *isle;
	size_t nisle;
	struct stone *stone; /* of all functions so far; [from …] are this one's */
	size_t nstone, cap_stone, from;
	uint32_t *hash;      /* into stone, + 1 */
	size_t nhash;
	uint32_t *via;
};

/* The layout's slot of orig: of what a label there names, or of the instruction. */
static int64_t laid(const struct route *t, int64_t orig, bool insn)
{
	size_t lo = 0, hi = t->nisle;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)t->isle[mid].at < orig + insn)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return orig;
	return orig + (int64_t)(t->isle[lo - 1].pos - t->isle[lo - 1].at + t->isle[lo - 1].planned);
}

static void lay_out(struct route *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->nisle; i++) {
		t->isle[i].pos = t->isle[i].at + sum;
		sum += t->isle[i].planned;
		t->isle[i].n = 0;
	}
}

/* The farthest island on the way from slot p to slot to that a jump at p reaches; -1: none. */
static int64_t farthest(const struct route *t, int64_t p, int64_t to)
{
	size_t lo = 0, hi = t->nisle;
	int64_t i;

	if (to > p) { /* the last that ends within reach */
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if ((int64_t)(t->isle[mid].pos + t->isle[mid].planned) + 4 <= p + t->lim)
				lo = mid + 1;
			else
				hi = mid;
		}
		i = (int64_t)lo - 1;
		while (i >= 0 && (int64_t)t->isle[i].pos >= to)
			i--;
		return i >= 0 && (int64_t)t->isle[i].pos > p ? i : -1;
	}
	while (lo < hi) { /* the first that begins within reach */
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)t->isle[mid].pos < p - t->lim)
			lo = mid + 1;
		else
			hi = mid;
	}
	i = (int64_t)lo;
	while (i < (int64_t)t->nisle && (int64_t)t->isle[i].pos <= to)
		i++;
	return i < (int64_t)t->nisle && (int64_t)(t->isle[i].pos + t->isle[i].planned) <= p ? i : -1;
}

static uint32_t hash(const struct route *t, uint32_t isle, int64_t target)
{
	uint64_t h = ((uint64_t)target * 0x9e3779b97f4a7c15ull) ^ (isle * 0xff51afd7ed558ccdull);

	return (uint32_t)((h ^ h >> 29) % t->nhash);
}

/* The trampoline to target on that island; *made: it is new. AS_NO_VIA: out of memory. */
static uint32_t stone(struct route *t, uint32_t isle, uint32_t jump, int64_t target, bool *made)
{
	uint32_t h = hash(t, isle, target);
	struct stone *s;

	*made = false;
	for (uint32_t i = t->hash[h]; i; i = t->stone[i - 1].chain)
		if (t->stone[i - 1].isle == isle && t->stone[i - 1].target == target)
			return i - 1;
	t->stone = bu_arena_grow(&t->as->arena, t->stone, t->nstone, &t->cap_stone, sizeof(*s));
	if (!t->stone) {
		t->nstone = t->from = 0;
		return AS_NO_VIA;
	}
	s = &t->stone[t->nstone];
	*s = (struct stone){ .isle = isle, .jump = jump, .next = AS_NO_VIA, .target = target,
			     .index = t->isle[isle].n++, .chain = t->hash[h] };
	t->hash[h] = (uint32_t)++t->nstone;
	*made = true;
	return (uint32_t)t->nstone - 1;
}

/* 0; -ERANGE: no way; -ENOMEM */
static int find_way(struct route *t, uint32_t j, const struct as_jump *jump)
{
	int64_t p = laid(t, (int64_t)jump->orig, true), to = laid(t, jump->target, !jump->sym), i;
	uint32_t last = AS_NO_VIA, s;
	bool made = true;

	t->via[j] = AS_NO_VIA;
	while (made && (to - p - 1 > t->lim || to - p - 1 < -t->lim)) {
		i = farthest(t, p, to);
		if (i < 0)
			return -ERANGE;
		s = stone(t, (uint32_t)i, j, jump->target, &made);
		if (s == AS_NO_VIA)
			return -ENOMEM;
		if (last == AS_NO_VIA)
			t->via[j] = s;
		else
			t->stone[last].next = s;
		last = s;
		p = (int64_t)t->isle[i].pos + 1 + t->stone[s].index;
	}
	return 0;
}

static bool in_function(const struct route *t, const struct as_jump *j)
{
	return j->sec == t->x->sec && j->kind == J_OFF && j->orig >= t->lo && j->orig < t->hi &&
	       j->target >= (int64_t)t->lo && j->target < (int64_t)t->hi;
}

static int sites(struct route *t)
{
	size_t n = (t->hi - t->lo) / SPACING + 1, k = 0;

	t->isle = bu_arena_array(&t->as->arena, n, sizeof(*t->isle));
	t->nisle = 0;
	if (!t->isle)
		return -ENOMEM;
	for (uint64_t want = t->lo + SPACING; want < t->hi; want += SPACING) {
		while (k < t->x->ninsn && t->x->insn[k] < want)
			k++;
		if (k == t->x->ninsn || t->x->insn[k] >= t->hi || t->nisle == n)
			break;
		if (!t->nisle || t->isle[t->nisle - 1].at < t->x->insn[k])
			t->isle[t->nisle++] = (struct isle){ .at = t->x->insn[k], .insn = (uint32_t)k };
	}
	return 0;
}

/* Finds ways for all jumps of one function, in rounds: islands make the ways longer. */
static int function(struct route *t)
{
	struct as_relax *r = t->as->relax;
	bool grew = true;
	int err = 0;

	err = sites(t);
	if (err)
		return err;
	for (int round = 0; grew; round++) {
		lay_out(t);
		memset(t->hash, 0, t->nhash * sizeof(*t->hash));
		t->nstone = t->from;
		for (size_t i = 0; i < r->nj && !err; i++) {
			if (!in_function(t, &r->jump[i]))
				continue;
			err = find_way(t, (uint32_t)i, &r->jump[i]);
			if (err == -ERANGE || (!err && round == MAX_ROUNDS))
				return out_of_reach(t->as, &r->jump[i],
						    "too many jumps are too far for trampolines to hold",
						    "-mcpu=v4 has 'gotol', which needs none");
		}
		if (err)
			return err;
		grew = false;
		for (size_t i = 0; i < t->nisle; i++) {
			uint64_t need = t->isle[i].n ? t->isle[i].n + 1u : 0;

			if (need <= t->isle[i].planned)
				continue;
			t->isle[i].planned = need + need / 16;
			grew = true;
		}
	}
	return 0;
}

static bool any_far(const struct route *t)
{
	const struct as_relax *r = t->as->relax;

	for (size_t i = 0; i < r->nj; i++)
		if (in_function(t, &r->jump[i]) &&
		    llabs(r->jump[i].target - (int64_t)r->jump[i].orig - 1) > t->lim)
			return true;
	return false;
}

/* Writes one function's islands into the plan. */
static int keep(struct as_relax *r, struct route *t)
{
	struct as_site *site;
	struct as_tramp *tramp;
	uint32_t first = (uint32_t)t->from;

	site = realloc(r->site, (r->nsite + t->nisle + 1) * sizeof(*site));
	if (site)
		r->site = site;
	tramp = realloc(r->tramp, (t->nstone + 1) * sizeof(*tramp));
	if (tramp)
		r->tramp = tramp;
	if (!site || !tramp)
		return -ENOMEM;
	for (size_t i = 0; i < t->nisle; i++) {
		if (!t->isle[i].n)
			continue;
		r->site[r->nsite++] = (struct as_site){ .sec = t->x->index, .insn = t->isle[i].insn,
							.first = first, .n = t->isle[i].n };
		t->isle[i].pos = first; /* now: of its trampolines */
		first += t->isle[i].n;
	}
#define FINAL(s) ((uint32_t)t->isle[t->stone[s].isle].pos + t->stone[s].index)
	for (size_t i = t->from; i < t->nstone; i++)
		r->tramp[FINAL(i)] = (struct as_tramp){
			.jump = t->stone[i].jump,
			.next = t->stone[i].next == AS_NO_VIA ? AS_NO_VIA : FINAL(t->stone[i].next),
		};
	for (size_t i = 0; i < r->nj; i++)
		if (in_function(t, &r->jump[i]) && t->via[i] != AS_NO_VIA)
			t->via[i] = FINAL(t->via[i]);
#undef FINAL
	t->from = t->nstone;
	r->ntramp = (uint32_t)t->nstone;
	return 0;
}

static int plan_islands(struct as *as)
{
	struct as_relax *r = as->relax;
	struct route t = { .as = as, .lim = REACH - 16 - 256 * (int64_t)r->pass };
	int err = 0;

	r->nsite = r->ntramp = 0;
	t.nhash = 2 * r->nj + 1024;
	t.hash = bu_arena_array(&as->arena, t.nhash, sizeof(*t.hash));
	t.via = malloc((r->nj + 1) * sizeof(*t.via));
	if (!t.hash || !t.via)
		err = -ENOMEM;
	if (t.via)
		memset(t.via, 0xff, (r->nj + 1) * sizeof(*t.via));
	for (size_t i = 0; i < r->nsec && !err; i++) {
		t.x = r->sec[i];
		t.hi = 0;
		/* Labels are in the order of their places. A compiler says itself which are functions. */
		for (const struct as_sym *s = t.x->sec->first_sym; !err && t.hi < t.x->sec->size / 8;
		     s = s ? s->x->next_in_sec : NULL) {
			if (s && !s->is_func && s->type != STT_FUNC)
				continue;
			t.lo = t.hi;
			t.hi = as_relax_orig(t.x, s ? (uint64_t)s->value : t.x->sec->size);
			if (t.lo < t.hi && any_far(&t))
				err = function(&t);
			if (t.lo < t.hi && !err && t.nisle)
				err = keep(r, &t);
			t.nisle = 0;
			if (!s)
				break;
		}
	}
	free(r->via);
	r->via = t.via;
	if (r->nsite == 0 && !err)
		for (size_t i = 0; i < r->nj; i++)
			if (r->jump[i].kind == J_OFF &&
			    llabs(r->jump[i].target - (int64_t)r->jump[i].orig - 1) > REACH)
				return out_of_reach(as, &r->jump[i], "target is too far, and in another function",
						    "a jump stays in its function; 'call' reaches another one");
	return err;
}

int as_relax_plan(struct as *as)
{
	struct as_relax *r = as->relax;
	int err;

	if (r->pass == AS_MAX_PASSES && r->nj)
		return out_of_reach(as, &r->jump[0], "jumps do not come to reach, however the code is laid out",
				    "conditions on the size of code (.if, .org) may be the cause");
	err = as_has_gotol(as) ? plan_wide(as) : plan_islands(as);
	r->njump = r->nj;
	return err;
}
