/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program's file, and the program that a process makes of it: everything read from the file is
 * copied to private memory and checked again.
 *
 *   instructions, ids of used maps (room for BIND_MAP behind them), func_info, line_info, license
 */
#include "vm/ctxrule.h"
#include "vm/progfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BE (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static uint32_t put(uint64_t *end, uint64_t n)
{
	uint64_t at = (*end + 7) & ~(uint64_t)7;

	*end = at + n;
	return (uint32_t)at;
}

int bu_vm_prog_make(struct bu_vm *vm, struct bu_vm_newprog *np)
{
	struct bu_vm_target refs[BU_VM_USED_MAPS + 1];
	struct bu_vm_hdr *h = calloc(1, sizeof(*h));
	struct bu_vm_prog_attr *pa = &np->h;
	unsigned nrefs = 0;
	struct timespec ts;
	struct bu_vm_obj *o;
	uint64_t end = 0;
	int fd, err;

	if (!h)
		return -ENOMEM;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	pa->load_time = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	put(&end, (uint64_t)pa->ninsns * BU_INSN_SIZE);
	pa->nmaps = np->nmaps;
	pa->maps_off = put(&end, BU_VM_PROG_MAPS * sizeof(uint32_t));
	pa->func_info_off = put(&end, (uint64_t)pa->nfuncs * sizeof(*np->funcs));
	pa->line_info_off = put(&end, (uint64_t)pa->nlines * sizeof(*np->lines));
	pa->license_off = put(&end, sizeof(np->license));
	pa->btf_id = np->btf ? np->btf->id : 0;
	end = (end + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	h->kind = BU_VM_PROG;
	h->prog = *pa;
	err = bu_vm_obj_new(vm, h, end + BU_VM_PAGE, end, O_RDWR, &o, &fd);
	free(h);
	if (err)
		return err;
	for (uint32_t i = 0; i < pa->ninsns; i++)
		bu_insn_encode(o->mem + (size_t)i * BU_INSN_SIZE, &np->insns[i], BE);
	for (uint32_t i = 0; i < np->nmaps; i++) {
		uint32_t id = np->maps[i]->obj->id;

		memcpy(o->mem + pa->maps_off + i * sizeof(id), &id, sizeof(id));
		refs[nrefs++] = (struct bu_vm_target){ BU_VM_MAP, id };
	}
	if (np->btf)
		refs[nrefs++] = (struct bu_vm_target){ BU_VM_BTF, np->btf->id };
	if (pa->nfuncs)
		memcpy(o->mem + pa->func_info_off, np->funcs, pa->nfuncs * sizeof(*np->funcs));
	if (pa->nlines)
		memcpy(o->mem + pa->line_info_off, np->lines, pa->nlines * sizeof(*np->lines));
	memcpy(o->mem + pa->license_off, np->license, sizeof(np->license));
	err = bu_vm_obj_publish(o, refs, nrefs);
	if (err)
		bu_vm_obj_abandon(o);
	bu_vm_obj_put(o);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Is [off, off + n * size) in front of the header? */
static bool inside(const struct bu_vm_obj *o, uint32_t off, uint32_t n, uint32_t size)
{
	return (uint64_t)off + (uint64_t)n * size <= o->size - BU_VM_PAGE;
}

static int check_file(const struct bu_vm_obj *o)
{
	const struct bu_vm_prog_attr *h = &o->h.prog;

	if (o->kind != BU_VM_PROG || o->size < 2 * BU_VM_PAGE || !h->ninsns ||
	    h->ninsns > BPF_COMPLEXITY_LIMIT_INSNS || !inside(o, 0, h->ninsns, BU_INSN_SIZE) ||
	    h->nmaps > BU_VM_USED_MAPS || h->maps_off % 4 ||
	    !inside(o, h->maps_off, BU_VM_PROG_MAPS, 4) ||
	    h->nfuncs > 257 || !inside(o, h->func_info_off, h->nfuncs, sizeof(struct bpf_func_info)) ||
	    h->nlines > h->ninsns ||
	    !inside(o, h->line_info_off, h->nlines, sizeof(struct bpf_line_info)) ||
	    !inside(o, h->license_off, 1, 128) || h->type >= bu_nprog_types)
		return -EUCLEAN;
	return 0;
}

static uint32_t bound(const struct bu_vm_obj *o)
{
	uint32_t n = atomic_load(&o->hdr->live.bound), room = BU_VM_PROG_MAPS - o->h.prog.nmaps;

	return n < room ? n : room;
}

static void prog_free(struct bu_vm_prog *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; p->maps && i < p->nmaps; i++)
		bu_vm_map_put(p->maps[i]);
	free(p->maps);
	free((void *)p->insns);
	free(p->ops);
	free(p->facts);
	free(p);
}

static void body_free(struct bu_vm_obj *o)
{
	prog_free(o->body);
	o->body = NULL;
}

/* Where its exception callback is, by its types; damaged ones name none. */
static void find_exception(struct bu_vm_prog *p)
{
	const struct bu_vm_prog_attr *h = &p->obj->h.prog;
	struct bpf_func_info *f;
	const struct bu_btf *btf;
	struct bu_vm_obj *o;

	if (!h->btf_id || !h->nfuncs || bu_vm_obj_by_id(p->vm, BU_VM_BTF, h->btf_id, &o))
		return;
	f = malloc((size_t)h->nfuncs * sizeof(*f));
	if (f && !bu_vm_btf_of(o, &btf)) {
		memcpy(f, p->obj->mem + h->func_info_off, (size_t)h->nfuncs * sizeof(*f));
		if (bu_vm_exception(btf, f, h->nfuncs, &p->exception, NULL))
			p->exception = 0;
	}
	free(f);
	bu_vm_obj_put(o);
}

static int make(struct bu_vm_obj *o, struct bu_vm_prog **out)
{
	const struct bu_vm_prog_attr *h = &o->h.prog;
	struct bu_vm_prog *p = calloc(1, sizeof(*p));
	struct bu_vm_check c = { 0 };
	struct bu_insn *insns;
	int err = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->obj = o;
	p->vm = o->vm;
	p->id = o->id;
	p->type = h->type;
	p->attach_type = h->expected_attach_type;
	p->ninsns = h->ninsns;
	p->gpl = h->gpl;
	memcpy(p->name, h->name, sizeof(p->name));
	p->name[sizeof(p->name) - 1] = 0;
	p->insns = insns = calloc(h->ninsns, sizeof(*insns));
	p->ops = calloc(h->ninsns, sizeof(*p->ops));
	p->facts = calloc(h->ninsns, 1);
	p->maps = calloc(BU_VM_USED_MAPS, sizeof(struct bu_vm_map *));
	if (!p->insns || !p->ops || !p->facts || !p->maps)
		goto out;
	for (uint32_t i = 0; i < h->nmaps; i++) {
		uint32_t id;

		memcpy(&id, o->mem + h->maps_off + i * sizeof(id), sizeof(id));
		err = bu_vm_map_by_id(o->vm, id, &p->maps[i]);
		if (err)
			goto damaged;
		p->nmaps++;
	}
	for (uint32_t i = 0; i < h->ninsns; i++) {
		bu_insn_decode(&insns[i], o->mem + (size_t)i * BU_INSN_SIZE, BE);
		if ((!i || insns[i - 1].code != BU_OP_LD_IMM64) &&
		    insns[i].code == BU_OP_LD_IMM64 &&
		    (insns[i].src == BU_PSEUDO_MAP_FD || insns[i].src == BU_PSEUDO_MAP_VALUE) &&
		    (uint32_t)insns[i].imm >= p->nmaps)
			goto damaged;
	}
	p->view = bu_vm_ctx_view(p->type, p->attach_type);
	find_exception(p);
	c = (struct bu_vm_check){
		.exception = p->exception,
		.insns = insns, .n = p->ninsns, .type = p->type,
		.expected_attach_type = p->attach_type, .flags = h->flags, .gpl = h->gpl,
		.vm = o->vm, .maps = p->maps, .nmaps = p->nmaps, .opened = true,
		.no_result = p->type == BPF_PROG_TYPE_STRUCT_OPS, /* checked when it was loaded */
	};
	err = bu_vm_check_insns(&c);
	if (err && err != -ENOMEM)
		goto damaged;
	if (!err)
		err = bu_vm_decode(p);
	goto out;
damaged:
	err = err == -ENOMEM ? err : -EUCLEAN;
out:
	if (err)
		prog_free(p);
	else
		*out = p;
	return err;
}

int bu_vm_prog_of(struct bu_vm_obj *o, struct bu_vm_prog **p)
{
	struct bu_vm_prog *made;
	int err = check_file(o);

	if (err)
		return o->kind == BU_VM_PROG ? err : -EINVAL;
	if (!o->body) {
		err = make(o, &made);
		if (err)
			return err;
		o->body = made;
		o->body_free = body_free;
	}
	*p = o->body;
	return 0;
}

int bu_vm_prog_by_fd(struct bu_vm *vm, int fd, struct bu_vm_prog **p)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_fd(vm, fd, BU_VM_PROG, &o, NULL);

	if (err)
		return err;
	err = bu_vm_prog_of(o, p);
	if (err)
		bu_vm_obj_put(o);
	return err;
}

