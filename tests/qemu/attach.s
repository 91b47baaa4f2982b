/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One program for each way to attach that the guest tests try. Each adds to its own element of
 * counts, so that a test can tell exactly how often, and with what, it ran. The system call is one
 * that nobody else makes: sched_get_priority_max, number 146, which returns 99 for SCHED_FIFO.
 */
        .license "GPL"
        .map    counts, array, key=u32, value=u64, max_entries=8

        .section kprobe/__x64_sys_sched_get_priority_max
on_kprobe:
        r6 = 1
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 0
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section kretprobe/__x64_sys_sched_get_priority_max
on_kretprobe:
        r6 = *(u64 *)(r1 + pt_regs.retval)
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 1
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section tracepoint/syscalls/sys_enter_sched_get_priority_max
on_tracepoint:
        r6 = 1
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 2
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section raw_tp/sys_enter
on_raw_tp:
        r6 = 0
        r1 = *(u64 *)(r1 + 8)           /* the number of the system call */
        if r1 != 146 goto 2f
        r6 = 1
2:
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 3
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section uprobe
on_uprobe:
        r6 = *(u64 *)(r1 + pt_regs.arg1)
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 4
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section uretprobe
on_uretprobe:
        r6 = *(u64 *)(r1 + pt_regs.retval)
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 5
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = 0
        exit

        .section xdp
on_xdp:
        r6 = 1
        r2 = r10
        r2 += -4
        *(u32 *)(r10 - 4) = 6
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        lock *(u64 *)(r0 + 0) += r6
1:      r0 = XDP_PASS
        exit
