/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directives that speak to who assembles, or to nobody here. */
#include "bpf-as/directive.h"

/* .print; with arg 1 .warning. */
void as_d_print(PARAMS)
{
	struct bu_buf b = { 0 };

	as_skip(c);
	if (arg && c->p == c->e) {
		as_warn(as, "A0206", name.p, name.n, ".warning in the source");
	} else if (as_string(as, c, &b)) {
		if (arg)
			as_warn(as, "A0206", name.p, name.n, "%s", bu_buf_cstr(&b));
		else
			as_tell(as, "A0206", name.p, name.n, "%s", bu_buf_cstr(&b));
		as_junk(as, c);
	}
	c->p = c->e;
	bu_buf_free(&b);
}

/* .err; with arg 1 .abort, which reads no further; with arg 2 .fail NUMBER. */
void as_d_fail(PARAMS)
{
	int64_t v = 0;

	if (arg == 2 && as_expr_now(as, c, "number", &v)) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (arg == 2 && v >= 500)
		as_warn(as, "A0206", name.p, name.n, ".fail %lld in the source", (long long)v);
	else if (arg == 2)
		as_error(as, "A0134", name.p, name.n, ".fail %lld in the source", (long long)v);
	else
		as_error(as, "A0134", name.p, name.n, "%.*s in the source", (int)name.n, name.p);
	if (arg == 1)
		as->ended = true;
}

/* Pages and titles of listings, line numbers of debuggers that we do not serve. */
void as_d_harmless(PARAMS)
{
	(void)as;
	UNUSED;
	c->p = c->e;
}

/* Known, and not read: why. */
void as_d_refused(PARAMS)
{
	static const char *const why[][2] = {
		{ ".altmacro", "arguments of macros are written \\NAME; LOCAL names can be made with \\@" },
		{ ".bundle_align_mode", "BPF has no bundles" },
		{ ".bundle_lock", "BPF has no bundles" },
		{ ".bundle_unlock", "BPF has no bundles" },
		{ ".linkonce", "sections of that kind are those of another object format" },
		{ ".mri", "the language is that of GNU as" },
		{ ".reloc", "a place in data or '.insn' becomes a relocation by naming the symbol" },
		{ ".stabd", "debugging information is BTF, or DWARF by .file and .loc" },
		{ ".stabn", "debugging information is BTF, or DWARF by .file and .loc" },
		{ ".stabs", "debugging information is BTF, or DWARF by .file and .loc" },
		{ ".subsection", "write the parts in their order, or use sections" },
		{ ".symver", "BPF objects have no versions of symbols" },
		{ ".vtable_entry", "BPF objects have no C++ tables" },
		{ ".vtable_inherit", "BPF objects have no C++ tables" },
		{ ".weakref", "use .weak and the symbol's own name" },
	};
	struct bu_diag *d = as_error(as, "A0207", name.p, name.n, "'%.*s' has no meaning for BPF",
				     (int)name.n, name.p);

	(void)arg;
	for (size_t i = 0; i < BU_ARRAY_SIZE(why); i++)
		if (bu_str_is(name, why[i][0]))
			bu_diag_note(as->ds, d, "%s", why[i][1]);
	c->p = c->e;
}
