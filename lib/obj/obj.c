/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The object model: life, look-up, and the note that names an architecture. */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <string.h>

void bu_obj_init(struct bu_obj *o)
{
	memset(o, 0, sizeof(*o));
	bu_arena_init(&o->arena);
	o->be = BU_HOST_BE;
	o->path = "";
	o->license = "";
	o->arch = -1;
}

void bu_obj_free(struct bu_obj *o)
{
	if (o->has_btf)
		bu_btf_free(&o->btf);
	bu_buf_free(&o->file);
	bu_arena_free(&o->arena);
	memset(o, 0, sizeof(*o));
	o->arch = -1;
}

uint32_t bu_obj_sec_by_name(const struct bu_obj *o, const char *name)
{
	for (uint32_t i = 0; i < o->nsecs; i++)
		if (strcmp(o->secs[i].name, name) == 0)
			return i;
	return BU_SEC_UNDEF;
}

/*
 * The note, in the ELF note layout:
 *
 *   u32 namesz = 9, u32 descsz, u32 type = 1, "bpfutils\0" padded to 12, the architecture's name
 *   with its NUL, padded to a multiple of 4
 */
int bu_obj_note_arch(struct bu_buf *out, bool be, enum bu_arch arch)
{
	const char *name = bu_arch_name(arch);
	size_t n = name ? strlen(name) + 1 : 0;
	uint8_t h[12];

	if (!name)
		return -EINVAL;
	bu_put32(h, be, sizeof(NOTE_OWNER));
	bu_put32(h + 4, be, (uint32_t)n);
	bu_put32(h + 8, be, NOTE_ARCH);
	bu_buf_add(out, h, sizeof(h));
	bu_buf_add(out, NOTE_OWNER, sizeof(NOTE_OWNER));
	bu_buf_zero(out, 12 - sizeof(NOTE_OWNER));
	bu_buf_add(out, name, n);
	bu_buf_zero(out, -n & 3);
	return out->failed ? -ENOMEM : 0;
}
