/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tries of prefixes: a binary tree of nodes without chains. A node is a prefix that was put in, or a
 * fork where two part (IM), which has two children. A change writes fresh nodes that nothing
 * points to, and then links them by the redo record; look-ups compare the map's sequence.
 *
 * Memory for nodes is taken as they are needed. A freed node waits until QUARANTINE others were
 * freed after it, while there are nodes never used.
 */
#include "vm/seq.h"

#include <stdlib.h>
#include <string.h>

#define DATA_MAX 256u
#define VALUE_MAX ((4u << 20) - DATA_MAX - 24)
#define FILE_MAX (4ull << 30)
#define STEP_MIN (64u << 10)
#define STEP_MAX (1u << 20)
#define SPARE 72u
#define QUARANTINE 64u
#define IM 1u

/* words of live; nodes are numbered from 1 */
enum { W_ROOT, W_FRESH /* nodes ever used */, W_FREE_HEAD, W_FREE_TAIL, W_NFREE, W_ALLOC };
enum { U_NODES, U_STRIDE, U_VALUE, U_BITS, U_DATA };

struct node {
	_Atomic uint32_t child[2]; /* free: child[0] is the next free one */
	uint32_t prefixlen, flags;
	uint8_t data[];
};
struct key {
	uint32_t prefixlen;
	uint8_t data[DATA_MAX];
};

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t flags = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY |
			 BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	(void)vm;
	if (!a->max_entries || !(a->map_flags & BPF_F_NO_PREALLOC) || (a->map_flags & ~flags) ||
	    ((a->map_flags & BPF_F_RDONLY_PROG) && (a->map_flags & BPF_F_WRONLY_PROG)) ||
	    a->key_size < 5 || a->key_size > 4 + DATA_MAX || !a->value_size ||
	    a->value_size > VALUE_MAX)
		return -EINVAL;
	return 0;
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
}

static int layout(struct bu_vm_map *m)
{
	uint64_t stride, n = 2ull * m->max_entries + SPARE, bytes;

	m->u[U_DATA] = m->key_size - 4;
	m->u[U_BITS] = m->u[U_DATA] * 8;
	m->u[U_VALUE] = (sizeof(struct node) + m->u[U_DATA] + 7) & ~7ull;
	m->u[U_STRIDE] = stride = m->u[U_VALUE] + m->rounded;
	/* More entries than could ever have memory: -ENOMEM when the nodes are used up. */
	if (n > FILE_MAX / stride)
		n = FILE_MAX / stride;
	bytes = n * stride;
	m->u[U_NODES] = n;
	m->gran = (struct bu_vm_granules){ .off = 0, .n = n, .stride = stride,
					   .val = (uint32_t)m->u[U_VALUE], .len = m->value_size,
					   .rows = 1, .row_stride = m->rounded };
	m->data_size = pages(bytes);
	m->alloc_size = m->data_size < STEP_MIN ? m->data_size : STEP_MIN;
	return 0;
}

static int init(struct bu_vm_map *m)
{
	atomic_store(&m->live->word[W_ALLOC], m->alloc_size);
	return 0;
}

/* ---------------------------------------------------------------- nodes */

/* Number i of the file: NULL for none, or one that cannot be. */
static struct node *node_at(const struct bu_vm_map *m, uint64_t i)
{
	struct node *n;

	if (!i || i > m->u[U_NODES])
		return NULL;
	n = (struct node *)(m->mem + (i - 1) * m->u[U_STRIDE]);
	return n->prefixlen <= m->u[U_BITS] ? n : NULL;
}

static uint32_t child(const struct node *n, unsigned i)
{
	return atomic_load_explicit(&n->child[i], memory_order_acquire);
}

static void *value_of(const struct bu_vm_map *m, struct node *n)
{
	return (uint8_t *)n + m->u[U_VALUE];
}

static uint64_t root(const struct bu_vm_map *m)
{
	return atomic_load_explicit(&m->live->word[W_ROOT], memory_order_acquire);
}

