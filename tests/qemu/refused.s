/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads through a pointer that may be null: every verifier refuses it. */
        .license "GPL"
        .map    counts, array, key=u32, value=u64, max_entries=8

        .section kprobe/__x64_sys_sched_get_priority_max
on_kprobe:
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = counts ll
        call bpf_map_lookup_elem
        r0 = *(u64 *)(r0 + 0)
        exit
