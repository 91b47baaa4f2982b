/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values printed by types: of the VM's own, which are integers, pointers, structs and arrays of them. */
#include "vm/cmd.h"
#include "vm/helper.h"
#include "vm/private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPACT = 1, NONAME = 2, PTR_RAW = 4, ZERO = 8, FLAGS = 15 };
#define VALUE_MAX 65536

struct show {
	struct bu_buf out;
	const struct bu_btf *btf;
	uint64_t flags;
	unsigned depth;
	bool element; /* of an array: its type was said */
};

static void indent(struct show *s)
{
	for (unsigned i = 0; !(s->flags & COMPACT) && i < s->depth && i < 32; i++)
		bu_buf_char(&s->out, ' ');
}

static void end_line(struct show *s)
{
	if (s->depth)
		bu_buf_char(&s->out, ',');
	if (!(s->flags & COMPACT))
		bu_buf_char(&s->out, '\n');
}

/* ".member = (struct name *[])[": with what opens a struct or an array. */
static void name(struct show *s, uint32_t id, const char *member)
{
	const char *named = NULL, *opens = "", *prefix = "";
	unsigned stars = 0, dims = 0;
	struct bu_btf_type t = { 0 };
	bool alias = false;

	if (s->element)
		return;
	for (unsigned i = 0; i < 16 && !bu_btf_get(s->btf, id, &t); i++) {
		if (t.kind == BU_BTF_TYPEDEF) {
			named = named ? named : t.name;
			alias = true;
			id = t.type;
		} else if (t.kind == BU_BTF_ARRAY) {
			dims++;
			id = t.elem;
		} else if (t.kind == BU_BTF_PTR) {
			stars++;
			id = t.type;
		} else if (t.kind == BU_BTF_CONST || t.kind == BU_BTF_VOLATILE || t.kind == BU_BTF_TYPE_TAG) {
			id = t.type;
		} else {
			break;
		}
	}
	if (dims)
		opens = "[";
	if (t.kind == BU_BTF_STRUCT || t.kind == BU_BTF_UNION) {
		prefix = t.kind == BU_BTF_STRUCT ? "struct " : "union ";
		opens = dims ? "[" : "{";
	}
	if (stars)
		opens = "";
	if (!(s->flags & NONAME)) {
		if (member && *member)
			bu_buf_printf(&s->out, ".%s = ", member);
		bu_buf_printf(&s->out, "(%s%s%s", alias ? "" : prefix, named ? named : t.name ? t.name : "", stars ? " " : "");
		while (stars--)
			bu_buf_char(&s->out, '*');
		while (dims--)
			bu_buf_str(&s->out, "[]");
		bu_buf_char(&s->out, ')');
	}
	bu_buf_str(&s->out, opens);
}

/* Is there something to be shown: a number that is not zero, or text? */
static bool any(const struct bu_btf *btf, uint32_t id, const uint8_t *p, unsigned depth)
{
	int64_t size = bu_btf_size(btf, id), one;
	struct bu_btf_type t;
	struct bu_btf_member m;

	if (depth > 16 || size < 0 || bu_btf_get(btf, bu_btf_resolve(btf, id), &t))
		return false;
	if (t.kind == BU_BTF_STRUCT || t.kind == BU_BTF_UNION) {
		for (uint32_t i = 0; i < t.vlen; i++)
			if (!bu_btf_member(btf, &t, i, &m) && any(btf, m.type, p + m.bit_off / 8, depth + 1))
				return true;
		return false;
	}
	if (t.kind == BU_BTF_ARRAY) {
		one = bu_btf_size(btf, t.elem);
		if (one == 1)
			return size && p[0];
		for (uint32_t i = 0; one > 0 && i < t.nelems; i++)
			if (any(btf, t.elem, p + (uint64_t)one * i, depth + 1))
				return true;
		return false;
	}
	for (int64_t i = 0; i < size; i++)
		if (p[i])
			return true;
	return false;
}

static void number(struct show *s, const struct bu_btf_type *t, const uint8_t *p, bool text)
{
	uint64_t v = 0;

	if (text && isprint(*p)) {
		bu_buf_printf(&s->out, "'%c'", *p);
		return;
	}
	memcpy(BU_HOST_BE ? (uint8_t *)&v + 8 - t->size : (uint8_t *)&v, p, t->size);
	if (t->int_enc & 1)
		bu_buf_printf(&s->out, "%lld", (long long)((int64_t)(v << (64 - t->size * 8)) >> (64 - t->size * 8)));
	else
		bu_buf_printf(&s->out, "%llu", (unsigned long long)v);
}

