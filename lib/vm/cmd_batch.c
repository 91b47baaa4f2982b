/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The batch commands. The caller's count is zero while the command works and then says how many
 * elements were done, also when it failed; but for EFAULT of a look-up, which leaves zero.
 */
#include "vm/cmd_map.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of elements that are copied at once. */
#define CHUNK 65536u

/* Which of the four a map type has. */
enum { LOOKUP = 1, TAKE = 2, UPDATE = 4, ERASE = 8 };
static unsigned has(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return LOOKUP | TAKE | UPDATE | ERASE;
	case BPF_MAP_TYPE_LPM_TRIE:
		return LOOKUP | UPDATE | ERASE;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		return LOOKUP | UPDATE;
	default:
		return 0;
	}
}

/* How many elements of size bytes go in a chunk: at least one, at most n. */
static uint32_t chunk(uint32_t n, uint64_t size)
{
	uint64_t k = size < CHUNK ? CHUNK / (size ? size : 1) : 1;

	return k < n ? (uint32_t)k : n;
}

/* Elements until the keys or the values come to another page: the rest of these cannot fault. */
static uint32_t same_page(uint64_t keys, uint64_t values, uint32_t ks, uint32_t vs, uint32_t n)
{
	uint64_t k = (BU_VM_PAGE - (keys & (BU_VM_PAGE - 1))) / ks;
	uint64_t v = (BU_VM_PAGE - (values & (BU_VM_PAGE - 1))) / vs;

	k = k < v ? k : v;
	return k < n ? (uint32_t)k : n;
}

/*
 * Hands over n elements behind the at first ones. As if one by one, key before value: a fault leaves
 * written what the kernel leaves.
 */
static int hand_over(struct bu_vm *vm, const struct bu_vm_map *m, const union bpf_attr *a,
		     uint32_t at, const uint8_t *keys, const uint8_t *values, uint32_t n)
{
	uint32_t ks = m->key_size, vs = m->user_value;
	uint32_t k;

	for (uint32_t i = 0; i < n; i += k) {
		uint64_t uk = a->batch.keys + (uint64_t)(at + i) * ks;
		uint64_t uv = a->batch.values + (uint64_t)(at + i) * vs;

		k = 1;
		if (bu_vm_copy_out(vm, uk, keys + (size_t)i * ks, ks) ||
		    bu_vm_copy_out(vm, uv, values + (size_t)i * vs, vs))
			return -EFAULT;
		k += same_page(uk + ks, uv + vs, ks, vs, n - i - 1);
		if (k > 1 && (bu_vm_copy_out(vm, uk + ks, keys + (size_t)(i + 1) * ks,
					     (size_t)(k - 1) * ks) ||
			      bu_vm_copy_out(vm, uv + vs, values + (size_t)(i + 1) * vs,
					     (size_t)(k - 1) * vs)))
			return -EFAULT;
	}
	return 0;
}

/*
 * Look-up by keys, for types whose elements have an order. in_batch and out_batch hold the last key.
 */
static int lookup_keys(struct bu_vm *vm, struct bu_vm_map *m, union bpf_attr *a,
		       union bpf_attr *user)
{
	uint32_t ks = m->key_size, vs = m->user_value, max = a->batch.count, cp = 0, n = 0;
	uint32_t room = chunk(max, (uint64_t)ks + vs);
	uint8_t *keys = malloc((size_t)room * ks), *values = malloc((size_t)room * vs);
	uint8_t *prev = malloc(2 * (size_t)ks), *key = prev ? prev + ks : NULL;
	bool first = !a->batch.in_batch;
	uint64_t gone = 0;
	int err = -ENOMEM, ferr = 0;

	if (!keys || !values || !prev)
		goto out;
	err = -EFAULT;
	if (!first && bu_vm_copy_in(vm, prev, a->batch.in_batch, ks))
		goto out;
	err = 0;
	while (cp + n < max && !err) {
		err = m->ops->next_key ? m->ops->next_key(m, first ? NULL : prev, key) :
					 -BU_VM_ENOTSUPP;
		if (err)
			break;
		err = bu_vm_cmd_read_value(m, key, values + (size_t)n * vs, a->batch.elem_flags);
		if (!err)
			memcpy(keys + (size_t)n++ * ks, key, ks);
		else if (err != -ENOENT) /* gone meanwhile: only passed over */
			ferr = err;
		else if (gone++ > (uint64_t)m->max_entries + 1000) /* in a circle, in a damaged map */
			ferr = -EUCLEAN;
		err = ferr;
		memcpy(prev, key, ks);
		first = false;
		if (n < room && cp + n < max && !err)
			continue;
		if (hand_over(vm, m, a, cp, keys, values, n))
			err = ferr = -EFAULT;
		cp += n;
		n = 0;
	}
	if (ferr)
		goto out;
	if (hand_over(vm, m, a, cp, keys, values, n)) {
		err = -EFAULT;
		goto out;
	}
	cp += n;
	if (bu_vm_put_user(vm, cp, user, batch.count) ||
	    (cp && bu_vm_copy_out(vm, a->batch.out_batch, prev, ks)))
		err = -EFAULT;
out:
	free(keys);
	free(values);
	free(prev);
	return err;
}

/*
 * Look-up by buckets, each whole: in_batch and out_batch are the number of a bucket. -ENOSPC: the
 * first does not fit.
 */
