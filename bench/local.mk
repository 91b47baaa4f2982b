# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: each script prints a ratio against a peer run in the same session.
EXTRA_PROGRAMS = bench/gen bench/compare
check_PROGRAMS += bench/vm-maps
bench_gen_SOURCES = bench/gen.c
bench_compare_SOURCES = bench/compare.c
bench_vm_maps_SOURCES = bench/vm-maps.c
bench_vm_maps_LDADD = $(LIBS_BU)
check_PROGRAMS += bench/vm
bench_vm_SOURCES = bench/vm.c bench/vm-list.def
EXTRA_DIST += bench/vm-progs.c
bench_vm_CPPFLAGS = $(AM_CPPFLAGS) -DSRCDIR='"$(abs_top_srcdir)"' -DBUILDDIR='"$(abs_top_builddir)"'
bench_vm_LDADD = $(LIBS_BU) -lm -ldl
CLEANFILES += $(EXTRA_PROGRAMS)
BENCHES = bench/as.sh bench/load.sh bench/inspect.sh bench/hooks.sh
EXTRA_DIST += bench/harness.sh $(BENCHES)

# build/bench/inspect and so on run one of them.
BENCH_RUNS = bench/as bench/load bench/inspect bench/hooks
noinst_SCRIPTS = $(BENCH_RUNS)
CLEANFILES += $(BENCH_RUNS)
$(BENCH_RUNS): Makefile
	$(AM_V_GEN)$(MKDIR_P) bench && { \
		echo '#!/bin/sh'; \
		echo 'BPFUTILS_SRCDIR=$(abs_top_srcdir) BPFUTILS_BUILDDIR=$(abs_top_builddir)'; \
		echo 'export BPFUTILS_SRCDIR BPFUTILS_BUILDDIR'; \
		echo '$(MAKE) -s -C "$$BPFUTILS_BUILDDIR" bench/compare bench/gen tests/probe tests/tool_zoo || exit 1'; \
		echo 'exec $(SHELL) "$$BPFUTILS_SRCDIR/$@.sh" "$$@"'; \
	} >$@ && chmod +x $@

bench: all $(EXTRA_PROGRAMS) bench/vm-maps bench/vm tests/probe tests/tool_zoo
	$(AM_V_at)for b in $(BENCHES); do \
		$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/$$b || exit 1; \
	done
	$(AM_V_at)bench/vm-maps
	$(AM_V_at)bench/vm
.PHONY: bench
