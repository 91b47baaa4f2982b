/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_TEST_RUN: the kernel's rules around a run. */
#include "vm/testrun.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEADROOM 256u
#define TAILROOM 320u /* of a shared info, as the kernel keeps it */
#define ETH_LEN 14u
#define XDP_MD_LEN 24u
#define SKB_LEN 192u
#define FRAGS (17u * BU_VM_PAGE) /* bytes of the fragments of a packet, at most */
#define MAX_SYSCALL_CTX 65535u
#define MAX_RAW_ARGS 12u


static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * Runs it as often as is wanted, on what the run before left. A packet that grew is cut to what it was: it
 * would grow with every run, beyond its buffer.
 */
int bu_vm_job_run(struct bu_vm_job *j)
{
	uint32_t repeat = j->a->test.repeat ? j->a->test.repeat : 1;
	uint32_t size = j->ctx.packet_size;
	uint64_t start, spent = 0;
	struct bu_vm_fault fault;
	int err;

	for (uint32_t i = 0; i < repeat; i++) {
		if (j->ctx.packet_size > size)
			j->ctx.packet_size = size;
		if (j->ctx.meta_size > j->ctx.packet_size)
			j->ctx.meta_size = j->ctx.packet_size;
		memset(&fault, 0, sizeof(fault));
		if (j->before)
			j->before(j);
		start = now();
		err = bu_vm_run_prog(j->p, &j->ctx, NULL, &j->r0, &fault);
		spent += now() - start;
		if (err) {
			if (err == -EFAULT)
				j->vm->last_fault = fault;
			return err;
		}
	}
	spent /= repeat;
	j->duration = spent < UINT32_MAX ? (uint32_t)spent : UINT32_MAX;
	return 0;
}

int bu_vm_job_result(struct bu_vm_job *j, bool with_duration)
{
	if (bu_vm_put_user(j->vm, (uint32_t)j->r0, j->user, test.retval))
		return -EFAULT;
	if (with_duration && bu_vm_put_user(j->vm, j->duration, j->user, test.duration))
		return -EFAULT;
	return 0;
}

/* bpf_test_finish: the packet (its last frags bytes are those of fragments), its size, the result. */
int bu_vm_job_finish(struct bu_vm_job *j, const uint8_t *data, uint32_t size, uint32_t frags)
{
	uint32_t room = j->a->test.data_size_out, copy = size, len;
	int ret = 0;

	/* A size of 0 with a buffer: no bound, as it has been from the beginning. */
	if (room && copy > room) {
		copy = room;
		ret = -ENOSPC;
	}
	/* The fragments are what there has to be room for; of the first part goes out what fits. */
	if (j->a->test.data_out && data) {
		if (copy < frags)
			return -ENOSPC;
		len = copy - frags;
		if (bu_vm_copy_out(j->vm, j->a->test.data_out, data, len) ||
		    bu_vm_copy_out(j->vm, j->a->test.data_out + len, data + (size - frags), frags))
			return -EFAULT;
	}
	if (bu_vm_put_user(j->vm, size, j->user, test.data_size_out))
		return -EFAULT;
	if (bu_vm_job_result(j, true))
		return -EFAULT;
	return ret;
}

/* bpf_ctx_init: a context of at most max bytes; *ctx NULL when none is given and none is wanted. */
int bu_vm_job_ctx_in(struct bu_vm_job *j, uint32_t max, uint8_t **ctx)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.ctx_size_in;
	int err;

	*ctx = NULL;
	if (!a->test.ctx_in && !a->test.ctx_out)
		return 0;
	*ctx = calloc(1, max);
	if (!*ctx)
		return -ENOMEM;
	if (!a->test.ctx_in)
		return 0;
	err = bu_vm_tail_zero(j->vm, a->test.ctx_in, max, n);
	if (err)
		return err;
	return bu_vm_copy_in(j->vm, *ctx, a->test.ctx_in, n < max ? n : max);
}

int bu_vm_job_ctx_out(struct bu_vm_job *j, const uint8_t *ctx, uint32_t size)
{
	uint32_t copy = size, room = j->a->test.ctx_size_out;
	int ret = 0;

	if (!ctx || !j->a->test.ctx_out)
		return 0;
	if (copy > room) {
		copy = room;
		ret = -ENOSPC;
	}
	if (bu_vm_copy_out(j->vm, j->a->test.ctx_out, ctx, copy) ||
	    bu_vm_put_user(j->vm, size, j->user, test.ctx_size_out))
		return -EFAULT;
	return ret;
}

/* ---------------------------------------------------------------- XDP */

