// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One register as the verifier prints it, and what that means in words. The forms:
 *
 *   4.14   inv5  inv(id=0,umax_value=255,var_off=(0x0; 0xff))  pkt(id=0,off=0,r=14,imm=0)  fp0,call_-1
 *   5.x    invP0  map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)  ptr_task_struct(id=0,off=0,imm=0)
 *   6.x    scalar(umax=255,var_off=(0x0; 0xff))  scalar(smin=0,smax=umax=umax32=10)  5  P5  0xff  fp-8
 *          pkt(off=14,r=14)  map_value(map=m,ks=4,vs=8)  trusted_ptr_task_struct(off=16)  mem(sz=8)  fp[0]-4
 */
#include <inttypes.h>
#include <string.h>

#include "load/vlog.h"

struct scan { const char *p, *end; };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number at s: decimal or 0x, with a sign. False: none. */
static bool number(struct scan *s, uint64_t *v)
{
	const char *p = s->p;
	bool neg = p < s->end && *p == '-';
	uint64_t x = 0;
	int digit;

	p += neg;
	if (p + 2 < s->end && p[0] == '0' && p[1] == 'x' && bu_hex_digit(p[2]) >= 0) {
		for (p += 2; p < s->end && (digit = bu_hex_digit(*p)) >= 0; p++)
			x = x << 4 | (unsigned)digit;
	} else {
		if (p >= s->end || !is_digit(*p))
			return false;
		for (; p < s->end && is_digit(*p); p++)
			x = x * 10 + (uint64_t)(*p - '0');
	}
	s->p = p;
	*v = neg ? 0 - x : x;
	return true;
}

static const struct { const char *name; uint8_t field; } fields[] = {
	{ "id", BU_VF_ID }, { "ref_obj_id", BU_VF_REF }, { "ref_id", BU_VF_REF }, { "off", BU_VF_OFF },
	{ "r", BU_VF_R }, { "ks", BU_VF_KS }, { "vs", BU_VF_VS }, { "imm", BU_VF_IMM },
	{ "sz", BU_VF_SIZE }, { "mem_size", BU_VF_SIZE }, { "range", BU_VF_R },
	{ "smin", BU_VF_SMIN }, { "smin_value", BU_VF_SMIN }, { "smax", BU_VF_SMAX },
	{ "smax_value", BU_VF_SMAX }, { "umin", BU_VF_UMIN }, { "umin_value", BU_VF_UMIN },
	{ "umax", BU_VF_UMAX }, { "umax_value", BU_VF_UMAX }, { "s32_min", BU_VF_SMIN32 },
	{ "s32_min_value", BU_VF_SMIN32 }, { "smin32", BU_VF_SMIN32 }, { "s32_max", BU_VF_SMAX32 },
	{ "s32_max_value", BU_VF_SMAX32 }, { "smax32", BU_VF_SMAX32 }, { "u32_min", BU_VF_UMIN32 },
	{ "u32_min_value", BU_VF_UMIN32 }, { "umin32", BU_VF_UMIN32 }, { "u32_max", BU_VF_UMAX32 },
	{ "u32_max_value", BU_VF_UMAX32 }, { "umax32", BU_VF_UMAX32 }, { "min_value", BU_VF_SMIN },
	{ "max_value", BU_VF_UMAX },
};

static int field_of(struct bu_str name)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(fields); i++) {
		if (bu_str_is(name, fields[i].name))
			return fields[i].field;
	}
	return -1;
}

/* A word up to one of ",=)" or the end. */
static struct bu_str word(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p != ',' && *s->p != '=' && *s->p != ')')
		s->p++;
	return bu_str(from, (size_t)(s->p - from));
}

