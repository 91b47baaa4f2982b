/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_LOAD: the attribute, the instructions' references, the checks, in the kernel's order. */
#include "vm/opstype.h"
#include "vm/progfile.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BTF_MAX_TYPE 0x000fffffu
#define MAX_VAR_OFF (1u << 29)
#define MAX_SUBPROGS 256u
#define LOAD_FLAGS                                                                                 \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_TEST_STATE_FREQ | BPF_F_SLEEPABLE |      \
	 BPF_F_TEST_RND_HI32 | BPF_F_XDP_HAS_FRAGS | BPF_F_XDP_DEV_BOUND_ONLY |                        \
	 BPF_F_TEST_REG_INVARIANTS | BPF_F_TOKEN_FD)

static bool in(uint32_t v, const uint8_t *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == v)
			return true;
	return false;
}
#define IN(v, ...)                                                                                 \
	({                                                                                         \
		static const uint8_t list_[] = { __VA_ARGS__ };                                    \
		in(v, list_, BU_ARRAY_SIZE(list_));                                                \
	})

static int check_attach(uint32_t type, uint32_t at)
{
	bool ok = true;

	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
		ok = IN(at, BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET_SOCK_RELEASE,
			BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET6_POST_BIND);
		break;
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		ok = IN(at, BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND, BPF_CGROUP_INET4_CONNECT,
			BPF_CGROUP_INET6_CONNECT, BPF_CGROUP_UNIX_CONNECT,
			BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET6_GETPEERNAME,
			BPF_CGROUP_UNIX_GETPEERNAME, BPF_CGROUP_INET4_GETSOCKNAME,
			BPF_CGROUP_INET6_GETSOCKNAME, BPF_CGROUP_UNIX_GETSOCKNAME,
			BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG, BPF_CGROUP_UNIX_SENDMSG,
			BPF_CGROUP_UDP4_RECVMSG, BPF_CGROUP_UDP6_RECVMSG, BPF_CGROUP_UNIX_RECVMSG);
		break;
	case BPF_PROG_TYPE_CGROUP_SKB:
		ok = IN(at, BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS);
		break;
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		ok = IN(at, BPF_CGROUP_SETSOCKOPT, BPF_CGROUP_GETSOCKOPT);
		break;
	case BPF_PROG_TYPE_SK_LOOKUP:
		ok = at == BPF_SK_LOOKUP;
		break;
	case BPF_PROG_TYPE_SK_REUSEPORT:
		ok = IN(at, BPF_SK_REUSEPORT_SELECT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE);
		break;
	case BPF_PROG_TYPE_NETFILTER:
		ok = at == BPF_NETFILTER;
		break;
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_EXT:
		ok = at == 0;
		break;
	}
	return ok ? 0 : -EINVAL;
}

/* What the program is to be attached to at load time: nothing here but the VM's own iterators. */
static int check_target(struct bu_vm *vm, const union bpf_attr *a)
{
	bool tracing = IN(a->prog_type, BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_LSM,
			  BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_EXT);
	bool dst = false;
	int err;

	if (a->attach_prog_fd) {
		struct bu_vm_obj *o;

		err = bu_vm_obj_by_fd(vm, (int)a->attach_prog_fd, -1, &o, NULL);
		if (err)
			return -EINVAL;
		dst = o->kind == BU_VM_PROG;
		err = dst ? 0 : o->kind == BU_VM_BTF ? -BU_VM_ENOTSUPP : -EINVAL;
		bu_vm_obj_put(o);
		if (err)
			return err;
	}
	if (a->attach_btf_id && (a->attach_btf_id > BTF_MAX_TYPE || !tracing))
		return -EINVAL;
	if (dst && a->prog_type != BPF_PROG_TYPE_TRACING && a->prog_type != BPF_PROG_TYPE_EXT)
		return -EINVAL;
	return check_attach(a->prog_type, a->expected_attach_type);
}

