/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Common symbols: variables without a value that clang before 11, and -fcommon, leave to the linker. Their value
 * is their alignment. They get a section of zeros, ".bss" or, where there is one, ".bss.common", as a linker
 * would give them one.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <string.h>

#define MAX_ALIGN 4096u

int bu_obj_place_common(struct bu_obj *o)
{
	const char *name = bu_obj_sec_by_name(o, ".bss") < o->nsecs ? ".bss.common" : ".bss";
	uint64_t end = 0, most = 1;
	struct bu_sec *v;

	for (uint32_t i = 0; i < o->nsyms; i++) {
		struct bu_sym *s = &o->syms[i];
		uint64_t align = s->value;

		if (s->sec != BU_SEC_COMMON)
			continue;
		if (!align || align & (align - 1) || align > MAX_ALIGN)
			align = 8;
		end = (end + align - 1) / align * align;
		if (s->size > INT32_MAX || end > INT32_MAX)
			return -EFBIG;
		s->sec = o->nsecs;
		s->value = end;
		end += s->size;
		most = align > most ? align : most;
	}
	if (!end)
		return 0;
	v = bu_arena_array(&o->arena, (size_t)o->nsecs + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	memcpy(v, o->secs, o->nsecs * sizeof(*v));
	v[o->nsecs] = (struct bu_sec){ .name = name, .type = SHT_NOBITS, .flags = SHF_ALLOC | SHF_WRITE,
				       .align = most, .size = end };
	o->secs = v;
	o->nsecs++;
	return 0;
}