int bu_vm_prog_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_prog **p)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_id(vm, BU_VM_PROG, id, &o);

	if (err)
		return err;
	err = bu_vm_prog_of(o, p);
	if (err)
		bu_vm_obj_put(o);
	return err;
}

/* ---------------------------------------------------------------- BIND_MAP, ENABLE_STATS */

int bu_vm_cmd_bind_map(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *o, *m;
	uint32_t n, id;
	int err;

	(void)user, (void)size;
	if (a->prog_bind_map.flags)
		return -EINVAL;
	err = bu_vm_obj_by_fd(vm, (int)a->prog_bind_map.prog_fd, BU_VM_PROG, &o, NULL);
	if (err)
		return err;
	err = bu_vm_obj_by_fd(vm, (int)a->prog_bind_map.map_fd, BU_VM_MAP, &m, NULL);
	if (err) {
		bu_vm_obj_put(o);
		return err;
	}
	err = check_file(o);
	if (!err)
		err = bu_vm_world_lock(vm);
	if (err)
		goto out;
	n = o->h.prog.nmaps + bound(o);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&id, o->mem + o->h.prog.maps_off + i * sizeof(id), sizeof(id));
		if (id == m->id)
			goto unlock;
	}
	if (n >= BU_VM_PROG_MAPS) {
		err = -E2BIG;
		goto unlock;
	}
	/* Its slot is behind those of the used maps and the BTF; the count makes it visible. */
	err = bu_vm_ref_set(o, n + 1, m);
	if (err)
		goto unlock;
	memcpy(o->mem + o->h.prog.maps_off + n * sizeof(id), &m->id, sizeof(m->id));
	atomic_store(&o->hdr->live.bound, n + 1 - o->h.prog.nmaps);