/* Which member of which struct a program is to be. */
static int check_ops(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_check *c, struct bu_buf *log)
{
	const struct bu_vm_ops_type *t;
	const struct bu_vm_ops_member *m;
	int row;

	if (!c->gpl) {
		bu_buf_str(log, "struct ops programs must have a GPL compatible license\n");
		return -EINVAL;
	}
	if (!a->attach_btf_id)
		return -BU_VM_ENOTSUPP;
	row = bu_vm_ops_by_struct(vm, a->attach_btf_id);
	if (row < 0) {
		bu_buf_printf(log, "attach_btf_id %u is not a supported struct\n", a->attach_btf_id);
		return -BU_VM_ENOTSUPP;
	}
	t = &bu_vm_ops_types[row];
	if (a->expected_attach_type >= t->n) {
		bu_buf_printf(log, "attach to invalid member idx %u of struct %s\n", a->expected_attach_type, t->name);
		return -EINVAL;
	}
	m = &t->member[a->expected_attach_type];
	c->no_result = *m->type == 'v';
	if (m->kind == BU_VM_OPS_FUNC)
		return 0;
	if (m->kind == BU_VM_OPS_NO_FUNC) {
		bu_buf_printf(log, "attach to unsupported member %s of struct %s\n", m->name, t->name);
		return -BU_VM_ENOTSUPP;
	}
	bu_buf_printf(log, "attach to invalid member %s(@idx %u) of struct %s\n", m->name, a->expected_attach_type, t->name);
	return -EINVAL;
}

/* check_attach_btf_id: after the instructions were found to be in order. */
static int check_btf_target(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_check *c, struct bu_buf *log)
{
	if (a->prog_type == BPF_PROG_TYPE_SYSCALL && !(a->prog_flags & BPF_F_SLEEPABLE)) {
		bu_buf_str(log, "Syscall programs can only be sleepable\n");
		return -EINVAL;
	}
	if (a->prog_flags & BPF_F_SLEEPABLE &&
	    !IN(a->prog_type, BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_STRUCT_OPS,
		BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_TRACING)) {
		bu_buf_str(log, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n");
		return -EINVAL;
	}
	if (!IN(a->prog_type, BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_STRUCT_OPS,
		BPF_PROG_TYPE_EXT))
		return 0;
	if (a->prog_type == BPF_PROG_TYPE_STRUCT_OPS)
		return check_ops(vm, a, c, log);
	if (!a->attach_btf_id) {
		bu_buf_str(log, "Tracing programs must provide btf_id\n");
		return -EINVAL;
	}
	if (a->prog_type == BPF_PROG_TYPE_TRACING && a->expected_attach_type == BPF_TRACE_ITER &&
	    !a->attach_prog_fd) {
		if (bu_vm_iter_by_btf_id(vm, a->attach_btf_id) > 0)
			return 0;
		bu_buf_printf(log, "attach_btf_id %u is not an iterator\n", a->attach_btf_id);
		return -EINVAL;
	}
	bu_buf_str(log, "the VM has no functions of a kernel to attach to\n");
	return -EOPNOTSUPP;
}

static bool gpl_compatible(const char *license)
{
	static const char *const names[] = {
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
		"Dual MPL/GPL",
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (strcmp(license, names[i]) == 0)
			return true;
	return false;
}

/* bpf_obj_name_cpy: letters, digits, '_' and '.', a NUL within, nothing behind it. */
static int copy_name(char dst[BPF_OBJ_NAME_LEN], const char *src)
{
	size_t n = strnlen(src, BPF_OBJ_NAME_LEN);

	if (n == BPF_OBJ_NAME_LEN)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)src[i]) && src[i] != '_' && src[i] != '.')
			return -EINVAL;
	memset(dst, 0, BPF_OBJ_NAME_LEN);
	memcpy(dst, src, n);
	return 0;
}

/* ---------------------------------------------------------------- references of instructions */

