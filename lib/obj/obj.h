/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * obj: the object model. Pure: it knows the file and nothing of this machine, and holds no fds.
 *
 * Two levels. The lower one is ELF as it is: sections, symbols, relocations; the assembler builds
 * it, the reader fills it, the writer writes it. The upper one (bu_obj_index) is what the sections
 * mean by libbpf's conventions: programs, functions, maps, global data, license.
 *
 * ELF reading trusts nothing: every offset, size, index and string is checked before use.
 * Sources: System V ABI (ELF), libbpf's conventions as in the kernel's documentation
 * (Documentation/bpf/libbpf), Documentation/bpf/llvm_reloc.rst for relocations.
 */
#ifndef BU_OBJ_H
#define BU_OBJ_H

#include "base/base.h"
#include "isa/isa.h"
#include "btf/btf.h"

#define BU_EM_BPF 247
enum bu_reloc_type {
	BU_R_BPF_NONE = 0, BU_R_BPF_64_64 = 1, BU_R_BPF_64_ABS64 = 2, BU_R_BPF_64_ABS32 = 3,
	BU_R_BPF_64_NODYLD32 = 4, BU_R_BPF_64_32 = 10,
};

struct bu_sec;
struct bu_obj_out;
struct bu_sec {
	const char *name;
	uint32_t type;    /* SHT_PROGBITS, SHT_NOBITS, … */
	uint64_t flags;   /* SHF_* */
	uint64_t align;   /* power of two, at least 1 */
	uint64_t size;    /* bytes; for NOBITS there is no data */
	const uint8_t *data; /* not owned; NULL for NOBITS */
	uint64_t entsize;
	uint32_t group;   /* 1 + index into groups, 0: of none */
	uint32_t link;    /* 1 + index of the section that sh_link names, 0: none (SHF_LINK_ORDER) */
	/* Instead of data: puts the size bytes when the object is written. */
	void (*make)(const struct bu_sec *s, struct bu_obj_out *out);
	const void *ctx;
};
/* A group of sections, which a linker keeps or drops together (SHT_GROUP). */
struct bu_group {
	uint32_t sym;     /* signature: index into syms */
	bool comdat;
};
struct bu_sym {
	const char *name; /* "" for none */
	uint32_t sec;     /* index into secs, or BU_SEC_UNDEF/ABS/COMMON */
	uint64_t value, size;
	uint8_t type;     /* STT_* */
	uint8_t bind;     /* STB_* */
	uint8_t vis;      /* STV_* */
};
struct bu_rel {
	uint32_t sec;     /* section that is patched, index into secs */
	uint64_t off;     /* bytes into it */
	uint32_t type;    /* enum bu_reloc_type */
	uint32_t sym;     /* index into syms */
};
#define BU_SEC_UNDEF 0xffffffffu
#define BU_SEC_ABS 0xfffffffeu
#define BU_SEC_COMMON 0xfffffffdu
#define BU_SEC_GROUP 0x80000000u /* | index into groups: the group's own section */

/*
 * A program: one function symbol in a program section (not .text), or the whole section without one. Not
 * one: a static function that another calls, or one in a section that names no type. An object whose code
 * is all in .text has as programs what nobody calls there.
 */
