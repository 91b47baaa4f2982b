// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's functions and variables that a program names (section .ksyms): calls of kernel functions get the
 * BTF id of the function, typed variables that of the variable, others the address. What is weak
 * and not there becomes 0, and a call of it an instruction that the verifier refuses where it can be
 * reached. Ids are those of the running kernel, whatever --btf says.
 */
#include <string.h>

#include "load/kpriv.h"

#define STB_WEAK 2
#define LINKAGE_EXTERN 2

/* One symbol that programs name, looked up once. */
struct bu_ksym {
	const char *name;
	bool weak, is_func, typed;
	uint32_t local;        /* VAR or FUNC of the object's BTF, 0: it has none */
	bool known;
	int err;               /* -ENOENT: not there; -ESTALE: there, of another type; -EEXIST: several */
	uint32_t id;           /* BTF id */
	uint32_t module;       /* 0: vmlinux; else 1 + index into priv->kmods */
	uint64_t addr;         /* typeless */
};

struct finder {
	struct bu_plan *p;
	struct bu_sys *s;
	struct bu_diags *ds;
	struct bu_ksym *sym; uint32_t n; size_t cap;
};

/* ---------------------------------------------------------------- the object's side */

/* The FUNC or extern VAR of that name. */
static uint32_t local_type(const struct bu_obj *o, const char *name, struct bu_btf_type *t)
{
	for (uint32_t id = 1; o->has_btf && id <= o->btf.ntypes; id++) {
		if (!bu_btf_get(&o->btf, id, t) && t->linkage == LINKAGE_EXTERN &&
		    (t->kind == BU_BTF_VAR || t->kind == BU_BTF_FUNC) && strcmp(t->name, name) == 0)
			return id;
	}
	return 0;
}

static bool is_weak(const struct bu_obj *o, const char *name)
{
	for (uint32_t i = 0; i < o->nsyms; i++) {
		if (o->syms[i].sec == BU_SEC_UNDEF && strcmp(o->syms[i].name, name) == 0)
			return o->syms[i].bind == STB_WEAK;
	}
	return false;
}

static bool is_ksym_section(const struct bu_obj *o, uint32_t id)
{
	struct bu_btf_type t;
	struct bu_btf_secvar v;

	for (uint32_t sec = 1; sec <= o->btf.ntypes; sec++) {
		if (bu_btf_get(&o->btf, sec, &t) || t.kind != BU_BTF_DATASEC || strcmp(t.name, ".ksyms") != 0)
			continue;
		for (uint32_t i = 0; i < t.vlen; i++)
			if (!bu_btf_secvar(&o->btf, &t, i, &v) && v.type == id)
				return true;
	}
	return false;
}

/* The entry for a reference's symbol; NULL with *err 0: it is no symbol of the kernel's. */
static struct bu_ksym *symbol(struct finder *f, const struct bu_ref *r, int *err)
{
	const struct bu_obj *o = f->p->obj;
	struct bu_btf_type t, to;
	struct bu_ksym *v, k = { .name = r->name, .is_func = r->kind == BU_REF_KFUNC };

	*err = 0;
	for (uint32_t i = 0; i < f->n; i++)
		if (strcmp(f->sym[i].name, r->name) == 0)
			return &f->sym[i];
	k.local = local_type(o, r->name, &t);
	/* Without types, a call can mean nothing else; a variable can mean anything. */
	if (k.local ? !is_ksym_section(o, k.local) : !k.is_func)
		return NULL;
	k.weak = is_weak(o, r->name);
	if (k.local) {
		k.is_func = t.kind == BU_BTF_FUNC;
		k.typed = k.is_func || (!bu_btf_get(&o->btf, bu_btf_resolve(&o->btf, t.type), &to) && to.kind);
	} else {
		k.typed = true;
	}
	v = bu_arena_grow(&f->p->arena, f->sym, f->n, &f->cap, sizeof(*v));
	if (!v) {
		*err = -ENOMEM;
		return NULL;
	}
	f->sym = v;
	v[f->n] = k;
	return &v[f->n++];
}

/* ---------------------------------------------------------------- the kernel's side */

