/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PROG_TEST_RUN of sk_lookup, flow_dissector and netfilter, by the kernel's rules; and, where the kernel has none, of
 * every other type whose context is in ctx.def: what is given as context is what the program sees.
 */
#include "vm/ctxrule.h"
#include "vm/testrun.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ETH_LEN 14u
#define FRAME 383u            /* of a page, around a packet of netfilter's: 4096 - 3713 */
#define DATA_MAX 65536u       /* of types that are the VM's own to run */
#define CTX_MAX 65535u

static bool zero(const uint8_t *p, size_t from, size_t to)
{
	for (; from < to; from++)
		if (p[from])
			return false;
	return true;
}

/* Settings that none of these types takes. */
static bool plain(const union bpf_attr *a)
{
	return !a->test.flags && !a->test.cpu && !a->test.batch_size;
}

/* ---------------------------------------------------------------- sk_lookup */

enum { L_SK = 0, L_FAMILY = 8, L_REMOTE4 = 16, L_REMOTE6 = 20, L_LOCAL4 = 40, L_LOCAL6 = 44, L_LOCAL_PORT = 60,
	L_IFINDEX = 64, L_SIZE = 72 };

static int check_lookup(const uint8_t *c)
{
	uint32_t family = bu_get32(c + L_FAMILY, BU_HOST_BE);

	if (!zero(c, L_SK, L_SK + 8) || !zero(c, L_IFINDEX, L_SIZE))
		return -EINVAL;
	if (bu_get32(c + L_LOCAL_PORT, BU_HOST_BE) > UINT16_MAX)
		return -ERANGE;
	return family == AF_INET || family == AF_INET6 ? 0 : -EAFNOSUPPORT;
}

int bu_vm_test_sk_lookup(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint8_t *given, seen[L_SIZE];
	int err;

	if (!plain(a) || a->test.data_in || a->test.data_size_in || a->test.data_out || a->test.data_size_out)
		return -EINVAL;
	err = bu_vm_job_ctx_in(j, L_SIZE, &given);
	if (err || !given) {
		free(given);
		return err ? err : -EINVAL;
	}
	err = check_lookup(given);
	if (err)
		goto out;
	/* The addresses of the other family are not seen. */
	memcpy(seen, given, L_SIZE);
	if (bu_get32(seen + L_FAMILY, BU_HOST_BE) == AF_INET) {
		memset(seen + L_REMOTE6, 0, 16);
		memset(seen + L_LOCAL6, 0, 16);
	} else {
		memset(seen + L_REMOTE4, 0, 4);
		memset(seen + L_LOCAL4, 0, 4);
	}
	j->ctx = (struct bu_vm_ctx){ .kind = BU_VM_CTX_TYPE, .bytes = seen, .size = L_SIZE };
	err = bu_vm_job_run(j);
	if (!err)
		err = bu_vm_job_finish(j, NULL, 0, 0);
	if (!err)
		err = bu_vm_job_ctx_out(j, given, L_SIZE);
out:
	free(given);
	return err;
}

/* ---------------------------------------------------------------- flow_dissector */

enum { KEYS_NHOFF = 0, KEYS_THOFF = 2, KEYS_PROTO = 10, KEYS_FLAGS = 48 };

static void keys_before(struct bu_vm_job *j)
{
	uint8_t flags[4], *k = j->ctx.flow_keys;

	memcpy(flags, k + KEYS_FLAGS, sizeof(flags));
	memset(k, 0, BU_VM_FLOW_KEYS);
	memcpy(k + KEYS_FLAGS, flags, sizeof(flags));
	memcpy(k + KEYS_PROTO, (uint8_t *)j->ctx.packet + 12, 2);
	bu_put16(k + KEYS_NHOFF, BU_HOST_BE, ETH_LEN);
	bu_put16(k + KEYS_THOFF, BU_HOST_BE, ETH_LEN);
}

static uint16_t clamp(uint16_t v, uint16_t lo, uint32_t hi)
{
	return (uint16_t)(v < lo ? lo : v > hi ? hi : v);
}