static unsigned bit(const struct bu_vm_map *m, const uint8_t *data, uint32_t i)
{
	return i < m->u[U_BITS] ? data[i / 8] >> (7 - i % 8) & 1 : 0;
}

/* How many bits in front are the same, at most the shorter prefix. */
static uint32_t match(const struct node *n, uint32_t nlen, const struct key *k)
{
	uint32_t max = nlen < k->prefixlen ? nlen : k->prefixlen, i = 0;

	while (i + 8 <= max && n->data[i / 8] == k->data[i / 8])
		i += 8;
	if (i < max) {
		unsigned diff = n->data[i / 8] ^ k->data[i / 8];

		i += diff ? (unsigned)__builtin_clz(diff) - 24 : 8;
	}
	return i < max ? i : max;
}

static void key_of(const struct bu_vm_map *m, const void *raw, struct key *k)
{
	memcpy(k, raw, 4 + m->u[U_DATA]);
}

/* ---------------------------------------------------------------- look-ups */

static struct node *find_best(struct bu_vm_map *m, const struct key *k)
{
	struct node *n, *found = NULL;
	uint64_t i = root(m);

	if (k->prefixlen > m->u[U_BITS])
		return NULL;
	for (unsigned steps = 0; (n = node_at(m, i)) && steps <= m->u[U_BITS]; steps++) {
		uint32_t len = n->prefixlen, same;

		if (len > m->u[U_BITS])
			break;
		same = match(n, len, k);
		if (same < len)
			break;
		if (!(n->flags & IM))
			found = n;
		if (same == m->u[U_BITS])
			break;
		i = child(n, bit(m, k->data, len));
	}
	return found;
}

static void *lookup(struct bu_vm_map *m, const void *raw, uint32_t cpu)
{
	struct node *n;
	struct key k;

	(void)cpu;
	key_of(m, raw, &k);
	for (unsigned i = 0; i < BU_VM_SEQ_TRIES; i++) {
		uint64_t seq = bu_vm_live_seq(m);

		n = find_best(m, &k);
		if (bu_vm_live_same(m, seq))
			return n ? value_of(m, n) : NULL;
		bu_vm_seq_pause(i);
	}
	if (bu_vm_lock(m->obj))
		return NULL;
	n = find_best(m, &k);
	bu_vm_live_mend(m);
	bu_vm_unlock(m->obj);
	return n ? value_of(m, n) : NULL;
}

static int read_value(struct bu_vm_map *m, const void *raw, void *value, uint64_t flags)
{
	struct node *n;
	struct key k;
	int err;

	(void)flags;
	key_of(m, raw, &k);
	for (unsigned i = 0; i < BU_VM_SEQ_TRIES; i++) {
		uint64_t seq = bu_vm_live_seq(m);

		n = find_best(m, &k);
		if (n)
			bu_vm_copy(value, value_of(m, n), m->value_size);
		if (bu_vm_live_same(m, seq))
			return n ? 0 : -ENOENT;
		bu_vm_seq_pause(i);
	}
	err = bu_vm_lock(m->obj);
	if (err && err != -EROFS)
		return err;
	n = find_best(m, &k);
	if (n)
		bu_vm_copy(value, value_of(m, n), m->value_size);
	if (!err) {
		bu_vm_live_mend(m);
		bu_vm_unlock(m->obj);
	}
	return n ? 0 : -ENOENT;
}

/* ---------------------------------------------------------------- changes, under the lock */

/* What one change has done to the free list and the counters so far. */
struct change {
	struct bu_vm_map *m;
	uint64_t fresh, free_head, free_tail, nfree;
};

static void begin(struct change *c, struct bu_vm_map *m)
{
	struct bu_vm_live *l = m->live;

	*c = (struct change){ .m = m, .fresh = atomic_load(&l->word[W_FRESH]),
			      .free_head = atomic_load(&l->word[W_FREE_HEAD]),
			      .free_tail = atomic_load(&l->word[W_FREE_TAIL]),
			      .nfree = atomic_load(&l->word[W_NFREE]) };
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set64(m->obj, bu_vm_off(m->obj, &l->seq), (bu_vm_live_seq(m) & ~1ull) + 1);
}

