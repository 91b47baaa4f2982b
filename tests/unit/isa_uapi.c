/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system's headers as tables. Enumerators of kernels after 6.1 are not asked for. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <linux/version.h>
#include <asm/ptrace.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include "isa_uapi.h"

#define END { NULL, 0 }

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)

/* The mapper of newer headers leaves the commas to the macro. */
#ifdef __BPF_FUNC_MAPPER_APPLY
#define HELPER(nm, ...) { "bpf_" #nm, BPF_FUNC_##nm },
#else
#define HELPER(nm) { "bpf_" #nm, BPF_FUNC_##nm }
#endif
const struct uapi_num uapi_helpers[] = { __BPF_FUNC_MAPPER(HELPER) END };

/* ROW_0x0601 and so on: one for each kernel that a row can be from; later ones give nothing. */
#define ROW(n, enumerator, nm, since) ROW_##since(enumerator)
#define HAVE(e) { #e, e },
#define ROW_0(e) HAVE(e)
#define ROW_0x0313(e) HAVE(e)
#define ROW_0x0401(e) HAVE(e)
#define ROW_0x0402(e) HAVE(e)
#define ROW_0x0403(e) HAVE(e)
#define ROW_0x0406(e) HAVE(e)
#define ROW_0x0407(e) HAVE(e)
#define ROW_0x0408(e) HAVE(e)
#define ROW_0x0409(e) HAVE(e)
#define ROW_0x040a(e) HAVE(e)
#define ROW_0x040b(e) HAVE(e)
#define ROW_0x040c(e) HAVE(e)
#define ROW_0x040d(e) HAVE(e)
#define ROW_0x040e(e) HAVE(e)
#define ROW_0x040f(e) HAVE(e)
#define ROW_0x0411(e) HAVE(e)
#define ROW_0x0412(e) HAVE(e)
#define ROW_0x0413(e) HAVE(e)
#define ROW_0x0414(e) HAVE(e)
#define ROW_0x0502(e) HAVE(e)
#define ROW_0x0503(e) HAVE(e)
#define ROW_0x0504(e) HAVE(e)
#define ROW_0x0505(e) HAVE(e)
#define ROW_0x0506(e) HAVE(e)
#define ROW_0x0507(e) HAVE(e)
#define ROW_0x0508(e) HAVE(e)
#define ROW_0x0509(e) HAVE(e)
#define ROW_0x050a(e) HAVE(e)
#define ROW_0x050b(e) HAVE(e)
#define ROW_0x050d(e) HAVE(e)
#define ROW_0x050e(e) HAVE(e)
#define ROW_0x050f(e) HAVE(e)
#define ROW_0x0510(e) HAVE(e)
#define ROW_0x0512(e) HAVE(e)
#define ROW_0x0513(e) HAVE(e)
#define ROW_0x0600(e) HAVE(e)
#define ROW_0x0601(e) HAVE(e)
#define ROW_0x0602(e)
#define ROW_0x0604(e)
#define ROW_0x0606(e)
#define ROW_0x0607(e)
#define ROW_0x0609(e)
#define ROW_0x060a(e)
#define ROW_0x060d(e)
#define ROW_0x0700(e)
#define ROW_0x0702(e)

const struct uapi_num uapi_map_types[] = {
#define BU_MAP_TYPE ROW
#include "isa/maptype.def"
	END
};
const struct uapi_num uapi_prog_types[] = {
#define BU_PROG_TYPE ROW
#include "isa/progtype.def"
	END
};
const struct uapi_num uapi_attach_types[] = {
#define BU_ATTACH_TYPE ROW
#include "isa/attachtype.def"
	END
};
const struct uapi_num uapi_link_types[] = {
#define BU_LINK_TYPE ROW
#include "isa/linktype.def"
	END
};

const struct uapi_num uapi_consts[] = {
	HAVE(BPF_ANY) HAVE(BPF_NOEXIST) HAVE(BPF_EXIST) HAVE(BPF_F_LOCK) HAVE(BPF_F_NO_PREALLOC)
	HAVE(BPF_F_RDONLY_PROG) HAVE(BPF_F_MMAPABLE) HAVE(BPF_F_CURRENT_CPU) HAVE(BPF_F_INDEX_MASK)
	HAVE(BPF_F_CTXLEN_MASK) HAVE(BPF_F_CURRENT_NETNS) HAVE(BPF_F_INGRESS) HAVE(BPF_F_USER_STACK)
	HAVE(BPF_F_SLEEPABLE) HAVE(BPF_F_XDP_HAS_FRAGS) HAVE(BPF_RB_NO_WAKEUP)
	HAVE(BPF_RINGBUF_BUSY_BIT) HAVE(BPF_SK_LOOKUP_F_REPLACE) HAVE(BPF_FIB_LKUP_RET_NO_NEIGH)
	HAVE(BPF_SOCK_OPS_STATE_CB) HAVE(BPF_TCP_LISTEN) HAVE(BPF_LOCAL_STORAGE_GET_F_CREATE)
	HAVE(BPF_FLOW_DISSECTOR_CONTINUE) HAVE(BPF_OK) HAVE(BPF_DROP) HAVE(BPF_REDIRECT)
	HAVE(SK_PASS) HAVE(XDP_PASS) HAVE(XDP_REDIRECT) HAVE(XDP_ABORTED)
	HAVE(BPF_PSEUDO_MAP_IDX_VALUE) HAVE(BPF_PSEUDO_KFUNC_CALL) HAVE(BPF_OBJ_NAME_LEN)
	{ "TC_ACT_OK", TC_ACT_OK }, { "TC_ACT_SHOT", TC_ACT_SHOT }, { "TC_ACT_UNSPEC", TC_ACT_UNSPEC },
	{ "TC_ACT_REDIRECT", TC_ACT_REDIRECT }, { "ETH_P_IP", ETH_P_IP },
	{ "ETH_P_IPV6", ETH_P_IPV6 }, { "ETH_P_ARP", ETH_P_ARP }, { "ETH_P_8021AD", ETH_P_8021AD },
	{ "ETH_HLEN", ETH_HLEN }, { "IPPROTO_TCP", IPPROTO_TCP }, { "IPPROTO_UDP", IPPROTO_UDP },
	{ "IPPROTO_ICMPV6", 58 }, { "IPPROTO_SCTP", IPPROTO_SCTP },
	{ "IPPROTO_MPTCP", IPPROTO_MPTCP }, { "AF_INET", AF_INET }, { "AF_INET6", AF_INET6 },
	{ "AF_UNIX", AF_UNIX }, { "AF_VSOCK", AF_VSOCK }, { "AF_XDP", AF_XDP },
	{ "SOL_SOCKET", SOL_SOCKET }, { "SO_MARK", SO_MARK }, { "EPERM", EPERM },
	{ "ENOENT", ENOENT }, { "EADDRINUSE", EADDRINUSE }, { "EHWPOISON", EHWPOISON },
	END
};