/* "(0x0; 0xff)" */
static void tnum(struct bu_vval *v, struct scan *s)
{
	uint64_t value, mask;

	if (s->p < s->end && *s->p == '(')
		s->p++;
	if (number(s, &value) && s->p < s->end && *s->p == ';') {
		s->p++;
		while (s->p < s->end && *s->p == ' ')
			s->p++;
		if (number(s, &mask)) {
			v->num[BU_VF_VALUE] = value;
			v->num[BU_VF_MASK] = mask;
			v->has |= 1u << BU_VF_VALUE | 1u << BU_VF_MASK;
		}
	}
	while (s->p < s->end && *s->p != ')')
		s->p++;
	if (s->p < s->end)
		s->p++;
}

/* "id=1,smin=smin32=0,map=x" between the parentheses. */
static void attributes(struct bu_vval *v, struct scan *s)
{
	while (s->p < s->end && *s->p != ')') {
		int pending[8], n = 0;
		struct bu_str name = word(s), value = { NULL, 0 };
		uint64_t x;

		while (s->p < s->end && *s->p == '=') {
			if (n < (int)BU_ARRAY_SIZE(pending))
				pending[n++] = field_of(name);
			s->p++;
			if (s->p < s->end && *s->p == '(') {
				if (bu_str_is(name, "var_off"))
					tnum(v, s);
				else
					s->p++;
				break;
			}
			if (number(s, &x)) {
				for (int i = 0; i < n; i++) {
					if (pending[i] >= 0) {
						v->num[pending[i]] = x;
						v->has |= 1u << pending[i];
					}
				}
				word(s); /* "fp0,call_-1" and the like */
				break;
			}
			value = word(s);
			if (s->p >= s->end || *s->p != '=') {
				if (bu_str_is(name, "map"))
					v->map = value;
				else if (bu_str_is(name, "state"))
					v->state = value;
				break;
			}
			name = value;
		}
		if (s->p < s->end && *s->p == ',')
			s->p++;
		else if (s->p < s->end && *s->p != ')')
			s->p++;
	}
}

static const struct { const char *name; uint8_t kind; } kinds[] = {
	{ "scalar", BU_V_SCALAR }, { "inv", BU_V_SCALAR }, { "unknown", BU_V_SCALAR }, { "imm", BU_V_SCALAR },
	{ "ctx", BU_V_CTX }, { "fp", BU_V_FP },
	{ "pkt", BU_V_PKT }, { "pkt_meta", BU_V_PKT_META }, { "pkt_end", BU_V_PKT_END },
	{ "map_ptr", BU_V_MAP_PTR }, { "map_value", BU_V_MAP_VALUE }, { "map_value_adj", BU_V_MAP_VALUE },
	{ "map_key", BU_V_MAP_KEY }, { "mem", BU_V_MEM }, { "sock", BU_V_SOCK },
	{ "sock_common", BU_V_SOCK }, { "tcp_sock", BU_V_SOCK }, { "xdp_sock", BU_V_SOCK },
	{ "buf", BU_V_BUF }, { "tp_buffer", BU_V_BUF }, { "rdwr_buf", BU_V_BUF }, { "func", BU_V_FUNC },
	{ "arena", BU_V_ARENA }, { "dynptr_ptr", BU_V_DYNPTR }, { "flow_keys", BU_V_FLOW_KEYS },
};
static const struct { const char *name; uint32_t flag; } prefixes[] = {
	{ "rdonly_", BU_V_RDONLY }, { "untrusted_", BU_V_UNTRUSTED }, { "trusted_", BU_V_TRUSTED },
	{ "rcu_", BU_V_RCU }, { "percpu_", BU_V_PERCPU }, { "user_", BU_V_USER },
	{ "ringbuf_", BU_V_RINGBUF }, { "alloc_", BU_V_ALLOC }, { "non_own_ref_", 0 },
};

static bool cut_prefix(struct bu_str *s, const char *with)
{
	size_t n = strlen(with);

	if (s->n < n || memcmp(s->p, with, n) != 0)
		return false;
	*s = bu_str(s->p + n, s->n - n);
	return true;
}

