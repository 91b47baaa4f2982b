/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps of sockets, for their helpers. */
#ifndef BU_VM_MAP_SOCK_H
#define BU_VM_MAP_SOCK_H

#include "vm/map.h"

/* A socket as it was when it was put there. */
struct bu_vm_sock_entry {
	uint64_t cookie;        /* 0: none */
	struct bu_vm_sock sock;
};

/* key: as the map has it. 0, -ENOENT. */
int bu_vm_sockmap_get(struct bu_vm_map *m, const void *key, struct bu_vm_sock_entry *e);
/* As the kernel for a socket that a program has. */
int bu_vm_sockmap_put(struct bu_vm_map *m, const void *key, const struct bu_vm_sock_entry *e, uint64_t flags);
static inline bool bu_vm_is_sockmap(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_SOCKMAP || m->type == BPF_MAP_TYPE_SOCKHASH;
}
/* May sockmaps have it, and be told to send through it? */
bool bu_vm_sock_suits(const struct bu_vm_sock *s);
bool bu_vm_sock_redirects(const struct bu_vm_sock *s);
/* A number for the sockets that only the environment knows, where it says none. */
uint64_t bu_vm_sock_cookie(const struct bu_vm_run *run, const struct bu_vm_sock *s);

#endif
