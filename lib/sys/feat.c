/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the backend can do, each asked once. A probe answers "no" only when the refusal is about
 * the feature; where this caller may not even ask (EPERM), the answer is "yes", so that the real
 * call is made and its refusal explained.
 *
 * First kernels (kinds of BTF: lib/load/btfold.c): names 4.15, expected_attach_type 4.17, BTF 4.18, BTF functions 5.0, global data
 * and freezing 5.2, mmap of arrays 5.5, links 5.7, links of perf events 5.15, tcx 6.6.
 */
#include "sys/sys.h"

#include <string.h>

static bool answers(struct bu_sys *s, int fd)
{
	if (fd >= 0) {
		s->ops->close(s, fd);
		return true;
	}
	return fd == -EPERM || fd == -EACCES;
}

static bool probe_map(struct bu_sys *s, const char *name, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 1;
	a.map_flags = flags;
	strncpy(a.map_name, name, sizeof(a.map_name) - 1);
	return answers(s, bu_sys_map_create(s, &a));
}

int bu_sys_try_prog(struct bu_sys *s, uint32_t type, uint32_t attach_type, int32_t helper, char *log,
		    uint32_t log_size)
{
	const struct bu_insn prog[] = {
		{ .code = BU_OP_CALL, .imm = helper }, { .code = 0xb7 }, { .code = BU_OP_EXIT },
	};
	unsigned first = helper < 0; /* no call */
	uint8_t insns[BU_ARRAY_SIZE(prog) * BU_INSN_SIZE];
	union bpf_attr a;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(prog); i++)
		bu_insn_encode(insns + i * BU_INSN_SIZE, &prog[i], BU_HOST_BE);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.expected_attach_type = attach_type;
	a.insns = bu_ptr64(insns + first * BU_INSN_SIZE);
	a.insn_cnt = BU_ARRAY_SIZE(prog) - first;
	a.license = bu_ptr64("GPL");
	if (log) {
		a.log_level = 1;
		a.log_buf = bu_ptr64(log);
		a.log_size = log_size;
	}
	return bu_sys_prog_load(s, &a, 0);
}

/* A type section of n words and a string section with "int", "f" and "?.d" behind a header, in host order. */
static bool probe_btf(struct bu_sys *s, const uint32_t *types, unsigned n)
{
	static const char strs[12] = "\0int\0f\0?.d"; /* at 1, 5, 7; ".d" at 8 */
	uint32_t w[32];

	w[0] = 0xeb9fu | 1u << 16; /* magic, version */
	if (BU_HOST_BE)
		w[0] = 0xeb9f0100u;
	w[1] = 24; /* header */
	w[2] = 0;
	w[3] = n * 4;
	w[4] = n * 4;
	w[5] = sizeof(strs);
	memcpy(w + 6, types, n * sizeof(*types));
	memcpy(w + 6 + n, strs, sizeof(strs));
	return answers(s, bu_sys_btf_load(s, w, 24 + n * 4 + sizeof(strs), NULL, 0));
}

#define BTF_INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

static bool probe_btf_int(struct bu_sys *s)
{
	static const uint32_t types[] = { 1, BTF_INFO(BU_BTF_INT, 0), 4, 32 };

	return probe_btf(s, types, BU_ARRAY_SIZE(types));
}

static bool probe_btf_func(struct bu_sys *s)
{
	static const uint32_t types[] = {
		1, BTF_INFO(BU_BTF_INT, 0), 4, 32,
		0, BTF_INFO(BU_BTF_FUNC_PROTO, 0), 1,
		5, BTF_INFO(BU_BTF_FUNC, 0), 2,
	};

	return probe_btf(s, types, BU_ARRAY_SIZE(types));
}

#define INT 1, BTF_INFO(BU_BTF_INT, 0), 4, 32
#define VAR 5, BTF_INFO(BU_BTF_VAR, 0), 1, 0

static const uint32_t btf_datasec[] = { INT, VAR, 8, BTF_INFO(BU_BTF_DATASEC, 1), 4, 2, 0, 4 };
static const uint32_t btf_qmark[] = { INT, VAR, 7, BTF_INFO(BU_BTF_DATASEC, 1), 4, 2, 0, 4 };
static const uint32_t btf_global_func[] = {
	INT, 0, BTF_INFO(BU_BTF_FUNC_PROTO, 0), 1, 5, BTF_INFO(BU_BTF_FUNC, 1), 2,
};
static const uint32_t btf_float[] = { 5, BTF_INFO(BU_BTF_FLOAT, 0), 4 };
static const uint32_t btf_decl_tag[] = { INT, VAR, 5, BTF_INFO(BU_BTF_DECL_TAG, 0), 2, UINT32_MAX };
static const uint32_t btf_type_tag[] = {
	INT, 5, BTF_INFO(BU_BTF_TYPE_TAG, 0), 1, 0, BTF_INFO(BU_BTF_PTR, 0), 2,
};
static const uint32_t btf_enum64[] = { 5, BTF_INFO(BU_BTF_ENUM64, 1), 8, 1, 0, 0 };