static int add_module(struct bu_plan *p, const char *name, uint32_t *out)
{
	struct bu_plan_priv *v = p->priv;

	for (*out = 1; *out <= v->nkmods; (*out)++)
		if (strcmp(v->kmods[*out - 1], name) == 0)
			return 0;
	v->kmods = bu_arena_grow(&p->arena, v->kmods, v->nkmods, &v->capkmods, sizeof(*v->kmods));
	if (!v->kmods)
		return -ENOMEM;
	v->kmods[v->nkmods++] = bu_arena_strdup(&p->arena, name);
	return 0;
}

/* Looks for one of the same type. 1, 0, or -errno. */
static int find_in(struct finder *f, struct bu_ksym *k, struct bu_btf_index *x)
{
	size_t n = k->is_func ? bu_btf_essential(k->name) : strlen(k->name);
	uint32_t id, pos = 0, kind = k->is_func ? BU_BTF_FUNC : BU_BTF_VAR;
	struct bu_btf_type here, there;

	while ((id = bu_btf_index_next(x, 1u << kind, k->name, n, &pos))) {
		bu_btf_get(&x->btf, id, &there);
		if (k->local && (bu_btf_get(&f->p->obj->btf, k->local, &here) ||
		    bu_core_compatible(&f->p->obj->btf, here.type, &x->btf, there.type) <= 0)) {
			k->err = -ESTALE;
			continue;
		}
		k->id = id;
		k->err = 0;
		return 1;
	}
	return x->failed ? -ENOMEM : 0;
}

static int find_typed(struct finder *f, struct bu_ksym *k)
{
	struct bu_btf_index *x;
	int r = bu_kbtf_kernel(f->p->priv->kbtf, &x);

	k->err = -ENOENT;
	if (r)
		return r == -ENOMEM ? r : 0;
	r = find_in(f, k, x);
	for (unsigned i = 0; !r && (x = bu_kbtf_module(f->p->priv->kbtf, i)); i++) {
		r = find_in(f, k, x);
		if (r > 0)
			r = add_module(f->p, x->name, &k->module) ? -ENOMEM : 1;
	}
	return r < 0 ? r : 0;
}

/* All addresses at once: the list of symbols is long. */
static int find_addresses(struct finder *f)
{
	const char **names = bu_arena_array(&f->p->arena, f->n, sizeof(*names));
	uint64_t *addr = bu_arena_array(&f->p->arena, f->n, sizeof(*addr));
	unsigned n = 0;
	int err;

	if (!names || !addr)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->sym[i].typed)
			names[n++] = f->sym[i].name;
	if (!n)
		return 0;
	err = f->s->ops->symbols ? f->s->ops->symbols(f->s, names, addr, n) : -ENOENT;
	for (uint32_t i = 0, k = 0; i < f->n; i++) {
		struct bu_ksym *y = &f->sym[i];

		if (y->typed)
			continue;
		y->known = true;
		y->addr = addr[k++];
		y->err = err ? err : !y->addr ? -ENOENT : y->addr == UINT64_MAX ? -EEXIST : 0;
		if (y->err)
			y->addr = 0;
	}
	return err == -ENOMEM ? err : 0;
}

/* ---------------------------------------------------------------- telling */

static const char *kernel_name(const struct finder *f)
{
	return strcmp(f->s->ops->name, "vm") == 0 ? "the VM" : "this kernel";
}