static int commit(struct change *c, int64_t count)
{
	struct bu_vm_map *m = c->m;
	struct bu_vm_obj *o = m->obj;
	struct bu_vm_live *l = m->live;

	bu_vm_txn_set64(o, bu_vm_off(o, &l->word[W_FRESH]), c->fresh);
	bu_vm_txn_set64(o, bu_vm_off(o, &l->word[W_FREE_HEAD]), c->free_head);
	bu_vm_txn_set64(o, bu_vm_off(o, &l->word[W_FREE_TAIL]), c->free_tail);
	bu_vm_txn_set64(o, bu_vm_off(o, &l->word[W_NFREE]), c->nfree);
	bu_vm_txn_set64(o, bu_vm_off(o, &l->count), atomic_load(&l->count) + (uint64_t)count);
	bu_vm_txn_set64(o, bu_vm_off(o, &l->seq), (bu_vm_live_seq(m) & ~1ull) + 2);
	return bu_vm_txn_commit(o);
}

/* Memory for the first n nodes. */
static int grow(struct bu_vm_map *m, uint64_t n)
{
	uint64_t want = n * m->u[U_STRIDE], have = atomic_load(&m->live->word[W_ALLOC]), step;
	int err;

	if (have > m->data_size)
		return -EUCLEAN;
	if (want <= have)
		return 0;
	step = have < STEP_MAX ? have : STEP_MAX;
	want = pages(want > have + step ? want : have + step);
	if (want > m->data_size)
		want = m->data_size;
	err = bu_vm_obj_alloc(m->obj, have, want - have);
	if (!err)
		atomic_store(&m->live->word[W_ALLOC], want);
	return err;
}

/* A node that nothing points to: its number, or 0 and *err. */
static uint64_t take_node(struct change *c, int *err)
{
	struct bu_vm_map *m = c->m;
	uint64_t i;

	if (c->fresh > m->u[U_NODES] || c->nfree > m->u[U_NODES])
		return *err = -EUCLEAN, 0;
	if (c->nfree <= QUARANTINE && c->fresh < m->u[U_NODES]) {
		*err = grow(m, c->fresh + 1);
		if (!*err)
			return ++c->fresh;
	}
	if (!c->nfree)
		return *err = *err ? *err : -ENOMEM, 0;
	i = c->free_head;
	if (!i || i > m->u[U_NODES])
		return *err = -EUCLEAN, 0;
	c->free_head = child((struct node *)(m->mem + (i - 1) * m->u[U_STRIDE]), 0);
	if (!--c->nfree)
		c->free_head = c->free_tail = 0;
	*err = 0;
	return i;
}

static void free_node(struct change *c, uint64_t i)
{
	struct bu_vm_map *m = c->m;
	struct bu_vm_obj *o = m->obj;

	bu_vm_txn_set32(o, (i - 1) * m->u[U_STRIDE], 0);
	if (c->nfree)
		bu_vm_txn_set32(o, (c->free_tail - 1) * m->u[U_STRIDE], (uint32_t)i);
	else
		c->free_head = i;
	c->free_tail = i;
	c->nfree++;
}

/*
 * A fresh node. Its children go into the record: until the commit it may be in the list of free ones,
 * whose next stands there.
 */
static void fill(struct bu_vm_map *m, uint64_t i, const struct key *k, const void *value,
		 uint64_t child0, uint64_t child1)
{
	uint64_t off = (i - 1) * m->u[U_STRIDE];
	struct node *n = (struct node *)(m->mem + off);

	n->prefixlen = k->prefixlen;
	n->flags = value ? 0 : IM;
	memcpy(n->data, k->data, m->u[U_DATA]);
	if (value)
		memcpy(value_of(m, n), value, m->value_size);
	bu_vm_txn_set32(m->obj, off, (uint32_t)child0);
	bu_vm_txn_set32(m->obj, off + 4, (uint32_t)child1);
}

