/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helpers' functions, and what they share. Arguments were checked by their row (vmhelper.def). */
#ifndef BU_VM_HELPER_H
#define BU_VM_HELPER_H

#include "vm/run.h"

#define BU_VM_HELPER(id, name, progs, maps, a, b, c, d, e) bu_vm_helper_fn bu_vm_h_##name;
#include "vm/vmhelper.def"
#undef BU_VM_HELPER

/* A helper's head; what it does not look at needs no word. */
#define BU_VM_FN(name)                                                                               \
	uint64_t bu_vm_h_##name(__attribute__((unused)) struct bu_vm_run *run,                      \
				__attribute__((unused)) uint64_t a, __attribute__((unused)) uint64_t b, \
				__attribute__((unused)) uint64_t c, __attribute__((unused)) uint64_t d, \
				__attribute__((unused)) uint64_t e)

/* Behind the fields of struct __sk_buff in run->md: what has no field there. */
enum { BU_VM_MD_ENCAP = 192, BU_VM_MD_TUNNEL_SET, BU_VM_MD_OPT_SIZE, BU_VM_MD_TUNNEL = 200, BU_VM_MD_OPT = 256,
	BU_VM_MD_END = 512, BU_VM_MD_KEYS = 512, BU_VM_MD_HOOK = 576, BU_VM_MD_SOCKS = 1024, BU_VM_MD_SYSCTL = 3584 };

/* The socket of a run's packet (skb->sk), or 0; the socket that an address names, or NULL. helper_sock.c */
uint64_t bu_vm_skb_sock(struct bu_vm_run *run);
/* The socket that a context which is no packet's speaks of. */
uint64_t bu_vm_ctx_sock(struct bu_vm_run *run);
struct bu_vm_sock_ref *bu_vm_sock_at(struct bu_vm_run *run, uint64_t p);
/* What a sockmap or sockhash has, as a socket of the run that has to be released; 0: nothing. */
uint64_t bu_vm_sock_found(struct bu_vm_run *run, struct bu_vm_map *m, const void *key);

/* What a program's pointer to a task or control group names. kfunc_obj.c */
bool bu_vm_task_named(struct bu_vm_run *run, uint64_t p, uint32_t *pid);
bool bu_vm_cgroup_named(const struct bu_vm_run *run, uint64_t p, uint64_t *id);
/*
 * Is there such a group; at which level is it of the task's own group and those above, -1: it is none of them; the id of
 * that level. helper_cgroup.c
 */
bool bu_vm_cgroup_there(const struct bu_vm_run *run, uint64_t id);
int32_t bu_vm_cgroup_level(const struct bu_vm_run *run, uint64_t id);
uint64_t bu_vm_cgroup_above(const struct bu_vm_run *run, int32_t level);

/* What a helper answers: 0, a number, or -errno. */
static inline uint64_t bu_vm_ret(int64_t v)
{
	return (uint64_t)v;
}

/* An argument that was checked to be the address of memory. */
static inline uint8_t *bu_vm_ptr(uint64_t a)
{
	return (uint8_t *)(uintptr_t)a;
}

/* Do packets of the program's type begin with the Ethernet header? Elsewhere they begin behind it. */
static inline bool bu_vm_has_mac(const struct bu_vm_run *run)
{
	return run->prog->type == BPF_PROG_TYPE_SCHED_CLS || run->prog->type == BPF_PROG_TYPE_SCHED_ACT;
}

/*
 * What bpf_probe_read_kernel gives: n bytes that stand at addr in the recording or in the run's own
 * memory: 0, or -errno with dst zeroed. user, compat: as the _user and the old forms.
 */
enum bu_vm_space { BU_VM_KERNEL, BU_VM_USER, BU_VM_EITHER };
int64_t bu_vm_probe(const struct bu_vm_run *run, void *dst, uint64_t n, uint64_t addr,
		    enum bu_vm_space space);
/* A text with its NUL, cut to n bytes with NUL: bytes stored. */
int64_t bu_vm_probe_str(const struct bu_vm_run *run, void *dst, uint64_t n, uint64_t addr,
			enum bu_vm_space space);

/*
 * The text of a format of trace_printk and its kin into out of size bytes, NUL included (0: nothing
 * is stored): its whole length without NUL, or -errno. fmt has n bytes, of which one must be NUL.
 */
int64_t bu_vm_format(struct bu_vm_run *run, char *out, uint64_t size, const char *fmt, uint64_t n,
		     const uint64_t *arg, unsigned nargs);

/* A dynptr of BU_VM_DYNPTR bytes, of n bytes at data. helper_dynptr.c */
#define BU_VM_DYNPTR 16u
void bu_vm_dynptr_make(void *p, const void *data, uint32_t n);

/* An address as %p shows it. */
uint64_t bu_vm_hashed(uint64_t v);

/* pid and comm as helpers tell them */
void bu_vm_task(const struct bu_vm_run *run, uint32_t *pid, uint32_t *tgid, char comm[16]);

/* The kernel's own number, which user space's errno.h has not. */
#define BU_VM_ENOTSUPP 524

#endif
