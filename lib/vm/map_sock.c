/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps of sockets: sockmap, sockhash, reuseport_sockarray. User space puts sockets in by their fds; kept is
 * the cookie, and what can be told of the socket then. It stays when the socket is closed: nobody hears of that.
 */
#include "vm/map_sock.h"

#include "vm/map_keyed.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define ENOTSUPP 524
#define MAX_KEY 512u
#define MAX_HASH (1u << 27) /* the kernel's heads of more would be too large */
#define VSOCK 40
enum { TCP = 6, UDP = 17, ESTABLISHED = 1, CLOSED = 7, LISTEN = 10 };
#define STRIDE ((sizeof(struct bu_vm_sock_entry) + 7) & ~(size_t)7)

/* ---------------------------------------------------------------- attributes, layout */

static bool word_value(const union bpf_attr *a)
{
	return a->value_size == 4 || a->value_size == 8;
}

static int map_check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	return !a->max_entries || a->key_size != 4 || !word_value(a) ||
	       a->map_flags & ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY) ? -EINVAL : 0;
}

static int hash_check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	if (!a->max_entries || !a->key_size || !word_value(a) ||
	    a->map_flags & ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	if (a->key_size > MAX_KEY)
		return -E2BIG;
	return a->max_entries > MAX_HASH ? -EINVAL : 0;
}

static int port_check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t prog = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	(void)vm;
	if (!word_value(a) || !a->max_entries || a->key_size != 4 || (a->map_flags & prog) == prog ||
	    a->map_flags & ~(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_RDONLY | BPF_F_WRONLY | prog | BPF_F_PRESERVE_ELEMS |
			     BPF_F_INNER_MAP))
		return -EINVAL;
	return a->map_flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP | BPF_F_PRESERVE_ELEMS) ? -EINVAL : 0;
}

/* The entries, and one for staging. */
static int array_layout(struct bu_vm_map *m)
{
	uint64_t bytes = (m->max_entries + 1ull) * STRIDE;

	if (m->max_entries > UINT32_MAX - 2)
		return -ENOMEM;
	m->data_size = m->alloc_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	return 0;
}

static int hash_layout(struct bu_vm_map *m)
{
	int err = bu_vm_keyed_layout(m, m->key_size, sizeof(struct bu_vm_sock_entry), m->max_entries);

	m->gran = (struct bu_vm_granules){ 0 }; /* programs get at entries by helpers only */
	return err;
}

/* ---------------------------------------------------------------- a socket by its fd */

static int number(int fd, int what, int *v)
{
	socklen_t n = sizeof(*v);

	*v = 0;
	return getsockopt(fd, SOL_SOCKET, what, v, &n) ? -errno : 0;
}

static void address(const struct sockaddr_storage *ss, uint8_t bytes[16], uint16_t *port)
{
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;

	if (ss->ss_family == AF_INET) {
		memcpy(bytes, &v4->sin_addr, 4);
		*port = ntohs(v4->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(bytes, &v6->sin6_addr, 16);
		*port = ntohs(v6->sin6_port);
	}
}

static uint8_t state_of(int fd, int protocol, bool connected)
{
	struct tcp_info ti = { 0 };
	socklen_t n = sizeof(ti);
	int listens;

	if (protocol == TCP && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &n))
		return ti.tcpi_state;
	if (!number(fd, SO_ACCEPTCONN, &listens) && listens)
		return LISTEN;
	return connected ? ESTABLISHED : CLOSED;
}

static int look_at(int fd, struct bu_vm_sock_entry *e, int *type)
{
	struct sockaddr_storage ss = { 0 };
	int domain, protocol, mark, err;
	socklen_t n = sizeof(e->cookie);
	struct stat st;
	bool connected;

	memset(e, 0, sizeof(*e));
	if (fstat(fd, &st))
		return -EBADF;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	err = number(fd, SO_DOMAIN, &domain);
	if (!err)
		err = number(fd, SO_TYPE, type);
	if (!err)
		err = number(fd, SO_PROTOCOL, &protocol);
	if (!err && getsockopt(fd, SOL_SOCKET, SO_COOKIE, &e->cookie, &n))
		err = -errno;
	if (err)
		return err;
	if (!number(fd, SO_MARK, &mark))
		e->sock.mark = (uint32_t)mark;
	n = sizeof(ss);
	if (!getsockname(fd, (struct sockaddr *)&ss, &n))
		address(&ss, e->sock.local, &e->sock.local_port);
	memset(&ss, 0, sizeof(ss));
	n = sizeof(ss);
	connected = !getpeername(fd, (struct sockaddr *)&ss, &n);
	if (connected)
		address(&ss, e->sock.remote, &e->sock.remote_port);
	e->sock.family = (uint8_t)domain;
	e->sock.protocol = (uint8_t)protocol;
	e->sock.state = state_of(fd, protocol, connected);
	e->sock.cookie = e->cookie;
	return 0;
}

