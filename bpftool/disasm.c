// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machine instructions as text, by capstone: x86-64 in AT&T syntax, arm64.
 *
 * The library is 6 MB and takes 3 ms to be loaded and relocated, twice what all of "bpftool version" takes, so
 * it is opened when the first instruction is to be shown. Static programs that are to have it have it in them.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disasm.h"

#if HAVE_CAPSTONE

#include <capstone/capstone.h>
#include <dlfcn.h>

#define TEXT_OF(x) #x
#define SONAME(major) "libcapstone.so." TEXT_OF(major)

struct bt_disasm {
	void *lib;
	csh handle;
	cs_insn *insn;
	bool arm;
	char other[24];
	__typeof__(&cs_open) open;
	__typeof__(&cs_option) option;
	__typeof__(&cs_malloc) alloc;
	__typeof__(&cs_disasm_iter) next;
	__typeof__(&cs_free) release;
	__typeof__(&cs_close) close;
};

#if CAPSTONE_LINKED
static bool find_library(struct bt_disasm *d)
{
	d->open = cs_open;
	d->option = cs_option;
	d->alloc = cs_malloc;
	d->next = cs_disasm_iter;
	d->release = cs_free;
	d->close = cs_close;
	return true;
}
#else
static bool find_library(struct bt_disasm *d)
{
	const struct { const char *name; void *to; } syms[] = {
		{ "cs_open", &d->open }, { "cs_option", &d->option }, { "cs_malloc", &d->alloc },
		{ "cs_disasm_iter", &d->next }, { "cs_free", &d->release }, { "cs_close", &d->close },
	};
	void *p;

	d->lib = dlopen(SONAME(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);
	for (unsigned i = 0; d->lib && i < BU_ARRAY_SIZE(syms); i++) {
		p = dlsym(d->lib, syms[i].name);
		if (!p)
			return false;
		memcpy(syms[i].to, &p, sizeof(p));
	}
	return d->lib;
}
#endif

/* False for machines whose code this program does not know. */
static bool open_arch(struct bt_disasm *d, enum bu_arch arch)
{
	switch (arch) {
	case BU_ARCH_X86_64:
		return !d->open(CS_ARCH_X86, CS_MODE_64, &d->handle) &&
		       !d->option(d->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	case BU_ARCH_ARM64:
		d->arm = true;
		return !d->open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &d->handle);
	default:
		return false;
	}
}

struct bt_disasm *bt_disasm_open(struct bt *t, enum bu_arch arch, int *st)
{
	struct bt_disasm *d = calloc(1, sizeof(*d));

	if (!d) {
		*st = bt_refused(t, -1, -ENOMEM, "cannot show native code");
		return NULL;
	}
	*st = BU_EXIT_UNSUPPORTED;
	if (!find_library(d)) {
		bt_error(t, "T0130", "native code is shown by the library %s, which is not here", SONAME(CS_API_MAJOR));
		bt_hint(t, "install it (Debian: libcapstone%d), or write the code with 'file FILE'", CS_API_MAJOR);
	} else if (!open_arch(d, arch)) {
		bt_error(t, "T0130", "native code of this machine is not known to %s", t->prog);
		bt_hint(t, "'file FILE' writes it");
	} else {
		d->insn = d->alloc(d->handle);
		if (d->insn) {
			*st = 0;
			return d;
		}
		*st = bt_refused(t, -1, -ENOMEM, "cannot show native code");
	}
	bt_disasm_close(d);
	return NULL;
}

void bt_disasm_close(struct bt_disasm *d)
{
	if (!d)
		return;
	if (d->insn)
		d->release(d->insn, 1);
	if (d->handle)
		d->close(&d->handle);
	if (d->lib)
		dlclose(d->lib);
	free(d);
}

/* Does the instruction jump, and is where to the last of its operands? */
static bool jumps(const struct bt_disasm *d, const char *mnemonic, const char *operands)
{
	static const char *const arm[] = { "b", "bl", "cbz", "cbnz", "tbz", "tbnz" };

	if (!d->arm) /* an immediate has a $, and what is in memory a bracket */
		return !strncmp(operands, "0x", 2) && !strpbrk(operands, "(,");
	for (unsigned i = 0; i < BU_ARRAY_SIZE(arm); i++)
		if (!strcmp(mnemonic, arm[i]))
			return true;
	return !strncmp(mnemonic, "b.", 2);
}

static void find_target(const struct bt_disasm *d, struct bt_native_insn *out)
{
	const char *s = strrchr(out->operands, ' ');
	char *end;

	s = s ? s + 1 : out->operands;
	s += *s == '#';
	if (!jumps(d, out->mnemonic, out->operands))
		return;
	out->target = strtoull(s, &end, 0);
	out->jumps = end != s && !*end;
	out->at = (size_t)(s - out->operands) - (d->arm && s > out->operands && s[-1] == '#');
}

void bt_disasm_next(struct bt_disasm *d, const uint8_t *p, size_t n, uint64_t addr, struct bt_native_insn *out)
{
	const uint8_t *code = p;
	size_t left = n;

	*out = (struct bt_native_insn){ 0 };
	if (d->next(d->handle, &code, &left, &addr, d->insn) && d->insn->size && d->insn->size <= n) {
		out->size = d->insn->size;
		out->mnemonic = d->insn->mnemonic;
		out->operands = d->insn->op_str;
		find_target(d, out);
		return;
	}
	out->size = d->arm && n >= 4 ? 4 : 1;
	out->mnemonic = out->size == 4 ? ".inst" : ".byte";
	snprintf(d->other, sizeof(d->other), "0x%x", out->size == 4 ? bu_get32(p, false) : *p);
	out->operands = d->other;
}

#else

struct bt_disasm *bt_disasm_open(struct bt *t, enum bu_arch arch, int *st)
{
	(void)arch;
	bt_error(t, "T0130", "native code is shown by capstone, which %s was built without", t->prog);
	bt_hint(t, "'file FILE' writes it");
	*st = BU_EXIT_UNSUPPORTED;
	return NULL;
}

void bt_disasm_next(struct bt_disasm *d, const uint8_t *p, size_t n, uint64_t addr, struct bt_native_insn *out)
{
	(void)d;
	(void)p;
	(void)n;
	(void)addr;
	*out = (struct bt_native_insn){ .size = 1, .mnemonic = "", .operands = "" };
}

void bt_disasm_close(struct bt_disasm *d)
{
	(void)d;
}

#endif