static int use_map(struct bu_vm *vm, struct bu_vm_newprog *np, int fd, struct bu_buf *log)
{
	struct bu_vm_map *m;
	int err = bu_vm_map_by_fd(vm, fd, 0, &m);

	if (err) {
		bu_buf_printf(log, "fd %d is not pointing to valid bpf_map\n", fd);
		return err;
	}
	for (uint32_t i = 0; i < np->nmaps; i++) {
		if (np->maps[i]->obj == m->obj) {
			bu_vm_map_put(m);
			return (int)i;
		}
	}
	if (np->nmaps >= BU_VM_USED_MAPS) {
		bu_buf_str(log, "The total number of maps per program has reached the limit of 64\n");
		bu_vm_map_put(m);
		return -E2BIG;
	}
	for (uint32_t i = 0; i < np->nmaps; i++) {
		if (np->maps[i]->type != m->type ||
		    (m->type != BPF_MAP_TYPE_CGROUP_STORAGE && m->type != BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE))
			continue;
		bu_buf_str(log, "only one cgroup storage of each type is allowed\n");
		bu_vm_map_put(m);
		return -EBUSY;
	}
	if (m->timer && IN(np->h.type, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_PERF_EVENT,
			   BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE)) {
		bu_buf_str(log, "tracing progs cannot use bpf_timer yet\n");
		bu_vm_map_put(m);
		return -EINVAL;
	}
	if (m->type == BPF_MAP_TYPE_ARENA) {
		const char *why = NULL;

		for (uint32_t i = 0; i < np->nmaps; i++)
			if (np->maps[i]->type == BPF_MAP_TYPE_ARENA)
				why = "Only one arena per program\n";
		err = why ? -EBUSY : -EINVAL;
		if (!why && !bu_vm_arena_start(m))
			why = "arena's user address must be set via map_extra or mmap()\n";
		if (why) {
			bu_buf_str(log, why);
			bu_vm_map_put(m);
			return err;
		}
	}
	np->maps[np->nmaps] = m;
	return (int)np->nmaps++;
}

static int fd_array(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		    struct bu_buf *log)
{
	if (a->fd_array_cnt >= UINT32_MAX / sizeof(int)) {
		bu_buf_printf(log, "fd_array_cnt is too big (%u)\n", a->fd_array_cnt);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < a->fd_array_cnt; i++) {
		struct bu_vm_obj *o;
		int fd, err;

		if (bu_vm_copy_in(vm, &fd, a->fd_array + (uint64_t)i * sizeof(fd), sizeof(fd)))
			return -EFAULT;
		err = bu_vm_obj_by_fd(vm, fd, -1, &o, NULL);
		if (!err && o->kind != BU_VM_MAP && o->kind != BU_VM_BTF) {
			bu_vm_obj_put(o);
			err = -EINVAL;
		}
		if (err) {
			bu_buf_printf(log, "fd %d is not pointing to valid bpf_map or btf\n", fd);
			return err;
		}
		if (o->kind == BU_VM_MAP)
			err = use_map(vm, np, fd, log);
		bu_vm_obj_put(o);
		if (err < 0)
			return err;
	}
	return 0;
}

static int add_start(struct bu_vm_newprog *np, int64_t at, struct bu_buf *log)
{
	uint32_t i = 0;

	if (at < 0 || at >= np->h.ninsns) {
		bu_buf_str(log, "call to invalid destination\n");
		return -EINVAL;
	}
	while (i < np->nsubs && np->starts[i] < at)
		i++;
	if (i < np->nsubs && np->starts[i] == at)
		return 0;
	if (np->nsubs >= MAX_SUBPROGS) {
		bu_buf_str(log, "too many subprograms\n");
		return -E2BIG;
	}
	memmove(np->starts + i + 1, np->starts + i, (np->nsubs - i) * sizeof(np->starts[0]));
	np->starts[i] = (uint32_t)at;
	np->nsubs++;
	return 0;
}

/* add_kfunc_call: what kernel function a call names. Id 0 is one that the loader did not find; it may be dead code. */
static int find_kfunc(struct bu_vm *vm, const struct bu_vm_newprog *np, const struct bu_insn *n, struct bu_buf *log)
{
	if (!np->h.gpl) {
		bu_buf_str(log, "cannot call kernel function from non-GPL compatible program\n");
		return -EINVAL;
	}
	if (!n->imm && !n->off)
		return 0;
	if (n->off) { /* of a module: there are none */
		bu_buf_str(log, "kfunc offset > 0 without fd_array is invalid\n");
		return -EPROTO;
	}
	if (bu_vm_kfunc(vm, n->imm))
		return 0;
	bu_buf_printf(log, "kernel btf_id %u is not a function\n", (uint32_t)n->imm);
	return -EINVAL;
}

static int find_functions(struct bu_vm *vm, struct bu_vm_newprog *np, struct bu_buf *log)
{
	int err = add_start(np, 0, log);

	for (uint32_t i = 0; !err && i < np->h.ninsns; i++) {
		const struct bu_insn *n = &np->insns[i];

		if (n->code == BU_OP_CALL && n->src == BU_CALL_KFUNC)
			err = find_kfunc(vm, np, n, log);
		if ((n->code == BU_OP_CALL && n->src == BU_CALL_LOCAL) ||
		    (n->code == BU_OP_LD_IMM64 && n->src == BU_PSEUDO_FUNC))
			err = add_start(np, (int64_t)i + n->imm + 1, log);
	}
	return err;
}