static int missing(struct finder *f, const char *prog, const struct bu_ksym *k)
{
	const char *what = k->is_func ? "function" : k->typed ? "variable" : "symbol";
	struct bu_btf_index *x;
	struct bu_btf_type t;
	struct bu_near near;
	struct bu_diag *d;

	if (k->err == -ESTALE) {
		d = bu_diag(f->ds, BU_ERROR, "L0141", "program %s: %s %s is declared of another type than %s has",
			    prog, what, k->name, kernel_name(f));
		if (k->is_func)
			bu_diag_help(f->ds, d, "a declaration as %s___NAME that is weak may stand beside it", k->name);
		return -EINVAL;
	}
	if (k->err == -EEXIST) {
		bu_diag(f->ds, BU_ERROR, "L0141", "program %s: there are several %s in the kernel, at different "
			"addresses", prog, k->name);
		return -EINVAL;
	}
	if (k->err == -EACCES) {
		d = bu_diag(f->ds, BU_ERROR, "L0140", "program %s needs the address of %s, and addresses are hidden "
			    "from this user", prog, k->name);
		bu_diag_help(f->ds, d, "CAP_SYSLOG, or the sysctl kernel.kptr_restrict, shows them");
		return -EPERM;
	}
	d = bu_diag(f->ds, BU_ERROR, "L0140", "program %s uses %s, which is no %s of %s", prog, k->name, what,
		    kernel_name(f));
	if (!k->typed) {
		bu_diag_note(f->ds, d, "it is not in /proc/kallsyms, which names data only with CONFIG_KALLSYMS_ALL");
	} else if (!bu_kbtf_kernel(f->p->priv->kbtf, &x)) {
		bu_near_init(&near, k->name, strlen(k->name));
		for (uint32_t id = 1; id <= x->btf.ntypes; id++)
			if (!bu_btf_get(&x->btf, id, &t) && t.kind == (k->is_func ? BU_BTF_FUNC : BU_BTF_VAR))
				bu_near_feed(&near, t.name);
		if (near.best)
			bu_diag_help(f->ds, d, "did you mean \"%s\"?", near.best);
	} else {
		bu_diag_note(f->ds, d, "there are no types of the kernel to look in: it was built without "
			     "CONFIG_DEBUG_INFO_BTF");
	}
	bu_diag_help(f->ds, d, "declared weak, it may be missing: test it with bpf_ksym_exists(%s)", k->name);
	return -EINVAL;
}

struct bu_diag *bu_ksym_blame(const struct bu_plan *p, unsigned prog, int64_t insn, struct bu_diags *ds)
{
	const struct plan_prog *g = &p->priv->progs[prog];
	const struct bu_ksym *k;
	struct bu_diag *d;
	int64_t i;

	if (insn < 0 || insn >= g->code.ninsns || g->code.insn[insn].code != BU_OP_CALL || g->code.insn[insn].src)
		return NULL;
	i = (int64_t)g->code.insn[insn].imm - BU_KSYM_POISON;
	if (i < 0 || i >= p->priv->nksyms)
		return NULL;
	k = &p->priv->ksyms[i];
	d = bu_diag(ds, BU_ERROR, "L0140", "program %s calls %s, which this kernel has not%s",
		    p->obj->progs[g->prog].name, k->name, k->err == -ESTALE ? " with these parameters" : "");
	bu_core_where(p, &g->code, insn, ds, d);
	bu_diag_help(ds, d, "it is declared weak: test it first, with bpf_ksym_exists(%s)", k->name);
	return d;
}

/* ---------------------------------------------------------------- the code */

static int put(struct finder *f, struct plan_prog *g, const struct bu_ref *r, const struct bu_ksym *k)
{
	const char *prog = f->p->obj->progs[g->prog].name;
	struct bu_insn *in = &g->code.insn[r->insn];
	struct plan_modref *v;
	bool wide = in->code == BU_OP_LD_IMM64;

	if (k->err && !k->weak)
		return missing(f, prog, k);
	if (!wide && (in->code != BU_OP_CALL || !k->is_func)) {
		bu_diag(f->ds, BU_ERROR, "L0141", "program %s calls %s, which is declared as a variable", prog, k->name);
		return -EINVAL;
	}
	if (wide && r->insn + 1 >= g->code.ninsns)
		return -EINVAL;
	if (!wide) {
		in->src = k->err ? 0 : BU_CALL_KFUNC;
		in->imm = k->err ? BU_KSYM_POISON + (int32_t)(k - f->sym) : (int32_t)k->id;
		in->off = k->err ? 0 : (int16_t)k->module;
		g->modules |= !k->err && k->module;
		return 0;
	}
	in[0].src = k->typed && !k->err ? BU_PSEUDO_BTF_ID : 0;
	in[0].imm = k->err ? 0 : k->typed ? (int32_t)k->id : (int32_t)(uint32_t)k->addr;
	in[1].imm = k->err || k->typed ? 0 : (int32_t)(uint32_t)(k->addr >> 32);
	if (k->err || !k->typed || !k->module)
		return 0;
	/* The second half gets the fd of the module's types, when there is one. */
	v = bu_arena_grow(&f->p->arena, g->modref, g->nmodrefs, &g->capmodrefs, sizeof(*v));
	if (!v)
		return -ENOMEM;
	g->modref = v;
	v[g->nmodrefs++] = (struct plan_modref){ .insn = r->insn + 1, .module = k->module };
	g->modules = true;
	return 0;
}

