/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Iterators over maps and programs: run when the fd is made; what they print is read from it. */
#include "vm/cmd_map.h"
#include "vm/iter.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The context and, behind it, what it points to: all of it is context that may be read. */
struct iter_ctx {
	uint64_t meta, obj;
	struct bu_vm_iter_meta m;
	union {
		struct bu_vm_iter_map map;
		struct {
			struct bu_vm_iter_link link;
			struct bu_vm_iter_prog prog;
			struct bu_vm_iter_aux aux;
		};
	};
};

/* … of elements: key and value stand behind it. */
struct elem_ctx {
	uint64_t meta, map, key, value;
	struct bu_vm_iter_meta m;
	struct bu_vm_iter_map of;
	uint8_t data[];
};

static void fill_map(struct bu_vm_iter_map *m, const struct bu_vm_obj *o)
{
	const struct bu_vm_map_attr *h = &o->h.map;

	*m = (struct bu_vm_iter_map){
		.id = o->id, .map_type = h->type, .key_size = h->key_size,
		.value_size = h->value_size, .max_entries = h->max_entries,
		.map_flags = h->flags, .map_extra = h->map_extra,
	};
	memcpy(m->name, h->name, sizeof(m->name));
}

static void fill_prog(struct iter_ctx *c, const struct bu_vm_obj *o)
{
	const struct bu_vm_prog_attr *h = &o->h.prog;

	c->prog = (struct bu_vm_iter_prog){
		.type = h->type, .expected_attach_type = h->expected_attach_type,
		.len = h->ninsns, .aux = bu_ptr64(&c->aux),
	};
	memcpy(c->prog.tag, h->tag, sizeof(c->prog.tag));
	c->aux = (struct bu_vm_iter_aux){
		.id = o->id, .used_map_cnt = h->nmaps, .load_time = h->load_time,
	};
	memcpy(c->aux.name, h->name, sizeof(c->aux.name));
}

static void fill(struct bu_vm *vm, struct iter_ctx *c, const struct bu_vm_obj *o)
{
	struct bu_vm_obj *p;

	if (o->kind == BU_VM_MAP) {
		c->obj = bu_ptr64(&c->map);
		fill_map(&c->map, o);
	} else if (o->kind == BU_VM_PROG) {
		c->obj = bu_ptr64(&c->prog);
		fill_prog(c, o);
	} else {
		c->obj = bu_ptr64(&c->link);
		c->link = (struct bu_vm_iter_link){ .id = o->id, .type = o->h.link.type };
		if (bu_vm_obj_by_id(vm, BU_VM_PROG, o->hdr->link.prog_id, &p))
			return;
		c->link.prog = bu_ptr64(&c->prog);
		fill_prog(c, p);
		bu_vm_obj_put(p);
	}
}

/* One call of the program on a context. */
static int call_on(struct bu_vm *vm, struct bu_vm_prog *p, void *c, size_t size, struct bu_buf *out)
{
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_RAW, .bytes = c, .size = (uint32_t)size, .seq = out };
	struct bu_vm_fault fault = { .kind = BU_VM_FAULT_NONE };
	size_t before = out->n;
	uint64_t r0;
	int err;

	err = bu_vm_run_prog(p, &ctx, NULL, &r0, &fault);
	if (err == -EFAULT)
		vm->last_fault = fault;
	/* What an iterator prints in a call that returns 1 does not count, as in the kernel. */
	if (!err && r0 == 1)
		out->n = before;
	return err;
}

/* o NULL: the last, with nothing. */
static int call(struct bu_vm *vm, struct bu_vm_prog *p, struct bu_vm_obj *o, uint64_t num,
		struct bu_buf *out)
{
	struct iter_ctx c = {
		.meta = bu_ptr64(&c.m),
		.m = { .seq = BU_VM_SEQ_HANDLE, .seq_num = num },
	};

	if (o)
		fill(vm, &c, o);
	return call_on(vm, p, &c, sizeof(c), out);
}

/*
 * Elements of a map: a program sees copies. Of a per-CPU map the value is a row of 8-byte aligned values. What is changed
 * meanwhile is met or not, as in a walk by keys.
 */
static int elements(struct bu_vm *vm, struct bu_vm_prog *p, uint32_t map_id, struct bu_buf *out)
{
	size_t vsize, ksize;
	struct elem_ctx *c;
	struct bu_vm_map *m;
	uint8_t *last = NULL;
	uint64_t num = 0;
	int err = bu_vm_map_by_id(vm, map_id, &m);

	if (err)
		return err;
	vsize = m->user_value;
	ksize = (m->key_size + 7ul) & ~7ul;
	c = calloc(1, sizeof(*c) + ksize + vsize);
	last = calloc(1, ksize ? ksize : 1);
	if (!c || !last)
		err = -ENOMEM;
	/* A key that goes while it is the last one begins the walk anew: not for ever. */
	while (!err && num <= 2ull * m->max_entries) {
		bool first = !num;

		memset(c, 0, sizeof(*c));
		c->meta = bu_ptr64(&c->m);
		c->m = (struct bu_vm_iter_meta){ .seq = BU_VM_SEQ_HANDLE, .seq_num = num };
		c->map = bu_ptr64(&c->of);
		fill_map(&c->of, m->obj);
		err = m->ops->next_key(m, first ? NULL : last, c->data);
		if (err == -ENOENT) { /* the last call, with nothing */
			err = call_on(vm, p, c, sizeof(*c), out);
			break;
		}
		if (!err)
			memcpy(last, c->data, m->key_size);
		if (!err)
			err = bu_vm_cmd_read_value(m, c->data, c->data + ksize, 0);
		num++;
		if (err == -ENOENT) { /* gone in the meantime */
			err = 0;
			continue;
		}
		c->key = bu_ptr64(c->data);
		c->value = bu_ptr64(c->data + ksize);
		if (!err)
			err = call_on(vm, p, c, sizeof(*c) + ksize + vsize, out);
	}
	free(c);
	free(last);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_iter_run(struct bu_vm *vm, struct bu_vm_obj *link)
{
	int which, kind, fd, err;
	struct bu_buf out = { 0 };
	struct bu_vm_prog *p;
	struct bu_vm_obj *o;
	uint32_t id = 0;
	uint64_t num = 0;

	err = bu_vm_prog_by_id(vm, link->hdr->link.prog_id, &p);
	if (err)
		return err;
	which = bu_vm_iter_by_btf_id(vm, p->obj->h.prog.attach_btf_id);
	kind = which == BU_VM_ITER_MAP ? BU_VM_MAP : which == BU_VM_ITER_PROG ? BU_VM_PROG : BU_VM_LINK;
	err = which < 0 ? which : 0;
	if (which == BU_VM_ITER_ELEM)
		err = elements(vm, p, link->h.link.map_id, &out);
	while (!err && which != BU_VM_ITER_ELEM && !bu_vm_obj_next_id(vm, kind, id, &id)) {
		if (bu_vm_obj_by_id(vm, kind, id, &o))
			continue;
		err = call(vm, p, o, num++, &out);
		bu_vm_obj_put(o);
	}
	if (!err && which != BU_VM_ITER_ELEM)
		err = call(vm, p, NULL, num, &out);
	bu_vm_prog_put(p);
	if (err)
		goto out;
	fd = memfd_create("bpf_iter", MFD_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	for (size_t done = 0; done < out.n && !err;) {
		ssize_t n = write(fd, out.p + done, out.n - done);

		if (n < 0)
			err = -errno;
		else
			done += (size_t)n;
	}
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	if (err)
		close(fd);
	else
		err = fd;
out:
	bu_buf_free(&out);
	return err;
}