/* Where a child's number stands: the root, or in node parent. */
static void set_slot(struct bu_vm_map *m, uint64_t parent, unsigned which, uint64_t to)
{
	struct bu_vm_obj *o = m->obj;

	if (!parent)
		bu_vm_txn_set64(o, bu_vm_off(o, &m->live->word[W_ROOT]), to);
	else
		bu_vm_txn_set32(o, (parent - 1) * m->u[U_STRIDE] + 4 * which, (uint32_t)to);
}

/* The way to a key: the last node looked at (0: an empty place), its parents, and how far it fits. */
struct way {
	uint64_t i, parent, grand;
	unsigned which, pwhich; /* i in parent, parent in grand */
	uint32_t same;
	struct node *n;
};

static int walk_to(struct bu_vm_map *m, const struct key *k, struct way *w)
{
	*w = (struct way){ .i = root(m) };
	for (unsigned steps = 0; w->i; steps++) {
		w->n = node_at(m, w->i);
		if (!w->n || steps > m->u[U_BITS])
			return -EUCLEAN;
		w->same = match(w->n, w->n->prefixlen, k);
		if (w->n->prefixlen != w->same || w->n->prefixlen == k->prefixlen)
			return 0;
		w->grand = w->parent;
		w->pwhich = w->which;
		w->parent = w->i;
		w->which = bit(m, k->data, w->n->prefixlen);
		w->i = child(w->n, w->which);
	}
	w->n = NULL;
	return 0;
}

static int may_add(struct bu_vm_map *m, uint64_t flags)
{
	if (flags == BPF_EXIST)
		return -ENOENT;
	return atomic_load(&m->live->count) >= m->max_entries ? -ENOSPC : 0;
}

static int insert(struct bu_vm_map *m, const struct key *k, const void *value, uint64_t flags)
{
	struct change c;
	struct way w;
	struct key fk;
	uint64_t i, f;
	bool fresh = true;
	unsigned b;
	int err = walk_to(m, k, &w);

	if (err)
		return err;
	if (w.n && w.n->prefixlen == w.same && !(w.n->flags & IM)) {
		if (flags == BPF_NOEXIST)
			return -EEXIST;
		fresh = false;
	} else {
		err = may_add(m, flags);
		if (err)
			return err;
	}
	begin(&c, m);
	i = take_node(&c, &err);
	if (!i)
		return err;
	if (!w.n) {
		fill(m, i, k, value, 0, 0);
		set_slot(m, w.parent, w.which, i);
	} else if (w.n->prefixlen == w.same) { /* takes its place */
		fill(m, i, k, value, child(w.n, 0), child(w.n, 1));
		set_slot(m, w.parent, w.which, i);
		free_node(&c, w.i);
	} else if (w.same == k->prefixlen) { /* goes above it */
		b = bit(m, w.n->data, w.same);
		fill(m, i, k, value, b ? 0 : w.i, b ? w.i : 0);
		set_slot(m, w.parent, w.which, i);
	} else {
		f = take_node(&c, &err);
		if (!f)
			return err;
		fk.prefixlen = w.same;
		memcpy(fk.data, w.n->data, m->u[U_DATA]);
		b = bit(m, k->data, w.same);
		fill(m, i, k, value, 0, 0);
		fill(m, f, &fk, NULL, b ? w.i : i, b ? i : w.i);
		set_slot(m, w.parent, w.which, f);
	}
	return commit(&c, fresh);
}

static int update(struct bu_vm_map *m, const void *raw, const void *value, uint64_t flags,
		  uint32_t cpu)
{
	struct key k;
	int err;

	(void)cpu;
	if (flags > BPF_EXIST)
		return -EINVAL;
	key_of(m, raw, &k);
	if (k.prefixlen > m->u[U_BITS])
		return -EINVAL;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = insert(m, &k, value, flags);
	bu_vm_unlock(m->obj);
	return err;
}