int bu_vm_test_flow(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.data_size_in;
	uint8_t *ctx = NULL, *data, *k = j->ctx.flow_keys;
	uint16_t nhoff;
	int err;

	if (!plain(a) || n < ETH_LEN || n > BU_VM_PAGE)
		return -EINVAL;
	data = bu_vm_dup_in(j->vm, a->test.data_in, n, &err);
	if (!data)
		return err;
	err = bu_vm_job_ctx_in(j, BU_VM_FLOW_KEYS, &ctx);
	if (!err && ctx && (!zero(ctx, 0, KEYS_FLAGS) || !zero(ctx, KEYS_FLAGS + 4, BU_VM_FLOW_KEYS)))
		err = -EINVAL;
	if (err)
		goto out;
	j->ctx = (struct bu_vm_ctx){ .kind = BU_VM_CTX_TYPE, .packet = data, .packet_size = n, .packet_room = n };
	if (ctx)
		memcpy(k + KEYS_FLAGS, ctx + KEYS_FLAGS, 4);
	j->before = keys_before;
	err = bu_vm_job_run(j);
	if (err)
		goto out;
	nhoff = clamp(bu_get16(k + KEYS_NHOFF, BU_HOST_BE), ETH_LEN, n);
	bu_put16(k + KEYS_NHOFF, BU_HOST_BE, nhoff);
	bu_put16(k + KEYS_THOFF, BU_HOST_BE, clamp(bu_get16(k + KEYS_THOFF, BU_HOST_BE), nhoff, n));
	err = bu_vm_job_finish(j, k, BU_VM_FLOW_KEYS, 0);
	if (!err)
		err = bu_vm_job_ctx_out(j, ctx, BU_VM_FLOW_KEYS);
out:
	free(ctx);
	free(data);
	return err;
}

/* ---------------------------------------------------------------- netfilter */

enum { HOOK = 0, PF = 1, HOOK_IN = 8, HOOK_OUT = 16, HOOK_SIZE = 48, LOCAL_OUT = 3, IPV4 = 2, IPV6 = 10, IP_LEN = 20, IP6_LEN = 40 };

static int check_hook(const uint8_t *state, const uint8_t *data, uint32_t n)
{
	uint32_t proto = (uint32_t)data[12] << 8 | data[13];

	if (state[HOOK] == LOCAL_OUT) /* it comes from here, and is asked nothing */
		return 0;
	if (proto != 0x0800 && proto != 0x86dd)
		return -EPROTO;
	if (state[PF] != (proto == 0x0800 ? IPV4 : IPV6))
		return -EINVAL;
	return n < ETH_LEN + (proto == 0x0800 ? IP_LEN : IP6_LEN) ? -EINVAL : 0;
}

int bu_vm_test_netfilter(struct bu_vm_job *j)
{
	const uint64_t dev = 0xffff8881000b0000u; /* of the kernel's own form: nothing is there */
	const union bpf_attr *a = j->a;
	uint8_t *given = NULL, *data, state[HOOK_SIZE] = { [HOOK] = LOCAL_OUT, [PF] = IPV4 };
	uint32_t n = a->test.data_size_in;
	int err;

	if (!plain(a) || n < IP_LEN || n > BU_VM_PAGE - FRAME - 1)
		return -EINVAL;
	data = bu_vm_dup_in(j->vm, a->test.data_in, n, &err);
	if (!data)
		return err;
	err = bu_vm_job_ctx_in(j, HOOK_SIZE, &given);
	if (!err && given && a->test.ctx_in) {
		if (!zero(given, HOOK_IN, HOOK_SIZE) || (given[PF] != IPV4 && given[PF] != IPV6))
			err = -EINVAL;
		memcpy(state, given, 2);
	} else if (!err && given) {
		err = -EINVAL; /* nothing of it is given: of no protocol */
	}
	if (!err)
		err = check_hook(state, data, n);
	if (!err) {
		memcpy(state + HOOK_OUT, &dev, sizeof(dev));
		j->ctx = (struct bu_vm_ctx){ .kind = BU_VM_CTX_TYPE, .bytes = state, .size = HOOK_SIZE };
		err = bu_vm_job_run(j);
	}
	if (!err)
		err = bu_vm_job_finish(j, NULL, 0, 0);
	free(given);
	free(data);
	return err;
}

/* ---------------------------------------------------------------- the VM's own */

int bu_vm_test_type(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	const struct bu_vm_ctx_view *v = j->p->view;
	uint32_t n = a->test.data_size_in, max;
	uint8_t *ctx = NULL, *data = NULL;
	int err;

	if (!v || !a->test.ctx_size_in)
		return -BU_VM_ENOTSUPP;
	if (!plain(a) || n > DATA_MAX)
		return -EINVAL;
	max = bu_vm_ctx_structs[v->id].raw ? a->test.ctx_size_in : bu_vm_ctx_structs[v->id].size;
	if (max > CTX_MAX)
		return -E2BIG;
	if (n) {
		data = bu_vm_dup_in(j->vm, a->test.data_in, n, &err);
		if (!data)
			return err;
	}
	err = bu_vm_job_ctx_in(j, max, &ctx);
	if (err)
		goto out;
	j->ctx = (struct bu_vm_ctx){
		.kind = BU_VM_CTX_TYPE, .bytes = ctx, .size = ctx ? max : 0,
		.packet = data, .packet_size = n, .packet_room = n,
	};
	err = bu_vm_job_run(j);
	if (!err)
		err = bu_vm_job_finish(j, data, data ? j->ctx.packet_size : 0, 0);
	if (!err)
		err = bu_vm_job_ctx_out(j, ctx, max);
out:
	free(ctx);
	free(data);
	return err;
}