/* The given xdp_md: which of its members may be set. *meta: bytes of metadata, *linear: of data. */
static int check_md(struct bu_vm_job *j, const uint8_t *ctx, uint32_t *meta, uint32_t *linear)
{
	const union bpf_attr *a = j->a;
	bool live = a->test.flags & BPF_F_TEST_XDP_LIVE_FRAMES;
	uint32_t md[XDP_MD_LEN / 4];

	memcpy(md, ctx, sizeof(md)); /* data, data_end, data_meta, ifindex, queue, egress */
	if (md[2] || md[1] > a->test.data_size_in || md[0] > md[1] || md[0] & 3 ||
	    md[0] > HEADROOM - 32 || (live && (a->test.data_out || a->test.ctx_out)))
		return -EINVAL;
	if (md[5] || (!md[3] && md[4]))
		return -EINVAL;
	if (md[3])
		return -ENODEV; /* no device here has queues */
	*meta = md[0];
	*linear = md[1];
	return 0;
}

static int run_xdp(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.data_size_in, meta = 0, linear = n, rest, md[XDP_MD_LEN / 4] = { 0 };
	uint32_t max = BU_VM_PAGE - HEADROOM - TAILROOM, room = 2 * BU_VM_PAGE;
	uint8_t *ctx = NULL, *buf = NULL;
	int err;

	if (j->p->attach_type == BPF_XDP_DEVMAP || j->p->attach_type == BPF_XDP_CPUMAP ||
	    a->test.flags & ~BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EINVAL;
	if (a->test.batch_size && !(a->test.flags & BPF_F_TEST_XDP_LIVE_FRAMES))
		return -EINVAL;
	err = bu_vm_job_ctx_in(j, XDP_MD_LEN, &ctx);
	if (!err && ctx)
		err = check_md(j, ctx, &meta, &linear);
	if (err)
		goto out;
	err = -EINVAL;
	if (n - meta < ETH_LEN)
		goto out;
	err = -EOPNOTSUPP;
	if (a->test.flags) /* there are no devices to send frames to */
		goto out;
	/* What is longer than the first page lies in fragments, which the program does not see. */
	if (linear > max + meta)
		linear = max + meta;
	rest = n - linear;
	err = -ENOMEM;
	buf = calloc(1, room + (rest < FRAGS ? rest : 0));
	if (!buf)
		goto out;
	err = bu_vm_copy_in(j->vm, buf, a->test.data_in, linear);
	if (!err && rest > FRAGS)
		err = bu_vm_copy_in(j->vm, buf, a->test.data_in + n - 1, 1) ? -EFAULT : -ENOMEM;
	if (err)
		goto out;
	j->ctx = (struct bu_vm_ctx){
		.kind = BU_VM_CTX_XDP, .packet = buf, .packet_size = linear,
		.packet_room = room, .meta_size = meta, .loopback = true,
	};
	/* The fragments are asked for first: a fault must not come after the run. */
	err = bu_vm_copy_in(j->vm, buf + room, a->test.data_in + linear, rest);
	if (!err)
		err = bu_vm_job_run(j);
	if (err)
		goto out;
	if (ctx) {
		md[0] = j->ctx.meta_size;
		md[1] = j->ctx.packet_size;
		memcpy(ctx, md, sizeof(md));
	}
	memmove(buf + j->ctx.packet_size, buf + room, rest);
	err = bu_vm_job_finish(j, buf, j->ctx.packet_size + rest, rest);
	if (!err)
		err = bu_vm_job_ctx_out(j, ctx, XDP_MD_LEN);
out:
	free(buf);
	free(ctx);
	return err;
}

/* ---------------------------------------------------------------- socket buffers */

static bool zero(const uint8_t *p, size_t from, size_t to)
{
	for (; from < to; from++)
		if (p[from])
			return false;
	return true;
}

/*
 * convert___skb_to_skb: which members of a given __sk_buff may be set: mark, priority, ifindex,
 * ingress_ifindex, cb, tstamp, wire_len, gso_segs, gso_size, hwtstamp.
 */
static int check_skb(const uint8_t *c)
{
	static const struct {
		uint8_t from, to;
	} must_be_zero[] = {
		{ 0, 8 }, { 12, 32 }, { 44, 48 }, { 68, 152 }, { 172, 176 }, { 180, 184 },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(must_be_zero); i++)
		if (!zero(c, must_be_zero[i].from, must_be_zero[i].to))
			return -EINVAL;
	return 0;
}

/* An IP packet that is shorter than its fixed header is none. */
static int check_headers(const uint8_t *p, uint32_t n)
{
	uint32_t proto = (uint32_t)p[12] << 8 | p[13];

	return (proto == 0x0800 && n < ETH_LEN + 20) || (proto == 0x86dd && n < ETH_LEN + 40) ?
		       -EINVAL :
		       0;
}

static bool l2(uint32_t type)
{
	return type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT;
}

static int run_skb(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.data_size_in, hide = l2(j->p->type) ? 0 : ETH_LEN, size;
	uint8_t *ctx = NULL, *buf = NULL;
	int err;

	if (a->test.flags & ~BPF_F_TEST_SKB_CHECKSUM_COMPLETE || a->test.cpu || a->test.batch_size)
		return -EINVAL;
	if (n < ETH_LEN || n > BU_VM_PAGE - HEADROOM - TAILROOM)
		return -EINVAL;
	buf = calloc(1, 4 * BU_VM_PAGE);
	if (!buf)
		return -ENOMEM;
	err = bu_vm_copy_in(j->vm, buf, a->test.data_in, n);
	if (!err)
		err = bu_vm_job_ctx_in(j, SKB_LEN, &ctx);
	if (!err)
		err = check_headers(buf, n);
	if (!err && ctx)
		err = check_skb(ctx);
	if (err)
		goto out;
	/* Below the link layer the program sees the packet without its Ethernet header. */
	j->ctx = (struct bu_vm_ctx){
		.kind = BU_VM_CTX_SKB, .packet = buf + hide, .packet_size = n - hide,
		.packet_room = 4 * BU_VM_PAGE - hide, .bytes = ctx, .size = ctx ? SKB_LEN : 0,
		.mac_size = hide, .loopback = true,
	};
	err = bu_vm_job_run(j);
	if (err)
		goto out;
	size = j->ctx.packet_size + hide;
	memset(buf, 0, hide); /* what is in front of the network header is made anew */
	err = bu_vm_job_finish(j, buf, size, 0);
	if (!err)
		err = bu_vm_job_ctx_out(j, ctx, SKB_LEN);
out:
	free(buf);
	free(ctx);
	return err;
}

/* ---------------------------------------------------------------- raw tracepoint, syscall */

static int run_raw_tp(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.ctx_size_in;
	uint8_t *ctx = NULL;
	int err;

	if (a->test.data_in || a->test.data_out || a->test.ctx_out || a->test.duration ||
	    a->test.repeat || a->test.batch_size)
		return -EINVAL;
	if (n < j->p->obj->h.prog.max_ctx || n > MAX_RAW_ARGS * 8)
		return -EINVAL;
	if (!(a->test.flags & BPF_F_TEST_RUN_ON_CPU) && a->test.cpu)
		return -EINVAL;
	if (n) {
		ctx = bu_vm_dup_in(j->vm, a->test.ctx_in, n, &err);
		if (!ctx)
			return err;
	}
	err = 0;
	if (a->test.flags & BPF_F_TEST_RUN_ON_CPU && a->test.cpu >= j->vm->root->ncpus)
		err = -ENXIO;
	if (!err) {
		j->ctx = (struct bu_vm_ctx){ .kind = n ? BU_VM_CTX_RAW : BU_VM_CTX_NONE, .bytes = ctx,
					     .size = n };
		err = bu_vm_job_run(j);
	}
	if (!err)
		err = bu_vm_job_result(j, false);
	free(ctx);
	return err;
}

static int run_syscall(struct bu_vm_job *j)
{
	const union bpf_attr *a = j->a;
	uint32_t n = a->test.ctx_size_in;
	uint8_t *ctx = NULL;
	int err = 0;

	if (a->test.data_in || a->test.data_out || a->test.ctx_out || a->test.duration ||
	    a->test.repeat || a->test.flags || a->test.batch_size)
		return -EINVAL;
	if (n < j->p->obj->h.prog.max_ctx || n > MAX_SYSCALL_CTX)
		return -EINVAL;
	if (n) {
		ctx = bu_vm_dup_in(j->vm, a->test.ctx_in, n, &err);
		if (!ctx)
			return err;
	}
	j->ctx = (struct bu_vm_ctx){ .kind = n ? BU_VM_CTX_MEM : BU_VM_CTX_NONE, .bytes = ctx,
				     .size = n };
	err = bu_vm_job_run(j);
	if (!err)
		err = bu_vm_job_result(j, false);
	if (!err && n)
		err = bu_vm_copy_out(j->vm, a->test.ctx_in, ctx, n);
	free(ctx);
	return err;
}

int bu_vm_cmd_test_run(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_job j = { .vm = vm, .a = a, .user = user };
	int err;

	(void)size;
	if ((a->test.ctx_size_in && !a->test.ctx_in) || (!a->test.ctx_size_in && a->test.ctx_in) ||
	    (a->test.ctx_size_out && !a->test.ctx_out) || (!a->test.ctx_size_out && a->test.ctx_out))
		return -EINVAL;
	err = bu_vm_prog_by_fd(vm, (int)a->test.prog_fd, &j.p);
	if (err)
		return err;
	memset(&vm->last_fault, 0, sizeof(vm->last_fault));
	switch (j.p->type) {
	case BPF_PROG_TYPE_XDP:
		err = run_xdp(&j);
		break;
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL:
		err = run_skb(&j);
		break;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		err = run_raw_tp(&j);
		break;
	case BPF_PROG_TYPE_SYSCALL:
		err = run_syscall(&j);
		break;
	case BPF_PROG_TYPE_SK_LOOKUP:
		err = bu_vm_test_sk_lookup(&j);
		break;
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
		err = bu_vm_test_flow(&j);
		break;
	case BPF_PROG_TYPE_NETFILTER:
		err = bu_vm_test_netfilter(&j);
		break;
	default:
		err = bu_vm_test_type(&j);
	}
	bu_vm_prog_put(j.p);
	return err;
}