static bool inet(const struct bu_vm_sock *s)
{
	return s->family == AF_INET || s->family == AF_INET6;
}

bool bu_vm_sock_suits(const struct bu_vm_sock *s)
{
	if (inet(s) && s->protocol == TCP)
		return s->state == ESTABLISHED || s->state == LISTEN;
	return inet(s) && s->protocol == UDP;
}

bool bu_vm_sock_redirects(const struct bu_vm_sock *s)
{
	return inet(s) && s->protocol == TCP ? s->state != LISTEN : s->state == ESTABLISHED;
}

/* What sockmaps take. */
static int sockmap_takes(const struct bu_vm_sock_entry *e, int type)
{
	const struct bu_vm_sock *s = &e->sock;

	if (s->family == AF_UNIX)
		return type == SOCK_DGRAM || (type == SOCK_STREAM && s->state == ESTABLISHED) ? 0 : -EOPNOTSUPP;
	if (s->family == VSOCK)
		return type == SOCK_DGRAM || s->state == ESTABLISHED ? 0 : -EOPNOTSUPP;
	return bu_vm_sock_suits(s) ? 0 : -EOPNOTSUPP;
}

static int fd_of(const struct bu_vm_map *m, const void *value, int *fd)
{
	uint64_t v = 0;
	uint32_t w;

	memcpy(&w, value, 4);
	if (m->value_size == 8)
		memcpy(&v, value, 8);
	else if (m->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY)
		v = w & INT_MAX; /* as it is, for the look-up */
	else
		v = w;
	if (v > INT_MAX)
		return -EINVAL;
	*fd = m->value_size == 4 ? (int)w : (int)v;
	return 0;
}

/* ---------------------------------------------------------------- arrays */

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static struct bu_vm_sock_entry *entry(const struct bu_vm_map *m, uint64_t i)
{
	return (struct bu_vm_sock_entry *)(void *)(m->mem + i * STRIDE);
}

static uint64_t cookie_at(const struct bu_vm_map *m, uint32_t i)
{
	return __atomic_load_n(&entry(m, i)->cookie, __ATOMIC_ACQUIRE);
}

static int put(struct bu_vm_map *m, uint32_t i, const struct bu_vm_sock_entry *e)
{
	struct bu_vm_obj *o = m->obj;

	bu_vm_txn_begin(o);
	if (e) {
		memcpy(entry(m, m->max_entries), e, sizeof(*e));
		bu_vm_txn_copy(o, bu_vm_off(o, entry(m, i)), bu_vm_off(o, entry(m, m->max_entries)), STRIDE);
	} else {
		bu_vm_txn_set64(o, bu_vm_off(o, &entry(m, i)->cookie), 0);
	}
	return bu_vm_txn_commit(o);
}

static int exists(bool there, uint64_t flags)
{
	if (there && flags == BPF_NOEXIST)
		return -EEXIST;
	return !there && flags == BPF_EXIST ? -ENOENT : 0;
}

/* Is it in the array already? */
static bool has(const struct bu_vm_map *m, uint64_t cookie)
{
	for (uint32_t i = 0; i < m->max_entries; i++)
		if (cookie_at(m, i) == cookie)
			return true;
	return false;
}

static int array_put(struct bu_vm_map *m, uint32_t i, const struct bu_vm_sock_entry *e, uint64_t flags, bool once)
{
	int err = bu_vm_lock(m->obj);

	if (err)
		return err;
	err = exists(cookie_at(m, i), flags);
	if (!err && once && has(m, e->cookie))
		err = -EBUSY;
	if (!err)
		err = put(m, i, e);
	bu_vm_unlock(m->obj);
	return err;
}

