/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF objects: the blob at offset 0 of their file, parsed by lib/btf's checked reader. */
#include "vm/progfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BTF_MAX_SIZE (16u << 20)
#define BTF_MAGIC 0xeb9f
#define BTF_VERSION 1

/* The fixed part, in the order in which the kernel looks at it. */
struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

static int check_header(const uint8_t *p, uint32_t n, struct bu_buf *log)
{
	struct header h = { 0 };

	if (n < offsetof(struct header, hdr_len) + sizeof(h.hdr_len)) {
		bu_buf_str(log, "hdr_len not found\n");
		return -EINVAL;
	}
	memcpy(&h, p, n < sizeof(h) ? n : sizeof(h));
	if (n < h.hdr_len) {
		bu_buf_str(log, "btf_header not found\n");
		return -EINVAL;
	}
	for (uint32_t i = sizeof(h); i < h.hdr_len; i++) {
		if (p[i]) {
			bu_buf_str(log, "Unsupported btf_header\n");
			return -E2BIG;
		}
	}
	if (h.magic != BTF_MAGIC) {
		bu_buf_str(log, "Invalid magic\n");
		return -EINVAL;
	}
	if (h.version != BTF_VERSION) {
		bu_buf_str(log, "Unsupported version\n");
		return -BU_VM_ENOTSUPP;
	}
	if (h.flags) {
		bu_buf_str(log, "Unsupported flags\n");
		return -BU_VM_ENOTSUPP;
	}
	if (n == h.hdr_len) {
		bu_buf_str(log, "No data\n");
		return -EINVAL;
	}
	if (h.hdr_len >= sizeof(h) && !h.type_len) {
		bu_buf_str(log, "No type found\n");
		return -EINVAL;
	}
	return 0;
}

/* Types and strings lie behind one another, and nothing is beside them. */
static int check_sections(const struct header *h, uint32_t n, struct bu_buf *log)
{
	uint64_t total = n - h->hdr_len, types = h->type_off, first, second;
	bool types_first = h->type_off <= h->str_off;

	first = types_first ? (uint64_t)h->type_off : h->str_off;
	second = types_first ? types + h->type_len : (uint64_t)h->str_off + h->str_len;
	if (first || second != (types_first ? h->str_off : h->type_off) ||
	    (types_first ? (uint64_t)h->str_off + h->str_len : types + h->type_len) != total) {
		bu_buf_str(log, "Sections overlap, or there is something beside them\n");
		return -EINVAL;
	}
	return 0;
}

static bool identifier(const char *s, bool dots)
{
	if (!*s || strlen(s) > 127)
		return false;
	for (const char *p = s; *p; p++)
		if (*p != '_' && !(*p == '.' && dots) && !(*p >= 'a' && *p <= 'z') &&
		    !(*p >= 'A' && *p <= 'Z') && !(p > s && *p >= '0' && *p <= '9') &&
		    !(*p == '.' && p == s && dots))
			return false;
	return true;
}

/* What the kernel wants of each kind beyond what a reader needs: no stray bits, names where they belong. */
static int check_kinds(const struct bu_btf *b, const uint8_t *p, const struct header *h,
		       struct bu_buf *log)
{
	for (uint32_t id = 1; id <= b->ntypes; id++) {
		const uint8_t *q = p + b->offs[id - 1];
		struct bu_btf_type t, to;
		uint32_t name, info;
		const char *why = NULL;

		memcpy(&name, q, 4);
		memcpy(&info, q + 4, 4);
		if (bu_btf_get(b, id, &t))
			return -EINVAL;
		if (info & ~0x9f00ffffu || name >= h->str_len) {
			bu_buf_printf(log, "[%u] Invalid btf_info or name\n", id);
			return -EINVAL;
		}
		switch (t.kind) {
		case BU_BTF_INT:
			memcpy(&info, q + 12, 4);
			why = t.vlen || t.kflag || info >> 28 ? "Invalid bits" :
			      t.int_enc & (t.int_enc - 1) || t.int_enc > 4 ? "Unsupported encoding" : NULL;
			break;
		case BU_BTF_FLOAT:
			why = t.vlen ? "vlen != 0" : t.kflag ? "Invalid btf_info kind_flag" : NULL;
			break;
		case BU_BTF_PTR:
		case BU_BTF_CONST:
		case BU_BTF_VOLATILE:
		case BU_BTF_RESTRICT:
		case BU_BTF_ARRAY:
			why = t.vlen ? "vlen != 0" : t.kflag ? "Invalid btf_info kind_flag" :
			      name   ? "Invalid name" : NULL;
			break;
		case BU_BTF_TYPEDEF:
		case BU_BTF_VAR:
			why = t.vlen ? "vlen != 0" : t.kflag ? "Invalid btf_info kind_flag" :
			      !identifier(t.name, t.kind == BU_BTF_VAR) ? "Invalid name" : NULL;
			break;
		case BU_BTF_FWD:
			why = t.vlen ? "vlen != 0" : !identifier(t.name, false) ? "Invalid name" : NULL;
			break;
		case BU_BTF_FUNC:
			why = !identifier(t.name, false) ? "Invalid name" :
			      (info & 0xffff) > 2	 ? "Invalid func linkage" :
			      t.kflag			 ? "Invalid btf_info kind_flag" :
			      bu_btf_get(b, t.type, &to) || to.kind != BU_BTF_FUNC_PROTO ?
							   "Invalid type_id" : NULL;
			break;
		case BU_BTF_FUNC_PROTO:
			why = name ? "Invalid name" : t.kflag ? "Invalid btf_info kind_flag" : NULL;
			break;
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
			why = name && !identifier(t.name, false) ? "Invalid name" : NULL;
			break;
		default:
			break;
		}
		if (why) {
			bu_buf_printf(log, "[%u] %s\n", id, why);
			return -EINVAL;
		}
	}
	return 0;
}

