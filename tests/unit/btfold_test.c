/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types for older kernels: kernels are played that know the kinds of their time, and each is given types
 * that it takes; and what is made for each is right by the rules of the kernel that runs here.
 */
#include "load/kpriv.h"
#include "kern/kern.h"
#include "tap.h"

struct kernel { struct bu_sys sys; const char *name; unsigned last; bool qmark, global; };

static struct bu_btfgen g;
static struct bu_buf blob;
static struct bu_btf btf;

/* BPF_BTF_LOAD as such a kernel does it. */
static int fake_bpf(struct bu_sys *s, int cmd, union bpf_attr *a, unsigned size)
{
	const struct kernel *k = (const struct kernel *)s;
	struct bu_btf b;
	struct bu_btf_type t;
	int err;

	(void)size;
	if (cmd != BPF_BTF_LOAD)
		return -EINVAL;
	err = bu_btf_parse(&b, (const void *)(uintptr_t)a->btf, a->btf_size, NULL, "x", NULL);
	if (err)
		return err;
	if (b.hdr_len != 24)
		err = -E2BIG;
	for (uint32_t id = 1; id <= b.ntypes && !err; id++) {
		bu_btf_get(&b, id, &t);
		if (t.kind > k->last || (t.kind == BU_BTF_ENUM && t.kflag && k->last < BU_BTF_ENUM64) ||
		    (t.kind == BU_BTF_FUNC && t.linkage == 1 && !k->global) ||
		    (t.kind == BU_BTF_DATASEC && t.name[0] == '?' && !k->qmark))
			err = -EINVAL;
	}
	bu_btf_free(&b);
	return err ? err : 3;
}

static int fake_close(struct bu_sys *s, int fd)
{
	(void)s;
	(void)fd;
	return 0;
}

static const struct bu_sys_ops fake = { .name = "kernel", .bpf = fake_bpf, .close = fake_close };

/* Some of every kind. */
static void make_types(void)
{
	uint32_t num, proto, func, var, en;

	bu_btfgen_init(&g, BU_HOST_BE);
	num = bu_btfgen_int(&g, "int", 4, 1);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "s", 8);
	bu_btfgen_member(&g, "a", num, 0);
	bu_btfgen_member(&g, "b", num, 32);
	bu_btfgen_float(&g, "double", 8);
	en = bu_btfgen_enum(&g, "small", 4, true);
	bu_btfgen_enumval(&g, "MINUS", -1);
	bu_btfgen_enum(&g, "large", 8, false);
	bu_btfgen_enumval(&g, "HUGE", 1ll << 40);
	bu_btfgen_enumval(&g, "TINY", 1);
	bu_btfgen_ptr(&g, bu_btfgen_mod(&g, BU_BTF_TYPE_TAG, "user", num));
	proto = bu_btfgen_proto(&g, num);
	bu_btfgen_param(&g, "x", en);
	func = bu_btfgen_func(&g, "f", proto, 1);
	var = bu_btfgen_var(&g, "v", num, 1);
	bu_btfgen_datasec(&g, ".data", 8);
	bu_btfgen_secvar(&g, var, 4, 4);
	var = bu_btfgen_var(&g, "ops", num, 1);
	bu_btfgen_datasec(&g, "?.struct_ops", 4);
	bu_btfgen_secvar(&g, var, 0, 4);
	(void)func;
	bu_btfgen_finish(&g, &blob);
	if (bu_btf_parse(&btf, blob.p, blob.n, NULL, "made", NULL))
		printf("# the types are damaged\n");
}