unlock:
	bu_vm_world_unlock(vm);
out:
	bu_vm_obj_put(m);
	bu_vm_obj_put(o);
	return err;
}

/* ---------------------------------------------------------------- info */

/* The instructions as the kernel shows them: a map is its id. */
static int info_insns(struct bu_vm *vm, struct bu_vm_obj *o, struct bpf_prog_info *i)
{
	const struct bu_vm_prog_attr *h = &o->h.prog;
	uint32_t room = i->xlated_prog_len, n = h->ninsns * BU_INSN_SIZE;
	struct bu_insn in;
	uint8_t *p;
	int err = 0;

	i->xlated_prog_len = n;
	if (!room)
		return 0;
	p = malloc(n);
	if (!p)
		return -ENOMEM;
	memcpy(p, o->mem, n);
	for (uint32_t k = 0; k + 1 < h->ninsns; k++) {
		uint32_t id = 0;

		bu_insn_decode(&in, p + (size_t)k * BU_INSN_SIZE, BE);
		if (in.code == BU_OP_CALL && in.src == BU_CALL_LOCAL) {
			in.off = (int16_t)in.imm; /* the kernel shows the distance there */
			bu_insn_encode(p + (size_t)k * BU_INSN_SIZE, &in, BE);
		}
		if (in.code != BU_OP_LD_IMM64)
			continue;
		if (in.src == BU_PSEUDO_MAP_FD || in.src == BU_PSEUDO_MAP_VALUE) {
			if ((uint32_t)in.imm < h->nmaps)
				memcpy(&id, o->mem + h->maps_off + (uint32_t)in.imm * sizeof(id),
				       sizeof(id));
			in.imm = (int32_t)id;
			bu_insn_encode(p + (size_t)k * BU_INSN_SIZE, &in, BE);
		}
		k++;
	}
	if (bu_vm_copy_out(vm, i->xlated_prog_insns, p, room < n ? room : n))
		err = -EFAULT;
	free(p);
	return err;
}