static int lookup_buckets(struct bu_vm *vm, struct bu_vm_map *m, union bpf_attr *a,
			  union bpf_attr *user, bool remove)
{
	uint32_t ks = m->key_size, vs = m->user_value, max = a->batch.count, cp = 0;
	uint32_t room, from = 0, to, n, want;
	uint8_t *keys = NULL, *values = NULL;
	uint64_t pos;
	int err;

	if (a->batch.in_batch && bu_vm_copy_in(vm, &from, a->batch.in_batch, sizeof(from)))
		return -EFAULT;
	pos = from;
	/* What was taken out and cannot be handed over is lost: as little as there can be. */
	want = room = remove ? 1 : chunk(max, (uint64_t)ks + vs);
	do {
		uint64_t at = pos;

		if (!keys || want > room) {
			uint8_t *k = realloc(keys, (size_t)want * ks + 1);
			uint8_t *v;

			keys = k ? k : keys;
			v = realloc(values, (size_t)want * vs + 1);
			values = v ? v : values;
			err = -ENOMEM;
			if (!k || !v)
				goto out;
			room = want;
		}
		n = room < max - cp ? room : max - cp;
		err = m->ops->batch(m, &pos, keys, values, &n, remove, a->batch.elem_flags);
		if (err == -ENOSPC && !n && room < max - cp) {
			want = room < (max - cp) / 2 ? room * 2 : max - cp;
			err = 0;
			continue;
		}
		if (err == -ENOSPC && n)
			err = 0;
		if (err == -ENOSPC) { /* the next bucket is for the next call */
			err = cp ? 0 : -ENOSPC;
			break;
		}
		if (err && err != -ENOENT)
			goto out;
		if (err == -ENOENT && pos == at && !n) /* a number of no bucket */
			goto out;
		if (hand_over(vm, m, a, cp, keys, values, n)) {
			err = -EFAULT;
			goto out;
		}
		cp += n;
		if (remove && want < 16)
			want = 16;
	} while (!err);
	to = (uint32_t)pos;
	if (bu_vm_copy_out(vm, a->batch.out_batch, &to, sizeof(to)) ||
	    bu_vm_put_user(vm, cp, user, batch.count))
		err = -EFAULT;
out:
	free(keys);
	free(values);
	return err;
}

/* Update (values) and delete (no values), in the order of the keys given. */
static int change(struct bu_vm *vm, struct bu_vm_map *m, union bpf_attr *a, union bpf_attr *user,
		  bool erase)
{
	uint32_t ks = m->key_size, vs = erase ? 0 : m->user_value, max = a->batch.count, cp = 0;
	uint32_t room = chunk(max, (uint64_t)ks + vs);
	uint8_t *keys = malloc((size_t)room * ks + 1), *values = malloc((size_t)room * vs + 1);
	int err = keys && values ? 0 : -ENOMEM;

	if (err)
		goto out;
	while (cp < max && !err) {
		uint32_t n = max - cp < room ? max - cp : room, k, v = n;

		k = (uint32_t)(bu_vm_copy_in_some(vm, keys, a->batch.keys + (uint64_t)cp * ks,
						  (size_t)n * ks) / ks);
		if (vs)
			v = (uint32_t)(bu_vm_copy_in_some(vm, values,
							  a->batch.values + (uint64_t)cp * vs,
							  (size_t)k * vs) / vs);
		for (uint32_t i = 0; i < n && !err; i++) {
			if (i >= k || i >= v)
				err = -EFAULT;
			else if (erase)
				err = bu_vm_cmd_erase(m, keys + (size_t)i * ks);
			else
				err = bu_vm_cmd_write_value(m, keys + (size_t)i * ks,
							    values + (size_t)i * vs,
							    a->batch.elem_flags);
			if (!err)
				cp++;
		}
	}
	if (bu_vm_put_user(vm, cp, user, batch.count))
		err = -EFAULT;
out:
	free(keys);
	free(values);
	return err;
}

int bu_vm_cmd_batch(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	unsigned what = vm->cmd == BPF_MAP_LOOKUP_BATCH		   ? LOOKUP :
			vm->cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH ? TAKE :
			vm->cmd == BPF_MAP_UPDATE_BATCH		   ? UPDATE :
								     ERASE;
	struct bu_vm_map *m;
	int err;

	(void)size;
	err = bu_vm_cmd_map_get(vm, a->batch.map_fd,
				(what & (LOOKUP | TAKE) ? BU_VM_CAN_READ : 0) |
					(what & LOOKUP ? 0 : BU_VM_CAN_WRITE),
				&m);
	if (err)
		return err;
	err = -BU_VM_ENOTSUPP;
	if (!(has(m->type) & what))
		goto out;
	err = -EINVAL;
	if (a->batch.elem_flags & ~(uint64_t)BPF_F_LOCK)
		goto out;
	if (a->batch.elem_flags && m->spin_lock_off < 0)
		goto out;
	if (a->batch.flags && (has(m->type) & TAKE) && (what & (LOOKUP | TAKE)))
		goto out;
	err = 0;
	if (!a->batch.count)
		goto out;
	if (bu_vm_put_user(vm, 0, user, batch.count))
		err = -EFAULT;
	else if (what & (UPDATE | ERASE))
		err = change(vm, m, a, user, what == ERASE);
	else if (!(has(m->type) & TAKE))
		err = lookup_keys(vm, m, a, user);
	else if (m->ops->batch)
		err = lookup_buckets(vm, m, a, user, what == TAKE);
	else
		err = -BU_VM_ENOTSUPP;
out:
	bu_vm_map_put(m);
	return err;
}