static int erase_locked(struct bu_vm_map *m, const struct key *k)
{
	struct change c;
	struct node *p;
	struct way w;
	uint64_t l, r, other;
	int err = walk_to(m, k, &w);

	if (err)
		return err;
	if (!w.n || w.n->prefixlen != k->prefixlen || w.n->prefixlen != w.same || (w.n->flags & IM))
		return -ENOENT;
	l = child(w.n, 0);
	r = child(w.n, 1);
	p = node_at(m, w.parent);
	begin(&c, m);
	if (l && r) { /* becomes a fork */
		bu_vm_txn_set32(m->obj, bu_vm_off(m->obj, &w.n->flags), w.n->flags | IM);
	} else if (p && (p->flags & IM) && !l && !r) {
		/* The fork above has one way left: that takes its place. */
		other = child(p, !w.which);
		set_slot(m, w.grand, w.pwhich, other);
		free_node(&c, w.parent);
		free_node(&c, w.i);
	} else {
		set_slot(m, w.parent, w.which, l ? l : r);
		free_node(&c, w.i);
	}
	return commit(&c, -1);
}

static int erase(struct bu_vm_map *m, const void *raw)
{
	struct key k;
	int err;

	key_of(m, raw, &k);
	if (k.prefixlen > m->u[U_BITS])
		return -EINVAL;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = erase_locked(m, &k);
	bu_vm_unlock(m->obj);
	return err;
}

/* ---------------------------------------------------------------- order */

/* The first in order below node i: the deepest on the left. */
static struct node *leftmost(struct bu_vm_map *m, uint64_t i)
{
	struct node *n, *found = NULL;

	for (unsigned steps = 0; (n = node_at(m, i)) && steps <= m->u[U_BITS] + 1; steps++) {
		if (!(n->flags & IM))
			found = n;
		i = child(n, 0);
		if (!i && !(n->flags & IM))
			i = child(n, 1);
	}
	return found;
}

/* Longer prefixes come before the shorter ones that they are in. */
static struct node *find_next(struct bu_vm_map *m, const struct key *k)
{
	uint64_t stack[DATA_MAX * 8 + 2], i = root(m), at;
	struct node *n = NULL, *p;
	unsigned depth = 0;
	uint32_t same = 0;

	if (!k || k->prefixlen > m->u[U_BITS])
		return leftmost(m, i);
	while ((n = node_at(m, i)) && depth <= m->u[U_BITS]) {
		stack[depth++] = i;
		same = match(n, n->prefixlen, k);
		if (n->prefixlen != same || n->prefixlen == k->prefixlen)
			break;
		i = child(n, bit(m, k->data, n->prefixlen));
		n = NULL;
	}
	if (!n || n->prefixlen != k->prefixlen || n->prefixlen != same || (n->flags & IM))
		return leftmost(m, root(m));
	for (at = stack[--depth]; depth; at = stack[--depth]) {
		p = node_at(m, stack[depth - 1]);
		if (!p)
			return NULL;
		if (child(p, 0) == at && child(p, 1))
			return leftmost(m, child(p, 1));
		if (!(p->flags & IM))
			return p;
	}
	return NULL;
}

static int copy_next(struct bu_vm_map *m, const struct key *k, void *next)
{
	struct node *n = find_next(m, k);

	if (!n)
		return -ENOENT;
	memcpy(next, &n->prefixlen, 4);
	memcpy((uint8_t *)next + 4, n->data, m->u[U_DATA]);
	return 0;
}

static int next_key(struct bu_vm_map *m, const void *raw, void *next)
{
	struct key k;
	int err;

	if (raw)
		key_of(m, raw, &k);
	for (unsigned i = 0; i < BU_VM_SEQ_TRIES; i++) {
		uint64_t seq = bu_vm_live_seq(m);

		err = copy_next(m, raw ? &k : NULL, next);
		if (bu_vm_live_same(m, seq))
			return err;
		bu_vm_seq_pause(i);
	}
	err = bu_vm_lock(m->obj);
	if (err && err != -EROFS)
		return err;
	if (!err) {
		err = copy_next(m, raw ? &k : NULL, next);
		bu_vm_live_mend(m);
		bu_vm_unlock(m->obj);
	} else {
		err = copy_next(m, raw ? &k : NULL, next);
	}
	return err;
}

/* ---------------------------------------------------------------- invariants */