/* n records of size bytes at off of the file: as many as there is room for. *cnt: room in, all out. */
static int info_records(struct bu_vm *vm, struct bu_vm_obj *o, uint64_t user, uint32_t off,
			uint32_t n, uint32_t size, uint32_t room)
{
	if (room > n)
		room = n;
	return room ? bu_vm_copy_out(vm, user, o->mem + off, (size_t)room * size) : 0;
}

/* Sizes of records that the caller names must be ours; 0 only when it wants none. */
static int rec_size(uint32_t cnt, uint32_t *rec, uint32_t ours)
{
	if ((cnt || *rec) && *rec != ours)
		return -EINVAL;
	*rec = ours;
	return 0;
}

int bu_vm_info_prog(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	const struct bu_vm_prog_attr *h = &o->h.prog;
	struct bpf_prog_info i;
	uint32_t len, room, nmaps;
	int err;

	err = bu_vm_info_in(vm, a, &i, sizeof(i), &len);
	if (!err)
		err = check_file(o);
	if (err)
		return err;
	i.type = h->type;
	i.id = o->id;
	i.load_time = h->load_time;
	i.created_by_uid = h->uid;
	i.gpl_compatible = h->gpl;
	memcpy(i.tag, h->tag, sizeof(i.tag));
	memcpy(i.name, h->name, sizeof(i.name));
	nmaps = h->nmaps + bound(o);
	err = info_records(vm, o, i.map_ids, h->maps_off, nmaps, 4, i.nr_map_ids);
	i.nr_map_ids = nmaps;
	if (!err)
		err = rec_size(i.nr_func_info, &i.func_info_rec_size, sizeof(struct bpf_func_info));
	if (!err)
		err = rec_size(i.nr_line_info, &i.line_info_rec_size, sizeof(struct bpf_line_info));
	if (!err)
		err = rec_size(i.nr_jited_line_info, &i.jited_line_info_rec_size, 8);
	if (err)
		return err;
	i.run_time_ns = atomic_load(&o->hdr->live.run_time_ns);
	i.run_cnt = atomic_load(&o->hdr->live.run_cnt);
	i.recursion_misses = atomic_load(&o->hdr->live.recursion_misses);
	i.verified_insns = h->ninsns;
	i.btf_id = h->btf_id;
	i.attach_btf_id = h->attach_btf_id;
	i.attach_btf_obj_id = 0;
	err = info_insns(vm, o, &i);
	if (err)
		return err;
	i.jited_prog_len = 0;
	i.nr_jited_ksyms = 0;
	i.nr_jited_func_lens = 0;
	i.nr_jited_line_info = 0;
	i.ifindex = 0;
	i.netns_dev = i.netns_ino = 0;
	room = i.nr_func_info;
	i.nr_func_info = h->nfuncs;
	err = info_records(vm, o, i.func_info, h->func_info_off, h->nfuncs,
			   sizeof(struct bpf_func_info), room);
	room = i.nr_line_info;
	i.nr_line_info = h->nlines;
	if (!err)
		err = info_records(vm, o, i.line_info, h->line_info_off, h->nlines,
				   sizeof(struct bpf_line_info), room);
	room = i.nr_prog_tags;
	i.nr_prog_tags = 1;
	if (!err && room)
		err = bu_vm_copy_out(vm, i.prog_tags, h->tag, sizeof(h->tag));
	return err ? err : bu_vm_info_out(vm, a, user, &i, len);
}