#undef INT
#undef VAR

/*
 * Freezing came in the same series as direct access to map values. It looks at the fd first where
 * it is known (EBADF); an unknown command is EINVAL.
 */
static bool probe_global_data(struct bu_sys *s)
{
	return bu_sys_map_freeze(s, -1) != -EINVAL;
}

/* With a program that fits, the event fd -1 is EBADF; a kernel without such links says EINVAL. */
static bool probe_perf_link(struct bu_sys *s)
{
	int err, fd = bu_sys_try_prog(s, BPF_PROG_TYPE_TRACEPOINT, 0, -1, NULL, 0);

	if (fd < 0)
		return answers(s, fd);
	err = bu_sys_link_create(s, fd, -1, BPF_PERF_EVENT, 0, 0);
	s->ops->close(s, fd);
	return err == -EBADF || answers(s, err);
}

/* A known command looks at the program's fd first (EBADF). */
static bool probe_link(struct bu_sys *s)
{
	return bu_sys_link_create(s, -1, -1, BPF_CGROUP_INET_INGRESS, 0, 0) != -EINVAL;
}

/* There is no device 0 (ENODEV); a kernel without tcx does not know the attach type (EINVAL). */
static bool probe_tcx(struct bu_sys *s)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.query.attach_type = BPF_TCX_INGRESS;
	return s->ops->bpf(s, BPF_PROG_QUERY, &a, BU_OFFSETOFEND(union bpf_attr, query.revision)) != -EINVAL;
}

static bool probe(struct bu_sys *s, enum bu_feature f)
{
	switch (f) {
	case BU_FEAT_PROG_NAME:
		return probe_map(s, "probe", 0);
	case BU_FEAT_GLOBAL_DATA:
		return probe_global_data(s);
	case BU_FEAT_BTF:
		return probe_btf_int(s);
	case BU_FEAT_BTF_FUNC:
		return probe_btf_func(s);
	case BU_FEAT_BTF_DATASEC:
		return probe_btf(s, btf_datasec, BU_ARRAY_SIZE(btf_datasec));
	case BU_FEAT_BTF_QMARK:
		return probe_btf(s, btf_qmark, BU_ARRAY_SIZE(btf_qmark));
	case BU_FEAT_BTF_GLOBAL_FUNC:
		return probe_btf(s, btf_global_func, BU_ARRAY_SIZE(btf_global_func));
	case BU_FEAT_BTF_FLOAT:
		return probe_btf(s, btf_float, BU_ARRAY_SIZE(btf_float));
	case BU_FEAT_BTF_DECL_TAG:
		return probe_btf(s, btf_decl_tag, BU_ARRAY_SIZE(btf_decl_tag));
	case BU_FEAT_BTF_TYPE_TAG:
		return probe_btf(s, btf_type_tag, BU_ARRAY_SIZE(btf_type_tag));
	case BU_FEAT_BTF_ENUM64:
		return probe_btf(s, btf_enum64, BU_ARRAY_SIZE(btf_enum64));
	case BU_FEAT_ARRAY_MMAP:
		return probe_map(s, "", BPF_F_MMAPABLE);
	case BU_FEAT_PERF_LINK:
		return probe_perf_link(s);
	case BU_FEAT_KPROBE_PMU:
		return s->ops->pmu_type(s, "kprobe") >= 0;
	case BU_FEAT_EXPECTED_ATTACH:
		return answers(s, bu_sys_try_prog(s, BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND,
						  -1, NULL, 0));
	case BU_FEAT_LINK:
		return probe_link(s);
	case BU_FEAT_TCX:
		return probe_tcx(s);
	}
	return false;
}

bool bu_sys_has(struct bu_sys *s, enum bu_feature f)
{
	uint32_t bit = 1u << f;

	if (!(s->probed & bit)) {
		s->probed |= bit;
		if (probe(s, f))
			s->has |= bit;
	}
	return s->has & bit;
}
