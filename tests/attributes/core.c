/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call on both sides: its memory, what came out of it, the comparison. */
#include "core.h"
#include "fixtures.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define RW_SIZE (2 * PAGE) /* of a field's memory */
#define RO_SIZE (2 * PAGE)
#define ATTR_SIZE (3 * PAGE)
#define FILL 0xa5
#define SLOT 1024u

struct counts counts;
struct options options;
const char *const side_name[SIDES] = { "kernel", "vm" };

/* The caller's memory: each zone ends where there is none. */
static uint8_t *rws[MAXFIELDS], *ro, *ro_alias, *attrs, *attrs_ro, *scratch;
static uint8_t befores[MAXFIELDS][RW_SIZE];
static char now[512]; /* what is being called, for a crash */

static void crashed(int sig)
{
	(void)sig;
	if (write(1, "not ok - crashed in ", 20) + write(1, now, strlen(now)) + write(1, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

static uint8_t *zone(size_t size, int prot, int fd, off_t off)
{
	uint8_t *p = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = mmap(p + PAGE, size, prot, MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED),
		 fd, off);
	return p == MAP_FAILED ? NULL : p;
}

int core_init(void)
{
	int fd = memfd_create("differ", MFD_CLOEXEC);
	struct sigaction sa = { .sa_handler = crashed };

	if (fd < 0 || ftruncate(fd, RO_SIZE + PAGE))
		return -errno;
	for (unsigned i = 0; i < MAXFIELDS; i++) {
		rws[i] = zone(RW_SIZE, PROT_READ | PROT_WRITE, -1, 0);
		if (!rws[i])
			return -ENOMEM;
	}
	attrs = zone(ATTR_SIZE, PROT_READ | PROT_WRITE, -1, 0);
	scratch = zone(PAGE, PROT_READ | PROT_WRITE, -1, 0);
	ro = zone(RO_SIZE, PROT_READ, fd, 0);
	ro_alias = zone(RO_SIZE, PROT_READ | PROT_WRITE, fd, 0);
	attrs_ro = zone(PAGE, PROT_READ, fd, RO_SIZE);
	close(fd);
	if (!attrs || !ro || !ro_alias || !attrs_ro || !scratch)
		return -ENOMEM;
	for (unsigned i = 0; i < PAGE; i++)
		scratch[i] = (uint8_t)(i * 7);
	sigaction(SIGSEGV, &sa, NULL);
	return 0;
}

uint64_t scratch_addr(unsigned off)
{
	return bu_ptr64(scratch + off);
}

uint64_t rnd(uint64_t n)
{
	uint64_t z = (options.seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return n ? z % n : z;
}

/* ---------------------------------------------------------------- values */

struct val num(uint64_t n)
{
	return (struct val){ .kind = V_NUM, .num = n };
}

struct val fd_of(const struct fixture *f)
{
	return (struct val){ .kind = V_FD, .fx = f };
}

struct val id_of(const struct fixture *f)
{
	return (struct val){ .kind = V_ID, .fx = f };
}

struct val in(const void *bytes, unsigned n)
{
	return (struct val){ .kind = V_PTR, .n = n, .bytes = bytes };
}

struct val in_emb(const void *bytes, unsigned n, const struct embed *e, unsigned ne)
{
	return (struct val){ .kind = V_PTR, .n = n, .bytes = bytes, .embed = e, .nembed = ne };
}

struct val out(unsigned n)
{
	return (struct val){ .kind = V_PTR, .n = n };
}

struct val str(const char *s)
{
	return in(s, (unsigned)strlen(s) + 1);
}

struct val name(const char *s)
{
	struct val v = { .kind = V_NAME };

	strncpy(v.text, s, 16);
	return v;
}

struct val addr(uint64_t a)
{
	return (struct val){ .kind = V_PTR, .place = P_NONE, .num = a };
}

struct call call_of(const struct spec *s, const char *label)
{
	struct call c;

	memset(&c, 0, sizeof(c));
	c.spec = s;
	c.label = label;
	return c;
}

static unsigned field_no(const struct call *c, const char *field)
{
	for (unsigned i = 0; i < c->spec->nfields; i++)
		if (strcmp(c->spec->fields[i].name, field) == 0)
			return i;
	printf("Bail out! %s has no field %s\n", c->spec->name, field);
	exit(1);
}

void set(struct call *c, const char *field, struct val v)
{
	c->v[field_no(c, field)] = v;
}

const struct val *get(const struct call *c, const char *field)
{
	return &c->v[field_no(c, field)];
}

/* ---------------------------------------------------------------- the caller's memory */

static uint64_t address(const struct call *c, unsigned i)
{
	const struct val *v = &c->v[i];

	switch (v->place) {
	case P_RW:
		return bu_ptr64(rws[i]);
	case P_END:
		return bu_ptr64(rws[i] + RW_SIZE - v->n);
	case P_CROSS:
		return bu_ptr64(rws[i] + RW_SIZE - v->n + 1);
	case P_RO:
		return bu_ptr64(ro + (i * SLOT) % RO_SIZE);
	default:
		return v->num;
	}
}

/* Puts a field's memory where it belongs. -1: a fixture is missing. */
static int put_memory(const struct call *c, unsigned i, unsigned side)
{
	const struct val *v = &c->v[i];
	uint8_t buf[2 * PAGE], *at;
	uint64_t a = address(c, i);
	unsigned n = v->n;

	if (v->place == P_NONE || !n || n > sizeof(buf))
		return 0;
	memset(buf, FILL, n);
	if (v->bytes)
		memcpy(buf, v->bytes, n);
	for (unsigned k = 0; k < v->nembed; k++) {
		const struct embed *e = &v->embed[k];
		uint32_t u;

		if (e->what == E_PTR) {
			uint64_t p = scratch_addr((unsigned)e->ptr);

			memcpy(buf + e->off, &p, 8);
			continue;
		}
		if (fx_fd(side, e->fx) < 0)
			return -1;
		u = e->what == E_FD ? (uint32_t)fx_fd(side, e->fx) : fx_id(side, e->fx);
		memcpy(buf + e->off, &u, 4);
	}
	at = (uint8_t *)(uintptr_t)a;
	if (v->place == P_RO)
		at = ro_alias + (at - ro);
	else if (at + n > rws[i] + RW_SIZE)
		n = (unsigned)(rws[i] + RW_SIZE - at);
	memcpy(at, buf, n);
	return 0;
}

static int put_attr(const struct call *c, unsigned side, union bpf_attr *a)
{
	for (unsigned i = 0; i < c->spec->nfields; i++) {
		const struct field *f = &c->spec->fields[i];
		const struct val *v = &c->v[i];
		uint64_t x = v->num;

		if (v->kind == V_NAME) {
			memcpy((uint8_t *)a + f->off, v->text, f->len);
			continue;
		}
		if (v->kind == V_FD || v->kind == V_ID) {
			int fd = fx_fd(side, v->fx);

			if (fd < 0)
				return -1;
			x = v->kind == V_FD ? (uint32_t)fd : fx_id(side, v->fx);
			x += v->num;
		} else if (v->kind == V_PTR) {
			x = address(c, i);
			if (put_memory(c, i, side))
				return -1;
		}
		/* Fields of unions: a zero does not undo what another name has set. */
		if (x || v->kind != V_NUM)
			memcpy((uint8_t *)a + f->off, &x, f->len < 8 ? f->len : 8);
	}
	return 0;
}

/* ---------------------------------------------------------------- what came out */

static void note(struct bu_buf *t, const char *fmt, ...) BU_PRINTF(2, 3);
static void note(struct bu_buf *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(t, fmt, ap);
	va_end(ap);
}

/* Replaces u32 ids by what they name, so that both sides' can be compared. */
static void name_id(unsigned side, enum bu_objkind kind, uint8_t *p)
{
	const char *n;
	uint32_t id;

	memcpy(&id, p, 4);
	if (!id)
		return;
	n = fx_name(side, kind, id);
	id = n ? bu_hash_bytes(n, strlen(n)) : 0xf0f0f0f0u;
	memcpy(p, &id, 4);
}

struct item {
	uint8_t *a, *b;
	unsigned na, nb;
};
static int item_cmp(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int r = memcmp(a->a, b->a, a->na);

	return r || !a->nb ? r : memcmp(a->b, b->b, a->nb);
}

static void sort_items(uint8_t *a, unsigned na, uint8_t *b, unsigned nb, unsigned n)
{
	struct item it[64];
	uint8_t ca[SLOT], cb[SLOT];

	if (n > 64 || n * na > sizeof(ca) || n * nb > sizeof(cb))
		return;
	memcpy(ca, a, n * na);
	memcpy(cb, b, n * nb);
	for (unsigned i = 0; i < n; i++)
		it[i] = (struct item){ ca + i * na, cb + i * nb, na, nb };
	qsort(it, n, sizeof(*it), item_cmp);
	for (unsigned i = 0; i < n; i++) {
		memcpy(a + i * na, it[i].a, na);
		memcpy(b + i * nb, it[i].b, nb);
	}
}

static bool changed(const uint8_t *p, const uint8_t *was, unsigned n)
{
	return memcmp(p, was, n) != 0;
}

static bool in_rw(const struct call *c, unsigned i)
{
	return c->v[i].kind == V_PTR && c->v[i].place <= P_CROSS;
}

static void apply_mask(const struct call *c, unsigned side, const struct mask *m,
		       union bpf_attr *a, const union bpf_attr *was)
{
	uint8_t *p, *q;
	const uint8_t *w;

	if (!*m->field) {
		p = (uint8_t *)a + m->off;
		w = (const uint8_t *)was + m->off;
	} else {
		unsigned i = field_no(c, m->field);

		if (!in_rw(c, i))
			return;
		p = (uint8_t *)(uintptr_t)address(c, i) + m->off;
		w = befores[i] + (p - rws[i]);
		if (p >= rws[i] + RW_SIZE)
			return;
		if (p + m->len > rws[i] + RW_SIZE && m->how != M_SORT) {
			/* A part of it: of no meaning any more, and of an id it may be what was there before. */
			memset(p, 0xee, (size_t)(rws[i] + RW_SIZE - p));
			return;
		}
		if (m->how == M_SORT && i + 1 < c->spec->nfields && in_rw(c, i + 1)) {
			unsigned n = 0;

			q = (uint8_t *)(uintptr_t)address(c, i + 1);
			while ((n + 1) * m->len <= SLOT && (n + 1) * m->len2 <= SLOT &&
			       p + (n + 1) * m->len <= rws[i] + RW_SIZE &&
			       q + (n + 1) * m->len2 <= rws[i + 1] + RW_SIZE &&
			       changed(p + n * m->len, w + n * m->len, m->len))
				n++;
			sort_items(p, m->len, q, m->len2, n);
			return;
		}
	}
	if (m->how == M_SORT)
		return;
	if (c->spec->cmd == BPF_OBJ_GET_INFO_BY_FD && *m->field) { /* part of an id is none, and may be 0 */
		uint64_t n = get(c, "info.info_len")->num;

		if (n > m->off && n < m->off + m->len) {
			memset(p, 0xee, m->len);
			return;
		}
	}
	if (!changed(p, w, m->len))
		return;
	if (m->how == M_ANY)
		memset(p, 0xee, m->len);
	else
		name_id(side,
			m->how == M_MAP_ID  ? BU_MAP :
			m->how == M_PROG_ID ? BU_PROG :
			m->how == M_LINK_ID ? BU_LINK :
					      BU_BTF,
			p);
}

/* Values of maps of maps and of program arrays are ids. */
static void name_inner(const struct call *c, unsigned side)
{
	bool batch = c->spec->cmd == BPF_MAP_LOOKUP_BATCH ||
		     c->spec->cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
	const struct fixture *f;

	if (!batch && c->spec->cmd != BPF_MAP_LOOKUP_ELEM)
		return;
	f = c->v[0].kind == V_FD ? c->v[0].fx : NULL;
	if (!f || (!f->of && f->arg[0] != BPF_MAP_TYPE_PROG_ARRAY))
		return;
	for (unsigned i = 0; i < (batch ? 64u : 1u); i++) {
		struct mask m = { batch ? "batch.values" : "value", i * 4, 4,
				  f->of ? M_MAP_ID : M_PROG_ID, 0, "ids are each side's own" };

		apply_mask(c, side, &m, NULL, NULL);
	}
}

static void diff_bytes(struct bu_buf *t, const char *what, const uint8_t *p, const uint8_t *was,
		       unsigned n)
{
	unsigned i = 0, k;

	while (i < n) {
		if (p[i] == was[i]) {
			i++;
			continue;
		}
		for (k = i + 1; k < n && p[k] != was[k]; k++)
			;
		note(t, "    %s+%u:", what, i);
		for (unsigned j = i; j < k && j < i + 64; j++)
			note(t, " %02x", p[j]);
		note(t, k - i > 64 ? " … %u bytes, hash %x\n" : "\n", k - i,
		     bu_hash_bytes(p + i, k - i));
		i = k;
	}
}

/* ---------------------------------------------------------------- one call */

static void describe(const struct call *c, struct bu_buf *b)
{
	static const char *const places[] = { "", "end ", "cross ", "ro ", "" };

	note(b, "%s (%s): size %u", c->spec->name, c->label,
	     c->size_set ? c->size : (unsigned)sizeof(union bpf_attr));
	if (c->attr_place)
		note(b, " at %s%llx", places[c->attr_place], (unsigned long long)c->attr_addr);
	if (c->tail)
		note(b, " [%u]=5a", c->tail);
	for (unsigned i = 0; i < c->spec->nfields; i++) {
		const struct val *v = &c->v[i];
		const char *n = c->spec->fields[i].name;

		switch (v->kind) {
		case V_NUM:
			if (v->num)
				note(b, " %s=%llx", n, (unsigned long long)v->num);
			break;
		case V_FD:
		case V_ID:
			note(b, " %s=%s", n, v->fx->name);
			if (v->num)
				note(b, "%+lld", (long long)v->num);
			break;
		case V_NAME:
			note(b, " %s=\"%.16s\"", n, v->text);
			break;
		case V_PTR:
			if (v->place == P_NONE) {
				note(b, " %s=*%llx", n, (unsigned long long)v->num);
				break;
			}
			note(b, " %s=*%s%u", n, places[v->place], v->n);
			for (unsigned k = 0; k < v->nembed; k++)
				if (v->embed[k].fx)
					note(b, ":%s", v->embed[k].fx->name);
			if (v->bytes) {
				note(b, ":");
				for (unsigned k = 0; k < v->n && k < 16; k++)
					note(b, "%02x", ((const uint8_t *)v->bytes)[k]);
			}
		}
	}
}

/* Contents of a map fixture, by key. */
static void dump(unsigned side, const struct fixture *f, struct bu_buf *t)
{
	struct bpf_map_info info = { 0 };
	uint32_t n = sizeof(info), count = 0, order[32];
	uint8_t key[32][64], val[32][512];
	struct bu_sys *s = side_sys(side);
	int fd = fx_fd(side, f), r;

	if (f->make != make_map || fd < 0 || bu_sys_info(s, fd, &info, &n) || info.key_size > 64 || info.value_size > 128)
		return;
	memset(val, 0, sizeof(val));
	for (; count < 32; count++) {
		r = bu_sys_map_next_key(s, fd, count ? key[count - 1] : NULL, key[count]);
		if (r) {
			note(t, "    dump %s: %s\n", f->name, r == -ENOENT ? "end" : bu_errno_name(r));
			break;
		}
		r = bu_sys_map_lookup(s, fd, key[count], val[count], 0);
		if (r)
			memset(val[count], 0xcc, sizeof(val[count]));
		else if (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS)
			name_id(side, BU_MAP, val[count]);
		else if (info.type == BPF_MAP_TYPE_PROG_ARRAY)
			name_id(side, BU_PROG, val[count]);
		fx_name_fds(side, val[count], sizeof(val[0]));
		order[count] = count;
	}
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++)
			if (memcmp(key[order[k]], key[order[i]], info.key_size) < 0) {
				uint32_t x = order[i];

				order[i] = order[k];
				order[k] = x;
			}
	for (unsigned i = 0; i < count; i++) {
		note(t, "    dump %s:", f->name);
		for (unsigned k = 0; k < info.key_size; k++)
			note(t, " %02x", key[order[i]][k]);
		note(t, " = %x\n", bu_hash_bytes(val[order[i]], sizeof(val[0])));
	}
}

/* May a call of this command have changed an object, whatever it returned? */
static bool changes(const struct call *c, int r)
{
	switch (c->spec->cmd) {
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_OBJ_GET_INFO_BY_FD:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_MAP_CREATE:
	case BPF_BTF_LOAD:
	case BPF_PROG_LOAD:
		return false;
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM: /* fails after the removal when it cannot copy */
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
		return r != -EINVAL && r != -EBADF && r != -EPERM;
	case BPF_MAP_UPDATE_BATCH: /* fail in the middle */
	case BPF_MAP_DELETE_BATCH:
		return r != -EPERM;
	default:
		return r >= 0;
	}
}

/* How many elements a hash has that is looked up in batches; 0: another call. */
static unsigned batch_of_hash(const struct call *c)
{
	bool batch = c->spec->cmd == BPF_MAP_LOOKUP_BATCH ||
		     c->spec->cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;

	if (!batch || c->v[0].kind != V_FD)
		return 0;
	switch (c->v[0].fx->arg[0]) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return (unsigned)c->v[0].fx->arg[5];
	}
	return 0;
}

/* A bucket could not be handed over: what it held is each side's own. */
static bool lost(const struct call *c, int r)
{
	return r == -EFAULT && batch_of_hash(c) > 1;
}

/* Does the answer hang on which bucket an element is in? Then it is no matter of attributes. */
static bool of_buckets(const struct call *c)
{
	unsigned n = batch_of_hash(c);
	const struct val *from;
	uint32_t bucket = 0;

	if (!n)
		return false;
	if (n > 1 && get(c, "batch.count")->num < n)
		return true;
	from = get(c, "batch.in_batch");
	if (from->kind == V_PTR && from->place != P_NONE && from->bytes && from->n >= 4)
		memcpy(&bucket, from->bytes, 4);
	return bucket && bucket < 64;
}

/* Sends it to one side: what came out as text, and the result. -1: it could not be made. */
static int one(const struct call *c, unsigned side, struct bu_buf *t, int *result)
{
	struct bu_sys *s = side_sys(side);
	union bpf_attr was, is;
	uint8_t *at = attrs + PAGE;
	unsigned size = c->size_set ? c->size : (unsigned)sizeof(was);
	unsigned n = size < ATTR_SIZE - PAGE ? size : ATTR_SIZE - PAGE;
	uint8_t tail[ATTR_SIZE];
	int r;

	for (unsigned i = 0; i < c->spec->nfields; i++)
		if (c->v[i].kind == V_PTR)
			memset(rws[i], FILL, RW_SIZE);
	memset(&was, 0, sizeof(was));
	if (put_attr(c, side, &was))
		return -1;
	memset(tail, 0, sizeof(tail));
	memcpy(tail, &was, sizeof(was));
	if (c->tail && c->tail < sizeof(tail))
		tail[c->tail] = 0x5a;
	memcpy(&was, tail, sizeof(was));
	/* Behind the size that is given, not behind the union: what is not zero there is not seen. */
	memset(attrs, 0, ATTR_SIZE);
	if (c->attr_place == P_END)
		at = attrs + ATTR_SIZE - n;
	else if (c->attr_place == P_CROSS)
		at = attrs + ATTR_SIZE - n + (n != 0);
	else if (c->attr_place == P_RO)
		at = attrs_ro;
	else if (c->attr_place == P_NONE)
		at = (uint8_t *)(uintptr_t)c->attr_addr;
	if (c->attr_place == P_RO) {
		mprotect(attrs_ro, PAGE, PROT_READ | PROT_WRITE);
		memcpy(attrs_ro, tail, PAGE);
		mprotect(attrs_ro, PAGE, PROT_READ);
	} else if (c->attr_place != P_NONE) {
		unsigned k = (unsigned)(attrs + ATTR_SIZE - at);

		memcpy(at, tail, k < sizeof(tail) ? k : sizeof(tail));
	}
	for (unsigned i = 0; i < c->spec->nfields; i++)
		if (c->v[i].kind == V_PTR)
			memcpy(befores[i], rws[i], RW_SIZE);
	r = s->ops->bpf(s, c->spec->cmd, (union bpf_attr *)(void *)at, size);
	*result = r;
	if (r >= 0 && c->spec->fd)
		note(t, "    fd%s\n", (fcntl(r, F_GETFD) & FD_CLOEXEC) ? "" : " without close-on-exec");
	else
		note(t, "    %s\n", r > 0 ? "positive" : r ? bu_errno_name(r) : "0");
	if (c->attr_place == P_RW) {
		memcpy(&is, at, sizeof(is));
		for (unsigned i = 0; i < c->nmasks; i++)
			if (!*c->masks[i].field)
				apply_mask(c, side, &c->masks[i], &is, &was);
		diff_bytes(t, "attribute", (uint8_t *)&is, (uint8_t *)&was, sizeof(is));
		if (changed(at + sizeof(is), tail + sizeof(is), ATTR_SIZE - PAGE - sizeof(is)) ||
		    changed(attrs, attrs + 64, 64))
			note(t, "    wrote beside the attribute\n");
	}
	name_inner(c, side);
	for (unsigned i = 0; i < c->nmasks; i++)
		if (*c->masks[i].field)
			apply_mask(c, side, &c->masks[i], &is, &was);
	for (unsigned i = 0; i < c->spec->nfields && !lost(c, r); i++)
		if (c->v[i].kind == V_PTR)
			diff_bytes(t, c->spec->fields[i].name, rws[i], befores[i], RW_SIZE);
	if (c->spec->after)
		c->spec->after(side, r, t);
	if (r >= 0 && c->spec->fd)
		close(r);
	return 0;
}

static bool exempted(const struct call *c, int k, int v, const char *desc)
{
	for (unsigned i = 0; i < nexempts; i++) {
		const struct exempt *e = &exempts[i];

		if ((e->cmd < 0 || e->cmd == c->spec->cmd) &&
		    (e->kern == 1 || e->kern == (k > 0 ? 0 : k)) &&
		    (e->vm == 1 || e->vm == (v > 0 ? 0 : v)) && (!e->label || strstr(desc, e->label))) {
			counts.by_row[i]++;
			return true;
		}
	}
	return false;
}

bool wanted(const struct spec *s)
{
	return !options.cmd || strcmp(options.cmd, s->name) == 0;
}

static bool have_all(const struct call *c)
{
	for (unsigned side = 0; side < SIDES; side++)
		for (unsigned i = 0; i < c->spec->nfields; i++) {
			const struct val *v = &c->v[i];

			if ((v->kind == V_FD || v->kind == V_ID) && fx_fd(side, v->fx) < 0)
				return false;
			for (unsigned k = 0; k < v->nembed && v->kind == V_PTR; k++)
				if (v->embed[k].fx && fx_fd(side, v->embed[k].fx) < 0)
					return false;
		}
	return true;
}

/* The masks are those of a map's info, but the fd is another object's. */
static bool other_info(const struct call *c)
{
	return c->spec->cmd == BPF_OBJ_GET_INFO_BY_FD && c->v[0].kind == V_FD && c->nmasks &&
	       c->masks[0].how == M_MAP_ID && fx_id(KERN, c->v[0].fx) &&
	       fx_kind(KERN, c->v[0].fx) != BU_MAP;
}

/* Would it take so much memory or time that this is a test of the machine? */
static bool greedy(const struct call *c)
{
	uint64_t n, bytes;

	if (c->spec->cmd == BPF_PROG_TEST_RUN) {
		if (c->tail > offsetof(union bpf_attr, test.repeat) &&
		    c->tail < offsetof(union bpf_attr, test.duration))
			return true;
		for (unsigned i = 0; i < c->spec->nfields; i++)
			if (strcmp(c->spec->fields[i].name, "test.repeat") == 0)
				return c->v[i].num > 5000;
		return false;
	}
	if (c->spec->cmd != BPF_MAP_CREATE)
		return false;
	n = get(c, "max_entries")->num;
	bytes = get(c, "value_size")->num * 4 + get(c, "key_size")->num + 64;
	return n * bytes > 16u << 20;
}

void run(const struct call *c)
{
	struct bu_buf t[SIDES] = { { 0 } }, d = { 0 };
	int r[SIDES] = { 0 };
	struct tally *tally = &counts.cmd[c->spec->cmd < TALLIES ? c->spec->cmd : TALLIES - 1];
	bool again = false;

	if (!wanted(c->spec) || greedy(c) || of_buckets(c) || other_info(c))
		return;
	describe(c, &d);
	snprintf(now, sizeof(now), "%s", bu_buf_cstr(&d));
	if (options.verbose > 1)
		printf("# %s\n", bu_buf_cstr(&d));
	tally->name = c->spec->name;
	if (!have_all(c)) {
		tally->missing++;
		goto out;
	}
	for (unsigned side = 0; side < SIDES; side++)
		if (one(c, side, &t[side], &r[side])) {
			tally->missing++;
			goto out;
		}
	for (unsigned side = 0; side < SIDES; side++)
		again |= changes(c, r[side]);
	for (unsigned side = 0; side < SIDES && again; side++)
		for (unsigned i = 0; i < c->spec->nfields; i++)
			if (c->v[i].kind == V_FD && !c->v[i].fx->keep && !lost(c, r[KERN]))
				dump(side, c->v[i].fx, &t[side]);
	tally->runs++;
	if (r[KERN] >= 0)
		tally->good++;
	if (t[KERN].n == t[VM].n && memcmp(t[KERN].p, t[VM].p, t[VM].n) == 0) {
		if (options.verbose)
			printf("# %s\n# %s", bu_buf_cstr(&d), bu_buf_cstr(&t[KERN]));
	} else if (exempted(c, r[KERN], r[VM], bu_buf_cstr(&d))) {
		tally->exempt++;
		if (options.verbose)
			printf("# exempt: %s\n", bu_buf_cstr(&d));
	} else if (tally->differ++ < options.most) {
		printf("# %s\n", bu_buf_cstr(&d));
		for (unsigned side = 0; side < SIDES; side++)
			printf("#  %s:\n", side_name[side]), comment(bu_buf_cstr(&t[side]));
	}
	for (unsigned i = 0; i < c->spec->nfields && again; i++)
		if (c->v[i].kind == V_FD && !c->v[i].fx->keep)
			fx_reset(c->v[i].fx);
out:
	bu_buf_free(&t[0]);
	bu_buf_free(&t[1]);
	bu_buf_free(&d);
}

void comment(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("#%.*s\n", (int)n, text);
		text += n + (text[n] != 0);
	}
}