static void old_kernel(struct kernel *k, struct bu_sys *real)
{
	uint8_t *copy = malloc(blob.n);
	struct bu_buf plain = { 0 };
	struct bu_btf b;
	struct bu_btf_type t;
	int fd;

	k->sys.ops = &fake;
	memcpy(copy, blob.p, blob.n);
	ok((bu_sys_btf_load(&k->sys, blob.p, blob.n, NULL, 0) == -EINVAL) == (k->last < BU_BTF_ENUM64 || !k->qmark),
	   "%s: takes the types as they are, or not", k->name);
	ok(!bu_btf_make_old(&btf, copy, bu_btf_lacks(&btf, &k->sys)) && !bu_btf_plain(&btf, copy, &plain) &&
	   bu_sys_btf_load(&k->sys, plain.p, plain.n, NULL, 0) == 3, "%s: takes what is made for it", k->name);
	ok(!bu_btf_parse(&b, plain.p, plain.n, NULL, "old", NULL) && b.ntypes == btf.ntypes, "%s: no id has changed", k->name);
	ok(!bu_btf_get(&b, bu_btf_find(&btf, BU_BTF_DATASEC, ".data"), &t) && t.size == 8 && t.vlen == 1 &&
	   (t.kind == BU_BTF_DATASEC) == (k->last >= BU_BTF_DATASEC), "%s: a section keeps its size", k->name);
	bu_btf_free(&b);
	if (real) {
		fd = bu_sys_btf_load(real, plain.p, plain.n, NULL, 0);
		ok(fd >= 0, "%s: it is right by the rules of this machine's kernel", k->name);
		if (fd >= 0)
			real->ops->close(real, fd);
	}
	bu_buf_free(&plain);
	free(copy);
}

/* A kind of the future, whose length the layout tells. */
static void unknown(uint32_t extra)
{
	static const uint32_t head[] = { 0x0001eb9f, 32, 0, 0, 0, 8, 0, 21 * 4, 1, 1u << 24, 4, 32, 1, 20u << 24 | 1, 0 };
	uint8_t old[256] = { 0 }, copy[256];
	struct bu_buf plain = { 0 };
	struct bu_btf b;
	uint32_t n = 28 + extra, at = sizeof(head) + extra;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(head); i++)
		bu_put32(old + i * 4, BU_HOST_BE, head[i]);
	bu_put16(old, BU_HOST_BE, 0xeb9f);
	old[2] = 1;
	old[3] = 0;
	bu_put32(old + 12, BU_HOST_BE, n);
	bu_put32(old + 16, BU_HOST_BE, n);
	bu_put32(old + 24, BU_HOST_BE, n + 8);
	memcpy(old + at, "\0int\0\0\0", 8);
	old[at + 8 + 80] = (uint8_t)extra;
	ok(!bu_btf_parse(&b, old, at + 8 + 84, NULL, "future", NULL), "a kind with %u bytes is read", extra);
	memcpy(copy, old, sizeof(copy));
	if (extra % 12 && extra != 4) {
		ok(bu_btf_make_old(&b, copy, 0) == -EINVAL, "nothing known is as long");
	} else {
		struct kernel k = { .sys.ops = &fake, .last = BU_BTF_RESTRICT, .name = "4.18" };

		ok(!bu_btf_make_old(&b, copy, 0) && !bu_btf_plain(&b, copy, &plain) &&
		   bu_sys_btf_load(&k.sys, plain.p, plain.n, NULL, 0) == 3, "and made something that every kernel takes");
	}
	bu_buf_free(&plain);
	bu_btf_free(&b);
}

int main(void)
{
	static struct kernel kernels[] = {
		{ .name = "5.0", .last = BU_BTF_FUNC_PROTO }, { .name = "5.2", .last = BU_BTF_DATASEC },
		{ .name = "5.6", .last = BU_BTF_DATASEC, .global = true },
		{ .name = "5.13", .last = BU_BTF_FLOAT, .global = true },
		{ .name = "5.16", .last = BU_BTF_DECL_TAG, .global = true },
		{ .name = "5.17", .last = BU_BTF_TYPE_TAG, .global = true },
		{ .name = "6.0", .last = BU_BTF_ENUM64, .global = true },
		{ .name = "6.10", .last = BU_BTF_ENUM64, .global = true, .qmark = true },
	};
	struct bu_sys *real = bu_kern_open();
	int fd;

	make_types();
	fd = real ? bu_sys_btf_load(real, blob.p, blob.n, NULL, 0) : -1;
	if (fd >= 0)
		real->ops->close(real, fd);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(kernels); i++)
		old_kernel(&kernels[i], fd >= 0 ? real : NULL);
	unknown(0);
	unknown(4);
	unknown(8);
	unknown(24);
	if (real)
		real->ops->destroy(real);
	bu_btf_free(&btf);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	return done_testing();
}
