/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of btf share with each other only: sizes of the format. */
#ifndef BU_BTFPRIV_H
#define BU_BTFPRIV_H

#include "btf/btf.h"

#define BTF_MAGIC 0xeb9f
#define BTF_VERSION 1
#define BTF_HDR_LEN 24u      /* magic, version, flags, hdr_len, type_off/len, str_off/len */
#define BTF_HDR_LAYOUT 32u   /* with layout_off/len */
#define BTF_LAYOUT_LEN 4u     /* u8 bytes behind a type of the kind, u8 bytes of an entry, u16 flags */
#define BTF_TYPE_LEN 12u     /* name_off, info, size or type */
#define BTF_EXT_HDR_LEN 32u  /* 24 without the two words of CO-RE relocations */
/* encodings of an integer */
#define BTF_INT_SIGNED 1
#define BTF_INT_CHAR 2
#define BTF_INT_BOOL 4
#define BTF_FUNC_REC 8u
#define BTF_LINE_REC 16u
#define BTF_CORE_REC 16u
/* line_col of a line record: line << 10 | column */
#define BTF_LINE_BITS 22
#define BTF_COL_MAX 0x3ffu

/* The info word. Up to Linux 7.0 kinds have 5 bits and lengths 16, and the rest is 0. */
#define BTF_KIND(info) ((info) >> 24 & 0x7f)
#define BTF_VLEN(info) ((info) & 0xffffff)

/* btfcheck.c: the header. -EINVAL with a message, which ds == NULL leaves out. */
int btf_check_header(struct bu_btf *b, size_t size, const char *name, struct bu_diags *ds);
/* Bytes behind the fixed part of a type, or -1 for a kind that neither we nor the blob know. */
int64_t btf_extra_len(const struct bu_btf *b, uint32_t kind, uint32_t vlen);
uint32_t btf_first_id(const struct bu_btf *b);
uint32_t btf_first_str(const struct bu_btf *b);
const uint8_t *btf_raw(const struct bu_btf **b, uint32_t id);
uint64_t btf_get_bits(const uint8_t *data, uint64_t bit, unsigned n, bool be);

/* btfaddr.c: what a field holds beyond its type. IP: of either length, as its type is. */
enum btf_addr { BTF_ADDR_NONE, BTF_ADDR_IP, BTF_ADDR_IP4, BTF_ADDR_IP6, BTF_ADDR_MAC, BTF_ADDR_BE };
/* A member, variable or value as it is declared; owner 0: of nothing. */
struct btf_field { const char *name; uint32_t type, owner; int32_t component; };
/* t: f->type, resolved. */
enum btf_addr btf_addr_of(const struct bu_btf *b, const struct btf_field *f, const struct bu_btf_type *t);
/* The text of n bytes of that kind. */
void btf_addr_text(struct bu_buf *out, enum btf_addr kind, const uint8_t *p, size_t n);

/* btfvalue.c: prints by type into out; with a form, into that. */
/* Types may share members so often that their values would never end; real ones stay far below. */
#define BTF_BUDGET (1u << 20)
struct btf_printer {
	struct bu_buf *out;
	const struct bu_btf *b;
	const uint8_t *data;
	uint64_t bits;     /* of data */
	unsigned depth;
	bool pretty, plain;
	uint32_t budget;
	int err;
	struct bu_btf_form *form; /* what would be data becomes an operation of it, out is the text between */
};
/* The value of a field at a bit of data; bit_size is not 0 for a bit-field. */
void btf_put_value(struct btf_printer *p, const struct btf_field *f, uint64_t bit, uint32_t bit_size);

/* btfform.c: the next of a form: whatever is at a bit; a scalar of n bits that begins bit bits into data. */
void btf_form_any(struct btf_printer *p, const struct btf_field *f, uint64_t bit, uint32_t bit_size);
void btf_form_scalar(struct btf_printer *p, const struct btf_field *f, const struct bu_btf_type *t, uint64_t bit,
		     uint32_t bit_size, unsigned n);

#endif
