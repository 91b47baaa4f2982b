# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += man/bpf-ld.1
dist_man_MANS += man/bpftool.8
dist_man_MANS += man/bpf-as.1 man/bpf-asm.7
dist_man_MANS += man/bpf-vm.7
