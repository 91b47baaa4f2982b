/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BTF in a file: as it is, or as the section .BTF of an ELF file of any machine, such as a vmlinux
 * image, a module or an object.
 */
#include "btf/btf.h"

#include <elf.h>
#include <string.h>

static int section(const void *data, size_t size, const char *want, const uint8_t **btf, size_t *n)
{
	size_t len_name = strlen(want) + 1;
	const uint8_t *p = data;
	uint64_t shoff, strs, strn, num, ndx, len;
	bool be, wide;

	*btf = p;
	*n = size;
	be = p[EI_DATA] == ELFDATA2MSB;
	wide = p[EI_CLASS] == ELFCLASS64;
	len = wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	shoff = wide ? bu_get64(p + 40, be) : bu_get32(p + 32, be);
	num = bu_get16(p + (wide ? 60 : 48), be);
	ndx = bu_get16(p + (wide ? 62 : 50), be);
	if (bu_get16(p + (wide ? 58 : 46), be) != len || shoff > size || num > (size - shoff) / len ||
	    ndx >= num)
		return -EINVAL;
	p += shoff + ndx * len;
	strs = wide ? bu_get64(p + 24, be) : bu_get32(p + 16, be);
	strn = wide ? bu_get64(p + 32, be) : bu_get32(p + 20, be);
	if (strs > size || strn > size - strs)
		return -EINVAL;
	for (uint64_t i = 0; i < num; i++) {
		const uint8_t *h = *btf + shoff + i * len;
		uint64_t name = bu_get32(h, be), off, bytes;

		off = wide ? bu_get64(h + 24, be) : bu_get32(h + 16, be);
		bytes = wide ? bu_get64(h + 32, be) : bu_get32(h + 20, be);
		if (name >= strn || strn - name < len_name || memcmp(*btf + strs + name, want, len_name) != 0)
			continue;
		if (off > size || bytes > size - off)
			return -EINVAL;
		*btf += off;
		*n = bytes;
		return 0;
	}
	return -ENOENT;
}

static bool is_elf(const void *data, size_t size)
{
	return size > sizeof(Elf64_Ehdr) && memcmp(data, ELFMAG, SELFMAG) == 0;
}

int bu_btf_in_file(const void *data, size_t size, const uint8_t **btf, size_t *n)
{
	*btf = data;
	*n = size;
	return is_elf(data, size) ? section(data, size, ".BTF", btf, n) : 0;
}

int bu_btf_base_in_file(const void *data, size_t size, const uint8_t **btf, size_t *n)
{
	return is_elf(data, size) ? section(data, size, ".BTF.base", btf, n) : -ENOENT;
}
