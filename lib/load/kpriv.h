/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that go by the kernel's types share: kbtf.c, core.c and those that look up symbols. */
#ifndef BU_LOAD_KPRIV_H
#define BU_LOAD_KPRIV_H

#include "load/priv.h"

/* kcache.c: the index of the kernel's types in a file. */
struct bu_kcache {
	char id[129];             /* the kernel's build id */
	bool usable;              /* there is a place for it */
	void *map; size_t map_size;
	const uint8_t *index; size_t nindex;
	const uint8_t *btf; size_t nbtf; /* the kernel's BTF itself, or NULL */
};
bool bu_kcache_open(struct bu_kcache *c);
void bu_kcache_close(struct bu_kcache *c);
/* whole: with the BTF itself. */
void bu_kcache_save(struct bu_kcache *c, struct bu_btf_index *x, bool whole);
/* kbtf.c: the types that programs are adjusted to. */
int bu_kbtf_new(struct bu_kbtf **k, struct bu_sys *s, const char *path, struct bu_diags *ds);
void bu_kbtf_free(struct bu_kbtf *k);
/* What CO-RE goes by, source by source: later ones only for what the earlier have not. NULL: no more, or *err. */
struct bu_btf_index *bu_kbtf_target(struct bu_kbtf *k, unsigned i, int *err);
/* Of the running kernel (the VM has its own), for ids; and of its modules: NULL: no more. */
int bu_kbtf_kernel(struct bu_kbtf *k, struct bu_btf_index **x);
struct bu_btf_index *bu_kbtf_module(struct bu_kbtf *k, unsigned i);
/* The first type of that kind and very name, or 0. */
uint32_t bu_kbtf_find(struct bu_btf_index *x, enum bu_btf_kind kind, const char *name);
/* Are these the types of this machine's kernel, lent to the VM? */
bool bu_kbtf_is_machine(const struct bu_kbtf *k, const struct bu_btf *b);
/* Is the type a name of the VM's and no more? The machine's kernel knows its members. */
bool bu_kbtf_opaque(const struct bu_kbtf *k, const struct bu_btf *b, uint32_t id);
/* core.c: CO-RE relocations are applied to the code of the programs that load. */
int bu_plan_core(struct bu_plan *p, struct bu_diags *ds);
/* The verifier refused at insn: if what stood there is not in the kernel, tells so. NULL: it is another matter. */
struct bu_diag *bu_core_blame(const struct bu_plan *p, unsigned prog, int64_t insn, struct bu_diags *ds);
/* The source line of an instruction as a span, or its number as a note. */
void bu_core_where(const struct bu_plan *p, const struct bu_code *c, int64_t insn, struct bu_diags *ds,
		   struct bu_diag *d);
/* ksym.c: what programs name of the kernel: ids and addresses into their code. */
int bu_plan_ksyms(struct bu_plan *p, struct bu_sys *s, struct bu_diags *ds);
/* A call of what is not there calls this and the symbol's index; libbpf's number, too. */
#define BU_KSYM_POISON 2002000000
/* As bu_core_blame. */
struct bu_diag *bu_ksym_blame(const struct bu_plan *p, unsigned prog, int64_t insn, struct bu_diags *ds);
/* The fds of the types of priv->kmods, for one load. 0 or -ENOENT; close them either way. */
int bu_ksym_modules_open(const struct bu_plan *p, struct bu_sys *s, int *fds);
void bu_ksym_modules_close(const struct bu_plan *p, struct bu_sys *s, int *fds);
/* btfold.c: what a kernel may not know of an object's types. */
enum {
	BU_OLD_DATASEC = 1, BU_OLD_QMARK = 2, BU_OLD_GLOBAL_FUNC = 4, BU_OLD_FLOAT = 8, BU_OLD_DECL_TAG = 16,
	BU_OLD_TYPE_TAG = 32, BU_OLD_ENUM64 = 64,
};
/* Which of what b has the backend does not know: asks it. */
unsigned bu_btf_lacks(const struct bu_btf *b, struct bu_sys *s);
/* Rewrites that in a copy of b's blob. 0, or -EINVAL: it cannot be. */
int bu_btf_make_old(const struct bu_btf *b, uint8_t *copy, unsigned lacks);
/* The blob with a header of 24 bytes and nothing but types and strings, as every kernel takes it. */
int bu_btf_plain(const struct bu_btf *b, const uint8_t *copy, struct bu_buf *out);

#endif