static bool cut_suffix(struct bu_str *s, const char *with)
{
	size_t n = strlen(with);

	if (s->n < n || memcmp(s->p + s->n - n, with, n) != 0)
		return false;
	s->n -= n;
	return true;
}

/* "trusted_ptr_or_null_task_struct", "rdonly_mem_or_null", "scalar" */
static void type_word(struct bu_vval *v, struct bu_str w)
{
	bool again = true;

	v->type = w;
	while (again) {
		again = false;
		for (unsigned i = 0; i < BU_ARRAY_SIZE(prefixes); i++) {
			if (cut_prefix(&w, prefixes[i].name)) {
				v->flags |= prefixes[i].flag;
				again = true;
			}
		}
	}
	if (cut_prefix(&w, "ptr_")) {
		v->kind = BU_V_BTF;
		if (cut_prefix(&w, "or_null_"))
			v->flags |= BU_V_OR_NULL;
		v->type = w; /* the struct's name */
		return;
	}
	if (cut_suffix(&w, "_or_null"))
		v->flags |= BU_V_OR_NULL;
	if (w.n > 5 && memcmp(w.p, "iter_", 5) == 0) {
		v->kind = BU_V_ITER;
		return;
	}
	if (w.n > 7 && memcmp(w.p, "dynptr_", 7) == 0) {
		v->kind = BU_V_DYNPTR;
		return;
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(kinds); i++) {
		if (bu_str_is(w, kinds[i].name))
			v->kind = kinds[i].kind;
	}
}

/* "mmmm0000", "????rrrr": what the bytes of a stack slot are. */
static bool is_bytes(struct bu_str t)
{
	if (t.n != 8)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!strchr("m0?rdif", t.p[i]))
			return false;
	}
	return true;
}

void bu_vval_read(struct bu_vval *v, struct bu_str text)
{
	struct scan s = { text.p, text.p + text.n };
	const char *from;

	*v = (struct bu_vval){ .kind = BU_V_UNKNOWN, .type = text };
	if (is_bytes(text)) {
		v->kind = BU_V_BYTES;
		return;
	}
	if (s.p < s.end && *s.p == 'P') {
		v->flags |= BU_V_PRECISE;
		s.p++;
	}
	from = s.p;
	if (number(&s, &v->num[BU_VF_IMM]) && s.p == s.end) {
		v->kind = BU_V_SCALAR;
		v->constant = true;
		return;
	}
	s.p = from;
	while (s.p < s.end && ((*s.p >= 'a' && *s.p <= 'z') || *s.p == '_' || (*s.p >= 'A' && *s.p <= 'Z') ||
			       (s.p > from && is_digit(*s.p) && memchr(from, '_', (size_t)(s.p - from)))))
		s.p++;
	/* "invP5": the P is no part of the word. */
	if (s.p - from == 4 && memcmp(from, "invP", 4) == 0) {
		v->flags |= BU_V_PRECISE;
		type_word(v, bu_str(from, 3));
	} else {
		type_word(v, bu_str(from, (size_t)(s.p - from)));
	}
	/* "fp[0]-4": into the stack of that frame */
	if (v->kind == BU_V_FP && s.p < s.end && *s.p == '[') {
		while (s.p < s.end && *s.p != ']')
			s.p++;
		s.p += s.p < s.end;
	}
	if (s.p < s.end && *s.p == '(') {
		s.p++;
		attributes(v, &s);
	} else if ((v->kind == BU_V_SCALAR || v->kind == BU_V_FP) && number(&s, &v->num[BU_VF_IMM])) {
		v->constant = true;
	}
}

/* ---------------------------------------------------------------- words */

static bool has(const struct bu_vval *v, enum bu_vfield f)
{
	return v->has & 1u << f;
}

