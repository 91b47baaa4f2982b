/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An object on disk, for the commands that look at it without loading it. */
#ifndef BT_OBJECT_H
#define BT_OBJECT_H

#include "obj/obj.h"
#include "tool.h"

struct bt_object {
	struct bt *t;
	struct bu_obj o;
	bool meant;       /* the sections were understood: programs, maps, BTF are there */
};

/*
 * Reads the file that the next word names. What its sections mean may stay unknown when they are damaged: that is
 * said, and counts as a failure at the end, but the sections themselves are there. Status.
 */
int bt_object_read(struct bt *t, struct bt_object *b);
void bt_object_free(struct bt_object *b);

/* What a relocation is against, in words of BPF. */
enum bt_against { BT_REF_NONE, BT_REF_MAP, BT_REF_DATA, BT_REF_FUNC, BT_REF_KCONFIG, BT_REF_KSYM, BT_REF_KFUNC, BT_REF_LOCAL_ID };
struct bt_place {
	enum bt_against kind;
	const char *name;      /* of the symbol, or of what lies at the place */
	uint64_t off;          /* bytes from there */
	bool weak;
};
const char *bt_against_word(enum bt_against r);
/* r is one of the object's relocations. */
void bt_object_place(const struct bt_object *b, const struct bu_rel *r, struct bt_place *p);
/* The undefined symbol s as what the kernel gives it: kconfig, ksym, kfunc; its BTF type id in *type, or 0. */
enum bt_against bt_object_extern(const struct bt_object *b, const struct bu_sym *s, uint32_t *type);
/* "R_BPF_64_64", or the number. In the arena. */
const char *bt_reloc_name(struct bt *t, uint32_t type);
/* The records of .BTF.ext for section k, or NULL. */
const struct bu_btfext_sec *bt_object_ext(const struct bt_object *b, uint32_t k);
/* A CO-RE record in words: "struct task_struct.pid", or why it is damaged; *kind is "byte_off" and so on. In the arena. */
const char *bt_object_core(const struct bt_object *b, const struct bu_btfext_sec *x, uint32_t i, uint32_t *off,
			   const char **kind);
/* A type as C: "struct pair *", "u64". In the arena. */
const char *bt_object_type(const struct bt_object *b, uint32_t id);
bool bt_is_code(const struct bu_sec *s);

#endif
