/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that the source does not define: constants and fields of the kernel's interface, PT_REGS_*,
 * fields of tracepoints; and what is said about names that nothing defines.
 *
 * The built-in tables come first, so that the same source gives the same object everywhere; what this
 * machine says (--tracefs, .cinclude) counts only for what they do not have.
 */
#include <stdio.h>

#include "bpf-as/names.h"
#include "bpf-as/types.h"

/* ---------------------------------------------------------------- PT_REGS_* */

/* libbpf's macros as offsets: the field of pt_regs that each reads. */
static const struct {
	const char *name;
	const char *reg[BU_NARCH]; /* x86_64, arm64 */
} pt_regs[] = {
	{ "PARM1", { "arg1", "arg1" } }, { "PARM2", { "arg2", "arg2" } }, { "PARM3", { "arg3", "arg3" } },
	{ "PARM4", { "arg4", "arg4" } }, { "PARM5", { "arg5", "arg5" } }, { "PARM6", { "arg6", "arg6" } },
	{ "PARM7", { NULL, "x6" } }, { "PARM8", { NULL, "x7" } },
	/* a system call's arguments; x86_64 has the fourth elsewhere, arm64 keeps the first beside */
	{ "PARM1_SYSCALL", { "arg1", "orig_x0" } }, { "PARM2_SYSCALL", { "arg2", "arg2" } },
	{ "PARM3_SYSCALL", { "arg3", "arg3" } }, { "PARM4_SYSCALL", { "r10", "arg4" } },
	{ "PARM5_SYSCALL", { "arg5", "arg5" } }, { "PARM6_SYSCALL", { "arg6", "arg6" } },
	{ "RC", { "rc", "rc" } }, { "IP", { "ip", "ip" } }, { "SP", { "sp", "sp" } }, { "FP", { "fp", "fp" } },
	/* what holds the return address, or points to it */
	{ "RET", { "sp", "lr" } },
};

static const struct bu_ctx_field *pt_regs_field(struct bu_str name, enum bu_arch arch, bool *dep)
{
	char path[40];

	if (name.n < 8 || memcmp(name.p, "PT_REGS_", 8) || (unsigned)arch >= BU_NARCH)
		return NULL;
	for (size_t i = 0; i < BU_ARRAY_SIZE(pt_regs); i++)
		if (bu_str_is(bu_str(name.p + 8, name.n - 8), pt_regs[i].name) && pt_regs[i].reg[arch]) {
			snprintf(path, sizeof(path), "pt_regs.%s", pt_regs[i].reg[arch]);
			return bu_ctx_field(bu_str_c(path), arch, dep, NULL);
		}
	return NULL;
}

/* ---------------------------------------------------------------- look-up */

static bool is_tracepoint(const struct as_sym *s)
{
	return s->n > 11 && !memcmp(s->name, "tracepoint:", 11);
}

void as_builtin(struct as *as, struct as_sym *s)
{
	struct bu_str n = bu_str(s->name, s->n);
	const struct bu_ctx_field *f;
	const struct bu_const *k;
	bool dep = false, dotted;
	int64_t size = 0;

	if (s->name[0] == '.')
		return;
	if (as_cinclude_value(as, n, &s->value)) { /* asked for by name, so it comes first */
		s->def = DEF_CONST;
		return;
	}
	k = bu_const_by_name(n);
	if (k) {
		s->def = DEF_CONST;
		s->value = k->val;
		return;
	}
	dotted = memchr(s->name, '.', s->n) != NULL;
	f = dotted ? bu_ctx_field(n, as->arch, &dep, NULL) : pt_regs_field(n, as->arch, &dep);
	if (f) {
		s->def = DEF_CONST;
		s->value = f->off;
		as_symx(as, s)->field_size = f->size;
		s->arch_dependent = dep;
		as->arch_fields = as->arch_fields || dep;
		return;
	}
	if (dotted && (as_type_field(as, s, &s->value, &size) ||
		       (is_tracepoint(s) && as_tracefs_field(as, n, &s->value, &size)))) {
		s->def = DEF_CONST;
		as_symx(as, s)->field_size = size > 0 && size <= UINT16_MAX ? (uint16_t)size : 0;
	}
}