static int resolve_one(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		       uint32_t i, struct bu_buf *log)
{
	struct bu_insn *n = &np->insns[i];
	struct bu_vm_map *m;
	uint64_t addr;
	int fd = n->imm, k;

	if (i + 1 >= np->h.ninsns || n[1].code || n[1].dst || n[1].src || n[1].off) {
		bu_buf_str(log, "invalid bpf_ld_imm64 insn\n");
		return -EINVAL;
	}
	switch (n->src) {
	case 0:
	case BU_PSEUDO_FUNC:
		return 0;
	case BU_PSEUDO_BTF_ID:
		bu_buf_printf(log, "%u: there are no variables of a kernel in the VM (BTF id %d)\n", i,
			      n->imm);
		return -EOPNOTSUPP;
	case BU_PSEUDO_MAP_VALUE:
	case BU_PSEUDO_MAP_IDX_VALUE:
		break;
	case BU_PSEUDO_MAP_FD:
	case BU_PSEUDO_MAP_IDX:
		if (!n[1].imm)
			break;
		/* fallthrough */
	default:
		bu_buf_str(log, "unrecognized bpf_ld_imm64 insn\n");
		return -EINVAL;
	}
	if (n->src == BU_PSEUDO_MAP_IDX || n->src == BU_PSEUDO_MAP_IDX_VALUE) {
		if (!a->fd_array) {
			bu_buf_str(log, "fd_idx without fd_array is invalid\n");
			return -EPROTO;
		}
		if (bu_vm_copy_in(vm, &fd, a->fd_array + (uint64_t)(int64_t)n->imm * sizeof(fd),
				  sizeof(fd)))
			return -EFAULT;
	}
	k = use_map(vm, np, fd, log);
	if (k < 0)
		return k;
	if (n->src == BU_PSEUDO_MAP_VALUE || n->src == BU_PSEUDO_MAP_IDX_VALUE) {
		uint32_t off = (uint32_t)n[1].imm;
		int err;

		m = np->maps[k];
		if (off >= MAX_VAR_OFF) {
			bu_buf_printf(log, "direct value offset of %u is not allowed\n", off);
			return -EINVAL;
		}
		if (!m->ops->direct) {
			bu_buf_str(log, "no direct value access support for this map type\n");
			return -EINVAL;
		}
		err = m->ops->direct(m, off, &addr);
		if (err) {
			bu_buf_printf(log, "invalid access to map value pointer, value_size=%u off=%u\n",
				      m->value_size, off);
			return err;
		}
		n->src = BU_PSEUDO_MAP_VALUE;
	} else {
		n->src = BU_PSEUDO_MAP_FD;
	}
	n->imm = k;
	return 0;
}

static int resolve(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		   struct bu_buf *log)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < np->h.ninsns; i++) {
		if (np->insns[i].code != BU_OP_LD_IMM64)
			continue;
		err = resolve_one(vm, np, a, i, log);
		i++;
	}
	return err;
}

