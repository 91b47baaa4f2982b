/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers on maps of sockets. Where a program sends a packet or message is part of the verdict (bu_vm_redirect): the VM
 * sends nothing.
 */
#include "vm/helper.h"
#include "vm/interp.h"
#include "vm/map_sock.h"

#include <string.h>
#include <sys/socket.h>

enum { SK_DROP, SK_PASS };
enum { TCP = 6, LISTEN = 10 };
#define INGRESS 1ull /* BPF_F_INGRESS */

static struct bu_vm_map *map_arg(uint64_t a)
{
	return (struct bu_vm_map *)(uintptr_t)a;
}

uint64_t bu_vm_sock_cookie(const struct bu_vm_run *run, const struct bu_vm_sock *s)
{
	if (s->cookie)
		return s->cookie;
	if (run->env && run->env->nsocks && s >= run->env->socks && s < run->env->socks + run->env->nsocks)
		return 1ull << 62 | (uint64_t)(s - run->env->socks);
	return 1;
}

static void send_to(struct bu_vm_run *run, const struct bu_vm_map *m, const struct bu_vm_sock_entry *e, uint64_t flags)
{
	if (run->ctx)
		run->ctx->redirect = (struct bu_vm_redirect){ .kind = e ? BU_VM_TO_SOCK : BU_VM_TO_NONE,
							      .map_id = m->obj->id, .cookie = e ? e->cookie : 0,
							      .flags = flags };
}

/* msg: out of a socket only by TCP. */
static uint64_t redirect(struct bu_vm_run *run, struct bu_vm_map *m, const void *key, uint64_t flags, bool msg)
{
	struct bu_vm_sock_entry e;

	if (flags & ~INGRESS)
		return SK_DROP;
	if (bu_vm_sockmap_get(m, key, &e) || !bu_vm_sock_redirects(&e.sock))
		return SK_DROP;
	if (msg && !(flags & INGRESS) && e.sock.protocol != TCP)
		return SK_DROP;
	send_to(run, m, &e, flags);
	return SK_PASS;
}

BU_VM_FN(sk_redirect_map)
{
	uint32_t key = (uint32_t)c;

	return redirect(run, map_arg(b), &key, d, false);
}

BU_VM_FN(sk_redirect_hash)
{
	return redirect(run, map_arg(b), bu_vm_ptr(c), d, false);
}

BU_VM_FN(msg_redirect_map)
{
	uint32_t key = (uint32_t)c;

	return redirect(run, map_arg(b), &key, d, true);
}

BU_VM_FN(msg_redirect_hash)
{
	return redirect(run, map_arg(b), bu_vm_ptr(c), d, true);
}

BU_VM_FN(sk_select_reuseport)
{
	struct bu_vm_map *m = map_arg(b);
	struct bu_vm_sock_entry found;

	if (d)
		return bu_vm_ret(-EINVAL);
	if (bu_vm_sockmap_get(m, bu_vm_ptr(c), &found))
		return bu_vm_ret(-ENOENT);
	/* What sockmaps have need not share a port. */
	if (bu_vm_is_sockmap(m) && found.sock.protocol == TCP && found.sock.state != LISTEN)
		return bu_vm_ret(-EINVAL);
	send_to(run, m, &found, 0);
	return 0;
}

/* ---------------------------------------------------------------- the socket of an operation */

enum { OP = 0, FAMILY = 20, REMOTE_IP4 = 24, LOCAL_IP4 = 28, REMOTE_IP6 = 32, LOCAL_IP6 = 48, REMOTE_PORT = 64,
	LOCAL_PORT = 68 }; /* struct bpf_sock_ops */
enum { ACTIVE_ESTABLISHED = 4, PASSIVE_ESTABLISHED = 5, TCP_LISTEN = 11 };

static uint32_t field(struct bu_vm_run *run, uint32_t off)
{
	uint64_t v = 0;

	if (run->ctx_addr == BU_VM_CTX_HANDLE)
		return bu_vm_ctx_load(run, run->ctx_addr + off, 4, &v) ? 0 : (uint32_t)v;
	return off + 4 <= run->ctx_size ? bu_get32(bu_vm_ptr(run->ctx_addr + off), BU_HOST_BE) : 0;
}

/* The one of the table that has the addresses of the context; NULL: none has. */
static const struct bu_vm_sock *own(struct bu_vm_run *run)
{
	unsigned n = field(run, FAMILY) == AF_INET6 ? 4 : 1;
	uint32_t remote[4], local[4];

	for (unsigned i = 0; i < n; i++) {
		remote[i] = field(run, (n == 4 ? REMOTE_IP6 : REMOTE_IP4) + i * 4);
		local[i] = field(run, (n == 4 ? LOCAL_IP6 : LOCAL_IP4) + i * 4);
	}
	for (unsigned i = 0; run->env && i < run->env->nsocks; i++) {
		const struct bu_vm_sock *s = &run->env->socks[i];
		uint8_t port[2];

		bu_put16(port, true, s->remote_port);
		if (s->protocol == TCP && s->family == (n == 4 ? AF_INET6 : AF_INET) &&
		    s->local_port == field(run, LOCAL_PORT) &&
		    (field(run, REMOTE_PORT) == bu_get16(port, BU_HOST_BE) ||
		     field(run, REMOTE_PORT) == (uint32_t)s->remote_port << (BU_HOST_BE ? 0 : 16)) &&
		    !memcmp(s->local, local, n * 4ul) && !memcmp(s->remote, remote, n * 4ul))
			return s;
	}
	return NULL;
}

static uint64_t add(struct bu_vm_run *run, uint64_t map, uint64_t key, uint64_t flags)
{
	uint32_t op = field(run, OP);
	const struct bu_vm_sock *s = own(run);
	struct bu_vm_sock_entry e;

	if (!s || !bu_vm_sock_suits(s) || (op != ACTIVE_ESTABLISHED && op != PASSIVE_ESTABLISHED && op != TCP_LISTEN))
		return bu_vm_ret(-EOPNOTSUPP);
	e = (struct bu_vm_sock_entry){ .cookie = bu_vm_sock_cookie(run, s), .sock = *s };
	return bu_vm_ret(bu_vm_sockmap_put(map_arg(map), bu_vm_ptr(key), &e, flags));
}

BU_VM_FN(sock_map_update)
{
	return add(run, b, c, d);
}

BU_VM_FN(sock_hash_update)
{
	return add(run, b, c, d);
}