static bool is_ours(const struct bu_ref *r)
{
	return (r->kind == BU_REF_KFUNC || r->kind == BU_REF_EXTERN) && r->name;
}

int bu_plan_ksyms(struct bu_plan *p, struct bu_sys *s, struct bu_diags *ds)
{
	struct finder f = { .p = p, .s = s, .ds = ds };
	struct bu_plan_priv *v = p->priv;
	int rc = 0, err = 0;

	for (unsigned i = 0; i < v->nprogs; i++)
		for (uint32_t r = 0; r < v->progs[i].code.nrefs; r++) {
			if (is_ours(&v->progs[i].code.ref[r]))
				symbol(&f, &v->progs[i].code.ref[r], &err);
			if (err)
				return err;
		}
	for (uint32_t i = 0; i < f.n && !err; i++)
		if (f.sym[i].typed)
			err = find_typed(&f, &f.sym[i]);
	if (!err)
		err = find_addresses(&f);
	if (err || !f.n)
		return err;
	v->ksyms = f.sym;
	v->nksyms = f.n;
	for (unsigned i = 0; i < v->nprogs; i++) {
		struct bu_diag *mark = ds->last;
		struct bu_code *c = &v->progs[i].code;
		uint32_t kept = 0;

		/* What is done needs no map: it leaves the list. */
		for (uint32_t r = 0; r < c->nrefs; r++) {
			int nomem, one = 0;
			const struct bu_ksym *k = is_ours(&c->ref[r]) ? symbol(&f, &c->ref[r], &nomem) : NULL;

			if (k)
				one = put(&f, &v->progs[i], &c->ref[r], k);
			else
				c->ref[kept++] = c->ref[r];
			err = one ? one : err;
		}
		c->nrefs = kept;
		err = bu_plan_spare(p, i, err, mark, ds);
		rc = err ? err : rc;
		err = 0;
	}
	return rc;
}

/* ---------------------------------------------------------------- modules, when it is loaded */

static bool is_module(struct bu_sys *s, int fd, const char *name)
{
	struct bpf_btf_info info;
	uint32_t size = sizeof(info);
	char of[64] = "";

	memset(&info, 0, sizeof(info));
	info.name = bu_ptr64(of);
	info.name_len = sizeof(of);
	return !bu_sys_info(s, fd, &info, &size) && info.kernel_btf && strcmp(of, name) == 0;
}

void bu_ksym_modules_close(const struct bu_plan *p, struct bu_sys *s, int *fds)
{
	for (uint32_t i = 0; fds && i < p->priv->nkmods; i++)
		if (fds[i] >= 0)
			s->ops->close(s, fds[i]);
}

int bu_ksym_modules_open(const struct bu_plan *p, struct bu_sys *s, int *fds)
{
	uint32_t id = 0, left = p->priv->nkmods;

	for (uint32_t i = 0; i < left; i++)
		fds[i] = -1;
	while (left && !bu_sys_next_id(s, BU_BTF, id, &id)) {
		int fd = bu_sys_fd_by_id(s, BU_BTF, id, 0);
		uint32_t i = 0;

		if (fd < 0)
			continue;
		while (i < p->priv->nkmods && (fds[i] >= 0 || !is_module(s, fd, p->priv->kmods[i])))
			i++;
		if (i < p->priv->nkmods) {
			fds[i] = fd;
			left--;
		} else {
			s->ops->close(s, fd);
		}
	}
	return left ? -ENOENT : 0;
}
