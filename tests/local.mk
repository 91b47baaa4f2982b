# SPDX-License-Identifier: GPL-2.0-or-later
# Tests speak TAP: unit tests in C (tests/unit) and bats files. automake's driver makes one
# PASS, SKIP or FAIL line of each test point.
TEST_EXTENSIONS = .bats
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(EMULATOR)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = bats
AM_BATS_LOG_FLAGS = --tap
# bats ends with 1 when a test failed, which its TAP has said already.
AM_BATS_LOG_DRIVER_FLAGS = --ignore-exit
AM_TESTS_ENVIRONMENT = \
	export BPFUTILS_BUILDDIR='$(abs_top_builddir)' BPFUTILS_SRCDIR='$(abs_top_srcdir)' \
		BPFUTILS_EMULATOR='$(EMULATOR)' NM='$(NM)' \
		BPFUTILS_CONFORMANCE='$(conformance_data)';

EXTRA_DIST += tests/unit/tap.h tests/helper.bash
TESTS += tests/layers.bats tests/build.bats tests/docs.bats
EXTRA_DIST += tests/layers.bats tests/build.bats tests/docs.bats
# Answers what this machine lets a test do; see need_bpf in helper.bash.
check_PROGRAMS += tests/probe
tests_probe_SOURCES = tests/probe.c

# Kernels with kprobes, in an emulator: make check-qemu.
check_PROGRAMS += tests/qemu/target
tests_qemu_target_SOURCES = tests/qemu/target.c
EXTRA_DIST += tests/qemu/run.sh
EXTRA_DIST += tests/qemu/init
EXTRA_DIST += tests/qemu/guest.sh
EXTRA_DIST += tests/qemu/trace.s
EXTRA_DIST += tests/qemu/victim.s
EXTRA_DIST += tests/qemu/replace.s
EXTRA_DIST += tests/qemu/attach.s
EXTRA_DIST += tests/qemu/core.s
EXTRA_DIST += tests/qemu/ksym.s
EXTRA_DIST += tests/qemu/refused.s
EXTRA_DIST += tests/qemu/net.s
EXTRA_DIST += tests/qemu/run.sh tests/qemu/init tests/qemu/guest.sh \
	tests/qemu/trace.s tests/qemu/victim.s tests/qemu/replace.s \
	tests/qemu/attach.s tests/qemu/core.s tests/qemu/ksym.s tests/qemu/refused.s
check-qemu: all tests/qemu/target tests/doctor
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/qemu/run.sh
.PHONY: check-qemu
clean-local: clean-qemu
clean-qemu:
	rm -f tests/qemu/*.tap tests/qemu/*.console tests/qemu/*.qemu tests/qemu/*.cpio
	rm -rf tests/qemu/root.*
.PHONY: clean-qemu

# make lint: what shellcheck and mandoc say of scripts and pages, one result line a file.
SCRIPTS_LINTED = bootstrap .ci/run tests/qemu/run.sh tests/qemu/init tests/qemu/guest.sh \
	tests/helper.bash examples/demo.sh bench/harness.sh bench/as.sh bench/load.sh
EXTRA_DIST += .ci/run tests/expected-skips
lint:
	$(AM_V_at)cd $(srcdir) && status=0; \
	result() { if test $$1 = 0; then echo "PASS: lint: $$2"; else echo "FAIL: lint: $$2"; status=1; fi; }; \
	for f in $(SCRIPTS_LINTED); do \
		shellcheck -x -P SCRIPTDIR $$f; result $$? $$f; \
	done; \
	for f in $(dist_man_MANS); do \
		mandoc -Tlint -Wwarning $$f; result $$? $$f; \
	done; \
	exit $$status
.PHONY: lint

# make coverage, in a tree configured with --enable-coverage: lines and branches by file.
coverage: check
	gcovr --root $(srcdir) --object-directory . --exclude '.*tests/' --exclude '.*bench/' \
		--exclude '.*examples/' --exclude-unreachable-branches --html-details coverage.html
	gcovr --root $(srcdir) --object-directory . --exclude '.*tests/' --exclude '.*bench/' \
		--exclude '.*examples/'
.PHONY: coverage
clean-local: clean-coverage
clean-coverage:
	find . -name '*.gcda' -exec rm -f {} +
	find . -name '*.gcno' -exec rm -f {} +
	rm -f coverage*.html coverage*.css
.PHONY: clean-coverage

# The verifier's log of an object, for what reads logs.
check_PROGRAMS += tests/loadlog
tests_loadlog_SOURCES = tests/loadlog.c
tests_loadlog_LDADD = $(LIBS_BU)
# Runs a command without bpf(2), as in a container.
check_PROGRAMS += tests/blocked
tests_blocked_SOURCES = tests/blocked.c
# Case files, on both backends (tests/case/README).
check_PROGRAMS += tests/runcase
tests_runcase_SOURCES = tests/runcase.c tests/runcase.h tests/runcase_cover.c tests/runcase_exec.c \
	tests/runcase_file.c tests/runcase_thing.c $(AS_STAGES)
tests_runcase_LDADD = $(LIBS_BU)
TESTS += tests/runcase
EXTRA_DIST += tests/case
# The public conformance suite's files, where they are: conformance DIR.
check_PROGRAMS += tests/conformance
tests_conformance_SOURCES = tests/conformance.c tests/unit/tap.h
tests_conformance_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
tests_conformance_LDADD = $(LIBS_BU)
TESTS += tests/conformance
TESTS += tests/tracelog.bats
EXTRA_DIST += tests/tracelog.bats
# Two objects side by side, for tests of what assemblers make.
check_PROGRAMS += tests/objcmp
tests_objcmp_SOURCES = tests/objcmp.c
tests_objcmp_LDADD = $(LIBELF_LIBS)
TESTS += tests/as-objcmp.bats
EXTRA_DIST += tests/as-objcmp.bats
TESTS += tests/as-dis.bats
EXTRA_DIST += tests/as-dis.bats tests/dis/bpf.h tests/dis/xdp.c tests/dis/globals.c tests/dis/inner.c tests/dis/core.c \
	tests/dis/comdat.cpp tests/dis/odd.s
check_PROGRAMS += tests/fuzz/dis_fuzz
tests_fuzz_dis_fuzz_SOURCES = tests/fuzz/dis_fuzz.c $(AS_STAGES)
tests_fuzz_dis_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/dis_fuzz
# Hooks of networks and control groups, and what makes their events.
check_PROGRAMS += tests/netdo
tests_netdo_SOURCES = tests/netdo.c
TESTS += tests/ld-net.bats tests/ld-cgroup.bats
EXTRA_DIST += tests/ld-net.bats tests/ld-cgroup.bats tests/net_helper.bash
# One refused call and its explanation; see tests/ld-doctor.bats.
check_PROGRAMS += tests/doctor
tests_doctor_SOURCES = tests/doctor.c
tests_doctor_LDADD = $(LIBS_BU)
# Verifier logs of many kernels.
check_PROGRAMS += tests/vlogtell
tests_vlogtell_SOURCES = tests/vlogtell.c
tests_vlogtell_LDADD = $(LIBS_BU)
TESTS += tests/ld-vlog.bats
EXTRA_DIST += tests/ld-vlog.bats tests/golden/vlog