int bu_vm_sockmap_put(struct bu_vm_map *m, const void *key, const struct bu_vm_sock_entry *e, uint64_t flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (m->type == BPF_MAP_TYPE_SOCKHASH)
		return bu_vm_hash_ops.update(bu_vm_keyed(m), key, e, flags, 0);
	return index_of(key) < m->max_entries ? array_put(m, index_of(key), e, flags, false) : -E2BIG;
}

int bu_vm_sockmap_get(struct bu_vm_map *m, const void *key, struct bu_vm_sock_entry *e)
{
	uint32_t i;
	int err;

	if (m->type == BPF_MAP_TYPE_SOCKHASH) {
		err = bu_vm_hash_ops.read(bu_vm_keyed(m), key, e, 0);
		return err ? -ENOENT : 0;
	}
	i = index_of(key);
	if (i >= m->max_entries)
		return -ENOENT;
	err = bu_vm_lock(m->obj); /* an inspector has none, and looks at the cookie alone */
	memcpy(e, entry(m, i), sizeof(*e));
	if (!err)
		bu_vm_unlock(m->obj);
	return e->cookie ? 0 : -ENOENT;
}

/* ---------------------------------------------------------------- operations */

static int read_cookie(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	struct bu_vm_sock_entry e;
	int err;

	(void)flags;
	if (m->value_size != 8)
		return -ENOSPC;
	err = bu_vm_sockmap_get(m, key, &e);
	if (!err)
		memcpy(value, &e.cookie, 8);
	return err;
}

static int sock_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	struct bu_vm_sock_entry e;
	int fd, type, err = fd_of(m, value, &fd);

	if (!err)
		err = look_at(fd, &e, &type);
	if (!err)
		err = sockmap_takes(&e, type);
	return err ? err : bu_vm_sockmap_put(m, key, &e, flags);
}

/* What reuseport_sockarray takes: found by a port that it shares. */
static int port_takes(int fd, const struct bu_vm_sock_entry *e, int type)
{
	int shared = 0;

	if (!inet(&e->sock) || (e->sock.protocol != TCP && e->sock.protocol != UDP) ||
	    (type != SOCK_STREAM && type != SOCK_DGRAM))
		return -ENOTSUPP;
	number(fd, SO_REUSEPORT, &shared);
	return shared && (e->sock.protocol == TCP ? e->sock.state == LISTEN : e->sock.local_port != 0) ? 0 : -EINVAL;
}

static int port_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	struct bu_vm_sock_entry e;
	int fd, type, err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (i >= m->max_entries)
		return -E2BIG;
	err = fd_of(m, value, &fd);
	if (!err)
		err = look_at(fd, &e, &type);
	if (!err)
		err = exists(cookie_at(m, i), flags);
	if (!err)
		err = port_takes(fd, &e, type);
	return err ? err : array_put(m, i, &e, flags, true);
}

static int array_erase(struct bu_vm_map *m, const void *key)
{
	bool port = m->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY;
	uint32_t i = index_of(key);
	int err;

	if (i >= m->max_entries)
		return port ? -E2BIG : -EINVAL;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = cookie_at(m, i) ? put(m, i, NULL) : port ? -ENOENT : -EINVAL;
	bu_vm_unlock(m->obj);
	return err;
}

static int hash_erase(struct bu_vm_map *m, const void *key)
{
	return bu_vm_hash_ops.erase(bu_vm_keyed(m), key);
}

static int hash_next(struct bu_vm_map *m, const void *key, void *next)
{
	return bu_vm_hash_ops.next_key(bu_vm_keyed(m), key, next);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_sockmap_ops = {
	.check = map_check, .layout = array_layout, .read = read_cookie, .write = sock_write, .erase = array_erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_reuseport_ops = {
	.check = port_check, .layout = array_layout, .read = read_cookie, .write = port_write, .erase = array_erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_sockhash_ops = {
	.check = hash_check, .layout = hash_layout, .init = bu_vm_keyed_init, .close = bu_vm_keyed_close,
	.read = read_cookie, .write = sock_write, .erase = hash_erase, .next_key = hash_next,
	.verify = bu_vm_keyed_verify, .mem_usage = mem_usage,
};