static int bad(struct bu_buf *why, uint64_t i, const char *what)
{
	bu_buf_printf(why, "node %llu %s", (unsigned long long)i, what);
	return -EUCLEAN;
}

/* What a check of the whole tree has met. */
struct seen {
	uint64_t nodes, entries;
	uint8_t *marks; /* one bit a node */
};

/* False: it was met before. */
static bool mark(struct seen *s, uint64_t i)
{
	uint8_t bit = (uint8_t)(1u << (i & 7)), *at = &s->marks[i / 8];
	bool first = !(*at & bit);

	*at |= bit;
	return first;
}

static int verify_below(struct bu_vm_map *m, uint64_t i, const struct node *above, unsigned which,
			unsigned depth, struct seen *s, struct bu_buf *why)
{
	struct node *n = node_at(m, i);
	struct key k;
	int err = 0;

	if (!n || depth > m->u[U_BITS] || !mark(s, i))
		return bad(why, i, "cannot be where it is");
	s->nodes++;
	if (i > atomic_load(&m->live->word[W_FRESH]))
		return bad(why, i, "was never given out");
	if (above) {
		k.prefixlen = above->prefixlen;
		memcpy(k.data, above->data, m->u[U_DATA]);
		if (n->prefixlen <= k.prefixlen || match(n, n->prefixlen, &k) != k.prefixlen ||
		    bit(m, n->data, k.prefixlen) != which)
			return bad(why, i, "does not fit below the one above it");
	}
	s->entries += !(n->flags & IM);
	if ((n->flags & IM) && (!child(n, 0) || !child(n, 1)))
		return bad(why, i, "is a fork of less than two");
	for (unsigned c = 0; c < 2 && !err; c++)
		if (child(n, c))
			err = verify_below(m, child(n, c), n, c, depth + 1, s, why);
	return err;
}

/* The list of free nodes: as many as counted, none of them twice or in the tree. */
static int verify_free(struct bu_vm_map *m, struct seen *s, struct bu_buf *why)
{
	uint64_t fresh = atomic_load(&m->live->word[W_FRESH]), last = 0;
	uint64_t i = atomic_load(&m->live->word[W_FREE_HEAD]);
	uint64_t left = atomic_load(&m->live->word[W_NFREE]);

	if (fresh > m->u[U_NODES] || left != fresh - s->nodes) {
		bu_buf_printf(why, "%llu nodes used, %llu linked, %llu free",
			      (unsigned long long)fresh, (unsigned long long)s->nodes,
			      (unsigned long long)left);
		return -EUCLEAN;
	}
	for (; left; left--) {
		if (!i || i > fresh)
			return bad(why, i, "ends the list of free ones too early");
		if (!mark(s, i))
			return bad(why, i, "is free and in use, or free twice");
		last = i;
		i = child((struct node *)(m->mem + (i - 1) * m->u[U_STRIDE]), 0);
	}
	if (i || last != atomic_load(&m->live->word[W_FREE_TAIL]))
		return bad(why, last, "is not the end of the list of free ones");
	return 0;
}

static int invariants(struct bu_vm_map *m, struct bu_buf *why)
{
	struct seen s = { .marks = calloc(1, m->u[U_NODES] / 8 + 1) };
	int err = s.marks ? 0 : -ENOMEM;

	if (!err && root(m))
		err = verify_below(m, root(m), NULL, 0, 0, &s, why);
	if (!err && s.entries != atomic_load(&m->live->count)) {
		bu_buf_printf(why, "%llu entries, counted as %llu", (unsigned long long)s.entries,
			      (unsigned long long)atomic_load(&m->live->count));
		err = -EUCLEAN;
	}
	if (!err)
		err = verify_free(m, &s, why);
	free(s.marks);
	return err;
}

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_verify_locked(m, why, invariants);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return atomic_load(&m->live->word[W_ALLOC]);
}

const struct bu_vm_map_ops bu_vm_lpm_ops = {
	.check = check, .layout = layout, .init = init, .lookup = lookup, .read = read_value,
	.update = update, .erase = erase, .next_key = next_key, .verify = verify,
	.mem_usage = mem_usage, .batches = true,
};