struct bu_obj_prog {
	const char *name;    /* symbol, or the section's */
	uint32_t sec;
	uint64_t off, size;  /* bytes into the section */
	const struct bu_secdef *def; /* by the section's name (bu_secdef_find, _like); NULL: unknown name */
	struct bu_str target;        /* "__alloc_skb" of kretprobe/__alloc_skb */
	bool autoload;       /* false: the section name begins with '?' */
};
/* A function that programs may call: in .text, or any program itself. */
struct bu_obj_func {
	const char *name;
	uint32_t sec;
	uint64_t off, size;
	bool local;          /* no other object sees it */
	bool called;         /* by another function, or its address is taken by one */
	bool entry;          /* an element of a map, or a member of a struct of operations */
};
enum bu_map_origin { BU_MAP_BTF, BU_MAP_LEGACY, BU_MAP_DATA, BU_MAP_KCONFIG, BU_MAP_STRUCT_OPS };
struct bu_obj_map {
	const char *name;    /* as declared, or ".rodata" etc. for global data */
	enum bu_map_origin origin;
	uint32_t sec;
	uint64_t off, size;  /* bytes into the section (DATA: all of it) */
	uint32_t type, key_size, value_size, max_entries, flags, numa_node, pinning;
	uint64_t map_extra;
	const char *pin_dir; /* below the bpf file system, "" for itself: pinned there by name; NULL: not */
	bool pin_replace;    /* in place of what is pinned there */
	uint32_t btf_key, btf_value; /* type ids, 0: none */
	int32_t inner;       /* index into maps of the inner map's template, or -1 */
	bool is_inner;       /* a template only: never made for itself */
	uint32_t arena_sec;  /* 1 + section of the globals that lie in this arena, from its start; 0: none */
	bool optional;       /* STRUCT_OPS: of a section that begins with '?' */
	bool frozen;         /* .rodata: read-only for programs, frozen after its contents are set */
	uint32_t local_id;   /* N of "map N ll", 0: has none */
	uint32_t max_entries_at; /* .s line, or 0 */
	uint32_t values_off; /* BTF: bytes from off to the elements of member "values", 0: none */
};
/* An element that a declaration gives a map: ".values = { [1] = &inner }" or "= { [1] = (void *)&prog }". */
struct bu_obj_slot {
	uint32_t map;        /* index into maps */
	uint32_t index;      /* the element's key */
	bool is_prog;
	bool by_section;     /* named by the program's section ("2/16", "kprobe/1"), which names no hook */
	uint32_t target;     /* index into progs, or into maps */
};
/* A member of a struct of operations (map of origin STRUCT_OPS) that is a program. */
struct bu_obj_op { uint32_t map, off, prog; }; /* off: bytes into the struct */
/* A variable of ".kconfig": what it is to hold, the loader knows. They lie in the map of that origin. */
struct bu_obj_extern {
	const char *name;    /* "CONFIG_HZ", "LINUX_KERNEL_VERSION" */
	uint32_t off, size;  /* bytes in the map's value */
	uint32_t type;       /* BTF type id */
	bool weak;           /* may be unknown, then 0 */
};
/* "exception_callback:FUNC" of a program, a tag of its declaration: where bpf_throw() ends. */
struct bu_obj_throw { const char *prog, *callback; };
struct bu_obj {
	struct bu_arena arena;
	const char *path;    /* for messages */
	bool be;
	uint32_t e_flags;
	struct bu_sec *secs; uint32_t nsecs;
	struct bu_sym *syms; uint32_t nsyms;
	struct bu_group *groups; uint32_t ngroups;
	struct bu_rel *rels; uint32_t nrels; /* by (sec, off) after read and after index */
	/* upper level, after bu_obj_index */
	struct bu_obj_prog *progs; uint32_t nprogs;
	struct bu_obj_func *funcs; uint32_t nfuncs;
	struct bu_obj_map *maps; uint32_t nmaps;
	struct bu_obj_slot *slots; uint32_t nslots;
	struct bu_obj_extern *kconfig; uint32_t nkconfig;
	struct bu_obj_op *ops; uint32_t nops;
	struct bu_obj_throw *throws; uint32_t nthrows;
	const char *license; /* "" when there is none */
	uint32_t kern_version;
	bool has_btf;
	struct bu_btf btf;
	struct bu_btfext ext;
	uint32_t *ext_of;    /* by section: 1 + index into ext.sec, 0: none; NULL: none at all */
	int arch;            /* enum bu_arch named by the note, or -1: any */
	/* private */
	struct bu_buf file;
	uint32_t nnone;      /* relocations R_BPF_NONE, which are not in rels */
	uint32_t packed;     /* 0, or 1 + a compressed section whose relocations are not in rels: they are for
			      * what it was before */
	uint32_t libc;       /* 1 + section of the functions that bu_obj_supply_libc added, 0: none */
	uint32_t libc_func, libc_line; /* type id of the first in the BTF; a string's offset */
	bool imm_has_value;  /* the assembler repeats a named symbol's value in imm (binutils 2.40) */
};

void bu_obj_init(struct bu_obj *o);
void bu_obj_free(struct bu_obj *o);
/*
 * Reads an ELF object from size bytes at data (copied). 0; -ENOEXEC not a BPF object, -EINVAL
 * damaged (each with a message that names path, the place and the cause), -ENOMEM.
 */
int bu_obj_read(struct bu_obj *o, const void *data, size_t size, const char *path, struct bu_diags *ds);
int bu_obj_read_file(struct bu_obj *o, const char *path, struct bu_diags *ds);
/*
 * Gives common symbols (variables that no section holds yet) a section of zeros, ".bss" or ".bss.common". Before
 * bu_obj_index. 0, -ENOMEM, -EFBIG: more than a map holds.
 */
int bu_obj_place_common(struct bu_obj *o);
/*
 * Adds memset, memcpy, memmove, memcmp and bcmp, as functions of a section of their own, where they are called
 * and undefined. Before bu_obj_index. 0 or -ENOMEM.
 */