/* The range of values as far as told: false where it is everything. */
static bool range(const struct bu_vval *v, bool *is_signed, int64_t *smin, int64_t *smax, uint64_t *umin,
		  uint64_t *umax)
{
	*smin = has(v, BU_VF_SMIN) ? (int64_t)v->num[BU_VF_SMIN] : INT64_MIN;
	*smax = has(v, BU_VF_SMAX) ? (int64_t)v->num[BU_VF_SMAX] : INT64_MAX;
	*umin = has(v, BU_VF_UMIN) ? v->num[BU_VF_UMIN] : 0;
	*umax = has(v, BU_VF_UMAX) ? v->num[BU_VF_UMAX] : UINT64_MAX;
	if (!has(v, BU_VF_UMAX) && has(v, BU_VF_MASK))
		*umax = v->num[BU_VF_VALUE] | v->num[BU_VF_MASK];
	*is_signed = *umax > INT64_MAX && (*smin != INT64_MIN || *smax != INT64_MAX);
	return *is_signed || *umin != 0 || *umax != UINT64_MAX;
}

static void limits(struct bu_buf *out, const struct bu_vval *v)
{
	int64_t smin, smax;
	uint64_t umin, umax;
	bool is_signed;

	if (!range(v, &is_signed, &smin, &smax, &umin, &umax)) {
		bu_buf_str(out, "of any value");
		return;
	}
	if (!is_signed && umax == UINT64_MAX) {
		bu_buf_printf(out, "of at least %" PRIu64 ", without an upper limit", umin);
	} else if (!is_signed) {
		bu_buf_printf(out, "from %" PRIu64 " to %" PRIu64, umin, umax);
	} else {
		bu_buf_str(out, "from ");
		if (smin == INT64_MIN)
			bu_buf_str(out, "the least there is");
		else
			bu_buf_printf(out, "%" PRId64, smin);
		if (smax == INT64_MAX)
			bu_buf_str(out, " up, without an upper limit");
		else
			bu_buf_printf(out, " to %" PRId64, smax);
		if (smin < 0)
			bu_buf_str(out, " (it may be negative)");
	}
}

/* Where behind the start of what it points to. */
static void offset(struct bu_buf *out, const struct bu_vval *v)
{
	int64_t off = has(v, BU_VF_OFF) ? (int64_t)v->num[BU_VF_OFF] : 0;
	int64_t smin, smax;
	uint64_t umin, umax;
	bool is_signed;
	bool var = (has(v, BU_VF_MASK) && v->num[BU_VF_MASK]) ||
		   (has(v, BU_VF_UMAX) && v->num[BU_VF_UMAX]) || has(v, BU_VF_SMIN);

	/* Newer kernels print one number: imm is the offset of a pointer that moved by constants. */
	if (!off && !var && has(v, BU_VF_IMM))
		off = (int64_t)v->num[BU_VF_IMM];
	if (!var) {
		if (off)
			bu_buf_printf(out, ", at offset %" PRId64, off);
		return;
	}
	range(v, &is_signed, &smin, &smax, &umin, &umax);
	bu_buf_str(out, ", at an offset ");
	limits(out, v);
	if (off)
		bu_buf_printf(out, ", and %+" PRId64, off);
}

static void packet(struct bu_buf *out, const struct bu_vval *v)
{
	uint64_t r = has(v, BU_VF_R) ? v->num[BU_VF_R] : 0;

	bu_buf_str(out, v->kind == BU_V_PKT ? "is a pointer into the packet" : "is a pointer to the packet's metadata");
	offset(out, v);
	if (!r)
		bu_buf_str(out, ", none of which was checked against the packet's end");
	else
		bu_buf_printf(out, ", of which only the first %" PRIu64 " bytes were checked", r);
}

static void map_value(struct bu_buf *out, const struct bu_vval *v)
{
	bu_buf_str(out, v->kind == BU_V_MAP_KEY ? "is a pointer to a key" : "is a pointer to a value");
	if (v->map.n)
		bu_buf_printf(out, " of map %.*s", (int)v->map.n, v->map.p);
	if (v->kind == BU_V_MAP_KEY && has(v, BU_VF_KS))
		bu_buf_printf(out, " (%" PRIu64 " bytes)", v->num[BU_VF_KS]);
	else if (has(v, BU_VF_VS))
		bu_buf_printf(out, " (%" PRIu64 " bytes)", v->num[BU_VF_VS]);
	offset(out, v);
}

