/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damage to objects that knows what they are made of: headers, symbols, relocations, types, code. */
#ifndef FUZZ_ELFMUT_H
#define FUZZ_ELFMUT_H

#include "mutate.h"

/* One change somewhere in an ELF object of n bytes, which may grow up to max: its new size. */
size_t elf_mutate(struct rng *r, uint8_t *p, size_t n, size_t max);
/* The same for a BTF blob, or (ext) for two bytes of length, BTF and .BTF.ext. */
size_t btf_mutate(struct rng *r, uint8_t *p, size_t n, bool ext);
/* A section of the object p becomes what one of the object q is. */
size_t elf_cross(struct rng *r, uint8_t *p, size_t n, const uint8_t *q, size_t m, size_t max);

#endif
