/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of devices and control groups that count, each in its own element, for the guest tests. */
        .license "GPL"
        .map    counts, array, key=u32, value=u64, max_entries=8

        .macro  count name, section, element, result
        .section "\section"
\name:
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = \element
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        r1 = 1
        lock *(u64 *)(r0 + 0) += r1
1:      r0 = \result
        exit
        .endm

        count   on_tc, "tc", 0, 0
        count   on_tcx, "tcx/ingress", 1, 0
        count   on_netkit, "netkit/primary", 2, 0
        count   on_egress, "cgroup_skb/egress", 3, 1
        count   on_connect, "cgroup/connect4", 4, 1
        count   on_xmit, "lwt_xmit", 5, 0
        count   on_lookup, "sk_lookup", 6, 1
        count   on_nf, "netfilter", 7, 1
