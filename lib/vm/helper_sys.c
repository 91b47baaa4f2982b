/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that look up names, of symbols and types, and those that make TCP's SYN cookies out of raw headers. */
#include "vm/cmd.h"
#include "vm/helper.h"
#include "vm/private.h"

#include "btf/btf.h"

#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- names */

static bool is_name(uint64_t name, uint64_t n)
{
	return n > 1 && !bu_vm_ptr(name)[n - 1];
}

/* The VM has no symbols. */
BU_VM_FN(kallsyms_lookup_name)
{
	memset((void *)(uintptr_t)d, 0, 8);
	return bu_vm_ret(c || !is_name(a, b) ? -EINVAL : -ENOENT);
}

/* Among the VM's own types; in the upper half stands the object that they are in, which needs no fd. */
BU_VM_FN(btf_find_by_name_kind)
{
	struct bu_btf btf;
	const void *data;
	uint32_t id = 0;
	size_t size;

	if (d || !is_name(a, b) || strlen((const char *)bu_vm_ptr(a)) != b - 1)
		return bu_vm_ret(-EINVAL);
	if (bu_vm_op_vmlinux_btf(&run->vm->sys, &data, &size) || bu_btf_parse(&btf, data, size, NULL, "vmlinux", NULL))
		return bu_vm_ret(-EINVAL);
	if ((uint32_t)c < 32)
		id = bu_btf_find(&btf, (enum bu_btf_kind)c, (const char *)bu_vm_ptr(a));
	bu_btf_free(&btf);
	return id ? id : bu_vm_ret(-ENOENT);
}

/* ---------------------------------------------------------------- bpf(2) from a program */

/* Whatever its attribute points to has to be the program's own. */
BU_VM_FN(sys_bpf)
{
	bool fd = false;
	int r;

	switch ((int)a) {
	case BPF_MAP_CREATE: case BPF_MAP_GET_FD_BY_ID: case BPF_PROG_LOAD: case BPF_BTF_LOAD: case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
		fd = true;
		break;
	case BPF_MAP_DELETE_ELEM: case BPF_MAP_UPDATE_ELEM: case BPF_MAP_FREEZE:
		break;
	default:
		return bu_vm_ret(-EINVAL);
	}
	if (fd && run->nfd == BU_ARRAY_SIZE(run->fd))
		return bu_vm_ret(-EMFILE);
	run->vm->caller = run;
	r = bu_vm_bpf(&run->vm->sys, (int)a, (union bpf_attr *)(uintptr_t)b, (unsigned)c);
	run->vm->caller = NULL;
	if (fd && r >= 0)
		run->fd[run->nfd++] = r;
	return bu_vm_ret(r);
}

/* Not what others have opened in this process. */
BU_VM_FN(sys_close)
{
	for (uint32_t i = 0; i < run->nfd; i++)
		if (run->fd[i] == (int)a) {
			run->fd[i] = run->fd[--run->nfd];
			return bu_vm_ret(close((int)a) ? -errno : 0);
		}
	return bu_vm_ret(-EBADF);
}

/* ---------------------------------------------------------------- SYN cookies */

enum { TH_PORTS = 0, TH_SEQ = 4, TH_ACK = 8, TH_OFF = 12, TH_LEN = 20 };
enum { OPT_END, OPT_NOP, OPT_MSS };

/* Of the addresses and ports. There is nothing to be kept from anybody here: no secret is in it. */
static uint32_t mix(const uint8_t *ip, bool v6, const uint8_t *th)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (unsigned i = 0; i < (v6 ? 32u : 8u); i++)
		h = (h ^ ip[(v6 ? 8 : 12) + i]) * 16777619u;
	for (unsigned i = 0; i < 4; i++)
		h = (h ^ th[TH_PORTS + i]) * 16777619u;
	return h & ~3u; /* the lowest bits are the size's */
}

static unsigned mss_option(const uint8_t *th, uint64_t n)
{
	for (uint64_t i = TH_LEN; i < n && th[i] != OPT_END;) {
		if (th[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (i + 2 > n || th[i + 1] < 2 || i + th[i + 1] > n)
			return 0;
		if (th[i] == OPT_MSS && th[i + 1] == 4)
			return bu_get16(th + i + 2, true);
		i += th[i + 1];
	}
	return 0;
}

static uint64_t make(struct bu_vm_run *run, uint64_t ip, uint64_t header, uint64_t n, bool v6)
{
	static const uint16_t sizes[2][4] = { { 536, 1300, 1440, 1460 }, { 1220, 1420, 1440, 8940 } };
	const uint8_t *th = bu_vm_ptr(header);
	unsigned mss, i = 3;

	if (!bu_vm_mem(run, ip, v6 ? 40 : 20, false))
		return 0;
	if (n < TH_LEN || n != (uint64_t)(th[TH_OFF] >> 4) * 4)
		return bu_vm_ret(-EINVAL);
	mss = mss_option(th, n);
	if (!mss)
		mss = sizes[v6][0];
	while (i && mss < sizes[v6][i])
		i--;
	return (uint64_t)sizes[v6][i] << 32 | (uint32_t)(bu_get32(th + TH_SEQ, true) + (mix(bu_vm_ptr(ip), v6, th) | i));
}

static uint64_t check(struct bu_vm_run *run, uint64_t ip, uint64_t header, bool v6)
{
	const uint8_t *th = bu_vm_ptr(header);

	if (!bu_vm_mem(run, ip, v6 ? 40 : 20, false) || !bu_vm_mem(run, header, TH_LEN, false))
		return 0;
	if (((bu_get32(th + TH_ACK, true) - 1 - (bu_get32(th + TH_SEQ, true) - 1)) & ~3u) != mix(bu_vm_ptr(ip), v6, th))
		return bu_vm_ret(-EACCES);
	return 0;
}

BU_VM_FN(tcp_raw_gen_syncookie_ipv4)
{
	return make(run, a, b, c, false);
}

BU_VM_FN(tcp_raw_gen_syncookie_ipv6)
{
	return make(run, a, b, c, true);
}

BU_VM_FN(tcp_raw_check_syncookie_ipv4)
{
	return check(run, a, b, false);
}

BU_VM_FN(tcp_raw_check_syncookie_ipv6)
{
	return check(run, a, b, true);
}