static int parse(const uint8_t *p, uint32_t n, struct bu_buf *log)
{
	struct bu_diags ds;
	struct header h;
	struct bu_btf b;
	int err = check_header(p, n, log);

	if (err)
		return err;
	bu_diags_init(&ds);
	err = bu_btf_parse(&b, p, n, NULL, "BTF", &ds);
	for (const struct bu_diag *d = ds.first; d; d = d->next)
		bu_buf_printf(log, "%s\n", d->text);
	if (!err) {
		memcpy(&h, p, sizeof(h));
		bu_buf_printf(log, "magic: 0x%x\nversion: %u\nflags: 0x%x\nhdr_len: %u\ntype_off: %u\ntype_len: %u\nstr_off: %u\nstr_len: %u\nbtf_total_size: %u\n",
			      h.magic, h.version, h.flags, h.hdr_len, h.type_off, h.type_len,
			      h.str_off, h.str_len, n);
		err = check_sections(&h, n, log);
		if (!err)
			err = check_kinds(&b, p, &h, log);
		bu_btf_free(&b);
	}
	bu_diags_free(&ds);
	return err;
}

static int make(struct bu_vm *vm, const uint8_t *p, uint32_t n)
{
	uint64_t room = ((uint64_t)n + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	struct bu_vm_hdr *h = calloc(1, sizeof(*h));
	struct bu_vm_obj *o;
	int fd, err;

	if (!h)
		return -ENOMEM;
	h->kind = BU_VM_BTF;
	h->btf.size = n;
	err = bu_vm_obj_new(vm, h, room + BU_VM_PAGE, room, O_RDONLY, &o, &fd);
	free(h);
	if (err)
		return err;
	memcpy(o->mem, p, n);
	err = bu_vm_obj_publish(o, NULL, 0);
	if (err)
		bu_vm_obj_abandon(o);
	bu_vm_obj_put(o);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int bu_vm_cmd_btf_load(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_log log;
	uint32_t true_size;
	uint8_t *p = NULL;
	int err, ret;

	if (a->btf_flags & ~(uint32_t)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (a->btf_flags)
		return fcntl(a->btf_token_fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (a->btf_size > BTF_MAX_SIZE)
		return -E2BIG;
	err = bu_vm_log_init(&log, a->btf_log_level, a->btf_log_buf, a->btf_log_size);
	if (err)
		return err;
	p = bu_vm_dup_in(vm, a->btf, a->btf_size, &err);
	if (p)
		err = parse(p, a->btf_size, &log.text);
	ret = bu_vm_log_done(vm, &log, &true_size);
	if (size >= BU_OFFSETOFEND(union bpf_attr, btf_log_true_size) &&
	    bu_vm_put_user(vm, true_size, user, btf_log_true_size))
		ret = -EFAULT;
	if (ret)
		err = ret;
	if (!err)
		err = make(vm, p, a->btf_size);
	free(p);
	return err;
}

int bu_vm_info_btf(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	const struct bu_vm_btf_attr *h = &o->h.btf;
	struct bpf_btf_info i;
	uint32_t len, room;
	size_t name_len;
	int err, ret = 0;

	err = bu_vm_info_in(vm, a, &i, sizeof(i), &len);
	if (err)
		return err;
	if (h->size > o->size - BU_VM_PAGE)
		return -EUCLEAN;
	i.id = o->id;
	if (bu_vm_copy_out(vm, i.btf, o->mem, h->size < i.btf_size ? h->size : i.btf_size))
		return -EFAULT;
	i.btf_size = h->size;
	i.kernel_btf = 0;
	if (!i.name != !i.name_len)
		return -EINVAL;
	room = i.name_len;
	name_len = strnlen(h->name, sizeof(h->name) - 1);
	i.name_len = (uint32_t)name_len;
	if (i.name) {
		char name[sizeof(h->name)] = "";
		size_t n = room > name_len ? name_len : room - 1;

		memcpy(name, h->name, n);
		if (bu_vm_copy_out(vm, i.name, name, n + 1))
			return -EFAULT;
		if (room <= name_len)
			ret = -ENOSPC;
	}
	err = bu_vm_info_out(vm, a, user, &i, len);
	return err ? err : ret;
}

/* ---------------------------------------------------------------- as body of the object */

struct body {
	struct bu_btf btf;
	uint8_t *data; /* private: what was checked stays as it was checked */
};

static void body_free(struct bu_vm_obj *o)
{
	struct body *b = o->body;

	if (b) {
		bu_btf_free(&b->btf);
		free(b->data);
		free(b);
	}
	o->body = NULL;
}

int bu_vm_btf_of(struct bu_vm_obj *o, const struct bu_btf **btf)
{
	uint32_t n = o->h.btf.size;
	struct body *b = o->body;
	int err;

	if (o->kind != BU_VM_BTF)
		return -EINVAL;
	if (!b) {
		if (!n || n > BTF_MAX_SIZE || o->size < BU_VM_PAGE || n > o->size - BU_VM_PAGE)
			return -EUCLEAN;
		b = calloc(1, sizeof(*b));
		if (b)
			b->data = malloc(n);
		if (!b || !b->data) {
			free(b);
			return -ENOMEM;
		}
		memcpy(b->data, o->mem, n);
		err = bu_btf_parse(&b->btf, b->data, n, NULL, "BTF", NULL);
		if (err) {
			free(b->data);
			free(b);
			return err == -ENOMEM ? err : -EUCLEAN;
		}
		o->body = b;
		o->body_free = body_free;
	}
	*btf = &b->btf;
	return 0;
}

int bu_vm_btf_spin_lock(const struct bu_btf *btf, uint32_t value_type)
{
	struct bu_btf_type t, mt;
	struct bu_btf_member m;
	int found = -ENOENT;

	if (bu_btf_get(btf, bu_btf_resolve(btf, value_type), &t) || t.kind != BU_BTF_STRUCT)
		return -ENOENT;
	for (uint32_t i = 0; i < t.vlen; i++) {
		if (bu_btf_member(btf, &t, i, &m) ||
		    bu_btf_get(btf, bu_btf_resolve(btf, m.type), &mt) ||
		    mt.kind != BU_BTF_STRUCT || strcmp(mt.name, "bpf_spin_lock") || mt.size != 4)
			continue;
		if (found >= 0)
			return -E2BIG; /* one a value */
		if (m.bit_off % 32 || m.bit_off > INT32_MAX)
			return -EINVAL;
		found = (int)(m.bit_off / 8);
	}
	return found;
}

static bool is_kptr(const struct bu_btf *btf, uint32_t id)
{
	static const char *const tags[] = { "kptr_untrusted", "kptr", "percpu_kptr", "uptr" };
	struct bu_btf_type t;

	if (bu_btf_get(btf, bu_btf_resolve(btf, id), &t) || t.kind != BU_BTF_PTR || bu_btf_get(btf, t.type, &t) ||
	    t.kind != BU_BTF_TYPE_TAG)
		return false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(tags); i++)
		if (!strcmp(t.name, tags[i]))
			return true;
	return false;
}

static int find_timer(const struct bu_btf *btf, uint32_t type, uint64_t at, unsigned depth, int found)
{
	static const char *const others[] = { "bpf_wq", "bpf_list_head", "bpf_rb_root", "bpf_refcount", "bpf_res_spin_lock",
					      "bpf_task_work" };
	struct bu_btf_type t, mt;
	struct bu_btf_member m;

	if (depth > 8 || bu_btf_get(btf, bu_btf_resolve(btf, type), &t) || t.kind != BU_BTF_STRUCT)
		return found;
	for (uint32_t i = 0; i < t.vlen && (found >= 0 || found == -ENOENT); i++) {
		if (bu_btf_member(btf, &t, i, &m))
			continue;
		if (is_kptr(btf, m.type))
			return -EOPNOTSUPP;
		if (bu_btf_get(btf, bu_btf_resolve(btf, m.type), &mt) || mt.kind != BU_BTF_STRUCT)
			continue;
		for (unsigned k = 0; k < BU_ARRAY_SIZE(others); k++)
			if (!strcmp(mt.name, others[k]))
				return -EOPNOTSUPP;
		if (strcmp(mt.name, "bpf_timer")) {
			found = find_timer(btf, m.type, at + m.bit_off / 8, depth + 1, found);
			continue;
		}
		if (found >= 0)
			return -E2BIG;
		if (mt.size != 16 || m.bit_off % 8 || (at + m.bit_off / 8) % 8 || at + m.bit_off / 8 > INT32_MAX)
			return -EINVAL;
		found = (int)(at + m.bit_off / 8);
	}
	return found;
}

int bu_vm_btf_timer(const struct bu_btf *btf, uint32_t value_type)
{
	return find_timer(btf, value_type, 0, 0, -ENOENT);
}