/* ---------------------------------------------------------------- names that nothing defines */

static void feed_pt_regs(struct as *as, struct bu_near *near)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(pt_regs); i++)
		if ((unsigned)as->arch < BU_NARCH && pt_regs[i].reg[as->arch])
			bu_near_feed(near, bu_arena_printf(&as->arena, "PT_REGS_%s", pt_regs[i].name));
}

/* The struct before the dot, when it is nearly one that is known: "etthdr.h_proto". */
static const char *near_owner(struct as *as, const struct as_sym *s)
{
	const char *dot = memchr(s->name, '.', s->n);
	size_t n = (size_t)(dot - s->name);
	struct bu_near near;

	bu_near_init(&near, s->name, n);
	as_type_builtin_feed(&near);
	as_type_feed(as, &near);
	if (!near.best || (near.best_n == n && !memcmp(near.best, s->name, n)))
		return NULL;
	return bu_arena_printf(&as->arena, "%.*s%s", (int)near.best_n, near.best, dot);
}

static const char *suggestion(struct as *as, struct as_sym *s, bool call)
{
	struct bu_near near, field;
	const struct as_sym *o;
	const char *owner;
	uint64_t i = 0;
	bool dep;

	if (memchr(s->name, '.', s->n)) {
		bu_near_init(&field, s->name, s->n);
		bu_ctx_field(bu_str(s->name, s->n), as->arch, &dep, &field);
		as_tracefs_feed(as, bu_str(s->name, s->n), &field);
		if (field.best)
			return bu_arena_strndup(&as->arena, field.best, field.best_n);
		owner = near_owner(as, s);
		if (owner)
			return owner;
	}
	bu_near_init(&near, s->name, s->n);
	if (call && s->n > 4 && !memcmp(s->name, "bpf_", 4)) {
		for (unsigned h = 0; h < bu_nhelpers; h++)
			bu_near_feed(&near, bu_helpers[h].name);
		as_kfunc_feed(&near);
	} else {
		bu_names_feed(&near);
		feed_pt_regs(as, &near);
		as_cinclude_feed(as, &near);
	}
	for (o = as->syms; o; o = o->x->next)
		if (o->def == DEF_LABEL || o->def == DEF_SET)
			bu_near_feed(&near, o->name);
	while ((o = as_sym_next(as, &i)))
		if (!o->listed && o->def == DEF_LABEL)
			bu_near_feed(&near, o->name);
	return near.best ? bu_arena_strndup(&as->arena, near.best, near.best_n) : NULL;
}

/* Says that a symbol is defined nowhere, once, with the nearest name that is. */
void as_undefined(struct as *as, struct as_sym *s, const char *pos, bool call)
{
	const char *near;
	struct bu_diag *d;

	if (s->reported)
		return;
	s->reported = true;
	if (s->temp && IS(s->name[0], CL_DIGIT)) {
		as_error(as, "A0112", pos, s->n + 1, "no label '%s:' follows", s->name);
		return;
	}
	if (as_cinclude_undefined(as, s, pos) || (as->cinc_failed && !call && !s->temp))
		return;
	if (call && s->n > 4 && !memcmp(s->name, "bpf_", 4))
		d = as_error(as, "A0113", pos, s->n, "no helper function is called '%s'", s->name);
	else
		d = as_error(as, "A0112", pos, s->n, "'%s' is not defined", s->name);
	near = suggestion(as, s, call);
	if (near)
		bu_diag_mean(as->ds, d, near, strlen(near));
	else if (as_tracefs_help(as, s, d))
		return;
	else if (call)
		bu_diag_help(as->ds, d, "if another object defines it, say so: .extern %s", s->name);
}