static void value(struct show *s, uint32_t id, const uint8_t *p, const char *member, bool text)
{
	struct bu_btf_type t;
	struct bu_btf_member m;
	bool element = s->element;
	uint64_t v = 0;
	int64_t one;

	if (s->depth > 16 || bu_btf_get(s->btf, bu_btf_resolve(s->btf, id), &t))
		return;
	if (s->depth && !(s->flags & ZERO) && !any(s->btf, id, p, 0))
		return;
	indent(s);
	name(s, id, member);
	if (t.kind == BU_BTF_INT && t.size && t.size <= 8) {
		number(s, &t, p, text);
	} else if (t.kind == BU_BTF_PTR) {
		memcpy(BU_HOST_BE ? (uint8_t *)&v + 8 - sizeof(void *) : (uint8_t *)&v, p, sizeof(void *));
		bu_buf_printf(&s->out, "0x%016llx", (unsigned long long)(s->flags & PTR_RAW ? v : bu_vm_hashed(v)));
	} else if (t.kind == BU_BTF_STRUCT || t.kind == BU_BTF_UNION) {
		if (!(s->flags & COMPACT))
			bu_buf_char(&s->out, '\n');
		s->depth++;
		s->element = false;
		for (uint32_t i = 0; i < t.vlen; i++)
			if (!bu_btf_member(s->btf, &t, i, &m))
				value(s, m.type, p + m.bit_off / 8, m.name, false);
		s->element = element;
		s->depth--;
		indent(s);
		bu_buf_char(&s->out, '}');
	} else if (t.kind == BU_BTF_ARRAY) {
		one = bu_btf_size(s->btf, t.elem);
		if (!(s->flags & COMPACT))
			bu_buf_char(&s->out, '\n');
		s->depth++;
		s->element = true;
		for (uint32_t i = 0; one > 0 && i < t.nelems && (one > 1 || p[i]); i++)
			value(s, t.elem, p + (uint64_t)one * i, NULL, one == 1);
		s->element = element;
		s->depth--;
		indent(s);
		bu_buf_char(&s->out, ']');
	}
	end_line(s);
}

/* The text of what a struct btf_ptr at p says: 0 or -errno. */
static int64_t print(struct bu_vm_run *run, struct bu_buf *out, uint64_t p, uint64_t n, uint64_t flags)
{
	struct { uint64_t ptr; uint32_t type, flags; } ref;
	struct show s = { .flags = flags };
	struct bu_btf_type t;
	struct bu_btf btf;
	const void *data;
	uint8_t *copy;
	int64_t size, err = 0;
	size_t len;

	if (flags & ~(uint64_t)FLAGS || n != sizeof(ref))
		return -EINVAL;
	memcpy(&ref, bu_vm_ptr(p), sizeof(ref));
	if (!ref.type)
		return -EINVAL;
	if (bu_vm_op_vmlinux_btf(&run->vm->sys, &data, &len) || bu_btf_parse(&btf, data, len, NULL, "vmlinux", NULL))
		return -EINVAL;
	size = bu_btf_get(&btf, ref.type, &t) ? -ENOENT : bu_btf_size(&btf, ref.type);
	copy = size > 0 && size <= VALUE_MAX ? malloc((size_t)size) : NULL;
	if (!copy)
		err = size < 0 ? (size == -ENOENT ? -ENOENT : -EINVAL) : size > 0 && size <= VALUE_MAX ? -ENOMEM : -EINVAL;
	else if (bu_vm_probe(run, copy, (uint64_t)size, ref.ptr, BU_VM_KERNEL))
		err = -EFAULT;
	s.btf = &btf;
	if (!err)
		value(&s, ref.type, copy, NULL, false);
	free(copy);
	bu_btf_free(&btf);
	*out = s.out;
	return err;
}

BU_VM_FN(snprintf_btf)
{
	struct bu_buf out = { 0 };
	int64_t err = print(run, &out, c, d, e);
	uint64_t n;

	if (!err && (uint32_t)b) {
		n = out.n < (uint32_t)b - 1 ? out.n : (uint32_t)b - 1;
		if (n)
			memcpy(bu_vm_ptr(a), out.p, n);
		bu_vm_ptr(a)[n] = 0;
	}
	n = out.n;
	bu_buf_free(&out);
	return err ? bu_vm_ret(err) : n;
}

BU_VM_FN(seq_printf_btf)
{
	struct bu_buf out = { 0 };
	int64_t err;

	if (!run->ctx || !run->ctx->seq || a != BU_VM_SEQ_HANDLE) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, a, 0, true, "bpf_seq_printf_btf: argument 1: is no output of an iterator");
		return 0;
	}
	err = print(run, &out, b, c, d);
	if (!err && bu_buf_add(run->ctx->seq, out.p, out.n))
		err = -EOVERFLOW;
	bu_buf_free(&out);
	return bu_vm_ret(err);
}