/* SHA-256 over the instructions as given, but for what differs from load to load. */
static int digest(struct bu_vm_newprog *np, uint8_t sum[32])
{
	size_t n = (size_t)np->h.ninsns * BU_INSN_SIZE;
	uint8_t *p = malloc(n);

	if (!p)
		return -ENOMEM;
	memcpy(p, np->raw, n);
	for (uint32_t i = 0; i + 1 < np->h.ninsns; i++) {
		uint8_t *q = p + (size_t)i * BU_INSN_SIZE;
		struct bu_insn in;

		bu_insn_decode(&in, q, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
		if (in.code != BU_OP_LD_IMM64 ||
		    (in.src != BU_PSEUDO_MAP_FD && in.src != BU_PSEUDO_MAP_VALUE))
			continue;
		memset(q + 4, 0, 4);
		if (!q[8] && !q[9] && !q[10] && !q[11]) {
			memset(q + 12, 0, 4);
			i++;
		}
	}
	bu_sha256(p, n, sum);
	free(p);
	return 0;
}

static int check_exclusive(const struct bu_vm_newprog *np, const uint8_t sum[32],
			   struct bu_buf *log)
{
	for (uint32_t i = 0; i < np->nmaps; i++) {
		const struct bu_vm_map_attr *h = &np->maps[i]->obj->h.map;

		if (h->excl && memcmp(h->excl_prog_hash, sum, 32)) {
			bu_buf_str(log, "program's hash does not match exclusive map's\n");
			return -EACCES;
		}
	}
	return 0;
}

/*
 * How far into the context the program reaches, as far as a walk through its text shows: registers
 * that hold the context unchanged, from r1 of the main function on.
 */
static void find_max_ctx(struct bu_vm_newprog *np)
{
	uint32_t end = np->nsubs > 1 ? np->starts[1] : np->h.ninsns, ctx = 1u << 1, max = 0, base;

	for (uint32_t i = 0; i < end; i++) {
		const struct bu_insn *n = &np->insns[i];
		uint8_t class = n->code & 7, width = n->code & 0x18;
		uint32_t size = width == 0x18 ? 8 : width == 0 ? 4 : width == 8 ? 2 : 1;

		switch (class) {
		case 1: /* LDX */
		case 2: /* ST */
		case 3: /* STX */
			base = class == 1 ? n->src : n->dst;
			if (ctx >> base & 1 && n->off >= 0 && (uint32_t)n->off + size > max)
				max = (uint32_t)n->off + size;
			if (class == 1)
				ctx &= ~(1u << n->dst);
			break;
		case 7: /* ALU64 */
			if (n->code == 0xbf && !n->off && ctx >> n->src & 1)
				ctx |= 1u << n->dst;
			else
				ctx &= ~(1u << n->dst);
			break;
		case 4: /* ALU */
		case 0: /* LD */
			ctx &= ~(1u << n->dst);
			break;
		default:
			if (n->code == BU_OP_CALL)
				ctx &= ~0x3fu;
		}
	}
	np->h.max_ctx = max;
}

static int find_exception(struct bu_vm_newprog *np, const union bpf_attr *a, uint32_t *insn, struct bu_buf *log)
{
	const struct bu_btf *btf;
	uint32_t n = a->func_info_cnt < np->h.ninsns ? a->func_info_cnt : np->h.ninsns;
	int err = bu_vm_btf_of(np->btf, &btf);

	if (!err)
		err = bu_vm_exception(btf, np->funcs, n, insn, log);
	return !err && *insn ? add_start(np, *insn, log) : err;
}

/* What the kernel does between its log's begin and end. */
static int check(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		 union bpf_attr *user, struct bu_vm_log *log)
{
	struct bu_vm_check c = {
		.insns = np->insns, .n = np->h.ninsns, .type = np->h.type,
		.expected_attach_type = np->h.expected_attach_type, .flags = np->h.flags,
		.gpl = np->h.gpl, .log = &log->text, .level = log->level, .vm = vm, .faker = vm,
	};
	uint8_t sum[32];
	int err;

	err = fd_array(vm, np, a, &log->text);
	if (!err)
		err = bu_vm_prog_btf_early(vm, np, a, user, log);
	if (!err && np->funcs)
		err = find_exception(np, a, &c.exception, &log->text);
	if (!err)
		err = find_functions(vm, np, &log->text);
	if (!err)
		err = bu_vm_check_jumps(&c);
	if (!err)
		err = bu_vm_prog_btf(vm, np, a, user, log);
	if (!err)
		err = digest(np, sum);
	if (!err)
		err = resolve(vm, np, a, &log->text);
	if (!err)
		err = check_exclusive(np, sum, &log->text);
	if (!err)
		err = check_btf_target(vm, a, &c, &log->text);
	c.maps = np->maps;
	c.nmaps = np->nmaps;
	if (!err)
		err = bu_vm_check_insns(&c);
	if (!err)
		memcpy(np->h.tag, sum, sizeof(np->h.tag));
	find_max_ctx(np);
	bu_buf_printf(&log->text, "processed %u insns (limit %u) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
		      err ? 0 : np->h.ninsns, BPF_COMPLEXITY_LIMIT_INSNS);
	return err;
}

/* All programs of a prog_array and all that use it are of one kind: without a word in the log. */
static int check_tail_calls(const struct bu_vm_newprog *np)
{
	for (uint32_t i = 0; i < np->nmaps; i++)
		if (np->maps[i]->type == BPF_MAP_TYPE_PROG_ARRAY &&
		    !bu_vm_prog_compatible(np->maps[i], &np->h))
			return -EINVAL;
	return 0;
}

static int copy_insns(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a)
{
	int err;

	np->raw = bu_vm_dup_in(vm, a->insns, (size_t)a->insn_cnt * BU_INSN_SIZE, &err);
	if (!np->raw)
		return err;
	np->insns = calloc(a->insn_cnt, sizeof(*np->insns));
	if (!np->insns)
		return -ENOMEM;
	for (uint32_t i = 0; i < a->insn_cnt; i++)
		bu_insn_decode(&np->insns[i], np->raw + (size_t)i * BU_INSN_SIZE,
			       __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	return 0;
}

static int fill(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a)
{
	long n;
	int err;

	np->h.type = a->prog_type;
	np->h.expected_attach_type = a->expected_attach_type;
	np->h.flags = a->prog_flags;
	np->h.ninsns = a->insn_cnt;
	np->h.attach_btf_id = a->attach_btf_id;
	np->h.uid = (uint32_t)geteuid();
	err = copy_insns(vm, np, a);
	if (err)
		return err;
	n = bu_vm_copy_str(vm, np->license, a->license, sizeof(np->license) - 1);
	if (n < 0 && n != -E2BIG)
		return -EFAULT;
	np->h.gpl = gpl_compatible(np->license);
	if (a->signature)
		return a->signature_size > 1u << 22 ? -EINVAL : -EOPNOTSUPP;
	if (a->prog_ifindex) {
		if (a->prog_type != BPF_PROG_TYPE_SCHED_CLS && a->prog_type != BPF_PROG_TYPE_XDP)
			return -EINVAL;
		if (a->prog_flags & ~(uint32_t)(BPF_F_XDP_DEV_BOUND_ONLY | BPF_F_XDP_HAS_FRAGS))
			return -EINVAL;
		return -EOPNOTSUPP; /* no device here holds programs */
	}
	/* There are no infrared devices here: as a kernel without them. */
	if (!a->prog_type || a->prog_type >= bu_nprog_types ||
	    a->prog_type == BPF_PROG_TYPE_LIRC_MODE2)
		return -EINVAL;
	return copy_name(np->h.name, a->prog_name);
}

int bu_vm_cmd_prog_load(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_newprog *np;
	struct bu_vm_log log;
	uint32_t true_size;
	int err, ret;

	if (a->prog_flags & ~(uint32_t)LOAD_FLAGS)
		return -EINVAL;
	if (a->prog_type == BPF_PROG_TYPE_CGROUP_SOCK && !a->expected_attach_type)
		a->expected_attach_type = BPF_CGROUP_INET_SOCK_CREATE;
	if (a->prog_type == BPF_PROG_TYPE_SK_REUSEPORT && !a->expected_attach_type)
		a->expected_attach_type = BPF_SK_REUSEPORT_SELECT;
	if (a->prog_flags & BPF_F_TOKEN_FD)
		return fcntl(a->prog_token_fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (!a->insn_cnt || a->insn_cnt > BPF_COMPLEXITY_LIMIT_INSNS)
		return -E2BIG;
	err = check_target(vm, a);
	if (err)
		return err;
	np = calloc(1, sizeof(*np));
	if (!np)
		return -ENOMEM;
	err = fill(vm, np, a);
	if (!err)
		err = bu_vm_log_init(&log, a->log_level, a->log_buf, a->log_size);
	if (err)
		goto out;
	err = check(vm, np, a, user, &log);
	ret = bu_vm_log_done(vm, &log, &true_size);
	if (ret)
		err = ret;
	if (size >= BU_OFFSETOFEND(union bpf_attr, log_true_size) &&
	    bu_vm_put_user(vm, true_size, user, log_true_size))
		err = -EFAULT;
	if (!err)
		err = check_tail_calls(np);
	if (!err)
		err = bu_vm_prog_make(vm, np);
out:
	for (uint32_t i = 0; i < np->nmaps; i++)
		bu_vm_map_put(np->maps[i]);
	if (np->btf)
		bu_vm_obj_put(np->btf);
	free(np->insns);
	free(np->raw);
	free(np->funcs);
	free(np->lines);
	free(np);
	return err;
}