int bu_obj_supply_libc(struct bu_obj *o);
/*
 * Finds programs, functions, maps, license, BTF. 0, -EINVAL with messages, -ENOMEM. The BTF is a
 * copy in which the sizes of data sections and the places of their variables are filled in.
 */
int bu_obj_index(struct bu_obj *o, struct bu_diags *ds);
/*
 * Writes the lower level as ELF64 ET_REL to fd, from front to back: a pipe will do. Same model, same
 * bytes. 0 or -errno; -EINVAL for a model that is no object before anything is written.
 */
int bu_obj_write(const struct bu_obj *o, int fd);
/* For bu_sec.make: n more bytes of the section. */
void bu_obj_put(struct bu_obj_out *out, const void *p, size_t n);
/*
 * The note section ".note.bpfutils" names the architecture whose pt_regs offsets the source used;
 * the assembler adds it only then. Appends the section's bytes to out.
 */
int bu_obj_note_arch(struct bu_buf *out, bool be, enum bu_arch arch);
uint32_t bu_obj_sec_by_name(const struct bu_obj *o, const char *name); /* or BU_SEC_UNDEF */

/* ---------------------------------------------------------------- linking objects */

/*
 * Joins n objects, which were read and indexed and are not changed, into out (initialised; path set):
 * sections of one name one behind the other, symbols resolved by name, relocations moved, BTF and
 * .BTF.ext merged with one of what is equal. Debug sections, address-significance tables and groups'
 * second copies are left out. What stays undefined stays so. out owns all it holds.
 * 0; -EINVAL with messages: two definitions, declarations that differ, licenses that differ …; -ENOMEM.
 */
int bu_obj_merge(struct bu_obj *out, const struct bu_obj *const *in, unsigned n, struct bu_diags *ds);

/* ---------------------------------------------------------------- archives
 *
 * The members of an ar(1) archive, one after the other, in the forms of System V (GNU) and BSD. Hostile input: sizes and
 * names are checked against the file.
 */
/* Neither is owned: both point into the file. */
struct bu_ar_member { struct bu_str name; const uint8_t *data; size_t size; };
struct bu_ar {
	const uint8_t *p; size_t n;
	size_t at;
	struct bu_str names; /* the table of long names, once it was passed */
};

bool bu_ar_is(const void *data, size_t size);
/* Only after bu_ar_is. */
void bu_ar_open(struct bu_ar *a, const void *data, size_t size);
/* The next member that is no table of the archive's own. 1; 0: there is none; -EINVAL: damaged. */
int bu_ar_next(struct bu_ar *a, struct bu_ar_member *m);

/* ---------------------------------------------------------------- linking one program */

enum bu_ref_kind {
	BU_REF_MAP,      /* ld_imm64 of a map: fd goes into imm, src becomes PSEUDO_MAP_FD */
	BU_REF_MAP_VALUE,/* ld_imm64 of global data: fd and offset (val) */
	BU_REF_LOCAL_ID, /* "map N ll": id in val, resolved like BU_REF_MAP; with src PSEUDO_MAP_VALUE: a place in its value */
	BU_REF_KFUNC, BU_REF_EXTERN, /* not resolvable in the object; the loader decides */
};
struct bu_ref {
	enum bu_ref_kind kind;
	uint32_t insn;   /* index into code */
	uint32_t map;    /* index into o->maps (MAP, MAP_VALUE, LOCAL_ID) */
	uint32_t val;    /* offset in the data, or local id */
	const char *name;/* symbol */
};
/* A flat program: itself first, then each function it calls, directly or not, once. */
struct bu_code {
	struct bu_insn *insn; uint32_t ninsns;
	struct bu_ref *ref; uint32_t nrefs;
	struct bu_func_info *func; uint32_t nfunc;   /* insn_off in instructions, as the kernel wants */
	struct bu_line_info *line; uint32_t nline;
	struct bu_code_part { uint32_t func; uint32_t start; uint64_t sec_off; uint32_t sec; uint32_t n; } *part;
	uint32_t nparts;
};
/*
 * Gathers program p with its callees, fixes local calls and function pointers, lists what is left
 * to the loader. Memory from a. 0, -EINVAL with messages (undefined symbol, relocation against what
 * it cannot be against, instruction outside …), -ENOMEM.
 */
int bu_obj_link(const struct bu_obj *o, uint32_t prog, struct bu_arena *a, struct bu_code *out, struct bu_diags *ds);

/*
 * Makes a supplied function go by bytes instead of words, which the verifier may refuse on an unaligned
 * stack: first is the first instruction of a program's part. False: the part is none, or goes so already.
 */
bool bu_obj_libc_bytes(const struct bu_obj *o, const struct bu_code_part *part, struct bu_insn *first);

#endif
