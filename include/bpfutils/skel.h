/* SPDX-License-Identifier: (LGPL-2.1 OR BSD-2-Clause) */
/*
 * What headers of "bpftool gen skeleton FILE runtime own" stand on: it makes maps, loads programs and attaches them by
 * bpf(2), with the C library and the kernel's headers alone. All is static; nothing has to be linked.
 *
 * Linux 5.5 and later; CO-RE is left to the kernel (5.17). Programs for raw tracepoints, tracepoints, BTF tracepoints,
 * functions (fentry, fexit, fmod_ret) and LSM attach by themselves, others by bpfu_link().
 */
#ifndef BPFUTILS_SKEL_H
#define BPFUTILS_SKEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BPFU_API static inline __attribute__((unused))

struct bpfu_map {
	const char *name;
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t btf_key, btf_value; /* types in the object's BTF, 0: none */
	int inner;           /* number of the inner map's template, or -1 */
	int data;            /* 1: holds variables, 2: constants, which are frozen */
	const void *init;    /* value_size bytes at the start, NULL: zeros */
	const char *pin;     /* where it is, or is made and pinned; NULL: nowhere. May be set before the load */
	int found;           /* it was there */
	int fd;
	void *mem;           /* variables: before the load what they begin with, then the map itself */
	size_t mem_size;
};
/* An instruction that names a map, or a place in the only value of one. */
struct bpfu_ref { uint32_t insn, map, off, place; };
enum bpfu_auto { BPFU_NONE, BPFU_RAW_TP, BPFU_TRACEPOINT, BPFU_BTF };
struct bpfu_prog {
	const char *name, *target; /* target: what follows '/' in its section's name */
	uint32_t type, attach_type, flags;
	int autoattach;      /* enum bpfu_auto; may be set to BPFU_NONE before attaching */
	const char *btf_prefix; /* BPFU_BTF: in front of the target's name in the kernel's BTF */
	uint32_t btf_kind;
	const void *insns; uint32_t insn_cnt;
	const struct bpfu_ref *refs; uint32_t nrefs;
	const void *func_info; uint32_t nfunc;
	const void *line_info; uint32_t nline;
	const void *core; uint32_t ncore;
	int fd, link_fd;
};
/* An element that holds a map or program: keys are 32 bits. */
struct bpfu_slot { uint32_t map, key, is_prog, target; };
struct bpfu_object {
	const char *license;
	const void *btf; uint32_t btf_size;
	struct bpfu_map *maps; unsigned nmaps;
	struct bpfu_prog *progs; unsigned nprogs;
	const struct bpfu_slot *slots; unsigned nslots;
	int btf_fd;
	char *log;           /* the verifier's words about the program that was refused, or NULL */
	const char *failed;  /* name of the map or program that failed, or NULL */
};

BPFU_API int bpfu_call(int cmd, union bpf_attr *a, size_t size)
{
	long r = syscall(__NR_bpf, cmd, a, size);

	return r < 0 ? -errno : (int)r;
}

BPFU_API uint64_t bpfu_ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* ---------------------------------------------------------------- elements and links */

BPFU_API int bpfu_elem(int cmd, int map_fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)map_fd;
	a.key = bpfu_ptr(key);
	a.value = bpfu_ptr(value);
	a.flags = flags;
	return bpfu_call(cmd, &a, sizeof(a));
}

BPFU_API int bpfu_map_lookup(int map_fd, const void *key, void *value)
{
	return bpfu_elem(BPF_MAP_LOOKUP_ELEM, map_fd, key, value, 0);
}

BPFU_API int bpfu_map_update(int map_fd, const void *key, const void *value, uint64_t flags)
{
	return bpfu_elem(BPF_MAP_UPDATE_ELEM, map_fd, key, value, flags);
}

BPFU_API int bpfu_map_delete(int map_fd, const void *key)
{
	return bpfu_elem(BPF_MAP_DELETE_ELEM, map_fd, key, NULL, 0);
}

/* Attaches to a device, a control group's or a perf event's fd, as BPF_LINK_CREATE has it. An fd or -errno. */
BPFU_API int bpfu_link(const struct bpfu_prog *p, int target, uint32_t attach_type)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)p->fd;
	a.link_create.target_fd = (uint32_t)target;
	a.link_create.attach_type = attach_type;
	return bpfu_call(BPF_LINK_CREATE, &a, sizeof(a));
}

