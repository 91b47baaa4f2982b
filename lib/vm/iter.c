/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Iterators over maps and programs: run when the fd is made; what they print is read from it. */
#include "vm/iter.h"

#include <fcntl.h>
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
			struct bu_vm_iter_prog prog;
			struct bu_vm_iter_aux aux;
		};
	};
};

static void fill(struct iter_ctx *c, const struct bu_vm_obj *o)
{
	c->obj = bu_ptr64(&c->map);
	if (o->kind == BU_VM_MAP) {
		const struct bu_vm_map_attr *h = &o->h.map;

		c->map = (struct bu_vm_iter_map){
			.id = o->id, .map_type = h->type, .key_size = h->key_size,
			.value_size = h->value_size, .max_entries = h->max_entries,
			.map_flags = h->flags, .map_extra = h->map_extra,
		};
		memcpy(c->map.name, h->name, sizeof(c->map.name));
	} else {
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
}

/* One call of the program; o NULL: the last, with nothing. */
static int call(struct bu_vm *vm, struct bu_vm_prog *p, struct bu_vm_obj *o, uint64_t num,
		struct bu_buf *out)
{
	struct iter_ctx c = {
		.meta = bu_ptr64(&c.m),
		.m = { .seq = BU_VM_SEQ_HANDLE, .seq_num = num },
	};
	struct bu_vm_ctx ctx = {
		.kind = BU_VM_CTX_RAW, .bytes = &c, .size = sizeof(c), .seq = out,
	};
	struct bu_vm_fault fault = { .kind = BU_VM_FAULT_NONE };
	size_t before = out->n;
	uint64_t r0;
	int err;

	if (o)
		fill(&c, o);
	err = bu_vm_run_prog(p, &ctx, NULL, &r0, &fault);
	if (err == -EFAULT)
		vm->last_fault = fault;
	/* What an iterator prints in a call that returns 1 does not count, as in the kernel. */
	if (!err && r0 == 1)
		out->n = before;
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
	kind = which == BU_VM_ITER_MAP ? BU_VM_MAP : BU_VM_PROG;
	err = which < 0 ? which : 0;
	while (!err && !bu_vm_obj_next_id(vm, kind, id, &id)) {
		if (bu_vm_obj_by_id(vm, kind, id, &o))
			continue;
		err = call(vm, p, o, num++, &out);
		bu_vm_obj_put(o);
	}
	if (!err)
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
