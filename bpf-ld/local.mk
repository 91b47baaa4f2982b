# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += bpf-ld/bpf-ld
bpf_ld_bpf_ld_SOURCES = bpf-ld/ld.h bpf-ld/main.c bpf-ld/options.c bpf-ld/report.c bpf-ld/life.c \
	bpf-ld/watch.c bpf-ld/iter.c bpf-ld/record.c bpf-ld/replay.c
bpf_ld_bpf_ld_SOURCES = bpf-ld/ld.h bpf-ld/main.c bpf-ld/options.c bpf-ld/report.c bpf-ld/join.c bpf-ld/life.c \
	bpf-ld/watch.c bpf-ld/record.c bpf-ld/replay.c
bpf_ld_bpf_ld_LDADD = $(LIBS_BU)
TESTS += tests/ld.bats tests/ld_plan.bats tests/ld_run.bats tests/ld_fault.bats
EXTRA_DIST += tests/ld.bats tests/ld_plan.bats tests/ld_run.bats tests/ld_fault.bats
TESTS += tests/ld-trace.bats
EXTRA_DIST += tests/ld-trace.bats
TESTS += tests/replay.bats tests/vm.bats tests/both.bats
TESTS += tests/ld-join.bats
EXTRA_DIST += tests/ld-join.bats tests/join/a.c tests/join/b.c tests/join/common.h
EXTRA_DIST += tests/replay.bats tests/vm.bats tests/both.bats
TESTS += tests/ld-formats.bats
EXTRA_DIST += tests/ld-formats.bats tests/golden/ld
