/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The passes, in order. */
#include <stdlib.h>
#include <sys/mman.h>

#include "bpf-as/map.h"
#include "bpf-as/names.h"
#include "bpf-as/types.h"

void as_init(struct as *as, struct bu_diags *ds)
{
	memset(as, 0, sizeof(*as));
	bu_arena_init(&as->arena);
	as->ds = ds;
	as->arch = BU_ARCH_X86_64;
	as->dialects = BU_DIALECTS_ALL;
	as->maps_tail = &as->maps;
}

void as_free(struct as *as)
{
	for (size_t i = 0; i < as->nfiles; i++)
		if (as->files[i]->mapped)
			munmap(as->files[i]->text.p, as->files[i]->mapped);
		else
			bu_buf_free(&as->files[i]->text);
	for (size_t i = 0; i < as->nsecs; i++) {
		bu_buf_free(&as->secs[i]->buf);
		bu_buf_free(&as->secs[i]->lines);
	}
	bu_buf_free(&as->scratch);
	bu_buf_free(&as->flow);
	bu_buf_free(&as->btf);
	bu_buf_free(&as->ext);
	bu_buf_free(&as->note);
	bu_hash_free(&as->sec_index);
	as_syms_free(as);
	free(as->lt);
	free(as->memo);
	if (as->shapes)
		free(as->shapes->skel);
	bu_hash_free(&as->num_index);
	bu_hash_free(&as->map_ids);
	bu_hash_free(&as->directives);
	as_types_free(as);
	bu_btfgen_free(&as->gen);
	as_lang_free(as);
	as_cinclude_free(as);
	as_dwarf_free(as);
	bu_arena_free(&as->arena);
}

int as_assemble(struct as *as, const char *path, struct bu_obj *o)
{
	unsigned read_errors;
	int err;

	bu_btfgen_init(&as->gen, as->be);
	/* Node 0 means "a number". */
	as->ex = bu_arena_grow(&as->arena, NULL, 0, &as->cap_ex, sizeof(*as->ex));
	as->nex = as->mark_ex = 1;
	as_insn_init(as);
	as->cur = as_section(as, ".text", 5, NULL);
	if (as->cur && as->compat_given)
		as_compat_sections(as);
	if (!as->ex || !as->cur || !as->shapes || as_directives_init(as) || as_lang_init(as))
		return -ENOMEM;
	/* The short way knows nothing of these. */
	as->long_way = as->long_way || as->relax || as->cpu || as->kernel || as->want_listing;
	err = as->want_listing ? as_listing_init(as) : 0;
	for (unsigned i = 0; i < as->ndefines && !err; i++)
		err = as_define(as, as->defines[i]);
	if (err)
		return err;
	err = as_source(as, path, NULL);
	if (err)
		return err;
	as_types_end(as);
	read_errors = as->ds->errors;
	as_section_names(as);
	as_leb_finish(as);
	as_cfi_finish(as);
	as_dwarf_finish(as);
	if (as->compat)
		as_compat_finish(as);
	else
		as_aliases(as);
	as_resolve(as);
	if (as->far && !as->relax && !as->ds->errors && !as->arena.failed)
		return -EAGAIN;
	if (!as->compat)
		as_functions(as);
	if (as->relax && !as->ds->errors && !as->arena.failed) {
		err = as_relax_finish(as);
		if (err)
			return err;
	}
	as_check_symbols(as);
	as_vars_check(as);
	as_maps_check(as);
	if (as->own_btf && as->maps && !as->verbatim)
		as_error(as, "A0197", as->maps->pos, as->maps->sym->n,
			 ".map needs the .BTF that the source writes itself");
	/* A statement that was refused left no code: what follows from that is no news. */
	if (!read_errors && !as->arena.failed && !as->verbatim && !as->compat)
		as_check_code(as);
	if (as->arena.failed)
		return -ENOMEM;
	if (as->ds->errors)
		return -EINVAL;
	as_relocate(as);
	err = as_emit(as, o);
	if (!err)
		err = as->arena.failed ? -ENOMEM : as->ds->errors ? -EINVAL : 0;
	return err;
}