/* ---------------------------------------------------------------- loading */

BPFU_API size_t bpfu_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

/* Gives variables memory, in which they can be set before the load. 0 or -errno. */
BPFU_API int bpfu_open(struct bpfu_object *o)
{
	unsigned i;

	o->btf_fd = -1;
	for (i = 0; i < o->nprogs; i++)
		o->progs[i].fd = o->progs[i].link_fd = -1;
	for (i = 0; i < o->nmaps; i++)
		o->maps[i].fd = -1;
	for (i = 0; i < o->nmaps; i++) {
		struct bpfu_map *m = &o->maps[i];

		if (!m->data)
			continue;
		m->mem_size = bpfu_pages(m->value_size);
		m->mem = mmap(NULL, m->mem_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (m->mem == MAP_FAILED) {
			m->mem = NULL;
			return -errno;
		}
		if (m->init)
			memcpy(m->mem, m->init, m->value_size);
	}
	return 0;
}

BPFU_API int bpfu_pin(int fd, const char *path)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.pathname = bpfu_ptr(path);
	a.bpf_fd = (uint32_t)fd;
	return bpfu_call(BPF_OBJ_PIN, &a, sizeof(a));
}

/* The map that is pinned where this one is to be: its fd; -ENOENT; -EEXIST: it is another one. */
BPFU_API int bpfu_pinned(const struct bpfu_map *m)
{
	struct bpf_map_info mi;
	union bpf_attr a;
	int fd, err;

	memset(&a, 0, sizeof(a));
	a.pathname = bpfu_ptr(m->pin);
	fd = bpfu_call(BPF_OBJ_GET, &a, sizeof(a));
	if (fd < 0)
		return fd;
	memset(&mi, 0, sizeof(mi));
	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = sizeof(mi);
	a.info.info = bpfu_ptr(&mi);
	err = bpfu_call(BPF_OBJ_GET_INFO_BY_FD, &a, sizeof(a));
	if (!err && (mi.type != m->type || mi.key_size != m->key_size || mi.value_size != m->value_size ||
		     mi.max_entries != m->max_entries || mi.map_flags != (m->flags | (m->data ? BPF_F_MMAPABLE : 0))))
		err = -EEXIST;
	if (!err)
		return fd;
	close(fd);
	return err;
}

BPFU_API int bpfu_make_map(struct bpfu_object *o, struct bpfu_map *m)
{
	uint32_t zero = 0;
	union bpf_attr a;
	int err;
	void *p;

	if (m->pin) {
		m->fd = bpfu_pinned(m);
		if (m->fd < 0 && m->fd != -ENOENT)
			return m->fd;
		m->found = m->fd >= 0;
		if (m->found)
			goto map;
	}
	memset(&a, 0, sizeof(a));
	a.map_type = m->type;
	a.key_size = m->key_size;
	a.value_size = m->value_size;
	a.max_entries = m->max_entries;
	a.map_flags = m->flags | (m->data ? BPF_F_MMAPABLE : 0);
	if (m->inner >= 0)
		a.inner_map_fd = (uint32_t)o->maps[m->inner].fd;
	snprintf(a.map_name, sizeof(a.map_name), "%s", m->name);
	if (m->btf_value && o->btf_fd >= 0) {
		a.btf_fd = (uint32_t)o->btf_fd;
		a.btf_key_type_id = m->btf_key;
		a.btf_value_type_id = m->btf_value;
	}
	m->fd = bpfu_call(BPF_MAP_CREATE, &a, sizeof(a));
	if (m->fd < 0 && a.btf_fd) { /* some types of maps take none */
		a.btf_fd = a.btf_key_type_id = a.btf_value_type_id = 0;
		m->fd = bpfu_call(BPF_MAP_CREATE, &a, sizeof(a));
	}
	if (m->fd < 0)
		return m->fd;
	if (!m->data)
		return m->pin ? bpfu_pin(m->fd, m->pin) : 0;
	err = bpfu_map_update(m->fd, &zero, m->mem, BPF_ANY);
	if (!err && m->data == 2) {
		memset(&a, 0, sizeof(a));
		a.map_fd = (uint32_t)m->fd;
		err = bpfu_call(BPF_MAP_FREEZE, &a, sizeof(a));
	}
	if (!err && m->pin)
		err = bpfu_pin(m->fd, m->pin);
	if (err)
		return err;
map:
	if (!m->data)
		return 0;
	/* the same addresses are the map's from here on */
	p = mmap(m->mem, m->mem_size, m->data == 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 m->fd, 0);
	return p == MAP_FAILED ? -errno : 0;
}