static void btf_pointer(struct bu_buf *out, const struct bu_vval *v)
{
	bu_buf_printf(out, "is a%s pointer to the kernel's %s%.*s", v->flags & BU_V_UNTRUSTED ? "n untrusted"
		      : v->flags & BU_V_PERCPU ? " per-CPU" : v->flags & BU_V_USER ? " user-space" : "",
		      v->type.n ? "struct " : "object", (int)v->type.n, v->type.p);
	offset(out, v);
	if (v->flags & BU_V_RCU)
		bu_buf_str(out, ", valid while RCU is read-locked");
}

static void memory(struct bu_buf *out, const struct bu_vval *v)
{
	bu_buf_printf(out, "is a pointer to %s%smemory", v->flags & BU_V_RDONLY ? "read-only " : "",
		      v->flags & BU_V_RINGBUF ? "ring buffer " : "");
	if (has(v, BU_VF_SIZE))
		bu_buf_printf(out, " of %" PRIu64 " bytes", v->num[BU_VF_SIZE]);
	offset(out, v);
}

static void stack_bytes(struct bu_buf *out, const struct bu_vval *v)
{
	unsigned unset = 0;

	for (size_t i = 0; i < v->type.n; i++)
		unset += v->type.p[i] == '?';
	if (unset)
		bu_buf_printf(out, "holds bytes of which %u were never written", unset);
	else
		bu_buf_str(out, memchr(v->type.p, 'm', v->type.n) ? "holds written bytes" : "holds zeros");
}

void bu_vval_words(struct bu_buf *out, const struct bu_vval *v)
{
	bool any = v->flags & BU_V_OR_NULL;

	if (any)
		bu_buf_str(out, "may be NULL, else it ");
	switch (v->kind) {
	case BU_V_SCALAR:
		if (v->constant || (has(v, BU_VF_MASK) && !v->num[BU_VF_MASK]) )
			bu_buf_printf(out, "is the number %" PRId64, (int64_t)(v->constant ? v->num[BU_VF_IMM]
										   : v->num[BU_VF_VALUE]));
		else {
			bu_buf_str(out, "is a number ");
			limits(out, v);
		}
		break;
	case BU_V_CTX:
		bu_buf_str(out, "is the program's context");
		offset(out, v);
		break;
	case BU_V_FP:
		if (v->constant && v->num[BU_VF_IMM] == 0) {
			bu_buf_str(out, "is the frame pointer, the end of the stack");
		} else if (v->constant) {
			bu_buf_printf(out, "is a pointer into the stack, r10%+" PRId64, (int64_t)v->num[BU_VF_IMM]);
		} else {
			bu_buf_str(out, "is a pointer into the stack");
			offset(out, v);
		}
		break;
	case BU_V_PKT:
	case BU_V_PKT_META:
		packet(out, v);
		break;
	case BU_V_PKT_END:
		bu_buf_str(out, "is the packet's end");
		break;
	case BU_V_MAP_PTR:
		bu_buf_str(out, "is the map");
		if (v->map.n)
			bu_buf_printf(out, " %.*s", (int)v->map.n, v->map.p);
		bu_buf_str(out, " itself");
		break;
	case BU_V_MAP_VALUE:
	case BU_V_MAP_KEY:
		map_value(out, v);
		break;
	case BU_V_MEM:
		memory(out, v);
		break;
	case BU_V_BTF:
		btf_pointer(out, v);
		break;
	case BU_V_SOCK:
		bu_buf_str(out, "is a pointer to a socket");
		offset(out, v);
		break;
	case BU_V_BUF:
		bu_buf_printf(out, "is a pointer to a %sbuffer", v->flags & BU_V_RDONLY ? "read-only " : "");
		offset(out, v);
		break;
	case BU_V_FUNC:
		bu_buf_str(out, "is a pointer to a function of the program");
		break;
	case BU_V_ARENA:
		bu_buf_str(out, "is a pointer into the arena");
		break;
	case BU_V_DYNPTR:
		bu_buf_str(out, "is a dynptr");
		break;
	case BU_V_ITER:
		bu_buf_printf(out, "is an iterator%s%.*s%s", v->state.n ? " (" : "", (int)v->state.n,
			      v->state.p ? v->state.p : "", v->state.n ? ")" : "");
		break;
	case BU_V_FLOW_KEYS:
		bu_buf_str(out, "is a pointer to the flow keys");
		offset(out, v);
		break;
	case BU_V_BYTES:
		stack_bytes(out, v);
		break;
	case BU_V_UNKNOWN:
		bu_buf_printf(out, "is %.*s", (int)v->type.n, v->type.p);
		break;
	}
	if (has(v, BU_VF_REF) && v->num[BU_VF_REF] && v->kind != BU_V_ITER && v->kind != BU_V_DYNPTR)
		bu_buf_str(out, ", and has to be released");
}

