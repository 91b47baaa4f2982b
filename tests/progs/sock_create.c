/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No raw sockets but for root. */
#include "bpf.h"

SEC("cgroup/sock_create")
int create(struct bpf_sock *sk)
{
	if (sk->type == 3 && (u32)bpf_get_current_uid_gid() != 0)
		return 0;
	sk->mark = (u32)bpf_get_current_cgroup_id();
	return 1;
}
LICENSE("GPL");