BPFU_API uint32_t bpfu_word(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The id of a function or type of the kernel, by its BTF; -errno. */
BPFU_API int bpfu_kernel_type(const char *prefix, const char *name, uint32_t kind)
{
	static const unsigned char extra[20] = { 0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0 };
	static const unsigned char entry[20] = { 0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12 };
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC), id = 1, found = -ESRCH;
	size_t n = 0, cap = 8u << 20, plen = strlen(prefix), at, end, strs;
	unsigned char *b = fd < 0 ? NULL : (unsigned char *)malloc(cap);
	ssize_t got = 1;

	while (b && got > 0) {
		if (n == cap) {
			unsigned char *more = (unsigned char *)realloc(b, cap *= 2);

			if (!more)
				break;
			b = more;
		}
		got = read(fd, b + n, cap - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!b || got || n < 24) {
		free(b);
		return -ENOENT;
	}
	at = bpfu_word(b + 4) + (size_t)bpfu_word(b + 8);
	end = at + bpfu_word(b + 12);
	strs = bpfu_word(b + 4) + (size_t)bpfu_word(b + 16);
	for (; at + 12 <= end && end <= n; id++) {
		uint32_t info = bpfu_word(b + at + 4), k = info >> 24 & 0x7f, vlen = info & 0xffffff;
		size_t s = strs + bpfu_word(b + at);

		if (k > 19)
			break;
		if (k == kind && s < n && !strncmp((char *)b + s, prefix, plen) && !strcmp((char *)b + s + plen, name)) {
			found = id;
			break;
		}
		at += 12 + extra[k] + (size_t)entry[k] * vlen;
	}
	free(b);
	return found;
}

BPFU_API int bpfu_load_prog(struct bpfu_object *o, struct bpfu_prog *p)
{
	struct bpf_insn *in = (struct bpf_insn *)malloc(p->insn_cnt * sizeof(*in));
	union bpf_attr a;
	uint32_t i;
	int id = 0;

	if (!in)
		return -ENOMEM;
	memcpy(in, p->insns, p->insn_cnt * sizeof(*in));
	for (i = 0; i < p->nrefs; i++) {
		struct bpf_insn *at = &in[p->refs[i].insn];

		at[0].src_reg = p->refs[i].place ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD;
		at[0].imm = o->maps[p->refs[i].map].fd;
		at[1].imm = (int)p->refs[i].off;
	}
	memset(&a, 0, sizeof(a));
	a.prog_type = p->type;
	a.expected_attach_type = p->attach_type;
	a.prog_flags = p->flags;
	a.insns = bpfu_ptr(in);
	a.insn_cnt = p->insn_cnt;
	a.license = bpfu_ptr(o->license);
	snprintf(a.prog_name, sizeof(a.prog_name), "%s", p->name);
	if (p->autoattach == BPFU_BTF || p->btf_prefix) {
		id = bpfu_kernel_type(p->btf_prefix ? p->btf_prefix : "", p->target, p->btf_kind);
		a.attach_btf_id = id > 0 ? (uint32_t)id : 0;
	}
	if (o->btf_fd >= 0) {
		a.prog_btf_fd = (uint32_t)o->btf_fd;
		a.func_info = bpfu_ptr(p->func_info);
		a.func_info_cnt = p->nfunc;
		a.func_info_rec_size = 8;
		a.line_info = bpfu_ptr(p->line_info);
		a.line_info_cnt = p->nline;
		a.line_info_rec_size = 16;
		a.core_relos = bpfu_ptr(p->core);
		a.core_relo_cnt = p->ncore;
		a.core_relo_rec_size = p->ncore ? 16 : 0;
	}
	p->fd = id < 0 ? id : bpfu_call(BPF_PROG_LOAD, &a, sizeof(a));
	if (p->fd < 0 && id >= 0 && !o->log) {
		/* once more, for the verifier's words */
		o->log = (char *)calloc(1, 1u << 18);
		a.log_level = 1;
		a.log_buf = bpfu_ptr(o->log);
		a.log_size = o->log ? 1u << 18 : 0;
		if (o->log)
			p->fd = bpfu_call(BPF_PROG_LOAD, &a, sizeof(a));
	}
	free(in);
	return p->fd < 0 ? p->fd : 0;
}

/* Makes the maps and loads the programs. 0 or -errno, and failed and log tell more. */
BPFU_API int bpfu_load(struct bpfu_object *o)
{
	union bpf_attr a;
	unsigned i, again;
	int err;

	memset(&a, 0, sizeof(a));
	a.btf = bpfu_ptr(o->btf);
	a.btf_size = o->btf_size;
	if (o->btf_size)
		o->btf_fd = bpfu_call(BPF_BTF_LOAD, &a, sizeof(a));
	/* those that stand for the maps in others first */
	for (again = 0; again < 2 * o->nmaps; again++) {
		i = again % o->nmaps;
		if ((again < o->nmaps) != (o->maps[i].inner < 0))
			continue;
		err = bpfu_make_map(o, &o->maps[i]);
		if (err) {
			o->failed = o->maps[i].name;
			return err;
		}
	}
	for (i = 0; i < o->nprogs; i++) {
		err = bpfu_load_prog(o, &o->progs[i]);
		if (err) {
			o->failed = o->progs[i].name;
			return err;
		}
	}
	for (i = 0; i < o->nslots; i++) {
		const struct bpfu_slot *t = &o->slots[i];
		uint32_t fd = (uint32_t)(t->is_prog ? o->progs[t->target].fd : o->maps[t->target].fd);

		err = bpfu_map_update(o->maps[t->map].fd, &t->key, &fd, BPF_ANY);
		if (err) {
			o->failed = o->maps[t->map].name;
			return err;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- attaching */

BPFU_API int bpfu_tracepoint(const struct bpfu_prog *p)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct perf_event_attr e;
	char path[320], id[24] = "";
	int fd = -1, link, i;

	for (i = 0; i < 2 && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], p->target);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	i = (int)read(fd, id, sizeof(id) - 1);
	close(fd);
	if (i <= 0)
		return -EIO;
	memset(&e, 0, sizeof(e));
	e.type = PERF_TYPE_TRACEPOINT;
	e.size = sizeof(e);
	e.config = strtoull(id, NULL, 10);
	e.sample_period = e.wakeup_events = 1;
	fd = (int)syscall(__NR_perf_event_open, &e, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	link = bpfu_link(p, fd, BPF_PERF_EVENT);
	close(fd); /* the link has it */
	return link;
}

BPFU_API int bpfu_attach_prog(struct bpfu_prog *p)
{
	union bpf_attr a;

	if (p->autoattach == BPFU_TRACEPOINT)
		return bpfu_tracepoint(p);
	memset(&a, 0, sizeof(a));
	a.raw_tracepoint.prog_fd = (uint32_t)p->fd;
	if (p->autoattach == BPFU_RAW_TP)
		a.raw_tracepoint.name = bpfu_ptr(p->target);
	return bpfu_call(BPF_RAW_TRACEPOINT_OPEN, &a, sizeof(a));
}

BPFU_API void bpfu_detach(struct bpfu_object *o)
{
	for (unsigned i = 0; i < o->nprogs; i++) {
		if (o->progs[i].link_fd >= 0)
			close(o->progs[i].link_fd);
		o->progs[i].link_fd = -1;
	}
}

/* Attaches what attaches by itself and is not attached yet. On an error what it attached stays. */
BPFU_API int bpfu_attach(struct bpfu_object *o)
{
	for (unsigned i = 0; i < o->nprogs; i++) {
		struct bpfu_prog *p = &o->progs[i];

		if (p->autoattach == BPFU_NONE || p->link_fd >= 0)
			continue;
		p->link_fd = bpfu_attach_prog(p);
		if (p->link_fd < 0) {
			o->failed = p->name;
			return p->link_fd;
		}
	}
	return 0;
}

BPFU_API void bpfu_close(struct bpfu_object *o)
{
	unsigned i;

	bpfu_detach(o);
	for (i = 0; i < o->nprogs; i++)
		if (o->progs[i].fd >= 0)
			close(o->progs[i].fd);
	for (i = 0; i < o->nmaps; i++) {
		if (o->maps[i].mem)
			munmap(o->maps[i].mem, o->maps[i].mem_size);
		if (o->maps[i].fd >= 0)
			close(o->maps[i].fd);
	}
	if (o->btf_fd >= 0)
		close(o->btf_fd);
	free(o->log);
	free(o->maps);
	free(o->progs);
}

#endif