/* ---------------------------------------------------------------- instructions */

static uint16_t bit(unsigned reg)
{
	return reg < 11 ? (uint16_t)(1u << reg) : 0;
}

uint16_t bu_vlog_reads(const struct bu_insn *in)
{
	const struct bu_isa *row = bu_isa_find_loose(in);
	uint16_t d = bit(in->dst), s = bit(in->src), both;
	const struct bu_helper *h;

	if (!row)
		return 0;
	both = (uint16_t)((row->uses & BU_USES_DST ? d : 0) | (row->uses & BU_USES_SRC ? s : 0));
	switch ((enum bu_sem)row->sem) {
	case BU_SEM_LD_IMM64:
	case BU_SEM_JA:
	case BU_SEM_MAY_GOTO:
		return 0;
	case BU_SEM_MOV:
	case BU_SEM_MOVSX:
	case BU_SEM_ADDR_SPACE_CAST:
	case BU_SEM_LDX:
	case BU_SEM_LDSX:
	case BU_SEM_LOAD_ACQUIRE:
		return row->uses & BU_USES_SRC && (in->code & 8 || (in->code & 7) == 1 || (in->code & 7) == 3) ? s : 0;
	case BU_SEM_CALL:
		h = bu_helper_by_id(in->imm);
		return h ? (uint16_t)((1u << (h->args + 1)) - 2) : 0x3e;
	case BU_SEM_CALL_LOCAL:
	case BU_SEM_CALL_KFUNC:
		return 0x3e;
	case BU_SEM_EXIT:
		return 1;
	case BU_SEM_LD_ABS:
		return bit(6);
	case BU_SEM_LD_IND:
		return (uint16_t)(bit(6) | s);
	default:
		return both;
	}
}

uint16_t bu_vlog_writes(const struct bu_insn *in)
{
	const struct bu_isa *row = bu_isa_find_loose(in);

	if (!row)
		return 0;
	switch ((enum bu_sem)row->sem) {
	case BU_SEM_CALL:
	case BU_SEM_CALL_LOCAL:
	case BU_SEM_CALL_KFUNC:
	case BU_SEM_CALLX:
	case BU_SEM_LD_ABS:
	case BU_SEM_LD_IND:
		return 0x3f;
	case BU_SEM_ST:
	case BU_SEM_STX:
	case BU_SEM_STORE_RELEASE:
	case BU_SEM_EXIT:
		return 0;
	case BU_SEM_ATOMIC:
		return in->imm == 0xf1 ? 1 : in->imm & 1 ? bit(in->src) : 0;
	default:
		break;
	}
	if ((in->code & 7) == 5 || (in->code & 7) == 6) /* jumps */
		return 0;
	return row->uses & BU_USES_DST ? bit(in->dst) : 0;
}