#define FIELD(s, m) { #s "." #m, offsetof(struct s, m), sizeof(((struct s *)0)->m) },
const struct uapi_field uapi_fields[] = {
	FIELD(__sk_buff, len) FIELD(__sk_buff, mark) FIELD(__sk_buff, cb) FIELD(__sk_buff, hash)
	FIELD(__sk_buff, data) FIELD(__sk_buff, data_end) FIELD(__sk_buff, remote_ip6)
	FIELD(__sk_buff, data_meta) FIELD(__sk_buff, flow_keys) FIELD(__sk_buff, tstamp)
	FIELD(__sk_buff, wire_len) FIELD(__sk_buff, sk) FIELD(__sk_buff, gso_size)
	FIELD(__sk_buff, tstamp_type) FIELD(__sk_buff, hwtstamp)
	FIELD(xdp_md, data) FIELD(xdp_md, data_end) FIELD(xdp_md, egress_ifindex)
	FIELD(bpf_sock_addr, user_ip6) FIELD(bpf_sock_addr, user_port) FIELD(bpf_sock_addr, sk)
	FIELD(bpf_sock, src_port) FIELD(bpf_sock, dst_port) FIELD(bpf_sock, dst_ip4)
	FIELD(bpf_sock, state) FIELD(bpf_sock, rx_queue_mapping)
	FIELD(bpf_tcp_sock, bytes_received) FIELD(bpf_tcp_sock, icsk_retransmits)
	FIELD(bpf_sock_ops, op) FIELD(bpf_sock_ops, args) FIELD(bpf_sock_ops, reply)
	FIELD(bpf_sock_ops, replylong) FIELD(bpf_sock_ops, family) FIELD(bpf_sock_ops, bytes_acked)
	FIELD(bpf_sock_ops, skb_data) FIELD(bpf_sock_ops, skb_tcp_flags)
	FIELD(sk_msg_md, data) FIELD(sk_msg_md, size) FIELD(sk_msg_md, sk)
	FIELD(bpf_sk_lookup, cookie) FIELD(bpf_sk_lookup, remote_port)
	FIELD(bpf_sk_lookup, local_ip4) FIELD(bpf_sk_lookup, ingress_ifindex)
	FIELD(sk_reuseport_md, hash) FIELD(sk_reuseport_md, migrating_sk)
	FIELD(bpf_cgroup_dev_ctx, minor) FIELD(bpf_sysctl, file_pos)
	FIELD(bpf_sockopt, optval_end) FIELD(bpf_sockopt, retval)
#if defined(__x86_64__)
#define REG(name, m) { "pt_regs." name, offsetof(struct pt_regs, m), 8 },
	REG("r15", r15) REG("bx", rbx) REG("ax", rax) REG("orig_ax", orig_rax) REG("ip", rip)
	REG("flags", eflags) REG("sp", rsp) REG("ss", ss) REG("arg1", rdi) REG("arg2", rsi)
	REG("arg3", rdx) REG("arg4", rcx) REG("arg5", r8) REG("arg6", r9) REG("parm1", rdi)
	REG("retval", rax) REG("rc", rax) REG("fp", rbp)
	{ "bpf_perf_event_data.addr", sizeof(struct pt_regs) + 8, 8 },
#elif defined(__aarch64__)
#define REG(name, m) { "pt_regs." name, offsetof(struct user_pt_regs, m), 8 },
	REG("x0", regs[0]) REG("x30", regs[30]) REG("lr", regs[30]) REG("fp", regs[29])
	REG("sp", sp) REG("pc", pc) REG("ip", pc) REG("pstate", pstate) REG("retval", regs[0])
	REG("arg1", regs[0]) REG("arg6", regs[5])
	{ "bpf_perf_event_data.addr", sizeof(struct user_pt_regs) + 8, 8 },
#endif
	{ NULL, 0, 0 }
};

#else
const struct uapi_num uapi_helpers[] = { END }, uapi_map_types[] = { END }, uapi_prog_types[] = { END },
	uapi_attach_types[] = { END }, uapi_link_types[] = { END }, uapi_consts[] = { END };
const struct uapi_field uapi_fields[] = { { NULL, 0, 0 } };
#endif
